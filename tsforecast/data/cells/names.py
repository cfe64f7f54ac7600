"""Names of series as texts, exactly as they are written; several columns make one name."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Ints
from tsforecast.data.cells.periods import is_period
from tsforecast.data.keys import join_keys


@dataclasses.dataclass(frozen=True)
class Names:
    """The series of each row.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows,)
        Number of the series of each row.
    names : tuple of str
    bad : ndarray of int
        Rows without a name.
    alike : tuple of str
        Two names that differ in spaces alone, if there are such.
    """

    codes: Ints
    names: tuple[str, ...]
    bad: Ints
    alike: tuple[str, ...] = ()


def read_names(columns: Sequence[pa.ChunkedArray]) -> Names:
    """The names that some columns make together, and the rows in which one of them is empty.

    Examples
    --------
    >>> store, product = pa.chunked_array([["north", "north"]]), pa.chunked_array([["tea", "007"]])
    >>> read_names([store, product]).names
    ('north/tea', 'north/007')
    """
    parts = [_encoded(column) for column in columns]
    empty = np.zeros(len(parts[0][0]), dtype=bool)
    for codes, texts in parts:
        empty |= np.array([not text.strip() for text in texts], dtype=bool)[codes]
    if len(parts) == 1:
        codes, texts = parts[0]
    else:
        combined = np.zeros(len(empty), dtype=np.int64)
        for codes, texts in parts:
            combined = combined * len(texts) + codes
        codes, found = pd.factorize(combined)
        first = np.unique(codes, return_index=True)[1]
        texts = [join_keys([own[held[row]] for held, own in parts]) for row in first]
        del found
    stripped = [text.strip() for text in texts]
    alike: tuple[str, ...] = ()
    if len(set(stripped)) < len(texts) and len(texts) < 10_000:
        alike = tuple(text for text in texts if stripped.count(text.strip()) > 1)[:2]
    return Names(np.asarray(codes, dtype=np.int64), tuple(texts), np.flatnonzero(empty), alike)


def filled_down(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with the name above in empty cells, where each name stands once above many of these; else unchanged.

    Merged cells and pivot tables are written so.

    Examples
    --------
    >>> filled_down(pa.chunked_array([["north", "", "", "south", "", ""]])).to_pylist()
    ['north', 'north', 'north', 'south', 'south', 'south']
    """
    if not pa.types.is_string(column.type) or not len(column):
        return column
    held = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(column), ""), False)
    n_held = int(pc.sum(held).as_py())
    is_merged = 0 < 2 * n_held < len(column) and held[0].as_py()
    if not is_merged or len(pc.unique(pc.filter(column, held))) < n_held:
        return column
    return pc.fill_null_forward(pc.if_else(held, column, None))


def codes_of(column: pa.ChunkedArray) -> Ints:
    """A number for each row that is the same where the cells are: ``(n_rows,)``.

    Examples
    --------
    >>> codes_of(pa.chunked_array([["a", "b", "a"]]))
    array([0, 1, 0])
    """
    if is_period(column.type):
        column = pa.chunked_array([pa.array(column.to_pandas().astype(str))])
    encoded = pc.dictionary_encode(column, null_encoding="encode").unify_dictionaries()
    return np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks]).astype(np.int64)


def _encoded(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    if is_period(column.type):
        column = pa.chunked_array([pa.array(column.to_pandas().astype(str))])
    if pa.types.is_timestamp(column.type):
        column = pc.replace_substring_regex(pc.cast(column, pa.string()), r" 00:00:00(\.0+)?$", "")
    encoded = pc.dictionary_encode(pc.cast(column, pa.string()), null_encoding="encode").unify_dictionaries()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks]).astype(np.int64)
    return codes, [cell or "" for cell in encoded.chunk(0).dictionary.to_pylist()]
