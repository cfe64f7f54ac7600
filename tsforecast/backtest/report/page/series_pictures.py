"""Pictures of single series: truth, forecasts of all models from all cutoffs, and the intervals of one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tsforecast._types import Index
from tsforecast.backtest.report.page.paths import Paths
from tsforecast.backtest.result.history import joined_truth
from tsforecast.plots.canvas import drawing, new_figure, shown_name
from tsforecast.plots.fan import Fan, draw_fan, draw_history
from tsforecast.plots.lines import draw_line, drawn_times, time_axis
from tsforecast.plots.style import FAINT, ModelStyle

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_CUTOFFS = 12  # drawn, the newest: more would be too narrow to be seen
_MOST_STEPS, _MOST_POINTS = 300, 4000  # steps of all forecasts of a model, and points of all models, that are drawn


def fan_picture(paths: Paths, style: ModelStyle) -> "Figure":
    """The newest forecast of one model for one series as a fan, with the truth before and after the cutoff.

    Parameters
    ----------
    paths : Paths
        Of one model and one series, with the times of all steps.
    style : ModelStyle
        Of the model.
    """
    newest = int(np.flatnonzero(np.isfinite(paths.mean[0, 0]).any(axis=1))[-1])
    own = _index(paths.times[0, newest])
    bounds = {p: (pair[0, 0, newest], pair[1, 0, newest]) for p, pair in paths.bounds.items()}
    with drawing():
        figure = new_figure(4.9, 2.9)
        axes = figure.add_subplot()
        handles = draw_fan(axes, Fan(own, paths.mean[0, 0, newest], bounds), style, name=shown_name(paths.models[0]))
        handles = _draw_truth(axes, paths, 0, _newest(paths, _MOST_STEPS)[0]) | handles
        _finish(axes, paths, 0, [newest])
        axes.legend(
            list(handles.values()), list(handles), loc="upper left", bbox_to_anchor=(-0.02, -0.1), ncols=4,
            columnspacing=1.2, handlelength=1.6, borderaxespad=0.0,
        )  # fmt: skip
    return figure


def cutoffs_picture(paths: Paths, series: int, styles: Sequence[ModelStyle], band: ModelStyle) -> "Figure":
    """The forecasts of all models for one series, from the newest cutoffs, beside the truth.

    Parameters
    ----------
    paths : Paths
        With the times of all steps.
    series : int
        Place in ``paths.ids``.
    styles : sequence of ModelStyle
        Of each model in ``paths``; its lines have the id ``model-PLACE``, so that a style sheet can hide them.
    band : ModelStyle
        Of the model whose intervals ``paths`` holds, if it holds any.
    """
    windows = _newest(paths, min(_MOST_STEPS, _MOST_POINTS // len(styles)))
    with drawing():
        figure = new_figure(4.0, 2.4)
        axes = figure.add_subplot()
        for w in windows:
            known = _known(paths.times[series, w])
            own = _index(paths.times[series, w][known])
            for k, style in enumerate(styles):
                values = paths.mean[k, series, w][known]
                if np.isfinite(values).any():
                    line = draw_line(axes, own, values, colour=style.colour, style=style.line, width=1.3)
                    line.set_gid(f"model-{style.place}")
            for pair in paths.bounds.values() if len(own) else ():
                low, high = pair[:, series, w][:, known]
                area = axes.fill_between(drawn_times(own), low, high, color=band.colour, alpha=0.16, linewidth=0)
                area.set_gid(f"model-{band.place}")
        _draw_truth(axes, paths, series, windows[0])
        _finish(axes, paths, series, list(windows))
    return figure


def _newest(paths: Paths, n_steps: int) -> range:
    """Numbers of the newest cutoffs whose forecasts have so many steps in all; at least one."""
    _, n_windows, horizon = paths.truth.shape
    n_shown = max(min(n_steps // horizon, _MOST_CUTOFFS), 1)
    return range(max(n_windows - n_shown, 0), n_windows)


def _draw_truth(axes: "Axes", paths: Paths, series: int, first: int = 0) -> "dict[str, Artist]":
    """What was observed after the cutoffs from number ``first`` on, without a line over what no forecast reaches."""
    times, truth = paths.times[series, first:].ravel(), paths.truth[series, first:]
    n_windows, horizon = truth.shape
    steps = np.add.outer(np.arange(n_windows) * paths.step + paths.gap, np.arange(1, horizon + 1)).ravel()
    known = _known(times)
    before = None if first else paths.before[series]
    shown, values = joined_truth(steps[known], _index(times[known]), truth.ravel()[known], before)
    return draw_history(axes, shown, values, "truth") if len(shown) else {}


def _index(times: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> Index:
    return pd.Index(times.tolist())


def _known(
    times: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    return np.asarray(pd.notna(times))


def _finish(axes: "Axes", paths: Paths, series: int, windows: Sequence[int]) -> None:
    """A dotted line at the first step after each cutoff, and an axis of times."""
    firsts = paths.times[series, list(windows), 0]
    marks: list[Any] = list(drawn_times(_index(firsts[_known(firsts)])))  # dates, which matplotlib takes
    for x in marks:
        axes.axvline(x, color=FAINT[0], linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
    every = paths.times[series, min(windows) :]
    shown = _index(every[_known(every)])
    time_axis(axes, paths.before[series].index.append(shown) if min(windows) == 0 else shown)
    axes.grid(False, axis="x")
