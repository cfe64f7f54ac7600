"""Slow twin of the readout kernel: its definition, row by row, and gradients by differences."""

import numpy as np
import pytest

from tsforecast.kernels.recurrent.readout import point_loss

LANES = 8  # of float64 in a vector
SIZES = {0: np.abs, 1: np.square, 2: lambda e: np.where(np.abs(e) < 1, 0.5 * e**2, np.abs(e) - 0.5)}
kinds = pytest.mark.parametrize("kind", list(SIZES))


def case(n_shared):
    rng = np.random.default_rng(0)
    n_members, n_rows, size, n_inputs, n_outputs = 2, 70, 5, 3, 4
    h = rng.normal(size=(n_members, n_rows, size))
    weights = tuple(
        rng.normal(size=(n_members, *shape)) for shape in ((size, n_outputs), (n_inputs, n_outputs), (n_outputs,))
    )
    x, target, weight = (rng.normal(size=(n_shared, n_rows, n)) for n in (n_inputs, n_outputs, n_outputs))
    return h, x, weights, target, np.abs(weight)


def slow(h, x, weights, target, weight, kind):
    totals = np.zeros(len(h))
    for e in range(len(h)):
        k = min(e, len(x) - 1)
        for row in range(h.shape[1]):
            output = h[e, row] @ weights[0][e] + x[k, row] @ weights[1][e] + weights[2][e]
            totals[e] += (weight[k, row] * SIZES[kind](output - target[k, row])).sum()
    return totals


@kinds
@pytest.mark.parametrize("n_shared", [1, 2])
def test_losses_are_the_definition_and_gradients_its_difference_quotients(kind, n_shared):
    h, x, weights, target, weight = case(n_shared)
    totals, dh, dV = np.empty((2, 2)), np.empty((*h.shape[:2], LANES)), np.empty_like(weights[0])
    sizes = (*h.shape[:2], x.shape[2], h.shape[2], target.shape[2], n_shared > 1)
    wide, flat = np.pad(h, [(0, 0), (0, 0), (0, LANES - h.shape[2])]).ravel(), tuple(w.ravel() for w in weights)
    truth = (target.ravel(), weight.ravel())
    point_loss(wide, x.ravel(), flat, truth, kind, totals.ravel(), (dh.ravel(), dV.ravel()), (*sizes, 0, dV[0].size))
    assert not dh[:, :, h.shape[2] :].any()
    dh = dh[:, :, : h.shape[2]]
    np.testing.assert_allclose(totals[1], np.broadcast_to(weight.sum(axis=(1, 2)), 2), rtol=1e-12)
    np.testing.assert_allclose(totals[0], slow(h, x, weights, target, weight, kind), rtol=1e-12)
    rng, tiny = np.random.default_rng(1), 1e-7
    for _ in range(5):
        move_h, move_V = rng.normal(size=h.shape), rng.normal(size=dV.shape)
        sides = [
            slow(h + s * tiny * move_h, x, (weights[0] + s * tiny * move_V, *weights[1:]), target, weight, kind).sum()
            for s in (1, -1)
        ]
        # no error is within 1e-6 of a kink here, so that only rounding over tiny is left
        assert (dh * move_h).sum() + (dV * move_V).sum() == pytest.approx((sides[0] - sides[1]) / (2 * tiny), rel=1e-5)
