"""Whole fits: from a series, or a panel of them, to estimates of a regression with ARIMA errors, in one call.

``orders`` is (p, d, q, P, D, Q, season_length) here; (p, q, P, Q, season_length), the order of what differencing
leaves, in the other modules. Kernels that are compiled apart come as addresses (`tsforecast.kernels._jit.address`).
"""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import caller, njit, njit_inline, record
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.kernels.arma.likelihood import (
    SAME,
    WHITENING,
    LeastSquares,
    Optimum,
    Stop,
    Whitening,
    call_minimise,
    coefficients,
    largest_pacf,
    loglik,
    pacf_distance,
    squares,
    variance,
)
from tsforecast.kernels.arma.limits import NO_STRUCTURE, ON_BOUND, ROUNDING
from tsforecast.kernels.arma.rows import n_lost, stack
from tsforecast.kernels.arma.start import grid_of_angles, hannan_rissanen, project_grid

SIGMA2, LOGLIK, N_OBS, CONVERGED, N_ITERATIONS, STATUS = range(6)  # columns of the numbers of a fit
N_NUMBERS = 6
FITTED, EXPLAINED, NOT_FINITE, NOTHING_LEFT, COLLINEAR = range(5)  # STATUS; COLLINEAR + i is that of regressor i

_TOLERANCE = 1e-6  # of -2 loglik
_MAX_ITERATIONS = 200
_MOST_OF_GRID, _MORE_OF_GRID = 8, 16  # starts; the second with several roots in one moving average
_WIDTH = 1.4  # radians, of the starts spread out
_SPARE = 10.0  # of log-likelihood, that a start may lack in what it foresees and still be followed
# An optimum is sharp by its largest standard error, in radians, and was reached straight by the iterations it took:
_SHARP, _STRAIGHT = 0.12, 12
_FAIRLY_SHARP, _VERY_STRAIGHT = 0.18, 4
_DULL = 0.3
_INSIDE = 0.995  # of a partial autocorrelation
_ALIKE_IF_SHARP, _ALIKE_IF_DULL = 3, 6  # starts in a row that lead to the same optimum: no more are followed
# With several roots in one moving average optima lie close together near the unit circle, and far from most starts:
_CANDIDATES, _MORE_CANDIDATES, _MOST_FOR_CANDIDATES = (
    25,
    33,
    4,
)  # starts made, with so many parameters at most and with more
_LEFT_OUT = 9  # of them: the first, and those of lowest likelihood; the others are followed for `_BRIEF` steps ...
_BRIEF = 8
_FOLLOWED = 3  # ... and one of so many to its optimum
_ROOTS_NEAR = 0.75  # product of the inverse roots of a moving average with several, near which there are others
_ALIKE = 0.02  # of partial autocorrelations: nearer to an optimum followed before, nothing else is reached


class FitKernels(NamedTuple):
    """Addresses of the kernels that a fit calls."""

    minimise: Any  # `likelihood.minimise`
    starting_points: Any
    whitening: Whitening


@njit
def starting_points(y: Floats, orders: Ints, n_points: int) -> Floats:
    """Angles to start from: Hannan-Rissanen, the best of the grid, others spread out: (at most n_points, n_params).

    ``orders`` is that of the differenced series y. Those of the grid differ by `SAME` at least from the first and,
    unless there are `several_roots`, from one another.
    """
    first = hannan_rissanen(y, orders)
    longest = max(orders[0], orders[4] * orders[2])
    if n_points == 1 or orders[1] + orders[3] == 0 or y.size - longest < 2 * first.size + 2:
        return first.reshape((1, first.size))
    points, left = project_grid(y, grid_of_angles(orders), orders)
    out = np.empty((n_points, first.size))
    several = several_roots(orders)
    n_best = min(n_points, 1 + _MORE_OF_GRID if several else _MOST_OF_GRID)
    for k in range(first.size):
        out[0, k] = first[k]
    count = 1
    for _ in range(left.size):
        best, near = index_of_lowest(left), False
        left[best] = np.inf  # taken
        for i in range(1 if several else count):
            near = near or pacf_distance(points[best], out[i]) < SAME
        if not near:
            for k in range(first.size):
                out[count, k] = points[best, k]
            count += 1
            if count == n_best:
                break
    for i in range(count, n_points):
        for k in range(first.size):
            out[i, k] = spread_evenly(i, k)
    return out


STARTING_POINTS = "float64[:, ::1](float64[::1], int64[::1], int64)"
call_starting_points = caller(STARTING_POINTS)


@njit
def several_roots(orders: Ints) -> bool:
    """Whether one of the two moving averages has more than one lag."""
    return orders[1] > 1 or orders[3] > 1


@njit
def index_of_lowest(values: Floats) -> int:
    """Where the lowest value is: (n,) -> int. (`np.argsort` takes long to compile.)"""
    best = 0
    for i in range(values.size):
        if values[i] < values[best]:
            best = i
    return best


@njit
def spread_evenly(i: int, k: int) -> float:
    """Angle k of point i of a sequence that fills the middle of the space evenly: two additive recurrences, summed."""
    left, right = (i + 1) * np.sqrt(4.0 * k + 2.0), (i + 1) * np.sqrt(4.0 * k + 3.0)
    return _WIDTH * (left - np.floor(left) + right - np.floor(right) - 1.0)


@njit
def maximise(starts: Floats, problem: LeastSquares, minimise: Any) -> Optimum:
    """The best of the optima reached from several starts, with the iterations of all.

    The first start is followed to its optimum; others only where that is not `certain`.
    """
    first = from_first(starts, problem, minimise)
    return first if certain(first, problem.orders) else best_of_starts(first, starts, problem, minimise)


@njit
def from_first(starts: Floats, problem: LeastSquares, minimise: Any) -> Optimum:
    """The optimum reached from the first of the starts."""
    return call_minimise(minimise, (starts[0], problem, Stop(_TOLERANCE, _MAX_ITERATIONS, np.inf), starts[0, :0]))


@njit
def certain(first: Optimum, orders: Ints) -> bool:
    """Whether a first optimum was reached without detours, off the unit circle, and is too sharp to be one of several.

    A point on the circle may be stationary in the angles only. The less sharp, the straighter it must be reached.
    """
    x, inside = first.x, first.converged
    for angle in x:
        inside = inside and abs(np.sin(angle)) < _INSIDE
    for place, lags in ((orders[0], orders[1]), (orders[:3].sum(), orders[3])):
        if lags > 1:  # the last partial autocorrelation is the product of the inverse roots
            inside = inside and abs(np.sin(x[place + lags - 1])) < _ROOTS_NEAR
    sharp = first.error < _SHARP and first.n_iterations <= _STRAIGHT
    return inside and (sharp or (first.error < _FAIRLY_SHARP and first.n_iterations <= _VERY_STRAIGHT))


@njit
def best_of_starts(first: Optimum, starts: Floats, problem: LeastSquares, minimise: Any) -> Optimum:
    """The best of a first optimum and of those reached from all starts but the first.

    A start is left as soon as it cannot come below the best optimum so far, or comes near; all are, once several in a
    row have led to the same.
    """
    x, value, n_iterations, converged, found, error = first
    n, alike, enough = problem.W.shape[1] - problem.n_missing, 0, _ALIKE_IF_SHARP if error < _DULL else _ALIKE_IF_DULL
    spare, tight = np.exp(2.0 * _SPARE / n), Stop(_TOLERANCE, _MAX_ITERATIONS, np.inf)
    for i in range(1, starts.shape[0]):
        loose = Stop(100.0 * _TOLERANCE, _MAX_ITERATIONS, value * spare if np.isfinite(value) else np.inf)
        now, reached, steps, _, _, _ = call_minimise(minimise, (starts[i], problem, loose, x))
        n_iterations += steps
        if n * (value - reached) > _TOLERANCE * reached or np.isnan(value):
            x, value, steps, converged, found, error = call_minimise(minimise, (now, problem, tight, x[:0]))
            n_iterations += steps
            alike = 0
        elif pacf_distance(now, x) < SAME:
            alike += 1
            if alike == enough:
                break
    return Optimum(x, value, n_iterations, converged, found, error)


@njit
def optimum(y: Floats, n_starts: int, problem: LeastSquares, kernels: FitKernels) -> Optimum:
    """The best optimum reached from the `starting_points` of the residual y.

    Those past the first are made only where its optimum is not `certain`.
    """
    orders, minimise = problem.orders, kernels.minimise
    first = from_first(call_starting_points(kernels.starting_points, (y, orders, 1)), problem, minimise)
    if n_starts == 1 or certain(first, orders):
        return first
    if several_roots(orders):
        n_points = _CANDIDATES if first.x.size <= _MOST_FOR_CANDIDATES else _MORE_CANDIDATES
        candidates = call_starting_points(kernels.starting_points, (y, orders, n_points))
        return best_of_promising(first, candidates, problem, minimise)
    starts = call_starting_points(kernels.starting_points, (y, orders, n_starts))
    return best_of_starts(first, starts, problem, minimise)


@njit
def best_of_promising(first: Optimum, starts: Floats, problem: LeastSquares, minimise: Any) -> Optimum:
    """The best of a first optimum and of those reached from the most promising of all starts but the first.

    Those of highest likelihood are followed for a few steps, the best of them then to an optimum.
    """
    x, value, n_iterations, converged, found, error = first
    n = problem.W.shape[1] - problem.n_missing
    loose, tight = Stop(100.0 * _TOLERANCE, _MAX_ITERATIONS, np.inf), Stop(_TOLERANCE, _MAX_ITERATIONS, np.inf)
    points, reached, steps = promising_starts(starts, problem, minimise)
    n_iterations += steps
    limit, followed, count = np.exp(2.0 * _SPARE / n), np.empty((1 + reached.size // _FOLLOWED, x.size)), 1
    copy_into(followed[0], x)
    for _ in range(reached.size):
        i = index_of_lowest(reached)
        if not reached[i] < np.inf or reached[i] > value * limit or count == followed.shape[0]:
            break
        reached[i], near = np.inf, False
        for j in range(count):
            near = near or pacf_distance(points[i], followed[j]) < _ALIKE
        if near:
            continue
        now, least, steps, _, _, _ = call_minimise(minimise, (points[i], problem, loose, x[:0]))
        n_iterations += steps
        copy_into(followed[count], now)
        count += 1
        if n * (value - least) > _TOLERANCE * least or np.isnan(value):
            x, value, steps, converged, found, error = call_minimise(minimise, (now, problem, tight, x[:0]))
            n_iterations += steps
    return Optimum(x, value, n_iterations, converged, found, error)


@njit
def copy_into(out: Floats, x: Floats) -> None:
    """Copy x into ``out``: two (k,). (An assignment to a slice takes long to compile.)"""
    for k in range(x.size):
        out[k] = x[k]


@njit
def promising_starts(starts: Floats, problem: LeastSquares, minimise: Any) -> tuple[Floats, Floats, int]:
    """Where a few steps lead from the starts of highest likelihood, the first and the lowest left out.

    Angles (n, k) and ``|v(x)|^2`` there (n,), inf where it is not finite; the iterations of all.
    """
    left = squares(starts, problem)
    left[0] = np.inf
    for i in range(left.size):
        if np.isnan(left[i]):
            left[i] = np.inf
    n_points, n_iterations = max(left.size - _LEFT_OUT, 0), 0
    points, reached = np.empty((n_points, starts.shape[1])), np.empty(n_points)
    brief = Stop(100.0 * _TOLERANCE, _BRIEF, np.inf)
    for i in range(n_points):
        best = index_of_lowest(left)
        left[best] = np.inf  # taken
        now, least, steps, _, _, _ = call_minimise(minimise, (starts[best], problem, brief, starts[0, :0]))
        copy_into(points[i], now)
        reached[i] = least if np.isfinite(least) else np.inf
        n_iterations += steps
    return points, reached, n_iterations


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


FIT_KERNELS = record(FitKernels, types.int64, types.int64, WHITENING)
FIT_PANEL = types.UniTuple(types.float64[:, ::1], 2)(
    types.float64[::1], types.int64[::1], types.float64[:, ::1], types.int64[::1], types.int64, FIT_KERNELS
)
