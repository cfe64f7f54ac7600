"""Inputs and targets of every observation of a panel, and the known inputs of future steps."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.models.neural.prepare.fitted import N_PLAIN, Carried, FittedPreparation
from tsforecast.models.neural.prepare.static import StaticCode, static_code_of
from tsforecast.panel import Panel
from tsforecast.panel.categories import expanded_names
from tsforecast.series.calendar import phases_after, phases_of

_STATIC_TRUST = 0.1  # of static inputs: see `FeatureLayout.trust`
_NEVER = 1e30  # spread of a level that does not vary: nothing is learnt of it
_OTHER_TRUST = 0.1  # of covariates of other steps than the one forecast


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureLayout:
    """The columns of a network's inputs at each step.

    In this order: ``past``, inputs from this and earlier values; ``age``, from the number of steps so far;
    ``calendar``, pairs of sine and cosine of the next step; ``known_ahead``, covariates of this step and of the next
    ``horizon``, step by step; ``past_only``, covariates of this step that are known up to the present; ``static``,
    static values of the series. Each is a slice of the columns.

    Attributes
    ----------
    n_past, n_lags, season_length, cycle, n_fourier, horizon : int
        ``cycle`` is the number of steps, in whole seasons, after which the calendar repeats (a week of hours); phases
        are positions in it. ``horizon`` is the number of steps that one output covers.
    centre, spread : ndarray, shape (n_features,)
        Mean and standard deviation of each covariate in training; the latter is very large for a level of a category
        that does not vary.
    static_code : StaticCode
        Encoding of static values.
    n_series : int
        Series of the training panel, which `Chunk.series` numbers from 0; 0 for a folder, whose series have no number.
    past_centre, past_spread : ndarray, shape (n_past_only,)
        As ``centre`` and ``spread``, of the covariates that are known up to the present only.
    """

    n_past: int
    n_lags: int
    season_length: int
    cycle: int
    n_fourier: int
    horizon: int
    centre: Floats
    spread: Floats
    static_code: StaticCode
    n_series: int
    past_centre: Floats = dataclasses.field(default_factory=lambda: np.zeros(0))
    past_spread: Floats = dataclasses.field(default_factory=lambda: np.ones(0))

    @property
    def periods(self) -> list[float]:
        """Period in steps of each Fourier pair: up to ``n_fourier`` harmonics of the season, and of the cycle."""
        lengths = sorted({self.season_length, self.cycle})
        return [n / k for n in lengths for k in range(1, min(self.n_fourier, (n - 1) // 2) + 1)]

    @classmethod
    def plain(cls, n_past: int, horizon: int, n_series: int = 1) -> "FeatureLayout":
        """A layout with ``n_past`` columns, past values and the age, for examples and tests.

        Examples
        --------
        >>> FeatureLayout.plain(3, horizon=2).input_size
        3
        """
        return cls(n_past - 1, n_past - 1, 1, 1, 0, horizon, np.zeros(0), np.ones(0), StaticCode(), n_series)

    @property
    def past(self) -> slice:
        """Columns of past values, relative to the level and scale of the step."""
        return slice(0, self.n_past)

    @property
    def age(self) -> slice:
        """The column of the age."""
        return slice(self.n_past, self.n_past + 1)

    @property
    def calendar(self) -> slice:
        """Columns of sines and cosines of the next step's place in the season."""
        return slice(self.age.stop, self.age.stop + 2 * len(self.periods))

    @property
    def known_ahead(self) -> slice:
        """Columns of the covariates: ``(horizon + 1, n_features)``, flat; the first row is that of the step itself."""
        return slice(self.calendar.stop, self.calendar.stop + self.centre.size * (self.horizon + 1))

    @property
    def past_only(self) -> slice:
        """Columns of the covariates that are known up to the present only."""
        return slice(self.known_ahead.stop, self.known_ahead.stop + self.past_centre.size)

    @property
    def static(self) -> slice:
        """Columns of static values."""
        return slice(self.past_only.stop, self.input_size)

    @property
    def input_size(self) -> int:
        """Number of inputs of a step."""
        return self.past_only.stop + self.static_code.size

    def trust(self) -> Floats:
        """Prior weight, 0 to 1, of each input in the linear start for each step ahead: ``(input_size, horizon)``.

        An earlier value has less (the prior of Litterman 1986); the age has none, for its values never recur; static
        inputs have little, for there are only as many values as series, and so have covariates of other steps.
        """
        trust = np.ones((self.input_size, self.horizon))
        own = np.concatenate([np.ones(N_PLAIN), 1 / np.arange(2, self.n_lags + 2)])
        trust[: self.n_past] = np.tile(own, self.n_past // own.size)[:, None]
        trust[self.n_past] = 0
        trust[self.static] = _STATIC_TRUST
        same = np.where(np.eye(self.horizon + 1, self.horizon, -1, dtype=np.bool_), 1.0, _OTHER_TRUST)
        same[0] = 1.0  # covariates of the present: the last values depend on them
        trust[self.known_ahead] = np.repeat(same, self.centre.size, axis=0)
        return trust

    def known_inputs(
        self, age: Floats, phases: Ints, ahead: Floats, static: Floats, present: Floats | None = None
    ) -> Floats:
        """Inputs other than past values: ``(n, input_size - n_past)``.

        ``age`` counts steps since the series began, ``phases`` are those of the next step, ``ahead`` are the covariates
        of the step and of the next ``horizon``: ``(n, horizon + 1, n_features)``, nan where they are not known;
        ``static`` is ``(n, n_static)``; ``present`` are covariates known up to the present only, ``(n, n_past_only)``,
        None where they are not known, at steps after the origin.
        """
        columns = [age / (age + 2 * self.season_length + 8)]
        for period in self.periods:
            angle = 2 * np.pi * phases / period
            columns += [np.sin(angle), np.cos(angle)]
        scaled = np.nan_to_num((ahead - self.centre) / self.spread)  # unknown covariates count as the mean
        seen = np.zeros((len(phases), self.past_centre.size))
        if present is not None:
            seen = (present - self.past_centre) / self.past_spread
        return np.column_stack([*columns, scaled.reshape(len(phases), -1), seen, static])


def layout_of(panel: Panel, prepared: FittedPreparation, n_fourier: int, horizon: int) -> FeatureLayout:
    """The layout for a training panel, with the mean and standard deviation of its covariates."""
    levels = expanded_names(tuple(panel.levels), panel.levels)
    scales = _scale_of(panel.covariates, panel.covariate_names, levels)
    past = _scale_of(panel.past_covariates, panel.past_names, levels)
    lengths = prepared.n_past, prepared.n_lags, prepared.season_length, prepared.cycle
    return FeatureLayout(*lengths, n_fourier, horizon, *scales, static_code_of(panel), panel.n_series, *past)


def _scale_of(covariates: Floats | None, names: Sequence[str], levels: Sequence[str]) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each covariate; a level that does not vary is to have no effect at all."""
    table = np.empty((0, 0)) if covariates is None else covariates
    centre = table.mean(axis=0) if table.size else np.zeros(table.shape[1])
    spread = table.std(axis=0) if table.size else np.ones(table.shape[1])
    still = np.where([name in levels for name in names[: spread.size]], _NEVER, 1.0)
    return centre, np.where(spread > 0, spread, still)


class Inputs(NamedTuple):
    """Inputs and targets of every observation, and what the preparation carries over from them.

    ``x`` is ``(n_obs, input_size)``; ``target`` ``(n_obs, horizon)``, nan where there is none; ``level`` and ``scale``
    ``(n_obs,)`` turn an output into a value of u: ``level + scale * output``; ``season`` is
    ``(n_series, cycle)``, the seasonal indices after the last observation.
    """

    x: Floats
    target: Floats
    level: Floats
    scale: Floats
    carried: Carried
    season: Floats


def inputs_of(
    panel: Panel,
    prepared: FittedPreparation,
    layout: FeatureLayout,
    future: Floats | None = None,
    *,
    targets: bool = True,
    before: Carried | None = None,
) -> Inputs:
    """Inputs and targets at every observation of ``panel``; without ``targets``, none.

    ``future`` is ``(n_series, steps, n_features)``: covariates after the series end. ``before`` is what is carried from
    observations before those of ``panel``; None where its series are whole.
    """
    before = prepared.begin() if before is None else before
    phases = phases_of(panel.times, panel.freq, layout.cycle)
    u, seasons, base = prepared.flatten(panel, phases, before)
    memory, x, level, scale = prepared.walk(u, panel.indptr, before.memory)
    rows = np.arange(panel.n_obs, dtype=np.float64)
    age = rows - np.repeat(panel.indptr[:-1] - before.ages, panel.lengths)
    static = layout.static_code.encode(panel)[np.repeat(np.arange(panel.n_series), panel.lengths)]
    following, ahead = _next_phases(panel, phases, layout.cycle), _ahead(panel, layout, future)
    known = layout.known_inputs(age, following, ahead, static, panel.past_covariates)
    horizon = layout.horizon if targets else 0
    target = (seasons.following(panel, u, horizon) - level[:, None]) / scale[:, None]
    carried = Carried(memory, seasons.states, base, before.ages + panel.lengths)
    return Inputs(np.column_stack([x, known]), target, level, scale, carried, seasons.ends)


def _next_phases(panel: Panel, phases: Ints, cycle: int) -> Ints:
    """Position in the cycle of the step after each observation: ``(n_obs,)``."""
    after = np.append(phases[1:], 0)
    after[panel.indptr[1:] - 1] = phases_after(panel.last_times, 1, panel.freq, cycle)[:, 0]
    return after


def _ahead(panel: Panel, layout: FeatureLayout, future: Floats | None) -> Floats:
    """Covariates of each observation and the ``horizon`` steps after it, nan where unknown."""
    n_features = layout.centre.size
    if panel.covariates is None:
        return np.empty((panel.n_obs, layout.horizon + 1, 0))
    tables = []
    for i in range(panel.n_series):
        own = panel.covariates[panel.indptr[i] : panel.indptr[i + 1]]
        after = np.empty((0, n_features)) if future is None else future[i]
        table = np.concatenate([own, after, np.full((layout.horizon, n_features), np.nan)])
        tables.append(table[np.arange(len(own))[:, None] + np.arange(layout.horizon + 1)])
    return np.concatenate(tables)
