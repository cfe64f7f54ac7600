"""The engine "numba": the exact likelihood of `tsforecast.kernels`, and its optimum by damped Gauss-Newton."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels.arma.estimation import likelihood, multistart, panel
from tsforecast.models.arima.engines.kernels import all_sizes, arma_sizes, fit_kernels
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.perfect_fit import DEGENERATE
from tsforecast.models.arima.process import ArimaStateSpace
from tsforecast.models.arima.result import ArimaFit

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
    orders, n_starts, kernels = all_sizes(order), _n_starts(order), fit_kernels()
    if n_jobs == 1 or n_series == 1:
        tables = [panel.fit_panel(y, indptr, Z, orders, n_starts, kernels)]
    else:
        cuts = np.linspace(0, n_series, min(n_series, _PARTS * n_jobs) + 1).astype(np.int64)
        parts = [indptr[a : b + 1] for a, b in itertools.pairwise(cuts)]
        with ThreadPoolExecutor(n_jobs) as threads:  # the kernels run without the interpreter's lock
            tables = list(threads.map(lambda own: panel.fit_panel(y, own, Z, orders, n_starts, kernels), parts))
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
    """The best fit reached from the angles ``starts``, ``(n_starts, n_params)``; rows W as `kernels.rows` gives them.

    Roots stay outside the circle of radius ``circle``. A standard deviation of the innovations of no more than
    ``smallest`` is a FloatingPointError.
    """
    orders = arma_sizes(order)
    kernels = fit_kernels()
    problem = likelihood.LeastSquares(orders, W, n_missing, circle, kernels.whitening)
    x, least, n_iterations, converged, found, _ = multistart.maximise(starts, problem, kernels.minimise)
    n = W.shape[1] - n_missing
    sigma2, value = likelihood.variance(least, found[0], n), likelihood.loglik(least, n)
    if not np.isfinite(value) or not sigma2 > smallest**2:
        raise FloatingPointError(DEGENERATE)
    converged = converged and not (circle == 1.0 and panel.on_bound(x, orders, n))
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
    return ArimaStateSpace.of(fit).filter(y - Z @ fit.beta).loglik


def forecast(fit: ArimaFit, y: Floats, Z: Floats, horizon: int, future: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the next values; arguments as `estimate.forecast`.

    Examples
    --------
    >>> y = np.arange(8.0) % 3
    >>> done = fit(y, np.empty((8, 0)), (), Order(0, 1, 0))
    >>> forecast(done, y, np.empty((8, 0)), 2, np.empty((2, 0)))[0]
    array([1., 1.])
    """
    process = ArimaStateSpace.of(fit)
    ahead = process.forecast(process.filter(y - Z @ fit.beta).state, horizon)
    return ahead.mean + future @ fit.beta, ahead.variance


def one_step(fit: ArimaFit, y: Floats, Z: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of each value given those before it; as `estimate.one_step`.

    Examples
    --------
    >>> y = np.arange(4.0) % 3
    >>> one_step(fit(np.arange(8.0) % 3, np.empty((8, 0)), (), Order(0, 1, 0)), y, np.empty((4, 0)))[0]
    array([nan,  0.,  1.,  2.])
    """
    mean, spread = ArimaStateSpace.of(fit).filter(y - Z @ fit.beta).one_step
    return mean + Z @ fit.beta, spread**2 * fit.sigma2


def _result(values: Floats, numbers: Floats, names: tuple[str, ...], order: Order) -> ArimaFit | Exception:
    status = int(numbers[panel.STATUS])
    if status >= panel.COLLINEAR:
        name = names[status - panel.COLLINEAR]
        return np.linalg.LinAlgError(f"regressor {name!r} is constant or a combination of the others once differenced")
    if status == panel.NOTHING_LEFT:
        return ArithmeticError(f"no more values are known than the {order.n_lost} that differencing takes")
    if status == panel.NOT_FINITE:
        return FloatingPointError(DEGENERATE)
    p, q, P, Q = order.p, order.q, order.P, order.Q
    seasonal = values[p + q :]
    return ArimaFit(
        order, values[:p], values[p : p + q], seasonal[:P], seasonal[P : P + Q], seasonal[P + Q :], names,
        float(numbers[panel.SIGMA2]), float(numbers[panel.LOGLIK]), int(numbers[panel.N_OBS]),
        bool(numbers[panel.CONVERGED]), int(numbers[panel.N_ITERATIONS]),
    )  # fmt: skip


def _n_starts(order: Order) -> int:
    """Starts to follow at most where the first optimum is not sharp: many parameters make many peaks."""
    one_average = order.q + order.Q == 1
    return {0: 1, 1: 1, 2: 4, 3: 4 if one_average else 8, 4: 16}.get(order.n_arma, 24)
