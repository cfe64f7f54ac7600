"""Converts a caller's Series, frame or array to a Panel, and records the kind of container."""

import dataclasses
from typing import Any, Literal, Protocol, TypeAlias, TypeGuard, Union

import numpy as np
import pandas as pd

from tsforecast.exceptions import ContainerTypeError, DataError
from tsforecast.panel.align import Covariates, align_covariates
from tsforecast.panel.columns import warn_unused
from tsforecast.panel.covariates import KEY_COLUMNS
from tsforecast.panel.native import Native, series_of_native, table_of
from tsforecast.panel.panel import Panel
from tsforecast.panel.parse import plain_array
from tsforecast.panel.plain_frame import check_is_wide
from tsforecast.panel.regular import Gaps
from tsforecast.panel.roles import with_coded
from tsforecast.panel.times.frequency import Freq


class HasPanel(Protocol):
    """Anything that carries a panel, such as a data set of the catalog."""

    @property
    def panel(self) -> Panel:
        """The panel."""


Series: TypeAlias = Union[Panel, HasPanel, pd.DataFrame, "pd.Series[Any]", "np.ndarray[Any, Any]", list[float], Any]
ContainerKind: TypeAlias = Literal["panel", "long", "wide", "series", "array", "matrix"]


@dataclasses.dataclass(frozen=True)
class Container:
    """ContainerKind of object that a panel was made from, so that forecasts can be returned in the same kind."""

    kind: ContainerKind
    native: Native | None = None  # of a frame or series of another library than pandas

    @property
    def is_array(self) -> bool:
        """Whether the container is an array, which has no times."""
        return self.kind in ("array", "matrix")


def to_panel(
    y: Series, X: Covariates | None = None, freq: Freq | None = None, gaps: Gaps = "error"
) -> tuple[Panel, Container]:
    """The panel that ``y`` holds, with covariates ``X`` attached, and the kind of container it came in.

    Parameters
    ----------
    y : Panel, Series, DataFrame, ndarray or data set
        A long frame has the columns ``ds`` and ``y`` (and ``unique_id``, unless it is one series); any other frame is
        wide. An array is ``(n_obs,)`` or ``(n_obs, n_series)``. Frames and series of polars, Arrow and other libraries
        are read as `tsforecast.panel.native.series_of_native` says.
    X : DataFrame, Series or ndarray, optional
        See `align_covariates`; a frame with one row a series, named in ``unique_id``, and no ``ds`` is static: see
        `Panel.with_static`.
    freq : offset or int, optional
        Expected frequency, for series that are too short to infer one from.
    gaps : {"error", "nan", ...}
        See `Panel.from_frame`.

    Raises
    ------
    ContainerTypeError
        ``y`` is none of these.
    DataError
        The series are not regular or hold something that is not a number.

    Examples
    --------
    >>> to_panel([1.0, 2.0, 3.0])
    (Panel(n_series=1, n_obs=3, freq='1'), Container(kind='array', native=None))
    """
    y, native = series_of_native(y)
    X = table_of(X)
    y = long_columns(y, X)
    try:
        panel, kind = _read(y, freq, gaps)
    except DataError as error:
        if freq is None:
            raise
        try:
            panel, kind = _read(y, None, gaps)  # try without: the series may have another frequency
        except DataError:
            raise error from None
    container = Container(kind, native)
    if is_static(X):
        return panel.with_static(X), container
    if X is not None:
        coded = align_covariates(X, panel.ids, panel.lengths, panel.times)
        panel = with_coded(panel.with_covariates(None), coded)
    return panel, container


def long_columns(y: Series, X: Covariates | None) -> Series:
    """A long frame reduced to the columns that are read, with a warning about columns that nothing uses."""
    if not isinstance(y, pd.DataFrame) or isinstance(y.columns, pd.MultiIndex):
        return y
    if y.index.name in ("unique_id", "ds") and set(KEY_COLUMNS) - {y.index.name} <= set(y.columns):
        y = y if y.index.name in y.columns else y.reset_index()
    found = [key for key in KEY_COLUMNS if key in y.columns]
    if not {"ds", "y"} <= set(found):
        return y
    elsewhere = X.columns if isinstance(X, pd.DataFrame) else [X.name] if isinstance(X, pd.Series) else ()
    warn_unused(y.columns, (*KEY_COLUMNS, *elsewhere), stacklevel=5)
    return y[found]


def _read(y: Series, freq: Freq | None, gaps: Gaps) -> tuple[Panel, ContainerKind]:
    if isinstance(y, Panel):
        return y, "panel"
    if isinstance(y, pd.Series):
        return Panel.from_series(y, freq=freq, gaps=gaps), "series"
    if isinstance(y, pd.DataFrame):
        if {"ds", "y"} <= set(y.columns):
            return Panel.from_frame(y, freq=freq, gaps=gaps), "long"
        if {"unique_id", "ds"} & set(y.columns):
            raise DataError(
                f"The frame has the columns {list(map(str, y.columns))}. A long frame needs ds and y (and unique_id for"
                " several series): rename the columns, or name them in Panel.from_frame(frame, target_col=...). A wide "
                "frame has its times in the index: frame.set_index('ds')."
            )
        check_is_wide(y)
        return Panel.from_wide(y, freq=freq, gaps=gaps), "wide"
    if isinstance(y, (np.ndarray, list, tuple)):
        try:
            array = plain_array(y)
        except DataError:
            raise
        except ValueError as error:
            raise DataError("The lists have different lengths; an array is rectangular.") from error
        return Panel.from_array(array), "array" if array.ndim == 1 else "matrix"
    if isinstance(getattr(y, "panel", None), Panel):
        return y.panel, "panel"
    raise ContainerTypeError(
        f"A {type(y).__name__} cannot be read as time series; give a Series or a DataFrame (of pandas, "
        "polars and so on), an array or a Panel."
    )


def is_static(X: Covariates | None) -> TypeGuard[pd.DataFrame]:
    """Whether ``X`` holds static covariates: one row for each series and no times.

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
