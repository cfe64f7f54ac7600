"""Series too short for lags: their mean, their last value or the line through their ends, as ARIMA orders."""

from collections.abc import Callable

import numpy as np

from tsforecast._types import Floats
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.engines import numba as by_numba
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.search.space import SearchSpace

_CLEARLY = 1.0 - 1e-9  # rounding decides nothing
_CHOICES: tuple[tuple[int, tuple[str, ...]], ...] = ((0, ("mean",)), (1, ()), (1, ("drift",)))


def fit_short_series(y: Floats, space: SearchSpace) -> ArimaFit:
    """The fit of (0,0,0) with a mean, (0,1,0) or (0,1,0) with a drift that foresaw the values best, one step ahead.

    Each value past the first is forecast by the mean of those before it, by the last of them, and by the line through
    the first and the last of them; the sums of squared errors decide, the simpler model where they are equal. No
    likelihood is compared: those of different d are not of the same values, and AICc is not defined for so few.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is a missing value; at least 3 are known.
    space : SearchSpace
        Its ``d`` and ``allow_trend`` are kept to: with d = 2 the model is (0,2,0), without a trend (0,0,0) or (0,1,0).

    Examples
    --------
    >>> fits = [fit_short_series(np.array(y), SearchSpace(1)) for y in ([3.0, 5.0, 4.0, 3.0], [50.0, 54.0, 56.0])]
    >>> [(str(fit.order), fit.beta_names) for fit in fits]
    [('(0,0,0)', ('mean',)), ('(0,1,0)', ())]
    """
    choices = [(d, trend) for d, trend in _CHOICES if space.allow_trend or trend != ("drift",)]
    if space.d is not None:
        choices = [(d, trend) for d, trend in choices if d == space.d] or [(space.d, ())]
    d, trend = choices[0]
    for other in choices[1:]:
        if _squares(y, _RULES[other]) < _CLEARLY * _squares(y, _RULES[d, trend]):
            d, trend = other
    if not space.allow_trend:
        trend = ()
    return by_numba.fit(y, regressors(trend, 0, y.size, None), trend, Order(0, d, 0))


def _squares(y: Floats, rule: Callable[[Floats, Floats, float], float]) -> float:
    """Sum of squared errors of forecasts of each known value from those before it, in units of the largest value."""
    times = np.flatnonzero(~np.isnan(y)).astype(np.float64)
    known = y[~np.isnan(y)] / max(float(np.nanmax(np.abs(y))), float(np.finfo(np.float64).tiny))
    errors = [known[i] - rule(times[:i], known[:i], times[i]) for i in range(1, known.size)]
    return float(np.dot(errors, errors))


def _mean(times: Floats, values: Floats, then: float) -> float:
    return float(values.mean())


def _naive(times: Floats, values: Floats, then: float) -> float:
    return float(values[-1])


def _drift(times: Floats, values: Floats, then: float) -> float:
    if values.size == 1:
        return float(values[-1])
    slope = (values[-1] - values[0]) / (times[-1] - times[0])
    return float(values[-1] + slope * (then - times[-1]))


_RULES = dict(zip(_CHOICES, (_mean, _naive, _drift), strict=True))
