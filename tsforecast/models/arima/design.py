"""The regressors of a model: its trend and its covariates, as columns beside the series."""

from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import Order

Trend: TypeAlias = Literal["auto", "none", "mean", "drift"]


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


def fourier_names(y: Floats, season_length: int, most: int) -> tuple[str, ...]:
    """Names of the harmonics of a long season, as many as regression on them and a line supports by AICc.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is passed over.
    season_length : int
    most : int
        Largest number of harmonics.

    Examples
    --------
    >>> t = np.arange(400)
    >>> fourier_names(np.sin(t * np.pi / 50) + 0.1 * np.sin(t**2.0), 100, 3)
    ('sin1/100', 'cos1/100')
    """
    known = ~np.isnan(y)
    n, best = int(known.sum()), float("inf")
    chosen: tuple[str, ...] = ()
    for count in range(min(most, season_length // 2) + 1):
        names = tuple(f"{wave}{k}/{season_length}" for k in range(1, count + 1) for wave in ("sin", "cos"))
        Z = regressors(("mean", "drift", *names), 0, y.size, None)[known]
        left = y[known] - Z @ np.linalg.lstsq(Z, y[known], rcond=None)[0]
        k = Z.shape[1] + 1
        if n - k - 1 <= 0:
            break
        squares = max(float(left @ left), float(np.finfo(np.float64).tiny))
        aicc = n * float(np.log(squares / n)) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        if aicc < best:
            best, chosen = aicc, names
    return chosen


def regressors(names: tuple[str, ...], first: int, n_obs: int, covariates: Floats | None) -> Floats:
    """Trend and Fourier columns, then covariates, for ``n_obs`` steps from step ``first`` (counted from 0) on.

    Parameters
    ----------
    names : tuple of str
        As `trend_names` and `fourier_names` give them.
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


def _column(name: str, steps: Floats) -> Floats:
    if name == "mean":
        return np.ones(steps.size)
    if name == "drift":
        return steps
    harmonic, season = name[3:].split("/")  # "sin2/168"
    angle = 2 * np.pi * int(harmonic) / int(season) * steps
    return np.sin(angle) if name.startswith("sin") else np.cos(angle)
