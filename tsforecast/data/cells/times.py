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
from tsforecast.data.cells.months import with_english_months
from tsforecast.data.cells.periods import is_period
from tsforecast.data.file_format import UNITS, FileFormat
from tsforecast.exceptions import DataError
from tsforecast.panel.times.dates import compact_dates, parse_dates
from tsforecast.panel.times.day_first import is_regular

_WHOLE = r"[-+]?[0-9]{1,18}(?:\.0*)?"
_OPTION = "(time_format of FileFormat, --time_format on the command line)"
_YEARS = (1900, 2100)
_SINCE_1970 = {10: "s", 13: "ms", 16: "us", 19: "ns"}  # unit by the number of digits, from September 2001 on
_WEEK = (
    r"(?i)^(?:([0-9]{4})[ -]?(?:W|KW|week)?[ -]?([0-9]{1,2})(?:-1)?|"
    r"(?:W|KW|week)[ -]?([0-9]{1,2})[ /.,-]{1,2}([0-9]{4}))$"
)
_QUARTER, _MONTH, _DAY_OF_YEAR, _DAY, _HOUR = 5, 6, 7, 8, 10  # digits of 20241, 202401, 2024031, 20240131, 2024013112
_QUARTER_WORDS = r"(?i)[0-9]{4}[- /]?Q[1-4]|Q[1-4][-/ ]?[0-9]{4}|[1-4]Q[-/ ]?[0-9]{4}"
_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_MOST, _ENOUGH_TO_TELL, _ENOUGH = 0.9, 10, 3
_CLOCKS = {_HOUR: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_WORKBOOK_DAYS = (30_000, 60_000)  # years 1982 to 2064
_FIRST_OF_WORKBOOKS = pd.Timestamp("1899-12-30")
_UTC = r"(?i)(?:Z|UTC|GMT|[+-]00(?::?00)?)\s*$"
_DAY_FIRST, _MONTH_FIRST = "dates, the day first", "dates, the month first"
_LAST = 253_402_300_799  # seconds from 1970 to the end of the year 9999
_FORMS = 1000  # different cells in which forms of times are looked for
_LEAP = 60  # workbooks count 29 February 1900, which did not exist


@dataclasses.dataclass(frozen=True)
class Times:
    """Times of every row, how they were read, and three examples as written and as read.

    Attributes
    ----------
    index : Index, shape (n_rows,)
        At the ``bad`` rows it holds anything.
    bad : ndarray of int
        Rows whose cell is no time, in increasing order.
    cells : callable
        The cell of a row as it is written.
    how, why : str
        What the times are, and what a bad cell is not.
    is_sure : bool
        False where only convention decides how they are read.
    """

    index: Index
    bad: Ints
    cells: Callable[[int], str]
    how: str
    examples: tuple[tuple[str, str], ...]
    is_sure: bool = True
    why: str = "no date"

    @property
    def day_first(self) -> bool | None:
        """Whether the day stands before the month; None where that makes no difference."""
        return {_DAY_FIRST: True, _MONTH_FIRST: False}.get(self.how)


def read_times(column: pa.ChunkedArray, form: FileFormat) -> Times:
    """The times of a column, and which of its cells are none.

    Raises
    ------
    DataError
        The meaning of the column is ambiguous; the message names the options.
    """
    if is_period(column.type):
        periods = pd.PeriodIndex(column.to_pandas())
        shown = tuple((str(p), str(p)) for p in periods.dropna()[:3])
        return Times(periods, np.flatnonzero(periods.isna()), lambda row: "", "periods", shown)
    codes, different = _encoded(column)
    usable = _usable(different, form)
    if not usable.any():
        nothing = pd.DatetimeIndex([pd.NaT]).take(np.zeros(len(codes), dtype=np.int64))
        return Times(nothing, np.arange(len(codes)), lambda row: _cell(different.iloc[codes[row]]), "dates", ())
    parts = different[usable].reset_index(drop=True)
    read = _texts_or_numbers(parts, form)
    place = np.maximum(np.cumsum(usable) - 1, 0)  # of each distinct cell among those that may be times
    bad = ~usable | read.values.isna().to_numpy()[place]
    good = np.flatnonzero(~bad)
    examples = [(_cell(different.iloc[i]), _plain(read.values.iloc[place[i]])) for i in _of_each_form(different, good)]
    return Times(
        pd.Index(read.values.array).take(place[codes]),
        np.flatnonzero(bad[codes]),
        lambda row: _cell(different.iloc[codes[row]]),
        read.how,
        tuple(examples),
        read.is_sure,
        read.why,
    )


def _of_each_form(different: "pd.Series[Any]", good: "np.ndarray[Any, np.dtype[np.intp]]") -> list[int]:
    """Three of the cells that are times: the first of each form in which they are written, then the first ones."""
    forms: dict[str, int] = {}
    for i in good[:_FORMS].tolist():
        forms.setdefault(re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", str(different.iloc[i]))), i)
    chosen = list(forms.values())[:3]
    return sorted(dict.fromkeys([*chosen, *good[:3].tolist()]), key=lambda i: (i not in chosen, i))[:3]


def _cell(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _usable(different: "pd.Series[Any]", form: FileFormat) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which distinct cells may be times: not those without a digit, and whole numbers alone where most are."""
    if different.dtype != object:
        return different.notna().to_numpy(dtype=bool)
    digits = different.str.contains(r"\d").to_numpy(dtype=bool)
    whole = different.str.fullmatch(_WHOLE).to_numpy(dtype=bool)
    if form.time_format in ("number", *UNITS) or (form.time_format is None and 2 * whole.sum() > digits.sum()):
        return whole
    return digits if form.time_format is None else (different != "").to_numpy(dtype=bool)


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
        odd = different[(different != np.floor(different)) | (different.abs() >= 2**63)]
        if len(odd):
            if form.time_format == "excel":
                return _Parsed(_workbook_days(different.astype(str)), "days as workbooks count them")
            raise DataError(f"{odd.iloc[0]} is no time; dates or whole numbers are needed.")
        different = different.astype(np.int64).astype(str).astype(object)
    if form.time_format is not None:
        return _by_format(different, form.time_format)
    if different.str.fullmatch(_WHOLE).all():
        return _whole_numbers(different)
    if (weeks := _weeks_in_words(different)) is not None:
        return _Parsed(weeks, "weeks, by their Monday")
    different = with_english_months(different)
    read = parse_dates(different, form.day_first)
    how = _order(different, form)
    if (
        read.dtype.kind != "O"
        and str(getattr(read.dtype, "tz", "")) == "UTC"
        and not different.str.contains(_UTC).all()
    ):
        return _Parsed(read, f"{how}, whose offsets from UTC differ: read, and forecast, in UTC", is_sure=False)
    return _Parsed(read, how)


def _weeks_in_words(texts: "pd.Series[str]") -> "pd.Series[Any] | None":
    """Mondays of texts such as KW 05/2024 or 2024-W5, where most texts are weeks; else None."""
    named = texts.str.contains(r"(?i)W|KW|week").to_numpy(dtype=bool)
    if not named.any():
        return None
    read = _weeks(texts).where(named)
    return read if 2 * read.notna().sum() > len(texts) else None


def _order(texts: "pd.Series[str]", form: FileFormat) -> str:
    if texts.str.fullmatch(_QUARTER_WORDS).mean() > _MOST:
        return "quarters, by their first day"
    parts = texts.str.extract(r"^([0-9]{1,2})[/.\-][0-9]{1,2}[/.\-]([0-9]{2,4})").dropna()
    if parts.empty:
        return "dates"
    read = parse_dates(texts, form.day_first)[parts.index]
    by_day = (read.dt.day == parts[0].astype(int))[read.notna()].all()
    return _DAY_FIRST if by_day else _MONTH_FIRST


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
    if n_digits == _DAY and (read := _mostly(digits, "%Y%m%d")) is not None:
        return _Parsed(read, "dates, as year, month and day")
    if n_digits == _MONTH and (months := _mostly(digits, "%Y%m")) is not None:
        if _is_regular_as_days(digits):
            raise DataError(
                _unclear(digits, "'%Y%m' for a year and a month, '%y%m%d' for days of a year of two digits")
            )
        return _Parsed(months, "months, as year and month", is_sure=False)
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
    if unit is not None and _is_regular_clock(numbers, unit):
        return _Parsed(_since_1970(unit)(digits), f"counted from 1970 in {_UNIT_NAMES[unit]}", is_sure=False)
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
        return _Parsed(numbers, "whole numbers (dates of years: --time_format %Y)")
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


def _is_regular_clock(numbers: "pd.Series[Any]", unit: str) -> bool:
    """Whether numbers since 1970 are whole minutes, at least three, and none the next number of another."""
    minute = 60 * 10 ** (3 * UNITS.index(unit))
    return len(numbers) >= _ENOUGH and bool((numbers % minute == 0).all()) and numbers.nunique() > 1


def _is_regular_as_days(digits: "pd.Series[str]") -> bool:
    """Whether numbers such as 200131 may also be days of years with two digits, and regular ones."""
    parts = [digits.str[i : i + 2].astype(int) for i in (0, 2, 4)]
    return is_regular(parts[0] + 2000, parts[1], parts[2])


def _unclear(digits: "pd.Series[str]", ways: str) -> str:
    shown = ", ".join(digits.head(3))
    return f"What the times {shown} mean cannot be told. Say {ways}, 'number' where they are numbers {_OPTION}."


def _numbers(texts: "pd.Series[str]") -> "pd.Series[Any]":
    return pd.Series([int(text) for text in texts.str.replace(r"\.0*$", "", regex=True)], dtype=np.int64)


def _mostly(digits: "pd.Series[str]", way: str) -> "pd.Series[Any] | None":
    """Times of digits in one way, where all are valid in it, or nine of ten of ten and more; else None."""
    read = pd.to_datetime(digits, format=way, errors="coerce")
    valid = read.notna() & read.dt.year.between(*_YEARS)
    if valid.all() or (len(valid) >= _ENOUGH_TO_TELL and valid.mean() >= _MOST):
        return read.where(valid)
    return None


def _all_valid(digits: "pd.Series[str]", way: str) -> bool:
    read = pd.to_datetime(digits, format=way, errors="coerce")
    return bool((read.notna() & read.dt.year.between(*_YEARS)).all())


def _since_1970(unit: str) -> "Callable[[pd.Series[str]], pd.Series[Any]]":
    def read(texts: "pd.Series[str]") -> "pd.Series[Any]":
        numbers = _numbers(texts)
        is_near = numbers.abs() <= _LAST * 1000 ** UNITS.index(unit)
        index = pd.DatetimeIndex(numbers.where(is_near, 0).to_numpy().view(f"M8[{unit}]"))
        return pd.Series(index.as_unit("us") if unit == "s" else index).where(is_near)

    return read


def _quarters(texts: "pd.Series[str]") -> "pd.Series[Any]":
    found = [re.fullmatch(r"([0-9]{4})[-/ ]?Q?([1-4])|Q?([1-4])[-/ .]{0,2}([0-9]{4})", text.upper()) for text in texts]
    parts = [None if match is None else (match[1] or match[4], match[2] or match[3]) for match in found]
    first = [None if part is None else f"{part[0]}-{3 * int(part[1]) - 2:02}" for part in parts]
    return pd.to_datetime(pd.Series(first, dtype=object), format="%Y-%m", errors="coerce")


def _weeks(texts: "pd.Series[str]") -> "pd.Series[Any]":
    """Mondays of weeks of ISO 8601: 202005, 2020-W5, 2020-W05-1, W05-2020, KW 5/2020."""
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
