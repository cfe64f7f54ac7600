"""The proofs of truncated BPTT on the network: chunks and cuts change nothing but the gradient's reach."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.batches.streams import cut, pack
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.stock import cells
from tsforecast.models.neural.networks.stock.cells import SIZES
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.models.neural.training.engines import detached

CELLS = ("rnn", "lstm", "gru")
TIGHT = {"rtol": 1e-10, "atol": 1e-12}  # float64: the order of sums may differ, nothing else


def make_network(cell: str, depth: int, n_members: int = 2) -> LinearStart:
    """Layers of 5, 4 and 3 units."""
    members = RecurrentMembers(cell, 3, (5, 4, 3)[:depth], 2, range(n_members))
    network = LinearStart(members, 3, 2, 1).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (members.readout, network.slopes, network.intercept):
            tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=torch.float64))
    return network


def run(network: LinearStart, x: Tensor, state=None, reset: Tensor | None = None):
    """Outputs ``(n_members, n_steps, n_streams, 2)`` and state; without resets where none are given."""
    reset = torch.zeros(1, *x.shape[1:3], dtype=torch.bool) if reset is None else reset
    output, state = network(Chunk(x, reset, reset.long()), state)
    return output[..., 0], state


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@st.composite
def packings(draw: st.DrawFn) -> tuple[Tensor, Tensor, list[int]]:
    """Streams of ragged series, and the lengths: rows and resets ``(n_steps, n_streams)``."""
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=7))
    n_streams = draw(st.integers(1, len(lengths)))
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    streams = pack(first, np.array(lengths), n_streams, sum(lengths), rng)
    return torch.from_numpy(streams.rows), torch.from_numpy(streams.reset), lengths


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=25, deadline=None)
@given(packing=packings(), depth=st.integers(1, 3), bptt_length=st.integers(1, 6), phase=st.integers(0, 3))
def test_chunked_forward_equals_every_series_alone(cell, packing, depth, bptt_length, phase):
    rows, reset, lengths = packing
    network = make_network(cell, depth)
    table = torch.cat([normal(sum(lengths), 3), torch.zeros(1, 3, dtype=torch.float64)])
    state, pieces = None, []
    for piece in cut(len(rows), bptt_length, min(phase, bptt_length)):
        output, state = run(network, table[rows[piece]][None], state, reset[None, piece])
        pieces.append(output)
    chunked = torch.cat(pieces, dim=1)  # (n_members, n_steps, n_streams, output_size)
    begin = 0
    for length in lengths:
        alone, _ = run(network, table[begin : begin + length][None, :, None])
        for k in range(length):
            step, stream = torch.nonzero(rows == begin + k)[0].tolist()
            torch.testing.assert_close(chunked[:, step, stream], alone[:, k, 0], **TIGHT)
        begin += length


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_gradient_with_one_chunk_equals_full_backpropagation(cell, depth):
    network, x, target = make_network(cell, depth), normal(1, 12, 3, 3), normal(2, 12, 3, 2, seed=1)
    reset = torch.zeros(1, 12, 3, dtype=torch.bool)
    reset[0, 5, 1] = True

    def gradients(outputs) -> list[Tensor]:
        network.zero_grad()
        (outputs() - target).square().sum().backward()
        return [p.grad.clone() for p in network.parameters()]

    def step_by_step() -> Tensor:
        state, outputs = None, []
        for t in range(12):  # nothing is detached: the gradient reaches back to the first step
            output, state = run(network, x[:, t : t + 1], state, reset[:, t : t + 1])
            outputs.append(output)
        return torch.cat(outputs, dim=1)

    for whole, stepped in zip(gradients(lambda: run(network, x, None, reset)[0]), gradients(step_by_step), strict=True):
        torch.testing.assert_close(whole, stepped, **TIGHT)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_no_gradient_crosses_a_cut_but_values_do(cell, depth):
    network, x = make_network(cell, depth), normal(1, 10, 2, 3).requires_grad_()
    _, state = run(network, x[:, :6])
    after, _ = run(network, x[:, 6:], detached(state))
    after.sum().backward()
    assert x.grad is not None
    assert (x.grad[:, :6] == 0).all()
    assert (x.grad[:, 6:] != 0).any()
    x.grad = None
    through, _ = run(network, x[:, 6:], run(network, x[:, :6])[1])
    through.sum().backward()
    assert (x.grad[:, :6] != 0).any()  # without the cut the gradient does reach back
    torch.testing.assert_close(after, through, **TIGHT)


@pytest.mark.parametrize("cell", CELLS)
def test_no_gradient_crosses_a_reset(cell):
    network, x = make_network(cell, 2), normal(1, 8, 1, 3).requires_grad_()
    reset = torch.zeros(1, 8, 1, dtype=torch.bool)
    reset[0, 5] = True
    output, _ = run(network, x, None, reset)
    output[:, 5:].sum().backward()
    assert x.grad is not None
    assert (x.grad[:, :5] == 0).all()


@pytest.mark.parametrize("cell", CELLS)
def test_cells_equal_those_of_torch(cell):
    size, n_steps, n_streams = 4, 7, 3
    oracle = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](size, size).double()
    weight, recurrent = oracle.weight_ih_l0.detach(), oracle.weight_hh_l0.detach()
    bias, other = oracle.bias_ih_l0.detach().clone(), oracle.bias_hh_l0.detach().clone()
    candidate = torch.zeros(1, 1, size, dtype=torch.float64)
    if cell == "gru":  # the second bias of the candidate stands inside the reset gate
        candidate[0, 0] = other[2 * size :]
        other[2 * size :] = 0
    x = normal(n_steps, n_streams, size)
    state = torch.zeros(SIZES[cell].n_parts, 1, n_streams, size, dtype=torch.float64)
    keep = torch.ones(n_steps, n_streams, 1, dtype=torch.float64)
    projected = (x @ weight.T + bias + other)[None]
    hs, last = cells.run(cell, projected, recurrent.T[None].contiguous(), candidate, state, keep)
    expected, after = oracle(x)
    torch.testing.assert_close(hs[0], expected, **TIGHT)
    parts = after if cell == "lstm" else (after,)
    for ours, theirs in zip(last, parts, strict=True):
        torch.testing.assert_close(ours[0], theirs[0], **TIGHT)


@pytest.mark.parametrize("cell", CELLS)
def test_members_side_by_side_equal_each_alone(cell):
    both, x = make_network(cell, 2, n_members=3), normal(1, 6, 2, 3)
    output, _ = run(both, x)
    for k in range(3):
        alone = make_network(cell, 2, n_members=1)
        alone.load_state_dict({name: value[k : k + 1] for name, value in both.state_dict().items()})
        torch.testing.assert_close(run(alone, x)[0][0], output[k], **TIGHT)


def test_a_member_is_drawn_the_same_alone_and_among_others():
    many, one = (RecurrentMembers("lstm", 3, (4, 4), 1, seeds) for seeds in ([5, 6, 7], [6]))
    for ours, theirs in zip(many.inputs, one.inputs, strict=True):
        assert torch.equal(ours[1], theirs[0])


def test_recurrent_weights_begin_orthogonal_and_the_forget_gate_open():
    network = RecurrentMembers("lstm", 3, (4,), 1, [0])
    gates = network.recurrents[0][0].split(4, dim=1)
    for gate in gates:
        torch.testing.assert_close(gate @ gate.T, torch.eye(4), rtol=0, atol=1e-6)
    assert network.biases[0][0, 0].tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8


def test_an_untrained_network_answers_zero():
    network = LinearStart(RecurrentMembers("gru", 3, (4, 4), 5, [0]), 3, 5, 1)
    assert (run(network, normal(1, 6, 2, 3).float())[0] == 0).all()


@pytest.mark.parametrize("cell", CELLS)
def test_layers_have_the_widths_that_are_given(cell):
    members = RecurrentMembers(cell, 3, (6, 4), 2, [0, 1])
    n_gates, n_parts = SIZES[cell]
    assert [tuple(weight.shape) for weight in members.inputs] == [(2, 3, n_gates * 6), (2, 6, n_gates * 4)]
    assert [tuple(weight.shape) for weight in members.recurrents] == [(2, 6, n_gates * 6), (2, 4, n_gates * 4)]
    assert tuple(members.readout.shape) == (2, 4, 2)
    assert [tuple(part.shape) for part in members.initial_state(5)] == [(n_parts, 2, 5, 6), (n_parts, 2, 5, 4)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", [{"hidden_size": 5, "num_layers": 2}, {"hidden_size": (6, 4)}])
def test_one_network_of_the_stock_stack_is_one_of_its_members(cell, shape):
    network = RecurrentNetwork(FeatureLayout.plain(3, 2), 1, cell=cell, **shape).double()
    torch.nn.init.normal_(network.layers.readout, generator=torch.Generator().manual_seed(0))
    reset = torch.zeros(7, 2, dtype=torch.bool)
    reset[4, 1] = True
    whole = Chunk(normal(1, 7, 2, 3), reset[None], reset[None].long())
    output, state = network(Chunk(*(part[0] for part in whole[:3])), network.initial_state(2))
    expected, after = network.layers(whole)
    torch.testing.assert_close(output[..., 0], expected[0], **TIGHT)
    for one, other in zip(state, after, strict=True):
        torch.testing.assert_close(one, other[:, 0], **TIGHT)
