"""Past forecasts and what came, in whatever frames they lie, as one table of rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tsforecast.exceptions import ContainerTypeError, DataError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel.containers import Series, to_panel
from tsforecast.panel.ends import without_empty_end
from tsforecast.panel.native import series_of_native, table_of
from tsforecast.panel.parse import parse_times, time_kind

_KEYS = ["unique_id", "ds"]


def rows_with_truth(forecasts: Any, truth: Series, level: float) -> pd.DataFrame:
    """A row for each time that was forecast and is known, from the last forecast of it.

    Only forecasts that are over: those with a step after the end of the truth are left out, since a share of some steps
    may raise an alarm that all steps would not.

    Returns
    -------
    DataFrame
        Columns ``unique_id``, ``ds``, ``low``, ``high``, ``y`` and ``turn``, a number of the forecast, which grows with
        its cutoff.
    """
    tables = forecasts if isinstance(forecasts, (list, tuple)) else [forecasts]
    if not tables:
        raise DataError("forecasts is empty; give at least one past forecast.")
    past = pd.concat([_rows_of(table, level, place) for place, table in enumerate(tables)], ignore_index=True)
    known = _truth_rows(truth)
    kinds = time_kind(pd.Index(past["ds"])), time_kind(pd.Index(known["ds"]))
    if kinds[0] != kinds[1]:
        raise DataError(
            f"The times of the forecasts are {kinds[0]}, those of the truth {kinds[1]}; give the same kind."
        )
    if past["unique_id"].nunique() == 1 and known["unique_id"].nunique() == 1:
        past["unique_id"] = known["unique_id"].iloc[0]  # a frame of one series may have no name
    begins = past.groupby(["place", "cutoff"], sort=False)["ds"].transform("min")
    order = pd.MultiIndex.from_arrays([begins, past["cutoff"], past["place"]])
    past["turn"] = order.sortlevel()[0].unique().get_indexer(order)
    last = past.sort_values("turn", kind="stable").drop_duplicates(_KEYS, keep="last")
    over = last.groupby("turn")["ds"].transform("max") <= known["ds"].max()
    rows = last[over].merge(known, on=_KEYS, how="inner")
    if rows.empty:
        raise DataError(
            f"No forecast, of {past['ds'].min()} to {past['ds'].max()}, has its last step that counts in the truth, "
            f"which ends at {known['ds'].max()}; both need the same names of series."
        )
    rows = rows.sort_values(["turn", *_KEYS], kind="stable", ignore_index=True)
    return rows[[*_KEYS, "low", "high", "y", "turn"]]


def _rows_of(table: Any, level: float, place: int) -> pd.DataFrame:
    """The intervals of one forecast: ``unique_id``, ``ds``, ``low``, ``high``, ``cutoff`` and ``place``."""
    if isinstance(table, Forecast):
        table = table.to_frame(level=[level])
    table = table_of(table)
    if not isinstance(table, pd.DataFrame):
        raise ContainerTypeError(
            f"A {type(table).__name__} is no past forecast with times and intervals; give a Forecast or a frame, as "
            "predict(horizon, level=80) and tsforecast forecast make them."
        )
    frame = _long(table)
    ends = [f"lo-{level:g}", f"hi-{level:g}"]
    absent = [name for name in ("ds", *ends) if name not in frame.columns]
    if absent:
        raise ParameterError(
            f"level={level:g}: a forecast has no column {absent[0]!r}, but {list(map(str, frame.columns))}. Forecast "
            "with that level, or watch one that is there."
        )
    if "model" in frame.columns and frame["model"].nunique() > 1:
        raise DataError(f"A table holds forecasts of {frame['model'].nunique()} models; watch one at a time.")
    rows = pd.DataFrame({"unique_id": frame["unique_id"] if "unique_id" in frame.columns else "y"}, index=frame.index)
    rows["ds"] = _times(frame["ds"], "forecasts")
    for name, end in zip(("low", "high"), ends, strict=True):
        rows[name] = pd.to_numeric(frame[end]).astype(np.float64)
    rows["cutoff"] = _times(frame["cutoff"], "cutoff") if "cutoff" in frame.columns else rows["ds"].iloc[0]
    if rows.duplicated(["unique_id", "ds", "cutoff"]).any():
        twice = rows[rows.duplicated(["unique_id", "ds", "cutoff"])].iloc[0]
        raise DataError(
            f"A forecast has two rows for series {twice['unique_id']!r} at {twice['ds']}. Give the forecasts of "
            "several nights as a list of frames, or with a column cutoff."
        )
    return rows.dropna(subset=["low", "high"]).assign(place=place)


def _long(table: pd.DataFrame) -> pd.DataFrame:
    """A frame with columns ``ds`` and statistics, of one that `predict` gave in any layout."""
    if isinstance(table.columns, pd.MultiIndex):
        pieces = {name: table[name] for name in table.columns.get_level_values(0).unique()}
        frame = pd.concat(pieces, names=_KEYS).reset_index()
        return frame.dropna(subset=[c for c in frame.columns if c not in _KEYS], how="all")
    return table if "ds" in table.columns else table.rename_axis("ds").reset_index()


def _times(column: "pd.Series[Any]", what: str) -> "pd.Index[Any]":
    return parse_times(column, np.array([0, len(column)]), pd.Index([what]))


def _truth_rows(truth: Series) -> pd.DataFrame:
    """What came: ``unique_id``, ``ds``, ``y``, without missing values."""
    given, _ = series_of_native(truth)
    if isinstance(given, (np.ndarray, list, Sequence)):
        raise ContainerTypeError("truth is an array, which has no times; give a Series, a frame or a Panel.")
    panel, _ = to_panel(without_empty_end(given), gaps="nan")
    return panel.to_frame()[[*_KEYS, "y"]].dropna(subset=["y"])
