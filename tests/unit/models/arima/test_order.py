"""Orders: checks at the door, lag polynomials and differences against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import Order, multiply

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
