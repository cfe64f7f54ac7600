"""Rows of one series and one time: found, and made one."""

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints


def stamps_of(times: Index) -> Ints:
    """Times as whole numbers in the same order: ``(n_rows,)``."""
    return times.asi8 if isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)) else times.to_numpy(dtype=np.int64)


def by_time(codes: Ints, times: Index) -> Ints:
    """Rows series by series, each in order of time, rows of one time in the order given: ``(n_rows,)``.

    Examples
    --------
    >>> by_time(np.array([1, 0, 0]), pd.Index([5, 9, 2]))
    array([2, 1, 0])
    """
    return np.lexsort((np.arange(codes.size), stamps_of(times), codes))


def repeats(codes: Ints, times: Index) -> tuple[Ints, Ints]:
    """Rows whose series and time is that of a row before, and for each the first such row.

    Examples
    --------
    >>> repeats(np.array([0, 0, 0, 1]), pd.Index([1, 2, 1, 1]))
    (array([2]), array([0]))
    """
    order = by_time(codes, times)
    own, stamps = codes[order], stamps_of(times)[order]
    same = np.concatenate([[False], (np.diff(own) == 0) & (np.diff(stamps) == 0)])
    if not same.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    begin = np.maximum.accumulate(np.where(same, 0, np.arange(order.size)))
    again, first = order[same], order[begin[same]]
    sorted_ = np.argsort(again, kind="stable")
    return again[sorted_], first[sorted_]


def merged(data: pd.DataFrame, codes: Ints, times: Index, how: str, added: list[str]) -> tuple[pd.DataFrame, Ints]:
    """One row for each series and time, and the first row of each in the order given.

    Parameters
    ----------
    data : DataFrame, n_rows rows
    codes : ndarray of int, shape (n_rows,)
    times : Index, shape (n_rows,)
    how : {"first", "last", "mean", "sum"}
        The first or last cell that holds something; or, of columns of numbers, the mean or the sum.
    added : list of str
        Columns that ``"sum"`` adds up; of other columns of numbers it is the mean.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 5.0, 2.0]})
    >>> merged(data, np.zeros(3, dtype=np.int64), pd.Index([1, 2, 1]), "sum", ["y"])[0]["y"].tolist()
    [3.0, 5.0]
    """
    keys = pd.MultiIndex.from_arrays([codes, stamps_of(times)])
    group, _ = pd.factorize(keys)
    first = np.unique(group, return_index=True)[1]
    grouped = data.groupby(group, sort=False)
    if how in ("first", "last"):
        found = grouped.first() if how == "first" else grouped.last()
    else:
        texts = [name for name in data.columns if data[name].dtype == object]
        numbers = [name for name in data.columns if name not in texts]
        parts = [grouped[numbers].mean(), grouped[texts].first()]
        found = pd.concat(parts, axis=1)[list(data.columns)]
        if how == "sum":
            found[added] = grouped[added].sum(min_count=1)
    return found.reset_index(drop=True), first
