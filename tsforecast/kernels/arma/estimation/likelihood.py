"""The likelihood of a seasonal ARMA regression as a sum of squares in unconstrained parameters, and its optimum.

Unconstrained parameters ``x`` are angles: ``pacf = sin(x)`` within each of the four lag polynomials (order p, q, P,
Q), so that every point is stationary and invertible, and a root on the unit circle is a turning point (x = pi / 2),
not an edge. With beta and sigma2 concentrated out and n the number of known values (`whitening` has S and
log det)::

    -2 loglik = n log(2 pi / n) + n + n log(S exp(log det / n))

so that maximum likelihood is the least-squares problem ``min |v(x)|^2`` of ``v = residual exp(log det / (2 n))``. A
point and its neighbour in each direction are lanes of one sweep (`tsforecast.kernels.arma.lanes`): a value comes with
its derivatives.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit, njit_inline, record
from tsforecast.kernels.arma.gls import call_project
from tsforecast.kernels.arma.lanes import N_LANES, exp, first, inner, load, log, store, store2
from tsforecast.kernels.arma.polynomial import negative, product, step_up
from tsforecast.kernels.arma.whitening import call_whiten

_STATIONARY = 1.0 - 1e-8  # largest partial autocorrelation of an autoregression: on the circle it has no variance
_STEP = 1e-7  # of the forward differences, in radians


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


WHITENING = record(Whitening, types.int64, types.int64, types.int64)
LEAST_SQUARES = record(LeastSquares, types.int64[::1], types.float64[:, ::1], types.int64, types.float64, WHITENING)


@njit
def pacf_distance(x: Floats, other: Floats) -> float:
    """Largest difference of two points' partial autocorrelations."""
    most = 0.0
    for k in range(x.size):
        most = max(most, abs(np.sin(x[k]) - np.sin(other[k])))
    return most


@njit
def loglik(least: float, n: int) -> float:
    """The log-likelihood of n values whose ``|v|^2`` is ``least``."""
    return -0.5 * n * (np.log(2.0 * np.pi * least / n) + 1.0)


@njit
def variance(least: float, logdet: float, n: int) -> float:
    """The innovation variance where ``|v|^2`` is ``least`` at this log determinant."""
    return least * np.exp(-logdet / n) / n
