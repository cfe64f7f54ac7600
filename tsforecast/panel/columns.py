"""Columns of a long frame: checks for required columns, a warning about unused ones, and the series of each row."""

import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Index, Ints
from tsforecast.exceptions import CovariateError, DataError, UnusedColumnWarning
from tsforecast.panel.categories import Coded, is_category, level_codes
from tsforecast.panel.covariates import check_names
from tsforecast.panel.parse import check_series_names, parse_values


def check_long_frame(
    frame: pd.DataFrame, id_col: str, time_col: str, target_col: str, covariates: Sequence[str], static: Sequence[str]
) -> None:
    """Raise a `DataError` where a column is missing, two columns have the same name, or there are no rows."""
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(
            f"The columns have {frame.columns.nlevels} levels; one is needed: "
            "frame.columns = frame.columns.map('/'.join), say."
        )
    wanted = (time_col, target_col, *covariates, *static)
    twice = set(frame.columns[frame.columns.duplicated()]) & {id_col, *wanted}
    if twice:
        raise DataError(f"The frame has two columns {min(twice, key=str)!r}; one is needed.")
    absent = [c for c in wanted if c not in frame.columns]
    if absent:
        raise DataError(f"The frame has no column {absent[0]!r}; it has {list(map(str, frame.columns))}.")
    both = [c for c in (*covariates, *static) if c in (id_col, time_col, target_col)]
    if both:
        raise CovariateError(f"Column {both[0]!r} holds the series, times or values; it is no covariate too.")
    check_names([*covariates, *static])
    if len(frame) == 0:
        raise DataError("The frame has no rows.")


def warn_unused(columns: Iterable[object], used: Iterable[object], stacklevel: int) -> None:
    """Warn about columns of a long frame that nothing uses, and say how to use them."""
    known = set(used)
    unused = [column for column in columns if column not in known]
    if unused:
        shown = [str(column) for column in unused]
        warnings.warn(
            f"Not used: the column{'s' if len(shown) > 1 else ''} {', '.join(map(repr, shown))}. What is known into "
            f"the future goes into covariates, Panel.from_frame(frame, covariates={shown}) or X=; what is known up to "
            "the present only into past_covariates; what does not change within a series into static, "
            f"Panel.from_frame(frame, static={shown}). To say no more of it, leave the columns out.",
            UnusedColumnWarning,
            stacklevel=stacklevel + 1,
        )


def series_of(frame: pd.DataFrame, id_col: str, name: str) -> tuple[Ints, Index]:
    """Position of the series of each row, ``(n_rows,)``, and the names of the series in order of appearance.

    Without a column ``id_col`` all rows are one series, ``name``.
    """
    column = frame[id_col] if id_col in frame.columns else pd.Series(name, index=frame.index)
    if column.isna().any():
        raise DataError(f"Column {id_col!r} is empty in row {int(np.argmax(column.isna()))}; every row needs an id.")
    if column.dtype == object and {bool} < set(map(type, column)):
        raise DataError(f"Column {id_col!r} holds booleans among other ids, where True is 1; give the ids as texts.")
    try:
        codes, found = pd.factorize(column)
    except TypeError as error:
        raise DataError(
            f"Column {id_col!r} holds what cannot name a series, such as {column.iloc[0]!r}; texts or numbers can."
        ) from error
    ids = pd.Index(found if isinstance(found.dtype, np.dtype) or found.dtype == "str" else found.tolist(), name=None)
    check_series_names(ids, f"ids in column {id_col!r}")
    return codes.astype(np.int64), ids


def parse_covariates(columns: pd.DataFrame, indptr: Ints, ids: Index, times: Index) -> Coded:
    """Columns of covariates as numbers, those of texts as places of their levels; nan where a cell is empty.

    Raises
    ------
    CovariateError
        A value is neither a number nor a text among texts; the message names the series and the time.
    """
    found, levels = [], {}
    for name in columns.columns:
        column = columns[name]
        if is_category(column):
            codes, levels[str(name)] = level_codes(column, str(name))
            found.append(codes)
        else:
            found.append(parse_values(column.to_numpy(), indptr, ids, times, str(name)))
    table = np.column_stack(found) if found else np.empty((len(columns), 0))
    return Coded(table, tuple(map(str, columns.columns)), levels)
