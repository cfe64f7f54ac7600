"""Reads a CSV file into a table of strings: cells as written, all rows as long as the header."""

import collections
import csv
import gzip
import io
import itertools
import re
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tsforecast.data.file_format import FileFormat
from tsforecast.data.limits import check_size
from tsforecast.exceptions import DataError
from tsforecast.panel.times.dates import is_date

_SEPARATORS = ";\t|,"  # the first wins a tie, as commas may be decimal
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # first bytes of .xlsx (a zip archive) and .xls
_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MARK = b"\xef\xbb\xbf"  # byte order mark of UTF-8
_FREE = 256 * 2**20  # decompressed bytes allowed for any file
_RATIO = 200  # decompressed bytes allowed per compressed byte, if that is more
_STEP = 2**22  # bytes decompressed at once
_LONGEST = 2**24  # most bytes of a line
_HEAD = 2**20  # bytes searched for the separator
_LINES = 20
_ABOVE = 60  # lines searched for titles and comments above a header
_KIND = 5  # rows that the first row is compared with
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\r\n"]?)"?[ \t]*(?:\r\n|\n|\r|$)', re.IGNORECASE)  # as Excel writes it
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")


def csv_table(path: Path, form: FileFormat) -> tuple[pa.Table, str]:
    """The table of strings with the names of the header, and the separator.

    Raises
    ------
    DataError
        The file is empty, of another kind or encoding, or too large; a row has more or fewer cells than the header; two
        columns have one name; the header looks like a row of data.
    """
    data = _decoded(path, _content(path), form)
    declared = _SEPARATOR_LINE.match(data)
    skipped = max(form.skip_rows, 1 if declared else 0)
    data = _without_lines(data, skipped)
    head = data[:_HEAD].decode("utf-8", errors="replace")
    if not head.strip():
        raise DataError(f"{path} is empty.")
    separator = form.separator or (declared and declared[1].decode("utf-8", errors="replace")) or _separator(head)
    rows = _records(path, head, separator)
    table = _parse(path, data, separator, len(rows[0]), skipped)
    first = [column[0].as_py().strip() for column in table.columns]
    below = table.slice(1)
    if form.header is False:
        names = [f"column{i}" for i in range(1, table.num_columns + 1)]
        return _trimmed(table, [""] * table.num_columns, names), separator
    if form.header is None and _looks_like_data(first, below.slice(0, _KIND)):
        raise DataError(
            f"{path}: the first row, {', '.join(map(repr, first[:4]))}, looks like the rows below it and not like the "
            "names of columns. Say header=False (--header no) where the file has no header, header=True where it has."
        )
    raw = [column[0].as_py() for column in table.columns]
    return _named(path, _trimmed(below, raw, first)), separator


def _content(path: Path) -> bytes:
    """All bytes of a file, decompressed."""
    size = path.stat().st_size
    check_size(path, size, "has")
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
            compressed = beginning.startswith(_GZIP)
            if beginning.startswith(_WORKBOOKS):
                raise DataError(f"{path} is an Excel workbook (or another archive), no CSV file; save it as CSV UTF-8.")
            if compressed != path.name.lower().endswith(".gz"):
                raise DataError(
                    f"{path} is {'' if compressed else 'not '}compressed by gzip; only .csv.gz files are, and must be."
                )
            file.seek(0)
            return _decompressed(path, gzip.GzipFile(fileobj=file), size) if compressed else file.read()
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _decompressed(path: Path, file: gzip.GzipFile, size: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    while part := file.read(_STEP):
        parts.append(part)
        total += len(part)
        if total > max(_FREE, _RATIO * size):
            raise DataError(
                f"{path} has {size:,} bytes and becomes more than {total:,}, over {total // max(size, 1)} times as "
                "much: no table of numbers does. Decompress it first if it is one."
            )
        check_size(path, total, "becomes more than")
    return b"".join(parts)


def _decoded(path: Path, data: bytes, form: FileFormat) -> bytes:
    """The bytes re-encoded in UTF-8, without a byte order mark."""
    encoding = form.encoding or ("utf-16" if data.startswith(_UTF_16) else "utf-8")
    hint = "save it as CSV UTF-8, or name its encoding (--encoding cp1252)"
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        reason = str(error)[:200]
        raise DataError(f"{path} is not in {encoding.upper()} ({reason}); {hint}.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path} holds a NUL byte in line {line}; it is no text, or in UTF-16: {hint}.")
    data = data if encoding == "utf-8" else text.encode("utf-8", errors="replace")
    return data.removeprefix(_MARK)


def _without_lines(data: bytes, n_lines: int) -> bytes:
    for _ in range(n_lines):
        end = re.search(rb"\r\n|\n|\r", data)
        data = data[end.end() :] if end else b""
    return data


def _separator(head: str) -> str:
    """The separator that is equally frequent in each of the first lines, else the most frequent one in the header."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in re.split("\r?\n|\r", head)[: _LINES + 1] if line.strip()]
    lines = lines[:-1] if len(lines) > _LINES else lines
    counts = {each: [line.count(each) for line in lines] for each in _SEPARATORS}
    found = [each for each in _SEPARATORS if counts[each][0]] or [each for each in _SEPARATORS if counts[each][-1]]
    return max(found, key=lambda each: (len(set(counts[each])) == 1, counts[each][0]), default=",")


def _records(path: Path, head: str, separator: str) -> list[list[str]]:
    """The first row that is not empty, which sets the number of columns."""
    try:
        rows = (row for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator) if row)
        return list(itertools.islice(rows, 1))
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {error}; is a quote left open in its first row?") from error


def _parse(path: Path, data: bytes, separator: str, n_columns: int, skipped: int) -> pa.Table:
    names = [str(i) for i in range(n_columns)]
    wrong: list[pacsv.InvalidRow] = []

    def remember(row: pacsv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    quoted = b'"' in data
    longest = min(_LONGEST, len(data) + 1)

    def parsed(use_threads: bool) -> pa.Table:
        return pacsv.read_csv(
            pa.BufferReader(data),
            pacsv.ReadOptions(column_names=names, use_threads=use_threads, block_size=max(longest, 2**16)),
            pacsv.ParseOptions(delimiter=separator, newlines_in_values=quoted, invalid_row_handler=remember),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )

    try:
        table = parsed(True)
        if wrong:
            wrong.clear()
            parsed(False)  # again without threads, as these do not report the number of a row
            _raise_bad_row(path, wrong[0], data[:_HEAD].decode("utf-8", errors="replace"), skipped)
    except pa.ArrowException as error:
        if "straddl" in str(error):
            raise DataError(
                f"{path} has a line of more than {_LONGEST // 2**20} MB, or a quote that is opened and not closed; it "
                "is no table."
            ) from error
        raise DataError(f"{path} is no CSV file: {error}") from error
    if quoted and (data.count(b'"') % 2 or any(_any(pc.match_substring(c, "\n")) for c in table.columns)):
        _check_quotes(path, data, separator)
    return table


def _raise_bad_row(path: Path, row: pacsv.InvalidRow, head: str, skipped: int) -> None:
    few = row.actual_columns < row.expected_columns
    number = "" if row.number is None else f" {row.number - 1}"
    if row.text.lstrip().startswith('"') and row.text.count('"') % 2:
        raise DataError(f"{path} is no CSV file: a quote is left open in row{number}, {_cut(row.text)!r}.")
    hint = "Write a separator for each cell, also for an empty one; take the row out where it is a note"
    if not few:
        lines = re.split("\r\n|\n|\r", head)
        above = skipped + (lines.index(row.text) if row.text in lines[:_ABOVE] else 1)
        what = "the first line is a title" if above == 1 else f"the {above} lines above are no part of the table"
        hint = (
            f"Put quotes around a cell that holds the separator; say skip_rows={above} (--skip_rows {above}) where "
            f"{what}, or decimal=',' and another separator where commas are decimal"
        )
    cells = f"{row.actual_columns} cell{'' if row.actual_columns == 1 else 's'}"
    raise DataError(
        f"{path}: row{number} has {cells} and the header {row.expected_columns}: {_cut(row.text)!r}. {hint}."
    )


def _check_quotes(path: Path, data: bytes, separator: str) -> None:
    """Raise a `DataError` where a quote is not closed, so that the following lines would be part of its cell."""
    lines = io.StringIO(data.decode("utf-8"), newline="")
    try:
        collections.deque(csv.reader(lines, delimiter=separator, strict=True), maxlen=0)
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: a quote is left open, or closed inside a cell ({error}).") from error


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _looks_like_data(first: list[str], below: pa.Table) -> bool:
    """Whether the cells of the first row are of the same kinds as those below them."""
    if below.num_rows == 0:
        return all(_kind(cell) in ("date", "number") for cell in first)
    evidence = False
    for i, (cell, column) in enumerate(zip(first, below.columns, strict=True)):
        kind = _kind(cell)
        if i == 0 and kind == "empty":
            return False  # an index without a name
        kinds = {_kind(text.strip()) for text in column.to_pylist()} - {"empty"}
        if kind == "date" and kinds == {"date"}:
            return True
        if kind == "empty" or not kinds:
            continue
        if kind in ("date", "number") and kinds == {kind}:
            evidence = True
        elif kinds <= {"date", "number"}:
            return False  # a text above dates or numbers is a name
    return evidence


def _kind(cell: str) -> str:
    if cell in ("", "NA", "NaN", "nan", "null", "NULL", "N/A", "n/a", "#N/A", "-"):
        return "empty"
    if _NUMBER.fullmatch(cell):
        return "number"
    return "date" if re.search(r"\d", cell) and is_date(cell) else "text"


def _trimmed(table: pa.Table, raw: list[str], names: list[str]) -> pa.Table:
    """The table without the space after each separator, in columns where all cells have one."""
    columns = list(table.columns)
    for i, (text, column) in enumerate(zip(raw, table.columns, strict=True)):
        spaced = pc.or_(pc.starts_with(column, " "), pc.equal(column, "")) if text.startswith(" ") or not text else None
        if spaced is not None and table.num_rows and pc.all(spaced).as_py():
            columns[i] = pc.utf8_ltrim(column, " ")
    return pa.table(columns, names=names)


def _named(path: Path, table: pa.Table) -> pa.Table:
    """The table without empty columns and empty last rows; an error for a missing or repeated name of a column."""
    empty = [i for i, name in enumerate(table.column_names) if i and not name]
    for i in empty:
        if not _is_empty(table.column(i)):
            raise DataError(f"{path}: column {i + 1} has no name; give it one in the first row, or take it out.")
    table = table.select([i for i in range(table.num_columns) if i not in empty])
    names = table.column_names
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise DataError(f"{path} has two columns {twice!r}; give each a name of its own.")
    n_rows = table.num_rows
    while n_rows and all(not column[n_rows - 1].as_py().strip() for column in table.columns):
        n_rows -= 1
    return table.slice(0, n_rows)


def _is_empty(column: pa.ChunkedArray) -> bool:
    return not _any(pc.not_equal(pc.utf8_trim_whitespace(column), ""))


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())
