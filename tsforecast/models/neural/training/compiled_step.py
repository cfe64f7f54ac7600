"""A training step of the stock recurrent stack without a graph: from a chunk to the gradients of all weights.

A step of a small network is a few milliseconds: what torch spends on small operations, on memory for their results and
on their graph, is a good part of it. `CompiledStep` calls the compiled passes one after the other, over weights that
lie in one row a member, their gradients beside them, so that clipping and the optimiser are one pass each.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Floats
from tsforecast.kernels.recurrent.descent import bound
from tsforecast.kernels.recurrent.readout import point_loss
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.heads import Head, PointHead, losses_of
from tsforecast.models.neural.networks.compiled_layer import Layer, Run, Shape, flat, shape_of, widened
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.recurrent import LayerStates, RecurrentMembers
from tsforecast.models.neural.networks.weight_layout import wide

_KINDS = {"mae": 0, "mase": 0, "balanced": 0, "mse": 1, "huber": 2}  # of `kernels.recurrent.readout`


class CompiledStep:
    """Losses of the stock stack on the processor, and their gradients, chunk after chunk.

    The parameters of the network become views of ``weights``.

    Parameters
    ----------
    head : Head
    network : LinearStart
        Around `RecurrentMembers`.
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
    _after: LayerStates

    def __init__(self, head: Head, network: LinearStart, decay: Tensor | None = None) -> None:
        self.head, self.network = head, network
        self.members: RecurrentMembers = network.members
        members, n_layers = self.members, len(self.members.hidden_sizes)
        parts = [part for k in range(n_layers) for part in members.layer_weights(k)] + [members.readout]
        self.weights = torch.nn.Parameter(torch.cat([part.detach().flatten(1) for part in parts], dim=1))
        self.weights.grad = torch.zeros_like(self.weights)
        marks = np.cumsum([0, *(part[0].numel() for part in parts)]).tolist()
        for part, begin, end in zip(parts, marks, marks[1:], strict=False):
            part.data = self.weights.detach()[:, begin:end].view(part.shape)
        self._begins = marks[: -2 : (len(parts) - 1) // n_layers]  # of each layer
        self._values, self._slopes = self.weights.detach().numpy(), self.weights.grad.numpy()
        self._flat = self._values.reshape(-1), self._slopes.reshape(-1)
        self._readout = slice(marks[-2], marks[-1])
        self._workspaces, self._runs = members.workspaces(), dict[Shape, list[Run]]()
        self._n_streams, self._after = 0, ()
        self._losses, self._decays = np.zeros((2, members.n_members), self._values.dtype)
        if decay is not None:
            self._decays[:] = decay.numpy()
        self._fixed = flat(network.slopes.contiguous()), flat(network.intercept.contiguous())

    def run(
        self,
        batch: Chunk,
        state: LayerStates | None,
        masks: Sequence[Tensor] | None = None,
        largest: float = math.inf,
    ) -> tuple[Floats, LayerStates]:
        """Mean loss of each member on a chunk, and the state after it.

        The gradients of ``weights`` are replaced. Both results are written over by the next call; it may be given the
        state.

        Parameters
        ----------
        batch : Chunk
        state : tuple of Tensor, optional
            Of each layer, ``(n_parts, n_members, n_streams, size)``.
        masks : sequence of Tensor, optional
            See `RecurrentMembers.features`.
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
        for k, run in reversed(list(enumerate(runs))):
            self._pull[k][:] = 0  # on the state after the chunk
            slopes = slopes if masks is None else slopes * widened(masks[k], run.n_units)
            run.backward(flat(slopes), self._pull[k], self._flat[1])
            slopes = run.dx
        bound(self._slopes, self._values, totals, self._decays, np.array([largest], totals.dtype), self._losses)
        return self._losses, self._after

    def outputs(self, batch: Chunk) -> Tensor:
        """The outputs of the last call: see `LinearStart.forward`."""
        output = self.members.output(self.network.linear, self.hidden, batch.x)
        return output.view(*output.shape[:-1], self.network.horizon, self.head.n_params)

    def _runs_of(self, shape: Shape) -> list[Run]:
        """The passes of all layers over chunks of this shape."""
        if shape not in self._runs:
            members, runs = self.members, list[Run]()
            for k, (weight, size) in enumerate(zip(members.inputs, members.hidden_sizes, strict=True)):
                own = shape if k == 0 else shape._replace(x_apart=members.n_members > 1)
                layer, workspace = Layer(members.cell, weight.shape[1], size), self._workspaces[k]
                runs.append(Run(layer, own, self.weights, begin=self._begins[k], wants_x=k > 0, workspace=workspace))
            self._runs[shape] = runs
        return self._runs[shape]

    def _begin(self, state: LayerStates | None, n_streams: int) -> None:
        """Let the first step find this state."""
        if self._n_streams != n_streams:
            first = self.members.initial_state(n_streams)
            own = [widened(part, wide(part.shape[-1], part.itemsize)).contiguous() for part in first]
            self._after = tuple(part[..., :size] for part, size in zip(own, self.members.hidden_sizes, strict=True))
            self._carried = [flat(part) for part in own]
            self._pull = [np.zeros_like(part) for part in self._carried]
            self._n_streams = n_streams
        if state is None:
            for numbers in self._carried:
                numbers[:] = 0
        elif state is not self._after:
            for held, part in zip(self._after, state, strict=True):
                held.copy_(part)

    def _totals(self, batch: Chunk, hidden: Tensor) -> tuple[Floats, Tensor]:
        """Sums of the weighted losses and of the weights, ``(2, n_members)``, and the gradient by ``hidden``."""
        readout = self._readout
        if not isinstance(self.head, PointHead):
            sums, slopes, dreadout = self._by_graph(batch)
            self._slopes[:, readout] = dreadout.flatten(1).numpy()
            return sums.numpy(), widened(slopes, hidden.shape[-1]).contiguous()
        slopes, to_slopes = self._workspaces[-1].take("dhs", hidden, *hidden.shape)
        totals = np.empty((2, len(hidden)), self._values.dtype)
        x, *given = (flat(part.contiguous()) for part in (batch.x, *batch.wanted[:2]))
        _, size, n_outputs = self.members.readout.shape
        sizes = (len(hidden), batch.n_steps * batch.n_streams, batch.x.shape[3], size, n_outputs, len(batch.x) > 1)
        values, gradient = self._flat
        weights, where, kind = (values, *self._fixed), (readout.start, self._values.shape[1]), _KINDS[self.head.name]
        arrays = (flat(hidden), x, weights, tuple(given), kind, totals.reshape(-1), (to_slopes, gradient))
        point_loss(*arrays, (*sizes, *where))
        return totals, slopes

    def _by_graph(self, batch: Chunk) -> tuple[Tensor, Tensor, Tensor]:
        """The same sums and gradient for any head, and the gradient by the readout, by torch's graph."""
        hidden, readout = self.hidden.detach().requires_grad_(), self.members.readout.detach().requires_grad_()
        with torch.enable_grad():
            output = self.members.output(self.network.linear, hidden, batch.x, readout)
            raw = output.view(*output.shape[:-1], self.network.horizon, self.head.n_params)
            losses = losses_of(self.head, raw, *batch.wanted).sum(dim=(1, 2))
        dhidden, dreadout = torch.autograd.grad(losses.sum(), [hidden, readout])
        weights = batch.wanted[1].sum(dim=(1, 2, 3)).expand(len(hidden))
        return torch.stack([losses.detach(), weights]), dhidden, dreadout
