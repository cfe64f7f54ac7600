"""CSV and Parquet files -> Panel: the only file reader."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._covariates import CovariateGaps
from tsforecast._dates import parse_dates
from tsforecast._regular import Gaps
from tsforecast.containers import align_covariates
from tsforecast.exceptions import DataError, MissingFileError
from tsforecast.panel import Panel

_LOG = logging.getLogger("tsforecast")
_CSV = (".csv", ".tsv", ".txt", ".csv.gz")
_EXACT: dict[str, Any] = (
    {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
)  # the only way from pandas 3 on
_UNNAMED = "Unnamed: "  # how pandas calls a column without a name
_PARQUET = (".parquet", ".pq")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx, a zip archive, and .xls begin
_THOUSANDS = r"\s*[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?\s*"  # 1.234,56
_TIME_HINT = "If it holds the times, name it with time_col (--time_col on the command line)"
_NO_DATE_HINT = (
    "Name the column of times with time_col, and in a long file the others with id_col and target_col (--time_col, "
    "--id_col, --target_col on the command line), or take the row out"
)


def read(
    path: str | Path,
    *,
    id_col: str | None = None,
    time_col: str | None = None,
    target_col: str | None = None,
    freq: str | int | None = None,
    gaps: Gaps = "error",
    covariates: Sequence[str] = (),
    covariate_gaps: CovariateGaps = "error",
) -> Panel:
    """The panel of a CSV or Parquet file, long or wide.

    A file is long where ``id_col`` or ``target_col`` is named, or where it has the columns ``ds`` and ``y``; those
    not named are ``unique_id``, ``ds`` and ``y``; a column with no use is told in the log. Any other file is wide:
    the first column (or ``time_col``) is the time, every other column a series. A first column that has no name and
    holds whole numbers is row numbers, and passed over, where a column ``ds`` or another column of dates follows;
    in Parquet, an index without a name that holds whole numbers is. Whole numbers such as 20240131 are dates where
    all of a column are.

    The separator of a CSV is found: comma, semicolon or tab. After semicolons decimal commas are read too, and where
    there are some, dots between groups of three digits are separators of thousands.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.txt``, ``.csv.gz``, ``.parquet`` or ``.pq``.
    id_col, time_col, target_col : str, optional
        Names of columns.
    freq : str or int, optional
        Frequency; inferred where it is not given.
    gaps : {"error", "nan"}
        What a skipped time is: an error, or a missing value.
    covariates : sequence of str
        Columns known into the future; in a wide file all series share them.
    covariate_gaps : {"error", "ffill", "interpolate"}
        What a missing covariate is: an error, or filled in, see `Panel.with_covariates`.

    Raises
    ------
    MissingFileError
        There is no such file.
    DataError
        The file is empty or of another kind, lacks a column, or has a cell that is no number or no time; the message
        names column and row. Times that are not regular raise what `Panel.from_frame` raises.

    Examples
    --------
    >>> from tsforecast._resources import bundled
    >>> read(bundled("datasets") / "macro.csv")
    Panel(n_series=6, n_obs=1218, freq='QS-JAN')
    """
    path = Path(path)
    table = _table(path)
    _require(table, [c for c in (id_col, time_col, target_col, *covariates) if c is not None], path)
    long = id_col is not None or target_col is not None or {"ds", "y"} <= set(table.columns)
    time_col = time_col or ("ds" if long or "ds" in table.columns else _first_of_times(table))
    if table.columns[0].startswith(_UNNAMED) and table.columns[0] != time_col:
        table = table.iloc[:, 1:]  # row numbers that pandas saved
    if long:
        target_col = target_col or "y"
        id_col = id_col or "unique_id"
        _require(table, [time_col, target_col], path)
        _check_cells(table, time_col, [target_col, *covariates], path)
        _tell_unused(table, {id_col, time_col, target_col, *covariates}, path)
        used = [c for c in table.columns if c in (id_col, time_col, target_col, *covariates)]
        return Panel.from_frame(
            table[used],
            id_col=id_col,
            time_col=time_col,
            target_col=target_col,
            covariates=covariates,
            freq=freq,
            gaps=gaps,
            covariate_gaps=covariate_gaps,
        )
    return _wide(table, time_col, covariates, freq, gaps, path, covariate_gaps)


def _tell_unused(table: pd.DataFrame, used: set[str], path: Path) -> None:
    unused = [str(name) for name in table.columns if name not in used]
    if unused:
        _LOG.warning(
            "%s: not used: %s. Columns that are known into the future go into covariates (--covariates).",
            path,
            ", ".join(unused),
        )


def _first_of_times(table: pd.DataFrame) -> str:
    """The first column; where that is row numbers, which have no name, the first column of dates after it."""
    first = str(table.columns[0])
    if first.startswith(_UNNAMED) and pd.api.types.is_integer_dtype(table[first].dtype):
        return next((name for name in table.columns[1:] if _holds_dates(table[name])), first)
    return first


def _holds_dates(column: "pd.Series[Any]") -> bool:
    if column.dtype.kind in "iM":
        return column.dtype.kind == "M" or bool(parse_dates(column).notna().all())
    return _is_text(column) and bool(parse_dates(pd.Series(column.unique())).notna().all())


def _is_text(column: "pd.Series[Any]") -> bool:
    return column.dtype == object or pd.api.types.is_string_dtype(column)


def _wide(
    table: pd.DataFrame,
    time_col: str,
    covariates: Sequence[str],
    freq: str | int | None,
    gaps: Gaps,
    path: Path,
    covariate_gaps: CovariateGaps,
) -> Panel:
    series = [c for c in table.columns if c not in (time_col, *covariates)]
    if not series:
        raise DataError(f"{path} has no column besides {[time_col, *covariates]}; a column of values is needed.")
    _check_cells(table, time_col, [*series, *covariates], path)
    indexed = table.set_index(time_col)
    panel = Panel.from_wide(indexed[series], freq=freq, gaps=gaps)
    if not covariates:
        return panel
    shared = indexed[list(covariates)].reset_index(names="ds")
    values, names = align_covariates(shared, panel.ids, panel.lengths, panel.times, covariate_gaps)
    return panel.with_covariates(values, names, covariate_gaps)


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise MissingFileError(
            f"{path} is {'a folder' if path.is_dir() else 'not there'}; a CSV or Parquet file is needed."
        )
    name = path.name.lower()
    if name.endswith(_PARQUET):
        table = _parquet(path)
    elif name.endswith(_CSV):
        table = _csv(path)
    else:
        raise DataError(
            f"{path} ends in {path.suffix!r}; files that end in {', '.join((*_CSV, *_PARQUET))} can be read. Save a "
            "workbook as CSV UTF-8."
        )
    if table.shape[0] == 0:
        raise DataError(f"{path} has no rows.")
    if not table.columns.is_unique:
        raise DataError(f"{path} has two columns {table.columns[table.columns.duplicated()][0]!r}.")
    return table


def _parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # what pyarrow raises derives from these
        raise DataError(f"{path} is no Parquet file: {error}") from error
    return _with_index(table).rename(columns=str)


def _with_index(table: pd.DataFrame) -> pd.DataFrame:
    """The index as columns, unless it is row numbers (whole numbers without a name) or what a column holds already."""
    index, table = table.index, table.reset_index(drop=True)
    if index.nlevels == 1:
        if index.name is None and pd.api.types.is_integer_dtype(index.dtype):
            return table
        index = index.rename("ds" if index.name is None else index.name)
    levels = index.to_frame(index=False)
    return pd.concat([levels[[name for name in levels.columns if name not in table.columns]], table], axis=1)


def _csv(path: Path) -> pd.DataFrame:
    with path.open("rb") as file:
        if file.read(8).startswith(_WORKBOOKS):
            raise DataError(f"{path} is an Excel workbook (or another archive), no CSV file; save it as CSV UTF-8.")
    try:
        head = pd.read_csv(path, sep="\0", header=None, nrows=20, dtype=str, encoding="utf-8-sig", engine="c")[0]
        separator = max(",;\t", key=str(head[0]).count)  # the first of equals: a comma
        decimal = "," if separator == ";" and any(re.search(r"\d,\d", line) for line in head.iloc[1:]) else "."
        table = pd.read_csv(path, sep=separator, decimal=decimal, encoding="utf-8-sig", skipinitialspace=True, **_EXACT)
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{path} is empty.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8 ({error}); save it as CSV UTF-8.") from error
    except (pd.errors.ParserError, OSError) as error:
        raise DataError(f"{path} is no CSV file in UTF-8: {error}") from error
    table = table.rename(columns=lambda name: str(name).strip())
    return _without_thousands(table) if decimal == "," and table.columns.is_unique else table


def _without_thousands(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of texts that all are numbers such as 1.234,56 as numbers."""
    numbers = {}
    for name in table.columns:
        cells = table[name].dropna()
        if len(cells) and _is_text(cells) and cells.astype(str).str.fullmatch(_THOUSANDS).all():
            plain = table[name].str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
            numbers[name] = pd.to_numeric(plain)
    return table.assign(**numbers)


def _require(table: pd.DataFrame, columns: Sequence[str], path: Path) -> None:
    absent = [c for c in columns if c not in table.columns]
    if absent:
        raise DataError(f"{path} has no column {absent[0]!r}; it has {', '.join(map(repr, table.columns))}.")


def _check_cells(table: pd.DataFrame, time_col: str, value_columns: Sequence[str], path: Path) -> None:
    """Raise a `DataError` at the first cell that is no time or no number; rows are counted from 1, below the header."""
    times = table[time_col]
    if _is_text(times):
        codes, different = pd.factorize(times)  # an empty cell has the code -1
        wrong = parse_dates(pd.Series(different)).isna().to_numpy()[codes] & (codes >= 0)
        if wrong.any():
            _complain(path, time_col, int(np.argmax(wrong)), times, f"no date. {_NO_DATE_HINT}")
    if times.isna().any():
        _complain(path, time_col, int(np.argmax(times.isna())), times, "no date")
    for column in value_columns:
        cells = table[column]
        lost = pd.to_numeric(cells, errors="coerce").isna().to_numpy() & cells.notna().to_numpy()
        if lost.any():
            row = int(np.argmax(lost))
            _complain(path, column, row, cells, _why_no_number(str(cells.iloc[row])))


def _why_no_number(cell: str) -> str:
    if parse_dates(pd.Series([cell])).notna().all():
        return f"a date, not a number. {_TIME_HINT}"
    if not re.search(r"\w", cell):
        return "no number. Leave the cell empty where a value is missing"
    if re.search(r"\d", cell):
        return "no number. Separators of thousands, units and currency signs cannot be read; write 12345.67"
    return (
        "no number. Take the column out; or, if the file is long (a row for each series and time), name its columns "
        "with id_col, time_col and target_col (--id_col, --time_col, --target_col on the command line)"
    )


def _complain(path: Path, column: str, row: int, cells: "pd.Series[Any]", why: str) -> None:
    raise DataError(f"{path}: column {column!r} holds {cells.iloc[row]!r} in row {row + 1}, which is {why}.")
