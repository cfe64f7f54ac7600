"""PointHead: point forecasts that are a median, a mean, or between the two."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Floats
from tsforecast.models.neural.heads.head import FURTHEST_LINEAR, FURTHEST_SQUARED, Head


class PointHead(Head):
    """A point forecast: the median (``mae``), the mean (``mse``) or between them (``huber``, Huber 1964, threshold 1).

    ``mase`` and ``balanced`` are ``mae`` with weights: see `tsforecast.models.neural.prepare.loss_weights`.

    Examples
    --------
    >>> PointHead("mse").loss(torch.tensor([[3.0]]), torch.tensor([1.0]))
    tensor([4.])
    """

    n_params = 1
    probabilistic = False

    def __init__(self, name: Literal["mae", "mase", "balanced", "mse", "huber"] = "mae") -> None:
        self.name = name
        self.furthest = FURTHEST_SQUARED if name == "mse" else FURTHEST_LINEAR

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Absolute, squared or Huber's error."""
        error = raw[..., 0] - target
        if self.name == "mse":
            return error.square()
        size = error.abs()
        return torch.where(size < 1, 0.5 * error.square(), size - 0.5) if self.name == "huber" else size

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """The point forecast at every level; its intervals come from residuals (see `intervals`)."""
        return np.broadcast_to(raw[..., 0], np.broadcast_shapes(raw.shape[:-1], p.shape))
