"""What `tsforecast forecast` says of point forecasts that are medians, whose sum is not the forecast of a sum."""

from collections.abc import Sequence

import pandas as pd

from tsforecast._texts import amount_text
from tsforecast.base import BaseForecaster
from tsforecast.cli.forecasting.fitting import Ahead
from tsforecast.cli.forecasting.tables import usual_decimals
from tsforecast.exceptions import TSForecastError
from tsforecast.panel import Panel


def middle_sentence(
    model: BaseForecaster,
    panel: Panel,
    ahead: Ahead,
    X: pd.DataFrame | None,
    level: Sequence[float],
    *,
    is_newer: bool,
) -> str:
    """A sentence on the column ``mean`` where it holds medians of several steps, and for one series their total.

    Parameters
    ----------
    model : BaseForecaster
        Fitted.
    panel : Panel
        The series that were forecast.
    ahead : Ahead
    X : DataFrame, optional
        Covariates of the horizon.
    level : sequence of float
        Intervals in percent; the first is that of the total.
    is_newer : bool
        Whether the panel holds other, newer values than those of the fit.
    """
    steps = ahead.forecast.horizon
    if model.point_statistic != "median" or steps == 1:
        return ""
    total = "" if panel.n_series > 1 or ahead.stand_ins else _total(model, panel, steps, X, level, is_newer=is_newer)
    return (
        "The column mean holds the middle (median) of what each step may be, and sums over steps are not sums of the "
        f"column{total}; in Python predict_total gives such sums."
    )


def _total(
    model: BaseForecaster, panel: Panel, steps: int, X: pd.DataFrame | None, level: Sequence[float], *, is_newer: bool
) -> str:
    """The sum over the horizon in words; empty where the model has no paths for it."""
    try:
        table = model.predict_total(
            steps,
            X if model.uses_covariates else None,
            history=panel if is_newer else None,
            level=list(level[:1]) or None,
        )
    except TSForecastError:  # too few past errors to join the steps by
        return ""
    values = table.iloc[0].drop(["unique_id", "start", "end"]).to_numpy(dtype=float)
    decimals = usual_decimals(values)
    mean, *ends = (amount_text(value, decimals) for value in values)
    interval = f" ({level[0]:g}% interval {ends[0]} to {ends[1]})" if ends else ""
    return f": that of all {steps} is forecast to be {mean}{interval}"
