"""Moves times that lie near a regular grid, such as those of a sensor's clock, onto it."""

import dataclasses

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints
from tsforecast.panel.times.frequency import Freq, freq_name, has_fixed_step, parse_freq
from tsforecast.panel.times.offsets import shortest_ns
from tsforecast.panel.whole_numbers import is_whole

_SECOND, _MINUTE, _HOUR, _DAY = 10**6, 60 * 10**6, 3600 * 10**6, 86400 * 10**6  # microseconds
_STEPS = np.array(
    [k * 1000 for k in (1, 2, 5, 10, 20, 50, 100, 200, 250, 500)]
    + [k * _SECOND for k in (1, 2, 5, 10, 15, 20, 30)]
    + [k * _MINUTE for k in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)]
    + [k * _HOUR for k in (1, 2, 3, 4, 6, 8, 12)]
    + [_DAY, 7 * _DAY],
    dtype=np.int64,
)
_NEAR = 0.1  # largest relative difference between the median step and a usual step
_PARTS = (1, 2, 4, 7, 10, 12, 24, 60)  # a grid begins at a multiple of a step divided by one of these
_SIMPLER = 2  # a simpler beginning is preferred where the largest distance grows no more than by this factor


@dataclasses.dataclass(frozen=True)
class NearGrid:
    """A regular grid that times lie near.

    Attributes
    ----------
    freq : offset
        Step of the grid.
    times : DatetimeIndex, shape (n_obs,)
        The nearest time of the grid for each of the times; those of one series are distinct.
    furthest : Timedelta
        Largest distance of a time from the grid: less than half a step.
    is_round : bool
        Whether the grid holds midnight, so that pandas' ``round`` finds it.
    """

    freq: Freq
    times: pd.DatetimeIndex
    furthest: pd.Timedelta
    is_round: bool

    def description(self) -> str:
        """A description of the grid for messages."""
        return f"within {_short(self.furthest)} of a regular grid, every {freq_name(self.freq)}"


def near_grid(times: Index, indptr: Ints, freq: Freq | None = None) -> NearGrid | None:
    """The grid that times lie near; None where they lie exactly on it, or near none.

    The step is ``freq``, or the usual one (from 1 ms to a week) closest to the median step. Times with a zone have no
    grid of days or weeks.

    Examples
    --------
    >>> sensor = pd.DatetimeIndex(["2024-01-01 00:00:03", "2024-01-01 00:10:01", "2024-01-01 00:19:58"])
    >>> found = near_grid(sensor, np.array([0, 3]))
    >>> found.description(), str(found.times[2])
    ('within 3s of a regular grid, every 10min', '2024-01-01 00:20:00')
    """
    if not isinstance(times, pd.DatetimeIndex):
        return None
    local = times if times.tz is None else times.tz_convert("UTC").tz_localize(None)
    try:
        stamps = local.as_unit("us").asi8
    except pd.errors.OutOfBoundsDatetime:  # years past 290,000
        return None
    inside = np.ones(max(len(times) - 1, 0), dtype=bool)
    inside[indptr[1:-1] - 1] = False
    steps = np.diff(stamps)[inside]
    step = _step(steps, freq)
    if step is None or (times.tz is not None and step >= _DAY):
        return None
    begin = _begin(stamps, step)
    off = _off(stamps, begin, step)
    if not off.any() or 2 * np.abs(off).max() >= step:
        return None
    snapped = stamps - off
    if (np.diff(snapped)[inside] <= 0).any():
        return None
    moved = pd.DatetimeIndex(snapped.view("M8[us]"))
    moved = moved if times.tz is None else moved.tz_localize("UTC").tz_convert(times.tz)
    found = parse_freq(pd.Timedelta(step, unit="us")) if freq is None else freq
    return NearGrid(found, moved, pd.Timedelta(int(np.abs(off).max()), unit="us"), begin == 0)


def _step(steps: Ints, freq: Freq | None) -> int | None:
    if freq is not None:
        return None if is_whole(freq) or not has_fixed_step(freq) else max(shortest_ns(freq) // 1000, 1)
    if steps.size == 0:
        return None
    median = float(np.median(steps))
    step = int(_STEPS[np.argmin(np.abs(_STEPS - median))])
    return step if abs(median - step) <= _NEAR * step else None


def _begin(stamps: Ints, step: int) -> int:
    """Beginning of the grid, in [0, step): the simplest fraction of a step among those closest to all times."""
    places = np.unique(stamps % step)
    begins = list(dict.fromkeys(round(step * k / n) for n in _PARTS for k in range(n)))
    worst = [int(np.abs(_off(places, begin, step)).max()) for begin in begins]
    return next(begin for begin, far in zip(begins, worst, strict=True) if far <= _SIMPLER * min(worst))


def _off(stamps: Ints, begin: int, step: int) -> Ints:
    """Signed distance of each time from the nearest time of the grid: ``(n_obs,)``."""
    return (stamps - begin + step // 2) % step - step // 2


def _short(time: pd.Timedelta) -> str:
    seconds = time.total_seconds()
    size, unit = next(((size, unit) for size, unit in ((3600, "h"), (60, "min")) if seconds >= 2 * size), (1, "s"))
    return f"{seconds / size:.3g}{unit}"
