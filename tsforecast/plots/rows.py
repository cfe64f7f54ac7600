"""Pictures with one row a model: a point with an interval, and bars that join models which are not told apart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Floats
from tsforecast.plots.canvas import legend_outside, shown_name
from tsforecast.plots.style import FAINT, INK, ModelStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 300.0  # percent: beyond it an axis of skill is logarithmic, so that one bad model does not hide the others


def rows_height(n_rows: int, least: float = 2.2) -> float:
    """Inches that a picture of so many rows needs."""
    return max(least, 1.2 + 0.3 * n_rows)


def name_rows(ax: "Axes", names: Sequence[str]) -> None:
    """One row a name, the first on top, without lines between the rows."""
    ax.set_yticks(range(len(names)), [shown_name(name) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)


def draw_ranking(
    ax: "Axes", names: Sequence[str], skill: Floats, low: Floats, high: Floats, styles: Sequence[ModelStyle]
) -> None:
    """Skill of each model with its interval, in percent, one row a model; zero is the baseline.

    Parameters
    ----------
    names : sequence of str, length n_rows
        Best first; a model without a score has nan.
    skill, low, high : ndarray, shape (n_rows,)
        nan where unknown; a model may have a skill without an interval.
    """
    ax.axvline(0.0, color=FAINT[0], linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5)
    for row, style in enumerate(styles):
        ax.plot([low[row], high[row]], [row, row], color=style.colour, linewidth=3.5, alpha=0.45, solid_capstyle="butt")
        ax.plot([skill[row]], [row], style.marker, color=style.colour, markersize=6.5, zorder=3)
        if np.isnan(skill[row]):
            ax.annotate(
                "no score", (0.0, row), (6.0, 0.0), xycoords=("axes fraction", "data"), textcoords="offset points",
                color=FAINT[0], fontsize=8.0, va="center",
            )  # fmt: skip
    name_rows(ax, names)
    _skill_axis(ax, np.concatenate([skill, low, high, [0.0]]))


def _skill_axis(ax: "Axes", values: Floats) -> None:
    """Limits that hold all values; logarithmic beyond 100% where some are far away."""
    known = values[np.isfinite(values)]
    if np.abs(known).max() > _WIDE:
        ax.set_xscale("symlog", linthresh=100.0, linscale=1.0)
        ax.set_xlim(min(1.6 * known.min(), -20.0), max(1.15 * known.max(), 20.0))
    else:
        room = max(0.06 * float(np.ptp(known)), 2.0)
        ax.set_xlim(known.min() - room, known.max() + room)
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+,.0f}%" if value else "0"))


def draw_ranks(
    ax: "Axes",
    names: Sequence[str],
    mean_rank: Floats,
    groups: Sequence[Sequence[str]],
    styles: Sequence[ModelStyle],
) -> None:
    """Mean rank of each model, one row a model, and to the right bars over models that are not told apart.

    Parameters
    ----------
    names : sequence of str, length n_models
        In order of their mean loss, the best first.
    mean_rank : ndarray, shape (n_models,)
    groups : sequence of sequences of str
        Models that are not told apart, each next to one another in ``names``.
    """
    for row, style in enumerate(styles):
        ax.plot([mean_rank[row]], [row], style.marker, color=style.colour, markersize=7.0, zorder=3)
    name_rows(ax, names)
    ax.set_xlim(0.5, max(len(names), 2) + 0.5)
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    place = {name: row for row, name in enumerate(names)}
    for k, group in enumerate(groups):
        first, last = place[group[0]], place[group[-1]]
        x = 1.025 + 0.03 * k
        ax.plot(
            [x, x], [first - 0.22, last + 0.22], transform=ax.get_yaxis_transform(), color=INK[0], linewidth=3.0,
            solid_capstyle="butt", clip_on=False, label=f"_group{k}",
        )  # fmt: skip


def draw_coverage_rows(
    ax: "Axes",
    names: Sequence[str],
    level: Sequence[float],
    coverage: Floats,
    low: Floats,
    high: Floats,
    styles: Sequence[ModelStyle],
) -> None:
    """Share of truths inside intervals, one row a model and one column of points for each level.

    Parameters
    ----------
    level : sequence of float, length n_levels
        In percent.
    coverage, low, high : ndarray, shape (n_models, n_levels)
        Percent, with the ends of its interval.
    """
    for percent in level:
        ax.axvline(percent, color=INK[0], linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5)
    offsets = np.linspace(-0.16, 0.16, len(level)) if len(level) > 1 else np.zeros(1)
    for row, style in enumerate(styles):
        for k in range(len(level)):
            y, filled = row + offsets[k], "full" if k % 2 == 0 else "none"
            ax.plot([low[row, k], high[row, k]], [y, y], color=style.colour, linewidth=3.0, alpha=0.45,
                    solid_capstyle="butt")  # fmt: skip
            ax.plot([coverage[row, k]], [y], style.marker, color=style.colour, fillstyle=filled, zorder=3)
    name_rows(ax, names)
    known = np.concatenate([np.asarray(level, dtype=np.float64), *(t[np.isfinite(t)] for t in (low, high, coverage))])
    ax.set_xlim(max(known.min() - 4.0, -2.0), min(known.max() + 4.0, 102.0))
    top = ax.secondary_xaxis("top")
    top.set_xticks(list(level), [f"{percent:g}%" for percent in level])
    top.tick_params(length=0)
    top.spines["top"].set_visible(False)


def draw_reliability(
    ax: "Axes",
    names: Sequence[str],
    level: Sequence[float],
    coverage: Floats,
    low: Floats,
    high: Floats,
    styles: Sequence[ModelStyle],
) -> None:
    """Coverage against level, one line a model, with the diagonal that it should lie on; as `draw_coverage_rows`."""
    ax.plot([0, 100], [0, 100], color=INK[0], linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5, label="_stated")
    x = np.asarray(level, dtype=np.float64)
    handles = []
    for row, style in enumerate(styles):
        (line,) = ax.plot(
            x, coverage[row], marker=style.marker, color=style.colour, linestyle=style.line, label=names[row], zorder=3
        )
        ax.fill_between(x, low[row], high[row], color=style.colour, alpha=0.12, linewidth=0)
        handles.append(line)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    legend_outside(ax, handles, names)


def draw_seeds(
    ax: "Axes", names: Sequence[str], scores: Sequence[Floats], styles: Sequence[ModelStyle], score_name: str
) -> None:
    """The score of each seed as a dot, one row a model; the tick is their mean.

    Parameters
    ----------
    scores : sequence of ndarray, each (n_seeds,)
        By model; empty for a model without a score.
    """
    for row, (own, style) in enumerate(zip(scores, styles, strict=True)):
        shift = np.linspace(-0.14, 0.14, own.size) if own.size > 1 else np.zeros(own.size)
        ax.plot(own, row + shift, style.marker, color=style.colour, alpha=0.75, zorder=3, label=names[row])
        known = own[np.isfinite(own)]
        if known.size > 1:
            ax.plot([known.mean()] * 2, [row - 0.3, row + 0.3], color=style.colour, linewidth=2.0, label="_mean")
    name_rows(ax, names)
    ax.set_xlabel(score_name)
