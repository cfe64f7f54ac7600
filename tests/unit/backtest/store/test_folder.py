"""A folder is checked before anything in it is changed."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import filelock
import numpy as np
import pytest

from tsforecast import Naive, Panel
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.execute.blocks import write_block
from tsforecast.exceptions import RunFolderError

CV = RollingOrigin(2, n_windows=2)
Y = np.arange(20.0)


class Spy(Naive):
    """Counts its fits and may be stopped at one."""

    fits = 0
    stop_at = None

    def _fit(self, panel):
        type(self).fits += 1
        if type(self).fits == self.stop_at:
            type(self).stop_at = None  # which makes it the state of the class, and no setting of it
            raise KeyboardInterrupt
        super()._fit(panel)


@pytest.fixture(autouse=True)
def reset():
    Spy.fits, Spy.stop_at = 0, None


def tree(folder):
    """Type, content and time of change of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (stat.S_IFMT(status.st_mode), content, status.st_mtime_ns)
    return found


def put(folder, names):
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("mine")


@pytest.mark.parametrize(
    "names",
    [
        ["notes.tmp"],
        ["deep/er/notes.tmp", "x.4711.tmp"],
        ["scores.parquet.4711.tsforecast.tmp"],
        ["parts/thesis.txt"],
        ["parts/0123456789abcdef01234567-0123456789abcdef.parquet"],
        ["parts/"],
        ["data/1-2.parquet"],
        ["config.yaml"],
        ["config.yaml", ".lock", "parts/"],
        [".lock"],
        ["manifest.json"],
        ["manifest.json", "config.yaml", "parts/mine.parquet"],
        ["forecasts/00-Spy.parquet"],
        ["scores.parquet", "summary.md"],
        [".hidden"],
    ],
    ids=lambda names: " ".join(names)[:40],
)
def test_a_foreign_folder_is_refused_and_left_as_it_is(tmp_path, names):
    folder = tmp_path / "home"
    folder.mkdir()
    put(folder, names)
    before = tree(tmp_path)
    with pytest.raises(RunFolderError, match="home"):
        backtest(Spy(), Y, cv=CV, output=folder)
    assert tree(tmp_path) == before and Spy.fits == 0


@pytest.mark.parametrize("name", ["parts", "data", "forecasts", "manifest.json", "config.yaml", ".lock"])
def test_nothing_is_touched_through_a_link_inside_a_run(tmp_path, name):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    Spy.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        backtest(Spy(), Y, cv=CV, output=folder)
    (folder / "forecasts").mkdir(exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    (folder / ".lock").touch()
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    if elsewhere.is_dir():
        put(elsewhere, ["a.tmp", "1-2.parquet", "x.1.tsforecast.tmp"])
    before, Spy.fits, Spy.stop_at = tree(tmp_path), 0, None
    with pytest.raises(RunFolderError, match=name):
        backtest(Spy(), Y, cv=CV, output=folder)
    assert tree(tmp_path) == before and Spy.fits == 0


def test_a_run_that_goes_on_leaves_files_that_are_not_its_own(tmp_path):
    folder = tmp_path / "run"
    Spy.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        backtest(Spy(), Y, cv=CV, output=folder)
    mine = ["notes.tmp", "parts/notes.tmp", "parts/mine.parquet", "deep/x.1.tsforecast.tmp", "data/results.parquet",
            "parts/0123456789abcdef01234567-0123456789abcdef.parquet"]  # fmt: skip
    put(folder, [*mine, "scores.parquet.4711.tsforecast.tmp"])
    Spy.stop_at = None
    result = backtest(Spy(), Y, cv=CV, output=folder)
    assert all((folder / name).read_text() == "mine" for name in mine)
    assert not (folder / "scores.parquet.4711.tsforecast.tmp").exists() and len(result.scores)
    assert BacktestResult.load(folder).failures.empty


def test_a_folder_that_is_itself_a_link_serves(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    backtest(Spy(), Y, cv=CV, output=tmp_path / "run")
    assert len(BacktestResult.load(tmp_path / "disk").scores)


@pytest.mark.parametrize("output", ["file", "file/below", "nowhere", "nowhere/below", "x" * 300, "a\0b", "pipe"])
def test_what_cannot_be_a_folder_is_refused_before_the_first_fit(tmp_path, output):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe")
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(RunFolderError):
        backtest(Spy(), Y, cv=CV, output=tmp_path / output)
    assert Spy.fits == 0 and {path.name for path in tmp_path.iterdir()} == before


def test_a_folder_without_permission_is_refused_before_the_first_fit(tmp_path, monkeypatch):
    before = tree(tmp_path)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    for output in (tmp_path, tmp_path / "new"):
        with pytest.raises(RunFolderError, match="no permission"):
            backtest(Spy(), Y, cv=CV, output=output)
    assert Spy.fits == 0 and tree(tmp_path) == before


@pytest.mark.parametrize("deep", ["run", "a/b/run"])
def test_on_a_full_disk_nothing_is_fitted_and_nothing_stays(tmp_path, monkeypatch, deep):
    def full(path, content):
        raise RunFolderError(f"{path} could not be written: {os.strerror(errno.ENOSPC)}.")

    monkeypatch.setattr("tsforecast.backtest.store.manifest.write_json", full)
    with pytest.raises(RunFolderError, match="No space"):
        backtest(Spy(), Y, cv=CV, output=tmp_path / deep)
    assert Spy.fits == 0 and list(tmp_path.iterdir()) == []


def test_of_two_runs_at_once_the_second_is_refused_and_touches_nothing(tmp_path):
    folder = tmp_path / "run"
    Spy.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        backtest(Spy(), Y, cv=CV, output=folder)
    Spy.fits, Spy.stop_at = 0, None
    with filelock.FileLock(folder / ".lock"):
        before = tree(folder)
        with pytest.raises(RunFolderError, match="in use"):
            backtest(Spy(), Y, cv=CV, output=folder)
        assert tree(folder) == before and Spy.fits == 0


def test_a_block_of_series_that_an_interrupted_run_left_is_written_anew(tmp_path):
    folder = tmp_path / "run"
    Spy.stop_at = 2
    with pytest.raises(KeyboardInterrupt):
        backtest(Spy(), Y, cv=CV, output=folder)
    (folder / "data").mkdir()
    write_block(folder / "data" / "0-1.parquet", Panel.from_array(Y[::-1].copy()))
    Spy.stop_at = None
    with ThreadPoolExecutor(1) as threads:
        found = backtest(Spy(), Y, cv=CV, output=folder, executor=threads)
    assert found.scores.equals(backtest(Spy(), Y, cv=CV).scores)


@pytest.mark.parametrize("left", [[".lock"], [".lock", "manifest.json.4711.tsforecast.tmp"]])
def test_a_run_that_was_killed_as_it_began_can_begin_again(tmp_path, left):
    for name in left:
        (tmp_path / name).touch()
    backtest(Spy(), Y, cv=CV, output=tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("target", ["full", "file", "file/below", "nowhere"])
def test_a_result_is_saved_into_a_new_folder_only(tmp_path, target):
    result = backtest(Spy(), Y, cv=CV)
    put(tmp_path / "full", ["notes.txt"])
    put(tmp_path, ["file"])
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    before = tree(tmp_path)
    with pytest.raises(RunFolderError):
        result.save(tmp_path / target)
    assert tree(tmp_path) == before


def test_the_name_of_a_model_may_be_longer_than_that_of_a_file(tmp_path):
    names = ["x" * 400, "x" * 400 + "y", "../../etc/passwd", "a/b", "a_b", "A_B", "ü|*"]
    result = backtest({name: Spy() for name in names}, Y, cv=CV, output=tmp_path / "run")
    assert result.forecasts["model"].nunique() == len(names) == len(list((tmp_path / "run" / "forecasts").iterdir()))
    assert max(len(path.name) for path in (tmp_path / "run" / "forecasts").iterdir()) < 80
