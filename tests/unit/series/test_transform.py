"""Target transforms: laws, independent oracles (statsmodels' Guerrero, quadrature) and the error at the door."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.base.transform import BoxCox

from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel
from tsforecast.series.transform import (
    Transform,
    bias_adjusted_mean,
    box_cox,
    guerrero,
    inverse_box_cox,
    learn,
    profile_loglik,
)

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


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.sampled_from([-0.8, 0.0, 0.4, float("nan")]))
def test_quantiles_do_not_cross_after_inversion(values, lmbda):
    transform = Transform(pd.Index(["a"]), np.array([lmbda]))
    mapped = transform.invert_quantiles(np.sort(values)[None, None, :], pd.Index(["a"]))
    finite = mapped[np.isfinite(mapped)]
    assert mapped.shape == (1, 1, len(values))
    assert (np.diff(finite) >= 0).all()


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


def test_auto_takes_the_logarithm_of_multiplicative_series_only(airline):
    rng = np.random.default_rng(0)
    additive = 100 + 10 * SEASON + rng.normal(size=T.size)
    growing = np.exp(1 + 0.02 * T + 0.3 * SEASON + 0.05 * rng.normal(size=T.size))
    around_zero = rng.normal(size=T.size)
    table = np.column_stack([additive, growing, around_zero])
    np.testing.assert_array_equal(
        learn(Panel.from_array(table), "auto", season_length=12).lambdas, [np.nan, 0.0, np.nan]
    )
    assert learn(Panel.from_array(airline), "auto", season_length=12).lambdas[0] == 0.0


def test_learnt_transform_serves_other_observations_of_the_same_series_in_any_order():
    train = Panel.from_frame(pd.DataFrame({"unique_id": ["a"] * 3 + ["b"] * 3, "ds": [0, 1, 2] * 2, "y": 1.0}))
    transform = Transform(train.ids, np.array([0.0, np.nan]))
    later = Panel.from_frame(pd.DataFrame({"unique_id": ["b", "b", "a", "a"], "ds": [3, 4, 3, 4], "y": 10.0}))
    np.testing.assert_allclose(transform.apply(later).values, [10.0, 10.0, np.log(10), np.log(10)])


def test_missing_values_stay_missing():
    y = np.exp(0.02 * T + 0.3 * SEASON)
    y[[3, 50]] = np.nan
    panel = Panel.from_array(y)
    for kind in ("log", "boxcox", "auto", 0.5):
        transformed = learn(panel, kind, season_length=12).apply(panel)
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(transformed.values)), [3, 50])


@pytest.mark.parametrize("kind", ["log", "boxcox", 0.0, -0.5])
def test_value_that_is_not_positive_names_its_series_and_time(kind):
    panel = Panel.from_array(np.column_stack([np.arange(1.0, 31), np.arange(1.0, 31) - 4]))
    with pytest.raises(DataError, match=r"Series 'y1' has the value -3 at 0"):
        learn(panel, kind)


def test_later_value_that_is_not_positive_is_refused_too():
    transform = learn(Panel.from_array([1.0, 2.0, 3.0]), "log")
    with pytest.raises(DataError, match="'y' has the value 0 at 1"):
        transform.apply(Panel.from_array([1.0, 0.0, 3.0]))


def test_unknown_series_and_unknown_kinds_are_errors():
    panel = Panel.from_array([1.0, 2.0, 3.0])
    with pytest.raises(UnknownNameError, match="'z' has no learnt transform"):
        learn(panel, None).lambdas_of(pd.Index(["z"]))
    with pytest.raises(ParameterError, match="sqrt"):
        learn(panel, "sqrt")
