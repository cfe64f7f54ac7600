"""Parses a column of a file as times, with one meaning for all of its texts or whole numbers."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Index, Ints
from tsforecast.data.file_format import UNITS, FileFormat
from tsforecast.data.numbers import BadCell
from tsforecast.data.parquet_table import is_period
from tsforecast.exceptions import DataError
from tsforecast.panel.times.dates import compact_dates, parse_dates
from tsforecast.panel.times.day_first import is_regular

_WHOLE = r"[-+]?[0-9]{1,18}(?:\.0*)?"
_OPTION = "(time_format of FileFormat, --time_format on the command line)"
_YEARS = (1900, 2100)
_SINCE_1970 = {10: "s", 13: "ms", 16: "us", 19: "ns"}  # unit by the number of digits, from September 2001 on
_WEEK = r"(?i)^(?:([0-9]{4})[ -]?(?:W|KW|week)?[ -]?([0-9]{1,2})|(?:W|KW|week)[ -]?([0-9]{1,2})[ /.,-]{1,2}([0-9]{4}))$"
_QUARTER, _MONTH, _DAY_OF_YEAR, _HOUR = 5, 6, 7, 10  # number of digits of 20241, 202401, 2024031 and 2024013112
_CLOCKS = {_HOUR: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_WORKBOOK_DAYS = (30_000, 60_000)  # years 1982 to 2064
_FIRST_OF_WORKBOOKS = pd.Timestamp("1899-12-30")
_LEAP = 60  # workbooks count 29 February 1900, which did not exist


@dataclasses.dataclass(frozen=True)
class Times:
    """Times of every row, how they were read, and three examples as written and as read."""

    index: Index
    how: str
    examples: tuple[tuple[str, str], ...]
    is_sure: bool


def read_times(column: pa.ChunkedArray, form: FileFormat) -> Times | BadCell:
    """The times of a column, or its first cell that is not a time.

    Raises
    ------
    DataError
        The meaning of the column is ambiguous; the message names the options.
    """
    if is_period(column.type):
        periods = pd.PeriodIndex(column.to_pandas())
        if periods.hasnans:
            return BadCell(int(np.argmax(periods.isna())), "", "no date")
        return Times(periods, "periods", tuple((str(p), str(p)) for p in periods[:3]), True)
    codes, different = _encoded(column)
    read = _texts_or_numbers(different, form)
    bad = read.values.isna().to_numpy()[codes]
    if bad.any():
        place = int(np.argmax(bad))
        return BadCell(place, str(different.iloc[codes[place]]), read.why)
    shown = [(str(different.iloc[i]), _plain(read.values.iloc[i])) for i in range(min(3, len(different)))]
    return Times(pd.Index(read.values.array).take(codes), read.how, tuple(shown), read.is_sure)


@dataclasses.dataclass(frozen=True)
class _Parsed:
    values: "pd.Series[Any]"
    how: str = "dates"
    is_sure: bool = True
    why: str = "no date"


def _encoded(column: pa.ChunkedArray) -> "tuple[Ints, pd.Series[Any]]":
    """Code of every cell, and the distinct cells in order of appearance; an empty one is NaT or ``''``."""
    encoded = pc.dictionary_encode(column, null_encoding="encode").unify_dictionaries()
    codes = [chunk.indices.to_numpy() for chunk in encoded.chunks]
    cells = encoded.chunk(0).dictionary
    if pa.types.is_string(cells.type):
        different = pd.Series([(cell or "").strip() for cell in cells.to_pylist()], dtype=object)
    else:
        try:
            different = pd.Series(cells.to_pandas())
        except (pa.ArrowException, ValueError, KeyError, OverflowError) as error:
            raise DataError(f"times of the type {column.type} cannot be read: {error}") from error
    return np.concatenate(codes).astype(np.int64), different


def _texts_or_numbers(different: "pd.Series[Any]", form: FileFormat) -> _Parsed:
    if different.dtype.kind == "M" or isinstance(different.dtype, pd.DatetimeTZDtype):
        return _Parsed(different)
    if different.dtype.kind in "iuf":
        whole = different.dropna()
        if (whole != np.floor(whole)).any() or (whole.abs() >= 2**63).any():
            if form.time_format == "excel":
                return _Parsed(_workbook_days(different.astype(str)), "days as workbooks count them")
            odd = whole[(whole != np.floor(whole)) | (whole.abs() >= 2**63)].iloc[0]
            raise DataError(f"{odd} is no time; dates or whole numbers are needed.")
        if len(whole) < len(different):
            return _Parsed(different.where(different.isna(), 0).astype(object))
        different = different.astype(np.int64).astype(str)
    if different.eq("").any():
        return _Parsed(different.where(different != "", None))
    if form.time_format is not None:
        return _by_format(different, form.time_format)
    if different.str.fullmatch(_WHOLE).all():
        return _whole_numbers(different)
    return _Parsed(parse_dates(different, form.day_first), _order(different, form))


def _order(texts: "pd.Series[str]", form: FileFormat) -> str:
    parts = texts.str.extract(r"^([0-9]{1,2})[/.\-][0-9]{1,2}[/.\-]([0-9]{2,4})").dropna()
    if parts.empty:
        return "dates"
    read = parse_dates(texts, form.day_first)[parts.index]
    by_day = (read.dt.day == parts[0].astype(int)).all()
    return "dates, the day first" if by_day else "dates, the month first"


def _by_format(texts: "pd.Series[str]", way: str) -> _Parsed:
    """Times of texts with a given ``time_format``."""
    special: dict[str, Callable[[pd.Series[str]], pd.Series[Any]]] = {
        "number": _numbers,
        "quarter": _quarters,
        "week": _weeks,
        "financial": _financial,
        "excel": _workbook_days,
        **{unit: _since_1970(unit) for unit in UNITS},
    }
    names = {
        "number": "whole numbers",
        "quarter": "quarters",
        "week": "weeks, by their Monday",
        "financial": "financial years, by their first year",
    }
    why = f"no time of the form {way!r}"
    if way == "number" and texts.str.fullmatch(_WHOLE).all():
        _check_not_days(texts)
    if way in special:
        return _Parsed(special[way](texts), names.get(way, f"dates ({way})"), why=why)
    texts, way = _with_weekday(texts, way)
    try:
        try:
            read = pd.to_datetime(texts, format=way, errors="coerce")
        except ValueError:  # offsets from UTC differ
            read = pd.to_datetime(texts, format=way, errors="coerce", utc=True)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise DataError(f"time_format={way!r} cannot be used: {error}.") from error
    return _Parsed(read, "dates", why=why)


def _whole_numbers(texts: "pd.Series[str]") -> _Parsed:
    """Days such as 20240131, months such as 202401, quarters such as 20241, or numbers; else a `DataError`."""
    numbers = _numbers(texts)
    days = compact_dates(pd.Index(numbers.to_numpy(dtype=np.int64)))
    if days is not None:
        return _Parsed(pd.Series(days), "dates, as year, month and day")
    lengths = set(numbers.abs().astype(str).str.len())
    digits = numbers.astype(str)
    n_digits = lengths.pop() if len(lengths) == 1 else 0
    if n_digits == _MONTH and _all_valid(digits, "%Y%m"):
        if _is_regular_as_days(digits):
            raise DataError(
                _unclear(digits, "'%Y%m' for a year and a month, '%y%m%d' for days of a year of two digits")
            )
        return _Parsed(pd.to_datetime(digits, format="%Y%m"), "months, as year and month", is_sure=False)
    if n_digits == _MONTH and (parts := _weeks(digits)).notna().all() and parts.dt.year.between(*_YEARS).all():
        raise DataError(_unclear(digits, f"'week' for a year and its week (the first is {_plain(parts.iloc[0])} then)"))
    if n_digits == _DAY_OF_YEAR and _all_valid(digits, "%Y%j"):
        raise DataError(_unclear(digits, "'%Y%j' for a year and the day in it"))
    if n_digits in _CLOCKS and _all_valid(digits, _CLOCKS[n_digits]):
        if n_digits == _HOUR:
            raise DataError(_unclear(digits, f"'{_CLOCKS[_HOUR]}' for dates and hours, 's' for seconds since 1970"))
        return _Parsed(pd.to_datetime(digits, format=_CLOCKS[n_digits]), "dates and times", is_sure=False)
    return _counted(numbers, digits, n_digits)


def _counted(numbers: "pd.Series[Any]", digits: "pd.Series[str]", n_digits: int) -> _Parsed:
    """Quarters or plain whole numbers; a `DataError` where they may count from 1970 or be days of a workbook."""
    unit = _unit(numbers, n_digits)
    if unit is not None:
        first = _plain(_since_1970(unit)(digits).iloc[0])
        raise DataError(_unclear(digits, f"{unit!r} where they count from 1970 (the first is {first} then)"))
    if n_digits == _QUARTER and _quarters(digits).dt.year.between(*_YEARS).all():
        if digits.str[:4].nunique() > 1:
            return _Parsed(_quarters(digits), "quarters, as year and quarter", is_sure=False)
        raise DataError(_unclear(digits, "'quarter' for a year and its quarter"))
    if numbers.between(*_WORKBOOK_DAYS).all():
        first = _plain(_workbook_days(digits).iloc[0])
        raise DataError(_unclear(digits, f"'excel' for days as workbooks count them (the first is {first} then)"))
    if numbers.between(*_YEARS).all():
        return _Parsed(numbers, "whole numbers (for dates of years say time_format='%Y')")
    return _Parsed(numbers, "whole numbers")


def _unit(numbers: "pd.Series[Any]", n_digits: int) -> str | None:
    """Unit of numbers that may count from 1970, else None; before September 2001 only for whole minutes."""
    if n_digits in _SINCE_1970 and numbers.min() > 0:
        return _SINCE_1970[n_digits]
    unit = _SINCE_1970.get(n_digits + 1)
    if unit is None or numbers.min() <= 0:
        return None
    minute = 60 * 10 ** (n_digits + 1 - _HOUR)
    return unit if (numbers % minute == 0).all() else None


def _is_regular_as_days(digits: "pd.Series[str]") -> bool:
    """Whether numbers such as 200131 may also be days of years with two digits, and regular ones."""
    parts = [digits.str[i : i + 2].astype(int) for i in (0, 2, 4)]
    return is_regular(parts[0] + 2000, parts[1], parts[2])


def _unclear(digits: "pd.Series[str]", ways: str) -> str:
    shown = ", ".join(digits.head(3))
    return f"What the times {shown} mean cannot be told. Say {ways}, 'number' where they are numbers {_OPTION}."


def _numbers(texts: "pd.Series[str]") -> "pd.Series[Any]":
    whole = texts.where(texts.str.fullmatch(_WHOLE))
    plain = whole.str.replace(r"\.0*$", "", regex=True)
    if whole.isna().any():
        return plain
    return pd.Series([int(text) for text in plain], dtype=np.int64)


def _all_valid(digits: "pd.Series[str]", way: str) -> bool:
    read = pd.to_datetime(digits, format=way, errors="coerce")
    return bool((read.notna() & read.dt.year.between(*_YEARS)).all())


def _since_1970(unit: str) -> "Callable[[pd.Series[str]], pd.Series[Any]]":
    def read(texts: "pd.Series[str]") -> "pd.Series[Any]":
        numbers = _numbers(texts)
        if numbers.dtype != np.int64:
            return numbers  # has missing values, since some text is not a number
        index = pd.DatetimeIndex(numbers.to_numpy().view(f"M8[{unit}]"))
        return pd.Series(index.as_unit("us") if unit == "s" and numbers.abs().max() < 2**43 else index)

    return read


def _quarters(texts: "pd.Series[str]") -> "pd.Series[Any]":
    found = [re.fullmatch(r"([0-9]{4})-?Q?([1-4])", text) for text in texts]
    first = [None if match is None else f"{match[1]}-{3 * int(match[2]) - 2:02}" for match in found]
    return pd.to_datetime(pd.Series(first, dtype=object), format="%Y-%m", errors="coerce")


def _weeks(texts: "pd.Series[str]") -> "pd.Series[Any]":
    """Mondays of weeks of ISO 8601: 202005, 2020-W5, W05-2020, KW 5/2020."""
    found = [re.fullmatch(_WEEK, text) for text in texts]
    parts = [None if m is None else (m[1] or m[4], (m[2] or m[3]).zfill(2)) for m in found]
    days = [None if part is None else f"{part[0]}-W{part[1]}-1" for part in parts]
    return pd.to_datetime(pd.Series(days, dtype=object), format="%G-W%V-%u", errors="coerce")


def _with_weekday(texts: "pd.Series[str]", way: str) -> "tuple[pd.Series[str], str]":
    """Texts of weeks with their first day added, as ``strptime`` needs a day; other texts unchanged."""
    weeks = [sign for sign in ("%V", "%W", "%U") if sign in way]
    if not weeks or any(day in way for day in ("%u", "%w", "%a", "%A")):
        return texts, way
    return texts + (" 0" if weeks == ["%U"] else " 1"), f"{way} %w"


def _check_not_days(texts: "pd.Series[str]") -> None:
    if compact_dates(pd.Index(_numbers(texts).to_numpy(dtype=np.int64))) is not None:
        raise DataError(
            f"The times {', '.join(texts.head(3))} are days, and whole numbers that are days are dates in every table "
            "of tsforecast: leave time_format='number' out, or number the rows 1, 2, 3."
        )


def _financial(texts: "pd.Series[str]") -> "pd.Series[Any]":
    found = [re.fullmatch(r"([0-9]{4})[/\-–]([0-9]{2}|[0-9]{4})", text) for text in texts]
    fits = [match is not None and str(int(match[1]) + 1).endswith(match[2]) for match in found]
    first = [text[:4] if fit else None for text, fit in zip(texts, fits, strict=True)]
    return pd.to_datetime(pd.Series(first, dtype=object), format="%Y", errors="coerce")


def _workbook_days(texts: "pd.Series[str]") -> "pd.Series[Any]":
    days = pd.to_numeric(texts.where(texts.str.fullmatch(r"[0-9]{1,7}(?:\.[0-9]+)?")), errors="coerce").astype(float)
    seconds = (days.where((days > _LEAP) & (days < 2_958_466)) * 86_400).round()  # up to the end of the year 9999
    return _FIRST_OF_WORKBOOKS.as_unit("us") + pd.to_timedelta(seconds, unit="s")


def _plain(time: Any) -> str:
    """A time as text, without the time of day where that is midnight."""
    return re.sub(r"[ T]00:00:00$", "", str(time))
