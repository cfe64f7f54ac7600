"""The rows that a regression with ARIMA errors is made of: missing values, regressors and the series, differenced."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit
from tsforecast.kernels.arma.gls import by_gram_schmidt


@njit
def levels(y: Floats, orders: Ints) -> tuple[Floats, int]:
    """Rows that stand for the missing values, then the series with those filled in, from the first known value on.

    ``orders`` is (p, d, q, P, D, Q, season_length). A missing value is filled from its neighbours on a line; its row is
    1 there and else 0. A row that differencing makes a combination of the earlier ones is left out: that value cannot
    be known.

    Returns
    -------
    Y : (n_missing + 1, n - first)
    first : leading missing values, which are dropped
    """
    first = 0
    while first < y.size and np.isnan(y[first]):
        first += 1
    n = y.size - first
    n_missing = 0
    for t in range(n):
        n_missing += np.isnan(y[first + t])
    Y = np.zeros((n_missing + 1, n))
    row, t = 0, 0
    while t < n:
        end = t
        while end < n and np.isnan(y[first + end]):
            Y[row, end] = 1.0
            row, end = row + 1, end + 1
        for i in range(t, end):
            before = Y[n_missing, t - 1]
            slope = (y[first + end] - before) / (end - t + 1) if end < n else 0.0
            Y[n_missing, i] = before + slope * (i - t + 1)
        if end < n:
            Y[n_missing, end] = y[first + end]
        t = end + 1
    return (Y if n_missing == 0 or n_lost(orders) == 0 else identified(Y, orders)), first


@njit
def identified(Y: Floats, orders: Ints) -> Floats:
    """Y without the rows of missing values that cannot be known after differencing: (k, n) -> (<= k, n).

    Those are the ones that differencing makes combinations of earlier rows.
    """
    last = Y.shape[0] - 1
    W = difference(Y, orders)
    _, _, U = by_gram_schmidt(W)
    kept = 0
    for i in range(last + 1):
        if i == last or U[i, i] > 0.0:
            for t in range(Y.shape[1]):
                Y[kept, t] = Y[i, t]
            kept += 1
    return Y[:kept]


@njit
def n_lost(orders: Ints) -> int:
    """Values that differencing takes from the beginning, ``d + D s``."""
    return orders[1] + orders[4] * orders[6]


@njit
def difference(Y: Floats, orders: Ints) -> Floats:
    """Rows differenced d times, and D times over a season: (k, n) -> (k, n - n_lost). The caller ensures n > n_lost."""
    k, n, lost = Y.shape[0], Y.shape[1], n_lost(orders)
    W = np.empty((k, n - lost))
    row = np.empty(n)
    for i in range(k):
        for t in range(n):
            row[t] = Y[i, t]
        length = n
        for turn in range(orders[1] + orders[4]):
            lag = 1 if turn < orders[1] else orders[6]
            length -= lag
            for t in range(length):
                row[t] = row[t + lag] - row[t]
        for t in range(length):
            W[i, t] = row[t]
    return W


@njit
def stack(y: Floats, Z: Floats, orders: Ints) -> tuple[Floats, int]:
    """Differenced rows, missing values, regressors, series; and how many stand for missing values.

    (n,), (n, k), (7,) -> (n_missing + k + 1, n - leading missing values - n_lost), int.
    """
    Y, first = levels(y, orders)
    n_missing, k = Y.shape[0] - 1, Z.shape[1]
    rows = np.empty((n_missing + k + 1, Y.shape[1]))
    for t in range(Y.shape[1]):
        for i in range(n_missing):
            rows[i, t] = Y[i, t]
        for i in range(k):
            rows[n_missing + i, t] = Z[first + t, i]
        rows[n_missing + k, t] = Y[n_missing, t]
    return difference(rows, orders), n_missing
