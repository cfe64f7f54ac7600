"""The recurrences of `cells` on a GPU, by torch's own layers. These have no resets, so streams are cut at resets.

The steps of a stream from one reset to the next are a sequence of their own with a state of zero before it; only the
first sequence of a stream continues the state before the chunk. Sequences of different lengths are packed, so that a
chunk is one call of torch for each network, however many resets there are::

    stream 0   | a a a R b b b |         a a a        b b b
    stream 1   | c c c c c c c |    ->   c c c c c c c
    stream 2   | R d d d R e e |         d d d d      e e e
"""

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tsforecast.models.neural.networks.stock.cells import SIZES, CellName

_LAYERS: dict[CellName, Any] = {"rnn": torch._VF.rnn_tanh, "lstm": torch._VF.lstm, "gru": torch._VF.gru}


class PackedSequences(NamedTuple):
    """Sequences of a chunk, longest first, packed as by torch: for each step the sequences that have it."""

    rows: Tensor  # (n_steps * n_streams,): places in the chunk, stream by stream, in packed order
    back: Tensor  # (n_steps * n_streams,): places in packed order, stream by stream
    running: Tensor  # (longest,): sequences that have each step, on the processor
    stream: Tensor  # (n_sequences,)
    goes_on: Tensor  # (n_sequences,): whether a sequence begins with the state before the chunk
    last: Tensor  # (n_streams,): the sequence that a stream ends with


def pack_sequences(keep: Tensor) -> PackedSequences:
    """The sequences of a chunk. ``keep`` is ``(n_steps, n_streams)``, 0 where a stream is reset.

    Examples
    --------
    >>> sequences = pack_sequences(torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
    >>> sequences.running.tolist(), sequences.stream.tolist(), sequences.goes_on.tolist()
    ([3, 2, 1], [0, 1, 1], [True, False, True])
    """
    by_stream = keep.detach().cpu().t().contiguous()  # (n_streams, n_steps)
    n_streams, n_steps = by_stream.shape
    starts = by_stream == 0
    starts[:, 0] = True
    first = torch.nonzero(starts.flatten())[:, 0]
    lengths = torch.diff(first, append=torch.tensor([n_streams * n_steps]))
    order = torch.argsort(-lengths, stable=True)
    ends = torch.argsort(order)[torch.cumsum(starts.sum(dim=1), dim=0) - 1]
    first, lengths = first[order], lengths[order]
    steps = torch.arange(int(lengths[0]))[:, None]
    runs = steps < lengths  # (longest, n_sequences)
    rows = (first + steps)[runs]
    stream = first // n_steps
    goes_on = (first % n_steps == 0) & (by_stream[stream, 0] != 0)
    running = runs.sum(dim=1)
    tensors = (rows, torch.argsort(rows), running, stream, goes_on, ends)
    return PackedSequences(*(tensor if tensor is running else tensor.to(keep.device) for tensor in tensors))


def run_packed(
    cell: CellName, x: Tensor, weights: tuple[Tensor, ...], state: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor]:
    """Outputs of every step and the state after the last, as from `compiled_layer.run_layer`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    x : Tensor, shape (n_members or 1, n_steps, n_streams, input_size)
    weights : tuple of Tensor
        Those of `compiled_run.Weights`.
    state : Tensor
        As in `cells.run`.
    keep : Tensor, shape (n_members or 1, n_steps, n_streams)

    Examples
    --------
    >>> weights = torch.zeros(1, 3, 8), torch.zeros(1, 1, 8), torch.zeros(1, 2, 8), torch.zeros(1, 1, 2)
    >>> hs, state = run_packed("lstm", torch.zeros(1, 5, 4, 3), weights, torch.ones(2, 1, 4, 2), torch.ones(1, 5, 4))
    >>> tuple(hs.shape), state[1, 0, 0].tolist()
    ((1, 5, 4, 2), [0.03125, 0.03125])
    """
    plans = [pack_sequences(mask) for mask in keep]
    done = [
        _run_network(
            cell, x[min(e, len(x) - 1)], tuple(w[e] for w in weights), state[:, e], plans[min(e, len(plans) - 1)]
        )
        for e in range(len(weights[0]))
    ]
    return torch.stack([hs for hs, _ in done]), torch.stack([after for _, after in done], dim=1)


def _run_network(
    cell: CellName, x: Tensor, weights: tuple[Tensor, ...], state: Tensor, sequences: PackedSequences
) -> tuple[Tensor, Tensor]:
    """Outputs ``(n_steps, n_streams, hidden_size)`` and last state of one network."""
    n_steps, n_streams, _ = x.shape
    before = torch.where(sequences.goes_on[:, None], state[:, sequences.stream], 0.0)
    before = before[:, None]  # (n_parts, 1 layer, n_sequences, hidden_size)
    packed = x.transpose(0, 1).flatten(0, 1)[sequences.rows]
    start = tuple(before) if SIZES[cell].n_parts == 2 else before[0]
    settings = (True, 1, 0.0, torch.is_grad_enabled(), False)  # biases, one layer, no dropout, training, one direction
    with warnings.catch_warnings():  # cuDNN prefers the weights in one block; here they are stored by member
        warnings.filterwarnings("ignore", message=".*single contiguous chunk of memory.*")
        out, *after = _LAYERS[cell](packed, sequences.running, start, _layer_weights(cell, weights), *settings)
    hs = out[sequences.back].view(n_streams, n_steps, -1).transpose(0, 1)
    return hs, torch.stack([part[0, sequences.last] for part in after])


def _layer_weights(cell: CellName, weights: tuple[Tensor, ...]) -> list[Tensor]:
    """Weights in the order of torch's layers; of its two biases the second is all zeros but for d of the gru."""
    projection, bias, recurrent, candidate = weights
    other = torch.zeros_like(bias[0])
    if cell == "gru":
        other = torch.cat([other[: -candidate.shape[1]], candidate[0]])
    return [projection.t().contiguous(), recurrent.t().contiguous(), bias[0], other]
