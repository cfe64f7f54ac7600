"""Streams cut at resets and given to torch's layers, against the written-out recurrences with masks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.models.neural.networks.stock import cells, compiled_layer
from tsforecast.models.neural.networks.stock.compiled_run import Weights
from tsforecast.models.neural.networks.stock.packed_sequences import pack_sequences, run_packed

cell_names = st.sampled_from(["rnn", "lstm", "gru"])


def case(cell, n_members, n_shared, n_steps, n_streams, seed):
    """Inputs, weights, state and resets of a layer with three inputs and four hidden units."""
    generator = torch.Generator().manual_seed(seed)
    n_gates, n_parts = cells.SIZES[cell]

    def leaf(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    x = leaf(n_shared, n_steps, n_streams, 3)
    weights = Weights(
        leaf(n_members, 3, 4 * n_gates),
        leaf(n_members, 1, 4 * n_gates),
        leaf(n_members, 4, 4 * n_gates),
        leaf(n_members, 1, 4),
    )
    keep = (torch.rand(n_shared, n_steps, n_streams, generator=generator) > 0.3).double()
    return x, weights, leaf(n_parts, n_members, n_streams, 4), keep


def with_masks(cell, x, weights, state, keep):
    projected = x @ weights.projection[:, None] + weights.projection_bias[:, None]
    return cells.run(cell, projected, weights.recurrent, weights.candidate_bias, state, keep[..., None])


@given(cell_names, st.integers(1, 3), st.booleans(), st.integers(1, 9), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_outputs_states_and_gradients_are_those_of_masks(cell, n_members, shared, n_steps, n_streams, seed):
    x, weights, state, keep = case(cell, n_members, 1 if shared else n_members, n_steps, n_streams, seed)
    leaves = [x, *(weights if cell == "gru" else weights[:3]), state]
    results = []
    for run in (run_packed, with_masks):
        hs, after = run(cell, x, weights, state, keep)
        loss = (hs * torch.linspace(-1, 1, hs.shape[1] * 4, dtype=hs.dtype).view(-1, 1, 4)).sum() + after.sin().sum()
        results.append([hs, after, *torch.autograd.grad(loss, leaves)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)  # rounding of a few dozen sums


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_gpu_runs_packed_sequences(cell, monkeypatch):
    x, weights, state, keep = case(cell, 2, 1, 5, 3, seed=0)
    expected = compiled_layer.run_layer(cell, x, weights, state, keep[..., None])
    monkeypatch.setattr(compiled_layer, "supports", lambda x: False)
    monkeypatch.setattr(compiled_layer, "has_fast_layers", lambda x: True)
    for one, other in zip(compiled_layer.run_layer(cell, x, weights, state, keep[..., None]), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


def test_a_state_that_is_not_a_number_is_forgotten_at_a_reset():
    x, weights, state, keep = case("lstm", 1, 1, 4, 2, seed=1)
    keep[0, 0] = 0
    hs, _ = run_packed("lstm", x, weights, torch.full_like(state, torch.nan), keep)
    assert torch.isfinite(hs).all()


def test_every_place_of_a_chunk_is_in_one_sequence():
    keep = (torch.rand(11, 7, generator=torch.Generator().manual_seed(3)) > 0.2).float()
    sequences = pack_sequences(keep)
    assert sorted(sequences.rows.tolist()) == list(range(77))
    assert int(sequences.running.sum()) == 77
    assert len(sequences.stream) == 7 + int((keep[1:] == 0).sum())
