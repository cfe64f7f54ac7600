"""Reads CSV and Parquet files into a Panel; the only reader of series in files."""

import contextlib
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Floats
from tsforecast.data.csv_table import csv_table
from tsforecast.data.file_format import FileFormat
from tsforecast.data.numbers import BadCell, Notation, booleans_as_digits, parse_numbers
from tsforecast.data.order import oldest_first
from tsforecast.data.parquet_table import is_period, parquet_table
from tsforecast.data.static_columns import static_column
from tsforecast.data.times import Times, read_times
from tsforecast.exceptions import DataError, DuplicateTimeError, MissingFileError, ParameterError, UnusedRowWarning
from tsforecast.panel import Panel
from tsforecast.panel.align import align_covariates
from tsforecast.panel.covariates import CovariateGaps
from tsforecast.panel.regular import Gaps, snap_times
from tsforecast.panel.times.dates import is_date
from tsforecast.panel.times.frequency import Freq, parse_freq

_LOG = logging.getLogger("tsforecast.data.read")
_CSV = (".csv", ".tsv", ".txt", ".csv.gz")
_PARQUET = (".parquet", ".pq")
_TIME_HINT = (
    "If it holds the times, name it with time_col (--time_col on the command line), and in a long file (a row for each "
    "series and time) the others with id_col and target_col (--id_col, --target_col)"
)
_LONG_HINT = (
    "If the file is long (a row for each series and time), name its columns with id_col, time_col and target_col "
    "(--id_col, --time_col, --target_col on the command line)"
)
_NO_DATE_HINT = (
    "ame the column of times with time_col, and in a long file the others with id_col and target_col (--time_col, "
    "--id_col, --target_col on the command line), or take the row out"
)
_FORM_HINT = (
    "Say how the times are written with time_format (--time_format, a pattern such as '%d %b %Y' or a word such as "
    "week)"
)
_NO_TIME = "no date. Give the row its time, or take it out: a total or a unit is no observation"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS_OF_YEARS = (set(_MONTHS), {"q1", "q2", "q3", "q4"})
_NUMBERS_OF_MONTHS = [str(month) for month in range(1, 13)]
_SIGNS = {".": "a decimal point", ",": "a decimal comma"}


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
    static: Sequence[str] = (),
    file_format: FileFormat | None = None,
) -> Panel:
    """The panel of a CSV or Parquet file, long or wide.

    A file is long where ``id_col`` or ``target_col`` is named, or where it has the columns ``ds`` and ``y``; those
    not named are ``unique_id``, ``ds`` and ``y``; an unused column is reported in the log. Any other file is wide:
    the first column (or ``time_col``) is the time, every other column a series. A first column that has no name and
    holds whole numbers is taken for row numbers and ignored where a column ``ds`` or another column of dates follows;
    so is, in Parquet, an index without a name that holds whole numbers.

    Names of series are texts, as they are written: ``007`` stays ``007``, and ``NA`` is a name. Whole numbers such as
    20240131 are days, and such as 202401 months, where all cells of a column are; other whole numbers that may be dates
    (years and quarters, seconds since 1970, days of a workbook) are an error unless ``file_format`` says what they are.

    Rows that go from the newest to the oldest, in every series, are reversed, and the log says so; rows in no order are
    an error.

    The separator of a CSV file is detected: comma, semicolon, tab or bar. Whether ``03/04/2024`` is in March and
    whether ``1,234`` is 1234 is decided once for all rows, from unambiguous cells; where there are none, it is an error
    unless ``file_format`` decides. How times and numbers were read is logged with three examples of each, as a warning
    where only convention decided.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.txt``, ``.csv.gz``, ``.parquet`` or ``.pq``.
    id_col, time_col, target_col : str, optional
        Names of columns.
    freq : str or int, optional
        Frequency; inferred where it is not given.
    gaps : {"error", "nan", "snap"}
        How a skipped time is handled: an error, or a missing value; ``"snap"`` moves times onto a regular grid that
        they lie near. Rows at the end of a series without a value are an error, or left out: see `Panel.from_frame`.
    covariates : sequence of str
        Columns known into the future; in a wide file all series share them.
    covariate_gaps : {"error", "ffill", "interpolate"}
        How a missing covariate is handled: an error, or filled, see `Panel.with_covariates`.
    static : sequence of str
        Columns of a long file that hold one value throughout a series, see `Panel.with_static`: numbers where all cells
        are, else texts.
    file_format : FileFormat, optional
        How the file is written, where this cannot be detected.

    Raises
    ------
    MissingFileError
        There is no such file.
    ParameterError
        An option of ``file_format`` is not allowed.
    DataError
        The file is empty or of another kind, lacks a column, or has a cell that is not a number or not a time; the
        message names column and row. Times that are not regular raise what `Panel.from_frame` raises.

    Examples
    --------
    >>> from tsforecast._resources import bundled
    >>> read(bundled("datasets") / "macro.csv")
    Panel(n_series=6, n_obs=1218, freq='QS-JAN')
    """
    path = Path(path)
    form = (file_format or FileFormat()).checked()
    covariates = _distinct("covariates", covariates, id_col, time_col, target_col)
    static = _distinct("static", static, id_col, time_col, target_col, *covariates)
    table, separator = _table(path, form)
    _require(table, [c for c in (id_col, time_col, target_col, *covariates, *static) if c is not None], path)
    long = id_col is not None or target_col is not None or {"ds", "y"} <= set(table.column_names)
    time_col = time_col or ("ds" if long or "ds" in table.column_names else _first_of_times(table, form))
    id_col, target_col = id_col or "unique_id", target_col or "y"
    if long:
        _require(table, [time_col], path, "time_col")
        _require(table, [target_col], path, "target_col")
        used = [target_col, *covariates]
    elif static:
        raise DataError(f"{path} is wide: its columns are series, so that {static[0]!r} is not static. {_LONG_HINT}.")
    else:
        used = _wide_columns(table, time_col, covariates, path)
    unused = [name for name in table.column_names if long and name and name not in {id_col, time_col, *used, *static}]
    times = _times(table, time_col, form, path)
    values, notation = _values(table, used, form, separator, path)
    columns = pd.DataFrame(dict(zip(used, values, strict=True)), copy=False)
    ids = _ids(table, id_col, path) if long and id_col in table.column_names else None
    order = oldest_first(times.index, np.zeros(len(columns), dtype=np.int64) if ids is None else ids.codes)
    _log_reading(path, times, notation, unused, is_reversed=order is not None)
    if not long:
        _check_wide(path, times, used, form)
    columns.insert(0, time_col, times.index)
    if ids is not None:
        columns[id_col] = ids
    for name in static:
        columns[name] = static_column(table[name], form, separator)
    columns = columns if order is None else columns.iloc[order]
    with _unused_rows_logged(path):
        if not long:
            return _wide(columns.set_index(time_col), covariates, freq, gaps, covariate_gaps)
        return Panel.from_frame(
            columns,
            id_col=id_col,
            time_col=time_col,
            target_col=target_col,
            covariates=covariates,
            static=static,
            freq=freq,
            gaps=gaps,
            covariate_gaps=covariate_gaps,
        )


def _wide_columns(table: pa.Table, time_col: str, covariates: list[str], path: Path) -> list[str]:
    """Columns of values of a wide file, first the series and then the covariates."""
    rest = [name for name in table.column_names if name != time_col and (name or not _is_whole(table[name]))]
    series = [name for name in rest if name not in covariates]
    if not series:
        raise DataError(
            f"{path} has no column besides {[time_col, *covariates]}; a column of values is needed. The cells of a "
            "CSV are told apart by commas, semicolons, tabs or bars; name another separator (--separator)."
        )
    return [*series, *covariates]


def _distinct(option: str, given: Sequence[str], *others: str | None) -> list[str]:
    names = [given] if isinstance(given, str) else list(given)
    twice = [name for i, name in enumerate(names) if name in names[:i] or name in others]
    if twice:
        raise ParameterError(f"Column {twice[0]!r} is named twice, in {option} and elsewhere; each has one use.")
    return names


def _table(path: Path, form: FileFormat) -> tuple[pa.Table, str]:
    if not path.is_file():
        raise MissingFileError(
            f"{path} is {'a folder' if path.is_dir() else 'not there'}; a CSV or Parquet file is needed."
        )
    name = path.name.lower()
    if name.endswith(_PARQUET):
        table, separator = parquet_table(path), ""
    elif name.endswith(_CSV):
        table, separator = csv_table(path, form)
    else:
        raise DataError(
            f"{path} ends in {path.suffix!r}; files that end in {', '.join((*_CSV, *_PARQUET))} can be read. Save a "
            "workbook as CSV UTF-8."
        )
    if table.num_rows == 0:
        raise DataError(f"{path} has no rows.")
    names = table.column_names
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise DataError(f"{path} has two columns {twice!r}; give each a name of its own.")
    return table, separator


def _require(table: pa.Table, columns: Sequence[str], path: Path, option: str = "") -> None:
    absent = [c for c in columns if c not in table.column_names]
    if absent:
        hint = f" Name the one that is meant with {option} (--{option} on the command line)." if option else ""
        raise DataError(f"{path} has no column {absent[0]!r}; it has {', '.join(map(repr, table.column_names))}.{hint}")


def _check_wide(path: Path, times: Times, names: Sequence[str], form: FileFormat) -> None:
    """Raise a `DataError` where a wide file repeats a time, or has years in rows and months in columns."""
    twice = times.index.duplicated()
    if twice.any():
        row = int(np.argmax(twice))
        raise DuplicateTimeError(
            f"{path}: row {row + 1} has the time {times.index[row]}, and so has a row above it; a wide file has one "
            f"row for each time. {_LONG_HINT}. Where the time is in two columns, such as date and hour, make one of "
            "them."
        )
    if form.time_format is None and not isinstance(times.index, (pd.DatetimeIndex, pd.PeriodIndex)):
        parts = {name.strip().lower()[:3] for name in names}
        numbered = [name.strip().lstrip("0") for name in names] == _NUMBERS_OF_MONTHS
        if numbered or (len(names) > 1 and any(parts <= known for known in _PARTS_OF_YEARS)):
            raise DataError(
                f"{path} has a row for each year and a column for each of its months or quarters, "
                f"{', '.join(names[:3])}: write a row for each of them, with its date. Say time_format='%Y' "
                "(--time_format %Y) where each column is a series of its own."
            )


def _first_of_times(table: pa.Table, form: FileFormat) -> str:
    """Name of the first column, or, where that is unnamed row numbers, of the first column of dates after it."""
    first, *others = table.column_names
    if not first and _is_whole(table[first]):
        return next((name for name in others if _holds_dates(table[name], form)), first)
    return str(first)


def _is_whole(column: pa.ChunkedArray) -> bool:
    if pa.types.is_string(column.type):
        return bool(pc.all(pc.match_substring_regex(column, r"^\s*[-+]?[0-9]+\s*$")).as_py())
    return bool(pa.types.is_integer(column.type))


def _holds_dates(column: pa.ChunkedArray, form: FileFormat) -> bool:
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_timestamp(column.type) or is_period(column.type))
    found = read_times(column, form)
    return isinstance(found, Times) and isinstance(found.index, pd.DatetimeIndex)


def _times(table: pa.Table, name: str, form: FileFormat, path: Path) -> Times:
    column = table[name]
    if pa.types.is_boolean(column.type):
        raise DataError(f"{path}: column {name!r} holds True and False; dates or whole numbers are needed.")
    try:
        found = read_times(column, form)
    except DataError as error:
        raise DataError(f"{path}: column {name!r}: {error}") from error
    if isinstance(found, BadCell):
        hint = f"{_FORM_HINT}, or n{_NO_DATE_HINT}" if re.search(r"\d", found.cell) else f"N{_NO_DATE_HINT}"
        _raise_bad_cell(path, name, found.place, found.cell, f"{found.why}. {hint}" if found.cell else _NO_TIME)
    return found


def _ids(table: pa.Table, name: str, path: Path) -> pd.Categorical:
    """Names of the series as texts, exactly as written."""
    column = table[name]
    if pa.types.is_timestamp(column.type):
        column = pc.replace_substring_regex(pc.cast(column, pa.string()), r" 00:00:00(\.0+)?$", "")
    encoded = pc.dictionary_encode(pc.cast(column, pa.string()), null_encoding="encode").unify_dictionaries()
    names = [cell or "" for cell in encoded.chunk(0).dictionary.to_pylist()]
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])
    if not all(text.strip() for text in names):
        empty = np.array([not text.strip() for text in names])[codes]
        _raise_bad_cell(path, name, int(np.argmax(empty)), "", "no name of a series; every row needs one")
    if len({text.strip() for text in names}) < len(names):
        stripped = [text.strip() for text in names]
        alike = [text for text in names if stripped.count(text.strip()) > 1][:2] if len(names) < 10_000 else []
        _LOG.warning("%s: names in %r differ in spaces alone, and are different series: %s", path, name, alike)
    return pd.Categorical.from_codes(codes, pd.Index(names, dtype=object))


def _values(
    table: pa.Table, names: Sequence[str], form: FileFormat, separator: str, path: Path
) -> tuple[list[Floats], Notation | None]:
    """Columns as numbers, and the notation of those that are texts."""
    held = dict(zip(table.column_names, table.columns, strict=True))  # faster than looking up each name in the table
    found: dict[str, Floats] = {}
    for name in names:
        column = held[name]
        if pa.types.is_timestamp(column.type) or is_period(column.type):
            _raise_bad_cell(path, name, 0, str(column[0]), f"a date, not a number. {_TIME_HINT}")
        if not pa.types.is_string(column.type):
            found[name] = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    texts = [name for name in names if name not in found]
    if not texts:
        return [found[name] for name in names], None
    columns = [booleans_as_digits(held[name]) for name in texts]
    read_ = parse_numbers(
        pa.chunked_array([chunk for c in columns for chunk in c.chunks], pa.string()), form, separator
    )
    if isinstance(read_, BadCell):
        column, row = divmod(read_.place, table.num_rows)
        _raise_bad_cell(path, texts[column], row, read_.cell, read_.why or _why_no_number(read_.cell))
    values, notation = read_
    found |= zip(texts, values.reshape(len(texts), table.num_rows), strict=True)
    return [found[name] for name in names], notation


@contextlib.contextmanager
def _unused_rows_logged(path: Path) -> Iterator[None]:
    """Context in which warnings of unused rows go to the log, with the name of the file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnusedRowWarning)
        yield
    for one in caught:
        if issubclass(one.category, UnusedRowWarning):
            _LOG.warning("%s: %s", path, one.message)
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _log_reading(path: Path, times: Times, notation: Notation | None, unused: list[str], *, is_reversed: bool) -> None:
    """Log how times and numbers were read, as a warning where only convention decided."""
    message = f"times are {times.how}: " + ", ".join(f"{text!r} is {time}" for text, time in times.examples)
    if notation is not None:
        signs = [sign for sign in notation.thousands if any(sign in cell for cell in notation.examples)]
        between = f" and {signs[0]!r} between thousands" if signs else ""
        message += f"; numbers have {_SIGNS[notation.decimal]}{between}: {', '.join(notation.shown())}"
    if is_reversed:
        message += "; rows go from the newest to the oldest, and are turned round"
    sure = times.is_sure and (notation is None or notation.is_sure)
    _LOG.log(logging.INFO if sure else logging.WARNING, "%s: %s", path, message)
    if unused:
        _LOG.warning(
            "%s: not used: %s. Columns that are known into the future go into covariates (--covariates), those that do "
            "not change within a series into static (--static).",
            path,
            ", ".join(unused),
        )


def _wide(
    frame: pd.DataFrame,
    covariates: Sequence[str],
    freq: "str | Freq | None",
    gaps: Gaps,
    covariate_gaps: CovariateGaps,
) -> Panel:
    if gaps == "snap":  # covariates move with the series
        step = None if freq is None else parse_freq(freq)
        snapped, freq = snap_times(frame.index, np.array([0, len(frame)]), step)
        frame = frame.set_axis(snapped, axis=0)
    panel = Panel.from_wide(frame.drop(columns=list(covariates)), freq=freq, gaps=gaps)
    if not covariates:
        return panel
    shared = frame[list(covariates)].reset_index(names="ds")
    table, names = align_covariates(shared, panel.ids, panel.lengths, panel.times, covariate_gaps)
    return panel.with_covariates(table, names, covariate_gaps)


def _why_no_number(cell: str) -> str:
    if re.fullmatch(r"\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp]\.?[Mm]\.?)?", cell):
        return "a time of day, not a number. Put date and time of day into one column, such as 2024-01-31 15:00"
    if re.search(r"\d\D+\d", cell) and is_date(cell):
        return f"a date, not a number. {_TIME_HINT}"
    if not re.search(r"\w", cell):
        return (
            "no number. Leave the cell empty where a value is missing, or name what stands for one with missing "
            "(--missing on the command line)"
        )
    if re.search(r"\d", cell):
        return (
            "no number. Separators of thousands and decimal commas can be told (decimal, thousands); units, percent "
            "and currency signs cannot be read: write 12345.67"
        )
    return f"no number. Take the column out, or write numbers such as 1 for yes and 0 for no. {_LONG_HINT}"


def _raise_bad_cell(path: Path, column: str, row: int, cell: str, why: str) -> NoReturn:
    raise DataError(f"{path}: column {column!r} holds {cell!r} in row {row + 1}, which is {why}.")
