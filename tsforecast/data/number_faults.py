"""Faults for cells that are no numbers: each sort once, with the option that mends it."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from tsforecast.data.cells.numbers import DASHES, Numbers, is_number_of
from tsforecast.data.cells.signs import Beside, unit_of
from tsforecast.data.faults import Fault, Faults, cut_text, shown
from tsforecast.data.files.table import FileTable
from tsforecast.data.layout import Layout
from tsforecast.panel.times.dates import is_date

_MOST = 100  # bad cells of a file whose sort is looked at
_MOST_MISSING = 5  # different texts that an option names
_LONGEST = 40  # characters of a text that an option names
_MISSING_HINT = "Leave the cell empty where a value is missing, or say that it stands for one: "


def add_number_faults(table: FileTable, layout: Layout, names: Sequence[str], read: Numbers, faults: Faults) -> None:
    """Add a fault for each sort of cells that are no numbers.

    Parameters
    ----------
    table : FileTable
    layout : Layout
    names : sequence of str
        Columns whose cells were parsed one after another.
    read : Numbers
    faults : Faults
    """
    n_rows = table.columns.num_rows
    if read.unclear is not None:
        column, row = divmod(read.unclear.place, n_rows)
        cell, why = read.unclear.cell, read.unclear.why
        sign = "," if "," in cell else "."
        what = f"column {names[column]!r} holds {cell!r} in {table.where([row])[0]}, which is {why}"
        faults.add(Fault(what, "", ("--thousands", sign)))
    if not read.bad.size:
        return
    looked = read.bad[:_MOST].tolist()
    cells = {place: str(table.held[names[place // n_rows]][place % n_rows]).strip() for place in looked}
    sorts: dict[str, list[int]] = {}
    for place, cell in cells.items():
        sorts.setdefault(_sort_of(cell, read.notation.decimal), []).append(place)
    for sort, places in sorts.items():
        count = len(places) + (read.bad.size - len(looked) if len(sorts) == 1 else 0)
        rows = [place % n_rows for place in places]
        first = names[places[0] // n_rows]
        texts = [
            f"{'' if (name := names[place // n_rows]) == first else f'{name!r} '}{cut_text(cells[place])!r} in {where}"
            for place, where in zip(places[:4], table.where(rows[:4]), strict=True)
        ]
        also = f" (and {shown(texts[1:], count - 1)})" if count > 1 else ""
        different = list(dict.fromkeys(re.sub(DASHES, "-", cells[place]) for place in places))
        is_sampled = count > len(places) or len(different) > _MOST_MISSING or not all(map(_can_be_said, different))
        words = () if sort in _NOT_MISSING or is_sampled else ("--missing", *different)
        what = f"column {first!r} holds {texts[0]}, which is {sort}{also}"
        hint = _hint(sort, words, read)
        if (units := _units_of(cells, places)) is not None:
            hint, words = _unit_hint(units, _units_of(cells, cells) or ())
        faults.add(Fault(what, hint, words))


def _units_of(cells: Mapping[int, str], places: Iterable[int]) -> tuple[str, ...] | None:
    """What stands beside the numbers of some cells; None where one of them is no number with a unit."""
    found = [unit_of(cells[place]) for place in places]
    signs = tuple(dict.fromkeys(unit.sign for unit in found if unit is not None))
    return signs if signs and all(signs) and None not in found else None


def _unit_hint(units: Sequence[str], of_all: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """How cells with a unit can be read beside others without it, or with another one."""
    if len(of_all) > 1 and any(Beside(sign).is_currency for sign in of_all):
        return f"Convert them to one unit; there are {', '.join(map(repr, of_all))}.", ()
    words = ("--units", *units)
    what = "percent" if units == ("%",) else repr(units[0])
    way = f"If the numbers without {what} mean the same, leave it out: {shlex.join(words)}"
    return f"{way}; else write all of them in one unit.", words


_SIGN = "written with another decimal sign than other cells"
_INFINITE = "no finite number"
_CLOCK = "a time of day, not a number"
_DATE = "a date, not a number"
_UNITS = "no number"
_EMPTY_SIGN = "no number, and may stand for a missing one"
_WORD = "no number but a word"
_NOT_MISSING = (_CLOCK, _DATE)


def _sort_of(cell: str, decimal: str) -> str:
    if is_number_of(cell, decimal):
        return _SIGN
    if re.fullmatch(r"\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp]\.?[Mm]\.?)?", cell):
        return _CLOCK
    if re.fullmatch(r"(?i)[-+]?(?:inf(?:inity)?|[\d.,]+e[-+]?\d+)", cell):
        return _INFINITE
    if re.search(r"\d\D+\d", cell) and is_date(cell):
        return _DATE
    if re.search(r"\d", cell):
        return _UNITS
    return _WORD if re.search(r"\w", cell) else _EMPTY_SIGN


def _can_be_said(text: str) -> bool:
    """Whether a text can be a value of an option of the command line."""
    return len(text) <= _LONGEST and (text == "-" or not text.startswith("-") or text[1:2].isdigit())


def _hint(sort: str, words: Sequence[str], read: Numbers) -> str:
    way = shlex.join(words) if words else "--missing and the text"
    if sort == _SIGN:
        sign = read.notation.decimal
        return (
            f"Most decimals have {sign!r}. Correct these cells, or say how all are written with --decimal and "
            f"--thousands; or count them as missing: {way}."
        )
    if sort == _CLOCK:
        return "Name the columns of the date and of the time of day: --time_col DATE TIME."
    if sort == _DATE:
        return (
            "If the column holds the times, name it with --time_col, and in a long file (a row for each series and "
            "time) the others with --id_col and --target_col; else leave it out with --drop."
        )
    if sort == _UNITS:
        return (
            "Separators of thousands and decimal commas can be told (--thousands, --decimal), and so can texts beside "
            f"numbers that are to be left out (--units); else write 12345.67, or count the cell as missing: {way}."
        )
    return f"{_MISSING_HINT}{way}; or take the column out with --drop."
