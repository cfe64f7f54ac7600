"""Weights of observations in the losses ``"mase"`` and ``"balanced"``, which are weighted absolute errors.

An error ``e`` on the network's scale is one of about ``e * scale * dy/dw`` in the unit of the series, w being the
transformed value (see `preparation`). The loss divides it by a size of the series::

    mase       over the mean absolute seasonal change of the series    (Hyndman & Koehler 2006)
    balanced   over the geometric mean of that and of the size of the series

Forecasts are mostly judged by scaled errors and by errors in percent: ``balanced`` lies half way between. The size is
the mean absolute value or, under a logarithm, the value at the step. Weights use only what is known at the step, so
that the forecast stays a median; weights that depended on the target would bias it.

In a panel of many series, those of little weight lose little, for they are learnt from the others, too; in a panel of
few they would hardly be learnt. So the mean weights of the series are raised to a power: near 0 (equal weights) for few
series, one half at 50, near 1 for many. docs/benchmarks.md has what was measured.
"""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.models.neural.heads import LossName
from tsforecast.models.neural.prepare.fitted import FittedPreparation
from tsforecast.panel import Panel
from tsforecast.series.box_cox import slope_at

_EVEN = np.ones((1, 1))
_HALF = 50  # series at which the power is one half


def loss_weights_of(loss: LossName, panel: Panel, before: Panel, learnt: FittedPreparation, scale: Floats) -> Floats:
    """Weight of the targets of each observation, 1 in the mean: ``(n_obs, 1)``, or ``(1, 1)`` where all weigh the same.

    ``before`` holds the same series without their tails; sizes are taken from it.
    """
    if loss not in ("mase", "balanced"):
        return _EVEN
    of, lambdas = np.repeat(np.arange(panel.n_series), panel.lengths), learnt.transform.lambdas
    sizes = [_sizes(before.series(i), learnt.season_length, lambdas[i]) for i in range(panel.n_series)]
    change, size = np.array(sizes).T[:, of]
    slope = slope_at(_latest(panel), lambdas[of])
    worth = change if loss == "mase" else np.sqrt(change * np.maximum(size * slope, change))
    weight = np.nan_to_num(scale * slope / worth)
    if loss == "balanced":
        weight = weight * _evened(weight, of, panel.n_series)[of]
    total = float(weight.sum())
    return (weight * (weight.size / total))[:, None] if total > 0 else _EVEN


def _evened(weight: Floats, of: Ints, n_series: int) -> Floats:
    """Factor of the weights of each series, ``(n_series,)``: where series are few, their means become similar."""
    n = np.bincount(of, weights=weight > 0, minlength=n_series)
    mean = np.bincount(of, weights=weight, minlength=n_series) / np.maximum(n, 1)
    power = 1 / (1 + (_HALF / n_series) ** 2)
    return np.asarray(np.where(mean > 0, mean, 1.0) ** (power - 1))


def _sizes(y: Floats, lag: int, lam: float) -> tuple[float, float]:
    """Mean absolute change over a season, and mean absolute value over ``dy/dw``: 1 under a logarithm.

    The first is nan for a series that never changes; its weights become 0.
    """
    moves = np.abs(y[lag:] - y[:-lag]) if y.size > lag else np.abs(np.diff(y))
    moves, y = moves[~np.isnan(moves)], y[~np.isnan(y)]
    change = float(moves.mean()) if moves.any() else np.nan
    return change, float((np.abs(y) ** (1.0 if np.isnan(lam) else lam)).mean()) if y.size else np.nan


def _latest(panel: Panel) -> Floats:
    """The last value seen at each observation, nan before the first of its series: ``(n_obs,)``."""
    first = np.repeat(panel.indptr[:-1], panel.lengths)
    seen = np.where(np.isnan(panel.values), first, np.arange(panel.n_obs))
    return np.asarray(panel.values[np.maximum.accumulate(seen)])
