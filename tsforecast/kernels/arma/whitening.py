"""The exact Gaussian likelihood of an ARMA process, as a least-squares problem in its unknown beginning.

An ARMA(p, q) process ``w[t] = sum(phi[i] w[t-i]) + a[t] + sum(theta[j] a[t-j])`` has, with r = max(p, q), the state of
Harvey (1993), section 4.4, in its innovations form::

    w[t] = alpha[t, 0] + a[t],    alpha[t+1, i] = alpha[t, i+1] + phi[i] w[t] + theta[i] a[t]

Given ``alpha[0] = alpha`` every innovation follows from the series by the plain difference equation, and is linear in
``alpha``: ``a = e - K alpha``, where ``e`` starts from zero and ``K[t, j] = pi[t - j]`` with ``pi(B) = 1 / theta(B)``.
With ``alpha ~ N(0, P)``, ``P = L L'``, ``alpha = L z`` the density of the series is (Rosenberg 1973; Ljung & Box 1979,
section 2)::

    -2 loglik = n log(2 pi sigma2) + log det(I + L' H L) + S / sigma2,         H = K' K
    S = min over z of |e - K L z|^2 + |z|^2

No covariance is propagated through time: the cost is that of a few difference equations over the nonzero lags, and of
r x r algebra once. ``I + L' H L`` has no eigenvalue below 1, so that roots of theta on the unit circle need no care.

Coefficients may have lanes (`tsforecast.kernels.arma.lanes`); then so has everything that depends on them. The shapes
below leave the axis of lanes out.
"""

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import caller, njit, njit_inline
from tsforecast.kernels.arma.autocovariance import state_factor
from tsforecast.kernels.arma.cholesky import logdet_cholesky, semidefinite_cholesky, solve_cholesky
from tsforecast.kernels.arma.difference_equation import difference_equation, impulse_response, invert_ma, response_gram
from tsforecast.kernels.arma.lanes import empty2, load, load2, store, store2, zeros, zeros2
from tsforecast.kernels.arma.polynomial import nonzero_lags


@njit_inline
def posterior_cholesky(L: Floats, H: Floats, lower: bool) -> Floats:
    """Lower Cholesky factor of ``I + L' H L``: (r, r), (r, r) -> (r, r).

    ``L`` is lower triangular, or, if not ``lower``, zero past its other diagonal (`state_factor`).
    """
    r = L.shape[0]
    if r == 0:
        return L
    product = empty2(L[0], r, r)  # H L, where it is needed
    M = zeros2(L[0], r, r)
    for j in range(r):
        begin, end = (j, r) if lower else (0, r - j)  # rows of L that are not zero in this column
        for i in range(begin, end):
            total = load2(L, 0, 0) * 0.0
            for k in range(begin, end):
                total += load2(H, i, k) * load2(L, k, j)
            store2(product, i, j, total)
    for i in range(r):
        begin, end = (i, r) if lower else (0, r - i)
        for j in range(i + 1):
            total = load2(L, 0, 0) * 0.0
            for k in range(begin, end):
                total += load2(L, k, i) * load2(product, k, j)
            store2(M, i, j, total + 1.0 if i == j else total)
    return semidefinite_cholesky(M)


@njit
def beginning(phi: Floats, theta: Floats, n: int) -> tuple[Floats, Floats, Floats]:
    """``pi``, ``L`` and the Cholesky factor C of ``I + L' H L`` for a series of n values: (<= n,), (r, r), (r, r)."""
    ma = nonzero_lags(theta)
    pi = impulse_response(ma, theta, n)
    L = state_factor(phi, theta)
    H = response_gram(pi, ma, theta, L.shape[0], n)
    return pi, L, posterior_cholesky(L, H, phi.shape[0] > 0)


BEGINNING = "Tuple((float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1]))(float64[:, ::1], float64[:, ::1], int64)"
call_beginning = caller(BEGINNING)


@njit
def whiten(W: Floats, phi: Floats, theta: Floats, R: Floats, logdet: Floats, beginning: int) -> None:
    """Columns made white, and log determinant of their covariance: (k, n) into R (k, r + n) and ``logdet`` (1,).

    Row c of R is ``[z, e - K L z]`` of series c (see the head of the module), r = max(p, q). With innovation variance
    1, ``R R'`` holds the inner products ``W Omega^-1 W'`` and ``logdet`` is ``log det Omega``. ``beginning`` is the
    address of the kernel of that name.
    """
    k, n = W.shape
    r = R.shape[1] - n
    ar, ma = nonzero_lags(phi), nonzero_lags(theta)
    for c in range(k):
        difference_equation(R[c, r:], W[c], ar, phi, ma, theta, False)
    store(logdet, 0, 0.0)
    if r == 0:
        return
    pi, L, C = call_beginning(beginning, (phi, theta, n))
    workspace = zeros(theta, max(min(n, pi.shape[0] + r), r))  # from there on the beginning is forgotten
    for c in range(k):
        condition(R[c], L, phi.shape[0] > 0, C, workspace, ma, theta)
    store(logdet, 0, logdet_cholesky(C))


WHITEN = "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, :, ::1], float64[:, ::1], int64)"
call_whiten = caller(WHITEN)


@njit_inline
def condition(row: Floats, L: Floats, lower: bool, C: Floats, workspace: Floats, ma: Ints, theta: Floats) -> None:
    """One row of `whiten` in place, ``[anything, e]`` to ``[z, e - K L z]``: ``z = (I + L' H L)^-1 L' K' e``.

    ``L`` and ``lower`` are as in `posterior_cholesky`; ``workspace`` (stop,) is written over: as many steps as
    the beginning is felt.
    """
    r = L.shape[0]
    stop = min(workspace.shape[0], row.shape[0] - r)
    for t in range(workspace.shape[0]):
        store(workspace, t, load(row, r + t) if t < stop else 0.0)
    invert_ma(workspace, ma, theta, True)  # K' e
    z = zeros(theta, r)
    for i in range(r):
        value = load(workspace, i)
        for m in range(i + 1 if lower else r - i):
            store(z, m, load(z, m) + load2(L, i, m) * value)
    solve_cholesky(C, z)
    for i in range(r):
        store(row, i, load(z, i))
    for t in range(workspace.shape[0]):
        store(workspace, t, 0.0)
    for i in range(r):
        total = load(workspace, i)
        for m in range(i + 1 if lower else r - i):
            total += load2(L, i, m) * load(z, m)
        store(workspace, i, total)
    invert_ma(workspace, ma, theta, False)  # K L z
    for t in range(stop):
        store(row, r + t, load(row, r + t) - load(workspace, t))
