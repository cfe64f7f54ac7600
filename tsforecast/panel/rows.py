"""Rows of series made regular, cut and joined: what `Panel` does with its arrays."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.exceptions import DataError, GapError
from tsforecast.panel.ends import check_ends, cut_ends
from tsforecast.panel.regular import (
    Gaps,
    check_fillable,
    check_gaps,
    check_increasing,
    fill_gaps,
    fill_values,
    first_irregular,
    snap_times,
)
from tsforecast.panel.times.frequency import Freq, freq_name, parse_freq
from tsforecast.panel.times.infer_frequency import infer_freq

if TYPE_CHECKING:
    from tsforecast.panel.panel import Panel


class RegularRows(NamedTuple):
    """Values and times, each ``(n_obs,)``, where each series begins, the frequency, and covariates."""

    values: Floats
    times: Index
    indptr: Ints
    freq: Freq
    table: Floats | None


def regular_rows(
    values: Floats,
    times: Index,
    indptr: Ints,
    ids: Index,
    freq: str | Freq | None,
    gaps: Gaps,
    table: Floats | None = None,
) -> RegularRows:
    """The rows with regular times, and with a nan row at each skipped time; errors as `Panel.from_frame`."""
    check_gaps(gaps)
    check_increasing(times, indptr, ids)
    if gaps == "error":
        check_ends(values, times, indptr, ids)
    else:
        values, times, indptr, table = cut_ends(values, times, indptr, ids, table)
    wanted = None if freq is None else parse_freq(freq)
    if gaps == "snap":
        times, wanted = snap_times(times, indptr, wanted)
    step = infer_freq(times, indptr, ids) if wanted is None else wanted
    error = first_irregular(times, indptr, ids, step)
    if error is not None:
        if gaps == "error" and isinstance(error, GapError):
            check_fillable(times, indptr, ids, step)
        if gaps == "error" or not isinstance(error, GapError):
            raise error
        values, times, indptr, table = fill_gaps(values, times, indptr, ids, step, table)
    values = fill_values(values, indptr, gaps)
    return RegularRows(
        values, times, indptr, parse_freq(times.freq) if isinstance(times, pd.PeriodIndex) else step, table
    )


def index_of(data: "pd.DataFrame | pd.Series[Any]") -> "pd.Series[Any]":
    """The index of a frame or a series as a column."""
    if isinstance(data.index, pd.MultiIndex):
        raise DataError(
            f"The index has {data.index.nlevels} levels; one of times is needed. reset_index() makes a long frame, "
            "with columns unique_id, ds and y."
        )
    return pd.Series(data.index)


def join(array: Floats, pieces: Sequence[slice]) -> Floats:
    """Slices of an array, concatenated; a view where there is only one."""
    return array[pieces[0]] if len(pieces) == 1 else np.concatenate([array[piece] for piece in pieces])


def join_times(times: Index, pieces: Sequence[slice]) -> Index:
    """Slices of times, concatenated."""
    if len(pieces) == 1:
        return times[pieces[0]]
    if not isinstance(times, pd.DatetimeIndex):
        return pd.Index(join(times.to_numpy(), pieces), dtype=times.dtype)
    joined = pd.DatetimeIndex(join(times.asi8.view(f"M8[{times.unit}]"), pieces))
    return joined if times.tz is None else joined.tz_localize("UTC").tz_convert(times.tz)


def frame_of(panel: "Panel") -> pd.DataFrame:
    """A long frame of all that a panel holds: see `Panel.to_frame`."""
    frame = pd.DataFrame({"unique_id": panel.ids.repeat(panel.lengths), "ds": panel.times, "y": panel.values})
    for table, names in ((panel.covariates, panel.covariate_names), (panel.past_covariates, panel.past_names)):
        for i, name in enumerate(names):
            frame[name] = None if table is None else table[:, i]
    for name, column in {} if panel.static is None else panel.static.items():
        frame[name] = column.repeat(panel.lengths).array
    return frame


def fingerprint_of(panel: "Panel") -> str:
    """Hexadecimal SHA-256 of all that a panel holds."""
    digest = hashlib.sha256()
    table = b"" if panel.covariates is None else panel.covariates.tobytes()
    stamps = np.asarray(
        panel.times.to_numpy() if not hasattr(panel.times, "asi8") else panel.times.asi8, dtype=np.int64
    )
    header = repr((freq_name(panel.freq), str(panel.times.dtype), panel.ids.tolist(), panel.covariate_names))
    about = b"" if panel.static is None else repr(panel.static.to_dict("list")).encode()
    about += b"" if panel.left_out is None else panel.left_out.tobytes()
    if panel.past_covariates is not None:
        about += repr(panel.past_names).encode() + panel.past_covariates.tobytes()
    if panel.levels or panel.calendar is not None:
        about += repr((sorted(panel.levels.items()), panel.calendar)).encode()
    for part in (header.encode(), panel.values.tobytes(), stamps.tobytes(), panel.indptr.tobytes(), table, about):
        digest.update(part)
    return digest.hexdigest()
