"""Slow twins of the recurrent kernels: the equations written out for one stream, and gradients by differences."""

import itertools
from unittest import mock

import numpy as np
import pytest
import torch

from tsforecast.models.neural.networks.stock import compiled_run
from tsforecast.models.neural.networks.stock.compiled_run import Layer, Run, flat, shape_of, split, widened

N_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
N_PARTS = {"rnn": 1, "lstm": 2, "gru": 1}
SIZES = (2, 4, 3, 5)  # n_members, n_steps, n_streams, hidden_size: five fills no vector
MANY = 11  # streams, in two pieces of four and one of three
cells = pytest.mark.parametrize("cell", list(N_GATES))
streams = pytest.mark.parametrize("n_streams", [1, SIZES[2], MANY])


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def step(cell, x, U, d, h, c):
    """One step of one stream, from the equations in ``tsforecast.models.neural.networks.stock.cells``."""
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


def fast(cell, gates, weight, bias, state, keep, projection=None, shift=None, *, wants_slopes=True, wants_x=True):
    """Outputs, last state, and the run, in pieces of four streams whose calls come last to first.

    The gates are the inputs, projected by the identity where there is nothing else.
    """
    n_members, _, n_streams, n_inputs = gates.shape
    n_members, size, width = weight.shape
    if projection is None:
        projection = np.broadcast_to(np.eye(width, dtype=gates.dtype), (n_members, width, width))
        shift = np.zeros((n_members, width), gates.dtype)
    parts = [projection, weight, shift, *([bias] if cell == "gru" else [])]
    weights = np.concatenate([part.reshape(n_members, -1) for part in parts], axis=1)
    x, weights, reset = torch.from_numpy(gates), torch.from_numpy(weights), torch.from_numpy(keep == 0)
    n_rows = min(n_streams, 4)
    n_units = n_members * -(-n_streams // n_rows)
    spans = [(n_rows, unit, unit + 1) for unit in reversed(range(n_units))]  # they do not need each other
    with mock.patch.object(compiled_run, "_spans", lambda *_: spans):
        layer, shape = Layer(cell, n_inputs, size), shape_of(x, reset)
        run = Run(layer, shape, weights, wants_slopes=wants_slopes, wants_x=wants_slopes and wants_x)
    after = widened(torch.from_numpy(state), run.n_units).contiguous().clone()
    hs = run.forward(flat(x), flat(reset), flat(after))
    assert not hs[..., size:].any()
    return hs[..., :size].numpy(), after[..., :size].numpy(), run


def slopes_of(run, dhs, dafter):
    """Gradients of the weights, of the gates and the first state."""
    dweights = torch.full_like(run.weights, torch.nan)
    slopes, dstate = (widened(torch.from_numpy(part), run.n_units).contiguous().clone() for part in (dhs, dafter))
    run.backward(flat(slopes), flat(dstate), flat(dweights))
    parts = [part.numpy() for part in split(run.layer, dweights)]
    return parts, run.dx[..., : run.layer.n_inputs].numpy(), dstate[..., : run.layer.size].numpy()


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
@pytest.mark.parametrize("wants_slopes", [True, False])
def test_a_kernel_projects_its_inputs_and_adds_the_biases(cell, n_shared, wants_slopes):
    gates, weight, bias, state, keep = case(cell)
    rng = np.random.default_rng(6)
    x = rng.normal(size=(n_shared, *gates.shape[1:3], 3))
    projection, shift = rng.normal(size=(len(gates), 3, gates.shape[3])), rng.normal(size=(len(gates), gates.shape[3]))
    projected = np.einsum("etbi,eij->etbj", x + np.zeros((len(gates), 1, 1, 1)), projection) + shift[:, None, None]
    expected, last = slow(cell, projected, weight, bias, state, keep)
    hs, after, _ = fast(cell, x, weight, bias, state, keep, projection, shift, wants_slopes=wants_slopes)
    np.testing.assert_allclose(hs, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(after, last, rtol=1e-12, atol=1e-12)


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
    _, _, run = fast(cell, *arguments)
    (_, dweight, _, *dbias), dgates, dstate = slopes_of(run, dhs, dafter)
    value, tiny = pulled(cell, dhs, dafter), 1e-5
    for _ in range(10):
        moves = [rng.normal(size=a.shape) for a in (gates, weight, bias, state)]
        ahead = value(*(a + tiny * m for a, m in zip(arguments[:4], moves, strict=True)), keep)
        behind = value(*(a - tiny * m for a, m in zip(arguments[:4], moves, strict=True)), keep)
        slope = (dgates * moves[0]).sum() + (dweight * moves[1]).sum() + (dstate * moves[3]).sum()
        if cell == "gru":
            slope += (dbias[0] * moves[2]).sum()
        # error of a central difference: tiny**2 times third derivatives, plus rounding over tiny
        assert slope == pytest.approx((ahead - behind) / (2 * tiny), rel=1e-6, abs=1e-7)


@streams
@cells
def test_gradients_of_projection_and_biases_are_those_of_the_gates_summed(cell, n_streams):
    arguments = case(cell, n_streams=n_streams)
    _, _, run = fast(cell, *arguments)
    gates, dhs = arguments[0], np.ones((*arguments[0].shape[:3], SIZES[3]))
    (dprojection, _, dshift, *_), dgates, _ = slopes_of(run, dhs, np.zeros_like(arguments[3]))
    np.testing.assert_allclose(dprojection, np.einsum("etbi,etbj->eij", gates, dgates), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dshift[:, 0], dgates.sum(axis=(1, 2)), rtol=1e-12, atol=1e-12)


@streams
@cells
def test_the_gradient_of_the_inputs_is_made_only_where_it_is_asked_for(cell, n_streams):
    arguments = case(cell, n_streams=n_streams)
    dhs, dafter = np.ones((*arguments[0].shape[:3], SIZES[3])), np.zeros_like(arguments[3])
    expected, _, _ = slopes_of(fast(cell, *arguments)[2], dhs, dafter)
    actual, none, _ = slopes_of(fast(cell, *arguments, wants_x=False)[2], dhs, dafter)
    assert none.size == 0
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@cells
def test_a_stream_does_not_depend_on_those_beside_it_to_the_bit(cell):
    gates, weight, bias, state, keep = case(cell, np.float32, n_streams=MANY)
    hs, after, _ = fast(cell, gates, weight, bias, state, keep)
    alone, last, _ = fast(cell, gates[:, :, 4:5].copy(), weight, bias, state[:, :, 4:5], keep[:, :, 4:5].copy())
    np.testing.assert_array_equal(alone, hs[:, :, 4:5])
    np.testing.assert_array_equal(last, after[:, :, 4:5])
