"""What an optimiser step costs beside the network, made small: between two kernels a processor has forgotten all else.

A step of a small network takes Lightning and torch longer than its arithmetic does. `Descent` is an optimiser that is
one kernel; `LeanModule` shortens the hooks that Lightning calls at every step where its own loop runs; `clip_by_member`
makes few passes. None of them changes a result.
"""

import functools
import math
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from tsforecast.kernels.recurrent.descent import adam, momentum
from tsforecast.models.neural.networks.compiled_layer import flat

OptimizerName: TypeAlias = Literal["adam", "adamw", "sgd"]

_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # torch's
_MOMENTUM = 0.9


class LeanModule(pl.LightningModule):
    """A LightningModule whose hooks do nothing that is not needed."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Store an attribute; the name of the current hook, set twice around every one, without torch's checks."""
        if name == "_current_fx_name":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """The batch, itself where it is there already."""
        return batch if batch[0].device == device else super().transfer_batch_to_device(batch, device, dataloader_idx)

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: torch.optim.Optimizer) -> None:
        """Forget all gradients."""
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None


class Descent:
    """Steps of an optimiser along ``weights.grad``, member by member to the bit: see `kernels.recurrent.descent`.

    Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019) or SGD with momentum, as torch has them.

    Parameters
    ----------
    weights : Tensor
        Contiguous, float32 or float64.
    name : {"adam", "adamw", "sgd"}
    weight_decay : float

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> weight.grad = torch.ones(2)
    >>> Descent(weight, "adam", 0.0).step(lr=0.1)
    >>> weight.detach()
    tensor([0.9000, 0.9000])
    """

    def __init__(self, weights: Tensor, name: OptimizerName, weight_decay: float) -> None:
        assert weights.grad is not None
        self.name, self.weight_decay, self.n_steps = name, weight_decay, 0
        self._weights, self._gradient = flat(weights), flat(weights.grad)
        self._means, self._squares = np.zeros((2, self._weights.size), self._weights.dtype)

    def step(self, lr: float) -> None:
        """Move the weights."""
        self.n_steps += 1
        if self.name == "sgd":
            momentum(self._weights, self._gradient, self._means, self._rates(lr, _MOMENTUM, self.weight_decay))
            return
        beta1, beta2 = _BETAS
        corrections = lr / (1 - beta1**self.n_steps), math.sqrt(1 - beta2**self.n_steps)
        decays = (1 - lr * self.weight_decay, 0.0) if self.name == "adamw" else (1.0, self.weight_decay)
        rates = self._rates(1 - beta1, beta2, 1 - beta2, *corrections, _EPSILON, *decays)
        adam(self._weights, self._gradient, self._means, self._squares, rates)

    def _rates(self, *rates: float) -> Any:
        return np.array(rates, self._weights.dtype)


@torch.no_grad()
def clip_by_member(parameters: Iterable[Tensor], largest: float) -> Tensor:
    """Norms of the members' gradients, ``(n_members,)``, before those above ``largest`` are scaled down to it.

    A member's norm does not depend, to the bit, on how many others there are.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = [torch.linalg.vector_norm(g.flatten(1), dim=1).square() for g in gradients]
    norms = functools.reduce(torch.add, squares).sqrt()  # in this order however many members there are
    if not bool((norms <= largest).all()):  # nan is scaled, too, and stays nan
        factors = (largest / norms).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))
    return norms


@torch.no_grad()
def decay_by_member(parameters: Iterable[Tensor], decay: Tensor) -> None:
    """Add to the gradients of each member its weights times its ``decay``, ``(n_members,)``."""
    for parameter in parameters:
        if parameter.grad is not None:
            factor = decay.to(parameter).view(-1, *[1] * (parameter.dim() - 1))
            parameter.grad.addcmul_(parameter, factor)
