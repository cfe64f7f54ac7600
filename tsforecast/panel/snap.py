"""Times that lie near a regular grid, as a sensor's clock gives them -> the times of that grid."""

import dataclasses

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints
from tsforecast.panel.frequency import Freq, freq_name, has_fixed_step, parse_freq
from tsforecast.panel.offsets import shortest_ns
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
_NEAR = 0.1  # share by which the median step of times may differ from a usual step
_PARTS = (1, 2, 4, 7, 10, 12, 24, 60)  # into which a step is divided for the place at which a grid begins
_SIMPLER = 2  # times as far off may times be from a grid that begins at a simpler part of a step


@dataclasses.dataclass(frozen=True)
class NearGrid:
    """A regular grid that times lie near.

    Attributes
    ----------
    freq : offset
        Its step.
    times : DatetimeIndex, shape (n_obs,)
        The time of the grid that is nearest to each of the times; no two of one series are the same.
    furthest : Timedelta
        How far a time is off at most: less than half a step.
    is_round : bool
        Whether the grid holds midnight, so that pandas' ``round`` finds it.
    """

    freq: Freq
    times: pd.DatetimeIndex
    furthest: pd.Timedelta
    is_round: bool

    def told(self) -> str:
        """The grid in words."""
        return f"within {_short(self.furthest)} of a regular grid, every {freq_name(self.freq)}"


def near_grid(times: Index, indptr: Ints, freq: Freq | None = None) -> NearGrid | None:
    """The grid that times lie near and off; None where they lie on it, or not near one.

    The step is ``freq``, or the usual one (from 1 ms to a week) next to the median step. Days and weeks are those of
    times without a zone.

    Examples
    --------
    >>> sensor = pd.DatetimeIndex(["2024-01-01 00:00:03", "2024-01-01 00:10:01", "2024-01-01 00:19:58"])
    >>> found = near_grid(sensor, np.array([0, 3]))
    >>> found.told(), str(found.times[2])
    ('within 3s of a regular grid, every 10min', '2024-01-01 00:20:00')
    """
    if not isinstance(times, pd.DatetimeIndex):
        return None
    local = times if times.tz is None else times.tz_convert("UTC").tz_localize(None)
    stamps = local.as_unit("us").asi8
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
    """Where a grid begins, from 0 to the step: the simplest part of a step that all times are about nearest to."""
    places = np.unique(stamps % step)
    begins = list(dict.fromkeys(round(step * k / n) for n in _PARTS for k in range(n)))
    worst = [int(np.abs(_off(places, begin, step)).max()) for begin in begins]
    return next(begin for begin, far in zip(begins, worst, strict=True) if far <= _SIMPLER * min(worst))


def _off(stamps: Ints, begin: int, step: int) -> Ints:
    """How far each time is after the nearest of the grid: ``(n_obs,)``."""
    return (stamps - begin + step // 2) % step - step // 2


def _short(time: pd.Timedelta) -> str:
    seconds = time.total_seconds()
    size, unit = next(((size, unit) for size, unit in ((3600, "h"), (60, "min")) if seconds >= 2 * size), (1, "s"))
    return f"{seconds / size:.3g}{unit}"
