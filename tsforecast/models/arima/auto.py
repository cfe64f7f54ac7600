"""AutoARIMA: an order chosen for each series."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from tsforecast._bounds import Bounds
from tsforecast._renamed import renamed
from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.base import ArimaForecaster
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.panel_fit import PanelFit, one_by_one
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.search.space import FEWEST_FOR_LAGS, Criterion, NearUnitRoot, SearchSpace
from tsforecast.panel import Panel
from tsforecast.panel.whole_numbers import is_whole
from tsforecast.series.seasonality import SeasonalTest
from tsforecast.series.transform import TransformKind

_LONG_SEASON = 60  # past it a season is a sum of harmonics, in place of lags


class AutoARIMA(ArimaForecaster):
    """Seasonal ARIMA whose order is chosen for each series, by Hyndman & Khandakar (2008) as in R's ``auto.arima``.

    D from the strength of the season, d from KPSS tests, then the orders of lowest criterion, every candidate judged by
    its exact likelihood.

    Parameters
    ----------
    season_length : int or sequence of int, optional
        Steps per season; what is usual for the frequency where it is None; 1 for no seasonal part. Of several, as
        ``[24, 168]`` for hours, the shortest has the seasonal lags and differences; each longer one, and any of more
        than 60 steps, is a sum of harmonics (regressors ``sin1/168``, …), as many as AICc supports. With a list,
        ``D=0`` and ``max_seasonal_order=(0, 0)`` every season is.
    d, D : int, optional
        Differences; chosen where they are None.
    max_order, max_seasonal_order : tuple of int
        Largest (p, q) and (P, Q).
    criterion : {"aicc", "aic", "bic"}
    stepwise : bool
        Walk from neighbour to neighbour; else try every model of up to five coefficients.
    trend : {"auto", "none"}
        Whether a mean (no difference) or a drift (one difference) may be chosen.
    seasonal_test : {"strength", "ocsb", "ch"}
        What decides D: a seasonal strength of at least 0.64, as R does; a seasonal unit root that the test of Osborn,
        Chui, Smith & Birchenhall (1988) does not reject; a season that changes by that of Canova & Hansen (1995).
    near_unit_root : {"bound", "reject"}
        Whether candidates are fitted with every root at least 1% outside the unit circle, or fitted freely and passed
        over where a root is nearer, as R does.
    past_lags : int or sequence of int
        Steps by which covariates known up to the present only lag behind as regressors, see `ARIMA`.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    n_jobs : int
        Threads over the series.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Notes
    -----
    Models that are bounded away from unit roots foresee long hourly and weekly series better, and short ones a little
    worse, than those that are passed over near them (docs/arima_near_unit_root.md).

    Intervals count that the order was chosen, by a factor from experience (`tsforecast.models.arima.intervals`). For 6
    to 16 values they are those of a mixture with a random walk, with and without drift (`models.arima.mixture`).

    With more than 5 missing values candidates are compared on the series with its gaps filled by what a first choice
    expects there; the model chosen is fitted to what is known. Numbers of harmonics are chosen in turn with the orders.

    Examples
    --------
    >>> y = np.cumsum(np.sin(np.arange(80.0) ** 2))
    >>> model = AutoARIMA().fit(y)
    >>> model.fits_["y"].order.d
    1
    """

    chooses_order: ClassVar[bool] = True

    @renamed("transform", "target_transform")
    def __init__(
        self,
        season_length: int | Sequence[int] | None = None,
        *,
        d: int | None = None,
        D: int | None = None,
        max_order: tuple[int, int] = (5, 5),
        max_seasonal_order: tuple[int, int] = (2, 2),
        criterion: Criterion = "aicc",
        stepwise: bool = True,
        trend: Literal["auto", "none"] = "auto",
        seasonal_test: SeasonalTest = "strength",
        near_unit_root: NearUnitRoot = "bound",
        past_lags: int | Sequence[int] = 1,
        target_transform: TransformKind = None,
        n_jobs: int = 1,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.season_length = season_length
        self.d = d
        self.D = D
        self.max_order = max_order
        self.max_seasonal_order = max_seasonal_order
        self.criterion = criterion
        self.stepwise = stepwise
        self.trend = trend
        self.seasonal_test = seasonal_test
        self.near_unit_root = near_unit_root
        self.past_lags = past_lags
        self.target_transform = target_transform
        self.n_jobs = n_jobs
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _panel_fit(self, panel: Panel) -> PanelFit:
        from tsforecast.models.arima.search.harmonics import search_with_harmonics  # numba is slow to import
        from tsforecast.models.arima.search.search import search

        seasons = _seasons(self.season_length, panel.season_length)
        space, long_seasons = self._space(seasons)

        def fit_one(y: Floats, X: Floats | None) -> ArimaFit:
            if long_seasons:
                return search_with_harmonics(y, X, panel.covariate_names, space, long_seasons)
            return search(y, X, panel.covariate_names, space)

        D, season = (1, space.season_length) if space.season_length > 1 else (0, 1)  # which may be chosen
        needed = self._needed(space, len(panel.covariate_names))
        return PanelFit(one_by_one(fit_one), *needed, seasons[0], Order(0, 0, 0, 0, D, 0, season))

    def _chooses_differences(self) -> bool:
        return self.d is None and self.trend == "auto"

    def _needed(self, space: SearchSpace, n_covariates: int) -> tuple[int, str]:
        """Fewest known values, and what they are needed for."""
        D = space.D or 0
        lost = (self.d or 0) + D * space.season_length
        if D:
            seasons = (D + 1) * space.season_length + 1
            return max(seasons, lost + n_covariates + 3), f"D={D} needs more than {D + 1} seasons"
        if n_covariates:
            return (
                lost + n_covariates + FEWEST_FOR_LAGS,
                f"{n_covariates} covariates, and {FEWEST_FOR_LAGS} to compare orders on",
            )
        return lost + 3, "3, and those that differencing takes"

    def _space(self, seasons: tuple[int, ...]) -> tuple[SearchSpace, tuple[int, ...]]:
        """What to search, and the seasons that are harmonics."""
        for name, count in (("d", self.d), ("D", self.D)):
            if count is not None and not (is_whole(count) and count in (0, 1, 2)):
                raise ParameterError(f"{name}={count!r} is none of None, 0, 1, 2.")
        if not isinstance(self.stepwise, (bool, np.bool_)):
            raise ParameterError(f"stepwise={self.stepwise!r} is neither True nor False.")
        _check_choice("criterion", self.criterion, ("aicc", "aic", "bic"))
        _check_choice("trend", self.trend, ("auto", "none"))
        _check_choice("seasonal_test", self.seasonal_test, ("strength", "ocsb", "ch"))
        _check_choice("near_unit_root", self.near_unit_root, ("bound", "reject"))
        most = (*_pair("max_order", self.max_order), *_pair("max_seasonal_order", self.max_seasonal_order))
        listed = not isinstance(self.season_length, (int, np.integer, type(None)))
        season = 1 if listed and self.D == 0 and most[2:] == (0, 0) else seasons[0]
        space = SearchSpace(
            season, self.d, self.D, most, self.criterion, self.stepwise, self.trend == "auto",
            self.seasonal_test, self.near_unit_root,
        )  # fmt: skip
        if season == 1 or season > _LONG_SEASON:
            space = dataclasses.replace(space, season_length=1, D=0, most=(*most[:2], 0, 0))
        return space, tuple(s for s in seasons if s > space.season_length)


def _seasons(given: int | Sequence[int] | None, usual: int) -> tuple[int, ...]:
    """Seasons in growing order, each once."""
    seasons = (usual,) if given is None else tuple(given) if isinstance(given, (tuple, list, np.ndarray)) else (given,)
    whole = all(isinstance(s, (int, np.integer)) and not isinstance(s, bool) and s >= 1 for s in seasons)
    if not seasons or not whole:
        raise ParameterError(f"season_length={given!r} is not a whole number of steps, at least 1, nor a list of some.")
    return tuple(sorted({int(s) for s in seasons}))


def _check_choice(name: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise ParameterError(f"{name}={given!r} is none of {', '.join(map(repr, choices))}.")


def _pair(name: str, given: tuple[int, int]) -> tuple[int, int]:
    whole = isinstance(given, (tuple, list)) and len(given) == 2
    if not whole or not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= 0 for v in given):
        raise ParameterError(f"{name}={given!r} is not a pair of whole numbers, each 0 or more.")
    return int(given[0]), int(given[1])
