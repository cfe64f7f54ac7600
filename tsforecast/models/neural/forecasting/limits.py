"""Limits of forecasts: bounds from the history of each series, in its own unit, for any weights of a network."""

import dataclasses
from typing import Any, Self

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.kernels.series.extent import widest_ranges
from tsforecast.models.neural.forecasting.quiet_end import Silence, silence_of
from tsforecast.panel import Panel

_POINT = 2.0  # largest distance of a point forecast from the last value, in widest ranges, outside of past values ...
_BOUND = 4.0  # ... and of a quantile
_RESOLUTION = 1e-11  # times the largest value: smaller ranges are rounding errors
_HUGE = 1e300
MOST_DOUBLINGS = 40  # of steps: more than any forecast has
_INNER, _OUTER = 0.1, 0.9  # levels of the quantiles between which every point forecast lies


@dataclasses.dataclass(frozen=True, eq=False)
class Limits:
    """Bounds of the forecasts of each series.

    A point forecast lies between the smallest and the largest past value, or no further from the last value than twice
    the widest range of the series within as many steps; a quantile no further than four times that range. For more
    steps than the series has, its whole range is extrapolated linearly.

    Attributes
    ----------
    low, high, last : ndarray, shape (n_series,)
        Smallest, largest and last value.
    reach : ndarray, shape (n_series, horizon)
        Widest range within so many steps.
    positive : ndarray of bool, shape (n_series,)
        Series whose forecasts are not below zero.
    silence : Silence
        Zeros at the ends of the series.
    """

    low: Floats
    high: Floats
    last: Floats
    reach: Floats
    positive: Bools
    silence: Silence

    def without_floor(self) -> Self:
        """The same limits, but forecasts of series without negative values may be negative: a caller sees to these."""
        silence = dataclasses.replace(self.silence, smallest=np.zeros_like(self.silence.smallest))
        return dataclasses.replace(self, positive=np.zeros_like(self.positive), silence=silence)

    def of_points(self, points: Floats, *, medians: bool) -> Floats:
        """Point forecasts ``(n_series, horizon)`` within the limits; 0 for medians of series that are mostly zero."""
        inside = self._within(points, _POINT * self.reach)
        return self.silence.of_points(inside, medians=medians)

    def of_quantiles(self, quantiles: Floats, levels: Floats, points: Floats, *, medians: bool) -> Floats:
        """Quantiles ``(n_series, horizon, n_levels)`` within the limits and consistent with the point forecasts.

        A point forecast lies between the quantiles at 0.1 and 0.9, and a median is the one at 0.5.
        """
        quantiles = self._within(quantiles, _BOUND * self.reach[:, :, None])
        quantiles = self.silence.of_quantiles(quantiles, levels)
        inner, outer = (0.5, 0.5) if medians else (_INNER, _OUTER)
        points = points[:, :, None]
        quantiles = np.where(levels <= inner, np.minimum(quantiles, points), quantiles)
        return np.asarray(np.where(levels >= outer, np.maximum(quantiles, points), quantiles))

    def _within(self, values: Floats, reach: Floats) -> Floats:
        """Values ``(n_series, horizon, ...)`` clipped to the range of the series and ``reach`` about its last value."""
        shape = (-1, *(1,) * (values.ndim - 1))
        low, high, last, positive = (a.reshape(shape) for a in (self.low, self.high, self.last, self.positive))
        least = np.minimum(low, last - reach)
        return np.clip(values, np.where(positive, np.maximum(least, 0.0), least), np.maximum(high, last + reach))


@dataclasses.dataclass(frozen=True, eq=False)
class Extent:
    """How far the values of each series go, from which limits for any number of steps follow.

    Attributes
    ----------
    low, high, last, lengths : ndarray, shape (n_series,)
        Smallest, largest and last value, and observations.
    ranges : ndarray, shape (n_series, n_doublings)
        Widest range within 1, 2, 4, … steps.
    positive : ndarray of bool, shape (n_series,)
    silence : Silence
    """

    low: Floats
    high: Floats
    last: Floats
    lengths: Ints
    ranges: Floats
    positive: Bools
    silence: Silence

    def take(self, positions: Ints) -> "Extent":
        """The extent of some series, in the order given."""
        rows: dict[str, Any] = {
            f.name: getattr(self, f.name)[positions] for f in dataclasses.fields(self) if f.name != "silence"
        }
        return Extent(**rows, silence=self.silence.take(positions))

    def limits(self, horizon: int) -> Limits:
        """The limits of the next ``horizon`` steps."""
        low, high = self.low, self.high
        steps = np.arange(1, horizon + 1) / np.maximum(self.lengths - 1, 1)[:, None]
        reach = np.minimum(_reach(self.ranges, horizon), (high - low)[:, None] * np.maximum(steps, 1.0))
        reach = np.maximum(reach, _RESOLUTION * np.maximum(np.abs(low), np.abs(high))[:, None]).clip(max=_HUGE)
        return Limits(low, high, self.last, reach, self.positive, self.silence)


def extent_of(panel: Panel, positive: Bools, season_length: int, horizon: int | None = None) -> Extent:
    """The extent of the series of ``panel``, each of which must have a value, for so many steps or for any number."""
    starts = panel.indptr[:-1]
    seen = ~np.isnan(panel.values)
    low = np.minimum.reduceat(np.where(seen, panel.values, np.inf), starts)
    high = np.maximum.reduceat(np.where(seen, panel.values, -np.inf), starts)
    rows = np.maximum.reduceat(np.where(seen, np.arange(panel.n_obs), 0), starts)
    ranges = widest_ranges(panel.values, panel.indptr, MOST_DOUBLINGS if horizon is None else _n_doublings(horizon))
    silence = silence_of(panel, positive, season_length)
    return Extent(low, high, panel.values[rows], panel.lengths, ranges, positive, silence)


def _n_doublings(horizon: int) -> int:
    return int(np.floor(np.log2(horizon))) + 2


def _reach(table: Floats, horizon: int) -> Floats:
    """Widest ranges within 1, 2, 3, ... steps, interpolated linearly between those of powers of two."""
    steps = np.arange(1, horizon + 1)
    place = np.floor(np.log2(steps)).astype(np.int64)
    share = steps / 2.0**place - 1
    return np.asarray((1 - share) * table[:, place] + share * table[:, place + 1])


def is_positive(panel: Panel, lowest: Floats, quantity: bool) -> Bools:
    """Series whose forecasts must not be negative: ``(n_series,)``.

    They have no negative value, neither here nor in training (where the smallest is ``lowest``), and hardly any
    training series has one (``quantity``), or they are of whole numbers, or some values are zero.
    """
    starts = panel.indptr[:-1]
    values = panel.values
    below = np.logical_or.reduceat(values < 0, starts) | (lowest < 0)
    zeros = np.logical_or.reduceat(values == 0, starts)
    whole = np.logical_and.reduceat(np.isnan(values) | (values == np.round(values)), starts)
    return np.asarray(~below & (quantity | zeros | whole))


def outward(quantiles: Floats, levels: Floats) -> Floats:
    """Quantiles of counts rounded to whole numbers, those of the tails away from the median."""
    inner, outer = levels <= _INNER, levels >= _OUTER
    return np.asarray(np.where(inner, np.floor(quantiles), np.where(outer, np.ceil(quantiles), np.round(quantiles))))
