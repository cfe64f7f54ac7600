"""Reads a sheet of an Excel workbook into a table whose columns are texts, numbers or times."""

import datetime
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tsforecast.data.cells.numbers import MISSING, parse_numbers
from tsforecast.data.faults import Fault, Faults, cut_text
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.limits import check_size
from tsforecast.data.files.names import names_in_rows
from tsforecast.data.files.table import FileTable, Remark
from tsforecast.data.files.titles import rows_above
from tsforecast.exceptions import DataError

_ABOVE = 80  # rows searched for titles above a header
_WIDEST = 20_000  # columns of a sheet


def workbook_table(path: Path, form: FileFormat, faults: Faults) -> FileTable:
    """The table of a sheet: the one that ``form`` names, else the first that holds two rows and two columns.

    Formulas are read as the values that the spreadsheet program stored with them.

    Raises
    ------
    DataError
        The file is no workbook, has no such sheet, or is too large.
    MissingDependencyError
        openpyxl is not installed.
    """
    _check_archive(path)
    name, rows, others = _rows_of(path, form)
    remarks = [Remark(f"of the sheets {name!r} is read, and not {', '.join(map(repr, others))} (--sheet)", False)]
    numbered = [(i, row) for i, row in enumerate(rows, 1) if i not in form.skip_lines and i > form.skip_rows]
    numbered = [(i, row) for i, row in numbered if any(cell is not None for cell in row)]
    if not numbered:
        raise DataError(f"{path}: the sheet {name!r} is empty. Name another with --sheet.")
    width = max(max((k for k, cell in enumerate(row, 1) if cell is not None), default=0) for _, row in numbered)
    cells = [[_text(cell) for cell in _padded(row, width)] for _, row in numbered[:_ABOVE]]
    above = rows_above(cells, form.header)
    is_named = form.header is not False
    names, n_used, told = names_in_rows(cells[:above], cells[above]) if is_named else ([], 0, ())
    if above > n_used:
        title = cut_text(" ".join(filter(None, cells[0])))
        told = (
            *told,
            Remark(f"{above - n_used} row{'s' if above - n_used > 1 else ''} above the table left out, as {title!r}"),
        )
    table = numbered[above + is_named :]
    names = names if is_named else [f"column{k}" for k in range(1, width + 1)]
    columns = list(zip(*(_padded(row, width) for _, row in table), strict=True)) if table else [()] * width
    kept = {
        column: _column(columns[k], form)
        for k, column in enumerate(_distinct(names, columns, faults))
        if column is not None
    }
    lines = np.array([i for i, _ in table], dtype=np.int64)
    return FileTable(str(path), pa.table(kept), "", lambda: lines, (*(remarks if others else ()), *told), "row")


def _distinct(names: Sequence[str], columns: Sequence[Sequence[Any]], faults: Faults) -> list[str | None]:
    """The names of the columns; None for a column without a name (but the first), and for the second of one name."""
    found: list[str | None] = []
    for k, name in enumerate(name.strip() for name in names):
        if k and not name:
            if any(cell is not None for cell in columns[k]):
                faults.add(Fault(f"column {k + 1} has no name", "Give it one in the first row, or take it out."))
            found.append(None)
        elif name in found:
            faults.add(Fault(f"{faults.name} has two columns {name!r}", "Give each a name of its own."))
            found.append(None)
        else:
            found.append(name)
    return found


def _check_archive(path: Path) -> None:
    """Check the size that a workbook, which is a zip archive, declares for what it unpacks to."""
    check_size(path, path.stat().st_size, "has")
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(path, 4 * sum(part.file_size for part in archive.infolist()), "becomes more than")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is no Excel workbook that can be read: {error}. Save it as .xlsx or CSV.") from error


def _rows_of(path: Path, form: FileFormat) -> tuple[str, list[tuple[Any, ...]], list[str]]:
    """Name and rows of the sheet, and names of other sheets that hold a table."""
    from tsforecast.exceptions import MissingDependencyError

    try:
        import openpyxl
    except ImportError as error:
        raise MissingDependencyError(f"{path}: reading workbooks needs openpyxl: pip install openpyxl.") from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # the library raises errors of many kinds for damaged files
        raise DataError(f"{path} is no Excel workbook that can be read: {error}.") from error
    try:
        names = [sheet.title for sheet in book.worksheets]
        if form.sheet is not None:
            name = _named_sheet(path, form.sheet, names)
            return name, _cells(book[name]), []
        held = {name: rows for name in names if len(rows := _cells(book[name])) > 1 and len(rows[0]) > 1}
        if not held:
            raise DataError(f"{path}: none of its sheets {', '.join(map(repr, names))} holds a table.")
        name, *others = held
        return name, held[name], others
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    finally:
        book.close()


def _named_sheet(path: Path, sheet: str | int, names: Sequence[str]) -> str:
    if isinstance(sheet, int) or (sheet.isdigit() and sheet not in names):
        if int(sheet) <= len(names):
            return names[int(sheet) - 1]
    elif sheet in names:
        return sheet
    raise DataError(f"{path} has no sheet {sheet!r}; it has {', '.join(map(repr, names))}.")


def _cells(sheet: Any) -> list[tuple[Any, ...]]:
    sheet.reset_dimensions()  # which a program may have written wrongly
    rows = list(sheet.iter_rows(values_only=True, max_col=_WIDEST))
    width = max(map(len, rows), default=0)
    return [_padded(row, width) for row in rows]


def _padded(row: tuple[Any, ...], width: int) -> tuple[Any, ...]:
    return (*row[:width], *[None] * (width - len(row)))


def _text(cell: Any) -> str:
    """A cell as a text of a CSV file would be: dates in ISO 8601, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def _column(cells: Sequence[Any], form: FileFormat) -> pa.ChunkedArray:
    """Cells as times or numbers where all are, else as texts."""
    given = [cell for cell in cells if cell is not None]
    is_number = [isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in given]
    if given and all(isinstance(cell, datetime.datetime) for cell in given):
        return pa.chunked_array([pa.array(cells, pa.timestamp("us"))])
    if given and all(is_number):
        whole = all(float(cell).is_integer() and abs(cell) < 2**53 for cell in given) and len(given) == len(cells)
        values = [None if cell is None else int(cell) if whole else float(cell) for cell in cells]
        return pa.chunked_array([pa.array(values, pa.int64() if whole else pa.float64())])
    if any(is_number) and (numbers := _with_text_numbers(cells, form)) is not None:
        return numbers
    return pa.chunked_array([pa.array([_text(cell) for cell in cells], pa.string())])


def _with_text_numbers(cells: Sequence[Any], form: FileFormat) -> pa.ChunkedArray | None:
    """Numbers among which some are stored as texts, such as ``1.234,5``; None where some text is no number."""
    is_text = np.array([isinstance(cell, str) for cell in cells])
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    if any(not isinstance(cell, (int, float, str, type(None))) or isinstance(cell, bool) for cell in cells):
        return None
    if all(text in (*MISSING, *form.missing) for text in texts):
        read = np.full(len(texts), np.nan)
    else:
        found = parse_numbers(pa.chunked_array([texts], pa.string()), form, ";")
        if found.unclear is not None or found.bad.size:
            return None
        read = found.values
    values = np.array([np.nan if cell is None or isinstance(cell, str) else float(cell) for cell in cells])
    values[is_text] = read
    return pa.chunked_array([pa.array(values, from_pandas=True)])
