"""Static columns of a long file, which hold one value throughout a series: as numbers, or as texts."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast.data.cells.numbers import missing_cells, parse_numbers
from tsforecast.data.file_format import FileFormat


def static_column(column: pa.ChunkedArray, form: FileFormat, separator: str) -> "np.ndarray[Any, Any]":
    """The cells as float64 where all of them are numbers, else as texts, None where missing: ``(n_rows,)``.

    A text such as ``007`` is a code, so that a column with one holds texts.

    Examples
    --------
    >>> static_column(pa.chunked_array([["1.5", "NA"]]), FileFormat(), ",").tolist()
    [1.5, nan]
    >>> static_column(pa.chunked_array([["007", "NA"]]), FileFormat(), ",").tolist()
    ['007', None]
    """
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    is_code = pc.any(pc.match_substring_regex(texts, r"^[-+]?0\d")).as_py()
    numbers = None if is_code else parse_numbers(texts, form, separator)
    if numbers is not None and numbers.unclear is None and not numbers.bad.size:
        return numbers.values
    return np.array(pc.if_else(missing_cells(texts, form), None, texts).to_pylist(), dtype=object)
