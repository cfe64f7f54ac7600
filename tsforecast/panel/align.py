"""Aligns covariates given by callers: one row for each requested time."""

from typing import Any, TypeAlias, Union

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.exceptions import CovariateError, DataError
from tsforecast.panel.categories import Coded, Levels, expand, given_names, is_category, level_codes
from tsforecast.panel.covariates import CovariateGaps, check_names
from tsforecast.panel.panel import Panel
from tsforecast.panel.parse import parse_times, plain_array, time_kind
from tsforecast.panel.roles import asked_names, with_holidays
from tsforecast.panel.times.frequency import future_times

Covariates: TypeAlias = Union[pd.DataFrame, "pd.Series[Any]", "np.ndarray[Any, Any]"]


def align_covariates(
    X: Covariates,
    ids: Index,
    lengths: "np.ndarray[Any, Any]",
    times: Index,
    covariate_gaps: CovariateGaps = "error",
    levels: Levels | None = None,
) -> Coded:
    """Covariates at the requested times, series by series, ``(n_obs, n_features)``; texts as places of their levels.

    Parameters
    ----------
    X : DataFrame, Series or ndarray
        A long frame with ``unique_id`` and ``ds``; a frame with ``ds`` alone, or with the times in its index, that all
        series share; a Series, which is a frame of one column (``x0`` where it has no name); or an array ``(n_obs,
        n_features)`` in the order of the observations, which a panel of equal series may give as ``(n_obs / n_series,
        n_features)`` to share. Rows for other times are ignored.
    covariate_gaps : {"error", "ffill", "interpolate"}
        Unless it is "error", a time that is absent and a value that is missing are nan, to be filled in later.
    levels : mapping of str to tuple of str, optional
        Texts of categories that training has seen; by default those of ``X`` at the requested times.

    Raises
    ------
    CovariateError
        A time is absent, a value is missing or no number, or an array has another number of rows.
    """
    X = _framed(X)
    if isinstance(X, pd.DataFrame):
        return _align_frame(X, ids, lengths, times, covariate_gaps, levels or {})
    table = _numbers(X, "X")
    if table.ndim == 1:
        table = table[:, None]
    total = int(lengths.sum())
    if table.shape[0] != total and len(ids) > 1 and (lengths == table.shape[0]).all():
        table = np.tile(table, (len(ids), 1))
    if table.shape[0] != total:
        raise CovariateError(f"X has {table.shape[0]} rows; {total} are needed, one for each time of each series.")
    names = tuple(f"x{i}" for i in range(table.shape[1]))
    return Coded(
        (_finite if covariate_gaps == "error" else _not_infinite)(table, names, ids, lengths, times), names, {}
    )


def _framed(X: Covariates) -> "pd.DataFrame | np.ndarray[Any, Any]":
    """A Series as a frame of one column, anything else as it is."""
    return X.to_frame("x0" if X.name is None else X.name) if isinstance(X, pd.Series) else X


def _numbers(values: Any, what: str) -> Floats:
    """``values`` as float64, of the same shape; nan where they are missing."""
    try:
        plain = pd.DataFrame(plain_array(values))
        if any(dtype.kind in "cmM" for dtype in plain.dtypes):
            raise TypeError(f"of the type {plain.dtypes.iloc[0]}")
        return plain.to_numpy(np.float64, na_value=np.nan).reshape(np.shape(values))
    except (TypeError, ValueError) as error:
        raise CovariateError(f"{what} holds what is no number ({error}); numbers are needed.") from error


def _align_frame(
    X: pd.DataFrame,
    ids: Index,
    lengths: "np.ndarray[Any, Any]",
    times: Index,
    covariate_gaps: CovariateGaps,
    levels: Levels,
) -> Coded:
    if isinstance(X.columns, pd.MultiIndex) or isinstance(X.index, pd.MultiIndex):
        raise CovariateError(
            "The columns or the index of X have several levels; X has columns unique_id and ds, or times in its index, "
            "and a column for each covariate."
        )
    keys = [c for c in ("unique_id", "ds") if c in X.columns]
    source = X[[c for c in X.columns if c not in keys]]
    if source.shape[1] == 0:
        raise CovariateError(f"X has no column besides {keys}; give one column for each covariate.")
    names = check_names(source.columns)
    if "unique_id" in keys and "ds" not in keys and isinstance(X.index, pd.RangeIndex) and len(ids) > 1:
        twice = X["unique_id"][X["unique_id"].duplicated()].tolist()
        found = f"two rows for series {twice[0]!r} and " if twice else ""
        raise CovariateError(
            f"X has {found}no column ds: what changes needs times, what does not change one row for each series."
        )
    wanted: Index = times
    have = _times_of(X["ds"] if "ds" in keys else pd.Series(X.index))
    sorts = time_kind(have), time_kind(wanted)
    if sorts[0] != sorts[1]:
        raise CovariateError(f"The times of X are {sorts[0]}, those of the series {sorts[1]}; give both the same kind.")
    if "unique_id" in keys:
        wanted = pd.MultiIndex.from_arrays([ids.repeat(lengths), times])
        have = pd.MultiIndex.from_arrays([X["unique_id"], have])
    if not have.is_unique:
        raise CovariateError(f"X has two rows for {have[have.duplicated()][0]}; one is needed.")
    rows = have.get_indexer(wanted)
    if (rows < 0).any() and covariate_gaps == "error":
        lost = int(np.argmax(rows < 0))
        raise CovariateError(f"X has no row for series {ids.repeat(lengths)[lost]!r} at {times[lost]}.")
    kinds: dict[str, tuple[str, ...]] = {}
    columns = []
    for i, name in enumerate(names):
        column = source.iloc[:, i].iloc[rows]
        if name in levels or is_category(source.iloc[:, i]):
            codes, kinds[name] = level_codes(column[rows >= 0], name, levels.get(name))
            columns.append(np.full(len(rows), np.nan))
            columns[-1][rows >= 0] = codes
        else:
            columns.append(_numbers(column.to_numpy(), f"X[{name!r}]"))
    table = np.where((rows < 0)[:, None], np.nan, np.column_stack(columns))
    return Coded(
        (_finite if covariate_gaps == "error" else _not_infinite)(table, names, ids, lengths, times), names, kinds
    )


def _times_of(column: "pd.Series[Any]") -> Index:
    try:
        return parse_times(column, np.array([0, len(column)]), pd.Index(["X"]))
    except DataError as error:
        raise CovariateError(f"The times of X cannot be read. {error}") from error


def _finite(table: Floats, names: tuple[str, ...], ids: Index, lengths: "np.ndarray[Any, Any]", times: Index) -> Floats:
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise CovariateError(
            f"X has {names[column]}={table[row, column]} for series {ids.repeat(lengths)[row]!r} at {times[row]}; "
            "a finite number is needed."
        )
    return table


def _not_infinite(
    table: Floats, names: tuple[str, ...], ids: Index, lengths: "np.ndarray[Any, Any]", times: Index
) -> Floats:
    _finite(np.where(np.isnan(table), 0.0, table), names, ids, lengths, times)
    return table


def future_covariates(
    X: Covariates | None, panel: Panel, horizon: int, names: tuple[str, ...], n_skipped: int = 0
) -> Floats | None:
    """Covariates of the ``horizon`` steps after each series ends: ``(n_series, horizon, n_features)``.

    ``X`` need not cover the first ``n_skipped`` steps (of a panel of one series): their covariates are 0. Holidays of
    the panel's calendar follow from the times; columns known up to the present only are passed over.

    Raises
    ------
    CovariateError
        The model was fitted with covariates, and ``X`` is absent, incomplete or has other covariates.
    """
    X, n_asked, asked = _framed_ahead(X, panel), horizon - n_skipped, asked_names(panel)
    if X is None and not names:
        return None
    if X is None and asked:
        raise CovariateError(
            f"The model was fitted with covariates {list(given_names(asked, panel.levels))}: predict needs X for the "
            "horizon."
        )
    if not names:
        raise CovariateError("X was given to predict, but the model was fitted without covariates.")
    times = future_times(panel.last_times, horizon, panel.freq)
    times = times.take(np.flatnonzero(np.arange(len(times)) % horizon >= n_skipped))
    table = None if X is None or not asked else _asked_table(X, panel, n_asked, times, asked)
    out = with_holidays(table, panel, times).reshape(panel.n_series, n_asked, len(names))
    return np.concatenate([np.zeros((panel.n_series, n_skipped, len(names))), out], axis=1)


def _framed_ahead(X: Covariates | None, panel: Panel) -> "pd.DataFrame | np.ndarray[Any, Any] | None":
    """``X`` without columns that no forecast is given; None where none are left."""
    framed = None if X is None else _framed(X)
    if not isinstance(framed, pd.DataFrame) or isinstance(framed.columns, pd.MultiIndex):
        return framed
    own = set(panel.covariate_names) - set(asked_names(panel)) if panel.calendar is not None else set()
    passed = {*panel.past_names, *given_names(panel.past_names, panel.levels), *own}
    kept = framed[[column for column in framed.columns if str(column) not in passed]]
    return None if passed and set(map(str, kept.columns)) <= {"unique_id", "ds"} else kept


def _asked_table(
    X: "pd.DataFrame | np.ndarray[Any, Any]", panel: Panel, n_asked: int, times: Index, asked: tuple[str, ...]
) -> Floats:
    """The columns that are asked for at the given times: ``(n_series * n_asked, len(asked))``."""
    given = given_names(asked, panel.levels)
    levels = {name: kinds for name, kinds in panel.levels.items() if name in given}
    if isinstance(X, pd.DataFrame):
        columns = {str(c) for c in X.columns if not isinstance(c, tuple)}
        if levels and not set(given) <= columns and set(asked) <= columns:  # already one column for each level
            given, levels = asked, {}
        lacking = [name for name in given if name not in columns]
        if lacking:
            raise CovariateError(f"X has no column {lacking[0]!r}; the model was fitted with {list(given)}.")
        X = X[[c for c in X.columns if not isinstance(c, tuple) and str(c) in (*given, "unique_id", "ds")]]
    elif levels:
        raise CovariateError(f"X is an array; of the covariates {list(given)} some are texts: give a frame.")
    coded = align_covariates(X, panel.ids, np.full(panel.n_series, n_asked), times, levels=levels)
    if set(coded.names) != set(given):
        raise CovariateError(f"X has the covariates {list(coded.names)}; the model was fitted with {list(given)}.")
    if coded.levels.keys() - levels.keys():
        name = next(iter(coded.levels.keys() - levels.keys()))
        raise CovariateError(f"X[{name!r}] holds texts; the model was fitted with numbers.")
    table, names = expand(coded)
    return table[:, [names.index(name) for name in asked]]


def align_history(X: Covariates, panel: Panel, trained: Panel) -> Coded:
    """Covariates at the times of a history, of a frame those that training had; texts as the levels seen in training.

    Raises
    ------
    CovariateError
        A covariate is missing.
    """
    wanted = given_names((*asked_names(trained), *trained.past_names), trained.levels)
    framed = _framed(X)
    if isinstance(framed, pd.DataFrame) and not isinstance(framed.columns, pd.MultiIndex):
        every = (*wanted, *trained.covariate_names, *trained.past_names, "unique_id", "ds")
        framed = framed[[c for c in framed.columns if str(c) in every]]
    levels = {name: kinds for name, kinds in trained.levels.items() if name in wanted}
    return align_covariates(framed, panel.ids, panel.lengths, panel.times, levels=levels)


def split_covariates(X: Covariates, panel: Panel) -> tuple[Covariates, Covariates]:
    """Covariates of the history and of the horizon: a frame (or Series) serves both, an array is cut.

    Raises
    ------
    CovariateError
        An array was given for several series.
    """
    if isinstance(X, (pd.DataFrame, pd.Series)):
        return X, X
    if panel.n_series > 1:
        raise CovariateError("With history of several series give X as a frame with unique_id and ds, not as an array.")
    return X[: panel.n_obs], X[panel.n_obs :]
