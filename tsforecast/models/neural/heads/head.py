"""Head: what a network's raw outputs mean, the loss that trains them, and the quantiles they stand for.

All are on the network's scale, relative to level and scale at the step. A head has ``n_params`` raw outputs for each
step ahead; the first is where the forecast lies, and begins as the linear autoregression says.
"""

from abc import ABC, abstractmethod

from torch import Tensor

from tsforecast._types import Floats

FURTHEST_SQUARED = 1e12  # that a target may lie away where a loss squares it ...
FURTHEST_LINEAR = 1e30  # ... and where it does not: float32 ends at 3e38, and losses are added up
SMALLEST_SCALE = 1e-3  # a constant stretch must not make a likelihood infinite


class Head(ABC):
    """Meaning of raw outputs ``(..., n_params)``."""

    n_params: int
    probabilistic = True
    counts = False
    furthest = FURTHEST_SQUARED  # that a target may lie from the level, in scales: it is taken to lie there

    @abstractmethod
    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Loss of each target: ``(..., n_params)`` and ``(...)`` -> ``(...)``.

        ``scale`` is what a target of 1 stands for, in the unit of the series; only counts ask.
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
