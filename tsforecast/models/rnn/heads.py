"""Heads: what a network's raw outputs mean, and the loss that trains them."""

import dataclasses
from typing import Literal, TypeAlias

import torch
from torch import Tensor

LossName: TypeAlias = Literal["mae", "mse", "huber"]


@dataclasses.dataclass(frozen=True)
class PointHead:
    """One number: the median (``mae``), the mean (``mse``) or what lies between (``huber``, Huber 1964, threshold 1).

    Examples
    --------
    >>> PointHead("mse").loss(torch.tensor([[3.0]]), torch.tensor([1.0]))
    tensor([4.])
    """

    name: LossName = "mae"
    n_params: int = 1

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Loss of each target: ``(..., 1)`` and ``(...)`` -> ``(...)``."""
        error = raw[..., 0] - target
        if self.name == "mse":
            return error.square()
        if self.name == "mae":
            return error.abs()
        size = error.abs()
        return torch.where(size < 1, 0.5 * error.square(), size - 0.5)

    def point(self, raw: Tensor) -> Tensor:
        """The point forecast: ``(..., 1)`` -> ``(...)``."""
        return raw[..., 0]
