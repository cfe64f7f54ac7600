"""The driver: jobs on any ``concurrent.futures.Executor``, whatever becomes of its workers."""

import dataclasses
import shlex
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.backtest.execute.blocks import read_block, write_block
from tsforecast.backtest.execute.heartbeat import Pulse, heartbeat
from tsforecast.backtest.execute.limits import Limits
from tsforecast.backtest.execute.workers import Pool, open_pool
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.bundles import bundle_jobs
from tsforecast.backtest.plan.jobs import Address, Failure, Job, Part, join_parts, run_jobs
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.store.parts import find_part, read_part, write_part
from tsforecast.backtest.store.store import RunFolder
from tsforecast.exceptions import ExecutorError

Progress: TypeAlias = Callable[[int, int, str], None]
_DEATHS = 2  # a worker may be killed by chance; a series that is alone with one that dies twice is guilty
_KILLED = ("KilledWorker", "WorkerCrashedError")  # what Dask and Ray raise in place of BrokenExecutor
_LOOK = 1.0  # seconds between two looks at who lives
_STALLS = 3  # new sets of our own processes, one after the other, of which none finishes anything
_CANCELS = 3  # times that an executor may drop one job
_SETTLE = 1.0  # seconds: Dask does not replace a worker that dies before it has quite come up


@dataclasses.dataclass(frozen=True)
class Task:
    """What a worker gets: where its series are, what to do, where to put what comes of it."""

    jobs: tuple[Job, ...]
    keys: tuple[str, ...]
    block: Path
    cv: RollingOrigin
    levels: Floats
    target: Path
    beat: Path
    settle: float = 0.0


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What a worker gives back for each job: the file is on the disk."""

    key: str
    path: Path
    n_rows: int
    n_failures: int


@dataclasses.dataclass(eq=False)
class _Unit:
    """What a worker is given: some jobs that are fitted together, one, or a piece of one that killed its worker."""

    jobs: tuple[Job, ...]
    keys: tuple[str, ...]
    wholes: tuple[Address, ...]
    deaths: int = 0
    n_cancelled: int = 0
    is_late: bool = False
    is_alone: bool = False  # nothing else was at work when it was handed to a worker
    pulse: Pulse | None = None

    def apart(self) -> "list[_Unit]":
        """Each job by itself."""
        return [
            _Unit((job,), (key,), (whole,)) for job, key, whole in zip(self.jobs, self.keys, self.wholes, strict=True)
        ]


def run_task(task: Task) -> list[Receipt]:
    """The receipts of a task: reads its series, runs its jobs, writes a file for each; the same wherever it runs."""
    receipts = []
    with heartbeat(task.beat):
        time.sleep(task.settle)
        panel = read_block(task.block)
        for key, part in zip(task.keys, run_jobs(task.jobs, panel, task.cv, task.levels), strict=True):
            path = write_part(task.target, key, part)
            receipts.append(Receipt(key, path, part.mean.size, len(part.failures)))
    return receipts


def drive(
    plan: Plan,
    jobs: Sequence[Job],
    folder: RunFolder,
    executor: Literal["processes"] | Executor,
    limits: Limits,
    progress: Progress,
) -> None:
    """Run the jobs; a worker that dies costs its job another try, a series that kills workers is a failure.

    Raises
    ------
    ExecutorError
        The workers are gone or do not answer; what is finished is in the folder.
    RunFolderError
        A part could not be written.
    """
    with open_pool(executor) as pool:
        driver = _Driver(plan, jobs, folder, pool, limits, progress)
        try:
            driver.run()
        finally:
            driver.let_go()


class _Driver:
    def __init__(
        self, plan: Plan, jobs: Sequence[Job], folder: RunFolder, pool: Pool, limits: Limits, progress: Progress
    ) -> None:
        self._plan, self._folder, self._pool, self._progress = plan, folder, pool, progress
        self._limits = limits
        self._jobs = {job.address: job for job in jobs}
        self._waiting = deque(
            _Unit(bundle, tuple(map(folder.key, bundle)), tuple(job.address for job in bundle))
            for bundle in bundle_jobs(jobs, plan.panel, pool.n_workers)
        )
        self._suspects: deque[_Unit] = deque()  # were at work when a worker died: now each runs alone
        self._running: dict[Future[list[Receipt]], _Unit] = {}
        self._open: dict[Address, int] = {}  # pieces of a divided job that are not finished
        self._pieces: dict[Address, dict[int, Part]] = {}
        self._n_done = 0
        self._silent, self._ticks, self._n_stalls = 0.0, 0, 0
        self._looked = time.monotonic()

    def run(self) -> None:
        """Run until nothing is left.

        Raises
        ------
        ExecutorError
            Nobody is left who could do what is.
        """
        while self._waiting or self._suspects or self._running:
            self._start()
            if not self._running:
                continue
            finished, _ = wait(self._running, timeout=_LOOK, return_when=FIRST_COMPLETED)
            dead = [unit for future in finished if (unit := self._settle(future)) is not None]
            if len(finished) > len(dead):
                self._silent, self._n_stalls = 0.0, 0
            if dead:
                self._after_death(dead)
            self._look()

    def let_go(self) -> None:
        """Tell the executor that nothing which it still has of this run is wanted any more."""
        for future, unit in self._running.items():
            future.cancel()
            if unit.pulse is not None:
                unit.pulse.end()

    def _at_work(self) -> list[_Unit]:
        """What runs, but for jobs past their limit that an executor which is not ours cannot stop."""
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
        """Hand a unit to a worker, unless its files are there already; False where the pool had broken down before."""
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
        task = Task(unit.jobs, unit.keys, block, plan.cv, plan.levels, target, beat, settle)
        unit.pulse, unit.is_late, unit.is_alone = Pulse(beat), False, is_suspect
        try:
            self._running[self._pool.submit(run_task, task)] = unit
        except BrokenExecutor:
            back.appendleft(unit)
            if not self._at_work():
                self._replace_pool()
            return False
        except (OSError, RuntimeError) as error:
            raise self._lost(f"The executor takes no jobs any more ({type(error).__name__}: {error})") from error
        return True

    def _look(self) -> None:
        """Whether there are signs of life; what to do where there are none, or where a job is past its limit."""
        elapsed = time.monotonic() - self._looked
        if elapsed < _LOOK:
            return
        self._looked += elapsed
        elapsed = min(elapsed, 2 * _LOOK)  # longer, and this process itself was stopped
        lives = [unit.pulse.look(elapsed) for unit in self._running.values() if unit.pulse and not unit.is_late]
        ticks = self._pool.processor_time()
        is_starting = ticks - self._ticks > 1  # a worker that waits for something to do uses next to nothing
        self._silent, self._ticks = 0.0 if any(lives) or is_starting else self._silent + elapsed, ticks
        late = [unit for unit in self._at_work() if self._is_late(unit)]
        for unit in late:
            unit.is_late = True
        limit = self._limits.executor_timeout or float("inf")
        if self._pool.is_own:
            stuck = [u for u in self._at_work() if u.pulse and u.pulse.has_begun and u.pulse.silent >= limit]
            if late or stuck or self._silent >= limit:
                self._stop_workers(late, stuck, limit)
        elif self._silent >= limit:
            raise self._lost(f"No worker of the executor has given a sign of life for {limit:g} seconds")
        elif self._running and not (self._at_work() or self._waiting or self._suspects):
            raise self._lost(self._told_of_late())

    def _is_late(self, unit: _Unit) -> bool:
        limit = self._limits.job_timeout
        return limit is not None and unit.pulse is not None and unit.pulse.seconds >= limit * len(unit.jobs)

    def _stop_workers(self, late: list[_Unit], stuck: list[_Unit], limit: float) -> None:
        """Replace our own processes because of jobs past their limit, and of processes that do not answer."""
        self._n_stalls += not (late or stuck)
        if self._n_stalls >= _STALLS:
            raise self._lost(f"No worker process has given a sign of life for {limit:g} seconds, {_STALLS} times")
        lost = list(self._running.values())
        self._silent = 0.0
        self._replace_pool()
        for unit in lost:
            if unit in late or unit in stuck:
                self._blame(unit, alone=len(lost) == 1)
            else:
                self._waiting.appendleft(unit)

    def _replace_pool(self) -> None:
        if not self._pool.is_own:
            raise self._lost("The executor has broken down")
        self.let_go()
        self._running.clear()
        self._pool.rebuild()

    def _lost(self, what: str) -> ExecutorError:
        """The error that ends a run whose workers are gone, with how to go on."""
        folder = self._folder.folder
        if self._plan.source.get("data") is None:
            call = f"backtest(..., output={str(folder)!r})"
        else:
            call = "tsforecast backtest " + shlex.join(["--config", f"{folder}/config.yaml", "--output", str(folder)])
        done = f"{self._n_done} of {len(self._jobs)} jobs were finished and are kept in {folder}"
        return ExecutorError(f"{what}; {done}. To go on, with this executor or another: {call}")

    def _told_of_late(self) -> str:
        unit = next(iter(self._running.values()))
        job, ids = unit.jobs[0], self._plan.panel.ids
        series = f"series {str(ids[job.first])!r}" + (
            f" to {str(ids[job.stop - 1])!r}" if job.stop > job.first + 1 else ""
        )
        return (
            f"Model {job.model!r} did not end on {series} within job_timeout={self._limits.job_timeout:g} seconds, and "
            f"this executor cannot stop it, as executor='processes' could ({len(self._running)} such in all)"
        )

    def _settle(self, future: "Future[list[Receipt]]") -> _Unit | None:
        """Accept what a worker did; the unit itself where the worker died."""
        unit = self._running.pop(future)
        if unit.pulse is not None:
            unit.pulse.look(0.0)  # a worker that died has left its file behind
            unit.pulse.end()
        try:
            receipts = future.result()
        except Exception as error:
            if self._accept_found(unit):  # done, whatever befell the receipt
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
        """Have a unit that the executor has dropped done again: no fault of its series, but not without end."""
        unit.n_cancelled += 1
        if unit.n_cancelled >= _CANCELS:
            raise self._lost(f"The executor drops its jobs ({type(error).__name__}: {error or 'cancelled'})") from error
        self._waiting.append(unit)

    def _accept_found(self, unit: _Unit) -> bool:
        """Whether the files of all jobs of a unit are on the disk, and then accepted."""
        found = [path for key in unit.keys if (path := find_part(self._folder.parts_folder, key)) is not None]
        if len(found) < len(unit.keys):
            return False
        for one, path in zip(unit.apart(), found, strict=True):
            self._accept(one, path)
        return True

    def _after_death(self, dead: list[_Unit]) -> None:
        if self._pool.is_broken:  # everything that was at work is lost with it
            dead += self._at_work()
            for unit in dead:
                if unit.pulse is not None:
                    unit.pulse.look(0.0)
            self._replace_pool()
            if not any(unit.pulse and unit.pulse.has_begun for unit in dead):  # it was no series that killed them
                self._n_stalls += 1
                if self._n_stalls >= _STALLS:
                    raise self._lost("Worker processes die before they begin a job")
                self._waiting.extendleft(dead)
                return
        for unit in dead:  # those that died together may be told of one after the other
            self._blame(unit, alone=unit.is_alone)

    def _blame(self, unit: _Unit, *, alone: bool) -> None:
        """Find out who is guilty of a death, or of work without end."""
        if len(unit.jobs) > 1:
            self._suspects += unit.apart()
            return
        job = unit.jobs[0]
        is_guilty = alone or unit.is_late
        unit.deaths += is_guilty
        if is_guilty and not job.forecaster.is_global and job.stop - job.first > 1:
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
            why = ("JobTimedOut", f"not done within job_timeout={self._limits.job_timeout:g} seconds")
        failures = tuple(Failure(window, i, *why) for window in job.windows for i in range(n_series))
        quantiles = np.full((*mean.shape, self._plan.levels.size), np.nan)
        nothing = (0.0,) * n_windows
        self._accept(unit, Part(mean, quantiles, nothing, nothing, failures))

    def _accept(self, unit: _Unit, given: Path | Part) -> None:
        """Register a finished unit of one job; pieces of a divided one are joined when the last of them is there."""
        job, address = unit.jobs[0], unit.wholes[0]
        whole = self._jobs[address]
        if job is whole:
            if isinstance(given, Part):
                self._folder.put(whole, given)
            else:
                self._folder.accept(whole, given)
        else:
            pieces = self._pieces.setdefault(address, {})
            pieces[job.first] = given if isinstance(given, Part) else read_part(given)
            self._open[address] -= 1
            if self._open[address] > 0:
                return
            self._folder.put(whole, join_parts([pieces[first] for first in sorted(pieces)]))
        self._n_done += 1
        self._progress(self._n_done, len(self._jobs), whole.model)
