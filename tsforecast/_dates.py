"""Dates as people and programs write them -> timestamps."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Index

_MONTHS = 12
_FIRST_YEAR = 1500  # a year before it is a misreading: of "Jan-12" in no known form, say
_PIVOT = 69  # years of two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068, as in POSIX
_COMPACT = (19000101, 21001231)
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TWO_DIGITS = (  # what comes before a year of two digits
    r"^(\d{1,2}/\d{1,2}/|\d{1,2}\.\d{1,2}\.)(\d\d)(?=$|\s)",  # 31/1/23, 31.1.23 and 1/31/23
    rf"(?i)^(\d{{1,2}}[-/. ]{_NAME}[-/. ])(\d\d)(?=$|\s)",  # 31-Jan-23
    rf"(?i)^({_NAME}[-/'])(\d\d)$",  # Jan-23
)


def parse_dates(column: "pd.Series[Any]") -> "pd.Series[pd.Timestamp]":
    """Texts, date objects or whole numbers such as 20240131 as timestamps, NaT where they are none.

    Texts whose offsets from UTC differ are read in UTC. A text needs a year: of four digits, or of two at its end after
    slashes, dots or the name of the month (69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068). A year before 1500 is
    none. Whether ``03/04/2024`` is in March or April is decided once for all texts: the month comes first unless they
    cannot all be read so, are written with dots, or would be days of one month over more years than that makes sense
    for.

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
    whole = _with_whole_years(text)
    parsed = _to_datetime(column if whole is text else whole, whole)
    return parsed.where(whole.str.contains(r"\d{4}") & (parsed.dt.year >= _FIRST_YEAR))


def compact_dates(times: Index) -> "pd.DatetimeIndex | None":
    """The dates that whole numbers such as 20240131 are, or None.

    They are dates where every one of them lies in 19000101 to 21001231 and is a day of the calendar.

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


def _with_whole_years(text: "pd.Series[str]") -> "pd.Series[str]":
    """Texts with years of four digits where they had two; the very same object where none had."""
    if text.str.match(r"\d{4}").all():
        return text
    for pattern in _TWO_DIGITS:
        parts = text.str.extract(pattern)
        short = parts[1].notna()
        if short.any():
            century = np.where(parts.loc[short, 1].astype(int) >= _PIVOT, "19", "20")
            rest = [whole[len(head) + 2 :] for whole, head in zip(text[short], parts.loc[short, 0], strict=True)]
            text = text.copy()
            text[short] = parts.loc[short, 0] + century + parts.loc[short, 1] + rest
    return text


def _to_datetime(dates: "pd.Series[Any]", text: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    # guessed once from the first, which is fast; from "May" pandas cannot tell whether names of months are shortened
    one_format = len(set(text.str.len())) == 1 and not text.str.contains("may", case=False).any()
    how: dict[str, Any] = {
        "errors": "coerce",
        "format": None if one_format else "mixed",
        "dayfirst": _day_first(text),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas on guessing the format: what it cannot read becomes NaT
        warnings.simplefilter("ignore", FutureWarning)  # pandas 2 on mixed offsets, which it leaves as objects
        try:
            parsed = pd.to_datetime(dates, **how)
        except ValueError:  # pandas 3 refuses mixed offsets even where errors are to be coerced
            return pd.to_datetime(dates, utc=True, **how)
        return pd.to_datetime(dates, utc=True, **how) if parsed.dtype == object else parsed


def _day_first(text: "pd.Series[str]") -> bool:
    parts = text.str.extract(r"^\s*(\d{1,2})([/.\-])(\d{1,2})[/.\-]\d{4}").dropna()
    if len(parts) == 0:
        return False
    first, second = parts[0].astype(int), parts[2].astype(int)
    firsts_of_months = first.nunique() == 1 and len(parts) > _MONTHS and second.max() <= _MONTHS
    return bool((parts[1] == ".").any() or first.max() > _MONTHS or firsts_of_months)
