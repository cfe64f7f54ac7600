"""Change, last value, trailing means and lags at every observation, in one pass over each series."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit


@njit
def walk(
    u: Floats, indptr: Ints, last: Floats, lags: Floats, sums: Floats, decay: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Change, last value, trailing means and earlier values at every observation, and the memory at the end.

    Series i is ``u[indptr[i]:indptr[i + 1]]``, nan where a value is missing. Memory is, of each series, its last value
    ``(n_series,)``, the values before it ``(n_series, n_lags)``, and ``(n_series, 4)``, weighted sum and sum of weights
    of a trailing mean and of a trailing mean absolute change; that before the first observation is given.

    Returns the change since the last value, the last value (nan before the first), the two trailing means and the
    ``n_lags`` values before the last as the columns of ``(n_obs, 4 + n_lags)``; then the memory at the end.
    """
    n_series, n_lags = lags.shape
    out = np.empty((u.size, 4 + n_lags))
    last, lags, sums = last.copy(), lags.copy(), sums.copy()
    before = np.empty(n_lags)
    for i in range(n_series):
        held = last[i]
        before[:] = lags[i]
        slow, slow_weight, change, change_weight = sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3]
        for t in range(indptr[i], indptr[i + 1]):
            for k in range(n_lags - 1, 0, -1):
                before[k] = before[k - 1]
            before[0] = held
            delta = 0.0
            if not np.isnan(u[t]):
                if not np.isnan(held):
                    delta = u[t] - held
                    change = decay * change + abs(delta)
                    change_weight = decay * change_weight + 1
                held = u[t]
                slow = decay * slow + held
                slow_weight = decay * slow_weight + 1
            out[t, 0], out[t, 1] = delta, held
            out[t, 2], out[t, 3] = slow / max(slow_weight, 1e-12), change / change_weight
            for k in range(n_lags):
                out[t, 4 + k] = before[k]
        last[i] = held
        lags[i] = before
        sums[i, 0], sums[i, 1], sums[i, 2], sums[i, 3] = slow, slow_weight, change, change_weight
    return out, last, lags, sums
