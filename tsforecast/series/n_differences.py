"""How often to difference: the KPSS test for d; the strength of the season, or the OCSB or CH test, for D."""

from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels.series import unit_root
from tsforecast.series.seasonal_tests import canova_hansen, ch_critical, ocsb, ocsb_critical

SeasonalTest: TypeAlias = Literal["strength", "ocsb", "ch"]

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
        if y.size < 4 or np.ptp(y) == 0.0 or not unit_root.kpss(y) > _KPSS_CRITICAL:
            return d
        y = np.diff(y)
    return max_d


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
        Seasonal strength of at least 0.64 (R's default); a seasonal unit root that `seasonal_tests.ocsb` does not
        reject at 5%; a season that changes, by `seasonal_tests.canova_hansen` at 5%.

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
        return int(unit_root.seasonal_strength(y, season_length) > _STRONG)
    if test == "ocsb":
        return int(ocsb(y, season_length) > ocsb_critical(season_length))
    return int(canova_hansen(y, season_length) > ch_critical(season_length))
