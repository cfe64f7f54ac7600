"""`tsforecast backtest` on new files, on configurations, and on wrong arguments."""

import contextlib
import dataclasses
import shlex
import time
from concurrent.futures import Executor, Future

import numpy as np
import pandas as pd
import pytest
import yaml

from tsforecast import Drift, SeasonalNaive
from tsforecast.backtest import BacktestResult
from tsforecast.backtest.execute.progress import RunProgress
from tsforecast.cli.backtest import build_parser, make_plan
from tsforecast.cli.main import main
from tsforecast.cli.models import parse_models
from tsforecast.cli.progress import Bar


@pytest.fixture
def wide_csv(tmp_path):
    rng = np.random.default_rng(0)
    season = np.tile(np.arange(12.0), 6)
    frame = pd.DataFrame({"a": season + rng.normal(size=72), "b": 2 * season + rng.normal(size=72)})
    frame.insert(0, "month", pd.date_range("2010-01-01", periods=72, freq="MS"))
    frame.to_csv(tmp_path / "wide.csv", index=False)
    return tmp_path / "wide.csv"


@pytest.fixture
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_wide_csv_with_defaults_ends_in_a_table_and_a_run_folder(wide_csv, in_tmp, capsys):
    assert main(["backtest", str(wide_csv), "--models", "Naive", "SeasonalNaive"]) == 0
    out = capsys.readouterr().out
    assert "SeasonalNaive has the lowest MASE" in out and "2 series, 3 cutoffs, horizon 12" in out
    (folder,) = (in_tmp / "runs").iterdir()
    names = {path.name for path in folder.iterdir()}
    assert {"config.yaml", "manifest.json", "scores.parquet", "summary.md", "forecasts"} <= names
    assert BacktestResult.load(folder).leaderboard()["model"].tolist() == ["SeasonalNaive", "Naive"]


def test_a_long_parquet_with_other_column_names_is_read(in_tmp):
    frame = pd.DataFrame(
        {
            "shop": np.repeat(["x", "y"], 30),
            "day": [*pd.date_range("2020-01-01", periods=30)] * 2,
            "sold": np.arange(60.0),
        }
    )
    frame.to_parquet("long.parquet")
    arguments = ["--id_col", "shop", "--time_col", "day", "--target_col", "sold", "--models", "Naive", "Drift"]
    assert main(["backtest", "long.parquet", *arguments, "--output", "run", "--horizon", "3"]) == 0
    result = BacktestResult.load("run")
    assert set(result.scores["unique_id"]) == {"x", "y"}
    assert result.leaderboard()["model"].iloc[0] == "Drift"


def test_the_resolved_config_repeats_the_run(wide_csv, in_tmp):
    first = ["backtest", str(wide_csv), "--models", "Naive", "SeasonalNaive(season_length=6)", "--refit", "never"]
    assert main([*first, "--output", "one", "--n_windows", "2", "--level", "90"]) == 0
    assert main(["backtest", "--config", "one/config.yaml", "--output", "two"]) == 0
    one, two = BacktestResult.load("one"), BacktestResult.load("two")
    pd.testing.assert_frame_equal(one.scores, two.scores, check_exact=True)
    assert one.config == two.config


def test_flags_override_the_file(wide_csv, in_tmp):
    (in_tmp / "c.yaml").write_text(yaml.safe_dump({"data": str(wide_csv), "horizon": 6, "models": ["Naive"]}))
    plan = make_plan(build_parser().parse_args(["--config", "c.yaml", "--horizon", "4"]))
    assert plan.cv.horizon == 4 and list(plan.models) == ["Naive"]


def test_models_are_named_with_arguments_in_every_form():
    models = parse_models(
        [
            "Naive",
            "SeasonalNaive(season_length=4)",
            {"class_path": "tsforecast.models.naive.Drift"},
            {"name": "yearly", "class_path": "SeasonalNaive", "init_args": {"season_length": 12}},
            {"SeasonalNaive": {"season_length": 2}},
        ]
    )
    seasons = {name: getattr(model, "season_length", None) for name, model in models.items()}
    assert seasons == {
        "Naive": None, "SeasonalNaive(season_length=4)": 4, "Drift": None, "yearly": 12, "SeasonalNaive": 2,
    }  # fmt: skip


def test_of_a_simulated_data_set_the_true_model_is_shown(in_tmp, capsys):
    assert main(["backtest", "simulated/ar1", "--models", "Naive", "--output", "run"]) == 0
    assert "TrueModel" in capsys.readouterr().out
    assert main(["backtest", "--config", "run/config.yaml", "--output", "again"]) == 0


def test_the_summary_ranks_each_kind_of_series_apart(in_tmp):
    assert main(["backtest", "stationary", "--models", "Naive", "HistoricAverage", "--output", "run"]) == 0
    page = (in_tmp / "run" / "summary.md").read_text()
    assert "| stationarity | stationary |" in page and "| length | over" in page
    assert main(["report", "run"]) == 0
    assert (in_tmp / "run" / "summary.md").read_text() == page


def test_a_run_in_which_nothing_was_finished_exits_with_1(wide_csv, in_tmp, capsys):
    assert main(["backtest", str(wide_csv), "--models", "SeasonalNaive(season_length=0)", "--output", "run"]) == 1
    assert "ParameterError" not in capsys.readouterr().err
    assert "season_length=0" in (in_tmp / "run" / "summary.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.csv"], "nowhere.csv is not there"),
        (["airlin"], "airline"),
        (["airline", "--models", "SARIMAX"], "did you mean"),
        (["airline", "--models", "no_such_module.Model"], "no_such_module.Model"),
        (["airline", "--models", "SeasonalNaive(season=3)"], "did you mean season_length"),
        (["airline", "--models", "Naive", "Naive"], "Two models are called 'Naive'"),
        (["airline", "--models", "Panel"], "Panel could not be made"),
        (["airline", "--models", "RollingOrigin(horizon=1)"], "no forecaster"),
        (["airline", "--models", "Naive", "--metrics", "msae"], "did you mean"),
        (["airline", "--models", "Naive", "--horizon", "144"], "need at least"),
        (["airline", "--models", "Naive", "--horizon", "0"], "horizon=0"),
        (["airline", "--models", "Naive", "--n_windows", "0"], "n_windows=0"),
        (["airline", "--models", "Naive", "--step_size", "0"], "step_size=0"),
        (["airline", "--models", "Naive", "--season_length", "0"], "season_length=0"),
        (["airline", "--models", "Naive", "--refit", "sometimes"], "refit='sometimes'"),
        (["airline", "--models", "Naive", "--budget", "later"], "budget='later'"),
        (["airline", "--models", "Naive", "--executor", "cloud"], "executor='cloud'"),
    ],
)
def test_a_mistake_is_bad_usage_told_in_one_line(arguments, told, in_tmp, capsys):
    assert main(["backtest", *arguments]) == 2
    message = capsys.readouterr().err
    assert told in message and message.count("\n") == 1
    assert not (in_tmp / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["airline", "--horizon", "many"], "--horizon many: this is no whole number"),
        (["airline", "--gap", "1.5"], "--gap 1.5: this is no whole number"),
        (["airline", "--level", "high"], "--level high: this is no number"),
        (["--config", "none.yaml"], "--config: File does not exist"),
        (["--horizon", "3"], "no data"),
        (["--nonsense", "1"], "--nonsense"),
    ],
)
def test_options_that_cannot_be_read_are_bad_usage_told_in_one_line(arguments, told, in_tmp, capsys):
    with pytest.raises(SystemExit) as leave:
        main(["backtest", *arguments])
    assert leave.value.code == 2
    message = capsys.readouterr().err
    assert told in message and message.count("\n") == 1


def test_an_audited_run_says_so_and_a_leak_exits_with_1(in_tmp, capsys, monkeypatch):
    assert main(["backtest", "nile", "--models", "Naive", "--audit", "--output", "run"]) == 0
    assert "no forecast changed" in capsys.readouterr().out
    assert "- Audited:" in (in_tmp / "run" / "summary.md").read_text()
    honest = Drift._predict

    def random(self, *about):
        found = honest(self, *about)
        return dataclasses.replace(found, mean=found.mean + np.random.default_rng().normal())

    monkeypatch.setattr(Drift, "_predict", random)
    assert main(["backtest", "nile", "--models", "Drift", "--audit", "--output", "leak"]) == 1
    assert "Model 'Drift' does not repeat itself" in capsys.readouterr().err


def test_a_budget_tunes_the_models_that_declare_a_space(in_tmp, monkeypatch):
    pytest.importorskip("optuna", reason="the extra tune is not installed")
    monkeypatch.setattr(SeasonalNaive, "search_space", {"season_length": (2, 5)}, raising=False)
    options = ["nile", "--models", "Naive", "SeasonalNaive(season_length=3)", "--budget", "3", "--output", "run"]
    assert main(["backtest", *options]) == 0
    models = {model["name"]: model for model in BacktestResult.load("run").config["models"]}
    assert models["Naive"]["class_path"] == "tsforecast.Naive"
    tuned = models["SeasonalNaive(season_length=3)"]
    assert tuned["class_path"].endswith("Tuned") and tuned["init_args"]["budget"] == 3


def test_an_interrupted_run_says_how_to_go_on(in_tmp, capsys, monkeypatch):
    def interrupt(self, panel):
        raise KeyboardInterrupt

    monkeypatch.setattr(Drift, "_fit", interrupt)
    assert main(["backtest", "nile", "--models", "Naive", "Drift", "--output", "run"]) == 130
    told = capsys.readouterr().err
    monkeypatch.undo()
    command = told.partition("To go on: tsforecast ")[2].partition("\n")[0]
    monkeypatch.chdir(in_tmp)
    assert main(command.split()) == 0
    assert BacktestResult.load("run").leaderboard()["n_missing"].sum() == 0


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    monkeypatch.setattr("tsforecast.cli.progress._PATIENCE", 0.01)
    for forced, shown in ((None, False), ("1", True)):
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        if forced:
            monkeypatch.setenv("FORCE_COLOR", forced)
        with Bar("run") as bar:
            bar.watch(RunProgress(3, 8, "SARIMA", "SARIMA"))
            limit = time.monotonic() + 600
            while shown and not bar._progress.live.is_started:
                assert time.monotonic() < limit, "waited 600 seconds until the bar was there"
                time.sleep(0.01)
        told = capsys.readouterr().err
        assert ("SARIMA" in told and "3/8" in told) is shown and (told == "") is not shown


def test_another_run_is_not_mixed_into_a_folder(in_tmp, capsys):
    assert main(["backtest", "nile", "--models", "Naive", "--output", "run"]) == 0
    assert main(["backtest", "nile", "--models", "Drift", "--output", "run"]) == 2
    assert "other models" in capsys.readouterr().err


def test_a_finished_run_is_shown_again(in_tmp, capsys):
    main(["backtest", "nile", "--models", "Naive", "Drift", "--output", "run"])
    table = capsys.readouterr().out.partition("Model")[2]
    assert main(["report", "run"]) == 0
    assert capsys.readouterr().out.partition("Model")[2] == table
    assert main(["report", "nothing"]) == 2


def test_the_quickstart_configurations_describe_runs_that_can_start():
    from tsforecast._resources import bundled

    for path in sorted((bundled("configs") / "backtest").glob("*.yaml")):
        plan = make_plan(build_parser().parse_args(["--config", str(path)]))
        assert {"Naive", "LinearAR", "LSTM"} <= set(plan.models)
        assert plan.jobs()


def test_a_run_whose_cluster_has_gone_tells_the_command_that_goes_on(in_tmp, monkeypatch, capsys):
    class Gone(Executor):
        def submit(self, function, task):
            return Future()

    @contextlib.contextmanager
    def gone(name):
        yield Gone()

    monkeypatch.setattr("tsforecast.cli.executors.open_executor", gone)
    asked = ["backtest", "nile", "--models", "Naive", "--output", "a run", "--executor_timeout", "0.5"]
    assert main(asked) == 2
    told = capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.chdir(in_tmp)
    assert "No worker of the executor has given a sign of life for 0.5 seconds" in told
    assert main(shlex.split(told.partition(": tsforecast ")[2].splitlines()[0])) == 0
    assert BacktestResult.load("a run").leaderboard()["n_missing"].sum() == 0


@pytest.mark.parametrize("option", ["executor_timeout", "job_timeout"])
def test_a_time_below_nothing_is_refused_at_the_door(in_tmp, capsys, option):
    assert main(["backtest", "nile", "--models", "Naive", "--output", "run", f"--{option}", "-1"]) == 2
    assert f"{option}=-1.0 is not a number of seconds" in capsys.readouterr().err and not (in_tmp / "run").exists()


def test_a_time_for_jobs_where_nothing_can_be_stopped_is_refused_at_the_door(in_tmp, capsys):
    asked = ["backtest", "nile", "--models", "Naive", "--executor", "here", "--job_timeout", "60", "--output", "run"]
    assert main(asked) == 2
    assert "job_timeout=60 needs workers" in capsys.readouterr().err and not (in_tmp / "run").exists()
