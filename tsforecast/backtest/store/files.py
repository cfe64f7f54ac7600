"""Writing files whole or not at all, and reading them back."""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tsforecast._whole_file import write_whole
from tsforecast.exceptions import RunFolderError

_ROW_GROUP_SIZE = 50_000  # rows of a row group: enough to compress, little enough to hold
_TEMPORARY = re.compile(r".+\.\d+\.tsforecast\.tmp")
_MODEL_CHARACTERS = 40  # characters of a model's name in the name of a file


def temporary_of(path: Path) -> Path:
    """The name under which this process writes a file until it is whole."""
    return path.with_name(f"{path.name}.{os.getpid()}.tsforecast.tmp")


def is_temporary(name: str) -> bool:
    """Whether a file name has the form that `temporary_of` gives.

    Examples
    --------
    >>> is_temporary("scores.parquet.4711.tsforecast.tmp"), is_temporary("notes.tmp")
    (True, False)
    """
    return _TEMPORARY.fullmatch(name) is not None


def write_bytes(path: Path, content: bytes, *, at_once: bool = True) -> None:
    """Write a file under another name, then give it its name.

    Parameters
    ----------
    path : Path
    content : bytes
    at_once : bool
        Whether to wait until it is on the disk; not needed for a file whose checksum will be checked.

    Raises
    ------
    RunFolderError
        The disk is full or the folder cannot be written; nothing is left behind.
    """
    try:
        write_whole(path, content, temporary_of(path), at_once=at_once)
        if at_once:
            sync_folder(path.parent)
    except OSError as error:
        raise RunFolderError(f"{path} could not be written: {error.strerror or error}.") from error


def write_json(path: Path, content: Any) -> None:
    """Write plain values as JSON, whole or not at all."""
    write_bytes(path, (json.dumps(content, indent=2, default=str) + "\n").encode())


def read_json(path: Path) -> Any:
    """Plain values of a JSON file.

    Raises
    ------
    RunFolderError
        The file is not there or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} could not be read: {error}.") from error


def forecast_file(i: int, model: str) -> str:
    """Name of the file of a model's forecasts; the number keeps two models apart whatever their names.

    A long name is cut, and a hash of it follows.

    Examples
    --------
    >>> forecast_file(0, "ARIMA (1,1,1)")
    '00-ARIMA_1_1_1_.parquet'
    >>> len(forecast_file(1, 300 * "long"))
    63
    """
    stem = re.sub(r"[^A-Za-z0-9.-]+", "_", model)
    if len(stem) > _MODEL_CHARACTERS:
        stem = f"{stem[:_MODEL_CHARACTERS]}-{hashlib.sha256(model.encode()).hexdigest()[:11]}"
    return f"{i:02d}-{stem}.parquet"


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors in the block are raised as a `RunFolderError` that names the file."""
    try:
        yield
    except RunFolderError:
        raise
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, pa.ArrowException) as error:
        told = " ".join(str(error).split())
        raise RunFolderError(f"{path} could not be read: {type(error).__name__}: {told}.") from error


def read_frame(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The frame in a Parquet file, after a check that it has these columns.

    Raises
    ------
    RunFolderError
        The file is not there, is damaged, or holds something else.
    """
    with reading(path):
        frame = pd.read_parquet(path)
    check_table_columns(path, list(frame.columns), columns)
    return frame


def check_table_columns(path: Path, found: Sequence[str], needed: Sequence[str]) -> None:
    """Raise a `RunFolderError` where a file lacks a column."""
    missing = [name for name in needed if name not in found]
    if missing:
        raise RunFolderError(f"{path} has no column {missing[0]!r}; it is not the file of a run.")


class FrameWriter:
    """Writes frames with the same columns into one Parquet file, holding few rows in memory.

    Parameters
    ----------
    path : Path
        Written when the block of ``with`` ends without an error, left alone otherwise.
    empty : DataFrame
        Written if no row was added.
    """

    def __init__(self, path: Path, empty: pd.DataFrame) -> None:
        self._path = path
        self._temporary = temporary_of(path)
        self._empty = empty
        self._held: list[pd.DataFrame] = []
        self._n_held = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        with _writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            with _writing(self._path):
                self._close(complete=kind is None)
                if kind is None:
                    self._temporary.replace(self._path)
                    sync_folder(self._path.parent)
        finally:
            with contextlib.suppress(OSError):
                self._temporary.unlink(missing_ok=True)

    def _close(self, *, complete: bool) -> None:
        """Close the file, with all rows in it and on the disk if it is to be complete."""
        try:
            if complete:
                self._flush()
        finally:
            if self._writer is not None:
                self._writer.close()
        if complete:
            with self._temporary.open("rb") as file:
                os.fsync(file.fileno())

    def add(self, frame: pd.DataFrame) -> None:
        """Append rows."""
        if len(frame):
            self._held.append(frame)
            self._n_held += len(frame)
        if self._n_held >= _ROW_GROUP_SIZE:
            with _writing(self._path):
                self._flush()

    def _flush(self) -> None:
        if not self._held and self._writer is not None:
            return
        frame = pd.concat(self._held, ignore_index=True) if self._held else self._empty
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._temporary, table.schema)
        self._writer.write_table(table.cast(self._writer.schema))
        self._held, self._n_held = [], 0


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunFolderError(f"{path} could not be written: {error.strerror or error}.") from error


def sync_folder(folder: Path) -> None:
    """Wait until the names of a folder's files are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
