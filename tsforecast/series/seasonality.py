"""Whether a series has a season, and whether that asks for a seasonal difference."""

from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.series.decomposition import strengths
from tsforecast.series.interpolation import interpolated
from tsforecast.series.seasonal_unit_roots import canova_hansen, ch_critical, ocsb, ocsb_critical

SeasonalTest: TypeAlias = Literal["strength", "ocsb", "ch"]

STRONG = 0.64  # seasonal strength from which R's nsdiffs differences once
_NORMAL_90 = 1.645  # 10% of the normal distribution, both sides
_FEWEST_SEASONS = 3


def has_season(y: Floats, season_length: int, when: Literal["auto", "always", "never"]) -> bool:
    """Whether seasonal indices are to be taken off a series.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is a missing value.
    season_length : int
    when : {"auto", "always", "never"}
        ``"auto"`` asks `is_seasonal`. False in any case for fewer than three seasons.

    Examples
    --------
    >>> y = np.sin(np.arange(48) * np.pi / 6)
    >>> has_season(y, 12, "auto"), has_season(y, 12, "never"), has_season(y[:24], 12, "always")
    (True, False, False)
    """
    if when == "never" or season_length == 1 or y.size < _FEWEST_SEASONS * season_length:
        return False
    return when == "always" or is_seasonal(interpolated(y), season_length)


def is_seasonal(y: Floats, season_length: int) -> bool:
    """Whether the autocorrelation of the changes at one season is significant at 10%.

    The test of the M4 competition (Makridakis, Spiliotis & Assimakopoulos 2020, appendix A), on first differences so
    that a trend is not taken for a season: ``r[s] > 1.645 sqrt((1 + 2 sum r[k]**2) / n)``, k from 1 to s - 1.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.
    season_length : int
        The s of the equation.

    Examples
    --------
    >>> t = np.arange(48)
    >>> is_seasonal(t + np.sin(t * np.pi / 6), 12), is_seasonal(np.sqrt(t), 12)
    (True, False)
    """
    d = np.diff(y)
    d = d - d.mean()
    energy = float(d @ d)
    if energy <= 1e-20 * float(y @ y) or d.size <= season_length:
        return False
    r = np.array([d[k:] @ d[:-k] for k in range(1, season_length + 1)]) / energy
    limit = _NORMAL_90 * np.sqrt((1 + 2 * np.sum(r[:-1] ** 2)) / d.size)
    return bool(r[-1] > limit)


def n_seasonal_differences(y: Floats, season_length: int, test: SeasonalTest = "strength") -> int:
    """1 where the test asks for a seasonal difference, else 0; R's ``nsdiffs``.

    0 where there are not two seasons and a value more; for ``"ocsb"`` and ``"ch"`` also where the series is too short
    for their regressions.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        No missing values.
    season_length : int
    test : {"strength", "ocsb", "ch"}
        Seasonal strength above 0.64 (R's default); a seasonal unit root that `ocsb` does not reject at 5%; a season
        that changes, by `canova_hansen` at 5%.

    Examples
    --------
    >>> t = np.arange(60)
    >>> n_seasonal_differences(np.sin(t * np.pi / 6) + 0.1 * np.sin(t**2.0), 12)
    1
    >>> n_seasonal_differences(np.sin(t**2.0), 12)
    0
    >>> walks = np.cumsum(np.sin(np.arange(240.0) ** 2).reshape(60, 4), axis=0).ravel()
    >>> n_seasonal_differences(walks, 4, "ocsb"), n_seasonal_differences(walks, 4, "ch")
    (1, 1)
    """
    if season_length < 2 or y.size < 2 * season_length + 1 or np.ptp(y) == 0.0:
        return 0
    if test == "strength":
        return int(strengths(y, season_length)[1] > STRONG)
    if test == "ocsb":
        return int(ocsb(y, season_length) > ocsb_critical(season_length))
    return int(canova_hansen(y, season_length) > ch_critical(season_length))
