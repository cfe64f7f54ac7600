"""Recognises lines that are no part of a table: titles above the header, units below it, notes and totals."""

import collections
import functools
import re
from collections.abc import Sequence

from tsforecast.panel.times.dates import is_date

_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_NUMERIC = re.compile(r"[-+]?\d[\d.,'’ \u00a0\u202f]*%?")
_MOST_CELLS = 100_000  # in which full columns are looked for; five rows at least
_CELLS = 12  # cells of a row whose kind is looked at
_EMPTY = ("", "NA", "NaN", "nan", "null", "NULL", "N/A", "n/a", "#N/A", "-")
_TOTAL = re.compile(
    r"(?i)(?:grand |sub-?|zwischen|gesamt)?(?:total|totals|totale|sum|summe|gesamtsumme|gesamtergebnis|ergebnis|gesamt"
    r"|insgesamt|average|mean|mittelwert|durchschnitt|somme|suma|totaal)\b.*"
)


@functools.lru_cache(maxsize=10_000)
def kind_of(cell: str) -> str:
    """``empty``, ``number``, ``date`` or ``text``.

    Examples
    --------
    >>> [kind_of(cell) for cell in ("", "1,5", "2024-01-31", "north")]
    ['empty', 'number', 'date', 'text']
    """
    if cell in _EMPTY:
        return "empty"
    if _NUMBER.fullmatch(cell):
        return "number"
    return "date" if re.search(r"\d", cell) and is_date(cell) else "text"


def rows_above(rows: Sequence[Sequence[str]], has_header: bool | None) -> int:
    """Number of rows above the names of the columns (or above the first data, without a header).

    Those rows are comments that begin with ``#``, have another number of cells than most rows, or are empty in columns
    that are full below.

    Examples
    --------
    >>> rows_above([["Sales 2024"], ["month", "north"], ["2024-01", "5"], ["2024-02", "6"]], None)
    1
    >>> rows_above([["Sales", ""], ["", ""], ["month", "north"], ["2024-01", "5"], ["2024-02", "6"]], None)
    2
    >>> rows_above([["month", "north"], ["2024-01", "5"]], None)
    0
    """
    counts = collections.Counter(map(len, rows))
    width = max(counts, key=lambda n: (counts[n], n), default=0)
    if width < 2:
        return 0
    table = [row for row in rows if len(row) == width][: max(_MOST_CELLS // width, 5)]
    full = [i for i in range(width) if 2 * sum(bool(row[i].strip()) for row in table) > len(table)]
    named = [i for i in full if i] or full  # the first column may have no name
    for k, row in enumerate(rows):
        if len(row) == width and all(row[i].strip() for i in named) and not _is_above(rows, k, has_header):
            return k - 1 if k and has_header is not False and _is_header_of_other_length(rows[k - 1], row) else k
    return 0


def _is_header_of_other_length(above: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row of several words stands above data: names of which one is lacking, or too much."""
    words = [kind_of(cell.strip()) for cell in above[:_CELLS] if cell.strip()]
    is_data = bool({"number", "date"} & {kind_of(cell.strip()) for cell in row[:_CELLS]})
    return is_data and len(words) > 1 and set(words) == {"text"} and not above[0].lstrip().startswith("#")


def _is_above(rows: Sequence[Sequence[str]], k: int, has_header: bool | None) -> bool:
    """Whether a full row is still a title: a comment, or a date or number above a row of names above data."""
    if len(rows) < k + 3 or has_header is False:
        return False
    here, below, after = ([kind_of(cell.strip()) for cell in rows[k + i][:_CELLS]] for i in range(3))
    is_data = bool({"number", "date"} & set(after))
    names_below = set(below) <= {"text"} and is_data and len(rows[k + 1]) == len(rows[k + 2])
    if rows[k][0].lstrip().startswith("#"):
        return not {"number", "date"} & set(below)
    return bool({"number", "date"} & set(here)) and names_below


def is_note(cells: Sequence[str]) -> bool:
    """Whether only one cell of a row holds anything, which is a text."""
    held = [cell.strip() for cell in cells if cell.strip()]
    return len(held) == 0 or (len(held) == 1 and kind_of(held[0]) == "text")


def is_total(cells: Sequence[str]) -> bool:
    """Whether the first text in a row says that it sums up others.

    Examples
    --------
    >>> is_total(["Summe", "12,5"]), is_total(["", "Total", "9"]), is_total(["2024-01", "north", "9"])
    (True, True, False)
    """
    return any(_TOTAL.fullmatch(cell.strip()) for cell in cells if cell.strip())


def is_units(cells: Sequence[str]) -> bool:
    """Whether a row holds words only, as units below the names do.

    Examples
    --------
    >>> is_units(["", "EUR", "kg"]), is_units(["2024-01", "5", ""])
    (True, False)
    """
    held = [cell.strip() for cell in cells if cell.strip() not in _EMPTY]
    return bool(held) and all(kind_of(cell) == "text" and not _NUMERIC.fullmatch(cell) for cell in held)
