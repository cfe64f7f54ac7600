"""Columns of a frame -> checked arrays of times and values."""

from typing import Any

import numpy as np
import pandas as pd

from tsforecast._dates import compact_dates, parse_dates
from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import DataError


def owner(row: int, indptr: Ints, ids: Index) -> str:
    """Name of the series that ``row`` belongs to, quoted for a message."""
    return repr(ids[int(np.searchsorted(indptr, row, side="right")) - 1])


def time_kind(times: Index) -> str:
    """What times are, in words: times of different kinds never meet.

    Examples
    --------
    >>> time_kind(pd.Index([1, 2])), time_kind(pd.period_range("2020-01", periods=2, freq="M"))
    ('whole numbers', "periods 'M'")
    """
    if isinstance(times, pd.PeriodIndex):
        return f"periods {times.freqstr!r}"
    if isinstance(times, pd.DatetimeIndex):
        return "dates without a zone" if times.tz is None else "dates with a zone"
    return "whole numbers" if pd.api.types.is_integer_dtype(times.dtype) else str(times.inferred_type)


def parse_times(column: "pd.Series[object]", indptr: Ints, ids: Index) -> Index:
    """Timestamps, periods or integers of a time column: ``(n_obs,)``.

    Text is parsed as dates, and so are whole numbers where all of them are dates such as 20240131
    (`tsforecast._dates.parse_dates`).

    Raises
    ------
    DataError
        A time is empty, is no date, or is a number with a fraction.
    """
    if column.isna().any():
        row = int(np.argmax(column.isna().to_numpy()))
        raise DataError(f"Series {owner(row, indptr, ids)} has no time in row {row}; every observation needs one.")
    if isinstance(column.dtype, (pd.PeriodDtype, pd.DatetimeTZDtype)) or column.dtype.kind == "M":
        return pd.Index(column.array, name=None)
    if pd.api.types.is_bool_dtype(column.dtype):
        raise DataError("The times are booleans; dates or integers are needed.")
    if pd.api.types.is_integer_dtype(column.dtype):
        return _numbers_or_days(pd.Index(column.to_numpy(dtype=np.int64)))
    if pd.api.types.is_float_dtype(column.dtype):
        return _whole(column.to_numpy(dtype=np.float64), indptr, ids)
    if pd.api.types.infer_dtype(column) == "period":
        return pd.PeriodIndex(column)
    codes, different = pd.factorize(column)  # many series share their times
    parsed = parse_dates(pd.Series(different))
    bad = parsed.isna().to_numpy()[codes]
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"Series {owner(row, indptr, ids)}: {column.iloc[row]!r} is no date. "
            "Use dates with their year, such as 2024-01-31, or whole numbers."
        )
    return pd.Index(parsed.array, name=None).take(codes)


def parse_values(column: "np.ndarray[Any, Any]", indptr: Ints, ids: Index, times: Index, what: str = "y") -> Floats:
    """A column as float64, nan where it is empty: ``(n_obs,)``.

    Raises
    ------
    DataError
        A value is no number, or is infinite; the message names the series, the time and the value.
    """
    if column.dtype.kind in "cmM":
        kind = "complex numbers" if column.dtype.kind == "c" else "times"
        raise DataError(
            f"Series {owner(0, indptr, ids)} holds {kind} in {what}; numbers are needed. Put times in the index of a "
            "wide frame, or in a column 'ds' of a long one."
        )
    values = pd.to_numeric(pd.Series(column), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = (np.isnan(values) & ~pd.isna(column)) | np.isinf(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"Series {owner(row, indptr, ids)} has {what}={_plain(column[row])!r} at {times[row]}; a finite number is "
            "needed (leave the cell empty for a missing value)."
        )
    return values


def parse_table(frame: pd.DataFrame, ids: Index, times: Index) -> Floats:
    """All columns of a wide frame as float64, nan where it is empty: ``(n_times, n_series)``.

    Raises
    ------
    DataError
        As `parse_values`.
    """
    plain = all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in frame.dtypes)
    table = frame.to_numpy(dtype=np.float64) if plain else np.empty((0, 0))
    if plain and not np.isinf(table).any():
        return table
    whole = np.array([0, len(frame)])
    columns = [frame.iloc[:, i].to_numpy() for i in range(frame.shape[1])]
    return np.column_stack([parse_values(c, whole, ids[i : i + 1], times) for i, c in enumerate(columns)])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _whole(times: Floats, indptr: Ints, ids: Index) -> Index:
    broken = times != np.floor(times)
    if broken.any():
        row = int(np.argmax(broken))
        raise DataError(
            f"Series {owner(row, indptr, ids)} has the time {times[row]}; dates or whole numbers are needed."
        )
    return _numbers_or_days(pd.Index(times.astype(np.int64)))


def _numbers_or_days(numbers: Index) -> Index:
    days = compact_dates(numbers)
    return numbers if days is None else days
