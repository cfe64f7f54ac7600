"""Inputs and targets of every observation of a panel, and the inputs of the steps after it ends."""

import dataclasses
from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.frequency import future_times
from tsforecast.models.rnn.preparation import N_LAGS, N_PLAIN, Local, Prepared
from tsforecast.models.rnn.season import phases_of
from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """What a network is given at each step, besides what the values tell.

    Attributes
    ----------
    n_local, season_length, n_fourier, horizon : int
        ``horizon`` is the number of steps that one output covers.
    centre, spread : ndarray, shape (n_features,)
        Mean and standard deviation of each covariate on train.
    """

    n_local: int
    season_length: int
    n_fourier: int
    horizon: int
    centre: Floats
    spread: Floats

    @property
    def n_pairs(self) -> int:
        """Fourier pairs that the season has room for."""
        return min(self.n_fourier, (self.season_length - 1) // 2) if self.season_length > 2 else 0

    @property
    def input_size(self) -> int:
        """Number of inputs of a step."""
        return self.n_local + 1 + 2 * self.n_pairs + self.centre.size * self.horizon

    def trust(self) -> Floats:
        """How much of each input a linear regression may use, ``(input_size,)``, 0 to 1.

        Less of a value the earlier it is (the prior of Litterman 1986); nothing of the age, which never comes back.
        """
        trust = np.ones(self.input_size)
        own = np.concatenate([np.ones(N_PLAIN), 1 / np.arange(2, N_LAGS + 2)])
        trust[: self.n_local] = np.tile(own, self.n_local // own.size)
        trust[self.n_local] = 0
        return trust

    def known(self, age: Floats, phases: Ints, ahead: Floats) -> Floats:
        """Inputs that do not come from values: ``(n, 1 + 2 * n_pairs + n_features * horizon)``.

        ``age`` counts steps since the series began, ``phases`` are those of the next step, ``ahead`` are the covariates
        of the next ``horizon`` steps: ``(n, horizon, n_features)``, nan where they are not known.
        """
        columns = [age / (age + 2 * self.season_length + 8)]
        for k in range(1, self.n_pairs + 1):
            angle = 2 * np.pi * k * phases / self.season_length
            columns += [np.sin(angle), np.cos(angle)]
        scaled = np.nan_to_num((ahead - self.centre) / self.spread)  # what is not known counts as the mean
        return np.column_stack([*columns, scaled.reshape(len(phases), -1)])


def layout_of(panel: Panel, n_local: int, season_length: int, n_fourier: int, horizon: int) -> Layout:
    """The layout for a training panel: covariates are scaled by what they are there."""
    table = np.empty((0, 0)) if panel.covariates is None else panel.covariates
    centre = table.mean(axis=0) if table.size else np.zeros(table.shape[1])
    spread = table.std(axis=0) if table.size else np.ones(table.shape[1])
    return Layout(n_local, season_length, n_fourier, horizon, centre, np.where(spread > 0, spread, 1.0))


class Inputs(NamedTuple):
    """Inputs and targets of every observation, and the memory at the end of every series.

    ``x`` is ``(n_obs, input_size)``; ``target`` ``(n_obs, horizon)``, nan where there is none; ``level`` and ``scale``
    ``(n_obs,)`` turn an output into a value of u: ``level + scale * output``.
    """

    x: Floats
    target: Floats
    level: Floats
    scale: Floats
    local: Local


def inputs_of(panel: Panel, prepared: Prepared, layout: Layout, future: Floats | None = None) -> Inputs:
    """What the network is given and asked at every observation of ``panel``.

    ``future`` is ``(n_series, steps, n_features)``: covariates after the series end.
    """
    phases = phases_of(panel.times, panel.freq, layout.season_length)
    u = prepared.flatten(panel, phases)
    local, x, level, scale = prepared.walk(u, panel.indptr)
    age = np.concatenate([np.arange(n, dtype=np.float64) for n in panel.lengths])
    known = layout.known(age, _next_phases(panel, phases, layout.season_length), _ahead(panel, layout, future))
    target = (following(panel, u, layout.horizon) - level[:, None]) / scale[:, None]
    return Inputs(np.column_stack([x, known]), target, level, scale, local)


def _next_phases(panel: Panel, phases: Ints, season_length: int) -> Ints:
    """Position in the season of the step after each observation: ``(n_obs,)``."""
    after = np.append(phases[1:], 0)
    after[panel.indptr[1:] - 1] = phases_of(future_times(panel.last_times, 1, panel.freq), panel.freq, season_length)
    return after


def following(panel: Panel, u: Floats, horizon: int) -> Floats:
    """The ``horizon`` values after each observation, nan past the end of its series: ``(n_obs, horizon)``."""
    rows = np.arange(panel.n_obs)[:, None] + np.arange(1, horizon + 1)
    inside = rows < np.repeat(panel.indptr[1:], panel.lengths)[:, None]
    return np.where(inside, u[np.minimum(rows, panel.n_obs - 1)], np.nan)


def _ahead(panel: Panel, layout: Layout, future: Floats | None) -> Floats:
    """Covariates of the ``horizon`` steps after each observation, nan where unknown."""
    n_features = layout.centre.size
    if panel.covariates is None:
        return np.empty((panel.n_obs, layout.horizon, 0))
    pieces = []
    for i in range(panel.n_series):
        own = panel.covariates[panel.indptr[i] : panel.indptr[i + 1]]
        after = np.empty((0, n_features)) if future is None else future[i]
        table = np.concatenate([own, after, np.full((layout.horizon, n_features), np.nan)])
        pieces.append(table[np.arange(1, len(own) + 1)[:, None] + np.arange(layout.horizon)])
    return np.concatenate(pieces)
