"""The output and the loss of point forecasts as one autograd function, in one pass over the rows."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tsforecast.kernels.readout import point_loss
from tsforecast.models.rnn.heads import PointHead
from tsforecast.models.rnn.network import RecurrentNetwork
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
    linear = (network.direct, network.intercept[:, 0])
    rows = [part.flatten(1, 2).contiguous() for part in (batch.x, batch.target, batch.weight)]
    totals: Tensor = _PointLoss.apply(hidden.flatten(1, 2), network.readout, linear, rows, _KINDS[head.name])  # type: ignore[no-untyped-call]
    return totals


class _PointLoss(torch.autograd.Function):
    """The gradients are made with the losses, which they are linear in."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, readout: Tensor, linear: tuple[Tensor, Tensor], rows: list[Tensor], kind: int
    ) -> Tensor:
        hidden, readout = hidden.contiguous(), readout.contiguous()
        totals = hidden.new_empty(len(hidden))
        dhidden, dreadout = torch.empty_like(hidden), torch.zeros_like(readout)
        x, target, weight = (_array(part.to(hidden.dtype)) for part in rows)
        weights = (_array(readout), *(_array(part.contiguous()) for part in linear))
        gradients = (_array(dhidden), _array(dreadout))
        point_loss(_array(hidden), x, weights, target, weight, kind, _array(totals), gradients)
        ctx.save_for_backward(dhidden, dreadout)
        return totals

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> Any:
        dhidden, dreadout = ctx.saved_tensors
        by_member = slopes[:, None, None]
        return dhidden * by_member, dreadout * by_member, None, None, None


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy()
