"""Generalised least squares on whitened rows: regressors and missing values beside the series."""

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit
from tsforecast.kernels._lanes import inner, load, load2, ratio, root, store, store2, where_positive, zeros, zeros2

_COLLINEAR = 1e-11  # of a row's own length, left after projection: what rounding leaves of nothing


@njit
def project(R: Floats) -> tuple[Floats, Floats, Floats]:
    """Residual of the last row on the others, their coefficients, and the triangular factor: R is (k + 1, m).

    Modified Gram-Schmidt (Bjorck 1967): with ``Q`` of orthonormal rows ``R[i] = sum over j <= i of U[j, i] Q[j]``; R is
    written over by ``U[i, i] Q[i]``. A row that the earlier ones explain wholly has the coefficient 0 and ``U[i, i] =
    0``. R may have lanes (`tsforecast.kernels._lanes`).

    Returns
    -------
    residual : (m,)
    coefficients : (k,)
    U : (k, k), upper triangular
    """
    k = R.shape[0] - 1
    U, last = zeros2(R[0], k, k), zeros(R[0], k)
    for i in range(k):
        squares = inner(R[i], R[i])
        before = squares
        for j in range(i):
            before += load2(U, j, i) * load2(U, j, i)
        norm = where_positive(squares - _COLLINEAR**2 * before, root(squares), 0.0)
        inverse = ratio(1.0, norm)
        store2(U, i, i, norm)
        for j in range(i + 1, k + 1):
            along = inner(R[i], R[j]) * inverse
            if j < k:
                store2(U, i, j, along)
            else:
                store(last, i, along)
            share = along * inverse
            row, other = R[i], R[j]
            for t in range(R.shape[1]):
                store(other, t, load(other, t) - share * load(row, t))
    coefficients = zeros(R[0], k)
    for i in range(k - 1, -1, -1):
        total = load(last, i)
        for j in range(i + 1, k):
            total -= load2(U, i, j) * load(coefficients, j)
        store(coefficients, i, ratio(total, load2(U, i, i)))
    return R[k], coefficients, U
