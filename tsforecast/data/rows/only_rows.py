"""Rows of a file as a frame, whatever series they are of: covariates of the future have no values beside them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tsforecast.data.columns import body_of
from tsforecast.data.faults import Fault, Faults
from tsforecast.data.files.load import file_table
from tsforecast.data.guess import dates_among
from tsforecast.data.layout import Layout
from tsforecast.data.reading import Reading


def rows_of(paths: Sequence[str | Path], options: Reading) -> pd.DataFrame:
    """The covariates of files: ``ds`` and a column for each that is there, and ``unique_id`` where it names series.

    Raises
    ------
    DataError
        The times cannot be read, or a covariate holds what is neither a number nor a word.
    """
    options = options.checked()
    faults = Faults(str(paths[0]))
    table = file_table(list(paths), options, faults)
    names = table.columns.column_names
    ids = tuple(name for name in options.ids or ("unique_id",) if name in names)
    first = "ds" if "ds" in names else dates_among(table, [name for name in names if name not in ids], options)
    times = options.time_cols or (() if first is None else (first,))
    if not times:
        faults.add(Fault(f"{faults.name} has no column of times", "Name it with --time_col."))
        faults.raise_if_any()
    held = tuple(name for name in options.covariates if name in names)
    body = body_of(table, Layout(True, ids, times, (), held, (), None), options, faults)
    faults.raise_if_any()
    if body is None:
        return pd.DataFrame({"ds": pd.DatetimeIndex([])})
    frame = pd.DataFrame({"ds": body.index, **{name: body.data[name].to_numpy() for name in held}})
    if body.names:
        frame.insert(0, "unique_id", np.array(body.names, dtype=object)[body.codes])
    return frame
