"""run_layer: the recurrences of `cells` by compiled forward and backward passes, as one autograd function.

Input projection, recurrence and gradients are computed step by step, while the data of a step are in the processor's
cache. `cells.run` is the definition, which tests compare with, and is used for dtypes other than float32 and float64;
on a GPU torch's layers are faster (see `packed_sequences`). Results are the same to the bit each time, for a given
number of threads.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tsforecast.models.neural.networks.stock import cells
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.networks.stock.compiled_run import (
    Layer,
    Run,
    Weights,
    Workspace,
    flat,
    joined,
    shape_of,
    split,
    widened,
)
from tsforecast.models.neural.networks.stock.packed_sequences import run_packed


def supports(projected: Tensor) -> bool:
    """Whether the compiled passes can be used: on a processor, in float32 or float64."""
    return projected.device.type == "cpu" and projected.dtype in (torch.float32, torch.float64)


def has_fast_layers(x: Tensor) -> bool:
    """Whether torch's own layers are fast on the device of these inputs, a GPU."""
    return x.device.type == "cuda"


def run_layer(
    cell: CellName, x: Tensor, weights: Weights, state: Tensor, keep: Tensor, workspace: "Workspace | None" = None
) -> tuple[Tensor, Tensor]:
    """Outputs of every step and the state after the last, as from the input projection and `cells.run`.

    Where a state is reset, it counts as zero even if it is nan or infinite. Gradients cannot be differentiated again.
    What the compiled passes cannot take is
        computed by `packed_sequences.run_packed` on a GPU and by `cells.run` elsewhere.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    x : Tensor, shape (n_members or 1, n_steps, n_streams, input_size)
        A first axis of 1: all members have the same inputs.
    weights : Weights
    state, keep : Tensor
        As in `cells.run`.
    workspace : Workspace, optional
        Buffers for the results where no gradient is needed; the next call with the same workspace overwrites them.

    Examples
    --------
    >>> weights = Weights(torch.zeros(1, 3, 8), torch.zeros(1, 1, 8), torch.zeros(1, 2, 8), torch.zeros(1, 1, 2))
    >>> hs, state = run_layer("lstm", torch.zeros(1, 5, 4, 3), weights, torch.ones(2, 1, 4, 2), torch.ones(5, 4, 1))
    >>> tuple(hs.shape), state[1, 0, 0].tolist()
    ((1, 5, 4, 2), [0.03125, 0.03125])
    """
    keep = keep[None] if keep.dim() == 3 else keep
    if not supports(x) and has_fast_layers(x):
        return run_packed(cell, x, weights, state, keep[..., 0])
    if not supports(x):
        projected = x @ weights.projection[:, None] + weights.projection_bias[:, None]
        return cells.run(cell, projected, weights.recurrent, weights.candidate_bias, state, keep)
    x, reset = x.contiguous(), (keep[..., 0] == 0).contiguous()
    if workspace is None or torch.is_grad_enabled():
        return _CompiledLayer.apply(cell, x, *weights, state, reset)  # type: ignore[no-untyped-call]
    layer = Layer(cell, x.shape[3], weights.recurrent.shape[1])
    run = Run(layer, shape_of(x, reset), joined(weights, cell), wants_slopes=False, workspace=workspace)
    after = workspace.take("state", x, *state.shape[:3], run.n_units)[0].copy_(widened(state.detach(), run.n_units))
    return run.forward(flat(x), flat(reset), flat(after))[..., : layer.size], after[..., : layer.size]


class _CompiledLayer(torch.autograd.Function):
    """All steps of one layer as an autograd function."""

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
        reset: Tensor,
    ) -> tuple[Tensor, Tensor]:
        layer = Layer(cell, x.shape[3], weight.shape[1])
        weights = joined(Weights(projection, projection_bias, weight, candidate_bias), cell)
        wanted = {"wants_slopes": any(ctx.needs_input_grad), "wants_x": ctx.needs_input_grad[1]}
        ctx.run = run = Run(layer, shape_of(x, reset), weights, **wanted)
        after = widened(state.detach(), run.n_units).clone(memory_format=torch.contiguous_format)
        hs = run.forward(flat(x), flat(reset), flat(after))
        return hs[..., : layer.size], after[..., : layer.size]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhs: Tensor, dafter: Tensor) -> Any:
        run: Run = ctx.run
        slopes, dstate = widened(dhs, run.n_units).contiguous(), widened(dafter, run.n_units).contiguous().clone()
        dweights = torch.empty_like(run.weights)
        run.backward(flat(slopes), flat(dstate), flat(dweights))
        dx = run.dx[..., : run.layer.n_inputs] if ctx.needs_input_grad[1] else None
        if dx is not None and not run.shape.x_apart:
            dx = dx.sum(dim=0, keepdim=True)
        dprojection, dweight, dbias, *rest = split(run.layer, dweights)
        return None, dx, dprojection, dbias, dweight, rest[0] if rest else None, dstate[..., : run.layer.size], None
