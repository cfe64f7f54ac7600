"""The engine "numba": the exact likelihood of `tsforecast.kernels`, and its optimum by damped Gauss-Newton."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels import likelihood, start
from tsforecast.kernels._jit import announce
from tsforecast.kernels.arma import whiten
from tsforecast.kernels.gls import project
from tsforecast.models.arima.estimate import ArimaFit
from tsforecast.models.arima.order import Order, multiply
from tsforecast.models.arima.prediction import forecast_moments

_TOLERANCE = 1e-6  # of -2 loglik
_MAX_ITERATIONS = 200
_FIRST_STEPS = 2  # before another start is compared with the optimum known
_SAME = 0.3  # of partial autocorrelations


def fit(y: Floats, Z: Floats, names: tuple[str, ...], order: Order) -> ArimaFit:
    """The fit of highest likelihood found; arguments as `estimate.estimate`.

    Examples
    --------
    >>> fit(np.sin(np.arange(40.0) ** 2), np.empty((40, 0)), (), Order(0, 0, 1)).converged
    True
    """
    announce(likelihood.minimise, "the ARIMA kernels")
    W, n_missing = rows(y, Z, order)
    _check_rank(W, n_missing, names)
    orders = _orders(order)
    residual, _, _ = project(W.copy())
    starts = starting_points(residual, orders, _n_starts(order))
    return fit_from(starts, W, n_missing, names, order)


def fit_from(
    starts: Floats, W: Floats, n_missing: int, names: tuple[str, ...], order: Order, circle: float = 1.0
) -> ArimaFit:
    """The best fit reached from the angles ``starts``, ``(n_starts, n_params)``; rows W as `rows` gives them.

    Roots stay outside the circle of radius ``circle``.
    """
    orders = _orders(order)
    x, _, n_iterations, converged = maximise(starts, orders, W, n_missing, circle)
    return _fit_at(likelihood.coefficients(x, orders, circle), W, n_missing, names, order, converged, n_iterations)


def loglik(fit: ArimaFit, y: Floats, Z: Floats) -> float:
    """Exact log-likelihood of a series at the parameters of ``fit``; arrays as `estimate.estimate`.

    Examples
    --------
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> done = fit(y, np.empty((40, 0)), (), Order(0, 0, 1))
    >>> bool(abs(loglik(done, y, np.empty((40, 0))) - done.loglik) < 1e-9)
    True
    """
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
    known = np.flatnonzero(~np.isnan(y))
    first = int(known[0])
    y = y[first:]
    gaps = np.flatnonzero(np.isnan(y))
    if gaps.size == 0:
        return np.ascontiguousarray(y[None, :]), first
    filled = np.where(np.isnan(y), np.interp(np.arange(y.size), known - first, y[known - first]), y)
    indicators = np.zeros((gaps.size, y.size))
    indicators[np.arange(gaps.size), gaps] = 1.0
    if order.n_lost:
        W = order.difference(np.vstack([indicators, np.zeros(y.size)]).T).T
        indicators = indicators[np.diag(project(np.ascontiguousarray(W))[2]) > 0.0]
    return np.vstack([indicators, filled]), first


def rows(y: Floats, Z: Floats, order: Order) -> tuple[Floats, int]:
    """Differenced rows for the kernels: missing values, regressors, series; and how many stand for missing values."""
    Y, first = levels(y, order)
    stacked = np.vstack([Y[:-1], Z[first:].T, Y[-1:]])
    return np.ascontiguousarray(order.difference(stacked.T).T), Y.shape[0] - 1


def innovations(
    phi: Floats, theta: Floats, seasonal_phi: Floats, seasonal_theta: Floats, season: int, W: Floats, n_missing: int
) -> tuple[Floats, float, Floats]:
    """Whitened residual of the last row of W, log determinant, and coefficients of the other rows.

    Rows and log determinant are those of `tsforecast.kernels.likelihood.target`, at coefficients in place of angles.
    """
    R, logdet = whiten(W, multiply(phi, seasonal_phi, season, -1.0), multiply(theta, seasonal_theta, season, 1.0))
    residual, beta, U = project(R)
    return residual, logdet + 2.0 * float(np.log(np.diag(U)[:n_missing]).sum()), beta


def starting_points(y: Floats, orders: Ints, n_points: int) -> Floats:
    """Angles to start from: Hannan-Rissanen, then the best of the grid: ``(at most n_points, n_params)``."""
    first = start.hannan_rissanen(y, orders)
    longest = max(orders[0], orders[4] * orders[2])
    if n_points == 1 or orders[1] + orders[3] == 0 or y.size - longest < 2 * first.size + 2:
        return first[None, :]
    points, left = start.project_grid(y, start.grid_of_angles(orders), orders)
    return np.vstack([first, points[np.argsort(left)[: n_points - 1]]])


def maximise(
    starts: Floats, orders: Ints, W: Floats, n_missing: int, circle: float = 1.0
) -> tuple[Floats, float, int, bool]:
    """The best of the optima reached from several starts: angles, sum of squares, iterations in all, convergence.

    The first start is followed to its optimum. Any other is left as soon as it cannot come below that, or comes near.
    """
    rows = (orders, W, n_missing, circle)
    x, value, n_iterations, converged = likelihood.minimise(starts[0], *rows, _TOLERANCE, _MAX_ITERATIONS, np.inf)
    for other in starts[1:]:
        goal = np.inf if np.isnan(value) else value
        now, reached, steps, done = likelihood.minimise(other, *rows, 100 * _TOLERANCE, _FIRST_STEPS, goal)
        if not done and np.abs(np.sin(now) - np.sin(x)).max(initial=0.0) >= _SAME:
            now, reached, more, _ = likelihood.minimise(now, *rows, 100 * _TOLERANCE, _MAX_ITERATIONS, goal)
            steps += more
        if reached < value or np.isnan(value):
            x, value, more, converged = likelihood.minimise(now, *rows, _TOLERANCE, _MAX_ITERATIONS, np.inf)
            steps += more
        n_iterations += steps
    return x, value, n_iterations, converged


def _fit_at(
    polynomials: tuple[Floats, Floats, Floats, Floats],
    W: Floats,
    n_missing: int,
    names: tuple[str, ...],
    order: Order,
    converged: bool,
    n_iterations: int,
) -> ArimaFit:
    residual, logdet, beta = innovations(*polynomials, order.season_length, W, n_missing)
    n = W.shape[1] - n_missing
    sigma2 = float(residual @ residual) / n
    value = -0.5 * (n * np.log(2 * np.pi * sigma2) + n + logdet)
    if not np.isfinite(value):
        raise FloatingPointError("the log-likelihood is not finite")
    return ArimaFit(
        order, *polynomials, beta[n_missing:], names, sigma2, float(value), n, bool(converged), int(n_iterations),
    )  # fmt: skip


def _check_rank(W: Floats, n_missing: int, names: tuple[str, ...]) -> None:
    factor = np.diag(project(W.copy())[2])[n_missing:]
    if not (factor > 0.0).all():
        raise np.linalg.LinAlgError(
            f"regressor {names[int(np.argmin(factor))]!r} is constant or a combination of the others once differenced"
        )


def _orders(order: Order) -> Ints:
    return np.array([order.p, order.q, order.P, order.Q, order.season_length], dtype=np.int64)


def _n_starts(order: Order) -> int:
    """Starts to follow: a likelihood of few parameters has one peak, one of many has several."""
    return {0: 1, 1: 1, 2: 2, 3: 3, 4: 4}.get(order.n_arma, 8)
