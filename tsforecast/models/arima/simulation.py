"""Paths drawn from a fitted process: tails of those from the end of a series, and whole series."""

import numpy as np
from scipy.signal import lfilter, lfiltic
from scipy.special import ndtr

from tsforecast._types import Floats
from tsforecast.models.arima.engines.kernels import beginning
from tsforecast.models.arima.intervals import quantiles_of
from tsforecast.models.arima.process import ArimaStateSpace
from tsforecast.models.arima.result import ArimaFit
from tsforecast.series.interpolation import interpolated


def with_shared(errors: Floats, shared: Floats, sd: Floats, rng: np.random.Generator) -> Floats:
    """Standard normal errors with a part that is shared by all steps of a path: same shape, again standard normal.

    Parameters
    ----------
    errors : ndarray, shape (n_paths, horizon)
        Standard normal, with the correlation of innovations.
    shared : ndarray, shape (n_directions, horizon)
        See `tsforecast.models.arima.intervals.shared_errors`.
    sd : ndarray, shape (horizon,)
        Standard deviation of each step, with that part.
    rng : numpy.random.Generator

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> z = with_shared(rng.normal(size=(9999, 2)), np.full((1, 2), 0.6), np.ones(2), rng)
    >>> bool(abs(np.corrcoef(z.T)[0, 1] - 0.36) < 0.04), bool(abs(z.std() - 1) < 0.02)
    (True, True)
    """
    loadings = shared / sd
    own = np.sqrt(np.maximum(1.0 - (loadings**2).sum(axis=0), 0.0))
    return np.asarray(own * errors + rng.normal(size=(len(errors), len(shared))) @ loadings)


def with_tails(errors: Floats, degrees: int, chosen: bool) -> Floats:
    """Standard normal errors moved to the distribution that intervals have, in standard deviations: same shape.

    Each keeps its probability, so that errors hang together as they did: see `tsforecast.models.arima.intervals`.

    Examples
    --------
    >>> with_tails(np.array([-1.96, 0.0, 1.96]), 3, False).round(2)
    array([-3.18,  0.  ,  3.18])
    """
    return np.copysign(quantiles_of(ndtr(-np.abs(errors)), degrees, chosen), errors)  # small probabilities are exact


def paths_from_start(fit: ArimaFit, y: Floats, Z: Floats, n_paths: int, rng: np.random.Generator) -> Floats:
    """Whole series drawn from their first value on: (n_paths, horizon).

    The differenced process is drawn from its stationary distribution and summed up from the first values of ``y``,
    which the likelihood takes as given: each path begins with them.

    Parameters
    ----------
    fit : ArimaFit
    y : ndarray, shape (n_obs,)
    Z : ndarray, shape (horizon, n_regressors)
        At least as many rows as the differences lose values.
    n_paths : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> from tsforecast.models.arima.order import Order
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.ones((40, 1)), ("mean",), Order(1, 0, 0), "numba")
    >>> paths = paths_from_start(fit, y, np.ones((2, 1)), 9999, np.random.default_rng(0))
    >>> bool(abs(paths.var() * (1 - fit.phi[0] ** 2) / fit.sigma2 - 1) < 0.03)
    True
    """
    process = ArimaStateSpace.of(fit)
    phi, theta = process.phi, process.theta
    lost, horizon = fit.order.n_lost, Z.shape[0]
    _, L, _ = beginning(phi, theta, 1)
    state = rng.normal(size=(n_paths, L.shape[0])) @ L.T
    a = rng.normal(size=(n_paths, horizon - lost))
    pad = np.zeros(L.shape[0])
    ar, ma = pad.copy(), pad.copy()
    ar[: phi.size], ma[: theta.size] = -phi, theta
    w, _ = lfilter([1.0, *ma], [1.0, *ar], a, axis=1, zi=state) if L.size else (a, state)
    w = np.sqrt(process.sigma2) * w
    if lost:
        given = interpolated(y)[:lost] - Z[:lost] @ fit.beta
        operator = fit.order.differences()
        begin = np.broadcast_to(lfiltic([1.0], operator, given[::-1]), (n_paths, lost))
        summed, _ = lfilter([1.0], operator, w, axis=1, zi=begin)
        w = np.hstack([np.broadcast_to(given, (n_paths, lost)), summed])
    return w + Z @ fit.beta
