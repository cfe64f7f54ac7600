"""What scikit-learn's tools hand to an estimator, told apart from what a forecaster takes."""

from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Index
from tsforecast.exceptions import CovariateError, DataError
from tsforecast.panel import Panel
from tsforecast.panel.frequency import steps_between
from tsforecast.panel.ingest import time_kind


def check_order(y: Any, X: Any) -> None:
    """Raise a `CovariateError` where the arguments of ``fit`` look like scikit-learn's ``fit(X, y)``.

    That is a table first and one column of as many rows second.

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
    """Whether ``X`` is the series ``y`` once more, as scikit-learn's tools hand it over to scorers that compare.

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
    """Raise a `DataError` where an array, which has no times, holds the training series once more.

    A forecaster would take it for the rows that follow them.
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
    """Rows of the same kind and times, all 0.0, to be read as series; None for what holds no rows of times.

    An array must have a column for each series; a frame may leave some out.
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
    """Steps between the end of training and the first of ``truth``, whose first row is ``first_step`` of an array."""
    last, first = panel.last_times[i : i + 1], truth.times[truth.indptr[i] : truth.indptr[i] + 1]
    if first_step is not None:
        return first_step - 1 + int(first[0])  # rows count from 0, and missing ones at the top are trimmed
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


def _n_dims(values: Any) -> int:
    try:
        return np.ndim(values)
    except ValueError:  # lists of different lengths
        return -1
