"""Decides what each column of a table is: the series, the times, the values, or not used."""

import dataclasses
import difflib
import re
from collections.abc import Sequence
from typing import Any

from tsforecast.data.faults import Fault, Faults
from tsforecast.data.files.table import FILE, FileTable, Remark
from tsforecast.data.guess import (
    dates_among,
    first_held,
    holds_dates,
    holds_whole_numbers,
    keys_of,
    kind_of_column,
    n_repeated,
    repeated_rows,
    repeats_cells,
    some_cells,
)
from tsforecast.data.reading import Reading

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
    for option in (
        "id_col",
        "time_col",
        "target_col",
        "revision_col",
        "covariates",
        "past_covariates",
        "static",
        "drop",
    ):
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
    lists = (options.ids, options.time_cols, options.changing, options.static, options.drop)
    return {str(name) for name in single} | {name for names in lists for name in names}


def _long(table: FileTable, options: Reading, free: list[str], faults: Faults) -> Layout:
    remarks: list[Remark] = []
    names = table.columns.column_names
    rest = [name for name in free if name not in ("unique_id", "ds", "y")]
    ids = options.ids or (("unique_id",) if "unique_id" in free else ())
    times = options.time_cols or (("ds",) if "ds" in free else ())
    target = options.target_col or ("y" if "y" in free else None)
    if not times and (found := dates_among(table, rest, options)) is not None:
        times = (found,)
        remarks.append(Remark(f"the times are in {found!r} (--time_col)"))
    if not times:
        faults.add(_absent("ds", "time_col", names, faults))
    rest = [name for name in rest if name not in times]
    if target is None:
        numeric = [name for name in rest if kind_of_column(table.held[name]) == "number"]
        if len(numeric) == 1:
            target = numeric[0]
            remarks.append(Remark(f"the values are in {target!r} (--target_col)"))
        else:
            faults.add(_absent("y", "target_col", names, faults, numeric))
            target = numeric[0] if numeric else None
    used = {*ids, *times, target}
    unused = tuple(name for name in free if name and name not in used)
    return Layout(
        True, ids, times, (target,) if target else (), options.changing, options.static, options.revision_col,
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
    values = [name for name in free if name not in times and (name or not holds_whole_numbers(table.held[name]))]
    layout = Layout(False, (), times, tuple(values), options.changing, (), options.revision_col)
    if not values:
        faults.add(
            Fault(
                f"{faults.name} has no column besides {[*times, *options.changing]}; a column of values is needed",
                "The cells of a CSV are told apart by commas, semicolons, tabs or bars; name another separator "
                "(--separator).",
            )
        )
        return layout
    kinds = {name: kind_of_column(table.held[name]) for name in values}
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
    row = first_held(table.held[name])
    return Fault(
        f"column {name!r} holds {str(table.held[name][row])!r} in {table.where([row])[0]}, which is a date, not a "
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
    columns = table.held
    if not first and holds_whole_numbers(columns[first]):
        return (next((name for name in others if holds_dates(columns[name], options)), first),)
    if (parts := _parts_of_times(table, first, others)) is not None:
        faults.add(
            Fault(
                f"the time is in two columns, {first!r} and {parts!r}",
                f"Name both: --time_col {first} {parts}.",
                ("--time_col", first, parts),
            )
        )
        return (first, parts)
    if (
        kind_of_column(columns[first]) == "date"
        or holds_whole_numbers(columns[first])
        or holds_dates(columns[first], options)
    ):
        return (first,)
    found = dates_among(table, others, options)
    row = first_held(columns[first])
    if found is not None:
        faults.add(
            Fault(
                f"column {first!r} holds {str(columns[first][row])!r} in {table.where([row])[0]}, which is no "
                f"date, and {found!r} holds dates",
                f"Name the column of times: --time_col {found}; and in a long file (a row for each series and time) "
                "the others with --id_col and --target_col.",
                ("--time_col", found),
            )
        )
        return (found,)
    return (first,)


def _parts_of_times(table: FileTable, first: str, others: Sequence[str]) -> str | None:
    """The column beside a first one of years, or of dates, whose name says that it holds months or hours."""
    cells = some_cells(table.held[first])
    named = [name for name in others if _PARTS_OF_TIMES.fullmatch(name.strip())]
    are_years = bool(cells) and all(_YEARS.fullmatch(cell) for cell in cells)
    if named and are_years and repeats_cells(table.held[first]):
        return named[0]
    if named and cells and kind_of_column(table.held[first]) == "date" and repeats_cells(table.held[first]):
        clock = some_cells(table.held[named[0]])
        return named[0] if clock and all(re.fullmatch(r"\d{1,2}(:\d\d){0,2}", cell) for cell in clock) else None
    return None


def _maybe_long(table: FileTable, options: Reading, layout: Layout, texts: list[str], faults: Faults) -> Layout:
    """The layout as it is, or, where columns name series, that of a long file, with the fault that says so."""
    values = list(layout.values)
    columns = table.held
    keys: tuple[str, ...] = ()
    if options.duplicates == "error" and options.revision_col is None and (texts or n_repeated(table, layout.times)):
        whole = [name for name in values if holds_whole_numbers(columns[name]) and repeats_cells(columns[name])]
        keys = keys_of(table, layout.times, texts or whole)
    left = [name for name in values if name not in keys and kind_of_column(columns[name]) != "empty"] if keys else []
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
        time = " ".join(str(table.held[name][second]) for name in layout.times)
        where = table.where([second, first])
        faults.add(
            Fault(
                f"{where[0]} has the time {time}, and so has {where[1]}; a wide file has one row for each time",
                hint,
                tuple(words),
            )
        )
    unused = tuple(name for name in (*texts, *values) if name not in (*keys, target))
    return dataclasses.replace(layout, is_long=True, ids=keys, values=(target,), unused=unused)


def _text_fault(table: FileTable, name: str, hint: str, options: tuple[str, ...], also: Sequence[str] = ()) -> Fault:
    row = first_held(table.held[name])
    more = f" (likewise {', '.join(map(repr, also[:5]))})" if also else ""
    return Fault(
        f"column {name!r} holds {str(table.held[name][row])!r} in {table.where([row])[0]}{more}, which is no number",
        hint,
        options,
    )
