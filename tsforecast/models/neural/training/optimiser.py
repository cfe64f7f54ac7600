"""Optimiser steps, learning-rate schedule, and clipping and decay of gradients member by member."""

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tsforecast.kernels.recurrent.descent import adam, momentum
from tsforecast.models.neural.networks.stock.compiled_run import flat
from tsforecast.models.neural.options import Training

_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # torch's
_MOMENTUM = 0.9
_RISE_SHARE = 0.25  # share of a one-cycle run in which the learning rate rises
_FIRST_RATE = 0.1  # of the largest learning rate, at the first step
_LAST_RATE = 0.01  # at the last
_PRIOR_OBSERVATIONS = 4.0  # observations


def torch_optimizer(parameters: Iterable[Tensor], options: Training, lr: float) -> torch.optim.Optimizer:
    """The torch optimiser that the options name."""
    weight_decay = options.weight_decay or 0.0
    if options.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr, momentum=_MOMENTUM, weight_decay=weight_decay)
    kind = torch.optim.AdamW if options.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr, weight_decay=weight_decay, fused=True)


def one_cycle(progress: float) -> float:
    """Factor of the learning rate after a share of the run (Smith 2018): it rises by a cosine, then falls by one.

    Examples
    --------
    >>> [round(one_cycle(p), 3) for p in (0.0, 0.25, 1.0, 1.5)]
    [0.1, 1.0, 0.01, 0.01]
    """
    if progress < _RISE_SHARE:
        return 1.0 + (_FIRST_RATE - 1.0) * 0.5 * (1 + math.cos(math.pi * progress / _RISE_SHARE))
    rest = min((progress - _RISE_SHARE) / (1 - _RISE_SHARE), 1.0)
    return _LAST_RATE + (1.0 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * rest))


def prior_weight(n_obs: int) -> float:
    """Default weight decay: that of a Gaussian prior on the weights worth four observations.

    Minus the logarithm of the posterior is the mean loss plus ``prior_weight(n_obs)`` times half the sum of squared
    weights.

    Examples
    --------
    >>> prior_weight(400)
    0.01
    """
    return _PRIOR_OBSERVATIONS / n_obs


class Descent:
    """Optimiser steps with the gradient ``weights.grad``, by the kernels of `kernels.recurrent.descent`.

    Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019) or SGD with momentum, as in torch. A member's steps do not
    depend on how many members there are.

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

    def __init__(self, weights: Tensor, name: str, weight_decay: float) -> None:
        assert weights.grad is not None
        self.name, self.weight_decay, self.n_steps = name, weight_decay, 0
        self._weights, self._gradient = flat(weights), flat(weights.grad)
        self._means, self._squares = np.zeros((2, self._weights.size), self._weights.dtype)

    def step(self, lr: float) -> None:
        """Make one step."""
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


def bound_gradients(parameters: Sequence[Tensor], largest: float | None, decay: Tensor | None) -> Tensor:
    """Clip the gradient of each member at ``largest``, then add what the prior on its weights gives; the norms before.

    Parameters
    ----------
    parameters : sequence of Tensor, each with a first axis of members
    largest : float, optional
        See `clip_by_member`; gradients are not clipped where it is None or 0.
    decay : Tensor, shape (n_members,), optional
        See `decay_by_member`.
    """
    norms = clip_by_member(parameters, largest) if largest else norms_by_member(parameters)
    if decay is not None:
        decay_by_member(parameters, decay)
    return norms


@torch.no_grad()
def norms_by_member(parameters: Iterable[Tensor]) -> Tensor:
    """Norm of the gradient of each member, ``(n_members,)``.

    It does not depend, to the bit, on how many members there are.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = [torch.linalg.vector_norm(g.reshape(len(g), -1), dim=1).square() for g in gradients]
    return functools.reduce(torch.add, squares).sqrt()  # in this order however many members there are


@torch.no_grad()
def clip_by_member(parameters: Iterable[Tensor], largest: float) -> Tensor:
    """Scale the gradient of each member down to the norm ``largest``; return the norms before, ``(n_members,)``."""
    held = list(parameters)
    norms = norms_by_member(held)
    if not bool((norms <= largest).all()):  # nan is scaled, too, and stays nan
        factors = (largest / norms).clamp(max=1.0)
        for gradient in (p.grad for p in held if p.grad is not None):
            gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))
    return norms


@torch.no_grad()
def decay_by_member(parameters: Iterable[Tensor], decay: Tensor) -> None:
    """Add to the gradient of each member its weights times its ``decay``, ``(n_members,)``."""
    for parameter in parameters:
        if parameter.grad is not None:
            factor = decay.to(parameter).view(-1, *[1] * (parameter.dim() - 1))
            parameter.grad.addcmul_(parameter, factor)
