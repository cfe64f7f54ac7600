"""Forecasts of an ARIMA process at given parameters: exact finite-sample means and variances."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit
from tsforecast.kernels.arma.polynomial import nonzero_lags


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
    longer, level = np.zeros(n + horizon), np.zeros(lost + horizon)
    for t in range(n):  # a slice at once takes long to compile, here and below
        longer[t] = w[t]
    for t in range(lost):
        level[t] = y[y.size - lost + t]
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
