"""Generalised least squares on whitened rows: regressors and missing values beside the series."""

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit
from tsforecast.kernels._lanes import inner, load, load2, ratio, root, store, store2, where_positive, zeros, zeros2

_COLLINEAR = 1e-11  # of a row's own length, left after projection: what rounding leaves of nothing


@njit
def project(R: Floats) -> tuple[Floats, Floats, Floats]:
    """Residual of the last row on the others, their coefficients, and the triangular factor: R is (k + 1, m).

    Modified Gram-Schmidt (Bjorck 1967), in place: ``R[i] = sum over j <= i of U[j, i] Q[j]``. A row that the earlier
    ones explain wholly has the coefficient 0 and ``U[i, i] = 0``. R may have lanes (`tsforecast.kernels._lanes`).

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
        left = squares - _COLLINEAR**2 * before
        norm = where_positive(left, root(squares), 0.0)
        inverse = ratio(1.0, norm)
        store2(U, i, i, norm)
        for t in range(R.shape[1]):
            store2(R, i, t, load2(R, i, t) * inverse)
        for j in range(i + 1, k + 1):
            along = inner(R[i], R[j])
            if j < k:
                store2(U, i, j, along)
            else:
                store(last, i, along)
            for t in range(R.shape[1]):
                store2(R, j, t, load2(R, j, t) - along * load2(R, i, t))
    coefficients = zeros(R[0], k)
    for i in range(k - 1, -1, -1):
        total = load(last, i)
        for j in range(i + 1, k):
            total -= load2(U, i, j) * load(coefficients, j)
        store(coefficients, i, ratio(total, load2(U, i, i)))
    return R[k], coefficients, U
