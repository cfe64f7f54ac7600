"""Whole fits: from a series, or a panel of them, to estimates of a regression with ARIMA errors, in one call.

``orders`` is (p, d, q, P, D, Q, season_length) here; (p, q, P, Q, season_length), the order of what differencing
leaves, in the other modules. Kernels that are compiled apart come as addresses (`tsforecast.kernels._jit.address`), in
``kernels``: `tsforecast.kernels.arma.likelihood.minimise`, `starting_points`, and what the former calls.
"""

from typing import TypeAlias

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import caller, njit, njit_inline
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.kernels.arma.likelihood import (
    MINIMISE,
    SAME,
    Whitening,
    apart,
    coefficients,
    loglik,
    most,
    squares,
    variance,
)
from tsforecast.kernels.arma.rows import n_lost, stack
from tsforecast.kernels.arma.start import grid_of_angles, hannan_rissanen, project_grid

Kernels: TypeAlias = tuple[int, int, Whitening]
Optimum: TypeAlias = tuple[
    Floats, float, int, bool, Floats, float
]  # as `tsforecast.kernels.arma.likelihood.minimise` has it

STARTS = "float64[:, ::1](float64[::1], int64[::1], int64)"
FIT_PANEL = (
    "Tuple((float64[:, ::1], float64[:, ::1]))(float64[::1], int64[::1], float64[:, ::1], int64[::1], int64,"
    "Tuple((int64, int64, UniTuple(int64, 3))))"
)

_minimise, _starts = caller(MINIMISE), caller(STARTS)

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
_FEW = 3  # starts in a row that lead to the same optimum, which is not `_DULL`
_ENOUGH = 6  # such starts where it is
_NO_STRUCTURE = 1e-10  # of the level: residuals below it are noise, whatever the order
_ROUNDING = 2.0**-50  # of the level: residuals below it, for each difference twice as large, are 0
# With several roots in one moving average optima lie close together near the unit circle, and far from most starts:
_CANDIDATES, _MORE_CANDIDATES, _FEW_PARAMETERS = 25, 33, 4  # starts made, with so many parameters at most and with more
_LEFT_OUT = 9  # of them: the first, and those of lowest likelihood; the others are followed for `_BRIEF` steps ...
_BRIEF = 8
_FOLLOWED = 3  # ... and one of so many to its optimum
_ROOTS_NEAR = 0.75  # product of the inverse roots of a moving average with several, near which there are others
_ALIKE = 0.02  # of partial autocorrelations: nearer to an optimum followed before, nothing else is reached
_ON_BOUND = 1e-3  # n (1 - |pacf|) of an autoregression: that of a unit root estimated is some thousand times as large


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
        best, near = lowest(left), False
        left[best] = np.inf  # taken
        for i in range(1 if several else count):
            near = near or apart(points[best], out[i]) < SAME
        if not near:
            for k in range(first.size):
                out[count, k] = points[best, k]
            count += 1
            if count == n_best:
                break
    for i in range(count, n_points):
        for k in range(first.size):
            out[i, k] = spread(i, k)
    return out


@njit
def several_roots(orders: Ints) -> bool:
    """Whether one of the two moving averages has more than one lag."""
    return orders[1] > 1 or orders[3] > 1


@njit
def lowest(values: Floats) -> int:
    """Where the lowest value is (`np.argsort` takes two seconds to compile): (n,) -> int."""
    best = 0
    for i in range(values.size):
        if values[i] < values[best]:
            best = i
    return best


@njit
def spread(i: int, k: int) -> float:
    """Angle k of point i of a sequence that fills the middle of the space evenly: two additive recurrences, summed."""
    left, right = (i + 1) * np.sqrt(4.0 * k + 2.0), (i + 1) * np.sqrt(4.0 * k + 3.0)
    return _WIDTH * (left - np.floor(left) + right - np.floor(right) - 1.0)


@njit
def maximise(starts: Floats, orders: Ints, W: Floats, n_missing: int, circle: float, kernels: Kernels) -> Optimum:
    """The best of the optima reached from several starts, as `tsforecast.kernels.arma.likelihood.minimise` returns it.

    The iterations are those of all. The first start is followed to its optimum; others only where that is not
    `certain`.
    """
    first = from_first(starts, orders, W, n_missing, circle, kernels)
    return first if certain(first, orders) else bettered(first, starts, orders, W, n_missing, circle, kernels)


@njit
def from_first(starts: Floats, orders: Ints, W: Floats, n_missing: int, circle: float, kernels: Kernels) -> Optimum:
    """The optimum reached from the first of the starts."""
    stop = (_TOLERANCE, _MAX_ITERATIONS, np.inf)
    return _minimise(kernels[0], (starts[0], orders, W, n_missing, circle, stop, starts[0, :0], kernels[2]))


@njit
def certain(first: Optimum, orders: Ints) -> bool:
    """Whether a first optimum was reached without detours, off the unit circle, and is too sharp to be one of several.

    A point on the circle may be stationary in the angles only. The less sharp, the straighter it must be reached.
    """
    x, inside = first[0], first[3]
    for angle in x:
        inside = inside and abs(np.sin(angle)) < _INSIDE
    for place, lags in ((orders[0], orders[1]), (orders[:3].sum(), orders[3])):
        if lags > 1:  # the last partial autocorrelation is the product of the inverse roots
            inside = inside and abs(np.sin(x[place + lags - 1])) < _ROOTS_NEAR
    sharp = first[5] < _SHARP and first[2] <= _STRAIGHT
    return inside and (sharp or (first[5] < _FAIRLY_SHARP and first[2] <= _VERY_STRAIGHT))


@njit
def bettered(
    first: Optimum, starts: Floats, orders: Ints, W: Floats, n_missing: int, circle: float, kernels: Kernels
) -> Optimum:
    """The best of a first optimum and of those reached from all starts but the first.

    A start is left as soon as it cannot come below the best optimum so far, or comes near; all are, once several in a
    row have led to the same.
    """
    x, value, n_iterations, converged, found, error = first
    n, alike, enough = W.shape[1] - n_missing, 0, _FEW if error < _DULL else _ENOUGH
    rows, most, whitening = (orders, W, n_missing, circle), _MAX_ITERATIONS, kernels[2]
    spare = np.exp(2.0 * _SPARE / n)
    for i in range(1, starts.shape[0]):
        loose = (100.0 * _TOLERANCE, most, value * spare if np.isfinite(value) else np.inf)
        now, reached, steps, _, _, _ = _minimise(kernels[0], (starts[i], *rows, loose, x, whitening))
        n_iterations += steps
        if n * (value - reached) > _TOLERANCE * reached or np.isnan(value):
            tight = (_TOLERANCE, most, np.inf)
            x, value, steps, converged, found, error = _minimise(kernels[0], (now, *rows, tight, x[:0], whitening))
            n_iterations += steps
            alike = 0
        elif apart(now, x) < SAME:
            alike += 1
            if alike == enough:
                break
    return x, value, n_iterations, converged, found, error


@njit
def optimum(y: Floats, orders: Ints, n_starts: int, W: Floats, n_missing: int, kernels: Kernels) -> Optimum:
    """The best optimum reached from the `starting_points` of the residual y.

    Those past the first are made only where its optimum is not `certain`.
    """
    first = from_first(_starts(kernels[1], (y, orders, 1)), orders, W, n_missing, 1.0, kernels)
    if n_starts == 1 or certain(first, orders):
        return first
    if several_roots(orders):
        n_points = _CANDIDATES if first[0].size <= _FEW_PARAMETERS else _MORE_CANDIDATES
        return sifted(first, _starts(kernels[1], (y, orders, n_points)), orders, W, n_missing, kernels)
    return bettered(first, _starts(kernels[1], (y, orders, n_starts)), orders, W, n_missing, 1.0, kernels)


@njit
def sifted(first: Optimum, starts: Floats, orders: Ints, W: Floats, n_missing: int, kernels: Kernels) -> Optimum:
    """The best of a first optimum and of those reached from the most promising of all starts but the first.

    Those of highest likelihood are followed for a few steps, the best of them then to an optimum.
    """
    x, value, n_iterations, converged, found, error = first
    n, rows, whitening = W.shape[1] - n_missing, (orders, W, n_missing, 1.0), kernels[2]
    points, reached, steps = sift(starts, orders, W, n_missing, kernels)
    n_iterations += steps
    limit, followed, count = np.exp(2.0 * _SPARE / n), np.empty((1 + reached.size // _FOLLOWED, x.size)), 1
    copy_into(followed[0], x)
    for _ in range(reached.size):
        i = lowest(reached)
        if not reached[i] < np.inf or reached[i] > value * limit or count == followed.shape[0]:
            break
        reached[i], near = np.inf, False
        for j in range(count):
            near = near or apart(points[i], followed[j]) < _ALIKE
        if near:
            continue
        loose, tight = (100.0 * _TOLERANCE, _MAX_ITERATIONS, np.inf), (_TOLERANCE, _MAX_ITERATIONS, np.inf)
        now, least, steps, _, _, _ = _minimise(kernels[0], (points[i], *rows, loose, x[:0], whitening))
        n_iterations += steps
        copy_into(followed[count], now)
        count += 1
        if n * (value - least) > _TOLERANCE * least or np.isnan(value):
            x, value, steps, converged, found, error = _minimise(kernels[0], (now, *rows, tight, x[:0], whitening))
            n_iterations += steps
    return x, value, n_iterations, converged, found, error


@njit
def copy_into(out: Floats, x: Floats) -> None:
    """Copy x into ``out`` (an assignment to a slice would take two seconds more to compile): two (k,)."""
    for k in range(x.size):
        out[k] = x[k]


@njit
def sift(starts: Floats, orders: Ints, W: Floats, n_missing: int, kernels: Kernels) -> tuple[Floats, Floats, int]:
    """Where a few steps lead from the starts of highest likelihood, the first and the lowest left out.

    Angles (n, k) and ``|v(x)|^2`` there (n,), inf where it is not finite; the iterations of all.
    """
    left = squares(starts, orders, W, n_missing, 1.0, kernels[2])
    left[0] = np.inf
    for i in range(left.size):
        if np.isnan(left[i]):
            left[i] = np.inf
    n_points, n_iterations = max(left.size - _LEFT_OUT, 0), 0
    points, reached = np.empty((n_points, starts.shape[1])), np.empty(n_points)
    brief = (100.0 * _TOLERANCE, _BRIEF, np.inf)
    for i in range(n_points):
        best = lowest(left)
        left[best] = np.inf  # taken
        begin = (starts[best], orders, W, n_missing, 1.0, brief, starts[0, :0], kernels[2])
        now, least, steps, _, _, _ = _minimise(kernels[0], begin)
        copy_into(points[i], now)
        reached[i] = least if np.isfinite(least) else np.inf
        n_iterations += steps
    return points, reached, n_iterations


@njit_inline
def fit_series(
    y: Floats, Z: Floats, orders: Ints, n_starts: int, kernels: Kernels, values: Floats, numbers: Floats
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
    if left <= _NO_STRUCTURE * largest:
        numbers[SIGMA2], numbers[LOGLIK] = noise(residual, n, rounding(orders) * largest)
        numbers[CONVERGED], numbers[STATUS] = 1.0, EXPLAINED
        x = np.zeros(n_arma)
    elif dependent >= 0:
        numbers[STATUS] = COLLINEAR + dependent
        return
    else:
        best = optimum(residual, own, n_starts, W, n_missing, kernels)
        x, value, numbers[N_ITERATIONS], converged, found, _ = best
        numbers[CONVERGED] = converged and not on_bound(x, own, n)
        numbers[SIGMA2], numbers[LOGLIK] = variance(value, found[0], n), loglik(value, n)
        beta = found[1:]
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
    return _ROUNDING * 2.0 ** (orders[1] + orders[4])


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
        bounded = bounded or (most(i, orders) < 1.0 and n * (1.0 - abs(np.sin(x[i]))) < _ON_BOUND)
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
    y: Floats, indptr: Ints, Z: Floats, orders: Ints, n_starts: int, kernels: Kernels
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
