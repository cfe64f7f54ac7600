"""Whole fits: from a series, or a panel of them, to estimates of a regression with ARIMA errors, in one call.

``orders`` is (p, d, q, P, D, Q, season_length) here; (p, q, P, Q, season_length), the order of what differencing
leaves, in the other modules.
"""

import numpy as np
from numba.core import types

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit, njit_inline
from tsforecast.kernels.arma.estimation.likelihood import (
    LeastSquares,
    coefficients,
    largest_pacf,
    loglik,
    variance,
)
from tsforecast.kernels.arma.estimation.limits import NO_STRUCTURE, ON_BOUND, ROUNDING
from tsforecast.kernels.arma.estimation.multistart import FIT_KERNELS, FitKernels, optimum
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.kernels.arma.rows import n_lost, stack

SIGMA2, LOGLIK, N_OBS, CONVERGED, N_ITERATIONS, STATUS = range(6)  # columns of the numbers of a fit
N_NUMBERS = 6
FITTED, EXPLAINED, NOT_FINITE, NOTHING_LEFT, COLLINEAR = range(5)  # STATUS; COLLINEAR + i is that of regressor i


@njit_inline
def fit_series(
    y: Floats, Z: Floats, orders: Ints, n_starts: int, kernels: FitKernels, values: Floats, numbers: Floats
) -> None:
    """Estimates of one series, (n,) and (n, k), into ``values`` (n_params + k,) and ``numbers`` (N_NUMBERS,)."""
    own = np.array([orders[0], orders[2], orders[3], orders[5], orders[6]])
    n_arma, k = values.size - Z.shape[1], Z.shape[1]
    known, largest = 0, 2.3e-308
    for t in range(y.size):
        if not np.isnan(y[t]):
            known += 1
            largest = max(largest, abs(y[t]))
    if known <= n_lost(orders):
        numbers[STATUS] = NOTHING_LEFT
        return
    W, n_missing = stack(y, Z, orders)
    n = W.shape[1] - n_missing
    numbers[N_OBS] = n
    residual, beta, left, dependent = regression(W, n_missing)
    if left <= NO_STRUCTURE * largest:
        numbers[SIGMA2], numbers[LOGLIK] = noise(residual, n, rounding(orders) * largest)
        numbers[CONVERGED], numbers[STATUS] = 1.0, EXPLAINED
        x = np.zeros(n_arma)
    elif dependent >= 0:
        numbers[STATUS] = COLLINEAR + dependent
        return
    else:
        best = optimum(residual, n_starts, LeastSquares(own, W, n_missing, 1.0, kernels.whitening), kernels)
        x, numbers[N_ITERATIONS] = best.x, best.n_iterations
        numbers[CONVERGED] = best.converged and not on_bound(x, own, n)
        numbers[SIGMA2], numbers[LOGLIK] = variance(best.value, best.found[0], n), loglik(best.value, n)
        beta = best.found[1:]
        if not np.isfinite(numbers[LOGLIK]) or not numbers[SIGMA2] > (rounding(orders) * largest) ** 2:
            numbers[STATUS] = NOT_FINITE
    place = 0
    for part in coefficients(x, own, 1.0):
        for j in range(part.size):
            values[place] = part[j]
            place += 1
    for i in range(k):
        values[n_arma + i] = beta[n_missing + i]


@njit
def rounding(orders: Ints) -> float:
    """What rounded values leave of 0 after the differences of ``orders``, as a part of the largest of them."""
    return ROUNDING * 2.0 ** (orders[1] + orders[4])


@njit
def noise(residual: Floats, n: int, smallest: float) -> tuple[float, float]:
    """Variance and log-likelihood of n values if the residual (m,) is white noise; 0 and inf where all is rounding."""
    squares, largest = 0.0, 0.0
    for t in range(residual.size):
        squares += residual[t] * residual[t]
        largest = max(largest, abs(residual[t]))
    if largest <= smallest:
        return 0.0, np.inf
    return squares / n, loglik(squares, n)


@njit
def on_bound(x: Floats, orders: Ints, n: int) -> bool:
    """Whether an autoregression of n values ends on the bound of stationarity, where there is no maximum."""
    bounded = False
    for i in range(x.size):
        bounded = bounded or (largest_pacf(i, orders) < 1.0 and n * (1.0 - abs(np.sin(x[i]))) < ON_BOUND)
    return bounded


@njit
def regression(W: Floats, n_missing: int) -> tuple[Floats, Floats, float, int]:
    """Least squares of the last row of W on the others.

    Residual, coefficients, the largest residual, and the first regressor that those before it explain, else -1.
    """
    R = np.empty(W.shape)
    for i in range(W.shape[0]):
        for t in range(W.shape[1]):
            R[i, t] = W[i, t]
    residual, beta, U = by_gram_schmidt(R)
    left, dependent = 0.0, -1
    for t in range(residual.size):
        left = max(left, abs(residual[t]))
    for i in range(U.shape[0] - 1, n_missing - 1, -1):
        if not U[i, i] > 0.0:
            dependent = i - n_missing
    return residual, beta, left, dependent


@njit
def fit_panel(
    y: Floats, indptr: Ints, Z: Floats, orders: Ints, n_starts: int, kernels: FitKernels
) -> tuple[Floats, Floats]:
    """Estimates of every series of a panel: (n_series, n_params + k), (n_series, N_NUMBERS).

    ``y`` (n_obs,) and ``Z`` (n_obs, k) hold the series one after the other, series i from ``indptr[i]`` to ``indptr[i +
    1]``; nan in y is a missing value. The first table has the coefficients of the four lag polynomials, then those of
    the regressors; the second what is named at the head of the module. Where a series fails its STATUS tells why and
    nothing else of it is meant.
    """
    n_series = indptr.size - 1
    values = np.zeros((n_series, orders[0] + orders[2] + orders[3] + orders[5] + Z.shape[1]))
    numbers = np.zeros((n_series, N_NUMBERS))
    for i in range(n_series):
        begin, end = indptr[i], indptr[i + 1]
        fit_series(y[begin:end], Z[begin:end], orders, n_starts, kernels, values[i], numbers[i])
    return values, numbers


FIT_PANEL = types.UniTuple(types.float64[:, ::1], 2)(  # type: ignore[no-untyped-call]
    types.float64[::1], types.int64[::1], types.float64[:, ::1], types.int64[::1], types.int64, FIT_KERNELS
)
