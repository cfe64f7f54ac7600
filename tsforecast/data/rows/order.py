"""Reverses the rows of a file that are ordered from the newest to the oldest."""

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints


def oldest_first(times: Index, codes: Ints) -> Ints | None:
    """Row numbers, series by series, with the oldest row first; None unless all series go from newest to oldest.

    Rows in any other order are not sorted, as this may hide a mistake.

    Parameters
    ----------
    times : Index, shape (n_rows,)
    codes : ndarray of int, shape (n_rows,)
        Number of the series of each row.

    Examples
    --------
    >>> oldest_first(pd.DatetimeIndex(["2024-03-01", "2024-02-01", "2024-01-01"]), np.zeros(3, dtype=np.int64))
    array([2, 1, 0])
    >>> oldest_first(pd.DatetimeIndex(["2024-03-01", "2024-01-01", "2024-02-01"]), np.zeros(3, dtype=np.int64)) is None
    True
    """
    rows = np.argsort(codes, kind="stable")
    stamps = times.asi8 if isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)) else times.to_numpy()
    steps = np.diff(stamps[rows])[np.diff(codes[rows]) == 0]
    if not (steps < 0).any() or (steps > 0).any():
        return None
    return np.lexsort((-np.arange(codes.size), codes))
