"""Mean, spread and usual change of a series, and whether it returns to its mean."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.panel import Panel
from tsforecast.series.unit_roots import ADF_CRITICAL_1, adf_statistic

_MOST_LAGS, _VALUES_PER_LAG = 4, 10  # of the unit-root test: one lagged change for so many values
_SMALLEST_SPREAD, _SMALLEST_CHANGE = 1e-11, 1e-3  # of the largest value, of the spread: none is zero


def mean_spread_change(panel: Panel) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and mean absolute change from value to value of each series: each ``(n_series,)``.

    Missing values are passed over. The last two are positive, for a constant series too; a series without values has
    0, 1 and 1.

    Examples
    --------
    >>> mean_spread_change(Panel.from_array(np.array([1.0, 3.0, np.nan, 5.0])))[2]
    array([2.])
    """
    table = np.array([_describe(panel.series(i)) for i in range(panel.n_series)])
    return table[:, 0], table[:, 1], table[:, 2]


def _describe(y: Floats) -> tuple[float, float, float]:
    seen = y[~np.isnan(y)]
    if seen.size == 0:
        return 0.0, 1.0, 1.0
    spread = max(float(seen.std()), (float(np.abs(seen).max()) or 1.0) * _SMALLEST_SPREAD)
    change = max(float(np.abs(np.diff(seen)).mean()) if seen.size > 1 else 0.0, spread * _SMALLEST_CHANGE)
    return float(seen.mean()), spread, change


def returns_to_mean(y: Floats, horizon: int) -> bool:
    """Whether a series returns to its mean, rather than going on from where it is.

    It does where the mean so far forecasts ``horizon`` steps ahead better than the last value, and a unit root is
    rejected at 1%, by the test of `unit_roots.adf_statistic`. Too few values say no.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is passed over.
    horizon : int

    Examples
    --------
    >>> noise = np.sin(np.arange(100.0) ** 2)
    >>> returns_to_mean(noise, 4), returns_to_mean(np.cumsum(noise), 4)
    (True, False)
    """
    y = y[~np.isnan(y)]
    begin = max(y.size // 3, 2)
    ahead = min(horizon, y.size // 4)
    if ahead < 1 or y.size - begin - ahead < 4:
        return False
    so_far = np.cumsum(y) / np.arange(1, y.size + 1)
    truth = y[begin + ahead :]
    by_mean = np.abs(truth - so_far[begin:-ahead]).mean()
    by_last = np.abs(truth - y[begin:-ahead]).mean()
    n_lags = min(_MOST_LAGS, y.size // _VALUES_PER_LAG)
    return bool(by_mean < by_last) and adf_statistic(y, n_lags) < ADF_CRITICAL_1
