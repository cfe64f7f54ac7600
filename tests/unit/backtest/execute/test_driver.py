"""Jobs on executors: results are the same on every executor, even when workers die."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, Naive, SeasonalNaive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.execute import driver as execute
from tsforecast.backtest.execute import workers
from tsforecast.backtest.store.files import is_temporary
from tsforecast.backtest.store.folder import _BLOCK_FILE
from tsforecast.exceptions import RunFolderError

CV = RollingOrigin(horizon=2, n_windows=3)
NAMES = [f"s{i}" for i in range(20)]


WAIT = 600  # seconds that a test waits for another process: far more than any needs on a loaded machine
# A series that kills its worker has five or more sets of workers begin one after the other, each with its imports: 40
# seconds on a quiet machine, 200 with a load of 17 on two cores.
WAIT_FOR_DEATHS = 4 * WAIT


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(execute, "_SETTLE", 0.0)


def frame_of(n_obs=30):
    return pd.DataFrame(np.random.default_rng(0).normal(size=(n_obs, 20)), columns=NAMES)


class KilledWorker(Exception):  # noqa: N818 (the name counts)
    """Has the name of Dask's exception."""


class Deadly(Executor):
    """Runs tasks at once; the worker dies on certain series of a model called "deadly", and once on some others."""

    def __init__(self, series=(), by_chance=0):
        self.series, self.by_chance, self.n_run = set(series), by_chance, 0

    def submit(self, function, task):
        future = Future()
        self.n_run += 1
        ids = {NAMES[i] for i in range(task.jobs[0].first, task.jobs[0].stop)}
        if self.by_chance > 0 or (task.jobs[0].model == "deadly" and ids & self.series):
            self.by_chance -= 1
            future.set_exception(KilledWorker())
        else:
            future.set_result(function(task))
        return future


class GlobalNaive(Naive):
    @property
    def is_global(self):
        return True


def test_threads_give_what_this_process_gives(tmp_path):
    models = [Naive(), SeasonalNaive(4), Drift()]
    here = backtest(models, frame_of(), cv=CV, refit=2)
    with ThreadPoolExecutor(2) as threads:
        there = backtest(models, frame_of(), cv=CV, refit=2, executor=threads, output=tmp_path)
        nowhere = backtest(models, frame_of(), cv=CV, refit=2, executor=threads)
    for result in (there, nowhere):
        pd.testing.assert_frame_equal(result.scores, here.scores, check_exact=True)
        pd.testing.assert_frame_equal(result.forecasts, here.forecasts, check_exact=True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("guilty", [["s0"], ["s7"], ["s3", "s4", "s19"]])
def test_a_series_that_kills_every_worker_fails_alone(guilty):
    models = {"deadly": Naive(), "naive": Naive()}
    result = backtest(models, frame_of(), cv=CV, executor=Deadly(guilty), metrics=["mae"])
    assert set(result.failures["model"]) == {"deadly"} and set(result.failures["error"]) == {"WorkerDied"}
    assert sorted(result.failures["unique_id"]) == sorted(guilty * 3)
    wide = result.scores.pivot(index=["unique_id", "cutoff"], columns="model", values="value")
    assert wide["naive"].notna().all()
    survivors = wide.drop(index=guilty, level=0)
    np.testing.assert_array_equal(survivors["deadly"], survivors["naive"])
    assert wide.loc[guilty, "deadly"].isna().all()


def grown(n_bytes):
    """The worker's process id, after it has kept more memory and loky's next check of it is due."""
    held.append(np.ones(n_bytes // 8))
    time.sleep(1.1)
    return os.getpid()


held = []


def test_a_worker_that_compiled_and_loaded_much_is_not_started_anew(monkeypatch):
    monkeypatch.setattr(workers, "n_cores", lambda: 1)
    with workers.open_pool("processes") as pool:
        numbers = {pool.submit(grown, n_bytes).result() for n_bytes in (8, 400_000_000, 8)}
    assert len(numbers) == 1


def test_of_a_global_model_that_kills_workers_all_series_fail():
    result = backtest({"deadly": GlobalNaive()}, frame_of(), cv=CV, executor=Deadly(["s7"]))
    assert len(result.failures) == 20 * 3 and result.scores.empty


@pytest.mark.parametrize("deaths", [1, 2, 5])
def test_workers_that_die_by_chance_cost_nothing_but_time(deaths):
    executor = Deadly(by_chance=deaths)
    result = backtest(Naive(), frame_of(), cv=CV, executor=executor)
    assert result.failures.empty
    pd.testing.assert_frame_equal(result.scores, backtest(Naive(), frame_of(), cv=CV).scores, check_exact=True)
    assert executor.n_run >= 4 * 3 + deaths


class TellsOneByOne(Executor):
    """The first tasks die together and are reported one after the other; later each dies once more."""

    _max_workers = 2

    def __init__(self, n_together):
        self.n_together, self.together, self.died = n_together, [], set()

    def submit(self, function, task):
        future = Future()
        if len(self.together) < self.n_together:
            self.together.append(future)
            if len(self.together) == self.n_together:
                for i, dead in enumerate(self.together):
                    threading.Timer(0.1 * i, dead.set_exception, [KilledWorker()]).start()
        elif task.keys not in self.died:
            self.died.add(task.keys)
            future.set_exception(KilledWorker())
        else:
            future.set_result(function(task))
        return future


def test_of_those_that_died_together_none_is_blamed_as_if_it_had_been_alone():
    y, cv = frame_of()[["s0", "s1"]], RollingOrigin(2)
    result = backtest({"a": Naive(), "b": Naive()}, y, cv=cv, executor=TellsOneByOne(4))  # two for each worker
    assert result.failures.empty and len(result.forecasts) == 2 * 2 * 2


def test_a_part_that_is_on_the_disk_counts_though_its_receipt_was_lost():
    class Forgets(Executor):
        def submit(self, function, task):
            function(task)
            future = Future()
            future.set_exception(TypeError("cannot unpack"))  # what Dask says when a worker dies after its task
            return future

    result = backtest(Naive(), frame_of(), cv=CV, executor=Forgets())
    pd.testing.assert_frame_equal(result.scores, backtest(Naive(), frame_of(), cv=CV).scores, check_exact=True)


def test_an_error_of_the_executor_itself_is_not_taken_for_a_models_failure():
    class Refuses(Executor):
        def submit(self, function, task):
            future = Future()
            future.set_exception(TypeError("cannot pickle"))
            return future

    with pytest.raises(TypeError, match="cannot pickle"):
        backtest(Naive(), frame_of(), cv=CV, executor=Refuses())


def test_a_foreign_executor_that_broke_down_is_a_clear_error():
    class Broken(Executor):
        _broken = True

        def submit(self, function, task):
            from concurrent.futures.process import BrokenProcessPool

            raise BrokenProcessPool

    with pytest.raises(RunFolderError, match="broken down"):
        backtest(Naive(), frame_of(), cv=CV, executor=Broken())


class ProcessId(Naive):
    """Forecasts the id of the process that fitted it."""

    def _predict(self, panel, horizon, X, levels):
        self.process_ = os.getpid()
        forecast = super()._predict(panel, horizon, X, levels)
        return dataclasses.replace(forecast, mean=np.full_like(forecast.mean, os.getpid()))


class Unpicklable(ProcessId):
    def __reduce__(self):
        raise TypeError("cannot be sent")


@pytest.mark.parametrize(
    ("model", "executor", "patience", "n_cores", "elsewhere"),
    [
        (ProcessId(), "auto", 0.0, 2, True),
        (ProcessId(), "auto", float("inf"), 2, False),
        (ProcessId(), "auto", 0.0, 1, False),
        (Unpicklable(), "auto", 0.0, 2, False),
        (ProcessId(), None, 0.0, 2, False),
    ],
)
def test_a_long_run_goes_on_in_processes_where_that_helps(
    tmp_path, monkeypatch, model, executor, patience, n_cores, elsewhere
):
    monkeypatch.setattr("tsforecast.backtest.run._SECONDS_HERE", patience)
    monkeypatch.setattr("tsforecast.backtest.execute.workers.n_cores", lambda: n_cores)
    for output in (None, tmp_path):
        result = backtest(model, frame_of(), cv=CV, metrics=["mae"], level=(), executor=executor, output=output)
        processes = set(result.forecasts["mean"].astype(int))
        assert len(result.forecasts) == 20 * 3 * 2
        assert (processes != {os.getpid()}) == elsewhere


def test_a_script_needs_no_guard_and_its_own_models_run_in_processes(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        """
from tsforecast import Naive
from tsforecast.backtest import RollingOrigin, backtest

class Mine(Naive):
    pass

cv = RollingOrigin(2, n_windows=3)
result = backtest(Mine(), [1.0, 2.0, 4.0] * 9, cv=cv, metrics=["mae"], executor="processes")
print(len(result.forecasts))
"""
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=WAIT, check=False)
    assert done.stdout == "6\n", done.stderr


_SCRIPT = """
import os, signal, sys, time
import numpy as np
import pandas as pd
from tsforecast import Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest

class Slow(Naive):
    def _fit(self, panel):
        time.sleep(0.03)
        super()._fit(panel)

class Deadly(Naive):
    def _fit(self, panel):
        if "s5" in panel.ids and panel.lengths[0] > 25:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._fit(panel)

if __name__ == "__main__":
    folder, executor, deadly = sys.argv[1], sys.argv[2], sys.argv[3] == "deadly"
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 16)), columns=[f"s{i}" for i in range(16)])
    models = {"slow": Slow(), "drift": Drift()} | ({"deadly": Deadly()} if deadly else {})
    cv = RollingOrigin(2, n_windows=2, step_size=6)
    backtest(models, y, cv=cv, output=folder, executor=None if executor == "none" else executor)
"""

_ON_DASK = """
import importlib, os, signal, sys
import distributed
import numpy as np
import pandas as pd
from run import Slow
from tsforecast import Drift
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.exceptions import ExecutorError

def kill(done, total, model):
    if done == 3:
        os.kill(int(sys.argv[3]), signal.SIGKILL)

y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 16)), columns=[f"s{i}" for i in range(16)])
cv = RollingOrigin(2, n_windows=2, step_size=6)
with distributed.Client(scheduler_file=sys.argv[1], timeout=600) as client, client.get_executor(pure=False) as executor:
    client.wait_for_workers(1, timeout=600)
    client.run(importlib.import_module, "run")  # which takes its time
    try:
        backtest({"slow": Slow(), "drift": Drift()}, y, cv=cv, output=sys.argv[2], executor=executor,
                 executor_timeout=10, on_progress=kill)
    except ExecutorError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("script") / "run.py"
    path.write_text(_SCRIPT)
    return path


def start(script, folder, executor, deadly=""):
    return subprocess.Popen([sys.executable, str(script), str(folder), executor, deadly])


def children(pid):
    """Processes whose parent is ``pid`` and that run Python workers."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == pid and "loky" in command and "resource_tracker" not in command:
            found.append(int(stat.parent.name))
    return found


def wait_until(what, condition, run=None):
    """Wait until another process has done something, or has ended."""
    limit = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < limit, f"waited {WAIT} seconds until {what}"
        assert run is None or run.poll() is None or condition(), f"the run ended ({run.returncode}) before {what}"
        time.sleep(0.005)


def outcomes(folder):
    paths = [*(folder / "forecasts").iterdir(), folder / "scores.parquet", folder / "failures.parquet"]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def serial(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial") / "run"
    assert start(script, folder, "none").wait(WAIT) == 0
    return outcomes(folder)


def is_block_or_beat(name):
    return is_temporary(name) or _BLOCK_FILE.fullmatch(name) is not None


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds workers through /proc")


@needs_proc
@pytest.mark.slow
def test_a_worker_killed_after_it_published_a_part_changes_nothing(script, serial, tmp_path):
    folder = tmp_path / "run"
    run = start(script, folder, "processes")
    wait_until("two parts were there", lambda: len(list(folder.glob("parts/*.parquet"))) >= 2, run)
    workers = children(run.pid)
    os.kill(workers[0], signal.SIGKILL)
    wait_until("the killed worker was gone", lambda: workers[0] not in children(run.pid))
    assert run.wait(WAIT) == 0
    assert outcomes(folder) == serial
    assert not list(folder.rglob("*.tmp")) and not (folder / "parts").exists()
    wait_until("no worker was left", lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("n_parts", [0, 3])  # none: the workers are only just starting
def test_a_killed_driver_leaves_no_worker_behind_and_its_run_goes_on_under_another_executor(
    script, serial, tmp_path, n_parts
):
    folder = tmp_path / "run"
    run = start(script, folder, "processes")
    wait_until(
        f"{n_parts} parts and a worker were there",
        lambda: children(run.pid) and len(list(folder.glob("parts/*.parquet"))) >= n_parts,
        run,
    )
    workers = children(run.pid)
    run.kill()
    run.wait(WAIT)
    assert workers
    wait_until("no worker was left", lambda: not any(_alive(worker) for worker in workers))
    before = {path.name for path in folder.glob("parts/*.parquet")}
    assert all(is_block_or_beat(path.name) for path in folder.glob("data/*"))
    (folder / "data" / f"{'0' * 24}_0_1.beat").write_text("host 1 0")  # as a worker that was killed leaves it
    assert start(script, folder, "none").wait(WAIT) == 0
    assert not (folder / "data").exists() and not (folder / "parts").exists() and not list(folder.rglob("*.tmp"))
    assert len(before) >= n_parts
    assert outcomes(folder) == serial


@needs_proc
@pytest.mark.slow
def test_ctrl_c_stops_driver_and_workers_quietly(script, tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, str(script), str(folder), "processes", ""]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        run = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    wait_until("two parts were there", lambda: len(list(folder.glob("parts/*.parquet"))) >= 2, run)
    workers = children(run.pid)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does it: to all of them
    told = run.communicate(timeout=WAIT)[1]
    assert run.returncode != 0 and told.count("Traceback") == 1 and told.rstrip().endswith("KeyboardInterrupt")
    wait_until("no worker was left", lambda: not any(_alive(worker) for worker in workers))


@pytest.mark.slow
@pytest.mark.timeout(WAIT_FOR_DEATHS + WAIT)
def test_in_real_processes_a_series_that_kills_its_worker_fails_alone(script, serial, tmp_path):
    folder = tmp_path / "run"
    assert start(script, folder, "processes", "deadly").wait(WAIT_FOR_DEATHS) == 0
    result = BacktestResult.load(folder)
    assert result.failures[["model", "unique_id", "error"]].to_numpy().tolist() == [["deadly", "s5", "WorkerDied"]]
    assert result.scores.groupby(["model", "metric"]).size().unstack()["mase"].to_dict() == {
        "slow": 32, "drift": 32, "deadly": 31,
    }  # fmt: skip


@pytest.fixture
def dask_cluster(script, monkeypatch):
    """Two Dask workers with their own scheduler; workers that die are replaced."""
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    import dask

    monkeypatch.syspath_prepend(str(script.parent))  # workers, too, import the models of the script
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(script.parent), os.environ.get("PYTHONPATH", "")]))
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.comm.timeouts.connect": f"{WAIT}s",  # a loaded machine takes its time
        "distributed.comm.timeouts.tcp": f"{WAIT}s",
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        cluster.adapt(minimum=2, maximum=2)  # a nanny does not replace a worker that dies before it has quite come up
        yield cluster


@pytest.fixture
def dask_executor(dask_cluster):
    with dask_cluster.get_client() as client, client.get_executor(pure=False) as executor:
        client.wait_for_workers(2, timeout=WAIT)
        yield executor


@needs_proc
@pytest.mark.slow
def test_on_dask_a_killed_worker_changes_nothing(dask_cluster, dask_executor, serial, tmp_path):
    from run import Slow

    pids = [worker.pid for worker in dask_cluster.workers.values()]
    killed = []

    def kill(done, total, model):
        if done == 3:
            os.kill(pids[0], signal.SIGKILL)
            killed.append(pids[0])

    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 16)), columns=NAMES[:16])
    settings = {"cv": RollingOrigin(2, n_windows=2, step_size=6), "executor": dask_executor, "on_progress": kill}
    backtest({"slow": Slow(), "drift": Drift()}, y, output=tmp_path / "run", **settings)
    assert killed and outcomes(tmp_path / "run") == serial


@needs_proc
@pytest.mark.slow
@pytest.mark.timeout(WAIT_FOR_DEATHS + WAIT)
def test_on_dask_a_deadly_series_fails_alone(dask_executor, monkeypatch):
    from run import Deadly

    monkeypatch.setattr(execute, "_SETTLE", 1.0)
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 4)), columns=["s3", "s4", "s5", "s6"])
    cv = RollingOrigin(2, n_windows=2, step_size=6)
    result = backtest({"deadly": Deadly(), "drift": Drift()}, y, cv=cv, executor=dask_executor)
    assert result.failures[["model", "unique_id", "error"]].to_numpy().tolist() == [["deadly", "s5", "WorkerDied"]]


@pytest.mark.slow
def test_a_dask_scheduler_that_has_gone_ends_the_run_which_goes_on_elsewhere(script, serial, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(script.parent), os.environ.get("PYTHONPATH", "")]))
    address = tmp_path / "scheduler.json"
    parts = [
        subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{what}", *options], stderr=subprocess.DEVNULL)
        for what, options in {
            "scheduler": ["--scheduler-file", address, "--port", "0", "--no-dashboard"],
            "worker": ["--scheduler-file", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"],
        }.items()
    ]
    try:
        wait_until("the scheduler was there", address.exists)
        told = subprocess.run(
            [sys.executable, "-c", _ON_DASK, address, tmp_path / "run", str(parts[0].pid)],
            capture_output=True, text=True, timeout=WAIT, check=False,
        )  # fmt: skip
    finally:
        for part in parts:
            part.kill()
            part.wait(WAIT)
    assert told.returncode == 0 and "To go on" in told.stdout, told.stderr[-3000:]
    assert list(tmp_path.glob("run/parts/*"))
    monkeypatch.syspath_prepend(str(script.parent))
    from run import Slow

    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 16)), columns=NAMES[:16])
    cv = RollingOrigin(2, n_windows=2, step_size=6)
    backtest({"slow": Slow(), "drift": Drift()}, y, cv=cv, output=tmp_path / "run", executor=None)
    assert outcomes(tmp_path / "run") == serial


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
