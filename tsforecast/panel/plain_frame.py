"""Tells a plain frame, with dates in a column and a row number as index, from a wide one."""

from typing import Any

import pandas as pd

from tsforecast.exceptions import DataError
from tsforecast.panel.times.dates import is_date

_PEEK = 20  # cells of a column that are looked at


def check_is_wide(frame: pd.DataFrame) -> None:
    """Raise a `DataError`, with the code that mends it, for a frame that has dates in a column.

    Examples
    --------
    >>> check_is_wide(pd.DataFrame({"date": pd.date_range("2024-01-01", periods=2), "sales": [1.0, 2.0]}))
    Traceback (most recent call last):
    tsforecast.exceptions.DataError: The frame has its times in the column 'date' and not in its index. Put them there:
    y = frame.set_index('date')
    """
    if isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex)) or isinstance(frame.columns, pd.MultiIndex):
        return
    times = [name for name in frame.columns if _holds_dates(frame[name])]
    if not times:
        return
    time, others = times[0], [name for name in frame.columns if name not in times]
    texts = [name for name in others if _holds_texts(frame[name])]
    numbers = [name for name in others if name not in texts]
    is_repeated = bool(frame[time].duplicated().any())
    keys = (
        [name for name in texts if frame[name].nunique() > 1]
        or texts
        or [name for name in numbers if is_repeated and _tells_apart(frame, time, name)][:1]
    )
    values = [name for name in numbers if name not in keys]
    if keys and values:
        raise DataError(_long_message(frame, time, keys, values))
    if is_repeated:
        row = int(frame[time].duplicated().to_numpy().argmax())
        raise DataError(
            f"The frame has its times in the column {time!r}, in which {frame[time].iloc[row]} stands twice, and no "
            "column that names series. Make one row of them: "
            f"y = frame.groupby({time!r})[{[str(name) for name in values]}].sum()"
        )
    raise DataError(
        f"The frame has its times in the column {time!r} and not in its index. Put them there: "
        f"y = frame.set_index({time!r}){f'[{values}]' if texts else ''}"
    )


def _long_message(frame: pd.DataFrame, time: Any, keys: list[Any], values: list[Any]) -> str:
    also = "" if len(values) == 1 else f" (or another of {', '.join(map(repr, values))})"
    named, source = repr(keys[0]), "frame"
    if len(keys) > 1:
        joined = " + '/' + ".join(f"frame[{key!r}].astype(str)" for key in keys)
        named, source = "'unique_id'", f"frame.assign(unique_id={joined})[{['unique_id', time, values[0]]}]"
    return (
        f"The frame is long: it has its times in the column {time!r} and names of series in "
        f"{' and '.join(map(repr, keys))}. Name its columns: y = Panel.from_frame({source}, id_col={named}, "
        f"time_col={time!r}, target_col={values[0]!r}){also}, with Panel from tsforecast.panel"
    )


def _holds_dates(column: "pd.Series[Any]") -> bool:
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return True
    cells = column.dropna().head(_PEEK).tolist()
    texts = [cell for cell in cells if isinstance(cell, str) and any(sign.isdigit() for sign in cell)]
    return bool(cells) and len(texts) == len(cells) and all(map(is_date, texts))


def _holds_texts(column: "pd.Series[Any]") -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or any(
        isinstance(cell, str) for cell in column.dropna().head(_PEEK)
    )


def _tells_apart(frame: pd.DataFrame, time: Any, name: Any) -> bool:
    """Whether a column of whole numbers tells rows of one time apart, and few of them are different."""
    column = frame[name]
    is_few = pd.api.types.is_integer_dtype(column) and 2 * column.nunique() <= len(column)
    return bool(is_few and not frame.duplicated([time, name]).any())
