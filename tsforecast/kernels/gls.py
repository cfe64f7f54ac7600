"""Generalised least squares on whitened rows: regressors and missing values beside the series."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit

_COLLINEAR = 1e-11  # of a row's own length, left after projection: what rounding leaves of nothing


@njit
def project(R: Floats) -> tuple[Floats, Floats, Floats]:
    """Residual of the last row on the others, their coefficients, and the triangular factor: R is (k + 1, m).

    Modified Gram-Schmidt (Bjorck 1967), in place: ``R[i] = sum over j <= i of U[j, i] Q[j]``. A row that the earlier
    ones explain wholly has the coefficient 0 and ``U[i, i] = 0``.

    Returns
    -------
    residual : (m,)
    coefficients : (k,)
    U : (k, k), upper triangular
    """
    k = R.shape[0] - 1
    U = np.zeros((k, k + 1))
    for i in range(k):
        before = np.sqrt(np.dot(R[i], R[i]))
        for j in range(i):
            before = np.hypot(before, U[j, i])
        norm = np.sqrt(np.dot(R[i], R[i]))
        if not norm > _COLLINEAR * before:
            continue
        U[i, i] = norm
        unit = R[i] / norm
        for j in range(i + 1, k + 1):
            U[i, j] = np.dot(unit, R[j])
            R[j] -= U[i, j] * unit
    coefficients = np.zeros(k)
    for i in range(k - 1, -1, -1):
        total = U[i, k]
        for j in range(i + 1, k):
            total -= U[i, j] * coefficients[j]
        coefficients[i] = total / U[i, i] if U[i, i] > 0.0 else 0.0
    return R[k], coefficients, U[:, :k].copy()
