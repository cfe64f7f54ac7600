"""FittedPreparation: the preparation learnt from series, which turns values into inputs, levels and scales."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.exceptions import SeriesTooShortError
from tsforecast.kernels.series.seasonal import begin_seasons
from tsforecast.kernels.series.walk import walk
from tsforecast.panel import Panel
from tsforecast.series.calendar import phases_of
from tsforecast.series.decomposition import Deseasonalized, deseasonalize
from tsforecast.series.differencing import differences, last_values, with_rows_before
from tsforecast.series.transform import Transform

_FURTHEST_INPUT = 8.0  # scales: larger inputs are clipped, so that one outlier does not saturate every gate
_PRIOR_STEPS = 4.0  # weight, in steps, of the mean change of the whole series in the trailing mean
_FEWEST_COUNTS = 0.05  # smallest scale of counts, for series of zeros only
_OWN_FIELDS = ("season", "reverting", "mean", "spread", "change", "lowest")  # fields with one row a series
N_PLAIN = 3  # inputs besides lags: change, distance from the level, observed or not


class SeriesMemory(NamedTuple):
    """State of the preparation of each series: its latest values and trailing sums."""

    last: Floats  # (n_series,): last observed value, nan before the first
    lags: Floats  # (n_series, n_lags): values before it, the latest first; nan where there is none
    sums: Floats  # (n_series, 4): for trailing mean and trailing mean absolute change, weighted sum and sum of weights


class Carried(NamedTuple):
    """What the preparation carries over from the values of each series before some step."""

    memory: SeriesMemory
    seasons: Floats  # (n_series, season_length + cycle + 2): see `tsforecast.kernels.series.seasonal.begin_seasons`
    base: Floats  # (n_series, lag): last values at each of the last steps that differences are taken to, nan where none
    ages: Ints  # (n_series,): steps before

    def take(self, positions: Ints) -> "Carried":
        """Of some series, in the order given."""
        memory = SeriesMemory(*(part[positions] for part in self.memory))
        return Carried(memory, self.seasons[positions], self.base[positions], self.ages[positions])

    def put(self, positions: Ints, new: "Carried") -> "Carried":
        """The same, with that of some series replaced."""
        memory = SeriesMemory(*(_put(*parts, positions) for parts in zip(self.memory, new.memory, strict=True)))
        own = zip(self[1:], new[1:], strict=True)
        return Carried(memory, *(_put(*parts, positions) for parts in own))


def _put(array: Any, new: Any, positions: Ints) -> Any:
    out = array.copy()
    out[positions] = new
    return out


@dataclasses.dataclass(frozen=True, eq=False)
class FittedPreparation:
    """Preparation learnt from each series: arrays over ``n_series``, and what all series share.

    Attributes
    ----------
    transform : Transform
    season : ndarray, shape (n_series, cycle)
        Seasonal indices on the transformed scale, before the first value; zero for a series without a season.
    reverting : ndarray of bool, shape (n_series,)
        Series whose level is their mean.
    mean, spread, change : ndarray, shape (n_series,)
        Mean, standard deviation and mean absolute change of u in training.
    lowest : ndarray, shape (n_series,)
        Smallest value in training.
    memory_length : float
        Steps that the trailing means look back.
    mixed : bool
        Whether some series revert to their mean and some do not.
    season_length : int
        Steps per season.
    n_lags : int
        Earlier values among the inputs: those of a day where a season is a day, otherwise 8.
    counts : bool
        Whether values are counts: the level is zero, and the scale a trailing mean.
    lag : int
        Steps that differences are taken over; 0 for none.
    smoothing : float
        Smoothing constant of the seasonal indices: see `tsforecast.kernels.series.seasonal.follow`.
    """

    transform: Transform
    season: Floats
    reverting: Bools
    mean: Floats
    spread: Floats
    change: Floats
    lowest: Floats
    memory_length: float
    mixed: bool
    season_length: int
    n_lags: int
    counts: bool = False
    lag: int = 0
    smoothing: float = 0.0

    @property
    def n_past(self) -> int:
        """Number of inputs from past values; twice as many where only some series revert to their mean."""
        return (N_PLAIN + self.n_lags) * (2 if self.mixed else 1)

    @property
    def returns(self) -> Bools:
        """Series whose uncertainty does not grow with the horizon: mean-reverting ones that are not differenced."""
        return self.reverting & (self.lag == 0)

    @property
    def cycle(self) -> int:
        """Steps after which seasonal indices repeat: see `calendar.cycle_of`."""
        return self.season.shape[1]

    def take(self, positions: Ints) -> "FittedPreparation":
        """The preparation of some series, in the order given."""
        transform = Transform(self.transform.ids.take(positions), self.transform.lambdas[positions])
        rows = {name: getattr(self, name)[positions] for name in _OWN_FIELDS}
        return dataclasses.replace(self, transform=transform, **rows)

    def begin(self) -> Carried:
        """What is carried before the first value."""
        n = self.mean.size
        prior = np.full(n, _PRIOR_STEPS)
        slow = prior if self.counts else np.zeros(n)
        sums = np.column_stack([slow * self.mean, slow, prior * self.change, prior])
        memory = SeriesMemory(np.full(n, np.nan), np.full((n, self.n_lags), np.nan), sums)
        seasons = begin_seasons(self.season, self.season_length)
        return Carried(memory, seasons, np.full((n, self.lag), np.nan), np.zeros(n, dtype=np.int64))

    def walk(self, u: Floats, indptr: Ints, before: SeriesMemory) -> tuple[SeriesMemory, Floats, Floats, Floats]:
        """`step` over all observations ``(n_obs,)`` of all series: state at their ends, inputs, levels and scales."""
        columns, *memory = walk(u, indptr, *before, 1 - 1 / self.memory_length)
        of = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
        return SeriesMemory(*memory), *self._place(of, columns, ~np.isnan(u))

    def step(self, memory: SeriesMemory, u: Floats) -> tuple[SeriesMemory, Floats, Floats, Floats]:
        """State after the values ``u``, with inputs ``(n_series, n_past)``, level and scale ``(n_series,)``."""
        decay = 1 - 1 / self.memory_length
        seen = ~np.isnan(u)
        moved = seen & ~np.isnan(memory.last)
        delta = np.where(moved, u - memory.last, 0.0)
        lags = np.column_stack([memory.last, memory.lags[:, :-1]])
        ones = np.ones_like(u)
        sums = np.where(
            seen[:, None], decay * memory.sums + np.column_stack([u, ones, np.abs(delta), ones]), memory.sums
        )
        sums[:, 2:] = np.where(moved[:, None], sums[:, 2:], memory.sums[:, 2:])
        memory = SeriesMemory(np.where(seen, u, memory.last), lags, sums)
        means = sums[:, [0, 2]] / np.maximum(sums[:, [1, 3]], 1e-12)
        columns = np.column_stack([delta, memory.last, means, lags])
        return memory, *self._place(np.arange(u.size), columns, seen)

    def _place(self, of: Ints, columns: Floats, seen: Bools) -> tuple[Floats, Floats, Floats]:
        """Inputs, level and scale from the columns of `kernels.series.walk`; ``of`` is the series of each row."""
        delta, last, slow, change = columns[:, :4].T
        mean, reverting = self.mean[of], self.reverting[of]
        known = ~np.isnan(last)
        last, slow = np.where(known, last, mean), np.where(known, slow, mean)
        if self.counts:
            level, centre = np.zeros_like(last), slow
            scale = np.maximum(slow, np.maximum(0.05 * mean, _FEWEST_COUNTS))
        else:
            level = centre = np.where(reverting, mean, last)
            scale = np.maximum(np.where(reverting, self.spread[of], change), 0.05 * self.change[of])
        away = (last - np.where(reverting, mean, slow)) / scale
        lags = np.nan_to_num((columns[:, 4:] - centre[:, None]) / scale[:, None])  # missing lags count as the centre
        inputs = np.column_stack([delta / scale, away, seen, lags])
        if self.mixed:
            inputs = np.column_stack([inputs * reverting[:, None], inputs * ~reverting[:, None]])
        return np.clip(inputs, -_FURTHEST_INPUT, _FURTHEST_INPUT), level, scale

    def flatten(self, panel: Panel, phases: Ints, before: Carried) -> tuple[Floats, Deseasonalized, Floats]:
        """Values of u for every observation, ``(n_obs,)``, the seasons that were removed, and the base at the ends."""
        w = self.transform.apply(panel)
        left = self._seasonless(w, phases, before.seasons)
        if not self.lag:
            return left.v, left, before.base
        known, indptr = with_rows_before(left.v, panel.indptr, before.base)
        inside = np.arange(known.size) - np.repeat(indptr[:-1], np.diff(indptr)) >= self.lag
        return differences(known, indptr, self.lag)[inside], left, last_values(known, indptr, self.lag)

    def reduced(self, w: Panel, phases: Ints) -> Floats:
        """Values of u from transformed values ``w`` of whole series: ``(n_obs,)``."""
        v = self._seasonless(w, phases).v
        return differences(v, w.indptr, self.lag) if self.lag else v

    def _seasonless(self, w: Panel, phases: Ints, before: Floats | None = None) -> Deseasonalized:
        return deseasonalize(w, phases, self.season, self.season_length, self.smoothing, before)

    def base(self, panel: Panel) -> Floats:
        """Last values of each series, ``(n_series, lag)``, to which differences after its end are added.

        Raises
        ------
        SeriesTooShortError
            There is no value at some place of the season.
        """
        phases = phases_of(panel.times, panel.freq, self.cycle)
        base = last_values(self._seasonless(self.transform.apply(panel), phases).v, panel.indptr, self.lag)
        unknown = np.isnan(base).any(axis=1)
        if unknown.any():
            i = int(np.argmax(unknown))
            raise SeriesTooShortError(
                f"Series {panel.ids[i]!r} has {panel.n_present[i]} observations, not one at every place of its last "
                f"{self.lag} steps and those a season before; forecasts of differences over {self.lag} steps need that."
            )
        return base


def concatenate(one: FittedPreparation, other: FittedPreparation) -> FittedPreparation:
    """The preparation of the series of both, one after the other."""
    rows: dict[str, Any] = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in _OWN_FIELDS}
    lambdas = np.concatenate([one.transform.lambdas, other.transform.lambdas])
    ids = one.transform.ids.append(other.transform.ids)
    return dataclasses.replace(one, transform=Transform(ids, lambdas), **rows)
