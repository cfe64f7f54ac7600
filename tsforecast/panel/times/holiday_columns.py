"""Holidays and working days of a country at given times: covariates that are known ahead without being given."""

import functools
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.exceptions import CovariateError, MissingDependencyError, ParameterError
from tsforecast.panel.times.frequency import Freq, freq_name
from tsforecast.panel.times.months import months_of
from tsforecast.panel.times.offsets import DAY, tick_ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

Days: TypeAlias = "NDArray[np.datetime64]"
Length: TypeAlias = Literal["day", "days", "months"]

_NAMES: dict[Length, tuple[str, ...]] = {"day": ("holiday",), "days": ("holidays",), "months": ("holidays", "workdays")}
_MOST_DAYS = 31  # before and after a holiday


def holiday_covariates(
    times: Any, calendar: str, *, freq: str | Freq | None = None, before: int = 0, after: int = 0
) -> pd.DataFrame:
    """Holidays of a country at the given times, as a frame of covariates with the times in its index.

    Parameters
    ----------
    times : DatetimeIndex or PeriodIndex
        Times with a zone count by the clock of that zone.
    calendar : str
        A country and, if wanted, a part of it, as the package holidays names them: ``"DE"``, ``"DE-BY"``, ``"US-CA"``.
    freq : str or offset, optional
        Frequency of the times; that of the index, or inferred, where it is None.
    before, after : int
        So many days before and after a holiday get a column each, for times a day or less apart.

    Returns
    -------
    DataFrame
        For times a day or less apart ``holiday``, 1 on a holiday and else 0, and ``holiday_before1``,
        ``holiday_after1`` and so on, 1 so many days before and after one. For weeks, and other numbers of days,
        ``holidays``, how many there are in the period. For months, quarters and years ``holidays`` and ``workdays``,
        the days that are neither a holiday nor of the weekend of the country. A week that is named by its Monday begins
        with it; any other one ends with the day that it is named by, as in pandas.

    Raises
    ------
    ParameterError
        There is no such country or part; the message lists those that there are.
    CovariateError
        The times are no dates, or in years that the calendar does not know.

    Examples
    --------
    >>> days = pd.date_range("2024-12-23", periods=4, freq="D")
    >>> holiday_covariates(days, "DE", before=1)
                holiday  holiday_before1
    2024-12-23      0.0              0.0
    2024-12-24      0.0              1.0
    2024-12-25      1.0              1.0
    2024-12-26      1.0              0.0
    """
    index = times if isinstance(times, pd.PeriodIndex) else pd.DatetimeIndex(times)
    known = index.freq if index.freq is not None else pd.infer_freq(index) if len(index) > 2 else None
    step: Any = pd.tseries.frequencies.to_offset(known if freq is None else freq) if not isinstance(freq, int) else freq
    if step is None:
        raise CovariateError("The times have no one frequency; give freq.")
    for name, number in (("before", before), ("after", after)):
        if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or not 0 <= number <= _MOST_DAYS:
            raise ParameterError(f"{name}={number!r} is no whole number of days from 0 to {_MOST_DAYS}.")
    frame = pd.DataFrame(holiday_table(index, step, calendar), index=index, columns=list(holiday_names(step)))
    if (before or after) and _length(step) != "day":
        raise ParameterError(f"before and after need times a day or less apart; these are {freq_name(step)!r} apart.")
    days = _bounds(index, step)[0]
    for sign, word, count in ((1, "before", before), (-1, "after", after)):
        for n in range(1, count + 1):
            moved = pd.DatetimeIndex(days + np.timedelta64(sign * n, "D"))
            frame[f"holiday_{word}{n}"] = holiday_table(moved, pd.offsets.Day(), calendar)[:, 0]
    return frame


def holiday_names(freq: Freq) -> tuple[str, ...]:
    """Names of the columns of `holiday_table` for a frequency.

    Examples
    --------
    >>> holiday_names(pd.offsets.MonthBegin())
    ('holidays', 'workdays')
    """
    return _NAMES[_length(freq)]


def check_calendar(calendar: object) -> tuple[str, str | None]:
    """Country and part of a calendar such as ``"DE-BY"``; a `ParameterError` lists the known ones.

    Examples
    --------
    >>> check_calendar("de-by")
    ('DE', 'BY')
    """
    if not isinstance(calendar, str) or not calendar.strip():
        raise ParameterError(f"calendar={calendar!r} is no country such as 'DE', or part of one such as 'DE-BY'.")
    country, _, part = calendar.strip().partition("-")
    country = country.upper()
    known = _package().list_supported_countries()
    if country not in known:
        codes = ", ".join(sorted(code for code in known if len(code) == 2))
        raise ParameterError(f"calendar={calendar!r}: no country is called {country!r}; those known are {codes}.")
    parts = {str(name).upper(): str(name) for name in known[country]}
    if part and part.upper() not in parts:
        named = ", ".join(parts.values()) or "none"
        raise ParameterError(f"calendar={calendar!r}: {country} has no part {part!r}; those known are {named}.")
    return country, parts[part.upper()] if part else None


def holiday_table(times: Index, freq: Freq, calendar: str) -> Floats:
    """Holidays, and working days of months, in the period of each time: ``(n, n_columns)``; see `holiday_covariates`.

    Examples
    --------
    >>> holiday_table(pd.DatetimeIndex(["2024-12-01", "2025-01-01"]), pd.offsets.MonthBegin(), "DE")
    array([[ 2., 20.],
           [ 1., 22.]])
    """
    if isinstance(freq, int) or not isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)):
        raise CovariateError(f"calendar={calendar!r} needs times that are dates; these are whole numbers.")
    begin, end = _bounds(times, freq)
    country, part = check_calendar(calendar)
    if len(times) == 0:
        return np.empty((0, len(holiday_names(freq))))
    years = begin.min().astype("M8[Y]").astype(int) + 1970, end.max().astype("M8[Y]").astype(int) + 1970
    free, mask = _free_days(country, part, int(years[0]), int(years[1]))
    count = (np.searchsorted(free, end) - np.searchsorted(free, begin)).astype(np.float64)
    if _length(freq) != "months":
        return count[:, None]
    return np.column_stack([count, np.busday_count(begin, end, weekmask=mask, holidays=free).astype(np.float64)])


@functools.lru_cache(maxsize=32)
def _free_days(country: str, part: str | None, first: int, last: int) -> "tuple[Days, str]":
    """Holidays of some years in order, and the working days of a week as numpy's weekmask."""
    own = _package().country_holidays(country, subdiv=part, years=range(first - 1, last + 2))
    if first < own.start_year or last > own.end_year:
        raise CovariateError(
            f"The holidays of {country} are known for the years {own.start_year} to {own.end_year}; the times go from "
            f"{first} to {last}."
        )
    days = np.array(sorted(own), dtype="datetime64[D]")
    return days, "".join("0" if day in own.weekend else "1" for day in range(7))


def _length(freq: Freq) -> Length:
    if isinstance(freq, int):
        raise CovariateError("A calendar needs times that are dates; these are whole numbers.")
    nanos = tick_ns(freq)
    if isinstance(freq, pd.offsets.Week) or (nanos is not None and nanos > DAY):
        return "days"
    if nanos is not None or isinstance(freq, (pd.offsets.BusinessDay, pd.offsets.BusinessHour, pd.offsets.Day)):
        return "day"
    if months_of(freq) is not None or _months(freq):
        return "months"
    raise CovariateError(
        f"A calendar is for hours, days, weeks, months, quarters and years, not for {freq_name(freq)!r}."
    )


def _months(freq: Any) -> int:
    """Months of a step from the beginning or end of one; 0 for other steps."""
    kinds = (("Quarter", 3), ("Year", 12), ("Month", 1))
    name = type(freq).__name__
    if name.startswith("Semi"):
        return 0
    return next((count * int(freq.n) for word, count in kinds if word in name), 0)


def _bounds(times: "pd.DatetimeIndex | pd.PeriodIndex", freq: Any) -> "tuple[Days, Days]":
    """The first day of the period of each time, and the day after its last."""
    one = np.timedelta64(1, "D")
    if isinstance(times, pd.PeriodIndex):
        return _days(times.start_time), _days(times.end_time) + one
    local = times.tz_localize(None)
    label, length = _days(local), _length(freq)
    if length == "day":
        return label, label + one
    if length == "days":
        nanos = tick_ns(freq)
        n = np.timedelta64(7 * int(freq.n) if nanos is None else nanos // DAY, "D")
        ends = nanos is None and freq.weekday != 0
        return (label + one - n, label + one) if ends else (label, label + n)
    step = months_of(freq)
    if step is not None:
        return label, _days(local + pd.DateOffset(months=step.count))
    count, month = _months(freq), label.astype("M8[M]")
    first = month + 1 - count if type(freq).__name__.endswith("End") else month
    return first.astype("M8[D]"), (first + count).astype("M8[D]")


def _days(times: pd.DatetimeIndex) -> "Days":
    days: Days = times.to_numpy().astype("M8[D]")
    return days


def _package() -> Any:
    try:
        import holidays  # on use: it holds the calendars of all countries
    except ImportError as error:
        raise MissingDependencyError("A calendar needs the package holidays; pip install holidays.") from error
    return holidays
