"""The proofs of truncated BPTT on the network: chunks and cuts change nothing but the gradient's reach."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tsforecast.models.neural.batches.streams import cut, pack
from tsforecast.models.neural.networks import cells
from tsforecast.models.neural.networks.cells import SIZES
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork

CELLS = ("rnn", "lstm", "gru")
TIGHT = {"rtol": 1e-10, "atol": 1e-12}  # float64: the order of sums may differ, nothing else


def make_network(cell: str, depth: int, n_members: int = 2) -> RecurrentNetwork:
    network = RecurrentNetwork(cell, 3, 5, depth, 2, n_members=n_members).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (network.readout, network.direct, network.intercept):
            tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=torch.float64))
    return network


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
        output, state = network(table[rows[piece]][None], state, reset[None, piece])
        pieces.append(output)
    chunked = torch.cat(pieces, dim=1)  # (n_members, n_steps, n_streams, output_size)
    begin = 0
    for length in lengths:
        alone, _ = network(table[begin : begin + length][None, :, None])
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

    def gradients(run) -> list[Tensor]:
        network.zero_grad()
        (run() - target).square().sum().backward()
        return [p.grad.clone() for p in network.parameters()]

    def step_by_step() -> Tensor:
        state, outputs = None, []
        for t in range(12):  # nothing is detached: the gradient reaches back to the first step
            output, state = network(x[:, t : t + 1], state, reset[:, t : t + 1])
            outputs.append(output)
        return torch.cat(outputs, dim=1)

    for whole, stepped in zip(gradients(lambda: network(x, None, reset)[0]), gradients(step_by_step), strict=True):
        torch.testing.assert_close(whole, stepped, **TIGHT)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_no_gradient_crosses_a_cut_but_values_do(cell, depth):
    network, x = make_network(cell, depth), normal(1, 10, 2, 3).requires_grad_()
    _, state = network(x[:, :6])
    after, _ = network(x[:, 6:], state.detach())
    after.sum().backward()
    assert x.grad is not None
    assert (x.grad[:, :6] == 0).all()
    assert (x.grad[:, 6:] != 0).any()
    x.grad = None
    through, _ = network(x[:, 6:], network(x[:, :6])[1])
    through.sum().backward()
    assert (x.grad[:, :6] != 0).any()  # without the cut the gradient does reach back
    torch.testing.assert_close(after, through, **TIGHT)


@pytest.mark.parametrize("cell", CELLS)
def test_no_gradient_crosses_a_reset(cell):
    network, x = make_network(cell, 2), normal(1, 8, 1, 3).requires_grad_()
    reset = torch.zeros(1, 8, 1, dtype=torch.bool)
    reset[0, 5] = True
    output, _ = network(x, None, reset)
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
    output, _ = both(x)
    for k in range(3):
        alone = make_network(cell, 2, n_members=1)
        alone.load_state_dict({name: value[k : k + 1] for name, value in both.state_dict().items()})
        torch.testing.assert_close(alone(x)[0][0], output[k], **TIGHT)


def test_a_member_is_drawn_the_same_alone_and_among_others():
    many, one = (RecurrentNetwork("lstm", 3, 4, 2, 1, n_members=n) for n in (3, 1))
    many.reset_parameters([5, 6, 7])
    one.reset_parameters([6])
    for ours, theirs in zip(many.inputs, one.inputs, strict=True):
        assert torch.equal(ours[1], theirs[0])


def test_recurrent_weights_begin_orthogonal_and_the_forget_gate_open():
    network = RecurrentNetwork("lstm", 3, 4, 1, 1)
    gates = network.recurrents[0][0].split(4, dim=1)
    for gate in gates:
        torch.testing.assert_close(gate @ gate.T, torch.eye(4), rtol=0, atol=1e-6)
    assert network.biases[0][0, 0].tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8


def test_an_untrained_network_answers_zero():
    network = RecurrentNetwork("gru", 3, 4, 2, 5)
    assert (network(normal(1, 6, 2, 3).float())[0] == 0).all()
