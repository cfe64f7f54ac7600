"""Products of small matrices inside kernels, against numpy's."""

import numpy as np
import pytest

from tsforecast.kernels.product import add_cross, add_product, product

dtypes = pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
rows = pytest.mark.parametrize("n_rows", [1, 2, 5, 40])
inner = pytest.mark.parametrize("n_inner", [1, 3, 4, 9])


def matrices(n_rows, n_inner, dtype, n_columns=7):
    """Two matrices and room for a third, all cut out of wider ones."""
    rng = np.random.default_rng(0)
    wide = (rng.normal(size=shape).astype(dtype) for shape in ((n_rows, 12), (n_inner, 9), (n_rows, 11)))
    a, b, out = wide
    return a[:, 2 : 2 + n_inner], b[:, 1 : 1 + n_columns], out[:, 3 : 3 + n_columns]


@dtypes
@rows
@inner
def test_product_is_the_matrix_product(dtype, tolerance, n_rows, n_inner):
    a, b, out = matrices(n_rows, n_inner, dtype)
    out[:] = np.nan
    product(a, b, out)
    np.testing.assert_allclose(out, np.einsum("ik,kj->ij", a, b), rtol=tolerance, atol=tolerance)


@dtypes
@rows
@inner
def test_add_product_adds_the_matrix_product(dtype, tolerance, n_rows, n_inner):
    a, b, out = matrices(n_rows, n_inner, dtype)
    expected = out + np.einsum("ik,kj->ij", a, b)
    add_product(a, b, out)
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)


@dtypes
@rows
@inner
def test_add_cross_adds_the_product_with_the_transpose(dtype, tolerance, n_rows, n_inner):
    a, _, b = matrices(n_rows, n_inner, dtype)
    out = np.random.default_rng(1).normal(size=(n_inner, 9)).astype(dtype)[:, 2:]
    expected = out + np.einsum("ki,kj->ij", a, b)
    add_cross(a, b, out)
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)


def test_what_lies_beside_the_result_is_left_alone():
    a, b, out = matrices(5, 4, np.float64)
    whole = out.base
    beside = whole[:, [0, 1, 2, 10]].copy()
    product(a, b, out)
    np.testing.assert_array_equal(whole[:, [0, 1, 2, 10]], beside)
