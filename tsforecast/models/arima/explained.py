"""What forecasts of the ARIMA family are made of, for `BaseForecaster.explain`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Floats
from tsforecast.explanation import IN_TURN, Explained, covariate_label
from tsforecast.models.arima.parts import (
    LEVEL,
    MEMORY,
    SEASON,
    TREND,
    n_steps_for_parts,
    process_parts,
    regression_parts,
)
from tsforecast.models.arima.past import past_lags_of, past_variance
from tsforecast.panel import Panel
from tsforecast.panel.categories import category_of

if TYPE_CHECKING:
    from tsforecast.models.arima.base import ArimaForecaster


def explained_by(model: "ArimaForecaster", panel: Panel, horizon: int, X: Floats | None) -> Explained:
    """Level, trend, season, memory and each covariate; with a transform, what each adds to those before it."""
    data, labels = model._data_of(panel), _labels(model)
    tables: dict[str, Floats] = {}
    for name in (LEVEL, TREND, SEASON, MEMORY, *labels.values()):
        tables[name] = np.zeros((data.n_series, horizon))
    variance = np.empty((data.n_series, horizon))
    for i in range(data.n_series):
        fit, origin = model._start_of(data, i)
        n_steps = n_steps_for_parts(fit, horizon)
        mean, spread = origin.forecast(fit, np.zeros((n_steps, fit.beta.size)), model.engine)
        variance[i] = spread[:horizon]
        if data.past_names:
            variance[i] += past_variance(model._past_effects(data, i, horizon))
        future = model._regressors_ahead(data, i, horizon, X)
        names = tuple(labels.get(name, name) for name in fit.beta_names)
        for told in (process_parts(fit, mean, horizon), regression_parts(names, fit.beta, future, horizon)):
            for name, values in told.items():
                tables[name][i] += values
    lambdas = model.transform_.lambdas_of(panel.ids)
    parts = {name: table for name, table in tables.items() if name == LEVEL or table.any()}
    if np.isnan(lambdas).all():
        return Explained(parts, LEVEL)
    return Explained(_in_unit(model, parts, variance, panel), LEVEL, notes=(IN_TURN,))


def _labels(model: "ArimaForecaster") -> dict[str, str]:
    """The part that each covariate's column belongs to: lags, and levels of a category, are told together."""
    panel, n_lags = model.panel_, len(past_lags_of(model.past_lags))
    plain = (*panel.covariate_names, *(name for name in panel.past_names for _ in range(n_lags)))
    own = (category_of(name, panel.levels) for name in plain)
    taken = (LEVEL, TREND, SEASON, MEMORY)
    return {column: covariate_label(name, taken) for column, name in zip(model._design_names(), own, strict=True)}


def _in_unit(
    model: "ArimaForecaster", parts: Mapping[str, Floats], variance: Floats, panel: Panel
) -> dict[str, Floats]:
    """What each part adds to the forecast in the unit of the series, in their order."""
    told, before, total = {}, np.zeros_like(variance), np.zeros_like(variance)
    for name, table in parts.items():
        total = total + table
        now = model.transform_.invert_mean(total, variance, panel.ids)
        told[name], before = now - before, now
    return told
