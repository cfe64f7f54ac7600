"""Diagnoses of series whose kind is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.data.catalog import load
from tsforecast.data.process import ArimaProcess
from tsforecast.data.simulate import simulate
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.series.decomposition import strengths
from tsforecast.series.diagnose import diagnose
from tsforecast.series.unit_roots import adf, kpss, n_differences


@pytest.mark.parametrize(
    ("process", "kind"), [(ArimaProcess(phi=(0.4,)), "stationary"), (ArimaProcess(d=1), "unit root")]
)
def test_simulated_series_are_mostly_what_they_are(process, kind):
    found = diagnose(simulate(process, 300, 40, random_state=0).panel)
    assert (found["stationarity"] == kind).mean() > 0.7  # two tests at 5% err in about a tenth, a random walk in more


def test_seasons_are_told_from_none():
    assert diagnose(load("seasonal").panel)["seasonal"].all()
    walks = simulate(ArimaProcess(d=1), 240, 20, random_state=1).panel
    assert diagnose(walks, season_length=12)["seasonal"].mean() < 0.1


def test_strength_is_one_for_a_pure_season_and_falls_with_noise():
    season = np.tile(np.sin(np.arange(12) / 12 * 2 * np.pi), 20)
    noise = np.random.default_rng(0).normal(size=240)
    panel = Panel.from_array(np.column_stack([season, season + 0.3 * noise, season + 3 * noise]))
    strengths = diagnose(panel, season_length=12)["seasonal_strength"]
    assert strengths[0] > 0.999
    assert strengths.is_monotonic_decreasing


def test_tests_and_strengths_are_those_of_the_series_with_its_gaps_interpolated():
    y = load("airline").series.to_numpy().astype(float)
    y[[0, 50, 51, 143]] = np.nan
    filled = pd.Series(y).interpolate(limit_direction="both").to_numpy()
    row = diagnose(Panel.from_array(y), season_length=12).iloc[0]
    assert row["n_missing"] == 4
    assert row["adf_pvalue"] == pytest.approx(adf(filled).pvalue)
    assert row["kpss_pvalue"] == pytest.approx(kpss(filled).pvalue)
    assert (row["trend_strength"], row["seasonal_strength"]) == pytest.approx(strengths(filled, 12))


@pytest.mark.parametrize("name", ["stationary", "seasonal", "macro"])
def test_no_series_is_stationary_that_is_differenced(name):
    panel = load(name).panel
    found = diagnose(panel)["stationarity"]
    d = np.array([n_differences(panel.series(i)) for i in range(panel.n_series)])
    assert (d[found == "stationary"] == 0).all()
    assert (d[found == "unit root"] > 0).all()


@pytest.mark.filterwarnings("error")
@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.5, -1e9, 1e-9, np.nan]), min_size=1, max_size=60),
    st.integers(1, 13),
)
@settings(deadline=None, max_examples=80)
def test_no_series_however_odd_stops_the_diagnosis(values, season):
    row = diagnose(Panel.from_array(np.array(values)), season_length=season).iloc[0]
    assert row["n_obs"] == len(values)
    assert row["n_missing"] == int(np.isnan(values).sum())
    assert row["stationarity"] in {"stationary", "unit root", "unclear", "constant"}
    assert np.isnan(row["seasonal_strength"]) or 0 <= row["seasonal_strength"] <= 1


@pytest.mark.parametrize("y", [np.full(50, 3.0), np.arange(50.0), np.array([1.0]), np.r_[np.zeros(49), 1.0]])
def test_constants_lines_single_values_and_steps_are_rows_like_any_other(y):
    found = diagnose(Panel.from_array(y), season_length=4)
    assert found["stationarity"][0] == ("constant" if np.ptp(y) == 0 else found["stationarity"][0])
    assert not found["seasonal"][0]


def test_one_row_for_each_series_in_order_with_the_usual_season():
    found = diagnose(load("macro").panel)
    assert found["unique_id"].tolist() == load("macro").panel.ids.tolist()
    assert found["season_length"].eq(4).all()
    assert found["n_obs"].eq(203).all()
    missing = pd.Series([1.0, np.nan, 3.0, 4.0], index=pd.date_range("2020", periods=4, freq="MS"))
    assert diagnose(Panel.from_series(missing))["n_missing"][0] == 1


def test_a_season_that_is_none_is_refused():
    with pytest.raises(ParameterError, match="season_length=0"):
        diagnose(Panel.from_array(np.arange(5.0)), season_length=0)
