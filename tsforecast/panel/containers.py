"""What a caller gave -> Panel; Forecast -> the same kind of container."""

import dataclasses
from typing import Any, Literal, Protocol, TypeAlias, TypeGuard, Union

import numpy as np
import pandas as pd

from tsforecast._memory import fits_in_memory
from tsforecast._types import Floats, Index
from tsforecast.exceptions import ContainerTypeError, CovariateError, DataError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.columns import tell_unused
from tsforecast.panel.covariates import KEYS, CovariateGaps, check_names
from tsforecast.panel.frequency import Freq, check_reach, future_times
from tsforecast.panel.ingest import parse_times, plain_array, time_kind


class HasPanel(Protocol):
    """Anything that carries a panel, such as a data set of the catalog."""

    @property
    def panel(self) -> Panel:
        """The panel."""


Series: TypeAlias = Union[Panel, HasPanel, pd.DataFrame, "pd.Series[Any]", "np.ndarray[Any, Any]", list[float]]
Covariates: TypeAlias = Union[pd.DataFrame, "pd.Series[Any]", "np.ndarray[Any, Any]"]

_MOST_STEPS = 10_000_000  # ahead
_COPIES = 3  # of a forecast that are held at once on the way to a frame


@dataclasses.dataclass(frozen=True)
class Container:
    """Kind of the object a panel was made from, and what is needed to give the same kind back."""

    kind: Literal["panel", "long", "wide", "series", "array", "matrix"]

    @property
    def is_array(self) -> bool:
        """Whether it has no times of its own."""
        return self.kind in ("array", "matrix")


def to_panel(y: Series, X: Covariates | None = None, freq: Freq | None = None) -> tuple[Panel, Container]:
    """The panel that ``y`` holds, with covariates ``X`` attached, and the kind of container it came in.

    Parameters
    ----------
    y : Panel, Series, DataFrame, ndarray or data set
        A long frame has the columns ``ds`` and ``y`` (and ``unique_id``, unless it is one series); any other frame is
        wide. An array is ``(n_obs,)`` or ``(n_obs, n_series)``.
    X : DataFrame, Series or ndarray, optional
        See `align_covariates`; a frame with one row a series, named in ``unique_id``, and no ``ds`` is static: see
        `Panel.with_static`.
    freq : offset or int, optional
        The frequency that is expected, which series too short to show one are read with.

    Raises
    ------
    ContainerTypeError
        ``y`` is none of these.
    DataError
        The series are not regular or hold what is no number.

    Examples
    --------
    >>> to_panel([1.0, 2.0, 3.0])
    (Panel(n_series=1, n_obs=3, freq='1'), Container(kind='array'))
    """
    y = long_columns(y, X)
    try:
        panel, container = _read(y, freq)
    except DataError:
        if freq is None:
            raise
        panel, container = _read(y, None)  # of another frequency, which the caller can name; or at fault by its own
    if is_static(X):
        return panel.with_static(X), container
    if X is not None:
        table, names = align_covariates(X, panel.ids, panel.lengths, panel.times)
        panel = panel.with_covariates(table, names)
    return panel, container


def long_columns(y: Series, X: Covariates | None) -> Series:
    """A long frame with the columns that are read, after a warning of those that neither it nor ``X`` uses."""
    if not isinstance(y, pd.DataFrame) or isinstance(y.columns, pd.MultiIndex):
        return y
    if y.index.name in ("unique_id", "ds") and set(KEYS) - {y.index.name} <= set(y.columns):
        y = y if y.index.name in y.columns else y.reset_index()
    found = [key for key in KEYS if key in y.columns]
    if not {"ds", "y"} <= set(found):
        return y
    elsewhere = X.columns if isinstance(X, pd.DataFrame) else [X.name] if isinstance(X, pd.Series) else ()
    tell_unused(y.columns, (*KEYS, *elsewhere), stacklevel=5)
    return y[found]


def _read(y: Series, freq: Freq | None) -> tuple[Panel, Container]:
    if isinstance(y, Panel):
        return y, Container("panel")
    if isinstance(y, pd.Series):
        return Panel.from_series(y, freq=freq), Container("series")
    if isinstance(y, pd.DataFrame):
        if {"ds", "y"} <= set(y.columns):
            return Panel.from_frame(y, freq=freq), Container("long")
        if {"unique_id", "ds"} & set(y.columns):
            raise DataError(
                f"The frame has the columns {list(map(str, y.columns))}. A long frame needs ds and y (and unique_id for"
                " several series): rename the columns, or name them in Panel.from_frame(frame, target_col=...). A wide "
                "frame has its times in the index: frame.set_index('ds')."
            )
        return Panel.from_wide(y, freq=freq), Container("wide")
    if isinstance(y, (np.ndarray, list, tuple)):
        try:
            array = plain_array(y)
        except DataError:
            raise
        except ValueError as error:
            raise DataError("The lists have different lengths; an array is rectangular.") from error
        return Panel.from_array(array), Container("array" if array.ndim == 1 else "matrix")
    if isinstance(getattr(y, "panel", None), Panel):
        return y.panel, Container("panel")
    raise ContainerTypeError(
        f"A {type(y).__name__} cannot be read as time series; give a pandas Series or DataFrame, an array or a Panel."
    )


def is_static(X: Covariates | None) -> TypeGuard[pd.DataFrame]:
    """Whether ``X`` tells what does not change: a row for each series and no times.

    Examples
    --------
    >>> is_static(pd.DataFrame({"unique_id": ["a", "b"], "area": [1.0, 2.0]}))
    True
    """
    return (
        isinstance(X, pd.DataFrame)
        and "unique_id" in X.columns
        and "ds" not in X.columns
        and not isinstance(X.index, (pd.DatetimeIndex, pd.PeriodIndex))
        and X["unique_id"].is_unique
    )


def align_covariates(
    X: Covariates,
    ids: Index,
    lengths: "np.ndarray[Any, Any]",
    times: Index,
    covariate_gaps: CovariateGaps = "error",
) -> tuple[Floats, tuple[str, ...]]:
    """Covariates for the times asked for, series by series: ``(n_obs, n_features)``, and their names.

    Parameters
    ----------
    X : DataFrame, Series or ndarray
        A long frame with ``unique_id`` and ``ds``; a frame with ``ds`` alone, or with the times in its index, that all
        series share; a Series, which is a frame of one column (``x0`` where it has no name); or an array ``(n_obs,
        n_features)`` in the order of the observations, which a panel of equal series may give as ``(n_obs / n_series,
        n_features)`` to share. Rows for other times are passed over.
    covariate_gaps : {"error", "ffill", "interpolate"}
        Unless it is "error", a time that is absent and a value that is missing are nan, for
        `Panel.with_covariates` to fill in.

    Raises
    ------
    CovariateError
        A time is absent, a value is missing or no number, or an array has another number of rows.
    """
    X = _framed(X)
    if isinstance(X, pd.DataFrame):
        return _align_frame(X, ids, lengths, times, covariate_gaps)
    table = _numbers(X, "X")
    if table.ndim == 1:
        table = table[:, None]
    total = int(lengths.sum())
    if table.shape[0] != total and len(ids) > 1 and (lengths == table.shape[0]).all():
        table = np.tile(table, (len(ids), 1))
    if table.shape[0] != total:
        raise CovariateError(f"X has {table.shape[0]} rows; {total} are needed, one for each time of each series.")
    names = tuple(f"x{i}" for i in range(table.shape[1]))
    return (_finite if covariate_gaps == "error" else _not_infinite)(table, names, ids, lengths, times), names


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
) -> tuple[Floats, tuple[str, ...]]:
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
    kinds = time_kind(have), time_kind(wanted)
    if kinds[0] != kinds[1]:
        raise CovariateError(f"The times of X are {kinds[0]}, those of the series {kinds[1]}; give both the same kind.")
    if "unique_id" in keys:
        wanted = pd.MultiIndex.from_arrays([ids.repeat(lengths), times])
        have = pd.MultiIndex.from_arrays([X["unique_id"], have])
    if not have.is_unique:
        raise CovariateError(f"X has two rows for {have[have.duplicated()][0]}; one is needed.")
    rows = have.get_indexer(wanted)
    if (rows < 0).any() and covariate_gaps == "error":
        lost = int(np.argmax(rows < 0))
        raise CovariateError(f"X has no row for series {ids.repeat(lengths)[lost]!r} at {times[lost]}.")
    columns = [_numbers(source.iloc[:, i].to_numpy()[rows], f"X[{name!r}]") for i, name in enumerate(names)]
    table = np.where((rows < 0)[:, None], np.nan, np.column_stack(columns))
    return (_finite if covariate_gaps == "error" else _not_infinite)(table, names, ids, lengths, times), names


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


def check_horizon(panel: Panel, horizon: int, n_quantiles: int) -> None:
    """Raise a `ParameterError` where a forecast would go past the last time there is, or does not fit into memory.

    Examples
    --------
    >>> check_horizon(Panel.from_array(np.arange(4.0)), 12, 2)
    """
    check_reach(panel.last_times, horizon, panel.freq)
    n_cells = horizon * panel.n_series
    if horizon > _MOST_STEPS or not fits_in_memory(n_cells, _COPIES * (2 + n_quantiles)):
        raise ParameterError(
            f"horizon={horizon:,} for {panel.n_series:,} series with {n_quantiles} quantiles is more than can be "
            f"forecast: at most {_MOST_STEPS:,} steps, and what half the memory of this machine holds."
        )


def future_covariates(
    X: Covariates | None, panel: Panel, horizon: int, names: tuple[str, ...], n_skipped: int = 0
) -> Floats | None:
    """Covariates of the ``horizon`` steps after each series ends: ``(n_series, horizon, n_features)``.

    Of the first ``n_skipped`` of them, of a panel of one series, nothing is asked: they are 0.

    Raises
    ------
    CovariateError
        The model was fitted with covariates and these are absent, others or incomplete.
    """
    if X is None:
        if names:
            raise CovariateError(
                f"The model was fitted with covariates {list(names)}: predict needs X for the horizon."
            )
        return None
    if not names:
        raise CovariateError("X was given to predict, but the model was fitted without covariates.")
    n_asked = horizon - n_skipped
    times = future_times(panel.last_times, horizon, panel.freq)[n_skipped:]
    X = _framed(X)
    if isinstance(X, pd.DataFrame):
        columns = [str(c) for c in X.columns]
        lacking = [name for name in names if name not in columns]
        if lacking:
            raise CovariateError(f"X has no column {lacking[0]!r}; the model was fitted with {list(names)}.")
        X = X[[c for c in X.columns if not isinstance(c, tuple) and str(c) in (*names, "unique_id", "ds")]]
    table, got = align_covariates(X, panel.ids, np.full(panel.n_series, n_asked), times)
    if set(got) != set(names):
        raise CovariateError(f"X has the covariates {list(got)}; the model was fitted with {list(names)}.")
    ordered = table[:, [got.index(name) for name in names]]
    out = ordered.reshape(panel.n_series, n_asked, len(names))
    return np.concatenate([np.zeros((panel.n_series, n_skipped, len(names))), out], axis=1)


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


def restore(forecast: Forecast, container: Container, level: list[float] | None, quantiles: list[float] | None) -> Any:
    """A forecast in the kind of container its data came in; see `BaseForecaster.predict` for each."""
    if container.kind == "panel":
        return forecast
    if container.kind == "long":
        return forecast.to_frame(level=level or [], quantiles=quantiles or [])
    columns = forecast.columns(level=level, quantiles=quantiles)
    if container.kind == "array":
        stacked = np.stack([table[0] for table in columns.values()], axis=-1)
        return stacked if len(columns) > 1 else stacked[:, 0]
    if container.kind == "matrix":
        stacked = np.stack([table.T for table in columns.values()], axis=-1)
        return stacked if len(columns) > 1 else stacked[:, :, 0]
    return _frame(forecast, columns, container)


def _frame(forecast: Forecast, columns: dict[str, Floats], container: Container) -> "pd.DataFrame | pd.Series[Any]":
    if container.kind == "series":
        frame = pd.DataFrame({column: table[0] for column, table in columns.items()}, index=forecast.times)
        return frame if len(columns) > 1 else frame["mean"].rename(forecast.ids[0])
    order, pieces = [], []
    codes, cutoffs = pd.factorize(forecast.cutoff)
    for code in range(len(cutoffs)):  # series that end together share their times
        members = np.flatnonzero(codes == code)
        times = future_times(forecast.cutoff[members[:1]], forecast.horizon, forecast.freq)
        cells = np.stack([table[members] for table in columns.values()], axis=1)  # (n_members, n_columns, horizon)
        pieces.append(pd.DataFrame(cells.reshape(-1, forecast.horizon).T, index=times))
        order.append(members)
    wide = pieces[0] if len(pieces) == 1 else pd.concat(pieces, axis=1, sort=True)
    place = np.argsort(np.concatenate(order), kind="stable")
    wide = wide.iloc[:, (place[:, None] * len(columns) + np.arange(len(columns))).reshape(-1)]
    if len(columns) == 1:
        return wide.set_axis(forecast.ids, axis=1)
    return wide.set_axis(pd.MultiIndex.from_product([forecast.ids, list(columns)]), axis=1)
