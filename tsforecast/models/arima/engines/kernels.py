"""The compiled kernels called for one series at one point, and the addresses of those that a fit calls."""

import functools

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import address, announce, is_compiled, run_beside
from tsforecast.kernels.arma import gls, whitening
from tsforecast.kernels.arma import rows as row_kernels
from tsforecast.kernels.arma.estimation import likelihood, minimise, multistart, panel, starting_points
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.kernels.arma.lanes import N_LANES
from tsforecast.models.arima.order import Order, multiply


@functools.cache
def fit_kernels() -> multistart.FitKernels:
    """Addresses of what a fit calls, compiled now where this machine has not compiled them before.

    A process beside this one then compiles one half (`compile_second_half`): half a minute becomes a quarter.
    """
    beside = None
    if not is_compiled(minimise.minimise):
        announce("the ARIMA kernels")
        beside = run_beside(f"import {__name__}; {__name__}.compile_second_half()")
    whiten, project = address(whitening.whiten, whitening.WHITEN), address(gls.project, gls.PROJECT)
    of_whitening = likelihood.Whitening(whiten, _beginning_kernel(), project)
    of_minimise = address(minimise.minimise, minimise.MINIMISE)
    if beside is not None:
        beside.wait()  # what it has not done, for whatever reason, is compiled here
    return multistart.FitKernels(of_minimise, compile_second_half(), of_whitening)


def compile_second_half() -> int:
    """The address of `starting_points`; it and `fit_panel` are compiled now, where they must be."""
    address(panel.fit_panel, panel.FIT_PANEL)
    where: int = address(starting_points.starting_points, starting_points.STARTING_POINTS)
    return where


def whiten(W: Floats, phi: Floats, theta: Floats) -> tuple[Floats, float]:
    """`tsforecast.kernels.arma.whitening.whiten` at one point: (k, n) -> (k, r + n) and the log determinant.

    Examples
    --------
    >>> R, logdet = whiten(np.ones((1, 2)), np.array([0.6]), np.empty(0))
    >>> bool(np.isclose(logdet, -np.log(1 - 0.6**2)))
    True
    """
    k, n = W.shape
    R, logdet = np.empty((k, max(phi.size, theta.size) + n, N_LANES)), np.empty((1, N_LANES))
    whitening.whiten(np.array(W, order="C"), _spread(phi), _spread(theta), R, logdet, _beginning_kernel())
    return np.ascontiguousarray(R[:, :, 0]), float(logdet[0, 0])


def beginning(phi: Floats, theta: Floats, n: int) -> tuple[Floats, Floats, Floats]:
    """`tsforecast.kernels.arma.whitening.beginning` at one point: ``pi``, ``L`` and ``C``.

    Examples
    --------
    >>> pi, L, C = beginning(np.array([0.6]), np.empty(0), 5)
    >>> float(L[0, 0])  # of the state 0.6 w, where the variance of w is 1 / (1 - 0.6**2)
    0.75
    """
    pi, L, C = whitening.beginning(_spread(phi), _spread(theta), n)
    return pi[:, 0], np.ascontiguousarray(L[:, :, 0]), np.ascontiguousarray(C[:, :, 0])


@functools.cache
def _beginning_kernel() -> int:
    where: int = address(whitening.beginning, whitening.BEGINNING)
    return where


def _spread(coefficients: Floats) -> Floats:
    """The same in every lane: (p,) -> (p, N_LANES)."""
    return np.repeat(coefficients[:, None], N_LANES, axis=1)


def levels(y: Floats, order: Order) -> tuple[Floats, int]:
    """Rows that stand for the missing values, then the series with those filled in, from the first known value on.

    Returns
    -------
    Y : ndarray, shape (n_missing + 1, n_obs)
        A row that differencing makes a combination of the earlier ones is left out: that value cannot be told.
    first : int
        Leading missing values, which are dropped.
    """
    Y, first = row_kernels.levels(np.array(y), all_sizes(order))
    return Y, int(first)


def rows(y: Floats, Z: Floats, order: Order) -> tuple[Floats, int]:
    """Differenced rows for the kernels: missing values, regressors, series; and how many stand for missing values."""
    W, n_missing = row_kernels.stack(np.array(y), np.array(Z, order="C"), all_sizes(order))
    return W, int(n_missing)


def innovations(
    phi: Floats, theta: Floats, seasonal_phi: Floats, seasonal_theta: Floats, season: int, W: Floats, n_missing: int
) -> tuple[Floats, float, Floats]:
    """Whitened residual of the last row of W, log determinant, and coefficients of the other rows.

    Missing values, the first rows of W, are integrated out: they add to the log determinant.
    """
    R, logdet = whiten(W, multiply(phi, seasonal_phi, season, -1.0), multiply(theta, seasonal_theta, season, 1.0))
    residual, beta, U = by_gram_schmidt(R)
    return residual, logdet + 2.0 * float(np.log(np.diag(U)[:n_missing]).sum()), beta


@functools.lru_cache
def arma_sizes(order: Order) -> Ints:
    """``(p, q, P, Q, season_length)``, as the likelihood kernels take an order: (5,)."""
    return np.array([order.p, order.q, order.P, order.Q, order.season_length], dtype=np.int64)


@functools.lru_cache
def all_sizes(order: Order) -> Ints:
    """``(p, d, q, P, D, Q, season_length)``, as kernels take it that difference, too: (7,)."""
    return np.array([order.p, order.d, order.q, order.P, order.D, order.Q, order.season_length], dtype=np.int64)
