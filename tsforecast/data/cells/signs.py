"""Signs around numbers: currencies, percent, units, brackets, minus signs behind, and thousands as in 5.2k."""

import dataclasses
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tsforecast.data.cells.numbers import missing_cells
from tsforecast.data.file_format import FileFormat

_SYMBOLS = "$€£¥₩₹₽₺₴₫₪฿₦₱₡₲₵₸₿¢¤"
_CODES = ("Fr", "Fr.", "Ft", "Kč", "Kr", "R", "RM", "Rp", "Rs", "Rs.", "S/", "kr", "kr.", "zł", "лв", "руб", "руб.")
_SCALES = {
    **dict.fromkeys(("k", "K", "Tsd", "Tsd.", "tsd", "tsd.", "thousand"), 3),
    **dict.fromkeys(("M", "MM", "mn", "Mn", "Mio", "Mio.", "mio", "mio.", "mln", "million"), 6),
    **dict.fromkeys(("B", "bn", "Bn", "Mrd", "Mrd.", "mld", "billion"), 9),
}
_MINUS = "-−–"
_SHARES = ("%", "‰", "pct", "p.c.")
_NUMBER = r"(?:\d[\d.,'’ \x{a0}\x{2007}\x{2009}\x{202f}]*\d|\d)[.,]?(?:[eE][-+]?\d+)?|[.,]\d+"
_BESIDE = r"[^\s\d.,'’+\-−–()/:;<>=~_|\"]"
_PATTERN = (
    r"^(?P<open>\(?)\s*(?P<first>[-+−–]?)\s*(?P<before>(?:" + _BESIDE + r"{1,4}\.?)?)\s*(?P<second>[-+−–]?)\s*"
    r"(?P<number>" + _NUMBER + r")\s*(?P<after>(?:" + _BESIDE + r"[^\s\d,();<>=\"+\-−–]{0,11}[0-9²³]?(?: ?[" + _SYMBOLS
    + r"])?)?)\s*(?P<last>[-−–]?)\s*(?P<close>\)?)$"
)  # fmt: skip
_OF_A_CELL = re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", lambda match: rf"\u{match[1]:>04}", _PATTERN))
_ODD = r"[^\s\d.,'’+\-eE]|[-+]$|[-+]\s"  # in a cell that is no plain number
_IN_TWO_WAYS = r"^[1-9]\d{0,2}[.,]\d{3}$"
_ZERO = r"^0*[.,]?0*$"


@dataclasses.dataclass(frozen=True)
class Told:
    """What was read of the signs in a column: a sentence with ``{}`` for the column, and whether it is sure."""

    what: str
    is_sure: bool = False


@dataclasses.dataclass(frozen=True)
class Beside:
    """What stands beside a number: a sign or a word, and the power of ten that it says, 3 for thousands."""

    sign: str
    power: int = 0

    @property
    def is_currency(self) -> bool:
        """Whether it is a sign or code of a currency."""
        return self.sign in _CODES or any(s in _SYMBOLS for s in self.sign) or bool(re.fullmatch("[A-Z]{3}", self.sign))

    @property
    def is_word(self) -> bool:
        """Whether it is neither a currency, nor percent, nor nothing."""
        return bool(self.sign) and not self.is_currency and self.sign not in _SHARES


def unit_of(cell: str) -> Beside | None:
    """What stands beside the only number of a text; None where the text is no number with signs around it.

    Examples
    --------
    >>> unit_of("($1,526)"), unit_of("5.2k"), unit_of("12 kWh"), unit_of("A1"), unit_of("2024-01")
    (Beside(sign='$', power=0), Beside(sign='', power=3), Beside(sign='kWh', power=0), None, None)
    """
    match = _OF_A_CELL.match(cell)
    return None if match is None else _unit(match["before"], match["after"])


def has_signs(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which texts hold more than the signs of plain numbers."""
    return pc.match_substring_regex(texts, _ODD)


def without_signs(column: pa.ChunkedArray, form: FileFormat) -> tuple[pa.ChunkedArray, tuple[Told, ...]]:
    """A column of numbers without the signs around them, as texts, and what was left out or read.

    Left out is what stands beside all numbers, and a currency also where it stands beside some; numbers in brackets,
    and those with a minus behind, are negative; ``5.2k`` is 5200. Cells that are nothing of the kind stay as they are.

    Examples
    --------
    >>> column, told = without_signs(pa.chunked_array([["1.200,50 €", "", "(7 €)"]]), FileFormat())
    >>> column.to_pylist(), [one.what.format("'y'") for one in told]
    (['1.200,50', '', '-7'], ["'€' beside all numbers of 'y' is left out", "numbers of 'y' in brackets are negative"])
    >>> without_signs(pa.chunked_array([["12 kg", "13"]]), FileFormat())[0].to_pylist()
    ['12 kg', '13']
    """
    if not len(column):
        return column, ()
    encoded = pc.dictionary_encode(column).unify_dictionaries()
    different = pc.utf8_trim_whitespace(encoded.chunk(0).dictionary)
    cells = _without_units(different, form.units)
    parts = pc.extract_regex(cells, _PATTERN)
    found = {name: pc.struct_field(parts, name) for name in ("open", "before", "number", "after", "close")}
    signs = pc.binary_join_element_wise(*(pc.struct_field(parts, n) for n in ("first", "second", "last")), "")
    bracketed = pc.equal(found["open"], "(")
    negative = pc.or_(pc.match_substring_regex(signs, f"[{_MINUS}]"), bracketed)
    is_number = pc.and_(pc.equal(bracketed, pc.equal(found["close"], ")")), pc.less_equal(pc.utf8_length(signs), 1))
    is_number = pc.and_(is_number, pc.invert(pc.and_(bracketed, pc.not_equal(signs, ""))))
    is_number = pc.fill_null(pc.and_(is_number, pc.invert(missing_cells(cells, form))), False)
    beside = pc.binary_join_element_wise(found["before"], found["after"], "\0")
    units = {key: _unit(*key.split("\0")) for key in pc.unique(pc.filter(beside, is_number)).to_pylist()}
    used, told = _used_units(units, pc.filter(beside, is_number), pc.filter(found["number"], is_number))
    is_number = pc.and_(is_number, pc.is_in(beside, value_set=pa.array(list(used), pa.string())))
    powers = pa.array([f"e{unit.power}" if unit.power else "" for unit in used.values()], pa.string())
    ends = pc.fill_null(powers.take(pc.index_in(beside, value_set=pa.array(list(used), pa.string()))), "")
    in_two_ways = pc.and_(pc.not_equal(ends, ""), pc.match_substring_regex(found["number"], _IN_TWO_WAYS))
    is_number = pc.fill_null(pc.and_(is_number, pc.invert(in_two_ways)), False)
    plain = pc.binary_join_element_wise(pc.if_else(negative, "-", ""), found["number"], ends, "")
    texts = pc.if_else(is_number, plain, cells)
    told += _told_signs(is_number, bracketed, pc.struct_field(parts, "last"))
    return pa.chunked_array([texts.take(chunk.indices) for chunk in encoded.chunks], pa.string()), tuple(told)


def _unit(before: str, after: str) -> Beside | None:
    if before and not Beside(before).is_currency:
        return None
    after = after.strip()
    scale = next((part for part in (after, after.strip(_SYMBOLS).strip()) if part in _SCALES), None)
    sign = before + (after if scale is None else after.replace(scale, "").strip())
    if before and after and scale is None:
        return None
    return None if sign.lower() in ("e", "d", "j") else Beside(sign, _SCALES[scale] if scale else 0)


def _used_units(
    units: dict[str, Beside | None], beside: pa.ChunkedArray, numbers: pa.ChunkedArray
) -> tuple[dict[str, Beside], list[Told]]:
    """What may stand beside a number and be left out, by its key; and what is told of it."""
    known = {key: unit for key, unit in units.items() if unit is not None}
    signs = list(dict.fromkeys(unit.sign for unit in known.values() if unit.sign))
    bare = [key for key, unit in known.items() if not unit.sign]
    is_bare = pc.is_in(beside, value_set=pa.array(bare, pa.string()))
    some_bare = bool(pc.any(pc.and_(is_bare, pc.invert(pc.match_substring_regex(numbers, _ZERO)))).as_py())
    told: list[Told] = []
    if len(signs) > 1 or (signs and some_bare and not Beside(signs[0]).is_currency):
        known = {key: unit for key, unit in known.items() if not unit.sign}
    elif signs:
        many = "some" if some_bare else "all"
        told.append(Told(f"{_braced(signs[0])} beside {many} numbers of {{}} is left out"))
    for unit, key in {unit.power: (unit, key) for key, unit in known.items() if unit.power}.values():
        word = key.replace("\0", "").strip()
        told.append(Told(f"{_braced(word)} after numbers of {{}} means {10**unit.power:,}"))
    return known, told


def _braced(sign: str) -> str:
    return repr(sign).replace("{", "{{").replace("}", "}}")


def _told_signs(is_number: pa.ChunkedArray, bracketed: pa.ChunkedArray, last: pa.ChunkedArray) -> list[Told]:
    ways = (
        (bracketed, "numbers of {} in brackets are negative"),
        (pc.not_equal(last, ""), "numbers of {} with a minus behind are negative"),
    )
    return [Told(what) for flags, what in ways if pc.any(pc.and_(is_number, pc.fill_null(flags, False))).as_py()]


def _without_units(cells: pa.ChunkedArray, units: Sequence[str]) -> pa.ChunkedArray:
    """Cells without texts that were named, before or behind a number."""
    for unit in units:
        sign = re.escape(unit)
        cells = pc.replace_substring_regex(cells, rf"^([-+(]?\s*){sign}\s*([-+]?[\d.,])", r"\1\2")
        cells = pc.replace_substring_regex(cells, rf"([\d.,])\s*{sign}(\s*[-)]?)$", r"\1\2")
    return cells
