"""What `BaseForecaster.explain` does around what a model tells: checks, the rest that bounds leave."""

from typing import Protocol

import numpy as np

from tsforecast._arguments import check_finite, check_forecast_size, steps_ahead
from tsforecast._hooks import Hooks
from tsforecast._predicting import Forecasting, forecast_within, future_of, origin_of
from tsforecast._types import Floats
from tsforecast.exceptions import FitError, ParameterError
from tsforecast.explanation import Explained, Explanation
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series

LIMITS = "limits"  # the part that bounds make
_ROUNDING = 1e-9  # of the largest part: a smaller rest is rounding


class Explaining(Forecasting, Protocol):
    """What is needed of a fitted forecaster here."""

    def _explain(self, panel: Panel, horizon: int, X: Floats | None) -> Explained:
        """What its forecasts are made of, without bounds."""


def explanation_asked(model: Explaining, horizon: object, X: Covariates | None, history: Series | None) -> Explanation:
    """An explanation, once all arguments are checked: see `BaseForecaster.explain`."""
    if not isinstance(horizon, (int, np.integer)):
        raise ParameterError(
            f"horizon is a {type(horizon).__name__}, not a whole number of steps. Forecasts from the end of another "
            "series are explained by explain(12, history=y)."
        )
    steps = steps_ahead(horizon)
    panel, _, X = origin_of(model, history, X)
    check_forecast_size(panel, steps, 0)
    future = future_of(model, X, panel, steps)
    whole = forecast_within(model, panel, steps, future, np.empty(0))
    check_finite(whole, type(model).__name__)
    told = model._explain(panel, steps, future)
    return Explanation(
        type(model).__name__, whole.mean, _with_rest(model, told, whole.mean), told.base, told.inputs, told.look_back,
        told.notes, whole.ids, whole.times,
    )  # fmt: skip


def _with_rest(model: Explaining, told: Explained, mean: Floats) -> dict[str, Floats]:
    """The parts, and what limits of the forecasts leave of their sum, where they do."""
    name = type(model).__name__
    for part, table in told.parts.items():
        if table.shape != mean.shape or not np.isfinite(table).all():
            raise FitError(
                f"{name} cannot tell what its forecasts are made of: the part {part!r} is not finite everywhere."
            )
    rest = mean - sum(told.parts.values())
    size = max([1e-300, *(float(np.abs(table).max()) for table in told.parts.values())])
    parts = dict(told.parts)
    if (np.abs(rest) > _ROUNDING * size).any():
        parts[f"{LIMITS} of forecasts" if LIMITS in parts else LIMITS] = rest
    return parts


def explains_itself(model: object) -> bool:
    """Whether a fitted forecaster knows what its forecasts are made of, so that it need not forecast anew to tell.

    Examples
    --------
    >>> from tsforecast import FunctionForecaster, Naive
    >>> explains_itself(Naive()), explains_itself(FunctionForecaster(lambda y, horizon: y[:horizon]))
    (True, False)
    """
    inner = getattr(model, "forecaster_", None)
    return explains_itself(inner) if inner is not None else getattr(type(model), "_explain", None) is not Hooks._explain
