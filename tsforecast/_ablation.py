"""How any forecaster's forecasts change where some of what it is given is replaced by usual values."""

import dataclasses
from collections.abc import Callable

import numpy as np

from tsforecast._predicting import Forecasting, forecast_within
from tsforecast._types import Bools, Floats
from tsforecast._value_groups import FEW, value_groups
from tsforecast.explanation import Explained, covariate_label
from tsforecast.panel import Panel
from tsforecast.panel.categories import category_of
from tsforecast.panel.shortened import check_has_history

_NOTE = (
    "What an input moves is how much the forecasts change where it is replaced: past values by the mean of the last "
    "season, covariates by their mean; inputs that stand for each other share nothing, so that these do not add up."
)
_MOST_PHASES = 24  # steps of the horizon that are looked at one by one
_WHOLE = "the model as a whole"


def explained_by_ablation(model: Forecasting, panel: Panel, horizon: int, X: Floats | None) -> Explained:
    """What groups of past values and each covariate change in forecasts, one replaced at a time.

    Groups are the last value, the values of the same season as each step, the others of the last season (or of ten
    steps), and those before; each forecast is made anew with `BaseForecaster._predict`.

    Raises
    ------
    ParameterError
        The model cannot forecast from another history than the one it was fitted on.
    DataError
        The series was left out when the forecaster was saved.

    Examples
    --------
    >>> from tsforecast import FunctionForecaster
    >>> last = FunctionForecaster(lambda y, horizon: np.repeat(y[-1], horizon)).fit([1.0, 2.0, 6.0])
    >>> {name: moved.tolist() for name, moved in explained_by_ablation(last, last.panel_, 2, None).inputs.items()}
    {'last value': [[3.0, 3.0]], 'other recent values': [[0.0, 0.0]], 'older values': [[0.0, 0.0]]}
    """
    check_has_history(panel, "explanations of forecasts")
    whole = _mean(model, panel, horizon, X)

    def moved(changed: Panel, future: Floats | None) -> Floats:
        return whole - _mean(model, changed, horizon, future)

    inputs = _past_values(panel, horizon, lambda changed: moved(changed, X))
    inputs |= {covariate_label(name, inputs): table for name, table in _covariates(panel, X, moved).items()}
    return Explained({_WHOLE: whole}, None, inputs, None, (_NOTE,))


def _past_values(panel: Panel, horizon: int, moved: Callable[[Panel], Floats]) -> dict[str, Floats]:
    """Changes where groups of past values are replaced, ``(n_series, horizon)`` each.

    The values whole seasons before a step are others for each step, so that these are looked at one by one.
    """
    back = np.concatenate([np.arange(n, 0, -1) for n in panel.lengths])
    season, level = panel.season_length, _levels(panel)
    if min(season, horizon) > _MOST_PHASES:
        season = 1
    n_phases = min(season, horizon)
    found = {name: np.zeros((panel.n_series, horizon)) for name in value_groups(back, 1, season)}
    for k in range(n_phases):
        for name, rows in value_groups(back, k + 1, season).items():
            if rows.any():
                found[name][:, k::season] = moved(_replaced(panel, rows, level))[:, k::season]
    return found


def _covariates(panel: Panel, X: Floats | None, moved: Callable[[Panel, Floats | None], Floats]) -> dict[str, Floats]:
    """Changes where a covariate, all levels of a category, is its mean, in the past and in the horizon."""
    found = {}
    for name in dict.fromkeys(category_of(own, panel.levels) for own in (*panel.covariate_names, *panel.past_names)):
        ahead, past = (
            [k for k, own in enumerate(names) if category_of(own, panel.levels) == name]
            for names in (panel.covariate_names, panel.past_names)
        )
        changed = dataclasses.replace(
            panel,
            covariates=_at_mean(panel.covariates, ahead),
            past_covariates=_at_mean(panel.past_covariates, past),
        )
        future = X
        if X is not None and panel.covariates is not None and ahead:
            future = X.copy()
            future[:, :, ahead] = panel.covariates[:, ahead].mean(axis=0)
        found[name] = moved(changed, future)
    return found


def _at_mean(table: Floats | None, columns: list[int]) -> Floats | None:
    """A table with some columns at their mean."""
    if table is None or not columns:
        return table
    out = table.copy()
    out[:, columns] = table[:, columns].mean(axis=0)
    return out


def _mean(model: Forecasting, panel: Panel, horizon: int, X: Floats | None) -> Floats:
    return forecast_within(model, panel, horizon, X, np.empty(0)).mean


def _replaced(panel: Panel, rows: Bools, level: Floats) -> Panel:
    """The panel with some values replaced by the level of their series; missing ones stay missing."""
    return panel.with_values(np.where(rows & ~np.isnan(panel.values), level, panel.values))


def _levels(panel: Panel) -> Floats:
    """The mean of the last season's known values, or of all, at every observation: ``(n_obs,)``."""
    recent = panel.season_length if panel.season_length > 1 else FEW
    means = []
    for i in range(panel.n_series):
        y = panel.series(i)
        known = y[~np.isnan(y)]
        means.append(known[-recent:].mean() if known.size else np.nan)
    return np.repeat(np.array(means), panel.lengths)
