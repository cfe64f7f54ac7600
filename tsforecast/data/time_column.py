"""The times of a table's rows: read, asked for where they are ambiguous, and rows without one."""

import dataclasses
import re

import numpy as np

from tsforecast._types import Bools, Ints
from tsforecast.data.cells.joined_times import joined_times
from tsforecast.data.cells.times import Times, read_times
from tsforecast.data.faults import Fault, Faults, cut_text, shown
from tsforecast.data.file_format import TIME_WORDS, FileFormat
from tsforecast.data.files.table import FileTable, Remark
from tsforecast.data.files.titles import is_note, is_total, is_units
from tsforecast.data.layout import Layout
from tsforecast.data.reading import Reading
from tsforecast.exceptions import DataError

_FEW = 1000  # rows without a time that are looked at, whether they are no part of the table
_FORM_HINT = "Say how the times are written with --time_format (a pattern such as '%d %b %Y' or a word such as week)"
_LINE_HINT = "Correct it, or leave the line out: "


def times_of(table: FileTable, layout: Layout, options: Reading, faults: Faults) -> Times | None:
    """The times of all rows; None where there is no column of times, or nobody could say what it means.

    Where the times are ambiguous this is a fault, and they are read in the first way that its message names.
    """
    if not layout.times:
        return None
    name = " and ".join(map(repr, layout.times))
    columns = [table.columns[each] for each in layout.times]
    if str(columns[0].type) == "bool":
        faults.add(Fault(f"column {name} holds True and False; dates or whole numbers are needed"))
        return None
    column = columns[0] if len(columns) == 1 else joined_times(columns, layout.times)
    try:
        return read_times(column, options)
    except DataError as error:
        message = str(error)
    for words, form in _ways(message, options):
        try:
            found = read_times(column, form)
        except DataError:
            continue
        faults.add(Fault(f"column {name}: {message}", "", words))
        return found
    faults.add(Fault(f"column {name}: {message}"))
    return None


def _ways(message: str, options: FileFormat) -> list[tuple[tuple[str, ...], FileFormat]]:
    """Options that a message names, as words of the command line and as a format."""
    ways: list[tuple[tuple[str, ...], FileFormat]] = []
    if "--day_first" in message:
        ways.append((("--day_first", "yes"), dataclasses.replace(options, day_first=True)))
    for way in re.findall(r"'([^' ]+)'", message):
        if way in TIME_WORDS or "%" in way:
            ways.append((("--time_format", way), dataclasses.replace(options, time_format=way)))
    return ways


def rows_with_times(table: FileTable, layout: Layout, times: Times, faults: Faults, remarks: list[Remark]) -> Bools:
    """True for the rows that have a time. Others are faults, unless they are units, notes, totals or empty."""
    keep = np.ones(table.columns.num_rows, dtype=bool)
    if not times.bad.size:
        return keep
    keep[times.bad] = False
    if not keep.any():
        _add_no_times(table, layout, times, faults)
        return keep
    others = _no_part(table, times.bad, keep) if times.bad.size <= _FEW else {}
    for what in dict.fromkeys(filter(None, others.values())):
        rows = [row for row, kind in others.items() if kind == what]
        example = cut_text(" ".join(filter(None, _cells(table, rows[0]))))
        remarks.append(Remark(f"not read: {what} in {shown(table.where(rows[:3]), len(rows))}, {example!r}"))
    wrong = np.array([row for row in times.bad.tolist() if row not in others], dtype=np.int64)
    if wrong.size:
        _add_bad_times(table, layout, times, wrong, faults)
    return keep


def _no_part(table: FileTable, bad: Ints, keep: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> dict[int, str]:
    """What each row without a time is, where it is no part of the table."""
    first, last = int(np.argmax(keep)), len(keep) - 1 - int(np.argmax(keep[::-1]))
    found: dict[int, str] = {}
    for row in bad.tolist():
        cells = _cells(table, row)
        if not any(cells):
            if not first < row < last:
                found[row] = ""
            continue
        if is_total(cells):
            found[row] = "a total"
        elif row > last and is_note(cells):
            found[row] = "a note"
        elif row < first and is_units(cells):
            found[row] = "units"
    return found


def _cells(table: FileTable, row: int) -> list[str]:
    return ["" if (cell := column[row].as_py()) is None else str(cell).strip() for column in table.columns.columns]


def _add_no_times(table: FileTable, layout: Layout, times: Times, faults: Faults) -> None:
    row = int(times.bad[0])
    name = " and ".join(map(repr, layout.times))
    hint = f"{_FORM_HINT}, or name the column of times with --time_col"
    if not re.search(r"\d", times.cells(row)):
        hint = "Name the column of times with --time_col, and in a long file the others with --id_col and --target_col"
    faults.add(
        Fault(
            f"column {name} holds {cut_text(times.cells(row))!r} in {table.where([row])[0]}, which is {times.why}",
            f"{hint}.",
        )
    )


def _add_bad_times(table: FileTable, layout: Layout, times: Times, rows: Ints, faults: Faults) -> None:
    """One fault for empty cells, and one for others."""
    name = " and ".join(map(repr, layout.times))
    empty = np.array([not times.cells(row) for row in rows.tolist()])
    for group in (rows[empty], rows[~empty]):
        if not group.size:
            continue
        options = table.options_without(group.tolist())
        row = int(group[0])
        places = table.where(group[:4].tolist())
        more = shown(
            [f"{cut_text(times.cells(r))!r} in {p}" for r, p in zip(group[1:4].tolist(), places[1:], strict=True)],
            group.size - 1,
        )
        also = f" (and {more})" if group.size > 1 else ""
        cell = times.cells(row)
        why = times.why if cell else "no date: a total or a unit is no observation"
        hint = f"{_LINE_HINT}{' '.join(options)}." if options else "Correct these, or leave the lines out."
        if cell and 2 * group.size > table.columns.num_rows:
            hint, options = f"{_FORM_HINT}.", ()
        faults.add(Fault(f"column {name} holds {cut_text(cell)!r} in {places[0]}, which is {why}{also}", hint, options))
