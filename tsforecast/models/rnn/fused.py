"""The recurrences of `cells` as one autograd function a chunk: compiled forward and backward passes on the processor.

The input projection is one product for all steps, made before; the recurrence with its gates is one compiled call; the
gradient of the recurrent weights is one product for all steps, made after. `cells.run` is the definition, the fallback
(a GPU, a dtype other than float32 and float64) and the oracle.

Streams and members are independent, so that calls long enough are shared between as many threads as torch may use.
Results are the same to the bit each time, for a given number of threads.
"""

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tsforecast.kernels import recurrent
from tsforecast.models.rnn.cells import SIZES, CellName

_KERNELS: dict[CellName, tuple[Callable[..., None], Callable[..., None]]] = {
    "rnn": (recurrent.rnn_forward, recurrent.rnn_backward),
    "lstm": (recurrent.lstm_forward, recurrent.lstm_backward),
    "gru": (recurrent.gru_forward, recurrent.gru_backward),
}
_SMALL = 1_000_000  # multiplications in the largest product that OpenBLAS computes without packing, on one thread
_WORTH_A_THREAD = 5_000_000  # multiplications in a chunk for each thread, below which a thread costs more than it saves


def supports(projected: Tensor) -> bool:
    """Whether the compiled passes can take these gates."""
    return projected.device.type == "cpu" and projected.dtype in (torch.float32, torch.float64)


def run(
    cell: CellName, projected: Tensor, weight: Tensor, bias: Tensor, state: Tensor, keep: Tensor
) -> tuple[Tensor, Tensor]:
    """Outputs of every step and the state after the last: what `cells.run` gives, from the same arguments.

    Where a state is reset, it counts as zero even if it is nan or infinite. Gradients cannot be differentiated again.

    Examples
    --------
    >>> gates, weight, bias = torch.zeros(1, 5, 2, 12), torch.zeros(1, 4, 12), torch.zeros(1, 1, 4)
    >>> hs, state = run("gru", gates, weight, bias, torch.ones(1, 1, 2, 4), torch.ones(5, 2, 1))
    >>> tuple(hs.shape), hs[0, :, 0, 0].tolist()
    ((1, 5, 2, 4), [0.5, 0.25, 0.125, 0.0625, 0.03125])
    """
    keep = keep[None] if keep.dim() == 3 else keep
    hs, after = _Chunk.apply(  # type: ignore[no-untyped-call]  # torch leaves it so
        cell, projected, weight, bias, state, keep[..., 0]
    )
    return hs, after


class _Chunk(torch.autograd.Function):
    """All steps of one layer; shapes are those of `cells.run`."""

    @staticmethod
    def forward(
        ctx: Any, cell: CellName, projected: Tensor, weight: Tensor, bias: Tensor, state: Tensor, keep: Tensor
    ) -> tuple[Tensor, Tensor]:
        gates = projected.clone(memory_format=torch.contiguous_format)
        after = state.clone(memory_format=torch.contiguous_format)
        shape = (*gates.shape[:3], weight.shape[1])
        trace = gates.new_empty(1 if cell == "rnn" else 2, *shape)
        hs = gates if cell == "rnn" else gates.new_empty(shape)
        weights = (_array(weight), _array(bias))
        arrays = (_array(gates), weights, _array(after), _array(keep.to(gates.dtype)), _array(trace), _array(hs))
        _compute(_KERNELS[cell][0], arrays, shape, weight.shape[2])
        ctx.cell = cell
        ctx.save_for_backward(gates, weight, keep, trace)
        return hs, after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhs: Tensor, dafter: Tensor) -> Any:
        gates, weight, keep, trace = ctx.saved_tensors
        shape, size = trace.shape[1:], weight.shape[1]
        n_gates = 4 if ctx.cell == "gru" else SIZES[ctx.cell].n_gates
        dstate = dafter.clone(memory_format=torch.contiguous_format)
        dgates = gates.new_empty(*shape[:3], n_gates * size)
        tensors = (gates, weight, keep.to(gates.dtype), trace, dhs, dstate, dgates)
        _compute(_KERNELS[ctx.cell][1], tuple(_array(tensor) for tensor in tensors), shape, weight.shape[2])
        before = trace[0].flatten(1, 2).transpose(1, 2)  # (n_members, hidden_size, n_steps * n_streams)
        if ctx.cell != "gru":
            return None, dgates, torch.bmm(before, dgates.flatten(1, 2)), None, dstate, None
        both, candidate = dgates[..., : 2 * size].flatten(1, 2), dgates[..., 3 * size :].flatten(1, 2)
        dweight = torch.cat([torch.bmm(before, both), torch.bmm(before, candidate)], dim=2)
        return None, dgates[..., : 3 * size], dweight, candidate.sum(dim=1, keepdim=True), dstate, None


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


def _compute(kernel: Callable[..., None], arrays: tuple[Any, ...], shape: Any, width: int) -> None:
    """Call a kernel for blocks of streams, shared between threads where that is worth it."""
    n_members, n_steps, n_streams, size = shape
    work = n_members * n_steps * n_streams * size * width
    n_threads = max(1, min(torch.get_num_threads(), work // _WORTH_A_THREAD))
    shares = -(-n_threads // n_members)  # of the streams of a member
    n_rows = max(1, min(-(-n_streams // shares), max(_SMALL // (size * width), 4)))
    n_blocks = n_members * -(-n_streams // n_rows)
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
