"""Products of tiles, and copies between weights and panels, against numpy."""

import numpy as np
import pytest

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import lanes
from tsforecast.kernels.recurrent.steps import deal, from_panel, gather, to_panel
from tsforecast.kernels.recurrent.tile import Factors, Places, Rows, add_product, product
from tsforecast.models.neural.networks.weight_layout import panels_of

dtypes = pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])


@njit
def one(n_rows, places, a, b, start, out):
    product(n_rows, 1, places, a, b, start, out)


@njit
def two(n_rows, places, a, b, start, out):
    product(n_rows, 2, places, a, b, start, out)


@njit
def three(n_rows, places, a, b, start, out):
    product(n_rows, 3, places, a, b, start, out)


@njit
def four(n_rows, places, a, b, start, out):
    product(n_rows, 4, places, a, b, start, out)


@dtypes
@pytest.mark.parametrize(("multiply", "n_vectors"), [(one, 1), (two, 2), (three, 3), (four, 4)])
@pytest.mark.parametrize("n_rows", [1, 4, 11])
@pytest.mark.parametrize("n_inner", [1, 9])
@pytest.mark.parametrize("crossed", [False, True])
@pytest.mark.parametrize("start", ["out", "row"])
def test_rows_times_a_panel_are_added(multiply, n_vectors, n_rows, n_inner, crossed, start, dtype, tolerance):
    rng = np.random.default_rng(0)
    width = n_vectors * lanes(np.empty(0, dtype))
    a, b = rng.normal(size=(n_rows, n_inner + 2)).astype(dtype), rng.normal(size=(n_inner, width + 5)).astype(dtype)
    out, row = (rng.normal(size=(n, width + 3)).astype(dtype) for n in (n_rows, 1))
    expected = out.copy()
    expected[:, 2 : 2 + width] = (out if start == "out" else row)[:, 2 : 2 + width]
    expected[:, 2 : 2 + width] += np.einsum("ik,kj->ij", a[:, 1 : 1 + n_inner], b[:, 4 : 4 + width])
    held = a.T.copy() if crossed else a
    factors = Factors(*((n_rows, 1, n_rows) if crossed else (1, n_inner + 2, 1)))
    total, begin, given = Rows(2, width + 3), Rows(2, width + 3), out
    if start == "row":
        begin, given = Rows(2, 0), row
    places = Places(n_inner, factors, Rows(4, width + 5), begin, total)
    multiply(n_rows, places, held.ravel(), b.ravel(), given.ravel(), out.ravel())
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)  # what lies beside is left alone


@pytest.mark.parametrize("n_vectors", [1, 2, 4, 6])
def test_rows_of_any_number_of_vectors_are_added(n_vectors):
    rng = np.random.default_rng(0)
    a, b, out = rng.normal(size=(5, 3)), rng.normal(size=(3, 8 * n_vectors)), rng.normal(size=(5, 8 * n_vectors))
    expected, n = out + np.einsum("ik,kj->ij", a, b), 8 * n_vectors
    places = Places(3, Factors(0, 3, 1), Rows(0, n), Rows(0, n), Rows(0, n))
    add_product(5, n, places, a.ravel(), b.ravel(), out.ravel())
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("size", [5, 8, 19])
def test_weights_come_back_from_a_panel_as_they_went(cell, size):
    panels, rng = panels_of(cell, 3, size, 8), np.random.default_rng(0)
    weights = rng.normal(size=(2, panels.n_weights + 4))
    panel = np.full((2, len(panels.runs) * 8), np.nan)
    to_panel(2, weights.ravel(), 1, weights.shape[1], panels.runs, panel.ravel())
    assert np.sort(panel[panel != 0]).tolist() == np.sort(weights[:, 1:-3].ravel()).tolist()  # each of them once
    back = np.zeros_like(weights)
    from_panel(2, panel.ravel(), panels.runs, back.ravel(), 1, weights.shape[1])
    np.testing.assert_array_equal(back[:, 1:-3], weights[:, 1:-3])
    assert not back[:, [0, -3, -2, -1]].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_transposes_have_a_row_for_each_gate_and_unit(cell):
    n_gates, size = (4, 11) if cell == "lstm" else (3, 11)
    panels = panels_of(cell, 2, size, 8)
    W, U = np.arange(2 * n_gates * size).reshape(2, -1), np.arange(size * n_gates * size).reshape(size, -1) + 1000
    weights = np.concatenate([W.ravel(), U.ravel(), np.zeros(4 * size)]).astype(float)
    order = [2, 0, 1] if cell == "gru" else range(4)
    for index, matrix, gates in ((panels.to_state, U, range(n_gates)), (panels.to_inputs, W, order)):
        values = np.empty(index.size)
        gather(1, weights, 0, weights.size, index, values)
        table = values.reshape(2, n_gates, 8, -1)  # tiles, gates, units, rows of the matrix
        for unit in range(size):
            for block, gate in enumerate(gates):
                np.testing.assert_array_equal(
                    table[unit // 8, block, unit % 8, : len(matrix)], matrix[:, gate * size + unit]
                )
        assert not table[1, :, 3:].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_dealt_from_tables(dtype):
    rng = np.random.default_rng(0)
    tables = tuple(rng.normal(size=(5, n)).astype(dtype) for n in (1, 3, 16, 27))  # less than a vector, and more
    rows = np.array([[3, 0], [3, 4], [1, 2]])
    outs = tuple(np.empty((rows.size, table.shape[1]), dtype) for table in tables)
    deal(rows, tuple(table.ravel() for table in tables), tuple(out.ravel() for out in outs))
    for table, out in zip(tables, outs, strict=True):
        np.testing.assert_array_equal(out, table[rows.ravel()])
