"""Starting values: Hannan & Rissanen (1982), and a grid of moving averages with autoregressions projected on each."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit
from tsforecast.kernels.arma import invert_ma, semidefinite_cholesky, solve_cholesky
from tsforecast.kernels.polynomial import nonzero_lags, product, step_down, step_up

_WITHIN = 0.97  # largest partial autocorrelation of a starting value


@njit
def burg_innovations(y: Floats, order: int) -> Floats:
    """Innovations of a long autoregression by Burg's method (1975): (n,) -> (n,); the first ``order`` are partial.

    Each step extends the order by one with the partial autocorrelation that makes forward errors f and backward errors
    b smallest together, ``kappa = 2 sum(f[t] b[t-1]) / sum(f[t]^2 + b[t-1]^2)``.
    """
    f, b = y.copy(), y.copy()
    for k in range(1, order + 1):
        head, tail = f[k:], b[k - 1 : -1].copy()
        scale = np.dot(head, head) + np.dot(tail, tail)
        if not scale > 0.0:
            break
        kappa = 2.0 * np.dot(head, tail) / scale
        b[k:] = tail - kappa * head
        f[k:] = head - kappa * tail
    return f


@njit
def hannan_rissanen(y: Floats, orders: Ints) -> Floats:
    """Angles from the regression of y on its own lags and on those of its innovations: (n,) -> (n_params,).

    The lags are 1 to p and s to P s of the series, 1 to q and s to Q s of the innovations; products of the two
    polynomials are left out. Zeros where the series is too short to tell.
    """
    p, q, P, Q, s = orders[0], orders[1], orders[2], orders[3], orders[4]
    n, n_params = y.size, p + q + P + Q
    longest = max(p, q, s * P, s * Q)
    order = min(max(longest + p + q, int(10.0 * np.log10(n))), n // 3)
    first = order + longest if q + Q > 0 else longest
    if n - first < 2 * n_params + 2:
        return np.zeros(n_params)
    e = burg_innovations(y, order) if q + Q > 0 else y
    rows = np.empty((n_params + 1, n - first))
    place = 0
    for source, count, lag in ((y, p, 1), (e, q, 1), (y, P, s), (e, Q, s)):
        for k in range(1, count + 1):
            rows[place] = source[first - k * lag : n - k * lag]
            place += 1
    rows[n_params] = y[first:]
    beta, _ = regress(rows)
    return angles(beta[:p], -beta[p : p + q], beta[p + q : p + q + P], -beta[p + q + P :])


@njit
def regress(rows: Floats) -> tuple[Floats, float]:
    """Coefficients of the last row on the others, and the sum of squares left: (k + 1, m) -> (k,), float."""
    k = rows.shape[0] - 1
    A = np.dot(rows, rows.T)
    b = A[:k, k].copy()
    if k == 0:
        return b, A[k, k]
    M = A[:k, :k].copy()
    for i in range(k):
        M[i, i] += 1e-8 * M[i, i] + 1e-300
    beta = solve_cholesky(semidefinite_cholesky(M), b)
    left = A[k, k]
    for i in range(k):
        left -= beta[i] * b[i]
    return beta, left


@njit
def grid_of_angles(orders: Ints) -> Floats:
    """Angles of the moving averages to try: (n_seeds, q + Q).

    Four values of each of the first two partial autocorrelations (two where q > 2, of the first three), three of the
    seasonal.
    """
    q, Q = orders[1], orders[3]
    levels = np.array([-1.0, -0.4, 0.4, 1.0]) if q <= 2 else np.array([-0.8, 0.8])
    seasonal = np.array([0.0, 0.8])
    own = min(q, 3)
    n_seeds = levels.size**own * seasonal.size**Q
    out = np.zeros((n_seeds, q + Q))
    for i in range(n_seeds):
        rest = i
        for k in range(own):
            out[i, k] = levels[rest % levels.size]
            rest //= levels.size
        for k in range(Q):
            out[i, q + k] = seasonal[rest % 2]
            rest //= 2
    return out


@njit
def project_autoregression(y: Floats, ma_angles: Floats, orders: Ints) -> tuple[Floats, float]:
    """All angles when the moving average has these, and the sum of squares left: (n,), (q + Q,) -> (n_params,), float.

    The autoregression is the least-squares one of ``y / theta(B)``.
    """
    p, q, P, s = orders[0], orders[1], orders[2], orders[4]
    pacf = np.sin(ma_angles)
    theta = -product(step_up(pacf[:q]), step_up(pacf[q:]), s)
    f = invert_ma(y, nonzero_lags(theta), theta)
    first = max(p, s * P)
    rows = np.empty((p + P + 1, y.size - first))
    for k in range(p):
        rows[k] = f[first - k - 1 : y.size - k - 1]
    for k in range(P):
        rows[p + k] = f[first - (k + 1) * s : y.size - (k + 1) * s]
    rows[p + P] = f[first:]
    beta, left = regress(rows)
    x = np.empty(p + q + P + orders[3])
    x[:p] = inner_angles(beta[:p])
    x[p : p + q] = ma_angles[:q]
    x[p + q : p + q + P] = inner_angles(beta[p:])
    x[p + q + P :] = ma_angles[q:]
    return x, left


@njit
def project_grid(y: Floats, grid: Floats, orders: Ints) -> tuple[Floats, Floats]:
    """`project_autoregression` of every row: (n,), (n_seeds, q + Q) -> (n_seeds, n_params), (n_seeds,)."""
    points = np.empty((grid.shape[0], orders[:4].sum()))
    left = np.empty(grid.shape[0])
    for i in range(grid.shape[0]):
        points[i], left[i] = project_autoregression(y, grid[i], orders)
    return points, left


@njit
def angles(phi: Floats, minus_theta: Floats, seasonal_phi: Floats, minus_seasonal_theta: Floats) -> Floats:
    """Angles x of coefficients, each polynomial pulled within the stationary region if need be: (n_params,)."""
    p, q, P = phi.size, minus_theta.size, seasonal_phi.size
    x = np.empty(p + q + P + minus_seasonal_theta.size)
    x[:p] = inner_angles(phi)
    x[p : p + q] = inner_angles(minus_theta)
    x[p + q : p + q + P] = inner_angles(seasonal_phi)
    x[p + q + P :] = inner_angles(minus_seasonal_theta)
    return x


@njit
def inner_angles(phi: Floats) -> Floats:
    """``arcsin(pacf)`` of ``phi[k] rho^(k+1)``, rho as near 1 as keeps every one below `_WITHIN`: (p,)."""
    shrunk = phi.copy()
    if not np.isfinite(shrunk).all():
        shrunk[:] = 0.0
    for _ in range(60):
        pacf = step_down(shrunk)
        if np.max(np.abs(pacf)) <= _WITHIN if pacf.size else True:
            break
        for k in range(phi.size):
            shrunk[k] *= 0.93 ** (k + 1)
    return np.arcsin(step_down(shrunk))
