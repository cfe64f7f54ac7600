"""Box-Cox transforms: the formulas, their inverse, and the lambda that suits a series.

The lambda of Box & Cox (1964) with the sign extension of Bickel & Doksum (1981), as in Hyndman & Athanasopoulos,
*Forecasting: Principles and Practice* (FPP3), sections 3.1 and 5.6::

    w = log(y)                              lambda = 0
    w = (sign(y) |y|**lambda - 1) / lambda  otherwise
    w = y                                   lambda = nan: no transform

Each is increasing, so quantiles are mapped through; a mean is not the image of a mean and is adjusted for bias.
"""

import numpy as np
from scipy import optimize

from tsforecast._types import Floats

_BOUNDS = (0.0, 1.0)  # below 0 the inverse ends at -1/lambda: an upper quantile past it would be infinite
_AS_GOOD_AS_ZERO = 1e-4  # a power this small is the logarithm, and would lose digits


def box_cox(y: Floats, lmbda: "Floats | np.float64") -> Floats:
    """Transformed values; ``lmbda`` broadcasts, nan in it leaves values as they are. The caller checks the domain.

    Examples
    --------
    >>> box_cox(np.array([1.0, 4.0, -4.0]), np.array([0.0, 0.5, np.nan]))
    array([ 0.,  2., -4.])
    """
    y, lmbda = np.broadcast_arrays(np.asarray(y, dtype=np.float64), np.asarray(lmbda, dtype=np.float64))
    w = y.copy()
    log, power = lmbda == 0, ~np.isnan(lmbda) & (lmbda != 0)
    w[log] = np.log(y[log])
    exponent = lmbda[power]
    w[power] = (np.sign(y[power]) * np.abs(y[power]) ** exponent - 1) / exponent
    return w


def slope_at(y: Floats, lmbda: "Floats | np.float64") -> Floats:
    """Slope ``dy / dw`` of the inverse transform at the value ``y``: ``|y|**(1 - lambda)``; both broadcast.

    Examples
    --------
    >>> slope_at(np.array([3.0, 4.0, 5.0]), np.array([0.0, 0.5, np.nan]))
    array([3., 2., 1.])
    """
    return np.asarray(np.abs(y) ** np.where(np.isnan(lmbda), 0.0, 1.0 - lmbda))


def inverse_box_cox(w: Floats, lmbda: "Floats | np.float64") -> Floats:
    """Values ``y`` with ``box_cox(y, lmbda) == w``; infinite where lambda is negative and ``w >= -1 / lambda``.

    Examples
    --------
    >>> inverse_box_cox(np.array([0.0, 2.0, -4.0]), np.array([0.0, 0.5, np.nan]))
    array([ 1.,  4., -4.])
    """
    w, lmbda = np.broadcast_arrays(np.asarray(w, dtype=np.float64), np.asarray(lmbda, dtype=np.float64))
    y = w.copy()
    log, power = lmbda == 0, ~np.isnan(lmbda) & (lmbda != 0)
    y[log] = np.exp(w[log])
    base = lmbda[power] * w[power] + 1
    with np.errstate(divide="ignore"):  # 0 to a negative power is the infinity meant
        root = np.abs(np.where((lmbda[power] < 0) & (base < 0), 0.0, base)) ** (1 / lmbda[power])
    y[power] = np.where(base < 0, np.where(lmbda[power] < 0, np.inf, -root), root)
    return y


def bias_adjusted_mean(mean: Floats, variance: Floats, lmbda: "Floats | np.float64") -> Floats:
    """Mean of ``y`` when ``w`` is normal with this mean and variance; all arguments broadcast.

    Exact for the logarithm, ``exp(mean + variance / 2)``. Else the second-order formula of FPP3, section 5.6::

        y * (1 + variance * (1 - lambda) / (2 * (lambda * mean + 1)**2)),   y = (lambda * mean + 1)**(1 / lambda)

    Examples
    --------
    >>> bias_adjusted_mean(np.array([2.0, 3.0]), np.array([8.0, 8.0]), np.array([0.5, np.nan]))
    array([6., 3.])
    """
    shape = np.broadcast_shapes(np.shape(mean), np.shape(variance), np.shape(lmbda))
    mean, variance, lmbda = (np.broadcast_to(np.asarray(a, dtype=np.float64), shape) for a in (mean, variance, lmbda))
    adjusted = inverse_box_cox(np.where(lmbda == 0, mean + variance / 2, mean), lmbda)
    power = ~np.isnan(lmbda) & (lmbda != 0)
    base = lmbda[power] * mean[power] + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = 1 + variance[power] * (1 - lmbda[power]) / (2 * base**2)
    adjusted[power] *= np.where(base == 0, 1.0, factor)
    return adjusted


def profile_loglik(y: Floats, lmbda: float, season_length: int) -> float:
    """Log-likelihood of lambda, up to a constant, when the seasonal changes of ``w`` are normal.

    Box & Cox (1964), equation 8, for the model ``w[t] - w[t - season_length] ~ N(drift, sigma2)`` with both parameters
    concentrated out; changes over one step where the series is shorter than three seasons::

        -n / 2 * log(var(w[t] - w[t - s])) + (lambda - 1) * sum(log(y[s:]))

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        Positive; nan is passed over.

    Returns
    -------
    float
        nan where fewer than four changes are known or they do not vary.

    Examples
    --------
    >>> y = np.exp(np.cumsum(np.sin(np.arange(40.0) ** 2)))
    >>> profile_loglik(y, 0.0, 1) > profile_loglik(y, 1.0, 1)
    True
    """
    lag = season_length if y.size >= 3 * season_length else 1
    w = box_cox(y, np.float64(lmbda))
    change = w[lag:] - w[:-lag]
    known = ~np.isnan(change)
    variance = float(np.var(change[known])) if known.sum() >= 4 else 0.0
    if not variance > 0:
        return float("nan")
    return float(-known.sum() / 2 * np.log(variance) + (lmbda - 1) * np.log(y[lag:][known]).sum())


def guerrero(y: Floats, season_length: int, bounds: tuple[float, float] = _BOUNDS) -> float:
    """Lambda at which the spread of a season varies least with its level: Guerrero (1993), as R's ``BoxCox.lambda``.

    Minimises the coefficient of variation of ``sd / mean**(1 - lambda)`` over blocks of one season (two steps where
    there is none). 1 where there are not more than two seasons.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        Positive; nan is passed over.
    season_length : int
    bounds : tuple of float
        Where lambda is looked for.

    Examples
    --------
    >>> t = np.arange(120)
    >>> guerrero(np.exp(0.02 * t + 0.3 * np.sin(t * np.pi / 6)), 12) < 0.01
    True
    """
    period = max(2, season_length)
    n_blocks = y.size // period
    if y.size <= 2 * period or not (y[~np.isnan(y)] > 0).all():
        return 1.0
    blocks = y[y.size - n_blocks * period :].reshape(n_blocks, period)
    blocks = blocks[(~np.isnan(blocks)).sum(axis=1) >= 2]
    if len(blocks) < 2:
        return 1.0
    level, spread = np.nanmean(blocks, axis=1), np.nanstd(blocks, axis=1, ddof=1)
    if not (spread > 0).any():
        return 1.0

    def variation(lmbda: float) -> float:
        ratio = spread / level ** (1 - lmbda)
        return float(np.std(ratio, ddof=1) / np.mean(ratio))

    best = float(optimize.minimize_scalar(variation, bounds=bounds, method="bounded", options={"xatol": 1e-8}).x)
    return 0.0 if abs(best) < _AS_GOOD_AS_ZERO else best
