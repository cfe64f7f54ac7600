"""Order selection: Hyndman & Khandakar (2008), as R's ``auto.arima``, on the exact likelihood throughout."""

import functools
import itertools
from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import address
from tsforecast.kernels.arma.estimation import likelihood, order_search
from tsforecast.kernels.arma.gls import by_gram_schmidt
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.engines import numba as by_numba
from tsforecast.models.arima.engines.kernels import arma_sizes, fit_kernels, innovations, levels, rows
from tsforecast.models.arima.estimate import engine_for, estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.perfect_fit import DEGENERATE, perfect_fit, resolution
from tsforecast.models.arima.result import ArimaFit
from tsforecast.models.arima.search.short_series import fit_short_series
from tsforecast.models.arima.search.space import FEWEST_FOR_LAGS, SearchSpace
from tsforecast.series.interpolation import interpolated
from tsforecast.series.seasonality import n_seasonal_differences
from tsforecast.series.unit_roots import n_differences

_NEAREST_ROOT = 1.01  # R passes over a model with a root nearer to the unit circle
_MAX_MODELS = 94  # of a stepwise search, as in R
_MAX_SUM = 5  # p + q + P + Q of a full search, as in R
MOST_MISSING = 5  # with more of them candidates are compared on a series with its gaps filled
_CLEAR = 1.4  # radians: a start nearer to pi / 2, a root on the bound, may not leave it
_CRITERIA = {"aic": order_search.AIC, "aicc": order_search.AICC, "bic": order_search.BIC}


class _Problem(NamedTuple):
    """One series while its models are compared."""

    y: Floats
    X: Floats | None
    names: tuple[str, ...]
    space: SearchSpace
    d: int
    D: int

    @property
    def may_trend(self) -> bool:
        return self.space.allow_trend and self.d + self.D < 2 and not self.keeps_mean

    @property
    def keeps_mean(self) -> bool:
        """Whether every candidate has a mean: nothing is differenced, and the values do not change their sign."""
        return self.space.allow_trend and self.d + self.D == 0 and not np.nanmin(self.y) < 0.0 < np.nanmax(self.y)

    @property
    def circle(self) -> float:
        """Radius that roots stay outside of while a likelihood is maximised."""
        return 1.0 if self.space.near_unit_root == "reject" else _NEAREST_ROOT

    def order(self, model: Ints) -> Order:
        p, q, P, Q = map(int, model[:4])
        return Order(p, self.d, q, P, self.D, Q, self.space.season_length if self.D + P + Q else 1)

    def trend(self, model: Ints) -> tuple[str, ...]:
        if not model[4] and not self.keeps_mean:
            return ()
        return ("mean",) if self.d + self.D == 0 else ("drift",)

    def design(self, model: Ints) -> Floats:
        return regressors(self.trend(model), 0, self.y.size, self.X)


def search(y: Floats, X: Floats | None, names: tuple[str, ...], space: SearchSpace) -> ArimaFit:
    """The fit of the model with the lowest criterion.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is a missing value. With more than 5 of them candidates are compared with the gaps filled by what the best
        model of a first search expects there; the model chosen is fitted to what is known.
    X : ndarray, shape (n_obs, n_features), or None
    names : tuple of str, length n_features
    space : SearchSpace

    Raises
    ------
    FloatingPointError
        No model has a finite likelihood.

    Notes
    -----
    Candidates have fewer parameters than degrees of freedom and an innovation variance above the resolution of the
    values. A series that is not differenced and does not change its sign has a mean. Fewer than 6 known values leave a
    choice of mean, naive and drift (`short_series.fit_short_series`). A seasonal difference is tested for where two
    seasons and a value more are known; a seasonal lag takes three seasons, two take six; harmonics of a season take
    two.

    Examples
    --------
    >>> t = np.arange(120)
    >>> y = 10 * np.sin(t * np.pi / 6) + np.cumsum(np.sin(t**2.0))
    >>> str(search(y, None, (), SearchSpace(12)).order)[:3]
    '(0,'
    """
    fit_kernels()  # compiled first, where they must be: that is announced
    if (~np.isnan(y)).sum() < FEWEST_FOR_LAGS and X is None and not space.D:
        return fit_short_series(y, space)
    d, D = _differences(y, X, space)
    problem = _Problem(y, X, names, space, d, D)
    still = np.array([0, 0, 0, 0, problem.may_trend])
    exact = perfect_fit(y, problem.design(still), (*problem.trend(still), *names), problem.order(still))
    if exact is not None:
        return exact
    complete = problem if np.isnan(y).sum() <= MOST_MISSING else _filled(problem)
    return _finish(problem, *_ranked(complete))


def _differences(y: Floats, X: Floats | None, space: SearchSpace) -> tuple[int, int]:
    """Numbers of differences d and D: D first, then d of what it leaves; both of what the covariates leave."""
    filled = interpolated(y)
    if X is not None:
        Z = np.column_stack([np.ones(y.size), X])
        filled = filled - Z @ np.linalg.lstsq(Z, filled, rcond=None)[0]
    season = space.season_length
    D = space.D if space.D is not None else n_seasonal_differences(filled, season, space.seasonal_test)
    w = Order(0, 0, 0, 0, D, 0, season).difference(filled)
    d = space.d if space.d is not None else n_differences(w, 2 - D if D else 2)
    return d, D


def _filled(problem: _Problem, n_rounds: int = 2) -> _Problem:
    """The same series with its gaps filled by what the best model of the series so filled before expects there."""
    filled = problem._replace(y=interpolated(problem.y))
    for _ in range(n_rounds):
        models, angles = _ranked(filled)
        design, order = problem.design(models[0]), problem.order(models[0])
        polynomials = likelihood.coefficients(angles[0, : order.n_arma], arma_sizes(order), problem.circle)
        W, n_missing = rows(problem.y, design, order)
        _, _, beta = innovations(*polynomials, order.season_length, W, n_missing)
        Y, first = levels(problem.y, order)
        y = np.full(problem.y.size, np.nan)
        y[first:] = Y[-1] - beta[:n_missing] @ Y[:-1]
        filled = filled._replace(y=y)
    return filled


def _ranked(problem: _Problem) -> tuple[Ints, Floats]:
    """Models tried, best first, and their angles, as many of each row as it has coefficients: (n_models, 5), (n, k).

    Raises
    ------
    FloatingPointError
        None of them has a finite likelihood.
    """
    limits = _limits(problem)
    models = _firsts(limits) if problem.space.stepwise else _grid(limits)
    most = _MAX_MODELS if problem.space.stepwise else len(models)  # a full search ends with the models it begins with
    tried = order_search.Tried(
        np.zeros((most, 5), dtype=np.int64), np.full(most, np.inf),
        np.zeros((most, max(int(limits[:4].sum()), 1))), np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    rejects = problem.space.near_unit_root == "reject"
    near = _root_kernel() if rejects else 0
    rules = order_search.Rules(_CRITERIA[problem.space.criterion], _NEAREST_ROOT, rejects, fit_kernels(), near)
    shared, best = _shared_rows(problem), -1
    order_search.stepwise(models, limits, shared, rules, tried)
    while problem.space.stepwise and best != np.argmin(tried.scores):
        best = int(np.argmin(tried.scores))
        order_search.stepwise(_elsewhere(tried.models[best], limits), limits, shared, rules, tried)
    ranks = np.argsort(tried.scores[: tried.n_tried[0]], kind="stable")
    ranks = ranks[np.isfinite(tried.scores[ranks])]
    if ranks.size == 0:
        raise FloatingPointError(DEGENERATE)
    return tried.models[ranks], tried.angles[ranks]


@functools.cache
def _root_kernel() -> int:
    where: int = address(order_search.has_root_within, order_search.HAS_ROOT_WITHIN)
    return where


def _shared_rows(problem: _Problem) -> order_search.SharedRows:
    season = problem.space.season_length
    order = Order(0, problem.d, 0, 0, problem.D, 0, season if problem.D else 1)
    still = np.zeros(5, dtype=np.int64)
    plain, n_missing = rows(problem.y, problem.design(still), order)
    trended = plain
    if problem.may_trend:
        still[4] = 1
        trended, _ = rows(problem.y, problem.design(still), order)
    left = [np.ascontiguousarray(by_gram_schmidt(W.copy())[0]) for W in (plain, trended)]
    smallest = resolution(problem.y, order) ** 2
    return order_search.SharedRows(plain, trended, left[0], left[1], n_missing, season, smallest)


def _limits(problem: _Problem) -> Ints:
    """Largest p, q, P, Q and trend: those asked for, and not more lags than a third of the series, as in R."""
    space, third = problem.space, int((~np.isnan(problem.y)).sum()) // 3
    seasons = third // space.season_length if space.season_length > 1 else 0
    return np.minimum([*space.most, int(problem.may_trend)], [third, third, seasons, seasons, 1])


def _firsts(limits: Ints) -> Ints:
    """The models that a stepwise search begins with, as in R."""
    sizes = [(0, 0, 0, 0, 1), (1, 0, 1, 0, 1), (0, 1, 0, 1, 1), (2, 2, 1, 1, 1), (0, 0, 0, 0, 0)]
    return np.minimum(sizes, limits)


def _elsewhere(model: Ints, limits: Ints) -> Ints:
    """Models that a walk of single steps from here passes by, and may go on from.

    All lags on one side; another seasonal part, or none; without a season, two lags more on both sides.
    """
    p, q, P, Q, trend = map(int, model)
    sizes = [(p + q, 0, P, Q), (0, p + q, P, Q), (p, q, Q, P), (p, q, 0, 1), (p, q, 0, 2), (p, q, 1, 0), (1, 1, 0, 0)]
    if limits[2] + limits[3] == 0:
        sizes.append((p + 2, q + 2, 0, 0))
    every = np.array([(*size, trend) for size in sizes])
    return every[(every <= limits).all(axis=1)]


def _grid(limits: Ints) -> Ints:
    """Every model of up to `_MAX_SUM` coefficients, the smaller before the larger."""
    every = itertools.product(*(range(most + 1) for most in limits))
    return np.array(sorted((m for m in every if sum(m[:4]) <= _MAX_SUM), key=lambda m: (sum(m[:4]), -m[4])))


def _finish(problem: _Problem, models: Ints, angles: Floats) -> ArimaFit:
    """The best model at its optimum, from where the search left it; the next one where that is to be passed over."""
    fit = None
    for model, x in zip(models, angles, strict=True):
        order, names = problem.order(model), (*problem.trend(model), *problem.names)
        if engine_for("numba", problem.y) == "statsmodels":
            return estimate(problem.y, problem.design(model), names, order, "numba")
        W, n_missing = rows(problem.y, problem.design(model), order)
        starts = x[None, : order.n_arma]
        if n_missing <= MOST_MISSING:
            starts = np.vstack([starts, np.clip(np.arcsin(np.sin(starts)), -_CLEAR, _CLEAR)])
        smallest = resolution(problem.y, order)
        try:
            fit = by_numba.fit_from(starts, W, n_missing, names, order, problem.circle, smallest)
        except FloatingPointError:
            continue  # its likelihood grows without end on the way to its optimum
        if problem.circle > 1.0 or min(np.abs(np.concatenate(fit.roots())), default=np.inf) > _NEAREST_ROOT:
            break
    if fit is None:
        raise FloatingPointError(DEGENERATE)
    return fit
