"""Parses texts as numbers, with one notation for all columns of a file."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Floats, Ints
from tsforecast.data.file_format import FileFormat

MISSING = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NAN", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
DASHES = r"^[-–—‒]+$"
_SPACES = " \u00a0\u2007\u2009\u202f"
_GROUPERS = (*_SPACES, "'", "’")  # signs that are unambiguous between groups of three digits
_BOOLEANS = ("true", "false")
_PEEK = 50  # cells searched for them
_OTHER = {".": ",", ",": "."}
_NONE: Ints = np.empty(0, dtype=np.int64)


@dataclasses.dataclass(frozen=True)
class Notation:
    """How numbers are written: the decimal sign, the separators of thousands, and example cells.

    ``written`` holds the examples as they stand in the file, where they have signs around them.
    """

    decimal: str
    thousands: tuple[str, ...]
    examples: tuple[str, ...] = ()
    is_sure: bool = True
    written: tuple[str, ...] = ()

    def shown(self) -> list[str]:
        """The example cells with their values, for the log."""
        written = self.written or self.examples
        return [f"{cell!r} is {_value(own, self):.15g}" for cell, own in zip(written, self.examples, strict=True)]


@dataclasses.dataclass(frozen=True)
class BadCell:
    """A cell that cannot be parsed: its position in the array, its text and the reason."""

    place: int
    cell: str
    why: str


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What a column of texts was read as.

    Attributes
    ----------
    values : ndarray, shape (n,)
        nan where a cell is missing or bad.
    notation : Notation
    bad : ndarray of int
        Places of the cells that are no numbers, in increasing order.
    unclear : BadCell or None
        The first cell whose value depends on whether its sign is a decimal one, which nothing decides.
    """

    values: Floats
    notation: Notation
    bad: Ints
    unclear: BadCell | None = None


def parse_numbers(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> Numbers:
    """Numbers, their notation, and the cells that are not numbers.

    In a file separated by commas the decimal sign is a point, and ``1,234`` is 1234 by convention. With any other
    separator ``1,234`` and ``1.234`` are ambiguous: another cell, such as ``12,5``, ``1.234.567`` or ``0.125``, or
    ``form`` has to decide.

    Examples
    --------
    >>> found = parse_numbers(pa.chunked_array([["1.234,5", "12.000", "n/a", "x"]]), FileFormat(), ";")
    >>> found.values.tolist(), found.notation.decimal, found.bad
    ([1234.5, 12000.0, nan, nan], ',', array([3]))
    """
    if (plain_ones := plain_numbers(texts, form, separator)) is not None:
        return plain_ones
    texts = pc.utf8_trim_whitespace(texts)
    given = pc.if_else(missing_cells(texts, form), None, texts)
    notation, unclear = _notation(given, form, separator)
    valid = pc.fill_null(pc.match_substring_regex(given, _pattern(notation)), True)
    bad = _NONE
    if not pc.all(valid).as_py():
        bad = np.flatnonzero(~valid.to_numpy())
        given = pc.if_else(valid, given, None)
    plain = given
    for sign in notation.thousands:
        plain = pc.replace_substring(plain, sign, "")
    return _finite(_floats(pc.replace_substring(plain, notation.decimal, ".")), notation, bad, unclear)


def plain_numbers(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> Numbers | None:
    """Numbers of texts that Arrow reads, in a file separated by commas; None where some text is none.

    Examples
    --------
    >>> plain_numbers(pa.chunked_array([["1.5", "NA"]]), FileFormat(), ",").values.tolist()
    [1.5, nan]
    >>> plain_numbers(pa.chunked_array([["$1.5"]]), FileFormat(), ",") is None
    True
    """
    if form.decimal not in (None, ".") or form.thousands is not None or separator != ",":
        return None
    texts = pc.utf8_trim_whitespace(texts)
    given = pc.if_else(missing_cells(texts, form), None, texts)
    try:
        return _finite(_floats(given), Notation(".", (), _shown(given, r"[.]\d")), _NONE)
    except pa.ArrowInvalid:  # some cell has another notation, or is not a number
        return None


def missing_cells(texts: pa.ChunkedArray, form: FileFormat) -> pa.ChunkedArray:
    """Whether each text stands for a missing value; a dash in ``form.missing`` means any run of dashes.

    Examples
    --------
    >>> missing_cells(pa.chunked_array([["", "--", "–", "5"]]), FileFormat(missing=("-",))).to_pylist()
    [True, True, True, False]
    """
    missing = pc.is_in(texts, value_set=pa.array([*MISSING, *form.missing], texts.type))
    return pc.or_(missing, pc.match_substring_regex(texts, DASHES)) if "-" in form.missing else missing


def booleans_as_digits(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column that holds only ``True`` and ``False`` as texts ``1`` and ``0``; any other column unchanged."""
    if not any(cell.strip().lower() in _BOOLEANS for cell in column.slice(0, _PEEK).to_pylist() if cell):
        return column
    small = pc.utf8_lower(pc.utf8_trim_whitespace(column))
    known = pc.or_(pc.is_in(column, value_set=pa.array(MISSING)), pc.is_in(small, value_set=pa.array(_BOOLEANS)))
    if not pc.all(known).as_py():
        return column
    return pc.if_else(pc.equal(small, "true"), "1", pc.if_else(pc.equal(small, "false"), "0", column))


def _value(cell: str, notation: Notation) -> float:
    for sign in notation.thousands:
        cell = cell.replace(sign, "")
    return float(cell.replace(notation.decimal, "."))


def _floats(texts: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.cast(texts, pa.float64()).to_numpy(), dtype=np.float64)


def _finite(values: Floats, notation: Notation, bad: Ints, unclear: BadCell | None = None) -> Numbers:
    infinite = np.isinf(values)
    if infinite.any():
        bad = np.union1d(bad, np.flatnonzero(infinite))
        values = np.where(infinite, np.nan, values)
    return Numbers(values, notation, bad, unclear)


def _notation(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> tuple[Notation, BadCell | None]:
    """The notation of all cells, and the first one that could be read in two ways where nothing decides."""
    if form.decimal is not None or form.thousands is not None:
        decimal = form.decimal or "."
        usual = (_OTHER[decimal], *_GROUPERS)
        chosen = usual if form.thousands is None else _alike(form.thousands)
        return Notation(decimal, chosen, _shown(texts, _any_sign((decimal, *chosen)))), None
    counts = {sign: _count(texts, _unambiguous(sign)) for sign in ".,"}
    ambiguous = {sign: _first(texts, rf"^[-+]?[1-9]\d{{0,2}}[{sign}]\d{{3}}$") for sign in ".,"}
    if not any(counts.values()):
        places = [place for place in ambiguous.values() if place is not None and separator != ","]
        if places:
            return _unclear_cell(min(places), texts[min(places)].as_py())
        signs = (".", *_GROUPERS) if ambiguous[","] is None else (",", *_GROUPERS)
        return Notation(".", (",", *_GROUPERS), _shown(texts, _any_sign(signs)), ambiguous[","] is None), None
    decimal = max(".,", key=lambda sign: counts[sign])  # cells of the other kind are then bad
    other = _OTHER[decimal]
    examples = _shown(texts, _any_sign((decimal, other, *_GROUPERS)))
    return Notation(decimal, (other, *_GROUPERS), examples, is_sure=ambiguous[other] is None), None


def _unclear_cell(place: int, cell: str) -> tuple[Notation, BadCell]:
    """The notation with a sign between thousands, for the other cells, and what is to be asked."""
    sign = "," if "," in cell else "."
    why = (
        f"no number that can be told: say --thousands {sign} where it is {cell.replace(sign, '')}, --decimal {sign} "
        f"where it is {cell.replace(sign, '.')}"
    )
    return Notation(_OTHER[sign], (sign, *_GROUPERS)), BadCell(place, cell, why)


def is_number_of(cell: str, decimal: str) -> bool:
    """Whether a text is a number that needs the other decimal sign than ``decimal``, or both.

    Examples
    --------
    >>> is_number_of("1,5", "."), is_number_of("12 kg", ".")
    (True, False)
    """
    return re.match(_unambiguous(_OTHER[decimal]), cell) is not None


def _unambiguous(sign: str) -> str:
    """A pattern that matches only numbers for which ``sign`` must be the decimal sign."""
    other = _OTHER[sign]
    groups = rf"[1-9]\d{{0,2}}(?:[{other}]\d{{3}})"
    spaced = rf"[1-9]\d{{0,2}}(?:[{''.join(_GROUPERS)}]\d{{3}})+[{sign}]"
    return (
        rf"^[-+]?(?:\d+[{sign}](?:\d{{0,2}}|\d{{4,}})(?:[eE][-+]?\d+)?|(?:0\d*|\d{{4,}}|)[{sign}]\d+(?:[eE][-+]?\d+)?"
        rf"|\d+[{sign}]\d*[eE][-+]?\d+|{groups}+[{sign}]\d*|{groups}{{2,}}|{spaced}\d*)$"
    )


def _pattern(notation: Notation) -> str:
    groups = "".join(rf"|[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+" for sign in notation.thousands)
    groups += r"|[1-9]\d?(?:,\d\d)+,\d{3}" if "," in notation.thousands else ""  # as in India
    decimal = re.escape(notation.decimal)
    return rf"^[-+]?(?:(?:\d+{groups})(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][-+]?\d+)?$"


def _alike(sign: str) -> tuple[str, ...]:
    """All signs that a given separator of thousands stands for: any space for a space."""
    return {"": (), " ": tuple(_SPACES), "'": ("'", "’")}.get(sign, (sign,))


def _any_sign(signs: Sequence[str]) -> str:
    return rf"\d[{re.escape(''.join(signs))}]\d"


def _first(texts: pa.ChunkedArray, pattern: str) -> int | None:
    place = pc.index(pc.match_substring_regex(texts, pattern), True).as_py()
    return None if place < 0 else int(place)


def _count(texts: pa.ChunkedArray, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0)


def _shown(texts: pa.ChunkedArray, pattern: str) -> tuple[str, ...]:
    """Three distinct cells that match the pattern, or any three where none does."""
    head = texts.slice(0, 10_000).drop_null().unique()
    matching = pc.filter(head, pc.match_substring_regex(head, pattern))
    return tuple((matching if len(matching) else head).slice(0, 3).to_pylist())
