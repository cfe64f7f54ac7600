"""What `BaseForecaster.fit` does around the fit of a model: checks, series that are too short, what is remembered."""

import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import pandas as pd

from tsforecast._arguments import check_present
from tsforecast._bounds import Range
from tsforecast._scorers import check_order, is_repeated
from tsforecast.exceptions import CovariateError, NotFittedError, ParameterError, SeriesTooShortError
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Container, Series, to_panel
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.roles import has_covariates
from tsforecast.panel.too_short import TooShort, check_lengths


class Fittable(Protocol):
    """What is needed of a forecaster here."""

    panel_: Panel
    skipped_: dict[Any, int]
    stand_in_: Any
    _container: Container
    _takes_rows: bool
    _scale: Any
    notes_: dict[str, Any]
    _places: Any

    @property
    def handles_missing(self) -> bool:
        """Whether nan is allowed."""

    @property
    def uses_covariates(self) -> bool:
        """Whether covariates change the forecasts."""

    def _range(self) -> Range:
        """The values that forecasts may take."""

    def min_observations(self, panel: Panel) -> int:
        """Observations that each series needs."""

    def _why_so_many(self, panel: Panel) -> str:
        """Why, in brackets."""

    def _fit(self, panel: Panel) -> None:
        """Fit to all series of the panel."""


@runtime_checkable
class GoingOn(Protocol):
    """A model whose fit can begin where the fit before ended."""

    def _fit_on(self, panel: Panel) -> None:
        """Fit to all series of the panel, from what is learnt; an error changes nothing."""


AnyFittable = TypeVar("AnyFittable", bound=Fittable)


def checked_panel(
    model: Fittable,
    y: Series,
    X: Covariates | None,
    past_covariates: Sequence[str] = (),
    calendar: str | None = None,
) -> tuple[Panel, Container, bool]:
    """The checked panel of the arguments of `fit`, without covariates that the model ignores, and its container.

    And whether ``X`` is a copy of ``y``, as scorers of scikit-learn need it.
    """
    y, native = series_of_native(y)
    X = table_of(X)
    repeated = is_repeated(y, X)
    X = None if repeated else X
    check_order(y, X)
    panel, container = to_panel(y, X)
    panel = panel.with_past_covariates(past_covariates)
    panel = panel if calendar is None else panel.with_calendar(calendar)
    if repeated and container.kind == "long":
        raise CovariateError(
            "The same long frame is given as y and X, as for a scorer of scikit-learn: that compares rows of "
            "numbers, so give a wide frame, or leave the second out and score by the model's own score, -MASE."
        )
    check_present(panel, model.handles_missing, type(model).__name__)
    model._range().check(panel)
    if not model.uses_covariates and has_covariates(panel):
        panel = panel.with_covariates(None)
    return panel, Container(container.kind, native), repeated


def check_goes_on(model: Any, warm_start: Any) -> None:
    """Raise an error where ``warm_start`` is no bool, or is asked of a model that has nothing to go on from."""
    if not isinstance(warm_start, (bool, np.bool_)):
        raise ParameterError(f"warm_start={warm_start!r} is neither True nor False.")
    if not warm_start:
        return
    name = type(model).__name__
    if not isinstance(model, GoingOn):
        raise ParameterError(
            f"warm_start=True goes on training a network (LSTM, GRU, RNN, NeuralForecaster); a fit of {name} always "
            "begins anew. To forecast from later values with the parameters as they are, call update."
        )
    if not hasattr(model, "panel_"):
        raise NotFittedError(f"warm_start=True goes on from a fit, and this {name} has none; call fit first.")


def fit_checked(
    model: AnyFittable,
    panel: Panel,
    container: Container,
    too_short: TooShort,
    *,
    takes_rows: bool = False,
    warm_start: bool = False,
) -> AnyFittable:
    """The forecaster itself, fitted to a checked panel: see `BaseForecaster.fit`."""
    kept = fit_long_enough(model, panel, too_short, warm_start=warm_start)
    remember(model, panel, kept, container, takes_rows=takes_rows)
    if too_short == "naive" and model.skipped_:
        model.stand_in_ = naive_for(model, panel)
    return model


def remember(model: Fittable, panel: Panel, kept: Panel, container: Container, *, takes_rows: bool = False) -> None:
    """Store the attributes that every model has after a fit to the series ``kept`` of a panel."""
    model.panel_, model._container, model._takes_rows, model.stand_in_ = kept, container, takes_rows, None
    model.notes_, model._scale = {}, None
    vars(model).pop("moved_", None)
    short = ~panel.ids.isin(kept.ids)
    model.skipped_ = dict(zip(panel.ids[short].tolist(), panel.n_present[short].tolist(), strict=True))
    model._places = (panel.positions(kept.ids), panel.n_series) if model.skipped_ else None


def check_long_enough(model: Fittable, panel: Panel) -> None:
    """Raise a `SeriesTooShortError` that names the series with fewer observations than a forecaster needs."""
    needed = model.min_observations(panel)
    if (panel.n_present >= needed).all():
        return  # finding the reason is slow
    way_on = "too_short='skip' goes on without them." if panel.n_series > 1 else ""
    why = f"{type(model).__name__} needs at least {needed}{model._why_so_many(panel)}"
    check_lengths(panel.ids, panel.n_present, needed, why, way_on)


def fit_long_enough(model: Fittable, panel: Panel, too_short: TooShort, *, warm_start: bool = False) -> Panel:
    """Fit a forecaster to the series that are long enough and return their panel; short ones are an error or left out.

    Raises
    ------
    SeriesTooShortError
        Some series are too short, or, with ``"skip"`` and ``"naive"``, all of them.
    """
    kept = panel
    fit = model._fit_on if warm_start and isinstance(model, GoingOn) else model._fit
    while True:
        try:
            check_long_enough(model, kept)
            fit(kept)
        except SeriesTooShortError as error:
            left = np.flatnonzero(~kept.ids.isin(list(error.series)))
            if too_short == "error" or left.size in (0, kept.n_series):
                raise
            kept = kept.take(left)
        else:
            return kept


def naive_for(model: Fittable, panel: Panel) -> Any:
    """A `Naive` fitted to the skipped series of a panel that are long enough for it; None where none is.

    Its forecasts are as restricted as those of the forecaster that it stands in for.
    """
    within = model._range()
    bounds = None if within.is_open else (within.low, within.high)
    naive = import_module("tsforecast").Naive(bounds=bounds)  # by name: this module must not import models
    try:
        naive.fit(panel.take(panel.positions(pd.Index(list(model.skipped_)))), too_short="skip")
    except SeriesTooShortError:
        return None
    naive._container = model._container
    return naive


def fit_each(models: Sequence[Fittable], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
    """Seconds and error of each fit of a model to its panel, one after another."""
    done: list[tuple[float, Exception | None]] = []
    for model, panel in zip(models, panels, strict=True):
        begin = time.perf_counter()
        try:
            model._fit(panel)
        except Exception as error:  # returned, for the caller to handle fit by fit
            done.append((time.perf_counter() - begin, error))
        else:
            done.append((time.perf_counter() - begin, None))
    return done
