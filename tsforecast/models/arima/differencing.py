"""How often to difference: the KPSS test for d, the strength of the season for D, as R's ``forecast`` does."""

import warnings

import numpy as np

from tsforecast._types import Floats

_KPSS_CRITICAL = 0.463  # 5% of the level-stationary test, Kwiatkowski et al. (1992), table 1
_STRONG = 0.64  # seasonal strength from which R's nsdiffs differences once


def n_differences(y: Floats, max_d: int = 2) -> int:
    """Differences after which the KPSS test no longer rejects stationarity at 5%; R's ``ndiffs``.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.
    max_d : int

    Examples
    --------
    >>> walk = np.cumsum(np.sin(np.arange(200.0) ** 2))
    >>> n_differences(np.cumsum(walk)), n_differences(walk), n_differences(np.diff(walk))
    (2, 1, 0)
    """
    for d in range(max_d):
        if y.size < 4 or np.ptp(y) == 0.0 or not kpss(y) > _KPSS_CRITICAL:
            return d
        y = np.diff(y)
    return max_d


def kpss(y: Floats) -> float:
    """KPSS statistic of stationarity around a level: Kwiatkowski, Phillips, Schmidt & Shin (1992), equation 11.

    The long-run variance has a Bartlett window of ``3 sqrt(n) / 13`` lags, as R's ``ndiffs`` asks of ``ur.kpss``.

    Examples
    --------
    >>> kpss(np.arange(50.0)) > 0.463
    True
    """
    e = y - y.mean()
    n = e.size
    n_lags = int(3 * np.sqrt(n) / 13)
    variance = e @ e / n
    for k in range(1, n_lags + 1):
        variance += 2 * (1 - k / (n_lags + 1)) * (e[k:] @ e[:-k]) / n
    return float((np.cumsum(e) ** 2).sum() / n**2 / variance)


def n_seasonal_differences(y: Floats, season_length: int) -> int:
    """1 where the seasonal component is strong, else 0; R's ``nsdiffs`` with its default test.

    0 where there are not two seasons and a value more.

    Examples
    --------
    >>> t = np.arange(60)
    >>> n_seasonal_differences(np.sin(t * np.pi / 6) + 0.1 * np.sin(t**2.0), 12)
    1
    >>> n_seasonal_differences(np.sin(t**2.0), 12)
    0
    """
    if season_length < 2 or y.size < 2 * season_length + 1 or np.ptp(y) == 0.0:
        return 0
    return int(seasonal_strength(y, season_length) > _STRONG)


def seasonal_strength(y: Floats, season_length: int) -> float:
    """``max(0, 1 - var(remainder) / var(seasonal + remainder))`` of an STL decomposition: Wang, Smith & Hyndman (2006).

    Examples
    --------
    >>> bool(seasonal_strength(np.sin(np.arange(60) * np.pi / 6), 12) > 0.99)
    True
    """
    from statsmodels.tsa.seasonal import STL  # a second to import: only where it is used

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a division by zero in a remainder of zeros
        parts = STL(y, period=season_length, seasonal=11, seasonal_deg=0).fit(2, 0)  # as R's mstl
    detrended = y - parts.trend
    spread = np.var(detrended)
    return float(max(0.0, 1.0 - np.var(detrended - parts.seasonal) / spread)) if spread > 0 else 0.0
