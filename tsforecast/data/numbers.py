"""Texts -> numbers, by one notation for all columns of a file, which is decided in the open."""

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
_GROUPERS = (*_SPACES, "'", "’")  # between groups of three digits they can mean nothing else
_TRUTHS = ("true", "false")
_PEEK = 50  # cells in which a column of them shows itself
_OTHER = {".": ",", ",": "."}


@dataclasses.dataclass(frozen=True)
class Notation:
    """How numbers are written: the sign before decimals, those between thousands, and cells that show it."""

    decimal: str
    thousands: tuple[str, ...]
    examples: tuple[str, ...] = ()
    is_sure: bool = True

    def shown(self) -> list[str]:
        """The cells with what they were read as."""
        return [f"{cell!r} is {_value(cell, self):.15g}" for cell in self.examples]


@dataclasses.dataclass(frozen=True)
class Wrong:
    """A cell that is no number: its place in the array, the cell and why."""

    place: int
    cell: str
    why: str


def parse_numbers(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> "tuple[Floats, Notation] | Wrong":
    """Numbers of texts, ``(n,)``, nan where they are missing, and how they were read; or the first that is none.

    Between commas numbers with a point are read as they are, and ``1,234`` is more than a thousand by convention. After
    any other separator both may be 1234 or 1.234: another cell has to show what is meant, such as ``12,5``,
    ``1.234.567`` or ``0.125``, or ``form``.

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
        except pa.ArrowInvalid:  # some cell is written in another way, or is no number
            pass
    notation = _notation(given, form, separator)
    if isinstance(notation, Wrong):
        return notation
    valid = pc.fill_null(pc.match_substring_regex(given, _pattern(notation)), True)
    if not pc.all(valid).as_py():
        place = int(np.argmin(valid.to_numpy()))
        return Wrong(place, texts[place].as_py(), "")
    plain = given
    for sign in notation.thousands:
        plain = pc.replace_substring(plain, sign, "")
    return _finite(_floats(pc.replace_substring(plain, notation.decimal, ".")), texts, notation)


def as_truths(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts with ``1`` and ``0`` where all of it is ``True`` and ``False``; else the column as it is."""
    if not any(cell.strip().lower() in _TRUTHS for cell in column.slice(0, _PEEK).to_pylist() if cell):
        return column
    small = pc.utf8_lower(pc.utf8_trim_whitespace(column))
    known = pc.or_(pc.is_in(column, value_set=pa.array(MISSING)), pc.is_in(small, value_set=pa.array(_TRUTHS)))
    if not pc.all(known).as_py():
        return column
    return pc.if_else(pc.equal(small, "true"), "1", pc.if_else(pc.equal(small, "false"), "0", column))


def _value(cell: str, notation: Notation) -> float:
    for sign in notation.thousands:
        cell = cell.replace(sign, "")
    return float(cell.replace(notation.decimal, "."))


def _floats(texts: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.cast(texts, pa.float64()).to_numpy(), dtype=np.float64)


def _finite(values: Floats, texts: pa.ChunkedArray, notation: Notation) -> "tuple[Floats, Notation] | Wrong":
    endless = np.isinf(values)
    if endless.any():
        place = int(np.argmax(endless))
        return Wrong(place, texts[place].as_py(), "no finite number. Leave the cell empty where a value is missing")
    return values, notation


def _notation(texts: pa.ChunkedArray, form: FileFormat, separator: str) -> Notation | Wrong:
    if form.decimal is not None or form.thousands is not None:
        decimal = form.decimal or "."
        usual = (_OTHER[decimal], *_GROUPERS)
        chosen = usual if form.thousands is None else _alike(form.thousands)
        return Notation(decimal, chosen, _shown(texts, _any_sign((decimal, *chosen))))
    proof = {sign: _first(texts, _proof(sign)) for sign in ".,"}
    if proof["."] is not None and proof[","] is not None:
        later = max(proof["."], proof[","])
        cells = [texts[place].as_py() for place in sorted((proof["."], proof[","]))]
        return Wrong(
            later,
            cells[1],
            f"written in another way than {cells[0]!r} is: decimals have one sign in a file. {_OPTIONS}",
        )
    open_ = {sign: _first(texts, rf"^[-+]?[1-9]\d{{0,2}}[{sign}]\d{{3}}$") for sign in ".,"}
    if proof["."] is None and proof[","] is None:
        places = [place for place in open_.values() if place is not None and separator != ","]
        if places:
            date = _first(texts, r"\d[/:\-]\d")
            if date is not None:  # a column of another kind is to be told first
                return Wrong(date, texts[date].as_py(), "")
            return _unclear(min(places), texts[min(places)].as_py())
        signs = (".", *_GROUPERS) if open_[","] is None else (",", *_GROUPERS)
        return Notation(".", (",", *_GROUPERS), _shown(texts, _any_sign(signs)), is_sure=open_[","] is None)
    decimal = "," if proof["."] is None else "."
    other = _OTHER[decimal]
    return Notation(
        decimal,
        (other, *_GROUPERS),
        _shown(texts, _any_sign((decimal, other, *_GROUPERS))),
        is_sure=open_[other] is None,
    )


_OPTIONS = (
    "Separators of thousands and decimal commas: say which, with decimal=',' or thousands=',' (--decimal or "
    "--thousands on the command line), and likewise with '.'"
)


def _unclear(place: int, cell: str) -> Wrong:
    sign = "," if "," in cell else "."
    return Wrong(
        place,
        cell,
        f"no number that can be told: say thousands={sign!r} where it is {cell.replace(sign, '')}, decimal={sign!r} "
        f"where it is {cell.replace(sign, '.')} (--thousands {sign} or --decimal {sign} on the command line)",
    )


def _proof(sign: str) -> str:
    """What only numbers with this sign before their decimals look like."""
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
    """Signs that stand for the one given: any space for a space."""
    return {"": (), " ": tuple(_SPACES), "'": ("'", "’")}.get(sign, (sign,))


def _any_sign(signs: Sequence[str]) -> str:
    return rf"\d[{re.escape(''.join(signs))}]\d"


def _first(texts: pa.ChunkedArray, pattern: str) -> int | None:
    place = pc.index(pc.match_substring_regex(texts, pattern), True).as_py()
    return None if place < 0 else int(place)


def _shown(texts: pa.ChunkedArray, pattern: str) -> tuple[str, ...]:
    """Three different cells that match; any three where none does."""
    head = texts.slice(0, 10_000).drop_null().unique()
    matching = pc.filter(head, pc.match_substring_regex(head, pattern))
    return tuple((matching if len(matching) else head).slice(0, 3).to_pylist())
