"""Outliers as `tsforecast.series.outliers.clip_outliers` finds them, kept up as values come in.

Which values of a series are outliers depends on all of its distances, but only by the gaps among them: a distance that
comes in can only make a gap next to itself, so that a few numbers tell of all distances before. Distances are settled
three values later, when their neighbours are known; later values, a tail, are kept as they are.
"""

from typing import NamedTuple

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.kernels.series.distance_gaps import add_distances, largest_before_gap
from tsforecast.kernels.series.extent import distances
from tsforecast.panel import Panel
from tsforecast.series.differencing import with_rows_before
from tsforecast.series.outliers import CLIPPED_TO, FEWEST_VALUES, GAP, RARE, last_rows

_MOST_GAPS = 8  # gaps that are kept: more than the uppermost fiftieth of a series has
N_UNSETTLED = 4  # values of a tail, at least


class ClippedTail(NamedTuple):
    """Values of tails, clipped, and what they were clipped by."""

    values: Floats  # (n_obs,)
    away: Floats  # (n_obs,): distances, nan where a value is missing
    limit: Floats  # (n_series,): largest distance that is not clipped
    edge: Floats  # (n_series,): largest distance that will not be clipped, whatever values come later


class RunningOutliers(NamedTuple):
    """What the distances of the settled values of each series tell of later ones.

    Attributes
    ----------
    gaps : ndarray, shape (n_series, 8, 3)
    counts : ndarray of int, shape (n_series, 2)
    span : ndarray, shape (n_series, 2)
        See `tsforecast.kernels.series.distance_gaps.add_distance`.
    decided : ndarray, shape (n_series, 2)
        The limit that settled values were clipped by, nan where none was; the largest distance that was not clipped.
    context : ndarray, shape (n_series, 2)
        The last two settled values, nan where there are none.

    Examples
    --------
    >>> from tsforecast.panel.shortened import shortened
    >>> panel = Panel.from_array(np.array([1.0, 2.0, 1.0, 90.0, 2.0, 1.0, 2.0, 1.0, 3.0]))
    >>> RunningOutliers.begin(1).clip(panel).values
    array([1., 2., 1., 4., 2., 1., 2., 1., 3.])
    """

    gaps: Floats
    counts: Ints
    span: Floats
    decided: Floats
    context: Floats

    @classmethod
    def begin(cls, n_series: int) -> "RunningOutliers":
        """Before the first value."""
        decided = np.column_stack([np.full(n_series, np.nan), np.full(n_series, -np.inf)])
        shape = (n_series, _MOST_GAPS, 3)
        counts, context = np.zeros((n_series, 2), dtype=np.int64), np.full((n_series, 2), np.nan)
        return cls(np.full(shape, np.nan), counts, np.zeros((n_series, 2)), decided, context)

    def take(self, positions: Ints) -> "RunningOutliers":
        """Of some series, in the order given."""
        gaps, counts, span = self.gaps[positions], self.counts[positions], self.span[positions]
        return RunningOutliers(gaps, counts, span, self.decided[positions], self.context[positions])

    def clip(self, tail: Panel) -> ClippedTail:
        """The values after the settled ones, at least four of a series where it has so many, clipped."""
        known, indptr = with_rows_before(tail.values, tail.indptr, self.context)
        inside = np.arange(known.size) - np.repeat(indptr[:-1], np.diff(indptr)) >= self.context.shape[1]
        away, middle = (part[inside] for part in distances(known, indptr))
        last = np.zeros(tail.n_obs, dtype=np.bool_)
        last[last_rows(tail)] = True
        gaps, counts, span = self.gaps.copy(), self.counts.copy(), self.span.copy()
        add_distances(away, tail.indptr, ~last, gaps, counts, span, GAP)
        most = np.maximum(1, counts[:, 0] // RARE)
        most = np.where(counts[:, 0] < 2, 0, most)
        limit = CLIPPED_TO * largest_before_gap(gaps, most)
        n_present = self.counts[:, 0] + tail.n_present
        limit = np.where(n_present < FEWEST_VALUES, np.inf, limit)
        each = limit.repeat(tail.lengths)
        far = (away > each) & ~last
        values = tail.values.copy()
        values[far] = np.clip(values[far], middle[far] - each[far], middle[far] + each[far])
        return ClippedTail(values, away, limit, largest_before_gap(gaps, 2 * most + 2))

    def settled(self, tail: Panel, clipped: ClippedTail, leaves: Bools) -> "RunningOutliers":
        """After the values of the tail that leave it, ``(n_obs,)``, the first of each series."""
        gaps, counts, span = self.gaps.copy(), self.counts.copy(), self.span.copy()
        add_distances(clipped.away, tail.indptr, leaves, gaps, counts, span, GAP)
        decided, context = self.decided.copy(), self.context.copy()
        gone = leaves & ~np.isnan(tail.values)
        for i in np.unique(np.repeat(np.arange(tail.n_series), tail.lengths)[gone]).tolist():
            own = slice(tail.indptr[i], tail.indptr[i + 1])
            away, values = clipped.away[own][gone[own]], tail.values[own][gone[own]]
            far = away > clipped.limit[i]
            decided[i, 0] = clipped.limit[i] if far.any() else decided[i, 0]
            decided[i, 1] = max(decided[i, 1], away[~far].max(initial=-np.inf))
            context[i] = np.append(context[i], values)[-2:]
        return RunningOutliers(gaps, counts, span, decided, context)

    def outdated(self, limit: Floats) -> Bools:
        """Series of which settled values would be clipped otherwise by these limits: ``(n_series,)``."""
        before, usual = self.decided.T
        return np.asarray((~np.isnan(before) & (limit != before)) | (usual > limit))
