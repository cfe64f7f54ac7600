"""Store: keeps the results of jobs during a run; `Memory` keeps them in this process."""

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, Self

import pandas as pd

from tsforecast.backtest.plan.identity import resolved_config, run_identity
from tsforecast.backtest.plan.jobs import Address, Job, JobResult, join_results
from tsforecast.backtest.plan.nests import nested_models
from tsforecast.backtest.plan.plan import Plan, draws_numbers
from tsforecast.backtest.result.data import LATER_TABLES, TABLES, RunData, TablesInMemory
from tsforecast.backtest.store.tables import TableBuilder, history_table, static_table

_JOINED_SERIES = 4096


class Store(Protocol):
    """Interface of what keeps the finished jobs of a run."""

    is_finished: bool

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None: ...

    def has(self, job: Job) -> bool:
        """Whether the job is finished already."""

    def put(self, job: Job, result: JobResult) -> None:
        """Keep the result of a job."""

    def result(self, job: Job) -> JobResult:
        """The result of a finished job."""

    def finish(self, jobs: Sequence[Job]) -> RunData:
        """The run, once all jobs are finished."""


class Memory:
    """A store in the memory of this process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._results: dict[Address, JobResult] = {}
        self.is_finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._results.clear()

    def has(self, job: Job) -> bool:
        """Whether the job is finished already: never at first."""
        return job.address in self._results

    def put(self, job: Job, result: JobResult) -> None:
        """Keep the result of a job."""
        self._results[job.address] = result

    def result(self, job: Job) -> JobResult:
        """The result of a finished job."""
        return self._results[job.address]

    def finish(self, jobs: Sequence[Job]) -> RunData:
        """The run, once all jobs are finished."""
        builder = TableBuilder(self._plan)
        pairs = list(join_blocks(jobs, self.result))
        frames = {
            name: _concat([getattr(builder, name)(job, result) for job, result in pairs], columns)
            for name, columns in TABLES.items()
        }
        forecasts = _concat([builder.forecasts(job, result) for job, result in pairs], builder.forecast_columns)
        parts = _concat([builder.parts(job, result) for job, result in pairs], LATER_TABLES["parts"])
        fits = _concat([builder.fits(job, result) for job, result in pairs], LATER_TABLES["fits"])
        return RunData(
            large=TablesInMemory(frames.pop("scores"), forecasts, parts, fits),
            **frames,
            config=resolved_config(self._plan),
            manifest=new_manifest(self._plan, len(jobs)),
            static=static_table(self._plan.panel),
            history=history_table(self._plan),
        )


def new_manifest(plan: Plan, n_jobs: int) -> dict[str, Any]:
    """The manifest of a run that begins: identity of data and settings, package versions."""
    identity = run_identity(plan)
    metrics = list(identity["scores"])
    about = {"status": "running", "started": now(), "n_jobs": n_jobs, "metrics": metrics}
    random = [name for name, model in plan.models.items() if draws_numbers(model)]
    return {**about, "nests": nested_models(plan.models), "random": random, "identity": identity}


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def join_blocks(jobs: Sequence[Job], result_of: Callable[[Job], JobResult]) -> Iterator[tuple[Job, JobResult]]:
    """Jobs with results, neighbouring blocks of series joined, so that tables are built of many series at once."""
    held: list[Job] = []

    def together() -> tuple[Job, JobResult]:
        result = join_results([result_of(job) for job in held])
        return dataclasses.replace(held[0], stop=held[-1].stop), result

    for job in jobs:
        size = sum(j.stop - j.first for j in held)
        if held and (job.address[:3] != held[-1].address[:3] or size >= _JOINED_SERIES):
            yield together()
            held = []
        held.append(job)
    yield together()


def _concat(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    full = [frame for frame in frames if len(frame)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(columns))
