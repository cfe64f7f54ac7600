"""Months, quarters and years that begin on any day: financial months from the 25th, years from 6 April."""

import dataclasses
from typing import TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Ints

Stamps: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]"


@dataclasses.dataclass(frozen=True)
class Months:
    """A step of whole months from a day of the month; a month without that day begins on its last.

    Attributes
    ----------
    count : int
        Months in a step.
    day : int
        From 1 to 31.

    Examples
    --------
    >>> times = move_months(pd.DatetimeIndex(["2023-01-30"] * 3), np.arange(3), Months(1, 30))
    >>> [str(time.date()) for time in times]
    ['2023-01-30', '2023-02-28', '2023-03-30']
    """

    count: int
    day: int

    def offset(self) -> "pd.offsets.BaseOffset":
        """The pandas offset for this step; steps from the first or last day of a month have offsets of their own."""
        if not 1 <= self.day <= 31:
            raise ValueError(f"{self.day} is no day of a month")
        if self.day == 1:
            return pd.offsets.MonthBegin(self.count)
        return pd.offsets.MonthEnd(self.count) if self.day == 31 else pd.DateOffset(months=self.count, day=self.day)


def months_of(freq: "pd.offsets.BaseOffset") -> Months | None:
    """The step of whole months that an offset stands for, or None for another kind of offset."""
    if type(freq) is not pd.DateOffset:
        return None
    return Months(int(freq.kwds["months"]), int(freq.kwds["day"]))


def move_months(local: pd.DatetimeIndex, steps: Ints, step: Months) -> pd.DatetimeIndex:
    """Times without a zone moved by steps, element by element: two ``(n,)`` -> ``(n,)``; the time of day stays.

    A time that lies between two beginnings goes to the next one with the first step forward, and to the one before with
    the first step back.
    """
    stamps = local.to_numpy()
    month = stamps.astype("M8[M]")
    begin = _begin(month, step.day)
    of_day = stamps - stamps.astype("M8[D]")
    early = (steps > 0) & (stamps - of_day < begin)  # before the beginning of its month: one month less
    late = (steps < 0) & (stamps - of_day > begin)
    moved = month + (steps * step.count - early.astype(np.int64) + late.astype(np.int64)).astype("m8[M]")
    there = _begin(moved, step.day).astype(stamps.dtype) + of_day
    return pd.DatetimeIndex(np.where(steps == 0, stamps, there))


def months_between(first: pd.DatetimeIndex, last: pd.DatetimeIndex, step: Months) -> int:
    """Whole steps from the month of the single time in ``first`` to that in ``last``, both without a zone.

    Examples
    --------
    >>> months_between(pd.DatetimeIndex(["2023-01-25"]), pd.DatetimeIndex(["2024-01-25"]), Months(3, 25))
    4
    """
    months = last.to_numpy().astype("M8[M]") - first.to_numpy().astype("M8[M]")
    return int(months.astype(np.int64)[0]) // step.count


def _begin(month: Stamps, day: int) -> Stamps:
    """The day on which each month begins."""
    first = month.astype("M8[D]")
    length = ((month + 1).astype("M8[D]") - first).astype(np.int64)
    return first + (np.minimum(day, length) - 1).astype("m8[D]")
