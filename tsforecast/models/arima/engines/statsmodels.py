"""The engine "statsmodels": its SARIMAX, a general Kalman filter under a numerical-gradient optimiser."""

import dataclasses
import warnings
from typing import Any

import numpy as np
from statsmodels.tools.sm_exceptions import ModelWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast._types import Floats
from tsforecast.kernels.arma.estimation.limits import ON_BOUND
from tsforecast.models.arima.order import Order, partial_autocorrelations
from tsforecast.models.arima.perfect_fit import DEGENERATE, perfect_fit, resolution
from tsforecast.models.arima.result import ArimaFit

_SMALL, _BIG = 1e-3, 1e8  # largest values between which a series is fitted as it is


def fit(y: Floats, Z: Floats, names: tuple[str, ...], order: Order) -> ArimaFit:
    """The fit that ``SARIMAX(...).fit()`` finds with its defaults; arguments as `estimate.estimate`.

    Examples
    --------
    >>> fit(np.sin(np.arange(40.0) ** 2), np.empty((40, 0)), (), Order(0, 0, 1)).converged
    True
    """
    exact = perfect_fit(y, Z, names, order)
    if exact is not None:
        return exact
    unit = _unit(y)
    if unit != 1.0:
        own = fit(y / unit, Z, names, order)
        value = own.loglik - own.n_obs * float(np.log(unit))
        return dataclasses.replace(own, beta=own.beta * unit, sigma2=own.sigma2 * unit**2, loglik=value)
    model = _model(y, Z, order, simple=not np.isnan(y).any())
    with warnings.catch_warnings():
        _silence()
        result = model.fit(disp=0, cov_type="none")
    if not np.isfinite(_counted(result.llf)) or not result.params[-1] > resolution(y, order) ** 2:
        raise FloatingPointError(DEGENERATE)
    k = Z.shape[1]
    ends = np.cumsum([k, order.p, order.q, order.P, order.Q])
    beta, phi, theta, seasonal_phi, seasonal_theta = np.split(result.params[:-1], ends[:-1])
    value = float(result.llf) + _constant(y, order)
    n_obs = int((~np.isnan(y)).sum()) - order.n_lost
    pacf = np.concatenate([partial_autocorrelations(part) for part in (phi, seasonal_phi)])
    inside = bool((n_obs * (1.0 - np.abs(pacf)) >= ON_BOUND).all())
    return ArimaFit(
        order, phi, theta, seasonal_phi, seasonal_theta, beta, names, float(result.params[-1]), value,
        n_obs, bool(result.mle_retvals["converged"]) and inside, int(result.mle_retvals["iterations"]),
    )  # fmt: skip


def loglik(fit: ArimaFit, y: Floats, Z: Floats) -> float:
    """Exact log-likelihood at the parameters of ``fit``; arguments as `estimate.loglik`.

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> done = fit(y, np.empty((40, 0)), (), Order(0, 0, 1))
    >>> bool(abs(loglik(done, y, np.empty((40, 0))) - done.loglik) < 1e-9)
    True
    """
    model = _model(y, Z, fit.order, simple=not np.isnan(y).any())
    with warnings.catch_warnings():
        _silence()
        value = _counted(model.loglike(_params(fit, fit.sigma2), transformed=True))
    return value + _constant(y, fit.order)


def forecast(fit: ArimaFit, y: Floats, Z: Floats, horizon: int, future: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the next values from the Kalman filter with an exact diffuse start; as `estimate.forecast`.

    Examples
    --------
    >>> y = np.arange(8.0) % 3
    >>> done = fit(y, np.empty((8, 0)), (), Order(0, 1, 0))
    >>> forecast(done, y, np.empty((8, 0)), 2, np.empty((2, 0)))[0]
    array([1., 1.])
    """
    model = _model(y, Z, fit.order, simple=False)
    with warnings.catch_warnings():
        _silence()
        ahead = model.filter(_params(fit, 1.0), cov_type="none").get_forecast(
            horizon, exog=future if Z.shape[1] else None
        )
    return np.asarray(ahead.predicted_mean), np.asarray(ahead.var_pred_mean) * fit.sigma2


def _unit(y: Floats) -> float:
    """A power of 2 near the largest value where that is far from 1: starts and steps of statsmodels are absolute."""
    largest = float(np.nanmax(np.abs(y)))
    return 1.0 if _SMALL <= largest <= _BIG or largest == 0.0 else 2.0 ** round(np.log2(largest))


def _counted(loglik: float) -> float:
    """The log-likelihood, or nan for the 0 that statsmodels returns where its filter has broken down."""
    return float(loglik) if loglik != 0.0 else float("nan")


def _constant(y: Floats, order: Order) -> float:
    """What an exact diffuse start adds to a log-likelihood for values lost to differencing; ours adds nothing."""
    return 0.5 * order.n_lost * float(np.log(2 * np.pi)) if np.isnan(y).any() else 0.0


def _params(fit: ArimaFit, sigma2: float) -> Floats:
    return np.concatenate([fit.beta, fit.phi, fit.theta, fit.seasonal_phi, fit.seasonal_theta, [sigma2]])


def _model(y: Floats, Z: Floats, order: Order, *, simple: bool) -> Any:
    """SARIMAX of this order: differenced beforehand, or in the state with a diffuse start where values are missing."""
    seasonal = (order.P, order.D, order.Q, order.season_length if order.P + order.D + order.Q else 0)
    exact = not simple and order.n_lost > 0
    with warnings.catch_warnings():
        _silence()
        return SARIMAX(
            y, Z if Z.shape[1] else None, order=(order.p, order.d, order.q), seasonal_order=seasonal,
            simple_differencing=simple, use_exact_diffuse=exact,
        )  # fmt: skip


def _silence() -> None:
    """Ignore the warnings of statsmodels about starts, steps and convergence: the last is a field of the fit."""
    warnings.simplefilter("ignore", ModelWarning)
    warnings.simplefilter("ignore", UserWarning)
    warnings.simplefilter("ignore", RuntimeWarning)
