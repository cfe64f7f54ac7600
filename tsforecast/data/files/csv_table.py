"""Reads a CSV file into a table of strings: cells as written, all rows as long as the header."""

import collections
import contextlib
import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tsforecast._types import Ints
from tsforecast.data.faults import Fault, Faults, cut_text, shown
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.content import content_of, decoded
from tsforecast.data.files.names import names_in_rows
from tsforecast.data.files.table import FileTable, Remark
from tsforecast.data.files.titles import is_note, kind_of, rows_above
from tsforecast.exceptions import DataError

_SEPARATORS = ";\t|,"  # the first wins a tie, as commas may be decimal
_LONGEST = 2**24  # most bytes of a line
_HEAD = 2**20  # bytes searched for the separator
_LINES = 20
_ABOVE = 80  # rows searched for titles and comments above a header
_KIND = 5  # rows that the first row is compared with
_MOST_LINES = 20  # lines that an option names
_END = re.compile(rb"\r\n|\n|\r")
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\r\n"]?)"?[ \t]*(?:\r\n|\n|\r|$)', re.IGNORECASE)  # as Excel writes it


def csv_table(path: Path, form: FileFormat, faults: Faults) -> FileTable:
    """The table of strings with the names of the header.

    Titles above the header are left out, and so are notes below the last row.

    Raises
    ------
    DataError
        The file is empty, of another kind or encoding, or too large; a quote is left open.
    """
    data, remarks = decoded(path, content_of(path), form)
    declared = _SEPARATOR_LINE.match(data)
    skipped = max(form.skip_rows, 1 if declared else 0)
    data, n_lines = _without_lines(_blanked(data, form.skip_lines), skipped), skipped
    head = data[:_HEAD].decode("utf-8", errors="replace")
    if not head.strip():
        raise DataError(f"{path} is empty.")
    separator = form.separator or (declared and declared[1].decode("utf-8", errors="replace")) or _separator(head)
    rows = _first_rows(path, head, separator)
    above = rows_above([row for _, row in rows], form.header)
    titles = [row for _, row in rows[:above]]
    names, n_used, told = names_in_rows(titles, rows[above][1]) if form.header is not False else ([], 0, ())
    remarks += told
    if above:
        first = rows[above][0]
        if above > n_used:
            remarks += (_above_told(titles, n_lines + first - 1 - n_used),)
        data, n_lines = _without_lines(data, first - 1), n_lines + first - 1
    raw, wrong = _parse(path, data, separator, len(rows[above][1]))
    records = _Records(data, separator, n_lines, raw.num_columns)
    if wrong:
        remarks += _check_lengths(records, faults)
    table, names_line = _with_names(path, raw, form, faults, names if n_used else [])
    n_rows = table.num_rows
    return FileTable(str(path), table, separator, lambda: records.lines()[names_line : names_line + n_rows], remarks)


def _with_names(path: Path, raw: pa.Table, form: FileFormat, faults: Faults, names: list[str]) -> tuple[pa.Table, int]:
    """The table below the names of the columns, given or in its first row, and how many rows these take: 1 or 0."""
    numbered = [f"column{i}" for i in range(1, raw.num_columns + 1)]
    above = [column[0].as_py() for column in raw.columns] if raw.num_rows else [""] * raw.num_columns
    first = [text.strip() for text in above]
    is_data = form.header is None and _looks_like_data(first, raw.slice(1, _KIND))
    if is_data:
        faults.add(
            Fault(
                f"the first row, {', '.join(map(repr, first[:4]))}, looks like the rows below it and not like the "
                "names of columns",
                "Say --header no where the file has no header, --header yes where it has.",
                ("--header", "no"),
            )
        )
    if form.header is False or is_data:
        return _whole(_trimmed(raw, [""] * raw.num_columns, numbered)), 0
    return _named(path, _trimmed(raw.slice(1), above, names or first), faults), 1


class _Records:
    """Lines of the records of a CSV file, found only where a fault is told."""

    def __init__(self, data: bytes, separator: str, n_above: int, n_columns: int) -> None:
        self._data, self._separator, self._n_above, self._n_columns = data, separator, n_above, n_columns

    def all(self) -> Iterator[tuple[int, list[str]]]:
        """First line, counted from 1, and cells of every record that is not empty."""
        text = io.StringIO(self._data.decode("utf-8", errors="replace"), newline="")
        with contextlib.suppress(csv.Error):  # a cell that is too long for this module, though not for Arrow
            yield from _numbered(text, self._separator, self._n_above)

    def lines(self) -> Ints:
        """Lines of the records with as many cells as there are columns."""
        return np.array([line for line, cells in self.all() if len(cells) == self._n_columns], dtype=np.int64)

    @property
    def n_columns(self) -> int:
        """Number of cells that a record should have."""
        return self._n_columns


def _numbered(text: io.StringIO, separator: str, n_above: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, delimiter=separator)
    line = n_above + 1
    for cells in reader:
        if cells:
            yield line, cells
        line = n_above + reader.line_num + 1


def _first_rows(path: Path, head: str, separator: str) -> list[tuple[int, list[str]]]:
    """Line and cells of the first rows that are not empty."""
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in itertools.islice(_numbered(io.StringIO(head, newline=""), separator, 0), _ABOVE):
            rows.append(row)
    except csv.Error as error:
        if not rows:
            raise DataError(f"{path} is no CSV file: {error}; is a quote left open in its first row?") from error
    if not rows:
        raise DataError(f"{path} is empty.")
    return rows


def _above_told(rows: list[list[str]], n_lines: int) -> Remark:
    titles = [" ".join(cell.strip() for cell in row if cell.strip()) for row in rows]
    example = next((title for title in titles if title), "")
    return Remark(f"{n_lines} line{'s' if n_lines > 1 else ''} above the table left out, as {cut_text(example)!r}")


def _blanked(data: bytes, lines: tuple[int, ...]) -> bytes:
    """The text with some lines emptied, so that the numbers of the others stay."""
    if not lines:
        return data
    ends = [match.span() for match in _END.finditer(data)]
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(data)]
    parts, done = [], 0
    for line in sorted(set(lines)):
        if line <= len(starts):
            parts.append(data[done : starts[line - 1]])
            done = stops[line - 1]
    return b"".join([*parts, data[done:]])


def _without_lines(data: bytes, n_lines: int) -> bytes:
    for _ in range(n_lines):
        end = _END.search(data)
        data = data[end.end() :] if end else b""
    return data


def _separator(head: str) -> str:
    """The separator that is equally frequent in all of the first lines, else in most of them."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in re.split("\r?\n|\r", head)[: _LINES + 1] if line.strip()]
    lines = lines[:-1] if len(lines) > _LINES else lines
    counts = {each: [line.count(each) for line in lines] for each in _SEPARATORS}
    found = [each for each in _SEPARATORS if counts[each][0]]
    constant = [each for each in found if len(set(counts[each])) == 1]
    if constant:
        return max(constant, key=lambda each: counts[each][0])
    return max(_SEPARATORS, key=lambda each: _agreement(counts[each]))


def _agreement(counts: list[int]) -> int:
    """Number of lines that have the separator as often as most lines that have it."""
    return max(collections.Counter(count for count in counts if count).values(), default=0)


def _parse(path: Path, data: bytes, separator: str, n_columns: int) -> tuple[pa.Table, bool]:
    """The records of the right length, and whether there are others."""
    names = [str(i) for i in range(n_columns)]
    wrong: list[pacsv.InvalidRow] = []

    def remember(row: pacsv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    quoted = b'"' in data
    longest = min(_LONGEST, len(data) + 1)
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            pacsv.ReadOptions(column_names=names, block_size=max(longest, 2**16)),
            pacsv.ParseOptions(delimiter=separator, newlines_in_values=quoted, invalid_row_handler=remember),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowException as error:
        if "straddl" in str(error):
            raise DataError(
                f"{path} has a line of more than {_LONGEST // 2**20} MB, or a quote that is opened and not closed; it "
                "is no table."
            ) from error
        raise DataError(f"{path} is no CSV file: {error}") from error
    if quoted and (data.count(b'"') % 2 or any(_any(pc.match_substring(c, "\n")) for c in table.columns)):
        _check_quotes(path, data, separator)
    return table, bool(wrong)


def _check_lengths(records: _Records, faults: Faults) -> tuple[Remark, ...]:
    """Faults for records with more or fewer cells than the header; a remark for notes at the end."""
    all_ = list(records.all())
    n_last = sum(1 for _ in itertools.takewhile(lambda record: _is_end(record[1], records.n_columns), all_[::-1]))
    notes, rest = all_[len(all_) - n_last :], all_[: len(all_) - n_last]
    remarks: tuple[Remark, ...] = ()
    if any(len(cells) != records.n_columns for _, cells in notes):
        remarks = (Remark(f"not read: the note in line {notes[0][0]}, {cut_text(' '.join(notes[0][1]))!r}"),)
    for few in (True, False):
        wrong = [(line, c) for line, c in rest if len(c) != records.n_columns and (len(c) < records.n_columns) == few]
        if wrong:
            faults.add(_length_fault(wrong, records.n_columns, few=few, is_every=len(wrong) > len(rest) // 2))
    return remarks


def _is_end(cells: list[str], n_columns: int) -> bool:
    return len(cells) != n_columns and is_note(cells)


def _length_fault(wrong: list[tuple[int, list[str]]], n_columns: int, *, few: bool, is_every: bool) -> Fault:
    lines = [line for line, _ in wrong]
    cells = wrong[0][1]
    count = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
    also = f" (and so {shown([f'line {line}' for line in lines[1:]], len(lines) - 1)})" if len(lines) > 1 else ""
    hint = "Write a separator for each cell, also for an empty one; take the line out where it is a note"
    if not few:
        hint = "Put quotes around a cell that holds the separator, or use another separator where commas are decimal"
    options = ("--skip_lines", *map(str, lines)) if len(lines) <= _MOST_LINES and not is_every else ()
    way = f": {' '.join(options)}" if options else ""
    return Fault(
        f"line {lines[0]} has {count} and the header {n_columns}: {cut_text(' '.join(cells))!r}{also}",
        f"{hint}{way}.",
        options,
    )


def _check_quotes(path: Path, data: bytes, separator: str) -> None:
    """Raise a `DataError` where a quote is not closed, so that the following lines would be part of its cell."""
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=separator, strict=True)
    try:
        collections.deque(reader, maxlen=0)
    except csv.Error as error:
        raise DataError(
            f"{path} is no CSV file: a quote is left open, or closed inside a cell, before line {reader.line_num + 1} "
            f"({error})."
        ) from error


def _looks_like_data(first: list[str], below: pa.Table) -> bool:
    """Whether the cells of the first row are of the same kinds as those below them."""
    if below.num_rows == 0:
        return all(kind_of(cell) in ("date", "number") for cell in first)
    if _are_years(first):
        return False
    evidence = False
    for i, (cell, column) in enumerate(zip(first, below.columns, strict=True)):
        kind = kind_of(cell)
        if i == 0 and kind == "empty":
            return False  # an index without a name
        kinds = {kind_of(text.strip()) for text in column.to_pylist()} - {"empty"}
        if kind == "date" and kinds == {"date"}:
            return True
        if kind == "empty" or not kinds:
            continue
        if kind in ("date", "number") and kinds == {kind}:
            evidence = True
        elif kinds <= {"date", "number"}:
            return False  # a text above dates or numbers is a name
    return evidence


def _are_years(first: list[str]) -> bool:
    """Whether all numbers of a row are years, each the next of the one before: names of columns."""
    numbers = [cell for cell in first if kind_of(cell) == "number"]
    years = [int(cell) for cell in numbers if re.fullmatch(r"(?:19|20)\d\d", cell)]
    return len(years) == len(numbers) > 2 and years == list(range(years[0], years[0] + len(years)))


def _trimmed(table: pa.Table, raw: list[str], names: list[str]) -> pa.Table:
    """The table without the space after each separator, in columns where all cells have one."""
    columns = list(table.columns)
    for i, (text, column) in enumerate(zip(raw, table.columns, strict=True)):
        spaced = pc.or_(pc.starts_with(column, " "), pc.equal(column, "")) if text.startswith(" ") or not text else None
        if spaced is not None and table.num_rows and pc.all(spaced).as_py():
            columns[i] = pc.utf8_ltrim(column, " ")
    return pa.table(columns, names=names)


def _named(path: Path, table: pa.Table, faults: Faults) -> pa.Table:
    """The table without empty columns and empty last rows; a fault for a missing or repeated name of a column."""
    empty = [i for i, name in enumerate(table.column_names) if i and not name]
    for i in empty:
        if not _is_empty(table.column(i)):
            faults.add(Fault(f"column {i + 1} has no name", "Give it one in the first row, or take it out."))
    table = table.select([i for i in range(table.num_columns) if i not in empty])
    names = table.column_names
    twice = list(dict.fromkeys(name for i, name in enumerate(names) if name in names[:i]))
    if twice:
        also = f" (and so {shown(list(map(repr, twice[1:])), len(twice) - 1)})" if len(twice) > 1 else ""
        faults.add(Fault(f"{path} has two columns {twice[0]!r}{also}", "Give each a name of its own."))
        table = table.select([i for i, name in enumerate(names) if name not in names[:i]])
    return _whole(table)


def _whole(table: pa.Table) -> pa.Table:
    """The table without empty last rows."""
    n_rows = table.num_rows
    while n_rows and all(not column[n_rows - 1].as_py().strip() for column in table.columns):
        n_rows -= 1
    return table.slice(0, n_rows)


def _is_empty(column: pa.ChunkedArray) -> bool:
    return not _any(pc.not_equal(pc.utf8_trim_whitespace(column), ""))


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())
