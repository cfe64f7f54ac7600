"""`tsforecast backtest`: the metrics shown, and series that are too short."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tsforecast.backtest import BacktestResult
from tsforecast.cli.main import main
from tsforecast.metrics.choose import DEFAULT_METRICS


@pytest.fixture
def long_csv(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    index = pd.date_range("2015-01-01", periods=60, freq="MS")
    rows = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": index[-n:], "y": 100 + rng.normal(size=n).cumsum()})
        for i, n in enumerate([60, 60, 60, 9, 5])
    ]
    pd.concat(rows).to_csv(tmp_path / "long.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return str(tmp_path / "long.csv")


def backtest(path, *options):
    return main(["backtest", path, "--models", "SeasonalNaive", "--executor", "here", "--output", "run", *options])


def test_every_metric_that_is_asked_for_is_shown(long_csv, capsys):
    metrics = ["mase", "mape", "rmsse", "pooled_wape"]
    assert backtest(long_csv, "--too_short", "skip", "--metrics", *metrics) == 0
    table = capsys.readouterr().out
    for title in ("MASE", "MAPE %", "RMSSE", "WAPE pooled"):
        assert title in table


def test_short_series_are_all_named_and_the_way_on_goes_on(long_csv, capsys):
    assert backtest(long_csv) == 2
    told = capsys.readouterr().err
    assert "2 of 5 series are too short" in told and "'s3'" in told and "'s4'" in told and "too_short='skip'" in told
    assert backtest(long_csv, "--too_short", "naive", "--horizon", "3") == 0
    result = BacktestResult.load("run")
    assert result.models == ["SeasonalNaive", "Naive"] and set(result.failures["unique_id"]) == {"s3", "s4"}
    again = main(["backtest", "--config", "run/config.yaml", "--output", "again", "--executor", "here"])
    assert again == 0 and yaml.safe_load(Path("run/config.yaml").read_text())["too_short"] == "naive"
    pd.testing.assert_frame_equal(BacktestResult.load("again").scores, result.scores, check_exact=True)


def test_the_default_metrics_of_the_command_are_those_of_the_function():
    from tsforecast.cli.backtest import build_parser

    assert tuple(build_parser().get_defaults().metrics) == DEFAULT_METRICS
