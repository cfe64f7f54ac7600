"""The regressors of a model: its trend and its covariates, as columns beside the series."""

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.exceptions import CovariateError, ParameterError
from tsforecast.models.arima.order import Order

Trend: TypeAlias = Literal["auto", "none", "mean", "drift"]


def check_covariate_names(names: Sequence[str]) -> None:
    """Raise a `CovariateError` where a covariate has the name of another estimate, such as ``mean`` or ``phi1``.

    Examples
    --------
    >>> check_covariate_names(["price", "phi"])
    """
    for name in names:
        if re.fullmatch(r"mean|drift|sigma2|(seasonal_)?(phi|theta)\d+", name):
            raise CovariateError(f"A covariate is called {name!r}, as an estimate of the model itself is; rename it.")


def trend_names(trend: Trend, order: Order) -> tuple[str, ...]:
    """Names of the trend columns: none, ``mean``, ``drift``, or ``mean`` and ``drift``.

    ``"auto"`` is a mean where nothing is differenced, else nothing, as in R's ``Arima``. ``"drift"`` is a line: with a
    mean where nothing is differenced, alone after one difference (which removes the level). After two differences
    neither can be seen.

    Raises
    ------
    ParameterError
        ``trend`` is none of the choices, or the differences remove it.

    Examples
    --------
    >>> trend_names("auto", Order(1, 0, 1)), trend_names("auto", Order(1, 1, 1)), trend_names("drift", Order(1, 1, 1))
    (('mean',), (), ('drift',))
    """
    if trend not in ("auto", "none", "mean", "drift"):
        raise ParameterError(f"trend={trend!r} is none of 'auto', 'none', 'mean', 'drift'.")
    n_differences = order.d + order.D
    if trend == "none" or (trend == "auto" and n_differences > 0):
        return ()
    if trend == "drift":
        if n_differences > 1:
            raise ParameterError(f"trend='drift' cannot be seen after {n_differences} differences of order {order}.")
        return ("mean", "drift") if n_differences == 0 else ("drift",)
    if n_differences > 0:
        raise ParameterError(f"trend='mean' cannot be seen after differencing, order {order}; 'drift' may be meant.")
    return ("mean",)


def regressors(names: tuple[str, ...], first: int, n_obs: int, covariates: Floats | None) -> Floats:
    """Trend and Fourier columns, then covariates, for ``n_obs`` steps from step ``first`` (counted from 0) on.

    Parameters
    ----------
    names : tuple of str
        As `trend_names` gives them; ``sin2/168`` and ``cos2/168`` for the second harmonic of a season of 168 steps.
    first, n_obs : int
    covariates : ndarray, shape (n_obs, n_features), or None

    Returns
    -------
    ndarray, shape (n_obs, len(names) + n_features)
        The drift column counts 1, 2, … from the beginning of the series.

    Examples
    --------
    >>> regressors(("mean", "drift"), 10, 2, None)
    array([[ 1., 11.],
           [ 1., 12.]])
    """
    steps = np.arange(first + 1, first + n_obs + 1, dtype=np.float64)
    columns = [_column(name, steps) for name in names]
    if covariates is not None:
        columns.extend(covariates.T)
    return np.column_stack(columns) if columns else np.empty((n_obs, 0))


def panel_regressors(names: tuple[str, ...], indptr: Ints, covariates: Floats | None) -> Floats:
    """`regressors` of every series of a panel from its own beginning, one after the other: ``(n_obs, n_regressors)``.

    Examples
    --------
    >>> panel_regressors(("drift",), np.array([0, 2, 3]), None).ravel()
    array([1., 2., 1.])
    """
    own = np.arange(1, indptr[-1] + 1) - np.repeat(indptr[:-1], np.diff(indptr))
    columns = [_column(name, own.astype(np.float64)) for name in names]
    if covariates is not None:
        columns.extend(covariates.T)
    return np.column_stack(columns) if columns else np.empty((own.size, 0))


def _column(name: str, steps: Floats) -> Floats:
    if name == "mean":
        return np.ones(steps.size)
    if name == "drift":
        return steps
    harmonic, season = name[3:].split("/")  # "sin2/168"
    angle = 2 * np.pi * int(harmonic) / int(season) * steps
    return np.sin(angle) if name.startswith("sin") else np.cos(angle)
