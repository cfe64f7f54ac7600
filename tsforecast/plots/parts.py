"""Pictures of what forecasts are made of: parts by time, sizes of what inputs do, and how far back a model looks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Floats, Index, Ints
from tsforecast.plots.lines import drawn_times, time_axis
from tsforecast.plots.rows import name_rows
from tsforecast.plots.style import FAINT, INK, MODEL_COLOURS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_HATCHES = ("", "//", "..", "xx")  # of the parts that repeat the colours
_FELT = 0.005  # of the largest change: a smaller one cannot be seen


def draw_parts(
    ax: "Axes", times: Index, mean: Floats, parts: Mapping[str, Floats], base: str | None
) -> "dict[str, Artist]":
    """Bars of the parts at each time, stacked up and down from the base, and the forecast as a line.

    Parameters
    ----------
    times : Index, shape (horizon,)
    mean : ndarray, shape (horizon,)
    parts : mapping of str to ndarray, each (horizon,)
    base : str or None
        The part that is a line, from which the bars begin; zero where it is None.

    Returns
    -------
    dict
        The artists of a legend by name.
    """
    x = drawn_times(times)
    step = x[1] - x[0] if len(x) > 1 else (np.timedelta64(1, "D") if x.dtype.kind == "M" else 1)
    start = np.zeros(mean.size) if base is None else parts[base]
    up, down = start.copy(), start.copy()
    found: dict[str, Artist] = {}
    for place, (name, values) in enumerate((key, own) for key, own in parts.items() if key != base):
        bottom = np.where(values >= 0, up, down + values)
        colour, hatch = MODEL_COLOURS[place % len(MODEL_COLOURS)][0], _HATCHES[place // len(MODEL_COLOURS) % 4]
        bars = ax.bar(
            x, np.abs(values), 0.8 * step, bottom=bottom, color=colour, alpha=0.75, hatch=hatch, edgecolor="white",
            linewidth=0.3,
        )  # fmt: skip
        found[name] = bars.patches[0]
        for bar in bars.patches:
            bar.sticky_edges.y.clear()  # so that there is room above and below
        up, down = up + np.maximum(values, 0), down + np.minimum(values, 0)
    if base is not None:
        (found[base],) = ax.plot(x, start, color=FAINT[0], linestyle=(0, (4, 2)), linewidth=1.4, zorder=2.5)
    (line,) = ax.plot(x, mean, color=INK[0], marker="o" if mean.size <= 40 else "", markersize=3.5, zorder=3)
    time_axis(ax, times)
    ax.autoscale_view()
    return {"forecast": line, **({base: found.pop(base)} if base is not None else {}), **found}


def draw_sizes(ax: "Axes", sizes: Mapping[str, float]) -> None:
    """One bar a name, the largest on top."""
    order = sorted(sizes, key=lambda name: -sizes[name])
    ax.barh(range(len(order)), [sizes[name] for name in order], 0.6, color=MODEL_COLOURS[0][0], alpha=0.85)
    name_rows(ax, order)
    ax.set_xlim(left=0.0)


def draw_look_back(ax: "Axes", kept: Ints, change: Floats) -> None:
    """How far forecasts are from their own by the number of last values kept: ``(n_kept,)`` each.

    What lies past the last change that can be seen is left out.
    """
    felt = np.flatnonzero(change > _FELT * change.max())
    shown = slice(0, int(felt[-1]) + 3 if felt.size else None)
    kept, change = kept[shown], change[shown]
    marker = "o" if kept.size <= 60 else ""
    ax.plot(kept, change, color=MODEL_COLOURS[0][0], marker=marker, markersize=3.0, drawstyle="steps-post")
    ax.set_ylim(bottom=0.0)
