"""RollingOrigin: the cutoffs of a backtest, with training data before and a test window after each."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import step_times
from tsforecast.panel.too_short import check_lengths
from tsforecast.panel.whole_numbers import whole_number


@dataclasses.dataclass(frozen=True)
class RollingOrigin:
    """Cutoffs counted from the end of each series, oldest first; a scikit-learn splitter too.

    The newest window ends with the last observation. Window w trains on everything up to its cutoff (or on the last
    ``max_train_size`` observations), skips ``gap`` steps and is scored on the next ``horizon``.

    Parameters
    ----------
    horizon : int
        Steps ahead that are forecast and scored.
    n_windows : int
        Number of cutoffs.
    step_size : int, optional
        Steps from one cutoff to the next; ``horizon`` where it is None, so that test windows do not overlap.
    max_train_size : int, optional
        None: the window expands. Else it slides: at most that many observations before the cutoff.
    gap : int
        Steps after the cutoff that are neither seen nor scored.

    Examples
    --------
    >>> cv = RollingOrigin(horizon=2, n_windows=3)
    >>> for train, test in cv.split(np.arange(10.0)):
    ...     print(train[-1], test)
    3 [4 5]
    5 [6 7]
    7 [8 9]

    A scorer that scikit-learn knows by name needs the truth as ``y``: pass the series twice. Passed once, scikit-learn
    fails before it calls the forecaster: scores are nan, after its warning "missing 1 required positional argument:
    'y_true'".

    >>> from sklearn.model_selection import cross_val_score
    >>> from tsforecast import Naive
    >>> y = np.arange(10.0)
    >>> cross_val_score(Naive(), y, y, scoring="neg_mean_absolute_error", cv=cv)
    array([-1.5, -1.5, -1.5])
    """

    horizon: int
    n_windows: int = 1
    step_size: int | None = None
    max_train_size: int | None = None
    gap: int = 0

    def __post_init__(self) -> None:
        least = {"horizon": 1, "n_windows": 1, "step_size": 1, "max_train_size": 1, "gap": 0}
        for name, low in least.items():
            value = getattr(self, name)
            if value is None and name in ("step_size", "max_train_size"):
                continue
            whole_number(name, value, low)

    @property
    def step(self) -> int:
        """Steps from one cutoff to the next."""
        return self.horizon if self.step_size is None else self.step_size

    @property
    def needed(self) -> int:
        """Observations that a series must have: one to train on at the oldest cutoff."""
        return (
            1 + int(self.gap) + int(self.horizon) + (int(self.n_windows) - 1) * int(self.step)
        )  # numpy's integers overflow

    def bounds(self, lengths: Ints) -> tuple[Ints, Ints]:
        """First training observation, and the one after the last, at each cutoff: each ``(n_windows, n_series)``.

        The test window of cutoff w and series i begins ``gap`` after ``stop[w, i]``.
        """
        longest = int(np.max(lengths, initial=0))
        past = (
            longest + 1
        )  # steps that reach past the beginning of every series: more would change nothing, and might overflow
        step, ahead = min(int(self.step), past), min(int(self.gap) + int(self.horizon), past)
        back = np.arange(self.n_windows - 1, -1, -1) * step + ahead  # (n_windows,)
        stop = np.asarray(lengths)[None, :] - back[:, None]
        if self.max_train_size is None:
            return np.zeros_like(stop), stop
        most = min(int(self.max_train_size), longest)
        return np.maximum(stop - most, 0), stop

    def check(self, lengths: Ints, ids: Index, way_on: str = "") -> None:
        """Raise a `SeriesTooShortError` that names every series with too few observations, and how to go on."""
        why = (
            f"{self.n_windows} window(s) of horizon={self.horizon} with step_size={self.step} and gap={self.gap} need "
            f"at least {self.needed}"
        )
        check_lengths(ids, lengths, self.needed, why, way_on)

    def cutoffs(self, panel: Panel, *, check: bool = True) -> list[Index]:
        """Time of the last training observation of each series, at each cutoff: ``n_windows`` times ``(n_series,)``.

        Without ``check`` a series may be too short for a cutoff, which then lies before its first observation.

        Examples
        --------
        >>> panel = Panel.from_array(np.arange(10.0))
        >>> [int(times[0]) for times in RollingOrigin(horizon=2, n_windows=3).cutoffs(panel)]
        [3, 5, 7]
        """
        if check:
            self.check(panel.lengths, panel.ids)
        _, stop = self.bounds(panel.lengths)
        return [_times_at(panel, row - 1) for row in stop]

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Ints, Ints]]:
        """Rows to train on and rows to test on, oldest cutoff first.

        ``X`` is what a forecaster is fitted on: an array, a Series or a wide frame, whose rows are times, or a long
        frame, whose rows are counted from the end of each ``unique_id``. ``y`` and ``groups`` are not looked at.

        Raises
        ------
        SeriesTooShortError
            A series has too few rows; the message names it.
        """
        age, lengths, ids = _age_of_rows(X)
        self.check(lengths, ids)
        for w in range(self.n_windows):
            newer = (self.n_windows - 1 - w) * self.step  # rows of each series after the test window
            test = (age >= newer) & (age < newer + self.horizon)
            seen = age - (newer + self.horizon + self.gap)  # 0 at the cutoff
            train = (seen >= 0) & (seen < (self.max_train_size or age.size))
            yield np.flatnonzero(train), np.flatnonzero(test)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of cutoffs."""
        return self.n_windows


def _times_at(panel: Panel, places: Ints) -> Index:
    """Times of one place in each series, counted from its first observation; negative ones precede it: (n_series,)."""
    times = panel.times.take(panel.indptr[:-1] + np.maximum(places, 0))
    early = np.flatnonzero(places < 0)
    if early.size == 0:
        return times
    moved = step_times(times.take(early), places[early], panel.freq).astype(times.dtype)
    order = np.arange(len(times))
    order[early] = len(times) + np.arange(early.size)
    return times.append(moved).take(order)


def _age_of_rows(data: Any) -> tuple[Ints, Ints, Index]:
    """Number of later rows of the same series for each row, number of rows of each series, names of the series."""
    if isinstance(data, pd.DataFrame) and "unique_id" in data.columns:
        groups = data.groupby("unique_id", sort=False)
        sizes = groups.size()
        return groups.cumcount(ascending=False).to_numpy(), sizes.to_numpy(), sizes.index
    n_rows = len(data)
    return np.arange(n_rows)[::-1], np.array([n_rows]), pd.Index([getattr(data, "name", None) or "y"])
