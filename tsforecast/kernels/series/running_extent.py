"""How far the values of series go, kept up as values come in."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit

N_MARKS = 10


@njit
def extend(
    y: Floats, indptr: Ints, ages: Ints, marks: Floats, ranges: Floats, held: Floats, held_indptr: Ints, most: int
) -> tuple[Floats, Floats, Floats, Ints]:
    """Marks, ranges and held values of each series after some more values.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        New values of all series, one after another; nan is passed over.
    indptr : ndarray of int, shape (n_series + 1,)
        Those of series i are ``y[indptr[i]:indptr[i + 1]]``.
    ages : ndarray of int, shape (n_series,)
        Steps before them.
    marks : ndarray, shape (n_series, 10)
        Smallest, largest and last value; 1 where some value was negative, where one was zero, where one was not whole;
        smallest positive value; values that were not positive, those since the last that was, and the longest run of
        them before one that was.
    ranges : ndarray, shape (n_series, n_doublings)
        Widest range within 1, 2, 4, ... steps; 0 where the series had not so many.
    held : ndarray, shape (n_held, 2)
        Values that are larger or smaller than all later ones of their series, and their steps.
    held_indptr : ndarray of int, shape (n_series + 1,)
    most : int
        Most values that are held of a series: the latest.
    """
    n_series = ages.size
    marks, ranges = marks.copy(), ranges.copy()
    out = np.empty((held.shape[0] + y.size, 2))
    bounds = np.zeros(n_series + 1, np.int64)
    for i in range(n_series):
        begin = bounds[i]
        n = held_indptr[i + 1] - held_indptr[i]
        out[begin : begin + n] = held[held_indptr[i] : held_indptr[i + 1]]
        pruned = n
        for k in range(indptr[i + 1] - indptr[i]):
            value = y[indptr[i] + k]
            if not np.isnan(value):
                _mark(value, marks[i])
                out[begin + n, 0], out[begin + n, 1] = value, ages[i] + k
                n += 1
            _widen(out[begin : begin + n], ages[i] + k, ranges[i])
            if n > 2 * pruned + 64:
                n = pruned = _prune(out[begin : begin + n], most)
        bounds[i + 1] = begin + _prune(out[begin : begin + n], most)
    return marks, ranges, out[: bounds[n_series]].copy(), bounds


@njit
def _mark(value: float, marks: Floats) -> None:
    marks[0], marks[1], marks[2] = min(marks[0], value), max(marks[1], value), value
    if value < 0:
        marks[3] = 1
    if value == 0:
        marks[4] = 1
    if value != np.round(value):
        marks[5] = 1
    if value > 0:
        marks[6] = min(marks[6], value)
        marks[9] = max(marks[9], marks[8])
        marks[8] = 0
    else:
        marks[7] += 1
        marks[8] += 1


@njit
def _widen(held: Floats, now: int, ranges: Floats) -> None:
    """Widen the ranges by those within 1, 2, 4, ... steps before ``now``, as far as the series goes back."""
    low, high = np.inf, -np.inf
    step = 1
    k = held.shape[0] - 1
    for j in range(ranges.size):
        if step > now:
            break
        while k >= 0 and held[k, 1] >= now - step:
            low, high = min(low, held[k, 0]), max(high, held[k, 0])
            k -= 1
        ranges[j] = max(ranges[j], high - low)
        step *= 2


@njit
def _prune(held: Floats, most: int) -> int:
    """Keep values that are larger or smaller than all later ones, in their order; how many they are."""
    low, high = np.inf, -np.inf
    n = held.shape[0]
    to = n
    for k in range(n - 1, -1, -1):
        value = held[k, 0]
        if value < low or value > high:
            low, high = min(low, value), max(high, value)
            if n - to < most:
                to -= 1
                held[to] = held[k]
    left = n - to
    for k in range(left):
        held[k] = held[to + k]
    return left
