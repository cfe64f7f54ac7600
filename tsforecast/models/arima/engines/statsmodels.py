"""The engine "statsmodels": its SARIMAX, a general Kalman filter under a numerical-gradient optimiser."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from statsmodels.tools.sm_exceptions import ModelWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast._types import Floats
from tsforecast.kernels.arma.estimation.limits import ON_BOUND
from tsforecast.models.arima.order import Order, partial_autocorrelations
from tsforecast.models.arima.perfect_fit import DEGENERATE, perfect_fit, resolution
from tsforecast.models.arima.result import ArimaFit

_COLLINEAR = 1e-11  # of its length: what is left of a regressor that those before it explain, as in `kernels.gls`


class _Standard(NamedTuple):
    """A series in units of its own: ``y = level + Z beta + scale v``, and regressors ``X = Z inverse`` for ``v``.

    Differenced, the columns of ``X`` are at right angles and of mean square 1, as is what ``X`` explains nothing of.
    """

    v: Floats
    X: Floats
    beta: Floats
    inverse: Floats
    scale: float


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
    own = _standard(y, Z, names, order)
    model = _model(own.v, own.X, order, simple=not np.isnan(y).any())
    with warnings.catch_warnings():
        _silence()
        result = model.fit(disp=0, cov_type="none")
    sd = float(np.sqrt(result.params[-1])) * own.scale
    if not np.isfinite(_counted(result.llf)) or not sd > resolution(y, order):
        raise FloatingPointError(DEGENERATE)
    k, n_lost = Z.shape[1], _n_lost(y, order)
    ends = np.cumsum([k, order.p, order.q, order.P, order.Q])
    gamma, phi, theta, seasonal_phi, seasonal_theta = np.split(result.params[:-1], ends[:-1])
    n_obs = int((~np.isnan(y)).sum()) - n_lost
    value = float(result.llf) + _constant(y, n_lost) - n_obs * float(np.log(own.scale))
    pacf = np.concatenate([partial_autocorrelations(part) for part in (phi, seasonal_phi)])
    inside = bool((n_obs * (1.0 - np.abs(pacf)) >= ON_BOUND).all())
    return ArimaFit(
        order, phi, theta, seasonal_phi, seasonal_theta, own.beta + own.scale * (own.inverse @ gamma), names, sd**2,
        value, n_obs, bool(result.mle_retvals["converged"]) and inside, int(result.mle_retvals["iterations"]),
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
    left, _ = _left(y, Z, fit)
    sd, n_lost = float(np.sqrt(fit.sigma2)), _n_lost(y, fit.order)
    model = _model(left / sd, np.empty((y.size, 0)), fit.order, simple=not np.isnan(y).any())
    with warnings.catch_warnings():
        _silence()
        value = _counted(model.loglike(_lags(fit), transformed=True))
    n_obs = int((~np.isnan(y)).sum()) - n_lost
    return value + _constant(y, n_lost) - n_obs * float(np.log(sd))


def forecast(fit: ArimaFit, y: Floats, Z: Floats, horizon: int, future: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the next values from the Kalman filter with an exact diffuse start; as `estimate.forecast`.

    Examples
    --------
    >>> y = np.arange(8.0) % 3
    >>> done = fit(y, np.empty((8, 0)), (), Order(0, 1, 0))
    >>> forecast(done, y, np.empty((8, 0)), 2, np.empty((2, 0)))[0]
    array([1., 1.])
    """
    left, level = _left(y, Z, fit)
    model = _model(left, np.empty((y.size, 0)), fit.order, simple=False)
    with warnings.catch_warnings():
        _silence()
        ahead = model.filter(_lags(fit), cov_type="none").get_forecast(horizon)
    mean = level + np.asarray(ahead.predicted_mean) + future @ fit.beta
    return mean, np.asarray(ahead.var_pred_mean) * fit.sigma2


def one_step(fit: ArimaFit, y: Floats, Z: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of each value given those before it, from the same filter; as `estimate.one_step`.

    Examples
    --------
    >>> y = np.arange(4.0) % 3
    >>> one_step(fit(np.arange(8.0) % 3, np.empty((8, 0)), (), Order(0, 1, 0)), y, np.empty((4, 0)))[0]
    array([nan,  0.,  1.,  2.])
    """
    left, level = _left(y, Z, fit)
    model = _model(left, np.empty((y.size, 0)), fit.order, simple=False)
    with warnings.catch_warnings():
        _silence()
        seen = model.filter(_lags(fit), cov_type="none").filter_results
    known = np.ones(y.size, dtype=np.bool_)
    if fit.order.n_lost:
        known = seen.forecasts_error_diffuse_cov[0, 0] <= _COLLINEAR
        known[: seen.nobs_diffuse] &= ~np.isnan(y[: seen.nobs_diffuse])  # it leaves 0 for missing values
    mean = np.where(known, level + seen.forecasts[0] + Z @ fit.beta, np.nan)
    return mean, np.where(known, seen.forecasts_error_cov[0, 0] * fit.sigma2, np.nan)


def _standard(y: Floats, Z: Floats, names: tuple[str, ...], order: Order) -> _Standard:
    """The series in units of its own: starts, steps and tolerances of statsmodels are absolute.

    A LinAlgError names a regressor that those before it explain once differenced.
    """
    level = _level(y, order)
    w, D = order.difference(y - level), order.difference(Z)
    known = ~np.isnan(w)
    k = Z.shape[1]
    R = np.linalg.qr(np.vstack([D, np.zeros((k, k))]), mode="r")  # (k, k), however few the rows
    dependent = np.abs(np.diag(R)) <= _COLLINEAR * np.linalg.norm(R, axis=0)
    if dependent.any():
        name = names[int(np.argmax(dependent))]
        raise np.linalg.LinAlgError(f"regressor {name!r} is constant or a combination of the others once differenced")
    inverse = np.linalg.inv(R) * np.sqrt(w.size)
    gamma = np.linalg.lstsq(D[known] @ inverse, w[known], rcond=None)[0]
    beta = inverse @ gamma
    left = y - level - Z @ beta
    rest = order.difference(left)[known] if known.any() else left[~np.isnan(left)]
    scale = float(np.sqrt(np.mean(rest**2))) or 1.0
    return _Standard(left / scale, Z @ inverse, beta, inverse, scale)


def _left(y: Floats, Z: Floats, fit: ArimaFit) -> tuple[Floats, float]:
    """What the regressors leave, less a level that differencing takes; and that level."""
    left = y - Z @ fit.beta
    level = _level(left, fit.order)
    return left - level, level


def _level(y: Floats, order: Order) -> float:
    """The first known value where the order has a difference, which takes any level, else 0."""
    return float(y[~np.isnan(y)][0]) if order.n_lost else 0.0


def _n_lost(y: Floats, order: Order) -> int:
    """Known values that differencing takes: fewer than those of the order where a season is never seen."""
    gaps = np.isnan(y)
    if not gaps.any() or order.n_lost == 0:
        return order.n_lost
    free = np.zeros((y.size, order.n_lost))  # series whose differences are all 0
    free[: order.n_lost] = np.eye(order.n_lost)
    weights = -order.differences()[:0:-1]
    for t in range(order.n_lost, y.size):
        free[t] = weights @ free[t - order.n_lost : t]
    return int(np.linalg.matrix_rank(free[~gaps]))


def _counted(loglik: float) -> float:
    """The log-likelihood, or nan for the 0 that statsmodels returns where its filter has broken down."""
    return float(loglik) if loglik != 0.0 else float("nan")


def _constant(y: Floats, n_lost: int) -> float:
    """What an exact diffuse start counts for the values that differencing loses; ours counts nothing."""
    return 0.5 * n_lost * float(np.log(2 * np.pi)) if np.isnan(y).any() else 0.0


def _lags(fit: ArimaFit) -> Floats:
    """Parameters of a model without regressors whose innovations have the variance 1."""
    return np.concatenate([fit.phi, fit.theta, fit.seasonal_phi, fit.seasonal_theta, [1.0]])


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
