"""Statistics that decide how often a series is differenced."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit
from tsforecast.kernels.series.stl import stl


@njit
def kpss(y: Floats) -> float:
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


@njit
def seasonal_strength(y: Floats, season_length: int) -> float:
    """``max(0, 1 - var(remainder) / var(seasonal + remainder))`` of `stl`, as R's ``mstl`` calls it.

    Wang, Smith & Hyndman (2006); a series without any variation past its trend has 0.
    """
    seasonal, trend = stl(y, season_length, 11, 2)
    n = y.size
    sums, squares = np.zeros(2), np.zeros(2)  # of remainder, and of seasonal and remainder
    for t in range(n):
        both = y[t] - trend[t]
        for i in range(2):
            value = both - seasonal[t] if i == 0 else both
            sums[i] += value
            squares[i] += value * value
    spread = squares[1] - sums[1] * sums[1] / n
    if not spread > 0.0:
        return 0.0
    return max(0.0, 1.0 - (squares[0] - sums[0] * sums[0] / n) / spread)
