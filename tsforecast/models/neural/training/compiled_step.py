"""CompiledStep: losses and gradients of the stock recurrent stack by compiled passes, without autograd.

A step of a small network takes a few milliseconds, much of which torch spends on small operations, on memory for their
results and on their graph. `CompiledStep` calls the compiled passes directly. The weights of a member are stored in one
row, and so are their gradients, so that clipping and the optimiser are one pass each.
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
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.stock.compiled_run import Layer, Run, Shape, flat, shape_of, widened
from tsforecast.models.neural.networks.stock.recurrent_members import LayerStates, RecurrentMembers
from tsforecast.models.neural.networks.stock.weight_layout import wide

_KINDS = {"mae": 0, "mase": 0, "balanced": 0, "mse": 1, "huber": 2}  # of `kernels.recurrent.readout`


class CompiledStep:
    """Losses of the stock stack and their gradients, computed on the processor chunk by chunk.

    The parameters of the network become views of ``weights``.

    Parameters
    ----------
    head : Head
    network : LinearStart
        Around `RecurrentMembers`.
    decay : Tensor, shape (n_members,), optional
        Weight decay of each member: this times its weights is added to its gradient.

    Attributes
    ----------
    weights : Parameter, shape (n_members, n_weights)
        All weights, with their gradient.
    hidden : Tensor, shape (n_members, n_steps, n_streams, hidden_size)
        Outputs of the last layer; overwritten by the next call.
    norms : ndarray, shape (n_members,)
        Norm of each member's gradient before it is scaled down; overwritten by the next call.
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
        self._losses, self._decays, self.norms = np.zeros((3, members.n_members), self._values.dtype)
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
        """Mean loss of each member on a chunk, ``(n_members,)``, and the state after it.

        The gradient of ``weights`` is replaced. Both results are overwritten by the next call.

        Parameters
        ----------
        batch : Chunk
        state : tuple of Tensor, optional
            Of each layer, ``(n_parts, n_members, n_streams, size)``.
        masks : sequence of Tensor, optional
            See `RecurrentMembers.features`.
        largest : float
            Largest norm of a member's gradient; longer ones are scaled down to it.
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
        most = np.array([largest], totals.dtype)
        bound(self._slopes, self._values, totals, self._decays, most, self._losses, self.norms)
        return self._losses, self._after

    def outputs(self, batch: Chunk) -> Tensor:
        """The outputs of the last call: see `LinearStart.forward`."""
        output = self.members.output(self.network.linear, self.hidden, batch.x)
        return output.view(*output.shape[:-1], self.network.horizon, self.head.n_params)

    def _runs_of(self, shape: Shape) -> list[Run]:
        """The compiled passes of all layers for chunks of this shape."""
        if shape not in self._runs:
            members, runs = self.members, list[Run]()
            for k, (weight, size) in enumerate(zip(members.inputs, members.hidden_sizes, strict=True)):
                own = shape if k == 0 else shape._replace(x_apart=members.n_members > 1)
                layer, workspace = Layer(members.cell, weight.shape[1], size), self._workspaces[k]
                runs.append(Run(layer, own, self.weights, begin=self._begins[k], wants_x=k > 0, workspace=workspace))
            self._runs[shape] = runs
        return self._runs[shape]

    def _begin(self, state: LayerStates | None, n_streams: int) -> None:
        """Write the state before the first step into the buffers."""
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
        """Sums of the weighted losses and of the weights, ``(2, n_members)``, and the gradient of ``hidden``."""
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
        """The same sums and gradient for any head, and the gradient of the readout, by autograd."""
        hidden, readout = self.hidden.detach().requires_grad_(), self.members.readout.detach().requires_grad_()
        with torch.enable_grad():
            output = self.members.output(self.network.linear, hidden, batch.x, readout)
            raw = output.view(*output.shape[:-1], self.network.horizon, self.head.n_params)
            losses = losses_of(self.head, raw, *batch.wanted).sum(dim=(1, 2))
        dhidden, dreadout = torch.autograd.grad(losses.sum(), [hidden, readout])
        weights = batch.wanted[1].sum(dim=(1, 2, 3)).expand(len(hidden))
        return torch.stack([losses.detach(), weights]), dhidden, dreadout
