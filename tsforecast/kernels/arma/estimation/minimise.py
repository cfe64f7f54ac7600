"""The minimum of the least-squares problem that `likelihood` makes of a likelihood."""

from typing import NamedTuple

import numpy as np
from numba.core import types

from tsforecast._types import Floats
from tsforecast.kernels._jit import caller, njit, record
from tsforecast.kernels.arma.cholesky import semidefinite_cholesky, solve_cholesky
from tsforecast.kernels.arma.estimation.likelihood import (
    LEAST_SQUARES,
    LeastSquares,
    gram,
    pacf_distance,
    tangents,
    workspace,
)

_HOPE = 10.0
_FIRST_STEPS = 1  # before a point is compared with the optimum known
SAME = 0.3  # of partial autocorrelations: two optima so near to each other are taken for one
_FEW_PARAMETERS = 3
_LOOSE = 1e-4  # of -2 loglik: the tolerance of no fit
_LONGEST = 0.7  # radians a parameter may move at once


class Stop(NamedTuple):
    """Where `minimise` ends."""

    tolerance: float  # of -2 loglik
    max_iterations: int
    goal: float  # it gives up where the minimum will clearly be above


class Optimum(NamedTuple):
    """What `minimise` found."""

    x: Floats  # angles, (k,)
    value: float  # |v(x)|^2
    n_iterations: int
    converged: bool
    found: Floats  # log determinant, then coefficients of the rows of W but the last
    error: float  # largest standard error of an angle


@njit
def damped_step(H: Floats, A: Floats, g: Floats, damping: float, M: Floats, step: Floats) -> None:
    """``-(H + damping diag(A))^-1 g``, no component longer than `_LONGEST`: (k, k), (k, k), (k,) into ``step`` (k,).

    Not finite where that matrix is not positive definite. ``M`` (k, k) is written over.
    """
    k = g.size
    largest, longest = 0.0, 0.0
    for i in range(k):
        largest = max(largest, A[i, i])
    for i in range(k):
        for j in range(i):
            M[i, j] = H[i, j]  # at a root on the unit circle a column of the Jacobian vanishes: hence the ridge
        M[i, i] = H[i, i] + damping * A[i, i] + 1e-10 * largest + 1e-300
        step[i] = g[i]
    solve_cholesky(semidefinite_cholesky(M), step)
    for i in range(k):
        longest = max(longest, abs(step[i]))
    scale = -_LONGEST / longest if longest > _LONGEST else -1.0
    for i in range(k):
        step[i] *= scale


@njit
def quadratic(x: Floats, A: Floats, y: Floats) -> float:
    """``x' A y``: (k,), (k, k), (k,) -> float."""
    total = 0.0
    for i in range(x.size):
        for j in range(y.size):
            total += x[i] * A[i, j] * y[j]
    return total


@njit
def secant(B: Floats, step: Floats, change: Floats, curvature: Floats) -> None:
    """Update ``B`` so that ``B step = curvature``, symmetric (Dennis, Gay & Welsch 1981, with their sizing): (k, k).

    ``change`` is the change of the gradient ``J'v`` over the step; ``curvature``, which is written over, the part of it
    that ``J'J`` does not see.
    """
    k = step.size
    along = quadratic(step, B, step)
    wanted, scale = 0.0, 0.0
    for i in range(k):
        wanted += step[i] * curvature[i]
        scale += step[i] * change[i]
    size = min(1.0, abs(wanted) / abs(along)) if along != 0.0 else 1.0
    left = 0.0
    for i in range(k):
        for j in range(k):
            B[i, j] *= size
            curvature[i] -= B[i, j] * step[j]
        left += step[i] * curvature[i]
    if abs(scale) > 1e-300:
        for i in range(k):
            for j in range(k):
                B[i, j] += (curvature[i] * change[j] + change[i] * curvature[j]) / scale
                B[i, j] -= left * change[i] * change[j] / scale**2


@njit
def renew(G: Floats, step: Floats, g: Floats, A: Floats, B: Floats, full: Floats, moved: bool) -> None:
    """Take the gradient ``g`` and the Gauss-Newton matrix ``A`` from the inner products ``G`` at a new point.

    The second-order term B is updated by `secant` if a step led there; ``full`` becomes ``A + B``.
    """
    k = g.size
    change, curvature = np.empty(k), np.empty(k)
    for i in range(k):
        change[i], g[i] = G[1 + i, 0] - g[i], G[1 + i, 0]
        curvature[i] = change[i]
        for j in range(k):
            A[i, j] = G[1 + i, 1 + j]
            curvature[i] -= A[i, j] * step[j]
    if moved:
        secant(B, step, change, curvature)
    for i in range(k):
        for j in range(k):
            full[i, j] = A[i, j] + B[i, j]


@njit
def minimise(x: Floats, problem: LeastSquares, stop: Stop, known: Floats) -> Optimum:
    """A minimum of ``|v(x)|^2``, from the angles x.

    Gauss-Newton steps with the damping of Levenberg and Marquardt (1963) and the second-order term of NL2SOL (Dennis,
    Gay & Welsch 1981): whichever of the two models foresaw the last gain better makes the next step. It has converged
    when the first model sees less than ``tolerance`` of -2 loglik ahead; it gives up, as converged, where even `_HOPE`
    times the predicted fall leaves the minimum above ``goal``, or where it comes near the optimum ``known``, (k,) or,
    if there is none, (0,).
    """
    tolerance, x = stop.tolerance, x.copy()
    n, k = problem.W.shape[1] - problem.n_missing, x.size
    A, B, full, M = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    g, step, trial = np.zeros(k), np.zeros(k), x.copy()
    best, damping, use_secant, iteration, refused = np.inf, 1e-3, False, -1, 0
    (R, E), found, converged = workspace(problem), np.empty(problem.W.shape[0]), False
    # with many parameters optima lie close together: a fit looks closer than a comparison of models
    near = SAME if k <= _FEW_PARAMETERS or tolerance > _LOOSE else 0.1 * SAME
    while True:
        there = tangents(trial, problem, R, E)
        G = gram(E, 1 + k)
        if G[0, 0] < best:
            gain, best, found = best - G[0, 0], G[0, 0], there
            if iteration >= 0:
                by_plain, by_full = predicted_fall(step, A, g), predicted_fall(step, full, g)
                use_secant = abs(gain - by_full) < abs(gain - by_plain) or iteration == 0
                damping = damping * 0.1 if gain > 0.5 * (by_full if use_secant else by_plain) else damping * 2.0
            renew(G, step, g, A, B, full, iteration >= 0)
            refused, iteration = 0, iteration + 1
            for i in range(k):
                x[i] = trial[i]
            damped_step(A, A, g, 0.0, M, step)
            ahead = predicted_fall(step, A, g)
            if n * ahead < tolerance * best or best * np.exp(-_HOPE * ahead / best) > stop.goal:
                converged = True
                break
            if iteration >= _FIRST_STEPS and known.size > 0 and pacf_distance(x, known) < near:
                break
        else:
            refused += 1
            use_secant = not use_secant and iteration > 0 and damping < 1.0
            damping = max(damping * 6.0, 1e-4)
            if refused == 15 or iteration < 0:
                converged = n * predicted_fall(step, A, g) < 10.0 * tolerance * best
                break
        if iteration == stop.max_iterations:
            break
        damped_step(full if use_secant else A, A, g, damping, M, step)
        for i in range(k):
            trial[i] = x[i] + step[i]
    return Optimum(x, best, max(iteration, 0), converged, found, np.sqrt(best / n * largest_of_inverse(A)))


STOP = record(Stop, types.float64, types.int64, types.float64)
OPTIMUM = record(
    Optimum, types.float64[::1], types.float64, types.int64, types.boolean, types.float64[::1], types.float64
)
MINIMISE = OPTIMUM(types.float64[::1], LEAST_SQUARES, STOP, types.float64[::1])
call_minimise = caller(MINIMISE)


@njit
def largest_of_inverse(A: Floats) -> float:
    """The largest value on the diagonal of the inverse of A, inf where A is not positive definite: (k, k) -> float."""
    C, most = semidefinite_cholesky(A.copy()), 0.0
    for i in range(A.shape[0]):
        if not C[i, i] > 0.0:
            return np.inf
    for i in range(A.shape[0]):
        unit = np.zeros(A.shape[0])
        unit[i] = 1.0
        solve_cholesky(C, unit)
        most = max(most, unit[i])
    return most


@njit
def predicted_fall(step: Floats, H: Floats, g: Floats) -> float:
    """Fall of ``|v|^2`` over a step, by a quadratic model: ``-2 g' step - step' H step``."""
    total = -quadratic(step, H, step)
    for i in range(g.size):
        total -= 2.0 * g[i] * step[i]
    return total
