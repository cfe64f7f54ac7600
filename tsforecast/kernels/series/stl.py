"""Seasonal-trend decomposition by loess: Cleveland, Cleveland, McRae & Terpenning (1990), not the robust form."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit


@njit
def stl(y: Floats, season_length: int, seasonal_span: int, n_passes: int) -> tuple[Floats, Floats]:
    """Seasonal component and trend: (n,) -> (n,), (n,).

    The six steps of section 2.2, ``n_passes`` times. The subseries of a season are smoothed by local constants over
    ``seasonal_span`` values of each, trend and low-pass filter by local lines; the spans of these two are the paper's,
    the next odd numbers from ``1.5 s / (1 - 1.5 / seasonal_span)`` and from ``s + 1``.
    """
    s, n = season_length, y.size
    trend_span = int(np.ceil(1.5 * s / (1.0 - 1.5 / seasonal_span))) // 2 * 2 + 1
    trend, seasonal, left = np.zeros(n), np.zeros(n), np.empty(n)
    cycle = np.empty(n + 2 * s)
    for _ in range(n_passes):
        for k in range(s):
            years = (n - k + s - 1) // s
            for i in range(years):
                left[i] = y[k + i * s] - trend[k + i * s]
            smooth = loess(left[:years], seasonal_span, False, 1)
            for i in range(years + 2):
                cycle[k + i * s] = smooth[i]
        low = loess(moving_average(moving_average(moving_average(cycle, s), s), 3), (s + 1) // 2 * 2 + 1, True, 0)
        for t in range(n):
            seasonal[t] = cycle[s + t] - low[t]
            left[t] = y[t] - seasonal[t]
        trend = loess(left, trend_span, True, 0)
    return seasonal, trend


@njit
def moving_average(x: Floats, span: int) -> Floats:
    """Means of ``span`` neighbours: (n,) -> (n - span + 1,)."""
    out = np.empty(x.size - span + 1)
    total = 0.0
    for t in range(span):
        total += x[t]
    out[0] = total / span
    for t in range(1, out.size):
        total += x[t + span - 1] - x[t - 1]
        out[t] = total / span
    return out


@njit
def loess(y: Floats, span: int, line: bool, beyond: int) -> Floats:
    """Locally weighted means, or lines, of the ``span`` nearest values: (n,) -> (n + 2 beyond,).

    Tricube weights of the distance over that of the farthest of them (Cleveland et al. 1990, section 2.1); ``beyond``
    steps before the first and after the last value are extrapolated. A ``span`` past n widens the weights.
    """
    n = y.size
    count = min(span, n)
    out = np.empty(n + 2 * beyond)
    w = np.empty(count)
    for i in range(out.size):
        at = i - beyond
        left = min(max(at - (span - 1) // 2, 0), n - count)
        width = max(at - left, left + count - 1 - at) + max(span - n, 0) // 2
        scale = 1.0 / width if width > 0 else 0.0
        total, centre = 0.0, 0.0
        for j in range(count):
            distance = abs(left + j - at)
            ratio = distance * scale
            weight = 1.0 - ratio * ratio * ratio
            w[j] = 1.0 if distance <= 0.001 * width else (weight**3 if distance <= 0.999 * width else 0.0)
            total += w[j]
            centre += w[j] * (left + j)
        centre /= total
        level, tilt, spread = 0.0, 0.0, 0.0
        for j in range(count):
            offset = left + j - centre
            level += w[j] * y[left + j]
            tilt += w[j] * offset * y[left + j]
            spread += w[j] * offset * offset
        out[i] = level / total
        if line and np.sqrt(spread / total) > 0.001 * (n - 1):
            out[i] += (at - centre) * tilt / spread
    return out
