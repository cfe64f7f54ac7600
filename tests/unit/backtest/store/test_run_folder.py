"""A run folder: finished jobs are kept, runs are not mixed, half-written files are not used."""

import dataclasses
import errno
import importlib
import linecache
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, Panel, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.execute.blocks import read_block, write_block
from tsforecast.backtest.plan.identity import own_code
from tsforecast.backtest.plan.jobs import Failure, JobResult, join_results
from tsforecast.backtest.store.files import FrameWriter
from tsforecast.backtest.store.job_files import intact_results, read_result, write_result
from tsforecast.exceptions import RunFolderError

CV = RollingOrigin(horizon=2, n_windows=3)


def frame_of(seed=0):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(30, 3)), columns=[*"abc"])


class Counted(Naive):
    """Naive that counts its fits and may stop the run at one of them."""

    fits = 0
    stop_at = None

    def _fit(self, panel):
        type(self).fits += 1
        if type(self).fits == self.stop_at:
            type(self).stop_at = None  # which makes it the state of the class, and no setting of it
            raise KeyboardInterrupt
        super()._fit(panel)


@pytest.fixture
def counted():
    Counted.fits, Counted.stop_at = 0, None
    return Counted


def test_a_stopped_run_goes_on_with_exactly_the_jobs_that_were_not_finished(counted, tmp_path):
    whole = backtest(counted(), frame_of(), cv=CV)
    n_jobs = counted.fits
    for stop_at in range(1, n_jobs + 1):
        counted.fits, counted.stop_at = 0, stop_at
        folder = tmp_path / str(stop_at)
        with pytest.raises(KeyboardInterrupt):
            backtest(counted(), frame_of(), cv=CV, output=folder)
        counted.fits, counted.stop_at = 0, None
        resumed = backtest(counted(), frame_of(), cv=CV, output=folder)
        assert counted.fits == n_jobs - (stop_at - 1)
        pd.testing.assert_frame_equal(resumed.scores, whole.scores, check_exact=True)
        pd.testing.assert_frame_equal(resumed.forecasts, whole.forecasts, check_exact=True)


def test_a_finished_run_is_not_computed_again(counted, tmp_path):
    first = backtest(counted(), frame_of(), cv=CV, output=tmp_path / "run")
    counted.fits = 0
    again = backtest(counted(), frame_of(), cv=CV, output=tmp_path / "run")
    assert counted.fits == 0
    pd.testing.assert_frame_equal(first.scores, again.scores)
    assert not list((tmp_path / "run").rglob("*.tmp")) and not (tmp_path / "run" / "parts").exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "temporary"])
def test_a_damaged_part_is_computed_again(counted, tmp_path, damage):
    counted.stop_at = 4
    with pytest.raises(KeyboardInterrupt):
        backtest(counted(), frame_of(), cv=CV, output=tmp_path)
    victim = sorted((tmp_path / "parts").glob("*.parquet"))[0]
    content = victim.read_bytes()
    if damage == "cut":
        victim.write_bytes(content[:-20])
    elif damage == "changed":
        victim.write_bytes(content[:60] + bytes([content[60] ^ 1]) + content[61:])
    else:
        victim.rename(victim.with_name(victim.name + ".123.tsforecast.tmp"))
    counted.fits, counted.stop_at = 0, None
    resumed = backtest(counted(), frame_of(), cv=CV, output=tmp_path)
    assert counted.fits == 9 - 2
    pd.testing.assert_frame_equal(resumed.scores, backtest(Counted(), frame_of(), cv=CV).scores, check_exact=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"data": frame_of(seed=1)}, "data"),
        ({"models": {"m": SeasonalNaive(3)}}, "models"),
        ({"models": {"other": SeasonalNaive(2)}}, "models"),
        ({"cv": RollingOrigin(horizon=3, n_windows=3)}, "horizon"),
        ({"refit": "never"}, "refit"),
        ({"level": (90,)}, "level"),
        ({"metrics": ["mae"]}, "metrics"),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_a_changed_input_is_noticed_and_never_mixed_into_old_results(tmp_path, counted, change, named, finished):
    settings = {"models": {"m": SeasonalNaive(2)}, "data": frame_of(), "cv": CV}
    if finished:
        backtest(output=tmp_path, **settings)
    else:
        counted.stop_at = 2
        with pytest.raises(KeyboardInterrupt):
            backtest(output=tmp_path, **(settings | {"models": {"m": SeasonalNaive(2), "c": counted()}}))
        settings["models"] = {"m": SeasonalNaive(2), "c": counted()}
        if "models" in change:
            change = {"models": change["models"] | {"c": counted()}}
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    with pytest.raises(RunFolderError, match=rf"other .*{named}.*not mixed"):
        backtest(output=tmp_path, **(settings | change))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before


def test_other_code_of_a_model_of_ones_own_is_noticed(tmp_path, monkeypatch):
    path = tmp_path / "my_models.py"
    source = "from tsforecast import Naive\n\nclass Mine(Naive):\n    def _fit(self, panel):\n        self.extra = {}\n"
    path.write_text(source.format(1))
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = importlib.import_module("my_models").Mine
    backtest(mine(), frame_of(), cv=CV, output=tmp_path / "run")
    path.write_text(source.format(2))
    linecache.checkcache()
    with pytest.raises(RunFolderError, match="other code"):
        backtest(mine(), frame_of(), cv=CV, output=tmp_path / "run")
    assert own_code({"m": Naive()}) == {}


def test_other_package_versions_are_noticed(tmp_path, monkeypatch):
    backtest(Naive(), frame_of(), cv=CV, output=tmp_path)
    monkeypatch.setattr("tsforecast.backtest.plan.identity.package_versions", lambda: {"numpy": "0.1"})
    with pytest.raises(RunFolderError, match="packages"):
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path)


def test_two_runs_in_one_folder_are_kept_apart_by_a_lock(tmp_path):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(RunFolderError, match="in use by another run"):
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path)
    backtest(Naive(), frame_of(), cv=CV, output=tmp_path)


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunFolderError, match="other files"):
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path)


def test_a_full_disk_is_a_clear_error_and_the_run_goes_on_later(tmp_path, monkeypatch):
    real, n_parts = Path.replace, []

    def full(path, target):
        n_parts.extend([target] if target.parent.name == "parts" else [])
        if len(n_parts) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RunFolderError, match="No space left"):
        backtest([Naive(), Drift()], frame_of(), cv=CV, output=tmp_path)
    monkeypatch.undo()
    assert not list(tmp_path.rglob("*.tmp"))
    assert len(list((tmp_path / "parts").iterdir())) == 5
    resumed = backtest([Naive(), Drift()], frame_of(), cv=CV, output=tmp_path)
    pd.testing.assert_frame_equal(resumed.scores, backtest([Naive(), Drift()], frame_of(), cv=CV).scores)


def test_a_disk_that_fills_up_at_the_end_loses_nothing(counted, tmp_path, monkeypatch):
    def full(self, frame):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FrameWriter, "add", full)
    with pytest.raises(RunFolderError, match="No space left"):
        backtest(counted(), frame_of(), cv=CV, output=tmp_path)
    monkeypatch.undo()
    counted.fits = 0
    resumed = backtest(counted(), frame_of(), cv=CV, output=tmp_path)
    assert counted.fits == 0 and not list(tmp_path.rglob("*.tmp"))
    pd.testing.assert_frame_equal(resumed.scores, backtest(counted(), frame_of(), cv=CV).scores, check_exact=True)


_LIMITED = """
import resource, sys
import numpy as np
from tsforecast import Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.exceptions import RunFolderError

y = np.random.default_rng(0).normal(size=(60, 80)).cumsum(axis=0)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), most))
try:
    backtest([Naive(), Drift()], y, cv=RollingOrigin(6, n_windows=5), output=sys.argv[1], executor=None)
except RunFolderError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files cannot be limited there")
@pytest.mark.parametrize(("n_bytes", "n_parts"), [(100, 0), (7_000, 20), (20_000, 40)])
def test_a_write_that_the_system_breaks_off_is_a_clear_error_and_the_run_goes_on_later(tmp_path, n_bytes, n_parts):
    def run(limit):
        command = [sys.executable, "-c", _LIMITED, str(tmp_path / "run"), str(limit)]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    broken = run(n_bytes)
    assert broken.returncode != 0 and "File too large" in broken.stdout, broken.stderr
    assert not list(tmp_path.rglob("*.tmp"))
    assert len(list(tmp_path.glob("run/parts/*"))) >= n_parts
    done = run(10_000_000)
    assert done.returncode == 0, done.stdout + done.stderr
    whole = run_of_this_process()
    pd.testing.assert_frame_equal(BacktestResult.load(tmp_path / "run").scores, whole.scores, check_exact=True)


def test_what_a_run_that_was_killed_as_it_ended_left_undone_is_made_good(tmp_path, monkeypatch):
    def killed(*args):
        raise KeyboardInterrupt

    y = np.random.default_rng(0).normal(size=(30, 3))
    for name in ("store.run_folder.clear_results", "run.BacktestResult.write_summary"):
        folder = tmp_path / name
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(f"tsforecast.backtest.{name}", killed)
            backtest(Naive(), y, cv=CV, output=folder)
        (folder / "scores.parquet.4711.tsforecast.tmp").touch()
        backtest(Naive(), y, cv=CV, output=folder)
        assert (folder / "summary.md").is_file() and not (folder / "parts").exists() and not list(folder.glob("*.tmp"))
        assert "summary.md" in BacktestResult.load(folder).manifest["files"]


def test_what_a_killed_worker_left_is_gone_when_the_run_ends(tmp_path):
    key = "0123456789abcdef01234567"

    def leave(done, total, model):
        if done == 2:
            (tmp_path / "data").mkdir(exist_ok=True)
            for name in (f"parts/{key}-0123456789abcdef.parquet.4711.tsforecast.tmp", f"data/{key}_0_1.beat"):
                (tmp_path / name).touch()

    backtest(Naive(), frame_of(), cv=CV, output=tmp_path, executor=None, on_progress=leave)
    assert not (tmp_path / "parts").exists() and not (tmp_path / "data").exists()


def run_of_this_process():
    y = np.random.default_rng(0).normal(size=(60, 80)).cumsum(axis=0)
    return backtest([Naive(), Drift()], y, cv=RollingOrigin(6, n_windows=5))


def test_an_unfinished_run_cannot_be_loaded_as_if_it_were(counted, tmp_path):
    counted.stop_at = 3
    with pytest.raises(KeyboardInterrupt):
        backtest(counted(), frame_of(), cv=CV, output=tmp_path)
    with pytest.raises(RunFolderError, match="not finished"):
        BacktestResult.load(tmp_path)


def part_of(rng, n_series, failures=()):
    mean, quantiles = rng.normal(size=(2, n_series, 3)), rng.normal(size=(2, n_series, 3, 2))
    warned, parts = {"UserWarning: x": 2}, {"half": mean / 2, "none": 0 * mean}
    return JobResult(mean, quantiles, (1.0, 0.0), (0.5, 0.25), tuple(failures), warned, parts)


def test_a_part_comes_back_from_its_file_as_it_was(tmp_path):
    part, key = part_of(np.random.default_rng(0), 4, [Failure(1, 2, "FitError", "no\nluck")]), "a" * 24
    path = write_result(tmp_path, key, part)
    assert intact_results(tmp_path, {key}) == {key: path} and intact_results(tmp_path, {"b" * 24}) == {}
    back = read_result(path)
    np.testing.assert_array_equal(back.mean, part.mean)
    np.testing.assert_array_equal(back.quantiles, part.quantiles)
    assert list(back.parts) == ["half", "none"]
    np.testing.assert_array_equal(back.parts["half"], part.parts["half"])
    assert (back.failures, back.fit_seconds, back.predict_seconds, back.warned) == (
        part.failures, part.fit_seconds, part.predict_seconds, part.warned,
    )  # fmt: skip


def test_joined_parts_are_series_after_series_with_places_counted_on():
    rng = np.random.default_rng(0)
    parts = [part_of(rng, 2, [Failure(1, 0, "E", "m")]), part_of(rng, 3, [Failure(0, 2, "E", "n")])]
    whole = join_results(parts)
    np.testing.assert_array_equal(whole.mean, np.concatenate([p.mean for p in parts], axis=1))
    assert [(f.window, f.position) for f in whole.failures] == [(0, 4), (1, 0)]
    np.testing.assert_array_equal(whole.parts["half"], whole.mean / 2)
    bare = join_results([parts[0], dataclasses.replace(parts[1], parts={})])
    assert np.isnan(bare.parts["none"][:, 2:]).all() and (bare.parts["none"][:, :2] == 0).all()
    assert whole.fit_seconds == (2.0, 0.0) and whole.warned == {"UserWarning: x": 4}


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2020-01-01", periods=5, freq="D", tz="Europe/Berlin"),
        pd.period_range("2020-01", periods=5, freq="M"),
        pd.RangeIndex(3, 18, 3),
    ],
    ids=["zoned", "periods", "integers"],
)
def test_a_block_comes_back_from_its_file_with_the_same_fingerprint(tmp_path, index):
    frame = pd.DataFrame(np.arange(10.0).reshape(5, 2), index=index, columns=["a", "b"])
    frame.iloc[4, 1] = np.nan
    panel = Panel.from_wide(frame)
    panel = panel.with_covariates(np.arange(9.0)[:, None], ["price"])
    write_block(tmp_path / "block.parquet", panel)
    assert read_block(tmp_path / "block.parquet").fingerprint() == panel.fingerprint()


_SCRIPT = """
import os, pathlib, random, signal, sys, threading, time
import numpy as np
from tsforecast import Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest

class Slow(Naive):
    def _fit(self, panel):
        time.sleep(0.01)
        super()._fit(panel)

def die(n_parts):
    while len(list(pathlib.Path(sys.argv[1]).glob("parts/*.parquet"))) < n_parts:
        time.sleep(0.001)
    time.sleep(random.Random(n_parts).random() * 0.02)
    os.kill(os.getpid(), signal.SIGKILL)

if len(sys.argv) > 2:
    threading.Thread(target=die, args=(int(sys.argv[2]),), daemon=True).start()
y = np.random.default_rng(0).normal(size=(40, 4))
backtest([Slow(), Drift()], y, cv=RollingOrigin(2, n_windows=6), output=sys.argv[1])
"""


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_as_one_that_never_was(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(_SCRIPT)
    codes = []
    for n_parts in ([0], [9], [20], [33], [46], []):
        command = [sys.executable, str(script), str(tmp_path / "killed"), *map(str, n_parts)]
        codes.append(subprocess.run(command, timeout=600, check=False).returncode)
    assert codes[-1] == 0 and codes.count(-signal.SIGKILL) >= 3  # one that was done sooner is not killed
    subprocess.run([sys.executable, str(script), str(tmp_path / "whole")], check=True)
    killed, whole = ({p.name: p.read_bytes() for p in _outcomes(tmp_path / name)} for name in ("killed", "whole"))
    assert killed == whole and len(whole) == 4
    assert not list((tmp_path / "killed").rglob("*.tmp"))


def _outcomes(folder: Path):
    return [*(folder / "forecasts").iterdir(), folder / "scores.parquet", folder / "failures.parquet"]


def test_results_do_not_depend_on_where_they_are_kept(tmp_path):
    models = [Naive(), HistoricAverage()]
    memory = backtest(models, frame_of(), cv=CV, refit=2)
    folder = backtest(models, frame_of(), cv=CV, refit=2, output=tmp_path)
    pd.testing.assert_frame_equal(memory.scores, folder.scores, check_exact=True)
    pd.testing.assert_frame_equal(memory.forecasts, folder.forecasts, check_exact=True)


@pytest.mark.parametrize("ids", [[7, 3, 11], ["b", "a", "c"], pd.date_range("2020-01-01", periods=3)], ids=str)
def test_series_may_have_names_of_any_kind(tmp_path, ids):
    frame = frame_of().set_axis(ids, axis=1)
    models = [Naive(), Drift(), SeasonalNaive(3)]
    memory = backtest(models, frame, cv=CV)
    folder = backtest(models, frame, cv=CV, output=tmp_path)
    pd.testing.assert_frame_equal(memory.leaderboard().iloc[:, :-2], folder.leaderboard().iloc[:, :-2])
    assert memory.verdict() == folder.verdict()
    pd.testing.assert_frame_equal(memory.dm("Naive", "Drift"), folder.dm("Naive", "Drift"))
    pd.testing.assert_frame_equal(memory.calibration(), folder.calibration())
