"""Position of each time in its season, and the number of steps after which the calendar repeats."""

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints
from tsforecast.panel.times.frequency import Freq, future_times
from tsforecast.panel.times.months import months_of
from tsforecast.panel.times.offsets import weekmask_of

_SECONDS_PER_DAY = 86_400
_CALENDAR = (
    pd.offsets.MonthBegin,
    pd.offsets.MonthEnd,
    pd.offsets.QuarterBegin,
    pd.offsets.QuarterEnd,
    pd.offsets.YearBegin,
    pd.offsets.YearEnd,
)


def phases_of(times: Index, freq: Freq, season_length: int) -> Ints:
    """Position of each time in its season, ``(n,)``, from 0 to ``season_length - 1``, whenever the series begins.

    Examples
    --------
    >>> from tsforecast.panel.times.frequency import parse_freq
    >>> phases_of(pd.date_range("2020-01", periods=4, freq="MS"), parse_freq("MS"), 12)
    array([0, 1, 2, 3])
    """
    if season_length == 1:
        return np.zeros(len(times), dtype=np.int64)
    return np.asarray(_ordinals(times, freq) % season_length, dtype=np.int64)


def phases_after(last: Index, n_steps: int, freq: Freq, season_length: int) -> Ints:
    """Positions of the ``n_steps`` times after each of ``last``: ``(n_series, n_steps)``.

    Examples
    --------
    >>> from tsforecast.panel.times.frequency import parse_freq
    >>> phases_after(pd.DatetimeIndex(["2020-11-01"]), 3, parse_freq("MS"), 12)
    array([[11,  0,  1]])
    """
    if _counts_on(last, freq):
        steps = np.arange(1, n_steps + 1)
        return np.asarray((phases_of(last, freq, season_length)[:, None] + steps) % season_length)
    times = future_times(last, n_steps, freq)  # local time may skip an hour, or repeat one
    return phases_of(times, freq, season_length).reshape(len(last), n_steps)


def _counts_on(times: Index, freq: Freq) -> bool:
    """Whether positions increase by one at every step, whatever the clock or the calendar does."""
    if isinstance(freq, int) or not isinstance(times, pd.DatetimeIndex):
        return True
    if isinstance(freq, pd.offsets.Tick) and pd.Timedelta(freq).total_seconds() != _seconds(freq):
        return False
    return times.tz is None and (_seconds(freq) is not None or isinstance(freq, _CALENDAR))


def _ordinals(times: Index, freq: Freq) -> Ints:
    """Number of steps of the frequency from a fixed time: consecutive times differ by one."""
    if isinstance(times, pd.PeriodIndex):
        return np.asarray(times.asi8) // int(times.freq.n)
    if isinstance(freq, int):
        return np.asarray(times.to_numpy(), dtype=np.int64) // freq
    local = pd.DatetimeIndex(times).tz_localize(None).as_unit("s")
    step = _seconds(freq)
    if step is not None:
        return np.asarray(local.asi8) // step
    months = months_of(freq)
    if months is not None:
        return np.asarray(local.to_period("M").asi8) // months.count
    alias = _period_alias(freq)
    if alias is None:  # holidays count too, so that each day of the week keeps its position
        days = local.to_numpy().astype("datetime64[D]")
        return np.busday_count("1970-01-01", days, weekmask=weekmask_of(freq)) // int(freq.n)
    return np.asarray(local.to_period(alias).asi8) // int(freq.n)


def _seconds(freq: "pd.offsets.BaseOffset") -> int | None:
    """Length of a step in seconds, at least 1; None where steps differ in length, as months do."""
    if isinstance(freq, pd.offsets.Day):
        return _SECONDS_PER_DAY * int(freq.n)
    if isinstance(freq, pd.offsets.Week):
        return 7 * _SECONDS_PER_DAY * int(freq.n)
    if isinstance(freq, pd.offsets.Tick):
        return max(int(pd.Timedelta(freq).total_seconds()), 1)
    return None


def _period_alias(freq: "pd.offsets.BaseOffset") -> str | None:
    """Alias of the calendar period of one step (month, quarter or year); None for business days."""
    letter = freq.rule_code.split("-")[0].removeprefix("C").removeprefix("B")[:1]
    return {"M": "M", "S": "M", "W": "M", "L": "M", "Q": "Q", "Y": "Y", "A": "Y"}.get(letter)  # W: WOM-2TUE


def cycle_of(freq: Freq, season_length: int) -> int:
    """Number of steps after which the calendar repeats: a week where a season is a day, else the season.

    Examples
    --------
    >>> from tsforecast.panel.times.frequency import parse_freq
    >>> cycle_of(parse_freq("h"), 24), cycle_of(parse_freq("D"), 7), cycle_of(parse_freq("MS"), 12)
    (168, 7, 12)
    """
    step = None if isinstance(freq, int) else _seconds(freq)
    return 7 * season_length if step is not None and step * season_length == _SECONDS_PER_DAY else season_length
