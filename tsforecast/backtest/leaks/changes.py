"""Panels that equal another up to a cutoff, or after it, and differ elsewhere."""

import dataclasses
from collections.abc import Collection

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Ints
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.panel import Panel


def rows_before(panel: Panel, stop: Ints) -> Bools:
    """Whether each observation is among the first ``stop[i]``, ``(n_series,)``, of its series: ``(n_obs,)``.

    Examples
    --------
    >>> rows_before(Panel.from_array(np.ones((3, 2))), np.array([1, 2]))
    array([ True, False, False,  True,  True, False])
    """
    place = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    return np.asarray(place < np.repeat(stop, panel.lengths))


def other_values(panel: Panel) -> Floats:
    """Values outside the range of the panel, the same at every call: ``(n_obs,)``."""
    spread = 1.0 + np.nanmax(np.abs(panel.values), initial=0.0)
    return spread * (2.0 + np.random.default_rng(0).random(panel.n_obs))


def replace_future(panel: Panel, stop: Ints) -> Floats:
    """The values, others from place ``stop[i]`` of each series on: ``(n_obs,)``."""
    return np.where(rows_before(panel, stop), panel.values, other_values(panel))


def replace_past(panel: Panel, stop: Ints) -> Floats:
    """The values, others before place ``stop[i]`` of each series: ``(n_obs,)``."""
    return np.where(rows_before(panel, stop), other_values(panel), panel.values)


def cut_after(panel: Panel, cv: RollingOrigin, window: int) -> tuple[Panel, RollingOrigin]:
    """The panel that ends with the horizon of a window, and the cutoffs up to that window, which stay where they are.

    Examples
    --------
    >>> shorter, cv = cut_after(Panel.from_array(np.arange(10.0)), RollingOrigin(horizon=2, n_windows=3), 1)
    >>> shorter.n_obs, cv.n_windows
    (8, 2)
    """
    _, stop = cv.bounds(panel.lengths)
    end = np.maximum(stop[window] + cv.gap + cv.horizon, 1)  # a series that is too short stays too short
    return panel.slice(np.zeros_like(end), end), dataclasses.replace(cv, n_windows=window + 1, step_size=cv.step)


def replace_covariates(panel: Panel, first: Ints, names: Collection[str]) -> Panel:
    """The panel with other values of some covariates from place ``first[i]`` of each series on."""
    if panel.covariates is None:
        return panel
    table = panel.covariates.copy()
    changed = ~rows_before(panel, first)
    for j, name in enumerate(panel.covariate_names):
        if name in names:
            spread = 1.0 + np.abs(table[:, j]).max(initial=0.0)
            table[changed, j] = spread * (2.0 + np.random.default_rng(j).random(int(changed.sum())))
    return panel.with_covariates(table, panel.covariate_names)


def replace_past_covariates(panel: Panel, first: Ints) -> Panel:
    """The panel with other values of covariates known up to the present only, from place ``first[i]`` on."""
    if panel.past_covariates is None:
        return panel
    table, changed = panel.past_covariates.copy(), ~rows_before(panel, first)
    for j in range(table.shape[1]):
        spread = 1.0 + np.abs(table[:, j]).max(initial=0.0)
        table[changed, j] = spread * (2.0 + np.random.default_rng(j).random(int(changed.sum())))
    return dataclasses.replace(panel, past_covariates=table)


def blank_last(panel: Panel, stop: Ints) -> Panel:
    """The panel without the values at place ``stop[i] - 1`` of each series, its last before a cutoff."""
    values = panel.values.copy()
    values[panel.indptr[:-1] + np.maximum(stop - 1, 0)] = np.nan
    return panel.with_values(values)


def rename(panel: Panel, mark: str) -> Panel:
    """The panel with a mark after the name of each series.

    Examples
    --------
    >>> rename(Panel.from_array(np.ones((3, 2))), "-1").ids.tolist()
    ['y0-1', 'y1-1']
    """
    ids = pd.Index([f"{name}{mark}" for name in panel.ids])
    static = None if panel.static is None else panel.static.set_axis(ids, axis=0)
    return dataclasses.replace(panel, ids=ids, static=static)
