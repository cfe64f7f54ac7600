"""FileTable: the cells of one or several files, with the line of each row and remarks on how they were read."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from tsforecast._types import Bools, Ints
from tsforecast.exceptions import DataError

FILE = "file"  # name of the column that tells several files apart


@dataclasses.dataclass(frozen=True)
class Remark:
    """What the log tells of how a file was read, and whether that is sure."""

    text: str
    is_sure: bool = True


@dataclasses.dataclass(frozen=True)
class FileTable:
    """Columns of texts, numbers or times, all of one length.

    Attributes
    ----------
    name : str
        Path of the file, or of the first one of several.
    columns : pyarrow.FileTable
        Texts are as they are written.
    separator : str
        Between the cells of a CSV file, ``""`` in other files.
    lines : callable
        The line of every row, ``(n_rows,)``, counted from 1: of a text file, a sheet or a Parquet table. It is only
        called where a fault is to be told.
    remarks : tuple of Remark
    unit : str
        What `lines` counts.
    parts : tuple of (int, str)
        First row and name of each file, where there are several.
    """

    name: str
    columns: pa.Table
    separator: str
    lines: Callable[[], Ints]
    remarks: tuple[Remark, ...] = ()
    unit: str = "line"
    parts: tuple[tuple[int, str], ...] = ()

    @functools.cached_property
    def held(self) -> dict[str, pa.ChunkedArray]:
        """The columns by name, which is faster than to look each up in the table."""
        return dict(zip(self.columns.column_names, self.columns.columns, strict=True))

    def kept(self, rows: Bools) -> "FileTable":
        """The table of the rows that are true."""
        if rows.all():
            return self
        places = np.flatnonzero(rows)
        starts = np.searchsorted(places, [first for first, _ in self.parts])
        parts = tuple((int(start), name) for start, (_, name) in zip(starts, self.parts, strict=True))
        columns = self.columns.take(pa.array(places))
        return dataclasses.replace(self, columns=columns, lines=lambda: self.lines()[places], parts=parts)

    def where(self, rows: Sequence[int]) -> list[str]:
        """The line of each of some rows as text, with its file where there are several."""
        lines = self.lines()
        return [f"{self._file(row)}{self.unit} {_line(lines, row)}" for row in rows]

    def options_without(self, rows: Sequence[int]) -> tuple[str, ...]:
        """The option of the command line that leaves rows out; none where several files make a line ambiguous."""
        if self.parts or len(rows) > _MOST_LINES:
            return ()
        lines = self.lines()
        return ("--skip_lines", *(str(_line(lines, row)) for row in rows))

    def _file(self, row: int) -> str:
        names = [name for first, name in self.parts if first <= row]
        return f"{names[-1]}, " if names else ""


_MOST_LINES = 20


def _line(lines: Ints, row: int) -> int:
    """The line of a row; its number where a line is too long for its records to be counted."""
    return int(lines[row]) if row < len(lines) else row + 1


def joined_tables(tables: Sequence[FileTable]) -> FileTable:
    """The rows of several files, one after another, with a column ``file`` that holds the name of each.

    Columns that some files lack are empty there.

    Raises
    ------
    DataError
        A column holds values of two types.
    """
    if len(tables) == 1:
        return tables[0]
    lengths = [table.columns.num_rows for table in tables]
    marked = [_marked(table) for table in tables]
    kinds: dict[str, tuple[pa.DataType, str]] = {}
    for table, columns in zip(tables, marked, strict=True):
        for field in columns.schema:
            kind, first = kinds.setdefault(field.name, (field.type, table.name))
            if kind != field.type:
                raise DataError(
                    f"Column {field.name!r} holds values of the type {kind} in {first} and {field.type} in "
                    f"{table.name}; files that are read together need one type. Save all of them as CSV."
                )
    columns = pa.concat_tables(marked, promote_options="default")
    columns = pa.table([_filled(column) for column in columns.columns], names=columns.column_names)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).tolist()
    separators = {table.separator for table in tables}
    return FileTable(
        tables[0].name,
        columns,
        separators.pop() if len(separators) == 1 else ";",
        lambda: np.concatenate([table.lines() for table in tables]),
        tuple(dict.fromkeys(remark for table in tables for remark in table.remarks)),
        tables[0].unit,
        tuple((start, Path(table.name).name) for start, table in zip(starts, tables, strict=True)),
    )


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.fill_null("") if pa.types.is_string(column.type) else column


def _marked(table: FileTable) -> pa.Table:
    if FILE in table.columns.column_names:
        return table.columns
    stem = Path(table.name).name.partition(".")[0]
    return table.columns.append_column(FILE, pa.array([stem] * table.columns.num_rows, pa.string()))
