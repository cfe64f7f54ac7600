"""The default horizon of an output, and the number of observations that a series needs."""

import numpy as np

from tsforecast.models.neural.options import Decoding
from tsforecast.models.neural.prepare.preparation import FEWEST_DIFFERENCES, Preparation

FEWEST = 8  # observations of a series
_SEASONS_OF_A_YEAR = (4, 12, 52)  # lengths of a season that is a year; others are a week or a day


def horizon_of(decoding: Decoding, season_length: int) -> int:
    """Horizon of the decoding; where it is None, one and a half seasons of a year, or two of a week or a day."""
    if decoding.horizon is not None or season_length == 1:
        return decoding.horizon or 12
    seasons, most = (1.5, 36) if season_length in _SEASONS_OF_A_YEAR else (2, 48)
    return int(np.clip(np.ceil(seasons * season_length), 8, most))


def fewest_for(preparation: Preparation, season_length: int) -> int:
    """Observations that a series needs: 8, and a lag more where differences are taken.

    Examples
    --------
    >>> fewest_for(Preparation(), 12), fewest_for(Preparation(difference="season"), 12)
    (8, 20)
    """
    lag = {"none": 0, "first": 1, "season": season_length}[preparation.difference]
    return max(FEWEST, lag + FEWEST_DIFFERENCES if lag else 0)


def why_so_many(needed: int) -> str:
    """The reason in the error message about series with fewer observations."""
    return f"a recurrent network needs at least {needed}"
