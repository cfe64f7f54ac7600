"""The panel of rows that are in order; what its times and values lack is told with the option that mends it."""

import contextlib
import dataclasses
import itertools
import logging
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Ints
from tsforecast.data.columns import Body
from tsforecast.data.faults import Fault, Faults
from tsforecast.data.layout import Layout
from tsforecast.data.reading import Reading
from tsforecast.data.rows.duplicates import by_time
from tsforecast.exceptions import CovariateError, DataError, GapError, MissingValuesError, UnusedRowWarning
from tsforecast.panel import Panel
from tsforecast.panel.align import align_covariates
from tsforecast.panel.regular import skipped_before, snap_times
from tsforecast.panel.roles import with_calendar, with_coded
from tsforecast.panel.times.frequency import Freq, parse_freq
from tsforecast.panel.times.infer_frequency import infer_freq
from tsforecast.panel.times.shown import freq_in_words, time_text

_MOST_TRIES = 8  # faults of different sorts that are looked for after one another
_ADVICE = re.compile(r"\((--(?:freq|gaps) [^()]*?) on the command line\)")


def assembled(body: Body, layout: Layout, options: Reading, faults: Faults) -> Panel | None:
    """The panel; None where it cannot be built, with faults for every reason that can be found."""
    body, layout = _without_empty(body, layout, faults)
    if not layout.values:
        return None
    if options.covariate_gaps == "error" and _add_missing_covariates(body, layout, options, faults):
        options = dataclasses.replace(options, covariate_gaps="ffill")
    for _ in range(_MOST_TRIES):
        try:
            return _built(body, layout, options)
        except DataError as error:
            fault = _fault_of(error, body, options)
            faults.add(fault)
            body, layout, options, goes_on = _mended(error, fault, body, layout, options)
        if not goes_on:
            return None
    return None


def _without_empty(body: Body, layout: Layout, faults: Faults) -> tuple[Body, Layout]:
    """Without the series of a wide file that hold nothing, which are faults."""
    if layout.is_long:
        return body, layout
    held = body.data if list(body.data) == list(layout.values) else body.data[list(layout.values)]
    holds_none = np.isnan(held.to_numpy(dtype=np.float64)).all(axis=0)  # at once, as there may be thousands
    empty = [name for name, is_empty in zip(layout.values, holds_none.tolist(), strict=True) if is_empty]
    for name in empty:
        hint = f"Leave the column out: --drop {name}."
        if name not in body.damaged:
            faults.add(Fault(f"Series {name!r} holds nothing but missing values", hint, ("--drop", name)))
    if not empty:
        return body, layout
    return body, dataclasses.replace(layout, values=tuple(name for name in layout.values if name not in empty))


def _add_missing_covariates(every: Body, layout: Layout, options: Reading, faults: Faults) -> bool:
    found = False
    for name in layout.covariates:
        body = _until_last_value(every, layout) if name in options.past_covariates else every
        missing = np.flatnonzero(body.data[name].isna())
        if missing.size:
            found = True
            row = int(missing[0])
            also = f" (and so it is in {missing.size - 1} more rows)" if missing.size > 1 else ""
            of = f" of series {body.names[body.codes[row]]!r}" if body.names else ""
            faults.add(
                Fault(
                    f"Covariate {name}=nan{of} at {body.index[row]}, in {body.where(missing[:1])[0]}{also}; a finite "
                    f"number{' or a text' if body.data[name].dtype == object else ''} is needed",
                    "Fill it in, or have it filled: --covariate_gaps ffill takes the last value before it, interpolate "
                    "a line between its neighbours.",
                    ("--covariate_gaps", "ffill"),
                    CovariateError,
                )
            )
    return found


def _fault_of(error: DataError, body: Body, options: Reading) -> Fault:
    message = str(error)
    if isinstance(error, GapError) and "filling" not in message:
        return _skipped(error, body, options)
    words = tuple(found[1].split()) if (found := _ADVICE.search(message)) else ()
    if isinstance(error, CovariateError) and options.covariate_gaps == "error" and "=nan" in message:
        words = ("--covariate_gaps", "ffill")
    return Fault(message, "", words, type(error))


def _skipped(error: GapError, body: Body, options: Reading) -> Fault:
    """All skipped times in one fault: the first with its lines, and how many there are in how many series."""
    order, indptr = _series(body)
    times = body.index.take(order)
    names = pd.Index(body.names or ("index",))
    freq = infer_freq(times, indptr, names) if options.freq is None else parse_freq(options.freq)
    gaps = skipped_before(times, indptr, freq)
    if not gaps.size:
        return Fault(str(error), "", ("--gaps", "nan"), GapError)
    begin, end = order[gaps[0] - 1], order[gaps[0]]
    where = body.where(np.array([begin, end]))
    series = np.unique(body.codes[order[gaps]]).size
    more = f"; {gaps.size} gaps{f' in {series} series' if series > 1 else ''}" if gaps.size > 1 else ""
    missing = re.search(r"has nothing at (.*?): it goes", str(error))
    skipped = time_text(missing[1]) if missing else "a time"
    before, after = time_text(times[gaps[0] - 1]), time_text(times[gaps[0]])
    what = (
        f"{body.name(int(end))} has nothing at {skipped}: it goes from {before} to {after}, "
        f"from {where[0]} to {where[1]}, and the frequency is {freq_in_words(freq)}{more}"
    )
    hint = "Skipped times become missing values with --gaps nan (or zero, ffill, interpolate, which fill them)."
    clocks = re.search(r" (Where clocks.*)$", str(error))
    return Fault(what, f"{hint} {clocks[1]}" if clocks else hint, ("--gaps", "nan"), GapError)


def _series(body: Body) -> tuple[Ints, Ints]:
    """Rows series by series, and where each series begins."""
    counts = np.bincount(body.codes, minlength=len(body.names) or 1)
    return by_time(body.codes, body.index), np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)


def _mended(
    error: DataError, fault: Fault, body: Body, layout: Layout, options: Reading
) -> tuple[Body, Layout, Reading, bool]:
    """What the options of a fault would make of the rows, to find what else is wrong; False where nothing would."""
    if isinstance(error, MissingValuesError):
        kept = _until_last_value(body, layout)
        return kept, layout, options, len(kept.index) < len(body.index)
    if isinstance(error, CovariateError):
        if fault.options:
            return body, layout, dataclasses.replace(options, covariate_gaps="ffill"), True
        return (
            body,
            dataclasses.replace(layout, covariates=(), static=()),
            options,
            bool(layout.covariates or layout.static),
        )
    if not fault.options:
        return body, layout, options, False
    given: dict[str, Any] = dict(zip(fault.options[::2], fault.options[1::2], strict=True))
    freq = given.get("--freq", options.freq)
    freq = int(freq) if isinstance(freq, str) and freq.isdigit() else freq
    changed = dataclasses.replace(options, freq=freq, gaps=given.get("--gaps", options.gaps))
    return body, layout, changed, changed != options


def _until_last_value(body: Body, layout: Layout) -> Body:
    """Without the rows after the last value of each series."""
    held = body.data[list(layout.values)].notna().any(axis=1).to_numpy()
    order, indptr = _series(body)
    keep = np.zeros(len(order), dtype=bool)
    for begin, end in itertools.pairwise(indptr):
        own = np.flatnonzero(held[order[begin:end]])
        keep[order[begin : begin + own[-1] + 1 if own.size else end]] = True
    return body.picked(np.flatnonzero(keep))


def _built(body: Body, layout: Layout, options: Reading) -> Panel:
    if not layout.is_long:
        return _of_wide(body, layout, options)
    frame = body.data[[*layout.values, *layout.covariates, *layout.static]].copy(deep=False)
    time_col = _free(layout.times[0] if len(layout.times) == 1 else "ds", frame)
    frame[time_col] = body.index
    id_col = _free(layout.ids[0] if len(layout.ids) == 1 else "unique_id", frame)
    if body.names:
        frame[id_col] = pd.Categorical.from_codes(body.codes, pd.Index(body.names, dtype=object))
    return Panel.from_frame(
        frame,
        id_col=id_col,
        time_col=time_col,
        target_col=layout.values[0],
        covariates=[name for name in layout.covariates if name not in options.past_covariates],
        past_covariates=[name for name in layout.covariates if name in options.past_covariates],
        calendar=options.calendar,
        static=layout.static,
        freq=options.freq,
        gaps=options.gaps,
        covariate_gaps=options.covariate_gaps,
    )


def _free(name: str, frame: pd.DataFrame) -> str:
    while name in frame.columns:
        name += "_"
    return name


def _of_wide(body: Body, layout: Layout, options: Reading) -> Panel:
    freq: str | Freq | None = options.freq
    index = body.index
    if options.gaps == "snap":  # covariates move with the series
        index, freq = snap_times(index, np.array([0, len(index)]), None if freq is None else parse_freq(freq))
    frame = body.data.set_axis(index, axis=0)
    panel = Panel.from_wide(frame[list(layout.values)], freq=freq, gaps=options.gaps)
    if not layout.covariates:
        return with_calendar(panel, options.calendar)
    shared = frame[list(layout.covariates)].reset_index(names="ds")
    coded = align_covariates(shared, panel.ids, panel.lengths, panel.times, options.covariate_gaps)
    past = [name for name in layout.covariates if name in options.past_covariates]
    return with_calendar(with_coded(panel, coded, past, options.covariate_gaps), options.calendar)


@contextlib.contextmanager
def unused_rows_logged(name: str, log: logging.Logger) -> Iterator[None]:
    """Context in which warnings of unused rows go to the log, with the name of the file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnusedRowWarning)
        yield
    for message in dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, UnusedRowWarning)):
        log.warning("%s: %s", name, message)
    for one in caught:
        if not issubclass(one.category, UnusedRowWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
