"""One-step prediction errors of a fit, exactly those of the Kalman filter with a diffuse start."""

import numpy as np
from scipy.signal import lfilter

from tsforecast._types import Floats
from tsforecast.kernels.arma.residuals import recursive_residuals
from tsforecast.models.arima.engines.kernels import beginning
from tsforecast.models.arima.engines.numba import levels
from tsforecast.models.arima.estimate import ArimaFit
from tsforecast.models.arima.order import multiply


def residuals(fit: ArimaFit, y: Floats, Z: Floats) -> Floats:
    """One-step prediction errors over their relative standard deviations, each of variance ``sigma2``: (n_obs,).

    nan for what differencing loses, for missing values, and for a value that only tells a missing one. The unknowns
    are the state at the beginning, of known distribution, and the missing values (see `kernels.arma.beginning`).

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> from tsforecast.models.arima.order import Order
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> done = estimate(y, np.empty((40, 0)), (), Order(0, 1, 0), "numba")
    >>> bool(np.allclose(residuals(done, y, np.empty((40, 0)))[1:], np.diff(y)))
    True
    """
    fit = fit.invertible()
    order = fit.order
    phi = multiply(fit.phi, fit.seasonal_phi, order.season_length, -1.0)
    theta = multiply(fit.theta, fit.seasonal_theta, order.season_length, 1.0)
    Y, first = levels(y - Z @ fit.beta, order)
    W = order.difference(Y.T)  # (n, n_missing + 1)
    filtered = lfilter([1.0, *-phi], [1.0, *theta], W, axis=0)
    _, L, _ = beginning(phi, theta, 1)
    felt = np.zeros((W.shape[0], L.shape[0]))
    felt[: L.shape[0]] = L[: W.shape[0]]
    if L.size:
        felt = lfilter([1.0], [1.0, *theta], felt, axis=0)
    A = np.column_stack([felt, filtered])
    out = np.full(y.size, np.nan)
    out[first + order.n_lost :] = recursive_residuals(A, L.shape[0])
    out[np.isnan(y)] = np.nan
    return out
