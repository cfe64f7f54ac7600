"""Autocovariances of an ARMA process, and the stationary covariance of its state (`tsforecast.kernels.arma.whitening`).

Coefficients may have lanes (`tsforecast.kernels.arma.lanes`); the shapes below leave their axis out.
"""

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit_inline
from tsforecast.kernels.arma.cholesky import semidefinite_cholesky
from tsforecast.kernels.arma.lanes import load, load2, store, store2, zeros, zeros2
from tsforecast.kernels.arma.polynomial import nonzero_lags


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
