"""Models added to a finished run: the run is then as if all had been run together, and it is whole at every moment."""

import concurrent.futures
import dataclasses
import os
import shutil
import sys
from concurrent.futures import Executor
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, LSTM, Drift, Ensemble, HistoricAverage, LinearAR, Naive, Panel, SeasonalNaive, Tuned
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.store.folder import STAGE
from tsforecast.backtest.store.manifest import MANIFEST, read_manifest, write_manifest
from tsforecast.exceptions import ExecutorError, LeakError, ParameterError, RunFolderError

sys.path.insert(0, str(Path(__file__).parents[3]))
from executor_here import Here
from failing_disk import FailingDisk, Killed

sys.path.pop(0)

EVERY = 23  # operations from one that fails to the next
TIMED = {".lock", "manifest.json", "timings.parquet", "timings.md"}


def wide(n_obs=16, **index):
    values = np.random.default_rng(0).normal(size=(n_obs, 2)).cumsum(axis=0)
    return pd.DataFrame(values, columns=["a", "b"], index=pd.date_range("2020", periods=n_obs, freq="MS"))


def short():
    frame = wide()
    frame.iloc[:13, 1] = np.nan
    return frame


SETTINGS = {"cv": RollingOrigin(2, n_windows=2), "metrics": ["mae", "coverage"], "level": (80,), "executor": None}


class Counted(Naive):
    """Naive that counts its fits."""

    fits = 0

    def _fit(self, panel):
        type(self).fits += 1
        super()._fit(panel)


class Broken(Naive):
    """A model that fails on every series."""

    def _fit(self, panel):
        raise ParameterError("It is broken.")


class Drawn(Naive):
    """Naive plus noise, so that seeds differ."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def _predict(self, panel, horizon, X, levels):
        forecast = super()._predict(panel, horizon, X, levels)
        noise = np.random.default_rng(self.random_state).normal(size=forecast.mean.shape)
        return dataclasses.replace(forecast, mean=forecast.mean + noise)


class Leaky(Naive):
    """A model whose forecasts depend on what other clones of it did."""

    calls = 0

    def _predict(self, panel, horizon, X, levels):
        type(self).calls += 1
        forecast = super()._predict(panel, horizon, X, levels)
        return dataclasses.replace(forecast, mean=forecast.mean + type(self).calls)


@pytest.fixture(autouse=True, scope="module")
def short_summary():
    """An empty summary: the real one takes most of the time of a run and no file operation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsforecast.backtest.backtest_result.markdown", lambda result: "# A summary\n")
        yield


def files(folder):
    """The content of the files of a run that hold no times."""
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return {path: (folder / path).read_bytes() for path in paths if path not in TIMED}


def facts(folder):
    """The manifest of a run but for times and the checksums of files that hold some."""
    manifest = read_manifest(folder)
    manifest["files"] = {name: known for name, known in manifest["files"].items() if name not in TIMED} | {
        "summary": "summary.md" in manifest["files"]
    }
    return {name: part for name, part in manifest.items() if name not in ("started", "finished")}


QUICK = {"hidden_size": 2, "n_members": 1, "max_epochs": 1}
CASES = {
    "plain": ([Naive(), Drift()], [HistoricAverage(), SeasonalNaive(2)], wide, {}),
    "seeds": ([Naive()], [Drawn()], wide, {"seeds": [5, 6]}),
    "fitted once": ([Naive()], [ARIMA((1, 0, 0))], wide, {"refit": "never"}),
    "months as periods": ([Naive()], [Drift()], lambda: wide().to_period("M"), {}),
    "an array": ([Naive()], [Drift()], lambda: wide().to_numpy(), {}),
    "quantiles": ([Naive()], [Drift()], wide, {"quantiles": [0.3], "metrics": ["wql", "mae"]}),
    "failures before": ([Naive(), Broken()], [Drift()], wide, {}),
    "failures of the new": ([Naive(), Drift()], [Broken()], wide, {}),
    "failures alone": ([Broken()], [Naive()], wide, {}),
    "too short: skip": ([Drift()], [SeasonalNaive(3)], short, {"too_short": "skip"}),
    "too short: naive": ([Naive(), Drift()], [SeasonalNaive(3)], short, {"too_short": "naive"}),
    "budget": ([Naive()], [SeasonalNaive(2), ARIMA()], wide, {"budget": 1}),
    "parameters that are forecasters": ([Naive()], [Ensemble([Naive(), Drift()])], wide, {}),
    "a network, then its linear part": ([LSTM(**QUICK)], [LinearAR()], lambda: wide(40), {}),
    "a linear model, then a network": ([Naive(), LinearAR()], [LSTM(**QUICK)], lambda: wide(40), {}),
    "audited": ([Naive()], [Drift()], wide, {"audit": True}),
    "static columns": (
        [Naive()],
        [Drift()],
        lambda: Panel.from_wide(wide()).with_static(pd.DataFrame({"unique_id": ["b", "a"], "kind": ["x", None]})),
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_folder_is_as_if_all_models_had_been_run_together(case, tmp_path):
    first, then, data, settings = CASES[case]
    settings = SETTINGS | settings
    backtest(first, data(), output=tmp_path / "run", **settings)
    before = files(tmp_path / "run")
    added = backtest(then, data(), output=tmp_path / "run", add=True, **settings)
    together = backtest([*first, *then], data(), output=tmp_path / "whole", **settings)
    after = files(tmp_path / "run")
    assert after == files(tmp_path / "whole")
    assert facts(tmp_path / "run") == facts(tmp_path / "whole")
    assert all(after[name] == content for name, content in before.items() if name.startswith("forecasts"))
    for result in (added, BacktestResult.load(tmp_path / "run")):
        assert result.models == together.models and result.config == together.config
        board, expected = (
            each.leaderboard().drop(columns=["fit_seconds", "predict_seconds"]) for each in (result, together)
        )
        pd.testing.assert_frame_equal(board, expected)
        assert len(result.timings) == len(together.timings)
        pd.testing.assert_frame_equal(result.failures, together.failures)
        pd.testing.assert_frame_equal(result.run.parts, together.run.parts, check_dtype=len(together.run.parts) > 0)
    again = backtest([*first, *then], data(), output=tmp_path / "run", **settings)  # the finished run, read
    pd.testing.assert_frame_equal(again.timings, added.timings)


def test_jobs_of_models_that_are_there_do_not_run_again(tmp_path, caplog):
    Counted.fits = 0
    backtest({"counted": Counted()}, wide(), output=tmp_path, **SETTINGS)
    n_fits = Counted.fits
    backtest({"counted": Counted(), "other": Drift()}, wide(), output=tmp_path, add=True, **SETTINGS)
    assert Counted.fits == n_fits
    before = files(tmp_path)
    with caplog.at_level("INFO", "tsforecast.backtest"):
        result = backtest({"other": Drift()}, wide(), output=tmp_path, add=True, **SETTINGS)
    assert "In the run already, with the same parameters: other; nothing is left to do." in caplog.text
    assert result.models == ["counted", "other"] and files(tmp_path) == before


@pytest.mark.parametrize("workers", [None, "own"])
def test_workers_give_the_same_as_this_process(workers, tmp_path):
    backtest(Naive(), wide(), output=tmp_path / "run", **SETTINGS)
    backtest([Naive(), Drift()], wide(), output=tmp_path / "whole", **SETTINGS)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        executor = threads if workers else Here()
        backtest(Drift(), wide(), output=tmp_path / "run", add=True, **SETTINGS | {"executor": executor})
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def test_models_can_be_added_after_the_folder_was_moved_and_more_than_once(tmp_path):
    backtest(Naive(), wide(), output=tmp_path / "here", **SETTINGS)
    shutil.move(tmp_path / "here", tmp_path / "there")
    for model in (Drift(), HistoricAverage()):
        backtest(model, wide(), output=tmp_path / "there", add=True, **SETTINGS)
    backtest([Naive(), Drift(), HistoricAverage()], wide(), output=tmp_path / "whole", **SETTINGS)
    assert files(tmp_path / "there") == files(tmp_path / "whole")


OTHERS = {
    "data": ({"data": wide() + 1}, "data: fingerprint was"),
    "more data": ({"data": wide(17)}, "n_obs was 32, is 34"),
    "horizon": ({"cv": RollingOrigin(3, n_windows=2)}, "horizon was 2, is 3"),
    "metrics": ({"metrics": ["mae"]}, "metrics was"),
    "seeds": ({"seeds": 2}, r"seeds was None, is \[0, 1\]"),
    "refit": ({"refit": "never"}, "refit was always, is never"),
    "audit": ({"audit": True}, "audit was False, is True"),
    "too_short": ({"too_short": "skip"}, "too_short was error, is skip"),
    "budget": ({"budget": 3}, "budget was None, is 3"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_data_and_settings_are_an_error_before_any_fit(other, tmp_path):
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    before, n_fits = files(tmp_path), Counted.fits
    change, told = OTHERS[other]
    with pytest.raises(RunFolderError, match=f"holds a run with other.*{told}"):
        backtest({"m": Counted()}, **{"data": wide(), "output": tmp_path, "add": True, **SETTINGS, **change})
    assert files(tmp_path) == before and Counted.fits == n_fits


@pytest.mark.parametrize("model", [SeasonalNaive(3), Drift(), Tuned(SeasonalNaive(2), {"season_length": [2]})])
def test_another_model_of_the_same_name_is_an_error(model, tmp_path):
    backtest({"m": SeasonalNaive(2)}, wide(), output=tmp_path, **SETTINGS)
    with pytest.raises(ParameterError, match=r"another model called 'm' \(it was SeasonalNaive\(season_length=2\), is"):
        backtest({"m": model}, wide(), output=tmp_path, add=True, **SETTINGS)


def test_a_run_that_is_not_there_not_finished_or_of_another_version_is_an_error(tmp_path):
    with pytest.raises(ParameterError, match="add=True needs output"):
        backtest(Naive(), wide(), add=True, **SETTINGS)
    with pytest.raises(RunFolderError, match="is not there"):
        backtest(Naive(), wide(), output=tmp_path / "none", add=True, **SETTINGS)
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    manifest = read_manifest(tmp_path)
    write_manifest(tmp_path, manifest | {"status": "running"})
    with pytest.raises(RunFolderError, match="not finished"):
        backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)
    packages = manifest["identity"]["packages"] | {"tsforecast": "99.0"}
    write_manifest(tmp_path, manifest | {"identity": manifest["identity"] | {"packages": packages}})
    with pytest.raises(RunFolderError, match=r"other packages \(packages: tsforecast was 99\.0, is"):
        backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)


def test_a_folder_in_use_is_an_error(tmp_path):
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(RunFolderError, match="in use by another run"):
        backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)


def test_a_file_of_the_run_that_was_changed_is_an_error(tmp_path):
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    (tmp_path / "scores.parquet").write_bytes(b"nothing")
    with pytest.raises(RunFolderError, match=r"scores\.parquet was changed"):
        backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)


def test_an_added_model_that_leaks_is_found_and_the_run_stays_as_it_was(tmp_path):
    settings = SETTINGS | {"audit": True}
    backtest(Naive(), wide(), output=tmp_path, **settings)
    before = files(tmp_path)
    with pytest.raises(LeakError, match="'Leaky'"):
        backtest(Leaky(), wide(), output=tmp_path, add=True, **settings)
    assert {name: content for name, content in files(tmp_path).items() if not name.startswith("parts/")} == before
    assert BacktestResult.load(tmp_path).models == ["Naive"]


def add_drift(folder, executor=None):
    return backtest(Drift(), wide(), output=folder, add=True, **SETTINGS | {"executor": executor and executor()})


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run, the same with a model added, and the number of file operations of adding it."""
    folder = tmp_path_factory.mktemp("runs")
    backtest(Naive(), wide(), output=folder / "before", **SETTINGS)
    counts = {}
    for executor in (None, Here):
        shutil.copytree(folder / "before", folder / f"after{executor}")
        disk = FailingDisk(folder / f"after{executor}", 10**9, "killed")
        with pytest.MonkeyPatch.context() as patch:
            disk.patch(patch)
            add_drift(Path(disk.folder), executor)
        counts[executor] = disk.n_done
    return folder / "before", files(folder / "afterNone"), counts


@pytest.mark.slow
@pytest.mark.parametrize("executor", [None, Here], ids=["here", "executor"])
@pytest.mark.parametrize(
    ("how", "first", "error"), [("stopped", 1, KeyboardInterrupt), ("killed", 2, Killed), ("full", 3, RunFolderError)]
)
def test_an_addition_that_ends_at_any_operation_leaves_a_whole_run_and_goes_on_to_the_last_bit(
    how, first, error, executor, runs, tmp_path
):
    before, after, counts = runs
    seen = set()
    for at in range(first, counts[executor] + 1, EVERY):
        disk = FailingDisk(tmp_path / str(at), at, how)
        folder = Path(disk.folder)
        shutil.copytree(before, folder)
        with pytest.MonkeyPatch.context() as patch:
            disk.patch(patch)
            try:
                add_drift(folder, executor)
            except error as met:
                assert how != "full" or str(folder) in str(met)
        assert not disk.elsewhere, f"operation {at} touched {disk.elsewhere}"
        found = BacktestResult.load(folder)
        seen.add(tuple(found.models))
        assert found.forecasts["model"].unique().tolist() == found.models == found.cells["model"].unique().tolist()
        add_drift(folder)
        assert files(folder) == after, f"other results after operation {at}"
        BacktestResult.load(folder)
        shutil.rmtree(folder)
    assert seen <= {("Naive",), ("Naive", "Drift")}  # before all files were written, and after


def test_a_stop_while_files_are_put_in_place_is_made_good_by_the_next_reader(tmp_path, monkeypatch):
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    real, moved = Path.replace, []

    def replace(self, target):
        if self.parent.name == STAGE and self.suffix == ".parquet":
            moved.append(self.name)
            if len(moved) == 2:
                raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)
    assert (tmp_path / STAGE / MANIFEST).exists()
    monkeypatch.undo()
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(RunFolderError, match="in use"):
        BacktestResult.load(tmp_path)
    result = BacktestResult.load(tmp_path)
    assert result.models == ["Naive", "Drift"] and not (tmp_path / STAGE).exists()
    os.truncate(tmp_path / "config.yaml", 3)
    with pytest.raises(RunFolderError, match="changed"):
        BacktestResult.load(tmp_path)


def test_a_damaged_file_on_the_stage_is_not_put_in_place(tmp_path, monkeypatch):
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    monkeypatch.setattr("tsforecast.backtest.store.addition.put_in_place", lambda folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)
    before = files(tmp_path)
    (tmp_path / STAGE / "scores.parquet").write_bytes(b"half")
    with pytest.raises(RunFolderError, match=r"adding/scores\.parquet was changed or damaged"):
        BacktestResult.load(tmp_path)
    assert files(tmp_path) == before | {f"{STAGE}/scores.parquet": b"half"}


def test_a_result_that_was_read_before_models_were_added_stays_as_it_was(tmp_path):
    result = backtest([Naive(), HistoricAverage()], wide(), output=tmp_path, **SETTINGS)
    read = BacktestResult.load(tmp_path)
    backtest(Drift(), wide(), output=tmp_path, add=True, **SETTINGS)
    for each in (result, read):
        assert each.leaderboard()["model"].tolist() == result.leaderboard()["model"].tolist()
        assert set(each.scores["model"]) == set(each.forecasts["model"]) == {"Naive", "HistoricAverage"}


class Gone(Executor):
    """An executor that takes no jobs."""

    def submit(self, function, task):
        raise RuntimeError("cannot schedule new futures after shutdown")


def test_the_loss_of_all_workers_is_told_with_how_to_go_on(tmp_path):
    backtest(Naive(), wide(), output=tmp_path, **SETTINGS)
    with pytest.raises(ExecutorError, match=r"To go on, with this executor or another: backtest\(.*, add=True\)"):
        add_drift(tmp_path, Gone)
    assert BacktestResult.load(tmp_path).models == ["Naive"]
    assert add_drift(tmp_path).models == ["Naive", "Drift"]
