"""Equal runs have equal summaries, to the byte, wherever their jobs ran; what differs stands in timings.md."""

import json
import time
import warnings
from concurrent.futures import Executor, Future

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.report.timings import timings_page
from tsforecast.cli.main import main
from tsforecast.exceptions import FitError

CV = RollingOrigin(3, n_windows=2)
WARNED = set()


class Troubled(HistoricAverage):
    """Fails on a series, warns of another at each fit and once in a process, and takes its time."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _fit(self, panel):
        time.sleep(0.001 * np.random.default_rng().uniform())
        warnings.warn("It warns at each fit.", RuntimeWarning, stacklevel=1)
        if "once" not in WARNED:
            WARNED.add("once")
            warnings.warn(f"It warns once in a process, of {object()!r}.", UserWarning, stacklevel=1)
        if "s1" in panel.ids:
            raise FitError("It fails.", failures={"s1": f"{object()!r} cannot be | fitted\nat all"})
        return super()._fit(panel)


class Backwards(Executor):
    """Runs tasks in this process, the last of those that were handed in together first."""

    _max_workers = 3

    def __init__(self):
        self.held = []

    def submit(self, function, task):
        future = Future()
        self.held.append((future, function, task))
        if len(self.held) == 2:
            for held, work, given in reversed(self.held):
                held.set_result(work(given))
            self.held = []
        return future


def run(folder, **settings):
    WARNED.clear()
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(30, 4)).cumsum(axis=0)).add_prefix("s")
    models = {"Troubled": Troubled(), "Naive": Naive(), "Drift": Drift()}
    return backtest(models, frame, cv=CV, seeds=2, output=folder, **settings)


def stop_at(n_jobs):
    def on_progress(done, total, model):
        if done == n_jobs:
            raise KeyboardInterrupt

    return on_progress


def test_equal_runs_have_the_same_summary_to_the_byte_and_timings_beside_it(tmp_path):
    run(tmp_path / "here", executor=None)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "resumed", executor=None, on_progress=stop_at(5))
    run(tmp_path / "resumed", executor=None)
    run(tmp_path / "elsewhere", executor=Backwards())
    run(None, executor=None).save(tmp_path / "saved")
    pages = {name: (tmp_path / name / "summary.md").read_bytes() for name in ("here", "resumed", "elsewhere", "saved")}
    assert len(set(pages.values())) == 1
    page = pages["here"].decode()
    assert "| Troubled | FitError |" in page and "object at 0x...> cannot be \\| fitted |" in page
    assert "| Troubled | RuntimeWarning | It warns at each fit. |" in page and "UserWarning" in page
    for name in pages:
        assert {"summary.md", "timings.md"} <= set(json.loads((tmp_path / name / "manifest.json").read_text())["files"])


def test_seconds_and_costs_stand_in_the_timings_and_nowhere_in_the_summary(tmp_path):
    result = run(tmp_path / "run", executor=None)
    page, timings = ((tmp_path / "run" / name).read_text() for name in ("summary.md", "timings.md"))
    for word in ("Fit s", "Predict s", "Milliseconds", "cost"):
        assert word in timings and word not in page
    total = result.seconds().set_index("model").loc["Troubled", "fit_seconds"]
    assert f"| Troubled | 16 | {total:.2f} |" in timings
    assert timings == timings_page(BacktestResult.load(tmp_path / "run").run)
    counts = result.warnings.set_index("warning")["count"].groupby(level=0).sum()
    assert f"| Troubled | RuntimeWarning | {counts['RuntimeWarning: It warns at each fit.']} |" in timings


def test_timings_of_a_run_in_which_nothing_was_finished_have_no_costs():
    result = backtest(SeasonalNaive(0), np.arange(9.0), cv=RollingOrigin(1), metrics=["mae"], level=())
    assert "## Seconds" in timings_page(result.run) and "cost" not in timings_page(result.run)


@pytest.mark.slow
def test_the_command_gives_the_same_summary_in_processes_resumed_and_from_a_copy_of_the_data(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)).cumsum(axis=0) + 5, columns=["a", "b", "c"])
    frame["flat"] = 1.0
    frame.insert(0, "month", pd.date_range("2015-01-01", periods=60, freq="MS"))
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        frame.to_csv(tmp_path / folder / "my.csv", index=False)
    models = ["--models", "Naive", "SARIMA(order=(2,1,2))", "SeasonalNaive(season_length=0)", "--horizon", "4"]

    def command(folder, *more):
        return main(
            ["backtest", str(tmp_path / folder / "my.csv"), *models, "--output", str(tmp_path / folder / "run"), *more]
        )

    assert command("one", "--executor", "here") == 0
    with monkeypatch.context() as patch:
        patch.setattr(
            "tsforecast.cli.progress.Bar.watch", lambda bar, told: stop_at(4)(told.done, told.total, told.model)
        )
        assert command("two", "--executor", "here") == 130
    assert command("two", "--executor", "processes") == 0
    one, two = ((tmp_path / folder / "run" / "summary.md").read_bytes() for folder in ("one", "two"))
    assert one == two and str(tmp_path).encode() not in one
