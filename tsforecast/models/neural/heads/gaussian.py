"""Mean and standard deviation of a normal distribution."""

import numpy as np
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats
from tsforecast.models.neural.heads.head import SMALLEST_SCALE, Head

_TAIL = 1e5  # standard deviations past which the loss of a normal grows as a logarithm


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
        scale = softplus(raw[..., 1]) + SMALLEST_SCALE
        away = ((target - raw[..., 0]) / scale).abs()
        near, far = away.clamp(max=_TAIL), away.clamp(min=_TAIL)
        return 0.5 * near.square() + _TAIL**2 * (far / _TAIL).log() + scale.log()

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Mean plus standard deviations."""
        return np.asarray(raw[..., 0] + (np.logaddexp(0, raw[..., 1]) + SMALLEST_SCALE) * stats.norm.ppf(p))
