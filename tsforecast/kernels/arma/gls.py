"""Generalised least squares on whitened rows: regressors and missing values beside the series."""

from tsforecast._types import Floats
from tsforecast.kernels._jit import caller, njit
from tsforecast.kernels.arma.cholesky import semidefinite_cholesky, solve_cholesky
from tsforecast.kernels.arma.lanes import (
    inner,
    largest,
    load,
    load2,
    ratio,
    root,
    store,
    store2,
    where_positive,
    zeros,
    zeros2,
)

_COLLINEAR = 1e-11  # of a row's own length, left after projection: what rounding leaves of nothing
_MOST_ORTHOGONALISED = 8  # rows
_STEEP = 1e-4  # of a row's own length, left after projection: less of it is more than inner products can tell
_BLOCK = 64  # steps


@njit
def project(R: Floats) -> tuple[Floats, Floats, Floats]:
    """Residual of the last row on the others, their coefficients, and the triangular factor: R is (k + 1, m).

    ``U' U`` holds the inner products of the first k rows. R is written over and may have lanes
    (`tsforecast.kernels.arma.lanes`). A row that the earlier ones explain wholly has the coefficient 0 and ``U[i, i] =
    0``.

    Returns
    -------
    residual : (m,)
    coefficients : (k,)
    U : (k, k), upper triangular
    """
    k = R.shape[0] - 1
    if k > _MOST_ORTHOGONALISED:
        G = row_products(R)
        L = zeros2(R[0], k, k)
        for i in range(k):
            for j in range(i + 1):
                store2(L, i, j, load2(G, i, j))
        semidefinite_cholesky(L)
        if well_conditioned(L, G):
            return by_normal_equations(R, L, G)
    return by_gram_schmidt(R)


PROJECT = "Tuple((float64[:, ::1], float64[:, ::1], float64[:, :, ::1]))(float64[:, :, ::1])"  # with lanes
call_project = caller(PROJECT)


@njit
def by_gram_schmidt(R: Floats) -> tuple[Floats, Floats, Floats]:
    """`project` by modified Gram-Schmidt (Bjorck 1967): R becomes rows at right angles, ``U[i, i] Q[i]``."""
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


@njit
def row_products(R: Floats) -> Floats:
    """Inner products of all rows, the lower triangle: (k, m) -> (k, k). A block of steps at a time stays at hand."""
    k, m = R.shape[0], R.shape[1]
    G = zeros2(R[0], k, k)
    for begin in range(0, m, _BLOCK):
        end = min(begin + _BLOCK, m)
        for i in range(k):
            row = R[i]
            for j in range(0, i + 1, 4):  # four at once; those past i are not used
                r0, r1, r2, r3 = R[j], R[min(j + 1, i)], R[min(j + 2, i)], R[min(j + 3, i)]
                s0 = s1 = s2 = s3 = load(row, 0) * 0.0
                for t in range(begin, end):
                    value = load(row, t)
                    s0 += value * load(r0, t)
                    s1 += value * load(r1, t)
                    s2 += value * load(r2, t)
                    s3 += value * load(r3, t)
                store2(G, i, j, load2(G, i, j) + s0)
                if j + 1 <= i:
                    store2(G, i, j + 1, load2(G, i, j + 1) + s1)
                if j + 2 <= i:
                    store2(G, i, j + 2, load2(G, i, j + 2) + s2)
                if j + 3 <= i:
                    store2(G, i, j + 3, load2(G, i, j + 3) + s3)
    return G


@njit
def well_conditioned(L: Floats, G: Floats) -> bool:
    """Whether no row is nearly a combination of those before it, by inner products G and their Cholesky factor L."""
    worst = 0.0
    for i in range(L.shape[0]):
        left = load2(L, i, i)
        worst = max(worst, largest(where_positive(left, ratio(_STEEP * root(load2(G, i, i)), left), left + 2.0)))
    return worst <= 1.0


@njit
def by_normal_equations(R: Floats, L: Floats, G: Floats) -> tuple[Floats, Floats, Floats]:
    """`project` from inner products G and their Cholesky factor L, many rows at the cost of one pass.

    The residual and the coefficients are corrected once by what the residual still has in common with the rows: the
    corrected seminormal equations, as exact as an orthogonalisation where the rows are not nearly alike (Bjorck
    1987).
    """
    k, m = L.shape[0], R.shape[1]
    coefficients, last = zeros(R[0], k), R[k]
    for turn in range(2):
        step = zeros(R[0], k)
        for i in range(k):
            store(step, i, load2(G, k, i) if turn == 0 else inner(R[i], last))
        solve_cholesky(L, step)
        for i in range(k):
            share, row = load(step, i), R[i]
            store(coefficients, i, load(coefficients, i) + share)
            for t in range(m):
                store(last, t, load(last, t) - share * load(row, t))
    U = zeros2(R[0], k, k)
    for i in range(k):
        for j in range(i + 1):
            store2(U, j, i, load2(L, i, j))
    return last, coefficients, U
