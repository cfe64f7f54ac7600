"""Beginnings of series with their outliers clipped, each as `clip_outliers` clips it alone.

What is an outlier depends on all values so far, so that most beginnings of most series are as they came, and others are
clipped in a few ways only: all that are clipped alike are told by the longest of them.
"""

from collections.abc import Iterator

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels.series.distance_gaps import usual_of_beginnings
from tsforecast.panel import Panel
from tsforecast.series.outliers import FEWEST_VALUES, GAP, RARE, clip_outliers

_MOST_GAPS = 8  # as in `running_outliers`


def clipped_beginnings(panel: Panel) -> Iterator[tuple[Panel, Ints, Ints]]:
    """Yield panels, rows of them, and the rows of ``panel`` that these are: every row of ``panel`` once.

    What lies before such a row in its series is the beginning of ``panel`` before the same row with outliers clipped.

    Examples
    --------
    >>> y = 10 + np.arange(20.0) % 3
    >>> y[12] = 1000
    >>> [p.values[12].item() for p, _, _ in clipped_beginnings(Panel.from_array(y))]
    [1000.0, 13.0, 14.0]
    """
    age = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    clipped = np.zeros(panel.n_obs, dtype=np.bool_)
    if panel.covariates is None:
        seen = np.cumsum(~np.isnan(panel.values)) - ~np.isnan(panel.values)
        seen = seen - np.repeat(seen[panel.indptr[:-1]], panel.lengths)
        usual = usual_of_beginnings(panel.values, panel.indptr, GAP, RARE, _MOST_GAPS)
        clipped = np.isfinite(usual) & (seen >= FEWEST_VALUES)
    rows = np.flatnonzero(~clipped)
    yield panel, rows, rows
    ways = _ways(panel, np.flatnonzero(clipped), age)
    for k in range(max(map(len, ways.values()), default=0)):
        members = [i for i, own in ways.items() if len(own) > k]
        steps = [ways[i][k] for i in members]
        picked = panel.take(members)
        lengths = np.array([int(age[own].max()) + 1 for _, own in steps])
        part = picked.slice(np.zeros_like(lengths), lengths)
        values = part.values.copy()
        for begin, (changes, _) in zip(part.indptr, steps, strict=False):
            values[begin + changes[0].astype(np.int64)] = changes[1]
        of = np.concatenate([own for _, own in steps])
        shift = np.repeat(part.indptr[:-1], [own.size for _, own in steps])
        yield part.with_values(values), shift + age[of], of


def _ways(panel: Panel, rows: Ints, age: Ints) -> dict[int, list[tuple[Floats, Ints]]]:
    """By series, the different changes, ``(2, n)`` places and values, and the rows before which they are made."""
    found: dict[int, dict[bytes, tuple[Floats, list[int]]]] = {}
    of = np.searchsorted(panel.indptr, rows, side="right") - 1
    for t in np.unique(age[rows]).tolist():
        now = age[rows] == t
        cut = panel.take(of[now]).slice(np.zeros_like(of[now]), np.full_like(of[now], t))
        after = clip_outliers(cut).values
        places = np.flatnonzero((after != cut.values) & ~np.isnan(cut.values))
        which = np.searchsorted(cut.indptr, places, side="right") - 1
        for j, i in enumerate(of[now].tolist()):
            own = places[which == j]
            changes = np.array([own - cut.indptr[j], after[own]])
            found.setdefault(i, {}).setdefault(changes.tobytes(), (changes, []))[1].append(panel.indptr[i] + t)
    return {i: [(changes, np.array(own)) for changes, own in ways.values()] for i, ways in found.items()}
