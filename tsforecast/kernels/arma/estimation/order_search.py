"""The stepwise search of Hyndman & Khandakar (2008), section 3.2, in one compiled call, on the exact likelihood.

A model is a row ``(p, q, P, Q, trend)``, trend being 0 or 1. Candidates differ by their polynomials only, so they share
the differenced rows. Each starts from the optimum of the model it was reached from, its lags cut or filled up by
zeros, and from where Hannan & Rissanen (1982) put it.
"""

from typing import Any, NamedTuple

import numpy as np

from tsforecast._types import Bools, Floats, Ints
from tsforecast.kernels._jit import caller, njit
from tsforecast.kernels.arma.estimation.likelihood import LeastSquares, coefficients, divide_roots, variance
from tsforecast.kernels.arma.estimation.minimise import Stop, call_minimise
from tsforecast.kernels.arma.estimation.multistart import FitKernels
from tsforecast.kernels.arma.estimation.starting_points import call_starting_points
from tsforecast.kernels.arma.polynomial import step_down

AIC, AICC, BIC = 0, 1, 2

_ROUGH = 1e-3  # of -2 loglik: enough to compare two models
_MAX_ITERATIONS = 60
_CLEAR = 1.4  # radians
_NEARLY_BOUNDED = 0.99  # of a partial autocorrelation, in units of its bound
_STEPS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
_MOVES = np.array(  # in the order of R's auto.arima
    [(0, 0, a, b, 0) for a, b in _STEPS] + [(a, b, 0, 0, 0) for a, b in _STEPS] + [(0, 0, 0, 0, 1), (0, 0, 0, 0, -1)]
)


class SharedRows(NamedTuple):
    """Differenced rows, and what else all candidates share.

    ``plain`` is (k + 1, n), ``trended`` has a row for the trend before the covariates; the residuals (n,) are their
    last rows less least-squares regressions on the others. ``resolution`` is an innovation variance that the rounding
    of the series alone makes.
    """

    plain: Floats
    trended: Floats
    plain_residual: Floats
    trended_residual: Floats
    n_missing: int
    season_length: int
    resolution: float


class Rules(NamedTuple):
    """How candidates are judged, and the addresses (`tsforecast.kernels._jit.address`) of what judges them.

    With ``rejects`` the likelihood is maximised without a bound, and a model with a root within ``circle`` is passed
    over; else it is maximised subject to all roots lying outside of it, and a polynomial that ends on this bound counts
    as one parameter more: where its best root would lie is a choice beside the others. ``kernels`` are those of a fit;
    the kernel `has_root_within` is used with ``rejects`` only.
    """

    criterion: int
    circle: float
    rejects: bool
    kernels: FitKernels
    has_root_within: Any


class Tried(NamedTuple):
    """Models judged so far, in their order: the first ``n_tried[0]`` rows hold them."""

    models: Ints  # (capacity, 5)
    scores: Floats  # (capacity,), inf where there is no likelihood
    angles: Floats  # (capacity, most coefficients)
    n_tried: Ints  # (1,)


@njit
def stepwise(firsts: Ints, limits: Ints, rows: SharedRows, rules: Rules, tried: Tried) -> None:
    """Models tried, into ``tried``, on the way to one that no neighbour betters, until ``tried`` is full.

    After the first (n_firsts, 5), each from the best before it, the neighbours of the two best models are tried one by
    one; a better one is followed at once. No order exceeds ``limits``, nor does the trend: (5,).
    """
    for i in range(firsts.shape[0]):
        if position(firsts[i], tried) < 0 and tried.n_tried[0] < tried.scores.size:
            judge(firsts[i], best_of(tried, -1), rows, rules, tried)
    finished = np.zeros(tried.scores.size, dtype=np.bool_)
    leader = unfinished_leader(tried, finished)
    while leader >= 0:
        finished[leader] = True
        best = tried.scores[best_of(tried, -1)]
        for move in range(_MOVES.shape[0]):
            model = tried.models[leader] + _MOVES[move]
            if not allowed(model, limits) or position(model, tried) >= 0:
                continue
            if tried.n_tried[0] == tried.scores.size:
                return
            if judge(model, leader, rows, rules, tried) < best:
                finished[leader] = False
                break
        leader = unfinished_leader(tried, finished)


@njit
def best_of(tried: Tried, other_than: int) -> int:
    """Row of the best model that is not in the row ``other_than``; -1 where there is none."""
    best = -1
    for i in range(tried.n_tried[0]):
        if i != other_than and (best < 0 or tried.scores[i] < tried.scores[best]):
            best = i
    return best


@njit
def unfinished_leader(tried: Tried, finished: Bools) -> int:
    """Row of the best of the two best models that is not finished; -1 where both are."""
    first = best_of(tried, -1)
    if not finished[first]:
        return first
    second = best_of(tried, first)
    return second if second >= 0 and not finished[second] else -1


@njit
def allowed(model: Ints, limits: Ints) -> bool:
    """Whether every entry lies between 0 and its limit."""
    within = True
    for i in range(model.size):
        within = within and 0 <= model[i] <= limits[i]
    return within


@njit
def position(model: Ints, tried: Tried) -> int:
    """Row of a model among those tried, or -1."""
    for i in range(tried.n_tried[0]):
        same = True
        for j in range(model.size):
            same = same and tried.models[i, j] == model[j]
        if same:
            return i
    return -1


@njit
def judge(model: Ints, parent: int, rows: SharedRows, rules: Rules, tried: Tried) -> float:
    """The criterion of a model, remembered in ``tried``; inf where it has no likelihood.

    It starts from the parameters of the model in the row ``parent``, unless that is -1, and from those of Hannan &
    Rissanen. A model that clearly stays above the best one is left before its own optimum. A model with as many
    parameters as degrees of freedom, or whose innovation variance is below the resolution of the series, has none.
    """
    row = tried.n_tried[0]
    tried.n_tried[0] = row + 1
    for j in range(model.size):  # a slice at once takes long to compile
        tried.models[row, j] = model[j]
    W = rows.trended if model[4] == 1 else rows.plain
    residual = rows.trended_residual if model[4] == 1 else rows.plain_residual
    n_arma = model[0] + model[1] + model[2] + model[3]
    n, k = W.shape[1] - rows.n_missing, n_arma + W.shape[0] - rows.n_missing
    extra = penalty(k, n, rules.criterion)
    if not np.isfinite(extra):
        return np.inf
    goal = np.inf
    if parent >= 0:
        goal = n / (2.0 * np.pi) * np.exp((tried.scores[best_of(tried, -1)] - extra) / n - 1.0)
    orders = model.copy()
    orders[4] = rows.season_length
    circle = 1.0 if rules.rejects else rules.circle
    problem = LeastSquares(orders, W, rows.n_missing, circle, rules.kernels.whitening)
    known = np.empty(0)
    for i in range(2 if parent >= 0 and n_arma > 0 else 1):
        if parent < 0 or i == 1:
            begin = call_starting_points(rules.kernels.starting_points, (residual, orders, 1))[0]
        else:
            begin = carry(tried.angles[parent], tried.models[parent], model, n_arma)
        stop = Stop(_ROUGH, _MAX_ITERATIONS, goal)
        x, squares, _, _, found, _ = call_minimise(rules.kernels.minimise, (begin, problem, stop, known))
        known = x
        if not variance(squares, found[0], n) > rows.resolution or (
            rules.rejects and call_has_root_within(rules.has_root_within, (x, orders, rules.circle))
        ):
            continue
        bounded = 0 if rules.rejects else n_bounded(x, model)
        value = n * (np.log(2.0 * np.pi * squares / n) + 1.0) + penalty(k + bounded, n, rules.criterion)
        if value < tried.scores[row]:
            tried.scores[row], goal = value, min(goal, squares)
            for j in range(n_arma):
                tried.angles[row, j] = x[j]
    return tried.scores[row]


@njit
def n_bounded(x: Floats, model: Ints) -> int:
    """How many of a model's four polynomials at angles x lie on the bound, or nearly."""
    count, place = 0, 0
    for i in range(4):
        bounded = False
        for j in range(place, place + model[i]):
            bounded = bounded or abs(np.sin(x[j])) > _NEARLY_BOUNDED
        place += model[i]
        count += bounded
    return count


@njit
def carry(x: Floats, source: Ints, model: Ints, n_arma: int) -> Floats:
    """Angles of one model as those of another: partial autocorrelations past its own orders are 0: (n_arma,).

    They keep off pi / 2, where the derivative of the partial autocorrelation is 0 and no step would be taken.
    """
    out = np.zeros(n_arma)
    read, written = 0, 0
    for i in range(4):
        for j in range(min(source[i], model[i])):
            out[written + j] = min(max(np.arcsin(np.sin(x[read + j])), -_CLEAR), _CLEAR)
        read, written = read + source[i], written + model[i]
    return out


@njit
def penalty(k: int, n: int, criterion: int) -> float:
    """What k parameters add to -2 loglik of n values; inf where they leave no degree of freedom.

    AICc of Hurvich & Tsai (1989) is defined for n > k + 1 only: past it its correction changes sign.
    """
    if n <= k + 1:
        return np.inf
    if criterion == BIC:
        return k * np.log(n)
    return 2.0 * k + (2.0 * k * (k + 1) / (n - k - 1) if criterion == AICC else 0.0)


@njit
def has_root_within(x: Floats, orders: Ints, circle: float) -> bool:
    """Whether any of the lag polynomials at angles x has a root within the circle of this radius.

    The roots of ``phi`` lie outside it where those of ``phi[k] circle**(k + 1)`` lie outside the unit circle.
    """
    phi, theta, seasonal_phi, seasonal_theta = coefficients(x, orders, 1.0)
    far = circle ** orders[4]
    for polynomial, factor in ((phi, circle), (-theta, circle), (seasonal_phi, far), (-seasonal_theta, far)):
        for kappa in step_down(divide_roots(polynomial, factor)):
            if not abs(kappa) < 1.0:
                return True
    return False


HAS_ROOT_WITHIN = "boolean(float64[::1], int64[::1], float64)"
call_has_root_within = caller(HAS_ROOT_WITHIN)
