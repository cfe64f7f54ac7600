"""What ARMA, ARIMA, SARIMA and AutoARIMA share: one fit a series, forecasts from any history, tables."""

import warnings
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pandas as pd
import sklearn.exceptions
from scipy import stats

from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.data.transform import Kind, Transform, learn
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError, UnknownNameError
from tsforecast.forecast import Forecast
from tsforecast.frequency import steps_between
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.estimate import ArimaFit, Engine, covariance, forecast
from tsforecast.panel import Panel


class ConvergenceWarning(sklearn.exceptions.ConvergenceWarning):
    """The likelihood of a series may not be at its maximum; the fit's field ``converged`` is False."""


class ArimaForecaster(BaseForecaster):
    """Every series of a panel fitted apart.

    Learnt attributes
    -----------------
    fits_ : dict of str to ArimaFit
        By the name of the series.
    transform_ : Transform
    """

    handles_missing = True
    uses_covariates = True
    quick_params: ClassVar = {}  # kernels are compiled or loaded

    transform: Kind
    n_jobs: int

    fits_: dict[str, ArimaFit]
    transform_: Transform

    @property
    def _engine(self) -> Engine:
        return "numba"

    @abstractmethod
    def _plan(self, panel: Panel) -> tuple[Callable[[Floats, Floats | None], ArimaFit], int, int]:
        """How to fit values and covariates of one series, the fewest values it needs, and the steps of its season.

        The constructor's arguments are checked against the panel here.
        """

    def _fit(self, panel: Panel) -> None:
        if isinstance(self.n_jobs, bool) or not isinstance(self.n_jobs, (int, np.integer)) or self.n_jobs < 1:
            raise ParameterError(f"n_jobs={self.n_jobs!r} is not a whole number of threads, at least 1.")
        fit_one, needed, season = self._plan(panel)
        _check_lengths(panel, needed, type(self).__name__)
        self.transform_ = learn(panel, self.transform, season_length=season)
        data = self.transform_.apply(panel)

        def attempt(i: int) -> ArimaFit | str:
            try:
                return fit_one(data.series(i), _covariates(data, i))
            except (ArithmeticError, np.linalg.LinAlgError) as error:
                return str(error)

        with ThreadPoolExecutor(self.n_jobs) as threads:  # the kernels run without the interpreter's lock
            results = list(threads.map(attempt, range(data.n_series)))
        _raise_failures(type(self).__name__, dict(zip(data.ids, results, strict=True)))
        self.fits_ = {name: fit for name, fit in zip(data.ids, results, strict=True) if isinstance(fit, ArimaFit)}
        _warn_of_failures(self.fits_)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        data = self.transform_.apply(panel)
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
        fitted = self.fits_[name]
        _check_history(data, i, fitted)
        trend = self._trend_of(fitted)
        first = _steps_from(self.panel_, data, i) if set(trend) - {"mean"} else 0
        n_obs = int(data.lengths[i])
        Z = regressors(trend, first, n_obs, _covariates(data, i))
        future = regressors(trend, first + n_obs, horizon, X)
        return forecast(fitted, data.series(i), Z, horizon, future, self._engine)

    def _trend_of(self, fitted: ArimaFit) -> tuple[str, ...]:
        return fitted.beta_names[: len(fitted.beta_names) - len(self.panel_.covariate_names)]

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
        return covariance(self.fits_[unique_id], y, Z, self._engine)

    def residuals(self, unique_id: str) -> Floats:
        """One-step prediction errors of one training series, each of variance ``sigma2``: ``(n_obs,)``.

        On the scale of the transform; nan for missing values and for what differencing loses. From the Kalman filter of
        statsmodels, whatever the engine.
        """
        from tsforecast.models.arima import by_statsmodels  # a second to import: only where it is used

        y, Z = self._series(unique_id)
        return by_statsmodels.residuals(self.fits_[unique_id], y, Z)

    def ljung_box(self, unique_id: str, n_lags: int) -> tuple[float, float]:
        """Statistic of Ljung & Box (1978) on the first ``n_lags`` autocorrelations of the residuals, and its p-value.

        The degrees of freedom are ``n_lags`` less the coefficients of the lag polynomials; missing residuals are passed
        over.
        """
        degrees = n_lags - self.fits_[unique_id].order.n_arma
        if degrees < 1:
            raise ParameterError(f"n_lags={n_lags} leaves no degree of freedom; {n_lags - degrees + 1} are needed.")
        e = self.residuals(unique_id)
        e = e[~np.isnan(e)]
        e = e - e.mean()
        r = np.array([e[k:] @ e[:-k] for k in range(1, n_lags + 1)]) / (e @ e)
        statistic = e.size * (e.size + 2) * float(np.sum(r**2 / (e.size - np.arange(1, n_lags + 1))))
        return statistic, float(stats.chi2.sf(statistic, degrees))

    def _series(self, unique_id: str) -> tuple[Floats, Floats]:
        """Training values on the scale of the model, and their regressors."""
        i = int(self.panel_.positions(pd.Index([unique_id]))[0])
        data = self.transform_.apply(self.panel_.take([i]))
        return data.values, regressors(self._trend_of(self.fits_[unique_id]), 0, data.n_obs, data.covariates)


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


def _check_lengths(panel: Panel, needed: int, model: str) -> None:
    known = panel.n_present
    if (known < needed).any():
        i = int(np.argmax(known < needed))
        raise SeriesTooShortError(
            f"Series {panel.ids[i]!r} has {known[i]} known observations; this {model} needs at least {needed}."
        )


def _check_history(panel: Panel, i: int, fitted: ArimaFit) -> None:
    known = int((~np.isnan(panel.series(i))).sum())
    if known <= fitted.order.n_lost:
        raise SeriesTooShortError(
            f"Series {panel.ids[i]!r} has {known} known observations to forecast from; order {fitted.order} needs at "
            f"least {fitted.order.n_lost + 1}."
        )


def _raise_failures(model: str, results: "dict[str, ArimaFit | str]") -> None:
    failures = {str(name): reason for name, reason in results.items() if isinstance(reason, str)}
    if failures:
        first = next(iter(failures))
        raise FitError(
            f"{model} could not be fitted to {len(failures)} of {len(results)} series; {first!r}: {failures[first]}.",
            failures=failures,
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
