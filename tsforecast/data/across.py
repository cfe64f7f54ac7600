"""Tables whose times stand across, in the names of columns, as tables with a column for each series."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast.data.files.table import FileTable, Remark
from tsforecast.data.files.titles import is_total, kind_of
from tsforecast.data.guess import kind_of_column
from tsforecast.data.keys import join_keys
from tsforecast.data.reading import Reading
from tsforecast.panel.times.dates import MONTH_NAMES

_LEAST = 3  # names of columns that are times
_MOST_SERIES = 20_000
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTHS = [month.lower() for month in MONTH_NAMES]
_QUARTERS = ["q1", "q2", "q3", "q4"]
_NUMBERS = [str(month) for month in range(1, 13)]


def upright(table: FileTable, options: Reading) -> FileTable:
    """The table with a row for each time, where the file has a column for each; any other table unchanged.

    Read are a row for each series and a column for each time, and a row for each year and a column for each month or
    quarter. Neither where an option names columns or says how times are written.
    """
    if (
        options.ids
        or options.time_cols
        or options.target_col
        or options.time_format
        or options.covariates
        or table.parts
    ):
        return table
    names = [name for name in table.columns.column_names if name not in options.drop]
    if len(names) < _LEAST or table.columns.num_rows > _MOST_SERIES:
        return table
    times = names[_n_first(names) :]
    parts = _parts_of_year(times)
    if len(times) == len(names) - 1 and parts and _are_years(table, names[0]):
        return _from_years(table, names[0], times, parts)
    if len(times) < _LEAST or not _are_times(times):
        return table
    labels = [name for name in names if name not in times and kind_of_column(table.held[name]) == "text"]
    numbers = [name for name in times if kind_of_column(table.held[name]) in ("number", "empty")]
    if not labels or len(labels) + len(times) < len(names) or len(numbers) < len(times):
        return table
    return _turned(table, labels, times)


def _n_first(names: Sequence[str]) -> int:
    """Number of the first names that are no times."""
    return next((k for k, name in enumerate(names) if k and (_part(name) or _is_time(name))), len(names))


def _is_time(name: str) -> bool:
    return bool(_YEAR.fullmatch(name.strip())) or kind_of(name.strip()) == "date"


def _are_times(names: Sequence[str]) -> bool:
    years = [int(name) for name in names if _YEAR.fullmatch(name.strip())]
    if years:  # whole numbers may also name series
        return len(years) == len(names) and bool((np.diff(years) == 1).all())
    return all(map(_is_time, names))


def _part(name: str) -> str:
    """Month or quarter that a name says, as 01 or Q1; empty where it says none."""
    small = name.strip().lower()
    if small in _QUARTERS:
        return small.upper()
    if small in _NUMBERS or small.lstrip("0") in _NUMBERS:
        return small.zfill(2)
    word = small.rstrip(".")
    month = next((k for k, known in enumerate(_MONTHS, 1) if word == known or word in _LONG[k - 1]), 0)
    return f"{month:02}" if month else ""


_LONG = tuple(
    (name.lower(), name.lower()[:3], name.lower()[:4])
    for name in ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                 "November", "December")
)  # fmt: skip


def _parts_of_year(names: Sequence[str]) -> list[str]:
    """The twelve months or four quarters that names say, after which only sums may follow; else none."""
    for n_parts in (12, 4):
        parts = [_part(name) for name in names[:n_parts]]
        rest = names[n_parts:]
        wanted = [f"{k:02}" for k in range(1, 13)] if n_parts == 12 else ["Q1", "Q2", "Q3", "Q4"]
        if parts == wanted and all(is_total([name]) or name.strip().lower() in ("annual", "year") for name in rest):
            return parts
    return []


def _are_years(table: FileTable, name: str) -> bool:
    cells = [str(cell).strip() for cell in table.held[name].to_pylist() if cell is not None and str(cell).strip()]
    years = [int(cell) for cell in cells if _YEAR.fullmatch(cell)]
    others = [cell for cell in cells if not _YEAR.fullmatch(cell)]
    return len(years) > 1 and len(set(years)) == len(years) and all(is_total([cell]) for cell in others)


def _from_years(table: FileTable, year: str, names: Sequence[str], parts: Sequence[str]) -> FileTable:
    """One series of the rows of years, from the first cell that holds something to the last."""
    years = [str(cell).strip() for cell in table.held[year].to_pylist()]
    kept = [row for row, text in enumerate(years) if _YEAR.fullmatch(text)]
    kept.sort(key=lambda row: years[row])
    columns = [_texts(table.held[name]) for name in names[: len(parts)]]
    times = [f"{years[row]}-{part}" for row in kept for part in parts]
    cells = [column[row] for row in kept for column in columns]
    held = [place for place, cell in enumerate(cells) if cell.strip()]
    begin, end = (held[0], held[-1] + 1) if held else (0, len(cells))
    lines = np.asarray(kept, dtype=np.int64).repeat(len(parts))[begin:end]
    left = f", without {', '.join(map(repr, names[len(parts) :]))}" if len(names) > len(parts) else ""
    kind = "quarter" if len(parts) == 4 else "month"
    told = Remark(f"a row is a year and a column a {kind}{left}; read as one series", is_sure=False)
    return dataclasses.replace(
        table,
        columns=pa.table({"time": times[begin:end], "value": cells[begin:end]}),
        lines=lambda: table.lines()[lines],
        remarks=(*table.remarks, told),
    )


def _turned(table: FileTable, labels: Sequence[str], times: Sequence[str]) -> FileTable:
    """A column for each row, which the labels name."""
    rows = list(zip(*(_texts(table.held[name]) for name in labels), strict=True))
    kept = [row for row, cells in enumerate(rows) if any(cells) and not is_total(cells)]
    varied = [k for k in range(len(labels)) if len({rows[row][k] for row in kept}) > 1] or [0]
    telling = next(([k] for k in varied if len({rows[row][k] for row in kept}) == len(kept)), varied)
    names = [join_keys([rows[row][k] for k in telling]) if len(telling) > 1 else rows[row][telling[0]] for row in kept]
    if len(set(names)) < len(names) or not all(names):
        return table
    columns = [_texts(table.held[name]) for name in times]
    found: dict[str, list[str]] = {"time": list(times)}
    found |= {name: [column[row] for column in columns] for name, row in zip(names, kept, strict=True)}
    left = len(rows) - len(kept)
    also = f"; {left} row{'s' if left > 1 else ''} of sums or without a name left out" if left else ""
    by = " and ".join(repr(labels[k]) for k in telling)
    told = Remark(f"the times stand across, in the names of columns, and each row is a series, by {by}{also}", False)
    places = np.array([table.columns.column_names.index(name) + 1 for name in times], dtype=np.int64)
    return dataclasses.replace(
        table, columns=pa.table(found), lines=lambda: places, remarks=(*table.remarks, told), unit="column"
    )


def _texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_floating(column.type):  # as in a workbook
        return ["" if cell is None else repr(cell) for cell in column.to_pylist()]
    return [(cell or "").strip() for cell in pc.cast(column, pa.string()).to_pylist()]
