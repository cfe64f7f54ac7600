"""Kernels of the order search and of the residuals against statsmodels and plain definitions."""

import itertools
import warnings

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tools.sm_exceptions import InterpolationWarning
from statsmodels.tsa.seasonal import STL
from statsmodels.tsa.stattools import kpss as kpss_of_statsmodels

from tsforecast.kernels.arma import polynomial, residuals
from tsforecast.kernels.arma.estimation import order_search
from tsforecast.kernels.arma.estimation.likelihood import Whitening
from tsforecast.kernels.arma.estimation.minimise import Optimum
from tsforecast.kernels.arma.estimation.multistart import FitKernels
from tsforecast.kernels.series import stl, unit_root

few = settings(max_examples=25, deadline=None, derandomize=True)  # the first call compiles
series = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@pytest.mark.parametrize(
    ("n_obs", "season"), [(60, 12), (25, 12), (9, 4), (15, 7), (200, 24), (105, 52), (40, 2), (41, 3), (100, 11)]
)
def test_decomposition_is_that_of_statsmodels(n_obs, season):
    rng = np.random.default_rng(n_obs)
    y = np.cumsum(rng.normal(size=n_obs)) + 3 * np.sin(2 * np.pi * np.arange(n_obs) / season)
    expected = STL(y, period=season, seasonal=11, seasonal_deg=0).fit(2, 0)
    seasonal, trend = stl.stl(y, season, 11, 2)
    np.testing.assert_allclose(seasonal, expected.seasonal, atol=1e-11)
    np.testing.assert_allclose(trend, expected.trend, atol=1e-11)


@few
@given(series, st.integers(3, 30), st.integers(1, 20).map(lambda k: 2 * k + 1), st.booleans())
def test_local_lines_of_a_line_are_the_line(rng, n_obs, span, line):
    level, slope = rng.normal(size=2)
    y = level + slope * np.arange(n_obs) * line
    steps = np.arange(-1, n_obs + 1)
    np.testing.assert_allclose(stl.loess(y, span, line, 1), level + slope * steps * line, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_kpss_statistic_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    y = np.cumsum(rng.normal(size=90)) * (seed % 2) + rng.normal(size=90)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterpolationWarning)
        warnings.simplefilter("ignore", FutureWarning)  # its result becomes an object, whose first entry stays
        expected = kpss_of_statsmodels(y, regression="c", nlags=int(3 * np.sqrt(90) / 13))[0]
    assert unit_root.kpss_statistic(y) == pytest.approx(expected, rel=1e-9)


@few
@given(series, st.integers(0, 3), st.integers(0, 2))
def test_recursive_errors_are_those_of_predicting_from_the_values_before(rng, n_prior, n_unknown):
    n, k = 12, n_prior + n_unknown
    A = rng.normal(size=(n, k + 1))
    errors, spreads = residuals.recursive_errors(A, np.full(n, -1), n_prior)
    assert np.isnan(errors[:n_unknown]).all() and np.isnan(spreads[:n_unknown]).all()
    for t in range(n_unknown, n):
        precision = A[:t, :k].T @ A[:t, :k] + np.diag([1.0] * n_prior + [0.0] * n_unknown)
        P = np.linalg.inv(precision) if k else np.zeros((0, 0))
        assert errors[t] == pytest.approx(A[t, k] - A[t, :k] @ P @ A[:t, :k].T @ A[:t, k], rel=1e-6, abs=1e-8)
        assert spreads[t] == pytest.approx(np.sqrt(1 + A[t, :k] @ P @ A[t, :k]), rel=1e-6)


@few
@given(series, st.integers(1, 3))
def test_a_value_that_is_missing_is_predicted_and_tells_nothing(rng, n_prior):
    A = rng.normal(size=(9, n_prior + 1))
    gap = np.insert(A, n_prior, np.arange(9) == 4, axis=1)  # the value of row 4 is unknown
    own = np.full(9, -1)
    own[4] = n_prior
    errors, spreads = residuals.recursive_errors(gap, own, n_prior)
    bare = residuals.recursive_errors(A, np.full(9, -1), n_prior)
    without = residuals.recursive_errors(np.delete(A, 4, axis=0), np.full(8, -1), n_prior)
    np.testing.assert_allclose(errors[:5], bare[0][:5], rtol=1e-9)
    np.testing.assert_allclose(errors[5:], without[0][4:], rtol=1e-9)
    np.testing.assert_allclose(spreads, np.append(bare[1][:5], without[1][4:]), rtol=1e-9)


@few
@given(st.lists(st.floats(-0.95, 0.95), min_size=1, max_size=3), st.floats(1.001, 1.2))
def test_a_root_within_the_circle_is_seen(pacf, circle):
    x = np.arcsin(np.array(pacf))
    phi = polynomial.step_up(np.array(pacf) * (1.0 - 1e-8))
    nearest = np.abs(np.polynomial.Polynomial([1.0, *-phi]).trim().roots()).min(initial=np.inf)
    if abs(nearest - circle) > 1e-6:
        for place in range(2):  # as the autoregression, as the moving average
            orders = np.array([0, 0, 0, 0, 1])
            orders[place] = x.size
            assert order_search.has_root_within(x, orders, circle) == (nearest < circle)


@few
@given(series)
def test_carried_angles_keep_what_both_models_have(rng):
    source, model = rng.integers(0, 4, size=5), rng.integers(0, 4, size=5)
    x = rng.uniform(-1.3, 1.3, size=10 + source[:4].sum())  # longer than what is read, as in the table
    out = order_search.carry(x, source, model, model[:4].sum())
    read = np.split(x[: source[:4].sum()], np.cumsum(source[:3]))
    written = np.split(out, np.cumsum(model[:3]))
    for had, has in zip(read, written, strict=True):
        shared = min(had.size, has.size)
        np.testing.assert_allclose(has[:shared], had[:shared], atol=1e-12)
        assert (has[shared:] == 0).all()
    assert (
        np.abs(order_search.carry(np.array([np.pi / 2]), np.array([1, 0, 0, 0, 0]), np.eye(5, dtype=int)[0], 1)) < 1.5
    )


@few
@given(st.lists(st.lists(st.sampled_from([-np.pi / 2, -1.2, 0.0, 1.2, np.pi / 2]), max_size=3), min_size=4, max_size=4))
def test_polynomials_on_their_bound_are_counted(angles):
    model = np.array([*map(len, angles), 0])
    expected = sum(any(abs(np.sin(x)) == 1 for x in own) for own in angles)
    assert order_search.n_bounded(np.array([*itertools.chain(*angles), 0.0]), model) == expected


def criterion_search(scores, limits, stepwise, angle=0.0, room=94):
    """Models that a search over made-up criteria tries: the kernel with a minimiser that looks them up.

    All angles are ``angle`` at the minimum; ``room`` is there for so many models in a stepwise search.
    """
    n = 200
    W = np.zeros((2, n))

    def minimise(x, problem, stop, known):
        p, q, W = problem.orders[0], problem.orders[1], problem.W
        k = p + q + W.shape[0]
        squares = n / (2 * np.pi) * np.exp((scores[p, q, W.shape[0] - 1] - 2.0 * k) / n - 1.0)
        return Optimum(np.full(x.size, angle), squares, 1, True, np.zeros(W.shape[0]), 0.1)

    def starts(y, orders, n_points):
        return np.zeros((1, orders[:4].sum()))

    rows = order_search.SharedRows(W[:1], W, W[0], W[0], 0, 1, 0.0)
    rules = order_search.Rules(order_search.AIC, 1.01, False, FitKernels(minimise, starts, Whitening(0, 0, 0)), 0)
    firsts = np.minimum(np.array([(0, 0, 0, 0, 1), (2, 2, 0, 0, 1)]), limits)
    if not stepwise:
        firsts = np.array(list(itertools.product(*(range(v + 1) for v in limits))))
    most = room if stepwise else len(firsts)
    tried = order_search.Tried(
        np.zeros((most, 5), dtype=np.int64), np.full(most, np.inf), np.zeros((most, 12)), np.zeros(1, dtype=np.int64)
    )
    order_search.stepwise(firsts, limits, rows, rules, tried)
    return tried


@pytest.mark.skipif(
    not numba.config.DISABLE_JIT, reason="a made-up minimiser can be given only where nothing is compiled"
)
@pytest.mark.parametrize("seed", range(4))
def test_search_ends_where_no_neighbour_is_better_and_the_full_one_tries_all(seed):
    limits = np.array([4, 4, 0, 0, 1])
    scores = np.random.default_rng(seed).normal(size=(5, 5, 2))
    tried = criterion_search(scores, limits, stepwise=True)
    models = [tuple(m) for m in tried.models[: tried.n_tried[0]]]
    assert len(set(models)) == len(models)
    p, q, _, _, trend = models[int(np.argmin(tried.scores[: tried.n_tried[0]]))]
    around = [
        scores[p + a, q + b, trend]
        for a, b in itertools.product((-1, 0, 1), repeat=2)
        if 0 <= p + a <= 4 and 0 <= q + b <= 4
    ]
    assert scores[p, q, trend] == min(around)
    assert scores[p, q, trend] <= scores[p, q, 1 - trend]
    every = criterion_search(scores, limits, stepwise=False)
    assert every.n_tried[0] == 50
    assert every.scores[:50].min() == pytest.approx(scores.min())


@pytest.mark.skipif(
    not numba.config.DISABLE_JIT, reason="a made-up minimiser can be given only where nothing is compiled"
)
def test_a_polynomial_on_its_bound_counts_as_one_parameter_more():
    limits, scores = np.array([2, 2, 0, 0, 1]), np.random.default_rng(1).normal(size=(3, 3, 2))
    inside, bounded = (criterion_search(scores, limits, False, angle) for angle in (0.0, np.pi / 2))
    extra = 2.0 * (inside.models[:, :2] > 0).sum(axis=1)
    np.testing.assert_allclose(bounded.scores - inside.scores, extra, atol=1e-9)


@pytest.mark.skipif(
    not numba.config.DISABLE_JIT, reason="a made-up minimiser can be given only where nothing is compiled"
)
@pytest.mark.parametrize("room", [1, 5])
def test_a_search_ends_where_there_is_room_for_no_more_models(room):
    tried = criterion_search(
        np.random.default_rng(2).normal(size=(5, 5, 2)), np.array([4, 4, 0, 0, 1]), True, room=room
    )
    assert tried.n_tried[0] == room
