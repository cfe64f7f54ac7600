"""The command line as a process: help is fast, errors are one line."""

import subprocess
import sys

import pytest

from tsforecast.cli.main import main

COMMANDS = ["backtest", "report", "models", "datasets", "simulate"]
HEAVY = {"torch", "pytorch_lightning", "statsmodels", "pandas", "sklearn", "scipy"}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["models"], ["models", "LSTM"], *([command, "--help"] for command in COMMANDS)],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(arguments):
    script = (
        "import sys\nfrom tsforecast.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as leave: assert not leave.code\n"
        f"print('loaded', sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") > 5 and done.stdout.endswith("loaded []\n")


def test_an_unknown_command_is_bad_usage_with_a_near_name(capsys):
    assert main(["backtst"]) == 2
    assert "'backtst'; did you mean backtest?" in capsys.readouterr().err


def test_no_command_is_bad_usage_with_the_list_of_commands(capsys):
    assert main([]) == 2
    assert "backtest" in capsys.readouterr().out


def test_data_sets_are_listed_and_shown(capsys):
    assert main(["datasets", "list"]) == 0
    assert main(["datasets", "show", "airline", "--rows", "1"]) == 0
    assert "1960-12-01" in capsys.readouterr().out


def test_an_unknown_data_set_is_one_line_and_no_traceback(capsys):
    assert main(["datasets", "show", "airlin"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "'airline'" in told


def test_a_simulated_data_set_is_written(tmp_path, capsys):
    target = tmp_path / "s.csv"
    assert main(["simulate", "simulated/ar1", "--output", str(target), "--n_obs", "9", "--n_series", "2"]) == 0
    assert len(target.read_text().splitlines()) == 1 + 18
    assert "2 series" in capsys.readouterr().out
