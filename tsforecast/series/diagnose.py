"""What kind of series is it: stationary or not, seasonal or not, how long."""

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.tsa.seasonal import STL
from statsmodels.tsa.stattools import adfuller, kpss

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel

_SEASONAL_WINDOW = 11  # of STL, as in R's feasts
_LEVEL = 0.05
_STRONG = 0.64  # seasonal strength from which R's forecast::nsdiffs takes a seasonal difference
_SHORTEST = 12  # observations below which the tests say nothing


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` finds of one series; nan where it cannot be found."""

    unique_id: str
    n_obs: int
    n_missing: int
    season_length: int
    adf_pvalue: float
    kpss_pvalue: float
    stationarity: str
    trend_strength: float
    seasonal_strength: float
    seasonal: bool


def diagnose(panel: Panel, season_length: int | None = None) -> pd.DataFrame:
    """One row for each series: its length, whether it is stationary, how strong trend and season are.

    Parameters
    ----------
    panel : Panel
        Missing values are interpolated linearly for the purpose.
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.

    Returns
    -------
    DataFrame
        ``unique_id``, ``n_obs``, ``n_missing``, ``season_length``; ``adf_pvalue`` (small: no unit root) and
        ``kpss_pvalue`` (small: not stationary; kept within 0.01 to 0.1 by its table), both around a constant level;
        ``stationarity``: ``"stationary"`` where ADF rejects at 5% and KPSS does not, ``"unit root"`` where KPSS rejects
        and ADF does not, ``"unclear"`` where the two disagree or cannot be had, ``"constant"``;
        ``trend_strength`` and ``seasonal_strength`` in [0, 1]; ``seasonal`` where the latter is above 0.64. Strengths
        need two whole seasons, and the tests 12 observations; otherwise nan.

    Notes
    -----
    Strengths are those of Wang, Smith & Hyndman (2006) as in Hyndman & Athanasopoulos, *Forecasting: Principles and
    Practice* (3rd ed., 2021), section 4.3: ``max(0, 1 - Var(R) / Var(S + R))`` of an STL decomposition ``T + S + R``.
    The tests are Dickey & Fuller's with lags chosen by AIC and that of Kwiatkowski, Phillips, Schmidt & Shin (1992).

    Examples
    --------
    >>> from tsforecast.data.catalog import load
    >>> found = diagnose(load("airline").panel)
    >>> found[["stationarity", "seasonal"]].values.tolist()
    [['unit root', True]]
    """
    season = panel.season_length if season_length is None else season_length
    if season < 1:
        raise ParameterError(f"season_length={season} is not a whole number of steps, at least 1.")
    rows = [_one(panel.ids[i], panel.series(i), season) for i in range(panel.n_series)]
    return pd.DataFrame([dataclasses.asdict(row) for row in rows])


def _one(name: str, values: Floats, season: int) -> Diagnosis:
    missing = np.isnan(values)
    known = np.flatnonzero(~missing)
    y = values if known.size == 0 else np.interp(np.arange(values.size), known, values[known])
    adf, kpss_p, stationarity = _stationarity(y)
    trend, seasonal = _strengths(y, season)
    return Diagnosis(
        name, y.size, int(missing.sum()), season, adf, kpss_p, stationarity, trend, seasonal, seasonal > _STRONG
    )


def _stationarity(y: Floats) -> tuple[float, float, str]:
    if y.size and not _varies(y):
        return float("nan"), float("nan"), "constant"
    if y.size < _SHORTEST:
        return float("nan"), float("nan"), "unclear"
    adf = _pvalue(adfuller, y, autolag="AIC")
    kpss_p = _pvalue(kpss, y, nlags="auto")
    if adf < _LEVEL <= kpss_p:
        return adf, kpss_p, "stationary"
    return adf, kpss_p, "unit root" if kpss_p < _LEVEL <= adf else "unclear"


def _pvalue(test: Callable[..., Any], y: Floats, **how: str) -> float:
    """P-value of a test around a constant; nan where its regression has no answer, as for a line or a single step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # singular regressions end in nan; the edges of the KPSS table are stated above
        try:
            result = test(y, regression="c", **how)
        except (ValueError, OverflowError, np.linalg.LinAlgError):
            return float("nan")
    return float(result.pvalue if hasattr(result, "pvalue") else result[1])  # a tuple until statsmodels 0.15


def _strengths(y: Floats, season: int) -> tuple[float, float]:
    """Strength of trend and of season; without a season the trend is not told from the rest: nan, nan."""
    if season < 2 or y.size < 2 * season + 1 or not _varies(y):
        return float("nan"), float("nan")
    parts = STL(y, period=season, seasonal=_SEASONAL_WINDOW).fit()
    rest = np.var(parts.resid)
    return _strength(rest, np.var(parts.trend + parts.resid)), _strength(rest, np.var(parts.seasonal + parts.resid))


def _strength(rest: float, whole: float) -> float:
    return max(0.0, 1.0 - rest / whole) if whole > 0 else 0.0


def _varies(y: Floats) -> bool:
    """Whether there is more than rounding in the series."""
    return bool(np.ptp(y) > 1e-12 * max(1.0, float(np.abs(y).max())))
