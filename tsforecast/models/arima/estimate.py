"""One series, one order -> a frozen ArimaFit; one fit, any later data -> forecasts. The engine is chosen here."""

import dataclasses
import importlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tsforecast._types import Floats, Ints
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import Order, multiply, partial_autocorrelations, reflected

Engine: TypeAlias = Literal["numba", "statsmodels"]

_ENGINES = {
    "numba": "tsforecast.models.arima.engines.numba",
    "statsmodels": "tsforecast.models.arima.engines.statsmodels",
}
_LARGEST = 2_000_000  # values of all rows: each missing value is one for the engine "numba"
_LONGEST = 100_000_000  # products of these: about a second; a Kalman filter does not mind how many gaps there are
NO_STRUCTURE = 1e-10  # of the level: residuals below it are noise, whatever the order
_ROUNDING = 2.0**-50  # of the level: residuals below it, for each difference twice as large, are 0

DEGENERATE = "its likelihood is not finite, or its innovation variance is below the resolution of the values"


@dataclasses.dataclass(frozen=True, eq=False)
class ArimaFit:
    """Maximum likelihood estimates of one series.

    Attributes
    ----------
    order : Order
    phi, theta, seasonal_phi, seasonal_theta : ndarray, shapes (p,), (q,), (P,), (Q,)
    beta : ndarray, shape (n_regressors,)
        Coefficients of the trend and the covariates, in the unit of the (transformed) series.
    beta_names : tuple of str
    sigma2 : float
        Innovation variance, the maximum likelihood estimate (divided by ``n_obs``); 0 where the regressors explain the
        series wholly.
    loglik : float
        Exact Gaussian log-likelihood of the differenced series; infinite where ``sigma2`` is 0.
    n_obs : int
        Values that the likelihood is of: those known, less those lost to differencing.
    converged : bool
        Whether the likelihood is at a maximum. A moving average may have roots on the unit circle there; where an
        autoregression ends on the bound of stationarity there is none, and this is False.
    n_iterations : int
    """

    order: Order
    phi: Floats
    theta: Floats
    seasonal_phi: Floats
    seasonal_theta: Floats
    beta: Floats
    beta_names: tuple[str, ...]
    sigma2: float
    loglik: float
    n_obs: int
    converged: bool
    n_iterations: int

    @property
    def n_params(self) -> int:
        """Parameters estimated, the innovation variance among them."""
        return self.order.n_arma + self.beta.size + 1

    @property
    def aic(self) -> float:
        """Akaike's criterion, ``-2 loglik + 2 k``."""
        return -2 * self.loglik + 2 * self.n_params

    @property
    def aicc(self) -> float:
        """Akaike's criterion for short series, ``aic + 2 k (k + 1) / (n - k - 1)``; infinite for n <= k + 1."""
        k, spare = self.n_params, self.n_obs - self.n_params - 1
        return self.aic + 2 * k * (k + 1) / spare if spare > 0 else float("inf")

    @property
    def bic(self) -> float:
        """Schwarz's criterion, ``-2 loglik + k log n``."""
        return float(-2 * self.loglik + self.n_params * np.log(self.n_obs))

    @property
    def coefficients(self) -> dict[str, float]:
        """Estimates by name: ``phi1``, ``theta1``, ``seasonal_phi1``, ``seasonal_theta1``, …, then the regressors'."""
        groups = {
            "phi": self.phi,
            "theta": self.theta,
            "seasonal_phi": self.seasonal_phi,
            "seasonal_theta": self.seasonal_theta,
        }
        named = {f"{name}{i + 1}": float(v) for name, values in groups.items() for i, v in enumerate(values)}
        return named | dict(zip(self.beta_names, map(float, self.beta), strict=True))

    def roots(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Roots of the whole autoregressive and the whole moving-average polynomial; none is within the unit circle."""
        ar = multiply(self.phi, self.seasonal_phi, self.order.season_length, -1.0)
        ma = multiply(self.theta, self.seasonal_theta, self.order.season_length, 1.0)
        return _roots(-ar), _roots(ma)

    def with_values(self, values: Floats) -> "ArimaFit":
        """The same fit with other coefficients, in the order of ``coefficients``: ``(n_coefficients,)``."""
        order = self.order
        parts = np.split(values, np.cumsum([order.p, order.q, order.P, order.Q]))
        phi, theta, seasonal_phi, seasonal_theta, beta = parts
        return dataclasses.replace(
            self, phi=phi, theta=theta, seasonal_phi=seasonal_phi, seasonal_theta=seasonal_theta, beta=beta
        )

    def invertible(self) -> "ArimaFit":
        """The same process with no moving-average root within the unit circle; see `order.reflected`."""
        theta, own = reflected(self.theta)
        seasonal_theta, seasonal = reflected(self.seasonal_theta)
        if own == seasonal == 1.0:
            return self
        sigma2 = self.sigma2 * own * seasonal
        return dataclasses.replace(self, theta=theta, seasonal_theta=seasonal_theta, sigma2=sigma2)


def estimate(y: Floats, Z: Floats, names: tuple[str, ...], order: Order, engine: Engine) -> ArimaFit:
    """The exact maximum likelihood fit of a regression with ARIMA errors.

    The likelihood is that of the differenced series (the first ``order.n_lost`` values have a flat distribution: what
    statsmodels calls simple differencing); missing values are integrated out. A series with so many of them that a
    likelihood would take a second (316 of 1,000 values) goes to statsmodels whatever the engine: it is the same there.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is a missing value.
    Z : ndarray, shape (n_obs, n_regressors)
    names : tuple of str, length n_regressors
    order : Order
    engine : {"numba", "statsmodels"}

    Raises
    ------
    FloatingPointError
        The likelihood is not finite anywhere that was tried, or the innovation variance is below the resolution of the
        values.

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.ones((40, 1)), ("mean",), Order(1, 0, 0), "numba")
    >>> list(fit.coefficients)
    ['phi1', 'mean']
    """
    fit: ArimaFit = _module(engine_for(engine, y)).fit(y, Z, names, order)
    return fit


def estimate_many(
    y: Floats, indptr: Ints, Z: Floats, names: tuple[str, ...], order: Order, engine: Engine, n_jobs: int = 1
) -> list[ArimaFit | Exception]:
    """`estimate` of every series of a panel, or the error that there was.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        The series one after the other; nan is a missing value.
    indptr : ndarray of int, shape (n_series + 1,)
        Series i is ``y[indptr[i]:indptr[i + 1]]``.
    Z : ndarray, shape (n_obs, n_regressors)
    names : tuple of str, length n_regressors
    order : Order
    engine : {"numba", "statsmodels"}
    n_jobs : int
        Threads over the series.

    Examples
    --------
    >>> y = np.sin(np.arange(80.0) ** 2)
    >>> fits = estimate_many(y, np.array([0, 40, 80]), np.empty((80, 0)), (), Order(1, 0, 0), "numba")
    >>> [fit.n_obs for fit in fits]
    [40, 40]
    """
    ranges = list(itertools.pairwise(indptr.tolist()))
    if all(engine_for(engine, y[begin:end]) == "numba" for begin, end in ranges):
        fits: list[ArimaFit | Exception] = _module("numba").fit_many(y, indptr, Z, names, order, n_jobs)
        return fits

    def attempt(bounds: tuple[int, int]) -> ArimaFit | Exception:
        own = slice(*bounds)
        try:
            return estimate(y[own], Z[own], names, order, engine)
        except (ArithmeticError, np.linalg.LinAlgError) as error:
            return error

    with ThreadPoolExecutor(n_jobs) as threads:
        return list(threads.map(attempt, ranges))


def forecast(
    fit: ArimaFit, y: Floats, Z: Floats, horizon: int, future: Floats, engine: Engine
) -> tuple[Floats, Floats]:
    """Mean and variance of the next ``horizon`` values at the fit's parameters: two ``(horizon,)``.

    Nothing is re-estimated: ``y`` may hold other observations than the fit was made from.

    Parameters
    ----------
    fit : ArimaFit
    y : ndarray, shape (n_obs,)
    Z : ndarray, shape (n_obs, n_regressors)
    horizon : int
    future : ndarray, shape (horizon, n_regressors)
    engine : {"numba", "statsmodels"}

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.ones((40, 1)), ("mean",), Order(1, 0, 0), "numba")
    >>> mean, variance = forecast(fit, y, np.ones((40, 1)), 2, np.ones((2, 1)), "numba")
    >>> bool(abs(mean[0] - (fit.beta[0] + fit.phi[0] * (y[-1] - fit.beta[0]))) < 1e-12)
    True
    """
    mean, variance = _module(engine_for(engine, y)).forecast(fit, y, Z, horizon, future)
    return mean, variance


def loglik(fit: ArimaFit, y: Floats, Z: Floats, engine: Engine) -> float:
    """Exact log-likelihood of a series at the parameters of ``fit``; arguments as `forecast`.

    Moving-average roots may lie anywhere; nan where an autoregression is not stationary, and nothing is defined.

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.ones((40, 1)), ("mean",), Order(1, 0, 0), "numba")
    >>> bool(abs(loglik(fit, y, np.ones((40, 1)), "statsmodels") - fit.loglik) < 1e-6)
    True
    """
    pacf = np.concatenate([partial_autocorrelations(part) for part in (fit.phi, fit.seasonal_phi)])
    if not (np.abs(pacf) < 1.0).all():
        return float("nan")
    return float(_module(engine_for(engine, y)).loglik(fit, y, Z))


def _roots(coefficients: Floats) -> NDArray[np.complex128]:
    """Roots of ``1 + coefficients[0] z + coefficients[1] z^2 + ...``."""
    return np.asarray(np.polynomial.Polynomial([1.0, *coefficients]).trim().roots(), dtype=np.complex128)


def check_engine(engine: str) -> None:
    """A `ParameterError` where ``engine`` is none of the choices."""
    if not isinstance(engine, str) or engine not in _ENGINES:
        raise ParameterError(f"engine={engine!r} is none of {list(_ENGINES)}.")


def engine_for(engine: Engine, y: Floats) -> Engine:
    """``engine``, or statsmodels where the series has too many missing values for "numba".

    Examples
    --------
    >>> engine_for("numba", np.where(np.arange(2000) % 4, np.nan, 1.0))
    'statsmodels'
    """
    missing = int(np.count_nonzero(np.isnan(y)))
    many = missing * y.size > _LARGEST or missing**2 * y.size > _LONGEST
    return "statsmodels" if many else engine


def _module(engine: Engine) -> Any:
    return importlib.import_module(_ENGINES[engine])  # statsmodels takes a second to import: only where it is used


def resolution(y: Floats, order: Order) -> float:
    """What the values of a series, rounded, leave of 0 after the differences of ``order``, in the unit of the series.

    Examples
    --------
    >>> resolution(np.array([1.0, 8.0]), Order(0, 1, 0)) == 16 * 2.0**-50
    True
    """
    return float(_ROUNDING * 2.0 ** (order.d + order.D) * np.nanmax(np.abs(y)))


def explained_wholly(y: Floats, Z: Floats, names: tuple[str, ...], order: Order) -> ArimaFit | None:
    """The fit of a series that its regressors and differences explain to 10 digits of its level, else None.

    What is left is taken for white noise: ``sigma2`` is its mean square, and 0, with an infinite ``loglik``, only where
    it is the rounding of the values. (A likelihood of such rests has no digits to choose lags by.)

    Examples
    --------
    >>> explained_wholly(np.full(9, 7.0), np.ones((9, 1)), ("mean",), Order(1, 0, 0)).coefficients
    {'phi1': 0.0, 'mean': 7.0}
    """
    w, X = order.difference(y), order.difference(Z)
    known, largest = ~np.isnan(w), NO_STRUCTURE * np.nanmax(np.abs(y))
    beta, left = _least_squares(w[known], X[known])
    if np.max(np.abs(left), initial=0.0) <= largest and not known.all():  # values apart over a gap are seen now
        gaps = np.isnan(y)
        filled = np.where(gaps, np.nanmean(y), y)
        rows = order.difference(np.column_stack([Z, np.eye(y.size)[:, gaps]]))
        beta, left = _least_squares(order.difference(filled), rows)
        beta = beta[: Z.shape[1]]
    spread = float(np.max(np.abs(left), initial=0.0))
    if spread > largest:
        return None
    zeros = (np.zeros(order.p), np.zeros(order.q), np.zeros(order.P), np.zeros(order.Q))
    n_obs = int((~np.isnan(y)).sum()) - order.n_lost
    sigma2, value = 0.0, float("inf")
    if spread > resolution(y, order):
        sigma2 = float(left @ left) / n_obs
        value = -0.5 * n_obs * (float(np.log(2 * np.pi * sigma2)) + 1.0)
    return ArimaFit(order, *zeros, beta, names, sigma2, value, n_obs, True, 0)


def _least_squares(w: Floats, X: Floats) -> tuple[Floats, Floats]:
    """Coefficients and residual."""
    if not X.size:
        return np.zeros(X.shape[1]), w
    beta = np.asarray(np.linalg.lstsq(X, w, rcond=None)[0], dtype=np.float64)
    return beta, w - X @ beta
