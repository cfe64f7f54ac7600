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
from tsforecast.kernels.arma import semidefinite_cholesky, solve_cholesky, whiten
from tsforecast.kernels.gls import project
from tsforecast.kernels.polynomial import product, step_up

_STATIONARY = 1.0 - 1e-8  # largest partial autocorrelation of an autoregression: on the circle it has no variance
_STEP = 1e-7  # of the forward differences, in radians
_HOPE = 10.0
_LONGEST = 0.7  # radians a parameter may move at once


@njit
def coefficients(x: Floats, orders: Ints, circle: float) -> tuple[Floats, Floats, Floats, Floats]:
    """``phi, theta, seasonal_phi, seasonal_theta`` at angles x; ``orders`` is (p, q, P, Q, season_length).

    ``circle``, at least 1, keeps every root of the products outside the circle of this radius: the roots of ``phi(B)``
    are those of a polynomial of stationary coefficients ``phi[k] circle**(k + 1)``, times ``circle``.
    """
    p, q, P, Q, s = orders[0], orders[1], orders[2], orders[3], orders[4]
    pacf = np.sin(x)
    phi = shrink(step_up(_STATIONARY * pacf[:p]), 1.0 / circle)
    theta = shrink(-step_up(pacf[p : p + q]), 1.0 / circle)
    seasonal_phi = shrink(step_up(_STATIONARY * pacf[p + q : p + q + P]), circle ** (-s))
    seasonal_theta = shrink(-step_up(pacf[p + q + P : p + q + P + Q]), circle ** (-s))
    return phi, theta, seasonal_phi, seasonal_theta


@njit
def shrink(phi: Floats, factor: float) -> Floats:
    """``phi[k] factor**(k + 1)``, whose roots are those of phi divided by ``factor``: (p,) -> (p,)."""
    for k in range(phi.size):
        phi[k] *= factor ** (k + 1)
    return phi


@njit
def target(x: Floats, orders: Ints, W: Floats, n_missing: int, circle: float) -> Floats:
    """``v(x)``, whose sum of squares is least at the maximum of the likelihood: (r + n,).

    ``W`` is (k + 1, n): ``n_missing`` rows X that stand for missing values, then regressors, then the series. Missing
    values are integrated out, which adds ``log det(X Omega^-1 X')`` to the log determinant.
    """
    phi, theta, seasonal_phi, seasonal_theta = coefficients(x, orders, circle)
    ar = product(phi, seasonal_phi, orders[4])
    ma = -product(-theta, -seasonal_theta, orders[4])
    R, logdet = whiten(W, ar, ma)
    residual, _, U = project(R)
    for i in range(n_missing):
        logdet += 2.0 * np.log(U[i, i])
    return residual * np.exp(logdet / (2.0 * (W.shape[1] - n_missing)))


@njit
def damped_step(H: Floats, A: Floats, g: Floats, damping: float) -> Floats:
    """``-(H + damping diag(A))^-1 g``, no component longer than `_LONGEST`: (k, k), (k, k), (k,) -> (k,).

    Not finite where that matrix is not positive definite.
    """
    k = g.size
    M = H.copy()
    largest = 0.0
    for i in range(k):
        largest = max(largest, A[i, i])
    for i in range(k):  # at a root on the unit circle a column of the Jacobian vanishes: hence the ridge
        M[i, i] += damping * A[i, i] + 1e-10 * largest + 1e-300
    step = solve_cholesky(semidefinite_cholesky(M), g)
    longest = 0.0
    for i in range(k):
        longest = max(longest, abs(step[i]))
    shrink = -_LONGEST / longest if longest > _LONGEST else -1.0
    return shrink * step


@njit
def quadratic(x: Floats, A: Floats, y: Floats) -> float:
    """``x' A y``: (k,), (k, k), (k,) -> float."""
    total = 0.0
    for i in range(x.size):
        for j in range(y.size):
            total += x[i] * A[i, j] * y[j]
    return total


@njit
def secant(B: Floats, step: Floats, change: Floats, curvature: Floats) -> Floats:
    """``B`` updated so that ``B step = curvature``, symmetric (Dennis, Gay & Welsch 1981, with their sizing): (k, k).

    ``change`` is the change of the gradient ``J'v`` over the step; ``curvature`` the part of it that ``J'J`` does not
    see.
    """
    k = step.size
    along = quadratic(step, B, step)
    wanted, scale = 0.0, 0.0
    for i in range(k):
        wanted += step[i] * curvature[i]
        scale += step[i] * change[i]
    B = B * min(1.0, abs(wanted) / abs(along)) if along != 0.0 else B.copy()
    if not abs(scale) > 1e-300:
        return B
    rest = curvature.copy()
    for i in range(k):
        for j in range(k):
            rest[i] -= B[i, j] * step[j]
    left = 0.0
    for i in range(k):
        left += step[i] * rest[i]
    for i in range(k):
        for j in range(k):
            B[i, j] += (rest[i] * change[j] + change[i] * rest[j]) / scale - left * change[i] * change[j] / scale**2
    return B


@njit
def minimise(
    x: Floats,
    orders: Ints,
    W: Floats,
    n_missing: int,
    circle: float,
    tolerance: float,
    max_iterations: int,
    goal: float,
) -> tuple[Floats, float, int, bool]:
    """Angles at a minimum of ``|v(x)|^2``, the minimum, iterations, and whether it converged.

    Gauss-Newton steps with the damping of Levenberg and Marquardt (1963) and the second-order term of NL2SOL (Dennis,
    Gay & Welsch 1981): whichever of the two models foresaw the last gain better makes the next step. The Jacobian is by
    forward differences. It has converged when the first model sees less than ``tolerance`` of -2 loglik ahead;
    it gives up, as converged, where even `_HOPE` times the fall foreseen leaves the minimum above ``goal``.
    """
    n, k = W.shape[1] - n_missing, x.size
    x = x.copy()
    v = target(x, orders, W, n_missing, circle)
    best = np.dot(v, v)
    J, J_next = np.zeros((k, v.size)), np.empty((k, v.size))
    A, B = np.zeros((k, k)), np.zeros((k, k))
    g, step = np.zeros(k), np.zeros(k)
    damping, use_secant = 1e-3, False
    for iteration in range(max_iterations if np.isfinite(best) else 0):
        for i in range(k):
            moved = x.copy()
            moved[i] += _STEP
            J_next[i] = (target(moved, orders, W, n_missing, circle) - v) / _STEP
        after = np.dot(J_next, v)
        if iteration > 0:
            B = secant(B, step, after - g, after - np.dot(J, v))
        J, J_next = J_next, J
        A, g = np.dot(J, J.T), after
        ahead = foreseen(damped_step(A, A, g, 0.0), A, g) if k > 0 else 0.0
        if n * ahead < tolerance * best or best * np.exp(-_HOPE * ahead / best) > goal:
            return x, best, iteration, True
        accepted = False
        for _ in range(15):
            step = damped_step(A + B if use_secant else A, A, g, damping)
            trial = target(x + step, orders, W, n_missing, circle)
            value = np.dot(trial, trial)
            accepted = value < best
            if accepted:
                break
            use_secant = not use_secant and iteration > 0 and damping < 1.0
            damping = max(damping * 6.0, 1e-4)
        if not accepted:
            return x, best, iteration, n * foreseen(step, A, g) < 10.0 * tolerance * best
        gain = best - value
        plain, full = foreseen(step, A, g), foreseen(step, A + B, g)
        use_secant = abs(gain - full) < abs(gain - plain) or iteration == 0
        damping = damping * 0.1 if gain > 0.5 * (full if use_secant else plain) else damping * 2.0
        x, v, best = x + step, trial, value
    return x, best, max_iterations, False


@njit
def foreseen(step: Floats, H: Floats, g: Floats) -> float:
    """Fall of ``|v|^2`` over a step, by a quadratic model: ``-2 g' step - step' H step``."""
    total = -quadratic(step, H, step)
    for i in range(g.size):
        total -= 2.0 * g[i] * step[i]
    return total
