"""The recurrences of `cells` as one autograd function a chunk: compiled forward and backward passes on the processor.

The input projection, the recurrence with its gates, and the gradients of the weights are computed step by step, while
all that belongs to a step lies in the processor's cache. `cells.run` is the definition, the oracle, and the fallback
for a dtype other than float32 and float64; on a GPU torch's layers are faster (see `pieces`).

Streams and members are independent, so that calls long enough are shared between as many threads as torch may use.
Results are the same to the bit each time, for a given number of threads.
"""

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tsforecast.kernels import recurrent
from tsforecast.kernels.steps import THIN, width_of
from tsforecast.models.rnn import cells
from tsforecast.models.rnn.cells import CellName
from tsforecast.models.rnn.pieces import run_pieces

_KERNELS: dict[CellName, tuple[Callable[..., None], Callable[..., None]]] = {
    "rnn": (recurrent.rnn_forward, recurrent.rnn_backward),
    "lstm": (recurrent.lstm_forward, recurrent.lstm_backward),
    "gru": (recurrent.gru_forward, recurrent.gru_backward),
}
_SMALL = 1_000_000  # multiplications in the largest product that OpenBLAS computes without packing, on one thread
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


def run_layer(cell: CellName, x: Tensor, weights: Weights, state: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
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
        size, n_members = weight.shape[1], weight.shape[0]
        bias = torch.cat([projection_bias, candidate_bias], dim=2) if cell == "gru" else projection_bias
        x, projection, weight, bias, keep = (
            tensor.contiguous() for tensor in (x, projection, weight, bias[:, 0], keep.to(x.dtype))
        )
        shape = (n_members, *x.shape[1:3], size)
        spans = _spans(shape, _row(projection, weight))
        hs, trace = x.new_empty(shape), x.new_empty(len(state), *shape)
        n_pieces, n_blocks = -(-shape[2] // spans[0][0]), bias.shape[1] // size
        width = width_of(spans[0][0], size, n_blocks)
        gates = hs if cell == "rnn" else x.new_empty(n_members, n_pieces, shape[1], width)
        after = state.clone(memory_format=torch.contiguous_format)
        every = [_array(tensor) for tensor in (after, keep, trace, hs)]
        weights = (_array(projection), _array(weight), _array(bias))
        _compute(_KERNELS[cell][0], [(_array(x), _array(gates), weights, *every, span) for span in spans])
        ctx.cell, ctx.spans = cell, spans
        ctx.save_for_backward(gates, projection, weight, bias, keep, trace, x)
        return hs, after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhs: Tensor, dafter: Tensor) -> Any:
        gates, projection, weight, bias, keep, trace, x = ctx.saved_tensors
        shape = trace.shape[1:]
        dweights = [tensor.new_zeros(len(ctx.spans), *tensor.shape) for tensor in (projection, weight, bias)]
        dx = x.new_empty(shape[0], shape[1] if ctx.needs_input_grad[1] else 0, *x.shape[2:])
        dstate = dafter.clone(memory_format=torch.contiguous_format)
        weights = (_array(projection), _array(weight), _array(bias))
        every = [_array(tensor) for tensor in (keep, trace, x, dhs.contiguous(), dstate)]
        calls = [
            (_array(gates), weights, *every, (*(_array(total[k]) for total in dweights), _array(dx)), span)
            for k, span in enumerate(ctx.spans)
        ]
        _compute(_KERNELS[ctx.cell][1], calls)
        dprojection, dweight, dbias = (total.sum(dim=0) if len(total) > 1 else total[0] for total in dweights)
        if not ctx.needs_input_grad[1]:
            dx = None
        elif len(x) < len(dx):
            dx = dx.sum(dim=0, keepdim=True)
        width = weight.shape[2]
        dcandidate = dbias[:, None, width:] if ctx.cell == "gru" else None
        return None, dx, dprojection, dbias[:, None, :width], dweight, dcandidate, dstate, None


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy()


def _row(projection: Tensor, weight: Tensor) -> int:
    """Multiplications in one row of the largest product of a step."""
    return max(projection.shape[1], weight.shape[1]) * weight.shape[2]


def _spans(shape: Any, n_row: int) -> list[recurrent.Span]:
    """Blocks of streams, shared between threads where that is worth it: what each thread computes."""
    n_members, n_steps, n_streams, _ = shape
    work = n_members * n_steps * n_streams * n_row
    n_threads = max(1, min(torch.get_num_threads(), work // _WORTH_A_THREAD))
    shares = -(-n_threads // n_members)  # of the streams of a member
    pieces = max(shares, -(-n_streams // max(_SMALL // n_row // 4 * 4, THIN)))  # of a member, near equal ...
    n_rows = max(-(-n_streams // (4 * pieces)) * 4, THIN)  # ... in whole fours, which a product takes at once
    n_rows = n_streams if n_streams < THIN else n_rows
    n_blocks = n_members * -(-n_streams // n_rows)
    n_threads = min(n_threads, n_blocks)
    marks = [n_blocks * k // n_threads for k in range(n_threads + 1)]
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
