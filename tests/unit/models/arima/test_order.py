"""Orders: checks at the door, lag polynomials and differences against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import Order, multiply, partial_autocorrelations, reflected

coefficients = st.lists(st.floats(-2, 2), max_size=3).map(np.array)


@pytest.mark.parametrize("order", [(1, 2), (1, 0, -1), (1, 0, 0.5), "110", None, (True, 0, 0)])
def test_what_is_not_three_whole_numbers_is_refused(order):
    with pytest.raises(ParameterError, match="order"):
        Order.of(order)


@pytest.mark.parametrize("season", [None, 1, 0, 2.5, True])
def test_seasonal_part_needs_a_season(season):
    with pytest.raises(ParameterError, match="season_length of at least 2"):
        Order.of((0, 1, 1), (0, 1, 1), season)


def test_order_without_a_seasonal_part_needs_none():
    assert Order.of((2, 1, 0), (0, 0, 0), None) == Order(2, 1, 0)


@given(st.integers(0, 2), st.integers(0, 2), st.integers(2, 5))
def test_difference_is_the_filter_by_its_coefficients(d, D, season):
    order = Order(0, d, 0, 0, D, 0, season)
    y = np.random.default_rng(0).normal(size=30)
    filtered = np.convolve(y, order.differences())[order.n_lost : 30]
    np.testing.assert_allclose(order.difference(y), filtered, atol=1e-12)
    np.testing.assert_allclose(order.difference(np.column_stack([y, y]))[:, 1], filtered, atol=1e-12)


@given(coefficients, coefficients, st.integers(2, 5), st.sampled_from([-1.0, 1.0]), st.floats(-1.5, 1.5))
def test_product_of_lag_polynomials_has_the_value_of_its_factors(own, seasonal, season, sign, z):
    product = 1 + sign * sum(c * z ** (k + 1) for k, c in enumerate(multiply(own, seasonal, season, sign)))
    left = 1 + sign * sum(c * z ** (k + 1) for k, c in enumerate(own))
    right = 1 + sign * sum(c * z ** (season * (k + 1)) for k, c in enumerate(seasonal))
    assert product == pytest.approx(left * right, rel=1e-9, abs=1e-6)  # terms up to 1.5**18 cancel


@given(st.lists(st.floats(-0.95, 0.95), max_size=4).map(np.array))
def test_partial_autocorrelations_are_those_that_make_the_polynomial(pacf):
    phi = np.zeros(0)
    for kappa in pacf:  # Durbin-Levinson
        phi = np.append(phi - kappa * phi[::-1], kappa)
    np.testing.assert_allclose(partial_autocorrelations(phi), pacf, atol=1e-6)  # 1 / (1 - 0.95**2) at every step


@pytest.mark.parametrize("phi", [[1.0], [0.5, 0.5], [0.0, 0.0, -1.3], [3.0, 0.1]])
def test_a_polynomial_with_a_root_on_or_within_the_circle_has_a_partial_autocorrelation_of_one_or_more(phi):
    assert not (np.abs(partial_autocorrelations(np.array(phi))) < 1.0).all()


@given(st.lists(st.floats(-3, 3), max_size=4).map(np.array))
def test_reflected_roots_leave_the_spectrum_as_it_is(theta):
    own, factor = reflected(theta)
    assert own.size == theta.size
    z = np.exp(1j * np.linspace(0.0, np.pi, 50))
    spectra = [np.abs(np.polynomial.Polynomial([1.0, *c])(z)) ** 2 for c in (theta, own)]
    np.testing.assert_allclose(factor * spectra[1], spectra[0], atol=1e-6 * max(spectra[0].max(), 1.0))
    assert (np.abs(np.roots([1.0, *own])) < 1.0 + 1e-3).all()  # roots that are one four times are found to 1e-4


def test_a_root_on_the_circle_stays():
    np.testing.assert_array_equal(reflected(np.array([-1.0]))[0], [-1.0])
