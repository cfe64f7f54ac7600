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

from typing import Any

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import caller, njit, njit_inline
from tsforecast.kernels.arma.lanes import (
    copied,
    empty2,
    largest,
    load,
    load2,
    log,
    ratio,
    root,
    store,
    store2,
    where_positive,
    zeros,
    zeros2,
)
from tsforecast.kernels.arma.polynomial import nonzero_lags

_NEGLIGIBLE = 1e-15  # of the impulse response, whose first value is 1
_FIRST_LENGTH, _GROWTH = 64, 16  # of the impulse response tried


@njit
def difference_equation(out: Floats, w: Floats, ar: Ints, phi: Floats, ma: Ints, theta: Floats, backward: bool) -> None:
    """``a[t] = w[t] - sum(phi[k] w[t - k]) - sum(theta[k] a[t - k])`` over the lags given: (n,) into ``out`` (n,).

    All is zero before the beginning. ``w`` has no lanes where one series is taken at several parameters; without an
    autoregression it may be ``out`` itself. ``backward`` runs from the end to the beginning: t counts from there. The
    lags rise; those up to 2 are taken from what is at hand.
    """
    n = out.shape[0]
    first, sign = (n - 1, -1) if backward else (0, 1)
    f1, f2, n_ar = first_two(ar, phi)
    c1, c2, n_ma = first_two(ma, theta)
    a1 = a2 = load(zeros(theta, 1), 0)
    x1 = x2 = load(w, 0) * 0.0
    for t in range(n):
        at = first + sign * t
        x = load(w, at)
        a = x - f2 * x2 - f1 * x1
        for k in range(n_ar, ar.size):
            if ar[k] <= t:
                a -= load(phi, ar[k] - 1) * load(w, at - sign * ar[k])
        for k in range(n_ma, ma.size):
            if ma[k] <= t:
                a -= load(theta, ma[k] - 1) * load(out, at - sign * ma[k])
        a = a - c2 * a2 - c1 * a1
        store(out, at, a)
        a2, a1 = a1, a
        x2, x1 = x1, x


@njit
def first_two(lags: Ints, coefficients: Floats) -> tuple[Any, Any, int]:
    """Coefficients of the lags 1 and 2, zero where they are not among ``lags``, and how many of these they are."""
    nothing = load(zeros(coefficients, 1), 0)
    first = second = nothing
    count = 0
    if lags.size > 0 and lags[0] == 1:
        first, count = load(coefficients, 0), 1
    if lags.size > count and lags[count] == 2:
        second, count = load(coefficients, 1), count + 1
    return first, second, count


@njit
def invert_ma(x: Floats, lags: Ints, theta: Floats, backward: bool) -> None:
    """``y`` with ``y[t] + sum(theta[k] y[t - k]) = x[t]`` over the lags given, zero before, in place of x: (n,).

    ``backward`` as in `difference_equation`.
    """
    difference_equation(x, x, lags[:0], theta, lags, theta, backward)


@njit_inline
def impulse_response(lags: Ints, theta: Floats, n: int) -> Floats:
    """``pi = 1 / theta(B)``, up to where it has died out: at most (n,).

    As many negligible values as there are lags mean that only such follow; the length is tried in growing steps.
    """
    length = min(n, _FIRST_LENGTH * max(theta.shape[0], 1))
    while True:
        pi = zeros(theta, length)
        store(pi, 0, 1.0)
        invert_ma(pi, lags, theta, False)
        end = length
        while end > 0 and largest(load(pi, end - 1)) < _NEGLIGIBLE:
            end -= 1
        if length - end > theta.shape[0]:
            return pi[: end + theta.shape[0] + 1]
        if length == n:
            return pi
        length = min(_GROWTH * length, n)


@njit_inline
def response_gram(pi: Floats, lags: Ints, theta: Floats, r: int, n: int) -> Floats:
    """``H = K' K``, ``H[i, j] = sum over t < n of pi[t - i] pi[t - j]``: (r, r).

    Its first row is ``pi`` filtered backwards by ``1 / theta``; a diagonal step removes what leaves at the end::

        H[i + 1, j + 1] = H[i, j] - pi[n - 1 - i] pi[n - 1 - j]
    """
    H = zeros2(theta, r, r)
    length = pi.shape[0]
    first = copied(pi)
    invert_ma(first, lags, theta, True)
    leaving = zeros(theta, r)
    for j in range(min(r, length)):
        store2(H, 0, j, load(first, j))
    for j in range(min(r, n)):
        if n - 1 - j < length:
            store(leaving, j, load(pi, n - 1 - j))
    for i in range(r - 1):
        late = load(leaving, i)
        for j in range(i, r - 1):
            store2(H, i + 1, j + 1, load2(H, i, j) - late * load(leaving, j))
    for i in range(r):
        for j in range(i):
            store2(H, i, j, load2(H, j, i))
    return H


@njit_inline
def ar_autocovariances(phi: Floats, n_lags: int) -> Floats:
    """Autocovariances 0 to ``n_lags`` of a stationary autoregression with innovation variance 1: (n_lags + 1,).

    The inverse Levinson recursion: step down to the polynomials of every lower order, whose innovation variances are
    ``v[k-1] = v[k] / (1 - pacf[k]^2)``, then ``gamma[k] = pacf[k] v[k-1] + sum(phi[k-1, j] gamma[k - 1 - j])``.
    """
    p = phi.shape[0]
    lower = zeros2(phi, p + 1, p)  # lower[k] has order k
    for j in range(p):
        store2(lower, p, j, load(phi, j))
    v = zeros(phi, p + 1)
    store(v, p, 1.0)
    for k in range(p, 0, -1):
        kappa = load2(lower, k, k - 1)
        inverse = 1.0 / (1.0 - kappa * kappa)
        store(v, k - 1, load(v, k) * inverse)
        for j in range(k - 1):
            store2(lower, k - 1, j, (load2(lower, k, j) + kappa * load2(lower, k, k - 2 - j)) * inverse)
    gamma = zeros(phi, n_lags + 1)
    store(gamma, 0, load(v, 0))
    for k in range(1, min(p, n_lags) + 1):
        total = load2(lower, k, k - 1) * load(v, k - 1)
        for j in range(k - 1):
            total += load2(lower, k - 1, j) * load(gamma, k - 1 - j)
        store(gamma, k, total)
    lags = nonzero_lags(phi)
    for k in range(p + 1, n_lags + 1):
        total = load(v, p) * 0.0
        for lag in lags:
            total += load(phi, lag - 1) * load(gamma, k - lag)
        store(gamma, k, total)
    return gamma


@njit_inline
def psi_weights(phi: Floats, theta: Floats, n: int) -> Floats:
    """``psi = theta(B) / phi(B)``, lags 0 to n - 1: (n,)."""
    ar = nonzero_lags(phi)
    psi = zeros(phi, n)
    store(psi, 0, 1.0)
    for k in range(1, min(n, theta.shape[0] + 1)):
        store(psi, k, load(theta, k - 1))
    for k in range(1, n):
        total = load(psi, k)
        for lag in ar:
            if lag > k:
                break
            total += load(phi, lag - 1) * load(psi, k - lag)
        store(psi, k, total)
    return psi


@njit_inline
def arma_autocovariances(phi: Floats, theta: Floats, n_lags: int) -> Floats:
    """Autocovariances 0 to ``n_lags`` of a stationary ARMA process with innovation variance 1: (n_lags + 1,).

    ``gamma[k] = sum over i, j of theta[i] theta[j] g[k - i + j]`` with ``theta[0] = 1`` and ``g`` of the
    autoregression, one sum after the other.
    """
    q = theta.shape[0]
    ma = nonzero_lags(theta)
    g = ar_autocovariances(phi, n_lags + q)
    half = zeros(phi, n_lags + q + 1)
    for k in range(n_lags + q + 1):
        total = load(g, k)
        for lag in ma:
            total += load(theta, lag - 1) * load(g, abs(k - lag))
        store(half, k, total)
    gamma = zeros(phi, n_lags + 1)
    for k in range(n_lags + 1):
        total = load(half, k)
        for lag in ma:
            total += load(theta, lag - 1) * load(half, k + lag)
        store(gamma, k, total)
    return gamma


@njit_inline
def state_factor(phi: Floats, theta: Floats) -> Floats:
    """``L`` with ``L L' = P``, the stationary covariance of the state with innovation variance 1: (r, r).

    Without an autoregression the state is ``alpha[i] = sum(theta[i + m] a[-1 - m])`` and ``L[i, m] = theta[i + m]``.
    Else P solves ``P = T P T' + G G'``, which in companion form is a recursion from its first row ``c[j] = cov(w[t],
    alpha[t, j])``::

        c[j] = sum over k >= j of phi[k] gamma[k - j + 1] + theta[k] psi[k - j + 1]
        P[i, j] = P[i+1, j+1] + phi[i] (c[j+1] + phi[j] gamma[0] + theta[j]) + phi[j] c[i+1] + theta[i] (phi[j] +
                  theta[j])
    """
    p, q = phi.shape[0], theta.shape[0]
    r = max(p, q)
    if p == 0:
        L = zeros2(theta, r, r)
        for i in range(r):
            for m in range(r - i):
                store2(L, i, m, load(theta, i + m))
        return L
    f, h = zeros(phi, r), zeros(phi, r)
    for i in range(p):
        store(f, i, load(phi, i))
    for i in range(q):
        store(h, i, load(theta, i))
    c = first_row(phi, theta, r)
    gamma = load(c, r + 1)
    P = zeros2(phi, r, r)
    for i in range(r - 1, -1, -1):
        fi, hi, ci = load(f, i), load(h, i), load(c, i + 1)
        for j in range(i, -1, -1):
            fj, hj = load(f, j), load(h, j)
            total = fi * (load(c, j + 1) + fj * gamma + hj) + fj * ci + hi * (fj + hj)
            store2(P, i, j, total + load2(P, i + 1, j + 1) if i + 1 < r else total)
    return semidefinite_cholesky(P)


@njit_inline
def first_row(phi: Floats, theta: Floats, r: int) -> Floats:
    """``c[j]`` of `state_factor` for j < r, a zero, and the variance ``gamma[0]`` of the process: (r + 2,)."""
    gamma = arma_autocovariances(phi, theta, phi.shape[0])
    psi = psi_weights(phi, theta, r + 1)
    ar, ma = nonzero_lags(phi), nonzero_lags(theta)
    c = zeros(phi, r + 2)
    for j in range(r):
        total = load(c, j)
        for lag in ar:
            if lag > j:
                total += load(phi, lag - 1) * load(gamma, lag - j)
        for lag in ma:
            if lag > j:
                total += load(theta, lag - 1) * load(psi, lag - j)
        store(c, j, total)
    store(c, r + 1, load(gamma, 0))
    return c


@njit
def semidefinite_cholesky(P: Floats) -> Floats:
    """Lower ``L`` with ``L L' = P``, in place; a pivot lost in rounding becomes a zero column: (r, r) -> (r, r).

    Only the lower triangle of P is read and written.
    """
    r = P.shape[0]
    for j in range(r):
        pivot = load2(P, j, j)
        least = 4e-16 * r * pivot
        for k in range(j):
            pivot -= load2(P, j, k) * load2(P, j, k)
        diagonal = where_positive(pivot - least, root(pivot), 0.0)
        store2(P, j, j, diagonal)
        scale = ratio(1.0, diagonal)
        for i in range(j + 1, r):
            total = load2(P, i, j)
            for k in range(j):
                total -= load2(P, i, k) * load2(P, j, k)
            store2(P, i, j, total * scale)
    return P


@njit
def solve_cholesky(C: Floats, x: Floats) -> None:
    """``x`` with ``C C' x = b``, C lower triangular, in place of ``b``: (r, r), (r,)."""
    r = x.shape[0]
    for i in range(r):
        total = load(x, i)
        for k in range(i):
            total -= load2(C, i, k) * load(x, k)
        store(x, i, total / load2(C, i, i))
    for i in range(r - 1, -1, -1):
        value = load(x, i) / load2(C, i, i)
        store(x, i, value)
        for k in range(i):
            store(x, k, load(x, k) - load2(C, i, k) * value)


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

    ``L`` and ``lower`` are as in `posterior_cholesky`; ``workspace`` (stop,) is written over: as many steps as the beginning
    is felt.
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


@njit_inline
def logdet_cholesky(C: Floats) -> float:
    """``log det(C C')``, C lower triangular with pivots from 1 to about 1e30: (r, r) -> float."""
    total = 0.0
    product = load2(C, 0, 0)
    for i in range(1, C.shape[0]):
        product *= load2(C, i, i)
        if i % 8 == 7:  # a logarithm costs more than all else here
            total += 2.0 * log(product)
            product = load2(C, 0, 0) * 0.0 + 1.0
    return total + 2.0 * log(product)
