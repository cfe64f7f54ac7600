"""Parses dates written as text or as numbers into timestamps."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Index
from tsforecast.exceptions import DataError
from tsforecast.panel.times.day_first import NUMBERS, PIVOT, check_years_last, is_day_first

MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIRST_YEAR = 1500  # earlier years are taken for a misreading, of "Jan-12" for example
_COMPACT = (19000101, 21001231)
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_TWO_DIGITS = (  # what comes before a year of two digits
    r"^(\d{1,2}/\d{1,2}/|\d{1,2}\.\d{1,2}\.)(\d\d)(?=$|\s)",  # 31/1/23, 31.1.23 and 1/31/23
    rf"(?i)^(\d{{1,2}}[-/. ]{_NAME}[-/. ])(\d\d)(?=$|\s)",  # 31-Jan-23
    rf"(?i)^({_NAME}[-/'])(\d\d)$",  # Jan-23
)
_ISO = r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)?"
_WORDS = (  # allowed parts of a date: pandas accepts other texts too, some as wrong dates
    rf"(?i)(?:[0-9 :/.,'+\-]|{_NAME}|{_DAY}|[0-9](?:st|nd|rd|th)\b|[0-9] ?[ap]\.?m\.?|[0-9]T[0-9]|[0-9]Z$"
    r"|UTC|GMT)+"
)
_QUARTERS = (
    r"(?i)^(?P<year>[0-9]{4})[- /]?Q(?P<quarter>[1-4])$",  # 2020Q1
    r"(?i)^Q(?P<quarter>[1-4])[-/ ]?(?P<year>[0-9]{4})$",
    r"(?i)^(?P<quarter>[1-4])Q[-/ ]?(?P<year>[0-9]{4})$",
)
_MONTH = r"(?i)^([0-9]{4})[- ]?M([0-9]{1,2})$"  # 2020M01
_WEEK = r"(?i)^([0-9]{4})-?W([0-9]{2})$"  # 2020-W05
_FRACTION = r"[0-9]+\.[0-9]+"  # 2020.5 may mean mid-2020 or May 2020
_MONTH_FIRST = r"^([0-9]{1,2})\.([12][0-9]{3})$"  # 05.2020
_ZONE = r"(?i)[T ][0-9]{2}:?[0-9:.]*\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)$"
_FINANCIAL = r"^([0-9]{4})[/\-]([0-9]{2}|[0-9]{4})$"  # 2001/02, a financial year that begins in 2001


def parse_dates(column: "pd.Series[Any]", day_first: bool | None = None) -> "pd.Series[pd.Timestamp]":
    """Timestamps of distinct texts, date objects or whole numbers such as 20240131; NaT for what is not a date.

    Texts whose offsets from UTC differ are read in UTC. A text needs a year: of four digits, or of two at its end after
    slashes, dots or the name of the month (69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068). A year before 1500 is
    not a date. Quarters such as ``2020Q1`` become their first day, weeks such as ``2020-W05`` their Monday (ISO 8601).
    Whether ``03/04/2024`` is in March or April is decided once for all texts: see `is_day_first`.

    Raises
    ------
    DataError
        The order of day and month is ambiguous and ``day_first`` is None; all texts are financial years such
        as ``2001/02``; some texts have an offset from UTC and others have none.

    Examples
    --------
    >>> parse_dates(pd.Series(["Jan-12", "Feb-12", "May"])).dt.strftime("%Y-%m-%d").tolist()
    ['2012-01-01', '2012-02-01', nan]
    >>> parse_dates(pd.Series(["1/12/23", "13/12/23"])).dt.strftime("%Y-%m-%d").tolist()
    ['2023-12-01', '2023-12-13']
    """
    if pd.api.types.is_integer_dtype(column.dtype):
        found = compact_dates(pd.Index(column))
        days = pd.DatetimeIndex([pd.NaT] * len(column)) if found is None else found
        return pd.Series(days, index=column.index)
    text = column.astype(str).str.strip()
    _check_zones(text)
    if text.str.fullmatch(_ISO).all():
        _check_not_financial(text)
        return _possible(_to_datetime(column), text)
    if day_first is None:
        check_years_last(text)
    _check_not_financial(text)
    text = _with_months(text)
    whole = _with_whole_years(text)
    plain = whole.str.fullmatch(_WORDS) & ~whole.str.fullmatch(_FRACTION)
    return _possible(_to_datetime(_year_first(whole, day_first)), whole).where(plain)


def is_date(text: str) -> bool:
    """Whether a text is a date, with either day or month first.

    Examples
    --------
    >>> is_date("13/04/2024"), is_date("04/13/2024"), is_date("north")
    (True, True, False)
    """
    return any(bool(parse_dates(pd.Series([text]), day_first).notna().all()) for day_first in (True, False))


def _possible(parsed: "pd.Series[pd.Timestamp]", text: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    return parsed.where(text.str.contains("[0-9]{4}") & (parsed.dt.year >= _FIRST_YEAR))


def compact_dates(times: Index) -> "pd.DatetimeIndex | None":
    """Dates written as whole numbers such as 20240131; None where the numbers are not all dates.

    They are dates where all lie between 19000101 and 21001231 and are days of the calendar.

    Examples
    --------
    >>> [str(day.date()) for day in compact_dates(pd.Index([20240131, 20240201]))]
    ['2024-01-31', '2024-02-01']
    >>> compact_dates(pd.Index([20240131, 20240132])) is None
    True
    """
    numbers = times.to_numpy(dtype=np.int64)
    if numbers.size == 0 or numbers.min() < _COMPACT[0] or numbers.max() > _COMPACT[1]:
        return None
    days = pd.to_datetime(pd.Series(numbers).astype(str), format="%Y%m%d", errors="coerce")
    return None if days.isna().any() else pd.DatetimeIndex(days.to_numpy())


def _check_zones(text: "pd.Series[str]") -> None:
    zoned = text.str.contains(_ZONE)
    if zoned.any() and not zoned.all():
        raise DataError(
            f"{text[zoned].iloc[0]!r} has an offset from UTC and {text[~zoned].iloc[0]!r} has none; all times need "
            "one, or none."
        )


def _check_not_financial(text: "pd.Series[str]") -> None:
    parts = text.str.extract(_FINANCIAL)
    if len(parts) < 2 or parts.isna().any(axis=None):
        return
    begin, end = parts[0].astype(int), parts[1]
    after = (begin + 1).astype(str)
    if ((end == after) | (end == after.str[-2:])).all():
        raise DataError(
            f"{text.iloc[0]!r}, {text.iloc[1]!r} look like financial years, and not like months. Say "
            "time_format='financial' (--time_format financial on the command line) to read them as the years they "
            "begin in, or '%Y/%m' for months."
        )


def _with_months(text: "pd.Series[str]") -> "pd.Series[str]":
    """Quarters, months such as 2020M01 and weeks replaced by their first days; the same object where there are none."""
    if not text.str.contains(r"(?i)[QMW]|^[0-9]{1,2}\.[0-9]{4}$").any():
        return text
    text = text.copy()
    for pattern in _QUARTERS:
        parts = text.str.extract(pattern).dropna()
        first = (parts["quarter"].astype(int) * 3 - 2).astype(str).str.zfill(2)
        text[parts.index] = parts["year"] + "-" + first
    months = text.str.extract(_MONTH).dropna()
    text[months.index] = months[0] + "-" + months[1].str.zfill(2)
    months = text.str.extract(_MONTH_FIRST).dropna()
    text[months.index] = months[1] + "-" + months[0].str.zfill(2)
    weeks = text.str.extract(_WEEK).dropna()
    mondays = pd.to_datetime(weeks[0] + "-W" + weeks[1] + "-1", format="%G-W%V-%u", errors="coerce")
    text[weeks.index] = mondays.dt.strftime("%Y-%m-%d").fillna("")
    return text


def _with_whole_years(text: "pd.Series[str]") -> "pd.Series[str]":
    """Texts with two-digit years expanded to four digits; the same object where there are none."""
    if text.str.match(r"\d{4}").all():
        return text
    for pattern in _TWO_DIGITS:
        parts = text.str.extract(pattern)
        short = parts[1].notna()
        if short.any():
            century = np.where(parts.loc[short, 1].astype(int) >= PIVOT, "19", "20")
            rest = [whole[len(head) + 2 :] for whole, head in zip(text[short], parts.loc[short, 0], strict=True)]
            text = text.copy()
            text[short] = parts.loc[short, 0] + century + parts.loc[short, 1] + rest
    return text


def _year_first(text: "pd.Series[str]", day_first: bool | None) -> "pd.Series[str]":
    """Texts such as 31/01/2023 rewritten unambiguously as 2023-01-31; the same object where there are none."""
    parts = text.str.extract(NUMBERS).dropna()
    if len(parts) == 0:
        return text
    by_day = is_day_first(text) if day_first is None else day_first
    day, month = (parts[0], parts[2]) if by_day else (parts[2], parts[0])
    text = text.copy()
    text[parts.index] = parts[3] + "-" + month.str.zfill(2) + "-" + day.str.zfill(2) + parts[4]
    return text


def _to_datetime(dates: "pd.Series[Any]") -> "pd.Series[pd.Timestamp]":
    text = dates.astype(str)
    # a format guessed from the first text is fast; "May" does not show whether names of months are abbreviated
    one_format = len(set(text.str.len())) == 1 and not text.str.contains("may", case=False).any()
    how: dict[str, Any] = {"errors": "coerce", "format": None if one_format else "mixed"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas could not guess a format: unreadable texts become NaT
        warnings.simplefilter("ignore", FutureWarning)  # pandas 2 warns of mixed offsets and returns objects
        try:
            parsed = pd.to_datetime(dates, **how)
        except ValueError:  # pandas 3 refuses mixed offsets even where errors are to be coerced
            return pd.to_datetime(dates, utc=True, **how)
        return pd.to_datetime(dates, utc=True, **how) if parsed.dtype == object else parsed
