"""Times and frequencies as people write them."""

import pandas as pd

from tsforecast._types import Index
from tsforecast.panel.times.dates import MONTH_NAMES
from tsforecast.panel.times.frequency import Freq, freq_label
from tsforecast.panel.times.months import months_of

_DAYS = dict(
    zip(
        ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)
_UNITS = {
    "MS": "months", "ME": "months, by their last day", "BMS": "months, by their first working day",
    "BME": "months, by their last working day", "SMS": "half months", "SME": "half months", "QS": "quarters",
    "QE": "quarters, by their last day", "BQS": "quarters, by their first working day",
    "BQE": "quarters, by their last working day", "YS": "years", "YE": "years, by their last day",
    "BYS": "years, by their first working day", "BYE": "years, by their last working day", "W": "weeks", "D": "days",
    "B": "working days", "C": "working days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
    "us": "microseconds", "ns": "nanoseconds",
}  # fmt: skip
_CALENDAR = {"QS": 0, "QE": 2}  # quarters of the calendar begin, or end, in months of this remainder by three


def time_text(time: object, freq: Freq | None = None) -> str:
    """A time without what it does not tell: midnight, or seconds that are zero; of months, quarters and years the day.

    Parameters
    ----------
    time : object
        Of a panel, or its text.
    freq : Freq, optional
        Frequency of the series; without it days are written.

    Examples
    --------
    >>> from tsforecast.panel.times.frequency import parse_freq
    >>> day = pd.Timestamp("2024-04-01")
    >>> time_text(day), time_text(day, parse_freq("MS")), time_text(day, parse_freq("QS")), time_text(7)
    ('2024-04-01', '2024-04', '2024 Q2', '7')
    >>> time_text(pd.Timestamp("2024-04-01 13:00")), time_text(pd.Timestamp("2024-04-01", tz="Europe/Paris"))
    ('2024-04-01 13:00', '2024-04-01 00:00+02:00')
    """
    if not isinstance(time, pd.Timestamp):
        return str(time).removesuffix(" 00:00:00")
    text = str(time)
    clock, zone = text[:19], text[len(text) - 6 :] if time.tzinfo is not None else ""
    if clock.endswith(" 00:00:00") and not zone and len(text) == 19:
        return _period(time, freq) or clock[:10]
    return f"{clock[:16]}{zone}" if clock.endswith(":00") and len(text) == 19 + len(zone) else text


def _period(day: pd.Timestamp, freq: Freq | None) -> str:
    """The month, quarter or year that a day stands for; empty where it stands for itself."""
    if freq is None or isinstance(freq, int) or months_of(freq) is not None:
        return ""
    code = freq.rule_code.split("-")[0]
    quarter = _CALENDAR.get(code)
    if code in ("YS", "YE"):
        return f"{day:%Y}"
    if quarter is not None and (day.month - 1) % 3 == quarter:
        return f"{day:%Y} Q{(day.month + 2) // 3}"
    return f"{day:%Y-%m}" if code in ("MS", "ME", "QS", "QE") else ""


def shown_times(times: Index, freq: Freq) -> list[str]:
    """Texts of the times of a table: all with a time of day where one has it.

    Examples
    --------
    >>> from tsforecast.panel.times.frequency import parse_freq
    >>> shown_times(pd.DatetimeIndex(["2024-03-01"]), parse_freq("MS")), shown_times(pd.Index([7]), 1)
    (['2024-03'], ['7'])
    >>> shown_times(pd.date_range("2024-03-01", periods=2, freq="h"), parse_freq("h"))
    ['2024-03-01 00:00', '2024-03-01 01:00']
    """
    texts = [time_text(time, freq) for time in times]
    if isinstance(times, pd.DatetimeIndex) and any(":" in text for text in texts):
        return [text if ":" in text else f"{time:%Y-%m-%d} 00:00" for text, time in zip(texts, times, strict=True)]
    return texts


def freq_in_words(freq: Freq) -> str:
    """A frequency in words, with its code in brackets.

    Examples
    --------
    >>> from tsforecast.panel.times.frequency import parse_freq
    >>> [freq_in_words(parse_freq(code)) for code in ("MS", "QS", "QS-FEB", "W-MON")]
    ["months ('MS')", "quarters ('QS-JAN')", "quarters from February ('QS-FEB')", "weeks, by their Monday ('W-MON')"]
    >>> [freq_in_words(parse_freq(code)) for code in ("15min", "MS-25")], freq_in_words(1)
    (["15 minutes ('15min')", "months, by day 25 ('MS-25')"], 'whole numbers, each 1 more')
    """
    if isinstance(freq, int):
        return f"whole numbers, each {freq} more"
    months = months_of(freq)
    if months is not None:  # such a step has no code in pandas
        return f"{_many(months.count)}months, by day {months.day} ({freq_label(freq)})"
    code, _, anchor = freq.rule_code.partition("-")
    if code not in _UNITS:
        return freq_label(freq)
    return f"{_many(freq.n)}{_UNITS[code]}{_anchored(code, anchor)} ({freq_label(freq)})"


def _many(count: int) -> str:
    return "" if count == 1 else f"{count} "


def _anchored(code: str, anchor: str) -> str:
    if anchor in _DAYS:
        return f", by their {_DAYS[anchor]}"
    months = {name.upper(): k for k, name in enumerate(MONTH_NAMES)}
    if anchor not in months or anchor == ("JAN" if code.endswith("S") else "DEC"):  # as the calendar's are
        return ""
    names = pd.date_range("2024-01-01", periods=12, freq="MS").month_name()
    return f" {'from' if code.endswith('S') else 'to'} {names[months[anchor]]}"
