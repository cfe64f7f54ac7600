"""StudentTHead: location, scale and degrees of freedom of Student's t."""

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats
from tsforecast.models.neural.heads.head import SMALLEST_SCALE, Head

_FEWEST_DEGREES = 2.1  # of freedom: with two or fewer the variance is infinite


class StudentTHead(Head):
    """Location, scale and degrees of freedom of Student's t, trained by its likelihood, in which outliers weigh little.

    Examples
    --------
    >>> float(StudentTHead().at(np.array([2.0, 0.0, 0.0]), np.array(0.5)))
    2.0
    """

    n_params = 3

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Minus the log-density."""
        degrees = softplus(raw[..., 2]) + _FEWEST_DEGREES
        scale = softplus(raw[..., 1]) + SMALLEST_SCALE
        away = ((target - raw[..., 0]) / scale).square() / degrees
        constant = torch.lgamma(degrees / 2) - torch.lgamma((degrees + 1) / 2) + 0.5 * (torch.pi * degrees).log()
        return constant + scale.log() + (degrees + 1) / 2 * torch.log1p(away)

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Location plus scaled quantiles of the standard t."""
        degrees = np.logaddexp(0, raw[..., 2]) + _FEWEST_DEGREES
        return np.asarray(raw[..., 0] + (np.logaddexp(0, raw[..., 1]) + SMALLEST_SCALE) * stats.t.ppf(p, degrees))
