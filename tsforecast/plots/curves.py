"""Pictures of scores: error by step ahead, accuracy against cost, errors of single series."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Bools, Floats
from tsforecast.plots.canvas import legend_outside, shown_name
from tsforecast.plots.rows import name_rows
from tsforecast.plots.style import FAINT, ModelStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_DOTS = 250  # in a row: with more series, dots are quantiles of theirs


def draw_steps(
    ax: "Axes", names: Sequence[str], mean: Floats, low: Floats, high: Floats, styles: Sequence[ModelStyle]
) -> None:
    """Mean error at each step ahead, one line a model, with a band.

    Parameters
    ----------
    mean : ndarray, shape (n_models, horizon)
        nan for a model without a score.
    low, high : ndarray, shape (n_models, horizon)
        Ends of the band; nan where there is none.
    """
    from matplotlib.ticker import MaxNLocator

    steps = np.arange(1, mean.shape[1] + 1)
    every, handles, shown = max(len(steps) // 24, 1), [], []
    for row, style in enumerate(styles):
        if np.isnan(mean[row]).all():
            continue
        ax.fill_between(steps, low[row], high[row], color=style.colour, alpha=0.15, linewidth=0)
        (line,) = ax.plot(
            steps, mean[row], color=style.colour, linestyle=style.line, marker=style.marker, markersize=4.0,
            markevery=every, label=names[row], zorder=3,
        )  # fmt: skip
        handles.append(line)
        shown.append(names[row])
    ax.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    ax.set_xlim(0.5, steps[-1] + 0.5)
    ax.set_ylim(bottom=0.0)
    legend_outside(ax, handles, shown)


def draw_cost(
    ax: "Axes",
    names: Sequence[str],
    seconds: Floats,
    score: Floats,
    on_front: Bools,
    styles: Sequence[ModelStyle],
) -> None:
    """Score against seconds, one point a model; models that no other beats in both are joined by steps.

    Parameters
    ----------
    seconds, score : ndarray, shape (n_models,)
        nan for a model without a score.
    on_front : ndarray of bool, shape (n_models,)
    """
    known = np.isfinite(seconds) & np.isfinite(score)
    x = np.where(known, np.maximum(seconds, 1e-6), np.nan)
    front = np.flatnonzero(on_front & known)
    front = front[np.argsort(x[front])]
    ax.step(x[front], score[front], where="post", color=FAINT[0], linewidth=1.0, linestyle=(0, (4, 3)), label="_front")
    handles, shown = [], []
    for row in np.flatnonzero(known):
        style = styles[row]
        (point,) = ax.plot(
            [x[row]], [score[row]], style.marker, color=style.colour, markersize=7.5, label=names[row], zorder=3,
            fillstyle="full" if on_front[row] else "none", linestyle="none",
        )  # fmt: skip
        handles.append(point)
        shown.append(names[row])
    ax.set_xscale("log")
    ax.margins(0.08, 0.12)
    legend_outside(ax, handles, shown)


def draw_series_errors(
    ax: "Axes", names: Sequence[str], ratios: Sequence[Floats], styles: Sequence[ModelStyle]
) -> None:
    """Error of each series over that of the baseline, on a log scale: one row a model (and stratum), one dot a series.

    Parameters
    ----------
    names : sequence of str, length n_rows
    ratios : sequence of ndarray, each (n_series,)
        Not negative; nan where unknown. What no logarithm shows, 0 and infinity, is a triangle at the edge.
    """
    from matplotlib.ticker import FuncFormatter

    finite = np.concatenate([np.array([0.8, 1.25]), *(one[np.isfinite(one) & (one > 0)] for one in ratios)])
    left, right = finite.min() / 1.15, finite.max() * 1.15
    ax.set_xscale("log")
    ax.set_xlim(left, right)
    ax.axvline(1.0, color=FAINT[0], linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5)
    for row, (own, style) in enumerate(zip(ratios, styles, strict=True)):
        known = np.sort(own[~np.isnan(own)])
        if known.size > _MOST_DOTS:
            known = np.quantile(known, (np.arange(_MOST_DOTS) + 0.5) / _MOST_DOTS, method="nearest")
        inside = known[(known > 0) & np.isfinite(known)]
        ax.plot(inside, row + _spread_out(inside.size), "o", color=style.colour, markersize=3.6, alpha=0.55,
                markeredgewidth=0, label=names[row])  # fmt: skip
        if inside.size:
            ax.plot([np.median(inside)] * 2, [row - 0.36, row + 0.36], color=style.colour, linewidth=2.2,
                    label="_median")  # fmt: skip
        for place, marker, count in ((left, "<", (known == 0).sum()), (right, ">", np.isinf(known).sum())):
            if count:
                ax.plot([place], [row], marker, color=style.colour, clip_on=False, label="_beyond")
    name_rows(ax, names)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    ax.xaxis.set_minor_formatter("")


def _spread_out(n: int) -> Floats:
    """Heights that keep sorted dots from lying on one another, the same for the same number: ``(n,)``."""
    return np.asarray(0.28 * (2 * np.mod(np.arange(n) * 0.6180339887, 1.0) - 1) if n > 1 else np.zeros(n))


def caption(name: str, stratum: object) -> str:
    """The label of a row of a model in one stratum.

    Examples
    --------
    >>> caption("Naive", "north")
    'Naive · north'
    """
    return f"{shown_name(name, 20)} · {shown_name(stratum, 16)}"
