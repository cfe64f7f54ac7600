"""Quantiles of a series too short to tell a walk from what returns to its mean: those of a mixture of both.

It is mixed wholly for 6 to 14 values, partly for 15 and 16, and not past that; docs/arima_intervals.md has what this
holds.
"""

import numpy as np
from scipy.special import ndtr, stdtr

from tsforecast._types import Floats, Ints
from tsforecast.models.arima.intervals import tails
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.search.space import FEWEST_FOR_LAGS

_SHORT = (14, 17)  # values up to which all is mixed, and from which nothing is
_WALK, _DRIFT = 0.6, 0.6  # prior shares of a unit root, and within it of a drift
_RHO = (0.0, 0.25, 0.5, 0.75)  # first-order autoregressions that a walk is weighed against
_HALVINGS = 60
_MARKS = np.linspace(-4.0, 4.0, 81)  # standard normal numbers between which quantiles are interpolated


def share_mixed(fit: ArimaFit, trained: Floats, history: Floats) -> float:
    """How far the quantiles of this fit are those of a mixture: 0 to 1.

    ``trained`` is the series that was fitted, ``history`` the one that is forecast, each (n_obs,). 0 where one has
    gaps, and for an order with a season, two differences or covariates.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> from tsforecast.models.arima.order import Order
    >>> y = np.sin(np.arange(20.0) ** 2)
    >>> fits = [estimate(y[:n], np.ones((n, 1)), ("mean",), Order(0, 0, 0), "numba") for n in (8, 15, 20)]
    >>> [round(share_mixed(fit, y[:n], y), 2) for fit, n in zip(fits, (8, 15, 20))]
    [1.0, 0.67, 0.0]
    """
    begin, end = _SHORT
    covariates = set(fit.beta_names) - {"mean", "drift"}
    if covariates or fit.order.season_length > 1 or fit.order.d > 1:
        return 0.0
    if trained.size < FEWEST_FOR_LAGS or np.isnan(trained).any() or np.isnan(history).any():
        return 0.0
    return float(np.clip((end - trained.size) / (end - begin), 0.0, 1.0))


def weights(y: Floats) -> Floats:
    """Posterior shares of a return to the mean, a walk and a walk with drift: (3,).

    By the likelihoods of the differences, (n - 1,), the variance integrated out under ``1 / sigma2``, the mean of a
    return to it under a flat prior (Harville 1974), the drift under one of the variance ``sigma2``.

    Examples
    --------
    >>> weights(np.array([3.0, 1.0, 4.0, 1.0, 5.0, 2.0, 4.0, 3.0])).round(2)
    array([0.92, 0.05, 0.03])
    """
    w = np.diff(y) / np.ptp(y)
    m, total = w.size, float(w @ w)
    walk = -0.5 * m * np.log(total)
    drift = -0.5 * np.log(1.0 + m) - 0.5 * m * np.log(total - w.sum() ** 2 / (1.0 + m))
    distance = np.abs(np.subtract.outer(np.arange(m + 1), np.arange(m + 1)))
    back = []
    for rho in _RHO:
        L = np.linalg.cholesky(np.diff(np.diff(rho**distance, axis=0), axis=1))
        e = np.linalg.solve(L, w)
        back.append(-np.log(np.diag(L)).sum() - 0.5 * m * np.log(e @ e))
    logs = np.array([np.logaddexp.reduce(back) - np.log(len(_RHO)), walk, drift])
    prior = [1.0 - _WALK, _WALK * (1.0 - _DRIFT), _WALK * _DRIFT]
    out = np.exp(logs - logs.max()) * prior
    return np.asarray(out / out.sum(), dtype=np.float64)


def quantiles(
    fit: ArimaFit, own: tuple[Floats, Floats, int], trained: Floats, last: float, mixed: float, levels: Floats
) -> Floats:
    """Quantiles, less the fit's mean, of its own forecast, a walk's and a walk with drift's: (horizon, n_levels).

    A fit that is a walk itself takes the place of the walk, or of the one with a drift, and a return to the mean has no
    weight. The mean lies between the lower and the upper quantiles.

    Parameters
    ----------
    fit : ArimaFit
    own : tuple of ndarray, ndarray and int
        Mean and standard deviation of the fit's own forecast, each (horizon,), and its degrees of freedom.
    trained : ndarray, shape (n_obs,)
        The series that was fitted.
    last : float
        The last value of the series that is forecast.
    mixed : float
        `share_mixed` of the fit.
    levels : ndarray, shape (n_levels,)
    """
    mean, sd, degrees = own
    w, share = np.diff(trained), weights(trained)
    horizon, m, squares = np.arange(1.0, mean.size + 1.0), w.size, float(w @ w)
    slope = float(w.sum()) / (1.0 + m)  # at a prior variance of sigma2
    left = squares - slope * float(w.sum())
    centres = np.array([mean, np.full(mean.size, last), last + slope * horizon])  # (3, horizon)
    of_walks = np.array([squares / m * horizon, left / (m - 1) * (horizon + horizon**2 / (1.0 + m))])
    widths = np.vstack([sd[None], np.sqrt(of_walks)])
    heavy, scale = tails(degrees)
    freedom = np.array([heavy, m, m - 1])
    place = 0
    if fit.order.d == 1:
        place, share[0] = 1 + len(fit.beta_names), 0.0
    centres[place], widths[place], freedom[place] = mean, scale * sd, heavy
    share *= mixed / share.sum()
    share[place] += 1.0 - mixed
    return _inverse(share, centres - mean, widths, freedom, levels)


def at_scores(
    fit: ArimaFit,
    own: tuple[Floats, Floats, int],
    trained: Floats,
    last: float,
    mixed: float,
    z: Floats,
) -> Floats:
    """The quantiles at standard normal numbers ``z``, (n_paths, horizon): same shape; parameters as `quantiles`."""
    table = quantiles(fit, own, trained, last, mixed, ndtr(_MARKS))  # (horizon, n_marks)
    return np.column_stack([np.interp(z[:, h], _MARKS, table[h]) for h in range(z.shape[1])])


def _inverse(weight: Floats, centres: Floats, widths: Floats, freedom: Ints, levels: Floats) -> Floats:
    """Quantiles of a mixture of Student's distributions, by bisection; 0 lies between lower and upper ones."""
    reach = (np.abs(centres) + 1e3 * widths).max(axis=0)[:, None]  # (horizon, 1)
    low, high = -reach * np.ones(levels.size), reach * np.ones(levels.size)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)  # (horizon, n_levels)
        z = (middle - centres[:, :, None]) / widths[:, :, None]
        below = np.einsum("k,khl->hl", weight, stdtr(freedom[:, None, None], z)) < levels
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    middle = 0.5 * (low + high)
    return np.where(levels < 0.5, np.minimum(middle, 0.0), np.where(levels > 0.5, np.maximum(middle, 0.0), 0.0))
