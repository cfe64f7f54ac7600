"""Static covariates: one row for each series, in columns of numbers or of texts, which never change."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints
from tsforecast.exceptions import CovariateError
from tsforecast.panel.covariates import KEY_COLUMNS


def align_static(static: pd.DataFrame, ids: Index, covariate_names: Sequence[str]) -> pd.DataFrame:
    """Rows of ``static`` in the order of the series ``ids``."""
    table = static.set_index("unique_id") if "unique_id" in static.columns else static
    if not table.index.is_unique:
        raise CovariateError(f"static has two rows for series {table.index[table.index.duplicated()][0]!r}.")
    found = table.index.get_indexer(ids)
    if (found < 0).any():
        raise CovariateError(f"static has no row for series {ids[int(np.argmax(found < 0))]!r}.")
    taken = {*KEY_COLUMNS, *covariate_names} & set(map(str, table.columns))
    twice = len(set(map(str, table.columns))) < table.shape[1]
    if taken or twice or table.shape[1] == 0:
        raise CovariateError(f"static has the columns {list(table.columns)}; names of their own are needed.")
    columns = {str(name): _plain(str(name), table[name].iloc[found]) for name in table.columns}
    return pd.DataFrame(columns, index=ids)


def _plain(name: str, column: "pd.Series[Any]") -> "np.ndarray[Any, Any]":
    """A column as numbers, or as texts where it holds some; None and nan are missing."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            raise CovariateError(f"static[{name!r}] holds an infinite number.")
        return numbers
    if not (column.isna() | column.map(lambda cell: isinstance(cell, str))).all():
        raise CovariateError(f"static[{name!r}] holds neither numbers alone nor texts alone.")
    return np.array([None if pd.isna(cell) else str(cell) for cell in column], dtype=object)


def constant_rows(table: pd.DataFrame, indptr: Ints, ids: Index) -> pd.DataFrame:
    """The one value of each column in each series: rows lie series by series."""
    of = np.repeat(np.arange(len(ids)), np.diff(indptr))
    for name in table.columns:
        different = table[name].groupby(of).nunique(dropna=False).to_numpy()
        if (different > 1).any():
            changed = ids[int(np.argmax(different > 1))]
            raise CovariateError(f"Column {name!r} changes within series {changed!r}; what is static does not.")
    return table.iloc[indptr[:-1]].set_axis(ids, axis=0)
