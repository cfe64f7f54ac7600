"""The ARIMA kernels against their slow twins, over random orders, near the unit circle and over-parametrised."""

import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, signal

from tsforecast.kernels.arma import autocovariance, difference_equation, gls, polynomial, rows
from tsforecast.kernels.arma.estimation import likelihood, minimise, multistart, panel, start, starting_points
from tsforecast.kernels.arma.estimation.likelihood import LeastSquares
from tsforecast.kernels.arma.estimation.minimise import Optimum, Stop
from tsforecast.kernels.arma.lanes import N_LANES
from tsforecast.models.arima.engines import numba as by_numba
from tsforecast.models.arima.engines.kernels import fit_kernels, whiten
from tsforecast.models.arima.order import Order, multiply
from tsforecast.models.arima.process import ArimaStateSpace

sys.path.insert(0, str(Path(__file__).parent))
import arima_twins as twin

sys.path.pop(0)


@st.composite
def processes(draw, largest=0.98):
    """A stationary, invertible seasonal ARMA process: ``phi, theta`` of the products, the parts and the season."""
    season = draw(st.sampled_from([4, 7, 12]))
    sizes = draw(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2), st.integers(0, 2)))
    pacf = st.floats(-largest, largest)
    parts = [
        polynomial.step_up(np.array(draw(st.lists(pacf, min_size=size, max_size=size)), dtype=np.float64))
        for size in sizes
    ]
    parts[1], parts[3] = -parts[1], -parts[3]
    phi = twin.expand(parts[0], parts[2], season, -1.0)
    theta = twin.expand(parts[1], parts[3], season, 1.0)
    return phi, theta, parts, season


few = settings(max_examples=25, deadline=None, derandomize=True)  # the first call compiles
series = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@few
@given(st.lists(st.floats(-0.95, 0.95), max_size=6).map(np.array))
def test_step_up_gives_a_stationary_polynomial_and_step_down_undoes_it(pacf):
    pacf = pacf.astype(np.float64)
    phi = polynomial.step_up(pacf)
    roots = np.roots(np.concatenate([[1.0], -phi])) if phi.size else np.zeros(0)
    assert (np.abs(roots) < 1.0).all()
    np.testing.assert_allclose(polynomial.step_down(phi), pacf, atol=1e-6)  # 1 / (1 - 0.95**2) at every step


def test_step_down_stops_at_a_root_within_the_circle():
    assert polynomial.step_down(np.array([2.0]))[0] == 2.0
    assert np.abs(polynomial.step_down(np.array([0.5, 1.5]))).max() >= 1.0


@few
@given(processes())
def test_product_and_its_lags_match_their_definition(process):
    phi, _, parts, season = process
    product = polynomial.seasonal_product(parts[0], parts[2], season)
    np.testing.assert_allclose(product, phi, atol=1e-12)
    np.testing.assert_array_equal(polynomial.nonzero_lags(product), np.flatnonzero(product) + 1)


@few
@given(processes(0.9))
def test_autocovariances_match_those_of_the_state_space_form(process):
    phi, theta, _, _ = process
    expected = twin.autocovariances(phi, theta, 30)
    np.testing.assert_allclose(autocovariance.arma_autocovariances(phi, theta, 30), expected, atol=1e-8 * expected[0])


@few
@given(processes(0.9))
def test_state_factor_is_a_root_of_the_stationary_covariance(process):
    phi, theta, _, _ = process
    if max(phi.size, theta.size) == 0:
        return
    P = twin.state_covariance(phi, theta)
    L = autocovariance.state_factor(phi, theta)
    np.testing.assert_allclose(L @ L.T, P, atol=1e-8 * max(np.abs(P).max(), 1.0))


@few
@given(processes(1.0), st.integers(1, 40))
def test_response_gram_is_that_of_the_dense_response(process, n):
    _, theta, _, _ = process
    r = theta.size
    if r == 0:
        return
    response = twin.impulse_response(theta, n)
    pi = difference_equation.impulse_response(polynomial.nonzero_lags(theta), theta, n)
    np.testing.assert_allclose(pi, response[: pi.size], atol=1e-9 * np.abs(response).max())
    K = linalg.toeplitz(response, np.zeros(r))
    H = difference_equation.response_gram(pi, polynomial.nonzero_lags(theta), theta, r, n)
    np.testing.assert_allclose(H, K.T @ K, atol=1e-9 * np.abs(K.T @ K).max())


@few
@given(processes(), series, st.integers(1, 60), st.booleans())
def test_difference_equation_matches_its_definition_with_lanes_and_without(process, rng, n, backward):
    phi, theta, _, _ = process
    w, out = rng.normal(size=n), np.empty(n)
    ar, ma = polynomial.nonzero_lags(phi), polynomial.nonzero_lags(theta)
    difference_equation.difference_equation(out, w, ar, phi, ma, theta, backward)
    way = -1 if backward else 1
    expected = signal.lfilter(np.r_[1.0, -phi], np.r_[1.0, theta], w[::way])[::way]
    np.testing.assert_allclose(out, expected, atol=1e-9 * np.abs(expected).max())
    phis, thetas = (np.outer(c, np.linspace(0.1, 1.0, N_LANES)) for c in (phi, theta))
    lanes = np.empty((n, N_LANES))
    difference_equation.difference_equation(lanes, w, ar, phis, ma, thetas, backward)
    expected = signal.lfilter(np.r_[1.0, -phis[:, 3]], np.r_[1.0, thetas[:, 3]], w[::way])[::way]
    np.testing.assert_allclose(lanes[:, 3], expected, atol=1e-9 * np.abs(expected).max())


@few
@given(processes(), series, st.integers(1, 60))
def test_inversion_in_place_undoes_the_moving_average(process, rng, n):
    _, theta, _, _ = process
    x = rng.normal(size=n)
    y = x.copy()
    difference_equation.invert_ma(y, polynomial.nonzero_lags(theta), theta, False)
    np.testing.assert_allclose(signal.lfilter(np.r_[1.0, theta], [1.0], y), x, atol=1e-9 * np.abs(y).max())


def polynomials(x, orders):
    """Coefficients of the products of the lag polynomials at angles x."""
    phi, theta, seasonal_phi, seasonal_theta = likelihood.coefficients(x, orders, 1.0)
    return (
        twin.expand(phi, seasonal_phi, orders[4], -1.0),
        twin.expand(theta, seasonal_theta, orders[4], 1.0),
    )


def target(x, orders, W):
    """``v(x)`` at one point, from its definition."""
    ar, ma = polynomials(x, orders)
    R, logdet = whiten(W, ar, ma)
    residual, _, _ = gls.project(R)
    return residual * np.exp(logdet / (2 * W.shape[1]))


def least_squares(orders, W):
    return LeastSquares(orders, W, 0, 1.0, fit_kernels().whitening)


def tangents(x, orders, W):
    problem = least_squares(orders, W)
    R, E = likelihood.workspace(problem)
    found = likelihood.tangents(x, problem, R, E)
    return E, found


@few
@given(series, st.sampled_from([(2, 1, 1, 0), (5, 3, 0, 1), (0, 2, 0, 1), (0, 0, 0, 0)]))
def test_tangents_are_the_derivatives_of_the_target(rng, sizes):
    orders, x = np.array([*sizes, 4]), rng.uniform(-1.0, 1.0, size=sum(sizes))
    W = rng.normal(size=(2, 40))
    E, found = tangents(x, orders, W)
    lanes = np.concatenate(list(E), axis=1)  # (r + n, n_groups * N_LANES)
    v = target(x, orders, W)
    np.testing.assert_allclose(lanes[:, 0], v, atol=1e-9)
    slopes = lanes.T @ lanes[:, 0]  # of half the sum of squares
    for i in range(x.size):
        step = 1e-5 * np.eye(x.size)[i]
        ahead, behind = (target(x + sign * step, orders, W) for sign in (1, -1))
        assert slopes[i + 1] == pytest.approx((ahead @ ahead - behind @ behind) / 4e-5, rel=1e-3, abs=1e-2)
        np.testing.assert_allclose(lanes[:, i + 1], (ahead - behind) / 2e-5, atol=1e-4 * max(1.0, np.abs(v).max()))
    product = lanes.T @ lanes
    n_points = 1 + x.size
    own = likelihood.gram(E, n_points)[:n_points, :n_points]
    np.testing.assert_allclose(own, product[:n_points, :n_points], atol=1e-9 * np.abs(product).max())
    ar, ma = polynomials(x, orders)
    R, logdet = whiten(W, ar, ma)
    assert found[0] == pytest.approx(logdet, abs=1e-9)
    assert found[1] == pytest.approx(np.linalg.lstsq(R[:1].T, R[1], rcond=None)[0][0], abs=1e-9)


@few
@given(processes(0.9), series, st.integers(1, 60))
def test_whitened_rows_have_the_inner_products_and_determinant_of_the_dense_covariance(process, rng, n):
    phi, theta, _, _ = process
    W = rng.normal(size=(2, n))
    S = twin.covariance(phi, theta, n)
    R, logdet = whiten(W, phi, theta)
    expected = W @ np.linalg.solve(S, W.T)
    digits = 1e-13 * np.linalg.cond(S)  # what the dense algebra itself loses
    np.testing.assert_allclose(R @ R.T, expected, atol=(1e-8 + digits) * np.abs(expected).max())
    assert logdet == pytest.approx(np.linalg.slogdet(S)[1], abs=1e-7 + digits)


@pytest.mark.parametrize("season", [24, 52])
def test_likelihood_of_long_seasons_equals_the_dense_density(season):
    rng = np.random.default_rng(season)
    phi = polynomial.seasonal_product(np.array([0.5, 0.2]), np.array([0.3, 0.4]), season)
    theta = -polynomial.seasonal_product(np.array([0.4]), np.array([0.6]), season)
    w = rng.normal(size=150)
    R, logdet = whiten(w[None, :].copy(), phi, theta)
    value = -0.5 * (150 * np.log(2 * np.pi) + logdet + R[0] @ R[0])
    assert value == pytest.approx(twin.loglik(w, phi, theta, 1.0), rel=1e-8)


def test_roots_of_the_moving_average_may_lie_on_the_unit_circle():
    rng = np.random.default_rng(0)
    w = rng.normal(size=80)
    theta = np.zeros(13)
    theta[[0, 11, 12]] = -1.0, -1.0, 1.0
    R, logdet = whiten(w[None, :].copy(), np.zeros(0), theta)
    value = -0.5 * (80 * np.log(2 * np.pi) + logdet + R[0] @ R[0])
    assert value == pytest.approx(twin.loglik(w, np.zeros(0), theta, 1.0), rel=1e-8)


@few
@given(series, st.sampled_from([1, 4, 9, 20]))
def test_projection_is_least_squares(rng, k):
    R = rng.normal(size=(k + 1, 90))
    expected = np.linalg.lstsq(R[:-1].T, R[-1], rcond=None)[0]
    residual, coefficients, U = gls.project(R.copy())
    np.testing.assert_allclose(coefficients, expected, atol=1e-9)
    np.testing.assert_allclose(residual, R[-1] - expected @ R[:-1], atol=1e-9)
    np.testing.assert_allclose(U.T @ U, R[:-1] @ R[:-1].T, atol=1e-9)


@pytest.mark.parametrize("k", [3, 12])
def test_projection_passes_over_a_row_that_the_others_explain(k):
    R = np.random.default_rng(1).normal(size=(k + 1, 20))
    R[1] = 3 * R[0]
    residual, coefficients, U = gls.project(R.copy())
    assert (coefficients[1], U[1, 1]) == (0.0, 0.0)
    assert np.abs(residual @ R[:k].T).max() < 1e-12


def test_projection_on_many_rows_that_are_alike_is_as_exact_as_on_few():
    rng = np.random.default_rng(2)
    R = rng.normal(size=(13, 200))
    R[1:12] = R[0] + 1e-3 * R[1:12]  # of a condition near 1e4, whose square no single solve would stand
    exact = R[12] - np.linalg.lstsq(R[:12].T, R[12], rcond=None)[0] @ R[:12]
    residual, _, _ = gls.project(R.copy())
    np.testing.assert_allclose(residual, exact, atol=1e-10)
    lanes = np.repeat(R[:, :, None], N_LANES, axis=2)
    np.testing.assert_allclose(gls.project(lanes)[0][:, 3], exact, atol=1e-10)


@few
@given(series, st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.integers(0, 1)))
def test_sum_of_squares_is_the_profile_likelihood_of_the_dense_density(rng, sizes):
    orders = np.array([*sizes, 4])
    x = rng.uniform(-1.2, 1.2, size=sum(sizes))
    w, constant = rng.normal(size=30) + 2, np.ones(30)
    parts = likelihood.coefficients(x, orders, 1.0)
    phi = twin.expand(parts[0], parts[2], 4, -1.0)
    theta = twin.expand(parts[1], parts[3], 4, 1.0)
    inverse = np.linalg.inv(twin.covariance(phi, theta, 30))
    mean = constant @ inverse @ w / (constant @ inverse @ constant)
    sigma2 = (w - mean) @ inverse @ (w - mean) / 30
    v = target(x, orders, np.vstack([constant, w]))
    own = -0.5 * 30 * (np.log(2 * np.pi * (v @ v) / 30) + 1)
    assert own == pytest.approx(twin.loglik(w - mean, phi, theta, sigma2), rel=1e-8)


@few
@given(series)
def test_damped_step_without_damping_is_that_of_newton(rng):
    half = rng.normal(size=(3, 8))
    A, g = half @ half.T, 0.01 * rng.normal(size=3)
    M, step = np.empty((3, 3)), np.empty(3)
    minimise.damped_step(A, A, g, 0.0, M, step)
    newton = -np.linalg.solve(A, g)
    np.testing.assert_allclose(step, newton * min(1.0, 0.7 / np.abs(newton).max()), rtol=1e-4, atol=1e-9)
    minimise.damped_step(A, A, 1e9 * g, 0.0, M, step)
    assert np.abs(step).max() == pytest.approx(0.7)


@few
@given(series)
def test_secant_meets_its_equation_and_stays_symmetric(rng):
    step, change, curvature = rng.normal(size=(3, 3))
    B = np.eye(3)
    minimise.secant(B, step, change, curvature.copy())
    np.testing.assert_allclose(B, B.T, atol=1e-6 * np.abs(B).max())
    np.testing.assert_allclose(B @ step, curvature, atol=1e-6 * max(1.0, np.abs(B).max()))


def test_optimum_is_stationary_and_no_neighbour_is_better():
    rng = np.random.default_rng(4)
    w = np.zeros(200)
    e = rng.normal(size=200)
    for t in range(1, 200):
        w[t] = 0.6 * w[t - 1] + e[t] + 0.4 * e[t - 1]
    orders, W = np.array([1, 1, 0, 0, 1]), w[None, :].copy()
    starts = starting_points.starting_points(w, orders, 3)
    x, best, _, converged, found, error = multistart.maximise(starts, least_squares(orders, W), fit_kernels().minimise)
    assert converged
    J = np.column_stack([(target(x + h, orders, W) - target(x - h, orders, W)) / 2e-5 for h in 1e-5 * np.eye(2)])
    assert error == pytest.approx(np.sqrt(np.linalg.inv(J.T @ J).max() * best / 200), rel=1e-4)
    v = target(x, orders, W)
    residual = v * np.exp(-found[0] / 400)
    assert likelihood.variance(best, found[0], 200) == pytest.approx(residual @ residual / 200, rel=1e-9)
    assert v @ v == pytest.approx(best, rel=1e-12)
    for move in np.vstack([np.eye(2), -np.eye(2)]) * 0.01:
        v = target(x + move, orders, W)
        assert v @ v > best


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="whole fits take minutes where nothing is compiled")
@pytest.mark.parametrize(("phi", "theta", "season"), [(2.98, 0.94, 1), (2.0, 0.9, 1), (-0.87, 0.95, 4), (0.9, -0.8, 7)])
def test_optimum_is_at_least_as_likely_as_a_truth_whose_roots_nearly_cancel(phi, theta, season):
    """A pair of roots at the angle ``phi``, or one root of the season: a narrow peak, or an alternating season."""
    for seed in range(6):
        w = np.random.default_rng(seed).normal(size=120)
        if season == 1:
            order = Order(2, 0, 2)
            roots = [np.array([2 * r * np.cos(phi), -(r**2)]) for r in (0.97, theta)]
            truth = (roots[0], -roots[1], np.empty(0), np.empty(0))
        else:
            order = Order(1, 0, 1, 1, 0, 1, season)
            truth = (np.array([0.3]), np.array([-0.2]), np.array([phi]), np.array([theta]))
        ar = multiply(truth[0], truth[2], season, -1.0)
        ma = multiply(truth[1], truth[3], season, 1.0)
        y = signal.lfilter([1.0, *ma], [1.0, *-ar], w)
        found = by_numba.fit(y, np.empty((120, 0)), (), order)
        R, logdet = whiten(y[None, :].copy(), ar, ma)
        assert found.loglik >= -60 * (np.log(2 * np.pi * R[0] @ R[0] / 120) + 1) - logdet / 2 - 1e-6


def test_a_first_optimum_is_certain_if_it_is_sharp_reached_straight_and_off_the_circle():
    def optimum(angle=0.5, iterations=5, converged=True, error=0.05):
        return Optimum(np.array([angle, -0.2]), 1.0, iterations, converged, np.zeros(2), error)

    one_each = np.array([1, 1, 0, 0, 1])
    assert multistart.certain(optimum(), one_each)
    assert multistart.certain(optimum(error=0.15, iterations=3), one_each)
    assert not multistart.certain(optimum(error=0.15), one_each)
    for other in (optimum(angle=-1.55), optimum(iterations=40), optimum(converged=False), optimum(error=0.3)):
        assert not multistart.certain(other, one_each)


def test_a_first_optimum_near_a_double_root_on_the_circle_is_not_certain():
    near = Optimum(np.array([0.3, 1.1]), 1.0, 5, True, np.zeros(2), 0.05)
    assert multistart.certain(near, np.array([1, 1, 0, 0, 1]))
    assert multistart.certain(near, np.array([2, 0, 0, 0, 1]))
    assert not multistart.certain(near, np.array([0, 2, 0, 0, 1]))
    assert not multistart.certain(near, np.array([0, 0, 0, 2, 4]))


@pytest.mark.parametrize("sizes", [(1, 2, 0, 0), (0, 3, 0, 0), (2, 1, 1, 2), (0, 0, 0, 1)])
@pytest.mark.parametrize("n_points", [1, 8, 11])
def test_squares_at_many_points_are_those_at_each(sizes, n_points):
    rng = np.random.default_rng(n_points)
    orders, W = np.array([*sizes, 4]), rng.normal(size=(2, 40))
    points = np.arcsin(rng.uniform(-0.98, 0.98, size=(n_points, sum(sizes))))
    own = likelihood.squares(points, least_squares(orders, W))
    np.testing.assert_allclose(own, [(target(x, orders, W) ** 2).sum() for x in points], rtol=1e-9)


def test_promising_starts_are_those_of_highest_likelihood_and_lead_no_lower():
    rng = np.random.default_rng(5)
    orders, W = np.array([0, 2, 0, 0, 1]), rng.normal(size=(1, 60)).cumsum(axis=1)
    starts = starting_points.starting_points(W[0], orders, 25)
    assert 17 < len(starts) <= 25
    left = np.array([(target(x, orders, W) ** 2).sum() for x in starts])
    with np.errstate(all="ignore"):  # on the circle a step is not finite, of which only Python's floats warn
        points, reached, steps = multistart.promising_starts(starts, least_squares(orders, W), fit_kernels().minimise)
    assert steps > 0
    assert (reached <= np.sort(left[1:])[:16] * (1 + 1e-12)).all()
    np.testing.assert_allclose(reached, [(target(x, orders, W) ** 2).sum() for x in points], rtol=1e-9)


def test_the_best_of_promising_starts_is_no_worse_than_the_first_optimum_nor_than_any_start():
    rng = np.random.default_rng(6)
    orders, W = np.array([0, 2, 0, 0, 1]), rng.normal(size=(1, 60)).cumsum(axis=1)
    starts, minimise = starting_points.starting_points(W[0], orders, 25), fit_kernels().minimise
    problem = least_squares(orders, W)
    with np.errstate(all="ignore"):  # on the circle a step is not finite, of which only Python's floats warn
        first = multistart.from_first(starts, problem, minimise)
        x, value, iterations, converged, _, _ = multistart.best_of_promising(first, starts, problem, minimise)
    assert converged
    assert iterations > first.n_iterations
    assert value <= min(first.value, likelihood.squares(starts, problem).min()) * (1 + 1e-9)
    assert (target(x, orders, W) ** 2).sum() == pytest.approx(value, rel=1e-9)


def test_only_an_autoregression_ends_on_the_bound_of_stationarity():
    orders = np.array([1, 1, 0, 0, 1])
    assert panel.on_bound(np.array([np.pi / 2, 0.1]), orders, 50)
    assert not panel.on_bound(np.array([0.1, np.pi / 2]), orders, 50)
    assert not panel.on_bound(np.arcsin([0.99, 0.1]), orders, 50)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="whole fits take minutes where nothing is compiled")
def test_few_fits_of_too_many_parameters_are_bettered_by_sixty_random_starts():
    orders, missed = np.array([2, 2, 0, 0, 1]), 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y = signal.lfilter([1.0], [1.0, -rng.uniform(-0.9, 0.9)], rng.normal(size=200))
        own = by_numba.fit(y, np.empty((200, 0)), (), Order(2, 0, 2)).loglik
        starts = np.arcsin(rng.uniform(-0.95, 0.95, size=(60, 4)))
        stop, problem = Stop(1e-6, 200, np.inf), least_squares(orders, y[None, :].copy())
        least = min(minimise.minimise(x, problem, stop, np.empty(0)).value for x in starts)
        missed += likelihood.loglik(least, 200) > own + 1e-3
    assert missed <= 6  # such a likelihood has several peaks: the first start alone misses the highest of most


@few
@given(series, st.integers(1, 5))
def test_largest_value_on_the_diagonal_of_an_inverse(rng, size):
    X = rng.normal(size=(size + 3, size))
    A = X.T @ X
    assert minimise.largest_of_inverse(A) == pytest.approx(np.diag(np.linalg.inv(A)).max(), rel=1e-6)
    A[:, 0] = A[0] = 0.0
    assert minimise.largest_of_inverse(A) == np.inf


def test_innovations_of_a_long_autoregression_are_those_that_made_the_series():
    rng = np.random.default_rng(2)
    e = rng.normal(size=3000)
    y = np.zeros(3000)
    for t in range(2, 3000):
        y[t] = 0.5 * y[t - 1] - 0.3 * y[t - 2] + e[t]
    own = start.burg_innovations(y, 4)
    assert np.corrcoef(own[10:], e[10:])[0, 1] > 0.995


def test_hannan_rissanen_is_near_the_truth_on_a_long_series():
    rng = np.random.default_rng(3)
    e = rng.normal(size=5000)
    y = np.zeros(5000)
    for t in range(1, 5000):
        y[t] = 0.7 * y[t - 1] + e[t] + 0.4 * e[t - 1]
    orders = np.array([1, 1, 0, 0, 1])
    phi, theta, _, _ = likelihood.coefficients(start.hannan_rissanen(y, orders), orders, 1.0)
    np.testing.assert_allclose([phi[0], theta[0]], [0.7, 0.4], atol=0.05)


def test_projected_autoregression_is_least_squares_of_the_filtered_series():
    rng = np.random.default_rng(6)
    y = rng.normal(size=60)
    orders = np.array([2, 1, 0, 0, 1])
    f = np.zeros(60)
    for t in range(60):
        f[t] = y[t] + (np.sin(0.5) * f[t - 1] if t else 0.0)
    X = np.column_stack([f[1:-1], f[:-2]])
    beta, left, _, _ = np.linalg.lstsq(X, f[2:], rcond=None)
    x, squares = start.project_grid(y, np.array([[-0.2], [0.5]]), orders)
    np.testing.assert_allclose(likelihood.coefficients(x[1], orders, 1.0)[0], beta, atol=1e-6)
    assert squares[1] == pytest.approx(left[0], rel=1e-6)


@pytest.mark.parametrize("sizes", [(1, 1, 0, 0), (0, 2, 1, 1), (3, 3, 1, 2), (5, 5, 2, 2), (2, 0, 1, 0)])
def test_starting_points_are_finite_and_as_many_as_asked_for_at_most(sizes):
    orders = np.array([*sizes, 4])
    y = np.random.default_rng(7).normal(size=80)
    points = starting_points.starting_points(y, orders, 5)
    assert points.shape[1] == sum(sizes)
    assert 1 <= len(points) <= 5
    assert np.isfinite(points).all()


@few
@given(processes(0.8), series, st.integers(0, 2), st.integers(0, 1), st.integers(15, 40), st.integers(0, 4))
def test_forecast_is_the_conditional_mean_and_variance_of_the_dense_normal(process, rng, d, D, n, n_missing):
    phi, theta, _, season = process
    order = Order(0, d, 0, 0, D, 0, season)
    lost = order.n_lost
    y = rng.normal(size=n + lost)
    gaps = np.sort(rng.choice(np.arange(lost + 1, y.size), size=n_missing, replace=False))
    rows = np.vstack([np.eye(y.size)[gaps], y])
    process = ArimaStateSpace(order, phi, theta, 1.0)
    ahead = process.forecast(process.state_of(process.rows_of(rows)), 6)
    mean, variance = ahead.mean, ahead.variance
    y[gaps] = np.nan
    expected, spread = twin.gaussian_forecast(y, phi, theta, order.differences(), 6)
    scale = max(np.sqrt(spread.max()), np.abs(expected).max())
    np.testing.assert_allclose(mean, expected, atol=3e-6 * scale)  # the dense covariance of levels loses the rest
    np.testing.assert_allclose(variance, spread, rtol=1e-5)


@few
@given(series, st.sampled_from([1.0, 1.01, 1.2]))
def test_roots_stay_outside_the_circle_asked_for(rng, circle):
    orders = np.array([2, 2, 1, 1, 4])
    x = rng.uniform(-1.7, 1.7, size=6)  # past pi / 2 on either side
    phi, theta, seasonal_phi, seasonal_theta = likelihood.coefficients(x, orders, circle)
    for own, seasonal, sign in ((phi, seasonal_phi, -1.0), (theta, seasonal_theta, 1.0)):
        product = np.concatenate([[1.0], sign * twin.expand(own, seasonal, 4, sign)])
        assert np.abs(np.roots(product)).max() < 1.0 / circle + 1e-6


@few
@given(series, st.tuples(st.integers(0, 2), st.integers(0, 1)), st.integers(0, 5))
def test_rows_are_the_differences_of_the_filled_series_its_regressors_and_its_gaps(rng, differences, n_missing):
    d, D = differences
    order = Order(0, d, 0, 0, D, 0, 4)
    orders = np.array([0, d, 0, 0, D, 0, 4])
    y, Z = rng.normal(size=30), rng.normal(size=(30, 2))
    gaps = rng.choice(30, size=n_missing, replace=False)
    y[gaps] = np.nan
    W, count = rows.stack(y, Z, orders)
    known = np.flatnonzero(~np.isnan(y))
    first = known[0]
    filled = np.interp(np.arange(30), known, y[known])[first:]
    np.testing.assert_allclose(W[-1], order.difference(filled), atol=1e-12)
    np.testing.assert_allclose(W[count:-1], order.difference(Z[first:]).T, atol=1e-12)
    inside = np.sort(gaps[gaps > first]) - first
    indicators = order.difference(np.eye(filled.size)[:, inside]).T
    assert np.linalg.matrix_rank(W[:count]) == count == np.linalg.matrix_rank(indicators)


def test_a_panel_of_fits_is_the_fits_of_its_series_and_a_failure_is_a_row():
    rng = np.random.default_rng(8)
    kernels = fit_kernels()
    orders = np.array([1, 1, 0, 0, 0, 0, 1])
    parts = [np.cumsum(rng.normal(size=n)) for n in (30, 50)] + [np.ones(1), np.arange(9.0)]
    y, indptr = np.concatenate(parts), np.cumsum([0] + [part.size for part in parts])
    values, numbers = panel.fit_panel(y, indptr, np.empty((y.size, 0)), orders, 1, kernels)
    for i in (0, 1):
        alone = np.array([0, parts[i].size])
        one, its = panel.fit_panel(parts[i], alone, np.empty((parts[i].size, 0)), orders, 1, kernels)
        np.testing.assert_array_equal(values[i], one[0])
        np.testing.assert_array_equal(numbers[i], its[0])
        w = np.diff(parts[i])
        expected = twin.loglik(w, values[i], np.zeros(0), numbers[i, panel.SIGMA2])
        assert numbers[i, panel.LOGLIK] == pytest.approx(expected, rel=1e-9)
    assert list(numbers[:, panel.STATUS]) == [panel.FITTED, panel.FITTED, panel.NOTHING_LEFT, panel.FITTED]
