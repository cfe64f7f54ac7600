"""Decides what each column of a table is: the series, the times, the values, or not used."""

import dataclasses
import difflib
import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Ints
from tsforecast.data.cells.names import codes_of
from tsforecast.data.cells.periods import is_period
from tsforecast.data.cells.times import read_times
from tsforecast.data.faults import Fault, Faults
from tsforecast.data.file_format import FileFormat
from tsforecast.data.files.table import FILE, FileTable, Remark
from tsforecast.data.files.titles import kind_of
from tsforecast.data.reading import Reading
from tsforecast.exceptions import DataError

_PEEK = 500  # rows from which the kind of a column is told
_MOST_KEYS = 3  # columns that name a series together, when they are guessed
_CANDIDATES = 6
_NUMERIC = re.compile(r"[-+(€$£]*\s*\d[\d.,'’ \u00a0\u202f]*\s*[)%€$£]*")
_YEARS = re.compile(r"(?:19|20)\d\d")
_PARTS_OF_TIMES = re.compile(
    r"(?i)(?:month|monat|mois|mes|mese|mm|quarter|quartal|qtr|week|woche|kw|day|tag|hour|stunde|time|zeit|uhrzeit)s?\.?"
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """Names of the columns by their use.

    Attributes
    ----------
    is_long : bool
        A row for each series and time, rather than a column for each series.
    ids : tuple of str
        Columns that name the series of a row; none in a wide file, or where there is one series.
    times : tuple of str
        Columns that say the time together.
    values : tuple of str
        The target of a long file, the series of a wide one.
    unused : tuple of str
        Columns of a long file that have no use.
    remarks : tuple of Remark
        What was decided without being told.
    """

    is_long: bool
    ids: tuple[str, ...]
    times: tuple[str, ...]
    values: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    revision: str | None = None
    unused: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


def find_layout(table: FileTable, options: Reading, faults: Faults) -> Layout:
    """The use of each column, as the options say or as the cells show; faults for what does not fit."""
    names = table.columns.column_names
    known = _resolved(names, options, faults)
    free = [name for name in names if name not in _taken(known) and not (name == FILE and table.parts)]
    is_long = bool(known.ids) or known.target_col is not None or {"ds", "y"} <= set(names)
    if is_long:
        return _long(table, known, free, faults)
    if known.static:
        faults.add(
            Fault(
                f"{faults.name} is wide: its columns are series, so that {known.static[0]!r} is not static",
                "If the file is long (a row for each series and time), name its columns with --id_col, --time_col and "
                "--target_col.",
            )
        )
    return _wide(table, known, free, faults)


def _resolved(names: Sequence[str], options: Reading, faults: Faults) -> Reading:
    """The options with names that are columns; others are faults, and replaced by a similar one or left out."""
    changes: dict[str, Any] = {}
    for option in ("id_col", "time_col", "target_col", "revision_col", "covariates", "static", "drop"):
        given = getattr(options, option)
        listed = [given] if isinstance(given, str) else list(given or ())
        found = [_known(name, option, listed, names, faults) for name in listed]
        kept = tuple(name for name in found if name is not None)
        if kept != tuple(listed):
            single = option in ("target_col", "revision_col")
            changes[option] = (kept[0] if kept else None) if single else kept
    return dataclasses.replace(options, **changes) if changes else options


def _known(name: str, option: str, listed: Sequence[str], names: Sequence[str], faults: Faults) -> str | None:
    if name in names:
        return name
    by_small = {known.strip().casefold(): known for known in names}
    near = difflib.get_close_matches(name.strip().casefold(), by_small, n=1, cutoff=0.75)
    similar = by_small[near[0]] if near and by_small[near[0]] not in listed else None
    words = [similar if one == name else one for one in listed] if similar else []
    faults.add(
        Fault(
            f"{faults.name} has no column {name!r}; it has {', '.join(map(repr, names[:20]))}",
            f"Did you mean --{option} {similar}?" if similar else f"Name the one that is meant with --{option}.",
            (f"--{option}", *map(str, words)) if similar else (),
        )
    )
    return similar


def _taken(options: Reading) -> set[str]:
    single = {options.target_col, options.revision_col} - {None}
    lists = (options.ids, options.time_cols, options.covariates, options.static, options.drop)
    return {str(name) for name in single} | {name for names in lists for name in names}


def _long(table: FileTable, options: Reading, free: list[str], faults: Faults) -> Layout:
    remarks: list[Remark] = []
    names = table.columns.column_names
    rest = [name for name in free if name not in ("unique_id", "ds", "y")]
    ids = options.ids or (("unique_id",) if "unique_id" in free else ())
    times = options.time_cols or (("ds",) if "ds" in free else ())
    target = options.target_col or ("y" if "y" in free else None)
    if not times and (found := _dates_among(table, rest, options)) is not None:
        times = (found,)
        remarks.append(Remark(f"the times are in {found!r} (--time_col)"))
    if not times:
        faults.add(_absent("ds", "time_col", names, faults))
    rest = [name for name in rest if name not in times]
    if target is None:
        numeric = [name for name in rest if kind_of_column(table.columns[name]) == "number"]
        if len(numeric) == 1:
            target = numeric[0]
            remarks.append(Remark(f"the values are in {target!r} (--target_col)"))
        else:
            faults.add(_absent("y", "target_col", names, faults, numeric))
            target = numeric[0] if numeric else None
    used = {*ids, *times, target}
    unused = tuple(name for name in free if name and name not in used)
    return Layout(
        True, ids, times, (target,) if target else (), options.covariates, options.static, options.revision_col,
        unused, tuple(remarks),
    )  # fmt: skip


def _absent(name: str, option: str, names: Sequence[str], faults: Faults, likely: Sequence[str] = ()) -> Fault:
    way = f": --{option} {likely[0]}" if likely else f" with --{option}"
    return Fault(
        f"{faults.name} has no column {name!r}; it has {', '.join(map(repr, names[:20]))}",
        f"Name the one that is meant{way}{_or(likely[1:])}.",
        (f"--{option}", likely[0]) if likely else (),
    )


def _or(others: Sequence[str]) -> str:
    return f" (or {', '.join(map(repr, others[:5]))})" if others else ""


def _wide(table: FileTable, options: Reading, free: list[str], faults: Faults) -> Layout:
    times = options.time_cols or _times_of_wide(table, options, free, faults)
    values = [name for name in free if name not in times and (name or not _is_whole(table.columns[name]))]
    layout = Layout(False, (), times, tuple(values), options.covariates, (), options.revision_col)
    if not values:
        raise DataError(
            f"{faults.name} has no column besides {[*times, *options.covariates]}; a column of values is needed. The "
            "cells of a CSV are told apart by commas, semicolons, tabs or bars; name another separator (--separator)."
        )
    kinds = {name: kind_of_column(table.columns[name]) for name in values}
    dates = [name for name in values if kinds[name] == "date"]
    for name in dates:
        faults.add(_date_fault(table, name))
    texts = [name for name in values if kinds[name] == "text"]
    values = [name for name in values if name not in (*texts, *dates)]
    if texts or dates:
        layout = dataclasses.replace(layout, values=tuple(values))
    if not times:
        return layout
    return _maybe_long(table, options, layout, texts, faults)


def _date_fault(table: FileTable, name: str) -> Fault:
    row = _first_held(table.columns[name])
    return Fault(
        f"column {name!r} holds {str(table.columns[name][row])!r} in {table.where([row])[0]}, which is a date, not a "
        "number",
        f"If it holds the times, name it with --time_col {name}, and in a long file (a row for each series and time) "
        f"the others with --id_col and --target_col; else leave it out: --drop {name}.",
        ("--drop", name),
    )


def _times_of_wide(table: FileTable, options: Reading, free: list[str], faults: Faults) -> tuple[str, ...]:
    if "ds" in free:
        return ("ds",)
    if not free:
        return ()
    first, *others = free
    columns = table.columns
    if not first and _is_whole(columns[first]):
        return (next((name for name in others if _holds_dates(columns[name], options)), first),)
    if (parts := _parts_of_times(table, first, others)) is not None:
        faults.add(
            Fault(
                f"the time is in two columns, {first!r} and {parts!r}",
                f"Name both: --time_col {first} {parts}.",
                ("--time_col", first, parts),
            )
        )
        return (first, parts)
    if kind_of_column(columns[first]) == "date" or _is_whole(columns[first]) or _holds_dates(columns[first], options):
        return (first,)
    found = _dates_among(table, others, options)
    row = _first_held(columns[first])
    if found is not None:
        faults.add(
            Fault(
                f"column {first!r} holds {str(columns[first][row])!r} in {table.where([row])[0]}, which is no date, and "
                f"{found!r} holds dates",
                f"Name the column of times: --time_col {found}; and in a long file (a row for each series and time) the "
                "others with --id_col and --target_col.",
                ("--time_col", found),
            )
        )
        return (found,)
    return (first,)


def _parts_of_times(table: FileTable, first: str, others: Sequence[str]) -> str | None:
    """The column beside a first one of years, or of dates, whose name says that it holds months or hours."""
    cells = _peek(table.columns[first])
    named = [name for name in others if _PARTS_OF_TIMES.fullmatch(name.strip())]
    are_years = bool(cells) and all(_YEARS.fullmatch(cell) for cell in cells)
    if named and are_years and _repeats(table.columns[first]):
        return named[0]
    if named and cells and kind_of_column(table.columns[first]) == "date" and _repeats(table.columns[first]):
        clock = _peek(table.columns[named[0]])
        return named[0] if clock and all(re.fullmatch(r"\d{1,2}(:\d\d){0,2}", cell) for cell in clock) else None
    return None


def _repeats(column: pa.ChunkedArray) -> bool:
    return len(column.unique()) < len(column)


def _maybe_long(table: FileTable, options: Reading, layout: Layout, texts: list[str], faults: Faults) -> Layout:
    """The layout as it is, or, where columns name series, that of a long file, with the fault that says so."""
    values = list(layout.values)
    whole = (
        [] if texts else [name for name in values if _is_whole(table.columns[name]) and _repeats(table.columns[name])]
    )
    twice = n_repeated(table, layout.times)
    candidates = texts or whole
    may_be_long = options.duplicates == "error" and options.revision_col is None and (texts or twice)
    keys = keys_of(table, layout.times, candidates) if may_be_long else ()
    left = [name for name in values if name not in keys]
    if not keys or not left:
        for name in texts:
            faults.add(
                _text_fault(
                    table,
                    name,
                    f"Leave it out with --drop {name}; where it names the series of a long file, say --id_col {name}.",
                    ("--drop", name),
                )
            )
        return layout
    target = "y" if "y" in left else left[0]
    words = ["--id_col", *keys]
    words += [] if layout.times == ("ds",) else ["--time_col", *layout.times]
    words += [] if target == "y" else ["--target_col", target]
    hint = f"If the file is long (a row for each series and time), name its columns: {' '.join(words)}"
    others = _or([name for name in left if name != target])
    hint = f"{hint}{others and others.replace('(or', '(or for the values')}."
    if texts:
        faults.add(_text_fault(table, texts[0], hint, tuple(words), also=texts[1:]))
    else:
        first, second = repeated_rows(table, layout.times)
        time = " ".join(str(table.columns[name][second]) for name in layout.times)
        where = table.where([second, first])
        faults.add(
            Fault(
                f"{where[0]} has the time {time}, and so has {where[1]}; a wide file has one row for each time",
                hint,
                tuple(words),
            )
        )
    unused = tuple(name for name in (*texts, *left) if name not in (*keys, target))
    return dataclasses.replace(layout, is_long=True, ids=keys, values=(target,), unused=unused)


def _text_fault(table: FileTable, name: str, hint: str, options: tuple[str, ...], also: Sequence[str] = ()) -> Fault:
    row = _first_held(table.columns[name])
    more = f" (and so do {', '.join(map(repr, also[:5]))})" if also else ""
    return Fault(
        f"column {name!r} holds {str(table.columns[name][row])!r} in {table.where([row])[0]}{more}, which is no number",
        hint,
        options,
    )


def _first_held(column: pa.ChunkedArray) -> int:
    held = [i for i, cell in enumerate(column.slice(0, _PEEK).to_pylist()) if str(cell or "").strip()]
    return held[0] if held else 0


def _codes(table: FileTable, names: Sequence[str]) -> Ints:
    """A number for each row that is the same where all cells of some columns are."""
    combined = np.zeros(table.columns.num_rows, dtype=np.int64)
    for name in names:
        codes = codes_of(table.columns[name])
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
    usable = [name for name in candidates if 2 * len(table.columns[name].unique()) <= max(n_rows, 4)][:_CANDIDATES]
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
    cells = _peek(column)
    kinds = [_kind(cell) for cell in cells]
    held = [kind for kind in kinds if kind != "empty"]
    return max(("number", "date", "text"), key=held.count) if held else "empty"


def _kind(cell: str) -> str:
    if _NUMERIC.fullmatch(cell) and kind_of(cell) != "date":
        return "number"
    return "number" if cell.lower() in ("true", "false") else kind_of(cell)


def _peek(column: pa.ChunkedArray) -> list[str]:
    """Some distinct cells that hold something."""
    cells = pc.unique(pc.cast(column.slice(0, _PEEK), pa.string())).to_pylist()
    return [cell.strip() for cell in cells if cell and cell.strip()][:30]


def _is_whole(column: pa.ChunkedArray) -> bool:
    if pa.types.is_string(column.type):
        return bool(pc.all(pc.match_substring_regex(column, r"^\s*[-+]?[0-9]+\s*$")).as_py())
    return bool(pa.types.is_integer(column.type))


def _dates_among(table: FileTable, names: Sequence[str], options: FileFormat) -> str | None:
    return next((name for name in names if _holds_dates(table.columns[name], options)), None)


def _holds_dates(column: pa.ChunkedArray, form: FileFormat) -> bool:
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_timestamp(column.type) or is_period(column.type))
    try:
        found = read_times(column.slice(0, _PEEK), form)
    except DataError:
        return kind_of_column(column) == "date"
    return isinstance(found.index, pd.DatetimeIndex) and 2 * found.bad.size < min(len(column), _PEEK)
