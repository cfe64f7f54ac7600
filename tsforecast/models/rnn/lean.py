"""What an optimiser step costs beside the network, made small: between two kernels a processor has forgotten all else.

A step of a small network takes Lightning and torch longer than its arithmetic does. `LeanModule` shortens the hooks
that Lightning calls at every step; `LeanAdam` is torch's Adam without its checks; `clip_by_member` makes few passes.
None of them changes a result.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

_LANES = 16  # of the widest vectors, in float32


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


class LeanAdam(torch.optim.Adam):
    """Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) where ``decoupled_weight_decay``: torch's, fused.

    Its state is torch's, so that checkpoints are.

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = LeanAdam([weight], lr=0.1, fused=True)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.detach()
    tensor([0.9000, 0.9000])
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """What the closure returns, after a step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            used = [parameter for parameter in group["params"] if parameter.grad is not None]
            state = [self._state_of(parameter) for parameter in used]
            steps = [entry["step"] for entry in state]
            torch._foreach_add_(steps, 1)
            changed = [
                used,
                [entry["exp_avg"] for entry in state],
                [entry["exp_avg_sq"] for entry in state],
            ]
            weights, means, squares = ([_padded(tensor) for tensor in each] for each in changed)
            update = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
            update(
                weights,
                [_padded(parameter.grad) for parameter in used],
                means,
                squares,
                [],
                steps,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )
            for each, padded in zip(changed, (weights, means, squares), strict=True):
                for tensor, copy in zip(each, padded, strict=True):
                    if copy is not tensor:
                        tensor.copy_(copy[: tensor.numel()].view_as(tensor))
        return loss

    def _state_of(self, parameter: Tensor) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        return state


def _padded(tensor: Tensor) -> Tensor:
    """The tensor, or a flat copy that is whole vectors of a processor long.

    The rest of a division by vectors is rounded in another way: what is last must not depend on what stands before it,
    for networks side by side get the weights that they get alone, to the bit.
    """
    missing = -tensor.numel() % _LANES
    return tensor if missing == 0 else torch.cat([tensor.reshape(-1), tensor.new_zeros(missing)])


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
