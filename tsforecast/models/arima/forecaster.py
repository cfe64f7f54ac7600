"""ARMA, ARIMA and SARIMA: one order for every series."""

from collections.abc import Sequence
from typing import ClassVar

from tsforecast._bounds import Bounds
from tsforecast._renamed import renamed
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.base import ArimaForecaster
from tsforecast.models.arima.design import Trend, panel_regressors, trend_names
from tsforecast.models.arima.estimate import Engine, check_engine, estimate_many
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.panel_fit import PanelFit
from tsforecast.models.arima.result import ArimaFit
from tsforecast.panel import Panel
from tsforecast.series.transform import TransformKind

_TRANSFORMS: tuple[TransformKind, ...] = (None, "auto")


class ARMA(ArimaForecaster):
    """Autoregressive moving-average model with a mean, by exact maximum likelihood.

    Parameters
    ----------
    order : tuple of int
        (p, q).
    trend : {"auto", "none", "mean", "drift"}
        ``"auto"`` is a mean; ``"drift"`` a mean and a straight line.
    past_lags : int or sequence of int
        Steps by which covariates known up to the present only lag behind as regressors, a coefficient each.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> import numpy as np
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
        past_lags: int | Sequence[int] = 1,
        target_transform: TransformKind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.order = order
        self.trend = trend
        self.past_lags = past_lags
        self.target_transform = target_transform
        self.engine = engine
        self.n_jobs = n_jobs
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _panel_fit(self, panel: Panel) -> PanelFit:
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
    past_lags : int or sequence of int
        Steps by which covariates known up to the present only lag behind as regressors, a coefficient each.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Notes
    -----
    The likelihood is that of the differenced series, given its first values. Covariates ``X`` enter as a regression
    with ARIMA errors. Those known up to the present only do so ``past_lags`` steps late: for steps whose lagged value
    lies after the origin, a covariate is forecast by an autoregression of its own, whose errors widen the intervals
    (`tsforecast.models.arima.past`). Of a category the level most frequent in a series has no coefficient, and the
    others are relative to it. Missing values are integrated out. ``predict(history=...)`` filters new data at the
    fitted parameters. Intervals are Student's, with the degrees of freedom as divisor of the variance and with what is
    uncertain of the parameters; ``sigma2`` in ``params_`` is the maximum likelihood estimate.

    Examples
    --------
    >>> import numpy as np
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
        past_lags: int | Sequence[int] = 1,
        target_transform: TransformKind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.order = order
        self.trend = trend
        self.past_lags = past_lags
        self.target_transform = target_transform
        self.engine = engine
        self.n_jobs = n_jobs
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _panel_fit(self, panel: Panel) -> PanelFit:
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
    past_lags : int or sequence of int
        Steps by which covariates known up to the present only lag behind as regressors, a coefficient each.
    target_transform : {None, "log", "boxcox", "auto"} or float
        Of the target, per series; see `tsforecast.series.transform.learn_transform`. Intervals are normal after it.
    engine : {"numba", "statsmodels"}
        What computes the likelihood and its maximum.
    n_jobs : int
        Threads over the series.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> import numpy as np
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
        past_lags: int | Sequence[int] = 1,
        target_transform: TransformKind = None,
        engine: Engine = "numba",
        n_jobs: int = 1,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.order = order
        self.seasonal_order = seasonal_order
        self.season_length = season_length
        self.trend = trend
        self.past_lags = past_lags
        self.target_transform = target_transform
        self.engine = engine
        self.n_jobs = n_jobs
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _panel_fit(self, panel: Panel) -> PanelFit:
        season = panel.season_length if self.season_length is None else self.season_length
        if self.season_length is None and season == 1:
            order = Order.of(self.order)
        else:
            order = Order.of(self.order, self.seasonal_order, season)
        return _one_order(order, self.trend, self.engine, panel)


def _one_order(order: Order, trend: Trend, engine: Engine, panel: Panel) -> PanelFit:
    """How one order is fitted to every series."""
    check_engine(engine)
    columns = trend_names(trend, order)
    names, season = (*columns, *panel.covariate_names), order.season_length

    def fit_all(data: Panel, n_jobs: int) -> list[ArimaFit | Exception]:
        Z = panel_regressors(columns, data.indptr, data.covariates)
        return estimate_many(data.values, data.indptr, Z, names, order, engine, n_jobs)

    n_params, longest = order.n_arma + len(names) + 1, max(order.p + season * order.P, order.q + season * order.Q)
    needed = order.n_lost + max(n_params, longest) + 1
    why = f"{order.n_lost} that differencing takes, more than its {n_params} parameters and its longest lag, {longest}"
    return PanelFit(fit_all, needed, why, season if season > 1 else panel.season_length, order)
