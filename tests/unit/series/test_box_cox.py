"""Box-Cox transforms: laws, and independent oracles (statsmodels' Guerrero, quadrature, values of R)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.base.transform import BoxCox

from tsforecast.series.box_cox import bias_adjusted_mean, box_cox, guerrero, inverse_box_cox, profile_loglik

T = np.arange(120)
SEASON = np.sin(T * np.pi / 6)


@given(st.floats(0.01, 1e4), st.floats(-1.5, 2.0) | st.just(0.0) | st.just(float("nan")))
def test_inverse_undoes_the_transform(y, lmbda):
    if abs(lmbda) < 1e-3:
        lmbda = 0.0
    w = box_cox(np.array([y]), np.array([lmbda]))
    np.testing.assert_allclose(inverse_box_cox(w, np.array([lmbda])), [y], rtol=1e-6)  # a power of -1.5 loses digits


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=20), st.sampled_from([0.3, 0.5, 1.0, 1.7, float("nan")]))
def test_transform_of_any_sign_increases_for_a_positive_lambda(values, lmbda):
    w = box_cox(np.sort(values), np.float64(lmbda))
    assert (np.diff(w) >= 0).all()
    np.testing.assert_allclose(inverse_box_cox(w, np.float64(lmbda)), np.sort(values), atol=1e-9)


def test_power_below_zero_ends_at_its_asymptote():
    assert inverse_box_cox(np.array([1.0, 2.0, 3.0]), np.float64(-0.5)).tolist() == [4.0, np.inf, np.inf]


@pytest.mark.parametrize("lmbda", [0.0, 0.3, 0.7])
def test_bias_adjusted_mean_is_the_mean_by_quadrature(lmbda):
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    exact = weights @ inverse_box_cox(3.0 + 0.2 * nodes, np.float64(lmbda)) / weights.sum()
    adjusted = bias_adjusted_mean(np.array([3.0]), np.array([0.04]), np.float64(lmbda))[0]
    naive = inverse_box_cox(np.array([3.0]), np.float64(lmbda))[0]
    assert abs(adjusted - exact) < 0.02 * abs(naive - exact)  # what is left is of the fourth order


@pytest.mark.parametrize("power", [0.0, 0.5])
def test_guerrero_agrees_with_statsmodels(power):
    rng = np.random.default_rng(3)
    y = inverse_box_cox(5 + 0.03 * T + SEASON + 0.1 * rng.normal(size=T.size), np.float64(power))
    expected = BoxCox()._est_lambda(y, bounds=(-1, 2), method="guerrero", window_length=12, scale="sd")
    assert guerrero(y, 12, bounds=(-1, 2)) == pytest.approx(expected, abs=2e-3)  # it divides by n, R and we by n - 1


def test_guerrero_of_airline_passengers_is_the_value_of_r(airline):
    assert guerrero(airline, 12, bounds=(-1, 2)) == pytest.approx(-0.2947, abs=1e-4)  # forecast::BoxCox.lambda
    assert guerrero(airline, 12) == 0.0


def test_guerrero_leaves_a_short_or_constant_series_alone():
    assert guerrero(np.arange(1.0, 9.0), 12) == 1.0
    assert guerrero(np.full(48, 3.0), 12) == 1.0


def test_profile_loglik_peaks_at_the_power_that_made_the_series():
    rng = np.random.default_rng(5)
    y = inverse_box_cox(20 + np.cumsum(rng.normal(0.0, 0.3, size=2000)) * 0.9, np.float64(0.5))
    grid = np.linspace(-0.5, 1.5, 41)
    assert grid[np.argmax([profile_loglik(y, lmbda, 1) for lmbda in grid])] == pytest.approx(0.5, abs=0.25)
