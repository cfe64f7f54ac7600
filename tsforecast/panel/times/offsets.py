"""Offsets of pandas and some of our own: parsing, canonical form, and length of a step."""

import re
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from tsforecast.panel.times.months import Months, months_of

# pandas before 2.2 -> pandas from 2.2 on; an anchor ("A-DEC") follows the name unchanged.
_OLD_ALIASES = {
    "M": "ME", "BM": "BME", "CBM": "CBME", "SM": "SME",
    "Q": "QE", "BQ": "BQE", "A": "YE", "Y": "YE", "BA": "BYE", "BY": "BYE",
    "AS": "YS", "BAS": "BYS", "H": "h", "BH": "bh", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns",
}  # fmt: skip
MONTHS = {  # months in one step
    "M": 1, "ME": 1, "MS": 1, "BME": 1, "BMS": 1, "CBME": 1, "CBMS": 1, "WOM": 1, "LWOM": 1,
    "Q": 3, "QE": 3, "QS": 3, "BQE": 3, "BQS": 3, "REQ": 3, "HYE": 6, "HYS": 6, "BHYE": 6, "BHYS": 6,
    "Y": 12, "YE": 12, "YS": 12, "BYE": 12, "BYS": 12, "RE": 12,
}  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SECOND = 1_000_000_000  # nanoseconds
MINUTE, DAY = 60 * SECOND, 86_400 * SECOND
_UNITS = (
    (DAY, pd.offsets.Day), (3600 * SECOND, pd.offsets.Hour), (MINUTE, pd.offsets.Minute),
    (SECOND, pd.offsets.Second), (10**6, pd.offsets.Milli), (10**3, pd.offsets.Micro), (1, pd.offsets.Nano),
)  # fmt: skip
NANOS = {"s": SECOND, "ms": 10**6, "us": 10**3, "ns": 1}


def parse_own_alias(name: str) -> "pd.offsets.BaseOffset | None":
    """The offset of ``"MS-25"`` and ``"C-MonTue-20241225"``; None for any other text."""
    months = re.fullmatch(r"\s*(\d*)MS-(\d{1,2})\s*", name)
    if months is not None and (months[1] == "" or int(months[1]) > 0):
        return Months(int(months[1] or 1), int(months[2])).offset()
    week = re.fullmatch(rf"\s*(\d*)C-((?:{'|'.join(WEEKDAYS)})+)((?:-\d{{8}})*)\s*", name, flags=re.IGNORECASE)
    if week is None or int(week[1] or 1) < 1:
        return None
    found = [day.title() for day in re.findall("...", week[2])]
    mask = "".join("1" if day in found else "0" for day in WEEKDAYS)
    return _working_days(int(week[1] or 1), mask, tuple(sorted(filter(None, week[3].split("-")))))


def modern_alias(alias: str) -> str:
    """An alias of any pandas version, in the spelling of pandas 2.2 and later."""
    match = re.fullmatch(r"\s*(-?\d*)\s*([A-Za-z]+)(-[A-Za-z]+)?\s*", alias)
    if match is None:
        return alias
    count, name, anchor = match.groups()
    if name in {"b", "c", "d", "w"}:  # lower case in older versions
        name, anchor = name.upper(), anchor and anchor.upper()
    return count + _OLD_ALIASES.get(name, name) + (anchor or "")


def as_offset(freq: Any) -> Any:
    """A duration of numpy as an offset of pandas; anything else unchanged."""
    return pd.Timedelta(freq) if isinstance(freq, np.timedelta64) else freq


def canonical(offset: "pd.offsets.BaseOffset") -> "pd.offsets.BaseOffset":
    """The canonical one of all offsets that give the same times.

    Ticks are counted in the largest unit that holds them; a week without an anchor is seven days; quarters that end in
    March end in December too; a calendar of Monday to Friday is that of business days.
    """
    if type(offset) is pd.DateOffset:
        return _plain_offset(offset)
    nanos = tick_ns(offset)
    if nanos is not None:
        return next(unit(nanos // size) for size, unit in _UNITS if nanos % size == 0)
    if isinstance(offset, pd.offsets.Week) and offset.weekday is None:
        return pd.offsets.Day(7 * offset.n)
    if type(offset) is pd.offsets.CustomBusinessDay and not offset.normalize and not offset.offset:
        return _working_days(offset.n, weekmask_of(offset), holidays_of(offset))
    if offset.n == 1 and isinstance(offset, (pd.offsets.QuarterBegin, pd.offsets.BQuarterBegin)):
        return type(offset)(startingMonth=(offset.startingMonth - 1) % 3 + 1)
    if offset.n == 1 and isinstance(offset, (pd.offsets.QuarterEnd, pd.offsets.BQuarterEnd)):
        return type(offset)(startingMonth=(offset.startingMonth - 1) % 3 + 10)
    return offset


def _plain_offset(offset: "pd.DateOffset") -> "pd.offsets.BaseOffset":
    """The offset equal to a ``pd.DateOffset`` of months from a day, or of days and hours."""
    kwds = dict(offset.kwds)
    day = kwds.pop("day", None)
    count = offset.n * (kwds.pop("months", 0) + 12 * kwds.pop("years", 0))
    if count > 0 and day is not None and not kwds and not offset.normalize:
        return Months(count, day).offset()
    if count == 0 and day is None and kwds:
        return canonical(to_offset(offset.n * pd.Timedelta(**kwds)))
    raise ValueError("months that begin on a day are named by it, as 'MS-25'")


def _working_days(n: int, mask: str, holidays: tuple[str, ...]) -> "pd.offsets.BaseOffset":
    if not holidays and mask == "1111111":
        return pd.offsets.Day(n)
    if not holidays and mask == "1111100":
        return pd.offsets.BusinessDay(n)
    if not holidays and mask.count("1") == 1:
        return pd.offsets.Week(n, weekday=mask.index("1"))
    days = " ".join(day for day, works in zip(WEEKDAYS, mask, strict=True) if works == "1")
    dates = [f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in holidays]
    return pd.offsets.CustomBusinessDay(n, weekmask=days, holidays=dates)


def weekmask_of(freq: "pd.offsets.BaseOffset") -> str:
    """Which days of the week are steps, Monday first: ``"1111100"`` for business days.

    Examples
    --------
    >>> weekmask_of(pd.offsets.BDay()), weekmask_of(parse_own_alias("C-SunMonTue"))
    ('1111100', '1100001')
    """
    mask = getattr(freq, "weekmask", None) or "1111100"
    return "".join("1" if works else "0" for works in np.busdaycalendar(weekmask=mask).weekmask)


def holidays_of(freq: "pd.offsets.CustomBusinessDay") -> tuple[str, ...]:
    """Holidays of the calendar, written as ``"20241225"``."""
    return tuple(str(day).replace("-", "") for day in np.sort(freq.calendar.holidays))


def tick_ns(freq: "pd.offsets.BaseOffset") -> int | None:
    """Length of a step in nanoseconds; None for a calendar step (months, business days)."""
    if isinstance(freq, pd.offsets.Tick):
        return int(pd.Timedelta(freq).value)
    if isinstance(freq, pd.offsets.Day):  # not a Tick from pandas 3 on
        return int(freq.n) * DAY
    return None


def longest_ns(freq: "pd.offsets.BaseOffset") -> int:
    """Length of the longest step in nanoseconds, or an upper bound."""
    nanos, months = tick_ns(freq), months_of(freq)
    if nanos is not None:
        return nanos
    unit = freq.rule_code.split("-")[0] if months is None else ""
    usual = {"W": 7, "B": 4, "SMS": 17, "SME": 17}.get(unit, 371)
    days = 31 * months.count if months is not None else freq.n * (31 * MONTHS[unit] if unit in MONTHS else usual)
    return int(days) * DAY


def shortest_ns(freq: "pd.offsets.BaseOffset") -> int:
    """Length of the shortest step in nanoseconds, or a lower bound."""
    nanos, months = tick_ns(freq), months_of(freq)
    if nanos is not None:
        return nanos
    if months is not None:
        return months.count * 28 * DAY
    unit = freq.rule_code.split("-")[0]
    days = 28 * MONTHS[unit] if unit in MONTHS else {"W": 7, "B": 1, "C": 1, "SMS": 13, "SME": 13}.get(unit, 0)
    return int(freq.n) * days * DAY
