"""Head: what a network's raw outputs mean, the loss that trains them, and their quantiles.

All are on the network's scale, relative to level and scale at the step. A head has ``n_params`` raw outputs for each
step ahead. The first is the location of the forecast, which starts as that of the linear autoregression.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from tsforecast._types import Floats

FURTHEST_SQUARED = 1e12  # largest distance of a target where a loss squares it ...
FURTHEST_LINEAR = 1e30  # ... and where it does not: sums of losses must stay below 3e38, the largest float32
SMALLEST_SCALE = 1e-3  # so that a constant stretch does not make a likelihood infinite


class Head(ABC):
    """A distribution or point forecast given by raw outputs ``(..., n_params)``, with its loss and quantiles."""

    n_params: int
    probabilistic = True
    counts = False
    furthest = FURTHEST_SQUARED  # scales from the level at which targets are clipped

    @abstractmethod
    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Loss of each target: ``(..., n_params)`` and ``(...)`` -> ``(...)``.

        ``scale`` is what a target of 1 stands for, in the unit of the series; only counts use it.
        """

    @abstractmethod
    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Value below which the target lies with probability ``p``: ``(..., n_params)`` and ``(...)`` -> ``(...)``."""

    def point(self, raw: Floats) -> Floats:
        """The point forecast: ``(..., n_params)`` -> ``(...)``."""
        return raw[..., 0]


def losses_of(head: Head, raw: Tensor, target: Tensor, weight: Tensor, scale: Tensor) -> Tensor:
    """Weighted losses of outputs ``(n_members, n_steps, n_streams, horizon, n_params)``, added over the horizon."""
    return (head.loss(raw, target.expand(raw.shape[:-1]), scale[..., None]) * weight).sum(-1)
