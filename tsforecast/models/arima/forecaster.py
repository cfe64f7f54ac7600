"""ARMA, ARIMA and SARIMA: the estimator faces."""

import warnings
from abc import abstractmethod

import numpy as np
import pandas as pd
import sklearn.exceptions
from scipy import stats

from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.data.transform import Kind, learn
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError, UnknownNameError
from tsforecast.forecast import Forecast
from tsforecast.frequency import steps_between
from tsforecast.models.arima.design import Trend, regressors, trend_names
from tsforecast.models.arima.estimate import ArimaFit, Engine, check_engine, covariance, estimate, forecast
from tsforecast.models.arima.order import Order
from tsforecast.panel import Panel


class ConvergenceWarning(sklearn.exceptions.ConvergenceWarning):
    """The likelihood of a series may not be at its maximum; the fit's field ``converged`` is False."""


class _Arima(BaseForecaster):
    """Every series of a panel fitted apart, with one order.

    Learnt attributes
    -----------------
    fits_ : dict of str to ArimaFit
        By the name of the series.
    transform_ : Transform
    order_ : Order
    """

    handles_missing = True
    uses_covariates = True

    trend: Trend
    transform: Kind
    engine: Engine

    @abstractmethod
    def _order(self, panel: Panel) -> Order:
        """The order, checked against the panel."""

    def _fit(self, panel: Panel) -> None:
        check_engine(self.engine)
        order = self._order(panel)
        names = trend_names(self.trend, order)
        season = order.season_length if order.season_length > 1 else panel.season_length
        transform = learn(panel, self.transform, season_length=season)
        data = transform.apply(panel)
        _check_lengths(data, order, len(names) + len(panel.covariate_names))
        self.order_, self.transform_, self._trend_names = order, transform, names
        self.fits_ = self._estimate_all(data)
        _warn_of_failures(self.fits_)

    def _estimate_all(self, data: Panel) -> dict[str, ArimaFit]:
        fits, failures = {}, {}
        names = (*self._trend_names, *data.covariate_names)
        for i, name in enumerate(data.ids):
            Z = regressors(self._trend_names, 0, int(data.lengths[i]), _covariates(data, i))
            try:
                fits[name] = estimate(data.series(i), Z, names, self.order_, self.engine)
            except (ArithmeticError, np.linalg.LinAlgError) as error:
                failures[str(name)] = str(error)
        if failures:
            first = next(iter(failures))
            raise FitError(
                f"{type(self).__name__} could not be fitted to {len(failures)} of {data.n_series} series; "
                f"{first!r}: {failures[first]}.",
                failures=failures,
            )
        return fits

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        data = self.transform_.apply(panel) if panel.n_series else panel
        moments = [self._moments(data, i, horizon, None if X is None else X[i]) for i in range(data.n_series)]
        mean = np.stack([m for m, _ in moments])  # (n_series, horizon)
        variance = np.stack([v for _, v in moments])
        spread = np.sqrt(variance)[:, :, None] * stats.norm.ppf(levels)
        quantiles = self.transform_.invert_quantiles(mean[:, :, None] + spread, panel.ids)
        adjusted = self.transform_.invert_mean(mean, variance, panel.ids)
        return Forecast(adjusted, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _moments(self, data: Panel, i: int, horizon: int, X: Floats | None) -> tuple[Floats, Floats]:
        """Mean and variance of each step of series ``i``, on the scale of the model: two ``(horizon,)``."""
        name = data.ids[i]
        if name not in self.fits_:
            raise UnknownNameError(f"Series {name!r} is not among the {len(self.fits_)} series fitted.")
        fitted, first = self.fits_[name], self._first_step(data, i)
        n_obs = int(data.lengths[i])
        _check_history(data, i, self.order_)
        Z = regressors(self._trend_names, first, n_obs, _covariates(data, i))
        future = regressors(self._trend_names, first + n_obs, horizon, X)
        return forecast(fitted, data.series(i), Z, horizon, future, self.engine)

    def _first_step(self, data: Panel, i: int) -> int:
        """Step, counted from the beginning of the training series, at which series ``i`` of ``data`` begins."""
        return 0 if "drift" not in self._trend_names else _steps_from(self.panel_, data, i)

    @property
    def params_(self) -> pd.DataFrame:
        """Estimates, ``sigma2`` and criteria: one row a series, one column each; a fresh frame."""
        rows = [
            {
                **fit.coefficients,
                "sigma2": fit.sigma2,
                "loglik": fit.loglik,
                "aic": fit.aic,
                "aicc": fit.aicc,
                "bic": fit.bic,
                "converged": fit.converged,
            }
            for fit in self.fits_.values()
        ]
        return pd.DataFrame(rows, index=pd.Index(list(self.fits_), name="unique_id"))

    def summary(self) -> str:
        """A table for each series: estimates, standard errors and criteria, as text."""
        return "\n\n".join(_table(name, fit, self.covariance(name)) for name, fit in self.fits_.items())

    def covariance(self, unique_id: str) -> Floats:
        """Covariance of the ``coefficients`` of one series, from the exact information; see `estimate.covariance`."""
        y, Z = self._series(unique_id)
        return covariance(self.fits_[unique_id], y, Z, self.engine)

    def _series(self, unique_id: str) -> tuple[Floats, Floats]:
        """Training values on the scale of the model, and their regressors."""
        i = int(self.panel_.positions(pd.Index([unique_id]))[0])
        data = self.transform_.apply(self.panel_.take([i]))
        return data.values, regressors(self._trend_names, 0, data.n_obs, data.covariates)


class ARMA(_Arima):
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

    Examples
    --------
    >>> y = np.sin(np.arange(50.0) ** 2)
    >>> ARMA(order=(1, 0)).fit(y).predict(2).shape
    (2,)
    """

    def __init__(
        self,
        order: tuple[int, int] = (1, 1),
        *,
        trend: Trend = "auto",
        transform: Kind = None,
        engine: Engine = "numba",
    ) -> None:
        self.order = order
        self.trend = trend
        self.transform = transform
        self.engine = engine

    def _order(self, panel: Panel) -> Order:
        if not isinstance(self.order, (tuple, list)) or len(self.order) != 2:
            raise ParameterError(f"order={self.order!r} of ARMA is not a pair (p, q).")
        return Order.of((self.order[0], 0, self.order[1]))


class ARIMA(_Arima):
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

    def __init__(
        self,
        order: tuple[int, int, int] = (1, 1, 1),
        *,
        trend: Trend = "auto",
        transform: Kind = None,
        engine: Engine = "numba",
    ) -> None:
        self.order = order
        self.trend = trend
        self.transform = transform
        self.engine = engine

    def _order(self, panel: Panel) -> Order:
        return Order.of(self.order)


class SARIMA(_Arima):
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

    Examples
    --------
    >>> t = np.arange(40)
    >>> y = t % 4 + np.sin(t**2.0)
    >>> SARIMA((0, 0, 0), (0, 1, 1), season_length=4).fit(y).predict(8).shape
    (8,)
    """

    def __init__(
        self,
        order: tuple[int, int, int] = (0, 1, 1),
        seasonal_order: tuple[int, int, int] = (0, 1, 1),
        season_length: int | None = None,
        *,
        trend: Trend = "auto",
        transform: Kind = None,
        engine: Engine = "numba",
    ) -> None:
        self.order = order
        self.seasonal_order = seasonal_order
        self.season_length = season_length
        self.trend = trend
        self.transform = transform
        self.engine = engine

    def _order(self, panel: Panel) -> Order:
        season = panel.season_length if self.season_length is None else self.season_length
        if self.season_length is None and season == 1:
            return Order.of(self.order)
        return Order.of(self.order, self.seasonal_order, season)


def _covariates(panel: Panel, i: int) -> Floats | None:
    if panel.covariates is None:
        return None
    return panel.covariates[panel.indptr[i] : panel.indptr[i + 1]]


def _table(name: str, fit: ArimaFit, matrix: Floats) -> str:
    errors = np.sqrt(np.diag(matrix))
    lines = [f"{name}: ARIMA{fit.order}, n_obs={fit.n_obs}, converged={fit.converged}"]
    lines.append(f"{'':16}  {'estimate':>12}  {'std. error':>12}")
    lines += [f"{key:16}  {v:12.5g}  {e:12.5g}" for (key, v), e in zip(fit.coefficients.items(), errors, strict=True)]
    lines.append(f"{'sigma2':16}  {fit.sigma2:12.5g}")
    lines.append(f"loglik {fit.loglik:.3f}, AIC {fit.aic:.3f}, AICc {fit.aicc:.3f}, BIC {fit.bic:.3f}")
    return "\n".join(lines)


def _steps_from(train: Panel, data: Panel, i: int) -> int:
    """Steps from the first time of the training series to the first of the series ``i`` of ``data``."""
    own = int(train.positions(data.ids[i : i + 1])[0])
    begin, first = train.indptr[own], data.indptr[i]
    return steps_between(train.times[begin : begin + 1], data.times[first : first + 1], train.freq)


def _check_lengths(panel: Panel, order: Order, n_regressors: int) -> None:
    needed = order.n_lost + order.n_arma + n_regressors + 2
    known = np.add.reduceat((~np.isnan(panel.values)).astype(np.int64), panel.indptr[:-1])
    if (known < needed).any():
        i = int(np.argmax(known < needed))
        raise SeriesTooShortError(
            f"Series {panel.ids[i]!r} has {known[i]} known observations; order {order} with {n_regressors} regressors "
            f"needs at least {needed}."
        )


def _check_history(panel: Panel, i: int, order: Order) -> None:
    known = int((~np.isnan(panel.series(i))).sum())
    if known <= order.n_lost:
        raise SeriesTooShortError(
            f"Series {panel.ids[i]!r} has {known} known observations to forecast from; order {order} needs at least "
            f"{order.n_lost + 1}."
        )


def _warn_of_failures(fits: dict[str, ArimaFit]) -> None:
    lost = [name for name, fit in fits.items() if not fit.converged]
    if lost:
        shown = ", ".join(repr(name) for name in lost[:3]) + (", …" if len(lost) > 3 else "")
        warnings.warn(
            f"The optimiser did not converge on {len(lost)} of {len(fits)} series ({shown}); see their "
            "field converged in fits_.",
            ConvergenceWarning,
            stacklevel=4,
        )
