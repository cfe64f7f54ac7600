"""Bundled data sets against their sources, and loading by name."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
import yaml
from statsmodels.datasets import co2, elec_equip, elnino, macrodata, nile, sunspots
from statsmodels.tsa.statespace.tests.results import results_sarimax

import tsforecast
from tsforecast._resources import bundled
from tsforecast.data.catalog import load
from tsforecast.data.known import names
from tsforecast.data.process import ArimaProcess
from tsforecast.data.simulate import simulate
from tsforecast.exceptions import DataError, MissingFileError, ParameterError, UnknownNameError

SHARED = Path(os.environ.get("TSFORECAST_DATA", Path(tsforecast.__file__).parents[2] / "shared" / "data"))


def classic(file):
    path = SHARED / "classic" / file
    if not path.exists():
        pytest.skip(f"{path} is not here to compare with")
    return pd.read_csv(path, parse_dates=["ds"]).set_index("ds")["y"]


def test_airline_is_the_copy_in_the_tests_of_statsmodels():
    series = load("airline").series
    source = next(
        np.ravel(v)[:144]
        for v in vars(results_sarimax).values()
        if isinstance(v, (list, np.ndarray)) and np.size(v) >= 144 and np.ravel(v)[0] == 112
    )
    np.testing.assert_array_equal(series, source)
    assert series.index.equals(pd.date_range("1949-01", periods=144, freq="MS"))


@pytest.mark.parametrize(
    ("name", "file"), [("airline", "AirPassengers.csv"), ("lynx", "lynx.csv"), ("nile", "Nile.csv")]
)
def test_typed_in_values_are_those_of_an_independent_copy(name, file):
    source = classic(file)
    np.testing.assert_array_equal(load(name).series, source)
    np.testing.assert_array_equal(load(name).series.index, source.index)


def test_lynx_has_the_published_length_total_and_extremes():
    series = load("lynx").series
    assert (len(series), series.sum(), series.min(), series.max()) == (114, 175334, 39, 6991)
    assert (series.index[0].year, series.index[-1].year) == (1821, 1934)
    assert series.idxmax().year == 1904


def test_yearly_series_are_those_of_statsmodels():
    for name, data, column in (("nile", nile, "volume"), ("sunspots", sunspots, "SUNACTIVITY")):
        source = data.load_pandas().data
        series = load(name).series
        np.testing.assert_array_equal(series, source[column])
        np.testing.assert_array_equal(series.index.year, source.iloc[:, 0])


def test_weekly_co2_is_that_of_statsmodels_with_its_missing_weeks():
    source = co2.load_pandas().data["co2"]
    series = load("co2_weekly").series
    np.testing.assert_array_equal(series, source)
    np.testing.assert_array_equal(series.index, source.index)
    assert series.isna().sum() == 59


def test_monthly_co2_is_the_mean_of_the_weeks_and_a_line_over_three_months():
    weekly = co2.load_pandas().data["co2"]
    monthly = weekly.resample("MS").mean()["1959":]
    series = load("co2").series
    np.testing.assert_array_equal(series.index, monthly.index)
    assert monthly.index[monthly.isna()].strftime("%Y-%m").tolist() == ["1964-02", "1964-03", "1964-04"]
    np.testing.assert_allclose(series[monthly.notna()], monthly.dropna(), atol=5.1e-4)  # the file has three decimals
    line = np.linspace(monthly["1964-01-01"], monthly["1964-05-01"], 5)[1:4]
    np.testing.assert_allclose(series["1964-02":"1964-04"], line, atol=5.1e-4)


def test_monthly_series_are_those_of_statsmodels():
    grid = elnino.load_pandas().data
    np.testing.assert_array_equal(load("elnino").series, grid.iloc[:, 1:].to_numpy().ravel())
    assert load("elnino").series.index[0].year == grid["YEAR"].iloc[0]
    equipment = elec_equip.load_pandas().data
    np.testing.assert_array_equal(load("elec_equip").series, equipment.iloc[:, -1])
    housing = pd.read_csv(
        Path(statsmodels.__file__).parent / "tsa/holtwinters/tests/results/housing-data.csv", parse_dates=["DATE"]
    )
    np.testing.assert_array_equal(load("housing_starts").series, housing["HOUSTNSA"])
    np.testing.assert_array_equal(load("housing_starts").series.index, housing["DATE"])


def test_macro_is_that_of_statsmodels():
    source = macrodata.load_pandas().data
    data = load("macro")
    for i, name in enumerate(data.panel.ids):
        np.testing.assert_array_equal(data.panel.series(i), source[name])
        own = data.panel.take([i]).times
        np.testing.assert_array_equal(own.year * 10 + own.quarter, source["year"] * 10 + source["quarter"])


@pytest.mark.parametrize("name", names())
def test_every_data_set_loads_with_its_description(name):
    data = load(name)
    assert data.panel.n_series >= 1
    assert data.panel.lengths.min() > 3 * data.horizon
    assert data.panel.lengths.min() > 2 * data.season_length
    assert all((data.description, data.source, data.terms))
    assert data.season_length in {1, data.panel.season_length}
    assert data.frame.columns.tolist() == ["unique_id", "ds", "y"]


def test_every_file_is_in_the_catalog_and_in_the_readme():
    folder = bundled("datasets")
    entries = yaml.safe_load((folder / "catalog.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in folder.glob("*.csv")}
    assert {entry["file"] for entry in entries.values() if "file" in entry} == files
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{file}`" in readme for file in files)
    assert not list(folder.rglob("*.py"))


@pytest.mark.parametrize("name", ["seasonal", "stationary"])
def test_a_joined_panel_holds_the_series_of_its_members(name):
    data = load(name)
    for i, member in enumerate(data.panel.ids):
        np.testing.assert_array_equal(data.panel.series(i), load(member).series)
    with pytest.raises(DataError, match=r"use \.frame or .panel"):
        _ = data.series


def test_simulated_data_sets_are_what_their_process_draws():
    data = load("simulated/arma21", n_series=4, n_obs=50, random_state=9)
    assert isinstance(data.process, ArimaProcess)
    np.testing.assert_array_equal(data.panel.values, simulate(data.process, 50, 4, 9).panel.values)
    np.testing.assert_array_equal(load("simulated/arma21").panel.values, load("simulated/arma21").panel.values)


def test_an_unknown_name_is_answered_with_close_ones():
    with pytest.raises(UnknownNameError, match=r"no data set 'airlne'\. Did you mean 'airline'"):
        load("airlne")
    with pytest.raises(UnknownNameError, match="'simulated/arma21'"):
        load("arma21")
    with pytest.raises(UnknownNameError, match="There are airline, co2"):
        load("zzzz")


def test_what_is_not_simulated_takes_no_seed():
    with pytest.raises(ParameterError, match="'airline' is not simulated, random_state"):
        load("airline", random_state=1)


def test_bundled_folders_that_are_absent_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("tsforecast._resources._PACKAGE", tmp_path / "tsforecast")
    with pytest.raises(MissingFileError, match="install tsforecast with pip"):
        bundled("datasets")
    inside = tmp_path / "tsforecast" / "_bundled" / "datasets"
    inside.mkdir(parents=True)
    assert bundled("datasets") == inside
