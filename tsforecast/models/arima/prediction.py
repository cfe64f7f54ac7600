"""Exact finite-sample forecasts at given parameters, by the engine "numba"."""

import numpy as np
from scipy.linalg import solve_triangular

from tsforecast._types import Floats
from tsforecast.kernels.arma import beginning as arma
from tsforecast.kernels.arma.forecast import extrapolate, state_paths
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.models.arima.engines.kernels import beginning, whiten
from tsforecast.models.arima.order import Order


def forecast_moments(Y: Floats, phi: Floats, theta: Floats, order: Order, horizon: int) -> tuple[Floats, Floats]:
    """Mean and variance, with innovation variance 1, of the next values of the last row of Y: two ``(horizon,)``.

    Parameters
    ----------
    Y : ndarray, shape (n_missing + 1, n_obs)
        Rows that stand for missing values, 1 where one is missing, else 0; then the series, with anything there.
    phi, theta : ndarray
        Coefficients of the products of the lag polynomials.
    order : Order
        Its differences are undone.
    horizon : int

    Examples
    --------
    >>> mean, variance = forecast_moments(np.array([[1.0, 3.0]]), np.empty(0), np.empty(0), Order(0, 1, 0), 3)
    >>> mean, variance
    (array([3., 3., 3.]), array([1., 2., 3.]))
    """
    mean, psi, loadings = forecast_parts(Y, phi, theta, order, horizon)
    return mean, np.cumsum(psi**2) + (loadings**2).sum(axis=0)


def forecast_parts(Y: Floats, phi: Floats, theta: Floats, order: Order, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Mean of the next values, and what their errors are made of: ``(horizon,)``, ``(horizon,)``, ``(k, horizon)``.

    With independent standard normal a, ``(horizon,)``, and b, ``(k,)``, the errors are ``sum over i <= h of psi[h - i]
    a[i]`` plus ``b @ loadings``. What is not known, in this order: later innovations; the state ``z`` at the beginning
    given the data, of covariance ``(C C')^-1`` (see `kernels.arma.beginning`), where it is still felt; the missing
    values given the data, of covariance ``(U' U)^-1``. Parameters as `forecast_moments`.

    Examples
    --------
    >>> mean, psi, loadings = forecast_parts(np.array([[1.0, 3.0]]), np.empty(0), np.empty(0), Order(0, 1, 0), 3)
    >>> psi, loadings.shape
    (array([1., 1., 1.]), (0, 3))
    """
    operator = order.differences()
    W = np.ascontiguousarray(order.difference(Y.T).T)
    k, n = W.shape
    R, _ = whiten(W, phi, theta)
    r = R.shape[1] - n
    pi, L, C = beginning(phi, theta, n)
    paths = np.stack([extrapolate(Y[i], W[i], R[i, r:], L @ R[i, :r], phi, theta, operator, horizon) for i in range(k)])
    mean, loadings = paths[-1], np.empty((0, horizon))
    if n < pi.size + r + theta.size:  # the beginning is still felt at the end
        felt = L.T @ state_paths(pi, r, n, phi, theta, operator, horizon)
        loadings = solve_triangular(C, felt, lower=True)
    if k > 1:
        _, coefficients, U = by_gram_schmidt(R)
        mean = mean - coefficients @ paths[:-1]
        loadings = np.vstack([loadings, solve_triangular(U, paths[:-1], trans="T")])
    return mean, _integrated_psi(phi, theta, operator, horizon), loadings


def _integrated_psi(phi: Floats, theta: Floats, operator: Floats, horizon: int) -> Floats:
    """First weights of ``theta(B) / (phi(B) operator(B))``: (horizon,)."""
    psi: Floats = arma.psi_weights(phi, theta, horizon)
    for h in range(horizon):
        span = min(h, operator.size - 1)
        psi[h] -= operator[1 : span + 1] @ psi[h - span : h][::-1]
    return psi
