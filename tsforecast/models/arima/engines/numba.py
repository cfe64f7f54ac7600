"""The engine "numba": the exact likelihood of `tsforecast.kernels`, and its optimum by damped Gauss-Newton."""

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels.arma import fit as kernel
from tsforecast.kernels.arma import likelihood
from tsforecast.kernels.arma import rows as row_kernels
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.models.arima.engines.kernels import fit_kernels, whiten
from tsforecast.models.arima.estimate import DEGENERATE, ArimaFit
from tsforecast.models.arima.order import Order, multiply
from tsforecast.models.arima.prediction import forecast_moments

_PARTS = 8  # a panel is handed to each thread in so many parts, so that none waits long for another


def fit(y: Floats, Z: Floats, names: tuple[str, ...], order: Order) -> ArimaFit:
    """The fit of highest likelihood found; arguments as `estimate.estimate`.

    Examples
    --------
    >>> fit(np.sin(np.arange(40.0) ** 2), np.empty((40, 0)), (), Order(0, 0, 1)).converged
    True
    """
    result = fit_many(y, np.array([0, y.size]), Z, names, order)[0]
    if isinstance(result, Exception):
        raise result
    return result


def fit_many(
    y: Floats, indptr: Ints, Z: Floats, names: tuple[str, ...], order: Order, n_jobs: int = 1
) -> list[ArimaFit | Exception]:
    """The fit of every series of a panel, or the error that says why there is none.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        The series one after the other; nan is a missing value.
    indptr : ndarray of int, shape (n_series + 1,)
        Series i is ``y[indptr[i]:indptr[i + 1]]``.
    Z : ndarray, shape (n_obs, n_regressors)
    names : tuple of str, length n_regressors
    order : Order
    n_jobs : int
        Threads.

    Examples
    --------
    >>> y = np.sin(np.arange(80.0) ** 2)
    >>> len(fit_many(y, np.array([0, 40, 80]), np.empty((80, 0)), (), Order(0, 0, 1)))
    2
    """
    # what may not be written to would be compiled for once more
    y, Z, indptr = np.array(y), np.array(Z, order="C"), np.array(indptr, dtype=np.int64)
    n_series = indptr.size - 1
    orders, n_starts, kernels = _whole(order), _n_starts(order), fit_kernels()
    if n_jobs == 1 or n_series == 1:
        tables = [kernel.fit_panel(y, indptr, Z, orders, n_starts, kernels)]
    else:
        cuts = np.linspace(0, n_series, min(n_series, _PARTS * n_jobs) + 1).astype(np.int64)
        parts = [indptr[a : b + 1] for a, b in itertools.pairwise(cuts)]
        with ThreadPoolExecutor(n_jobs) as threads:  # the kernels run without the interpreter's lock
            tables = list(threads.map(lambda own: kernel.fit_panel(y, own, Z, orders, n_starts, kernels), parts))
    return [
        _result(values[i], numbers[i], names, order)
        for values, numbers in tables
        for i in range(values.shape[0])
    ]  # fmt: skip


def fit_from(
    starts: Floats,
    W: Floats,
    n_missing: int,
    names: tuple[str, ...],
    order: Order,
    circle: float = 1.0,
    smallest: float = 0.0,
) -> ArimaFit:
    """The best fit reached from the angles ``starts``, ``(n_starts, n_params)``; rows W as `rows` gives them.

    Roots stay outside the circle of radius ``circle``. A standard deviation of the innovations of no more than
    ``smallest`` is a FloatingPointError.
    """
    orders = _orders(order)
    best = kernel.maximise(starts, orders, W, n_missing, circle, fit_kernels())
    x, least, n_iterations, converged, found, _ = best
    n = W.shape[1] - n_missing
    sigma2, value = likelihood.variance(least, found[0], n), likelihood.loglik(least, n)
    if not np.isfinite(value) or not sigma2 > smallest**2:
        raise FloatingPointError(DEGENERATE)
    converged = converged and not (circle == 1.0 and kernel.on_bound(x, orders, n))
    polynomials = likelihood.coefficients(x, orders, circle)
    return ArimaFit(
        order, *polynomials, found[1 + n_missing :], names, sigma2, value, n, converged, n_iterations,
    )  # fmt: skip


def loglik(fit: ArimaFit, y: Floats, Z: Floats) -> float:
    """Exact log-likelihood of a series at the parameters of ``fit``; arrays as `estimate.estimate`.

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> done = fit(y, np.empty((40, 0)), (), Order(0, 0, 1))
    >>> bool(abs(loglik(done, y, np.empty((40, 0))) - done.loglik) < 1e-9)
    True
    """
    fit = fit.invertible()
    W, n_missing = rows(y - Z @ fit.beta, np.empty((y.size, 0)), fit.order)
    polynomials = (fit.phi, fit.theta, fit.seasonal_phi, fit.seasonal_theta)
    residual, logdet, _ = innovations(*polynomials, fit.order.season_length, W, n_missing)
    n = W.shape[1] - n_missing
    return float(-0.5 * (n * np.log(2 * np.pi * fit.sigma2) + logdet + residual @ residual / fit.sigma2))


def forecast(fit: ArimaFit, y: Floats, Z: Floats, horizon: int, future: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the next values; arguments as `estimate.forecast`.

    Examples
    --------
    >>> y = np.arange(8.0) % 3
    >>> done = fit(y, np.empty((8, 0)), (), Order(0, 1, 0))
    >>> forecast(done, y, np.empty((8, 0)), 2, np.empty((2, 0)))[0]
    array([1., 1.])
    """
    fit = fit.invertible()
    Y, _ = levels(y - Z @ fit.beta, fit.order)
    order = fit.order
    phi = multiply(fit.phi, fit.seasonal_phi, order.season_length, -1.0)
    theta = multiply(fit.theta, fit.seasonal_theta, order.season_length, 1.0)
    mean, variance = forecast_moments(Y, phi, theta, order, horizon)
    return mean + future @ fit.beta, variance * fit.sigma2


def levels(y: Floats, order: Order) -> tuple[Floats, int]:
    """Rows that stand for the missing values, then the series with those filled in, from the first known value on.

    Returns
    -------
    Y : ndarray, shape (n_missing + 1, n_obs)
        A row that differencing makes a combination of the earlier ones is left out: that value cannot be told.
    first : int
        Leading missing values, which are dropped.
    """
    Y, first = row_kernels.levels(np.array(y), _whole(order))
    return Y, int(first)


def rows(y: Floats, Z: Floats, order: Order) -> tuple[Floats, int]:
    """Differenced rows for the kernels: missing values, regressors, series; and how many stand for missing values."""
    W, n_missing = row_kernels.stack(np.array(y), np.array(Z, order="C"), _whole(order))
    return W, int(n_missing)


def innovations(
    phi: Floats, theta: Floats, seasonal_phi: Floats, seasonal_theta: Floats, season: int, W: Floats, n_missing: int
) -> tuple[Floats, float, Floats]:
    """Whitened residual of the last row of W, log determinant, and coefficients of the other rows.

    Missing values, the first rows of W, are integrated out: they add to the log determinant.
    """
    R, logdet = whiten(W, multiply(phi, seasonal_phi, season, -1.0), multiply(theta, seasonal_theta, season, 1.0))
    residual, beta, U = by_gram_schmidt(R)
    return residual, logdet + 2.0 * float(np.log(np.diag(U)[:n_missing]).sum()), beta


def _result(values: Floats, numbers: Floats, names: tuple[str, ...], order: Order) -> ArimaFit | Exception:
    status = int(numbers[kernel.STATUS])
    if status >= kernel.COLLINEAR:
        name = names[status - kernel.COLLINEAR]
        return np.linalg.LinAlgError(f"regressor {name!r} is constant or a combination of the others once differenced")
    if status == kernel.NOTHING_LEFT:
        return ArithmeticError(f"no more values are known than the {order.n_lost} that differencing takes")
    if status == kernel.NOT_FINITE:
        return FloatingPointError(DEGENERATE)
    p, q, P, Q = order.p, order.q, order.P, order.Q
    seasonal = values[p + q :]
    return ArimaFit(
        order, values[:p], values[p : p + q], seasonal[:P], seasonal[P : P + Q], seasonal[P + Q :], names,
        float(numbers[kernel.SIGMA2]), float(numbers[kernel.LOGLIK]), int(numbers[kernel.N_OBS]),
        bool(numbers[kernel.CONVERGED]), int(numbers[kernel.N_ITERATIONS]),
    )  # fmt: skip


@functools.lru_cache
def _orders(order: Order) -> Ints:
    return np.array([order.p, order.q, order.P, order.Q, order.season_length], dtype=np.int64)


@functools.lru_cache
def _whole(order: Order) -> Ints:
    return np.array([order.p, order.d, order.q, order.P, order.D, order.Q, order.season_length], dtype=np.int64)


def _n_starts(order: Order) -> int:
    """Starts to follow at most where the first optimum is not sharp: many parameters make many peaks."""
    one_average = order.q + order.Q == 1
    return {0: 1, 1: 1, 2: 4, 3: 4 if one_average else 8, 4: 16}.get(order.n_arma, 24)
