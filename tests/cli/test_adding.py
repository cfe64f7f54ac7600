"""``tsforecast backtest --add RUN``, as a user runs it."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from tsforecast.backtest import BacktestResult
from tsforecast.cli.main import main

OWN = "from tsforecast import Drift\n\n\nclass Mine(Drift):\n    pass\n"
SLOW = """
import pathlib, time
from tsforecast import Naive

class Slow(Naive):
    def _fit(self, panel):
        pathlib.Path("begun").touch()
        time.sleep(60 if pathlib.Path("wait").exists() else 0)
        super()._fit(panel)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder with a file of two series, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    values = np.random.default_rng(0).normal(size=(24, 2)).cumsum(axis=0)
    pd.DataFrame(values, columns=["a", "b"], index=pd.date_range("2020", periods=24, name="day")).to_csv("two.csv")
    yield
    for name in ("my_own", "my_slow"):
        sys.modules.pop(name, None)


def run(*arguments):
    return main(["backtest", *arguments, "--executor", "here"])


def first(output="run", *options):
    options = options or ("--models", "Naive")
    assert run("two.csv", "--horizon", "2", "--n_windows", "2", *options, "--output", output) == 0


def add(*arguments, output="run"):
    return run("--add", output, *arguments)


def error_of(capsys, *arguments, output="run"):
    capsys.readouterr()
    try:
        code = add(*arguments, output=output)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    told = capsys.readouterr().err.strip().splitlines()
    return told[-1]


def forecasts(output):
    return BacktestResult.load(output).forecasts


def test_the_file_and_the_settings_are_those_of_the_run_and_its_configuration_repeats_the_whole(capsys):
    first()
    assert add("--models", "Drift", "HistoricAverage") == 0
    assert "Drift" in capsys.readouterr().out
    assert run("--config", "run/config.yaml", "--output", "again") == 0
    assert BacktestResult.load("run").models == ["Naive", "Drift", "HistoricAverage"]
    pd.testing.assert_frame_equal(forecasts("run"), forecasts("again"))
    assert run("--config", "run/config.yaml", "--output", "run") == 0  # the finished run is shown
    shutil.rmtree("again")


def test_models_that_are_there_are_named_and_not_run(capsys):
    first()
    assert add("--models", "Naive") == 0
    assert "In the run already, with the same parameters: Naive; nothing is left to do." in capsys.readouterr().err


def test_models_may_be_named_in_a_file_and_get_names_of_their_own(tmp_path, capsys):
    first("run", "--models", "SeasonalNaive(season_length=2)")
    more = "models:\n- name: SeasonalNaive(season_length=2)\n  class_path: SeasonalNaive\n"
    (tmp_path / "more.yaml").write_text(more + "  init_args: {season_length: 3}\n")
    assert "another model called 'SeasonalNaive(season_length=2)'" in error_of(capsys, "--config", "more.yaml")
    (tmp_path / "more.yaml").write_text(
        "models:\n- name: mine\n  class_path: SeasonalNaive\n  init_args: {season_length: 3}\n"
    )
    assert add("--config", "more.yaml") == 0
    assert BacktestResult.load("run").models == ["SeasonalNaive(season_length=2)", "mine"]


def test_options_that_contradict_the_run_are_errors(capsys):
    first()
    for options, told in {
        ("--horizon", "3"): "--horizon 3: in run it is 2",
        ("--level", "80"): "--level 80: in run it is 80 95",
        ("--seeds", "2"): "--seeds 0 1: in run it is not set",
        ("--too_short", "skip"): "--too_short skip: in run it is error",
        ("--budget", "3"): "--budget 3: in run it is not set",
        ("--audit",): "--audit True: in run it is False",
        ("--output", "other"): "--output other: models are added in the folder of the run",
    }.items():
        assert told in error_of(capsys, "--models", "Drift", *options)
    assert "name the models to add with --models" in error_of(capsys)
    assert "none is not there" in error_of(capsys, "--models", "Drift", output="none")
    assert add("--models", "Drift", "--horizon", "2", "--level", "80", "95", "--output", "run") == 0


def test_a_file_that_changed_or_moved_is_an_error_that_says_how_to_go_on(tmp_path, capsys):
    first()
    shutil.move("two.csv", "moved.csv")
    told = error_of(capsys, "--models", "Drift")
    assert "two.csv, which is not there; name a file with the same series: tsforecast backtest FILE --add run" in told
    assert run("moved.csv", "--add", "run", "--models", "Drift") == 0
    assert BacktestResult.load("run").config["data"] == str(tmp_path / "moved.csv")
    (tmp_path / "moved.csv").write_text((tmp_path / "moved.csv").read_text() + "2020-01-25,1,2\n")
    assert "other data (data: fingerprint was" in error_of(capsys, "--models", "HistoricAverage")
    assert BacktestResult.load("run").models == ["Naive", "Drift"]


def test_data_that_were_given_in_memory_need_a_file(capsys):
    from tsforecast import Naive, read
    from tsforecast.backtest import RollingOrigin, backtest

    backtest(Naive(), read("two.csv"), cv=RollingOrigin(2, n_windows=2), output="run", executor=None)
    assert "its data were given in memory; name a file" in error_of(capsys, "--models", "Drift")
    assert run("two.csv", "--add", "run", "--models", "Drift") == 0


def test_a_budget_and_a_stand_in_for_short_series_hold_for_the_added_models_too(capsys):
    first("run", "--models", "Naive", "--budget", "1", "--too_short", "naive")
    assert add("--models", "ARIMA") == 0
    assert [m["class_path"] for m in BacktestResult.load("run").config["models"]] == [
        "tsforecast.Naive",
        "tsforecast.Tuned",
    ]
    assert run("--config", "run/config.yaml", "--output", "again") == 0
    pd.testing.assert_frame_equal(forecasts("run"), forecasts("again"))


def test_the_true_model_of_a_simulated_data_set_is_there_once():
    assert run("simulated/arma21", "--models", "Naive", "--n_windows", "1", "--output", "run") == 0
    assert add("--models", "Drift") == 0
    assert BacktestResult.load("run").models == ["Naive", "TrueModel", "Drift"]


def test_a_class_of_ones_own_is_added_and_needs_no_trust_when_others_are(tmp_path, capsys):
    (tmp_path / "my_own.py").write_text(OWN)
    first()
    assert add("--models", "my_own:Mine") == 0
    del sys.modules["my_own"]
    assert add("--models", "Drift") == 0
    assert "my_own" not in sys.modules
    assert BacktestResult.load("run").models == ["Naive", "Mine", "Drift"]
    (tmp_path / "more.yaml").write_text("models: ['my_own:Mine', HistoricAverage]\n")
    assert "--own_code my_own" in error_of(capsys, "--config", "more.yaml")
    assert add("--config", "more.yaml", "--own_code", "my_own") == 0
    assert BacktestResult.load("run").models == ["Naive", "Mine", "Drift", "HistoricAverage"]


@pytest.mark.slow
def test_a_process_that_is_killed_or_interrupted_leaves_the_run_whole_and_can_go_on(tmp_path):
    (tmp_path / "my_slow.py").write_text(SLOW)
    first()
    call = [
        sys.executable,
        "-m",
        "tsforecast",
        "backtest",
        "--add",
        "run",
        "--models",
        "my_slow:Slow",
        "--executor",
        "here",
    ]
    for how in (signal.SIGKILL, signal.SIGINT):
        (tmp_path / "wait").touch()
        (tmp_path / "begun").unlink(missing_ok=True)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        try:
            process = subprocess.Popen(call, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        finally:
            signal.signal(signal.SIGINT, before)
        deadline = time.monotonic() + 300
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        os.kill(process.pid, how)
        told = process.communicate(timeout=300)[1]
        assert BacktestResult.load("run").models == ["Naive"]
    assert "To go on: tsforecast backtest --add run --models my_slow:Slow --executor here" in told
    (tmp_path / "wait").unlink()
    assert add("--models", "my_slow:Slow") == 0
    assert BacktestResult.load("run").models == ["Naive", "Slow"]


def test_bounds_of_the_run_hold_for_the_models_that_are_added(capsys):
    first("run", "--models", "Naive", "--bounds", "-5", "4.5")
    assert add("--models", "Drift") == 0
    assert "As all models of run, the new ones have --bounds -5 4.5." in capsys.readouterr().err
    assert forecasts("run")["hi-95"].between(-5, 4.5).all()
    assert add("--models", "HistoricAverage", "--bounds", "-9", "null") == 0
    told = capsys.readouterr().err
    assert "the new models have --bounds -9 null; others in run, Naive say, have --bounds -5 4.5" in told
    assert run("--config", "run/config.yaml", "--output", "again") == 0
    pd.testing.assert_frame_equal(forecasts("run"), forecasts("again"))
