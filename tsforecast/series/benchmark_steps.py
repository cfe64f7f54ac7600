"""One-step forecasts of the simple benchmarks at every observation: means and standard deviations in one pass.

They are those of `tsforecast.models.naive` from the observations before, with the sums that these need kept running.
"""

import itertools

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.panel import Panel


def walk_steps(panel: Panel, lag: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation of `Naive` (``lag=1``) or `SeasonalNaive` at each observation: two ``(n_obs,)``.

    Examples
    --------
    >>> walk_steps(Panel.from_array(np.array([1.0, 3.0, 2.0, 5.0])), 1)[0]
    array([nan,  1.,  3.,  2.])
    """
    rows = rows_before(panel, lag)
    variance = _over(_running(_changes(panel, lag) ** 2, panel), _known_before(_changes(panel, lag), panel))
    seasons = (np.arange(panel.n_obs) - rows) // lag
    return _at(panel.values, rows), np.sqrt(variance * seasons)


def drift_steps(panel: Panel) -> tuple[Floats, Floats]:
    """Mean and standard deviation of `Drift` at each observation: two ``(n_obs,)``.

    Examples
    --------
    >>> drift_steps(Panel.from_array(np.array([1.0, 3.0, 2.0, 5.0])))[0]
    array([nan, nan, 5. , 2.5])
    """
    rows, first = rows_before(panel, 1), _first_known(panel)
    size = (rows - first).astype(np.float64)
    size[rows <= first] = np.nan
    last = _at(panel.values, rows)
    slope = (last - panel.values[first]) / size
    steps = np.arange(panel.n_obs) - rows
    changes = _changes(panel, 1)
    centre = _means(changes, panel)  # taken off, so that little is lost where the slope is steep
    off, count = slope - centre, _known_before(changes, panel)
    total, squares = _running(changes - centre, panel), _running((changes - centre) ** 2, panel)
    variance = _over(np.maximum(squares - 2 * off * total + count * off**2, 0.0), count - 1)
    return last + slope * steps, np.sqrt(variance * steps * (1 + steps / size))


def average_steps(panel: Panel) -> tuple[Floats, Floats]:
    """Mean and standard deviation of `HistoricAverage` at each observation: two ``(n_obs,)``.

    Examples
    --------
    >>> average_steps(Panel.from_array(np.array([1.0, 3.0, 2.0, 5.0])))[0]
    array([nan,  1.,  2.,  2.])
    """
    centre = _means(panel.values, panel)
    count = _known_before(panel.values, panel)
    away = _over(_running(panel.values - centre, panel), count)
    squares = _running((panel.values - centre) ** 2, panel)
    variance = _over(np.maximum(squares - count * away**2, 0.0), count - 1)
    return centre + away, np.sqrt(variance * (1 + 1 / np.maximum(count, 1)))


def rows_before(panel: Panel, lag: int) -> Ints:
    """Row of the last known value whole lags before each observation, -1 where there is none: ``(n_obs,)``.

    Examples
    --------
    >>> rows_before(Panel.from_array(np.array([1.0, 3.0, np.nan, 5.0, 4.0, 2.0])), 2)
    array([-1, -1,  0,  1,  0,  3])
    """
    out = np.full(panel.n_obs, -1)
    known = np.where(np.isnan(panel.values), -1, np.arange(panel.n_obs))
    for begin, stop in itertools.pairwise(panel.indptr.tolist()):
        n = stop - begin
        table = np.full((-(-n // lag), lag), -1)
        table.reshape(-1)[:n] = known[begin:stop]
        latest = np.maximum.accumulate(table, axis=0).reshape(-1)
        out[begin + lag : stop] = latest[: max(n - lag, 0)]
    return out


def _at(values: Floats, rows: Ints) -> Floats:
    return np.where(rows >= 0, values[rows], np.nan)


def _over(total: Floats, count: Ints) -> Floats:
    return total / np.where(count > 0, count, np.nan)


def _first_known(panel: Panel) -> Ints:
    """Row of the first known value of each series, at every observation: ``(n_obs,)``; the last row where none is."""
    place = np.where(np.isnan(panel.values), panel.n_obs - 1, np.arange(panel.n_obs))
    return np.repeat(np.minimum.reduceat(place, panel.indptr[:-1]), panel.lengths)


def _changes(panel: Panel, lag: int) -> Floats:
    """``y[t] - y[t - lag]`` within each series, nan for its first ``lag`` steps: ``(n_obs,)``."""
    out = np.full(panel.n_obs, np.nan)
    age = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    later = np.flatnonzero(age >= lag)
    out[later] = panel.values[later] - panel.values[later - lag]
    return out


def _means(values: Floats, panel: Panel) -> Floats:
    """Mean of the known values of each series, 0 where there are none, at every observation: ``(n_obs,)``."""
    total = np.add.reduceat(np.nan_to_num(values, nan=0.0), panel.indptr[:-1])
    count = np.add.reduceat((~np.isnan(values)).astype(np.int64), panel.indptr[:-1])
    return np.repeat(total / np.maximum(count, 1), panel.lengths)


def _running(values: Floats, panel: Panel) -> Floats:
    """Sum of the known values before each observation in its series: ``(n_obs,)``."""
    filled, out = np.nan_to_num(values, nan=0.0), np.zeros(panel.n_obs)
    for begin, stop in itertools.pairwise(panel.indptr.tolist()):
        np.cumsum(filled[begin : stop - 1], out=out[begin + 1 : stop])
    return out


def _known_before(values: Floats, panel: Panel) -> Ints:
    """Number of known values before each observation in its series: ``(n_obs,)``."""
    return np.asarray(_running(np.where(np.isnan(values), 0.0, 1.0), panel), dtype=np.int64)
