"""ARMA, ARIMA, SARIMA and AutoARIMA: the estimator faces."""

import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from tsforecast._types import Floats
from tsforecast.data.transform import Kind
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.base import ArimaForecaster, ConvergenceWarning
from tsforecast.models.arima.design import Trend, fourier_names, regressors, trend_names
from tsforecast.models.arima.estimate import ArimaFit, Engine, check_engine, estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.space import Criterion, SearchSpace
from tsforecast.panel import Panel

_LONG_SEASON = 60  # past it a season is a sum of harmonics, in place of lags
_MOST_HARMONICS = 10

__all__ = ["ARIMA", "ARMA", "SARIMA", "AutoARIMA", "ConvergenceWarning"]

_TRANSFORMS: tuple[Kind, ...] = (None, "auto")


class _FixedOrder(ArimaForecaster):
    """One order for every series."""

    trend: Trend
    engine: Engine

    @property
    def _engine(self) -> Engine:
        return self.engine

    @abstractmethod
    def _order(self, panel: Panel) -> Order:
        """The order, checked against the panel."""

    def _plan(self, panel: Panel) -> tuple[Callable[[Floats, Floats | None], ArimaFit], int, int]:
        check_engine(self.engine)
        order = self._order(panel)
        trend = trend_names(self.trend, order)
        names = (*trend, *panel.covariate_names)

        def fit_one(y: Floats, X: Floats | None) -> ArimaFit:
            return estimate(y, regressors(trend, 0, y.size, X), names, order, self.engine)

        needed = order.n_lost + order.n_arma + len(names) + 2
        return fit_one, needed, order.season_length if order.season_length > 1 else panel.season_length


class ARMA(_FixedOrder):
    """Autoregressive moving-average model with a mean, by exact maximum likelihood.

    Parameters
    ----------
    order : tuple of int
        (p, q).
    trend : {"auto", "none", "mean", "drift"}
        ``"auto"`` is a mean; ``"drift"`` a mean and a straight line.
    transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.data.transform.learn`. Intervals are normal after it.
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
        "transform": _TRANSFORMS,
    }

    def __init__(
        self,
        order: tuple[int, int] = (1, 1),
        *,
        trend: Trend = "auto",
        transform: Kind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
    ) -> None:
        self.order = order
        self.trend = trend
        self.transform = transform
        self.engine = engine
        self.n_jobs = n_jobs

    def _order(self, panel: Panel) -> Order:
        if not isinstance(self.order, (tuple, list)) or len(self.order) != 2:
            raise ParameterError(f"order={self.order!r} of ARMA is not a pair (p, q).")
        return Order.of((self.order[0], 0, self.order[1]))


class ARIMA(_FixedOrder):
    """ARIMA(p, d, q) with regressors, by exact maximum likelihood.

    Parameters
    ----------
    order : tuple of int
        (p, d, q).
    trend : {"auto", "none", "mean", "drift"}
        ``"auto"`` is a mean where d = 0, else nothing, as in R's ``Arima``; ``"drift"`` lets a series with d = 1
        grow by a constant each step, one with d = 0 along a straight line.
    transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.data.transform.learn`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.

    Notes
    -----
    The likelihood is that of the differenced series, given its first values. Covariates ``X`` enter as a regression
    with ARIMA errors. Missing values are integrated out. ``predict(history=...)`` filters new data at the fitted
    parameters.

    Examples
    --------
    >>> y = np.cumsum(np.sin(np.arange(50.0) ** 2))
    >>> model = ARIMA(order=(1, 1, 0)).fit(y)
    >>> sorted(model.fits_["y"].coefficients)
    ['phi1']
    """

    search_space: ClassVar = {
        "order": ((1, 0, 0), (2, 0, 0), (1, 0, 1), (2, 0, 1), (0, 1, 1), (1, 1, 0), (1, 1, 1), (2, 1, 2), (0, 2, 1)),
        "transform": _TRANSFORMS,
    }

    def __init__(
        self,
        order: tuple[int, int, int] = (1, 1, 1),
        *,
        trend: Trend = "auto",
        transform: Kind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
    ) -> None:
        self.order = order
        self.trend = trend
        self.transform = transform
        self.engine = engine
        self.n_jobs = n_jobs

    def _order(self, panel: Panel) -> Order:
        return Order.of(self.order)


class SARIMA(_FixedOrder):
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
    transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.data.transform.learn`. Intervals are normal after it.
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
        "transform": _TRANSFORMS,
    }

    def __init__(
        self,
        order: tuple[int, int, int] = (0, 1, 1),
        seasonal_order: tuple[int, int, int] = (0, 1, 1),
        season_length: int | None = None,
        *,
        trend: Trend = "auto",
        transform: Kind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
    ) -> None:
        self.order = order
        self.seasonal_order = seasonal_order
        self.season_length = season_length
        self.trend = trend
        self.transform = transform
        self.engine = engine
        self.n_jobs = n_jobs

    def _order(self, panel: Panel) -> Order:
        season = panel.season_length if self.season_length is None else self.season_length
        if self.season_length is None and season == 1:
            return Order.of(self.order)
        return Order.of(self.order, self.seasonal_order, season)


class AutoARIMA(ArimaForecaster):
    """Seasonal ARIMA whose order is chosen for each series, by Hyndman & Khandakar (2008) as in R's ``auto.arima``.

    D from the strength of the season, d from KPSS tests, then the orders of lowest criterion; every candidate is
    judged by its exact likelihood, at the best parameters whose roots are at least 1% away from the unit circle (R
    passes over a candidate whose optimum has a nearer one).

    Parameters
    ----------
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None; 1 for no seasonal part. A season of more
        than 60 steps is a sum of up to ten harmonics (regressors ``sin1/168``, …), as many as AICc supports.
    d, D : int, optional
        Differences; chosen where they are None.
    max_order, max_seasonal_order : tuple of int
        Largest (p, q) and (P, Q).
    criterion : {"aicc", "aic", "bic"}
    stepwise : bool
        Walk from neighbour to neighbour; else try every model of up to five coefficients.
    trend : {"auto", "none"}
        Whether a mean (no difference) or a drift (one difference) may be chosen.
    transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.data.transform.learn`. Intervals are normal after it.
    n_jobs : int
        Threads over the series.

    Examples
    --------
    >>> y = np.cumsum(np.sin(np.arange(80.0) ** 2))
    >>> model = AutoARIMA().fit(y)
    >>> model.fits_["y"].order.d
    1
    """

    def __init__(
        self,
        season_length: int | None = None,
        *,
        d: int | None = None,
        D: int | None = None,
        max_order: tuple[int, int] = (5, 5),
        max_seasonal_order: tuple[int, int] = (2, 2),
        criterion: Criterion = "aicc",
        stepwise: bool = True,
        trend: Literal["auto", "none"] = "auto",
        transform: Kind = None,
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
        self.transform = transform
        self.n_jobs = n_jobs

    def _plan(self, panel: Panel) -> tuple[Callable[[Floats, Floats | None], ArimaFit], int, int]:
        from tsforecast.models.arima.search import search  # numba takes half a second to import: only where it is used

        space = self._space(panel)

        def fit_one(y: Floats, X: Floats | None) -> ArimaFit:
            if space.season_length <= _LONG_SEASON:
                return search(y, X, panel.covariate_names, space)
            waves = fourier_names(y, space.season_length, _MOST_HARMONICS)
            plain = dataclasses.replace(space, season_length=1, D=0, most=(*space.most[:2], 0, 0))
            table = regressors(waves, 0, y.size, X)
            return search(y, table if table.shape[1] else None, (*waves, *panel.covariate_names), plain)

        lost = (self.d or 0) + (self.D or 0) * space.season_length
        return fit_one, lost + len(panel.covariate_names) + 3, space.season_length

    def _space(self, panel: Panel) -> SearchSpace:
        season = panel.season_length if self.season_length is None else self.season_length
        if isinstance(season, bool) or not isinstance(season, (int, np.integer)) or season < 1:
            raise ParameterError(f"season_length={self.season_length!r} is not a whole number of steps, at least 1.")
        for name, count in (("d", self.d), ("D", self.D)):
            if count is not None and (not isinstance(count, (int, np.integer)) or count not in (0, 1, 2)):
                raise ParameterError(f"{name}={count!r} is none of None, 0, 1, 2.")
        p, q = _pair("max_order", self.max_order)
        P, Q = _pair("max_seasonal_order", self.max_seasonal_order)
        if self.criterion not in ("aicc", "aic", "bic"):
            raise ParameterError(f"criterion={self.criterion!r} is none of 'aicc', 'aic', 'bic'.")
        if self.trend not in ("auto", "none"):
            raise ParameterError(f"trend={self.trend!r} is none of 'auto', 'none'.")
        most = (p, q, P, Q) if season > 1 else (p, q, 0, 0)
        D = self.D if season > 1 else 0
        return SearchSpace(int(season), self.d, D, most, self.criterion, self.stepwise, self.trend == "auto")


def _pair(name: str, given: tuple[int, int]) -> tuple[int, int]:
    whole = isinstance(given, (tuple, list)) and len(given) == 2
    if not whole or not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= 0 for v in given):
        raise ParameterError(f"{name}={given!r} is not a pair of whole numbers, each 0 or more.")
    return int(given[0]), int(given[1])
