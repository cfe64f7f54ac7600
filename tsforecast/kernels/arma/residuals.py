"""Prediction errors in the order of time, of a series that depends on unknowns which the series itself tells."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit

_NOTHING = 1e-11  # of a row's length: what rounding leaves of zero


@njit
def recursive_residuals(A: Floats, n_prior: int) -> Floats:
    """Errors of predicting each value from those before it, over their standard deviations: (n, k + 1) -> (n,).

    The last column of A is ``x = A[:, :k] b + noise`` of variance 1; the first ``n_prior`` unknowns of ``b`` are
    independent standard normal, of the others nothing is known. A value that only tells an unknown has no error: nan.

    Each row is rotated into the triangular factor of those before it (Givens 1958; Gentleman 1974); what is left of
    its last entry is the recursive residual (Brown, Durbin & Evans 1975, section 2).
    """
    n, k = A.shape[0], A.shape[1] - 1
    out = np.empty(n)
    U = np.zeros((k, k + 1))
    for i in range(n_prior):
        U[i, i] = 1.0
    for t in range(n):
        row = A[t].copy()
        nothing = 0.0
        for j in range(k):
            nothing = max(nothing, _NOTHING * abs(row[j]))
        out[t] = np.nan
        absorbed = False
        for i in range(k):
            if not abs(row[i]) > nothing:
                continue
            if U[i, i] == 0.0:
                sign = 1.0 if row[i] > 0.0 else -1.0
                for j in range(i, k + 1):
                    U[i, j] = sign * row[j]
                absorbed = True
                break
            length = np.hypot(U[i, i], row[i])
            c, s = U[i, i] / length, row[i] / length
            for j in range(i, k + 1):
                above = U[i, j]
                U[i, j] = c * above + s * row[j]
                row[j] = c * row[j] - s * above
        if not absorbed:
            out[t] = row[k]
    return out
