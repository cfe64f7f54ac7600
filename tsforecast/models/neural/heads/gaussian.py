"""GaussianHead: mean and standard deviation of a normal distribution."""

import numpy as np
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats
from tsforecast.models.neural.heads.head import SMALLEST_SCALE, Head

_TAIL = 1e5  # standard deviations beyond which the loss grows as a logarithm


class GaussianHead(Head):
    """Mean and standard deviation of a normal distribution, trained by its likelihood.

    For a target more than ``K`` = 100,000 standard deviations away, ``z**2 / 2`` is replaced by ``K**2 (1/2 + log(|z| /
    K))``, which has the same value and slope at ``K``. After a constant stretch a jump may be any number of scales
    high, and gradients of its square would not be finite.

    Examples
    --------
    >>> float(GaussianHead().at(np.array([2.0, 0.0]), np.array(0.5)))
    2.0
    """

    n_params = 2

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Minus the log-density, up to a constant."""
        scale = softplus(raw[..., 1]) + SMALLEST_SCALE
        away = ((target - raw[..., 0]) / scale).abs()
        near, far = away.clamp(max=_TAIL), away.clamp(min=_TAIL)
        return 0.5 * near.square() + _TAIL**2 * (far / _TAIL).log() + scale.log()

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Quantiles of the normal distribution."""
        return np.asarray(raw[..., 0] + (np.logaddexp(0, raw[..., 1]) + SMALLEST_SCALE) * stats.norm.ppf(p))
