"""Where finished jobs go: memory, or a run folder that survives being killed."""

import contextlib
import dataclasses
import datetime
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import filelock
import pandas as pd
import yaml

from tsforecast._yaml import parse_yaml
from tsforecast.backtest.plan.checks import check_ids
from tsforecast.backtest.plan.describe import contents, describe, describe_models, own_code
from tsforecast.backtest.plan.jobs import Address, Job, Part, join_parts
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.result.collect import (
    FAILURE_COLUMNS,
    SCORE_COLUMNS,
    TIMING_COLUMNS,
    WARNING_COLUMNS,
    Collector,
)
from tsforecast.backtest.result.result import BacktestResult, needed_files
from tsforecast.backtest.store.files import FrameWriter, forecast_file, write_bytes
from tsforecast.backtest.store.folder import (
    LOCK,
    check_writable,
    clear_blocks,
    clear_parts,
    holds_run,
    make_folder,
    remove_empty,
    remove_temporaries,
)
from tsforecast.backtest.store.parts import job_keys, package_versions, read_part, sound_parts, write_part
from tsforecast.backtest.store.seal import file_hashes, read_manifest, write_manifest
from tsforecast.exceptions import DataError, RunFolderError, TSForecastError
from tsforecast.metrics.choose import score_facts
from tsforecast.panel.frequency import freq_name

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
        self._manifest = manifest(plan, len(self._jobs))
        self._config = _yaml(resolved_config(plan))
        self._parts: dict[str, Path] = {}
        self.is_finished = False
        check_ids(plan.panel.ids)
        self._lock = filelock.FileLock(folder / LOCK)

    def __enter__(self) -> Self:
        if holds_run(self.folder):
            self._compare()
            if self.is_finished:
                return self
        made: list[Path] = []
        try:
            made = make_folder(self.folder)
            self._lock.acquire(timeout=0)
            self._open()
        except BaseException as error:
            self._lock.release()
            if made:  # nothing of ours stays in a folder that was made for nothing
                self._remove_start(made)
            if isinstance(error, filelock.Timeout):
                raise RunFolderError(f"{self.folder} is in use by another run; wait for it or give another.") from error
            if isinstance(error, (OSError, ValueError)) and not isinstance(error, TSForecastError):
                told = getattr(error, "strerror", None) or error
                raise RunFolderError(f"{self.folder} cannot be written: {told}.") from error
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._lock.release()

    def _compare(self) -> None:
        """Raise a `RunFolderError` where the folder holds a run of something else; nothing is touched."""
        theirs = read_manifest(self.folder)
        _check_same(theirs["identity"], self._manifest["identity"], self.folder)
        self.is_finished = theirs["status"] == "finished"

    def _open(self) -> None:
        """Begin a run or go on with one, the folder being locked: another may have used it since it was looked at."""
        if holds_run(self.folder):
            self._compare()
            check_writable(self.folder)
            remove_temporaries(self.folder)
            clear_blocks(self.folder)  # they carry no checksum: they are written anew
        else:
            remove_temporaries(self.folder)
            write_manifest(self.folder, self._manifest | {"files": {}})
        if self.is_finished:
            return
        if not (self.folder / "config.yaml").exists():
            write_bytes(self.folder / "config.yaml", self._config)
        self.parts_folder.mkdir(exist_ok=True)
        self._parts = sound_parts(self.parts_folder, set(self._keys.values()))

    def _remove_start(self, made: Sequence[Path]) -> None:
        with contextlib.suppress(OSError):
            if not any(path.name != LOCK for path in self.folder.iterdir()):
                (self.folder / LOCK).unlink(missing_ok=True)
            remove_empty(made)

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
        before = self.is_finished
        if not before:
            try:
                self._write_all(jobs)
            except RunFolderError:
                raise
            except OSError as error:
                raise RunFolderError(f"{self.folder} could not be written: {error.strerror or error}.") from error
            self.is_finished = True
            self._parts.clear()
        result = BacktestResult.load(self.folder)
        with contextlib.suppress(OSError, filelock.Timeout), self._lock.acquire(timeout=0):
            self._tidy()
        if not before:
            result.write_summary(self.folder)
        elif not result.has_summary:  # the run was killed as it ended
            with contextlib.suppress(RunFolderError):
                result.write_summary(self.folder)
        return result

    def _tidy(self) -> None:
        """Remove what workers that were killed, or a run that was killed as it ended, have left."""
        remove_temporaries(self.folder)
        clear_parts(self.folder, set(self._keys.values()))
        clear_blocks(self.folder)

    def _write_all(self, jobs: Sequence[Job]) -> None:
        """All files of a finished run; the manifest, which says that it is finished, comes last."""
        collector = Collector(self._plan)
        models = list(self._plan.models)
        with _writers(self.folder, models, collector) as writers:
            for job, part in _joined(jobs, self.part):
                writers[f"forecasts/{job.model}"].add(collector.forecasts(job, part))
                for name in _FRAMES:
                    writers[name].add(getattr(collector, "warned" if name == "warnings" else name)(job, part))
        write_bytes(self.folder / "config.yaml", self._config)
        started = read_manifest(self.folder).get("started")
        files = file_hashes(self.folder, needed_files(models))
        done = {"status": "finished", "started": started, "finished": now(), "files": files}
        write_manifest(self.folder, self._manifest | done)

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
        **describe(dataclasses.asdict(plan.cv)),
        "refit": describe(plan.refit),
        "models": describe_models(plan.models),
        "metrics": [metric.name for metric in plan.metrics],
        "level": list(plan.level),
        "quantiles": list(plan.quantiles),
        "seeds": None if plan.seeds is None else list(plan.seeds),
        "season_length": int(plan.season_length),
        "audit": bool(plan.audit),
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
    identity = {
        "data": data,
        **settings,
        "scores": scores,
        "code": own_code(plan.models),
        "content": contents(plan.models),
        "scoring": {metric.name: describe(metric) for metric in plan.metrics},
        "packages": package_versions(),
    }
    return {"status": "running", "started": now(), "n_jobs": n_jobs, "metrics": list(scores), "identity": identity}


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _check_same(theirs: dict[str, Any], mine: dict[str, Any], folder: Path) -> None:
    changed = [name for name in mine if _text(theirs.get(name)) != _text(mine[name])]
    if changed:
        told = "; ".join(f"{name} was {_short(theirs.get(name))}, is {_short(mine[name])}" for name in changed)
        raise RunFolderError(
            f"{folder} holds a run with other {', '.join(changed)} ({told}); results are not mixed: "
            "give another folder, or remove this one."
        )


def _text(value: Any) -> str:
    """As it stands in a manifest: 1, 1.0 and True are different, and nan is nan."""
    return json.dumps(value, default=str, sort_keys=True)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 160 else text[:157] + "..."


def _yaml(config: dict[str, Any]) -> bytes:
    """The text of a configuration, from which the same values can be read again."""
    try:
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        content = text.encode()
        same = _text(parse_yaml(text)) == _text(config)
    except (yaml.YAMLError, DataError, ValueError) as error:
        raise RunFolderError(f"The settings of this run cannot be written as YAML: {error}.") from error
    if not same:
        raise RunFolderError("The settings of this run cannot be read back from YAML as they are; use plain names.")
    return content


def _concat(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    full = [frame for frame in frames if len(frame)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(columns))
