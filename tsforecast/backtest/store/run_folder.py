"""RunFolder: keeps finished jobs on disk, so that a run that was killed can be resumed."""

import contextlib
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import filelock
import pandas as pd
import yaml

from tsforecast._yaml import parse_yaml
from tsforecast.backtest.plan.differences import changed_settings, is_same
from tsforecast.backtest.plan.identity import job_keys, resolved_config
from tsforecast.backtest.plan.jobs import Job, JobResult
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.plan.settings import check_storable_ids
from tsforecast.backtest.result.data import LATER_TABLES, TABLES, RunData
from tsforecast.backtest.store.files import FrameWriter, forecast_file, write_bytes
from tsforecast.backtest.store.folder import (
    LOCK,
    check_writable,
    clear_blocks,
    clear_results,
    holds_run,
    make_folder,
    remove_empty,
    remove_temporaries,
)
from tsforecast.backtest.store.job_files import intact_results, read_result, write_result
from tsforecast.backtest.store.manifest import file_hashes, read_manifest, write_manifest
from tsforecast.backtest.store.run_files import HISTORY, STATIC, load_run, written_files
from tsforecast.backtest.store.stage import settle
from tsforecast.backtest.store.store import join_blocks, new_manifest, now
from tsforecast.backtest.store.tables import TableBuilder, history_table, static_table
from tsforecast.exceptions import DataError, RunFolderError, TSForecastError


class RunFolder:
    """A store on disk: one file for each finished job, so that a stopped run can be resumed.

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
        self._manifest = new_manifest(plan, len(self._jobs))
        self._config = as_yaml(resolved_config(plan))
        self._files: dict[str, Path] = {}
        self.is_finished = False
        check_storable_ids(plan.panel.ids)
        self._lock = filelock.FileLock(folder / LOCK)

    def __enter__(self) -> Self:
        if holds_run(self.folder):
            settle(self.folder)
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
            if made:  # a folder that was made in vain is removed again
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
        """Raise a `RunFolderError` where the folder holds a different run; nothing is changed."""
        theirs = read_manifest(self.folder)
        _check_same(theirs["identity"], self._manifest["identity"], self.folder)
        self.is_finished = theirs["status"] == "finished"

    def _open(self) -> None:
        """Begin or resume a run in the locked folder, checked again as another run may have used it meanwhile."""
        if holds_run(self.folder):
            self._compare()
            check_writable(self.folder)
            remove_temporaries(self.folder)
            clear_blocks(self.folder)  # they have no checksum, so they are written again
        else:
            remove_temporaries(self.folder)
            write_manifest(self.folder, self._manifest | {"files": {}})
        if self.is_finished:
            return
        if not (self.folder / "config.yaml").exists():
            write_bytes(self.folder / "config.yaml", self._config)
        self.parts_folder.mkdir(exist_ok=True)
        self._files = intact_results(self.parts_folder, set(self._keys.values()))

    def _remove_start(self, made: Sequence[Path]) -> None:
        with contextlib.suppress(OSError):
            if not any(path.name != LOCK for path in self.folder.iterdir()):
                (self.folder / LOCK).unlink(missing_ok=True)
            remove_empty(made)

    @property
    def how_to_go_on(self) -> str:
        """The call or the command that goes on with a run that was stopped."""
        if self._plan.source.get("data") is None:
            return f"backtest(..., output={str(self.folder)!r})"
        options = ["--config", f"{self.folder}/config.yaml", "--output", str(self.folder)]
        return f"tsforecast backtest {shlex.join(options)}"

    def has(self, job: Job) -> bool:
        """Whether the job is finished already."""
        return self.is_finished or self.key(job) in self._files

    def put(self, job: Job, result: JobResult) -> None:
        """Keep the result of a job."""
        key = self.key(job)
        self._files[key] = write_result(self.parts_folder, key, result)

    def finish(self, jobs: Sequence[Job]) -> RunData:
        """The run, read from its files, which are written first; the files of single jobs are then removed.

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
            self.is_finished = True
            self._files.clear()
        run = load_run(self.folder)
        with contextlib.suppress(OSError, filelock.Timeout), self._lock.acquire(timeout=0):
            self._tidy()
        return run

    def _tidy(self) -> None:
        """Remove files that killed workers, or a run killed at its end, have left."""
        remove_temporaries(self.folder)
        clear_results(self.folder, set(self._keys.values()))
        clear_blocks(self.folder)

    def _write_all(self, jobs: Sequence[Job]) -> None:
        """Write all files of a finished run, the manifest, which marks it as finished, last."""
        self._write_tables(jobs, self.folder)
        names = [*written_files(list(self._plan.models)), *self._write_data_tables()]
        write_bytes(self.folder / "config.yaml", self._config)
        started = read_manifest(self.folder).get("started")
        files = file_hashes(self.folder, names)
        done = {"status": "finished", "started": started, "finished": now(), "files": files}
        write_manifest(self.folder, self._manifest | done)

    def _write_tables(self, jobs: Sequence[Job], folder: Path, first: int = 0) -> None:
        """Write the tables of a run and the forecasts of the plan's models, the first of which has number ``first``."""
        builder = TableBuilder(self._plan)
        with _writers(folder, list(self._plan.models), builder, first) as writers:
            for name in TABLES | LATER_TABLES:
                for rows in self._rows_before(name):
                    writers[name].add(rows)
            for job, result in join_blocks(jobs, self.result):
                writers[f"forecasts/{job.model}"].add(builder.forecasts(job, result))
                for name in TABLES | LATER_TABLES:
                    writers[name].add(getattr(builder, name)(job, result))

    def _rows_before(self, name: str) -> Iterable[pd.DataFrame]:
        """Rows that come first in a table: none in a new run."""
        return ()

    def _write_data_tables(self) -> list[str]:
        """Write what the run keeps of its data; the names of the files written."""
        tables = {STATIC: static_table(self._plan.panel), HISTORY: history_table(self._plan)}
        kept = {name: table for name, table in tables.items() if table is not None}
        for name, table in kept.items():
            with FrameWriter(self.folder / name, table) as writer:
                writer.add(table)
        return list(kept)

    def result(self, job: Job) -> JobResult:
        """The result of a finished job."""
        return read_result(self._files[self.key(job)])

    def accept(self, job: Job, path: Path) -> None:
        """Register a result that a worker has written."""
        self._files[self.key(job)] = path

    def key(self, job: Job) -> str:
        """The hash that names the job's file."""
        return self._keys[job.address]


@contextlib.contextmanager
def _writers(
    folder: Path, models: Sequence[str], builder: TableBuilder, first: int
) -> Iterator[dict[str, FrameWriter]]:
    with contextlib.ExitStack() as stack:
        tables = TABLES | LATER_TABLES
        paths = {name: folder / f"{name}.parquet" for name in tables}
        paths |= {
            f"forecasts/{name}": folder / "forecasts" / forecast_file(i, name) for i, name in enumerate(models, first)
        }
        yield {
            name: stack.enter_context(
                FrameWriter(path, pd.DataFrame(columns=list(tables.get(name, builder.forecast_columns))))
            )
            for name, path in paths.items()
        }


def _check_same(theirs: dict[str, Any], mine: dict[str, Any], folder: Path) -> None:
    changed = changed_settings(theirs, mine)
    if changed:
        hint = "; models can be added to a finished run (add=True, or --add)" if "models" in changed else ""
        raise RunFolderError(
            f"{folder} holds a run with other {', '.join(changed)} ({'; '.join(changed.values())}); results are not "
            f"mixed: give another folder, or remove this one{hint}."
        )


def as_yaml(config: dict[str, Any]) -> bytes:
    """A configuration as YAML, after a check that the same values are read back."""
    try:
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        content = text.encode()
        same = is_same(parse_yaml(text), config)
    except (yaml.YAMLError, DataError, ValueError) as error:
        raise RunFolderError(f"The settings of this run cannot be written as YAML: {error}.") from error
    if not same:
        raise RunFolderError("The settings of this run cannot be read back from YAML as they are; use plain names.")
    return content
