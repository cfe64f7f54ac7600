"""Guesses what the columns of a table are from their cells: dates, numbers, texts, and what tells rows apart."""

import itertools
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Ints
from tsforecast.data.cells.names import codes_of
from tsforecast.data.cells.periods import is_period
from tsforecast.data.cells.signs import unit_of
from tsforecast.data.cells.times import read_times
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.table import FileTable
from tsforecast.data.files.titles import kind_of
from tsforecast.exceptions import DataError

_PEEK = 500  # rows from which the kind of a column is told
_CELLS = 12  # different cells of a column that are looked at
_ENOUGH = 5  # different cells by which the kind of a column is told where they come first
_PLAIN = re.compile(r"[-+]?(?:\d+|\d{1,3}[.,]\d{1,3})")  # and no date
_LIKE_DATE = re.compile(r"\d{1,4}([./ -])\d{1,2}\1\d|\d{1,2}\.\d{4}$|\d{4}\.\d{1,2}$")
_MOST_KEYS = 3  # columns that name a series together
_CANDIDATES = 6


def repeats_cells(column: pa.ChunkedArray) -> bool:
    """Whether two cells are the same."""
    return len(column.unique()) < len(column)


def first_held(column: pa.ChunkedArray) -> int:
    """The first row whose cell holds something; 0 where none of the first does."""
    held = [i for i, cell in enumerate(column.slice(0, _PEEK).to_pylist()) if str(cell or "").strip()]
    return held[0] if held else 0


def _codes(table: FileTable, names: Sequence[str]) -> Ints:
    """A number for each row that is the same where all cells of some columns are."""
    combined = np.zeros(table.columns.num_rows, dtype=np.int64)
    for name in names:
        codes = codes_of(table.held[name])
        combined = np.unique(combined * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1]
    return combined.astype(np.int64)


def n_repeated(table: FileTable, names: Sequence[str]) -> int:
    """Number of rows whose cells in some columns are those of a row above."""
    return table.columns.num_rows - int(np.unique(_codes(table, names)).size)


def repeated_rows(table: FileTable, names: Sequence[str]) -> tuple[int, int]:
    """The first row that repeats the cells of another in some columns: the other, and it."""
    codes = _codes(table, names)
    second = int(np.argmax(pd.Series(codes).duplicated()))
    return int(np.argmax(codes == codes[second])), second


def keys_of(table: FileTable, times: Sequence[str], candidates: Sequence[str]) -> tuple[str, ...]:
    """The fewest columns that, together with the times, tell apart as many rows as all of them do.

    Columns of which most cells are different, such as notes, are left out. None are needed where the times do.
    """
    n_rows = table.columns.num_rows
    usable = [name for name in candidates if 2 * len(table.held[name].unique()) <= max(n_rows, 4)][:_CANDIDATES]
    best = n_repeated(table, [*times, *usable])
    for size in range(min(len(usable), _MOST_KEYS) + 1):
        for keys in itertools.combinations(usable, size):
            if n_repeated(table, [*times, *keys]) == best:
                return keys
    return tuple(usable)


def kind_of_column(column: pa.ChunkedArray) -> str:
    """``date``, ``number``, ``text`` or ``empty``: what most of the first cells are."""
    if pa.types.is_timestamp(column.type) or is_period(column.type):
        return "date"
    if not pa.types.is_string(column.type):
        return "number"
    cells = some_cells(column)
    kinds = [_kind(cell) for cell in cells]
    held = [kind for kind in kinds if kind != "empty"]
    found = max(("number", "date", "text"), key=held.count) if held else "empty"
    return "number" if found == "text" and _have_one_unit(column, cells) else found


def _kind(cell: str) -> str:
    if _PLAIN.fullmatch(cell):
        return "number"
    unit = unit_of(cell)
    if unit is not None and not unit.is_word and not (_LIKE_DATE.match(cell) and kind_of(cell) == "date"):
        return "number"
    return "number" if cell.lower() in ("true", "false") else kind_of(cell)


def _have_one_unit(column: pa.ChunkedArray, cells: Sequence[str]) -> bool:
    """Whether the cells are numbers with one word behind, such as kWh, and most of them differ, unlike names."""
    units = {unit_of(cell) for cell in cells if kind_of(cell) != "empty"}
    few = column.slice(0, _PEEK)
    return len(units) == 1 and None not in units and 2 * len(few.unique()) > len(few)


def some_cells(column: pa.ChunkedArray) -> list[str]:
    """Some distinct cells that hold something."""
    for n in (_CELLS, _PEEK):
        cells = pc.unique(pc.cast(column.slice(0, n), pa.string())).to_pylist()
        held = [cell.strip() for cell in cells if cell and cell.strip()]
        if len(held) > _ENOUGH:
            break
    return held[:_CELLS]


def holds_whole_numbers(column: pa.ChunkedArray) -> bool:
    """Whether all cells are whole numbers."""
    if pa.types.is_string(column.type):
        return bool(pc.all(pc.match_substring_regex(column, r"^\s*[-+]?[0-9]+\s*$")).as_py())
    return bool(pa.types.is_integer(column.type))


def dates_among(table: FileTable, names: Sequence[str], options: FileFormat) -> str | None:
    """The first of some columns that holds dates; None where none does."""
    return next((name for name in names if holds_dates(table.held[name], options)), None)


def holds_dates(column: pa.ChunkedArray, form: FileFormat) -> bool:
    """Whether most of the first cells are dates."""
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_timestamp(column.type) or is_period(column.type))
    try:
        found = read_times(column.slice(0, _PEEK), form)
    except DataError:
        return kind_of_column(column) == "date"
    return isinstance(found.index, pd.DatetimeIndex) and 2 * found.bad.size < min(len(column), _PEEK)
