"""Hostile commands and configurations end in a one-line error, without a fit, foreign code or written files."""

import os
import sys

import pytest
import yaml

from tsforecast import Naive
from tsforecast.backtest import BacktestResult
from tsforecast.cli.main import main


@pytest.fixture(autouse=True)
def fits(tmp_path, monkeypatch):
    """Fits that were done; the command runs in a folder with a module that must not be imported."""
    done = []
    honest = Naive._fit
    monkeypatch.setattr(Naive, "_fit", lambda self, panel: (done.append(1), honest(self, panel))[1])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stranger.py").write_text(
        "import pathlib\npathlib.Path('harm').touch()\nfrom tsforecast import Naive\n"
        "class Mine(Naive):\n    def __init__(self, k=1): self.k = k\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    sys.modules.pop("stranger", None)
    yield done
    sys.modules.pop("stranger", None)


def told_in_one_line(arguments, capsys):
    try:
        code = main(["backtest", *arguments])
    except SystemExit as leave:
        code = leave.code
    message = capsys.readouterr().err
    assert code == 2 and message.count("\n") == 1, message
    return message


OPTIONS = [
    ["--level", "80", "80"], ["--level", "0"], ["--level", "100"], ["--level", "nan"], ["--level", "0.8"],
    ["--level", "x"], ["--level", *map(str, range(1, 99)), *["50"] * 2000], ["--quantiles", "0"],
    ["--quantiles", "0.1", "0.1"], ["--quantiles", "nan"], ["--seeds", "1000000000"], ["--seeds", "0"],
    ["--seeds", "[1, 1]"], ["--seeds", "1.5"], ["--season_length", "0"], ["--refit", "0"], ["--refit", "never mind"],
    ["--metrics", "coverage"], ["--metrics", "mase", "coverage", "--level"], ["--metrics", "crps", "mase", "--level"],
    ["--metrics", "mase", "mase"], ["--n_windows", "1000000000"], ["--horizon", "1" + "0" * 30], ["--gap", "-1"],
    ["--gap", "1" + "0" * 30], ["--max_train_size", "0"], ["--budget", "0"], ["--executor", "cloud"],
    ["--models", *["Naive"] * 2000], ["--models", "Naive()", "Naive()"],
    ["--models", "subprocess:Popen(args=['touch','harm'])"],
    ["--models", "subprocess.Popen(args=['touch','harm'])"], ["--models", "io:FileIO(file='precious',mode='w')"],
    ["--models", "Conformal(forecaster={'class_path':'io:FileIO','init_args':{'file':'precious','mode':'w'}})"],
    ["--models", "stranger.Mine"], ["--models", "no_such_module:Mine"], ["--models", "stranger:Nothing"],
    ["--models", "(" * 5000], ["--models", "Naive(" + "-" * 5000 + "1)"], ["--models", "Naive(**{})"],
    ["--models", "Naive(1)"], ["--models", "lambda: 1"], ["--models", "__import__('os').system('touch harm')"],
    ["--models", "Naive\0"], ["--models", ""], ["--models", ":"],
    ["--models", "{SeasonalNaive: {season_length: 2, season_length: 3}}"],
    ["--models", "LSTM(training={'class_path': 'subprocess:Popen', 'init_args': {'args': ['touch', 'harm']}})"],
    ["--output", "precious"], ["--output", "full"], ["--output", "full/parts"],
    ["--output", "x" * 300], ["--output", "precious/x"],
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=[" ".join(options)[:50] for options in OPTIONS])
def test_an_option_that_cannot_be_used_is_told_before_the_first_fit(options, tmp_path, fits, capsys):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "full" / "parts").mkdir(parents=True)
    (tmp_path / "full" / "parts" / "a.tmp").write_text("mine")
    models = [] if "--models" in options else ["--models", "Naive"]
    told_in_one_line(["nile", *models, *options], capsys)
    assert fits == [] and (tmp_path / "precious").read_text() == "precious"
    kept = {"precious", "full", "stranger.py"} | ({"harm"} if "stranger:Nothing" in options else set())
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == kept
    assert (tmp_path / "full" / "parts" / "a.tmp").read_text() == "mine"


BASE = "data: nile\nmodels: [Naive]\n"
EVIL = "[touch, harm]"
POPEN = f"{{class_path: 'subprocess:Popen', init_args: {{args: {EVIL}}}}}"
BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)
CONFIGS = [
    BASE + "horizon: 3\nhorizon: 4\n",
    "data: nile\nmodels:\n- class_path: Naive\n  class_path: Drift\n",
    BASE + "level: &a [*a]\n",
    BASE + "seeds: 1000000000\n",
    BASE + "n_windows: 1000000000\n",
    BASE + "level: [" + "80, " * 60_000 + "]\n",
    BASE + "quantiles: [" + ", ".join(f"{k / 5000:.5f}" for k in range(1, 4000)) + "]\n",
    "data: nile\nmodels: [" + "Naive, " * 2000 + "]\n",
    BASE + "budget: -1\n",
    BASE + "config: other.yaml\n",
    BASE + "own_code: [stranger]\n",
    BASE + "executor: dask://203.0.113.1:8786\n",
    BASE + "nonsense: 1\n",
    BASE + "1: 2\n",
    BASE + "horizon: !!python/object/apply:os.system ['touch harm']\n",
    "!!python/object/apply:subprocess.Popen [" + EVIL + "]\n",
    "data: nile\nmodels: [" + POPEN + "]\n",
    f"data: nile\nmodels: [{{class_path: subprocess.Popen, init_args: {{args: {EVIL}}}}}]\n",
    "data: nile\nmodels: [{class_path: 'io:FileIO', init_args: {file: precious, mode: w}}]\n",
    "data: nile\nmodels: [{class_path: io.FileIO, init_args: {file: precious, mode: w}}]\n",
    "data: nile\nmodels: [{class_path: LSTM, init_args: {training: " + POPEN + "}}]\n",
    "data: nile\nmodels: [{class_path: Ensemble, init_args: {forecasters: [" + POPEN + "]}}]\n",
    "data: nile\nmodels: [{class_path: 'stranger:Mine'}]\n",
    "data: nile\nmodels: ['stranger:Mine']\n",
    "data: nile\nmodels: [stranger.Mine]\n",
    "data: nile\nmodels: [{class_path: tsforecast.__main__.main}]\n",
    BASE + "metrics: {mase: 1, smape: 2}\n",
    BASE + "level: {80: 95}\n",
    BASE + "covariates: {class_path: io.FileIO, init_args: {file: precious, mode: w}}\n",
    "data: nile\nmodels: {class_path: Naive}\n",
    "data: nile\nmodels: 3\n",
    "data: nile\nmodels: [3]\n",
    "data: nile\nmodels: [[Naive]]\n",
    "data: nile\nmodels: [{}]\n",
    "data: nile\nmodels: [{Naive: 3}]\n",
    "data: nile\nmodels: [{class_path: 3}]\n",
    "[" * 100_000,
    BOMB,
    "just text",
    "- a\n- list\n",
    "",
    "\x00",
    "x" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("text", CONFIGS, ids=range(len(CONFIGS)))
def test_a_configuration_of_a_stranger_runs_no_code(text, tmp_path, fits, capsys):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "c.yaml").write_text(text)
    told_in_one_line(["--config", "c.yaml"], capsys)
    assert fits == [] and (tmp_path / "precious").read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"precious", "c.yaml", "stranger.py"}


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing", "bytes"])
def test_a_configuration_that_is_no_file_of_text_is_told(kind, tmp_path, capsys):
    path = tmp_path / "c.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "bytes":
        path.write_bytes(b"\xff\xfe\x00")
    told_in_one_line(["--config", "c.yaml"], capsys)


def test_models_of_ones_own_run_where_the_command_line_names_their_module(tmp_path, capsys):
    assert main(["backtest", "nile", "--models", "Naive", "stranger:Mine(k=3)", "--output", "one"]) == 0
    config = yaml.safe_load((tmp_path / "one" / "config.yaml").read_text())
    assert config["models"][1]["class_path"] == "stranger:Mine" and "own_code" not in config
    sys.modules.pop("stranger")
    capsys.readouterr()
    assert "--own_code stranger" in told_in_one_line(["--config", "one/config.yaml", "--output", "two"], capsys)
    assert main(["backtest", "--config", "one/config.yaml", "--output", "two", "--own_code", "stranger"]) == 0
    one, two = BacktestResult.load("one"), BacktestResult.load("two")
    assert one.config == two.config and one.scores.equals(two.scores)


def test_an_interrupted_run_with_models_of_ones_own_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def stop(self, panel):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Naive, "_fit", stop)
        assert main(["backtest", "nile", "--models", "stranger:Mine", "--output", "run"]) == 130
    command = capsys.readouterr().err.partition("To go on: tsforecast ")[2].partition("\n")[0]
    assert "--own_code stranger" in command
    sys.modules.pop("stranger")
    assert main(command.split()) == 0


def test_flags_override_a_configuration_wherever_they_stand(tmp_path):
    (tmp_path / "c.yaml").write_text("data: nile\nmodels: [Naive]\nhorizon: 5\nn_windows: 1\n")
    assert main(["backtest", "--horizon", "3", "--config", "c.yaml", "--output", "one"]) == 0
    assert main(["backtest", "--config", "c.yaml", "--horizon", "3", "--output", "two"]) == 0
    assert BacktestResult.load("one").config["horizon"] == BacktestResult.load("two").config["horizon"] == 3


def test_a_long_model_expression_is_kept(tmp_path):
    text = "SeasonalNaive(" + " " * 500 + "season_length=4)"
    assert main(["backtest", "nile", "--models", text, "--output", "run"]) == 0
    assert BacktestResult.load("run").models == [text]


def test_a_configuration_is_printed_without_being_run(tmp_path, fits, capsys):
    with pytest.raises(SystemExit) as leave:
        main(["backtest", "nile", "--models", "Naive", "--print_config"])
    assert leave.value.code == 0 and fits == []
    assert yaml.safe_load(capsys.readouterr().out)["models"] == ["Naive"]
