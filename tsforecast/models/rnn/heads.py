"""Heads: what a network's raw outputs mean, the loss that trains them, and the quantiles they stand for.

All are on the network's scale, relative to level and scale at the step. A head has ``n_params`` raw outputs for each
step ahead; the first is where the forecast lies, and begins as the linear autoregression says.
"""

from abc import ABC, abstractmethod
from typing import Literal, TypeAlias

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats

LossName: TypeAlias = Literal["mae", "mse", "huber", "quantile", "gaussian", "student_t"]

_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)  # of the quantile head
_MIDDLE = _LEVELS.index(0.5)
_SMALLEST = 1e-3  # of a scale: a constant stretch must not make the likelihood infinite
_FEWEST_DEGREES = 2.1  # of freedom: with two or fewer the variance is infinite


class Head(ABC):
    """Meaning of raw outputs ``(..., n_params)``."""

    n_params: int
    probabilistic = True

    @abstractmethod
    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Loss of each target: ``(..., n_params)`` and ``(...)`` -> ``(...)``."""

    @abstractmethod
    def at(self, raw: Floats, p: Floats) -> Floats:
        """Value below which the target lies with probability ``p``: ``(..., n_params)`` and ``(...)`` -> ``(...)``."""

    def point(self, raw: Floats) -> Floats:
        """The point forecast: ``(..., n_params)`` -> ``(...)``."""
        return raw[..., 0]


class PointHead(Head):
    """One number: the median (``mae``), the mean (``mse``) or what lies between (``huber``, Huber 1964, threshold 1).

    Examples
    --------
    >>> PointHead("mse").loss(torch.tensor([[3.0]]), torch.tensor([1.0]))
    tensor([4.])
    """

    n_params = 1
    probabilistic = False

    def __init__(self, name: Literal["mae", "mse", "huber"] = "mae") -> None:
        self.name = name

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Absolute, squared or Huber's error."""
        error = raw[..., 0] - target
        if self.name == "mse":
            return error.square()
        size = error.abs()
        return size if self.name == "mae" else torch.where(size < 1, 0.5 * error.square(), size - 0.5)

    def at(self, raw: Floats, p: Floats) -> Floats:
        """The number itself: how far it lies from what comes is learnt from residuals (`intervals`)."""
        return np.broadcast_to(raw[..., 0], np.broadcast_shapes(raw.shape[:-1], p.shape))


class QuantileHead(Head):
    """Seven quantiles that cannot cross: the median, and the positive steps from each to the next.

    The loss is twice the mean pinball loss, which is the absolute error where there is but the median (Koenker &
    Bassett 1978). Between and past the levels quantiles are interpolated linearly on the normal's scale.

    Examples
    --------
    >>> QuantileHead().at(np.array([2.0, 0, 0, 0, 0, 0, 0]), np.array(0.5))
    array(2.)
    """

    n_params = len(_LEVELS)

    def _quantiles(self, raw: Tensor) -> Tensor:
        steps = softplus(raw[..., 1:])
        down = raw[..., :1] - steps[..., :_MIDDLE].flip(-1).cumsum(-1).flip(-1)
        up = raw[..., :1] + steps[..., _MIDDLE:].cumsum(-1)
        return torch.cat([down, raw[..., :1], up], dim=-1)

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Twice the mean pinball loss of the levels."""
        error = target[..., None] - self._quantiles(raw)
        levels = raw.new_tensor(_LEVELS)
        return 2 * torch.maximum(levels * error, (levels - 1) * error).mean(dim=-1)

    def at(self, raw: Floats, p: Floats) -> Floats:
        """Interpolated on the normal's scale; the outermost slopes go on."""
        known = self._quantiles(torch.as_tensor(raw)).numpy()  # (..., n_levels)
        z, marks = stats.norm.ppf(p), stats.norm.ppf(_LEVELS)
        place = np.clip(np.searchsorted(marks, z, side="right") - 1, 0, len(marks) - 2)
        shape = np.broadcast_shapes(known.shape[:-1], place.shape)
        known, place = np.broadcast_to(known, (*shape, len(marks))), np.broadcast_to(place, shape)[..., None]
        low = np.take_along_axis(known, place, -1)[..., 0]
        high = np.take_along_axis(known, place + 1, -1)[..., 0]
        left, right = marks[place[..., 0]], marks[place[..., 0] + 1]
        return np.asarray(low + (high - low) * (z - left) / (right - left))


class GaussianHead(Head):
    """Mean and standard deviation, trained by the normal's likelihood.

    Examples
    --------
    >>> float(GaussianHead().at(np.array([2.0, 0.0]), np.array(0.5)))
    2.0
    """

    n_params = 2

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Minus the log-density, up to a constant."""
        scale = softplus(raw[..., 1]) + _SMALLEST
        return 0.5 * ((target - raw[..., 0]) / scale).square() + scale.log()

    def at(self, raw: Floats, p: Floats) -> Floats:
        """Mean plus standard deviations."""
        return np.asarray(raw[..., 0] + (np.logaddexp(0, raw[..., 1]) + _SMALLEST) * stats.norm.ppf(p))


class StudentTHead(Head):
    """Location, scale and degrees of freedom of Student's t, trained by its likelihood: outliers weigh little.

    Examples
    --------
    >>> float(StudentTHead().at(np.array([2.0, 0.0, 0.0]), np.array(0.5)))
    2.0
    """

    n_params = 3

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """Minus the log-density."""
        degrees = softplus(raw[..., 2]) + _FEWEST_DEGREES
        scale = softplus(raw[..., 1]) + _SMALLEST
        away = ((target - raw[..., 0]) / scale).square() / degrees
        constant = torch.lgamma(degrees / 2) - torch.lgamma((degrees + 1) / 2) + 0.5 * (torch.pi * degrees).log()
        return constant + scale.log() + (degrees + 1) / 2 * torch.log1p(away)

    def at(self, raw: Floats, p: Floats) -> Floats:
        """Location plus scaled quantiles of the standard t."""
        degrees = np.logaddexp(0, raw[..., 2]) + _FEWEST_DEGREES
        return np.asarray(raw[..., 0] + (np.logaddexp(0, raw[..., 1]) + _SMALLEST) * stats.t.ppf(p, degrees))


def head_of(name: LossName) -> Head:
    """The head that a loss trains.

    Examples
    --------
    >>> head_of("gaussian").n_params
    2
    """
    if name == "quantile":
        return QuantileHead()
    if name == "gaussian":
        return GaussianHead()
    return StudentTHead() if name == "student_t" else PointHead(name)
