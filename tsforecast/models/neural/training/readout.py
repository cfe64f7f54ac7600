"""Losses, and their gradients by what goes into the linear output: in one pass over the rows for point forecasts."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tsforecast.kernels.recurrent.readout import point_loss
from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.heads import Head, PointHead, losses_of
from tsforecast.models.neural.networks.compiled_layer import flat, widened
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.weight_layout import wide

KINDS = {"mae": 0, "mase": 0, "balanced": 0, "mse": 1, "huber": 2}


def point_losses(head: PointHead, network: RecurrentNetwork, hidden: Tensor, batch: Chunk) -> Tensor:
    """Sum of the weighted losses of each member, ``(n_members,)``: differentiable by ``hidden`` and the readout.

    Parameters
    ----------
    head : PointHead
    network : RecurrentNetwork
    hidden : Tensor, shape (n_members, n_steps, n_streams, hidden_size)
        What `RecurrentNetwork.features` gives for the batch.
    batch : Chunk
    """
    totals: Tensor = _PointLoss.apply(hidden, network.readout, head, network, batch)  # type: ignore[no-untyped-call]
    return totals


class _PointLoss(torch.autograd.Function):
    """The gradients are made with the losses, which they are linear in."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, readout: Tensor, head: PointHead, network: RecurrentNetwork, batch: Chunk
    ) -> Tensor:
        n_units = wide(hidden.shape[3], hidden.itemsize)
        totals, *slopes = losses_and_slopes(head, network, widened(hidden, n_units).contiguous(), batch)
        ctx.size = hidden.shape[3]
        ctx.save_for_backward(*slopes)
        return totals[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> Any:
        dhidden, dreadout = ctx.saved_tensors
        by_member = slopes[:, None, None]
        return dhidden[..., : ctx.size] * by_member[..., None], dreadout * by_member, None, None, None


def losses_and_slopes(
    head: PointHead, network: RecurrentNetwork, hidden: Tensor, batch: Chunk
) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of weighted losses, and of weights, of the members, ``(2, n_members)``, and gradients of the losses.

    Those are by ``hidden``, in whole vectors, and the readout.
    """
    readout, size = network.readout.detach().contiguous(), network.readout[0].numel()
    totals, dhidden, dreadout = hidden.new_empty(2, len(hidden)), torch.empty_like(hidden), torch.empty_like(readout)
    x, target, weight = (flat(part.to(hidden.dtype).contiguous()) for part in (batch.x, batch.target, batch.weight))
    weights = (flat(readout), *fixed_of(network))
    gradients, sizes, kind = (flat(dhidden), flat(dreadout)), sizes_of(network, hidden, batch), KINDS[head.name]
    point_loss(flat(hidden), x, weights, (target, weight), kind, flat(totals), gradients, (*sizes, 0, size))
    return totals, dhidden, dreadout


def fixed_of(network: RecurrentNetwork) -> tuple[Any, Any]:
    """The weights that are not learnt by descent, S and c, flat."""
    return flat(network.direct.contiguous()), flat(network.intercept.contiguous())


def sizes_of(network: RecurrentNetwork, hidden: Tensor, batch: Chunk) -> tuple[int, int, int, int, int, bool]:
    """The sizes that `tsforecast.kernels.recurrent.readout` asks for."""
    (n_members, n_steps, n_streams, _), (_, size, n_outputs) = hidden.shape, network.readout.shape
    return n_members, n_steps * n_streams, batch.x.shape[3], size, n_outputs, len(batch.x) > 1


def any_losses(head: Head, network: RecurrentNetwork, hidden: Tensor, batch: Chunk) -> tuple[Tensor, Tensor, Tensor]:
    """What `losses_and_slopes` gives, of any head, by torch's graph; ``hidden`` is not in whole vectors."""
    hidden, readout = hidden.detach().requires_grad_(), network.readout.detach().requires_grad_()
    weight = batch.weight
    with torch.enable_grad():
        output = network.output(hidden, batch.x, readout)
        losses = losses_of(head, output, batch.target, weight, batch.scale).sum(dim=(1, 2))
    dhidden, dreadout = torch.autograd.grad(losses.sum(), [hidden, readout])
    return torch.stack([losses.detach(), weight.sum(dim=(1, 2, 3)).expand(len(hidden))]), dhidden, dreadout
