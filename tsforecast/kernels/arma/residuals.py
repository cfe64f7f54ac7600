"""Errors of predicting each value from those before it, of a series that depends on unknowns which it tells itself."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit

_NOTHING = 1e-11  # of a row's length: what rounding leaves of zero


@njit
def recursive_errors(A: Floats, own: Ints, n_prior: int) -> tuple[Floats, Floats]:
    """Errors of predicting each value from those before it, and their standard deviations: (n, k + 1) -> two (n,).

    The last column of A is ``x = A[:, :k] b + noise`` of variance 1; the first ``n_prior`` unknowns of ``b`` are
    independent standard normal, of the others nothing is known. A value that only tells an unknown has no error: nan.
    Where ``own[t]`` is not negative, the value of row t is itself the unknown of that number, which no row before
    depends on: its error is that of any number that stands in its place, and the row tells nothing else.

    Each row is rotated into the triangular factor of those before it (Givens 1958; Gentleman 1974); what is left of
    its last entry is the recursive residual (Brown, Durbin & Evans 1975, section 2), the error over its standard
    deviation, and that is one over the product of the cosines.
    """
    n, k = A.shape[0], A.shape[1] - 1
    errors, spreads = np.full(n, np.nan), np.full(n, np.nan)
    U = np.zeros((k, k + 1))
    for i in range(n_prior):
        U[i, i] = 1.0
    for t in range(n):
        if own[t] >= 0:
            row = A[t].copy()
            row[own[t]] = 0.0
            shrunk = _rotate(row, U, False)
            if shrunk > 0.0:
                errors[t], spreads[t] = row[k] / shrunk, 1.0 / shrunk
        row = A[t].copy()
        shrunk = _rotate(row, U, True)
        if shrunk > 0.0 and own[t] < 0:
            errors[t], spreads[t] = row[k] / shrunk, 1.0 / shrunk
    return errors, spreads


@njit
def _rotate(row: Floats, U: Floats, learn: bool) -> float:
    """Rotate a row, (k + 1,), into U and return the product of the cosines; 0 where it meets an unknown not yet told.

    U changes only where it is to ``learn``; it then takes in a row that meets an unknown.
    """
    k = row.size - 1
    nothing = 0.0
    for j in range(k):
        nothing = max(nothing, _NOTHING * abs(row[j]))
    shrunk = 1.0
    for i in range(k):
        if not abs(row[i]) > nothing:
            continue
        if U[i, i] == 0.0:
            sign = 1.0 if row[i] > 0.0 else -1.0
            for j in range(i, k + 1 if learn else i):
                U[i, j] = sign * row[j]
            return 0.0
        length = np.hypot(U[i, i], row[i])
        c, s = U[i, i] / length, row[i] / length
        for j in range(i, k + 1):
            above = U[i, j]
            if learn:
                U[i, j] = c * above + s * row[j]
            row[j] = c * row[j] - s * above
        shrunk *= c
    return shrunk
