"""Lines over time that break where a value is missing, and axes of times."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Index

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_MOST_TICKS, _INCHES = 8, 0.55  # ticks of an axis of times, and what each needs
_FORMATS = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"]  # of ticks of years, months, days, hours, minutes, seconds
_AT_BEGINS = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]  # of ticks at the first of the longer unit
_OFFSETS = ["", "", "%Y", "%Y", "%d %b %Y", "%d %b %Y %H:%M"]  # beside the axis
_ENOUGH_TICKS = 7  # that the locator finds an interval for in any range of under three of the longer unit
_FEWEST_TICKS = 5  # that the locator of matplotlib finds an interval for in any range of less than years


def draw_line(
    ax: "Axes",
    times: Index,
    values: Floats,
    *,
    colour: str,
    name: str = "",
    style: "str | tuple[float, tuple[float, ...]]" = "-",
    width: float = 1.4,
    order: float = 2.0,
) -> "Line2D":
    """A line that is interrupted where values are missing; a value between two missing ones is a dot.

    Parameters
    ----------
    times : Index, shape (n,)
        Regular: what is missing is nan in ``values``, not absent.
    values : ndarray, shape (n,)
    """
    x = drawn_times(times)
    (line,) = ax.plot(x, values, color=colour, linestyle=style, linewidth=width, zorder=order, label=name or "_line")
    alone = alone_between_gaps(values)
    if alone.any():
        ax.plot(x[alone], values[alone], ".", color=colour, markersize=3.5, zorder=order, label="_alone")
    return line


def alone_between_gaps(values: Floats) -> Bools:
    """Whether a value has no neighbour, so that no line would show it: ``(n,)``.

    Examples
    --------
    >>> alone_between_gaps(np.array([1.0, np.nan, 3.0, 4.0])).tolist()
    [True, False, False, False]
    """
    known = np.isfinite(values)
    before, after = np.concatenate([[False], known[:-1]]), np.concatenate([known[1:], [False]])
    return np.asarray(known & ~before & ~after)


def drawn_times(times: Index) -> "np.ndarray[tuple[int], np.dtype[Any]]":
    """Times as matplotlib draws them: dates without a zone, periods by their beginning, or numbers.

    Examples
    --------
    >>> drawn_times(pd.period_range("2024-01", periods=1, freq="M"))
    array(['2024-01-01T00:00:00'], dtype='datetime64[s]')
    """
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if isinstance(times, pd.DatetimeIndex):
        return times.tz_localize(None).to_numpy().astype("M8[s]" if (times.microsecond == 0).all() else "M8[us]")
    return np.asarray(times.to_numpy())


def time_axis(ax: "Axes", times: Index) -> None:
    """Ticks for these times: few enough not to overlap, whole numbers where times are."""
    from matplotlib.dates import (
        DAILY,
        HOURLY,
        MICROSECONDLY,
        MINUTELY,
        MONTHLY,
        SECONDLY,
        YEARLY,
        AutoDateLocator,
        ConciseDateFormatter,
    )
    from matplotlib.ticker import MaxNLocator

    figure = ax.get_figure()
    width = _INCHES * _MOST_TICKS if figure is None else ax.get_position().width * figure.bbox.width / figure.dpi
    most = int(np.clip(width / _INCHES, 2, _MOST_TICKS))
    if isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)):
        shorter = dict.fromkeys((MONTHLY, DAILY, HOURLY, MINUTELY, SECONDLY, MICROSECONDLY), max(most, _FEWEST_TICKS))
        fewest = 3 if most >= _ENOUGH_TICKS else 2  # months of two years are shown, where there is room
        locator = AutoDateLocator(minticks=fewest, maxticks={YEARLY: most, **shorter})
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, None, _FORMATS, _OFFSETS, _AT_BEGINS))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(most, integer=True))
