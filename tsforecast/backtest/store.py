"""Where finished jobs go: memory, or a run folder that survives being killed."""

import contextlib
import dataclasses
import datetime
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import filelock
import pandas as pd
import yaml

from tsforecast.backtest.collect import (
    FAILURE_COLUMNS,
    SCORE_COLUMNS,
    TIMING_COLUMNS,
    WARNING_COLUMNS,
    Collector,
)
from tsforecast.backtest.describe import describe_models, own_code
from tsforecast.backtest.files import TEMPORARY, FrameWriter, forecast_file, read_json, write_bytes, write_json
from tsforecast.backtest.jobs import Address, Job, Part, join_parts
from tsforecast.backtest.parts import job_keys, package_versions, read_part, sound_parts, write_part
from tsforecast.backtest.plan import Plan
from tsforecast.backtest.result import BacktestResult
from tsforecast.exceptions import RunFolderError
from tsforecast.frequency import freq_name
from tsforecast.metrics.choose import score_facts

_FRAMES = {
    "scores": SCORE_COLUMNS,
    "timings": TIMING_COLUMNS,
    "failures": FAILURE_COLUMNS,
    "warnings": WARNING_COLUMNS,
}
_JOINED_SERIES = 4096


class Store(Protocol):
    """What the runner needs of a place for finished jobs."""

    is_finished: bool

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None: ...

    def has(self, job: Job) -> bool:
        """Whether the job is finished already."""

    def put(self, job: Job, part: Part) -> None:
        """Keep what a job gave."""

    def part(self, job: Job) -> Part:
        """What a finished job gave."""

    def finish(self, jobs: Sequence[Job]) -> BacktestResult:
        """The result of all jobs."""


class Memory:
    """Finished jobs of this process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._parts: dict[Address, Part] = {}
        self.is_finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._parts.clear()

    def has(self, job: Job) -> bool:
        """Whether the job is finished already: never at first."""
        return job.address in self._parts

    def put(self, job: Job, part: Part) -> None:
        """Keep what a job gave."""
        self._parts[job.address] = part

    def part(self, job: Job) -> Part:
        """What a finished job gave."""
        return self._parts[job.address]

    def finish(self, jobs: Sequence[Job]) -> BacktestResult:
        """The result of all jobs."""
        collector = Collector(self._plan)
        pairs = list(_joined(jobs, self.part))
        frames = {
            name: _concat(
                [getattr(collector, "warned" if name == "warnings" else name)(j, p) for j, p in pairs], columns
            )
            for name, columns in _FRAMES.items()
        }
        return BacktestResult(
            scores_or_folder=frames.pop("scores"),
            **frames,
            config=resolved_config(self._plan),
            manifest=manifest(self._plan, len(jobs)),
            forecasts_or_folder=_concat([collector.forecasts(j, p) for j, p in pairs], collector.forecast_columns),
        )


class RunFolder:
    """A run on disk: every finished job is one file, the run goes on where it stopped.

    Parameters
    ----------
    plan : Plan
    folder : Path

    Raises
    ------
    RunFolderError
        On entering: another process works in the folder, or it holds a run of other data, models or settings.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self.folder = folder
        self.parts_folder = folder / "parts"
        self._jobs = plan.jobs()
        self._keys = dict(zip([job.address for job in self._jobs], job_keys(plan, self._jobs), strict=True))
        self._parts: dict[str, Path] = {}
        self.is_finished = False
        self._lock = filelock.FileLock(folder / ".lock")

    def __enter__(self) -> Self:
        try:
            self.parts_folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise RunFolderError(f"{self.folder} is in use by another run; wait for it or give another.") from error
        except OSError as error:
            raise RunFolderError(f"{self.folder} cannot be written: {error.strerror or error}.") from error
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._lock.release()

    def _open(self) -> None:
        for left in self.folder.rglob(f"*{TEMPORARY}"):
            left.unlink()
        path = self.folder / "manifest.json"
        mine = manifest(self._plan, len(self._jobs))
        if path.exists():
            theirs = read_json(path)
            _check_same(theirs.get("identity", {}), mine["identity"], self.folder)
            self.is_finished = theirs["status"] == "finished"
        elif any(p.name not in (".lock", "parts", "config.yaml") for p in self.folder.iterdir()):
            raise RunFolderError(f"{self.folder} holds other files and no run; give an empty or a new folder.")
        else:
            write_bytes(self.folder / "config.yaml", _yaml(resolved_config(self._plan)))
            write_json(path, mine)
        self._parts = sound_parts(self.parts_folder)

    def has(self, job: Job) -> bool:
        """Whether the job is finished already."""
        return self.is_finished or self.key(job) in self._parts

    def put(self, job: Job, part: Part) -> None:
        """Keep what a job gave."""
        key = self.key(job)
        self._parts[key] = write_part(self.parts_folder, key, part)

    def finish(self, jobs: Sequence[Job]) -> BacktestResult:
        """The result of all jobs; the parts are gone once all files of the run are written.

        Raises
        ------
        RunFolderError
            The disk is full; nothing that was computed is lost.
        """
        if not self.is_finished:
            try:
                self._write_all(jobs)
            except RunFolderError:
                raise
            except OSError as error:
                raise RunFolderError(f"{self.folder} could not be written: {error.strerror or error}.") from error
        self._parts.clear()
        for name in ("parts", "data"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return BacktestResult.load(self.folder)

    def _write_all(self, jobs: Sequence[Job]) -> None:
        """All files of a finished run; the manifest, which says that it is finished, comes last."""
        collector = Collector(self._plan)
        with _writers(self.folder, list(self._plan.models), collector) as writers:
            for job, part in _joined(jobs, self.part):
                writers[f"forecasts/{job.model}"].add(collector.forecasts(job, part))
                for name in _FRAMES:
                    writers[name].add(getattr(collector, "warned" if name == "warnings" else name)(job, part))
        result = BacktestResult.load(self.folder)
        result.write_summary(self.folder)
        started = read_json(self.folder / "manifest.json")["started"]
        done = manifest(self._plan, len(jobs)) | {"status": "finished", "started": started, "finished": now()}
        write_json(self.folder / "manifest.json", done)

    def part(self, job: Job) -> Part:
        """What a finished job gave."""
        return read_part(self._parts[self.key(job)])

    def accept(self, job: Job, path: Path) -> None:
        """Take a part that a worker has written."""
        self._parts[self.key(job)] = path

    def key(self, job: Job) -> str:
        """The hash that names the job's file."""
        return self._keys[job.address]


def _joined(jobs: Sequence[Job], part_of: Callable[[Job], Part]) -> Iterator[tuple[Job, Part]]:
    """Jobs and parts, neighbouring blocks of one fit joined, so that frames are built of many series at once."""
    held: list[Job] = []

    def together() -> tuple[Job, Part]:
        part = join_parts([part_of(job) for job in held])
        return dataclasses.replace(held[0], stop=held[-1].stop), part

    for job in jobs:
        size = sum(j.stop - j.first for j in held)
        if held and (job.address[:3] != held[-1].address[:3] or size >= _JOINED_SERIES):
            yield together()
            held = []
        held.append(job)
    yield together()


@contextlib.contextmanager
def _writers(folder: Path, models: Sequence[str], collector: Collector) -> Iterator[dict[str, FrameWriter]]:
    with contextlib.ExitStack() as stack:
        paths = {name: folder / f"{name}.parquet" for name in _FRAMES}
        paths |= {f"forecasts/{name}": folder / "forecasts" / forecast_file(i, name) for i, name in enumerate(models)}
        yield {
            name: stack.enter_context(
                FrameWriter(path, pd.DataFrame(columns=list(_FRAMES.get(name, collector.forecast_columns))))
            )
            for name, path in paths.items()
        }


def resolved_config(plan: Plan) -> dict[str, Any]:
    """All settings of a run, as the command line reads them back."""
    return {
        **plan.source,
        **dataclasses.asdict(plan.cv),
        "refit": plan.refit,
        "models": describe_models(plan.models),
        "metrics": [metric.name for metric in plan.metrics],
        "level": list(plan.level),
        "quantiles": list(plan.quantiles),
        "seeds": None if plan.seeds is None else list(plan.seeds),
        "season_length": plan.season_length,
        "audit": plan.audit,
        "too_short": plan.too_short,
    }


def manifest(plan: Plan, n_jobs: int) -> dict[str, Any]:
    """What was run on what: data, settings, package versions."""
    panel = plan.panel
    data = {
        "fingerprint": panel.fingerprint(),
        "n_series": panel.n_series,
        "n_obs": panel.n_obs,
        "freq": freq_name(panel.freq),
        "covariates": list(panel.covariate_names),
        "static": [] if panel.static is None else list(map(str, panel.static.columns)),
    }
    settings = {key: value for key, value in resolved_config(plan).items() if key not in plan.source}
    scores = {name: dataclasses.asdict(about) for name, about in score_facts(plan.metrics, plan.level).items()}
    code = own_code(plan.models)
    identity = {"data": data, **settings, "scores": scores, "code": code, "packages": package_versions()}
    return {"status": "running", "started": now(), "n_jobs": n_jobs, "metrics": list(scores), "identity": identity}


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _check_same(theirs: dict[str, Any], mine: dict[str, Any], folder: Path) -> None:
    changed = [name for name in mine if theirs.get(name) != mine[name]]
    if changed:
        told = "; ".join(f"{name} was {_short(theirs.get(name))}, is {_short(mine[name])}" for name in changed)
        raise RunFolderError(
            f"{folder} holds a run with other {', '.join(changed)} ({told}); results are not mixed: "
            "give another folder, or remove this one."
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 160 else text[:157] + "..."


def _yaml(config: dict[str, Any]) -> bytes:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()


def _concat(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    full = [frame for frame in frames if len(frame)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(columns))
