"""Addition: a store of the jobs of models that are added to a finished run."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from tsforecast.backtest.plan.addition import joined_config, joined_identity, new_models, other_settings
from tsforecast.backtest.plan.identity import run_identity
from tsforecast.backtest.plan.jobs import Job
from tsforecast.backtest.plan.nests import joined_nests
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.result.data import LATER_TABLES, TABLES, RunData
from tsforecast.backtest.store.files import forecast_file, reading, write_bytes
from tsforecast.backtest.store.folder import holds_run
from tsforecast.backtest.store.manifest import file_hashes, read_manifest, write_manifest
from tsforecast.backtest.store.run_files import DATA_TABLES, DIAGNOSIS, load_run
from tsforecast.backtest.store.run_folder import RunFolder, as_yaml
from tsforecast.backtest.store.stage import clear_stage, kept_files, put_in_place, staging
from tsforecast.backtest.store.store import now
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import RunFolderError


class Addition(RunFolder):
    """A run folder whose run is finished, and to which the models of a plan are added.

    The run stays as it is until all jobs are finished and all files with the new models are written; then these take
    the place of the old ones, all together. A stopped addition can be resumed like a stopped run.

    Parameters
    ----------
    plan : Plan
        Of the new models alone, otherwise that of the run.
    folder : Path

    Raises
    ------
    RunFolderError
        On entering: there is no finished run, it is of other data, settings or package versions, it has one of the
        models already, or another process works in the folder.
    """

    @property
    def how_to_go_on(self) -> str:
        """What to do with a run that was stopped."""
        if self._plan.source.get("data") is None:
            return f"backtest(..., output={str(self.folder)!r}, add=True)"
        return "the same command again"

    def _compare(self) -> None:
        theirs = read_manifest(self.folder)
        _check_can_be_added_to(theirs, self._manifest["identity"], self.folder)
        there = [model["name"] for model in theirs["identity"]["models"] if model["name"] in self._plan.models]
        if there:
            raise RunFolderError(f"{self.folder} has been given {', '.join(there)} by another run meanwhile.")

    def _open(self) -> None:
        if not holds_run(self.folder):
            raise RunFolderError(f"{self.folder} holds no run that models could be added to.")
        super()._open()
        clear_stage(self.folder)

    def _write_all(self, jobs: Sequence[Job]) -> None:
        """Write all files that change onto the stage, its manifest last, and put them in place."""
        old = load_run(self.folder)
        names = [forecast_file(i, name) for i, name in enumerate(self._plan.models, len(old.models))]
        written = [
            "config.yaml",
            *(f"{name}.parquet" for name in TABLES | LATER_TABLES),
            *(f"forecasts/{name}" for name in names),
        ]
        theirs, mine = old.manifest["identity"], self._manifest["identity"]
        with staging(self.folder) as stage:
            self._write_tables(jobs, stage, first=len(old.models))
            write_bytes(stage / "config.yaml", as_yaml(joined_config(old.config, mine, self._plan.source)))
            changed = {
                "finished": now(),
                "n_jobs": int(old.manifest.get("n_jobs", 0)) + len(jobs),
                "nests": joined_nests(old.manifest.get("nests", {}), theirs["models"], self._plan.models),
                "random": [*old.manifest.get("random", []), *self._manifest["random"]],
                "identity": joined_identity(theirs, mine),
                "files": kept_files(old.manifest, (*DATA_TABLES, DIAGNOSIS)) | file_hashes(stage, written),
            }
            write_manifest(stage, old.manifest | changed)
        put_in_place(self.folder)

    def _rows_before(self, name: str) -> Iterator[pd.DataFrame]:
        """The rows that a table of the run has, a part at a time; none where an earlier version did not write it."""
        path = self.folder / f"{name}.parquet"
        if name in LATER_TABLES and not path.exists():
            return
        with reading(path):
            source = pq.ParquetFile(path)
            for i in range(source.num_row_groups):
                yield source.read_row_group(i).to_pandas()


def models_to_add(plan: Plan, folder: Path) -> tuple[RunData, dict[str, BaseForecaster]]:
    """The finished run in a folder, and the models of a plan that it does not have yet.

    Raises
    ------
    RunFolderError
        The folder holds no finished run, or one of other data, settings or package versions.
    ParameterError
        The run has another model of the same name.
    """
    run = load_run(folder)
    _check_can_be_added_to(run.manifest, run_identity(plan), folder)
    return run, new_models(plan.models, run.manifest["identity"])


def _check_can_be_added_to(theirs: Mapping[str, Any], mine: Mapping[str, Any], folder: Path) -> None:
    """Raise a `RunFolderError` unless a manifest is of a finished run with the data and settings of an identity."""
    if theirs["status"] != "finished":
        raise RunFolderError(f"{folder} holds a run that is not finished; finish it first, then add models.")
    if "files" not in theirs:
        raise RunFolderError(f"{folder} was written by a version without checksums; models cannot be added.")
    changed = other_settings(theirs["identity"], mine)
    if changed:
        raise RunFolderError(
            f"{folder} holds a run with other {', '.join(changed)} ({'; '.join(changed.values())}); models are added "
            "under the data, settings and package versions of a run: give the same, or a new folder."
        )
