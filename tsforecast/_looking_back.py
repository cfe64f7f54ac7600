"""What `BaseForecaster.fitted_values` and `residuals` do around a model: checks, the scale asked for, the container."""

import dataclasses
from typing import Any, Protocol

import numpy as np
import pandas as pd

from tsforecast._one_step import Looking, one_step_within
from tsforecast._types import Floats, Ints
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.containers import Container
from tsforecast.panel.shortened import check_has_history


class LookingBack(Looking, Protocol):
    """What is needed of a fitted forecaster here."""

    panel_: Panel
    _container: Container

    def _one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        """Observations and their forecasts on the transformed scale."""


def fitted_values_like_series(model: LookingBack, transformed: bool) -> Any:
    """Fitted values in the container of the series: see `BaseForecaster.fitted_values`."""
    _, fitted = seen_and_fitted(model, transformed)
    return like_series(fitted, "fitted_values", model)


def residuals_like_series(model: LookingBack, transformed: bool) -> Any:
    """Residuals in the container of the series: see `BaseForecaster.residuals`."""
    seen, fitted = seen_and_fitted(model, transformed)
    return like_series(seen - fitted, "residuals", model)


def seen_and_fitted(model: LookingBack, transformed: bool) -> tuple[Floats, Floats]:
    """Observations of the series of `fit` and their fitted values, nan where there is none: two ``(n_obs,)``.

    Raises
    ------
    ParameterError
        ``transformed`` is neither True nor False.
    DataError
        The forecaster was saved without its series.
    """
    if not isinstance(transformed, (bool, np.bool_)):
        raise ParameterError(
            f"transformed={transformed!r} is neither True nor False. All series come at once: take one from what is "
            "returned, as residuals()['a'] for a wide frame."
        )
    panel = model.panel_
    check_has_history(panel, "fitted values and residuals")
    if transformed:
        seen, fitted = model._one_step_transformed(panel)
    else:
        seen, fitted = panel.values, one_step_within(model, panel, np.empty(0)).mean
    return seen, np.where(np.isfinite(fitted), fitted, np.nan)


def like_series(values: Floats, name: str, model: LookingBack) -> Any:
    """Values at the times of the series of `fit`, ``(n_obs,)``, in the container that these came in.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> like_series(np.array([1.0, 2.0]), "residuals", Naive().fit(pd.Series([3.0, 4.0], index=[7, 8])))
    7    1.0
    8    2.0
    Name: y, dtype: float64
    """
    panel, container = model.panel_, model._container
    if container.kind == "panel":
        bare = dataclasses.replace(panel.with_covariates(None), static=None)
        return bare.with_values(values)
    native = container.native
    if container.kind == "long":
        ids = panel.ids.repeat(panel.lengths)
        frame = pd.DataFrame({"unique_id": ids, "ds": panel.times, name: values})
        return frame if native is None else native.frame(frame)
    if container.kind == "array":
        return values if native is None else native.column(values)
    if container.kind == "matrix":
        return _matrix(values, panel, *getattr(model, "_places", None) or (np.arange(panel.n_series), panel.n_series))
    if container.kind == "series":
        return pd.Series(values, index=panel.times, name=panel.ids[0])
    wide = _wide(values, panel)
    if native is None:
        return wide
    return native.frame(wide.rename_axis("ds").reset_index() if "ds" in native.types else wide.reset_index(drop=True))


def _matrix(values: Floats, panel: Panel, places: Ints, n_series: int) -> Floats:
    """An array ``(n_obs, n_series)``, whose times count from 0; columns of series that were skipped are nan."""
    table = np.full((int(panel.times.max()) + 1, n_series), np.nan)
    table[panel.times.to_numpy(), np.repeat(places, panel.lengths)] = values
    return table


def _wide(values: Floats, panel: Panel) -> pd.DataFrame:
    """A wide frame of all times, nan where a series has none."""
    times = panel.times.unique().sort_values()
    table = np.full((len(times), panel.n_series), np.nan)
    table[times.get_indexer(panel.times), np.repeat(np.arange(panel.n_series), panel.lengths)] = values
    return pd.DataFrame(table, index=times, columns=panel.ids)
