"""Reads what a picture shows: series with gaps, and forecasts in any container that ``predict`` gives."""

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, Union

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import (
    ContainerTypeError,
    DataError,
    GapError,
    MissingValuesError,
    ParameterError,
    UnknownNameError,
    UnusedRowWarning,
)
from tsforecast.panel import Panel
from tsforecast.panel.containers import Series, to_panel
from tsforecast.panel.times.frequency import future_times
from tsforecast.plots.fan import Fan


class HasFrame(Protocol):
    """A forecast that gives itself as a long frame, with intervals at the levels asked for."""

    quantile_levels: Floats

    def to_frame(self, *, level: Sequence[float] | None = None) -> pd.DataFrame:
        """Columns ``unique_id``, ``ds``, ``mean``, ``lo-80``, …."""


Forecasts: TypeAlias = Union[HasFrame, pd.DataFrame, "pd.Series[Any]", Floats, list[float]]

_INTERVAL = re.compile(r"(lo|hi)-(\d+(?:\.\d+)?)")
_QUANTILE = re.compile(r"q(0?\.\d+)")


def panel_with_gaps(y: Series) -> Panel:
    """The panel that ``y`` holds; skipped times become missing values, which a picture leaves blank.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=30).delete(28)
    >>> panel_with_gaps(pd.Series(np.arange(29.0), index=days)).values[-3:]
    array([27., nan, 28.])
    """
    try:
        return to_panel(y)[0]
    except (GapError, MissingValuesError):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnusedRowWarning)
            if isinstance(y, pd.Series):
                return Panel.from_series(y, gaps="nan")
            if isinstance(y, pd.DataFrame) and {"ds", "y"} <= set(y.columns):
                return Panel.from_frame(y[[c for c in ("unique_id", "ds", "y") if c in y.columns]], gaps="nan")
            if isinstance(y, pd.DataFrame):
                return Panel.from_wide(y, gaps="nan")
        raise


def chosen_places(ids: Index, series: Any, most: int) -> list[int]:
    """Places of the series to draw: those named, one or several, or the first ``most``.

    Raises
    ------
    UnknownNameError
        There is no series of that name.
    ParameterError
        ``series`` is empty.
    """
    if series is None:
        return list(range(min(len(ids), most)))
    wanted = list(series) if isinstance(series, (list, tuple, pd.Index, np.ndarray)) else [series]
    if not wanted:
        raise ParameterError("series is empty; name a series, or leave it out.")
    found = ids.get_indexer(pd.Index(wanted, tupleize_cols=False))
    if (found < 0).any():
        some = ", ".join(repr(i) for i in ids[:3]) + (" …" if len(ids) > 3 else "")
        raise UnknownNameError(f"No series is called {wanted[int(np.argmax(found < 0))]!r}; there are {some}.")
    return [int(place) for place in found]


def fans_of(forecast: Forecasts, past: Panel | None) -> dict[Any, Callable[[], Fan]]:
    """What makes the forecasts of each series, by its name, from any container that ``predict`` gives.

    Parameters
    ----------
    forecast : Forecast, Series, DataFrame or ndarray
        An array, which has no times, needs a history: its forecasts follow the end of it.
    past : Panel, optional

    Raises
    ------
    ContainerTypeError
        It is none of these.
    DataError
        It holds no forecasts, an array has another number of series than the history, or columns have no name.
    """
    if hasattr(forecast, "quantile_levels") and hasattr(forecast, "to_frame"):
        return _from_long(forecast.to_frame(level=_levels_of(forecast.quantile_levels)))
    if isinstance(forecast, pd.Series):
        name = "y" if forecast.name is None else forecast.name
        return {name: partial(_fan, forecast.index, {"mean": forecast.to_numpy(dtype=np.float64)})}
    if isinstance(forecast, pd.DataFrame):
        return _from_frame(forecast, past)
    if hasattr(forecast, "to_pandas"):  # a frame of Polars or Arrow
        return fans_of(forecast.to_pandas(), past)
    if isinstance(forecast, (np.ndarray, list, tuple)):
        return _from_array(np.asarray(forecast, dtype=np.float64), past)
    raise ContainerTypeError(
        f"A {type(forecast).__name__} holds no forecasts; give what predict returned: a Forecast, a Series, a frame or "
        "an array."
    )


def _from_frame(frame: pd.DataFrame, past: Panel | None) -> dict[Any, Callable[[], Fan]]:
    if frame.empty:
        raise DataError("The frame holds no forecasts.")
    if isinstance(frame.columns, pd.MultiIndex):
        names = frame.columns.get_level_values(0).unique()
        return {name: partial(_fan_of_columns, frame, name) for name in names}
    if "ds" in frame.columns:
        return _from_long(frame)
    if any(_is_statistic(str(name)) for name in frame.columns):
        name = past.ids[0] if past is not None and past.n_series == 1 else "y"
        return {name: partial(_fan_of_rows, frame)}
    return {name: partial(_fan_of_columns, frame, name) for name in frame.columns}


def _from_long(frame: pd.DataFrame) -> dict[Any, Callable[[], Fan]]:
    rows = frame.set_index("ds")
    if "unique_id" not in frame.columns:
        return {"y": partial(_fan_of_rows, rows)}
    codes, names = pd.factorize(frame["unique_id"])
    order = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return {name: partial(_fan_of_rows, rows, own) for name, own in zip(names.tolist(), order, strict=True)}


def _from_array(table: Floats, past: Panel | None) -> dict[Any, Callable[[], Fan]]:
    if past is None:
        raise DataError("An array of forecasts has no times; give history=, which they follow.")
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[1] != past.n_series or not table.size:
        raise DataError(
            f"The forecasts have shape {np.shape(table)}; (horizon,) or (horizon, {past.n_series}) is needed for a "
            f"history of {past.n_series} series. An array with intervals does not name them: forecast a Series or a "
            "frame, predict(horizon, history=frame, level=...)."
        )
    times = future_times(past.last_times, len(table), past.freq)
    rows = np.arange(len(table))
    return {
        name: partial(_fan, times.take(i * len(table) + rows), {"mean": table[:, i]}) for i, name in enumerate(past.ids)
    }


def _fan_of_columns(frame: pd.DataFrame, name: Any) -> Fan:
    """The fan of one series of a wide frame, whose columns are series, or pairs of series and statistic."""
    own = frame[name]
    return _fan_of_rows((own.to_frame("mean") if isinstance(own, pd.Series) else own).dropna(how="all"))


def _fan_of_rows(rows: pd.DataFrame, places: Ints | None = None) -> Fan:
    rows = rows if places is None else rows.iloc[places]
    columns = {str(name): rows[name].to_numpy(dtype=np.float64) for name in rows.columns if _is_statistic(str(name))}
    return _fan(rows.index, columns)


def _is_statistic(name: str) -> bool:
    return name == "mean" or _INTERVAL.fullmatch(name) is not None or _QUANTILE.fullmatch(name) is not None


def _fan(times: Index, columns: Mapping[str, Floats]) -> Fan:
    """The fan in columns by name: ``mean``, else the median; intervals, or pairs of quantiles."""
    found: dict[float, dict[str, Floats]] = {}
    quantiles = {round(float(name[1:]), 10): table for name, table in columns.items() if _QUANTILE.fullmatch(name)}
    for name, table in columns.items():
        if match := _INTERVAL.fullmatch(name):
            found.setdefault(float(match.group(2)), {})[match.group(1)] = table
    for level in _levels_of(quantiles):
        low, high = (quantiles[round(0.5 + sign * level / 200, 10)] for sign in (-1, 1))
        found.setdefault(level, {"lo": low, "hi": high})
    intervals = {level: (ends["lo"], ends["hi"]) for level, ends in found.items() if len(ends) == 2}
    middle = columns.get("mean", quantiles.get(0.5))
    if middle is None:
        raise DataError(
            f"The forecasts have the columns {list(columns) or 'without a known name'}; 'mean' or 'q0.5' is needed."
        )
    return Fan(pd.Index(times), middle, intervals)


def _levels_of(quantiles: Iterable[float]) -> list[float]:
    """Levels of the central intervals whose two ends are among these quantile levels.

    Examples
    --------
    >>> _levels_of([0.1, 0.5, 0.9, 0.95])
    [80.0]
    """
    known = {round(float(q), 10) for q in quantiles}
    return [round(100 - 200 * q, 8) for q in sorted(known, reverse=True) if q < 0.5 and round(1 - q, 10) in known]
