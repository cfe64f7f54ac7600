"""Diagnostics of one fit: residuals of a model, or how a network was trained and how far back it looks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tsforecast._types import Floats, Index, Ints
from tsforecast.plots.canvas import label, legend_outside
from tsforecast.plots.lines import draw_line, time_axis
from tsforecast.plots.rows import name_rows, spread_out
from tsforecast.plots.style import FAINT, INK, MODEL_COLOURS, ModelStyle
from tsforecast.plots.ticks import is_far_apart, number, set_log_ticks

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_BLUE, _RED, _GREEN = (MODEL_COLOURS[k][0] for k in range(3))
_DASHED = (0, (4, 3))


def draw_residuals(ax: "Axes", times: Index, residuals: Floats) -> None:
    """Standardised residuals over time, nan where there is none, with lines at ±1.96."""
    draw_line(ax, times, residuals, colour=_BLUE, width=0.9)
    for height in (-1.96, 1.96):
        ax.axhline(height, color=FAINT[0], linewidth=0.8, linestyle=_DASHED)
    ax.axhline(0.0, color=FAINT[0], linewidth=0.8)
    time_axis(ax, times)
    label(ax, "Residuals", y="standard deviations", note="dashed: ±1.96")


def draw_acf(ax: "Axes", acf: Floats, n_obs: int, season_length: int = 1) -> None:
    """Autocorrelations of lags 1, 2, … with the 95% bounds of white noise, ±1.96 / √n: ``(n_lags,)``."""
    lags, bound = np.arange(1, acf.size + 1), 1.96 / np.sqrt(max(n_obs, 1))
    ax.axhspan(-bound, bound, color=_BLUE, alpha=0.12, linewidth=0)
    ax.axhline(0.0, color=FAINT[0], linewidth=0.8)
    outside = np.abs(acf) > bound
    for chosen, colour in ((~outside, _BLUE), (outside, _RED)):
        ax.vlines(lags[chosen], 0.0, acf[chosen], color=colour, linewidth=1.6)
        ax.plot(lags[chosen], acf[chosen], "o", color=colour, markersize=3.2)
    most = max(1.15 * float(np.abs(acf).max(initial=0.0)), 1.6 * bound)
    ax.set_ylim(-most, most)
    _lag_ticks(ax, acf.size, season_length)
    label(ax, "Autocorrelation of residuals", "lag", note="band: 95% of white noise")


def draw_normal_qq(ax: "Axes", residuals: Floats) -> None:
    """Sorted standardised residuals, (n,) without nan, against quantiles of the normal distribution.

    The band holds each with a probability of 95%: quantiles of order statistics, which are beta distributed.
    """
    from scipy import stats

    found = np.sort(residuals)
    n = found.size
    place = np.arange(1, n + 1)
    expected = stats.norm.ppf((place - 0.375) / (n + 0.25))  # Blom (1958)
    low, high = (stats.norm.ppf(stats.beta.ppf(q, place, n + 1 - place)) for q in (0.025, 0.975))
    ax.fill_between(expected, low, high, color=_BLUE, alpha=0.12, linewidth=0)
    ax.plot(expected, expected, color=FAINT[0], linewidth=0.9, linestyle=_DASHED)
    ax.plot(expected, found, "o", color=_BLUE, markersize=2.8, markeredgewidth=0)
    label(ax, "Normal Q-Q", "normal quantile", "residual", "band: 95% for each point")


def draw_portmanteau(ax: "Axes", lags: Ints, pvalues: Floats) -> None:
    """P-values of the test of Ljung and Box on the residuals up to each lag, with a line at 5%."""
    below = pvalues < 0.05
    ax.axhline(0.05, color=_RED, linewidth=1.0, linestyle=_DASHED)
    for chosen, colour in ((~below, _BLUE), (below, _RED)):
        ax.plot(lags[chosen], pvalues[chosen], "o", color=colour, markersize=4.0)
    ax.set_ylim(-0.03, 1.03)
    _lag_ticks(ax, int(lags.max(initial=1)), 1)
    label(ax, "Ljung-Box test", "lags tested together", "p-value", "under the dashed 5%: autocorrelation is left")


def draw_training(ax: "Axes", loss: Floats, validation: Floats, norm: Floats) -> None:
    """Training and validation loss, and the norm of gradients, by epoch: each (n_epochs,), nan where unknown."""
    epochs = np.arange(1, loss.size + 1)
    found: dict[str, Artist] = {}
    for values, name, colour in ((loss, "training loss", _BLUE), (validation, "validation loss", _RED)):
        known = np.isfinite(values)
        if known.any():
            (found[name],) = ax.plot(epochs[known], values[known], color=colour, marker="o" if known.sum() < 25 else "",
                                     markersize=3.0)  # fmt: skip
    if np.isfinite(norm).any():
        other = ax.twinx()
        (found["gradient norm (right)"],) = other.plot(epochs, norm, color=_GREEN, linewidth=1.0, linestyle=_DASHED)
        other.grid(False)
        other.spines["right"].set_visible(True)
        other.set_ylabel("gradient norm")
        other.set_ylim(bottom=0.0)
    _lag_ticks(ax, loss.size, 1)
    label(ax, "Training", "epoch", "mean loss")
    ax.legend(list(found.values()), list(found), loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)


def draw_by_epoch(
    ax: "Axes",
    curves: Mapping[str, Sequence[Floats]],
    styles: Mapping[str, ModelStyle],
    dashed: Mapping[str, Sequence[Floats]] | None = None,
) -> None:
    """Curves by epoch of several models, one line a seed, each (n_epochs,); ``dashed`` are others of theirs."""
    handles: dict[str, Artist] = {}
    every: list[tuple[str, Floats, Any]] = [(name, own, "-") for name, seeds in curves.items() for own in seeds]
    every += [(name, own, _DASHED) for name, seeds in (dashed or {}).items() for own in seeds]
    for name, own, look in every:
        style, known = styles[name], np.isfinite(own)
        marker = style.marker if known.sum() == 1 else ""
        (line,) = ax.plot(
            np.flatnonzero(known) + 1, own[known], color=style.colour, linestyle=look, marker=marker, linewidth=1.2
        )
        handles.setdefault(name, line)
    if is_far_apart(np.concatenate([own for _, own, _ in every] or [np.empty(0)])):
        ax.set_yscale("log")
        set_log_ticks(ax.yaxis, *ax.get_ylim())
        ax.yaxis.set_major_formatter(lambda value, _: number(value))
    _lag_ticks(ax, 1, 1)
    legend_outside(ax, list(handles.values()), list(handles))


def draw_pvalues(ax: "Axes", names: Sequence[str], pvalues: Sequence[Floats], styles: Sequence[ModelStyle]) -> None:
    """P-values of a test, one row a model and one dot a series, with a line at 5%: each ``(n_series,)``."""
    ax.axvline(0.05, color=_RED, linewidth=1.0, linestyle=_DASHED)
    for row, (own, style) in enumerate(zip(pvalues, styles, strict=True)):
        ax.plot(own, row + spread_out(own.size), "o", color=style.colour, markersize=4.0, alpha=0.6, markeredgewidth=0)
    name_rows(ax, names)
    ax.set_xlim(-0.02, 1.02)


def draw_gradient_by_lag(ax: "Axes", norms: Sequence[Floats], names: Sequence[str], season_length: int = 1) -> None:
    """How strongly an output depends on the input k steps back, on a log scale: each ``(n_lags,)``, lag 0 first.

    Zeros, which no logarithm shows, are left out, and what is lost in rounding beside the largest.
    """
    handles = []
    least = 1e-9 * max(float(np.nanmax(own, initial=0.0)) for own in norms)
    for k, own in enumerate(norms):
        colour = MODEL_COLOURS[k % len(MODEL_COLOURS)][0]
        shown = np.where(own > least, own, np.nan)
        (line,) = ax.plot(np.arange(own.size), shown, color=colour, marker="o" if own.size < 40 else "", markersize=3.0)
        handles.append(line)
    known = np.concatenate([own[np.isfinite(own) & (own > least)] for own in norms])
    n_lags = max([int(np.flatnonzero(own > least)[-1]) + 1 for own in norms if (own > least).any()], default=1)
    if season_length > 1:
        for lag in range(season_length, n_lags, season_length):
            ax.axvline(lag, color=FAINT[0], linewidth=0.7, linestyle=_DASHED)
    if known.size:
        ax.set_yscale("log")
        low, high = float(known.min()) / 1.5, float(known.max()) * 1.5
        ax.set_ylim(low, high)
        set_log_ticks(ax.yaxis, low, high)
        ax.yaxis.set_major_formatter(lambda value, _: number(value))
    else:
        ax.annotate("no gradient", (0.5, 0.5), xycoords="axes fraction", ha="center", color=INK[0])
    ax.set_xlim(-0.02 * n_lags - 0.3, 1.02 * n_lags)
    _lag_ticks(ax, n_lags, 1)
    if len(names) > 1:
        legend_outside(ax, handles, names)


def _lag_ticks(ax: "Axes", last: int, season_length: int) -> None:
    """Whole numbers; multiples of the season where it has several in view."""
    from matplotlib.ticker import MaxNLocator, MultipleLocator

    every = season_length > 1 and 2 <= last / season_length <= 10
    ax.xaxis.set_major_locator(MultipleLocator(season_length) if every else MaxNLocator(9, integer=True, min_n_ticks=1))
