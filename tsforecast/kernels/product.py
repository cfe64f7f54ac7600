"""Products of small matrices inside compiled kernels: rows may lie apart, and nothing is copied.

``np.dot`` in a compiled kernel needs contiguous matrices and cannot add to its result. These call the BLAS of scipy
(Dongarra et al. 1990) directly, by a name given to its address, so that compiled kernels can be kept on disk.

OpenBLAS has kernels for small matrices where there is AVX-512; elsewhere it packs every one of them (and starts
threads), and a few lines of loop are faster for few rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite.binding import add_symbol, get_host_cpu_features  # type: ignore[import-untyped]  # ships no types
from numba import types
from numba.extending import get_cython_function_address, overload

from tsforecast.kernels._jit import njit

_FEW = 1 if get_host_cpu_features().get("avx512f", False) else 32  # rows up to which loops are faster
_NORMAL, _TRANSPOSED = np.frombuffer(b"N", np.uint8), np.frombuffer(b"T", np.uint8)


def _external(name: str) -> Any:
    symbol = f"tsforecast_{name}"
    add_symbol(symbol, get_cython_function_address("scipy.linalg.cython_blas", name))
    return types.ExternalFunction(symbol, types.void(*[types.voidptr] * 13))


_BLAS = {types.float32: _external("sgemm"), types.float64: _external("dgemm")}


def _gemm(a: Any, b: Any, out: Any, crossed: Any, share: Any) -> None:
    """``a @ b``, or ``a.T @ b`` where ``crossed``, plus ``share`` times ``out``, into ``out``."""
    product = (a.T if crossed else a) @ b
    out[:] = product + share * out if share else product


@overload(_gemm)
def _compiled_gemm(a: Any, b: Any, out: Any, crossed: Any, share: Any) -> Callable[..., None]:
    gemm = _BLAS[a.dtype]

    def call(a: Any, b: Any, out: Any, crossed: Any, share: Any) -> None:
        # Fortran sees every matrix transposed: out.T = b.T @ a.T. An int64 reads as an int32 where BLAS has those.
        rows, inner = (a.shape[1], a.shape[0]) if crossed else a.shape
        size = a.itemsize
        counts = np.array(
            [b.shape[1], rows, inner, b.strides[0] // size, a.strides[0] // size, out.strides[0] // size], np.int64
        )
        factors = np.array([1.0, share], a.dtype)
        gemm(
            _NORMAL.ctypes,
            (_TRANSPOSED if crossed else _NORMAL).ctypes,
            counts.ctypes,
            counts[1:].ctypes,
            counts[2:].ctypes,
            factors.ctypes,
            b.ctypes,
            counts[3:].ctypes,
            a.ctypes,
            counts[4:].ctypes,
            factors[1:].ctypes,
            out.ctypes,
            counts[5:].ctypes,
        )

    return call


@njit
def product(a: Any, b: Any, out: Any) -> None:
    """``a @ b`` into ``out``: ``(n, k)`` and ``(k, m)`` -> ``(n, m)``; the entries of a row lie side by side."""
    if a.shape[0] > _FEW:
        _gemm(a, b, out, False, 0.0)
    else:
        for i in range(out.shape[0]):
            out[i] = 0
        _add_rows(a, b, out)


@njit
def add_product(a: Any, b: Any, out: Any) -> None:
    """``a @ b`` added to ``out``: ``(n, k)`` and ``(k, m)`` -> ``(n, m)``."""
    if a.shape[0] > _FEW:
        _gemm(a, b, out, False, 1.0)
    else:
        _add_rows(a, b, out)


@njit
def add_cross(a: Any, b: Any, out: Any) -> None:
    """``a.T @ b`` added to ``out``: ``(n, k)`` and ``(n, m)`` -> ``(k, m)``."""
    if a.shape[0] > _FEW:
        _gemm(a, b, out, True, 1.0)
    else:
        _add_rows(a.T, b, out)


@njit
def _add_rows(a: Any, b: Any, out: Any) -> None:
    n_inner, n_columns = b.shape
    whole = n_inner - n_inner % 4
    for i in range(out.shape[0]):
        row = out[i]
        for k in range(0, whole, 4):
            a0, a1, a2, a3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            for j in range(n_columns):
                row[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j]
        for k in range(whole, n_inner):
            for j in range(n_columns):
                row[j] += a[i, k] * b[k, j]
