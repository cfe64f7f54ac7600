"""A model fitted to every series that it can be fitted to, and forecasts of the others by `Naive`."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tsforecast import Naive
from tsforecast._types import Index
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True, eq=False)
class Ahead:
    """Forecasts of all series, and which of them are not of the model.

    Attributes
    ----------
    forecast : Forecast
        In the order of the panel, without the series of ``left_out``.
    stand_ins : dict
        Why the model does not forecast a series and `Naive` does, by name.
    left_out : tuple
        Names of series that not even `Naive` forecasts, which needs two observations.
    warned : tuple of str
        Warnings of the model.
    """

    forecast: Forecast
    stand_ins: dict[Any, str]
    left_out: tuple[Any, ...]
    warned: tuple[str, ...]


def fit_what_can_be(model: BaseForecaster, panel: Panel) -> tuple[BaseForecaster, dict[Any, str]]:
    """The model, fitted to all series that are long enough and on which no fit fails, and why not to each other one.

    Raises
    ------
    SeriesTooShortError, FitError
        It can be fitted to none.
    """
    kept, failed = panel, dict[Any, str]()
    while True:
        try:
            model.fit(kept, too_short="skip")
        except FitError as error:
            bad = kept.ids.map(str).isin(list(error.failures))
            if not bad.any() or bad.all():
                raise
            failed |= {name: f"failed ({error.failures[str(name)].rstrip('.')})" for name in kept.ids[bad]}
            kept = kept.take(np.flatnonzero(~bad))
        else:
            break
    short = {name: f"has {n} observations, too few" for name, n in model.skipped_.items()}
    return model, failed | short


def forecast_what_can_be(
    model: BaseForecaster,
    panel: Panel,
    not_fitted: dict[Any, str],
    horizon: int,
    X: pd.DataFrame | None,
    level: Sequence[float],
    *,
    is_newer: bool,
) -> Ahead:
    """Forecasts from the end of every series of the panel, those that the model does not have by `Naive`.

    Parameters
    ----------
    model : BaseForecaster
        Fitted.
    panel : Panel
    not_fitted : dict
        The series that it was not fitted to, and why.
    horizon : int
    X : DataFrame, optional
        Covariates of the horizon.
    level : sequence of float
    is_newer : bool
        Whether the panel holds other, newer values than those of the fit.
    """
    own = panel.take(np.flatnonzero(~panel.ids.isin(list(not_fitted)))) if not_fitted else panel
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        whole: Forecast = model.predict(
            horizon, X if model.uses_covariates else None, history=own if is_newer else None, level=list(level)
        )
    warned = tuple(dict.fromkeys(str(one.message) for one in caught))
    if not not_fitted:
        return Ahead(whole, {}, (), warned)
    others = panel.take(panel.positions(pd.Index(list(not_fitted), tupleize_cols=False)))
    try:
        naive = Naive(nonnegative=model.nonnegative, bounds=model.bounds).fit(
            others.with_covariates(None), too_short="skip"
        )
    except SeriesTooShortError:
        return Ahead(whole, {}, tuple(not_fitted), warned)
    forecast = _joined([whole, naive.predict(horizon, level=list(level))], panel.ids)
    left_out = tuple(naive.skipped_)
    stand_ins = {name: why for name, why in not_fitted.items() if name not in naive.skipped_}
    return Ahead(forecast, stand_ins, left_out, warned)


def _joined(parts: Sequence[Forecast], order: Index) -> Forecast:
    """Forecasts of different series as one, in the given order of the series."""
    ids = pd.Index([name for part in parts for name in part.ids], tupleize_cols=False)
    rows = ids.get_indexer(order)
    rows = rows[rows >= 0]
    cutoff = parts[0].cutoff
    for part in parts[1:]:
        cutoff = cutoff.append(part.cutoff)
    return Forecast(
        np.concatenate([part.mean for part in parts])[rows],
        np.concatenate([part.quantiles for part in parts])[rows],
        parts[0].quantile_levels,
        ids.take(rows),
        cutoff.take(rows),
        parts[0].freq,
    )
