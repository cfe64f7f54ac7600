"""Rows after the last value of a series: refused or left out, never counted as observations."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Index, Ints
from tsforecast.exceptions import MissingValuesError, UnusedRowWarning

_WAY_ON = (
    "Such rows would count as observations, and forecasts would begin after them. Take these rows out (what is known "
    "of the future goes into predict(horizon, X)), or end each series at its last value: gaps='nan' of "
    "Panel.from_frame, from_wide, from_series and read (--gaps nan on the command line)."
)
LEFT_OUT = "these rows are left out. Each series ends at its last value, and forecasts begin at the step after it."


def empty_ends(values: Floats, indptr: Ints) -> Ints:
    """Number of missing values after the last value of each series, 0 for a series without values: ``(n_series,)``.

    Examples
    --------
    >>> empty_ends(np.array([1.0, np.nan, np.nan, 2.0, np.nan]), np.array([0, 3, 4, 5]))
    array([2, 0, 0])
    """
    rows = np.arange(values.size)
    last = np.maximum.reduceat(np.where(np.isnan(values), -1, rows), indptr[:-1])
    return np.where(last < 0, 0, indptr[1:] - 1 - last)


def check_ends(values: Floats, times: Index, indptr: Ints, ids: Index) -> None:
    """Raise a `MissingValuesError` that names the first series with missing values after its last one."""
    counts = empty_ends(values, indptr)
    if counts.any():
        raise MissingValuesError(f"{_message(counts, times, indptr, ids)}. {_WAY_ON}")


def cut_ends(
    values: Floats, times: Index, indptr: Ints, ids: Index, covariates: Floats | None
) -> tuple[Floats, Index, Ints, Floats | None]:
    """The arguments without the missing values at the end of each series, and a warning about them."""
    counts = empty_ends(values, indptr)
    if not counts.any():
        return values, times, indptr, covariates
    also = (
        ""
        if covariates is None
        else " Their covariates are not kept: give them to predict(horizon, X) (tsforecast forecast reads them here)."
    )
    warnings.warn(f"{_message(counts, times, indptr, ids)}: {LEFT_OUT}{also}", UnusedRowWarning, stacklevel=4)
    lengths = np.diff(indptr)
    kept = np.arange(values.size) - np.repeat(indptr[:-1], lengths) < np.repeat(lengths - counts, lengths)
    new_indptr = np.concatenate([[0], np.cumsum(lengths - counts)]).astype(np.int64)
    return values[kept], times[kept], new_indptr, None if covariates is None else covariates[kept]


def check_end_of_rows(known: Bools, times: Index, ids: Index, *, may_be_cut: bool) -> None:
    """Raise as `check_ends`, or warn as `cut_ends`, for last rows of a wide frame in which no series has a value.

    Parameters
    ----------
    known : ndarray of bool, shape (n_series, n_times)
        True where a series has a value.
    times : Index, shape (n_times,)
    ids : Index, shape (n_series,)
    may_be_cut : bool
        Whether to warn rather than to raise.
    """
    n_rows = int(np.argmax(np.flip(known.any(axis=0))))
    if n_rows == 0:
        return
    message = _message(np.full(len(ids), n_rows), times, np.full(len(ids) + 1, len(times)), ids)
    if not may_be_cut:
        raise MissingValuesError(f"{message}. {_WAY_ON}")
    warnings.warn(f"{message}: {LEFT_OUT}", UnusedRowWarning, stacklevel=3)


def without_empty_end(y: Any) -> Any:
    """The truth without rows at its end that hold no value, as these cannot be scored.

    Examples
    --------
    >>> without_empty_end(np.array([1.0, np.nan, 3.0, np.nan]))
    array([ 1., nan,  3.])
    """
    if isinstance(y, pd.DataFrame) and {"ds", "y"} <= set(map(str, y.columns)):
        by = y["unique_id"] if "unique_id" in y.columns else np.zeros(len(y))
        later = y["y"].notna()[::-1].groupby(by[::-1] if isinstance(by, pd.Series) else by).cummax()[::-1]
        return y[later.to_numpy()]
    if not isinstance(y, (pd.DataFrame, pd.Series, np.ndarray, list, tuple)) or len(y) == 0:
        return y
    known: Bools = np.asarray(pd.notna(y if isinstance(y, (pd.DataFrame, pd.Series)) else np.asarray(y)), dtype=bool)
    rows = np.flatnonzero(known if known.ndim == 1 else known.any(axis=1))
    stop = int(rows[-1]) + 1 if rows.size else len(y)
    return y.iloc[:stop] if isinstance(y, (pd.DataFrame, pd.Series)) else y[:stop]


def _message(counts: Ints, times: Index, indptr: Ints, ids: Index) -> str:
    first = int(np.argmax(counts > 0))
    stop, others = int(indptr[first + 1]), int((counts > 0).sum()) - 1
    n_rows = int(counts[first])
    begin, end = (str(time).removesuffix(" 00:00:00") for time in (times[stop - n_rows], times[stop - 1]))
    rows = f"its last {n_rows} rows, from {begin} to {end}" if n_rows > 1 else f"its last row, {end}"
    also = f" (and so it is with {others} other series)" if others else ""
    return f"Series {ids[first]!r} has no value in {rows}{also}"
