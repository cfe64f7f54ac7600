"""Reads a Parquet file into a table whose columns are texts, numbers or times."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tsforecast.data.cells.periods import is_period
from tsforecast.data.files.limits import check_size
from tsforecast.exceptions import DataError

_INDEX = "__index_level_0__"  # name that pandas gives to an index without a name
_CELL = 8  # fewest bytes of a cell in memory
_NESTED = (pa.types.is_nested, "lists, structures or maps; each cell of a table holds one value")
_UNSUPPORTED = (
    _NESTED,
    (pa.types.is_duration, "durations; dates or numbers are needed"),
    (pa.types.is_time, "times of the day without a date; dates or numbers are needed"),
    (pa.types.is_interval, "intervals; dates or numbers are needed"),
)


def parquet_table(path: Path) -> pa.Table:
    """The table with columns of type string, float64, int64, bool, timestamp or period; a pandas index comes first.

    An index without a name is called ``ds``, and left out where it is row numbers (whole numbers).

    Raises
    ------
    DataError
        The file is not a Parquet file, or declares more cells than fit into memory; a column holds values other than
        texts, numbers and times, or bytes that are not text.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check_declared(path, file.metadata, file.schema_arrow)
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        with pq.ParquetFile(path, read_dictionary=texts, page_checksum_verification=True) as file:
            table = file.read()
    except (OSError, ValueError, TypeError, KeyError, MemoryError, OverflowError, pa.ArrowException) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path} is no Parquet file that can be read: {error}") from error
    columns = [_plain(path, name, column) for name, column in zip(table.column_names, table.columns, strict=True)]
    return _index_first(pa.table(columns, names=table.column_names), _index_columns(table.schema.metadata))


def _check_declared(path: Path, about: pq.FileMetaData, schema: pa.Schema) -> None:
    """Check the declared sizes and types of a file before its columns are read."""
    check_size(path, about.num_rows * about.num_columns * _CELL, "declares cells of")
    check_size(path, sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)), "declares")
    seen: set[str] = set()
    for field in schema:
        if field.name in seen:
            raise DataError(f"{path} has two columns {field.name!r}; give each a name of its own.")
        seen.add(field.name)
        _check_type(path, field)


def _check_type(path: Path, field: pa.Field) -> None:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    for is_it, what in _UNSUPPORTED:
        if is_it(kind):
            raise DataError(f"{path}: column {field.name!r} holds {what}.")


def _plain(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as texts, float64, int64, booleans, timestamps or periods."""
    kind = column.type
    try:
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
            if _is_text(kind):
                check_size(path, sum(map(_text_bytes, column.chunks)), f"has texts in column {name!r} of")
            column = pc.cast(column, kind)
        for is_it, wanted in _WANTED:
            if is_it(kind):
                return pc.cast(column, wanted)
        if pa.types.is_uint64(kind):
            return pc.cast(column, pa.int64())
    except (pa.ArrowException, ValueError) as error:
        raise DataError(f"{path}: column {name!r} of the type {kind} cannot be read: {error}") from error
    if pa.types.is_timestamp(kind) or pa.types.is_boolean(kind) or is_period(kind):
        return column
    raise DataError(f"{path}: column {name!r} is of the type {kind}; texts, numbers or times are needed.")


def _text_bytes(chunk: pa.DictionaryArray) -> int:
    """Bytes of the texts of a dictionary-encoded column once decoded."""
    return int(pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() or 0)


def _is_text(kind: pa.DataType) -> bool:
    names = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    return str(kind) in names or pa.types.is_fixed_size_binary(kind)


def _is_whole(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) and not pa.types.is_uint64(kind)


def _is_real(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)


_WANTED = (
    (_is_text, pa.string()),
    (_is_whole, pa.int64()),
    (_is_real, pa.float64()),
    (pa.types.is_date, pa.timestamp("us")),
)


def _index_columns(metadata: "dict[bytes, bytes] | None") -> list[str]:
    """Names of the columns that hold a pandas index; none where the metadata cannot be read."""
    try:
        declared = json.loads((metadata or {})[b"pandas"])["index_columns"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    return [name for name in declared if isinstance(name, str)] if isinstance(declared, list) else []


def _index_first(table: pa.Table, index: list[str]) -> pa.Table:
    names = table.column_names
    levels = [name for name in index if name in names]
    if levels == [_INDEX]:
        if pa.types.is_integer(table.schema.field(_INDEX).type) or "ds" in names:
            return table.drop_columns([_INDEX])
        names = ["ds" if name == _INDEX else name for name in names]
        return _index_first(table.rename_columns(names), ["ds"])
    return table.select(levels + [name for name in names if name not in levels]) if levels else table
