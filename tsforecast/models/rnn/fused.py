"""The recurrences of `cells` as one autograd function a chunk: compiled forward and backward passes on the processor.

The input projection, the recurrence with its gates, and the gradients of the weights are computed step by step, while
all that belongs to a step lies in the processor's cache. `cells.run` is the definition, the oracle, and the fallback
for a dtype other than float32 and float64; on a GPU torch's layers are faster (see `pieces`).

Streams and members are independent, so that calls long enough are shared between as many threads as torch may use.
Results are the same to the bit each time, for a given number of threads.
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
from torch.autograd.function import once_differentiable

from tsforecast._types import Ints
from tsforecast.kernels import recurrent
from tsforecast.kernels._vectors import N_BYTES
from tsforecast.kernels.steps import from_panel, gather, to_panel
from tsforecast.models.rnn import cells
from tsforecast.models.rnn.cells import SIZES, CellName
from tsforecast.models.rnn.panels import panels_of, wide
from tsforecast.models.rnn.pieces import run_pieces

_KERNELS: dict[CellName, tuple[Callable[..., None], Callable[..., None]]] = {
    "rnn": (recurrent.rnn_forward, recurrent.rnn_backward),
    "lstm": (recurrent.lstm_forward, recurrent.lstm_backward),
    "gru": (recurrent.gru_forward, recurrent.gru_backward),
}
_MOST_ROWS = 32  # streams of a piece: a step of more does not stay in the cache
_WORTH_A_THREAD = 5_000_000  # multiplications in a chunk for each thread, below which a thread costs more than it saves


class Weights(NamedTuple):
    """Weights of one layer of all members, in the letters of `cells`."""

    projection: Tensor  # W transposed, (n_members, input_size, n_gates * hidden_size)
    projection_bias: Tensor  # b, (n_members, 1, n_gates * hidden_size)
    recurrent: Tensor  # U transposed, (n_members, hidden_size, n_gates * hidden_size)
    candidate_bias: Tensor  # d of the gru, (n_members, 1, hidden_size); other cells do not use it


def supports(projected: Tensor) -> bool:
    """Whether the compiled passes can take these gates."""
    return projected.device.type == "cpu" and projected.dtype in (torch.float32, torch.float64)


def has_fast_layers(x: Tensor) -> bool:
    """Whether torch's own layers are fast where these inputs are: with cuDNN and its kin."""
    return x.device.type == "cuda"


def run_layer(
    cell: CellName, x: Tensor, weights: Weights, state: Tensor, keep: Tensor, room: "Room | None" = None
) -> tuple[Tensor, Tensor]:
    """Outputs of every step and the state after the last: what `cells.run` gives after the input projection.

    The gates are written once, and read where they still are in the cache. Where a state is reset, it counts as zero
    even if it is nan or infinite. Gradients cannot be differentiated again. What the compiled passes cannot take is
    computed by `pieces.run_pieces` on a GPU and by `cells.run` elsewhere.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    x : Tensor, shape (n_members or 1, n_steps, n_streams, input_size)
        A first axis of 1 gives every member the same.
    weights : Weights
    state, keep : Tensor
        As in `cells.run`.
    room : Room, optional
        Where no gradient is wanted, room for the results: they hold until it is given to another call.

    Examples
    --------
    >>> weights = Weights(torch.zeros(1, 3, 8), torch.zeros(1, 1, 8), torch.zeros(1, 2, 8), torch.zeros(1, 1, 2))
    >>> hs, state = run_layer("lstm", torch.zeros(1, 5, 4, 3), weights, torch.ones(2, 1, 4, 2), torch.ones(5, 4, 1))
    >>> tuple(hs.shape), state[1, 0, 0].tolist()
    ((1, 5, 4, 2), [0.03125, 0.03125])
    """
    keep = keep[None] if keep.dim() == 3 else keep
    if not supports(x) and has_fast_layers(x):
        return run_pieces(cell, x, weights, state, keep[..., 0])
    if not supports(x):
        projected = x @ weights.projection[:, None] + weights.projection_bias[:, None]
        return cells.run(cell, projected, weights.recurrent, weights.candidate_bias, state, keep)
    if room is not None and not torch.is_grad_enabled():
        layer, masks = Layer(cell, x.shape[3], weights.recurrent.shape[1]), keep[..., 0].to(x.dtype).contiguous()
        run = Run(layer, x.contiguous(), masks, joined(weights, cell), wants_slopes=False, room=room)
        return tuple(part[..., : layer.size] for part in run.forward(state))  # type: ignore[return-value]
    hs, after = _Layer.apply(cell, x, *weights, state, keep[..., 0])  # type: ignore[no-untyped-call]
    return hs, after


class _Layer(torch.autograd.Function):
    """All steps of one layer, from its inputs."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: CellName,
        x: Tensor,
        projection: Tensor,
        projection_bias: Tensor,
        weight: Tensor,
        candidate_bias: Tensor,
        state: Tensor,
        keep: Tensor,
    ) -> tuple[Tensor, Tensor]:
        layer = Layer(cell, x.shape[3], weight.shape[1])
        weights = joined(Weights(projection, projection_bias, weight, candidate_bias), cell)
        x, keep = x.contiguous(), keep.to(x.dtype).contiguous()
        ctx.run = run = Run(layer, x, keep, weights, wants_slopes=any(ctx.needs_input_grad))
        hs, after = run.forward(state)
        return hs[..., : layer.size], after[..., : layer.size]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhs: Tensor, dafter: Tensor) -> Any:
        run: Run = ctx.run
        dweights = torch.empty_like(run.weights)
        dx, dstate = run.backward(dhs, dafter, dweights, wants_x=ctx.needs_input_grad[1])
        if dx is not None and len(run.x) < len(dx):
            dx = dx.sum(dim=0, keepdim=True)
        dprojection, dweight, dbias, *rest = split(run.layer, dweights)
        return None, dx, dprojection, dbias, dweight, rest[0] if rest else None, dstate[..., : run.layer.size], None


class Layer(NamedTuple):
    """What is known of a layer before it is run."""

    cell: CellName
    n_inputs: int
    size: int  # hidden_size


def joined(weights: Weights, cell: CellName) -> Tensor:
    """W, U and the biases of each member one after the other: ``(n_members, n_weights)``."""
    projection, bias, recurrent, candidate = weights
    parts = (projection, recurrent, bias, candidate)[: 4 if cell == "gru" else 3]
    return torch.cat([part.reshape(len(part), -1) for part in parts], dim=1)


def split(layer: Layer, weights: Tensor) -> list[Tensor]:
    """W, U, b and, of a gru, d, out of `joined`."""
    cell, n_inputs, size = layer
    width = SIZES[cell].n_gates * size
    rows = [n_inputs * width, size * width, width] + [size] * (cell == "gru")
    parts = weights.split_with_sizes(rows, dim=1)
    return [part.reshape(len(part), -1, size if k == 3 else width) for k, part in enumerate(parts)]


class Room:
    """Tensors by name, and their numbers as flat arrays: made when first asked for, then used again.

    What is found in them is left from before. To be given anew by the system costs memory more time than arithmetic.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[Tensor, Tensor, Any]] = {}

    def take(self, name: str, like: Tensor, *shape: int) -> tuple[Tensor, Any]:
        """A tensor of this shape and the dtype of ``like``, and its array."""
        room, tensor, numbers = self._held.get(name, (None, None, None))
        if tensor is None or tensor.shape != shape or tensor.dtype != like.dtype:
            size = math.prod(shape)
            if room is None or len(room) < size or room.dtype != like.dtype:
                room = like.new_empty(size)
            tensor = room[:size].view(shape)
            numbers = flat(tensor)
            self._held[name] = (room, tensor, numbers)
        return tensor, numbers


class Run:
    """The compiled passes over a chunk.

    Parameters
    ----------
    layer : Layer
    x : Tensor, shape (n_members or 1, n_steps, n_streams, n_inputs)
        Contiguous, as is ``keep``.
    keep : Tensor, shape (n_members or 1, n_steps, n_streams)
    weights : Tensor, shape (n_members, n)
        Those of the layer, see `joined`, from the column ``begin`` on.
    wants_slopes : bool
        Whether what `backward` needs is kept.
    room : Room, optional
        Where results are written: over those of the last run that had it.
    """

    def __init__(
        self,
        layer: Layer,
        x: Tensor,
        keep: Tensor,
        weights: Tensor,
        *,
        begin: int = 0,
        wants_slopes: bool = True,
        room: Room | None = None,
    ) -> None:
        self.layer, self.x, self.weights, self.room, self._begin = layer, x, weights, room or Room(), begin
        n_members, (n_steps, n_streams, n_inputs) = len(weights), x.shape[1:]
        n_held, x_step, keep_step = n_steps if wants_slopes else 1, _between(x), _between(keep)
        self.n_units, self.spans = wide(layer.size, x.itemsize), _spans(n_members, n_steps, n_streams, layer)
        self.sizes = (n_members, n_steps, n_streams, n_inputs, layer.size, n_held, x_step, keep_step)
        self._panels = panels_of(*layer, x.itemsize)
        self.n_weights = self._panels.n_weights
        self._x, self._keep, self._weights = flat(x), flat(keep), flat(weights)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and the state after the last step, both in whole vectors: see `tsforecast.kernels.steps`."""
        n_members, n_steps, n_streams, _, _, n_held, *_ = self.sizes
        take, x, n_units, n_rows, cell = self.room.take, self.x, self.n_units, self.spans[0][0], self.layer.cell
        hs, self._hs = take("hs", x, n_members, n_steps, n_streams, n_units)
        _, self._trace = take("trace", x, len(state), n_members, n_held, n_streams, n_units)
        self._gates = self._hs
        if cell != "rnn":
            n_pieces, n_work = -(-n_streams // n_rows), n_rows * recurrent.N_BLOCKS[cell] * n_units
            _, self._gates = take("gates", x, n_members, n_pieces, n_held, n_work)
        after, own = take("state", x, len(state), n_members, n_streams, n_units)
        after.copy_(widened(state.detach(), n_units))
        _, panel = take("panel", x, n_members, self._panels.runs.size // 2 * N_BYTES // x.itemsize)
        to_panel(n_members, self._weights, self._begin, self.weights.shape[1], self._panels.runs, panel)
        arrays = (self._x, self._gates, panel, own, self._keep, self._trace, self._hs)
        _compute(_KERNELS[cell][0], [(*arrays, (self.sizes, span)) for span in self.spans])
        return hs, after

    def backward(
        self, dhs: Tensor, dafter: Tensor | None, dweights: Tensor, *, wants_x: bool
    ) -> tuple[Tensor | None, Tensor]:
        """Gradients of the inputs, where they are wanted, and of the state, that in whole vectors.

        ``dafter`` is that of the state after the last step, zero where it is None; those of the weights are written
        where these lie in theirs.
        """
        n_members, n_steps, n_streams, n_inputs, *_ = self.sizes
        take, x, n_units, panels = self.room.take, self.x, self.n_units, self._panels
        dpanel, totals = take("dpanel", x, len(self.spans), n_members, panels.runs.size // 2 * N_BYTES // x.itemsize)
        dx, to_x = take("dx", x, n_members, n_steps if wants_x else 0, n_streams, wide(n_inputs, x.itemsize))
        dstate, own = take("dstate", x, self._trace.size // self._hs.size, n_members, n_streams, n_units)
        totals[:], to_x[:] = 0, 0
        dstate.zero_() if dafter is None else dstate.copy_(widened(dafter, n_units))
        backs = (self._gathered("to_state", panels.to_state), to_x)
        if wants_x:
            backs = (backs[0], self._gathered("to_inputs", panels.to_inputs))
        slopes = (flat(widened(dhs, n_units).contiguous()), own)
        arrays = (self._gates, backs, self._keep, self._trace, self._x, slopes)
        parts = totals.reshape(len(self.spans), -1)
        calls = [(*arrays, (part, to_x), (self.sizes, span)) for part, span in zip(parts, self.spans, strict=True)]
        _compute(_KERNELS[self.layer.cell][1], calls)
        total = flat(dpanel.sum(dim=0)) if len(parts) > 1 else totals
        from_panel(n_members, total, panels.runs, flat(dweights), self._begin, dweights.shape[1])
        return dx[..., :n_inputs] if wants_x else None, dstate

    def _gathered(self, name: str, index: Ints) -> Any:
        """The weights in one of the orders of `Panels`."""
        n_members, n_weights = self.weights.shape
        _, own = self.room.take(name, self.x, n_members, index.size)
        gather(n_members, self._weights, self._begin, n_weights, index, own)
        return own


def _between(tensor: Tensor) -> int:
    """Numbers from one member to the next, 0 where there is but one for all."""
    return tensor[0].numel() if len(tensor) > 1 else 0


def widened(tensor: Tensor, n_units: int) -> Tensor:
    """The tensor, filled up with zeros at its last axis."""
    missing = n_units - tensor.shape[-1]
    return torch.nn.functional.pad(tensor, (0, missing)) if missing else tensor


def flat(tensor: Tensor) -> Any:
    """The numbers of a contiguous tensor, flat, as an array."""
    return tensor.detach().view(-1).numpy()


def _spans(n_members: int, n_steps: int, n_streams: int, layer: Layer) -> list[recurrent.Span]:
    """Pieces of streams, shared between threads where that is worth it: what each thread computes."""
    cell, n_inputs, size = layer
    work = n_members * n_steps * n_streams * (n_inputs + size) * SIZES[cell].n_gates * size
    n_threads = max(1, min(torch.get_num_threads(), work // _WORTH_A_THREAD))
    shares = -(-n_threads // n_members)  # of the streams of a member
    pieces = max(shares, -(-n_streams // _MOST_ROWS))  # of a member, near equal ...
    n_rows = min(-(-n_streams // (4 * pieces)) * 4, n_streams)  # ... in whole fours, which a product takes at once
    n_units = n_members * -(-n_streams // n_rows)
    n_threads = min(n_threads, n_units)
    marks = [n_units * k // n_threads for k in range(n_threads + 1)]
    return [(n_rows, begin, end) for begin, end in itertools.pairwise(marks)]


def _compute(kernel: Callable[..., None], calls: list[tuple[Any, ...]]) -> None:
    """Call a kernel with each of these arguments: the first here, the others in threads of their own."""
    others = [_threads().submit(kernel, *call) for call in calls[1:]]
    kernel(*calls[0])
    for other in others:
        other.result()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="tsforecast-rnn")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not survive a fork
