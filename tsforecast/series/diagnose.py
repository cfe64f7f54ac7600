"""What kind of series is it: stationary or not, seasonal or not, how long."""

import dataclasses

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.series.decomposition import strengths
from tsforecast.series.interpolation import interpolated
from tsforecast.series.seasonality import STRONG
from tsforecast.series.unit_roots import adf, kpss

_LEVEL = 0.05
_FEWEST_DIAGNOSED = 12  # observations below which the tests say nothing


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
        need more than two seasons, and the tests 12 observations; otherwise nan.

    Notes
    -----
    The tests are those of `tsforecast.series.unit_roots`, the KPSS test the one by which `AutoARIMA` differences;
    strengths are those of `tsforecast.series.decomposition`.

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
    y = interpolated(values)
    n_missing = int(np.isnan(values).sum())
    adf_pvalue, kpss_pvalue, stationarity = _stationarity(y)
    trend, seasonal = _strengths(y, season)
    return Diagnosis(
        name, y.size, n_missing, season, adf_pvalue, kpss_pvalue, stationarity, trend, seasonal, seasonal > STRONG
    )


def _stationarity(y: Floats) -> tuple[float, float, str]:
    """P-values of the ADF and the KPSS test, and what the two say together."""
    if y.size and not _varies(y):
        return float("nan"), float("nan"), "constant"
    if y.size < _FEWEST_DIAGNOSED:
        return float("nan"), float("nan"), "unclear"
    adf_pvalue, kpss_pvalue = adf(y).pvalue, kpss(y).pvalue
    if adf_pvalue < _LEVEL <= kpss_pvalue:
        return adf_pvalue, kpss_pvalue, "stationary"
    return adf_pvalue, kpss_pvalue, "unit root" if kpss_pvalue < _LEVEL <= adf_pvalue else "unclear"


def _strengths(y: Floats, season: int) -> tuple[float, float]:
    """Strength of trend and of season; without a season the trend is not told from the rest: nan, nan."""
    if season < 2 or y.size < 2 * season + 1 or not _varies(y):
        return float("nan"), float("nan")
    return strengths(y, season)


def _varies(y: Floats) -> bool:
    """Whether there is more than rounding in the series."""
    return bool(np.ptp(y) > 1e-12 * max(1.0, float(np.abs(y).max())))
