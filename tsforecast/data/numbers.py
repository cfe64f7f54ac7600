"""Parses texts as numbers, with one notation for all columns of a file."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Floats
from tsforecast.data.file_format import FileFormat

MISSING = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NAN", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
_SPACES = " \u00a0\u2009\u202f"
_GROUPERS = (*_SPACES, "'", "’")  # signs that are unambiguous between groups of three digits
_BOOLEANS = ("true", "false")
_PEEK = 50  # cells searched for them
_OTHER = {".": ",", ",": "."}


@dataclasses.dataclass(frozen=True)
class Notation:
    """How numbers are written: the decimal sign, the separators of thousands, and example cells."""

    decimal: str
    thousands: tuple[str, ...]
    examples: tuple[str, ...] = ()
    is_sure: bool = True

    def shown(self) -> list[str]:
        """The example cells with their values, for the log."""
        return [f"{cell!r} is {_value(cell, self):.15g}" for cell in self.examples]


@dataclasses.dataclass(frozen=True)
class BadCell:
    """A cell that cannot be parsed: its position in the array, its text and the reason."""

    place: int
    cell: str
    why: str


def parse_numbers(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> "tuple[Floats, Notation] | BadCell":
    """Numbers, ``(n,)``, nan where missing, and their notation; or the first cell that is not a number.

    In a file separated by commas the decimal sign is a point, and ``1,234`` is 1234 by convention. With any other
    separator ``1,234`` and ``1.234`` are ambiguous: another cell, such as ``12,5``, ``1.234.567`` or ``0.125``, or
    ``form`` has to decide.

    Examples
    --------
    >>> values, notation = parse_numbers(pa.chunked_array([["1.234,5", "12.000", "n/a"]]), FileFormat(), ";")
    >>> values.tolist(), notation.decimal
    ([1234.5, 12000.0, nan], ',')
    """
    texts = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(texts, value_set=pa.array([*MISSING, *form.missing], texts.type))
    given = pc.if_else(missing, None, texts)
    if form.decimal in (None, ".") and form.thousands is None and separator == ",":
        try:
            return _finite(_floats(given), texts, Notation(".", (), _shown(given, r"[.]\d")))
        except pa.ArrowInvalid:  # some cell has another notation, or is not a number
            pass
    notation = _notation(given, form, separator)
    if isinstance(notation, BadCell):
        return notation
    valid = pc.fill_null(pc.match_substring_regex(given, _pattern(notation)), True)
    if not pc.all(valid).as_py():
        place = int(np.argmin(valid.to_numpy()))
        return BadCell(place, texts[place].as_py(), "")
    plain = given
    for sign in notation.thousands:
        plain = pc.replace_substring(plain, sign, "")
    return _finite(_floats(pc.replace_substring(plain, notation.decimal, ".")), texts, notation)


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


def _finite(values: Floats, texts: pa.ChunkedArray, notation: Notation) -> "tuple[Floats, Notation] | BadCell":
    infinite = np.isinf(values)
    if infinite.any():
        place = int(np.argmax(infinite))
        return BadCell(place, texts[place].as_py(), "no finite number. Leave the cell empty where a value is missing")
    return values, notation


def _notation(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> Notation | BadCell:
    if form.decimal is not None or form.thousands is not None:
        decimal = form.decimal or "."
        usual = (_OTHER[decimal], *_GROUPERS)
        chosen = usual if form.thousands is None else _alike(form.thousands)
        return Notation(decimal, chosen, _shown(texts, _any_sign((decimal, *chosen))))
    decisive = {sign: _first(texts, _unambiguous(sign)) for sign in ".,"}
    if decisive["."] is not None and decisive[","] is not None:
        later = max(decisive["."], decisive[","])
        cells = [texts[place].as_py() for place in sorted((decisive["."], decisive[","]))]
        return BadCell(
            later,
            cells[1],
            f"written in another way than {cells[0]!r} is: decimals have one sign in a file. {_OPTIONS}",
        )
    ambiguous = {sign: _first(texts, rf"^[-+]?[1-9]\d{{0,2}}[{sign}]\d{{3}}$") for sign in ".,"}
    if decisive["."] is None and decisive[","] is None:
        places = [place for place in ambiguous.values() if place is not None and separator != ","]
        if places:
            date = _first(texts, r"\d[/:\-]\d")
            if date is not None:  # a column of dates is the more likely mistake
                return BadCell(date, texts[date].as_py(), "")
            return _unclear(min(places), texts[min(places)].as_py())
        signs = (".", *_GROUPERS) if ambiguous[","] is None else (",", *_GROUPERS)
        return Notation(".", (",", *_GROUPERS), _shown(texts, _any_sign(signs)), is_sure=ambiguous[","] is None)
    decimal = "," if decisive["."] is None else "."
    other = _OTHER[decimal]
    return Notation(
        decimal,
        (other, *_GROUPERS),
        _shown(texts, _any_sign((decimal, other, *_GROUPERS))),
        is_sure=ambiguous[other] is None,
    )


_OPTIONS = (
    "Separators of thousands and decimal commas: say which, with decimal=',' or thousands=',' (--decimal or "
    "--thousands on the command line), and likewise with '.'"
)


def _unclear(place: int, cell: str) -> BadCell:
    sign = "," if "," in cell else "."
    return BadCell(
        place,
        cell,
        f"no number that can be told: say thousands={sign!r} where it is {cell.replace(sign, '')}, decimal={sign!r} "
        f"where it is {cell.replace(sign, '.')} (--thousands {sign} or --decimal {sign} on the command line)",
    )


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


def _shown(texts: pa.ChunkedArray, pattern: str) -> tuple[str, ...]:
    """Three distinct cells that match the pattern, or any three where none does."""
    head = texts.slice(0, 10_000).drop_null().unique()
    matching = pc.filter(head, pc.match_substring_regex(head, pattern))
    return tuple((matching if len(matching) else head).slice(0, 3).to_pylist())
