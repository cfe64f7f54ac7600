"""Widest ranges of series within some steps, and distances of values from their neighbours."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit


@njit
def widest_ranges(y: Floats, indptr: Ints, n_doublings: int) -> Floats:
    """Widest range of each series within 1, 2, 4, ... steps: ``(n_series, n_doublings)``; nan is passed over.

    Within s steps lie s + 1 values. A series without so many has its whole range, times s over the steps that it has:
    what it did it may go on doing. 0 where there are not two values.
    """
    n_series = indptr.size - 1
    out = np.zeros((n_series, n_doublings))
    for i in range(n_series):
        n = indptr[i + 1] - indptr[i]
        high, low = np.empty(n), np.empty(n)  # of y[t], ..., y[t + width - 1]
        for t in range(n):
            value = y[indptr[i] + t]
            missing = np.isnan(value)
            high[t], low[t] = -np.inf if missing else value, np.inf if missing else value
        width, step, whole = 1, 1, 0.0
        for j in range(n_doublings):
            shift = 1 if j == 0 else step // 2
            if width + shift <= n:
                width += shift
                for t in range(n - width + 1):
                    high[t], low[t] = max(high[t], high[t + shift]), min(low[t], low[t + shift])
                    out[i, j] = max(out[i, j], high[t] - low[t])
            else:
                for t in range(n - width + 1):
                    high[0], low[0] = max(high[0], high[t]), min(low[0], low[t])
                whole = max(high[0] - low[0], 0.0)
                out[i, j] = whole * step / max(n - 1, 1)
            step *= 2
    return out


@njit
def distances(y: Floats, indptr: Ints) -> tuple[Floats, Floats]:
    """Distance of each value from the median of the five about it, and that median: ``(n_obs,)`` each.

    Values that are missing are passed over, and have nan; at the ends the five are the outermost. A series of fewer
    than five values has nan throughout.
    """
    away, middle = np.full(y.size, np.nan), np.full(y.size, np.nan)
    for i in range(indptr.size - 1):
        begin, stop = indptr[i], indptr[i + 1]
        seen = np.empty(stop - begin, np.int64)
        n = 0
        for t in range(begin, stop):
            if not np.isnan(y[t]):
                seen[n] = t
                n += 1
        five = np.empty(5)
        for k in range(n if n >= 5 else 0):
            first = min(max(k - 2, 0), n - 5)
            for j in range(5):
                value, place = y[seen[first + j]], j
                while place > 0 and five[place - 1] > value:
                    five[place] = five[place - 1]
                    place -= 1
                five[place] = value
            middle[seen[k]] = five[2]
            away[seen[k]] = abs(y[seen[k]] - five[2])
    return away, middle


@njit
def largest_usual(away: Floats, indptr: Ints, gap: float, rare: int) -> Floats:
    """Largest distance of each series before a gap: ``(n_series,)``; infinite where there is none.

    There is a gap where a distance is more than ``gap`` times the next largest, which is not zero, among the largest
    of the series: one in ``rare``, at least one. nan is passed over, and so is the last distance.
    """
    n_series = indptr.size - 1
    out = np.full(n_series, np.inf)
    for i in range(n_series):
        own = away[indptr[i] : indptr[i + 1]]
        seen = own[~np.isnan(own)][:-1]
        if seen.size < 2:
            continue
        ordered = np.sort(seen)
        for k in range(max(1, seen.size // rare), 0, -1):
            below, above = ordered[seen.size - k - 1], ordered[seen.size - k]
            if below > 0 and above > gap * below:
                out[i] = below
                break
    return out
