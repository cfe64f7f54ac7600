"""Reads files of any kind into one table."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tsforecast.data.faults import Faults
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.csv_table import csv_table
from tsforecast.data.files.parquet_table import parquet_table
from tsforecast.data.files.sources import PARQUET, WORKBOOK, files_of
from tsforecast.data.files.table import FileTable, joined_tables
from tsforecast.data.files.workbook import workbook_table
from tsforecast.exceptions import DataError


def file_table(path: str | Path | Sequence[str | Path], form: FileFormat, faults: Faults) -> FileTable:
    """The rows of a file, or of several, one after another.

    Raises
    ------
    MissingFileError
        There is no such file.
    DataError
        A file cannot be read, or has no rows.
    """
    return joined_tables([_one(file, form, faults) for file in files_of(path)])


def _one(path: Path, form: FileFormat, faults: Faults) -> FileTable:
    name = path.name.lower()
    if name.endswith(PARQUET):
        columns = parquet_table(path)
        n_rows = columns.num_rows
        table = FileTable(str(path), columns, "", lambda: np.arange(1, n_rows + 1), unit="row")
        left_out = np.isin(np.arange(1, n_rows + 1), form.skip_lines)
        table = table.kept(~left_out)
    elif name.endswith(WORKBOOK):
        table = workbook_table(path, form, faults)
    else:
        table = csv_table(path, form, faults)
    if table.columns.num_rows == 0:
        faults.raise_if_any()
        raise DataError(f"{path} has no rows.")
    return table


def without_columns(table: FileTable, names: Sequence[str]) -> FileTable:
    """The table without some columns."""
    return dataclasses.replace(table, columns=table.columns.drop_columns(list(names))) if names else table
