"""What an order search may choose from."""

import dataclasses
from typing import Literal, TypeAlias

from tsforecast.series.seasonality import SeasonalTest

Sizes: TypeAlias = tuple[int, int, int, int]
Criterion: TypeAlias = Literal["aicc", "aic", "bic"]
NearUnitRoot: TypeAlias = Literal["bound", "reject"]

FEWEST_FOR_LAGS = 6  # known values that orders with lags are compared on


@dataclasses.dataclass(frozen=True)
class SearchSpace:
    """What a search may choose from.

    Attributes
    ----------
    season_length : int
        1 for no seasonal part.
    d, D : int or None
        Differences; None lets the tests decide.
    most : tuple of int
        Largest p, q, P and Q.
    criterion : {"aicc", "aic", "bic"}
    stepwise : bool
        Walk from neighbour to neighbour, or try every model of up to five coefficients.
    allow_trend : bool
        Whether a mean (no difference) or a drift (one difference) may be chosen.
    seasonal_test : {"strength", "ocsb", "ch"}
        What decides D.
    near_unit_root : {"bound", "reject"}
        Candidates are fitted with every root at least 1% outside the unit circle, a polynomial that ends there counting
        as one parameter more in the criterion; or fitted without a bound and passed over where a root is nearer.
    """

    season_length: int
    d: int | None = None
    D: int | None = None
    most: Sizes = (5, 5, 2, 2)
    criterion: Criterion = "aicc"
    stepwise: bool = True
    allow_trend: bool = True
    seasonal_test: SeasonalTest = "strength"
    near_unit_root: NearUnitRoot = "bound"
