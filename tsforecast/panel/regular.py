"""Checks that the times of every series are regular, and fills gaps with nan."""

import itertools
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._memory import fits_in_memory
from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import (
    DataError,
    DisorderError,
    DuplicateTimeError,
    FrequencyError,
    GapError,
    ParameterError,
)
from tsforecast.panel.covariates import fill_covariates
from tsforecast.panel.parse import owner
from tsforecast.panel.times.frequency import (
    Freq,
    freq_label,
    has_fixed_step,
    same_steps,
    step_times,
    steps_between,
    times_between,
)
from tsforecast.panel.times.infer_frequency import advice, inside_series, most_rows
from tsforecast.panel.times.offsets import NANOS, shortest_ns
from tsforecast.panel.times.snap import near_grid

Gaps: TypeAlias = Literal["error", "nan", "zero", "ffill", "interpolate", "snap"]

_GAPS = ("error", "nan", "zero", "ffill", "interpolate", "snap")
_NIGHT = 3  # clocks change at this hour at the latest
_SUNDAY = 6
_HOUR = pd.Timedelta(hours=1)
CLOCKS = (
    " Where clocks change for daylight saving, local times repeat an hour in autumn and skip one in spring: give the "
    "times in UTC, or with their offset from it."
)
_SPARE = 10_000  # unused times that a grid shared by all series may have


def check_gaps(gaps: object) -> None:
    """Raise a `ParameterError` for anything but one of `Gaps`."""
    if gaps not in _GAPS:
        raise ParameterError(f"gaps={gaps!r} is none of {', '.join(map(repr, _GAPS))}.")


def check_increasing(times: Index, indptr: Ints, ids: Index) -> None:
    """Raise a `DuplicateTimeError` or `DisorderError` at the first time that is not after the one before it."""
    stamps = _stamps(times)
    steps = np.diff(stamps)
    bad = (steps <= 0) & inside_series(indptr, steps.size)
    if not bad.any():
        return
    row = int(np.argmax(bad)) + 1
    name = owner(row, indptr, ids)
    if steps[row - 1] == 0:
        hint = CLOCKS if is_local_clock(times, indptr) and is_clock_change(times[row]) else ""
        raise DuplicateTimeError(f"Series {name} has two observations at {times[row]}; one is needed.{hint}")
    back = is_local_clock(times, indptr) and times[row - 1] - times[row] < _HOUR and is_clock_change(times[row])
    raise DisorderError(
        f"Series {name} goes back in time, from {times[row - 1]} to {times[row]}; sort the rows of each series by "
        f"time, as frame.sort_values('ds') does."
        f"{CLOCKS if back else ''}"
    )


def first_irregular(times: Index, indptr: Ints, ids: Index, freq: Freq) -> DataError | None:
    """The error for the first time that is not one step after the time before it; None where all are."""
    if len(times) == 0:
        return None
    if isinstance(freq, int) != (not isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex))):
        kind = "integers" if not isinstance(freq, int) else "dates"
        return FrequencyError(f"freq={freq_label(freq)} does not go with times that are {kind}, as {times[0]} is.")
    if isinstance(times, pd.PeriodIndex) and not same_steps(freq, times.freq):
        return FrequencyError(
            f"freq={freq_label(freq)} is not that of the times, periods {times.freqstr!r}. Leave freq out, or convert "
            "the periods: to_timestamp()."
        )
    after = _one_step_on(times, indptr, freq)
    if not has_fixed_step(freq):
        off_grid = np.asarray(step_times(after, np.full(len(times), -1), freq) != times)
        if off_grid.any():
            row = int(np.argmax(off_grid))
            return FrequencyError(
                f"Series {owner(row, indptr, ids)}: {times[row]} is not a time of the frequency {freq_label(freq)}. "
                f"Correct the times, or give {advice(times, indptr)}."
            )
    bad = np.asarray(after[:-1] != times[1:]) & inside_series(indptr, len(times) - 1)
    if not bad.any():
        return None
    row = int(np.argmax(bad)) + 1
    name, wanted = owner(row, indptr, ids), after[row - 1]
    if np.asarray(times[row : row + 1] > after[row - 1 : row])[0]:
        hour = is_local_clock(times, indptr) and times[row] - wanted == _HOUR and is_clock_change(wanted)
        return GapError(
            f"Series {name} has nothing at {wanted}: it goes from {times[row - 1]} to {times[row]}, and the "
            f"frequency is {freq_label(freq)}. With gaps='nan' (--gaps nan on the command line) skipped times become "
            f"missing values.{CLOCKS if hour else ''}"
        )
    zoned = isinstance(times, pd.DatetimeIndex) and times.tz is not None and wanted - times[row] == _HOUR
    return FrequencyError(
        f"Series {name} goes from {times[row - 1]} to {times[row]}, less than one step of the "
        f"frequency {freq_label(freq)}. Correct the times, or give {advice(times, indptr)}."
        f"{CLOCKS if zoned else ''}"
    )


def _one_step_on(times: Index, indptr: Ints, freq: Freq) -> Index:
    """The time one step after each, counted from the first of its series where steps are of one length.

    A day without midnight then does not shift later ones.
    """
    if isinstance(times, pd.DatetimeIndex) and not isinstance(freq, int) and has_fixed_step(freq):
        begin = np.repeat(indptr[:-1], np.diff(indptr))
        return step_times(times.take(begin), np.arange(len(times)) - begin + 1, freq)
    return step_times(times, np.ones(len(times), dtype=np.int64), freq)


def skipped_before(times: Index, indptr: Ints, freq: Freq) -> Ints:
    """Rows whose time is more than one step after the time before it in the same series.

    Examples
    --------
    >>> skipped_before(pd.Index([1, 2, 4, 5, 9]), np.array([0, 5]), 1)
    array([2, 4])
    """
    before, after = times[:-1], times[1:]
    later = np.asarray(after > step_times(before, np.ones(len(before), dtype=np.int64), freq))
    return np.flatnonzero(later & inside_series(indptr, len(before))) + 1


def fill_values(values: Floats, indptr: Ints, gaps: Gaps) -> Floats:
    """Values with missing ones filled as ``gaps`` says, series by series; those that cannot be stay nan.

    Examples
    --------
    >>> fill_values(np.array([1.0, np.nan, 3.0]), np.array([0, 3]), "interpolate")
    array([1., 2., 3.])
    >>> fill_values(np.array([1.0, np.nan, 3.0]), np.array([0, 3]), "zero")
    array([1., 0., 3.])
    """
    if gaps == "zero":
        return np.where(np.isnan(values), 0.0, values)
    if gaps == "ffill" or gaps == "interpolate":
        return fill_covariates(values[:, None], indptr, gaps)[:, 0]
    return values


def is_clock_change(time: pd.Timestamp) -> bool:
    """Whether clocks may change at a local time: in the night to a Sunday.

    Examples
    --------
    >>> is_clock_change(pd.Timestamp("2024-10-27 02:00")), is_clock_change(pd.Timestamp("2024-10-28 14:00"))
    (True, False)
    """
    return time.day_of_week == _SUNDAY and time.hour <= _NIGHT


def snap_times(times: Index, indptr: Ints, freq: Freq | None) -> tuple[Index, Freq | None]:
    """Times moved to the nearest regular grid, with the step ``freq`` where it is given, and the step of the grid.

    Times that already lie on a grid, or near none, are unchanged.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2024-01-01", "2024-01-02"])
    >>> snap_times(days, np.array([0, 2]), None)[0].equals(days)
    True
    """
    near = near_grid(times, indptr, freq)
    return (times, freq) if near is None else (near.times, near.freq)


def check_fillable(times: Index, indptr: Ints, ids: Index, freq: Freq) -> None:
    """Raise the error that filling the gaps would raise, so that a message does not advise it in vain."""
    _on_grid(times, indptr, ids, freq)


def fill_gaps(
    values: Floats, times: Index, indptr: Ints, ids: Index, freq: Freq, covariates: Floats | None
) -> tuple[Floats, Index, Ints, Floats | None]:
    """Values, times, indptr and covariates with a nan row at every skipped time.

    Raises
    ------
    FrequencyError
        A time does not lie on the grid that starts at the first time of its series.
    """
    grid, place = _on_grid(times, indptr, ids, freq)
    first, last = place[indptr[:-1]], place[indptr[1:] - 1]
    new_indptr = np.concatenate([[0], np.cumsum(last - first + 1)]).astype(np.int64)
    rows = place + np.repeat(new_indptr[:-1] - first, np.diff(indptr))  # new row of each old one
    filled = np.full(new_indptr[-1], np.nan)
    filled[rows] = values
    steps = np.arange(new_indptr[-1]) + np.repeat(first - new_indptr[:-1], last - first + 1)
    if covariates is None:
        return filled, grid.take(steps), new_indptr, None
    table = np.full((new_indptr[-1], covariates.shape[1]), np.nan)
    table[rows] = covariates
    return filled, grid.take(steps), new_indptr, table


def _on_grid(times: Index, indptr: Ints, ids: Index, freq: Freq) -> tuple[Index, Ints]:
    """Regular times that contain all of ``times``, and the position of each: one grid for all series, or one each."""
    stamps = _stamps(times)
    _check_size(times, indptr, ids, freq)
    grid = _grid(times[[int(np.argmin(stamps))]], times[[int(np.argmax(stamps))]], freq, _SPARE + 4 * len(times))
    if grid is not None:
        place = grid.get_indexer(times)
        if (place >= 0).all():
            return grid, place.astype(np.int64)
    grids, places, offset = [], [], 0  # no shared grid, as for every second month from January and from February
    for i, name in enumerate(ids):
        own = times[indptr[i] : indptr[i + 1]]
        grid = _grid(own[:1], own[-1:], freq)
        place = np.full(len(own), -1) if grid is None else grid.get_indexer(own)
        if grid is None or (place < 0).any():
            lost = own[-1] if grid is None else own[int(np.argmax(place < 0))]
            raise FrequencyError(
                f"Series {name!r}: {lost} is not a time of the frequency {freq_label(freq)}. Correct the times, or "
                f"give {advice(times, indptr)}."
            )
        grids.append(grid)
        places.append(place + offset)
        offset += len(grid)
    return grids[0].append(grids[1:]), np.concatenate(places).astype(np.int64)


def _check_size(times: Index, indptr: Ints, ids: Index, freq: Freq) -> None:
    """Raise a `GapError` where filling would add far too many times, before memory is allocated for them."""
    stamps = _stamps(times)
    per_step = _usual_step(times, freq)
    rows = sum((int(stamps[b - 1]) - int(stamps[a])) // per_step + 1 for a, b in itertools.pairwise(indptr.tolist()))
    if rows <= most_rows(len(times)) and fits_in_memory(rows, n_columns=4):
        return
    steps = np.where(inside_series(indptr, len(times) - 1), np.diff(stamps), 0)
    row = int(np.argmax(steps)) + 1
    raise GapError(
        f"Series {owner(row, indptr, ids)} goes from {times[row - 1]} to {times[row]}, about "
        f"{int(steps[row - 1]) // per_step:,} steps of the frequency {freq_label(freq)}; filling all gaps would make "
        f"{rows:,} rows of {len(times):,}. Correct the time if it is mistyped; else sum or average the observations "
        "over longer steps."
    )


def _usual_step(times: Index, freq: Freq) -> int:
    """Approximate difference of the integer stamps of two neighbouring times."""
    if isinstance(times, pd.PeriodIndex):
        return int(times.freq.n)
    if isinstance(freq, int):
        return freq
    return max(shortest_ns(freq) // NANOS[times.unit], 1)


def _grid(first: Index, last: Index, freq: Freq, longest: int | None = None) -> "Index | None":
    """All times from ``first`` to ``last``; None where the steps between are not whole, or too many."""
    apart = int(_stamps(last)[0]) - int(_stamps(first)[0])
    if longest is not None and apart // _usual_step(first, freq) > 8 * longest:  # clearly too many
        return None
    try:
        steps = steps_between(first, last, freq)
    except FrequencyError:
        return None
    if longest is not None and steps > longest:
        return None
    if isinstance(first, pd.DatetimeIndex) and not has_fixed_step(freq):
        return times_between(first, last, freq)
    return step_times(first.repeat(steps + 1), np.arange(steps + 1), freq)


def is_local_clock(times: Index, indptr: Ints) -> bool:
    """Whether times without a zone are mostly an hour or less apart: daylight saving repeats or skips some of these.

    Examples
    --------
    >>> is_local_clock(pd.date_range("2024-01-01", periods=5, freq="7D"), np.array([0, 5]))
    False
    """
    if not isinstance(times, pd.DatetimeIndex) or times.tz is not None:
        return False
    steps = np.diff(times.to_numpy())[inside_series(indptr, len(times) - 1)]
    return bool(np.median(steps.astype("timedelta64[s]").astype(np.int64)) <= _HOUR.total_seconds())


def _stamps(times: Index) -> Ints:
    """Times as integers in the same order: ``(n_obs,)``."""
    return times.asi8 if isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)) else times.to_numpy(dtype=np.int64)
