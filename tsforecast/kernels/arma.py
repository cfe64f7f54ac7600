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
"""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit
from tsforecast.kernels.polynomial import nonzero_lags

_NEGLIGIBLE = 1e-15  # of the impulse response, whose first value is 1


@njit
def autoregress(x: Floats, lags: Ints, phi: Floats) -> Floats:
    """``x[t] - sum(phi[k] x[t - k])`` over the lags given, zero before the beginning: (n,) -> (n,)."""
    out = x.copy()
    for lag in lags:
        c = phi[lag - 1]
        head, tail = out[lag:], x[: max(x.size - lag, 0)]
        for t in range(tail.size):
            head[t] -= c * tail[t]
    return out


@njit
def invert_ma(x: Floats, lags: Ints, theta: Floats) -> Floats:
    """``y`` with ``y[t] + sum(theta[k] y[t - k]) = x[t]`` over the lags given, zero before: (n,) -> (n,).

    Lags up to 5 go step by step, with the last five values at hand; longer ones are taken off a block of steps at once,
    the block as long as the shortest of them.
    """
    n = x.size
    y = x.copy()
    c = np.zeros(6)
    n_short = 0
    for lag in lags:
        if lag <= 5:
            c[lag] = theta[lag - 1]
            n_short += 1
    c1, c2, c3, c4, c5 = c[1], c[2], c[3], c[4], c[5]
    y1 = y2 = y3 = y4 = y5 = 0.0
    block = lags[n_short] if n_short < lags.size else n
    for begin in range(0, n, max(block, 1)):
        end = min(begin + block, n)
        for lag in lags[n_short:]:
            first = max(begin, lag)
            if first < end:
                now, before, weight = y[first:end], y[first - lag : end - lag], theta[lag - 1]
                for t in range(now.size):
                    now[t] -= weight * before[t]
        if n_short > 0:
            for t in range(begin, end):
                value = y[t] - c5 * y5 - c4 * y4 - c3 * y3 - c2 * y2 - c1 * y1
                y[t] = value
                y5, y4, y3, y2, y1 = y4, y3, y2, y1, value
    return y


@njit
def impulse_response(lags: Ints, theta: Floats, n: int) -> Floats:
    """``pi = 1 / theta(B)``, up to where it has died out: at most (n,).

    As many negligible values as there are lags mean that only such follow; the length is tried in growing steps.
    """
    length = min(n, 64)
    while True:
        unit = np.zeros(length)
        unit[0] = 1.0
        pi = invert_ma(unit, lags, theta)
        quiet = 0
        for t in range(length):
            quiet = quiet + 1 if abs(pi[t]) < _NEGLIGIBLE else 0
            if quiet > theta.size:
                return pi[: t + 1].copy()
        if length == n:
            return pi
        length = min(4 * length, n)


@njit
def response_gram(pi: Floats, lags: Ints, theta: Floats, r: int, n: int) -> Floats:
    """``H = K' K``, ``H[i, j] = sum over t < n of pi[t - i] pi[t - j]``: (r, r).

    Its first row is ``pi`` filtered backwards by ``1 / theta``; a diagonal step removes what leaves at the end::

        H[i + 1, j + 1] = H[i, j] - pi[n - 1 - i] pi[n - 1 - j]
    """
    H = np.zeros((r, r))
    first = invert_ma(pi[::-1].copy(), lags, theta)[::-1]
    leaving = np.zeros(r)
    for j in range(min(r, pi.size)):
        H[0, j] = first[j]
    for j in range(min(r, n)):
        if n - 1 - j < pi.size:
            leaving[j] = pi[n - 1 - j]
    for i in range(r - 1):
        above, row = H[i, i : r - 1], H[i + 1, i + 1 :]
        for j in range(row.size):
            row[j] = above[j] - leaving[i] * leaving[i + j]
    for i in range(r):
        for j in range(i):
            H[i, j] = H[j, i]
    return H


@njit
def ar_autocovariances(phi: Floats, n_lags: int) -> Floats:
    """Autocovariances 0 to ``n_lags`` of a stationary autoregression with innovation variance 1: (n_lags + 1,).

    The inverse Levinson recursion: step down to the polynomials of every lower order, whose innovation variances are
    ``v[k-1] = v[k] / (1 - pacf[k]^2)``, then ``gamma[k] = pacf[k] v[k-1] + sum(phi[k-1, j] gamma[k - 1 - j])``.
    """
    p = phi.size
    lower = np.zeros((p + 1, p))  # lower[k] has order k
    lower[p] = phi
    v = np.ones(p + 1)
    for k in range(p, 0, -1):
        kappa = lower[k, k - 1]
        rest = 1.0 - kappa * kappa
        v[k - 1] = v[k] / rest
        for j in range(k - 1):
            lower[k - 1, j] = (lower[k, j] + kappa * lower[k, k - 2 - j]) / rest
    gamma = np.empty(n_lags + 1)
    gamma[0] = v[0]
    for k in range(1, n_lags + 1):
        own = min(k - 1, p)
        total = lower[k, k - 1] * v[k - 1] if k <= p else 0.0
        for j in range(own if k <= p else p):
            total += lower[own, j] * gamma[k - 1 - j]
        gamma[k] = total
    return gamma


@njit
def psi_weights(phi: Floats, theta: Floats, n: int) -> Floats:
    """``psi = theta(B) / phi(B)``, lags 0 to n - 1: (n,)."""
    ar = nonzero_lags(phi)
    psi = np.zeros(n)
    psi[0] = 1.0
    for k in range(1, n):
        total = theta[k - 1] if k <= theta.size else 0.0
        for lag in ar:
            if lag > k:
                break
            total += phi[lag - 1] * psi[k - lag]
        psi[k] = total
    return psi


@njit
def arma_autocovariances(phi: Floats, theta: Floats, n_lags: int) -> Floats:
    """Autocovariances 0 to ``n_lags`` of a stationary ARMA process with innovation variance 1: (n_lags + 1,).

    ``gamma[k] = sum over m of rho[m] g[k - m]``: ``g`` of the autoregression, ``rho[m] = sum(theta[j] theta[j +
    |m|])``.
    """
    q = theta.size
    g = ar_autocovariances(phi, n_lags + q)
    ma = np.empty(q + 1)
    ma[0] = 1.0
    ma[1:] = theta
    gamma = np.zeros(n_lags + 1)
    for m in range(q + 1):
        rho = 0.0
        for j in range(q + 1 - m):
            rho += ma[j] * ma[j + m]
        if rho == 0.0:
            continue
        for k in range(n_lags + 1):
            gamma[k] += rho * g[k + m]
            if m > 0:
                gamma[k] += rho * g[abs(k - m)]
    return gamma


@njit
def state_factor(phi: Floats, theta: Floats) -> Floats:
    """``L`` with ``L L' = P``, the stationary covariance of the state with innovation variance 1: (r, r).

    Without an autoregression the state is ``alpha[i] = sum(theta[i + m] a[-1 - m])`` and ``L[i, m] = theta[i + m]``.
    Else P solves ``P = T P T' + G G'``, which in companion form is a recursion from its first row ``c[j] = cov(w[t],
    alpha[t, j])``::

        c[j] = sum over k >= j of phi[k] gamma[k - j + 1] + theta[k] psi[k - j + 1]
        P[i, j] = P[i+1, j+1] + phi[i] c[j+1] + phi[j] c[i+1] + phi[i] phi[j] gamma[0]
                  + phi[i] theta[j] + theta[i] phi[j] + theta[i] theta[j]
    """
    p, q = phi.size, theta.size
    r = max(p, q)
    if p == 0:
        L = np.zeros((r, r))
        for i in range(r):
            for m in range(r - i):
                L[i, m] = theta[i + m]
        return L
    f, h = np.zeros(r + 1), np.zeros(r + 1)
    f[:p], h[:q] = phi, theta
    gamma = arma_autocovariances(phi, theta, p)
    psi = psi_weights(phi, theta, r + 1)
    c = np.zeros(r + 1)
    for j in range(r):
        for k in range(j, p):
            c[j] += f[k] * gamma[k - j + 1]
        for k in range(j, q):
            c[j] += h[k] * psi[k - j + 1]
    P = np.zeros((r + 1, r + 1))
    for i in range(r - 1, -1, -1):
        for j in range(i, -1, -1):
            P[i, j] = P[i + 1, j + 1] + f[i] * c[j + 1] + f[j] * c[i + 1] + f[i] * f[j] * gamma[0]
            P[i, j] += f[i] * h[j] + h[i] * f[j] + h[i] * h[j]
    return semidefinite_cholesky(P[:r, :r])


@njit
def semidefinite_cholesky(P: Floats) -> Floats:
    """Lower ``L`` with ``L L' = P``; a pivot lost in rounding becomes a zero column: (r, r) -> (r, r).

    Only the lower triangle of P is read.
    """
    r = P.shape[0]
    L = np.zeros((r, r))
    for j in range(r):
        pivot = P[j, j]
        for k in range(j):
            pivot -= L[j, k] * L[j, k]
        if not pivot > 4e-16 * r * P[j, j]:
            continue
        root = np.sqrt(pivot)
        L[j, j] = root
        for i in range(j + 1, r):
            total = P[i, j]
            for k in range(j):
                total -= L[i, k] * L[j, k]
            L[i, j] = total / root
    return L


@njit
def solve_cholesky(C: Floats, b: Floats) -> Floats:
    """``x`` with ``C C' x = b``, C lower triangular: (r, r), (r,) -> (r,)."""
    r = b.size
    x = b.copy()
    for i in range(r):
        total = x[i]
        for k in range(i):
            total -= C[i, k] * x[k]
        x[i] = total / C[i, i]
    for i in range(r - 1, -1, -1):
        x[i] /= C[i, i]
        for k in range(i):
            x[k] -= C[i, k] * x[i]
    return x


@njit
def posterior_cholesky(L: Floats, H: Floats) -> Floats:
    """Lower Cholesky factor of ``I + L' H L``: (r, r), (r, r) -> (r, r)."""
    M = np.dot(L.T, np.dot(H, L))
    for i in range(M.shape[0]):
        M[i, i] += 1.0
    return semidefinite_cholesky(M)


@njit
def beginning(phi: Floats, theta: Floats, n: int) -> tuple[Floats, Floats, Floats]:
    """``pi``, ``L`` and the Cholesky factor C of ``I + L' H L`` for a series of n values: (<= n,), (r, r), (r, r)."""
    ma = nonzero_lags(theta)
    pi = impulse_response(ma, theta, n)
    L = state_factor(phi, theta)
    return pi, L, posterior_cholesky(L, response_gram(pi, ma, theta, L.shape[0], n))


@njit
def whiten(W: Floats, phi: Floats, theta: Floats) -> tuple[Floats, float]:
    """Columns made white, and log determinant of their covariance: (k, n) -> (k, r + n), with r = max(p, q).

    Row c of the result is ``[z, e - K L z]`` of series c (see the head of the module). With innovation variance 1,
    ``R R'`` holds the inner products ``W Omega^-1 W'`` and the second value is ``log det Omega``.
    """
    k, n = W.shape
    r = max(phi.size, theta.size)
    R = np.empty((k, r + n))
    ar, ma = nonzero_lags(phi), nonzero_lags(theta)
    for c in range(k):
        R[c, r:] = invert_ma(autoregress(W[c], ar, phi), ma, theta)
    if r == 0:
        return R, 0.0
    pi, L, C = beginning(phi, theta, n)
    stop = min(n, pi.size + r)  # from there on the beginning is forgotten
    for c in range(k):
        back = invert_ma(R[c, r : r + stop][::-1].copy(), ma, theta)[::-1]
        z = np.zeros(r)
        for i in range(min(r, stop)):
            for m in range(r):
                z[m] += L[i, m] * back[i]
        z = solve_cholesky(C, z)
        alpha = np.zeros(max(stop, r))
        alpha[:r] = np.dot(L, z)
        R[c, :r] = z
        R[c, r : r + stop] -= invert_ma(alpha[:stop], ma, theta)
    logdet = 0.0
    for i in range(r):
        logdet += 2.0 * np.log(C[i, i])
    return R, logdet
