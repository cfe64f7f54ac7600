"""Gaps among the ordered distances of a series, kept up as distances come in: see `extent.largest_usual`."""

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.kernels._jit import njit


@njit
def add_distance(d: float, gaps: Floats, counts: Ints, span: Floats, times: float) -> None:
    """Take one more distance into account; the arrays, those of one series, are changed in place.

    Parameters
    ----------
    d : float
    gaps : ndarray, shape (n_gaps, 3)
        The uppermost gaps, from above: the distances below and above each, and how many are above it; then nan. There
        is a gap where a distance is more than ``times`` the next smaller one, which is not zero.
    counts : ndarray of int, shape (2,)
        Distances so far, and those that are not zero.
    span : ndarray, shape (2,)
        The largest distance so far, and the smallest that is not zero.
    """
    counts[0] += 1
    if d == 0:
        return
    counts[1] += 1
    if counts[1] == 1:
        span[:] = d
        return
    most = gaps.shape[0]
    out = np.full((most + 2, 3), np.nan)
    n = 0
    if d > span[0]:
        n = _put(out, n, span[0], d, 1, times)
    n = _split(d, gaps, out, n, times)
    if d < span[1] and n < most:
        _put(out, n, d, span[1], counts[1] - 1, times)
    span[0], span[1] = max(span[0], d), min(span[1], d)
    gaps[:] = out[:most]


@njit
def _split(d: float, gaps: Floats, out: Floats, n: int, times: float) -> int:
    """Put the gaps, with one that ``d`` lies in split, into rows of ``out`` from the n-th on; rows filled then."""
    for k in range(gaps.shape[0]):
        below, above, n_above = gaps[k]
        if np.isnan(below):
            break
        if d >= above:
            n = _put(out, n, below, above, n_above + 1, times)
        elif d <= below:
            n = _put(out, n, below, above, n_above, times)
        else:
            n = _put(out, n, d, above, n_above, times)
            n = _put(out, n, below, d, n_above + 1, times)
    return n


@njit
def _put(out: Floats, n: int, below: float, above: float, n_above: float, times: float) -> int:
    """Write a gap into row n of ``out``, if it is one; rows filled then."""
    if above > times * below:
        out[n, 0], out[n, 1], out[n, 2] = below, above, n_above
        n += 1
    return n


@njit
def add_distances(
    away: Floats, indptr: Ints, wanted: Bools, gaps: Floats, counts: Ints, span: Floats, times: float
) -> None:
    """Take the wanted distances of each series into account, one after the other; nan is passed over."""
    for i in range(indptr.size - 1):
        for t in range(indptr[i], indptr[i + 1]):
            if wanted[t] and not np.isnan(away[t]):
                add_distance(away[t], gaps[i], counts[i], span[i], times)


@njit
def largest_before_gap(gaps: Floats, most: Ints) -> Floats:
    """Largest distance of each series below its lowest gap that has at most so many above: ``(n_series,)``, else inf.

    With one in fifty, at least one, of the distances as ``most`` it is that of `extent.largest_usual`.
    """
    out = np.full(most.size, np.inf)
    for i in range(out.size):
        for k in range(gaps.shape[1]):
            if np.isnan(gaps[i, k, 0]) or gaps[i, k, 2] > most[i]:
                break
            out[i] = gaps[i, k, 0]
    return out


@njit
def usual_of_beginnings(y: Floats, indptr: Ints, times: float, rare: int, n_gaps: int) -> Floats:
    """`extent.largest_usual` of the values before each observation of its series: ``(n_obs,)``; infinite for none.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is passed over.
    indptr : ndarray of int, shape (n_series + 1,)
    times, rare
        The gap and the rareness of `extent.largest_usual`.
    n_gaps : int
        Gaps that are kept: at least as many as one in ``rare`` of the values can have.
    """
    out = np.full(y.size, np.inf)
    for i in range(indptr.size - 1):
        seen, n = np.empty(indptr[i + 1] - indptr[i]), 0
        gaps, counts, span = np.full((n_gaps, 3), np.nan), np.zeros(2, np.int64), np.zeros(2)
        for t in range(indptr[i], indptr[i + 1]):
            if n >= 5:  # the last distance is passed over, the one before it changes with the next value
                g, c, s = gaps.copy(), counts.copy(), span.copy()
                add_distance(_away(seen, n - 2, n), g, c, s, times)
                for k in range(n_gaps):
                    if np.isnan(g[k, 0]) or g[k, 2] > max(1, c[0] // rare):
                        break
                    out[t] = g[k, 0]
            if np.isnan(y[t]):
                continue
            seen[n] = y[t]
            n += 1
            if n >= 5:
                for k in range(0 if n == 5 else n - 3, n - 2):
                    add_distance(_away(seen, k, n), gaps, counts, span, times)
    return out


@njit
def _away(seen: Floats, k: int, n: int) -> float:
    """Distance of value k from the median of the five about it, of the first n: see `extent.distances`."""
    first = min(max(k - 2, 0), n - 5)
    return float(abs(seen[k] - np.sort(seen[first : first + 5])[2]))
