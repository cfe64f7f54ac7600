"""Transforms of series (none, log or Box-Cox), learnt on training data only, and their inverse.

A transform is one number for each series, the lambda of `tsforecast.series.box_cox`; nan is no transform.
"""

import dataclasses
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel
from tsforecast.series.box_cox import bias_adjusted_mean, box_cox, guerrero, inverse_box_cox, profile_loglik

TransformKind: TypeAlias = Literal["none", "log", "boxcox", "auto"] | float | None

_CLEARLY_BETTER = 1.92  # log-likelihood ratio that "auto" requires: half the 95% point of chi-square(1)
_FEWEST_FOR_LOG = 48  # fewest values for which the logarithm is safe
_ROOT = 0.5
_JUMP = np.log(3.0)  # a change of the logarithm from one value to the next is a jump if it is at least this large ...
_USUAL = 12.0  # ... and so many times the median change, so that steady growth is no jump


@dataclasses.dataclass(frozen=True, eq=False)
class Transform:
    """The learnt transform of every series of a panel.

    Attributes
    ----------
    ids : Index, shape (n_series,)
    lambdas : ndarray, shape (n_series,)
        Lambda of each series; nan means no transform, 0 the logarithm.

    Examples
    --------
    >>> panel = Panel.from_array(np.array([1.0, 10.0, 100.0]))
    >>> transform = learn_transform(panel, "log")
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
        """The panel with transformed values; its observations need not be those of the training series.

        Raises
        ------
        UnknownNameError
            A series was not in the training data.
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
        """Quantiles (or values, or sample paths) in the unit of the series: ``(n_series, ...)``, same shape."""
        return inverse_box_cox(quantiles, _along(self.lambdas_of(ids), quantiles))

    def invert_mean(self, mean: Floats, variance: Floats, ids: Index) -> Floats:
        """Means in the unit of the series, adjusted for bias: two ``(n_series, horizon)`` -> one."""
        return bias_adjusted_mean(mean, variance, _along(self.lambdas_of(ids), mean))


def learn_transform(
    panel: Panel, kind: TransformKind, *, season_length: int | None = None, name: str = "transform"
) -> Transform:
    """The transform of each series of ``panel``.

    Parameters
    ----------
    panel : Panel
        Training series; nan is ignored.
    kind : {"none", "log", "boxcox", "auto"}, float or None
        ``"boxcox"`` estimates lambda in [0, 1] by `guerrero`; a float is lambda itself. ``"auto"`` takes the logarithm
        of a series that is positive throughout and whose seasonal changes are clearly closer to normal with one
        variance after it: the log-likelihood of `profile_loglik` at lambda 0 exceeds that at 1 by at least 1.92 (a
        likelihood ratio at 95%). Other series are not transformed.
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.
    name : str
        Name of the caller's parameter, for errors.

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
    >>> learn_transform(Panel.from_array(np.column_stack([growing, np.sin(t)])), "auto", season_length=12).lambdas
    array([ 0., nan])
    """
    season = panel.season_length if season_length is None else season_length
    lambdas = np.array([_lambda(panel.series(i), kind, season, name) for i in range(panel.n_series)])
    _check_domain(panel, np.full(panel.n_series, 0.0) if kind == "boxcox" else lambdas)
    return Transform(pd.Index(panel.ids), lambdas)


def learn_safe_transform(panel: Panel, kind: TransformKind, season_length: int) -> Transform:
    """The requested transform; with ``"auto"``, the logarithm only where it is safe to invert.

    Inverting the logarithm magnifies errors exponentially. So a series with jumps is not transformed, and the square
    root is taken of one with fewer than 48 values, which show its growth poorly (docs/benchmarks.md has results).
    """
    transform = learn_transform(panel, kind, season_length=season_length)
    if kind != "auto" or not (transform.lambdas == 0).any():
        return transform
    lambdas = transform.lambdas.copy()
    for i in np.flatnonzero(lambdas == 0).tolist():
        y = panel.series(i)
        y = y[~np.isnan(y)]
        if jumps(y):
            lambdas[i] = np.nan
        elif y.size < _FEWEST_FOR_LOG:
            lambdas[i] = _ROOT
    return Transform(transform.ids, lambdas)


def jumps(y: Floats) -> bool:
    """Whether some value of a positive series differs threefold from the one before, though changes are usually small.

    Examples
    --------
    >>> level = 10 + np.sin(np.arange(20.0))
    >>> jumps(level), jumps(np.append(level, 5 * level))
    (False, True)
    """
    change = np.abs(np.diff(np.log(y)))
    return bool(change.max() > max(_JUMP, _USUAL * float(np.median(change))))


def _lambda(y: Floats, kind: TransformKind, season_length: int, name: str) -> float:
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


def _along(lambdas: Floats, values: Floats) -> Floats:
    """Lambdas with trailing axes of length 1, so that they broadcast against ``values``."""
    return lambdas.reshape(-1, *(1,) * (np.ndim(values) - 1))


def _check_domain(panel: Panel, lambdas: Floats) -> None:
    """Raise a `DataError` for the first value that is not positive in a series whose lambda is 0 or less."""
    bad = np.repeat(lambdas <= 0, panel.lengths) & (panel.values <= 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"Series {panel.id_at(row)!r} has the value {panel.values[row]:g} at {panel.times[row]}; the logarithm or "
            "Box-Cox transform needs positive values. Use no transform, or 'auto', which leaves such a series as it "
            "is."
        )
