"""Frames and series of polars, Arrow and other libraries to pandas and back, through narwhals.

narwhals is imported when such an object comes, and only then: who uses pandas alone does not wait for it.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd

from tsforecast.exceptions import ContainerTypeError

if TYPE_CHECKING:
    from narwhals.dtypes import DType

LibraryName: TypeAlias = Literal["cudf", "modin", "pandas", "polars", "pyarrow"]
_LIBRARIES = frozenset({"cudf", "dask", "duckdb", "ibis", "modin", "narwhals", "polars", "pyarrow", "pyspark"})
_DATES = ("ds", "start", "end")  # columns of results that hold times


@dataclasses.dataclass(frozen=True)
class Native:
    """The library that a frame or series came from, and how it was written, for results of the same kind.

    Attributes
    ----------
    library : {"cudf", "modin", "pandas", "polars", "pyarrow"}
        As narwhals calls it; a lazy frame of another library, such as DuckDB, is collected into one of Arrow.
    types : mapping of str to DType
        Types of the columns ``unique_id`` and ``ds``, where it had them.
    name : str
        Of a series.
    """

    library: LibraryName
    types: "Mapping[str, DType]" = dataclasses.field(default_factory=dict)
    name: str = "y"

    def frame(self, table: pd.DataFrame) -> Any:
        """A frame of the library with the columns of one of pandas, its names and times in the types that came."""
        import narwhals.stable.v2 as nw

        out = nw.from_arrow(nw.from_native(table).to_arrow(), backend=self.library)
        wanted = {name: self.types["ds" if name in _DATES else name] for name in out.columns if self._is_typed(name)}
        same_kind = {name: dtype for name, dtype in wanted.items() if _alike(out.schema[name], dtype)}
        return out.with_columns(nw.col(name).cast(dtype) for name, dtype in same_kind.items()).to_native()

    def column(self, values: "np.ndarray[Any, Any]") -> Any:
        """A series of the library."""
        import narwhals.stable.v2 as nw

        return nw.new_series(self.name, values, backend=self.library).to_native()

    def _is_typed(self, name: str) -> bool:
        return ("ds" if name in _DATES else name) in self.types


def is_native(data: object) -> bool:
    """Whether an object comes from a library whose frames narwhals reads.

    Examples
    --------
    >>> is_native(pd.DataFrame()), is_native([1.0])
    (False, False)
    """
    return type(data).__module__.partition(".")[0] in _LIBRARIES


def table_of(data: Any) -> Any:
    """A frame of another library as one of pandas with the same columns, a series as an array; else the very object.

    A lazy frame is collected.

    Raises
    ------
    ContainerTypeError
        The object is neither frame nor series.

    Examples
    --------
    >>> import polars as pl
    >>> table_of(pl.DataFrame({"ds": [1, 2], "y": [3.0, None]}))
       ds    y
    0   1  3.0
    1   2  NaN
    """
    return _read(data)[0] if is_native(data) else data


def series_of_native(data: Any) -> tuple[Any, Native | None]:
    """Series in an object of another library as pandas or numpy holds them, and where they came from.

    A long frame stays one; in a wide frame the column ``ds`` becomes the index, which counts from 0 where there is
    none; a series becomes an array. Any other object is returned as it is, with None.

    Examples
    --------
    >>> import polars as pl
    >>> wide, native = series_of_native(pl.DataFrame({"ds": [1, 2], "a": [3.0, 4.0]}))
    >>> wide.index.tolist(), native.library
    ([1, 2], 'polars')
    """
    if not is_native(data):
        return data, None
    table, native = _read(data)
    if isinstance(table, pd.DataFrame) and "ds" in table and not {"y", "unique_id"} & set(table):
        table = table.set_index("ds")
    return table, native


def _read(data: Any) -> tuple[Any, Native]:
    import narwhals.stable.v2 as nw

    try:
        found = nw.from_native(data, allow_series=True)
    except TypeError as error:
        raise ContainerTypeError(
            f"A {type(data).__module__.partition('.')[0]} {type(data).__name__} cannot be read as time series; a frame "
            "or a series of this library can."
        ) from error
    if isinstance(found, nw.LazyFrame):
        found = found.collect()
    library = cast(LibraryName, str(found.implementation))
    if isinstance(found, nw.Series):
        values = found.to_pandas()
        return values.to_numpy(), Native(library, name=found.name or "y")
    types = {name: found.schema[name] for name in ("unique_id", "ds") if name in found.columns}
    return found.to_pandas(), Native(library, types)


def _alike(found: "DType", wanted: "DType") -> bool:
    """Whether a result may take the type of what came: dates stay dates, and numbers that were dates do not return."""
    if wanted.is_temporal() or found.is_temporal():
        return wanted.is_temporal() and found.is_temporal()
    return True
