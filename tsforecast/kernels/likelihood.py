"""The likelihood of a seasonal ARMA regression as a sum of squares in unconstrained parameters, and its optimum.

Unconstrained parameters ``x`` are angles: ``pacf = sin(x)`` within each of the four lag polynomials (order p, q, P,
Q), so that every point is stationary and invertible, and a root on the unit circle is a turning point (x = pi / 2),
not an edge. With beta and sigma2 concentrated out and n the number of known values (`tsforecast.kernels.arma` has S
and log det)::

    -2 loglik = n log(2 pi / n) + n + n log(S exp(log det / n))

so that maximum likelihood is the least-squares problem ``min |v(x)|^2`` of ``v = residual exp(log det / (2 n))``.
"""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit
from tsforecast.kernels.arma import whiten
from tsforecast.kernels.gls import project
from tsforecast.kernels.polynomial import product, step_up

_STATIONARY = 1.0 - 1e-8  # largest partial autocorrelation of an autoregression: on the circle it has no variance
_STEP = 1e-7  # of the forward differences, in radians
_LONGEST = 0.7  # radians a parameter may move at once


@njit
def coefficients(x: Floats, orders: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """``phi, theta, seasonal_phi, seasonal_theta`` at angles x; ``orders`` is (p, q, P, Q, season_length)."""
    p, q, P, Q = orders[0], orders[1], orders[2], orders[3]
    pacf = np.sin(x)
    phi = step_up(_STATIONARY * pacf[:p])
    theta = -step_up(pacf[p : p + q])
    seasonal_phi = step_up(_STATIONARY * pacf[p + q : p + q + P])
    seasonal_theta = -step_up(pacf[p + q + P : p + q + P + Q])
    return phi, theta, seasonal_phi, seasonal_theta


@njit
def innovations(
    phi: Floats, theta: Floats, seasonal_phi: Floats, seasonal_theta: Floats, season: int, W: Floats, n_missing: int
) -> tuple[Floats, float, Floats, Floats]:
    """Whitened residual of the last row of W, log determinant, coefficients of the other rows and their factor.

    ``W`` is (k + 1, n): first ``n_missing`` rows that stand for missing values, then regressors, then the series.
    Missing values are integrated out: the log determinant holds ``log det(X' Omega^-1 X)`` of their rows (X
    ``n_missing`` columns).
    """
    ar = product(phi, seasonal_phi, season)
    ma = -product(-theta, -seasonal_theta, season)
    R, logdet = whiten(W, ar, ma)
    residual, beta, U = project(R)
    for i in range(n_missing):
        logdet += 2.0 * np.log(U[i, i])
    return residual, logdet, beta, U


@njit
def target(x: Floats, orders: Ints, W: Floats, n_missing: int) -> Floats:
    """``v(x)``, whose sum of squares is least at the maximum of the likelihood: (r + n,)."""
    phi, theta, seasonal_phi, seasonal_theta = coefficients(x, orders)
    residual, logdet, _, _ = innovations(phi, theta, seasonal_phi, seasonal_theta, orders[4], W, n_missing)
    return residual * np.exp(logdet / (2.0 * (W.shape[1] - n_missing)))


@njit
def jacobian(x: Floats, v: Floats, orders: Ints, W: Floats, n_missing: int) -> Floats:
    """Forward differences of `target` at x, where it is v: (n_params, r + n)."""
    J = np.empty((x.size, v.size))
    moved = x.copy()
    for k in range(x.size):
        moved[k] = x[k] + _STEP
        J[k] = (target(moved, orders, W, n_missing) - v) / _STEP
        moved[k] = x[k]
    return J


@njit
def damped_step(H: Floats, A: Floats, g: Floats, damping: float) -> Floats:
    """``-(H + damping diag(A))^-1 g``, no component longer than `_LONGEST`: (k, k), (k, k), (k,) -> (k,)."""
    k = g.size
    M = H.copy()
    ridge = 1e-10 * np.max(np.diag(A)) + 1e-300  # at a root on the unit circle a column of the Jacobian vanishes
    for i in range(k):
        M[i, i] += damping * A[i, i] + ridge
    step = -np.linalg.solve(M, g)
    return step * min(1.0, _LONGEST / np.max(np.abs(step)))


@njit
def secant(B: Floats, step: Floats, change: Floats, curvature: Floats) -> Floats:
    """``B`` updated so that ``B step = curvature``, symmetric (Dennis, Gay & Welsch 1981, with their sizing): (k, k).

    ``change`` is the change of the gradient ``J'v`` over the step; ``curvature`` the part of it that ``J'J`` does not
    see.
    """
    along = np.dot(step, np.dot(B, step))
    size = min(1.0, abs(np.dot(step, curvature)) / abs(along)) if along != 0.0 else 1.0
    B = size * B
    rest = curvature - np.dot(B, step)
    scale = np.dot(change, step)
    if not abs(scale) > 1e-300:
        return B
    outer = np.outer(rest, change)
    return B + (outer + outer.T) / scale - np.dot(step, rest) * np.outer(change, change) / scale**2


@njit
def minimise(
    x: Floats, orders: Ints, W: Floats, n_missing: int, tolerance: float, max_iterations: int
) -> tuple[Floats, float, int, bool]:
    """Angles at a minimum of ``|v(x)|^2``, the minimum, iterations, and whether it converged.

    Gauss-Newton steps with the damping of Levenberg and Marquardt (1963) and the second-order term of NL2SOL (Dennis,
    Gay & Welsch 1981). It has converged when the quadratic model sees less than ``tolerance`` of -2 loglik ahead.
    """
    n = W.shape[1] - n_missing
    x = x.copy()
    v = target(x, orders, W, n_missing)
    best = np.dot(v, v)
    if x.size == 0 or not np.isfinite(best):
        return x, best, 0, x.size == 0
    J = jacobian(x, v, orders, W, n_missing)
    B = np.zeros((x.size, x.size))
    damping = 1e-3
    use_secant = False
    for iteration in range(max_iterations):
        A, g = np.dot(J, J.T), np.dot(J, v)
        if not np.isfinite(A).all():
            return x, best, iteration, False
        if -n * np.dot(g, damped_step(A, A, g, 0.0)) < tolerance * best:
            return x, best, iteration, True
        accepted = False
        for _ in range(15):
            H = A + B if use_secant else A
            step = damped_step(H, A, g, damping)
            if np.dot(step, g) >= 0.0:
                use_secant = False
                step = damped_step(A, A, g, damping)
            trial = target(x + step, orders, W, n_missing)
            value = np.dot(trial, trial)
            if value < best:
                accepted = True
                break
            use_secant = not use_secant and damping < 1.0
            damping = max(damping * 6.0, 1e-4)
        if not accepted:
            return x, best, iteration, -n * np.dot(g, step) < 10.0 * tolerance * best
        gain = best - value
        linear = -2.0 * np.dot(g, step)
        seen = linear - np.dot(step, np.dot(A, step))
        seen_secant = seen - np.dot(step, np.dot(B, step))
        moved = x + step
        J_next = jacobian(moved, trial, orders, W, n_missing)
        after = np.dot(J_next, trial)
        B = secant(B, step, after - g, after - np.dot(J, trial))
        use_secant = abs(gain - seen_secant) < abs(gain - seen) or iteration == 0
        chosen = seen_secant if use_secant else seen
        damping = damping * 0.1 if gain > 0.5 * chosen else damping * 2.0
        x, v, J, best = moved, trial, J_next, value
    return x, best, max_iterations, False


@njit
def maximise(
    starts: Floats, orders: Ints, W: Floats, n_missing: int, tolerance: float, max_iterations: int
) -> tuple[Floats, float, int, bool]:
    """The best of the minima reached from several starts, (n_starts, n_params): as `minimise`."""
    n_starts = starts.shape[0]
    x, value, iterations, converged = minimise(starts[0], orders, W, n_missing, tolerance, max_iterations)
    for i in range(1, n_starts):
        other, reached, more, _ = minimise(starts[i], orders, W, n_missing, 100.0 * tolerance, max_iterations)
        iterations += more
        if reached < value * (1.0 - 1e-12):
            x, value, more, converged = minimise(other, orders, W, n_missing, tolerance, max_iterations)
    return x, value, iterations, converged
