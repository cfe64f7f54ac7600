"""Converts columns of a caller's frame to checked arrays of times and of float64 values."""

import numbers
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import CovariateError, DataError
from tsforecast.panel.times.dates import compact_dates, parse_dates
from tsforecast.panel.whole_numbers import LARGEST

_LONGEST = 60  # characters of a value in a message
_EXACT = 2**53  # larger whole numbers are not exact as floats


def owner(row: int, indptr: Ints, ids: Index) -> str:
    """Name of the series that ``row`` belongs to, quoted for a message."""
    return repr(ids[int(np.searchsorted(indptr, row, side="right")) - 1])


def time_kind(times: Index) -> str:
    """Name of the kind of times, such as dates or whole numbers; different kinds cannot be compared.

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
    (`tsforecast.panel.times.dates.parse_dates`).

    Raises
    ------
    DataError
        A time is empty, is not a date, or is a number with a fraction.
    """
    if column.isna().any():
        row = int(np.argmax(column.isna().to_numpy()))
        raise DataError(f"Series {owner(row, indptr, ids)} has no time in row {row}; every observation needs one.")
    column = _unpacked(column)
    if isinstance(column.dtype, (pd.PeriodDtype, pd.DatetimeTZDtype)) or column.dtype.kind == "M":
        return pd.Index(column.array, name=None)
    if column.dtype.kind in "mcV" or isinstance(column.dtype, pd.IntervalDtype):
        kind = "durations" if column.dtype.kind == "m" else f"of the type {column.dtype}"
        raise DataError(f"The times are {kind}; dates or integers are needed.")
    inferred = pd.api.types.infer_dtype(column)
    if pd.api.types.is_bool_dtype(column.dtype) or inferred == "boolean":
        raise DataError("The times are booleans; dates or integers are needed.")
    if pd.api.types.is_integer_dtype(column.dtype) or inferred == "integer":
        return _numbers_or_days(_int64(column.to_numpy(), indptr, ids))
    if pd.api.types.is_float_dtype(column.dtype) or inferred in ("floating", "mixed-integer-float"):
        return _whole(column.to_numpy(dtype=np.float64), indptr, ids)
    if inferred == "period":
        return _periods(column)
    codes, different = pd.factorize(column)  # series often share times, so each distinct one is parsed once
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

    Texts, decimals and fractions are read as the numbers they are, booleans as 0 and 1; whole numbers past 2**53 are
    rounded to the next float64.

    Raises
    ------
    DataError
        A value is not a number or is infinite; the message names the series, the time and the value. For a covariate it
        is a `CovariateError`.
    """
    wrong = DataError if what == "y" else CovariateError
    if column.dtype.kind in "cmM":
        kind = "complex numbers" if column.dtype.kind == "c" else "times"
        raise wrong(
            f"Series {owner(0, indptr, ids)} holds {kind} in {what}; numbers are needed. Put times in the index of a "
            "wide frame, or in a column 'ds' of a long one."
        )
    values = _as_floats(column)
    bad = (np.isnan(values) & ~pd.isna(column)) | np.isinf(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise wrong(
            f"Series {owner(row, indptr, ids)} has {what}={_plain(column[row])} at {times[row]}; a finite number is "
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
    plain = all(isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in frame.dtypes)
    if plain:
        with np.errstate(over="ignore"):  # of longer floats, which overflow to inf and are refused below
            table = frame.to_numpy(dtype=np.float64)
        if not np.isinf(table).any():
            return table
    times_at = next((i for i, dtype in enumerate(frame.dtypes) if dtype.kind in "cmM"), None)
    if times_at is not None:
        kind = "c16" if frame.dtypes.iloc[times_at].kind == "c" else "M8[s]"
        parse_values(np.empty(1, dtype=kind), np.array([0, 1]), ids[times_at : times_at + 1], times)
    cells = frame.to_numpy(dtype=object).T.reshape(-1)  # series by series
    indptr = np.arange(frame.shape[1] + 1, dtype=np.int64) * len(frame)
    return (
        parse_values(cells, indptr, ids, times.take(np.tile(np.arange(len(frame)), frame.shape[1])))
        .reshape(frame.shape[1], len(frame))
        .T
    )


def plain_array(data: Any) -> "np.ndarray[Any, Any]":
    """A plain array, with nan in place of masked values.

    Examples
    --------
    >>> plain_array(np.ma.array([1, 2], mask=[False, True]))
    array([ 1., nan])
    """
    if isinstance(data, np.ma.MaskedArray) and data.dtype.kind in "biuf":
        return np.where(np.ma.getmaskarray(data), np.nan, data.data.astype(np.float64))
    array = np.asarray(data)
    if array.dtype.kind == "V":
        raise DataError(f"The array has the type {array.dtype}; numbers are needed. A frame has columns.")
    return array


def check_series_names(ids: Index, what: str) -> None:
    """Raise a `DataError` where names of series are empty, equal as strings, or a mixture of strings and others.

    Failures, files and reports write a name as a string, where 1 and "1" are equal; and a column of a file has one
    type.
    """
    if isinstance(ids, pd.MultiIndex):
        raise DataError(
            f"The {what} have {ids.nlevels} levels; one is needed, with one name for each series: "
            "frame.columns = frame.columns.map('/'.join), say."
        )
    empty = np.asarray(ids.isna()) | np.array([isinstance(name, str) and not name.strip() for name in ids], dtype=bool)
    if empty.any():
        raise DataError(f"One of the {what} is empty, number {int(np.argmax(empty)) + 1}; every series needs a name.")
    if not ids.inferred_type.startswith("mixed"):
        return
    one, other = _different_types(ids)
    alike = ", which are the same text" if str(one) == str(other) else ""
    raise DataError(
        f"Series are called {one!r} ({type(one).__name__}) and {other!r} ({type(other).__name__}){alike}; names of one "
        "type are needed, best texts: frame['unique_id'].astype(str), or frame.columns.map(str) of a wide frame."
    )


def _different_types(ids: Index) -> tuple[Any, Any]:
    """Two names of different types, equal as strings if possible."""
    seen: dict[str, Any] = {}
    for name in ids:
        first = seen.setdefault(str(name), name)
        if type(first) is not type(name):
            return first, name
    return ids[0], next((name for name in ids if type(name) is not type(ids[0])), ids[0])


def _unpacked(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of Arrow's types or of categories, converted to the usual types of pandas."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if not isinstance(column.dtype, pd.ArrowDtype):
        return column
    name, arrow = str(column.dtype.pyarrow_dtype), column.dtype.pyarrow_dtype
    if name.startswith("timestamp"):
        return column.astype(
            f"datetime64[{arrow.unit}]" if arrow.tz is None else f"datetime64[{arrow.unit}, {arrow.tz}]"
        )
    if name.startswith("date"):
        return column.astype(f"datetime64[{'s' if name.startswith('date32') else 'ms'}]")
    return column if column.dtype.kind in "iufb" else column.astype(object)


def _as_floats(column: "np.ndarray[Any, Any]") -> Floats:
    """Numbers of any type as float64; nan for anything else."""
    if column.dtype.kind in "biuf":
        with np.errstate(over="ignore"):
            return column.astype(np.float64)
    cells = pd.Series(column, dtype=object)
    try:
        found = pd.to_numeric(cells, errors="coerce")
        known = pd.Series(np.nan, index=cells.index) if found.dtype.kind == "c" else found
        values = known.to_numpy(np.float64, na_value=np.nan, copy=True)
    except (OverflowError, TypeError, ValueError):
        values = np.full(len(cells), np.nan)
    for row in np.flatnonzero(np.isnan(values) & ~np.asarray(cells.isna())):
        values[row] = _float_of(column[row])
    return values


def _float_of(cell: Any) -> float:
    """A fraction, or another real number that pandas does not convert, as a float; nan for anything else."""
    if not isinstance(cell, (numbers.Real, str)):
        return float("nan")
    try:
        return float(cell) if isinstance(cell, numbers.Real) else float(pd.to_numeric(cell))
    except OverflowError:
        return float("inf")
    except (TypeError, ValueError):
        return float("nan")


def _periods(column: "pd.Series[Any]") -> pd.PeriodIndex:
    try:
        return pd.PeriodIndex(column)
    except (TypeError, ValueError) as error:
        raise DataError(f"The times are periods of several frequencies ({error}); one is needed.") from error


def _int64(numbers_given: "np.ndarray[Any, Any]", indptr: Ints, ids: Index) -> Index:
    """Whole numbers of any type as int64."""
    far = (
        np.array([abs(int(t)) > LARGEST for t in numbers_given])
        if numbers_given.dtype == object
        else ((numbers_given > LARGEST) | (numbers_given < -LARGEST))
    )
    if far.any():
        row = int(np.argmax(far))
        raise DataError(
            f"Series {owner(row, indptr, ids)} has the time {numbers_given[row]}; whole numbers up to 2**62 "
            "(4.6e18) are times."
        )
    return pd.Index(numbers_given.astype(np.int64))


def _plain(value: Any) -> str:
    """A value as text, cut where it is long."""
    shown = repr(value.item() if isinstance(value, np.generic) and value.dtype.kind != "f" else value)
    shown = repr(float(value)) if isinstance(value, np.floating) and value.itemsize <= 8 else shown
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _whole(times: Floats, indptr: Ints, ids: Index) -> Index:
    broken = (times != np.floor(times)) | (np.abs(times) > _EXACT)
    if broken.any():
        row = int(np.argmax(broken))
        raise DataError(
            f"Series {owner(row, indptr, ids)} has the time {times[row]}; dates or whole numbers are needed."
        )
    return _numbers_or_days(pd.Index(times.astype(np.int64)))


def _numbers_or_days(numbers: Index) -> Index:
    days = compact_dates(numbers)
    return numbers if days is None else days
