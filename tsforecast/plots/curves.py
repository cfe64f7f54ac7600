"""Pictures of scores: error by step ahead, accuracy against cost, errors of single series."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tsforecast._types import Bools, Floats
from tsforecast.plots.canvas import legend_outside, short_name
from tsforecast.plots.rows import name_rows, spread_out
from tsforecast.plots.style import FAINT, ModelStyle
from tsforecast.plots.ticks import is_far_apart, number, seconds_text, set_log_ticks

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
    steps = np.arange(1, mean.shape[1] + 1)
    every, handles, shown = max(len(steps) // 24, 1), [], []
    for row, style in enumerate(styles):
        if np.isnan(mean[row]).all():
            continue
        if len(steps) == 1:
            ax.vlines(steps, low[row], high[row], color=style.colour, alpha=0.4, linewidth=3.0)
        else:
            ax.fill_between(steps, low[row], high[row], color=style.colour, alpha=0.15, linewidth=0)
        (line,) = ax.plot(
            steps, mean[row], color=style.colour, linestyle=style.line, marker=style.marker, markersize=4.0,
            markevery=every, label=names[row], zorder=3,
        )  # fmt: skip
        handles.append(line)
        shown.append(names[row])
    ax.set_xticks(steps[:: -(-len(steps) // 12)] if len(steps) > 12 else steps)
    ax.set_xlim(0.5, steps[-1] + 0.5)
    known = mean[np.isfinite(mean)]
    if is_far_apart(mean[np.isfinite(mean).all(axis=1)].mean(axis=1)) and known.min() > 0:
        ax.set_yscale("log")
        bottom, top = float(known.min()) / 1.5, ax.get_ylim()[1]
        ax.set_ylim(bottom, top)
        set_log_ticks(ax.yaxis, bottom, top)
        ax.yaxis.set_major_formatter(lambda value, _: number(value))
    else:
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
    for row in np.flatnonzero(known).tolist():
        style = styles[row]
        (point,) = ax.plot(
            [x[row]], [score[row]], style.marker, color=style.colour, markersize=7.5, label=names[row], zorder=3,
            fillstyle="full" if on_front[row] else "none", linestyle="none",
        )  # fmt: skip
        handles.append(point)
        shown.append(names[row])
    _log_axis(ax, x[known])
    ax.margins(y=0.12)
    if is_far_apart(score):
        ax.set_yscale("log")
        set_log_ticks(ax.yaxis, *ax.get_ylim())
        ax.yaxis.set_major_formatter(lambda value, _: number(value))
    legend_outside(ax, handles, shown)


def _log_axis(ax: "Axes", seconds: Floats) -> None:
    """A logarithmic axis of seconds, over a factor of ten at least."""
    low, high = float(seconds.min()) / 1.4, float(seconds.max()) * 1.4
    widen = max(np.sqrt(10 / (high / low)), 1.0)
    ax.set_xscale("log")
    ax.set_xlim(low / widen, high * widen)
    set_log_ticks(ax.xaxis, low / widen, high * widen, most=6)
    ax.xaxis.set_major_formatter(lambda value, _: seconds_text(value))


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
    finite = np.concatenate([np.array([0.7, 1.4]), *(one[np.isfinite(one) & (one > 0)] for one in ratios)])
    left, right = finite.min() / 1.15, finite.max() * 1.15
    ax.set_xscale("log")
    ax.set_xlim(left, right)
    ax.axvline(1.0, color=FAINT[0], linewidth=1.0, linestyle=(0, (4, 3)), zorder=1.5)
    for row, (own, style) in enumerate(zip(ratios, styles, strict=True)):
        known = np.sort(own[~np.isnan(own)])
        if known.size > _MOST_DOTS:
            known = np.quantile(known, (np.arange(_MOST_DOTS) + 0.5) / _MOST_DOTS, method="nearest")
        inside = known[(known > 0) & np.isfinite(known)]
        ax.plot(inside, row + spread_out(inside.size), "o", color=style.colour, markersize=3.6, alpha=0.55,
                markeredgewidth=0, label=names[row])  # fmt: skip
        if inside.size:
            ax.plot([np.median(inside)] * 2, [row - 0.36, row + 0.36], color=style.colour, linewidth=2.2,
                    label="_median")  # fmt: skip
        for place, marker, count in ((left, "<", (known == 0).sum()), (right, ">", np.isinf(known).sum())):
            if count:
                ax.plot([place], [row], marker, color=style.colour, clip_on=False, label="_beyond")
    name_rows(ax, names)
    set_log_ticks(ax.xaxis, left, right)
    ax.xaxis.set_major_formatter(lambda value, _: f"{number(value)}×")


def caption(name: str, stratum: object) -> str:
    """The label of a row of a model in one stratum.

    Examples
    --------
    >>> caption("Naive", "north")
    'Naive · north'
    """
    return f"{short_name(name, 20)} · {short_name(stratum, 16)}"
