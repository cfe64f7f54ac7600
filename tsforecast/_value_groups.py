"""Groups of the past values of a series, as explanations of forecasts name them."""

import numpy as np

from tsforecast._types import Bools, Ints

SAME_SEASON, LAST, RECENT, OLDER = "same season", "last value", "other recent values", "older values"
FEW = 10  # last values that are recent where there is no season


def value_groups(back: Ints, step: int, season_length: int) -> dict[str, Bools]:
    """Which past values belong to each group; each belongs to one.

    Parameters
    ----------
    back : ndarray of int
        How many steps back each value lies; 1 is the last one.
    step : int
        The step ahead that is looked at, from 1: values whole seasons before it are those of the same season.
    season_length : int
        Steps per season, in which other values are recent; of ten steps where it is 1.

    Examples
    --------
    >>> {name: rows.tolist() for name, rows in value_groups(np.array([4, 3, 2, 1]), 1, 2).items() if rows.any()}
    {'same season': [True, False, True, False], 'last value': [False, False, False, True], 'older values': [False, \
True, False, False]}
    """
    recent = season_length if season_length > 1 else FEW
    same = (back + step - 1) % season_length == 0 if season_length > 1 else np.zeros(back.shape, dtype=np.bool_)
    rest = {LAST: back == 1, RECENT: (back > 1) & (back <= recent), OLDER: back > recent}
    own = {SAME_SEASON: same} if season_length > 1 else {}
    return own | {name: rows & ~same for name, rows in rest.items()}
