"""Differences over some steps, and the values that they belong to.

A value is taken relative to the one ``lag`` steps before it, 1 or a season; where that is missing, to the one as many
steps before that, and so on::

    d[t] = v[t] - v[t - k lag],   k the least number from 1 with v[t - k lag] known
    v[n + h] = d[n + h] + v[n + h - lag],   h = 1, 2, ...; up to h = lag relative to the latest values known

The errors of forecasts of d add up, season for season.
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
    return np.concatenate([v[a:b] - _held(v[a:b], lag)[: b - a] for a, b in itertools.pairwise(indptr)])


def latest(v: Floats, indptr: Ints, lag: int) -> Floats:
    """What the ``lag`` steps after each series are relative to, ``(n_series, lag)``; nan where nothing is known.

    Examples
    --------
    >>> latest(np.array([1.0, 5.0, 2.0, np.nan, 4.0]), np.array([0, 5]), 2)
    array([[5., 4.]])
    """
    return np.array([_held(v[a:b], lag)[-lag:] for a, b in itertools.pairwise(indptr)])


def _held(v: Floats, lag: int) -> Floats:
    """The latest known value a number of whole lags before each step, ``(n + lag,)``: those after the end, too."""
    n_rows = -(-v.size // lag)
    padded = np.full((n_rows + 2) * lag, np.nan)
    padded[lag : lag + v.size] = v
    table = padded.reshape(-1, lag)
    rows = np.maximum.accumulate(np.where(np.isnan(table), 0, np.arange(len(table))[:, None]), axis=0)
    return np.asarray(np.take_along_axis(table, rows, axis=0).reshape(-1)[: v.size + lag])


def summed(d: Floats, base: Floats) -> Floats:
    """Values that have the differences ``d``, ``(n, horizon)``, and follow on ``base``, ``(n, lag)``.

    Examples
    --------
    >>> summed(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 20.0]]))
    array([[11., 22., 14.]])
    """
    lag = base.shape[1]
    out = added_up(d, lag)
    return np.asarray(out + base[:, np.arange(d.shape[1]) % lag])


def added_up(error: Floats, lag: int) -> Floats:
    """Errors of values from those of their differences, along the second axis; unchanged where ``lag`` is 0."""
    out = error.copy()
    for h in range(lag, error.shape[1] if lag else 0):
        out[:, h] += out[:, h - lag]
    return out
