"""The rnn, lstm and gru recurrences in torch, for several networks side by side.

The first axis of weights is that of members: independent networks of one shape, computed in one batched product.
``projected`` is the part of the gates that depends on the inputs, ``W x[t] + b``, computed for all steps beforehand.
The letters are those of torch's documentation:

``rnn``  Elman (1990)::

    h[t] = tanh(W x[t] + b + U h[t-1])

``lstm``  Hochreiter & Schmidhuber (1997) with the forget gate of Gers, Schmidhuber & Cummins (2000)::

    i, f, o = sigmoid(W x[t] + b + U h[t-1])        g = tanh(W x[t] + b + U h[t-1])
    c[t] = f * c[t-1] + i * g                       h[t] = o * tanh(c[t])

``gru``  Cho et al. (2014), in the form that cuDNN and torch compute (the reset gate acts after the product)::

    r, z = sigmoid(W x[t] + b + U h[t-1])           n = tanh(W x[t] + b + r * (U h[t-1] + d))
    h[t] = (1 - z) * n + z * h[t-1]

Gates lie in torch's order: lstm i, f, g, o; gru r, z, n.
"""

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

CellName: TypeAlias = Literal["rnn", "lstm", "gru"]


class CellSize(NamedTuple):
    """Number of gates of a cell, and of tensors of its state (the output h is the first)."""

    n_gates: int
    n_parts: int


SIZES: dict[CellName, CellSize] = {"rnn": CellSize(1, 1), "lstm": CellSize(4, 2), "gru": CellSize(3, 1)}


def run(
    cell: CellName, projected: Tensor, weight: Tensor, bias: Tensor, state: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor]:
    """Outputs of every step, ``(n_members, n_steps, n_streams, hidden_size)``, and the state after the last.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    projected : Tensor, shape (n_members, n_steps, n_streams, n_gates * hidden_size)
        ``W x[t] + b`` of every step.
    weight : Tensor, shape (n_members, hidden_size, n_gates * hidden_size)
        U transposed, so that ``h @ weight`` is the part of the gates that depends on the state.
    bias : Tensor, shape (n_members, 1, hidden_size)
        d of the gru; other cells do not use it.
    state : Tensor, shape (n_parts, n_members, n_streams, hidden_size)
        State before the first step.
    keep : Tensor, shape (n_steps, n_streams, 1) or (n_members, n_steps, n_streams, 1)
        0 where a new series begins, before which the state is reset to zero; 1 elsewhere.
    """
    step = _CELL_STEPS[cell]
    masks = keep.expand(*projected.shape[:3], 1).unbind(1)
    outputs = []
    for gates, mask in zip(projected.unbind(1), masks, strict=True):
        state = step(gates, weight, bias, state * mask)
        outputs.append(state[0])
    return torch.stack(outputs, dim=1), state


def _rnn(gates: Tensor, weight: Tensor, bias: Tensor, state: Tensor) -> Tensor:
    return torch.tanh(torch.baddbmm(gates, state[0], weight))[None]


def _lstm(gates: Tensor, weight: Tensor, bias: Tensor, state: Tensor) -> Tensor:
    h, c = state.unbind(0)
    i, f, g, o = torch.baddbmm(gates, h, weight).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.stack([torch.sigmoid(o) * torch.tanh(c), c])


def _gru(gates: Tensor, weight: Tensor, bias: Tensor, state: Tensor) -> Tensor:
    h = state[0]
    size = h.shape[-1]
    product = torch.bmm(h, weight)
    r, z = torch.sigmoid(gates[..., : 2 * size] + product[..., : 2 * size]).chunk(2, dim=-1)
    n = torch.tanh(gates[..., 2 * size :] + r * (product[..., 2 * size :] + bias))
    return (n + z * (h - n))[None]


_CELL_STEPS = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
