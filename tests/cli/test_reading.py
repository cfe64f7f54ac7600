"""Reading options of the command line: an ambiguous file is an error that names the option."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tsforecast.backtest import BacktestResult
from tsforecast.cli.backtest import build_parser, make_plan
from tsforecast.cli.main import main

MONTHS = pd.date_range("2020-01-01", periods=12, freq="MS")


@pytest.fixture
def german(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    units = ["-" if i == 3 else str(i) for i in range(1, 13)]
    rows = "".join(
        f"{day:%d/%m/%Y};{i}.{i % 10}00;{n}\n" for i, (day, n) in enumerate(zip(MONTHS, units, strict=True), 1)
    )
    (tmp_path / "sales.csv").write_text("Umsatz 2020\n" + rows, encoding="utf-8")
    return "sales.csv"


def test_one_error_after_another_names_the_option_that_settles_it(german, capsys):
    given: list[str] = []
    for named, option in [
        ("skip_rows", ["--skip_rows", "1"]),
        ("--header no", ["--header", "no"]),
        ("--day_first", ["--day_first", "yes"]),
        ("--decimal", ["--decimal", ","]),
        ("--missing", ["--missing", "-"]),
    ]:
        assert main(["backtest", german, "--models", "Naive", "--horizon", "2", "--output", "run", *given]) == 2
        told = capsys.readouterr().err
        assert named in told and told.count("\n") == 1
        given += option
    plan = make_plan(build_parser().parse_args([german, "--models", "Naive", *given]))
    assert plan.panel.times[:12].tolist() == MONTHS.tolist()
    assert plan.panel.values[:2].tolist() == [1100.0, 2200.0] and np.isnan(plan.panel.series(1)[2])


def test_how_a_file_was_read_is_one_line_on_stderr_and_the_configuration_repeats_it(german, capsys):
    options = ["--skip_rows", "1", "--header", "no", "--day_first", "yes", "--decimal", ",", "--missing", "-"]
    assert main(["backtest", german, "--models", "Naive", "--horizon", "2", "--output", "run", *options]) == 0
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'01/02/2020' is 2020-02-01" in told and "'1.100' is 1100" in told
    config = yaml.safe_load(Path("run/config.yaml").read_text(encoding="utf-8"))
    assert {
        "skip_rows": 1,
        "header": False,
        "day_first": True,
        "decimal": ",",
        "missing": ["-"],
    }.items() <= config.items()
    assert "thousands" not in config
    assert main(["backtest", "--config", "run/config.yaml", "--output", "again"]) == 0
    one, two = BacktestResult.load("run"), BacktestResult.load("again")
    pd.testing.assert_frame_equal(one.scores, two.scores, check_exact=True)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--day_first", "maybe"], "--day_first maybe: this is no yes or no"),
        (["--skip_rows", "many"], "--skip_rows many: this is no whole number"),
    ],
)
def test_an_option_that_cannot_be_read_is_bad_usage(german, option, told, capsys):
    with pytest.raises(SystemExit) as leave:
        main(["backtest", german, *option])
    assert leave.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--decimal", ";"], ["--encoding", "klingon"], ["--time_format", "yyyy"]])
def test_an_option_that_is_not_allowed_is_bad_usage_told_in_one_line(german, option, capsys):
    assert main(["backtest", german, *option]) == 2
    told = capsys.readouterr().err
    assert option[0].removeprefix("--") in told and told.count("\n") == 1
