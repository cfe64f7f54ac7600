"""One series and one order give an ArimaFit; a fit and any later data give forecasts. The engine is chosen here."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import Order, partial_autocorrelations
from tsforecast.models.arima.result import ArimaFit

Engine: TypeAlias = Literal["numba", "statsmodels"]

_LARGEST = 2_000_000  # values of all rows: each missing value is one for the engine "numba"
_LONGEST = 100_000_000  # products of these: about a second; a Kalman filter does not mind how many gaps there are


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


def one_step(fit: ArimaFit, y: Floats, Z: Floats, engine: Engine) -> tuple[Floats, Floats]:
    """Mean and variance of each value given those before it at the fit's parameters: two ``(n_obs,)``.

    Also of missing values; nan where differencing has too few before, or only missing ones. Arguments as `forecast`.

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.empty((40, 0)), (), Order(0, 1, 0), "numba")
    >>> mean, variance = one_step(fit, y, np.empty((40, 0)), "numba")
    >>> bool(np.isnan(mean[0])), bool(np.allclose(mean[1:], y[:-1])), bool(np.allclose(variance[1:], fit.sigma2))
    (True, True, True)
    """
    mean, variance = _module(engine_for(engine, y)).one_step(fit, y, Z)
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


def check_engine(engine: str) -> None:
    """A `ParameterError` where ``engine`` is none of the choices."""
    if not isinstance(engine, str) or engine not in get_args(Engine):
        raise ParameterError(f"engine={engine!r} is none of {list(get_args(Engine))}.")


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
    """The functions of an engine: ``fit``, ``loglik`` and ``forecast``."""
    if engine == "numba":  # either takes a while to import: only where it is used
        from tsforecast.models.arima.engines import numba

        return numba
    from tsforecast.models.arima.engines import statsmodels

    return statsmodels
