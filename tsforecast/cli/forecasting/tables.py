"""The tables of a forecast: a row for each series and step, and a row for each series by how certain it is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index
from tsforecast.data.keys import split_keys
from tsforecast.forecast import Forecast


def forecast_table(forecast: Forecast, level: Sequence[float], keys: Sequence[str]) -> pd.DataFrame:
    """A row for each series and step: ``unique_id`` or key columns, ``ds``, ``mean``, and ``lo-80``, ``hi-80``, ….

    Parameters
    ----------
    forecast : Forecast
    level : sequence of float
    keys : sequence of str
        Columns that named the series together; one or none leaves ``unique_id``.
    """
    frame = forecast.to_frame(level=level)
    named = named_by(forecast.ids, keys)
    rows = np.arange(len(forecast.ids)).repeat(forecast.horizon)
    return pd.concat([named.iloc[rows].reset_index(drop=True), frame.drop(columns="unique_id")], axis=1)


def certainty_table(forecast: Forecast, level: float, keys: Sequence[str]) -> pd.DataFrame:
    """A row for each series, the most certain first: mean forecast, mean width of an interval, and their ratio.

    ``relative_width`` is the width in percent of the mean size of the forecast, empty where that is 0; such series are
    last.

    Examples
    --------
    >>> ends = np.array([[[9.0, 11.0]], [[1.0, 3.0]]])
    >>> forecast = Forecast(ends.mean(axis=2), ends, np.array([0.1, 0.9]), pd.Index(["a", "b"]), pd.Index([4, 4]), 1)
    >>> certainty_table(forecast, 80, ["unique_id"])
      unique_id  mean  width-80  relative_width
    0         a  10.0       2.0            20.0
    1         b   2.0       2.0           100.0
    """
    low, high = forecast.interval(level)
    width, size = (high - low).mean(axis=1), np.abs(forecast.mean).mean(axis=1)
    relative = np.full(width.size, np.nan)
    np.divide(100 * width, size, out=relative, where=size > 0)
    table = named_by(forecast.ids, keys)
    table["mean"], table[f"width-{level:g}"], table["relative_width"] = forecast.mean.mean(axis=1), width, relative
    return table.sort_values("relative_width", kind="stable", na_position="last", ignore_index=True)


def named_by(ids: Index, keys: Sequence[str]) -> pd.DataFrame:
    """The names of the series as one column, or as the key columns that they were made of: a row for each series."""
    if len(keys) < 2:
        return pd.DataFrame({"unique_id": ids})
    return pd.DataFrame(split_keys(ids), columns=list(keys))


def usual_decimals(values: Floats) -> int:
    """Decimals by which the larger of some numbers have three digits or more.

    Examples
    --------
    >>> usual_decimals(np.array([431.2, 7.0])), usual_decimals(np.array([0.0123])), usual_decimals(np.array([np.nan]))
    (0, 4, 0)
    """
    known = np.abs(values[np.isfinite(values)])
    largest = float(np.quantile(known, 0.9)) if known.size else 0.0
    return 0 if largest == 0 else int(np.clip(2 - np.floor(np.log10(largest)), 0, 10))


def decimals_beside(values: Floats, width: Floats) -> int:
    """Decimals by which some numbers, and what lies between the ends of their intervals, can be told apart.

    Examples
    --------
    >>> decimals_beside(np.array([101.2]), np.array([3.1])), decimals_beside(np.array([431.2]), np.array([33.0]))
    (1, 0)
    """
    usual = usual_decimals(values)
    known = width[np.isfinite(width) & (width > 0)]
    needed = 1 - int(np.floor(np.log10(np.median(known)))) if known.size else 0
    return int(np.clip(needed, usual, usual + 2))
