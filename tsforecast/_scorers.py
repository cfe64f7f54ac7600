"""Recognises and converts what scikit-learn's scorers and searches pass to a forecaster."""

from typing import Any, Protocol

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.exceptions import CovariateError, DataError, ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Container, Series, to_panel
from tsforecast.panel.ends import without_empty_end
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.parse import time_kind
from tsforecast.panel.times.frequency import steps_between


def check_order(y: Any, X: Any) -> None:
    """Raise a `CovariateError` where the arguments of ``fit`` look like scikit-learn's ``fit(X, y)``.

    There the first argument is a table and the second one column with as many rows.

    Examples
    --------
    >>> try:
    ...     check_order(np.zeros((5, 3)), np.zeros(5))
    ... except CovariateError as error:
    ...     str(error)[:37]
    'fit(y, X) takes the series first, but'
    """
    long = isinstance(y, pd.DataFrame) and {"ds", "y"} <= set(map(str, y.columns))
    if long or not isinstance(y, (pd.DataFrame, np.ndarray, list, tuple)):
        return
    if not isinstance(X, (pd.Series, np.ndarray, list, tuple)) or _n_dims(X) != 1 or _n_dims(y) != 2:
        return
    if len(y) == len(X):
        raise CovariateError(
            f"fit(y, X) takes the series first, but here a table of {len(y)} rows comes first and one column of as "
            "many second, as in scikit-learn's fit(X, y). Give the series first. If the table does hold series, and "
            "the column is a covariate that they share, give it as a table too: a DataFrame with one column, or an "
            f"array ({len(y)}, 1)."
        )


def is_repeated(y: Any, X: Any) -> bool:
    """Whether ``X`` is a copy of the series ``y``, as scikit-learn's tools pass it for scorers of predictions.

    Examples
    --------
    >>> is_repeated(np.array([1.0, 2.0]), np.array([1.0, 2.0])), is_repeated(np.array([1.0]), None)
    (True, False)
    """
    if X is None or type(X) is not type(y):
        return False
    if isinstance(X, (pd.Series, pd.DataFrame)):
        return X.equals(y)
    if isinstance(X, np.ndarray) and X.shape == y.shape and X.dtype == y.dtype:
        return bool(((y == X) | ((X != X) & (y != y))).all())
    return isinstance(X, (list, tuple)) and bool(y == X)


def check_not_training(rows: Any, trained: "np.ndarray[Any, Any]") -> None:
    """Raise a `DataError` where an array equals the training series.

    An array has no times, so its rows would be taken for those that follow the training series.
    """
    if not isinstance(rows, (np.ndarray, list, tuple)):
        return
    table = np.asarray(rows).T  # (n_series, n_rows)
    if table.size != trained.size or table.dtype.kind not in "iuf":
        return
    if np.array_equal(table.astype(np.float64).reshape(-1), trained, equal_nan=True):
        raise DataError(
            "The rows to forecast are the training series; there are forecasts of later rows only (in a search of "
            "scikit-learn leave return_train_score=False)."
        )


def rows_like(rows: Any, ids: Index) -> "pd.DataFrame | pd.Series[Any] | np.ndarray[Any, Any] | None":
    """A container like ``rows``, with the same times and all values 0.0; None where ``rows`` is not such a container.

    An array must have a column for each series; a frame may have fewer.
    """
    if isinstance(rows, pd.Series):
        return pd.Series(0.0, index=rows.index, name=rows.name)
    if isinstance(rows, pd.DataFrame) and not {"ds", "y"} <= set(map(str, rows.columns)):
        return pd.DataFrame(0.0, index=rows.index, columns=rows.columns)
    if isinstance(rows, (np.ndarray, list, tuple)) and _n_dims(rows) in (1, 2) and len(rows):
        shape = np.shape(rows)
        if len(ids) != (1 if len(shape) == 1 else shape[1]):
            raise DataError(f"The rows have the shape {shape}; {len(ids)} series were fitted, one column each.")
        return np.zeros(shape)
    return None


def steps_skipped(panel: Panel, truth: Panel, i: int, first_step: int | None) -> int:
    """Steps between the end of training and the first time of series ``i`` of ``truth``.

    ``first_step`` is the step ahead of the first row of an array, which has no times; None for other containers.
    """
    last, first = panel.last_times[i : i + 1], truth.times[truth.indptr[i] : truth.indptr[i] + 1]
    if first_step is not None:
        return first_step - 1 + int(first[0])  # rows count from 0, and leading missing rows are trimmed
    if time_kind(first) != time_kind(last):
        raise DataError(
            f"Series {truth.ids[i]!r}: the times of y are {time_kind(first)}, those of the training series "
            f"{time_kind(last)}."
        )
    steps = steps_between(last, first, panel.freq)
    if steps < 1:
        raise DataError(
            f"Series {truth.ids[i]!r}: y begins at {first[0]}, not after the training series, which ends at {last[0]}. "
            "Its index must hold later times; an array without an index continues the training series."
        )
    return steps - 1


class Fitted(Protocol):
    """What scoring needs of a fitted forecaster."""

    panel_: Panel
    _container: Container
    _scale: Floats | None

    @property
    def _origin(self) -> Panel:
        """What forecasts start from."""

    def _mean_of(self, panel: Panel, steps: int, X: Covariates | None) -> Floats:
        """Point forecasts of the next steps of a panel of one series: ``(steps,)``."""


def minus_mase(model: Fitted, y: Series, X: Covariates | None) -> float:
    """Minus the mean absolute scaled error of the forecasts for ``y``: see `BaseForecaster.score`."""
    y, _ = series_of_native(y)
    X = None if is_repeated(y, table_of(X)) else table_of(X)
    _check_not_training(y, model)
    truth, container = to_panel(without_empty_end(y), freq=model.panel_.freq)
    places = model.panel_.positions(truth.ids)
    panel = model._origin.take(places)
    scales = scales_of(model.panel_.take(places)) if model._scale is None else model._scale[places]
    scores = np.full(truth.n_series, np.nan)
    for i, mean in enumerate(_means_of(model, panel, truth, container, X)):
        scale = scales[i]
        error = np.nanmean(np.abs(truth.series(i) - mean))
        if scale > 0:
            scores[i] = -error / scale
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")


def scales_of(panel: Panel) -> Floats:
    """Mean absolute change over one season of each series, ``(n_series,)``; nan where none is known.

    Examples
    --------
    >>> scales_of(Panel.from_array(np.array([1.0, 2.0, 4.0])))
    array([1.5])
    """
    season, scales = panel.season_length, np.full(panel.n_series, np.nan)
    for i in range(panel.n_series):
        y = panel.series(i)
        changes = np.abs(y[season:] - y[:-season])
        if not np.isnan(changes).all():
            scales[i] = np.nanmean(changes)
    return scales


def predict_rows(model: Fitted, rows: Any) -> Any:
    """Forecasts at the times of ``rows``, in the same kind of container: a Series, a wide frame or an array."""
    _check_not_training(rows, model)
    wanted = rows_like(rows, model.panel_.ids)
    if wanted is None:
        raise ParameterError(
            f"horizon is a {type(rows).__name__}: neither a whole number of steps nor rows of a Series, a wide "
            "frame or an array."
        )
    asked, container = to_panel(wanted, freq=model.panel_.freq)
    panel = model._origin.take(model._origin.positions(asked.ids))
    table = np.column_stack(_means_of(model, panel, asked, container, None))  # (n_rows, n_series)
    if isinstance(wanted, pd.DataFrame):
        return pd.DataFrame(table, index=wanted.index, columns=wanted.columns)
    if isinstance(wanted, pd.Series):
        return pd.Series(table[:, 0], index=wanted.index, name=wanted.name)
    return table.reshape(wanted.shape)


def _check_not_training(rows: Any, model: Fitted) -> None:
    if model.panel_.left_out is None:
        check_not_training(rows, model.panel_.values)


def _means_of(model: Fitted, panel: Panel, asked: Panel, container: Container, X: Covariates | None) -> list[Floats]:
    """Point forecasts at the times of each series of ``asked``, from the end of the same series of ``panel``."""
    means = []
    for i in range(asked.n_series):
        skipped = steps_skipped(panel, asked, i, _first_step(model, panel, i) if container.is_array else None)
        steps = skipped + int(asked.lengths[i])
        means.append(model._mean_of(panel.take([i]), steps, X)[skipped:])
    return means


def _first_step(model: Fitted, panel: Panel, i: int) -> int:
    """Step ahead of the first row of an array that continues training: above 1 where series ``i`` ended early."""
    if model._container.kind != "matrix":
        return 1
    return int(model._origin.last_times.max() - panel.last_times[i]) + 1


def _n_dims(values: Any) -> int:
    try:
        return np.ndim(values)
    except ValueError:  # lists of different lengths
        return -1
