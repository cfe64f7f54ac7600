"""Seasonal indices that follow a series: in one pass, each value moves those of its place in the season."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit


@njit
def follow(
    w: Floats, indptr: Ints, phases: Ints, indices: Floats, season_length: int, share: float
) -> tuple[Floats, Floats, Floats]:
    """Seasonal indices before each observation, and those after the last one.

    Double seasonal smoothing (Taylor 2003, equations 5 and 6; that of Holt and Winters where the cycle is one season)::

        e[t] = w[t] - day[t mod season] - rest[t mod cycle] - level
        day[t mod season] += share e[t],   rest[t mod cycle] += share e[t]

    where the level is a trailing mean of what is left over about a cycle. A series without indices gets none.

    Parameters
    ----------
    w : ndarray, shape (n_obs,)
        Values of all series, one after another; nan where one is missing.
    indptr : ndarray of int, shape (n_series + 1,)
        Series i is ``w[indptr[i]:indptr[i + 1]]``.
    phases : ndarray of int, shape (n_obs,)
        Position of each in the cycle.
    indices : ndarray, shape (n_series, cycle)
        What the first seasons are told by; a cycle is a whole number of seasons.

    Returns
    -------
    day, rest : ndarray, shape (n_obs,)
        The two parts of the index before each observation; the first is zero where the cycle is one season.
    ends : ndarray, shape (n_series, cycle)
        Their sum after the last observation.
    """
    n_series, cycle = indices.shape
    n_seasons = cycle // season_length
    day_of, rest_of, ends = np.zeros(w.size), np.zeros(w.size), np.zeros(indices.shape)
    day, rest = np.empty(season_length), np.empty(cycle)
    decay = 1 - 1 / cycle
    for i in range(n_series):
        if not indices[i].any():
            continue
        day[:] = 0.0
        for p in range(cycle if n_seasons > 1 else 0):
            day[p % season_length] += indices[i, p] / n_seasons
        for p in range(cycle):
            rest[p] = indices[i, p] - day[p % season_length]
        level, weight = 0.0, 0.0
        for t in range(indptr[i], indptr[i + 1]):
            p = phases[t]
            k = p % season_length
            day_of[t], rest_of[t] = day[k], rest[p]
            if np.isnan(w[t]):
                continue
            left = w[t] - day[k] - rest[p]
            level, weight = decay * level + left, decay * weight + 1
            moved = share * (left - level / weight)
            rest[p] += moved
            if n_seasons > 1:
                day[k] += moved
        for p in range(cycle):
            ends[i, p] = day[p % season_length] + rest[p]
    return day_of, rest_of, ends
