"""Naive, SeasonalNaive, Drift and HistoricAverage: what every model must beat.

Point forecasts and interval widths are those of Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*
(3rd ed., 2021), sections 5.2 and 5.5, table 5.2. Intervals are normal, with sigma the residual standard deviation
``sqrt(sum(e**2) / (T - K - M))`` of their equation 5.1: T observations, K parameters, M residuals that cannot be had.
Missing values are passed over: the last observation is the last that is there, and residuals are those that can be had.
"""

from abc import abstractmethod

import numpy as np
from scipy import stats

from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel


class _Textbook(BaseForecaster):
    """A benchmark method: a mean and a standard deviation for each step, from the values of one series."""

    handles_missing = True

    def _fit(self, panel: Panel) -> None:
        self._check(panel)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        self._check(panel)
        pairs = [self._moments(panel.series(i), horizon, panel) for i in range(panel.n_series)]
        mean = np.stack([m for m, _ in pairs])  # (n_series, horizon)
        spread = np.stack([s for _, s in pairs])
        quantiles = mean[:, :, None] + spread[:, :, None] * stats.norm.ppf(levels)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _check(self, panel: Panel) -> None:
        needed = self._needed(panel)
        present = np.add.reduceat(~np.isnan(panel.values), panel.indptr[:-1])  # (n_series,)
        short = present < needed
        if short.any():
            i = int(np.argmax(short))
            raise SeriesTooShortError(
                f"Series {panel.ids[i]!r} has {present[i]} observations; {type(self).__name__} needs at least {needed}."
            )

    def _needed(self, panel: Panel) -> int:
        return 2

    @abstractmethod
    def _moments(self, y: Floats, horizon: int, panel: Panel) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each step: ``(n_obs,)`` -> two ``(horizon,)``."""


class Naive(_Textbook):
    """The last observation, at every step; sigma_h = sigma * sqrt(h).

    Needs two observations. A constant series has intervals of zero width.

    Examples
    --------
    >>> Naive().fit([3.0, 1.0, 2.0]).predict(2)
    array([2., 2.])
    """

    def _moments(self, y: Floats, horizon: int, panel: Panel) -> tuple[Floats, Floats]:
        last = np.flatnonzero(~np.isnan(y))[-1]
        steps = np.arange(1, horizon + 1) + y.size - 1 - last
        return np.full(horizon, y[last]), _rms(np.diff(y)) * np.sqrt(steps)


class SeasonalNaive(_Textbook):
    """The last observation of the same season; sigma_h = sigma * sqrt(k + 1), k = (h - 1) // season_length.

    Needs ``season_length + 1`` observations. A season whose last value is missing is forecast by the one
    before, with k one larger.

    Parameters
    ----------
    season_length : int, optional
        Steps per season; what is usual for the frequency (12 for months) where it is None.

    Examples
    --------
    >>> SeasonalNaive(season_length=2).fit([1.0, 5.0, 2.0, 6.0]).predict(3)
    array([2., 6., 2.])
    """

    def __init__(self, season_length: int | None = None) -> None:
        self.season_length = season_length

    def _season(self, panel: Panel) -> int:
        if self.season_length is None:
            return panel.season_length
        if self.season_length < 1:
            raise ParameterError(f"season_length={self.season_length} is not a whole number of steps, at least 1.")
        return self.season_length

    def _needed(self, panel: Panel) -> int:
        return self._season(panel) + 1

    def _moments(self, y: Floats, horizon: int, panel: Panel) -> tuple[Floats, Floats]:
        season = self._season(panel)
        sigma = _rms(y[season:] - y[:-season])
        grid = np.concatenate([np.full(-y.size % season, np.nan), y]).reshape(-1, season)[::-1]  # newest season first
        age = np.argmax(~np.isnan(grid), axis=0)  # (season,): seasons since a phase was last seen
        phase, later = np.arange(horizon) % season, np.arange(horizon) // season
        return grid[age, np.arange(season)][phase], sigma * np.sqrt(age[phase] + later + 1)


class Drift(_Textbook):
    """The line through the first and the last observation; sigma_h = sigma * sqrt(h * (1 + h / (T - 1))).

    Needs three observations.

    Examples
    --------
    >>> Drift().fit([1.0, 2.0, 5.0]).predict(2)
    array([7., 9.])
    """

    def _needed(self, panel: Panel) -> int:
        return 3

    def _moments(self, y: Floats, horizon: int, panel: Panel) -> tuple[Floats, Floats]:
        h = np.arange(1, horizon + 1)
        first, *_, last = np.flatnonzero(~np.isnan(y))
        slope = (y[last] - y[first]) / (last - first)
        sigma = _rms(np.diff(y) - slope, n_parameters=1)
        steps = h + y.size - 1 - last
        return y[last] + slope * steps, sigma * np.sqrt(steps * (1 + steps / (last - first)))


class HistoricAverage(_Textbook):
    """The mean of all observations; sigma_h = sigma * sqrt(1 + 1 / T).

    Needs two observations.

    Examples
    --------
    >>> HistoricAverage().fit([1.0, 2.0, 6.0]).predict(2)
    array([3., 3.])
    """

    def _moments(self, y: Floats, horizon: int, panel: Panel) -> tuple[Floats, Floats]:
        present = y[~np.isnan(y)]
        sigma = _rms(present - present.mean(), n_parameters=1)
        return np.full(horizon, present.mean()), np.full(horizon, sigma * np.sqrt(1 + 1 / present.size))


def _rms(residuals: Floats, n_parameters: int = 0) -> float:
    """Residual standard deviation, of those residuals that are there; nan where they are too few to tell."""
    degrees = int(np.count_nonzero(~np.isnan(residuals))) - n_parameters
    return float(np.sqrt(np.nansum(residuals**2) / degrees)) if degrees > 0 else float("nan")
