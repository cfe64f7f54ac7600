"""How a training step is computed: by torch's autograd for any network, by compiled passes for the stock stack.

The type of the network decides: a subclass of the stock network is trained by autograd. Where the compiled passes
cannot run, on a GPU and in lower precision, the stock stack is trained by autograd, too.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from tsforecast._types import Floats
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.heads import Head, losses_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.networks.stock import compiled_layer
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.compiled_step import CompiledStep
from tsforecast.models.neural.training.optimiser import Descent, bound_gradients, torch_optimizer

Masks = Sequence[Tensor] | None


class TrainingEngine(Protocol):
    """Computes the losses of a chunk with their gradients, and moves the weights."""

    def gradients(self, batch: Chunk, state: State, masks: Masks) -> tuple[Floats, State]:
        """Mean loss of each member, ``(n_members,)``, and the detached state after the chunk."""

    def outputs(self, batch: Chunk) -> Tensor:
        """The outputs of the chunk that `gradients` was last called with."""

    def move(self, lr: float) -> Floats:
        """Clip the gradients, add weight decay and make a step; the norms of the gradients before, ``(n_members,)``."""


def mean_losses(
    head: Head, network: LinearStart, batch: Chunk, state: State, masks: Masks
) -> tuple[Tensor, Tensor, State]:
    """Mean loss of each member with its penalty, differentiable; the outputs; and the state after the chunk."""
    options: dict[str, Any] = {} if masks is None else {"masks": masks}
    outputs, after = network(batch, state, **options)
    totals = losses_of(head, outputs, *batch.wanted).sum(dim=(1, 2))
    losses = totals / batch.wanted[1].sum(dim=(1, 2, 3)).clamp_min(1e-12)
    return losses + network.members.penalty(), outputs, after


class GraphEngine:
    """Engine of any network: torch's autograd.

    Parameters
    ----------
    head : Head
    network : LinearStart
    options : Training
    decay : Tensor, shape (n_members,), optional
        Weight decay of each member: this times its weights is added to its gradient.
    """

    def __init__(self, head: Head, network: LinearStart, options: Training, decay: Tensor | None) -> None:
        self.head, self.network, self.options, self.decay = head, network, options, decay
        self.parameters = list(network.parameters())
        self.optimizer = torch_optimizer(self.parameters, options, 1.0)

    def gradients(self, batch: Chunk, state: State, masks: Masks) -> tuple[Floats, State]:
        """See `TrainingEngine.gradients`."""
        losses, self._outputs, after = mean_losses(self.head, self.network, batch, state, masks)
        self.optimizer.zero_grad()
        torch.autograd.backward(losses.sum())
        return losses.detach().float().cpu().numpy(), detached(after)

    def outputs(self, batch: Chunk) -> Tensor:
        """See `TrainingEngine.outputs`."""
        return self._outputs.detach()

    def move(self, lr: float) -> Floats:
        """See `TrainingEngine.move`."""
        norms = bound_gradients(self.parameters, self.options.gradient_clip_val, self.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        return norms.float().cpu().numpy()


class CompiledEngine:
    """Engine of the stock recurrent stack on a processor: compiled kernels. Parameters are those of `GraphEngine`."""

    def __init__(self, head: Head, network: LinearStart, options: Training, decay: Tensor | None) -> None:
        self.step = CompiledStep(head, network, decay)
        self.descent = Descent(self.step.weights, options.optimizer, options.weight_decay or 0.0)
        self.largest = options.gradient_clip_val or float("inf")

    def gradients(self, batch: Chunk, state: State, masks: Masks) -> tuple[Floats, State]:
        """See `TrainingEngine.gradients`."""
        return self.step.run(batch, state, masks, self.largest)

    def outputs(self, batch: Chunk) -> Tensor:
        """See `TrainingEngine.outputs`."""
        return self.step.outputs(batch)

    def move(self, lr: float) -> Floats:
        """See `TrainingEngine.move`."""
        self.descent.step(lr)
        return self.step.norms


def engine_of(head: Head, network: LinearStart, options: Training, decay: Tensor | None) -> TrainingEngine:
    """The engine of a network: the compiled one for the stock recurrent stack on a processor, else autograd."""
    runs_here = compiled_layer.supports(network.slopes) and options.precision == "32-true"
    if type(network.members) is RecurrentMembers and runs_here:
        return CompiledEngine(head, network, options, decay)
    return GraphEngine(head, network, options, decay)


def detached(state: State) -> State:
    """The state detached from its graph: values flow into the next chunk, gradients do not."""
    return tree_map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, state)
