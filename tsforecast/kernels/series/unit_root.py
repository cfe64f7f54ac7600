"""The statistic of a test of stationarity, by which is decided how often a series is differenced."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit


@njit
def kpss_statistic(y: Floats) -> float:
    """Statistic of stationarity around a level: Kwiatkowski, Phillips, Schmidt & Shin (1992), equation 11.

    ``sum over t of S[t]^2 / (n^2 v)`` with the partial sums S of the deviations e from the mean; the long-run variance
    ``v`` has a Bartlett window of ``3 sqrt(n) / 13`` lags, as R's ``ndiffs`` asks of ``ur.kpss``.
    """
    n = y.size
    n_lags = int(3.0 * np.sqrt(n) / 13.0)
    e = y - np.mean(y)
    variance = np.dot(e, e)
    for k in range(1, n_lags + 1):
        variance += 2.0 * (1.0 - k / (n_lags + 1.0)) * np.dot(e[k:], e[: n - k])
    total, partial = 0.0, 0.0
    for t in range(n):
        partial += e[t]
        total += partial * partial
    return total / (n * variance)
