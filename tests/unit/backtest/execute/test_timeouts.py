"""Runs whose workers are lost, stopped or never finish: they end with an error and keep finished jobs."""

import os
import signal
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.execute import driver as execute
from tsforecast.backtest.execute import heartbeat, workers
from tsforecast.backtest.execute.heartbeat import HeartbeatMonitor
from tsforecast.exceptions import ExecutorError, ParameterError

CV = RollingOrigin(horizon=2, n_windows=2)
NAMES = [f"s{i}" for i in range(8)]
needs_stop = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped there")


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    monkeypatch.setattr(execute, "_CHECK_SECONDS", 0.05)
    monkeypatch.setattr(execute, "_SETTLE", 0.0)
    monkeypatch.setattr(heartbeat, "_BEAT", 0.1)


def frame_of(n_obs=30):
    return pd.DataFrame(np.random.default_rng(0).normal(size=(n_obs, 8)), columns=NAMES)


def whole(models=None):
    return backtest(models or Naive(), frame_of(), cv=CV, executor=None)


def assert_same(result, other):
    pd.testing.assert_frame_equal(result.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(result.forecasts, other.forecasts, check_exact=True)
    assert result.failures.empty and other.failures.empty


class Vanishes(Executor):
    """Runs the first tasks and ignores later ones, whose futures it passes to `lost`, if given."""

    _max_workers = 2

    def __init__(self, n_done, lost=lambda future: None):
        self.n_left, self.lost, self.futures = n_done, lost, []

    def submit(self, function, task):
        future = Future()
        self.futures.append(future)
        self.n_left -= 1
        if self.n_left >= 0:
            future.set_result(function(task))
        else:
            self.lost(future)
        return future


@pytest.mark.parametrize("n_done", [0, 3])
def test_a_run_whose_workers_have_gone_ends_and_goes_on_elsewhere(tmp_path, n_done):
    executor = Vanishes(n_done)
    with pytest.raises(ExecutorError, match=r"sign of life for 0\.3 seconds; .*To go on, .*output=") as told:
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path, executor=executor, executor_timeout=0.3)
    assert f"{n_done} of 8 jobs were finished" in str(told.value) and repr(str(tmp_path)) in str(told.value)
    assert len(list(tmp_path.glob("parts/*"))) == n_done
    assert all(future.cancelled() for future in executor.futures[n_done:])  # so that nobody waits for them
    assert_same(backtest(Naive(), frame_of(), cv=CV, output=tmp_path, executor=None), whole())


def test_without_a_folder_of_its_own_the_run_goes_on_in_the_one_that_is_named():
    with pytest.raises(ExecutorError) as told:
        backtest(Naive(), frame_of(), cv=CV, executor=Vanishes(3), executor_timeout=0.2)
    folder = Path(str(told.value).rpartition("output=")[2].strip("')"))
    assert len(list(folder.glob("parts/*"))) == 3
    assert_same(backtest(Naive(), frame_of(), cv=CV, output=folder, executor=None), whole())


def cancel(future):
    future.cancel()
    future.set_running_or_notify_cancel()


def test_an_executor_that_drops_every_job_ends_the_run_and_no_series_is_blamed(tmp_path):
    with pytest.raises(ExecutorError, match=r"drops its jobs .*2 of 8 jobs"):
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path, executor=Vanishes(2, cancel))
    assert_same(backtest(Naive(), frame_of(), cv=CV, output=tmp_path, executor=None), whole())


def test_jobs_that_an_executor_drops_once_are_done_again():
    dropped = []

    class Drops(Executor):
        def submit(self, function, task):
            future = Future()
            if task.keys in dropped:
                future.set_result(function(task))
            else:
                dropped.append(task.keys)
                cancel(future)
            return future

    assert_same(backtest(Naive(), frame_of(), cv=CV, executor=Drops()), whole())
    assert len(dropped) == 8


def test_an_executor_that_was_shut_down_is_a_clear_error():
    with ThreadPoolExecutor(1) as threads:
        pass
    with pytest.raises(ExecutorError, match="takes no jobs any more"):
        backtest(Naive(), frame_of(), cv=CV, executor=threads)


class Sleeps(Naive):
    def __init__(self, seconds=0.0, series=("s5",)):
        self.seconds, self.series = seconds, series

    def _fit(self, panel):
        if set(self.series) & set(panel.ids):
            time.sleep(self.seconds)


def test_a_job_that_is_longer_than_the_wait_for_a_sign_of_life_is_left_to_end():
    with ThreadPoolExecutor(1) as threads:
        result = backtest(Sleeps(1.5), frame_of(), cv=CV, executor=threads, executor_timeout=1.0)
    assert_same(result, whole({"Sleeps": Naive()}))


def test_a_process_that_uses_its_processor_lives_though_it_keeps_its_thread_from_beating(tmp_path):
    with heartbeat.heartbeat(tmp_path / "beat"):
        text = (tmp_path / "beat").read_text()
    monitor = HeartbeatMonitor(tmp_path / "beat")
    assert not monitor.check(1.0) and not monitor.has_begun and (monitor.seconds, monitor.silent) == (0.0, 1.0)
    (tmp_path / "beat").write_text(text)
    assert monitor.check(1.0) and monitor.process == os.getpid() and (monitor.seconds, monitor.silent) == (0.0, 0.0)
    if not Path("/proc/self/stat").exists():
        return  # there the beat alone counts
    monitor.check(1.0)
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert monitor.check(1.0) and monitor.silent == 0.0
    (tmp_path / "beat").write_text(text.replace(str(os.getpid()), "0"))
    monitor.check(1.0)
    assert not monitor.check(1.0) and not monitor.check(2.0) and monitor.silent == 3.0 and monitor.seconds == 6.0


def test_a_beat_comes_again_and_again_and_leaves_nothing_behind(tmp_path):
    seen = set()
    with heartbeat.heartbeat(tmp_path / "beat"):
        limit = time.monotonic() + 300
        while len(seen - {""}) < 3 and time.monotonic() < limit:
            seen.add((tmp_path / "beat").read_text())
            time.sleep(0.01)
    assert len(seen - {""}) >= 3 and not list(tmp_path.iterdir())


def test_work_where_no_sign_of_life_can_be_written_is_done_all_the_same(tmp_path):
    with heartbeat.heartbeat(tmp_path / "nowhere" / "beat"):
        pass
    assert not list(tmp_path.iterdir())


def test_no_series_is_blamed_for_processes_that_cannot_even_start(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "n_cores", lambda: 1)
    monkeypatch.setattr(workers, "_ENVIRONMENT", {"PYTHONHOME": str(tmp_path)})  # where there is no Python
    with pytest.raises(ExecutorError, match=r"die before they begin a job; 0 of 8 jobs .*To go on"):
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path / "run", executor="processes")
    assert_same(backtest(Naive(), frame_of(), cv=CV, output=tmp_path / "run", executor=None), whole())


@needs_stop
@pytest.mark.slow
def test_a_worker_process_that_was_stopped_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "n_cores", lambda: 1)

    class Stops(Naive):
        def __init__(self, flag):
            self.flag = flag

        def _fit(self, panel):
            if "s5" in panel.ids and not Path(self.flag).exists():
                Path(self.flag).touch()
                os.kill(os.getpid(), signal.SIGSTOP)

    flag = str(tmp_path / "flag")
    settings = {"cv": CV, "executor": "processes", "executor_timeout": 5.0, "output": tmp_path / "run"}
    result = backtest({"Naive": Stops(flag)}, frame_of(), **settings)
    assert_same(result, whole())
    assert Path(flag).exists()


@pytest.mark.slow
def test_in_our_processes_a_series_that_is_never_done_fails_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "n_cores", lambda: 1)
    models, cv = {"endless": Sleeps(3600.0), "drift": Drift()}, RollingOrigin(horizon=2, n_windows=1)
    result = backtest(models, frame_of(), cv=cv, output=tmp_path / "run", executor="auto", job_timeout=5.0)
    wanted = [["endless", "s5", "JobTimedOut", "not done within job_timeout=5 seconds"]]
    assert result.failures[["model", "unique_id", "error", "message"]].to_numpy().tolist() == wanted
    healthy = backtest({"endless": Naive(), "drift": Drift()}, frame_of(), cv=cv).scores
    lost = (healthy["model"] == "endless") & (healthy["unique_id"] == "s5")
    pd.testing.assert_frame_equal(result.scores, healthy[~lost].reset_index(drop=True), check_exact=True)
    assert not list((tmp_path / "run").rglob("*.beat"))


class Waits(Naive):
    """Waits for an event on one series; threads share it."""

    event = threading.Event()

    def _fit(self, panel):
        if "s5" in panel.ids:
            self.event.wait(600)


def test_an_executor_that_cannot_stop_a_job_does_all_else_before_the_run_ends(tmp_path):
    models = {"waits": Waits(), "drift": Drift()}
    with ThreadPoolExecutor(3) as threads:
        try:
            with pytest.raises(ExecutorError, match=r"'waits' did not end on series 's4' to 's5' .*'processes' could"):
                backtest(models, frame_of(), cv=CV, output=tmp_path, executor=threads, job_timeout=0.5)
        finally:
            Waits.event.set()
    assert len(list(tmp_path.glob("parts/*"))) >= 14
    result = backtest(models, frame_of(), cv=CV, output=tmp_path, executor=None)
    assert_same(result, whole({"waits": Naive(), "drift": Drift()}))


class Stays(Naive):
    def __reduce__(self):
        raise TypeError("cannot be sent")


@pytest.mark.parametrize(("model", "executor"), [(Stays(), "auto"), (Naive(), None)], ids=["auto", "here"])
def test_a_time_for_jobs_needs_workers_that_can_be_stopped(model, executor):
    with pytest.raises(ParameterError, match="job_timeout=5 needs workers"):
        backtest(model, frame_of(), cv=CV, executor=executor, job_timeout=5)


@pytest.mark.parametrize("name", ["executor_timeout", "job_timeout"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "10", True])
def test_a_time_that_is_none_is_refused_before_anything_is_done(tmp_path, name, value):
    with pytest.raises(ParameterError, match=f"{name}=.*is not a number of seconds above 0"):
        backtest(Naive(), frame_of(), cv=CV, output=tmp_path / "run", **{name: value})
    assert not list(tmp_path.iterdir())
