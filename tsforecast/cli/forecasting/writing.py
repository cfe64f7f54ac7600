"""Tables and pictures in files, whole or not at all."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tsforecast._whole_file import whole_file
from tsforecast.cli.forecasting.written import remember_written
from tsforecast.exceptions import OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_MARK = "tsforecast forecast"  # in pictures and workbooks
_MOST_ROWS = 1_048_575  # of a sheet, below its header
_FIRST_YEAR = 1900  # of dates in a workbook
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what a workbook cannot hold
_WIDEST = 60  # characters of a column of a workbook


@contextlib.contextmanager
def _output(path: Path) -> Iterator[Path]:
    """Another name to write a file under; a later forecast knows that this command wrote it, while nobody changes it.

    Raises
    ------
    OutputError
        The disk is full or the folder cannot be written; what was there before is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, at_once=False) as beside:
            yield beside
    except OSError as error:
        raise OutputError(f"{path} could not be written: {error.strerror or error}.") from error
    remember_written(path)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV or Parquet, by the suffix of its name."""
    with _output(path) as beside:
        if path.suffix == ".parquet":
            table.to_parquet(beside, index=False)
        else:
            table.assign(**_as_texts(table)).to_csv(beside, index=False, lineterminator="\n")


def write_workbook(path: Path, sheets: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as sheets of a workbook, by name, with dates as dates and texts as texts.

    Times before 1900 are texts, as a workbook has no such dates, and times with a zone are those of its clock.
    """
    from openpyxl import Workbook

    for name, table in sheets.items():
        if len(table) > _MOST_ROWS:
            raise OutputError(
                f"{path}: {len(table):,} rows are too many for sheet {name!r}, which holds {_MOST_ROWS:,}; write .csv "
                "or .parquet."
            )
    book = Workbook(write_only=True)
    book.properties.creator = _MARK
    for name, table in sheets.items():
        _fill_sheet(book.create_sheet(name), table)
    with _output(path) as beside:
        book.save(beside)


def write_figure(path: Path, figure: "Figure") -> None:
    """Write a picture as PNG, SVG or PDF, by the suffix of its name."""
    about = {"png": {"Software": _MARK}, "svg": {"Creator": _MARK, "Date": None}, "pdf": {"Creator": _MARK}}
    kind = path.suffix.removeprefix(".")
    with _output(path) as beside:
        figure.savefig(beside, format=kind, metadata=about[kind], bbox_inches="tight")


def _as_texts(table: pd.DataFrame) -> dict[str, list[str]]:
    """Columns of dates without a time of day as texts such as ``2024-01-31``; no others."""
    found = {}
    for name, column in table.items():
        if isinstance(column.dtype, pd.DatetimeTZDtype) or not pd.api.types.is_datetime64_dtype(column):
            continue
        if (column == column.dt.normalize()).all():
            found[str(name)] = column.dt.strftime("%Y-%m-%d").tolist()
    return found


def _fill_sheet(sheet: "WriteOnlyWorksheet", table: pd.DataFrame) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    columns = [_cells_of(column) for _, column in table.items()]
    for k, (name, values) in enumerate(zip(table.columns, columns, strict=True)):
        longest = max([len(str(name)), *(len(str(value)) for value in values[:100] if isinstance(value, str))])
        sheet.column_dimensions[get_column_letter(k + 1)].width = min(max(longest + 2, 12), _WIDEST)
    head = [WriteOnlyCell(sheet, str(name)) for name in table.columns]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    formats = [_date_format(column) for _, column in table.items()]
    for row in zip(*columns, strict=True):
        sheet.append([_cell(sheet, value, shown) for value, shown in zip(row, formats, strict=True)])


def _cell(sheet: "WriteOnlyWorksheet", value: Any, shown: str | None) -> Any:
    """A cell: a text that looks like a formula stays a text, a date has the format of its column."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, str) and value.startswith("="):
        cell = WriteOnlyCell(sheet, value)
        cell.data_type = "s"
        return cell
    if shown is not None and not isinstance(value, str):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = shown
        return cell
    return value


def _date_format(column: "pd.Series[Any]") -> str | None:
    if not pd.api.types.is_datetime64_any_dtype(column):
        return None
    return "yyyy-mm-dd" if (column == column.dt.normalize()).all() else "yyyy-mm-dd hh:mm:ss"


def _cells_of(column: "pd.Series[Any]") -> list[Any]:
    """The values of a column as a workbook holds them."""
    if isinstance(column.dtype, (pd.PeriodDtype, pd.DatetimeTZDtype)):  # a workbook's dates know no time zone
        return [str(value) for value in column]
    if pd.api.types.is_datetime64_any_dtype(column):
        if (column.dt.year < _FIRST_YEAR).any():
            is_daily = (column == column.dt.normalize()).all()
            return [str(value.date() if is_daily else value) for value in column]
        return list(column.dt.to_pydatetime())
    if pd.api.types.is_numeric_dtype(column):
        return [None if value != value else value for value in column.tolist()]  # nan is not itself
    return [_CONTROL.sub("", str(value)) for value in column]
