"""Transforms learnt of series: which is chosen, and the error at the door."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel
from tsforecast.series.transform import Transform, jumps, learn_safe_transform, learn_transform

T = np.arange(120)
SEASON = np.sin(T * np.pi / 6)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.sampled_from([-0.8, 0.0, 0.4, float("nan")]))
def test_quantiles_do_not_cross_after_inversion(values, lmbda):
    transform = Transform(pd.Index(["a"]), np.array([lmbda]))
    mapped = transform.invert_quantiles(np.sort(values)[None, None, :], pd.Index(["a"]))
    finite = mapped[np.isfinite(mapped)]
    assert mapped.shape == (1, 1, len(values))
    assert (np.diff(finite) >= 0).all()


def test_auto_takes_the_logarithm_of_multiplicative_series_only(airline):
    rng = np.random.default_rng(0)
    additive = 100 + 10 * SEASON + rng.normal(size=T.size)
    growing = np.exp(1 + 0.02 * T + 0.3 * SEASON + 0.05 * rng.normal(size=T.size))
    around_zero = rng.normal(size=T.size)
    table = np.column_stack([additive, growing, around_zero])
    np.testing.assert_array_equal(
        learn_transform(Panel.from_array(table), "auto", season_length=12).lambdas, [np.nan, 0.0, np.nan]
    )
    assert learn_transform(Panel.from_array(airline), "auto", season_length=12).lambdas[0] == 0.0


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
        transformed = learn_transform(panel, kind, season_length=12).apply(panel)
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(transformed.values)), [3, 50])


@pytest.mark.parametrize("kind", ["log", "boxcox", 0.0, -0.5])
def test_value_that_is_not_positive_names_its_series_and_time(kind):
    panel = Panel.from_array(np.column_stack([np.arange(1.0, 31), np.arange(1.0, 31) - 4]))
    with pytest.raises(DataError, match=r"Series 'y1' has the value -3 at 0"):
        learn_transform(panel, kind)


def test_later_value_that_is_not_positive_is_refused_too():
    transform = learn_transform(Panel.from_array([1.0, 2.0, 3.0]), "log")
    with pytest.raises(DataError, match="'y' has the value 0 at 1"):
        transform.apply(Panel.from_array([1.0, 0.0, 3.0]))


def test_unknown_series_and_unknown_kinds_are_errors():
    panel = Panel.from_array([1.0, 2.0, 3.0])
    with pytest.raises(UnknownNameError, match="'z' has no learnt transform"):
        learn_transform(panel, None).lambdas_of(pd.Index(["z"]))
    with pytest.raises(ParameterError, match="sqrt"):
        learn_transform(panel, "sqrt")


@pytest.mark.parametrize(("n_obs", "lmbda"), [(120, 0.0), (47, 0.5)])
def test_a_logarithm_is_safe_for_long_series_and_a_root_takes_its_place_for_short_ones(n_obs, lmbda):
    y = np.exp(0.04 * T + 0.5 * SEASON)[:n_obs]
    panel = Panel.from_array(y)
    assert learn_transform(panel, "auto", season_length=12).lambdas[0] == 0.0
    assert learn_safe_transform(panel, "auto", 12).lambdas[0] == lmbda
    assert learn_safe_transform(panel, "log", 12).lambdas[0] == 0.0  # asked for


def test_a_series_that_jumps_takes_no_logarithm():
    y = np.exp(0.04 * T + 0.2 * SEASON)
    y[100:] *= 40
    panel = Panel.from_array(y)
    assert jumps(y)
    assert learn_transform(panel, "auto", season_length=12).lambdas[0] == 0.0
    assert np.isnan(learn_safe_transform(panel, "auto", 12).lambdas[0])
