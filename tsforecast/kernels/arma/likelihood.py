"""The likelihood of a seasonal ARMA regression as a sum of squares in unconstrained parameters, and its optimum.

Unconstrained parameters ``x`` are angles: ``pacf = sin(x)`` within each of the four lag polynomials (order p, q, P,
Q), so that every point is stationary and invertible, and a root on the unit circle is a turning point (x = pi / 2),
not an edge. With beta and sigma2 concentrated out and n the number of known values (`arma.beginning` has S
and log det)::

    -2 loglik = n log(2 pi / n) + n + n log(S exp(log det / n))

so that maximum likelihood is the least-squares problem ``min |v(x)|^2`` of ``v = residual exp(log det / (2 n))``. A
point and its neighbour in each direction are lanes of one sweep (`tsforecast.kernels.arma.lanes`): a value comes with its
derivatives.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import caller, njit, njit_inline, record
from tsforecast.kernels.arma.beginning import call_whiten, semidefinite_cholesky, solve_cholesky
from tsforecast.kernels.arma.gls import call_project
from tsforecast.kernels.arma.lanes import N_LANES, exp, first, inner, load, log, store, store2
from tsforecast.kernels.arma.polynomial import negative, product, step_up

_STATIONARY = 1.0 - 1e-8  # largest partial autocorrelation of an autoregression: on the circle it has no variance
_STEP = 1e-7  # of the forward differences, in radians
_HOPE = 10.0
_FIRST_STEPS = 1  # before a point is compared with the optimum known
SAME = 0.3  # of partial autocorrelations: two optima so near to each other are taken for one
_FEW_PARAMETERS = 3
_LOOSE = 1e-4  # of -2 loglik: the tolerance of no fit
_LONGEST = 0.7  # radians a parameter may move at once


class Whitening(NamedTuple):
    """Addresses of the kernels that whiten rows: see `tsforecast.kernels._jit.address`."""

    whiten: Any  # `beginning.whiten`
    beginning: Any  # `beginning.beginning`
    project: Any  # `gls.project`


class LeastSquares(NamedTuple):
    """The problem ``min |v(x)|^2`` of one order and one series."""

    orders: Ints  # (p, q, P, Q, season_length)
    W: Floats  # (k + 1, n): rows that stand for missing values, then regressors, then the series
    n_missing: int  # rows that stand for missing values, which are integrated out
    circle: float  # every root of the lag polynomials stays outside the circle of this radius, at least 1
    whitening: Whitening


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
def largest_pacf(i: int, orders: Ints) -> float:
    """Largest partial autocorrelation that parameter i may have; ``orders`` is (p, q, P, Q, season_length)."""
    own, seasonal = i < orders[0], 0 <= i - orders[0] - orders[1] < orders[2]
    return _STATIONARY if own or seasonal else 1.0


@njit
def coefficients(x: Floats, orders: Ints, circle: float) -> tuple[Floats, Floats, Floats, Floats]:
    """``phi, theta, seasonal_phi, seasonal_theta`` at angles x, as `factors` has them: (k,) -> (p,), ..., (Q,)."""
    pacf = np.empty(x.size)
    for i in range(x.size):
        pacf[i] = largest_pacf(i, orders) * np.sin(x[i])
    phi, theta, seasonal_phi, seasonal_theta = factors(pacf, orders, circle)
    return phi, negative(theta), seasonal_phi, negative(seasonal_theta)


@njit_inline
def factors(pacf: Floats, orders: Ints, circle: float) -> tuple[Floats, Floats, Floats, Floats]:
    """``phi, -theta, seasonal_phi, -seasonal_theta`` with these partial autocorrelations: (k,) -> (p,), ..., (Q,).

    ``circle``, at least 1, keeps every root of the products outside the circle of this radius: the roots of ``phi(B)``
    are those of a polynomial of stationary coefficients ``phi[k] circle**(k + 1)``, times ``circle``.
    """
    p, q, P, Q, s = orders[0], orders[1], orders[2], orders[3], orders[4]
    phi = divide_roots(step_up(pacf[:p]), 1.0 / circle)
    theta = divide_roots(step_up(pacf[p : p + q]), 1.0 / circle)
    seasonal_phi = divide_roots(step_up(pacf[p + q : p + q + P]), circle ** (-s))
    seasonal_theta = divide_roots(step_up(pacf[p + q + P : p + q + P + Q]), circle ** (-s))
    return phi, theta, seasonal_phi, seasonal_theta


@njit
def divide_roots(phi: Floats, factor: float) -> Floats:
    """The polynomial whose roots are those of phi over ``factor``, ``phi[k] factor**(k + 1)``, in place: (p,)."""
    power = 1.0
    for k in range(phi.shape[0]):
        power *= factor
        store(phi, k, power * load(phi, k))
    return phi


@njit_inline
def products(pacf: Floats, orders: Ints, circle: float) -> tuple[Floats, Floats]:
    """``phi`` and ``theta`` of the products of the lag polynomials of `factors`: (p + s P,), (q + s Q,)."""
    phi, theta, seasonal_phi, seasonal_theta = factors(pacf, orders, circle)
    return product(phi, seasonal_phi, orders[4]), negative(product(theta, seasonal_theta, orders[4]))


@njit_inline
def workspace(problem: LeastSquares) -> tuple[Floats, Floats]:
    """Where `tangents` works and what it fills: (k, r + n, N_LANES), (n_groups, r + n, N_LANES).

    They are made once for all points: of a long series they are large. With one group the second is the last row of
    the first.
    """
    orders, W = problem.orders, problem.W
    n_groups = orders[:4].sum() // N_LANES + 1
    r = max(orders[0] + orders[4] * orders[2], orders[1] + orders[4] * orders[3])
    R = np.empty((W.shape[0], r + W.shape[1], N_LANES))
    return R, R[W.shape[0] - 1 :] if n_groups == 1 else np.empty((n_groups, r + W.shape[1], N_LANES))


@njit_inline
def tangents(x: Floats, problem: LeastSquares, R: Floats, E: Floats) -> Floats:
    """The log determinant and the coefficients of the rows of W but the last, (1 + k,); ``v(x)`` and derivatives in E.

    The derivatives are forward differences. With the lanes of all groups of E, (n_groups, r + n, N_LANES), counted on,
    lane 0 is v and lane i the derivative by ``x[i - 1]``; any more are 0. Missing values, of rows X, are integrated
    out, which adds ``log det(X Omega^-1 X')`` to the log determinant.
    """
    W, n_missing, orders, whitening = problem.W, problem.n_missing, problem.orders, problem.whitening
    n, k = W.shape[1] - n_missing, W.shape[0] - 1
    points, logdet, found = np.empty((x.size, N_LANES)), np.empty((1, N_LANES)), np.empty(1 + k)
    for group in range(E.shape[0]):
        for i in range(x.size):
            bound = largest_pacf(i, orders)
            store(points, i, bound * np.sin(x[i]))
            lane = i + 1 - group * N_LANES
            if 0 <= lane < N_LANES:
                points[i, lane] = bound * np.sin(x[i] + _STEP)
        phi, theta = products(points, orders, problem.circle)
        call_whiten(whitening.whiten, (W, phi, theta, R, logdet, whitening.beginning))
        residual, beta, U = call_project(whitening.project, (R,))
        total = load(logdet, 0)
        for i in range(n_missing):
            total += 2.0 * log(load(U[i], i))
        scale = exp(total * (0.5 / n))
        if group == 0:
            found[0] = first(total)
            for i in range(k):
                found[1 + i] = beta[i, 0]
        out, base = E[group], E[0]
        for t in range(out.shape[0]):
            value = load(residual, t) * scale
            v = first(value) if group == 0 else base[t, 0]
            store(out, t, (value - v) * (1.0 / _STEP))
            base[t, 0] = v
    return found


@njit
def squares(points: Floats, problem: LeastSquares) -> Floats:
    """``|v(x)|^2`` at each of some points, `N_LANES` of them in one sweep: (n_points, k) -> (n_points,)."""
    W, n_missing, orders, whitening = problem.W, problem.n_missing, problem.orders, problem.whitening
    n, n_points = W.shape[1] - n_missing, points.shape[0]
    R, _ = workspace(problem)
    pacf, logdet = np.empty((points.shape[1], N_LANES)), np.empty((1, N_LANES))
    out, values = np.empty(n_points), np.empty((1, N_LANES))
    for begin in range(0, n_points, N_LANES):
        for i in range(points.shape[1]):
            for lane in range(N_LANES):
                pacf[i, lane] = largest_pacf(i, orders) * np.sin(points[min(begin + lane, n_points - 1), i])
        phi, theta = products(pacf, orders, problem.circle)
        call_whiten(whitening.whiten, (W, phi, theta, R, logdet, whitening.beginning))
        residual, _, U = call_project(whitening.project, (R,))
        total = load(logdet, 0)
        for i in range(n_missing):
            total += 2.0 * log(load(U[i], i))
        store(values, 0, inner(residual, residual) * exp(total * (1.0 / n)))
        for lane in range(min(N_LANES, n_points - begin)):
            out[begin + lane] = values[0, lane]
    return out


@njit_inline
def gram(E: Floats, n_points: int) -> Floats:
    """Inner products of the first lanes: (n_groups, m, N_LANES) -> (n_groups N_LANES, n_groups N_LANES), else 0."""
    n_groups = E.shape[0]
    G = np.zeros((n_groups * N_LANES, n_groups, N_LANES))
    for left in range(n_groups):
        for right in range(n_groups):
            X, Y = E[left], E[right]
            for lane in range(0, min(N_LANES, n_points - left * N_LANES), 4):
                s0 = s1 = s2 = s3 = load(Y, 0) * 0.0
                for t in range(Y.shape[0]):
                    y = load(Y, t)
                    s0 += y * X[t, lane]
                    s1 += y * X[t, lane + 1]
                    s2 += y * X[t, lane + 2]
                    s3 += y * X[t, lane + 3]
                row = left * N_LANES + lane
                store2(G, row, right, s0)
                store2(G, row + 1, right, s1)
                store2(G, row + 2, right, s2)
                store2(G, row + 3, right, s3)
    return G.reshape((n_groups * N_LANES, n_groups * N_LANES))


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
    times the predicted fall leaves the minimum above ``goal``, or where it comes near the optimum ``known``, (k,) or, if
    there is none, (0,).
    """
    tolerance, x = stop.tolerance, x.copy()
    n, k = problem.W.shape[1] - problem.n_missing, x.size
    A, B, full, M = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    g, step, trial = np.zeros(k), np.zeros(k), x.copy()
    best, damping, use_secant, iteration, refused = np.inf, 1e-3, False, -1, 0
    R, E = workspace(problem)
    # with many parameters optima lie close together: a fit looks closer than a comparison of models
    near = SAME if k <= _FEW_PARAMETERS or tolerance > _LOOSE else 0.1 * SAME
    found, converged = np.empty(problem.W.shape[0]), False
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


WHITENING = record(Whitening, types.int64, types.int64, types.int64)
LEAST_SQUARES = record(LeastSquares, types.int64[::1], types.float64[:, ::1], types.int64, types.float64, WHITENING)
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
def pacf_distance(x: Floats, other: Floats) -> float:
    """Largest difference of two points' partial autocorrelations."""
    most = 0.0
    for k in range(x.size):
        most = max(most, abs(np.sin(x[k]) - np.sin(other[k])))
    return most


@njit
def predicted_fall(step: Floats, H: Floats, g: Floats) -> float:
    """Fall of ``|v|^2`` over a step, by a quadratic model: ``-2 g' step - step' H step``."""
    total = -quadratic(step, H, step)
    for i in range(g.size):
        total -= 2.0 * g[i] * step[i]
    return total


@njit
def loglik(least: float, n: int) -> float:
    """The log-likelihood of n values whose ``|v|^2`` is ``least``."""
    return -0.5 * n * (np.log(2.0 * np.pi * least / n) + 1.0)


@njit
def variance(least: float, logdet: float, n: int) -> float:
    """The innovation variance where ``|v|^2`` is ``least`` at this log determinant."""
    return least * np.exp(-logdet / n) / n
