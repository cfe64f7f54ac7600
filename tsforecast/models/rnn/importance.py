"""What an error of each observation weighs in the losses that are ``"mae"`` in other units.

An error of ``e`` on the network's scale is one of about ``e * scale * dy/dw`` in the unit of the series, w being the
transformed value (see `tsforecast.models.rnn.preparation`). What that is worth depends on how forecasts are judged::

    mase       over the mean absolute seasonal change of the series    (Hyndman & Koehler 2006)
    balanced   over the geometric mean of that and of the size of the series

Forecasts are mostly judged by errors over changes and by errors in percent: ``balanced`` lies half way between. The
size is the mean absolute value or, under a logarithm, the value at the step. All is known at the step, so that what is
learnt stays a median: weights that looked at the target would move it.
"""

import numpy as np

from tsforecast._types import Floats
from tsforecast.data.transform import slope_at
from tsforecast.models.rnn.heads import LossName
from tsforecast.models.rnn.preparation import Prepared
from tsforecast.panel import Panel

_EVEN = np.ones((1, 1))


def importance_of(loss: LossName, panel: Panel, before: Panel, learnt: Prepared, scale: Floats) -> Floats:
    """Weight of the targets of each observation, 1 in the mean: ``(n_obs, 1)``, or ``(1, 1)`` where all weigh the same.

    ``before`` holds the same series without their tails, from which sizes are taken.
    """
    if loss not in ("mase", "balanced"):
        return _EVEN
    of, lambdas = np.repeat(np.arange(panel.n_series), panel.lengths), learnt.transform.lambdas
    sizes = [_sizes(before.series(i), learnt.season_length, lambdas[i]) for i in range(panel.n_series)]
    change, size = np.array(sizes).T[:, of]
    slope = slope_at(_latest(panel), lambdas[of])
    worth = change if loss == "mase" else np.sqrt(change * np.maximum(size * slope, change))
    weight = np.nan_to_num(scale * slope / worth)
    total = float(weight.sum())
    return (weight * (weight.size / total))[:, None] if total > 0 else _EVEN


def _sizes(y: Floats, lag: int, lam: float) -> tuple[float, float]:
    """Mean absolute change over a season, and mean absolute value over ``dy/dw``: 1 under a logarithm.

    The first is nan for a series that never changes, which has no scale and no say.
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
