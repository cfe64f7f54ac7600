"""Per-series transforms of the target: none, log or Box-Cox; learnt on train only, inverted exactly.

A transform is one number per series, the lambda of Box & Cox (1964) with the sign extension of Bickel & Doksum (1981),
as in Hyndman & Athanasopoulos, *Forecasting: Principles and Practice* (FPP3), sections 3.1 and 5.6::

    w = log(y)                              lambda = 0
    w = (sign(y) |y|**lambda - 1) / lambda  otherwise
    w = y                                   lambda = nan: no transform

Each is increasing, so quantiles are mapped through; a mean is not the image of a mean and is adjusted for bias.
"""

import dataclasses
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import optimize

from tsforecast._types import Floats, Index
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel

Kind: TypeAlias = Literal["none", "log", "boxcox", "auto"] | float | None

_BOUNDS = (0.0, 1.0)  # below 0 the inverse ends at -1/lambda: an upper quantile past it would be infinite
_SMALL = 1e-4  # a power this small is the logarithm, and would lose digits
_CLEARLY_BETTER = 1.92  # half the 95% point of chi-square(1): the likelihood ratio that "auto" asks for


@dataclasses.dataclass(frozen=True, eq=False)
class Transform:
    """The learnt transform of every series of a panel.

    Attributes
    ----------
    ids : Index, shape (n_series,)
    lambdas : ndarray, shape (n_series,)
        Lambda of each series; nan means that it is left as it is, 0 is the logarithm.

    Examples
    --------
    >>> panel = Panel.from_array(np.array([1.0, 10.0, 100.0]))
    >>> transform = learn(panel, "log")
    >>> transform.apply(panel).values.round(3)
    array([0.   , 2.303, 4.605])
    >>> transform.invert_quantiles(np.array([[0.0, np.log(10.0)]]), panel.ids)
    array([[ 1., 10.]])
    >>> transform.invert_mean(np.array([[0.0]]), np.array([[2 * np.log(3.0)]]), panel.ids).round(12)
    array([[3.]])
    """

    ids: Index
    lambdas: Floats

    def apply(self, panel: Panel) -> Panel:
        """The panel with transformed values; its series may hold other observations than those learnt from.

        Raises
        ------
        UnknownNameError
            A series was not learnt from.
        DataError
            A value is not positive where the logarithm, or a power that is not positive, is taken.
        """
        lambdas = self.lambdas_of(panel.ids)
        _check_domain(panel, lambdas)
        return panel.with_values(box_cox(panel.values, np.repeat(lambdas, panel.lengths)))

    def lambdas_of(self, ids: Index) -> Floats:
        """Lambdas of the series named: ``(len(ids),)``; an `UnknownNameError` names the first that is absent."""
        found = self.ids.get_indexer(ids)
        if (found < 0).any():
            raise UnknownNameError(f"Series {ids[int(np.argmax(found < 0))]!r} has no learnt transform.")
        return self.lambdas[found]

    def invert_quantiles(self, quantiles: Floats, ids: Index) -> Floats:
        """Quantiles (or values, or sampled paths) in the unit of the series: ``(n_series, ...)``, same shape out."""
        return inverse_box_cox(quantiles, _along(self.lambdas_of(ids), quantiles))

    def invert_mean(self, mean: Floats, variance: Floats, ids: Index) -> Floats:
        """Means in the unit of the series, adjusted for bias: two ``(n_series, horizon)`` -> one."""
        return bias_adjusted_mean(mean, variance, _along(self.lambdas_of(ids), mean))


def learn(panel: Panel, kind: Kind, *, season_length: int | None = None, name: str = "transform") -> Transform:
    """The transform of each series of ``panel``.

    Parameters
    ----------
    panel : Panel
        Training series; nan is passed over.
    kind : {"none", "log", "boxcox", "auto"}, float or None
        ``"boxcox"`` estimates lambda in [0, 1] by `guerrero`; a float is lambda itself. ``"auto"`` takes the logarithm
        of a series that is positive throughout and whose seasonal changes are clearly closer to normal with one
        variance after it: the log-likelihood of `profile_loglik` at lambda 0 exceeds that at 1 by at least 1.92 (a
        likelihood ratio at 95%). Any other series stays as it is.
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.
    name : str
        What the caller calls ``kind``, for errors.

    Raises
    ------
    ParameterError
        ``kind`` is none of these.
    DataError
        A value is not positive where the transform needs it; the message names the series and the time.

    Examples
    --------
    >>> t = np.arange(60)
    >>> growing = np.exp(0.05 * t + np.sin(t * np.pi / 6))
    >>> learn(Panel.from_array(np.column_stack([growing, np.sin(t)])), "auto", season_length=12).lambdas
    array([ 0., nan])
    """
    season = panel.season_length if season_length is None else season_length
    lambdas = np.array([_lambda(panel.series(i), kind, season, name) for i in range(panel.n_series)])
    _check_domain(panel, np.full(panel.n_series, 0.0) if kind == "boxcox" else lambdas)
    return Transform(pd.Index(panel.ids), lambdas)


def _lambda(y: Floats, kind: Kind, season_length: int, name: str) -> float:
    if kind is None or kind == "none":
        return float("nan")
    if kind == "log":
        return 0.0
    if kind == "boxcox":
        return guerrero(y, season_length)
    if kind == "auto":
        return 0.0 if _is_multiplicative(y, season_length) else float("nan")
    if isinstance(kind, (int, float)) and not isinstance(kind, bool) and np.isfinite(kind):
        return float(kind)
    raise ParameterError(f"{name}={kind!r} is none of None, 'none', 'log', 'boxcox', 'auto' or a number (lambda).")


def _is_multiplicative(y: Floats, season_length: int) -> bool:
    if not (y[~np.isnan(y)] > 0).all():
        return False
    gain = profile_loglik(y, 0.0, season_length) - profile_loglik(y, 1.0, season_length)
    return bool(gain > _CLEARLY_BETTER)


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
    return 0.0 if abs(best) < _SMALL else best


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


def _along(lambdas: Floats, values: Floats) -> Floats:
    """Lambdas with as many trailing axes of length 1 as ``values`` has past the first."""
    return lambdas.reshape(-1, *(1,) * (np.ndim(values) - 1))


def _check_domain(panel: Panel, lambdas: Floats) -> None:
    """A `DataError` for the first value that is not positive in a series whose lambda is 0 or less."""
    bad = np.repeat(lambdas <= 0, panel.lengths) & (panel.values <= 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"Series {panel.id_at(row)!r} has the value {panel.values[row]:g} at {panel.times[row]}; the logarithm or "
            "Box-Cox transform needs positive values. Use no transform, or 'auto', which leaves such a series as it "
            "is."
        )
