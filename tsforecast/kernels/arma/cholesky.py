"""Triangular factors of covariances: found, solved with, and their determinant; all may have lanes."""

from tsforecast._types import Floats
from tsforecast.kernels._jit import njit, njit_inline
from tsforecast.kernels.arma.lanes import load, load2, log, ratio, root, store, store2, where_positive


@njit
def semidefinite_cholesky(P: Floats) -> Floats:
    """Lower ``L`` with ``L L' = P``, in place; a pivot lost in rounding becomes a zero column: (r, r) -> (r, r).

    Only the lower triangle of P is read and written.
    """
    r = P.shape[0]
    for j in range(r):
        pivot = load2(P, j, j)
        least = 4e-16 * r * pivot
        for k in range(j):
            pivot -= load2(P, j, k) * load2(P, j, k)
        diagonal = where_positive(pivot - least, root(pivot), 0.0)
        store2(P, j, j, diagonal)
        scale = ratio(1.0, diagonal)
        for i in range(j + 1, r):
            total = load2(P, i, j)
            for k in range(j):
                total -= load2(P, i, k) * load2(P, j, k)
            store2(P, i, j, total * scale)
    return P


@njit
def solve_cholesky(C: Floats, x: Floats) -> None:
    """``x`` with ``C C' x = b``, C lower triangular, in place of ``b``: (r, r), (r,)."""
    r = x.shape[0]
    for i in range(r):
        total = load(x, i)
        for k in range(i):
            total -= load2(C, i, k) * load(x, k)
        store(x, i, total / load2(C, i, i))
    for i in range(r - 1, -1, -1):
        value = load(x, i) / load2(C, i, i)
        store(x, i, value)
        for k in range(i):
            store(x, k, load(x, k) - load2(C, i, k) * value)


@njit_inline
def logdet_cholesky(C: Floats) -> float:
    """``log det(C C')``, C lower triangular with pivots from 1 to about 1e30: (r, r) -> float."""
    total = 0.0
    product = load2(C, 0, 0)
    for i in range(1, C.shape[0]):
        product *= load2(C, i, i)
        if i % 8 == 7:  # a logarithm costs more than all else here
            total += 2.0 * log(product)
            product = load2(C, 0, 0) * 0.0 + 1.0
    return total + 2.0 * log(product)
