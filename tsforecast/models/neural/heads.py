"""Heads: what a network's raw outputs mean, the loss that trains them, and the quantiles they stand for.

All are on the network's scale, relative to level and scale at the step. A head has ``n_params`` raw outputs for each
step ahead; the first is where the forecast lies, and begins as the linear autoregression says.
"""

import functools
import itertools
from abc import ABC, abstractmethod
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError

LossName: TypeAlias = Literal[
    "mae", "mase", "balanced", "mse", "huber", "quantile", "gaussian", "student_t", "negative_binomial"
]

_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)  # of the quantile head
_MIDDLE = _LEVELS.index(0.5)
_SMALLEST = 1e-3  # of a scale: a constant stretch must not make the likelihood infinite
_ROUNDING = 0.01  # squared width of the bend of the positive numbers of the negative binomial head
_FEWEST_DEGREES = 2.1  # of freedom: with two or fewer the variance is infinite
_FURTHEST = 1e12  # that a target may lie away where losses square it ...
_FURTHEST_PLAIN = 1e30  # ... and where they do not: float32 ends at 3e38, and losses are added up
_TAIL = 1e5  # standard deviations past which the loss of a normal grows as a logarithm
_MOST_COUNTS = 1e12  # in the scale of counts: above, the distribution has the same shape in whatever unit


class Head(ABC):
    """Meaning of raw outputs ``(..., n_params)``."""

    n_params: int
    probabilistic = True
    counts = False
    furthest = _FURTHEST  # that a target may lie from the level, in scales: it is taken to lie there

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


class PointHead(Head):
    """One number: the median (``mae``), the mean (``mse``) or what lies between (``huber``, Huber 1964, threshold 1).

    ``mase`` and ``balanced`` are ``mae`` in other units: errors of every step weigh what the data say (see
    `tsforecast.models.neural.prepare.loss_weights`).

    Examples
    --------
    >>> PointHead("mse").loss(torch.tensor([[3.0]]), torch.tensor([1.0]))
    tensor([4.])
    """

    n_params = 1
    probabilistic = False

    def __init__(self, name: Literal["mae", "mase", "balanced", "mse", "huber"] = "mae") -> None:
        self.name = name
        self.furthest = _FURTHEST if name == "mse" else _FURTHEST_PLAIN

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Absolute, squared or Huber's error."""
        error = raw[..., 0] - target
        if self.name == "mse":
            return error.square()
        size = error.abs()
        return torch.where(size < 1, 0.5 * error.square(), size - 0.5) if self.name == "huber" else size

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
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
    furthest = _FURTHEST_PLAIN

    def _quantiles(self, raw: Tensor) -> list[Tensor]:
        """One tensor for each level: operations along a last axis so short are slow."""
        middle, steps = raw[..., 0], softplus(raw).unbind(-1)  # the first of the steps is none
        down = list(itertools.accumulate([middle, *steps[_MIDDLE:0:-1]], torch.sub))
        up = itertools.accumulate([middle, *steps[_MIDDLE + 1 :]], torch.add)
        return [*down[:0:-1], *up]

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Twice the mean pinball loss of the levels, ``|error| + (2 level - 1) error`` each."""
        errors = [target - quantile for quantile in self._quantiles(raw)]
        losses = [error.abs() + (2 * level - 1) * error for error, level in zip(errors, _LEVELS, strict=True)]
        return functools.reduce(torch.add, losses) / len(losses)

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Interpolated on the normal's scale; the outermost slopes go on."""
        known = torch.stack(self._quantiles(torch.as_tensor(raw)), dim=-1).numpy()  # (..., n_levels)
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

    Where a target lies more than ``K`` = 100,000 standard deviations away, ``z**2 / 2`` goes on as ``K**2 (1/2 +
    log(|z| / K))``, with the same slope there: after a constant stretch a jump is any number of scales high, and
    gradients of its square are not finite. The best scale is that of the normal unless fewer than one target in
    ``K**2`` lies so far out.

    Examples
    --------
    >>> float(GaussianHead().at(np.array([2.0, 0.0]), np.array(0.5)))
    2.0
    """

    n_params = 2

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Minus the log-density, up to a constant."""
        scale = softplus(raw[..., 1]) + _SMALLEST
        away = ((target - raw[..., 0]) / scale).abs()
        near, far = away.clamp(max=_TAIL), away.clamp(min=_TAIL)
        return 0.5 * near.square() + _TAIL**2 * (far / _TAIL).log() + scale.log()

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
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

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Minus the log-density."""
        degrees = softplus(raw[..., 2]) + _FEWEST_DEGREES
        scale = softplus(raw[..., 1]) + _SMALLEST
        away = ((target - raw[..., 0]) / scale).square() / degrees
        constant = torch.lgamma(degrees / 2) - torch.lgamma((degrees + 1) / 2) + 0.5 * (torch.pi * degrees).log()
        return constant + scale.log() + (degrees + 1) / 2 * torch.log1p(away)

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Location plus scaled quantiles of the standard t."""
        degrees = np.logaddexp(0, raw[..., 2]) + _FEWEST_DEGREES
        return np.asarray(raw[..., 0] + (np.logaddexp(0, raw[..., 1]) + _SMALLEST) * stats.t.ppf(p, degrees))


class NegativeBinomialHead(Head):
    """Mean and dispersion of a negative binomial distribution of counts: variance ``mean + dispersion * mean**2``.

    The parametrisation of Salinas et al. (2020, section 3.1), with ``r = 1 / dispersion`` and both made positive::

        log P(y) = lgamma(y + r) - lgamma(y + 1) - lgamma(r) + r log(r / (r + mean)) + y log(mean / (r + mean))

    The mean is the first raw output, made positive, times the scale of the step, a trailing mean of the counts.

    Examples
    --------
    >>> NegativeBinomialHead().at(np.array([1.0, 0.0]), np.array([0.1, 0.5, 0.9]), 10.0) * 10
    array([ 1.,  8., 22.])
    """

    n_params = 2
    counts = True

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Minus the log-probability of the count ``scale * target``, in float64: logarithms of factorials cancel."""
        kind, raw, target = raw.dtype, raw.double(), target.double()
        scale = torch.as_tensor(scale, dtype=raw.dtype, device=raw.device)
        scale = scale.clamp(_SMALLEST, _MOST_COUNTS)  # padding has none
        count, mean = (scale * target).round(), scale * _positive(raw[..., 0])
        r = 1 / (softplus(raw[..., 1]) + _SMALLEST)
        log_total = torch.log(r + mean)
        chance = torch.lgamma(count + r) - torch.lgamma(count + 1) - torch.lgamma(r)
        return -(chance + r * (r.log() - log_total) + count * (mean.log() - log_total)).to(kind)

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """The smallest count with at least this probability at or below it, over ``scale``."""
        r = 1 / (np.logaddexp(0, raw[..., 1]) + _SMALLEST)
        mean = scale * self.point(raw)
        return np.asarray(stats.nbinom.ppf(p, r, r / (r + mean)) / scale)

    def point(self, raw: Floats) -> Floats:
        """The mean."""
        return np.asarray(_positive(torch.as_tensor(raw[..., 0])).numpy())


def losses_of(head: Head, raw: Tensor, target: Tensor, weight: Tensor, scale: Tensor) -> Tensor:
    """Weighted losses of outputs ``(n_members, n_steps, n_streams, horizon, n_params)``, added over the horizon."""
    return (head.loss(raw, target.expand(raw.shape[:-1]), scale[..., None]) * weight).sum(-1)


def _positive(x: Tensor) -> Tensor:
    """A smooth positive number close to ``x`` where that is 1 or more (the squareplus of Barron 2021)."""
    return 0.5 * (x + (x.square() + _ROUNDING).sqrt())


def head_of(name: LossName) -> Head:
    """The head that a loss trains.

    Examples
    --------
    >>> head_of("gaussian").n_params
    2
    """
    if name in ("mae", "mase", "balanced", "mse", "huber"):
        return PointHead(name)
    others: dict[str, type[Head]] = {
        "quantile": QuantileHead,
        "gaussian": GaussianHead,
        "student_t": StudentTHead,
        "negative_binomial": NegativeBinomialHead,
    }
    if name not in others:
        raise ParameterError(f"loss={name!r} is none of {list(get_args(LossName))}.")
    return others[name]()
