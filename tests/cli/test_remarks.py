"""Remarks on data, tables of 80 columns, bounds in a configuration, and what wins over a kept model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tsforecast.backtest import BacktestResult
from tsforecast.cli.backtest import build_parser, make_plan
from tsforecast.cli.main import main

QUICK = ["--models", "Naive", "--horizon", "3"]


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(y, path="y.csv", start="2024-01-01", **more):
    times = pd.date_range(start, periods=len(y))
    pd.DataFrame({"ds": times, "y": y, **more}).to_csv(path, index=False)


def values(path):
    panel = make_plan(build_parser().parse_args([path, *QUICK])).panel
    return panel.values


def test_a_wild_value_is_remarked_with_its_line_and_stays_as_it_is(capsys):
    y = 10.0 + np.arange(40) % 7
    y[11] = 1234.0
    write(y)
    np.testing.assert_array_equal(values("y.csv"), y)
    told = capsys.readouterr().err
    assert "'y' is 1,234 at 2024-01-12, in line 13" in told and "Nothing is changed." in told


def test_series_that_are_mostly_zero_bring_a_hint_unless_a_model_was_named(capsys, monkeypatch):
    from tsforecast import Naive

    monkeypatch.setattr("tsforecast.backtest.choose.candidates.quick_candidates", lambda *_: {"Naive": Naive()})
    write(np.where(np.arange(40) % 4, 0, 3))
    assert main(["forecast", "y.csv", "--horizon", "3", "--output", "f.csv"]) == 0
    assert "Most values are 0: for such counts there is --models" in capsys.readouterr().out
    assert main(["forecast", "y.csv", *QUICK, "--output", "f.csv"]) == 0
    assert "Most values are 0" not in capsys.readouterr().out


def test_times_in_several_offsets_are_said_to_be_read_in_utc(capsys):
    times = pd.date_range("2024-03-30 20:00", periods=60, freq="h", tz="Europe/Berlin")
    pd.DataFrame({"ds": [time.isoformat() for time in times], "y": np.arange(60.0)}).to_csv("y.csv", index=False)
    panel = make_plan(build_parser().parse_args(["y.csv", *QUICK])).panel
    assert (panel.times.tz_localize(None) == times.tz_convert("UTC").tz_localize(None)).all()
    assert "offsets from UTC differ: read, and forecast, in UTC" in capsys.readouterr().err


def test_bounds_of_a_backtest_stand_in_options_and_in_a_configuration():
    y = np.random.default_rng(0).poisson(0.7, size=40).astype(float)
    write(y)
    assert main(["backtest", "y.csv", *QUICK, "--nonnegative", "--output", "one"]) == 0
    Path("c.yaml").write_text("data: y.csv\nmodels: [Naive]\nhorizon: 3\nbounds: [0, null]\n", encoding="utf-8")
    assert main(["backtest", "--config", "c.yaml", "--output", "two"]) == 0
    assert main(["backtest", "--config", "one/config.yaml", "--output", "again"]) == 0
    one, two, again = (BacktestResult.load(run).forecasts for run in ("one", "two", "again"))
    assert (one["lo-95"] >= 0).all() and (two["lo-95"] >= 0).all()
    pd.testing.assert_frame_equal(one, again)
    assert yaml.safe_load(Path("one/config.yaml").read_text())["models"][0]["init_args"] == {"nonnegative": True}


def test_a_very_short_series_among_long_ones_is_an_error_of_a_backtest_that_names_the_way_on(capsys):
    long = [(name, day, i % 7) for name in "abc" for i, day in enumerate(pd.date_range("2024-01-01", periods=60))]
    tiny = [("tiny", day, i) for i, day in enumerate(pd.date_range("2024-02-25", periods=5))]
    pd.DataFrame(long + tiny, columns=["unique_id", "ds", "y"]).to_csv("mix.csv", index=False)
    assert main(["forecast", "mix.csv", "--models", "Naive", "--output", "f.csv"]) == 0
    horizon = len(pd.read_csv("f.csv")) // 4
    capsys.readouterr()
    assert main(["backtest", "mix.csv", "--models", "Naive", "--output", "run"]) == 2
    told = capsys.readouterr().err
    assert "Series 'tiny' has 5 observations" in told and f"horizon={horizon}" in told and "--too_short" in told
    assert main(["backtest", "mix.csv", "--models", "Naive", "--output", "run", "--too_short", "skip"]) == 0
    assert BacktestResult.load("run").run.horizon == horizon


def test_tables_of_a_forecast_keep_to_80_columns_of_a_terminal(monkeypatch, capsys):
    from rich.console import Console

    wide = Console(width=80, force_terminal=True, color_system=None)
    monkeypatch.setattr("tsforecast.cli.forecasting.steps.plain_console", lambda: wide)
    frame = {f"a shop with quite a long name, number {k}": 1e6 + np.arange(60.0) * k for k in range(3)}
    pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), **frame}).to_csv("many.csv", index=False)
    write(1e6 + np.arange(60.0) % 7)
    for path in ("many.csv", "y.csv"):
        assert main(["forecast", path, *QUICK, "--output", "f.csv"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80 and any("2024-03-01" in line for line in lines)


def test_numbers_and_dates_of_a_workbook_have_formats():
    from openpyxl import load_workbook

    write(1000.0 + 100 * np.sin(np.arange(40)))
    assert main(["forecast", "y.csv", *QUICK, "--output", "f.xlsx"]) == 0
    row = {cell.column_letter: cell for cell in load_workbook("f.xlsx")["forecast"][2]}
    assert row["B"].is_date and row["B"].number_format.startswith("yyyy-mm-dd")
    assert {row[letter].number_format for letter in "CDEFG"} == {"#,##0"}


@pytest.mark.parametrize(
    ("kept", "other", "given"),
    [
        (["--gaps", "zero"], {}, ["--gaps", "nan"]),
        (["--time_col", "ds"], {"ds": "when"}, ["--time_col", "when"]),
        (["--drop", "note"], {"note": "remark"}, ["--drop", "remark"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_an_option_that_is_given_wins_over_what_a_kept_model_remembers(kept, other, given, capsys):
    write(10.0 + np.arange(40) % 7, note="x")
    drop = [] if kept[0] == "--drop" else ["--drop", "note"]
    assert main(["forecast", "y.csv", *QUICK, *kept, *drop, "--output", "f.csv", "--save", "m"]) == 0
    pd.read_csv("y.csv").rename(columns=other).to_csv("new.csv", index=False)
    capsys.readouterr()
    assert main(["forecast", "new.csv", "--model", "m", "--output", "g.csv", *given]) == 0
    assert " ".join(kept) not in capsys.readouterr().err
    pd.testing.assert_frame_equal(pd.read_csv("f.csv"), pd.read_csv("g.csv"))
