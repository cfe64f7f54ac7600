"""The truth of a series for pictures: before the oldest cutoff, as far as a run keeps it, and in its windows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.backtest.result.data import RunData


def kept_values(run: RunData, ids: Sequence[object]) -> "list[pd.Series[float]]":
    """Values of some series up to the oldest cutoff, by their times; empty where the run kept none."""
    if run.history is None:
        return [pd.Series(dtype=np.float64) for _ in ids]
    own = run.history[run.history["unique_id"].isin(list(ids))]
    groups = own.groupby("unique_id", observed=True)
    found = {name: pd.Series(rows["y"].to_numpy(), pd.Index(rows["ds"])) for name, rows in groups}
    return [found.get(name, pd.Series(dtype=np.float64)) for name in ids]


def joined_truth(
    steps: Ints, times: Index, values: Floats, before: "pd.Series[float] | None" = None
) -> tuple[Index, Floats]:
    """Times and truth as one line, with a missing value wherever steps are not known.

    Parameters
    ----------
    steps : ndarray of int, shape (n,)
        Steps after the oldest cutoff, the first 1, in any order; some may stand several times, and those below 1 count
        for nothing.
    times : Index, shape (n,)
    values : ndarray, shape (n,)
    before : Series, optional
        Values up to the oldest cutoff, by their times.

    Examples
    --------
    >>> times = pd.Index([12, 11, 14])
    >>> joined_truth(np.array([2, 1, 4]), times, np.array([5.0, 6.0, 7.0]), pd.Series([1.0], index=[10]))
    (Index([10, 11, 12, 14, 14], dtype='int64'), array([ 1.,  6.,  5., nan,  7.]))
    """
    found, first = np.unique(steps, return_index=True)
    found, first = found[found >= 1], first[found >= 1]
    breaks = np.flatnonzero(np.diff(found, prepend=0 if before is not None and before.size else found[:1]) > 1)
    place = np.insert(first, breaks, first[breaks])
    told = np.insert(values[first], breaks, np.nan)
    if before is None or before.empty or not found.size:
        return times.take(place), told
    return before.index.append(times.take(place)), np.concatenate([before.to_numpy(), told])
