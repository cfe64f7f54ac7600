"""The recurrences of `cells` as one autograd function a chunk: compiled forward and backward passes on the processor.

The input projection and the recurrence with its gates are one compiled call; gradients of weights are one product for
all steps, made after. `cells.run` is the definition, the fallback (a GPU, a dtype other than float32 and float64) and
the oracle.

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
from tsforecast.models.rnn import cells
from tsforecast.models.rnn.cells import SIZES, CellName

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


def run_layer(cell: CellName, x: Tensor, weights: Weights, state: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs of every step and the state after the last: what `cells.run` gives after the input projection.

    The gates are written once, and read where they still are in the cache. Where a state is reset, it counts as zero
    even if it is nan or infinite. Gradients cannot be differentiated again. What the compiled passes cannot take is
    computed by `cells.run`.

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
        bias: Tensor,
        state: Tensor,
        keep: Tensor,
    ) -> tuple[Tensor, Tensor]:
        inputs = torch.cat([x, x.new_ones(*x.shape[:3], 1)], dim=3)
        gates = x.new_empty(weight.shape[0], *x.shape[1:3], weight.shape[2])
        with_bias = torch.cat(
            [projection, projection_bias], dim=1
        )  # (n_members, input_size + 1, n_gates * hidden_size)
        hs, after, trace = _forward(cell, inputs, gates, (weight, bias, with_bias), state, keep)
        ctx.cell = cell
        ctx.save_for_backward(inputs, projection, gates, weight, keep, trace)
        return hs, after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhs: Tensor, dafter: Tensor) -> Any:
        inputs, projection, gates, weight, keep, trace = ctx.saved_tensors
        dgates, dstate = _backward(ctx.cell, gates, weight, keep, trace, dhs, dafter)
        dweight, dbias = _recurrent_gradients(ctx.cell, trace[0], dgates)
        slopes = dgates.flatten(1, 2)[..., : weight.shape[2]]  # (n_members, n_steps * n_streams, n_gates * hidden_size)
        dwith_bias = _product(inputs.flatten(1, 2).transpose(1, 2).expand(len(slopes), -1, -1), slopes)
        dx = None
        if ctx.needs_input_grad[1]:
            dx = _product(slopes, projection.transpose(1, 2)).view(*gates.shape[:3], -1)
            dx = dx.sum(dim=0, keepdim=True) if len(inputs) < len(dx) else dx
        return None, dx, dwith_bias[:, :-1], dwith_bias[:, -1:], dweight, dbias, dstate, None


def _forward(
    cell: CellName, inputs: Tensor, gates: Tensor, weights: tuple[Tensor, ...], state: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs, last state and the trace; ``gates`` is filled."""
    shape = (*gates.shape[:3], weights[0].shape[1])
    trace = gates.new_empty(1 if cell == "rnn" else 2, *shape)
    hs = gates if cell == "rnn" else gates.new_empty(shape)
    after = state.clone(memory_format=torch.contiguous_format)
    arrays = [_array(tensor) for tensor in (after, keep.to(gates.dtype), trace, hs)]
    every = (_array(inputs), _array(gates), tuple(_array(weight) for weight in weights), *arrays)
    _compute(_KERNELS[cell][0], every, shape, max(shape[3], weights[2].shape[1]) * gates.shape[3])
    return hs, after, trace


def _backward(
    cell: CellName, gates: Tensor, weight: Tensor, keep: Tensor, trace: Tensor, dhs: Tensor, dafter: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of the gates (and of a fourth one of the gru: see the kernel) and of the first state."""
    shape = trace.shape[1:]
    n_gates = 4 if cell == "gru" else SIZES[cell].n_gates
    dstate = dafter.clone(memory_format=torch.contiguous_format)
    dgates = gates.new_empty(*shape[:3], n_gates * shape[3])
    tensors = (gates, weight, keep.to(gates.dtype), trace, dhs, dstate, dgates)
    _compute(_KERNELS[cell][1], tuple(_array(tensor) for tensor in tensors), shape, shape[3] * gates.shape[3])
    return dgates, dstate


def _recurrent_gradients(cell: CellName, before: Tensor, dgates: Tensor) -> tuple[Tensor, Tensor | None]:
    """Gradients of U and of d: one product for all steps, from the state before each of them."""
    size = before.shape[3]
    rows = before.flatten(1, 2).transpose(1, 2)  # (n_members, hidden_size, n_steps * n_streams)
    slopes = dgates.flatten(1, 2)
    if cell != "gru":
        return _product(rows, slopes), None
    both, candidate = slopes[..., : 2 * size], slopes[..., 3 * size :]
    dweight = torch.cat([_product(rows, both), _product(rows, candidate)], dim=2)
    return dweight, candidate.sum(dim=1, keepdim=True)


def _product(a: Tensor, b: Tensor) -> Tensor:
    with torch.autocast("cpu", enabled=False):  # a backward pass under autocast keeps its precision
        return torch.bmm(a, b)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


def _compute(kernel: Callable[..., None], arrays: tuple[Any, ...], shape: Any, n_row: int) -> None:
    """Call a kernel for blocks of streams, shared between threads where that is worth it.

    ``n_row`` counts the multiplications in one row of the largest product of a step.
    """
    n_members, n_steps, n_streams, _ = shape
    work = n_members * n_steps * n_streams * n_row
    n_threads = max(1, min(torch.get_num_threads(), work // _WORTH_A_THREAD))
    shares = -(-n_threads // n_members)  # of the streams of a member
    pieces = max(shares, -(-n_streams // max(_SMALL // n_row // 4 * 4, 4)))  # blocks of a member, near equal ...
    n_rows = -(-n_streams // (4 * pieces)) * 4  # ... and in whole fours, which a product takes at once
    n_blocks = n_members * -(-n_streams // n_rows)
    n_threads = min(n_threads, n_blocks)
    marks = [n_blocks * k // n_threads for k in range(n_threads + 1)]
    spans = [(n_rows, begin, end) for begin, end in itertools.pairwise(marks)]
    others = [_threads().submit(kernel, *arrays, span) for span in spans[1:]]
    kernel(*arrays, spans[0])
    for other in others:
        other.result()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="tsforecast-rnn")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not survive a fork
