"""The best of the optima reached from several starts, as few of them followed as are needed to be sure.

Kernels that are compiled apart come as addresses (`tsforecast.kernels._jit.address`).
"""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit, record
from tsforecast.kernels.arma.estimation.likelihood import WHITENING, LeastSquares, Whitening, pacf_distance, squares
from tsforecast.kernels.arma.estimation.minimise import SAME, Optimum, Stop, call_minimise
from tsforecast.kernels.arma.estimation.starting_points import (
    call_starting_points,
    index_of_lowest,
    several_roots,
)

_TOLERANCE = 1e-6  # of -2 loglik
_MAX_ITERATIONS = 200
_SPARE = 10.0  # of log-likelihood, that a start may lack in what it foresees and still be followed
# An optimum is sharp by its largest standard error, in radians, and was reached straight by the iterations it took:
_SHARP, _STRAIGHT = 0.12, 12
_FAIRLY_SHARP, _VERY_STRAIGHT = 0.18, 4
_DULL = 0.3
_INSIDE = 0.995  # of a partial autocorrelation
_ALIKE_IF_SHARP, _ALIKE_IF_DULL = 3, 6  # starts in a row that lead to the same optimum: no more are followed
# With several roots in one moving average optima lie close together near the unit circle, and far from most starts:
_CANDIDATES, _MORE_CANDIDATES = 25, 33  # starts made, the second with many parameters
_MOST_FOR_CANDIDATES = 4  # parameters that are not many
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
    """Copy x into ``out``, two (k,), by a loop: an assignment to a slice takes long to compile."""
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


FIT_KERNELS = record(FitKernels, types.int64, types.int64, WHITENING)
