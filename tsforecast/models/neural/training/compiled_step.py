"""A chunk from its inputs to the gradients of all weights, without a graph.

A training step of a small network is a few milliseconds: what torch spends on small operations, on memory for their
results and on their graph, is a good part of it. `OnePass` calls the compiled passes one after the other, over weights
that lie in one row a member, their gradients beside them, so that clipping and the optimiser are one pass each.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Floats
from tsforecast.kernels.recurrent.descent import bound
from tsforecast.kernels.recurrent.readout import point_loss
from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.heads import Head, PointHead
from tsforecast.models.neural.networks.compiled_layer import Layer, Room, Run, Shape, flat, shape_of, widened
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.weight_layout import wide
from tsforecast.models.neural.training.readout import KINDS, any_losses, fixed_of, sizes_of


class OnePass:
    """Losses of a network on the processor, and their gradients, chunk after chunk.

    The parameters of the network become views of ``weights``.

    Parameters
    ----------
    head : Head
    network : RecurrentNetwork
    overlap : int
        Steps at the end of a chunk that the next one repeats: its state begins before them.
    decay : Tensor, shape (n_members,), optional
        What the weights of each member are multiplied with to be added to its gradient.

    Attributes
    ----------
    weights : Parameter, shape (n_members, n_weights)
        With its gradient.
    hidden : Tensor, shape (n_members, n_steps, n_streams, hidden_size)
        What the last outputs were made of; the next call writes over it.
    """

    hidden: Tensor

    def __init__(self, head: Head, network: RecurrentNetwork, overlap: int = 0, decay: Tensor | None = None) -> None:
        self.head, self.network, self.overlap = head, network, overlap
        n_layers = network.num_layers
        parts = [part for k in range(n_layers) for part in network.layer_weights(k)] + [network.readout]
        self.weights = torch.nn.Parameter(torch.cat([part.detach().flatten(1) for part in parts], dim=1))
        self.weights.grad = torch.zeros_like(self.weights)
        marks = np.cumsum([0, *(part[0].numel() for part in parts)]).tolist()
        for part, begin, end in zip(parts, marks, marks[1:], strict=False):
            part.data = self.weights.detach()[:, begin:end].view(part.shape)
        self._begins = marks[: -2 : (len(parts) - 1) // n_layers]  # of each layer
        self._values, self._slopes = self.weights.detach().numpy(), self.weights.grad.numpy()
        self._flat = self._values.reshape(-1), self._slopes.reshape(-1)
        self._readout = slice(marks[-2], marks[-1])
        self._rooms, self._runs = [Room() for _ in range(n_layers)], dict[Shape, list[Run]]()
        self._state = self._after = torch.empty(0)
        self._losses, self._decays = np.zeros((2, network.n_members), self._values.dtype)
        if decay is not None:
            self._decays[:] = decay.numpy()
        self._fixed = fixed_of(network)

    def run(
        self, batch: Chunk, state: Tensor | None, masks: Sequence[Tensor] | None = None, largest: float = math.inf
    ) -> tuple[Floats, Tensor]:
        """Mean loss of each member on a chunk, and the state where the next one begins.

        The gradients of ``weights`` are replaced. Both results are written over by the next call; it may be given the
        state.

        Parameters
        ----------
        batch : Chunk
        state : Tensor, shape (num_layers, n_parts, n_members, n_streams, hidden_size), optional
        masks : sequence of Tensor, optional
            See `RecurrentNetwork.forward`.
        largest : float
            Longer gradients of members are scaled down to it.
        """
        x, reset = batch.x.contiguous(), flat(batch.reset.contiguous())
        runs = self._runs_of(shape_of(x, batch.reset))
        self._begin(state, x.shape[2])
        given = flat(x)
        for k, run in enumerate(runs):
            hs = run.forward(given, reset, self._carried[k])
            hs = hs if masks is None else hs * widened(masks[k], run.n_units)
            self.hidden = hs[..., : run.layer.size]
            given = flat(self.hidden.contiguous())
        totals, slopes = self._totals(batch, hs)
        self._pull[:] = 0  # on the state after the chunk
        for k, run in reversed(list(enumerate(runs))):
            slopes = slopes if masks is None else slopes * widened(masks[k], run.n_units)
            run.backward(flat(slopes), self._pull[k], self._flat[1])
            slopes = run.dx
            if self.overlap:
                self._state[k] = run.states[max(x.shape[1] - self.overlap, 0)]
        bound(self._slopes, self._values, totals, self._decays, np.array([largest], totals.dtype), self._losses)
        return self._losses, self._after

    def _runs_of(self, shape: Shape) -> list[Run]:
        """The passes of all layers over chunks of this shape."""
        if shape not in self._runs:
            network, runs = self.network, list[Run]()
            for k, weight in enumerate(network.inputs):
                own = shape if k == 0 else shape._replace(x_apart=network.n_members > 1)
                layer, room = Layer(network.cell, weight.shape[1], network.hidden_size), self._rooms[k]
                runs.append(Run(layer, own, self.weights, begin=self._begins[k], wants_x=k > 0, room=room))
            self._runs[shape] = runs
        return self._runs[shape]

    def _begin(self, state: Tensor | None, n_streams: int) -> None:
        """Let the first step find this state."""
        if self._state.dim() == 1 or self._state.shape[3] != n_streams:
            first = self.network.initial_state(n_streams)
            size = first.shape[-1]
            self._state = widened(first, wide(size, first.itemsize)).contiguous()
            self._after = self._state[..., :size]
            self._carried = [flat(own) for own in self._state]
            self._pull = np.zeros((len(self._carried), self._carried[0].size), self._values.dtype)
        if state is None:
            self._state.zero_()
        elif state is not self._after:
            self._after.copy_(state)

    def _totals(self, batch: Chunk, hidden: Tensor) -> tuple[Floats, Tensor]:
        """Sums of the weighted losses and of the weights, ``(2, n_members)``, and the gradient by ``hidden``."""
        network, readout = self.network, self._readout
        if not isinstance(self.head, PointHead):
            sums, slopes, dreadout = any_losses(self.head, network, self.hidden, batch)
            self._slopes[:, readout] = dreadout.flatten(1).numpy()
            return sums.numpy(), widened(slopes, hidden.shape[-1]).contiguous()
        slopes, to_slopes = self._rooms[-1].take("dhs", hidden, *hidden.shape)
        totals = np.empty((2, len(hidden)), self._values.dtype)
        x, *asked = (flat(part.contiguous()) for part in (batch.x, batch.target, batch.weight))
        (values, gradient), sizes = self._flat, sizes_of(network, hidden, batch)
        weights, where, kind = (values, *self._fixed), (readout.start, self._values.shape[1]), KINDS[self.head.name]
        arrays = (flat(hidden), x, weights, tuple(asked), kind, totals.reshape(-1), (to_slopes, gradient))
        point_loss(*arrays, (*sizes, *where))
        return totals, slopes
