"""Differences over a step or a season, with gaps passed over, and how they are undone.

A value is taken relative to the one ``lag`` steps before it, 1 or a season; where that is missing, to the one as many
steps before that, and so on::

    d[t] = v[t] - v[t - k lag],   k the least number from 1 with v[t - k lag] known
    v[n + h] = d[n + h] + v[n + h - lag],   h = 1, 2, ...; up to h = lag relative to the latest values known

The errors of forecasts of d add up from season to season.
"""

import itertools

import numpy as np

from tsforecast._types import Floats, Ints


def differences(v: Floats, indptr: Ints, lag: int) -> Floats:
    """Differences of every series, ``(n_obs,)`` both; nan in the first ``lag`` steps and where a value is missing.

    Examples
    --------
    >>> differences(np.array([1.0, 5.0, 2.0, np.nan, 4.0, 9.0]), np.array([0, 6]), 2)
    array([nan, nan,  1., nan,  2.,  4.])
    """
    return np.concatenate([v[a:b] - _last_known(v[a:b], lag)[: b - a] for a, b in itertools.pairwise(indptr)])


def last_values(v: Floats, indptr: Ints, lag: int) -> Floats:
    """The last known value at each of the last ``lag`` steps or whole lags before, ``(n_series, lag)``; else nan.

    Examples
    --------
    >>> last_values(np.array([1.0, 5.0, 2.0, np.nan, 4.0]), np.array([0, 5]), 2)
    array([[5., 4.]])
    """
    return np.array([_last_known(v[a:b], lag)[-lag:] for a, b in itertools.pairwise(indptr)])


def _last_known(v: Floats, lag: int) -> Floats:
    """The last known value whole lags before each step, and before the ``lag`` steps after the end: ``(n + lag,)``."""
    n_rows = -(-v.size // lag)
    padded = np.full((n_rows + 2) * lag, np.nan)
    padded[lag : lag + v.size] = v
    table = padded.reshape(-1, lag)
    rows = np.maximum.accumulate(np.where(np.isnan(table), 0, np.arange(len(table))[:, None]), axis=0)
    return np.asarray(np.take_along_axis(table, rows, axis=0).reshape(-1)[: v.size + lag])


def undo_differences(d: Floats, base: Floats) -> Floats:
    """Values after the end of series from their differences: ``(n_series, horizon)`` both.

    ``base`` is what the first differences are added to, ``(n_series, lag)``, as `last_values` gives it.

    Examples
    --------
    >>> undo_differences(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 20.0]]))
    array([[11., 22., 14.]])
    """
    lag = base.shape[1]
    out = accumulate(d, lag)
    return np.asarray(out + base[:, np.arange(d.shape[1]) % lag])


def accumulate(error: Floats, lag: int) -> Floats:
    """Sums of every ``lag``-th entry along the second axis: errors of values, given those of their differences.

    Unchanged where ``lag`` is 0.

    Examples
    --------
    >>> accumulate(np.array([[1.0, 2.0, 3.0]]), 2)
    array([[1., 2., 4.]])
    """
    out = error.copy()
    for h in range(lag, error.shape[1] if lag else 0):
        out[:, h] += out[:, h - lag]
    return out
