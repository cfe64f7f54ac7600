"""One row for each series and time, in order: revisions, rows for one time, and rows in another order."""

import dataclasses

import numpy as np
import pandas as pd

from tsforecast._types import Ints
from tsforecast.data.cells.times import read_times
from tsforecast.data.columns import Body
from tsforecast.data.faults import Fault, Faults, shown
from tsforecast.data.files.table import FILE, Remark
from tsforecast.data.guess import keys_of, kind_of_column, n_repeated
from tsforecast.data.layout import Layout
from tsforecast.data.reading import Reading
from tsforecast.data.rows.duplicates import by_time, merged, repeats
from tsforecast.data.rows.order import oldest_first
from tsforecast.data.rows.revisions import known_by, oldest_revision_first
from tsforecast.exceptions import DataError, DisorderError, DuplicateTimeError, ParameterError
from tsforecast.panel.regular import CLOCKS, is_clock_change, is_local_clock
from tsforecast.panel.times.shown import time_text


def latest_known(body: Body, layout: Layout, options: Reading, faults: Faults) -> Body:
    """Of each series and time the last value known at ``as_of``; unchanged without a column of revisions."""
    name = layout.revision
    if name is None:
        return body
    form = dataclasses.replace(options, time_format=None)
    try:
        revisions = read_times(body.table.columns[name], form)
        if revisions.bad.size:
            place = revisions.bad[:1]
            cell = revisions.cells(int(place[0]))
            raise DataError(f"holds {cell!r} in {body.table.where(place.tolist())[0]}, which is no date of a revision")
    except DataError as error:
        faults.add(Fault(f"column {name!r}: {error}"))
        return body
    try:
        known = known_by(revisions.index, options.as_of)
    except DataError as error:
        raise ParameterError(str(error)) from error
    if not known.any():
        raise ParameterError(f"as_of={options.as_of!r}: nothing was known then; {name!r} begins later.")
    order = oldest_revision_first(revisions.index)
    then = body.picked(order[known[order]])
    data, first = merged(then.data, then.codes, then.index, "last", [])
    when = "the last value known" + ("" if options.as_of is None else f" by {options.as_of}")
    told = Remark(f"{when} is taken, by {name!r}: {len(first)} of {len(known)} rows")
    found = dataclasses.replace(then.picked(first), data=data, remarks=(*body.remarks, told))
    return found.picked(np.argsort(found.rows, kind="stable"))


def one_row_a_time(body: Body, layout: Layout, options: Reading, faults: Faults) -> Body:
    """Rows for one series and time made one, as the option says; a fault, and the first row, where it does not."""
    again, first = repeats(body.codes, body.index)
    if not again.size:
        return body
    how = options.duplicates
    if how == "error" and not layout.is_long and body.table.parts and _complement(body):
        how = "first"
    elif how == "error":
        faults.add(_repeated(body, layout, options, again, first))
        return body.picked(np.setdiff1d(np.arange(len(body.index)), again))
    data, places = merged(body.data, body.codes, body.index, how, list(layout.values))
    n_fewer = len(body.index) - len(places)
    rows = f"{n_fewer} row{'s' if n_fewer > 1 else ''}"
    told = Remark(f"{rows} for a time that another row has: {how} (--duplicates)")
    remarks = body.remarks if options.duplicates == "error" else (*body.remarks, told)
    return dataclasses.replace(body.picked(places), data=data, remarks=remarks)


def _complement(body: Body) -> bool:
    """Whether no cell holds a value in two rows for one time, as where each file has other series."""
    keys = pd.factorize(pd.MultiIndex.from_arrays([body.codes, body.index]))[0]
    return bool((body.data.groupby(keys).count() <= 1).all(axis=None))


def _repeated(body: Body, layout: Layout, options: Reading, again: Ints, first: Ints) -> Fault:
    row, other = int(again[0]), int(first[0])
    time = time_text(body.index[row])
    lines = body.where(np.array([other, row]))
    more = f" (and so it is with {again.size - 1} more rows)" if again.size > 1 else ""
    name = body.name(row) if body.names else f"Series {layout.values[0]!r}" if layout.is_long and layout.values else ""
    what = f"{name} has two observations at {time}, in {lines[0]} and {lines[1]}{more}"
    if not layout.is_long:
        what = f"{lines[1]} has the time {time}, and so has {lines[0]}{more}; a wide file has one row for each time"
    hint, words = _way_out(body, layout, again, first)
    return Fault(what, hint, words, DuplicateTimeError)


def _way_out(body: Body, layout: Layout, again: Ints, first: Ints) -> tuple[str, tuple[str, ...]]:
    """What mends rows for one time, as the case is."""
    columns = body.table.columns
    others = [name for name in (*layout.unused, *([FILE] if body.table.parts else [])) if name not in layout.ids]
    told = [*layout.times, *layout.ids]
    if layout.is_long:
        usable = [name for name in others if kind_of_column(columns[name]) in ("text", "number")]
        usable = [name for name in usable if kind_of_column(columns[name]) == "text"] or usable
        keys = keys_of(body.table, told, usable)
        if keys and n_repeated(body.table, [*told, *keys]) < n_repeated(body.table, told) / 2:
            words = ("--id_col", *layout.ids, *keys)
            return f"{' and '.join(map(repr, keys))} tells them apart: {' '.join(words)}.", words
        dates = [name for name in others if kind_of_column(columns[name]) == "date"]
        if dates and n_repeated(body.table, [*told, dates[0]]) == 0:
            words = ("--revision_col", dates[0])
            return f"If {dates[0]!r} says when a value became known, take the last one: {' '.join(words)}.", words
    elif body.table.parts and n_repeated(body.table, [*layout.times, FILE]) == 0:
        words = ("--id_col", FILE, "--time_col", *layout.times, "--target_col", layout.values[0])
        return f"Where each file is a series of its own, name the series by their files: {' '.join(words)}.", words
    if body.data.iloc[again].reset_index(drop=True).equals(body.data.iloc[first].reset_index(drop=True)):
        return "The rows are the same: --duplicates first.", ("--duplicates", "first")
    order = by_time(body.codes, body.index)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(body.codes))]).astype(np.int64)
    hour = is_local_clock(body.index.take(order), indptr) and is_clock_change(body.index[int(again[0])])
    way = "Say which counts: --duplicates first (or last, mean, sum)."
    return f"{way}{CLOCKS if hour else ''}", ("--duplicates", "first")


def rows_in_order(body: Body, options: Reading, faults: Faults) -> Body:
    """Rows of each series in order of time: turned round where they all go back, sorted where that is asked for."""
    turned = oldest_first(body.index, body.codes)
    if turned is not None:
        told = Remark("rows go from the newest to the oldest, and are turned round")
        return dataclasses.replace(body.picked(turned), remarks=(*body.remarks, told))
    rows = np.argsort(body.codes, kind="stable")
    order = by_time(body.codes, body.index)
    if (rows == order).all():
        return body
    if not options.sort:
        faults.add(_back_in_time(body, rows))
    return body.picked(order)


def _back_in_time(body: Body, rows: Ints) -> Fault:
    codes, times = body.codes[rows], body.index.take(rows)
    back = np.flatnonzero((np.diff(codes) == 0) & np.asarray(times[1:] < times[:-1])) + 1
    row = int(back[0])
    where = body.where(rows[back[:4]])
    more = f" (and so do {shown(where[1:], back.size - 1)})" if back.size > 1 else ""
    name = body.name(int(rows[row]))
    before, after = time_text(times[row - 1]), time_text(times[row])
    return Fault(
        f"{name} goes back in time, from {before} to {after}, in {where[0]}{more}",
        "Rows in any order are sorted with --sort.",
        ("--sort",),
        DisorderError,
    )
