"""plot_forecast: a forecast as a fan after its history."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tsforecast._types import Index
from tsforecast.charts.reading import Forecasts, chosen_places, fans_of, panel_with_gaps
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.containers import Series
from tsforecast.panel.times.frequency import Freq, step_times
from tsforecast.plots.canvas import axes_for, drawing, label, legend_outside, new_figure, plain, short_name
from tsforecast.plots.fan import Fan, columns_of, draw_fan, draw_history, recent
from tsforecast.plots.lines import drawn_times, time_axis
from tsforecast.plots.style import model_style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LARGE = 10_000  # from here on commas stand between thousands
_MOST_PANELS = 12  # series that are shown where the caller names none


def plot_forecast(
    forecast: Forecasts,
    history: Series | None = None,
    *,
    series: Any = None,
    ax: "Axes | None" = None,
    title: str | None = None,
) -> "Axes | Figure":
    """The Axes with history, forecast and its intervals; of several series a Figure with one panel each.

    Parameters
    ----------
    forecast : Forecast, Series, DataFrame or ndarray
        What ``predict`` returned, with or without intervals.
    history : Series, DataFrame, ndarray or Panel, optional
        What was observed; of a long one the last part is shown. Values at the times of the forecast are drawn, too.
    series : str or sequence of str, optional
        Which series to show; by default all, up to twelve.
    ax : Axes, optional
        Where to draw one series; a new figure by default.
    title : str, optional
        By default the name of the series.

    Raises
    ------
    UnknownNameError
        There is no forecast of a series of that name.
    ParameterError
        ``ax`` is given for several series.
    DataError
        There is nothing to draw, or the times of the history are of another kind than those of the forecast.

    Examples
    --------
    >>> from tsforecast import SeasonalNaive, load
    >>> y = load("airline").series
    >>> ax = plot_forecast(SeasonalNaive(12).fit(y).predict(24, level=[80, 95]), history=y)
    >>> ax.get_title(loc="left")
    'airline'
    """
    past = None if history is None else panel_with_gaps(history)
    fans = fans_of(forecast, past)
    names = list(fans)
    places = chosen_places(pd.Index(names, tupleize_cols=False), series, _MOST_PANELS)
    if not places:
        raise DataError("There are no forecasts to draw.")
    if ax is not None and len(places) > 1:
        raise ParameterError(f"ax is one Axes, and there are forecasts of {len(names)} series; name one by series=.")
    with drawing():
        if len(places) == 1:
            name = names[places[0]]
            axes = axes_for(ax)
            found = _draw(axes, name, fans[name](), past)
            label(axes, short_name(name, 60) if title is None else title)
            legend_outside(axes, list(found.values()), list(found))
            return axes
        return _panels({names[place]: fans[names[place]]() for place in places}, past, title, len(names))


def _panels(fans: dict[Any, Fan], past: Panel | None, title: str | None, n_all: int) -> "Figure":
    n_rows, n_columns = columns_of(len(fans))
    figure = new_figure(min(7.2, 3.8 + 3.4 * (n_columns - 1)) if n_columns > 1 else 7.2, 0.7 + 1.8 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    found: dict[str, Artist] = {}
    for ax, (name, fan) in zip(panels, fans.items(), strict=False):
        found |= _draw(ax, name, fan, past)
        label(ax, short_name(name, 60 if n_columns == 1 else 32 if n_columns == 2 else 20))
    for ax in panels[len(fans) :]:
        ax.remove()
    told = title if title is not None else "Forecasts" if n_all == len(fans) else f"{len(fans)} of {n_all:,} series"
    figure.suptitle(plain(told), x=0.01, ha="left")
    figure.legend(list(found.values()), list(found), loc="outside lower left", ncols=4)
    return figure


def _draw(ax: "Axes", name: Any, fan: Fan, past: Panel | None) -> "dict[str, Artist]":
    """One series; the artists of a legend by name."""
    place = -1 if past is None else past.ids.get_indexer(pd.Index([name], tupleize_cols=False))[0]
    place = 0 if place < 0 and past is not None and past.n_series == 1 else place
    times, found = fan.times, {}
    if past is not None and place >= 0:
        begin, stop = int(past.indptr[place]), int(past.indptr[place + 1])
        _check_kinds(past.times, fan.times)
        n_after = int((drawn_times(past.times[begin:stop]) >= drawn_times(fan.times[:1])).sum())
        n = recent(stop - begin - n_after, len(fan.times), past.season_length)
        first = max(stop - n_after - n, begin)
        times = past.times[first:stop]
        found = draw_history(ax, times, past.values[first:stop])
        last = stop - n_after - 1
        if last >= begin:
            fan = _joined(fan, past.times[[last]], float(past.values[last]), past.freq)
    found |= draw_fan(ax, fan, model_style(0))
    time_axis(ax, times)
    if max(map(abs, ax.get_ylim())) >= _LARGE:
        ax.yaxis.set_major_formatter("{x:,.0f}")
    return found


def _joined(fan: Fan, time: Index, value: float, freq: Freq) -> Fan:
    """The fan from the last value before it, where that is known and one step before; a single step stays a dot."""
    if (
        len(fan.times) == 1
        or not np.isfinite(value)
        or not (step_times(time, np.ones(1, dtype=np.int64), freq) == fan.times[:1]).all()
    ):
        return fan
    intervals = {level: (np.r_[value, low], np.r_[value, high]) for level, (low, high) in fan.intervals.items()}
    return Fan(time.append(fan.times), np.r_[value, fan.mean], intervals)


def _check_kinds(past: "pd.Index[Any]", ahead: "pd.Index[Any]") -> None:
    kinds = [isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)) for times in (past, ahead)]
    if kinds[0] != kinds[1] or getattr(past, "tz", None) != getattr(ahead, "tz", None):
        raise DataError(
            f"The history has times of the type {past.dtype}, the forecasts {ahead.dtype}: they are not of one series."
        )
