"""Are the times of every series regular? The first place where not, and filling the gaps."""

from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._ingest import owner
from tsforecast._types import Bools, Floats, Index, Ints
from tsforecast.exceptions import DataError, DisorderError, DuplicateTimeError, FrequencyError, GapError
from tsforecast.frequency import Freq, freq_name, step_times

Gaps: TypeAlias = Literal["error", "nan"]


def check_increasing(times: Index, indptr: Ints, ids: Index) -> None:
    """Raise a `DuplicateTimeError` or `DisorderError` at the first time that is not after the one before it."""
    stamps = _stamps(times)
    steps = np.diff(stamps)
    bad = (steps <= 0) & _within(indptr, steps.size)
    if not bad.any():
        return
    row = int(np.argmax(bad)) + 1
    name = owner(row, indptr, ids)
    if steps[row - 1] == 0:
        raise DuplicateTimeError(f"Series {name} has two observations at {times[row]}; one is needed.")
    raise DisorderError(
        f"Series {name} goes back in time, from {times[row - 1]} to {times[row]}; sort the rows of each series by time."
    )


def first_irregular(times: Index, indptr: Ints, ids: Index, freq: Freq) -> DataError | None:
    """The error for the first time that is not one ``freq`` after the one before it; None where all are."""
    if len(times) == 0:
        return None
    ones = np.ones(len(times), dtype=np.int64)
    if isinstance(freq, int) != (not isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex))):
        kind = "integers" if not isinstance(freq, int) else "dates"
        return FrequencyError(f"freq={freq_name(freq)!r} does not go with times that are {kind}, as {times[0]} is.")
    after = step_times(times, ones, freq)
    off_grid = _stamps(step_times(after, -ones, freq)) != _stamps(times)
    if off_grid.any():
        row = int(np.argmax(off_grid))
        return FrequencyError(
            f"Series {owner(row, indptr, ids)}: {times[row]} is not a time of the frequency {freq_name(freq)!r}. "
            "Give the frequency that fits (freq=), or correct the times."
        )
    bad = (_stamps(after)[:-1] != _stamps(times)[1:]) & _within(indptr, len(times) - 1)
    if not bad.any():
        return None
    row = int(np.argmax(bad)) + 1
    name, wanted = owner(row, indptr, ids), after[row - 1]
    if _stamps(times)[row] > _stamps(after)[row - 1]:
        return GapError(
            f"Series {name} has nothing at {wanted}: it goes from {times[row - 1]} to {times[row]}, and the "
            f"frequency is {freq_name(freq)!r}. Ask for gaps='nan' to make skipped times missing values."
        )
    return FrequencyError(
        f"Series {name} goes from {times[row - 1]} to {times[row]}, less than one step of the "
        f"frequency {freq_name(freq)!r}."
    )


def fill_gaps(
    values: Floats, times: Index, indptr: Ints, ids: Index, freq: Freq, covariates: Floats | None
) -> tuple[Floats, Index, Ints, Floats | None]:
    """Values, times, indptr and covariates with a nan row at every skipped time.

    Raises
    ------
    FrequencyError
        A time does not lie on the grid that starts at the first time of its series.
    CovariateError
        Never: a covariate at a skipped time is nan, which models refuse by name.
    """
    parts: list[Floats] = []
    grids: list[Index] = []
    tables: list[Floats] = []
    for i, name in enumerate(ids):
        own = slice(indptr[i], indptr[i + 1])
        grid = _grid(times[own], freq)
        place = grid.get_indexer(times[own])
        if (place < 0).any():
            lost = times[own][int(np.argmax(place < 0))]
            raise FrequencyError(f"Series {name!r}: {lost} is not a time of the frequency {freq_name(freq)!r}.")
        filled = np.full(len(grid), np.nan)
        filled[place] = values[own]
        parts.append(filled)
        grids.append(grid)
        if covariates is not None:
            table = np.full((len(grid), covariates.shape[1]), np.nan)
            table[place] = covariates[own]
            tables.append(table)
    new_indptr = np.concatenate([[0], np.cumsum([p.size for p in parts])]).astype(np.int64)
    joined = grids[0].append(grids[1:])
    return np.concatenate(parts), joined, new_indptr, np.concatenate(tables) if tables else None


def _grid(own: Index, freq: Freq) -> Index:
    if isinstance(own, pd.PeriodIndex):
        return pd.period_range(own[0], own[-1], freq=own.freq)
    if isinstance(freq, int):
        return pd.Index(np.arange(own[0], own[-1] + 1, freq, dtype=np.int64))
    return pd.date_range(own[0], own[-1], freq=freq).as_unit(pd.DatetimeIndex(own).unit)


def _stamps(times: Index) -> Ints:
    """Times as integers that compare as the times do: ``(n_obs,)``."""
    if isinstance(times, pd.DatetimeIndex):
        return times.as_unit("ns").asi8
    return times.asi8 if isinstance(times, pd.PeriodIndex) else times.to_numpy(dtype=np.int64)


def _within(indptr: Ints, n_steps: int) -> Bools:
    """True for steps inside a series, False for those from one series to the next: ``(n_steps,)``."""
    inside = np.ones(n_steps, dtype=bool)
    inside[indptr[1:-1] - 1] = False
    return inside
