"""What `BaseForecaster.predict` and its like do around the forecasts of a model: origin, covariates, bounds, checks."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from tsforecast._arguments import (
    check_finite,
    check_forecast_size,
    check_paths,
    check_paths_finite,
    check_present,
    generators_of,
    random_generator,
    steps_ahead,
    wanted_levels,
    with_gaps,
)
from tsforecast._bounds import Range
from tsforecast._history import like_training, read_history
from tsforecast._restore import restore
from tsforecast._types import Floats
from tsforecast.forecast import Forecast, quantile_levels
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, future_covariates
from tsforecast.panel.containers import Container, Series
from tsforecast.panel.native import table_of


class Forecasting(Protocol):
    """What is needed of a fitted forecaster here."""

    panel_: Panel
    _container: Container

    @property
    def _origin(self) -> Panel:
        """What forecasts start from."""

    @property
    def handles_missing(self) -> bool:
        """Whether nan is allowed."""

    @property
    def uses_covariates(self) -> bool:
        """Whether covariates change the forecasts."""

    @property
    def gives_intervals(self) -> bool:
        """Whether it gives intervals and quantiles."""

    def _range(self) -> Range:
        """The values that forecasts may take."""

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        """Quantile levels that show a whole distribution."""

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        """Forecasts without bounds."""

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Joint sample paths without bounds, ``(n_series, n_paths, horizon)``."""


def origin_of(
    model: Forecasting, history: Series | None, X: Covariates | None
) -> tuple[Panel, Container, Covariates | None]:
    """The panel to forecast from, its container, and the covariates of the horizon."""
    if history is None:
        return model._origin, model._container, table_of(X)
    panel, container, X = read_history(history, X, model.panel_)
    check_present(panel, model.handles_missing, type(model).__name__)
    model._range().check(panel)
    return like_training(panel, model.panel_, model.uses_covariates), container, X


def future_of(model: Forecasting, X: Covariates | None, panel: Panel, horizon: int) -> Floats | None:
    """Covariates of the horizon, ``(n_series, horizon, n_features)``; None where the model uses none."""
    return future_covariates(X, panel, horizon, panel.covariate_names) if model.uses_covariates else None


def forecast_within(model: Forecasting, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
    """`BaseForecaster._predict` within the bounds: what a forecaster that holds others calls of them.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> model = Naive(bounds=(0, 2.5)).fit([1.0, 2.0])
    >>> forecast_within(model, model.panel_, 2, None, np.array([0.9])).quantiles
    array([[[2.5],
            [2.5]]])
    """
    within = model._range()
    known = levels[:0] if within.is_open else model._known_levels(panel, horizon)
    return within.forecast(lambda asked: model._predict(panel, horizon, X, asked), levels, known)


def paths_within(
    model: Forecasting,
    panel: Panel,
    n_paths: int,
    horizon: int,
    X: Floats | None,
    rngs: Sequence[np.random.Generator],
) -> Floats:
    """`BaseForecaster._sample_paths` within the bounds: ``(n_series, n_paths, horizon)``.

    Raises
    ------
    FitError
        A path is not finite.
    """
    paths = model._range().clip(model._sample_paths(panel, n_paths, horizon, X, rngs))
    check_paths_finite(paths, panel.ids, type(model).__name__)
    return paths


def checked_forecast(model: Forecasting, panel: Panel, steps: int, X: Covariates | None, levels: Floats) -> Forecast:
    """A forecast that is finite, within the bounds, and no larger than memory holds.

    Raises
    ------
    ParameterError
        It would pass the last possible time or would not fit into memory.
    CovariateError
        ``X`` does not give the covariates of the horizon.
    FitError
        It is not finite.
    """
    check_forecast_size(panel, steps, levels.size)
    forecast = forecast_within(model, panel, steps, future_of(model, X, panel, steps), levels)
    check_finite(forecast, type(model).__name__)
    return forecast


def forecast_asked(
    model: Forecasting,
    horizon: object,
    X: Covariates | None,
    history: Series | None,
    level: float | Sequence[float] | None,
    quantiles: float | Sequence[float] | None,
) -> Forecast:
    """A forecast, once all arguments are checked: see `BaseForecaster.forecast`."""
    steps, asked = steps_ahead(horizon), quantile_levels(*wanted_levels(model, level, quantiles))
    panel, _, X = origin_of(model, history, X)
    return checked_forecast(model, panel, steps, X, asked)


def forecast_like_series(
    model: Forecasting,
    horizon: object,
    X: Covariates | None,
    history: Series | None,
    level: float | Sequence[float] | None,
    quantiles: float | Sequence[float] | None,
) -> Any:
    """Forecasts in the container of the series, once all arguments are checked: see `BaseForecaster.predict`."""
    steps, levels = steps_ahead(horizon), wanted_levels(model, level, quantiles)
    panel, container, X = origin_of(model, history, X)
    out = restore(checked_forecast(model, panel, steps, X, quantile_levels(*levels)), container, *levels)
    places = getattr(model, "_places", None) if history is None and container.kind == "matrix" else None
    return out if places is None else with_gaps(out, *places)


def drawn_paths(
    model: Forecasting,
    n_paths: int,
    horizon: int,
    X: Covariates | None,
    history: Series | None,
    random_state: int | np.random.Generator | None,
) -> Floats:
    """Sample paths, once all arguments are checked: see `BaseForecaster.sample_paths`."""
    steps, rng = steps_ahead(horizon), random_generator(random_state)
    panel, _, X = origin_of(model, history, X)
    check_paths(panel, steps, n_paths)
    future, rngs = future_of(model, X, panel, steps), generators_of(panel.ids, rng)
    return paths_within(model, panel, int(n_paths), steps, future, rngs)
