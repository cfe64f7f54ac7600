"""What a command says may be done next fits what it has found, and the commands that it names are commands."""

import shlex

import numpy as np
import pytest

from tsforecast import Drift, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.cli.backtest import build_parser
from tsforecast.cli.main import main
from tsforecast.cli.next_steps import after_backtest, after_train


@pytest.fixture
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(capsys, *arguments, code=0):
    assert main(list(arguments)) == code
    return capsys.readouterr().out


def run(capsys, *models, folder="run", data="nile", more=()):
    return ran(
        capsys, "backtest", data, "--models", *models, "--horizon", "3", "--n_windows", "2", "--output", folder, *more
    )


def test_after_a_run_its_winner_forecasts_and_a_model_that_it_lacks_is_added(in_tmp, capsys):
    lines = run(capsys, "Naive", "Drift", folder="my run").splitlines()[-2:]
    winner = BacktestResult.load("my run").leaderboard()["model"].iloc[0]
    assert lines[0] == f"  or: forecast with {winner}: tsforecast forecast --run 'my run'"
    what, _, command = lines[1].partition(": tsforecast ")
    assert what == "  or: add another model" and "AutoARIMA" in command
    assert main([*shlex.split(command)[:-1], "SeasonalNaive"]) == 0
    assert "SeasonalNaive" in BacktestResult.load("my run").models


def test_a_report_of_the_run_says_the_same(in_tmp, capsys):
    lines = run(capsys, "Naive", "Drift").splitlines()
    assert ran(capsys, "report", "run").splitlines()[-2:] == lines[-2:]


def test_after_a_run_with_one_seed_more_seeds_are_named(in_tmp, capsys):
    model = "LSTM(max_epochs=1, n_members=1, hidden_size=4)"
    last = run(capsys, "Naive", model).splitlines()[-1]
    command = last.partition("tsforecast backtest ")[2]
    given = build_parser().parse_args(shlex.split(command))
    assert given.seeds == 5 and given.horizon == 3 and given.models[0]["name"] == "Naive"
    assert "--seeds" not in run(capsys, "Naive", model, folder="seeds", more=["--seeds", "2"]).splitlines()[-1]


def test_the_true_process_is_no_model_to_forecast_with(in_tmp, capsys):
    lines = run(capsys, "Naive", data="simulated/ar1").splitlines()
    best = BacktestResult.load("run").leaderboard()["model"].iloc[0]
    assert (best == "TrueModel") is not any("tsforecast forecast" in line for line in lines)


def test_where_every_model_failed_the_failures_are_named(in_tmp, capsys):
    out = ran(capsys, "backtest", "nile", "--models", "SeasonalNaive(season_length=0)", "--output", "run", code=1)
    assert out.splitlines()[-1].startswith("Next: run/summary.md lists under Failures")
    assert "## Failures" in (in_tmp / "run" / "summary.md").read_text()


def test_a_model_within_another_is_not_proposed_again(in_tmp, capsys):
    out = run(capsys, "Naive", "Ensemble(forecasters=[AutoARIMA(max_order=(1, 1)), LinearAR()])")
    assert "--models LSTM" in out.splitlines()[-1]


def test_a_page_of_the_run_is_named_where_there_is_one(in_tmp, capsys):
    run(capsys, "Naive")
    result, folder = BacktestResult.load("run"), in_tmp / "run"
    steps = after_backtest(result, folder)
    assert steps[0] == f"Next: see it all: open {folder / 'report.html'} in a browser" and len(steps) == 3
    (folder / "report.html").unlink()
    assert after_backtest(result, folder)[0].startswith("Next: forecast with Naive")


def test_of_data_given_in_memory_no_command_is_named(tmp_path):
    result = backtest([Naive(), Drift()], np.arange(30.0), cv=RollingOrigin(2), output=tmp_path / "run")
    (step,) = after_backtest(result, tmp_path / "run")
    assert "tsforecast" not in step and step.endswith("report.html in a browser")


def test_after_series_were_written_they_are_compared(in_tmp, capsys):
    out = ran(capsys, "simulate", "simulated/ar1", "--output", "my series.csv", "--n_obs", "60", "--n_series", "1")
    command = out.splitlines()[-1].removeprefix("Next: tsforecast ").partition("; tsforecast ")[0]
    assert main([*shlex.split(command), "--models", "Naive", "--output", "run"]) == 0


def test_after_data_sets_a_backtest_of_one_is_named(capsys):
    assert "tsforecast backtest NAME" in ran(capsys, "datasets", "list").splitlines()[-1]
    assert ran(capsys, "datasets", "show", "airline").splitlines()[-1] == "Next: tsforecast backtest airline"


def test_after_training_the_checkpoint_is_read_by_the_class_of_its_cell():
    assert "tsforecast.LSTM.from_checkpoint('a.ckpt')" in after_train("a.ckpt", "RecurrentNetwork", {})
    assert "tsforecast.NeuralForecaster.from" in after_train("a.ckpt", "CellStack", {"cell": "gru"})
