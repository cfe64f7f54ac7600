"""Cells of covariates that are words: the levels of a category."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast.data.cells.numbers import booleans_as_digits, missing_cells
from tsforecast.data.file_format import FileFormat


def is_of_words(column: pa.ChunkedArray, form: FileFormat) -> bool:
    """Whether all cells but missing ones begin with a letter, and not all are True or False.

    Examples
    --------
    >>> is_of_words(pa.chunked_array([["rain", "", "sun"]]), FileFormat())
    True
    >>> is_of_words(pa.chunked_array([["12 kg", "rain"]]), FileFormat())
    False
    """
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if not pa.types.is_string(column.type):
        return False
    texts = pc.utf8_trim_whitespace(column)
    known = texts.filter(pc.invert(pc.fill_null(missing_cells(texts, form), True)))
    if not len(known) or not pc.all(pc.match_substring_regex(known, r"^\p{L}")).as_py():
        return False
    return booleans_as_digits(known) is known


def words_of(column: pa.ChunkedArray, form: FileFormat) -> "np.ndarray[Any, Any]":
    """The cells as texts, None where missing: ``(n_rows,)``.

    Examples
    --------
    >>> words_of(pa.chunked_array([["rain", "", " sun"]]), FileFormat()).tolist()
    ['rain', None, 'sun']
    """
    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    return np.array(pc.if_else(missing_cells(texts, form), None, texts).to_pylist(), dtype=object)
