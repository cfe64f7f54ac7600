"""Seasonal indices that follow a series: in one pass, each value moves those of its place in the season."""

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.kernels._jit import njit


@njit
def begin_seasons(indices: Floats, season_length: int) -> Floats:
    """State of `follow` before the first observation, from indices ``(n_series, cycle)``.

    Of each series the indices of the season (zero where the cycle is one season), what is left of those of the cycle,
    and weighted sum and sum of weights of the level: ``(n_series, season_length + cycle + 2)``.
    """
    n_series, cycle = indices.shape
    n_seasons = cycle // season_length
    states = np.zeros((n_series, season_length + cycle + 2))
    for i in range(n_series):
        for p in range(cycle if n_seasons > 1 else 0):
            states[i, p % season_length] += indices[i, p] / n_seasons
        for p in range(cycle):
            states[i, season_length + p] = indices[i, p] - states[i, p % season_length]
    return states


@njit
def follow(
    w: Floats, indptr: Ints, phases: Ints, seasonal: Bools, states: Floats, season_length: int, share: float
) -> tuple[Floats, Floats, Floats]:
    """Seasonal indices before each observation, and the state after the last one.

    Double seasonal smoothing (Taylor 2003, equations 5 and 6; that of Holt and Winters where the cycle is one season)::

        e[t] = w[t] - day[t mod season] - rest[t mod cycle] - level
        day[t mod season] += share e[t],   rest[t mod cycle] += share e[t]

    where the level is a trailing mean of what is left over about a cycle.

    Parameters
    ----------
    w : ndarray, shape (n_obs,)
        Values of all series, one after another; nan where one is missing.
    indptr : ndarray of int, shape (n_series + 1,)
        Series i is ``w[indptr[i]:indptr[i + 1]]``.
    phases : ndarray of int, shape (n_obs,)
        Position of each in the cycle, a whole number of seasons.
    seasonal : ndarray of bool, shape (n_series,)
        Series that have a season; the others get none.
    states : ndarray, shape (n_series, season_length + cycle + 2)
        Before the first observation: see `begin_seasons`.

    Returns
    -------
    day, rest : ndarray, shape (n_obs,)
        The two parts of the index before each observation; the first is zero where the cycle is one season.
    states : ndarray, shape (n_series, season_length + cycle + 2)
        After the last observation.
    """
    cycle = states.shape[1] - season_length - 2
    n_seasons = cycle // season_length
    day_of, rest_of, after = np.zeros(w.size), np.zeros(w.size), states.copy()
    decay = 1 - 1 / cycle
    for i in range(states.shape[0]):
        if not seasonal[i]:
            continue
        day, rest = after[i, :season_length], after[i, season_length : season_length + cycle]
        level, weight = after[i, season_length + cycle], after[i, season_length + cycle + 1]
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
        after[i, season_length + cycle], after[i, season_length + cycle + 1] = level, weight
    return day_of, rest_of, after
