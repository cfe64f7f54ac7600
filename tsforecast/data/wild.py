"""Finds single values that are many times as large, or as small, as all others of their series."""

import dataclasses

import numpy as np

from tsforecast._texts import short_text
from tsforecast._types import Floats, Ints
from tsforecast.data.columns import Body
from tsforecast.data.layout import Layout
from tsforecast.panel import Panel
from tsforecast.panel.times.shown import time_text

_FACTOR = 20.0  # times the next largest value, or less than the next smallest
_FEWEST = 8  # values of a series in which one can be wild
_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class WildValue:
    """A value and how many times it is the next largest of its series, or smaller than the next smallest."""

    row: int
    series: int
    times: float
    is_large: bool


def wild_values(panel: Panel) -> list[WildValue]:
    """The value of each series that is at least 20 times as large as all others, or as small: one a series at most.

    Examples
    --------
    >>> wild_values(Panel.from_array([3.0, 4.0, 3.0, 500.0, 4.0, 3.0, 4.0, 5.0]))
    [WildValue(row=3, series=0, times=100.0, is_large=True)]
    """
    size = np.abs(panel.values)
    begins, series = panel.indptr[:-1], np.repeat(np.arange(panel.n_series), panel.lengths)
    known = np.where(np.isfinite(size) & (size > 0), size, np.nan)
    is_long = np.add.reduceat(np.isfinite(known), begins) >= _FEWEST
    found: list[WildValue] = []
    for is_large in (True, False):
        signed = np.where(np.isnan(known), -np.inf, known if is_large else -known)
        first = np.maximum.reduceat(signed, begins)
        at = _rows_of(signed, first, series, begins)
        rest = signed.copy()
        rest[at] = -np.inf
        second = np.maximum.reduceat(rest, begins)
        with np.errstate(invalid="ignore", divide="ignore"):
            times = first / second if is_large else second / first
        far = is_long & (times >= _FACTOR) & np.isfinite(second)
        if not is_large:  # series that begin, end or pass near zero have small values
            inner = (at > begins) & (at < panel.indptr[1:] - 1)
            far &= inner & (np.minimum.reduceat(panel.values, begins) > 0)
        found += [WildValue(int(at[i]), i, float(times[i]), is_large) for i in np.flatnonzero(far).tolist()]
    return found


def _rows_of(values: Floats, first: Floats, series: Ints, begins: Ints) -> Ints:
    """The first row of each series that holds its greatest value."""
    rows = np.where(values == first[series], np.arange(values.size), values.size)
    return np.minimum(np.minimum.reduceat(rows, begins), values.size - 1)


def wild_told(body: Body, layout: Layout, panel: Panel) -> str:
    """A sentence on wild values with their lines; empty where there are none."""
    found = wild_values(panel)
    if not found:
        return ""
    parts = []
    for one in found[:_SHOWN]:
        name, time = str(panel.ids[one.series]), panel.times[one.row]
        rows = body.index == time
        if layout.is_long and body.names:
            rows &= body.codes == body.names.index(name)
        where = body.where(np.flatnonzero(rows)[:1])
        than = "times the next largest value" if one.is_large else "times smaller than the next smallest value"
        value = short_text(float(panel.values[one.row]))
        parts.append(
            f"{name!r} is {value} at {time_text(time, panel.freq)}{f', in {where[0]}' if where else ''}, "
            f"{one.times:,.0f} {than}"
        )
    more = f"; and so are {len(found) - _SHOWN:,} more series" if len(found) > _SHOWN else ""
    return f"{'; '.join(parts)}{more}. Is a decimal sign or a digit wrong there? Nothing is changed."
