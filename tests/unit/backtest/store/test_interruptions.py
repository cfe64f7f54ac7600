"""A run that stops at any of its file operations can be resumed with the same result, and changes no other files."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.store.files import is_temporary
from tsforecast.exceptions import RunFolderError

sys.path.insert(0, str(Path(__file__).parents[3]))
from executor_here import Here
from failing_disk import FailingDisk, Killed

sys.path.pop(0)

Y = pd.DataFrame(np.random.default_rng(0).normal(size=(14, 2)), columns=["a", "b"])
SETTINGS = {"cv": RollingOrigin(2, n_windows=2), "metrics": ["mae", "coverage"], "level": (80,)}
EVERY = 30


@pytest.fixture(autouse=True, scope="module")
def short_summary():
    """An empty summary: the real one takes half the time of a run and no file operation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tsforecast.backtest.backtest_result.markdown", lambda result: "# A summary\n")
        yield


def run(folder, executor):
    return backtest([Naive(), Drift()], Y, output=folder, executor=executor and executor(), **SETTINGS)


def outcomes(folder):
    """The files of a run that hold no times, after a check that its folder is whole and holds nothing else."""
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in paths if is_temporary(path)] and not (folder / "parts").exists()
    assert not (folder / "data").exists()
    timed = {".lock", "manifest.json", "timings.parquet", "timings.md"}
    return {path: (folder / path).read_bytes() for path in paths if path not in timed and "summary" not in path}


def others(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    run(folder, None)
    return outcomes(folder)


@pytest.fixture(scope="module")
def n_operations(tmp_path_factory):
    """Number of file operations of a whole run, by where its jobs run."""
    counts = {}
    for executor in (None, Here):
        disk = FailingDisk(tmp_path_factory.mktemp("counted") / "run", 10**9, "killed")
        with pytest.MonkeyPatch.context() as patch:
            disk.patch(patch)
            run(Path(disk.folder), executor)
        counts[executor] = disk.n_done
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("executor", [None, Here], ids=["here", "executor"])
@pytest.mark.parametrize(
    ("how", "first", "error"), [("stopped", 1, KeyboardInterrupt), ("killed", 5, Killed), ("full", 9, RunFolderError)]
)
def test_a_run_that_ends_at_any_operation_goes_on_to_the_last_bit(
    how, first, error, executor, whole, n_operations, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis.tex").write_text("years of work")
    for at in range(first, n_operations[executor] + 1, EVERY):
        disk = FailingDisk(tmp_path / str(at), at, how)
        folder = Path(disk.folder)
        with pytest.MonkeyPatch.context() as patch:
            disk.patch(patch)
            try:
                run(folder, executor)
            except error as met:
                assert how != "full" or str(folder) in str(met)
                assert how != "killed" or disk.n_done >= at
            else:  # the disk was full only when nothing needed room any more
                assert how == "full" and outcomes(folder) == whole
        assert not disk.elsewhere, f"operation {at} touched {disk.elsewhere}"
        if how == "full":
            assert not [path for path in folder.rglob("*") if is_temporary(path.name)], f"operation {at} left a file"
        run(folder, None)
        assert outcomes(folder) == whole, f"other results after operation {at}"
        BacktestResult.load(folder)
    assert others(tmp_path) == {"thesis.tex": b"years of work"}
