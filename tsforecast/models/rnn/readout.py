"""The output and the loss of point forecasts as one autograd function, in one pass over the rows."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tsforecast.kernels.readout import point_loss
from tsforecast.models.rnn.fused import Room, flat, widened
from tsforecast.models.rnn.heads import PointHead
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.panels import wide
from tsforecast.models.rnn.streams import Chunk

_KINDS = {"mae": 0, "mase": 0, "mse": 1, "huber": 2}


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
    head: PointHead, network: RecurrentNetwork, hidden: Tensor, batch: Chunk, room: Room | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of weighted losses, and of weights, of the members, ``(2, n_members)``, and gradients of the losses.

    Those are by ``hidden``, in whole vectors, and the readout.
    """
    take, readout = (room or Room()).take, network.readout.detach().contiguous()
    x, target, weight = (flat(part.to(hidden.dtype).contiguous()) for part in (batch.x, batch.target, batch.weight))
    weights = (flat(readout), flat(network.direct.contiguous()), flat(network.intercept.contiguous()))
    totals, to_totals = take("totals", hidden, 2, len(hidden))
    dhidden, to_hidden = take("dhidden", hidden, *hidden.shape)
    dreadout, to_readout = take("dreadout", hidden, *readout.shape)
    sizes = (len(hidden), hidden.shape[1] * hidden.shape[2], batch.x.shape[3], *readout.shape[1:], len(batch.x) > 1)
    gradients = (to_hidden, to_readout)
    point_loss(flat(hidden), x, weights, (target, weight), _KINDS[head.name], to_totals, gradients, sizes)
    return totals, dhidden, dreadout
