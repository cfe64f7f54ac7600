"""Signs beside all numbers of a column, such as a currency, which are left out."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from tsforecast.data.cells.numbers import MISSING

_MOST = 2000  # distinct cells that are looked at
_AFFIXED = re.compile(r"([^\d\s.,+\-'’()]{0,5})\s*([-+]?[\d.,'’ \u00a0\u202f]*\d)\s*([^\d\s.,'’()]{0,5})")


def without_affix(column: pa.ChunkedArray, missing: tuple[str, ...]) -> tuple[pa.ChunkedArray, str]:
    """A column of texts without the sign that stands before, or after, every number in it; and this sign, or ``""``.

    Examples
    --------
    >>> column, sign = without_affix(pa.chunked_array([["1.200,50 €", "", "7 €"]]), ())
    >>> column.to_pylist(), sign
    (['1.200,50', '', '7'], '€')
    >>> without_affix(pa.chunked_array([["12 kg", "13"]]), ())[1]
    ''
    """
    head = pc.utf8_trim_whitespace(column.slice(0, 1)).to_pylist()
    if not head or (head[0] and _AFFIXED.fullmatch(head[0]) is not None and not re.search(r"[^\d.,'’ +\-]", head[0])):
        return column, ""  # fast: the first cell is a plain number
    cells = [cell.strip() for cell in pc.unique(column).to_pylist()]
    held = [cell for cell in cells if cell not in (*MISSING, *missing)]
    if not held or len(held) > _MOST:
        return column, ""
    found = [_AFFIXED.fullmatch(cell) for cell in held]
    signs = {(match[1], match[3]) if match else None for match in found}
    if len(signs) > 1 or None in signs or (sign := signs.pop()) is None or not any(sign) or _is_exponent(sign[1]):
        return column, ""
    plain = {cell: match[2].strip() for cell, match in zip(held, found, strict=True) if match}
    texts = [plain.get(cell.strip(), cell) for cell in column.to_pylist()]
    return pa.chunked_array([texts], pa.string()), sign[0] or sign[1]


def _is_exponent(suffix: str) -> bool:
    return suffix.lower() in ("e", "d", "j")
