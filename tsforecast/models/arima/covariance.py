"""Standard errors of a fit: the inverse of the observed information of the exact likelihood, sigma2 estimated too."""

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tsforecast._types import Floats
from tsforecast.models.arima.estimate import Engine, loglik
from tsforecast.models.arima.order import partial_autocorrelations
from tsforecast.models.arima.result import ArimaFit

_FALL = 1e-3  # of log-likelihood over a step: a twentieth of a standard error, far above rounding
_TRIES = 30  # at the length of a step
_UNIT_ROOT = 0.05  # n (1 - |pacf|): nearer to 1 the likelihood cannot tell a moving average from one on the circle
_NO_DISTANCE = 1e-6  # of an autoregression's partial autocorrelation from 1

Function: TypeAlias = Callable[[Floats], float]


def covariance(fit: ArimaFit, y: Floats, Z: Floats, engine: Engine) -> Floats:
    """Covariance of ``fit.coefficients``, their block of the inverse of the full observed information.

    The information is minus the second derivative of the exact log-likelihood in all parameters, the innovation
    variance among them, as R's ``arima`` and the ``oim`` of Stata have it. It is taken of the likelihood with the
    variance concentrated out, whose inverse is the same block, by central differences over steps that lower it by a
    thousandth.

    Returns
    -------
    ndarray, shape (n_coefficients, n_coefficients)
        nan in the rows and columns of a lag polynomial with a root on the unit circle, whose estimates have no normal
        distribution; the other coefficients are treated as if it were known. All nan where the information is not
        positive definite (no maximum, or parameters that cannot be told apart) or ``sigma2`` is zero.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> from tsforecast.models.arima.order import Order
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.ones((40, 1)), ("mean",), Order(0, 0, 0), "numba")
    >>> variance = covariance(fit, y, np.ones((40, 1)), "numba")[0, 0]
    >>> bool(abs(variance / (fit.sigma2 / 40) - 1) < 1e-4)
    True
    """
    values = np.array(list(fit.coefficients.values()))
    out = np.full((values.size, values.size), np.nan)
    free = np.flatnonzero(~_on_circle(fit))
    if free.size == 0 or not 0.0 < fit.sigma2 < np.inf:
        return out

    def at(own: Floats) -> float:
        moved = values.copy()
        moved[free] = own
        return _profile(fit.with_values(moved), y, Z, engine)

    steps = _steps(at, values[free], _first_steps(fit, Z)[free])
    information = -_second_derivatives(at, values[free], steps)
    scale = 1.0 / np.sqrt(np.abs(np.diag(information)))
    scaled = information * np.outer(scale, scale)
    if np.isfinite(scaled).all() and (np.linalg.eigvalsh(scaled) > 0).all():
        out[np.ix_(free, free)] = np.linalg.inv(scaled) * np.outer(scale, scale)
    return out


def _on_circle(fit: ArimaFit) -> NDArray[np.bool_]:
    """Whether the lag polynomial of each coefficient has a root on the unit circle: (n_coefficients,)."""
    n_seasons = fit.n_obs / fit.order.season_length
    parts = (
        (fit.phi, _NO_DISTANCE),
        (-fit.theta, _UNIT_ROOT / fit.n_obs),
        (fit.seasonal_phi, _NO_DISTANCE),
        (-fit.seasonal_theta, _UNIT_ROOT / n_seasons),
    )
    out = []
    for part, least in parts:
        inside = bool((1.0 - np.abs(partial_autocorrelations(part)) > least).all())
        out.append(np.full(part.size, not inside))
    return np.concatenate([*out, np.zeros(fit.beta.size, dtype=bool)])


def _profile(fit: ArimaFit, y: Floats, Z: Floats, engine: Engine) -> float:
    """The log-likelihood with sigma2 concentrated out.

    It is ``L(s) = c - (n log s + S / s) / 2``: from two values S, and its maximum.
    """
    n, s = fit.n_obs, fit.sigma2
    value = loglik(fit, y, Z, engine)
    fall = value - loglik(dataclasses.replace(fit, sigma2=2.0 * s), y, Z, engine)
    ratio = 2.0 * np.log(2.0) - 4.0 * fall / n  # S / (n s)
    return float(value + 0.5 * n * (ratio - 1.0 - np.log(ratio))) if ratio > 0.0 else float("nan")


def _first_steps(fit: ArimaFit, Z: Floats) -> Floats:
    """A length for each coefficient that is about a fiftieth of a standard error: (n_coefficients,)."""
    steps = np.full(fit.order.n_arma + fit.beta.size, 0.05 / np.sqrt(fit.n_obs))
    sizes = np.sqrt(np.nansum(fit.order.difference(Z) ** 2, axis=0))
    steps[fit.order.n_arma :] = 0.05 * np.sqrt(fit.sigma2) / np.where(sizes > 0, sizes, 1.0)
    return steps


def _steps(at: Function, x: Floats, first: Floats) -> Floats:
    """Lengths over which ``at`` falls by about `_FALL`, from those of ``first``: (k,).

    A step that leaves the region where ``at`` is defined is halved.
    """
    steps, middle = first.copy(), at(x)
    for i in range(x.size):
        for _ in range(_TRIES):
            ahead, behind = (at(_moved(x, (i, sign * steps[i]))) for sign in (1, -1))
            fall = middle - 0.5 * (ahead + behind)
            if 0.25 * _FALL < fall < 4.0 * _FALL:
                break
            wanted = np.sqrt(_FALL / fall) if fall > 0.0 else 4.0
            steps[i] *= 0.5 if np.isnan(fall) else np.clip(wanted, 0.1, 4.0)
    return steps


def _second_derivatives(at: Function, x: Floats, steps: Floats) -> Floats:
    """Second derivatives by central differences: (k, k)."""
    k, middle = x.size, at(x)
    out = np.empty((k, k))
    for i in range(k):
        ahead, behind = (at(_moved(x, (i, sign * steps[i]))) for sign in (1, -1))
        out[i, i] = (ahead - 2 * middle + behind) / steps[i] ** 2
        for j in range(i):
            corners = [
                sign * other * at(_moved(x, (i, sign * steps[i]), (j, other * steps[j])))
                for sign in (1, -1)
                for other in (1, -1)
            ]
            out[i, j] = out[j, i] = sum(corners) / (4 * steps[i] * steps[j])
    return out


def _moved(x: Floats, *moves: tuple[int, float]) -> Floats:
    moved = x.copy()
    for k, by in moves:
        moved[k] += by
    return moved
