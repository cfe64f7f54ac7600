"""Seasons of one series: a line each over the periods, and each period by itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Floats
from tsforecast.plots.canvas import plain
from tsforecast.plots.lines import alone_between_gaps
from tsforecast.plots.style import FAINT, GRID, INK, MODEL_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_SUBSERIES = 24  # periods that are drawn one by one; of more a band is drawn
_MOST_TICKS = 12


def draw_season_lines(ax: "Axes", table: Floats, names: Sequence[str], periods: Sequence[str]) -> None:
    """One line a season, from light for the first to dark for the last, the last named.

    Parameters
    ----------
    table : ndarray, shape (n_seasons, season_length)
        nan where unknown.
    names : sequence of str, length n_seasons
    periods : sequence of str, length season_length
    """
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("seasons", ["#c9d3de", MODEL_COLOURS[0][0]])
    x, n = np.arange(table.shape[1]), len(table)
    known = [row for row in range(n) if np.isfinite(table[row]).any()]
    for row in known:
        colour = shades(row / max(n - 1, 1))
        width = 2.0 if row == known[-1] else 1.0
        ax.plot(x, table[row], color=colour, linewidth=width, label=names[row], zorder=2 + row / n)
        alone = alone_between_gaps(table[row])
        if alone.any():
            ax.plot(x[alone], table[row][alone], ".", color=colour, label="_alone")
    for row in {known[0], known[-1]}:
        last = int(np.flatnonzero(np.isfinite(table[row]))[-1])
        ax.annotate(
            plain(names[row]), (last, table[row, last]), (5.0, 0.0), textcoords="offset points", va="center",
            fontsize=8.0, color=INK[0] if row == known[-1] else FAINT[0], annotation_clip=False,
        )  # fmt: skip
    _period_ticks(ax, periods)


def draw_subseries(ax: "Axes", table: Floats, periods: Sequence[str]) -> None:
    """The values of each period over the seasons, in a column each, with their mean; a band where periods are many."""
    n_seasons, length = table.shape
    counts = np.isfinite(table).sum(axis=0)
    mean = np.where(counts > 0, np.nansum(table, axis=0) / np.maximum(counts, 1), np.nan)
    x = np.arange(length)
    if length > _MOST_SUBSERIES:
        low, high = (_quantile_by_column(table, q) for q in (0.1, 0.9))
        ax.fill_between(x, low, high, color=MODEL_COLOURS[0][0], alpha=0.2, linewidth=0, label="80% of the seasons")
        ax.plot(x, mean, color=MODEL_COLOURS[0][0], label="mean")
    else:
        within = np.linspace(-0.38, 0.38, n_seasons) if n_seasons > 1 else np.zeros(1)
        columns = np.concatenate([np.column_stack([x[k] + within, table[:, k]]) for k in range(length)])
        broken = np.insert(columns, np.arange(1, length) * n_seasons, np.nan, axis=0)
        ax.plot(broken[:, 0], broken[:, 1], color=MODEL_COLOURS[0][0], linewidth=1.1, marker=".", markersize=2.5,
                label="_subseries")  # fmt: skip
        ax.hlines(mean, x - 0.38, x + 0.38, color=INK[0], linewidth=1.8, zorder=3)
        for k in range(1, length):
            ax.axvline(k - 0.5, color=GRID[0], linewidth=0.7)
    _period_ticks(ax, periods)


def _quantile_by_column(table: Floats, q: float) -> Floats:
    known = [column[np.isfinite(column)] for column in table.T]
    return np.array([np.quantile(one, q) if one.size else np.nan for one in known])


def _period_ticks(ax: "Axes", periods: Sequence[str]) -> None:
    every = -(-len(periods) // _MOST_TICKS)
    places = np.arange(0, len(periods), every)
    ax.set_xticks(places, [plain(periods[k]) for k in places])
    ax.set_xlim(-0.6, len(periods) - 0.4)
    ax.grid(False, axis="x")
