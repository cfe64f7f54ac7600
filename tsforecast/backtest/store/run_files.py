"""Saving a finished run's `RunData` as files, and loading it after their checksums are checked."""

import dataclasses
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tsforecast._yaml import read_yaml
from tsforecast.backtest.result.cube import FORECAST_KEYS
from tsforecast.backtest.result.data import FORECAST_COLUMNS, LATER_TABLES, TABLES, RunData
from tsforecast.backtest.store.files import (
    FrameWriter,
    check_table_columns,
    forecast_file,
    read_frame,
    reading,
    write_bytes,
)
from tsforecast.backtest.store.folder import holds_run
from tsforecast.backtest.store.manifest import (
    MANIFEST,
    check_files,
    file_hashes,
    read_manifest,
    replace_file,
    write_manifest,
)
from tsforecast.backtest.store.stage import settle
from tsforecast.exceptions import DataError, MissingFileError, RunFolderError

SUMMARY, TIMINGS_PAGE, PAGE = "summary.md", "timings.md", "report.html"
DIAGNOSIS, STATIC, HISTORY = "diagnosis.parquet", "static.parquet", "history.parquet"
DATA_TABLES = {
    STATIC: ("unique_id",),
    HISTORY: ("unique_id", "ds", "y"),
}  # of the data, and their columns


@dataclasses.dataclass(frozen=True)
class TablesOnDisk:
    """Large tables that stay in the files of a run folder and are read at each call.

    Attributes
    ----------
    folder : Path
    models : tuple of str
        In the order of the run.
    """

    folder: Path
    models: tuple[str, ...]

    def scores(self) -> pd.DataFrame:
        """One row for every metric of every forecast."""
        return self._of_models(read_frame(self.folder / "scores.parquet", TABLES["scores"]))

    def cells(self, columns: Sequence[str]) -> pd.DataFrame:
        """The scores with one row a forecast: its keys, then the columns of scores."""
        path = self.folder / "scores.parquet"
        with reading(path):
            return self._of_models(_read_cells(path, columns))

    def _of_models(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of these models, without those that were added to the folder after it was read."""
        own = frame["model"].isin(self.models)
        return frame if own.all() else frame[own].reset_index(drop=True)

    def forecasts_of(
        self, model: str, columns: Sequence[str] | None = None, series: Sequence[object] | None = None
    ) -> pd.DataFrame:
        """One row for every step that a model forecast; with ``columns`` only these, names as categories."""
        path = self.folder / "forecasts" / forecast_file(self.models.index(model), model)
        if columns is None and series is None:
            return read_frame(path, FORECAST_COLUMNS)
        wanted = None if columns is None else list(columns)
        with reading(path):
            if series is not None and pq.read_metadata(path).num_rows:  # an empty column has no type to compare
                return pq.read_table(path, columns=wanted, filters=[("unique_id", "in", list(series))]).to_pandas()
            return pq.read_table(path, columns=wanted, read_dictionary=["model", "unique_id"]).to_pandas()

    def parts(self) -> pd.DataFrame:
        """The scores of parts of models; no rows in the folder of an earlier version."""
        path, columns = self.folder / "parts.parquet", LATER_TABLES["parts"]
        return self._of_models(read_frame(path, columns)) if path.exists() else pd.DataFrame(columns=list(columns))

    def fits(self, facts: Collection[str] | None = None) -> pd.DataFrame:
        """What fits tell of themselves, of these ``facts`` or all; no rows in the folder of an earlier version."""
        path, columns = self.folder / "fits.parquet", list(LATER_TABLES["fits"])
        if not path.exists():
            return pd.DataFrame(columns=columns)
        if facts is None:
            return self._of_models(read_frame(path, columns))
        with reading(path):
            if pq.read_metadata(path).num_rows == 0:  # its columns have no types to compare with
                return pd.DataFrame(columns=columns)
            found = pq.read_table(path, filters=[("fact", "in", list(facts))]).to_pandas()
        return self._of_models(found)

    def diagnosis(self) -> pd.DataFrame | None:
        """What kind of series each is (see `tsforecast.series.diagnose`), where the folder holds it."""
        path = self.folder / DIAGNOSIS
        return read_frame(path, ["unique_id"]) if path.exists() else None


def save_run(run: RunData, folder: Path) -> None:
    """Write a run into a new folder as Parquet, JSON and YAML.

    Raises
    ------
    RunFolderError
        The folder is not empty, or cannot be written.
    """
    if holds_run(folder):
        raise RunFolderError(f"{folder} is not empty; give a new folder.")
    frames = {
        "scores": run.large.scores(),
        "parts": run.large.parts(),
        "fits": run.large.fits(),
        **{name: getattr(run, name) for name in list(TABLES)[1:]},
    }
    for i, model in enumerate(run.models):
        frames[f"forecasts/{forecast_file(i, model).removesuffix('.parquet')}"] = run.large.forecasts_of(model)
    of_data = {STATIC: run.static, HISTORY: run.history}
    frames |= {name.removesuffix(".parquet"): table for name, table in of_data.items() if table is not None}
    content = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be made: {error.strerror or error}.") from error
    for name, frame in frames.items():
        with FrameWriter(folder / f"{name}.parquet", frame) as writer:
            writer.add(frame)
    write_bytes(folder / "config.yaml", content)
    files = file_hashes(folder, ["config.yaml", *(f"{name}.parquet" for name in frames)])
    write_manifest(folder, {**run.manifest, "status": "finished", "files": files})


def load_run(folder: Path) -> RunData:
    """The run in a folder, after the checksums of its files are checked; see `BacktestResult.load`.

    Files in the manifest that this version does not know are checked like the others and not read.
    """
    if not (folder / MANIFEST).exists():
        what = f"is no run folder: it has no {MANIFEST}" if folder.is_dir() else "is not there"
        raise RunFolderError(f"{folder} {what}; a folder that a backtest wrote is needed.")
    settle(folder)
    manifest = read_manifest(folder)
    if manifest["status"] != "finished":
        raise RunFolderError(
            f"{folder} holds a run that is not finished; start it again to go on (tsforecast backtest --config "
            f"{folder / 'config.yaml'} --output {folder})."
        )
    if "files" in manifest:
        check_files(folder, manifest)
    else:
        warnings.warn(f"{folder} has no checksums; whether its files were changed is not known.", stacklevel=3)
    config = _read_config(folder / "config.yaml")
    models = [model["name"] for model in config["models"]]
    _check_tables(folder, manifest, needed_files(models))
    frames = {name: read_frame(folder / f"{name}.parquet", TABLES[name]) for name in list(TABLES)[1:]}
    listed = manifest.get("files", [name for name in DATA_TABLES if (folder / name).exists()])
    static, history = (
        read_frame(folder / name, columns) if name in listed else None for name, columns in DATA_TABLES.items()
    )
    large = TablesOnDisk(folder, tuple(models))
    return RunData(**frames, config=config, manifest=manifest, large=large, static=static, history=history)


def needed_files(models: Sequence[str]) -> list[str]:
    """Names of the files of every finished run, the configuration first."""
    forecasts = [f"forecasts/{forecast_file(i, model)}" for i, model in enumerate(models)]
    return ["config.yaml", *(f"{name}.parquet" for name in TABLES), *forecasts]


def written_files(models: Sequence[str]) -> list[str]:
    """Names of the files that this version writes for a finished run."""
    return [*needed_files(models), *(f"{name}.parquet" for name in LATER_TABLES)]


def has_summary(run: RunData) -> bool:
    """Whether the manifest lists summary and page; False for a run that was killed just before they were written."""
    files = run.manifest.get("files", [SUMMARY, PAGE])
    return SUMMARY in files and PAGE in files


def write_page(run: RunData, folder: Path, name: str, page: str | bytes) -> None:
    """Write a page such as ``summary.md`` into a folder, unless the same one is there and the manifest lists it."""
    path, content = folder / name, page.encode(errors="replace") if isinstance(page, str) else page
    try:
        if name in run.manifest.get("files", [name]) and path.is_file() and path.read_bytes() == content:
            return
    except OSError:
        pass  # a file that cannot be read may still be replaced
    replace_file(folder, path.name, lambda: write_bytes(path, content))


def _check_tables(folder: Path, manifest: dict[str, Any], needed: Sequence[str]) -> None:
    """Raise a `RunFolderError` where a needed file is not in the manifest, or lacks a column."""
    undeclared = [name for name in needed if name not in manifest.get("files", needed)]
    if undeclared:
        raise RunFolderError(f"{folder / MANIFEST} does not name {undeclared[0]}, which a run has.")
    later = [name for name in (f"{table}.parquet" for table in LATER_TABLES) if (folder / name).exists()]
    for name in [*needed[1:], *later]:
        with reading(folder / name):
            columns = pq.read_schema(folder / name).names
        wanted = (TABLES | LATER_TABLES).get(name.removesuffix(".parquet"), FORECAST_COLUMNS)
        check_table_columns(folder / name, columns, wanted)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = read_yaml(path)
    except (DataError, MissingFileError) as error:
        raise RunFolderError(str(error)) from error
    models = config.get("models") if isinstance(config, dict) else None
    named = isinstance(models, list) and all(
        isinstance(model, dict) and isinstance(model.get("name"), str) and isinstance(model.get("class_path"), str)
        for model in models
    )
    whole = isinstance(config, dict) and all(isinstance(config.get(name), int) for name in ("horizon", "n_windows"))
    if not named or not models or not whole or not {"step_size", "refit", "audit"} <= set(config):
        raise RunFolderError(f"{path} is not the configuration of a run.")
    return config


def _read_cells(path: Path, metrics: Sequence[str]) -> pd.DataFrame:
    """Scores of a file, one row a forecast, read by row groups; names are categories, to save memory."""
    source = pq.ParquetFile(path, read_dictionary=["model", "unique_id", "metric"])
    pieces = []
    for i in range(source.num_row_groups):
        group = source.read_row_group(i)
        wide = group.select(list(FORECAST_KEYS)).take(np.arange(0, group.num_rows, max(len(metrics), 1)))
        table = group.column("value").to_numpy().reshape(wide.num_rows, len(metrics))
        for j, name in enumerate(metrics):
            wide = wide.append_column(name, pa.array(np.ascontiguousarray(table[:, j])))
        pieces.append(wide)
    if not pieces or not len(metrics):
        return pd.DataFrame(columns=[*FORECAST_KEYS, *metrics])
    return pa.concat_tables(pieces).unify_dictionaries().to_pandas()
