"""The driver: jobs on any ``concurrent.futures.Executor``, whatever becomes of its workers."""

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from tsforecast._types import Floats
from tsforecast.backtest.blocks import read_block, write_block
from tsforecast.backtest.bundles import bundle_jobs
from tsforecast.backtest.jobs import Address, Failure, Job, Part, join_parts, run_jobs
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.parts import find_part, read_part, write_part
from tsforecast.backtest.plan import Plan
from tsforecast.backtest.store import RunFolder
from tsforecast.backtest.workers import Pool, open_pool

Progress: TypeAlias = Callable[[int, int, str], None]
_DEATHS = 2  # a worker may be killed by chance; a series that is alone with one that dies twice is guilty
_KILLED = ("KilledWorker", "WorkerCrashedError")  # what Dask and Ray raise in place of BrokenExecutor


@dataclasses.dataclass(frozen=True)
class Task:
    """What a worker gets: where its series are, what to do, where to put what comes of it."""

    jobs: tuple[Job, ...]
    keys: tuple[str, ...]
    block: Path
    cv: RollingOrigin
    levels: Floats
    target: Path


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What a worker gives back for each job: the file is on the disk."""

    key: str
    path: Path
    n_rows: int
    n_failures: int


@dataclasses.dataclass
class _Unit:
    """What a worker is given: some jobs that are fitted together, one, or a piece of one that killed its worker."""

    jobs: tuple[Job, ...]
    keys: tuple[str, ...]
    wholes: tuple[Address, ...]
    deaths: int = 0

    def apart(self) -> "list[_Unit]":
        """Each job by itself."""
        return [
            _Unit((job,), (key,), (whole,)) for job, key, whole in zip(self.jobs, self.keys, self.wholes, strict=True)
        ]


def run_task(task: Task) -> list[Receipt]:
    """The receipts of a task: reads its series, runs its jobs, writes a file for each; the same wherever it runs."""
    panel = read_block(task.block)
    receipts = []
    for key, part in zip(task.keys, run_jobs(task.jobs, panel, task.cv, task.levels), strict=True):
        path = write_part(task.target, key, part)
        receipts.append(Receipt(key, path, part.mean.size, len(part.failures)))
    return receipts


def drive(
    plan: Plan, jobs: Sequence[Job], folder: RunFolder, executor: Literal["processes"] | Executor, progress: Progress
) -> None:
    """Run the jobs; a worker that dies costs its job another try, a series that kills workers is a failure.

    Raises
    ------
    RunFolderError
        A part could not be written, or an executor that is not ours has broken down.
    """
    with open_pool(executor) as pool:
        _Driver(plan, jobs, folder, pool, progress).run()


class _Driver:
    def __init__(self, plan: Plan, jobs: Sequence[Job], folder: RunFolder, pool: Pool, progress: Progress) -> None:
        self._plan, self._folder, self._pool, self._progress = plan, folder, pool, progress
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

    def run(self) -> None:
        """Run until nothing is left."""
        while self._waiting or self._suspects or self._running:
            alone = bool(self._suspects)
            self._start()
            if not self._running:
                continue
            finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
            dead = [unit for future in finished if (unit := self._settle(future)) is not None]
            if dead:
                self._after_death(dead, alone=alone and len(dead) == 1)

    def _start(self) -> None:
        if self._suspects:
            if not self._running:
                self._submit(self._suspects.popleft(), self._suspects)
            return
        while self._waiting and len(self._running) < 2 * self._pool.n_workers:
            if not self._submit(self._waiting.popleft(), self._waiting):
                return

    def _submit(self, unit: _Unit, back: deque[_Unit]) -> bool:
        """Hand a unit to a worker, unless its files are there already; False where the pool had broken down before."""
        if self._accept_found(unit):
            return True
        job, plan = unit.jobs[0], self._plan
        block = self._folder.folder / "data" / f"{job.first}-{job.stop}.parquet"
        if not block.exists():
            block.parent.mkdir(exist_ok=True)
            write_block(block, plan.panel.take(np.arange(job.first, job.stop)))
        task = Task(unit.jobs, unit.keys, block, plan.cv, plan.levels, self._folder.parts_folder)
        try:
            self._running[self._pool.submit(run_task, task)] = unit
        except BrokenExecutor:
            back.appendleft(unit)
            if not self._running:
                self._pool.rebuild()
            return False
        return True

    def _settle(self, future: "Future[list[Receipt]]") -> _Unit | None:
        """Accept what a worker did; the unit itself where the worker died."""
        unit = self._running.pop(future)
        try:
            receipts = future.result()
        except Exception as error:
            if self._accept_found(unit):  # done, whatever befell the receipt
                return None
            if isinstance(error, BrokenExecutor):
                self._pool.is_broken = True
                return unit
            if isinstance(error, CancelledError) or type(error).__name__ in _KILLED:
                return unit
            raise
        for one, receipt in zip(unit.apart(), receipts, strict=True):
            self._accept(one, receipt.path)
        return None

    def _accept_found(self, unit: _Unit) -> bool:
        """Whether the files of all jobs of a unit are on the disk, and then accepted."""
        found = [path for key in unit.keys if (path := find_part(self._folder.parts_folder, key)) is not None]
        if len(found) < len(unit.keys):
            return False
        for one, path in zip(unit.apart(), found, strict=True):
            self._accept(one, path)
        return True

    def _after_death(self, dead: list[_Unit], *, alone: bool) -> None:
        if self._pool.is_broken:  # everything that was at work is lost with it
            while self._running:
                finished, _ = wait(self._running)
                dead += [unit for future in finished if (unit := self._settle(future)) is not None]
            self._pool.rebuild()
        for unit in dead:
            if len(unit.jobs) > 1:
                self._suspects += unit.apart()
                continue
            job = unit.jobs[0]
            divisible = not job.forecaster.is_global and job.stop - job.first > 1
            unit.deaths += alone
            if alone and divisible:
                self._divide(unit)
            elif unit.deaths < _DEATHS:
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
        failures = tuple(
            Failure(window, i, "WorkerDied", "the process that worked on it died, each time")
            for window in job.windows
            for i in range(n_series)
        )
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
