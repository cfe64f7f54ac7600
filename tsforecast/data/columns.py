"""Cells of a table as times, names of series and numbers; faults for those that are none."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tsforecast._types import Index, Ints
from tsforecast.data.cells.names import filled_down, read_names
from tsforecast.data.cells.numbers import (
    DASHES,
    MISSING,
    Notation,
    Numbers,
    booleans_as_digits,
    parse_numbers,
    plain_numbers,
)
from tsforecast.data.cells.periods import is_period
from tsforecast.data.cells.signs import has_signs, without_signs
from tsforecast.data.cells.static_columns import static_column
from tsforecast.data.cells.times import Times
from tsforecast.data.cells.words import is_of_words, words_of
from tsforecast.data.faults import Fault, Faults, shown
from tsforecast.data.files.table import FileTable, Remark
from tsforecast.data.layout import Layout
from tsforecast.data.number_faults import add_number_faults
from tsforecast.data.reading import Reading
from tsforecast.data.time_column import rows_with_times, times_of


@dataclasses.dataclass(frozen=True)
class Body:
    """What the rows of a table hold.

    Attributes
    ----------
    table : FileTable
    rows : ndarray of int, shape (n_rows,)
        Row of the table that each row was read from.
    times : Times
        How the times were read.
    index : Index, shape (n_rows,)
    codes : ndarray of int, shape (n_rows,)
        Number of the series of each row; 0 in a wide file.
    names : tuple of str
        Names of the series of a long file with several.
    data : DataFrame, n_rows rows
        Values and covariates as float64, or covariates of words as texts, and static columns.
    notation : Notation or None
        How numbers are written, where they are texts.
    remarks : tuple of Remark
    damaged : frozenset of str
        Columns of which some cell is no number, which is a fault already.
    """

    table: FileTable
    rows: Ints
    times: Times
    index: Index
    codes: Ints
    names: tuple[str, ...]
    data: pd.DataFrame
    notation: Notation | None
    remarks: tuple[Remark, ...] = ()
    damaged: frozenset[str] = frozenset()

    def picked(self, places: Ints) -> "Body":
        """The same with some rows, in the order given."""
        return dataclasses.replace(
            self,
            rows=self.rows[places],
            index=self.index.take(places),
            codes=self.codes[places],
            data=self.data.iloc[places].reset_index(drop=True),
        )

    def where(self, places: Ints) -> list[str]:
        """The lines of some rows, as text."""
        return self.table.where(self.rows[places].tolist())

    def name(self, place: int) -> str:
        """The series of a row, for a message: with its name where there are several."""
        return f"Series {self.names[self.codes[place]]!r}" if self.names else "The file"


def body_of(table: FileTable, layout: Layout, options: Reading, faults: Faults) -> Body | None:
    """The cells as times, names and numbers; None where no times can be read, which is a fault."""
    remarks = list(table.remarks) + list(layout.remarks)
    times = times_of(table, layout, options, faults)
    if times is None:
        _data(table, layout, options, faults, remarks)
        return None
    keep = rows_with_times(table, layout, times, faults, remarks)
    names: tuple[str, ...] = ()
    codes = np.zeros(len(keep), dtype=np.int64)
    if layout.ids:
        written = [table.columns[name] for name in layout.ids]
        columns = [filled_down(column) for column in written]
        merged = [name for name, a, b in zip(layout.ids, columns, written, strict=True) if a is not b]
        remarks += [Remark(f"empty cells of {name!r} hold the name above them", is_sure=False) for name in merged]
        found = read_names(columns)
        codes, names = found.codes, found.names
        nameless = found.bad[keep[found.bad]]
        if nameless.size:
            faults.add(_nameless(table, layout.ids, nameless))
            keep = keep.copy()
            keep[nameless] = False
        if found.alike:
            what = f"names in {layout.ids[0]!r} differ in spaces alone, and are different series: {list(found.alike)}"
            remarks.append(Remark(what, is_sure=False))
    if not keep.any():
        return None
    kept = table.kept(keep)
    data, notation, damaged = _data(kept, layout, options, faults, remarks)
    index = times.index[keep]
    if not isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        index = pd.Index(index.to_numpy(dtype=np.int64))
    return Body(kept, np.arange(len(index)), times, index, codes[keep], names, data, notation, tuple(remarks), damaged)


def _nameless(table: FileTable, ids: Sequence[str], rows: Ints) -> Fault:
    options = table.options_without(rows.tolist())
    way = f" ({' '.join(options)})" if options else ""
    where = shown(table.where(rows[:3].tolist()), rows.size)
    return Fault(
        f"column {' or '.join(map(repr, ids))} holds '' in {where}, which is no name of a series; every row needs one",
        f"Fill it in, or leave the row out{way}.",
        options,
    )


def _data(
    table: FileTable, layout: Layout, options: Reading, faults: Faults, remarks: list[Remark]
) -> tuple[pd.DataFrame, Notation | None, frozenset[str]]:
    """Values and covariates as numbers, and static columns; the notation of texts, and columns with bad cells."""
    names = [*layout.values, *layout.covariates]
    held = dict(zip(table.columns.column_names, table.columns.columns, strict=True))  # faster than by each name
    found: dict[str, Any] = {}
    for name in names:
        column = held[name]
        if pa.types.is_timestamp(column.type) or is_period(column.type):
            what = f"column {name!r} holds {str(column[0])!r} in {table.where([0])[0]}, which is a date, not a number"
            faults.add(Fault(what, "If it holds the times, name it with --time_col."))
            found[name] = np.full(len(column), np.nan)
        elif name in layout.covariates and is_of_words(column, options):
            found[name] = words_of(column, options)
        elif not pa.types.is_string(column.type):
            found[name] = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    texts = [name for name in names if name not in found]
    notation, damaged = None, frozenset[str]()
    if texts:
        read = _numbers([held[name] for name in texts], texts, options, table.separator, remarks)
        add_number_faults(table, layout, texts, read, faults)
        n_rows = table.columns.num_rows
        found |= zip(texts, read.values.reshape(len(texts), n_rows), strict=True)
        notation = read.notation
        damaged = frozenset(texts[place] for place in np.unique(read.bad // n_rows))
    columns: dict[str, object] = {name: found[name] for name in names}
    columns |= {name: static_column(held[name], options, table.separator) for name in layout.static}
    data = pd.DataFrame(columns, copy=False, index=pd.RangeIndex(table.columns.num_rows))
    return data, notation, damaged


def _numbers(
    columns: Sequence[pa.ChunkedArray], names: Sequence[str], options: Reading, separator: str, remarks: list[Remark]
) -> Numbers:
    """Columns of texts as numbers, one after another, with what is to be told of signs and missing values in them."""
    texts = _one_after_another(columns)
    if options.missing:
        remarks += _named_missing(texts, options.missing)
    plain = None if options.units else plain_numbers(texts, options, separator)
    if plain is not None:
        return plain
    n_rows = len(columns[0])
    is_odd = pc.fill_null(has_signs(texts), False).to_numpy().reshape(len(columns), n_rows).any(axis=1)
    found: list[pa.ChunkedArray] = []
    told_of: dict[str, list[str]] = {}
    for name, column, odd in zip(names, columns, is_odd.tolist(), strict=True):
        cells, told = without_signs(booleans_as_digits(column), options) if odd else (column, ())
        found.append(cells)
        for one in told:
            told_of.setdefault(one.what, []).append(name)
    remarks += [Remark(what.format(_some(own)), is_sure=False) for what, own in told_of.items()]
    read = parse_numbers(_one_after_another(found), options, separator)
    return _with_examples_as_written(read, texts, _one_after_another(found)) if is_odd.any() else read


def _with_examples_as_written(read: Numbers, before: pa.ChunkedArray, after: pa.ChunkedArray) -> Numbers:
    """Numbers whose examples are the cells before signs were left out."""
    after = pc.utf8_trim_whitespace(after)
    places = [pc.index(after, example).as_py() for example in read.notation.examples]
    written = tuple(str(before[place]).strip() for place in places)
    return dataclasses.replace(read, notation=dataclasses.replace(read.notation, written=written))


def _one_after_another(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())


def _some(names: Sequence[str]) -> str:
    shown_ones = ", ".join(map(repr, names[:3]))
    return f"{shown_ones} and {len(names) - 3} more columns" if len(names) > 3 else shown_ones


def _named_missing(texts: pa.ChunkedArray, missing: Sequence[str]) -> list[Remark]:
    """How many cells an option made missing."""
    texts = pc.utf8_trim_whitespace(texts)
    counts = {cell: 0 for cell in missing if cell not in MISSING}
    for cell in counts:
        flags = pc.match_substring_regex(texts, DASHES) if cell == "-" else pc.equal(texts, cell)
        counts[cell] = int(pc.sum(flags).as_py() or 0)
    total = sum(counts.values())
    if not total:
        return []
    each = ", ".join(f"{count:,} {cell!r}" for cell, count in counts.items())
    return [Remark(f"{total:,} cell{'s are' if total > 1 else ' is'} missing by --missing: {each}")]
