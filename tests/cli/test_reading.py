"""Reading options of the command line: an ambiguous file is an error that names the option."""

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tsforecast.backtest import BacktestResult
from tsforecast.cli.backtest import build_parser, make_plan
from tsforecast.cli.main import main
from tsforecast.cli.reading import with_reading

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


def test_one_message_names_all_options_that_settle_it(german, capsys):
    command = ["backtest", german, "--models", "Naive", "--horizon", "2", "--output", "run"]
    assert main(command) == 2
    told = capsys.readouterr().err
    for named in ("--header no", "--day_first yes", "--thousands .", "--missing -"):
        assert named in told
    options = shlex.split(told.partition("at once: ")[2])
    plan = make_plan(build_parser().parse_args([german, "--models", "Naive", *options]))
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


def test_every_option_of_reading_stands_in_the_configuration_of_a_run_and_resumes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    days = pd.date_range("2024-01-01", periods=20)
    rows = [(d, s, p, i, d + pd.Timedelta(days=1)) for s in "ab" for p in "xy" for i, d in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["day", "shop", "item", "sold", "known"]).assign(note="")
    shuffled = pd.concat([frame.drop(index=[7]), frame[:1]]).sample(frac=1, random_state=0)
    shuffled[:30].to_csv("one.csv", index=False)
    shuffled[30:].to_csv("two.csv", index=False)
    options = ["--id_col", "shop", "item", "--time_col", "day", "--target_col", "sold", "--drop", "note", "--sort",
               "--duplicates", "last", "--revision_col", "known", "--as_of", "2024-01-18", "--gaps", "zero",
               "--date_format", "%Y-%m-%d", "--skip_lines", "900"]  # fmt: skip
    run = ["--models", "Naive", "--horizon", "2"]
    assert main(["backtest", "one.csv", "two.csv", *options, *run, "--output", "run"]) == 0
    config = yaml.safe_load(Path("run/config.yaml").read_text(encoding="utf-8"))
    assert config["data"] == [str(tmp_path / "one.csv"), str(tmp_path / "two.csv")]
    assert config["id_col"] == ["shop", "item"] and config["time_col"] == "day" and config["gaps"] == "zero"
    assert config["sort"] is True and config["duplicates"] == "last" and config["as_of"] == "2024-01-18"
    assert config["time_format"] == "%Y-%m-%d" and config["drop"] == ["note"] and config["revision_col"] == "known"
    assert main(["backtest", "--config", "run/config.yaml", "--output", "run"]) == 0
    first = BacktestResult.load("run")
    assert sorted(first.scores["unique_id"].unique()) == ["a/x", "a/y", "b/x", "b/y"]
    assert main(["backtest", "--add", "run", "--models", "Drift"]) == 0


def test_a_configuration_takes_one_name_or_several_and_the_other_name_of_the_form_of_dates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"day": MONTHS.strftime("%Y/%d/%m"), "shop": "a", "y": range(12)}).to_csv("data.csv", index=False)
    text = "data: data.csv\nid_col: shop\ntime_col: day\ndate_format: '%Y/%d/%m'\nmodels: Naive\n"
    Path("c.yaml").write_text(text, encoding="utf-8")
    plan = make_plan(build_parser().parse_args(["--config", "c.yaml"]))
    assert plan.panel.times.tolist() == MONTHS.tolist() and plan.panel.ids.tolist() == ["a"]


def test_train_takes_the_same_options():
    given = ["fit", "--id_col", "shop", "item", "--sort", "--date_format", "%Y", "--gaps", "zero", "--config", "lstm"]
    assert with_reading(given) == [
        "fit", "--config", "lstm", '--data.reading.id_col=["shop", "item"]', "--data.reading.sort=true",
        "--data.reading.time_format=%Y", "--data.reading.gaps=zero",
    ]  # fmt: skip
