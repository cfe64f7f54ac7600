"""Level and size of series: mean, spread and change, and whether a series returns to its mean or goes where it goes."""

import numpy as np

from tsforecast._types import Floats
from tsforecast.panel import Panel

_CERTAIN = -3.43  # Dickey & Fuller's statistic with a constant at 1%: MacKinnon (2010), table 2


def numbers_of(u: Panel) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and mean absolute change of each series: each ``(n_series,)``."""
    table = np.array([_describe(u.series(i)) for i in range(u.n_series)])
    return table[:, 0], table[:, 1], table[:, 2]


def _describe(u: Floats) -> tuple[float, float, float]:
    seen = u[~np.isnan(u)]
    if seen.size == 0:
        return 0.0, 1.0, 1.0
    size = (float(np.abs(seen).max()) or 1.0) * 1e-11
    spread = max(float(seen.std()), size)
    change = max(float(np.abs(np.diff(seen)).mean()) if seen.size > 1 else 0.0, spread * 1e-3)
    return float(seen.mean()), spread, change


def reverts(u: Floats, horizon: int) -> bool:
    """Whether a series returns to its mean.

    A unit root is rejected, and the mean so far forecasts ``horizon`` steps ahead better than the last value.
    """
    u = u[~np.isnan(u)]
    begin = max(u.size // 3, 2)
    ahead = min(horizon, u.size // 4)
    if ahead < 1 or u.size - begin - ahead < 4:
        return False
    so_far = np.cumsum(u) / np.arange(1, u.size + 1)
    truth = u[begin + ahead :]
    by_mean = np.abs(truth - so_far[begin:-ahead]).mean()
    by_last = np.abs(truth - u[begin:-ahead]).mean()
    return bool(by_mean < by_last) and _unit_root_statistic(u) < _CERTAIN


def _unit_root_statistic(u: Floats) -> float:
    """Statistic of the augmented Dickey-Fuller test with a constant and four lagged changes (Said & Dickey 1984)."""
    n_lags = min(4, u.size // 10)
    u = (u - u.mean()) / (float(u.std()) or 1.0)  # the statistic is the same; sums of squares are of one size
    change = np.diff(u)
    lagged = [change[n_lags - k : change.size - k] for k in range(1, n_lags + 1)]
    x = np.column_stack([u[n_lags:-1], np.ones(change.size - n_lags), *lagged])
    y = change[n_lags:]
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ x.T @ y
    rest = y - x @ slope
    error = np.sqrt(max(float(rest @ rest) / max(y.size - x.shape[1], 1) * inverse[0, 0], 1e-300))
    return float(slope[0] / error)
