"""Differences over a step or a season, across missing values, and their inverse.

Each value is taken relative to the one ``lag`` steps (1 or a season) before it, or, where that is missing, to the
latest known one a multiple of ``lag`` steps before::

    d[t] = v[t] - v[t - k lag],   k the least number from 1 with v[t - k lag] known
    v[n + h] = d[n + h] + v[n + h - lag],   h = 1, 2, ...; up to h = lag relative to the latest values known

Errors of forecasts of d accumulate from one lag to the next.
"""

import itertools

import numpy as np

from tsforecast._types import Floats, Ints


def differences(v: Floats, indptr: Ints, lag: int) -> Floats:
    """Differences of every series, ``(n_obs,)``; nan in the first ``lag`` steps and at missing values.

    Examples
    --------
    >>> differences(np.array([1.0, 5.0, 2.0, np.nan, 4.0, 9.0]), np.array([0, 6]), 2)
    array([nan, nan,  1., nan,  2.,  4.])
    """
    return v - values_before(v, indptr, lag)


def with_rows_before(v: Floats, indptr: Ints, before: Floats) -> tuple[Floats, Ints]:
    """Values of all series with those of the row of each of ``before``, ``(n_series, n)``, put before, and the bounds.

    Examples
    --------
    >>> with_rows_before(np.array([2.0, 3.0, 5.0]), np.array([0, 2, 3]), np.array([[1.0], [4.0]]))
    (array([1., 2., 3., 4., 5.]), array([0, 3, 5]))
    """
    n = before.shape[1]
    out = np.insert(v, np.repeat(indptr[:-1], n), before.reshape(-1))
    return out, indptr + n * np.arange(indptr.size)


def values_before(v: Floats, indptr: Ints, lag: int) -> Floats:
    """The last known value whole lags before each observation of its series: ``(n_obs,)``, nan where there is none.

    Examples
    --------
    >>> values_before(np.array([1.0, 5.0, 2.0, np.nan, 4.0, 9.0]), np.array([0, 6]), 2)
    array([nan, nan,  1.,  5.,  2.,  5.])
    """
    return np.concatenate([_last_known(v[a:b], lag)[: b - a] for a, b in itertools.pairwise(indptr)])


def last_values(v: Floats, indptr: Ints, lag: int) -> Floats:
    """The last known value at each of the last ``lag`` steps, or whole lags before: ``(n_series, lag)``, else nan.

    Examples
    --------
    >>> last_values(np.array([1.0, 5.0, 2.0, np.nan, 4.0]), np.array([0, 5]), 2)
    array([[5., 4.]])
    """
    return np.array([_last_known(v[a:b], lag)[-lag:] for a, b in itertools.pairwise(indptr)])


def _last_known(v: Floats, lag: int) -> Floats:
    """The last known value whole lags before each step, and each of ``lag`` steps after the end: ``(n + lag,)``."""
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
    """Cumulative sums of every ``lag``-th entry along the second axis: errors of values from errors of differences.

    Returned unchanged where ``lag`` is 0.

    Examples
    --------
    >>> accumulate(np.array([[1.0, 2.0, 3.0]]), 2)
    array([[1., 2., 4.]])
    """
    out = error.copy()
    for h in range(lag, error.shape[1] if lag else 0):
        out[:, h] += out[:, h - lag]
    return out
