"""Finds the files that are meant: one, several, a pattern, or all tables in a folder."""

from collections.abc import Sequence
from pathlib import Path

from tsforecast.exceptions import DataError, MissingFileError

CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET = (".parquet", ".pq")
WORKBOOK = (".xlsx", ".xlsm")
KINDS = (*CSV, *PARQUET, *WORKBOOK)
_PATTERN = "*?["
_HIDDEN = (".", "_", "~$")


def files_of(path: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files of a path, a sequence of paths, a pattern such as ``sales/*.csv``, or a folder; sorted by name.

    Of a folder those files are taken that can be read, apart from texts (``.txt``) beside others.

    Raises
    ------
    MissingFileError
        There is no such file, no file that fits the pattern, or none in the folder that can be read.
    DataError
        A file ends in something that cannot be read.
    """
    given = [path] if isinstance(path, (str, Path)) else list(path)
    if not given:
        raise MissingFileError("No file is named; a CSV, Parquet or Excel file is needed.")
    found = [file for one in given for file in _files(Path(one))]
    for file in found:
        if not file.name.lower().endswith(KINDS):
            raise DataError(f"{file} ends in {file.suffix!r}; files that end in {', '.join(KINDS)} can be read. {_HOW}")
    return list(dict.fromkeys(found))


_HOW = "Save a workbook of another kind as .xlsx, or as CSV UTF-8."


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith(_HIDDEN)]
        tables = [file for file in files if file.name.lower().endswith(KINDS)]
        tables = [file for file in tables if file.suffix.lower() != ".txt"] or tables
        if not tables:
            raise MissingFileError(f"{path} is a folder without a file that ends in {', '.join(KINDS)}.")
        return tables
    if any(sign in path.name for sign in _PATTERN):
        fitting = sorted(file for file in path.parent.glob(path.name) if file.is_file())
        if fitting:
            return fitting
        raise MissingFileError(f"No file fits {path}; a CSV, Parquet or Excel file is needed.")
    raise MissingFileError(f"{path} is not there; a CSV, Parquet or Excel file is needed.")
