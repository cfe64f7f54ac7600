"""How far the values of each series go, kept up as values come in."""

from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels.series.running_extent import N_MARKS, extend
from tsforecast.models.neural.forecasting.limits import MOST_DOUBLINGS, Extent
from tsforecast.models.neural.forecasting.quiet_end import SHORTEST, Silence

_MOST_HELD = 4096  # values of a series: more than one has, unless it always goes on in one direction


class RunningExtent(NamedTuple):
    """What the values of each series so far tell of its extent.

    Attributes
    ----------
    lengths : ndarray of int, shape (n_series,)
        Steps so far.
    marks, ranges, held, held_indptr : ndarray
        See `tsforecast.kernels.series.running_extent.extend`.

    Examples
    --------
    >>> seen = RunningExtent.begin(1).after(np.array([3.0, 1.0, 2.0]), np.array([0, 3]))
    >>> seen.after(np.array([7.0]), np.array([0, 1])).extent(np.zeros(1), True, 1).high
    array([7.])
    """

    lengths: Ints
    marks: Floats
    ranges: Floats
    held: Floats
    held_indptr: Ints

    @classmethod
    def begin(cls, n_series: int) -> "RunningExtent":
        """Before the first value."""
        marks = np.zeros((n_series, N_MARKS))
        marks[:, [0, 1, 2, 6]] = np.inf, -np.inf, np.nan, np.inf
        zeros = np.zeros(n_series, dtype=np.int64)
        ranges = np.zeros((n_series, MOST_DOUBLINGS))
        return cls(zeros, marks, ranges, np.empty((0, 2)), np.zeros(n_series + 1, dtype=np.int64))

    def take(self, positions: Ints) -> "RunningExtent":
        """Of some series, in the order given."""
        own = [self.held[self.held_indptr[i] : self.held_indptr[i + 1]] for i in positions.tolist()]
        indptr = np.concatenate([[0], np.cumsum([len(part) for part in own])]).astype(np.int64)
        held = np.concatenate([np.empty((0, 2)), *own])
        return RunningExtent(self.lengths[positions], self.marks[positions], self.ranges[positions], held, indptr)

    def after(self, values: Floats, indptr: Ints) -> "RunningExtent":
        """After more values of each series, ``values[indptr[i]:indptr[i + 1]]``, which may be none."""
        parts = extend(values, indptr, self.lengths, self.marks, self.ranges, self.held, self.held_indptr, _MOST_HELD)
        return RunningExtent(self.lengths + np.diff(indptr), *parts)

    def extent(self, lowest: Floats, quantity: bool, season_length: int) -> Extent:
        """The extent, as of `limits.extent_of` and `limits.is_positive`; each series must have had a value."""
        low, high, last, below, zero, broken, smallest, n_zeros, n_last, n_before = self.marks.T
        positive = (below == 0) & (lowest >= 0) & (bool(quantity) | (zero == 1) | (broken == 0))
        steps = 2.0 ** np.arange(MOST_DOUBLINGS)
        whole = np.maximum(high - low, 0.0)[:, None] * steps / np.maximum(self.lengths - 1, 1)[:, None]
        ranges = np.where(steps < self.lengths[:, None], self.ranges, whole)
        quiet = positive & (zero == 1) & np.isfinite(smallest)
        enough = n_last > np.maximum(np.maximum(SHORTEST, season_length), 2 * n_before)
        silence = Silence(np.where(quiet & (n_zeros > 1), smallest, 0.0), np.where(quiet & enough, n_last, 0.0))
        return Extent(low, high, last, self.lengths, ranges, positive, silence)
