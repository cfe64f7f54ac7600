"""Slow twins of the recurrent kernels: the equations written out for one stream, and gradients by differences."""

import itertools

import numpy as np
import pytest

from tsforecast.kernels import recurrent

N_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
N_PARTS = {"rnn": 1, "lstm": 2, "gru": 1}
SIZES = (2, 4, 3, 5)  # n_members, n_steps, n_streams, hidden_size: five is no multiple of the kernel's four
FORWARD = {"rnn": recurrent.rnn_forward, "lstm": recurrent.lstm_forward, "gru": recurrent.gru_forward}
BACKWARD = {"rnn": recurrent.rnn_backward, "lstm": recurrent.lstm_backward, "gru": recurrent.gru_backward}
cells = pytest.mark.parametrize("cell", list(N_GATES))


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


def case(cell, dtype=np.float64, n_masks=1):
    rng = np.random.default_rng(3)
    n_members, n_steps, n_streams, size = SIZES
    width = N_GATES[cell] * size
    gates = rng.normal(size=(n_members, n_steps, n_streams, width))
    weight, bias = rng.normal(size=(n_members, size, width)) / 2, rng.normal(size=(n_members, 1, size))
    state = rng.normal(size=(N_PARTS[cell], n_members, n_streams, size))
    keep = (rng.random((n_masks, n_steps, n_streams)) > 0.3).astype(dtype)
    return [a.astype(dtype) for a in (gates, weight, bias, state)] + [keep]


def fast(cell, gates, weight, bias, state, keep, n_rows=2):
    """Outputs, last state, and what the backward kernel needs."""
    activated, after = gates.copy(), state.copy()
    trace = np.empty((2, *gates.shape[:3], weight.shape[1]), gates.dtype)
    hs = activated if cell == "rnn" else np.empty_like(trace[0])
    no_inputs = np.empty((1, 1, 1, 0), gates.dtype)
    n_blocks = gates.shape[0] * -(-gates.shape[2] // n_rows)
    for begin in range(n_blocks):  # each block in a call of its own, the last first: blocks do not need each other
        span = (n_rows, n_blocks - 1 - begin, n_blocks - begin)
        FORWARD[cell](no_inputs, activated, (weight, bias, weight), after, keep, trace, hs, span)
    return hs, after, activated, trace


@cells
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 2e-6)])
@pytest.mark.parametrize("n_masks", [1, SIZES[0]])
def test_forward_kernel_is_the_equations(cell, dtype, tolerance, n_masks):
    arguments = case(cell, dtype, n_masks)
    hs, after, *_ = fast(cell, *arguments)
    expected_hs, expected_after = slow(cell, *(a.astype(np.float64) for a in arguments))
    assert hs.dtype == dtype
    np.testing.assert_allclose(hs, expected_hs, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(after, expected_after, rtol=tolerance, atol=tolerance)


@cells
@pytest.mark.parametrize("n_shared", [1, SIZES[0]])
def test_a_kernel_given_inputs_projects_them(cell, n_shared):
    gates, weight, bias, state, keep = case(cell)
    rng = np.random.default_rng(6)
    inputs = rng.normal(size=(n_shared, *gates.shape[1:3], 3))
    projection = rng.normal(size=(len(gates), 3, gates.shape[3]))
    expected, _ = slow(
        cell,
        np.einsum("etbi,eij->etbj", inputs + np.zeros((len(gates), 1, 1, 1)), projection),
        weight,
        bias,
        state,
        keep,
    )
    activated, trace = np.full_like(gates, np.nan), np.empty((2, *gates.shape[:3], weight.shape[1]))
    hs = activated if cell == "rnn" else np.empty_like(trace[0])
    FORWARD[cell](inputs, activated, (weight, bias, projection), state, keep, trace, hs, (3, 0, len(gates)))
    np.testing.assert_allclose(hs, expected, rtol=1e-12, atol=1e-12)


@cells
def test_backward_kernel_is_the_difference_quotient_of_the_equations(cell):
    gates, weight, bias, state, keep = arguments = case(cell)
    rng = np.random.default_rng(4)
    dhs, dafter = rng.normal(size=(*gates.shape[:3], weight.shape[1])), rng.normal(size=state.shape)
    _, _, activated, trace = fast(cell, *arguments)
    n_gates = 4 if cell == "gru" else N_GATES[cell]
    dgates, dstate = np.empty((*dhs.shape[:3], n_gates * dhs.shape[3])), dafter.copy()
    BACKWARD[cell](activated, weight, keep, trace, dhs, dstate, dgates, (2, 0, SIZES[0] * 2))

    def value(gates, state):
        hs, after = slow(cell, gates, weight, bias, state, keep)
        return (hs * dhs).sum() + (after * dafter).sum()

    for _ in range(10):
        move_gates, move_state = rng.normal(size=gates.shape), rng.normal(size=state.shape)
        tiny = 1e-5
        ahead = value(gates + tiny * move_gates, state + tiny * move_state)
        behind = value(gates - tiny * move_gates, state - tiny * move_state)
        slope = (dgates[..., : gates.shape[3]] * move_gates).sum() + (dstate * move_state).sum()
        # error of a central difference: tiny**2 times third derivatives, plus rounding over tiny
        assert slope == pytest.approx((ahead - behind) / (2 * tiny), rel=1e-6, abs=1e-7)


def test_fourth_gradient_of_the_gru_is_that_of_the_candidates_bias():
    gates, weight, bias, state, keep = arguments = case("gru")
    dhs = np.ones((*gates.shape[:3], weight.shape[1]))
    _, _, activated, trace = fast("gru", *arguments)
    dgates, dstate = np.empty((*dhs.shape[:3], 4 * dhs.shape[3])), np.zeros_like(state)
    BACKWARD["gru"](activated, weight, keep, trace, dhs, dstate, dgates, (2, 0, SIZES[0] * 2))
    move, tiny = np.random.default_rng(5).normal(size=bias.shape), 1e-5
    ahead, _ = slow("gru", gates, weight, bias + tiny * move, state, keep)
    behind, _ = slow("gru", gates, weight, bias - tiny * move, state, keep)
    slope = (dgates[..., 3 * dhs.shape[3] :].sum(axis=(1, 2))[:, None] * move).sum()
    assert slope == pytest.approx((ahead.sum() - behind.sum()) / (2 * tiny), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [1, 2, 5, 40])
@pytest.mark.parametrize("n_inner", [3, 4, 9])
def test_product_is_the_matrix_product(dtype, n_rows, n_inner):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n_rows, n_inner)).astype(dtype), rng.normal(size=(n_inner, 7)).astype(dtype)
    out = np.full((n_rows, 7), np.nan, dtype)
    recurrent.product(a, b, out)
    np.testing.assert_allclose(out, np.einsum("ik,kj->ij", a, b), rtol=1e-5, atol=1e-6)
