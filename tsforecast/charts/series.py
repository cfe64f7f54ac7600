"""plot_series and plot_cutoffs: series over time, and what a backtest trains and tests on."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tsforecast._types import Floats
from tsforecast.charts.reading import chosen_places, panel_with_gaps
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.panel.containers import Series
from tsforecast.plots.canvas import axes_for, drawing, label, legend_outside, short_name
from tsforecast.plots.cutoffs import Window, draw_windows, windows_height
from tsforecast.plots.lines import draw_line, time_axis
from tsforecast.plots.style import FAINT, model_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMED, _MOST_LINES = 8, 200  # series with a colour and a name each, and series that are drawn at all
_FAR_APART = 100.0  # ratio of typical sizes of series from which on the axis is logarithmic


class Splitter(Protocol):
    """Cuts a series into rows to train and to test on: `RollingOrigin`, or a splitter of scikit-learn."""

    def split(self, X: Any) -> Any:
        """Pairs of rows to train on and rows to test on."""


def plot_series(y: Series, *, series: Any = None, ax: "Axes | None" = None) -> "Axes":
    """The Axes with series over time; a line breaks where values are missing.

    Parameters
    ----------
    y : Series, DataFrame, ndarray or Panel
    series : str or sequence of str, optional
        Which series to show; by default all. Up to eight have a colour and a name each; of more than 200 every k-th is
        drawn. The axis is logarithmic where typical values of positive series differ by a factor of over 100.
    ax : Axes, optional

    Raises
    ------
    UnknownNameError
        There is no series of that name.

    Examples
    --------
    >>> from tsforecast import load
    >>> plot_series(load("airline").series).get_title(loc="left")
    'airline'
    """
    panel = panel_with_gaps(y)
    places = chosen_places(panel.ids, series, panel.n_series)
    n_all = len(places)
    places = places[:: -(-n_all // _MOST_LINES)]
    named = len(places) <= _MOST_NAMED
    with drawing():
        axes = axes_for(ax)
        lines = []
        for k, place in enumerate(places):
            times = panel.times_of(place)
            style = model_style(k)
            colour, width = (style.colour, 1.4) if named else (FAINT[0], 0.7)
            look = style.line if named else "-"
            lines.append(draw_line(axes, times, panel.series(place), colour=colour, style=look, width=width))
            lines[-1].set_alpha(1.0 if named else max(0.12, len(places) ** -0.3))
        time_axis(axes, panel.times)
        if len(places) > 1 and _are_far_apart([panel.series(place) for place in places]):
            axes.set_yscale("log")
        names = [panel.ids[place] for place in places]
        title = short_name(names[0], 60) if n_all == 1 else f"{n_all:,} series"
        label(axes, title, note=f"every {-(-n_all // _MOST_LINES)}th is drawn" if n_all > _MOST_LINES else "")
        if named and n_all > 1:
            legend_outside(axes, lines, names)
    return axes


def plot_cutoffs(cv: Splitter, y: Series, *, series: Any = None, ax: "Axes | None" = None) -> "Axes":
    """The Axes with one row a cutoff, oldest on top: what is trained on, the gap, and the test window.

    Parameters
    ----------
    cv : RollingOrigin or splitter of scikit-learn
    y : Series, DataFrame, ndarray or Panel
    series : str, optional
        Which of several series, whose cutoffs may differ; the first by default.
    ax : Axes, optional

    Raises
    ------
    SeriesTooShortError
        The series has too few observations.
    ParameterError
        ``cv`` is no splitter, or several series are named.
    UnknownNameError
        There is no series of that name.

    Examples
    --------
    >>> from tsforecast import RollingOrigin, load
    >>> ax = plot_cutoffs(RollingOrigin(12, n_windows=3), load("airline").series)
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['1957-12', '1958-12', '1959-12']
    """
    if not hasattr(cv, "split"):
        raise ParameterError(f"cv={cv!r} is no splitter; RollingOrigin(horizon, n_windows) is one.")
    panel = panel_with_gaps(y)
    places = chosen_places(panel.ids, series, 1)
    if len(places) > 1:
        raise ParameterError(f"series={series!r} names {len(places)} series; cutoffs are drawn of one.")
    place = places[0]
    times = panel.times_of(place)
    windows = [Window(np.asarray(train), np.asarray(test)) for train, test in cv.split(_rows(panel.series(place)))]
    if not windows or any(not (len(own.train) and len(own.test)) for own in windows):
        raise DataError("cv gives no cutoff with rows to train and to test on.")
    with drawing():
        axes = axes_for(ax, 7.0, windows_height(len(windows)))
        found = draw_windows(axes, times, windows)
        name = short_name(panel.ids[place], 50)
        label(axes, f"{len(windows)} cutoff{'s' if len(windows) > 1 else ''} of {name}", y="cutoff")
        legend_outside(axes, list(found.values()), list(found))
    return axes


def _rows(values: Floats) -> Floats:
    return np.arange(values.size, dtype=np.float64)


def _are_far_apart(values: list[Floats]) -> bool:
    """Whether all values are positive and typical sizes of the series differ by a large factor."""
    known = [one[np.isfinite(one)] for one in values]
    if any(one.size == 0 or one.min() <= 0 for one in known):
        return False
    sizes = [float(np.median(one)) for one in known]
    return max(sizes) / min(sizes) > _FAR_APART
