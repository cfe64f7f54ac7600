"""LagTable: rows of features for regressors, from earlier values, the calendar, covariates and static columns."""

import dataclasses

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.models.neural.prepare.static import StaticCode, static_code_of
from tsforecast.panel import Panel
from tsforecast.series.calendar import cycle_of, phases_after, phases_of

_N_HARMONICS = 3
_FURTHEST = 2.0  # ranges beyond all values


@dataclasses.dataclass(frozen=True, eq=False)
class LagTable:
    """How a row of features is made for one target: columns of lags, calendar, covariates, static values.

    Values are relative to the latest lag, over the standard deviation of their series; the latest lag is relative to
    the mean of its series. So is the target, which a regressor thus learns from all series together.

    Attributes
    ----------
    lags : ndarray of int, shape (n_lags,)
        Increasing; lag 1 is the last known value.
    cycle : int
        Steps after which the calendar repeats; 1 for none.
    season_length : int
    centre, spread : ndarray, shape (n_features,)
        Mean and standard deviation of each covariate in training.
    static_code : StaticCode
    """

    lags: Ints
    cycle: int
    season_length: int
    centre: Floats
    spread: Floats
    static_code: StaticCode

    def rows(self, tails: Floats, scale: Floats, phases: Ints, covariates: Floats, static: Floats) -> Floats:
        """Features of one target in each row: ``(n_rows, n_columns)``.

        Parameters
        ----------
        tails : ndarray, shape (n_rows, largest lag)
            Values up to the origin.
        scale : ndarray, shape (n_rows, 2)
            Mean and standard deviation of the series.
        phases : ndarray of int, shape (n_rows,)
            Place of the target in the cycle.
        covariates : ndarray, shape (n_rows, n_features)
            At the time of the target.
        static : ndarray, shape (n_rows, n_static)
            Encoded.
        """
        latest = self.latest(tails)
        earlier = tails[:, tails.shape[1] - self.lags[1:]]
        lagged = (earlier - latest[:, None]) / scale[:, 1:]
        columns = [((latest - scale[:, 0]) / scale[:, 1])[:, None], lagged, self._waves(phases)]
        return np.column_stack([*columns, (covariates - self.centre) / self.spread, static])

    def latest(self, tails: Floats) -> Floats:
        """The value that a row is relative to, that of the smallest lag: ``(n_rows,)``."""
        return np.asarray(tails[:, tails.shape[1] - self.lags[0]])

    def training(self, panel: Panel, step: int) -> tuple[Floats, Floats]:
        """Features and targets of all origins whose value ``step`` steps ahead is known: two arrays of ``n_rows``."""
        values, scale = filled(panel), scale_of(panel)
        phases = phases_of(panel.times, panel.freq, self.cycle)
        static = self.static_code.encode(panel)
        table = np.empty((panel.n_obs, 0)) if panel.covariates is None else panel.covariates
        features, targets = [], []
        for i, (begin, end) in enumerate(zip(panel.indptr[:-1], panel.indptr[1:], strict=True)):
            n_rows = end - begin - self.lags[-1] - step + 1
            if n_rows < 1:
                continue
            tails = np.lib.stride_tricks.sliding_window_view(values[begin:end], self.lags[-1])[:n_rows]
            target = panel.values[end - n_rows : end]
            known = np.isfinite(target) & np.isfinite(tails).all(axis=1)
            of_series = np.tile(scale[i], (known.sum(), 1))
            ahead = np.arange(end - n_rows, end)[known]
            rows = self.rows(tails[known], of_series, phases[ahead], table[ahead], np.tile(static[i], (known.sum(), 1)))
            features.append(rows)
            targets.append((target[known] - self.latest(tails[known])) / of_series[:, 1])
        width = self.rows(np.zeros((0, self.lags[-1])), np.ones((0, 2)), phases[:0], table[:0], static[:0]).shape[1]
        return np.concatenate([np.empty((0, width)), *features]), np.concatenate([np.empty(0), *targets])

    def future_phases(self, panel: Panel, horizon: int) -> Ints:
        """Places of the steps after each series in the cycle: ``(n_series, horizon)``."""
        return phases_after(panel.last_times, horizon, panel.freq, self.cycle)

    def _waves(self, phases: Ints) -> Floats:
        """Sines and cosines of the first harmonics of the season, and of the cycle: ``(n_rows, 2 * n_periods)``."""
        lengths = sorted({self.season_length, self.cycle})
        periods = [n / k for n in lengths for k in range(1, min(_N_HARMONICS, n // 2) + 1)]
        angles = 2 * np.pi * phases[:, None] / np.array(periods)
        return np.column_stack([np.sin(angles), np.cos(angles)])


def lag_table(panel: Panel, lags: Ints, season_length: int, *, calendar: bool) -> LagTable:
    """The table for a training panel, with the mean and spread of its covariates."""
    cycle = cycle_of(panel.freq, season_length) if calendar else 1
    known = np.empty((1, 0)) if panel.covariates is None else panel.covariates
    spread = known.std(axis=0)
    centre, spread = known.mean(axis=0), np.where(spread > 0, spread, 1.0)
    return LagTable(lags, cycle, season_length if calendar else 1, centre, spread, static_code_of(panel))


def filled(panel: Panel) -> Floats:
    """Values with each missing one replaced by the last before it in its series: ``(n_obs,)``.

    Examples
    --------
    >>> filled(Panel.from_array(np.array([np.nan, 1.0, np.nan, 3.0])))
    array([nan,  1.,  1.,  3.])
    """
    rows = np.where(np.isnan(panel.values), -1, np.arange(panel.n_obs))
    begin = np.repeat(panel.indptr[:-1], panel.lengths)
    last = np.maximum.accumulate(rows)
    return np.where(last >= begin, panel.values[np.maximum(last, 0)], np.nan)


def scale_of(panel: Panel) -> Floats:
    """Mean and standard deviation of the known values of each series, 1 where all are the same: ``(n_series, 2)``."""
    known = ~np.isnan(panel.values)
    n = np.maximum(np.add.reduceat(known.astype(np.float64), panel.indptr[:-1]), 1.0)
    mean = np.add.reduceat(np.where(known, panel.values, 0.0), panel.indptr[:-1]) / n
    off = np.where(known, panel.values - np.repeat(mean, panel.lengths), 0.0)
    spread = np.sqrt(np.add.reduceat(off**2, panel.indptr[:-1]) / n)
    return np.column_stack([mean, np.where(spread > 1e-12 * np.abs(mean), spread, 1.0)])


def reach_of(panel: Panel) -> Floats:
    """Lowest and highest forecast of each series, twice the range of its known values beyond these: ``(n_series, 2)``.

    Examples
    --------
    >>> reach_of(Panel.from_array(np.array([1.0, 4.0, np.nan, 2.0])))
    array([[-5., 10.]])
    """
    low = np.fmin.reduceat(panel.values, panel.indptr[:-1])
    high = np.fmax.reduceat(panel.values, panel.indptr[:-1])
    return np.column_stack([low - _FURTHEST * (high - low), high + _FURTHEST * (high - low)])
