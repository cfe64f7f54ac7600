"""How wide intervals must be when parameters are estimated, and an order chosen, from the series itself.

The innovation variance is divided by the degrees of freedom and quantiles are Student's (Box, Jenkins & Reinsel 2008,
section 7.2); parameters add their own variance (Ansley & Newbold 1981, Fuller & Hasza 1981); for an order chosen from
the data there is a factor from experience, `chosen_factor`. docs/arima_intervals.md has what this holds.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
from scipy.special import stdtrit

from tsforecast._types import Floats
from tsforecast.kernels.arma.estimation import likelihood, start
from tsforecast.kernels.arma.estimation.limits import NO_STRUCTURE
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.models.arima.engines.kernels import arma_sizes, levels, rows, whiten
from tsforecast.models.arima.moving import state_after
from tsforecast.models.arima.order import Order, multiply
from tsforecast.models.arima.process import ArimaState, ArimaStateSpace
from tsforecast.models.arima.result import ArimaFit

_STEP = 1e-4  # radians, of central differences
_PRIOR = 0.8  # radians: standard deviation of an angle that the series does not determine
_LONG = (70, 100)  # known values from which the uncertainty of the lags fades, and past which it is left out
# Of chosen orders, from simulations and from M3 and M4 (docs/arima_intervals.md):
_OF_CHOICE, _POWER, _MOST = 0.15, 1.5, 3.0  # widening by the share of 10 coefficients in the known values
_OF_RECENT, _CALM = 0.4, 0.2  # widening by log(recent variance / variance of all) beyond 0.2
_HEAVY = 6  # degrees of freedom of the tails past the 80% interval


@dataclasses.dataclass(frozen=True, eq=False)
class ParameterUncertainty:
    """How well the series that was fitted determines the parameters of a fit.

    Attributes
    ----------
    degrees : int
        Degrees of freedom of the innovation variance: known values less coefficients.
    angles : ndarray, shape (k,)
        The lag polynomials, as `kernels.arma.estimation.likelihood` has them.
    steps : ndarray, shape (k, k)
        Rows whose outer products sum up to the covariance of the angles.
    factor : ndarray, shape (n_regressors, n_regressors)
        Upper triangular ``U``: the covariance of beta is ``sigma2 (U' U)^-1``.
    recent : float
        Mean square of the last third of the innovations over that of all.
    """

    degrees: int
    angles: Floats
    steps: Floats
    factor: Floats
    recent: float


def uncertainty_of(fit: ArimaFit, y: Floats, Z: Floats) -> ParameterUncertainty:
    """How well the fitted series ``y``, (n_obs,), and its regressors ``Z``, (n_obs, k), determine the parameters.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> fit = estimate(y, np.ones((40, 1)), ("mean",), Order(0, 0, 0), "numba")
    >>> known = uncertainty_of(fit, y, np.ones((40, 1)))
    >>> known.degrees, bool(np.isclose(known.factor[0, 0], np.sqrt(40)))
    (39, True)
    """
    order = fit.order
    degrees = max(fit.n_obs - order.n_arma - fit.beta.size, 1)
    W, n_missing = rows(y, Z, order)
    angles = start.angles(fit.phi, -fit.theta, fit.seasonal_phi, -fit.seasonal_theta)
    value, residual, U = _whitened(angles, order, W, n_missing)
    factor = np.ascontiguousarray(U[n_missing:, n_missing:])
    weight = _weight(fit, y)
    if weight == 0.0:
        return ParameterUncertainty(degrees, angles, np.empty((0, angles.size)), factor, _recent(residual))
    J = np.empty((angles.size, value.size))
    for i in range(angles.size):
        moved = angles.copy()
        moved[i] += _STEP
        J[i] = (_whitened(moved, order, W, n_missing)[0] - value) / _STEP
    information = J @ J.T * degrees / (value @ value) + np.eye(angles.size) / _PRIOR**2
    steps = np.sqrt(weight) * np.linalg.inv(np.linalg.cholesky(information))
    return ParameterUncertainty(degrees, angles, steps, factor, _recent(residual))


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """What intervals need of the series that is forecast from.

    Attributes
    ----------
    regressors : tuple of ArimaState
        States of the process run over each regressor, as over a series.
    rows : ndarray, shape (n_missing + 1, n_obs), or None
        The series less its regression, as `ArimaRows.Y`, where the lags are uncertain.
    """

    regressors: tuple[ArimaState, ...]
    rows: Floats | None


def seen_of(fit: ArimaFit, known: ParameterUncertainty, y: Floats, Z: Floats) -> Seen:
    """What intervals need of a series ``y``, (n_obs,), with the regressors ``Z``, (n_obs, n_regressors).

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> y, ones = np.sin(np.arange(40.0) ** 2), np.ones((40, 1))
    >>> fit = estimate(y, ones, ("mean",), Order(0, 0, 0), "numba")
    >>> seen = seen_of(fit, uncertainty_of(fit, y, ones), y, ones)
    >>> len(seen.regressors), seen.rows
    (1, None)
    """
    process = _process(known.angles, fit.order)
    columns = (np.ascontiguousarray(column)[None, :] for column in Z.T)
    rows = levels(y - Z @ fit.beta, fit.order)[0] if known.steps.shape[0] else None
    return Seen(tuple(process.state_of(process.rows_of(row)) for row in columns), rows)


def seen_after(fit: ArimaFit, known: ParameterUncertainty, seen: Seen, Z: Floats) -> Seen:
    """What intervals need once the series has gone on with the regressors ``Z``, (n_new, n_regressors).

    For a series whose lags count as certain: ``seen.rows`` is None.
    """
    process = _process(known.angles, fit.order)
    columns = zip(seen.regressors, Z.T, strict=True)
    return Seen(tuple(state_after(process, state, np.array(column)) for state, column in columns), None)


def variance_ahead(fit: ArimaFit, known: ParameterUncertainty, seen: Seen, future: Floats, variance: Floats) -> Floats:
    """Variance of the next values with that of the parameters: (horizon,).

    The known-parameter ``variance``, (horizon,), is divided by the degrees of freedom in place of ``n_obs``. To it are
    added that of the regression, which is exact at given lags; and what the forecast, and its variance, change by as
    the lags move one standard error up and down along each of their principal axes: the delta method, with steps as
    long as the errors are (Julier & Uhlmann's unscented transform).
    """
    scale = fit.n_obs / known.degrees
    total = variance * scale
    if seen.regressors:
        total = total + fit.sigma2 * scale * (_loadings(fit, known, seen, future) ** 2).sum(axis=0)
    for shift, wider in _shifts(fit, known, seen, future.shape[0]):
        total = total + 0.5 * (shift**2 + wider * fit.sigma2 * scale)
    return total


def variance_one_step(fit: ArimaFit, known: ParameterUncertainty, y: Floats, Z: Floats, variance: Floats) -> Floats:
    """`variance_ahead` of each value given those before it, in one pass over the series: (n_obs,).

    ``y``, (n_obs,), and ``Z``, (n_obs, n_regressors), are as in `seen_of`; ``variance``, (n_obs,), is that of each
    value at known parameters, nan where there is none.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> y, ones = np.sin(np.arange(40.0) ** 2), np.ones((40, 1))
    >>> fit = estimate(y, ones, ("mean",), Order(0, 0, 0), "numba")
    >>> each = variance_one_step(fit, uncertainty_of(fit, y, ones), y, ones, np.full(40, fit.sigma2))
    >>> bool(np.allclose(each, fit.sigma2 * 40 / 39 * (1 + 1 / 40)))
    True
    """
    scale, process = fit.n_obs / known.degrees, _process(known.angles, fit.order)
    total = variance * scale
    if Z.shape[1]:
        paths = np.column_stack([process.filter(column).one_step[0] for column in Z.T])
        loadings = np.linalg.solve(_regular(known.factor).T, (Z - paths).T)
        total = total + fit.sigma2 * scale * (loadings**2).sum(axis=0)
    left = y - Z @ fit.beta
    mean, spread = process.filter(left).one_step if known.steps.shape[0] else (left, left)
    for step in known.steps:
        for angles in (known.angles + step, known.angles - step):
            moved, wider = _process(angles, fit.order).filter(left).one_step
            more = np.maximum(wider**2 - spread**2, 0.0) * fit.sigma2 * scale
            total = total + 0.5 * ((moved - mean) ** 2 + more)
    return total


def shared_errors(fit: ArimaFit, known: ParameterUncertainty, seen: Seen, future: Floats) -> Floats:
    """What each uncertain direction of the parameters adds to all steps of a path: (n_directions, horizon).

    Their squares, summed over directions, are the part of `variance_ahead` that is no innovation. An error of the mean
    or of a slope moves every step the same way, which a sum over the steps shows more than any of them.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> y = np.sin(np.arange(40.0) ** 2)
    >>> mean, ahead = np.ones((40, 1)), np.ones((3, 1))
    >>> fit = estimate(y, mean, ("mean",), Order(0, 0, 0), "numba")
    >>> known = uncertainty_of(fit, y, mean)
    >>> shared = shared_errors(fit, known, seen_of(fit, known, y, mean), ahead)
    >>> bool(np.allclose(np.abs(shared), np.sqrt(fit.sigma2 / 39)))
    True
    """
    scale, rows_of = fit.n_obs / known.degrees, [np.empty((0, future.shape[0]))]
    if seen.regressors:
        rows_of.append(np.sqrt(fit.sigma2 * scale) * _loadings(fit, known, seen, future))
    rows_of += [np.sqrt(0.5) * shift[None] for shift, _ in _shifts(fit, known, seen, future.shape[0])]
    return np.concatenate(rows_of)


def chosen_factor(fit: ArimaFit, known: ParameterUncertainty) -> float:
    """Factor of the standard deviations where the order was chosen on the series itself.

    ``exp(0.15 (10 k / n)^1.5 + 0.4 max(log r - 0.2, 0))`` with k coefficients, n known values, and r the mean square
    of the last third of the innovations over that of all: a choice foresees less than it fits, the more of it the fewer
    the values; and a variance that has grown goes on. Both numbers are from experience, no theory.

    Examples
    --------
    >>> from tsforecast.models.arima.estimate import estimate
    >>> y = np.sin(np.arange(400.0) ** 2)
    >>> fit = estimate(y, np.ones((400, 1)), ("mean",), Order(0, 0, 0), "numba")
    >>> round(chosen_factor(fit, uncertainty_of(fit, y, np.ones((400, 1)))), 3)
    1.001
    """
    share = min(10.0 * (fit.order.n_arma + fit.beta.size) / fit.n_obs, _MOST)
    growth = max(float(np.log(max(known.recent, 1.0))) - _CALM, 0.0)
    return float(np.exp(_OF_CHOICE * share**_POWER + _OF_RECENT * growth))


def quantiles_of(levels: Floats, degrees: int, chosen: bool) -> Floats:
    """Quantiles in standard deviations: (n_levels,). Student's t; for a chosen order with the tails of 6 degrees.

    Those are scaled so that the 80% interval is as wide as without them.

    Examples
    --------
    >>> levels = np.array([0.9, 0.975])
    >>> quantiles_of(levels, 1000, False).round(2), quantiles_of(levels, 1000, True).round(2)
    (array([1.28, 1.96]), array([1.28, 2.18]))
    """
    heavy, scale = tails(degrees) if chosen else (degrees, 1.0)
    return np.asarray(stdtrit(heavy, levels) * scale, dtype=np.float64)


def tails(degrees: int) -> tuple[int, float]:
    """Degrees of freedom of the tails of a chosen order, and the scale at which its 80% interval stays as it was.

    Examples
    --------
    >>> tails(4), tails(1000)[0], round(tails(1000)[1], 3)
    ((4, 1.0), 6, 0.891)
    """
    heavy = min(degrees, _HEAVY)
    return heavy, float(stdtrit(degrees, 0.9) / stdtrit(heavy, 0.9)) if heavy < degrees else 1.0


def _whitened(x: Floats, order: Order, W: Floats, n_missing: int) -> tuple[Floats, Floats, Floats]:
    """``v(x)`` of `kernels.arma.estimation.likelihood`, the innovations in it, and the factor of the rows."""
    R, logdet = whiten(W, *_polynomials(x, order))
    residual, _, U = by_gram_schmidt(R)
    logdet += 2.0 * float(np.log(np.diag(U)[:n_missing]).sum())
    n = W.shape[1]
    return residual * np.exp(logdet / (2.0 * (n - n_missing))), residual[residual.size - n :], U


def _loadings(fit: ArimaFit, known: ParameterUncertainty, seen: Seen, future: Floats) -> Floats:
    """What the forecast changes by with independent errors of beta of variance sigma2: (n_regressors, horizon)."""
    process = _process(known.angles, fit.order)
    paths = np.column_stack([process.forecast(state, future.shape[0]).mean for state in seen.regressors])
    return np.asarray(np.linalg.solve(_regular(known.factor).T, (future - paths).T), dtype=np.float64)


def _shifts(fit: ArimaFit, known: ParameterUncertainty, seen: Seen, horizon: int) -> Iterator[tuple[Floats, Floats]]:
    """What a forecast, and its variance over sigma2 (if more), change by as the lags move: each (horizon,)."""
    if seen.rows is None:
        return
    Y = seen.rows
    mean, spread = _moments(known.angles, fit.order, Y, horizon)
    for step in known.steps:
        for sign in (1.0, -1.0):
            moved, wider = _moments(known.angles + sign * step, fit.order, Y, horizon)
            yield moved - mean, np.maximum(wider - spread, 0.0)


def _moments(x: Floats, order: Order, Y: Floats, horizon: int) -> tuple[Floats, Floats]:
    process = _process(x, order)
    ahead = process.forecast(process.state_of(process.rows_of(Y)), horizon)
    return ahead.mean, ahead.variance


def _process(x: Floats, order: Order) -> ArimaStateSpace:
    """The process at the angles ``x``, with innovation variance 1."""
    return ArimaStateSpace(order, *_polynomials(x, order), 1.0)


def _polynomials(x: Floats, order: Order) -> tuple[Floats, Floats]:
    phi, theta, seasonal_phi, seasonal_theta = likelihood.coefficients(x, arma_sizes(order), 1.0)
    season = order.season_length
    return multiply(phi, seasonal_phi, season, -1.0), multiply(theta, seasonal_theta, season, 1.0)


def _regular(U: Floats) -> Floats:
    """U with 1 where a regressor is explained by those before it."""
    return U + np.diag(np.where(np.diag(U) > 0.0, 0.0, 1.0))


def _recent(residual: Floats) -> float:
    squares = residual**2
    third = max(squares.size // 3, min(4, squares.size))
    whole = float(squares.mean())
    return float(squares[squares.size - third :].mean()) / whole if whole > 0.0 else 1.0


def _weight(fit: ArimaFit, y: Floats) -> float:
    """How much of the uncertainty of the lags counts: all of it in a short series, nothing in a long one."""
    if fit.order.n_arma == 0 or np.sqrt(fit.sigma2) <= NO_STRUCTURE * np.nanmax(np.abs(y)):
        return 0.0
    begin, end = _LONG
    return float(np.clip((end - fit.n_obs) / (end - begin), 0.0, 1.0))
