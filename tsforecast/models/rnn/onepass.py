"""A chunk from its inputs to the gradients of all weights, without a graph.

A training step of a small network is a few milliseconds: what torch spends on small operations, on memory for their
results and on their graph, is a good part of it. `OnePass` calls the compiled passes one after the other, over weights
that lie in one row a member, their gradients beside them, so that clipping and the optimiser are one operation each.
"""

import torch
from torch import Tensor

from tsforecast.models.rnn.fused import Layer, Room, Run
from tsforecast.models.rnn.heads import PointHead
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.readout import losses_and_slopes
from tsforecast.models.rnn.streams import Chunk


class OnePass:
    """Losses of a network on the processor, and their gradients, chunk after chunk.

    The parameters of the network become views of ``weights``.

    Parameters
    ----------
    head : PointHead
    network : RecurrentNetwork

    Attributes
    ----------
    weights : Parameter, shape (n_members, n_weights)
        With its gradient.
    """

    def __init__(self, head: PointHead, network: RecurrentNetwork) -> None:
        self.head, self.network = head, network
        self.layers = [Layer(network.cell, weight.shape[1], network.hidden_size) for weight in network.inputs]
        self.rooms = [Room() for _ in self.layers]
        parts = [part for k in range(len(self.layers)) for part in network.layer_weights(k)] + [network.readout]
        self.weights = torch.nn.Parameter(torch.cat([part.detach().flatten(1) for part in parts], dim=1))
        self.weights.grad = torch.zeros_like(self.weights)
        begin = 0
        for part in parts:
            end = begin + part[0].numel()
            part.data = self.weights.detach()[:, begin:end].view(part.shape)
            begin = end
        self._readout = slice(begin - network.readout[0].numel(), begin)

    def run(self, batch: Chunk, state: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss of each member on a chunk, the state after it, and the outputs of the last layer.

        The gradients of ``weights`` are replaced; the outputs hold until the next call.
        """
        network, x, gradient = self.network, batch.x.contiguous(), self.weights.grad
        assert gradient is not None
        state = network.initial_state(x.shape[2]) if state is None else state
        keep, runs, after, begin = (~batch.reset).to(x.dtype), list[Run](), [], 0
        for k, layer in enumerate(self.layers):
            runs.append(Run(layer, x, keep, self.weights, begin=begin, room=self.rooms[k]))
            begin += runs[-1].n_weights
            hs, last = runs[-1].forward(state[k])
            after.append(last[..., : layer.size])
            x = hs[..., : layer.size].contiguous()
        totals, slopes, dreadout = losses_and_slopes(self.head, network, hs, batch, self.rooms[-1])
        gradient[:, self._readout] = dreadout.flatten(1)
        for run in reversed(runs):
            dx, _ = run.backward(slopes, None, gradient, wants_x=run is not runs[0])
            slopes = slopes if dx is None else dx
        losses, counts = totals[0], totals[1].clamp_min_(1e-12)
        gradient.div_(counts[:, None])
        return losses / counts, torch.stack(after), x
