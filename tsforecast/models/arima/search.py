"""Order selection: Hyndman & Khandakar (2008), as R's ``auto.arima``, on the exact likelihood throughout."""

import dataclasses
import heapq
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels import likelihood, start
from tsforecast.kernels._jit import announce
from tsforecast.kernels.gls import project
from tsforecast.models.arima import by_numba
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.differencing import n_differences, n_seasonal_differences
from tsforecast.models.arima.estimate import ArimaFit, explained_wholly
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.space import Criterion, SearchSpace, Sizes

_NEAREST_ROOT = 1.01  # R passes over a model with a root nearer to the unit circle; here it is fitted outside it
_MAX_MODELS = 94  # of a stepwise search, as in R
_BEAM = 2  # leaders whose neighbours are all tried
_MAX_SUM = 5  # p + q + P + Q of a full search, as in R
_ROUGH = 1e-3  # of -2 loglik: enough to compare two models


class _Model(NamedTuple):
    """A candidate: its orders p, q, P and Q, and whether it has a mean or a drift."""

    sizes: Sizes
    trend: bool


@dataclasses.dataclass
class _Problem:
    """One series while its models are compared: what all candidates share, and what was tried."""

    y: Floats
    X: Floats | None
    names: tuple[str, ...]
    space: SearchSpace
    d: int
    D: int
    rows: dict[bool, tuple[Floats, int]] = dataclasses.field(default_factory=dict)
    residuals: dict[bool, Floats] = dataclasses.field(default_factory=dict)
    tried: dict[_Model, tuple[float, Floats]] = dataclasses.field(default_factory=dict)

    def order(self, model: _Model) -> Order:
        p, q, P, Q = model.sizes
        return Order(p, self.d, q, P, self.D, Q, self.space.season_length if self.D + P + Q else 1)

    def trend(self, model: _Model) -> tuple[str, ...]:
        if not model.trend:
            return ()
        return ("mean",) if self.d + self.D == 0 else ("drift",)

    def design(self, model: _Model) -> Floats:
        return regressors(self.trend(model), 0, self.y.size, self.X)

    def data(self, model: _Model) -> tuple[Floats, int]:
        """Rows for the kernels, which differ only by whether there is a trend."""
        if model.trend not in self.rows:
            season = self.space.season_length if self.D else 1
            self.rows[model.trend] = by_numba.rows(
                self.y, self.design(model), Order(0, self.d, 0, 0, self.D, 0, season)
            )
        return self.rows[model.trend]

    def residual(self, model: _Model) -> Floats:
        """The differenced series less its least-squares regression."""
        if model.trend not in self.residuals:
            self.residuals[model.trend] = project(self.data(model)[0].copy())[0]
        return self.residuals[model.trend]


def search(y: Floats, X: Floats | None, names: tuple[str, ...], space: SearchSpace) -> ArimaFit:
    """The fit of the model with the lowest criterion.

    Parameters
    ----------
    y : ndarray, shape (n_obs,)
        nan is a missing value.
    X : ndarray, shape (n_obs, n_features), or None
    names : tuple of str, length n_features
    space : SearchSpace

    Raises
    ------
    FloatingPointError
        No model has a finite likelihood.

    Examples
    --------
    >>> t = np.arange(120)
    >>> y = 10 * np.sin(t * np.pi / 6) + np.cumsum(np.sin(t**2.0))
    >>> str(search(y, None, (), SearchSpace(12)).order)[:3]
    '(0,'
    """
    announce(likelihood.minimise, "the ARIMA kernels")
    d, D = _differences(y, X, space)
    problem = _Problem(y, X, names, space, d, D)
    still = _Model((0, 0, 0, 0), space.allow_trend and d + D < 2)
    exact = explained_wholly(y, problem.design(still), (*problem.trend(still), *names), problem.order(still))
    if exact is not None:
        return exact
    best = _stepwise(problem) if space.stepwise else _full(problem)
    if not np.isfinite(problem.tried[best][0]):
        raise FloatingPointError("no model has a finite likelihood")
    return _finish(problem, best)


def _differences(y: Floats, X: Floats | None, space: SearchSpace) -> tuple[int, int]:
    """D and D: D first, then d of the seasonally differenced series, both of what the covariates leave."""
    known = ~np.isnan(y)
    filled = np.interp(np.arange(y.size), np.flatnonzero(known), y[known])
    if X is not None:
        Z = np.column_stack([np.ones(y.size), X])
        filled = filled - Z @ np.linalg.lstsq(Z, filled, rcond=None)[0]
    season = space.season_length
    D = space.D if space.D is not None else n_seasonal_differences(filled, season)
    w = Order(0, 0, 0, 0, D, 0, season).difference(filled)
    d = space.d if space.d is not None else n_differences(w, 2 - D if D else 2)
    return d, D


def _score(problem: _Problem, model: _Model, best: _Model | None) -> float:
    """The criterion of a model, infinite where it has no likelihood; remembered.

    ``best`` is the best model so far. A model that clearly stays above it is left before its own optimum.
    """
    if model in problem.tried:
        return problem.tried[model][0]
    W, n_missing = problem.data(model)
    orders = np.array([*model.sizes, problem.order(model).season_length], dtype=np.int64)
    n, k = W.shape[1] - n_missing, sum(model.sizes) + W.shape[0] - n_missing
    score, x = np.inf, np.zeros(sum(model.sizes))
    if n > k + 1:
        penalty, goal = _penalty(problem.space.criterion, k, n), np.inf
        if best is not None and np.isfinite(problem.tried[best][0]):
            goal = n / (2 * np.pi) * np.exp((problem.tried[best][0] - penalty) / n - 1)
        for begin in _starts(problem, model, best, orders):
            reached, squares, _, _ = likelihood.minimise(begin, orders, W, n_missing, _NEAREST_ROOT, _ROUGH, 60, goal)
            value = n * (np.log(2 * np.pi * squares / n) + 1) + penalty if squares > 0 else np.inf
            if value < score:
                score, x = value, reached
                goal = min(goal, squares)
    problem.tried[model] = (score, x)
    return score


def _penalty(criterion: Criterion, k: int, n: int) -> float:
    if criterion == "bic":
        return float(k * np.log(n))
    return 2.0 * k + (2.0 * k * (k + 1) / (n - k - 1) if criterion == "aicc" else 0.0)


def _starts(problem: _Problem, model: _Model, best: _Model | None, orders: Ints) -> list[Floats]:
    """Where to start: the optimum of the best model with its lags cut or filled up by zeros, and Hannan-Rissanen."""
    if sum(model.sizes) == 0:
        return [np.zeros(0)]
    carried = [] if best is None else [_carry(problem.tried[best][1], best.sizes, model.sizes)]
    return [*carried, start.hannan_rissanen(problem.residual(model), orders)]


def _carry(x: Floats, source: Sizes, sizes: Sizes) -> Floats:
    """Angles of one model as those of another: partial autocorrelations past its own orders are 0."""
    out, read, written = np.zeros(sum(sizes)), 0, 0
    for had, has in zip(source, sizes, strict=True):
        shared = min(had, has)
        out[written : written + shared] = x[read : read + shared]
        read, written = read + had, written + has
    return out


def _limits(problem: _Problem) -> Sizes:
    """Largest orders: those asked for, and not more lags than a third of the series, as in R."""
    space, third = problem.space, int((~np.isnan(problem.y)).sum()) // 3
    seasons = third // space.season_length if space.season_length > 1 else 0
    p, q, P, Q = space.most
    return min(p, third), min(q, third), min(P, seasons), min(Q, seasons)


def _stepwise(problem: _Problem) -> _Model:
    """The model at which no neighbour is better: Hyndman & Khandakar (2008), section 3.2."""
    limits = _limits(problem)
    trend = problem.space.allow_trend and problem.d + problem.D < 2
    firsts = [(0, 0, 0, 0), (1, 0, 1, 0), (0, 1, 0, 1), (2, 2, 1, 1)]
    models = [_Model(_least(sizes, limits), trend) for sizes in firsts]
    if trend:
        models.append(_Model((0, 0, 0, 0), False))
    best = models[0]
    for model in models:
        if _score(problem, model, best if model != best else None) < problem.tried[best][0]:
            best = model
    finished: set[_Model] = set()  # leaders that no neighbour betters
    while len(problem.tried) < _MAX_MODELS:
        leaders = heapq.nsmallest(_BEAM, problem.tried, key=lambda model: problem.tried[model][0])
        leader = next((model for model in leaders if model not in finished), None)
        if leader is None:
            break
        finished.add(leader)
        for model in _neighbours(leader, limits, trend):
            if model not in problem.tried and _score(problem, model, best) < problem.tried[best][0]:
                best = model
                finished.discard(leader)
                break
    return best


def _neighbours(model: _Model, limits: Sizes, trend: bool) -> Iterator[_Model]:
    """Models one step away, in the order of R's ``auto.arima``."""
    seasonal = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]
    moves = [(0, 0, a, b) for a, b in seasonal] + [(a, b, 0, 0) for a, b in seasonal]
    for move in moves:
        p, q, P, Q = (a + b for a, b in zip(model.sizes, move, strict=True))
        if min(p, q, P, Q) >= 0 and _least((p, q, P, Q), limits) == (p, q, P, Q):
            yield _Model((p, q, P, Q), model.trend)
    if trend:
        yield model._replace(trend=not model.trend)


def _least(one: Sizes, other: Sizes) -> Sizes:
    p, q, P, Q = map(min, one, other)
    return p, q, P, Q


def _full(problem: _Problem) -> _Model:
    """The best of all models of up to `_MAX_SUM` coefficients."""
    p, q, P, Q = _limits(problem)
    trends = (True, False) if problem.space.allow_trend and problem.d + problem.D < 2 else (False,)
    grid = itertools.product(range(p + 1), range(q + 1), range(P + 1), range(Q + 1))
    best = _Model((0, 0, 0, 0), trends[0])
    _score(problem, best, None)
    for sizes, trend in itertools.product(grid, trends):
        model = _Model(sizes, trend)
        if sum(sizes) <= _MAX_SUM and _score(problem, model, best) < problem.tried[best][0]:
            best = model
    return best


def _finish(problem: _Problem, model: _Model) -> ArimaFit:
    """The chosen model at its optimum, from where the search left it."""
    W, n_missing = problem.data(model)
    order = problem.order(model)
    _, x = problem.tried[model]
    names = (*problem.trend(model), *problem.names)
    return by_numba.fit_from(x[None, :], W, n_missing, names, order, _NEAREST_ROOT)
