"""Frequencies: parse an alias, infer one from times, step along it.

A frequency is a pandas offset for calendar times, or a positive int for integer times.
"""

import re
import warnings
from collections import Counter
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from tsforecast._types import Index, Ints
from tsforecast.exceptions import FrequencyError

Freq: TypeAlias = pd.offsets.BaseOffset | int

# pandas before 2.2 -> pandas from 2.2 on; an anchor ("A-DEC") follows the name unchanged.
_OLD_ALIASES = {
    "M": "ME", "BM": "BME", "CBM": "CBME", "SM": "SME",
    "Q": "QE", "BQ": "BQE", "A": "YE", "Y": "YE", "BA": "BYE", "BY": "BYE",
    "AS": "YS", "BAS": "BYS", "H": "h", "BH": "bh", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns",
}  # fmt: skip
_SEASONS = {
    "Y": 1, "YE": 1, "YS": 1, "BYE": 1, "BYS": 1, "QE": 4, "QS": 4, "BQE": 4, "BQS": 4, "Q": 4,
    "ME": 12, "MS": 12, "BME": 12, "BMS": 12, "M": 12, "W": 52, "D": 7, "B": 5, "C": 5, "h": 24, "min": 60, "s": 60,
}  # fmt: skip
_DAY = 86_400_000_000_000  # nanoseconds
_STRETCH = 10  # observations of a stretch that pandas infers from: two working weeks, so that "B" is not taken for "D"


def parse_freq(freq: "str | int | pd.offsets.BaseOffset | pd.Timedelta") -> Freq:
    """The pandas offset, or the integer step, that ``freq`` names.

    Parameters
    ----------
    freq : str, int, offset or Timedelta
        A pandas alias, of any pandas version (``"M"`` and ``"ME"``, ``"H"`` and ``"h"``, ``"A-DEC"``
        and ``"YE-DEC"``), an offset object, or a positive int for integer times.

    Raises
    ------
    FrequencyError
        ``freq`` names no offset, or the step is not positive.

    Examples
    --------
    >>> parse_freq("M").freqstr, parse_freq("15T").freqstr, parse_freq(1)
    ('ME', '15min', 1)
    """
    if isinstance(freq, (int, np.integer)) and not isinstance(freq, bool):
        if freq < 1:
            raise FrequencyError(f"freq={freq} is not a positive step.")
        return int(freq)
    try:
        offset = to_offset(_modern(freq) if isinstance(freq, str) else freq)
        if offset is None or offset.n < 1:
            raise ValueError("no step forward")
        return _canonical(offset)
    except (ValueError, TypeError) as error:
        raise FrequencyError(
            f"freq={freq!r} is not a pandas offset alias such as 'MS', 'W-SUN', 'D' or '15min', nor an integer step."
        ) from error


def freq_name(freq: Freq) -> str:
    """The text that ``parse_freq`` reads back: ``'MS'``, ``'15min'``; an integer step as digits.

    Examples
    --------
    >>> freq_name(parse_freq("H")), freq_name(2)
    ('h', '2')
    """
    return str(freq) if isinstance(freq, int) else str(freq.freqstr)


def season_length_of(freq: Freq) -> int:
    """Steps per season that is usual for a frequency; 1 where there is none.

    Months 12, quarters 4, weeks 52, days 7, business days 5, hours 24 a day, minutes and seconds 60; a multiple of a
    unit divides it where it can (``"15min"``: 96 a day, ``"2h"``: 12).

    Examples
    --------
    >>> [season_length_of(parse_freq(f)) for f in ("MS", "QS", "W", "D", "h", "15min", "YS", 1)]
    [12, 4, 52, 7, 24, 96, 1, 1]
    """
    if isinstance(freq, int):
        return 1
    nanos = _tick_ns(freq)
    if nanos is not None and nanos % (7 * _DAY) == 0:
        return 52 if nanos == 7 * _DAY else 1
    if nanos is not None and 60_000_000_000 < nanos < _DAY:
        return _DAY // nanos if _DAY % nanos == 0 else 1
    unit = _SEASONS.get(freq.rule_code.split("-")[0], 1)
    return unit // freq.n if unit % freq.n == 0 else 1


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
    local = _wall_clock(start, freq)
    nanos = _tick_ns(freq)
    if nanos is not None:
        return _zoned(local + pd.to_timedelta(steps * nanos, unit="ns").as_unit(local.unit), start, freq)
    codes, different = pd.factorize(local)  # pandas adds one offset to many times at once, not many offsets
    counts, which = np.unique(steps, return_inverse=True)
    moved = np.empty(len(local), dtype=f"datetime64[{local.unit}]")
    if 0 < counts.size * len(different) <= len(local):  # every offset to every time
        moved[:] = np.stack([_added(different, int(n) * freq) for n in counts])[which, codes]
        return _zoned(pd.DatetimeIndex(moved), start, freq)
    for k, n in enumerate(counts):  # some offsets to one time after another
        those = which == k
        used, where = np.unique(codes[those], return_inverse=True)
        moved[those] = _added(different[used], int(n) * freq)[where]
    return _zoned(pd.DatetimeIndex(moved), start, freq)


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

    Raises
    ------
    FrequencyError
        The second time is not a whole number of steps from the first.

    Examples
    --------
    >>> steps_between(pd.DatetimeIndex(["2020-01-01"]), pd.DatetimeIndex(["2021-03-01"]), parse_freq("MS"))
    14
    """
    nanos = None if isinstance(freq, int) else _tick_ns(freq)
    if isinstance(first, pd.DatetimeIndex) and nanos is not None:
        passed = _wall_clock(last, freq)[0] - _wall_clock(first, freq)[0]
        steps = round(
            passed / pd.Timedelta(nanos, unit="ns")
        )  # a day that begins at 1 o'clock, for want of midnight, is no step
    elif isinstance(first, pd.DatetimeIndex):
        forward = first[0] <= last[0]
        count = len(times_between(first, last, freq) if forward else times_between(last, first, freq)) - 1
        steps = count if forward else -count
    elif isinstance(first, pd.PeriodIndex):
        steps = int(last.asi8[0] - first.asi8[0]) // int(first.freq.n)
    else:
        steps = int(last[0] - first[0]) // int(freq)
    if step_times(first, np.array([steps]), freq)[0] != last[0]:
        raise FrequencyError(f"{last[0]} is not a whole number of steps {freq_name(freq)!r} from {first[0]}.")
    return steps


def times_between(first: pd.DatetimeIndex, last: pd.DatetimeIndex, freq: Freq) -> pd.DatetimeIndex:
    """All timestamps of a calendar frequency from the one in ``first`` to the one in ``last``.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2024-01-05", "2024-01-09"])
    >>> [t.day for t in times_between(days[:1], days[1:], parse_freq("B"))]
    [5, 8, 9]
    """
    local = pd.date_range(_wall_clock(first, freq)[0], _wall_clock(last, freq)[0], freq=freq)
    return _zoned(local, first, freq)


def infer_freq(times: Index, indptr: Ints, ids: Index) -> Freq:
    """The one frequency that most series have.

    A series with a gap still tells its frequency, by its unbroken stretches; that every series really is regular is
    checked by the caller.

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
        "series. Give the frequency, for example Panel.from_frame(frame, freq='MS')."
    )


def has_fixed_step(freq: Freq) -> bool:
    """Whether a step always lasts the same: True for integers, days, weeks without an anchor and anything shorter.

    Examples
    --------
    >>> has_fixed_step(parse_freq("15min")), has_fixed_step(parse_freq("MS"))
    (True, False)
    """
    return isinstance(freq, int) or _tick_ns(freq) is not None


def _vote(times: pd.DatetimeIndex, indptr: Ints) -> str | None:
    """Alias that most of up to 25 series agree on; a series with gaps votes by its unbroken stretches."""
    votes: Counter[str] = Counter()
    for i in np.unique(np.linspace(0, len(indptr) - 2, 25).astype(int)):
        own = times[indptr[i] : indptr[i + 1]]
        whole = _infer(own)
        starts = range(0, max(len(own) - _STRETCH, 0) + 1, max(len(own) // 20, 1)) if whole is None else ()
        stretches = [_infer(own[k : k + _STRETCH]) for k in starts]
        found = [alias for alias in [whole, *stretches] if alias is not None]
        if found:
            votes[Counter(found).most_common(1)[0][0]] += 1
    return votes.most_common(1)[0][0] if votes else None


def _infer(times: pd.DatetimeIndex) -> str | None:
    if len(times) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # pandas 3 announces an offset in place of a text: both are read
        found = pd.infer_freq(times)
    return None if found is None else str(getattr(found, "freqstr", found))


def _tick_ns(freq: "pd.offsets.BaseOffset") -> int | None:
    """Nanoseconds of a step of fixed length, None for a calendar step (months, business days)."""
    if isinstance(freq, pd.offsets.Tick):
        return int(pd.Timedelta(freq).value)
    if isinstance(freq, pd.offsets.Day):  # no Tick from pandas 3 on
        return int(freq.n) * _DAY
    return None


def _added(times: pd.DatetimeIndex, offset: "pd.offsets.BaseOffset") -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    """``times + offset``, without pandas' word that it takes an offset such as business hours time by time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        return (times + offset).to_numpy()


def _canonical(offset: "pd.offsets.BaseOffset") -> "pd.offsets.BaseOffset":
    """One offset for those that name the same times.

    A week without an anchor is seven days; quarters that end in March end in December too.
    """
    if isinstance(offset, pd.offsets.Week) and offset.weekday is None:
        return pd.offsets.Day(7 * offset.n)
    if offset.n == 1 and isinstance(offset, (pd.offsets.QuarterBegin, pd.offsets.BQuarterBegin)):
        return type(offset)(startingMonth=(offset.startingMonth - 1) % 3 + 1)
    if offset.n == 1 and isinstance(offset, (pd.offsets.QuarterEnd, pd.offsets.BQuarterEnd)):
        return type(offset)(startingMonth=(offset.startingMonth - 1) % 3 + 10)
    return offset


def _wall_clock(times: Index, freq: Freq) -> pd.DatetimeIndex:
    """Zoneless times in which one step is one step: local for days and longer, UTC for anything shorter."""
    index = pd.DatetimeIndex(times)
    index = index if index.unit == "ns" else index.as_unit("us")  # years before 1678 have no nanoseconds
    return index.tz_convert(None) if index.tz is not None and _is_short(freq) else index.tz_localize(None)


def _zoned(moved: pd.DatetimeIndex, start: pd.DatetimeIndex, freq: Freq) -> pd.DatetimeIndex:
    """``moved``, zoneless by ``_wall_clock``, in the time zone and unit of ``start``."""
    if start.tz is not None and _is_short(freq):
        moved = moved.tz_localize("UTC").tz_convert(start.tz)
    elif start.tz is not None:
        first = np.ones(len(moved), dtype=bool)  # an hour that occurs twice means its first pass
        moved = moved.tz_localize(start.tz, ambiguous=first, nonexistent="shift_forward")
    return moved.as_unit(start.unit)


def _is_short(freq: Freq) -> bool:
    nanos = None if isinstance(freq, int) else _tick_ns(freq)
    return nanos is not None and nanos % _DAY != 0


def _modern(alias: str) -> str:
    """An alias of any pandas version in the spelling of pandas 2.2 and later."""
    match = re.fullmatch(r"\s*(-?\d*)\s*([A-Za-z]+)(-[A-Za-z]+)?\s*", alias)
    if match is None:
        return alias
    count, name, anchor = match.groups()
    if name in {"b", "c", "d", "w"}:  # small letters of older versions
        name, anchor = name.upper(), anchor and anchor.upper()
    return count + _OLD_ALIASES.get(name, name) + (anchor or "")


def _mode(values: Ints) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])
