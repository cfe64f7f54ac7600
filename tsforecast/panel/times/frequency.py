"""Frequencies: parsing and naming them, their usual season length, and steps between times.

A frequency is a pandas offset for calendar times, or a positive int for integer times.
"""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from tsforecast._silence import silent
from tsforecast._types import Index, Ints
from tsforecast.exceptions import FrequencyError, ParameterError
from tsforecast.panel.times.months import months_between, months_of, move_months
from tsforecast.panel.times.offsets import (
    DAY,
    MINUTE,
    MONTHS,
    NANOS,
    SECOND,
    WEEKDAYS,
    as_offset,
    canonical,
    holidays_of,
    longest_ns,
    modern_alias,
    parse_own_alias,
    shortest_ns,
    tick_ns,
    weekmask_of,
)
from tsforecast.panel.whole_numbers import LARGEST, is_whole

Freq: TypeAlias = pd.offsets.BaseOffset | int

_LAST_YEAR = 9999  # last year of a date
_LONGEST_STEP = 292 * 365 * DAY  # range of nanoseconds
_LABEL = 60  # characters of a name in a message


def parse_freq(freq: "str | int | pd.offsets.BaseOffset | pd.Timedelta") -> Freq:
    """The pandas offset, or the integer step, that ``freq`` names.

    Parameters
    ----------
    freq : str, int, offset or Timedelta
        A pandas alias, of any pandas version (``"M"`` and ``"ME"``, ``"H"`` and ``"h"``, ``"A-DEC"``
        and ``"YE-DEC"``), an offset object, or a positive int for integer times. Two forms are our own: months that
        begin on any day, ``"MS-25"`` (from the 25th to the 24th; ``"3MS-15"`` are quarters and ``"12MS-6"`` years; a
        month that has no such day begins on its last); and working days of any week, ``"C-MonTueWedThuFriSat"``, with
        holidays after them if needed, ``"C-MonTueWedThuFriSat-20241225"``.

    Raises
    ------
    FrequencyError
        ``freq`` names no offset, the step is not positive, or no text names the offset.

    Notes
    -----
    Spellings of one step are one frequency: ``"24h"`` is ``"D"``, ``"60s"`` is ``"min"``, ``"C"`` is ``"B"``. In a time
    zone a step of whole days keeps the local clock.

    Examples
    --------
    >>> parse_freq("M").freqstr, parse_freq("15T").freqstr, parse_freq("1440min").freqstr, parse_freq(1)
    ('ME', '15min', 'D', 1)
    >>> freq_name(parse_freq("MS-25")), season_length_of(parse_freq("C-MonTueWedThuFriSat"))
    ('MS-25', 6)
    """
    if isinstance(freq, (int, np.integer)) and is_whole(freq):
        if not 1 <= freq <= LARGEST:
            raise FrequencyError(f"freq={freq} is not a positive step{' that 64 bits hold' if freq > 0 else ''}.")
        return int(freq)
    try:
        own = parse_own_alias(freq) if isinstance(freq, str) else None
        offset = own or to_offset(modern_alias(freq) if isinstance(freq, str) else as_offset(freq))
        if offset is None or offset.n < 1:
            raise ValueError("no step forward")
        step = canonical(offset)
        if longest_ns(step) > _LONGEST_STEP:
            raise ValueError("dates do not last as long")
        if step != (parse_own_alias(freq_name(step)) or to_offset(freq_name(step))):
            raise ValueError("no text names it")
        return step
    except (ValueError, TypeError, OverflowError, AttributeError, NotImplementedError) as error:
        raise FrequencyError(
            f"freq={freq!r} is not a pandas offset alias such as 'MS', 'W-SUN', 'D' or '15min', months from a day such "
            "as 'MS-25', days of the week such as 'C-MonTueWedThuFriSat', nor an integer step."
        ) from error


def freq_name(freq: Freq) -> str:
    """The name that ``parse_freq`` reads back, such as ``'MS'`` or ``'15min'``; an integer step as digits.

    Examples
    --------
    >>> freq_name(parse_freq("H")), freq_name(2)
    ('h', '2')
    """
    if isinstance(freq, int):
        return str(freq)
    months = months_of(freq)
    if months is not None:
        return f"{months.count if months.count > 1 else ''}MS-{months.day}"
    if type(freq) is pd.offsets.CustomBusinessDay:
        mask = weekmask_of(freq)
        days = "".join(day for day, works in zip(WEEKDAYS, mask, strict=True) if works == "1")
        closed = "".join(f"-{day}" for day in holidays_of(freq))
        return f"{freq.n if freq.n > 1 else ''}C-{days}{closed}"
    return str(freq.freqstr)


def freq_label(freq: Freq) -> str:
    """The quoted name of a frequency for messages, cut where a calendar of holidays makes it long.

    Examples
    --------
    >>> freq_label(parse_freq("H"))
    "'h'"
    """
    name = freq_name(freq)
    return repr(name if len(name) <= _LABEL else f"{name[:_LABEL]}…")


def season_length_of(freq: Freq) -> int:
    """Usual number of steps per season for a frequency; 1 where it has no usual season.

    It depends on the length of a step only. Months 12, quarters 4, weeks 52, days 7, hours 24, minutes and seconds 60;
    working days: the number in a week (business days 5, Monday to Saturday 6); a multiple of a unit divides its season
    where it can (``"15min"``: 96 a day, ``"2h"``: 12).

    Examples
    --------
    >>> [season_length_of(parse_freq(f)) for f in ("MS", "QS", "W", "D", "h", "15min", "YS", 1)]
    [12, 4, 52, 7, 24, 96, 1, 1]
    >>> [season_length_of(parse_freq(f)) for f in ("3MS", "7D", "24h", "60min", "900s")]
    [4, 52, 7, 24, 96]
    """
    if isinstance(freq, int):
        return 1
    nanos = tick_ns(freq)
    if nanos is not None:
        return _season_of_ticks(nanos)
    months = months_of(freq)
    if months is not None:
        return _share(12, months.count)
    if isinstance(freq, pd.offsets.Week):
        return _share(52, freq.n)
    unit = freq.rule_code.split("-")[0]
    if unit in ("B", "C"):
        return _share(weekmask_of(freq).count("1"), freq.n)
    return _share(12, MONTHS[unit] * freq.n) if unit in MONTHS else 1


def _season_of_ticks(nanos: int) -> int:
    if nanos % (7 * DAY) == 0:
        return _share(52, nanos // (7 * DAY))
    if nanos % DAY == 0:
        return _share(7, nanos // DAY)
    if nanos > MINUTE:
        return _share(DAY, nanos)
    if nanos == MINUTE:
        return 60
    return _share(MINUTE, nanos) if nanos >= SECOND else 1


def _share(whole: int, step: int) -> int:
    """Number of steps in a whole; 1 where it is not an integer."""
    return whole // step if whole % step == 0 else 1


def step_times(start: Index, steps: Ints, freq: Freq) -> Index:
    """``start`` moved by ``steps`` frequencies, element by element: two ``(n,)`` -> ``(n,)``.

    Examples
    --------
    >>> list(step_times(pd.Index([3, 5]), np.array([1, -1]), 2))
    [5, 3]
    """
    if isinstance(start, pd.PeriodIndex):
        return pd.PeriodIndex.from_ordinals(start.asi8 + steps * int(start.freq.n), freq=start.freq)
    if isinstance(freq, int):
        return pd.Index(start.to_numpy() + steps * freq)
    local = _with_room(_wall_clock(start, freq), steps, freq)
    return _zoned(_moved(local, steps, freq), start, freq)


def _moved(local: pd.DatetimeIndex, steps: Ints, freq: "pd.offsets.BaseOffset") -> pd.DatetimeIndex:
    """Times without a time zone moved by ``steps`` frequencies, element by element."""
    nanos, months = tick_ns(freq), months_of(freq)
    if nanos is not None:
        return local + pd.TimedeltaIndex((steps * (nanos // NANOS[local.unit])).astype(f"m8[{local.unit}]"))
    if months is not None:
        return move_months(local, steps, months)
    codes, different = pd.factorize(local)  # pandas adds one offset to many times at once, but not many offsets
    counts, which = np.unique(steps, return_inverse=True)
    moved = np.empty(len(local), dtype=f"datetime64[{local.unit}]")
    if 0 < counts.size * len(different) <= len(local):  # one addition for each distinct number of steps
        moved[:] = np.stack([_added(different, int(n) * freq) for n in counts])[which, codes]
        return pd.DatetimeIndex(moved)
    for k, n in enumerate(counts):  # one addition for each time
        those = which == k
        used, where = np.unique(codes[those], return_inverse=True)
        moved[those] = _added(different[used], int(n) * freq)[where]
    return pd.DatetimeIndex(moved)


def future_times(last: Index, horizon: int, freq: Freq) -> Index:
    """The ``horizon`` times after each of ``last``, series by series: ``(n_series,)`` -> ``(n_series * horizon,)``.

    Examples
    --------
    >>> [str(t.date()) for t in future_times(pd.DatetimeIndex(["2020-01-31"]), 2, parse_freq("ME"))]
    ['2020-02-29', '2020-03-31']
    """
    steps = np.tile(np.arange(1, horizon + 1), len(last))
    return step_times(last.repeat(horizon), steps, freq)


def steps_between(first: Index, last: Index, freq: Freq) -> int:
    """Steps of ``freq`` from the one time in ``first`` to the one in ``last``, negative where it is earlier.

    A time without a zone is local to the zone of the other.

    Raises
    ------
    FrequencyError
        The second time is not a whole number of steps from the first.

    Examples
    --------
    >>> steps_between(pd.DatetimeIndex(["2020-01-01"]), pd.DatetimeIndex(["2021-03-01"]), parse_freq("MS"))
    14
    """
    first, last = _on_one_clock(first, last, freq)
    nanos = None if isinstance(freq, int) else tick_ns(freq)
    months = None if isinstance(freq, int) else months_of(freq)
    if isinstance(first, pd.DatetimeIndex) and nanos is not None:
        passed = _nanos(_wall_clock(last, freq)) - _nanos(_wall_clock(first, freq))
        steps = (passed + nanos // 2) // nanos  # a day without midnight begins at 1 o'clock; that hour is not a step
    elif isinstance(first, pd.DatetimeIndex) and months is not None:
        steps = months_between(_wall_clock(first, freq), _wall_clock(last, freq), months)
    elif isinstance(first, pd.DatetimeIndex):
        forward = first[0] <= last[0]
        count = len(times_between(first, last, freq) if forward else times_between(last, first, freq)) - 1
        steps = count if forward else -count
    elif isinstance(first, pd.PeriodIndex):
        steps = int(last.asi8[0] - first.asi8[0]) // int(first.freq.n)
    else:
        steps = (int(last[0]) - int(first[0])) // int(freq)
    if step_times(first, np.array([steps]), freq)[0] != last[0]:
        raise FrequencyError(f"{last[0]} is not a whole number of steps {freq_label(freq)} from {first[0]}.")
    return steps


def _on_one_clock(first: Index, last: Index, freq: Freq) -> tuple[Index, Index]:
    """Both times without time zones where only one has a zone, or where days in different zones are counted."""
    if isinstance(first, pd.PeriodIndex) != isinstance(last, pd.PeriodIndex):
        raise FrequencyError(
            f"{first[0]} and {last[0]} cannot be compared, one is a period; convert it: to_timestamp()."
        )
    if not isinstance(first, pd.DatetimeIndex) or not isinstance(last, pd.DatetimeIndex) or first.tz == last.tz:
        return first, last
    if first.tz is not None and last.tz is not None and _is_short(freq):
        return first, last
    return first.tz_localize(None), last.tz_localize(None)


def times_between(first: pd.DatetimeIndex, last: pd.DatetimeIndex, freq: Freq) -> pd.DatetimeIndex:
    """All timestamps of a calendar frequency from the one in ``first`` to the one in ``last``.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2024-01-05", "2024-01-09"])
    >>> [t.day for t in times_between(days[:1], days[1:], parse_freq("B"))]
    [5, 8, 9]
    """
    months = months_of(freq)
    if months is None:
        local = pd.date_range(_wall_clock(first, freq)[0], _wall_clock(last, freq)[0], freq=freq)
        return _zoned(local, first, freq)
    start = _wall_clock(first, freq)
    steps = np.arange(months_between(start, _wall_clock(last, freq), months) + 1)
    return _zoned(move_months(start.repeat(steps.size), steps, months), first, freq)


def check_reach(last: Index, horizon: int, freq: Freq) -> None:
    """Raise a `ParameterError` where ``horizon`` steps after the latest of ``last`` pass the last possible time.

    The last possible date is in the year 9999, the last integer is that of 64 bits.

    Examples
    --------
    >>> check_reach(pd.DatetimeIndex(["2024-01-01"]), 12, parse_freq("MS"))
    """
    latest = last[[int(np.argmax(last.asi8 if hasattr(last, "asi8") else last.to_numpy()))]]
    try:
        if isinstance(latest, pd.DatetimeIndex) and isinstance(freq, pd.offsets.BaseOffset):
            years = horizon * shortest_ns(freq) / (366 * DAY)
            year = latest.year[0] + years
            if year <= _LAST_YEAR + 1:  # near the bound, or before it
                year = step_times(latest, np.array([horizon]), freq).year[0]
        elif isinstance(latest, pd.PeriodIndex):
            ordinal = int(latest.asi8[0]) + horizon * int(latest.freq.n)
            fits = abs(ordinal) < 2**63
            year = pd.PeriodIndex.from_ordinals([ordinal], freq=latest.freq).year[0] if fits else np.inf
        else:
            year = np.inf if int(latest[0]) + horizon * int(freq) >= 2**63 else 0
    except (OverflowError, ValueError):
        year = np.inf
    if year > _LAST_YEAR:
        raise ParameterError(
            f"horizon={horizon} steps of {freq_label(freq)} after {latest[0]} end past the last time that can be "
            f"written; {'dates end with the year 9999' if hasattr(latest, 'asi8') else 'whole numbers have 64 bits'}."
        )


def same_steps(one: Freq, other: "Freq | pd.offsets.BaseOffset") -> bool:
    """Whether two frequencies have steps of equal length, such as months from the first and from the last day.

    Examples
    --------
    >>> same_steps(parse_freq("MS"), parse_freq("ME")), same_steps(parse_freq("MS"), parse_freq("D"))
    (True, False)
    """
    lengths = []
    for freq in (parse_freq(one), parse_freq(other)):
        if isinstance(freq, int):
            lengths.append(("steps", freq))
            continue
        nanos, months = tick_ns(freq), months_of(freq)
        unit = freq.rule_code.split("-")[0] if months is None else ""
        if nanos is not None:
            lengths.append(("ns", nanos))
        elif months is not None or unit in MONTHS:
            lengths.append(("months", months.count if months is not None else MONTHS[unit] * freq.n))
        else:
            lengths.append((freq_name(freq), 1))
    return lengths[0] == lengths[1]


def has_fixed_step(freq: Freq) -> bool:
    """Whether all steps last equally long: True for integers, days, weeks without an anchor and anything shorter.

    Examples
    --------
    >>> has_fixed_step(parse_freq("15min")), has_fixed_step(parse_freq("MS"))
    (True, False)
    """
    return isinstance(freq, int) or tick_ns(freq) is not None


def _added(times: pd.DatetimeIndex, offset: "pd.offsets.BaseOffset") -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    """``times + offset``, without the warning of pandas about slow addition of offsets such as business hours."""
    with silent(pd.errors.PerformanceWarning):
        return (times + offset).to_numpy()


def _nanos(time: pd.DatetimeIndex) -> int:
    """Nanoseconds of a single time since 1970 as an unbounded int."""
    return int(time.asi8[0]) * NANOS[time.unit]


def _with_room(local: pd.DatetimeIndex, steps: Ints, freq: "pd.offsets.BaseOffset") -> pd.DatetimeIndex:
    """``local`` in microseconds where the moved times could leave the range of nanoseconds, 1677 to 2262."""
    if local.unit != "ns" or len(local) == 0 or (tick_ns(freq) or DAY) % 1000:
        return local
    far = int(np.abs(local.asi8).max()) + int(np.abs(steps).max()) * longest_ns(freq)
    return local.as_unit("us") if far > 2**63 - 1 - 366 * DAY else local


def _wall_clock(times: Index, freq: Freq) -> pd.DatetimeIndex:
    """Times without a zone, in which steps have equal length: local for days and longer, UTC for shorter steps."""
    index = pd.DatetimeIndex(times)
    tick = None if isinstance(freq, int) else tick_ns(freq)
    if index.unit != "ns":  # nanoseconds cannot represent years before 1678
        index = index.as_unit("ns" if tick is not None and tick % 1000 else "us")
    return index.tz_convert(None) if index.tz is not None and _is_short(freq) else index.tz_localize(None)


def _zoned(moved: pd.DatetimeIndex, start: pd.DatetimeIndex, freq: Freq) -> pd.DatetimeIndex:
    """``moved``, from ``_wall_clock``, in the time zone of ``start`` and, where representable, its unit."""
    if start.tz is not None and _is_short(freq):
        moved = moved.tz_localize("UTC").tz_convert(start.tz)
    elif start.tz is not None:
        first = np.ones(len(moved), dtype=bool)  # an hour that occurs twice means its first occurrence
        moved = moved.tz_localize(start.tz, ambiguous=first, nonexistent="shift_forward")
    if moved.unit == start.unit:
        return moved
    try:
        same = moved.as_unit(start.unit)
    except pd.errors.OutOfBoundsDatetime:
        return moved
    return same if (same == moved).all() else moved


def _is_short(freq: Freq) -> bool:
    nanos = None if isinstance(freq, int) else tick_ns(freq)
    return nanos is not None and nanos % DAY != 0
