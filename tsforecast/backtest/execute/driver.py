"""The driver: hands jobs to any ``concurrent.futures.Executor`` and handles workers that die or hang."""

import dataclasses
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Literal

import numpy as np

from tsforecast.backtest.execute.assignment import Assignment, Receipt, run_assignment
from tsforecast.backtest.execute.blocks import write_block
from tsforecast.backtest.execute.heartbeat import HeartbeatMonitor
from tsforecast.backtest.execute.progress import Tracker
from tsforecast.backtest.execute.timeouts import Timeouts
from tsforecast.backtest.execute.workers import Pool, open_pool
from tsforecast.backtest.plan.bundles import bundle_jobs
from tsforecast.backtest.plan.jobs import Address, Failure, Job, JobResult, join_results
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.store.job_files import find_result, read_result
from tsforecast.backtest.store.run_folder import RunFolder
from tsforecast.exceptions import ExecutorError

_DEATHS = 2  # of workers that ran a series alone, until it is taken for the cause: one may be chance
_KILLED = ("KilledWorker", "WorkerCrashedError")  # what Dask and Ray raise in place of BrokenExecutor
_CHECK_SECONDS = 1.0  # seconds between two checks of the workers
_STALLS = 3  # times in a row that all worker processes are replaced without a finished job, until the run ends
_CANCELS = 3  # times that an executor may drop one job
_SETTLE = 1.0  # seconds before a job is retried alone: Dask does not replace a worker that dies while it starts


@dataclasses.dataclass(eq=False)
class _Unit:
    """One submission to a worker: jobs that are fitted together, one job, or a part of a job that killed its worker."""

    jobs: tuple[Job, ...]
    keys: tuple[str, ...]
    wholes: tuple[Address, ...]
    deaths: int = 0
    n_cancelled: int = 0
    is_late: bool = False
    is_alone: bool = False  # no other unit was running when it was submitted
    monitor: HeartbeatMonitor | None = None

    def apart(self) -> "list[_Unit]":
        """One unit for each job."""
        return [
            _Unit((job,), (key,), (whole,)) for job, key, whole in zip(self.jobs, self.keys, self.wholes, strict=True)
        ]


def drive(
    plan: Plan,
    jobs: Sequence[Job],
    folder: RunFolder,
    executor: Literal["processes"] | Executor,
    timeouts: Timeouts,
    tracker: Tracker,
) -> None:
    """Run jobs on workers: a job whose worker died is tried again, a series that keeps killing workers is a failure.

    Raises
    ------
    ExecutorError
        The workers are gone or do not answer; what is finished is in the folder.
    RunFolderError
        The file of a job could not be written.
    """
    with open_pool(executor) as pool:
        driver = _Driver(plan, jobs, folder, pool, timeouts, tracker)
        try:
            driver.run()
        finally:
            driver.cancel_all()


class _Driver:
    def __init__(
        self, plan: Plan, jobs: Sequence[Job], folder: RunFolder, pool: Pool, timeouts: Timeouts, tracker: Tracker
    ) -> None:
        self._plan, self._folder, self._pool, self._tracker = plan, folder, pool, tracker
        self._timeouts = timeouts
        self._jobs = {job.address: job for job in jobs}
        self._waiting = deque(
            _Unit(bundle, tuple(map(folder.key, bundle)), tuple(job.address for job in bundle))
            for bundle in bundle_jobs(jobs, plan.panel, pool.n_workers)
        )
        self._suspects: deque[_Unit] = deque()  # were running when a worker died: each now runs alone
        self._running: dict[Future[list[Receipt]], _Unit] = {}
        self._open: dict[Address, int] = {}  # unfinished pieces of each divided job
        self._pieces: dict[Address, dict[int, JobResult]] = {}
        self._n_done = 0
        self._silent, self._ticks, self._n_stalls = 0.0, 0, 0
        self._checked_at = time.monotonic()

    def run(self) -> None:
        """Run until every job is finished.

        Raises
        ------
        ExecutorError
            No worker is left, but jobs are.
        """
        while self._waiting or self._suspects or self._running:
            self._start()
            if not self._running:
                continue
            finished, _ = wait(self._running, timeout=_CHECK_SECONDS, return_when=FIRST_COMPLETED)
            dead = [unit for future in finished if (unit := self._settle(future)) is not None]
            if len(finished) > len(dead):
                self._silent, self._n_stalls = 0.0, 0
            if dead:
                self._after_death(dead)
            self._check_workers()

    def cancel_all(self) -> None:
        """Cancel everything that the executor still has of this run."""
        for future, unit in self._running.items():
            future.cancel()
            if unit.monitor is not None:
                unit.monitor.end()

    def _at_work(self) -> list[_Unit]:
        """Running units, without those past their time limit that an executor given by the caller cannot stop."""
        return [unit for unit in self._running.values() if not unit.is_late]

    def _start(self) -> None:
        if self._suspects:
            if not self._at_work():
                self._submit(self._suspects.popleft(), self._suspects, is_suspect=True)
            return
        while self._waiting and len(self._at_work()) < 2 * self._pool.n_workers:
            if not self._submit(self._waiting.popleft(), self._waiting):
                return

    def _submit(self, unit: _Unit, back: deque[_Unit], *, is_suspect: bool = False) -> bool:
        """Submit a unit, unless its result files exist already; False where the pool has broken down."""
        if self._accept_found(unit):
            return True
        job, plan = unit.jobs[0], self._plan
        block = self._folder.folder / "data" / f"{job.first}-{job.stop}.parquet"
        if not block.exists():
            block.parent.mkdir(exist_ok=True)
            write_block(block, plan.panel.take(np.arange(job.first, job.stop)))
        beat = block.with_name(f"{unit.keys[0]}.beat")
        settle = _SETTLE if is_suspect and not self._pool.is_own else 0.0
        target = self._folder.parts_folder
        assignment = Assignment(unit.jobs, unit.keys, block, plan.cv, plan.levels, target, beat, settle)
        unit.monitor, unit.is_late, unit.is_alone = HeartbeatMonitor(beat), False, is_suspect
        try:
            self._running[self._pool.submit(run_assignment, assignment)] = unit
            self._tracker.begin([self._jobs[whole] for whole in unit.wholes])
        except BrokenExecutor:
            back.appendleft(unit)
            if not self._at_work():
                self._replace_pool()
            return False
        except (OSError, RuntimeError) as error:
            raise self._error_of_loss(
                f"The executor takes no jobs any more ({type(error).__name__}: {error})"
            ) from error
        return True

    def _check_workers(self) -> None:
        """Look for silent workers and for jobs past their time limit; stop their processes, or end the run."""
        elapsed = time.monotonic() - self._checked_at
        if elapsed < _CHECK_SECONDS:
            return
        self._checked_at += elapsed
        elapsed = min(elapsed, 2 * _CHECK_SECONDS)  # a longer gap means that this process itself was paused
        lives = [unit.monitor.check(elapsed) for unit in self._running.values() if unit.monitor and not unit.is_late]
        ticks = self._pool.processor_time()
        is_starting = ticks - self._ticks > 1  # an idle worker uses next to nothing
        self._silent, self._ticks = 0.0 if any(lives) or is_starting else self._silent + elapsed, ticks
        late = [unit for unit in self._at_work() if self._is_late(unit)]
        for unit in late:
            unit.is_late = True
        limit = self._timeouts.executor_timeout or float("inf")
        if self._pool.is_own:
            stuck = [u for u in self._at_work() if u.monitor and u.monitor.has_begun and u.monitor.silent >= limit]
            if late or stuck or self._silent >= limit:
                self._stop_workers(late, stuck, limit)
        elif self._silent >= limit:
            raise self._error_of_loss(f"No worker of the executor has given a sign of life for {limit:g} seconds")
        elif self._running and not (self._at_work() or self._waiting or self._suspects):
            raise self._error_of_loss(self._message_of_late())

    def _is_late(self, unit: _Unit) -> bool:
        limit = self._timeouts.job_timeout
        return limit is not None and unit.monitor is not None and unit.monitor.seconds >= limit * len(unit.jobs)

    def _stop_workers(self, late: list[_Unit], stuck: list[_Unit], limit: float) -> None:
        """Replace our own processes because jobs are past their time limit or processes are silent."""
        self._n_stalls += not (late or stuck)
        if self._n_stalls >= _STALLS:
            raise self._error_of_loss(
                f"No worker process has given a sign of life for {limit:g} seconds, {_STALLS} times"
            )
        lost = list(self._running.values())
        self._silent = 0.0
        self._replace_pool()
        for unit in lost:
            if unit in late or unit in stuck:
                self._find_cause(unit, alone=len(lost) == 1)
            else:
                self._waiting.appendleft(unit)

    def _replace_pool(self) -> None:
        if not self._pool.is_own:
            raise self._error_of_loss("The executor has broken down")
        self.cancel_all()
        self._running.clear()
        self._pool.rebuild()

    def _error_of_loss(self, what: str) -> ExecutorError:
        """The error that ends a run whose workers are gone; its message says how to go on."""
        done = f"{self._n_done} of {len(self._jobs)} jobs were finished and are kept in {self._folder.folder}"
        return ExecutorError(f"{what}; {done}. To go on, with this executor or another: {self._folder.how_to_go_on}")

    def _message_of_late(self) -> str:
        unit = next(iter(self._running.values()))
        job, ids = unit.jobs[0], self._plan.panel.ids
        series = f"series {str(ids[job.first])!r}" + (
            f" to {str(ids[job.stop - 1])!r}" if job.stop > job.first + 1 else ""
        )
        return (
            f"Model {job.model!r} did not end on {series} within job_timeout={self._timeouts.job_timeout:g} seconds, "
            f"and this executor cannot stop it, as executor='processes' could ({len(self._running)} such in all)"
        )

    def _settle(self, future: "Future[list[Receipt]]") -> _Unit | None:
        """Accept the results of a finished unit; the unit is returned if its worker died."""
        unit = self._running.pop(future)
        if unit.monitor is not None:
            unit.monitor.check(0.0)  # the heartbeat file of a dead worker is still there
            unit.monitor.end()
        try:
            receipts = future.result()
        except Exception as error:
            if self._accept_found(unit):  # finished, though its receipt was lost
                return None
            if isinstance(error, BrokenExecutor):
                self._pool.is_broken = True
                return unit
            if type(error).__name__ in _KILLED:
                return unit
            if isinstance(error, CancelledError):
                self._put_back(unit, error)
                return None
            raise
        for one, receipt in zip(unit.apart(), receipts, strict=True):
            self._accept(one, receipt.path)
        return None

    def _put_back(self, unit: _Unit, error: BaseException) -> None:
        """Queue a unit again that the executor has cancelled, through no fault of its series, a few times at most."""
        unit.n_cancelled += 1
        if unit.n_cancelled >= _CANCELS:
            raise self._error_of_loss(
                f"The executor drops its jobs ({type(error).__name__}: {error or 'cancelled'})"
            ) from error
        self._waiting.append(unit)

    def _accept_found(self, unit: _Unit) -> bool:
        """Whether the result files of all jobs of a unit exist; they are then accepted."""
        found = [path for key in unit.keys if (path := find_result(self._folder.parts_folder, key)) is not None]
        if len(found) < len(unit.keys):
            return False
        for one, path in zip(unit.apart(), found, strict=True):
            self._accept(one, path)
        return True

    def _after_death(self, dead: list[_Unit]) -> None:
        if self._pool.is_broken:  # all running units are lost with it
            dead += self._at_work()
            for unit in dead:
                if unit.monitor is not None:
                    unit.monitor.check(0.0)
            self._replace_pool()
            if not any(unit.monitor and unit.monitor.has_begun for unit in dead):  # no series was the cause
                self._n_stalls += 1
                if self._n_stalls >= _STALLS:
                    raise self._error_of_loss("Worker processes die before they begin a job")
                self._waiting.extendleft(dead)
                return
        for unit in dead:  # those that died together may be reported one after the other
            self._find_cause(unit, alone=unit.is_alone)

    def _find_cause(self, unit: _Unit, *, alone: bool) -> None:
        """Queue smaller parts to run alone, until a single series is found that kills its worker or never ends."""
        if len(unit.jobs) > 1:
            self._suspects += unit.apart()
            return
        job = unit.jobs[0]
        is_cause = alone or unit.is_late
        unit.deaths += is_cause
        if is_cause and not job.forecaster.is_global and job.stop - job.first > 1:
            self._divide(unit)
        elif unit.deaths < _DEATHS and not unit.is_late:
            self._suspects.append(unit)
        else:
            self._give_up(unit)

    def _divide(self, unit: _Unit) -> None:
        job, whole = unit.jobs[0], unit.wholes[0]
        middle = (job.first + job.stop) // 2
        self._open[whole] = self._open.get(whole, 1) + 1
        for first, stop in ((job.first, middle), (middle, job.stop)):
            piece = dataclasses.replace(job, first=first, stop=stop)
            key = f"{unit.keys[0].partition('_')[0]}_{first}_{stop}"
            self._suspects.append(_Unit((piece,), (key,), (whole,)))

    def _give_up(self, unit: _Unit) -> None:
        job = unit.jobs[0]
        n_series, n_windows = job.stop - job.first, len(job.windows)
        mean = np.full((n_windows, n_series, self._plan.cv.horizon), np.nan)
        why = ("WorkerDied", "the process that worked on it died, each time")
        if unit.is_late:
            why = ("JobTimedOut", f"not done within job_timeout={self._timeouts.job_timeout:g} seconds")
        failures = tuple(Failure(window, i, *why) for window in job.windows for i in range(n_series))
        quantiles = np.full((*mean.shape, self._plan.levels.size), np.nan)
        nothing = (0.0,) * n_windows
        self._accept(unit, JobResult(mean, quantiles, nothing, nothing, failures))

    def _accept(self, unit: _Unit, given: Path | JobResult) -> None:
        """Store the result of a unit of one job; the pieces of a divided job are joined once all are finished."""
        job, address = unit.jobs[0], unit.wholes[0]
        whole = self._jobs[address]
        if job is whole:
            if isinstance(given, JobResult):
                self._folder.put(whole, given)
            else:
                self._folder.accept(whole, given)
        else:
            pieces = self._pieces.setdefault(address, {})
            pieces[job.first] = given if isinstance(given, JobResult) else read_result(given)
            self._open[address] -= 1
            if self._open[address] > 0:
                return
            self._folder.put(whole, join_results([pieces[first] for first in sorted(pieces)]))
        self._n_done += 1
        self._tracker.end([whole])
        self._tracker.tell(whole.model)
