"""Naive, SeasonalNaive, Drift and HistoricAverage: simple benchmarks that a model should beat.

Point forecasts and interval widths are those of Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*
(3rd ed., 2021), sections 5.2 and 5.5, table 5.2. Intervals are normal, with sigma the residual standard deviation
``sqrt(sum(e**2) / (T - K - M))`` of their equation 5.1: T observations, K parameters, M residuals that are not
available. Missing values are ignored: the last observation is the last known one, and only available residuals count.

All series of a panel are forecast at once, by sums over the segments of its array of values.
"""

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy import stats

from tsforecast._bounds import Bounds
from tsforecast._one_step import OneStep
from tsforecast._types import Bools, Floats, Ints
from tsforecast.base import BaseForecaster
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.too_short import check_lengths
from tsforecast.panel.whole_numbers import whole_number
from tsforecast.series.benchmark_steps import average_steps, drift_steps, walk_steps
from tsforecast.series.running import Moments, season_moved


@dataclasses.dataclass(frozen=True, eq=False)
class SeriesEnds:
    """What a benchmark knows at the ends of the series.

    Attributes
    ----------
    values : ndarray, shape (n_series, season_length)
        The last known value of each phase of the season, or one level for each series.
    ages : ndarray of int, shape (n_series, season_length)
        How old they are: in seasons, or, of one last value, in steps; 0 for a mean.
    slope : ndarray, shape (n_series,)
        Change of the level in a step.
    size : ndarray of int, shape (n_series,)
        Steps or observations that slope or mean were estimated from.
    """

    values: Floats
    ages: Ints
    slope: Floats
    size: Ints

    def take(self, positions: Ints) -> "SeriesEnds":
        """The ends of some series, in the order given."""
        return SeriesEnds(self.values[positions], self.ages[positions], self.slope[positions], self.size[positions])

    def replaced(self, positions: Ints, others: "SeriesEnds") -> "SeriesEnds":
        """The ends with those of some series replaced."""
        values, ages, slope, size = self.values.copy(), self.ages.copy(), self.slope.copy(), self.size.copy()
        values[positions], ages[positions] = others.values, others.ages
        slope[positions], size[positions] = others.slope, others.size
        return SeriesEnds(values, ages, slope, size)

    def steps(self, h: Ints) -> Ints:
        """Steps from the last known observation to each step of the horizon: ``(n_series, horizon)``."""
        return h + self.ages[:, :1]


class _Textbook(BaseForecaster):
    """Base of the benchmarks: normal forecasts with a mean and a standard deviation for each series and step.

    Learnt attributes
    -----------------
    ends_ : tuple of SeriesEnds and ndarray
        After loading or `update`, in place of the series: their ends, and residual standard deviations ``(n_series,)``.
    moments_ : Moments
        With them, of what residuals are made of: changes over a season, or values.
    """

    handles_missing = True
    ends_: tuple[SeriesEnds, Floats]
    moments_: Moments

    def __init__(self, *, nonnegative: bool = False, bounds: Bounds = None) -> None:
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _fit(self, panel: Panel) -> None:
        self._check(panel)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        ends = self._ends_of(panel)
        h = np.arange(1, horizon + 1)
        mean = self._mean(ends, h)
        quantiles = np.empty((*mean.shape, levels.size))
        if levels.size:
            spread = self._spread(ends, self._sigma_of(panel), h)
            quantiles = mean[:, :, None] + spread[:, :, None] * stats.norm.ppf(levels)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        ends = self._ends_of(panel)
        h = np.arange(1, horizon + 1)
        z = np.stack([rng.normal(size=(n_paths, horizon + 1)) for rng in rngs])
        errors = self._sigma_of(panel)[:, None, None] * self._errors(ends, z[:, :, :-1], z[:, :, -1:])
        return self._mean(ends, h)[:, None, :] + errors

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        mean, sd = self._steps(panel)
        return OneStep(mean, mean[:, None] + sd[:, None] * stats.norm.ppf(levels))

    def _condense(self, panel: Panel) -> tuple[Self, Bools]:
        short = copy.copy(self)
        short.ends_ = self._ends_of(panel), self._sigma_of(panel)
        if panel.left_out is None:
            short.moments_ = Moments.of(self._measured(panel), panel.indptr)
        return short, np.zeros(panel.n_series, dtype=np.bool_)

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools]:
        short, whole = self._condense(panel)
        of = self.panel_.positions(news.ids)
        ends, sigma = short.ends_[0], short.ends_[1].copy()
        later, measured = self._ends_after(ends.take(of), news)
        short.moments_ = short.moments_.merged(Moments.of(measured, news.indptr), of)
        moved = ends.replaced(of, self._ends_with(later, short.moments_.take(of)))
        sigma[of] = self._sigma_with(moved.take(of), short.moments_.take(of))
        short.ends_ = moved, sigma
        return short, whole

    def _ends_after(self, ends: SeriesEnds, news: Panel) -> tuple[SeriesEnds, Floats]:
        """Ends of the series moved on by the news, but for slope and mean, and what `moments_` are of, ``(n_obs,)``."""
        values, ages, changes = ends.values.copy(), ends.ages.copy(), np.empty(news.n_obs)
        for i in range(news.n_series):
            own = slice(news.indptr[i], news.indptr[i + 1])
            values[i], ages[i], changes[own] = season_moved(values[i], ages[i], news.values[own])
        return SeriesEnds(values, ages, ends.slope, ends.size + news.n_present), changes

    def _ends_with(self, ends: SeriesEnds, moments: Moments) -> SeriesEnds:
        """Ends with slope and mean."""
        return ends

    def _sigma_with(self, ends: SeriesEnds, moments: Moments) -> Floats:
        """Residual standard deviations from moments: ``(n_series,)``."""
        return _over(moments.about(np.zeros(moments.count.size)), moments.count)

    def _ends_of(self, panel: Panel) -> SeriesEnds:
        if panel.left_out is not None:
            return self.ends_[0].take(self.panel_.positions(panel.ids))
        self._check(panel)
        return self._ends(panel)

    def _sigma_of(self, panel: Panel) -> Floats:
        if panel.left_out is not None:
            return self.ends_[1][self.panel_.positions(panel.ids)]
        return self._sigma(panel)

    def _check(self, panel: Panel) -> None:
        needed = self.min_observations(panel)
        check_lengths(panel.ids, panel.n_present, needed, f"{type(self).__name__} needs at least {needed}")

    def min_observations(self, panel: Panel) -> int:
        """Two."""
        return 2

    @abstractmethod
    def _ends(self, panel: Panel) -> SeriesEnds:
        """What is known at the ends of the series."""

    @abstractmethod
    def _sigma(self, panel: Panel) -> Floats:
        """Residual standard deviations: ``(n_series,)``."""

    def _measured(self, panel: Panel) -> Floats:
        """What residuals are made of: ``(n_obs,)``, nan where there is none; changes in a step."""
        return _changes(panel, 1)

    @abstractmethod
    def _mean(self, ends: SeriesEnds, h: Ints) -> Floats:
        """Mean of the steps ``h``, ``(horizon,)``: ``(n_series, horizon)``."""

    @abstractmethod
    def _spread(self, ends: SeriesEnds, sigma: Floats, h: Ints) -> Floats:
        """Standard deviation of the steps ``h``, ``(horizon,)``: ``(n_series, horizon)``."""

    @abstractmethod
    def _steps(self, panel: Panel) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each observation given those before it: two ``(n_obs,)``."""

    @abstractmethod
    def _errors(self, ends: SeriesEnds, a: Floats, b: Floats) -> Floats:
        """Errors of paths over sigma, ``(n_series, n_paths, horizon)``, with the covariance that the method implies.

        They are computed from independent standard normal innovations ``a``, of the same shape, and ``b``, ``(n_series,
        n_paths, 1)``, which represents the estimation error.
        """


class Naive(_Textbook):
    """The last observation, at every step; sigma_h = sigma * sqrt(h).

    Needs two observations. A constant series has intervals of zero width.

    Parameters
    ----------
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> Naive().fit([3.0, 1.0, 2.0]).predict(2)
    array([2., 2.])
    """

    def _ends(self, panel: Panel) -> SeriesEnds:
        values, ages = _last(panel)
        return SeriesEnds(values, ages, np.zeros(panel.n_series), panel.n_present)

    def _sigma(self, panel: Panel) -> Floats:
        return _rms(_changes(panel, 1), panel)

    def _mean(self, ends: SeriesEnds, h: Ints) -> Floats:
        return np.repeat(ends.values, h.size, axis=1)

    def _spread(self, ends: SeriesEnds, sigma: Floats, h: Ints) -> Floats:
        return sigma[:, None] * np.sqrt(ends.steps(h))

    def _steps(self, panel: Panel) -> tuple[Floats, Floats]:
        return walk_steps(panel, 1)

    def _errors(self, ends: SeriesEnds, a: Floats, b: Floats) -> Floats:
        return _walks(a, ends.steps(np.ones(1, dtype=np.int64)))


class SeasonalNaive(_Textbook):
    """The last observation of the same season; sigma_h = sigma * sqrt(k + 1), k = (h - 1) // season_length.

    Needs ``season_length + 1`` observations. Where the last value of a season is missing, the one before is used, with
    k one larger.

    Parameters
    ----------
    season_length : int, optional
        Steps per season; what is usual for the frequency (12 for months) where it is None.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> SeasonalNaive(season_length=2).fit([1.0, 5.0, 2.0, 6.0]).predict(3)
    array([2., 6., 2.])
    """

    def __init__(self, season_length: int | None = None, *, nonnegative: bool = False, bounds: Bounds = None) -> None:
        self.season_length = season_length
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _season(self, panel: Panel) -> int:
        if self.season_length is None:
            return panel.season_length
        return whole_number("season_length", self.season_length, what="a whole number of steps")

    def min_observations(self, panel: Panel) -> int:
        """One season plus one."""
        return self._season(panel) + 1

    def _ends(self, panel: Panel) -> SeriesEnds:
        season = self._season(panel)
        place = panel.indptr[1:, None] - season + np.arange(season)
        age = np.zeros_like(place)
        while (lost := np.isnan(panel.values[place]) & (place - season >= panel.indptr[:-1, None])).any():
            place, age = place - season * lost, age + lost
        return SeriesEnds(panel.values[place], age, np.zeros(panel.n_series), panel.n_present)

    def _sigma(self, panel: Panel) -> Floats:
        return _rms(self._measured(panel), panel)

    def _measured(self, panel: Panel) -> Floats:
        return _changes(panel, self._season(panel))

    def _mean(self, ends: SeriesEnds, h: Ints) -> Floats:
        return ends.values[:, (h - 1) % ends.values.shape[1]]

    def _spread(self, ends: SeriesEnds, sigma: Floats, h: Ints) -> Floats:
        season = ends.values.shape[1]
        k = ends.ages[:, (h - 1) % season] + (h - 1) // season
        return sigma[:, None] * np.sqrt(k + 1)

    def _steps(self, panel: Panel) -> tuple[Floats, Floats]:
        return walk_steps(panel, self._season(panel))

    def _errors(self, ends: SeriesEnds, a: Floats, b: Floats) -> Floats:
        return _walks(a, ends.ages + 1)


class Drift(_Textbook):
    """The line through the first and the last observation; sigma_h = sigma * sqrt(h * (1 + h / (T - 1))).

    Needs three observations.

    Parameters
    ----------
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> Drift().fit([1.0, 2.0, 5.0]).predict(2)
    array([7., 9.])
    """

    def min_observations(self, panel: Panel) -> int:
        """Three."""
        return 3

    def _ends(self, panel: Panel) -> SeriesEnds:
        values, ages = _last(panel)
        return SeriesEnds(values, ages, _slope(panel), _span(panel))

    def _sigma(self, panel: Panel) -> Floats:
        residuals = _changes(panel, 1) - np.repeat(_slope(panel), panel.lengths)
        return _rms(residuals, panel, n_parameters=1)

    def _ends_after(self, ends: SeriesEnds, news: Panel) -> tuple[SeriesEnds, Floats]:
        later, changes = super()._ends_after(ends, news)
        first = ends.values[:, 0] - ends.slope * ends.size
        size = ends.size + news.lengths + ends.ages[:, 0] - later.ages[:, 0]
        return SeriesEnds(later.values, later.ages, (later.values[:, 0] - first) / size, size), changes

    def _sigma_with(self, ends: SeriesEnds, moments: Moments) -> Floats:
        return _over(moments.about(ends.slope), moments.count - 1)

    def _mean(self, ends: SeriesEnds, h: Ints) -> Floats:
        return ends.values + ends.slope[:, None] * ends.steps(h)

    def _spread(self, ends: SeriesEnds, sigma: Floats, h: Ints) -> Floats:
        steps = ends.steps(h)
        return sigma[:, None] * np.sqrt(steps * (1 + steps / ends.size[:, None]))

    def _steps(self, panel: Panel) -> tuple[Floats, Floats]:
        return drift_steps(panel)

    def _errors(self, ends: SeriesEnds, a: Floats, b: Floats) -> Floats:
        steps = ends.steps(np.arange(1, a.shape[2] + 1))
        of_slope = b / np.sqrt(ends.size)[:, None, None]
        return _walks(a, steps[:, :1]) + of_slope * steps[:, None, :]


class HistoricAverage(_Textbook):
    """The mean of all observations; sigma_h = sigma * sqrt(1 + 1 / T).

    Needs two observations.

    Parameters
    ----------
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> HistoricAverage().fit([1.0, 2.0, 6.0]).predict(2)
    array([3., 3.])
    """

    def _ends(self, panel: Panel) -> SeriesEnds:
        nothing = np.zeros(panel.n_series)
        return SeriesEnds(_average(panel)[:, None], np.zeros((panel.n_series, 1), np.int64), nothing, panel.n_present)

    def _sigma(self, panel: Panel) -> Floats:
        return _rms(panel.values - np.repeat(_average(panel), panel.lengths), panel, n_parameters=1)

    def _measured(self, panel: Panel) -> Floats:
        return panel.values

    def _ends_after(self, ends: SeriesEnds, news: Panel) -> tuple[SeriesEnds, Floats]:
        return SeriesEnds(ends.values, ends.ages, ends.slope, ends.size + news.n_present), news.values

    def _ends_with(self, ends: SeriesEnds, moments: Moments) -> SeriesEnds:
        return SeriesEnds(moments.mean[:, None], ends.ages, ends.slope, ends.size)

    def _sigma_with(self, ends: SeriesEnds, moments: Moments) -> Floats:
        return _over(moments.squares, moments.count - 1)

    def _mean(self, ends: SeriesEnds, h: Ints) -> Floats:
        return ends.values * np.ones(h.size)

    def _spread(self, ends: SeriesEnds, sigma: Floats, h: Ints) -> Floats:
        return (sigma * np.sqrt(1 + 1 / ends.size))[:, None] * np.ones(h.size)

    def _steps(self, panel: Panel) -> tuple[Floats, Floats]:
        return average_steps(panel)

    def _errors(self, ends: SeriesEnds, a: Floats, b: Floats) -> Floats:
        return a + b / np.sqrt(ends.size)[:, None, None]


def _walks(a: Floats, steps: Ints) -> Floats:
    """Random walks, one for each phase of a season, from innovations ``(n_series, n_paths, horizon)``: same shape.

    ``steps``, ``(n_series, season_length)``, is the number of seasonal steps that the first innovation of each phase
    covers.
    """
    season = steps.shape[1]
    walks = a.copy()
    walks[:, :, :season] *= np.sqrt(steps)[:, None, : a.shape[2]]
    for h in range(season, a.shape[2]):
        walks[:, :, h] += walks[:, :, h - season]
    return walks


def _span(panel: Panel) -> Ints:
    """Steps from the first to the last known observation: ``(n_series,)``."""
    return _last_present(panel) - _first_present(panel)


def _slope(panel: Panel) -> Floats:
    """Mean change per step from the first to the last known observation: ``(n_series,)``."""
    return (panel.values[_last_present(panel)] - panel.values[_first_present(panel)]) / _span(panel)


def _last(panel: Panel) -> tuple[Floats, Ints]:
    """The last known value of each series, and how many steps before the end it lies: two ``(n_series, 1)``."""
    place = _last_present(panel)
    return panel.values[place][:, None], (panel.indptr[1:] - 1 - place)[:, None]


def _average(panel: Panel) -> Floats:
    return _sum(panel.values, panel) / panel.n_present


def _changes(panel: Panel, lag: int) -> Floats:
    """``y[t] - y[t - lag]`` within each series, nan for its first ``lag`` steps: ``(n_obs,)``."""
    out = np.full(panel.n_obs, np.nan)
    out[lag:] = panel.values[lag:] - panel.values[:-lag]
    age = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    out[age < lag] = np.nan
    return out


def _rms(residuals: Floats, panel: Panel, n_parameters: int = 0) -> Floats:
    """Standard deviations of the known residuals, nan where there are too few: ``(n_series,)``."""
    with np.errstate(over="ignore"):  # predict refuses forecasts that are not finite
        squares = _sum(residuals**2, panel)
    return _over(squares, _count(residuals, panel) - n_parameters)


def _over(squares: Floats, degrees: Ints) -> Floats:
    """Standard deviations from sums of squares, nan where there are too few degrees of freedom: ``(n_series,)``."""
    out: Floats = np.sqrt(squares / np.where(degrees > 0, degrees, np.nan))
    return out


def _sum(values: Floats, panel: Panel) -> Floats:
    return np.add.reduceat(np.nan_to_num(values, nan=0.0), panel.indptr[:-1])


def _count(values: Floats, panel: Panel) -> Ints:
    return np.add.reduceat((~np.isnan(values)).astype(np.int64), panel.indptr[:-1])


def _last_present(panel: Panel) -> Ints:
    place = np.where(np.isnan(panel.values), -1, np.arange(panel.n_obs))
    return np.maximum.reduceat(place, panel.indptr[:-1])


def _first_present(panel: Panel) -> Ints:
    place = np.where(np.isnan(panel.values), panel.n_obs, np.arange(panel.n_obs))
    return np.minimum.reduceat(place, panel.indptr[:-1])
