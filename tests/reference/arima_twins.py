"""Slow twins of the ARIMA kernels, written from the definitions with dense algebra."""

import numpy as np
from scipy import linalg


def expand(own, seasonal, season, sign):
    """Coefficients past lag 0 of the product of two lag polynomials, by convolution."""
    left = np.concatenate([[1.0], sign * np.asarray(own)])
    right = np.zeros(season * len(seasonal) + 1)
    right[0] = 1.0
    right[season::season] = sign * np.asarray(seasonal)
    return sign * np.convolve(left, right)[1:]


def companion(phi, theta):
    """Transition T, shock G and observation h of ``alpha[t+1] = T alpha[t] + G a[t], w[t] = h alpha[t] + a[t]``."""
    r = max(len(phi), len(theta))
    f, m = np.zeros(r), np.zeros(r)
    f[: len(phi)], m[: len(theta)] = phi, theta
    T = np.eye(r, k=1)
    T[:, 0] += f
    return T, f + m, np.eye(r)[0]


def state_covariance(phi, theta):
    """Stationary covariance of that state: the discrete Lyapunov equation ``P = T P T' + G G'``."""
    T, G, _ = companion(phi, theta)
    return linalg.solve_discrete_lyapunov(T, np.outer(G, G))


def autocovariances(phi, theta, n_lags):
    """Of the ARMA process with innovation variance 1, from its state: ``gamma[k] = h T^k P h' + h T^(k-1) G``."""
    if max(len(phi), len(theta)) == 0:
        return np.eye(n_lags + 1)[0]
    T, G, h = companion(phi, theta)
    P = state_covariance(phi, theta)
    gamma = [h @ P @ h + 1.0]
    power = np.eye(len(T))
    for _ in range(n_lags):
        gamma.append(h @ power @ (T @ P @ h + G))
        power = power @ T
    return np.array(gamma)


def covariance(phi, theta, n):
    """Dense covariance of n values."""
    return linalg.toeplitz(autocovariances(phi, theta, n - 1))


def loglik(w, phi, theta, sigma2):
    """Multivariate normal log-density of ``w``, by the dense covariance."""
    S = sigma2 * covariance(phi, theta, w.size)
    return -0.5 * (w.size * np.log(2 * np.pi) + np.linalg.slogdet(S)[1] + w @ np.linalg.solve(S, w))


def impulse_response(theta, n):
    """``1 / theta(B)`` up to lag n - 1, by long division."""
    pi = np.zeros(n)
    for t in range(n):
        pi[t] = (t == 0) - sum(c * pi[t - k - 1] for k, c in enumerate(theta) if k < t)
    return pi


def gaussian_forecast(y, phi, theta, operator, horizon):
    """Mean and variance of the next values given the known ones, by conditioning the dense normal density.

    The first ``operator.size - 1`` values are known, any other may be nan; every value is a combination of those and
    of the differenced series.
    """
    lost, n = len(operator) - 1, y.size
    total = n + horizon
    rows = np.zeros((total, total))  # y = rows @ [first values, w]
    rows[:lost, :lost] = np.eye(lost)
    for t in range(lost, total):
        rows[t, t] = 1.0
        for k in range(1, lost + 1):
            rows[t] -= operator[k] * rows[t - k]
    S = np.zeros((total, total))
    S[lost:, lost:] = covariance(phi, theta, total - lost)
    joint = rows @ S @ rows.T
    base = rows[:, :lost] @ y[:lost]
    seen = np.flatnonzero(~np.isnan(y) & (np.arange(n) >= lost))
    gain = np.linalg.solve(joint[np.ix_(seen, seen)], joint[seen]).T
    mean = base + gain @ (y[seen] - base[seen])
    variance = np.diag(joint - gain @ joint[seen])
    return mean[n:], variance[n:]
