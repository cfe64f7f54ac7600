"""The compiled kernels: their addresses, and those that take eight points at once called for one."""

import functools

import numpy as np

from tsforecast._types import Floats
from tsforecast.kernels._jit import address, announce, is_compiled, run_beside
from tsforecast.kernels._lanes import N_LANES
from tsforecast.kernels.arma import beginning as arma
from tsforecast.kernels.arma import fit as kernel
from tsforecast.kernels.arma import gls, likelihood


@functools.cache
def fit_kernels() -> kernel.Kernels:
    """Addresses of what a fit calls, compiled now where this machine has not compiled them before.

    A process beside this one then compiles one half (`compile_second_half`): half a minute becomes a quarter.
    """
    beside = None
    if not is_compiled(likelihood.minimise):
        announce("the ARIMA kernels")
        beside = run_beside(f"import {__name__}; {__name__}.compile_second_half()")
    whitening = (address(arma.whiten, arma.WHITEN), _beginning_kernel(), address(gls.project, gls.PROJECT))
    minimise = address(likelihood.minimise, likelihood.MINIMISE)
    if beside is not None:
        beside.wait()  # what it has not done, for whatever reason, is compiled here
    return minimise, compile_second_half(), whitening


def compile_second_half() -> int:
    """The address of `tsforecast.kernels.arma.fit.starting_points`; it and `fit_panel` are compiled."""
    address(kernel.fit_panel, kernel.FIT_PANEL)
    where: int = address(kernel.starting_points, kernel.STARTS)
    return where


def whiten(W: Floats, phi: Floats, theta: Floats) -> tuple[Floats, float]:
    """`tsforecast.kernels.arma.beginning.whiten` at one point: (k, n) -> (k, r + n) and the log determinant.

    Examples
    --------
    >>> R, logdet = whiten(np.ones((1, 2)), np.array([0.6]), np.empty(0))
    >>> bool(np.isclose(logdet, -np.log(1 - 0.6**2)))
    True
    """
    k, n = W.shape
    R, logdet = np.empty((k, max(phi.size, theta.size) + n, N_LANES)), np.empty((1, N_LANES))
    arma.whiten(np.array(W, order="C"), _spread(phi), _spread(theta), R, logdet, _beginning_kernel())
    return np.ascontiguousarray(R[:, :, 0]), float(logdet[0, 0])


def beginning(phi: Floats, theta: Floats, n: int) -> tuple[Floats, Floats, Floats]:
    """`tsforecast.kernels.arma.beginning.beginning` at one point: ``pi``, ``L`` and ``C``.

    Examples
    --------
    >>> pi, L, C = beginning(np.array([0.6]), np.empty(0), 5)
    >>> float(L[0, 0])  # of the state 0.6 w, where the variance of w is 1 / (1 - 0.6**2)
    0.75
    """
    pi, L, C = arma.beginning(_spread(phi), _spread(theta), n)
    return pi[:, 0], np.ascontiguousarray(L[:, :, 0]), np.ascontiguousarray(C[:, :, 0])


@functools.cache
def _beginning_kernel() -> int:
    where: int = address(arma.beginning, arma.BEGINNING)
    return where


def _spread(coefficients: Floats) -> Floats:
    """The same in every lane: (p,) -> (p, N_LANES)."""
    return np.repeat(coefficients[:, None], N_LANES, axis=1)
