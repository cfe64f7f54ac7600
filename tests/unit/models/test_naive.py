"""The textbook benchmarks against numbers worked by hand from FPP3, table 5.2."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tsforecast import Drift, HistoricAverage, Naive, Panel, SeasonalNaive
from tsforecast.exceptions import ParameterError, SeriesTooShortError

Y = [2.0, 4.0, 3.0, 7.0]
Z80 = 1.2815515655446004  # standard normal 0.9 quantile
values = st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=40)


def half_width(forecaster, horizon):
    out = forecaster.fit(np.array(Y)).predict(horizon, level=80)  # (horizon, 3)
    np.testing.assert_allclose((out[:, 1] + out[:, 2]) / 2, out[:, 0])
    return (out[:, 2] - out[:, 1]) / 2


def test_naive_interval_grows_with_the_root_of_the_step():
    sigma = np.sqrt((4 + 1 + 16) / 3)  # changes 2, -1, 4
    np.testing.assert_allclose(half_width(Naive(), 3), Z80 * sigma * np.sqrt([1, 2, 3]))


def test_seasonal_naive_interval_grows_once_a_season():
    sigma = np.sqrt((1 + 9) / 2)  # seasonal changes 1, 3
    np.testing.assert_allclose(half_width(SeasonalNaive(season_length=2), 5), Z80 * sigma * np.sqrt([1, 1, 2, 2, 3]))


def test_drift_interval_adds_the_error_of_the_slope():
    slope = 5 / 3
    residuals = np.array([2, -1, 4]) - slope
    sigma = np.sqrt((residuals**2).sum() / 2)
    h = np.array([1, 2])
    np.testing.assert_allclose(half_width(Drift(), 2), Z80 * sigma * np.sqrt(h * (1 + h / 3)))


def test_historic_average_interval_adds_the_error_of_the_mean():
    sigma = np.sqrt((4 + 0 + 1 + 9) / 3)  # deviations from 4
    np.testing.assert_allclose(half_width(HistoricAverage(), 2), Z80 * sigma * np.sqrt(1 + 1 / 4))


@given(values, st.integers(1, 3), st.integers(1, 9))
def test_seasonal_naive_repeats_the_last_season(y, season_length, horizon):
    expected = [y[len(y) - season_length + h % season_length] for h in range(horizon)]
    out = SeasonalNaive(season_length=season_length).fit(np.array(y)).predict(horizon)
    np.testing.assert_array_equal(out, expected)


@given(values, st.integers(1, 9))
def test_drift_lies_on_the_line_through_the_ends(y, horizon):
    t = np.array([1, len(y)])
    line = stats.linregress(t, [y[0], y[-1]]) if y[0] != y[-1] else None
    expected = np.full(horizon, y[-1])
    if line is not None:
        expected = line.intercept + line.slope * (len(y) + np.arange(1, horizon + 1))
    out = Drift().fit(np.array(y)).predict(horizon)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-6)  # values up to 1e6 lose six digits in the line


@pytest.mark.parametrize(
    "model", [Naive(), SeasonalNaive(2), HistoricAverage(), Drift()], ids=lambda m: type(m).__name__
)
def test_forecast_of_constant_series_is_constant_with_no_width(model):
    out = model.fit(np.full(6, 5.0)).predict(3, level=95)
    np.testing.assert_array_equal(out, np.full((3, 3), 5.0))


def test_season_length_comes_from_the_frequency():
    y = pd.Series(np.arange(24.0), index=pd.date_range("2020-01-01", periods=24, freq="MS"))
    assert SeasonalNaive().fit(y).predict(1).iloc[0] == 12.0


def test_short_series_is_named():
    panel = Panel.from_frame(
        pd.DataFrame({"unique_id": ["a"] * 5 + ["b"] * 3, "ds": [0, 1, 2, 3, 4, 0, 1, 2], "y": np.arange(8.0)})
    )
    with pytest.raises(SeriesTooShortError, match="'b' has 3 observations; SeasonalNaive needs at least 5"):
        SeasonalNaive(season_length=4).fit(panel)


def test_season_length_of_zero_is_refused():
    with pytest.raises(ParameterError, match="season_length=0"):
        SeasonalNaive(season_length=0).fit(np.array(Y))


def test_missing_last_values_age_the_forecast():
    aged = Naive().fit(np.array([*Y, np.nan, np.nan])).predict(2, level=80)
    fresh = Naive().fit(np.array(Y)).predict(4, level=80)
    np.testing.assert_allclose(aged, fresh[2:])


def test_a_season_that_is_missing_is_forecast_by_the_one_before():
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 9.0, np.nan])
    out = SeasonalNaive(season_length=4).fit(y).predict(5, level=80)
    np.testing.assert_array_equal(out[:, 0], [5.0, 7.0, 9.0, 4.0, 5.0])
    sigma = np.sqrt((16 + 25 + 36) / 3)
    np.testing.assert_allclose(out[:, 2] - out[:, 0], Z80 * sigma * np.sqrt([1, 1, 1, 2, 2]))


@pytest.mark.parametrize("model", [Naive(), HistoricAverage(), Drift()], ids=lambda m: type(m).__name__)
def test_values_missing_at_random_leave_the_level_of_the_forecast(model):
    rng = np.random.default_rng(0)
    y = 50 + rng.normal(size=200)
    y[rng.integers(1, 199, size=40)] = np.nan
    np.testing.assert_allclose(model.fit(y).predict(3), 50, atol=3.5)


@pytest.mark.parametrize("season", [True, np.True_, 2.0, "2", float("nan"), [2], np.timedelta64(2, "D"), 0, -1, 10**30])
def test_a_season_that_is_no_whole_number_of_steps_is_refused(season):
    with pytest.raises(ParameterError, match="season_length="):
        SeasonalNaive(season).fit(np.arange(20.0))
