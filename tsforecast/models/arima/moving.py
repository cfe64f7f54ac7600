"""The state of an ARIMA process moved on by new values, without those before.

The unknowns are the state ``z`` before the beginning and the missing values, each with a row of what it has left in the
last values (`tsforecast.models.arima.process`). New values v, as predicted with the unknowns at their mean, have the
covariance ``I + D' (C C')^-1 D`` where the rows D of z are still felt; they change the mean of z by
``(C_new C_new')^-1 D v``, and the missing values by recursive least squares: rows of the triangular factor are put on
top of the whitened new ones, and made triangular again (Golub & Van Loan 2013, section 6.5.3).

Missing values are then rotated to independent ones of variance 1 with mean 0, so that there need not be more of them
than there are numbers in a row: memory does not grow with their count.
"""

import dataclasses

import numpy as np
from scipy.linalg import cho_solve, qr, solve_triangular

from tsforecast._types import Floats, Ints
from tsforecast.models.arima.engines.kernels import beginning
from tsforecast.models.arima.process import LONGEST, ArimaState, ArimaStateSpace

_BLOCK = 64  # steps taken in at once
_NOTHING = 1e-13  # standard deviations of an innovation: what is left of a missing value that matters no more


def state_after(process: ArimaStateSpace, state: ArimaState, y: Floats) -> ArimaState:
    """The state after further values y, (n_new,), in which nan is a missing value.

    Within rounding it forecasts as the state that `ArimaStateSpace.filter` gives after all values.

    Examples
    --------
    >>> from tsforecast.models.arima.order import Order
    >>> process = ArimaStateSpace(Order(1, 1, 1), np.array([0.5]), np.array([-0.9]), 1.0)
    >>> y = np.sin(np.arange(50.0) ** 2)
    >>> moved = state_after(process, process.filter(y[:40]).state, y[40:])
    >>> ahead, whole = process.forecast(moved, 3), process.forecast(process.filter(y).state, 3)
    >>> bool(np.abs(ahead.mean - whole.mean).max() < 1e-12), bool(np.abs(ahead.variance - whole.variance).max() < 1e-12)
    (True, True)
    """
    for begin in range(0, y.size, _BLOCK):
        state = _after_block(process, state, y[begin : begin + _BLOCK])
    return state


def _after_block(process: ArimaStateSpace, state: ArimaState, y: Floats) -> ArimaState:
    state = _with_rows(state, int(np.isnan(y).sum()))
    Y, lost, held = _rows_of(state, y), process.order.n_lost, state.differences.shape[1]
    joined = np.concatenate([state.levels, Y], axis=1)
    w = np.concatenate([state.differences, process.order.difference(joined.T).T], axis=1)
    a = _innovations(process, state, w)
    white, shifts, begin = a[:, held:], np.zeros_like(a), state.begin
    felt = _felt(process, state.n, y.size, held)
    if felt is not None:
        K, L, before, after = felt
        D = L.T @ K[:, held:]  # (r, n_new)
        B = solve_triangular(before, D, lower=True)
        S = np.linalg.cholesky(np.eye(y.size) + B.T @ B)
        moved = L @ cho_solve((after, True), D @ white.T)  # of the beginning of each row, (r, k)
        white, shifts = solve_triangular(S, white.T, lower=True).T, moved.T @ K
        begin = begin + moved.T[:, : begin.shape[1]]
    n, r = min(state.n + y.size, LONGEST), max(process.phi.size, process.theta.size)
    a, m = a - shifts, min(n, r)
    later = dataclasses.replace(
        state,
        levels=joined[:, joined.shape[1] - lost :],
        differences=w[:, w.shape[1] - m :],
        innovations=a[:, a.shape[1] - m :],
        begin=begin if n < r else begin[:, :0],
        n=n,
    )
    return _rotated(process, later, white) if state.coefficients.size else later


def _with_rows(state: ArimaState, count: int) -> ArimaState:
    """The state with rows for so many more missing values, which have left nothing as yet."""
    if count == 0:
        return state

    def with_zeros(rows: Floats) -> Floats:
        return np.concatenate([rows[:-1], np.zeros((count, rows.shape[1])), rows[-1:]])

    n_missing = state.coefficients.size
    U = np.zeros((n_missing + count, n_missing + count))
    U[:n_missing, :n_missing] = state.U
    return ArimaState(
        with_zeros(state.levels),
        with_zeros(state.differences),
        with_zeros(state.innovations),
        with_zeros(state.begin),
        state.n,
        np.concatenate([state.coefficients, np.zeros(count)]),
        U,
    )


def _rows_of(state: ArimaState, y: Floats) -> Floats:
    """Rows of the new values, as `ArimaRows.Y`: those of earlier missing values hold 0."""
    missing: Ints = np.flatnonzero(np.isnan(y))
    Y = np.zeros((state.levels.shape[0], y.size))
    Y[Y.shape[0] - 1 - missing.size + np.arange(missing.size), missing] = 1.0
    Y[-1] = np.where(np.isnan(y), state.levels[-1, -1] if state.levels.shape[1] else 0.0, y)
    return Y


def _innovations(process: ArimaStateSpace, state: ArimaState, w: Floats) -> Floats:
    """Innovations of each row of ``w``, those held before and those of the new values: same shape."""
    held = state.differences.shape[1]
    a = np.concatenate([state.innovations, np.zeros((w.shape[0], w.shape[1] - held))], axis=1)
    ar, ma = np.flatnonzero(process.phi) + 1, np.flatnonzero(process.theta) + 1
    for t in range(held, w.shape[1]):
        since = state.n + t - held  # values differenced before this one
        total = w[:, t] - (state.begin[:, since] if since < state.begin.shape[1] else 0.0)
        own, other = ar[ar <= since], ma[ma <= since]
        a[:, t] = total - w[:, t - own] @ process.phi[own - 1] - a[:, t - other] @ process.theta[other - 1]
    return a


def _felt(process: ArimaStateSpace, n: int, n_new: int, held: int) -> tuple[Floats, Floats, Floats, Floats] | None:
    """What innovations owe to the state before the beginning; None where it is forgotten.

    Returns
    -------
    K : ndarray, shape (r, held + n_new)
    L, before, after : ndarray, shape (r, r)
        Of `kernels.arma.whitening`, and the Cholesky factor C there before the new values and after them.
    """
    phi, theta = process.phi, process.theta
    r = max(phi.size, theta.size)
    if r == 0 or n == LONGEST:
        return None
    pi, L, after = beginning(phi, theta, n + n_new)
    if n >= pi.size + r:
        return None
    age = np.arange(n - held, n + n_new) - np.arange(r)[:, None]
    K = np.where((age >= 0) & (age < pi.size), pi[np.clip(age, 0, pi.size - 1)], 0.0)
    return K, L, beginning(phi, theta, n)[2], after


def _rotated(process: ArimaStateSpace, state: ArimaState, white: Floats) -> ArimaState:
    """The state with its missing values given whitened new values, (n_missing + 1, n_new), as independent ones.

    There are as many as there are directions in which they move what later values depend on.
    """
    n_missing = state.coefficients.size
    above = np.column_stack([state.U, state.U @ state.coefficients])
    R = qr(np.concatenate([above, white[np.r_[:n_missing, n_missing]].T]), mode="r")[0]
    U = R[:n_missing, :n_missing]
    mean = solve_triangular(U, R[:n_missing, n_missing])
    parts = state.levels, state.differences, state.innovations, state.begin
    table = np.concatenate(parts, axis=1)  # (n_missing + 1, n_numbers)
    last = table[-1] - mean @ table[:-1]
    rows = solve_triangular(U, table[:-1], trans="T")
    cuts, m = np.cumsum([part.shape[1] for part in parts])[:-1], state.differences.shape[1]
    rows[:, cuts[0] : cuts[0] + max(m - process.phi.size, 0)] = 0.0  # no lag reaches so far
    rows[:, cuts[1] : cuts[1] + max(m - process.theta.size, 0)] = 0.0
    _, size, axes = np.linalg.svd(rows, full_matrices=False)
    rows = (size[:, None] * axes)[size > _NOTHING]
    table = np.concatenate([rows, last[None]])
    levels, differences, innovations, begin = map(np.ascontiguousarray, np.split(table, cuts, axis=1))
    k = rows.shape[0]
    return ArimaState(levels, differences, innovations, begin, state.n, np.zeros(k), np.eye(k))
