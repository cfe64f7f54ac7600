"""Calendars and gaps of covariates, named on the command line."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.backtest import BacktestResult
from tsforecast.cli.backtest import build_parser, make_plan
from tsforecast.cli.main import main
from tsforecast.panel.times.frequency import freq_name

SHOP = "C-MonTueWedThuFriSat"


def plan(path, *options):
    return make_plan(build_parser().parse_args([str(path), "--models", "Naive", *options]))


@pytest.fixture
def salaries(tmp_path):
    times = [f"{year}-{month:02d}-25" for year in (2021, 2022, 2023) for month in range(1, 13)]
    pd.DataFrame({"month": times, "a": np.arange(36.0)}).to_csv(tmp_path / "a.csv", index=False)
    return tmp_path / "a.csv"


@pytest.fixture
def promotions(tmp_path):
    table = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024", periods=60), "y": np.arange(60.0)})
    table["price"] = np.arange(60.0)
    table.loc[[10, 11], "price"] = np.nan
    table.to_csv(tmp_path / "long.csv", index=False)
    return tmp_path / "long.csv"


def test_months_from_a_day_are_found_and_can_be_named(salaries):
    for options in ([], ["--freq", "MS-25"]):
        found = plan(salaries, *options)
        assert (freq_name(found.panel.freq), found.season_length) == ("MS-25", 12)


def test_months_from_a_day_are_forecast_with_their_days(salaries, monkeypatch, capsys):
    monkeypatch.chdir(salaries.parent)
    assert main(["forecast", "a.csv", "--models", "Naive", "--horizon", "2", "--plot", "p.png"]) == 0
    assert "2024-01-25" in capsys.readouterr().out
    assert pd.read_csv("a-forecast.csv")["ds"].tolist() == ["2024-01-25", "2024-02-25"]


def test_the_frequency_that_an_error_names_is_taken(salaries, capsys):
    assert main(["backtest", str(salaries), "--models", "Naive", "--freq", "MS"]) != 0
    assert "--freq MS-25 on the command line" in capsys.readouterr().err


def test_days_of_a_week_are_found_and_can_be_named(tmp_path):
    days = pd.bdate_range("2024-01-01", periods=60, freq="C", weekmask="Mon Tue Wed Thu Fri Sat")
    pd.DataFrame({"day": days, "a": np.arange(60.0)}).to_csv(tmp_path / "shop.csv", index=False)
    for options in ([], ["--freq", SHOP]):
        found = plan(tmp_path / "shop.csv", *options)
        assert (freq_name(found.panel.freq), found.season_length) == (SHOP, 6)


def test_a_missing_covariate_stops_before_the_first_fit_unless_it_is_to_be_filled(promotions, capsys):
    command = ["backtest", str(promotions), "--models", "ARIMA", "--covariates", "price"]
    assert main(command) != 0
    assert "--covariate_gaps ffill" in capsys.readouterr().err
    for how, filled in (("ffill", [9, 9]), ("interpolate", [10, 11])):
        found = plan(promotions, "--covariates", "price", "--covariate_gaps", how)
        assert found.panel.covariates[10:12, 0].tolist() == filled
        assert found.source["covariate_gaps"] == how


def test_static_columns_named_on_the_command_line_are_in_the_data_the_run_and_its_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"unique_id": [*"ab"] * 20, "ds": np.repeat(pd.date_range("2024", periods=20), 2)})
    table.assign(y=np.arange(40.0), region=["north", "south"] * 20).to_csv("shops.csv", index=False)
    options = ["--models", "Naive", "--horizon", "2", "--n_windows", "2", "--executor", "here"]
    assert main(["backtest", "shops.csv", *options, "--static", "region", "--output", "run"]) == 0
    assert main(["backtest", "--config", "run/config.yaml", "--executor", "here", "--output", "again"]) == 0
    for folder in ("run", "again"):
        found = BacktestResult.load(folder).run.static
        assert found.to_dict("list") == {"unique_id": ["a", "b"], "region": ["north", "south"]}


@pytest.fixture
def shop(tmp_path):
    n, rng = 120, np.random.default_rng(0)
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=n + 7)})
    table["kind"] = rng.choice(["none", "sale", "card"], n + 7)
    table["temp"] = rng.normal(size=n + 7)
    table["y"] = 50 + 10 * (table["kind"] == "sale") + 4 * table["temp"].shift(1, fill_value=0.0)
    table["y"] += rng.normal(0, 0.1, n + 7)
    table.to_csv(tmp_path / "truth.csv", index=False)
    table.loc[n:, ["y", "temp"]] = np.nan
    table.to_csv(tmp_path / "shop.csv", index=False)
    table[:n].to_csv(tmp_path / "past.csv", index=False)
    return tmp_path


ROLES = ("--covariates", "kind", "--past_covariates", "temp", "--calendar", "DE")


def test_columns_of_a_file_have_their_roles(shop):
    panel = plan(shop / "past.csv", *ROLES).panel
    assert panel.covariate_names == ("kind=card", "kind=none", "kind=sale", "holiday")
    assert (panel.past_names, panel.calendar) == (("temp",), "DE")


def test_a_forecast_needs_the_future_of_what_is_known_ahead_only(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)
    assert main(["forecast", "shop.csv", *ROLES, "--models", "ARIMA", "--horizon", "7", "--output", "f.csv"]) == 0
    found, truth = pd.read_csv("f.csv"), pd.read_csv("truth.csv")["y"].to_numpy()[-7:]
    mean = found["mean"].to_numpy()
    assert abs(mean[0] - truth[0]) < 1  # the covariate of the last day is known
    assert np.abs(mean - truth).max() < 15  # of later days only its kind
    assert main(["forecast", "past.csv", *ROLES, "--models", "ARIMA", "--horizon", "7", "--output", "g.csv"]) != 0
    assert "needs kind at" in capsys.readouterr().err


def test_a_country_that_is_none_is_told_at_the_door(shop, capsys):
    assert main(["backtest", str(shop / "past.csv"), "--models", "Naive", "--calendar", "XX"]) != 0
    assert "no country is called 'XX'" in capsys.readouterr().err
