"""Forecasts beside the truth: history, point forecast, and intervals as a fan."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tsforecast._types import Floats, Index
from tsforecast.plots.lines import alone_between_gaps, draw_line, drawn_times
from tsforecast.plots.style import INK, ModelStyle

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_DARKEST, _LIGHTEST = 0.30, 0.14  # opacity of the innermost and of the outermost interval


class Fan(NamedTuple):
    """A forecast of one series: point forecasts and intervals by level, each ``(horizon,)``."""

    times: Index
    mean: Floats
    intervals: Mapping[float, tuple[Floats, Floats]]


def draw_fan(
    ax: "Axes", fan: Fan, style: ModelStyle, *, name: str = "forecast", only: bool = True
) -> "dict[str, Artist]":
    """Point forecasts as a line and intervals as bands, the widest the lightest; the artists of a legend by name.

    Parameters
    ----------
    only : bool
        Whether the picture holds no other forecasts; else bands are fainter.
    """
    found: dict[str, Artist] = {}
    x, levels = drawn_times(fan.times), sorted(fan.intervals, reverse=True)
    opacity = np.linspace(_LIGHTEST, _DARKEST, len(levels)) if len(levels) > 1 else [0.22]
    bands: dict[str, Artist] = {}
    for k, level in enumerate(levels):
        low, high = fan.intervals[level]
        bands[f"{level:g}% interval"] = ax.fill_between(
            x, low, high, color=style.colour, alpha=float(opacity[k]) * (1.0 if only else 0.6), linewidth=0, zorder=1.8
        )
    alone = alone_between_gaps(fan.mean)  # one step: neither a line nor a band would show it
    if alone.any():
        for k, level in enumerate(levels):
            low, high = fan.intervals[level]
            ax.vlines(x[alone], low[alone], high[alone], color=style.colour, alpha=0.3, linewidth=2.0 + 2.0 * k)
    if alone.sum() == np.isfinite(fan.mean).sum():
        (found[name],) = ax.plot(x[alone], fan.mean[alone], style.marker, color=style.colour, zorder=3, label=name)
    else:
        found[name] = draw_line(ax, fan.times, fan.mean, colour=style.colour, style=style.line, width=1.8, order=3.0)
    return found | dict(reversed(bands.items()))


def draw_history(ax: "Axes", times: Index, values: Floats, name: str = "history") -> "dict[str, Artist]":
    """What was observed, as a line that breaks at gaps; the artist of a legend by name."""
    return {name: draw_line(ax, times, values, colour=INK[0], width=1.2, order=2.2)}


def recent(n_obs: int, horizon: int, season_length: int = 1) -> int:
    """How many observations before a forecast a picture shows: all of a short history, else the last of a long one.

    Examples
    --------
    >>> recent(50, 12), recent(10_000, 12)
    (50, 60)
    """
    return min(n_obs, max(5 * horizon, 3 * season_length, 40))


def columns_of(n: int) -> tuple[int, int]:
    """Rows and columns of a grid of n panels.

    Examples
    --------
    >>> columns_of(1), columns_of(3), columns_of(8)
    ((1, 1), (3, 1), (4, 2))
    """
    n_columns = 1 if n <= 4 else 2 if n <= 10 else 3
    return -(-n // n_columns), n_columns


def finite_range(values: Sequence[Floats]) -> tuple[float, float]:
    """Least and greatest finite value; (0, 1) where there is none.

    Examples
    --------
    >>> finite_range([np.array([1.0, np.nan]), np.array([3.0])])
    (1.0, 3.0)
    """
    known = np.concatenate([one[np.isfinite(one)] for one in values] or [np.empty(0)])
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
