"""The models, the horizon and the cutoffs of a quick backtest: chosen from the season, the length and the number."""

import numpy as np

from tsforecast._classes import find_class
from tsforecast._types import Ints
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.base import BaseForecaster
from tsforecast.panel import Panel

_SEARCHED = 24  # longest season for which an order is searched
_LONGEST = 3_000  # observations of a series up to which a seasonal order is searched in about a second
_SMALL = 5_000  # observations of all series together up to which a network costs about a second


def quick_candidates(panel: Panel, season_length: int) -> dict[str, BaseForecaster]:
    """Models that are usual for these series and take seconds to compare, not fitted, simplest first.

    `SeasonalNaive` where there is a season, and `Naive`; `AutoARIMA` (`SARIMA`, whose order is fixed, where the season
    has over 24 steps, or it is seasonal and the longest series has over 3,000 observations); `LinearAR`; and `LSTM`
    where all series together have at most 5,000 observations, so that it costs about a second. On more of them the
    network takes minutes and is seldom much better than `LinearAR`, on which it starts.

    Parameters
    ----------
    panel : Panel
    season_length : int
        Steps per season, which the models are given where it is not what is usual for the frequency.

    Examples
    --------
    >>> list(quick_candidates(Panel.from_array(np.arange(99.0)), 1))
    ['Naive', 'AutoARIMA', 'LinearAR', 'LSTM']
    """
    is_searched = season_length == 1 or (season_length <= _SEARCHED and int(panel.lengths.max()) <= _LONGEST)
    names = [
        *(["SeasonalNaive"] if season_length > 1 else []),
        "Naive",
        "AutoARIMA" if is_searched else "SARIMA",
        "LinearAR",
        *(["LSTM"] if panel.n_obs <= _SMALL else []),
    ]
    own = {} if season_length == panel.season_length else {"season_length": season_length}
    return {name: find_class(name)(**(own if name != "Naive" else {})) for name in names}


def usual_horizon(length: int, season_length: int) -> int:
    """Steps ahead where nobody says how many: a season, at most a fifth of a series of that length.

    Two years of quarters, a quarter of a year of weeks, two days of half hours.

    Examples
    --------
    >>> usual_horizon(144, 12), usual_horizon(24, 12), usual_horizon(500, 52)
    (12, 4, 13)
    """
    usual = {1: 6, 4: 8, 52: 13}.get(season_length, min(season_length, 48))
    return max(1, min(usual, length // 5))


def usual_horizon_of(lengths: Ints, season_length: int) -> int:
    """Steps ahead where nobody says how many, for series of these lengths: `usual_horizon` of the median one.

    Examples
    --------
    >>> usual_horizon_of(np.array([12, 144, 150]), 12)
    12
    """
    return usual_horizon(int(np.median(lengths)), season_length)


def quick_cutoffs(
    lengths: Ints, horizon: int, season_length: int, n_windows: int | None = None
) -> RollingOrigin | None:
    """The cutoffs of a quick backtest, one horizon apart, or None where the series are too short for any.

    Five for up to 20 series, three for up to 200, else two; fewer where the series of median length would not have
    half of its observations, and one more than a season, before the oldest.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_series,)
    horizon, season_length : int
    n_windows : int, optional
        Another number of cutoffs, of which as many are taken as leave observations to learn from.

    Examples
    --------
    >>> quick_cutoffs(np.array([144]), 12, 12)
    RollingOrigin(horizon=12, n_windows=5, step_size=None, max_train_size=None, gap=0)
    >>> quick_cutoffs(np.array([20]), 12, 12) is None
    True
    """
    length = int(np.median(lengths))
    least = max(season_length + 1, 4)
    if length - horizon < least:
        return None
    usual = 5 if lengths.size <= 20 else 3 if lengths.size <= 200 else 2
    kept = max(least, length // 2) if n_windows is None else least
    most = max(1, 1 + (length - horizon - kept) // horizon)
    return RollingOrigin(horizon, min(most, usual if n_windows is None else n_windows))
