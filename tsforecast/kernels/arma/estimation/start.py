"""Starting values: Hannan & Rissanen (1982), and a grid of moving averages with autoregressions projected on each."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit, njit_inline
from tsforecast.kernels.arma.cholesky import semidefinite_cholesky, solve_cholesky
from tsforecast.kernels.arma.difference_equation import difference_equation
from tsforecast.kernels.arma.lanes import N_LANES, copied, inner, load, load2, store, store2, zeros2
from tsforecast.kernels.arma.polynomial import negative, nonzero_lags, product, step_down, step_up

_N_FREQUENCIES = 12
_NEAR_CIRCLE = 1.29  # arcsin of 0.98^2
_WITHIN = 0.97  # largest partial autocorrelation of a starting value


@njit
def burg_innovations(y: Floats, order: int) -> Floats:
    """Innovations of a long autoregression by Burg's method (1975): (n,) -> (n,); the first ``order`` are partial.

    Each step extends the order by one with the partial autocorrelation that makes forward errors f and backward errors
    b smallest together, ``kappa = 2 sum(f[t] b[t-1]) / D`` with ``D = sum(f[t]^2 + b[t-1]^2)``, which of the next order
    is ``(1 - kappa^2) D`` less the squares that leave the sum at either end (Andersen 1978). The backward errors are
    kept from the first on, so that those of f[k + t] are at b[t].
    """
    f, b = copied(y), copied(y)
    n = y.size
    scale = 2.0 * np.dot(y, y)
    for k in range(1, order + 1):
        head, tail = f[k:], b[: n - k]
        scale -= f[k - 1] ** 2 + b[n - k] ** 2
        if not scale > 0.0:
            break
        kappa = 2.0 * np.dot(head, tail) / scale
        scale *= 1.0 - kappa * kappa
        for t in range(n - k):
            forward, backward = head[t], tail[t]
            head[t] = forward - kappa * backward
            tail[t] = backward - kappa * forward
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
    A = np.empty((n_params + 1, n_params + 1))
    for i in range(n_params + 1):
        left = lagged(y, e, orders, i, first)
        for j in range(i + 1):
            A[i, j] = np.dot(left, lagged(y, e, orders, j, first))
    beta, _ = regress(A)
    for k in range(n_params):  # signs of `angles`
        if p <= k < p + q or p + q + P <= k:
            beta[k] = -beta[k]
    return split_angles(beta, orders)


@njit
def lagged(y: Floats, e: Floats, orders: Ints, i: int, first: int) -> Floats:
    """The regressor of coefficient i, y itself past the last: values ``first`` on of y or e, i's lag before."""
    p, q, P, Q, s = orders[0], orders[1], orders[2], orders[3], orders[4]
    n = y.size
    if i < p:
        return y[first - i - 1 : n - i - 1]
    if i < p + q:
        return e[first - (i - p) - 1 : n - (i - p) - 1]
    if i < p + q + P:
        return y[first - (i - p - q + 1) * s : n - (i - p - q + 1) * s]
    if i < p + q + P + Q:
        return e[first - (i - p - q - P + 1) * s : n - (i - p - q - P + 1) * s]
    return y[first:]


@njit
def regress(A: Floats) -> tuple[Floats, float]:
    """Coefficients of the last column on the others, and the sum of squares left: (k + 1, k + 1) -> (k,), float.

    A, of which the lower triangle is read, holds the inner products of the columns; it may have lanes, as then have
    coefficients and sum.
    """
    k = A.shape[0] - 1
    M = zeros2(A[0], k, k)
    b = copied(A[k])[:k]
    for i in range(k):
        for j in range(i):
            store2(M, i, j, load2(A, i, j))
        store2(M, i, i, load2(A, i, i) * (1.0 + 1e-8) + 1e-300)
    left = load2(A, k, k)
    if k == 0:
        return b, left
    beta = copied(b)
    solve_cholesky(semidefinite_cholesky(M), beta)
    for i in range(k):
        left -= load(beta, i) * load(b, i)
    return beta, left


@njit
def grid_of_angles(orders: Ints) -> Floats:
    """Angles of the moving averages to try: (n_seeds, q + Q).

    Four values of each of the first two partial autocorrelations (two where q > 2, of the first three), three of the
    seasonal; and with two lags or more, pairs of roots ``exp(i omega) / 0.98`` at twelve frequencies, which with an
    autoregression beside them stand for a narrow peak of the spectrum.
    """
    q, Q = orders[1], orders[3]
    levels = np.array([-1.0, -0.4, 0.4, 1.0]) if q <= 2 else np.array([-0.8, 0.8])
    seasonal = np.array([0.0, 0.8, -0.8])
    own = min(q, 3)
    n_pairs = _N_FREQUENCIES if q >= 2 else 0
    n_levels = levels.size**own + n_pairs
    out = np.zeros((n_levels * seasonal.size**Q, q + Q))
    for i in range(out.shape[0]):
        rest = i % n_levels
        if rest < n_pairs:
            omega = np.pi * (rest / (n_pairs - 1.0)) ** 1.5
            out[i, 0], out[i, 1] = np.arcsin(0.98 * np.cos(omega)), -_NEAR_CIRCLE
        else:
            rest -= n_pairs
            for k in range(own):
                out[i, k] = levels[rest % levels.size]
                rest //= levels.size
        rest = i // n_levels
        for k in range(Q):
            out[i, q + k] = seasonal[rest % seasonal.size]
            rest //= seasonal.size
    return out


@njit_inline
def project_autoregression(y: Floats, ma_pacf: Floats, orders: Ints) -> tuple[Floats, float]:
    """Least-squares autoregression of ``y / theta(B)`` and the sum of squares left, theta of these partial
    autocorrelations.

    (n,), (q + Q,) -> (p + P,), float; per lane where they have lanes.
    """
    p, q, P, s = orders[0], orders[1], orders[2], orders[4]
    theta = negative(product(step_up(ma_pacf[:q]), step_up(ma_pacf[q:]), s))
    lags = nonzero_lags(theta)
    f = np.empty((y.size, N_LANES))
    difference_equation(f, y, lags[:0], theta, lags, theta, False)
    first = max(p, s * P)
    A = zeros2(theta, p + P + 1, p + P + 1)
    for i in range(p + P + 1):
        own = (i + 1 if i < p else (i - p + 1) * s) if i < p + P else 0
        for j in range(i + 1):
            other = (j + 1 if j < p else (j - p + 1) * s) if j < p + P else 0
            store2(A, i, j, inner(f[first - own : y.size - own], f[first - other : y.size - other]))
    return regress(A)


@njit
def project_grid(y: Floats, grid: Floats, orders: Ints) -> tuple[Floats, Floats]:
    """All angles where the moving averages have those of the grid, and the sums of squares left.

    The autoregression is that of `project_autoregression`: (n,), (n_seeds, q + Q) -> (n_seeds, n_params), (n_seeds,).
    """
    p, q, P = orders[0], orders[1], orders[2]
    n_seeds = grid.shape[0]
    points, left = np.empty((n_seeds, orders[:4].sum())), np.empty(n_seeds)
    ma_pacf = np.empty((grid.shape[1], N_LANES))
    squares = np.empty((1, N_LANES))
    whole = np.empty(points.shape[1])
    for begin in range(0, n_seeds, N_LANES):
        for k in range(grid.shape[1]):
            for lane in range(N_LANES):
                ma_pacf[k, lane] = np.sin(grid[min(begin + lane, n_seeds - 1), k])
        beta, total = project_autoregression(y, ma_pacf, orders)
        store(squares, 0, total)
        for lane in range(min(N_LANES, n_seeds - begin)):
            for k in range(whole.size):
                ar = k < p or p + q <= k < p + q + P
                whole[k] = beta[k if k < p else k - q, lane] if ar else 0.0
            x = split_angles(whole, orders)
            for k in range(whole.size):
                ar = k < p or p + q <= k < p + q + P
                points[begin + lane, k] = x[k] if ar else grid[begin + lane, k - p if k < p + q else k - p - P]
            left[begin + lane] = squares[0, lane]
    return points, left


@njit
def angles(phi: Floats, minus_theta: Floats, seasonal_phi: Floats, minus_seasonal_theta: Floats) -> Floats:
    """Angles x of coefficients, each polynomial pulled within the stationary region if need be: (n_params,)."""
    x = np.empty(phi.size + minus_theta.size + seasonal_phi.size + minus_seasonal_theta.size)
    place = 0
    for part in (phi, minus_theta, seasonal_phi, minus_seasonal_theta):
        own = inner_angles(part)
        for k in range(own.size):
            x[place] = own[k]
            place += 1
    return x


@njit
def split_angles(coefficients: Floats, orders: Ints) -> Floats:
    """`angles` of the four polynomials' coefficients in one array: (n_params,) -> (n_params,)."""
    p, q, P = orders[0], orders[1], orders[2]
    own, seasonal = coefficients[: p + q], coefficients[p + q :]
    return angles(own[:p], own[p:], seasonal[:P], seasonal[P:])


@njit
def inner_angles(phi: Floats) -> Floats:
    """``arcsin(pacf)`` of ``phi[k] rho^(k+1)``, rho as near 1 as keeps every one below `_WITHIN`: (p,)."""
    shrunk = copied(phi)
    for k in range(phi.size):
        if not np.isfinite(phi[k]):
            shrunk = np.zeros(phi.size)
    for _ in range(60):
        pacf = step_down(shrunk)
        largest = 0.0
        for k in range(phi.size):
            largest = max(largest, abs(pacf[k]))
        if largest <= _WITHIN:
            break
        factor = 1.0
        for k in range(phi.size):
            factor *= 0.93
            shrunk[k] *= factor
    pacf = step_down(shrunk)
    for k in range(phi.size):
        pacf[k] = np.arcsin(pacf[k])
    return pacf
