"""Slow twins of the recurrent kernels: the equations written out for one stream, and gradients by differences."""

import itertools

import numpy as np
import pytest

from tsforecast.kernels import recurrent
from tsforecast.kernels.steps import THIN, width_of

N_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
N_PARTS = {"rnn": 1, "lstm": 2, "gru": 1}
SIZES = (2, 4, 3, 5)  # n_members, n_steps, n_streams, hidden_size: five is no multiple of the kernel's four
MANY = 11  # streams, in a piece of eight and one of three
FORWARD = {"rnn": recurrent.rnn_forward, "lstm": recurrent.lstm_forward, "gru": recurrent.gru_forward}
BACKWARD = {"rnn": recurrent.rnn_backward, "lstm": recurrent.lstm_backward, "gru": recurrent.gru_backward}
cells = pytest.mark.parametrize("cell", list(N_GATES))
streams = pytest.mark.parametrize("n_streams", [1, SIZES[2], MANY])


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def step(cell, x, U, d, h, c):
    """One step of one stream, from the equations in ``tsforecast.models.rnn.cells``."""
    size = h.size
    u = U @ h
    if cell == "rnn":
        return np.tanh(x + u), c
    if cell == "lstm":
        i, f, g, o = np.split(x + u, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    r, z = np.split(sigmoid(x[: 2 * size] + u[: 2 * size]), 2)
    n = np.tanh(x[2 * size :] + r * (u[2 * size :] + d))
    return (1 - z) * n + z * h, c


def slow(cell, gates, weight, bias, state, keep):
    """Outputs and last state."""
    n_members, n_steps, n_streams, size = *gates.shape[:3], weight.shape[1]
    hs, after = np.empty((n_members, n_steps, n_streams, size)), np.empty_like(state)
    for e, b in itertools.product(range(n_members), range(n_streams)):
        h, c = state[0, e, b], state[-1, e, b]
        for t in range(n_steps):
            if keep[min(e, len(keep) - 1), t, b] == 0:
                h, c = np.zeros(size), np.zeros(size)
            h, c = step(cell, gates[e, t, b], weight[e].T, bias[e, 0], h, c)
            hs[e, t, b] = h
        after[0, e, b] = h
        if cell == "lstm":
            after[1, e, b] = c
    return hs, after


def case(cell, dtype=np.float64, n_masks=1, n_streams=SIZES[2]):
    rng = np.random.default_rng(3)
    n_members, n_steps, _, size = SIZES
    width = N_GATES[cell] * size
    gates = rng.normal(size=(n_members, n_steps, n_streams, width))
    weight, bias = rng.normal(size=(n_members, size, width)) / 2, rng.normal(size=(n_members, 1, size))
    state = rng.normal(size=(N_PARTS[cell], n_members, n_streams, size))
    keep = (rng.random((n_masks, n_steps, n_streams)) > 0.3).astype(dtype)
    return [a.astype(dtype) for a in (gates, weight, bias, state)] + [keep]


def workspace(cell, shape, n_rows, dtype):
    """Room for the gates: a block for each of them, and one more for the gru."""
    n_members, n_steps, n_streams, size = shape
    n_blocks = 4 if cell == "gru" else N_GATES[cell]
    return np.empty((n_members, -(-n_streams // n_rows), n_steps, width_of(n_rows, size, n_blocks)), dtype)


def fast(cell, gates, weight, bias, state, keep):
    """Outputs, last state, the arrays that the backward kernel needs, and the spans of its calls.

    The gates are the inputs, projected by the identity.
    """
    n_members, n_steps, n_streams, width = gates.shape
    size, n_rows = weight.shape[1], min(n_streams, THIN)
    identity = np.broadcast_to(np.eye(width, dtype=gates.dtype), (n_members, width, width)).copy()
    nothing = np.zeros((n_members, width), gates.dtype)
    biases = np.concatenate([nothing, bias[:, 0]], axis=1) if cell == "gru" else nothing
    weights, after = (identity, weight, biases), state.copy()
    trace = np.empty((N_PARTS[cell], n_members, n_steps, n_streams, size), gates.dtype)
    hs = np.empty((n_members, n_steps, n_streams, size), gates.dtype)
    work = hs if cell == "rnn" else workspace(cell, hs.shape, n_rows, gates.dtype)
    n_units = n_members * -(-n_streams // n_rows)
    # each unit in a call of its own, the last first: they do not need each other
    spans = [(n_rows, unit, unit + 1) for unit in reversed(range(n_units))]
    for span in spans:
        FORWARD[cell](gates, work, weights, after, keep, trace, hs, span)
    return hs, after, (work, weights, keep, trace, gates), spans


def slopes_of(cell, kept, spans, dhs, dafter):
    """Gradients of the gates, the first state and the weights."""
    weights, x = kept[1], kept[4]
    gradients = (*(np.zeros_like(weight) for weight in weights), np.empty_like(x))
    dstate = dafter.copy()
    for span in spans:
        BACKWARD[cell](*kept, dhs, dstate, gradients, span)
    return gradients, dstate


@streams
@cells
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 2e-6)])
@pytest.mark.parametrize("n_masks", [1, SIZES[0]])
def test_forward_kernel_is_the_equations(cell, n_streams, dtype, tolerance, n_masks):
    arguments = case(cell, dtype, n_masks, n_streams)
    hs, after, *_ = fast(cell, *arguments)
    expected_hs, expected_after = slow(cell, *(a.astype(np.float64) for a in arguments))
    assert hs.dtype == dtype
    np.testing.assert_allclose(hs, expected_hs, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(after, expected_after, rtol=tolerance, atol=tolerance)


@cells
@pytest.mark.parametrize("n_shared", [1, SIZES[0]])
def test_a_kernel_projects_its_inputs_and_adds_the_biases(cell, n_shared):
    gates, weight, bias, state, keep = case(cell)
    rng = np.random.default_rng(6)
    x = rng.normal(size=(n_shared, *gates.shape[1:3], 3))
    projection, shift = rng.normal(size=(len(gates), 3, gates.shape[3])), rng.normal(size=(len(gates), gates.shape[3]))
    projected = np.einsum("etbi,eij->etbj", x + np.zeros((len(gates), 1, 1, 1)), projection) + shift[:, None, None]
    expected, _ = slow(cell, projected, weight, bias, state, keep)
    biases = np.concatenate([shift, bias[:, 0]], axis=1) if cell == "gru" else shift
    hs, trace = np.empty_like(expected), np.empty((N_PARTS[cell], *expected.shape))
    work = hs if cell == "rnn" else workspace(cell, hs.shape, 3, hs.dtype)
    FORWARD[cell](x, work, (projection, weight, biases), state, keep, trace, hs, (3, 0, len(gates)))
    np.testing.assert_allclose(hs, expected, rtol=1e-12, atol=1e-12)


def pulled(cell, dhs, dafter):
    """A number from outputs and last state, whose gradients by them are ``dhs`` and ``dafter``."""

    def value(gates, weight, bias, state, keep):
        hs, after = slow(cell, gates, weight, bias, state, keep)
        return (hs * dhs).sum() + (after * dafter).sum()

    return value


@streams
@cells
def test_backward_kernel_is_the_difference_quotient_of_the_equations(cell, n_streams):
    gates, weight, bias, state, keep = arguments = case(cell, n_streams=n_streams)
    rng = np.random.default_rng(4)
    dhs, dafter = rng.normal(size=(*gates.shape[:3], weight.shape[1])), rng.normal(size=state.shape)
    _, _, kept, spans = fast(cell, *arguments)
    (_, dweight, dbiases, dgates), dstate = slopes_of(cell, kept, spans, dhs, dafter)
    value, width, tiny = pulled(cell, dhs, dafter), gates.shape[3], 1e-5
    for _ in range(10):
        moves = [rng.normal(size=a.shape) for a in (gates, weight, bias, state)]
        ahead = value(*(a + tiny * m for a, m in zip(arguments[:4], moves, strict=True)), keep)
        behind = value(*(a - tiny * m for a, m in zip(arguments[:4], moves, strict=True)), keep)
        slope = (dgates * moves[0]).sum() + (dweight * moves[1]).sum() + (dstate * moves[3]).sum()
        if cell == "gru":
            slope += (dbiases[:, width:] * moves[2][:, 0]).sum()
        # error of a central difference: tiny**2 times third derivatives, plus rounding over tiny
        assert slope == pytest.approx((ahead - behind) / (2 * tiny), rel=1e-6, abs=1e-7)


@streams
@cells
def test_gradients_of_projection_and_biases_are_those_of_the_gates_summed(cell, n_streams):
    _, _, kept, spans = fast(cell, *case(cell, n_streams=n_streams))
    gates = kept[4]
    dhs = np.ones((*gates.shape[:3], SIZES[3]))
    (dprojection, _, dbiases, dgates), _ = slopes_of(
        cell, kept, spans, dhs, np.zeros_like(case(cell, n_streams=n_streams)[3])
    )
    np.testing.assert_allclose(dprojection, np.einsum("etbi,etbj->eij", gates, dgates), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dbiases[:, : gates.shape[3]], dgates.sum(axis=(1, 2)), rtol=1e-12, atol=1e-12)


@streams
@cells
def test_the_gradient_of_the_inputs_is_made_only_where_it_is_asked_for(cell, n_streams):
    _, _, kept, spans = fast(cell, *case(cell, n_streams=n_streams))
    dhs, dafter = np.ones((*kept[4].shape[:3], SIZES[3])), np.zeros_like(case(cell, n_streams=n_streams)[3])
    (*expected, _), _ = slopes_of(cell, kept, spans, dhs, dafter)
    none = np.empty((SIZES[0], 0, *kept[4].shape[2:]))
    actual, dstate = tuple(np.zeros_like(weight) for weight in kept[1]), dafter.copy()
    for span in spans:
        BACKWARD[cell](*kept, dhs, dstate, (*actual, none), span)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)
