"""Forecasts in the kind of container that the series came in."""

from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.forecast import Forecast
from tsforecast.panel.containers import Container
from tsforecast.panel.native import Native
from tsforecast.panel.times.frequency import future_times


def restore(forecast: Forecast, container: Container, level: list[float] | None, quantiles: list[float] | None) -> Any:
    """A forecast in the kind of container its data came in; see `BaseForecaster.predict` for each."""
    if container.kind == "panel":
        return forecast
    native = container.native
    if container.kind == "long":
        frame = forecast.to_frame(level=level or [], quantiles=quantiles or [])
        return frame if native is None else native.frame(frame)
    columns = forecast.columns(level=level, quantiles=quantiles)
    if native is not None:
        return _in_library(forecast, columns, container, native)
    if container.kind == "array":
        stacked = np.stack([table[0] for table in columns.values()], axis=-1)
        return stacked if len(columns) > 1 else stacked[:, 0]
    if container.kind == "matrix":
        stacked = np.stack([table.T for table in columns.values()], axis=-1)
        return stacked if len(columns) > 1 else stacked[:, :, 0]
    return _frame(forecast, columns, container)


def _in_library(forecast: Forecast, columns: dict[str, Floats], container: Container, native: Native) -> Any:
    """A series of another library, or a frame: of the columns of one series, or wide, with a column ``ds`` as it came.

    Where there are several columns a series, they are called ``name/mean``, ``name/lo-80`` and so on.
    """
    if container.kind == "array":
        if len(columns) == 1:
            return native.column(next(iter(columns.values()))[0])
        return native.frame(pd.DataFrame({name: table[0] for name, table in columns.items()}))
    wide = _frame(forecast, columns, container)
    assert isinstance(wide, pd.DataFrame)
    if len(columns) > 1:
        wide = wide.set_axis(["/".join(map(str, pair)) for pair in wide.columns], axis=1)
    return native.frame(wide.rename_axis("ds").reset_index() if "ds" in native.types else wide.reset_index(drop=True))


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
