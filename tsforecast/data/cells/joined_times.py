"""One column of times from several: year and month, or date and time of day."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tsforecast.data.cells.periods import is_period

_QUARTER = re.compile(r"(?i)q|quarter|quartal|qtr|trimestre")
_WEEK = re.compile(r"(?i)w|week|woche|kw|semaine")


def joined_times(columns: Sequence[pa.ChunkedArray], names: Sequence[str]) -> pa.ChunkedArray:
    """Texts of times: a year with a month (or quarter or week, by the name of the column) and a day, or date and clock.

    Examples
    --------
    >>> columns = [pa.chunked_array([["2024", "2024"]]), pa.chunked_array([["1", "12"]])]
    >>> joined_times(columns, ["year", "month"]).to_pylist(), joined_times(columns, ["year", "KW"]).to_pylist()
    (['2024-01', '2024-12'], ['2024-W01', '2024-W12'])
    """
    texts = [_texts(column) for column in columns]
    return pa.chunked_array([[_joined(cells, names) for cells in zip(*texts, strict=True)]], pa.string())


def _texts(column: pa.ChunkedArray) -> list[str]:
    if is_period(column.type):
        return [str(period) for period in column.to_pandas()]
    if pa.types.is_floating(column.type):
        column = pc.cast(column, pa.int64(), safe=False)
    if pa.types.is_timestamp(column.type):
        column = pc.replace_substring_regex(pc.cast(column, pa.string()), r" 00:00:00(\.0+)?$", "")
    return [(cell or "").strip() for cell in pc.cast(column, pa.string()).to_pylist()]


def _joined(cells: Sequence[str], names: Sequence[str]) -> str:
    first, *rest = cells
    if not all(cells):
        return ""
    if re.fullmatch(r"\d{4}", first) and re.fullmatch(r"\d{1,2}", rest[0]):
        sign = "Q" if _QUARTER.fullmatch(names[1].strip()) else "W" if _WEEK.fullmatch(names[1].strip()) else ""
        number = rest[0] if sign == "Q" else rest[0].zfill(2)
        return "-".join([first, f"{sign}{number}", *(cell.zfill(2) for cell in rest[1:])])
    if re.fullmatch(r"\d{1,2}", rest[-1]):
        rest[-1] = f"{rest[-1].zfill(2)}:00"
    return " ".join([first, *rest])
