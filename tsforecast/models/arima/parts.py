"""Parts of the point forecasts of an ARIMA model: level, trend, season and memory.

Forecasts h steps ahead, past the reach of the moving average, solve the difference equation of the whole
autoregressive operator (the eventual forecast function of Box & Jenkins 1976, section 5.3)::

    (1 - B)^(d + D) (1 + B + ... + B^(s - 1))^D Phi(B^s) phi(B) f(h) = 0

Its solutions are sums of those of each factor. The first factor gives a polynomial in h, what is left of the forecasts
in the long run: the permanent component of Beveridge & Nelson (1981, equation 7) and its trend. The second gives the
same season each year, with the sum zero. Those of stationary factors die out; ``Phi(B^s)``, less what it has in
common with a lag of one step (each factor ``1 - a B^s``, a > 0, has the factor ``1 - a^(1/s) B``), gives a season
that dies out. All that is left is memory of the latest values and errors, which dies out too.
"""

import numpy as np
from scipy.signal import lfilter

from tsforecast._types import Floats, Ints
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import multiply
from tsforecast.models.arima.result import ArimaFit

LEVEL, TREND, SEASON, MEMORY = "level", "trend", "season", "memory"
_MOST_LAGS = 1_000  # of the whole operator: its parts are found by solving so many equations
_ROUNDING = 1e-10  # of the largest part
_TOO_LARGE = 20.0  # times the forecasts' distance from the long run: a season and a memory so large cancel


def n_steps_for_parts(fit: ArimaFit, horizon: int) -> int:
    """Steps of forecasts from which `process_parts` finds the parts of the first ``horizon``.

    Raises
    ------
    ParameterError
        The lags are too many.
    """
    degree = sum(factor.size - 1 for factor in _factors(fit))
    if degree > _MOST_LAGS:
        raise ParameterError(
            f"Order {fit.order} has {degree:,} lags; parts of its forecasts are told of up to {_MOST_LAGS:,}."
        )
    return max(horizon, _first(fit, degree) + degree)


def process_parts(fit: ArimaFit, forecasts: Floats, horizon: int) -> dict[str, Floats]:
    """Parts of the forecasts of a process without its regressors, ``(horizon,)`` each, which add up to them.

    Parameters
    ----------
    fit : ArimaFit
    forecasts : ndarray, shape (n_steps,)
        Of so many steps as `n_steps_for_parts` says.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> from tsforecast.models.arima.order import Order
    >>> y = np.cumsum(np.sin(np.arange(40.0) ** 2))
    >>> fit = estimate(y, np.empty((40, 0)), (), Order(1, 1, 0), "numba")
    >>> parts = process_parts(fit, 7.0 + fit.phi[0] ** np.arange(1.0, 5.0), 2)
    >>> parts["level"].round(9), bool(abs(parts["memory"][0] - fit.phi[0]) < 1e-9)
    (array([7., 7.]), True)
    """
    factors = _factors(fit)
    first = _first(fit, sum(factor.size - 1 for factor in factors))
    steps = np.arange(1, max(forecasts.size, horizon) + 1)
    bases = [_polynomials(factors[0].size - 1, steps), *(_solutions(factor, first, steps) for factor in factors[1:])]
    long_run, fixed, dying, _ = _terms(bases, first, forecasts)
    if _cancels(forecasts - long_run.sum(axis=1) - fixed.sum(axis=1), dying.sum(axis=1), first):
        both = np.convolve(factors[2], factors[3])
        long_run, fixed, _ = _terms([bases[0], bases[1], _solutions(both, first, steps)], first, forecasts)
        dying = np.zeros((steps.size, 0))
    level = long_run[:, :1].sum(axis=1)
    trend, season = long_run[:, 1:].sum(axis=1), fixed.sum(axis=1) + dying.sum(axis=1)
    told = {LEVEL: level[:horizon], TREND: trend[:horizon], SEASON: season[:horizon]}
    memory = forecasts[:horizon] - sum(told.values())
    rounding = _ROUNDING * max(float(np.abs(values).max()) for values in (forecasts, *told.values()))
    return told | {MEMORY: np.where(np.abs(memory) > rounding, memory, 0.0)}


def regression_parts(names: tuple[str, ...], beta: Floats, future: Floats, horizon: int) -> dict[str, Floats]:
    """What each regressor gives, ``(horizon,)`` each; a line counts from the origin: what it gave before is level.

    Examples
    --------
    >>> regression_parts(("mean", "drift", "price"), np.array([1.0, 2.0, 3.0]), np.array([[1.0, 11.0, 5.0]]), 1)
    {'level': array([21.]), 'trend': array([2.]), 'price': array([15.])}
    """
    told: dict[str, Floats] = {}

    def add(name: str, values: Floats) -> None:
        told[name] = told.get(name, 0.0) + values

    for name, coefficient, column in zip(names, beta.tolist(), future[:horizon].T, strict=True):
        if name == "drift":
            add(LEVEL, np.full(horizon, coefficient * (column[0] - 1.0)))
            add(TREND, coefficient * np.arange(1.0, horizon + 1))
        else:
            add(LEVEL if name == "mean" else SEASON if _is_harmonic(name) else name, coefficient * column)
    return told


def _is_harmonic(name: str) -> bool:
    """Whether a regressor is a sine or cosine of `tsforecast.models.arima.design.regressors`."""
    return name[:3] in ("sin", "cos") and name[3:].replace("/", "").isdigit() and "/" in name


def _factors(fit: ArimaFit) -> list[Floats]:
    """Coefficients of the four factors of the autoregressive operator, from lag 0 on."""
    order = fit.order
    line, season = np.ones(1), np.ones(1)
    for _ in range(order.d + order.D):
        line = np.convolve(line, [1.0, -1.0])
    for _ in range(order.D):
        season = np.convolve(season, np.ones(order.season_length))
    own, seasonal = (np.trim_zeros(np.concatenate([[1.0], -phi]), "b") for phi in (fit.phi, fit.seasonal_phi))
    dying = multiply(np.empty(0), -seasonal[1:], order.season_length, -1.0)
    dying = np.concatenate([[1.0], -dying])
    for a in np.roots(seasonal):
        if abs(a.imag) < 1e-9 and a.real > 0:
            plain = np.array([1.0, -(float(a.real) ** (1 / order.season_length))])
            dying, own = lfilter([1.0], plain, dying)[:-1], np.convolve(own, plain)
    return [line, season, dying, own]


def _first(fit: ArimaFit, degree: int) -> int:
    """The first step from which on forecasts solve the difference equation."""
    n_ma = fit.theta.size + fit.order.season_length * fit.seasonal_theta.size
    return max(1, n_ma - degree + 1)


def _polynomials(degree: int, steps: Ints) -> Floats:
    """1, h, h^2, …: ``(n_steps, degree)``."""
    return np.power.outer(steps.astype(np.float64), np.arange(degree))


def _solutions(factor: Floats, first: int, steps: Ints) -> Floats:
    """Solutions of ``factor(B) f = 0`` that are 1 at one of its first steps, 0 at the others: ``(n_steps, degree)``.

    Steps before ``first`` are found backwards where no root is off the unit circle; else they are zero.
    """
    degree = factor.size - 1
    if degree == 0:
        return np.zeros((steps.size, 0))
    shocks = np.zeros((steps.size - first + 1, degree))  # what the inverse filter makes the solutions from
    shocks[:degree] = lfilter(factor, [1.0], np.eye(degree), axis=0)
    after = lfilter([1.0], factor, shocks, axis=0)
    before = np.zeros((first - 1, degree))
    if abs(factor[-1]) == 1.0:  # all roots lie on the circle
        for k in range(first - 2, -1, -1):
            known = np.vstack([before[k + 1 :], after])[:degree]
            before[k] = -(factor[:-1][::-1] @ known) / factor[-1]
    return np.vstack([before, after])


def _terms(bases: list[Floats], first: int, forecasts: Floats) -> list[Floats]:
    """What each solution of each factor gives at each step: ``(n_steps, degree)`` for each factor."""
    degrees = [basis.shape[1] for basis in bases]
    rows = slice(first - 1, first - 1 + sum(degrees))
    table = np.hstack(bases)
    size = np.maximum(np.abs(table[rows]).max(axis=0, initial=0.0), 1e-300)
    weights = np.linalg.lstsq(table[rows] / size, forecasts[rows], rcond=None)[0] / size
    return [basis * own for basis, own in zip(bases, np.split(weights, np.cumsum(degrees)[:-1]), strict=True)]


def _cancels(short_run: Floats, season: Floats, first: int) -> bool:
    """Whether a season that dies out and the rest of what dies out are so large only because they cancel."""
    whole = float(np.abs(short_run[first - 1 :]).max(initial=0.0))
    return float(np.abs(season).max(initial=0.0)) > _TOO_LARGE * max(whole, 1e-300)
