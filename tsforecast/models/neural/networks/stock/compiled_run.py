"""Run: calls the compiled passes of a layer for chunks of one shape, with buffers, threads and packed weights.

Streams and members are independent, so that long calls are divided among as many threads as torch may use.
"""

import functools
import itertools
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tsforecast.kernels.recurrent import cells as recurrent
from tsforecast.kernels.recurrent.steps import from_panel, gather, to_panel
from tsforecast.models.neural.networks.stock.cells import SIZES, CellName
from tsforecast.models.neural.networks.stock.weight_layout import panels_of, wide

_KERNELS: dict[CellName, tuple[Callable[..., None], Callable[..., None]]] = {
    "rnn": (recurrent.rnn_forward, recurrent.rnn_backward),
    "lstm": (recurrent.lstm_forward, recurrent.lstm_backward),
    "gru": (recurrent.gru_forward, recurrent.gru_backward),
}
_MOST_ROWS = 32  # streams that a kernel computes together: a step of more does not stay in the cache
_WORTH_A_THREAD = 5_000_000  # multiplications in a chunk for each thread: with fewer, a thread costs more than it saves


class Weights(NamedTuple):
    """Weights of one layer of all members, in the letters of `cells`."""

    projection: Tensor  # W transposed, (n_members, input_size, n_gates * hidden_size)
    projection_bias: Tensor  # b, (n_members, 1, n_gates * hidden_size)
    recurrent: Tensor  # U transposed, (n_members, hidden_size, n_gates * hidden_size)
    candidate_bias: Tensor  # d of the gru, (n_members, 1, hidden_size); other cells do not use it


class Layer(NamedTuple):
    """Cell and sizes of a layer."""

    cell: CellName
    n_inputs: int
    size: int  # hidden_size


class Shape(NamedTuple):
    """Shape of a chunk: steps and streams, and whether each member has its own inputs and resets."""

    n_steps: int
    n_streams: int
    x_apart: bool
    reset_apart: bool


def shape_of(x: Tensor, reset: Tensor) -> Shape:
    """The shape of inputs ``(n_members or 1, n_steps, n_streams, n_inputs)`` and of their resets."""
    return Shape(x.shape[1], x.shape[2], len(x) > 1, len(reset) > 1)


def joined(weights: Weights, cell: CellName) -> Tensor:
    """W, U and the biases of each member in one row: ``(n_members, n_weights)``."""
    projection, bias, recurrent, candidate = weights
    parts = (projection, recurrent, bias, candidate)[: 4 if cell == "gru" else 3]
    return torch.cat([part.reshape(len(part), -1) for part in parts], dim=1)


def split(layer: Layer, weights: Tensor) -> list[Tensor]:
    """W, U, b and, for a gru, d: the inverse of `joined`."""
    cell, n_inputs, size = layer
    width = SIZES[cell].n_gates * size
    rows = [n_inputs * width, size * width, width] + [size] * (cell == "gru")
    parts = weights.split_with_sizes(rows, dim=1)
    return [part.reshape(len(part), -1, size if k == 3 else width) for k, part in enumerate(parts)]


class Workspace:
    """Buffers by name, as tensors and flat arrays, allocated at the first use and then reused.

    Their contents are those of the last use. Allocating costs more than computing, so buffers are reused.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[Tensor, Tensor, Any]] = {}

    def take(self, name: str, like: Tensor, *shape: int) -> tuple[Tensor, Any]:
        """A tensor of this shape with the dtype of ``like``, and the same as a flat array."""
        held, tensor, numbers = self._held.get(name, (None, None, None))
        if tensor is None or tensor.shape != shape or tensor.dtype != like.dtype:
            size = math.prod(shape)
            if held is None or len(held) < size or held.dtype != like.dtype:
                held = like.new_empty(size)
            tensor = held[:size].view(shape)
            numbers = flat(tensor)
            self._held[name] = (held, tensor, numbers)
        return tensor, numbers


class Run:
    """The compiled passes of a layer over chunks of one shape. Arrays are flat, in the order of `kernels.recurrent`.

    Parameters
    ----------
    layer : Layer
    shape : Shape
    weights : Tensor, shape (n_members, n)
        Weights in the order of `joined`; those of the layer start at column ``begin``.
    wants_slopes, wants_x : bool
        Whether to keep what `backward` needs, and whether to compute the gradient of the inputs.
    workspace : Workspace, optional
        Buffers for the results; other runs that share it overwrite them.

    Attributes
    ----------
    hs, dx : Tensor
        Outputs, and the gradient of the inputs: see `tsforecast.kernels.recurrent.cells`.
    states : Tensor, shape (n_steps, n_parts, n_members, n_streams, n_units)
        The state before each step, zero where it is reset.
    """

    def __init__(
        self,
        layer: Layer,
        shape: Shape,
        weights: Tensor,
        *,
        begin: int = 0,
        wants_slopes: bool = True,
        wants_x: bool = False,
        workspace: Workspace | None = None,
    ) -> None:
        self.layer, self.shape, self.weights, self._begin = layer, shape, weights, begin
        (cell, n_inputs, size), (n_steps, n_streams, *_), n_members = layer, shape, len(weights)
        self.n_units, take = wide(size, weights.itemsize), (workspace or Workspace()).take
        self._spans, n_held = _spans(n_members, n_steps, n_streams, layer), n_steps if wants_slopes else 1
        n_rows, n_each = self._spans[0][0], n_steps * n_streams
        x_step, reset_step = n_each * n_inputs * shape.x_apart, n_each * shape.reset_apart
        self._sizes = (n_members, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step)
        self.panels, self._weights, like = panels_of(*layer, weights.itemsize), flat(weights), weights
        _, self._panel = take("panel", like, n_members, self.panels.n_numbers)
        self.hs, self._hs = take("hs", like, n_members, n_steps, n_streams, self.n_units)
        n_columns, n_parts = wide(1 + n_inputs, weights.itemsize), SIZES[cell].n_parts
        trace, self._trace = take("trace", like, n_members, n_held, n_streams, n_columns + n_parts * self.n_units)
        states = trace[..., n_columns:].view(n_members, n_held, n_streams, n_parts, self.n_units)
        self.states = states.permute(1, 3, 0, 2, 4)
        n_groups, n_work = -(-n_streams // n_rows), n_rows * recurrent.N_BLOCKS[cell] * self.n_units
        self._gates = take("gates", like, n_members, n_groups, n_held, n_work)[1] if cell != "rnn" else self._hs
        if wants_slopes:
            n_columns, n_back = wide(n_inputs, weights.itemsize), self.panels.to_inputs.size if wants_x else 0
            _, self._totals = take("totals", like, len(self._spans), n_members, self.panels.n_numbers)
            _, to_state = take("to_state", like, n_members, self.panels.to_state.size)
            _, to_inputs = take("to_inputs", like, n_members, n_back)
            self.dx, self._dx = take("dx", like, n_members, n_steps if wants_x else 0, n_streams, n_columns)
            self._backs = (to_state, to_inputs)

    def forward(self, x: Any, reset: Any, state: Any) -> Tensor:
        """Outputs of every step; ``state`` is replaced by the state after the last step."""
        n_members, n_weights = self.weights.shape
        self._reset = reset
        to_panel(n_members, self._weights, self._begin, n_weights, self.panels.runs, self._panel)
        arrays = (x, self._gates, self._panel, state, reset, self._trace, self._hs)
        _compute(_KERNELS[self.layer.cell][0], [(*arrays, (self._sizes, span)) for span in self._spans])
        return self.hs

    def backward(self, dhs: Any, dstate: Any, dweights: Any) -> None:
        """Compute the gradients; ``dstate``, of the last state, is replaced by that of the first.

        The gradient of the weights is written to ``dweights``, in the order of the weights.
        """
        n_members, n_weights = self.weights.shape
        reset, panels, dx = self._reset, self.panels, self._dx
        self._totals[:], dx[:] = 0, 0
        for back, places in zip(self._backs, (panels.to_state, panels.to_inputs), strict=True):
            if back.size:
                gather(n_members, self._weights, self._begin, n_weights, places, back)
        arrays = (self._gates, self._backs, reset, self._trace, (dhs, dstate))
        parts = self._totals.reshape(len(self._spans), -1)
        calls = [(*arrays, (part, dx), (self._sizes, span)) for part, span in zip(parts, self._spans, strict=True)]
        _compute(_KERNELS[self.layer.cell][1], calls)
        total = parts.sum(axis=0) if len(parts) > 1 else parts[0]
        from_panel(n_members, total, panels.runs, dweights, self._begin, n_weights)


def widened(tensor: Tensor, n_units: int) -> Tensor:
    """The tensor with its last axis padded with zeros to ``n_units``."""
    missing = n_units - tensor.shape[-1]
    return torch.nn.functional.pad(tensor, (0, missing)) if missing else tensor


def flat(tensor: Tensor) -> Any:
    """A contiguous tensor as a flat array that shares its memory."""
    return tensor.detach().view(-1).numpy()


def _spans(n_members: int, n_steps: int, n_streams: int, layer: Layer) -> list[recurrent.Span]:
    """The streams of each thread: rows of a group of streams, first and last group."""
    cell, n_inputs, size = layer
    work = n_members * n_steps * n_streams * (n_inputs + size) * SIZES[cell].n_gates * size
    n_threads = max(1, min(torch.get_num_threads(), work // _WORTH_A_THREAD))
    shares = -(-n_threads // n_members)  # of the streams of a member
    groups = max(shares, -(-n_streams // _MOST_ROWS))  # of a member, near equal ...
    n_rows = min(-(-n_streams // (4 * groups)) * 4, n_streams)  # ... in whole fours, which a product takes at once
    n_units = n_members * -(-n_streams // n_rows)
    n_threads = min(n_threads, n_units)
    marks = [n_units * k // n_threads for k in range(n_threads + 1)]
    return [(n_rows, begin, end) for begin, end in itertools.pairwise(marks)]


def _compute(kernel: Callable[..., None], calls: list[tuple[Any, ...]]) -> None:
    """Call a kernel with each of these arguments: the first in this thread, the others in threads of their own."""
    others = [_threads().submit(kernel, *call) for call in calls[1:]]
    kernel(*calls[0])
    for other in others:
        other.result()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="tsforecast-rnn")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not survive a fork
