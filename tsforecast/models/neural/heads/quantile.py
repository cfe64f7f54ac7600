"""QuantileHead: seven quantiles that cannot cross."""

import functools
import itertools

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn.functional import softplus

from tsforecast._types import Floats
from tsforecast.models.neural.heads.head import FURTHEST_LINEAR, Head

_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)  # of the quantile head
_MIDDLE = _LEVELS.index(0.5)


class QuantileHead(Head):
    """Seven quantiles that cannot cross: the median, and the positive steps from each to the next.

    The loss is twice the mean pinball loss (Koenker & Bassett 1978); of the median alone it would be the absolute
    error. Between and beyond the levels, quantiles are linear in the standard normal quantile of the level.

    Examples
    --------
    >>> QuantileHead().at(np.array([2.0, 0, 0, 0, 0, 0, 0]), np.array(0.5))
    array(2.)
    """

    n_params = len(_LEVELS)
    furthest = FURTHEST_LINEAR

    def _quantiles(self, raw: Tensor) -> list[Tensor]:
        """The quantiles, one tensor for each level: torch is slow along a last axis so short."""
        middle, steps = raw[..., 0], softplus(raw).unbind(-1)  # the first of the steps is unused
        down = list(itertools.accumulate([middle, *steps[_MIDDLE:0:-1]], torch.sub))
        up = itertools.accumulate([middle, *steps[_MIDDLE + 1 :]], torch.add)
        return [*down[:0:-1], *up]

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Twice the mean pinball loss of the levels, ``|error| + (2 level - 1) error`` each."""
        errors = [target - quantile for quantile in self._quantiles(raw)]
        losses = [error.abs() + (2 * level - 1) * error for error, level in zip(errors, _LEVELS, strict=True)]
        return functools.reduce(torch.add, losses) / len(losses)

    def at(self, raw: Floats, p: Floats, scale: Floats | float = 1.0) -> Floats:
        """Quantiles interpolated, beyond the outermost extrapolated, in the standard normal quantile of ``p``."""
        known = torch.stack(self._quantiles(torch.as_tensor(raw)), dim=-1).numpy()  # (..., n_levels)
        z, marks = stats.norm.ppf(p), stats.norm.ppf(_LEVELS)
        place = np.clip(np.searchsorted(marks, z, side="right") - 1, 0, len(marks) - 2)
        shape = np.broadcast_shapes(known.shape[:-1], place.shape)
        known, place = np.broadcast_to(known, (*shape, len(marks))), np.broadcast_to(place, shape)[..., None]
        low = np.take_along_axis(known, place, -1)[..., 0]
        high = np.take_along_axis(known, place + 1, -1)[..., 0]
        left, right = marks[place[..., 0]], marks[place[..., 0] + 1]
        return np.asarray(low + (high - low) * (z - left) / (right - left))
