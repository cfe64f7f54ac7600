"""Infers the frequency of series from their times, and advises which one to give where none is found."""

import math
from collections import Counter

import numpy as np
import pandas as pd

from tsforecast._silence import silent
from tsforecast._types import Bools, Index, Ints
from tsforecast.exceptions import FrequencyError
from tsforecast.panel.times.frequency import Freq, freq_name, parse_freq
from tsforecast.panel.times.months import Months
from tsforecast.panel.times.offsets import WEEKDAYS
from tsforecast.panel.times.snap import near_grid
from tsforecast.panel.whole_numbers import LARGEST

_STRETCH = 10  # observations from which pandas infers: two working weeks, so that "B" is not taken for "D"
_MOST_ROWS, _ROWS_EACH = 1_000_000, 1_000  # most rows that filling gaps may add: in any case, and per observation
_OFTEN = 0.5  # a working day occurs in at least this share of the weeks
_FORTNIGHT = pd.Timedelta(days=14)
_MONTH = pd.Timedelta(days=28)


def declared_freq(index: Index, times: Index) -> Freq | None:
    """The frequency stored in an index; None where there is none, or none that has a name.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=3, freq="D")
    >>> freq_name(declared_freq(days, days))
    'D'
    """
    if isinstance(index, pd.RangeIndex) and not isinstance(times, pd.DatetimeIndex):  # 20240101 may be a date
        return index.step if index.step > 0 else None
    if not isinstance(index, pd.DatetimeIndex) or index.freq is None:
        return None
    try:
        return parse_freq(index.freq)
    except FrequencyError:  # such as months of a DateOffset: their day is inferred from the times
        return None


def infer_freq(times: Index, indptr: Ints, ids: Index) -> Freq:
    """The one frequency that most series have.

    The frequency of a series with gaps is inferred from its stretches without gaps. Working days are recognised where
    some days of the week never occur in two weeks or more, the others occur in most weeks, and most steps lead from one
    such day to the next. The caller checks that every series is regular.

    Parameters
    ----------
    times : Index, shape (n_obs,)
        Increasing within each series: integers, periods or (zoned) timestamps.
    indptr : ndarray of int, shape (n_series + 1,)
    ids : Index, shape (n_series,)

    Raises
    ------
    FrequencyError
        No series shows a regular step (three observations are needed, two for integer times).

    Examples
    --------
    >>> infer_freq(pd.date_range("2020-01-01", periods=5, freq="QS"), np.array([0, 5]), pd.Index(["a"])).freqstr
    'QS-JAN'
    >>> salary = pd.DatetimeIndex([f"2024-{month:02d}-25" for month in range(1, 8)])
    >>> freq_name(infer_freq(salary, np.array([0, 7]), pd.Index(["a"])))
    'MS-25'
    """
    if isinstance(times, pd.PeriodIndex):
        return parse_freq(times.freq)
    lengths = np.diff(indptr)
    if not isinstance(times, pd.DatetimeIndex):
        inner = np.delete(np.diff(times.to_numpy().astype(np.int64)), indptr[1:-1] - 1)
        if inner.size:
            return _mode(inner)
    elif (alias := _vote(times, indptr)) is not None:
        return parse_freq(alias)
    longest = int(np.argmax(lengths))
    raise FrequencyError(
        f"Series {ids[longest]!r} has {lengths[longest]} observation(s) and no regular step could be inferred from any "
        f"series. Give {advice(times, indptr)}."
    )


def advice(times: Index, indptr: Ints) -> str:
    """Which option makes the times readable, for a message that begins with "Give …".

    Examples
    --------
    >>> advice(pd.DatetimeIndex(["2024-01-25", "2024-02-25", "2024-05-25"]), np.array([0, 3]))
    "a frequency that fits: freq='MS-25' with gaps='nan' (--freq MS-25 --gaps nan on the command line)"
    """
    near = near_grid(times, indptr)
    if near is not None:
        name = freq_name(near.freq)
        line = f", or round them: frame['ds'].dt.round('{name}')" if near.is_round else ""
        return (
            f"freq='{name}' with gaps='snap' (--freq {name} --gaps snap on the command line), which moves each time to "
            f"the nearest of a grid: all are {near.description()}{line}"
        )
    found, n_steps = _step_of_all(times, indptr)
    if found is None:
        return "the times in UTC, where every day has 24 hours: tz_convert('UTC')"
    if n_steps > most_rows(len(times)):
        return "sums or means over equal steps, such as series.resample('D').mean()"
    name = freq_name(found)
    shown = name if isinstance(found, int) else repr(name)
    also = (" with gaps='nan'", " --gaps nan") if n_steps > len(times) - (len(indptr) - 1) else ("", "")
    return f"a frequency that fits: freq={shown}{also[0]} (--freq {name}{also[1]} on the command line)"


def most_rows(n_obs: int) -> int:
    """Largest number of rows after filling the gaps of ``n_obs`` observations; more would mean a wrong time."""
    return _MOST_ROWS + _ROWS_EACH * n_obs


def _step_of_all(times: Index, indptr: Ints) -> tuple[Freq | None, int]:
    """The longest step of which all times of a series are multiples apart, and the number of steps of all series.

    None for steps of 24 hours in a time zone where some days are longer or shorter.
    """
    inner = inside_series(indptr, len(times) - 1)
    if isinstance(times, pd.PeriodIndex):
        return parse_freq(times.freq), int(np.diff(times.asi8)[inner].sum()) // int(times.freq.n)
    if not isinstance(times, pd.DatetimeIndex):
        step, total = _common(times.to_numpy(dtype=np.int64), inner)
        return step or 1, total
    local = times.tz_localize(None)
    day = _same_day(local)
    if day is not None:
        count, total = _common(_month_numbers(local), inner)
        if count > 0:
            return Months(count, day).offset(), total
    unit = "ns" if times.unit == "ns" else "us"
    step, total = _common(local.as_unit(unit).asi8, inner)
    freq = parse_freq(pd.Timedelta(step, unit=unit)) if step else pd.offsets.Day()
    if times.tz is None or isinstance(freq, pd.offsets.Day):
        return freq, total
    step, total = _common(times.as_unit(unit).asi8, inner)
    freq = parse_freq(pd.Timedelta(step, unit=unit))
    return (None if isinstance(freq, pd.offsets.Day) else freq), total


def _common(stamps: Ints, inner: Bools) -> tuple[int, int]:
    """The greatest common divisor of the steps inside the series, and the sum of the steps divided by it."""
    steps = np.abs(np.diff(stamps)[inner]).tolist()
    step = math.gcd(*steps)
    return step, sum(steps) // max(step, 1)


def _vote(times: pd.DatetimeIndex, indptr: Ints) -> str | None:
    """Most frequent alias among up to 25 series; the alias of a series with gaps is that of most of its stretches."""
    votes: Counter[str] = Counter()
    for i in np.unique(np.linspace(0, len(indptr) - 2, 25).astype(int)):
        own = times[indptr[i] : indptr[i + 1]]
        whole = _infer(own)
        starts = range(0, max(len(own) - _STRETCH, 0) + 1, max(len(own) // 20, 1)) if whole is None else ()
        stretches = [_infer(own[k : k + _STRETCH]) for k in starts]
        found = [alias for alias in [whole, *stretches] if alias is not None]
        usual = Counter(found).most_common(1)[0][0] if found else None
        if whole is None and usual in (None, "B"):  # two weeks with closed Saturdays look like business days
            usual = _working_week(own) or usual
        if usual is not None:
            votes[usual] += 1
    return votes.most_common(1)[0][0] if votes else None


def _infer(times: pd.DatetimeIndex) -> str | None:
    if len(times) < 3:
        return None
    with silent(DeprecationWarning):  # pandas 3 warns that it will return an offset in place of a string
        found = pd.infer_freq(times)
    alias = None if found is None else str(getattr(found, "freqstr", found))
    if alias is None or (alias.endswith("D") and times[1] - times[0] >= _MONTH):  # 31 days: maybe July to September
        return _regular_months(times.tz_localize(None)) or alias
    return alias


def _regular_months(local: pd.DatetimeIndex) -> str | None:
    """Name of the monthly frequency of times on one day of the month and equally many months apart, else None."""
    day, steps = _same_day(local), np.diff(_month_numbers(local))
    if day is None or steps[0] < 1 or (steps != steps[0]).any():
        return None
    return freq_name(Months(int(steps[0]), day).offset())


def _same_day(local: pd.DatetimeIndex) -> int | None:
    """The day of the month of all times (the last day in shorter months), or None where they differ."""
    day = int(local.day.max())
    on_it = local.day == np.minimum(day, local.days_in_month)
    return day if on_it.all() and (local - local.normalize()).nunique() == 1 else None


def _month_numbers(local: pd.DatetimeIndex) -> Ints:
    return np.asarray(local.year * 12 + local.month, dtype=np.int64)


def _working_week(times: pd.DatetimeIndex) -> str | None:
    """Name of the frequency of working days, where other days never occur and most steps lead to the next, or None."""
    local = times.tz_localize(None)
    days = local.normalize()
    if len(days) < 4 or days[-1] - days[0] < _FORTNIGHT or (local - days).nunique() > 1:
        return None
    counts = np.bincount(days.day_of_week, minlength=7)
    works = counts > 0
    if not 1 < works.sum() < 7 or counts[works].min() < _OFTEN * counts.max():
        return None
    dates = days.to_numpy().astype("M8[D]")
    steps = np.busday_count(dates[:-1], dates[1:], weekmask=works)
    if (steps == 1).mean() <= 0.5:
        return None
    return freq_name(parse_freq("C-" + "".join(day for day, on in zip(WEEKDAYS, works, strict=True) if on)))


def _mode(values: Ints) -> int:
    found, counts = np.unique(values, return_counts=True)
    return min(int(found[np.argmax(counts)]), LARGEST)


def inside_series(indptr: Ints, n_steps: int) -> Bools:
    """True for steps inside a series, False for those from one series to the next: ``(n_steps,)``."""
    inside = np.ones(max(n_steps, 0), dtype=bool)
    inside[indptr[1:-1] - 1] = False
    return inside
