"""Forecasts of an ARIMA process at given parameters: exact finite-sample means and variances."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit
from tsforecast.kernels.arma import beginning, psi_weights, whiten
from tsforecast.kernels.gls import project
from tsforecast.kernels.polynomial import nonzero_lags


@njit
def difference_rows(Y: Floats, operator: Floats) -> Floats:
    """``w[t] = sum(operator[k] y[t - k])`` of each row: (k, n_obs) -> (k, n_obs - operator.size + 1)."""
    lost = operator.size - 1
    n = Y.shape[1] - lost
    W = np.zeros((Y.shape[0], n))
    for k in range(lost + 1):
        if operator[k] != 0.0:
            W += operator[k] * Y[:, lost - k : lost - k + n]
    return W


@njit
def extrapolate(
    y: Floats, w: Floats, a: Floats, alpha: Floats, phi: Floats, theta: Floats, operator: Floats, horizon: int
) -> Floats:
    """Next values when every later innovation is 0: (horizon,).

    ``w`` is the differenced series and ``a`` its innovations, each (n,); ``alpha`` (r,) the state before its
    beginning, which is still felt where r > n. ``y`` (n_obs,) is the series that the differencing ``operator`` is
    undone on.
    """
    n, lost = w.size, operator.size - 1
    ar, ma = nonzero_lags(phi), nonzero_lags(theta)
    longer = np.zeros(n + horizon)
    longer[:n] = w
    level = np.zeros(lost + horizon)
    level[:lost] = y[y.size - lost :]
    for h in range(horizon):
        t = n + h
        total = alpha[t] if t < alpha.size else 0.0
        for lag in ar:
            if lag <= t:
                total += phi[lag - 1] * longer[t - lag]
        for lag in ma:
            if h < lag <= t:
                total += theta[lag - 1] * a[t - lag]
        longer[t] = total
        for k in range(1, lost + 1):
            total -= operator[k] * level[lost + h - k]
        level[lost + h] = total
    return level[lost:]


@njit
def forecast_moments(Y: Floats, phi: Floats, theta: Floats, operator: Floats, horizon: int) -> tuple[Floats, Floats]:
    """Mean and variance, with innovation variance 1, of the next values of the last row of Y: two (horizon,).

    The other rows of Y (k, n_obs) stand for missing values: 1 where one is missing, else 0; the last row may hold
    anything there. The variance adds up what is not known: later innovations, the state ``z`` at the beginning given
    the data (of covariance ``(C C')^-1``, see `tsforecast.kernels.arma`), and the missing values given the data (``(U'
    U)^-1``).
    """
    W = difference_rows(Y, operator)
    k, n = W.shape
    R, _ = whiten(W, phi, theta)
    r = R.shape[1] - n
    pi, L, C = beginning(phi, theta, n)
    paths = np.empty((k, horizon))
    for c in range(k):
        paths[c] = extrapolate(Y[c], W[c], R[c, r:], np.dot(L, R[c, :r]), phi, theta, operator, horizon)
    mean, variance = paths[k - 1].copy(), cumulated_psi(phi, theta, operator, horizon)
    if n < pi.size + r + theta.size:
        variance += sum_of_squares(solve_lower(C, np.dot(L.T, state_paths(pi, r, n, phi, theta, operator, horizon))))
    if k > 1:
        _, coefficients, U = project(R)
        for c in range(k - 1):
            mean -= coefficients[c] * paths[c]
        variance += sum_of_squares(solve_lower(U.T.copy(), paths[: k - 1].copy()))
    return mean, variance


@njit
def cumulated_psi(phi: Floats, theta: Floats, operator: Floats, horizon: int) -> Floats:
    """Sums of squares of the first 1, 2, … weights ``psi`` of the undifferenced process: (horizon,)."""
    psi = psi_weights(phi, theta, horizon)
    out = np.empty(horizon)
    total = 0.0
    for h in range(horizon):
        for k in range(1, min(h, operator.size - 1) + 1):
            psi[h] -= operator[k] * psi[h - k]
        total += psi[h] * psi[h]
        out[h] = total
    return out


@njit
def state_paths(pi: Floats, r: int, n: int, phi: Floats, theta: Floats, operator: Floats, horizon: int) -> Floats:
    """What 1 more in each element of the first state does to the next values of a given series: (r, horizon)."""
    out = np.empty((r, horizon))
    nothing = np.zeros(n)
    before = np.zeros(operator.size)
    for j in range(r):
        a = np.zeros(n)
        length = min(pi.size, max(n - j, 0))
        a[j : j + length] = -pi[:length]
        alpha = np.zeros(r)
        alpha[j] = 1.0
        out[j] = extrapolate(before, nothing, a, alpha, phi, theta, operator, horizon)
    return out


@njit
def solve_lower(C: Floats, B: Floats) -> Floats:
    """``C^-1 B``, C lower triangular: (r, r), (r, horizon) -> (r, horizon)."""
    X = B.copy()
    for i in range(C.shape[0]):
        for k in range(i):
            X[i] -= C[i, k] * X[k]
        X[i] /= C[i, i]
    return X


@njit
def sum_of_squares(X: Floats) -> Floats:
    """Of each column: (r, horizon) -> (horizon,)."""
    out = np.zeros(X.shape[1])
    for i in range(X.shape[0]):
        out += X[i] * X[i]
    return out
