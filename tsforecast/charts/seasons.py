"""plot_seasons: each season as a line over its periods, and each period over the seasons."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Index, Ints
from tsforecast.charts.reading import chosen_places, panel_with_gaps
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.containers import Series
from tsforecast.panel.times.dates import MONTH_NAMES
from tsforecast.panel.times.frequency import freq_name
from tsforecast.panel.times.offsets import WEEKDAYS
from tsforecast.panel.whole_numbers import whole_number
from tsforecast.plots.canvas import drawing, label, new_figure, short_name
from tsforecast.plots.seasons import draw_season_lines, draw_subseries

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_seasons(y: Series, *, season_length: int | None = None, series: Any = None) -> "Figure":
    """A Figure with two panels: one line a season over its periods, and each period by itself over the seasons.

    Parameters
    ----------
    y : Series, DataFrame, ndarray or Panel
    season_length : int, optional
        Steps per season; by default the usual one of the frequency.
    series : str, optional
        Which of several series; the first by default.

    Raises
    ------
    ParameterError
        The frequency has no usual season, or the series is shorter than one season.
    UnknownNameError
        There is no series of that name.

    Examples
    --------
    >>> from tsforecast import load
    >>> figure = plot_seasons(load("airline").series)
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['airline: each season', 'airline: each period']
    """
    panel = panel_with_gaps(y)
    places = chosen_places(panel.ids, series, 1)
    if len(places) > 1:
        raise ParameterError(f"series={series!r} names {len(places)} series; seasons are drawn of one.")
    place = places[0]
    length = panel.season_length if season_length is None else whole_number("season_length", season_length, 2)
    name, values = panel.ids[place], panel.series(place)
    if length < 2:
        raise ParameterError(
            f"The frequency {freq_name(panel.freq)!r} has no usual season; give season_length=, the steps per season."
        )
    if values.size < length + 1:
        raise ParameterError(f"Series {name!r} has {values.size} observations, not more than a season of {length}.")
    times = panel.times_of(place)
    first, periods = _calendar(times, length, panel)
    table, labels = _by_season(values, times, first, length)
    with drawing():
        figure = new_figure(7.2, 5.6)
        upper, lower = figure.subplots(2, 1)
        draw_season_lines(upper, table, labels, periods)
        label(upper, f"{short_name(name, 50)}: each season")
        draw_subseries(lower, table, periods)
        label(
            lower,
            f"{short_name(name, 50)}: each period",
            note="within a period from the first season to the last, with the mean",
        )
    return figure


def _calendar(times: Index, length: int, panel: Panel) -> tuple[int, list[str]]:
    """The period of the first time, from 0, and the names of all periods."""
    numbers = [str(k + 1) for k in range(length)]
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if not isinstance(times, pd.DatetimeIndex):
        return 0, numbers
    name, first = freq_name(panel.freq), times[0]
    if length == 12 and name[:1] == "M":
        return first.month - 1, list(MONTH_NAMES)
    if length == 4 and name[:1] == "Q":
        return first.quarter - 1, [f"Q{k + 1}" for k in range(4)]
    if length == 7 and name == "D":
        return first.weekday(), list(WEEKDAYS)
    if length == 24 and name == "h":
        return first.hour, [f"{k}h" for k in range(24)]
    return 0, numbers


def _by_season(values: Floats, times: Index, first: int, length: int) -> tuple[Floats, list[str]]:
    """One row a season, nan where the first or last is not whole: ``(n_seasons, length)``; the name of each row."""
    n_seasons = -(-(first + values.size) // length)
    table = np.full(n_seasons * length, np.nan)
    table[first : first + values.size] = values
    starts: Ints = np.maximum(np.arange(n_seasons) * length - first, 0)
    begun = times.take(starts)
    dates = isinstance(begun, (pd.DatetimeIndex, pd.PeriodIndex))
    labels = [(f"{t.year}" if length in (4, 12) else f"{t:%Y-%m-%d}") if dates else str(t) for t in begun]
    return table.reshape(n_seasons, length), labels
