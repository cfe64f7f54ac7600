"""ARMA, ARIMA, SARIMA and AutoARIMA: the estimator faces."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from tsforecast._renamed import renamed
from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.base import ArimaForecaster, ConvergenceWarning, Plan, one_by_one
from tsforecast.models.arima.design import Trend, panel_regressors, trend_names
from tsforecast.models.arima.estimate import ArimaFit, Engine, check_engine, estimate_many
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.search.few import FEWEST
from tsforecast.models.arima.search.space import Criterion, NearUnitRoot, SearchSpace
from tsforecast.panel import Panel
from tsforecast.panel.whole_numbers import is_whole
from tsforecast.series.seasonality import SeasonalTest
from tsforecast.series.transform import TransformKind

_LONG_SEASON = 60  # past it a season is a sum of harmonics, in place of lags

__all__ = ["ARIMA", "ARMA", "SARIMA", "AutoARIMA", "ConvergenceWarning"]

_TRANSFORMS: tuple[TransformKind, ...] = (None, "auto")


class ARMA(ArimaForecaster):
    """Autoregressive moving-average model with a mean, by exact maximum likelihood.

    Parameters
    ----------
    order : tuple of int
        (p, q).
    trend : {"auto", "none", "mean", "drift"}
        ``"auto"`` is a mean; ``"drift"`` a mean and a straight line.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.

    Examples
    --------
    >>> y = np.sin(np.arange(50.0) ** 2)
    >>> ARMA(order=(1, 0)).fit(y).predict(2).shape
    (2,)
    """

    search_space: ClassVar = {
        "order": ((1, 0), (2, 0), (3, 0), (0, 1), (0, 2), (1, 1), (2, 1), (1, 2), (2, 2)),
        "target_transform": _TRANSFORMS,
    }

    @renamed("transform", "target_transform")
    def __init__(
        self,
        order: tuple[int, int] = (1, 1),
        *,
        trend: Trend = "auto",
        target_transform: TransformKind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
    ) -> None:
        self.order = order
        self.trend = trend
        self.target_transform = target_transform
        self.engine = engine
        self.n_jobs = n_jobs

    def _plan(self, panel: Panel) -> Plan:
        if not isinstance(self.order, (tuple, list)) or len(self.order) != 2:
            raise ParameterError(f"order={self.order!r} of ARMA is not a pair (p, q).")
        return _one_order(Order.of((self.order[0], 0, self.order[1])), self.trend, self.engine, panel)


class ARIMA(ArimaForecaster):
    """ARIMA(p, d, q) with regressors, by exact maximum likelihood.

    Parameters
    ----------
    order : tuple of int
        (p, d, q).
    trend : {"auto", "none", "mean", "drift"}
        ``"auto"`` is a mean where d = 0, else nothing, as in R's ``Arima``; ``"drift"`` lets a series with d = 1
        grow by a constant each step, one with d = 0 along a straight line.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.

    Notes
    -----
    The likelihood is that of the differenced series, given its first values. Covariates ``X`` enter as a regression
    with ARIMA errors. Missing values are integrated out. ``predict(history=...)`` filters new data at the fitted
    parameters. Intervals are Student's, with the degrees of freedom as divisor of the variance and with what is
    uncertain of the parameters; ``sigma2`` in ``params_`` is the maximum likelihood estimate.

    Examples
    --------
    >>> y = np.cumsum(np.sin(np.arange(50.0) ** 2))
    >>> model = ARIMA(order=(1, 1, 0)).fit(y)
    >>> sorted(model.fits_["y"].coefficients)
    ['phi1']
    """

    search_space: ClassVar = {
        "order": ((1, 0, 0), (2, 0, 0), (1, 0, 1), (2, 0, 1), (0, 1, 1), (1, 1, 0), (1, 1, 1), (2, 1, 2), (0, 2, 1)),
        "target_transform": _TRANSFORMS,
    }

    @renamed("transform", "target_transform")
    def __init__(
        self,
        order: tuple[int, int, int] = (1, 1, 1),
        *,
        trend: Trend = "auto",
        target_transform: TransformKind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
    ) -> None:
        self.order = order
        self.trend = trend
        self.target_transform = target_transform
        self.engine = engine
        self.n_jobs = n_jobs

    def _plan(self, panel: Panel) -> Plan:
        return _one_order(Order.of(self.order), self.trend, self.engine, panel)


class SARIMA(ArimaForecaster):
    """Seasonal ARIMA(p, d, q)(P, D, Q)[s] with regressors, by exact maximum likelihood.

    Parameters
    ----------
    order : tuple of int
        (p, d, q).
    seasonal_order : tuple of int
        (P, D, Q); the default of both is the airline model of Box & Jenkins.
    season_length : int, optional
        Steps per season; what is usual for the frequency (12 for months) where it is None. A frequency that has no
        season (years, integer times) leaves the seasonal part out.
    trend : {"auto", "none", "mean", "drift"}
        ``"auto"`` is a mean where d = D = 0, else nothing; ``"drift"`` needs d + D <= 1.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.

    Examples
    --------
    >>> t = np.arange(40)
    >>> y = t % 4 + np.sin(t**2.0)
    >>> SARIMA((0, 0, 0), (0, 1, 1), season_length=4).fit(y).predict(8).shape
    (8,)
    """

    search_space: ClassVar = {
        "order": ((0, 1, 1), (1, 1, 0), (1, 1, 1), (2, 1, 1), (1, 0, 0), (2, 0, 0), (1, 0, 1), (2, 1, 2)),
        "seasonal_order": ((0, 1, 1), (1, 1, 0), (1, 1, 1), (1, 0, 0), (1, 0, 1), (0, 0, 0)),
        "target_transform": _TRANSFORMS,
    }

    @renamed("transform", "target_transform")
    def __init__(
        self,
        order: tuple[int, int, int] = (0, 1, 1),
        seasonal_order: tuple[int, int, int] = (0, 1, 1),
        season_length: int | None = None,
        *,
        trend: Trend = "auto",
        target_transform: TransformKind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
    ) -> None:
        self.order = order
        self.seasonal_order = seasonal_order
        self.season_length = season_length
        self.trend = trend
        self.target_transform = target_transform
        self.engine = engine
        self.n_jobs = n_jobs

    def _plan(self, panel: Panel) -> Plan:
        season = panel.season_length if self.season_length is None else self.season_length
        if self.season_length is None and season == 1:
            order = Order.of(self.order)
        else:
            order = Order.of(self.order, self.seasonal_order, season)
        return _one_order(order, self.trend, self.engine, panel)


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
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    n_jobs : int
        Threads over the series.

    Notes
    -----
    Forecasts of models that are bounded away from unit roots had the mean MASE 0.854 on 200 hourly series of M4 against
    0.960 where they are passed over, 2.189 against 2.360 on its 359 weekly ones, 1.146 against 1.131 on 1,000 quarterly
    ones, 0.837 against 0.828 on 400 monthly and 1.213 against 1.210 on 400 quarterly ones of M3: hence the default.

    Intervals count that the order was chosen, by a factor from experience (`tsforecast.models.arima.intervals`). Of 6
    to 16 values they are those of a mixture with a walk, with drift or without (`tsforecast.models.arima.mixture`).

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
        target_transform: TransformKind = None,
        n_jobs: int = 1,
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
        self.target_transform = target_transform
        self.n_jobs = n_jobs

    def _plan(self, panel: Panel) -> Plan:
        from tsforecast.models.arima.search.harmonics import (
            search_with_harmonics,  # numba takes half a second to import
        )
        from tsforecast.models.arima.search.search import search

        seasons = _seasons(self.season_length, panel.season_length)
        space, long_seasons = self._space(seasons)

        def fit_one(y: Floats, X: Floats | None) -> ArimaFit:
            if long_seasons:
                return search_with_harmonics(y, X, panel.covariate_names, space, long_seasons)
            return search(y, X, panel.covariate_names, space)

        return Plan(one_by_one(fit_one), *self._needed(space, len(panel.covariate_names)), seasons[0])

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
            return lost + n_covariates + FEWEST, f"{n_covariates} covariates, and {FEWEST} to compare orders on"
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


def _one_order(order: Order, trend: Trend, engine: Engine, panel: Panel) -> Plan:
    """The plan of one order for every series."""
    check_engine(engine)
    columns = trend_names(trend, order)
    names, season = (*columns, *panel.covariate_names), order.season_length

    def fit_all(data: Panel, n_jobs: int) -> list[ArimaFit | Exception]:
        Z = panel_regressors(columns, data.indptr, data.covariates)
        return estimate_many(data.values, data.indptr, Z, names, order, engine, n_jobs)

    n_params, longest = order.n_arma + len(names) + 1, max(order.p + season * order.P, order.q + season * order.Q)
    needed = order.n_lost + max(n_params, longest) + 1
    why = f"{order.n_lost} that differencing takes, more than its {n_params} parameters and its longest lag, {longest}"
    return Plan(fit_all, needed, why, season if season > 1 else panel.season_length)


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
