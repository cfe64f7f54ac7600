"""NegativeBinomialHead: mean and dispersion of a distribution of counts."""

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats
from tsforecast.models.neural.heads.head import SMALLEST_SCALE, Head

_BEND = 0.01  # of the squareplus function
_MOST_COUNTS = 1e12  # largest scale: beyond it the shape of the distribution does not change


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
        scale = scale.clamp(SMALLEST_SCALE, _MOST_COUNTS)  # the scale of padding is 0
        count, mean = (scale * target).round(), scale * _squareplus(raw[..., 0])
        r = 1 / (softplus(raw[..., 1]) + SMALLEST_SCALE)
        log_total = torch.log(r + mean)
        chance = torch.lgamma(count + r) - torch.lgamma(count + 1) - torch.lgamma(r)
        return -(chance + r * (r.log() - log_total) + count * (mean.log() - log_total)).to(kind)

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """The smallest count with at least this probability at or below it, over ``scale``."""
        r = 1 / (np.logaddexp(0, raw[..., 1]) + SMALLEST_SCALE)
        mean = scale * self.point(raw)
        return np.asarray(stats.nbinom.ppf(p, r, r / (r + mean)) / scale)

    def point(self, raw: Floats) -> Floats:
        """The mean of the distribution, over ``scale``."""
        return np.asarray(_squareplus(torch.as_tensor(raw[..., 0])).numpy())


def _squareplus(x: Tensor) -> Tensor:
    """A smooth positive number close to ``x`` where that is 1 or more (the squareplus of Barron 2021)."""
    return 0.5 * (x + (x.square() + _BEND).sqrt())
