"""Draws the pictures of the pages on concepts, as SVG files.

Run as ``python docs/tools/pictures.py docs/pictures``.
"""

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tsforecast import SARIMA, BacktestResult, LinearAR, SeasonalNaive, load
from tsforecast.backtest import RollingOrigin, backtest

_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#888888"  # Okabe & Ito, for the colour-blind, too
_STYLE = {
    "svg.hashsalt": "tsforecast", "svg.fonttype": "path", "path.simplify_threshold": 0.3, "font.size": 10,
    "axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.use": True,
}  # fmt: skip


def forecast() -> Figure:
    """The picture that `tsforecast forecast` writes for the airline series."""
    panel = load("airline").panel
    return LinearAR().fit(panel).predict(12, level=[80, 95]).plot(history=panel).figure


def ranking() -> Figure:
    """Skill of the models of the page on results."""
    return _result().plot_ranking().figure


def calibration() -> Figure:
    """What the intervals of the models of the page on results held."""
    return _result().plot_calibration().figure


@functools.cache
def _result() -> BacktestResult:
    models = [SeasonalNaive(), SARIMA(target_transform="log"), LinearAR()]
    return backtest(models, load("seasonal").panel, cv=RollingOrigin(12, n_windows=3))


def stationarity() -> Figure:
    """A process that returns to its mean, one that does not, one with a season."""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=150)
    returning = np.zeros(150)
    for t in range(1, 150):
        returning[t] = 0.7 * returning[t - 1] + noise[t]
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.2))
    seasonal = 4 * np.sin(2 * np.pi * np.arange(150) / 12) + 0.06 * np.arange(150) + noise
    titles = ["stationary: AR(1)", "random walk", "trend and season"]
    for ax, values, title in zip(axes, [returning, np.cumsum(noise), seasonal], titles, strict=True):
        ax.plot(values, color=_BLUE, lw=1)
        ax.axhline(values.mean(), color=_GREY, lw=0.8, ls="--")
        ax.set(title=title, xlabel="t", yticks=[])
    return figure


def differencing() -> Figure:
    """The airline series and its differences."""
    y = np.log(load("airline").panel.series(0))
    figure, axes = plt.subplots(3, 1, figsize=(7, 4.2), sharex=True)
    one = np.r_[[np.nan], np.diff(y)]
    both = np.r_[np.full(12, np.nan), one[12:] - one[:-12]]
    titles = ["log of passengers", "difference to the month before", "and to the same month of the year before"]
    for ax, values, title in zip(axes, [y, one, both], titles, strict=True):
        ax.plot(values, color=_BLUE, lw=1)
        ax.set_title(title, loc="left", fontsize=10)
    axes[-1].set_xlabel("month")
    return figure


def seasonality() -> Figure:
    """The airline series year by year, and its seasonal indices."""
    years = load("airline").panel.series(0).reshape(-1, 12)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6))
    left.plot(np.arange(1, 13), years.T, color=_BLUE, lw=0.8, alpha=0.7)
    left.set(title="twelve years, one line each", xlabel="month", xticks=[1, 4, 7, 10])
    right.bar(np.arange(1, 13), (years / years.mean(axis=1, keepdims=True)).mean(axis=0) - 1, color=_ORANGE)
    right.axhline(0, color=_GREY, lw=0.8)
    right.set(title="month relative to its year, mean", xlabel="month", xticks=[1, 4, 7, 10])
    return figure


def autocorrelation() -> Figure:
    """Theoretical autocorrelations of an AR(1), an MA(1) and a seasonal MA."""
    lags = np.arange(0, 25)
    ma, seasonal = np.where(lags == 0, 1.0, 0.0), np.where(lags == 0, 1.0, 0.0)
    ma[1] = 0.8 / (1 + 0.8**2)
    first, twelfth = -0.4 / (1 + 0.4**2), -0.6 / (1 + 0.6**2)
    seasonal[[1, 11, 12, 13]] = first, first * twelfth, twelfth, first * twelfth
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.2), sharey=True)
    titles = ["AR(1), $\\phi=0.8$", "MA(1), $\\theta=0.8$", "airline model, differenced"]
    for ax, values, title in zip(axes, [0.8**lags, ma, seasonal], titles, strict=True):
        ax.vlines(lags, 0, values, color=_BLUE, lw=2)
        ax.axhline(0, color=_GREY, lw=0.8)
        ax.set(title=title, xlabel="lag", xticks=[0, 6, 12, 18, 24])
    axes[0].set_ylabel("autocorrelation")
    return figure


def gradients() -> Figure:
    """The gradient of a state by the state k steps before, in a network of one unit."""
    lags = np.arange(0, 41)
    figure, ax = plt.subplots(figsize=(6.5, 2.8))
    for factor, color in [(1.1, _ORANGE), (1.0, _GREY), (0.9, _GREEN), (0.5, _BLUE)]:
        ax.plot(lags, factor**lags, color=color)
        end = 40 if factor > 0.5 else 14
        ax.annotate(f"{factor:g}", (end, factor**end), xytext=(4, -3), textcoords="offset points", color=color)
    ax.set(yscale="log", ylim=(1e-6, 1e3), xlim=(0, 43), xlabel="steps back", ylabel="size of the gradient")
    ax.set_title("one factor a step: vanishing, kept, exploding", loc="left", fontsize=10)
    return figure


def truncation() -> Figure:
    """Six steps in two chunks: values cross the cut, gradients do not."""
    figure, ax = plt.subplots(figsize=(7.5, 2.3))
    ax.set_aspect("equal")
    for t in range(1, 7):
        ax.add_patch(plt.Circle((t, 1), 0.2, fc="none", ec=_BLUE, lw=1.5))
        ax.text(t, 1, f"$h_{t}$", ha="center", va="center")
        ax.text(t, 0.15, f"$x_{t}$", ha="center", va="center")
        _arrow(ax, (t, 0.3), (t, 0.78), _GREY)
    for t in range(1, 6):
        _arrow(ax, (t + 0.22, 1.05), (t + 0.78, 1.05), _BLUE)
        if t != 3:
            _arrow(ax, (t + 0.78, 0.92), (t + 0.22, 0.92), _ORANGE)
    ax.plot([3.5, 3.5], [0, 1.6], color=_GREY, ls="--", lw=1)
    ax.text(3.5, 1.68, "cut", ha="center", color=_GREY)
    ax.text(2, 1.5, "chunk 1", ha="center")
    ax.text(5, 1.5, "chunk 2", ha="center")
    ax.text(6.45, 1.12, "values", color=_BLUE)
    ax.text(6.45, 0.78, "gradients", color=_ORANGE)
    ax.set(xlim=(0.6, 7.4), ylim=(0, 1.9))
    ax.axis("off")
    return figure


def origins() -> Figure:
    """Rolling origins: what each cutoff shows, and what is forecast from it."""
    figure, ax = plt.subplots(figsize=(7.5, 2.2))
    for row, cutoff in enumerate([24, 30, 36, 42]):
        ax.barh(row, cutoff, color=_BLUE, height=0.5)
        ax.barh(row, 6, left=cutoff, color=_ORANGE, height=0.5)
        ax.barh(row, 48 - cutoff - 6, left=cutoff + 6, color=_GREY, alpha=0.25, height=0.5)
    ax.text(8, 0, "training", color="white", va="center")
    ax.text(24.3, 0, "forecast", color="white", va="center", fontsize=8)
    ax.text(38, 0, "never seen", va="center")
    ax.set(yticks=range(4), yticklabels=[f"cutoff {i}" for i in range(1, 5)], xlabel="month", ylim=(3.5, -0.5))
    return figure


def cells() -> Figure:
    """The gates of an LSTM cell over a series with one large value: what it forgets, takes in and shows."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.4))
    x = np.linspace(-5, 5, 201)
    left.plot(x, 1 / (1 + np.exp(-x)), color=_BLUE)
    left.plot(x, np.tanh(x), color=_ORANGE)
    left.text(-4.9, 0.2, "sigmoid: a gate,\n0 closed, 1 open", color=_BLUE, fontsize=9)
    left.text(0.2, -0.65, "tanh: a content", color=_ORANGE, fontsize=9)
    left.set(title="what goes into a cell", xlabel="input")
    for gate, color in [(0.99, _GREEN), (0.9, _BLUE), (0.5, _ORANGE)]:
        right.plot(gate ** np.arange(41), color=color)
        place = (20, gate**20.0 + 0.03) if gate > 0.5 else (5, 0.04)
        right.text(*place, f"forget gate {gate:g}", color=color, fontsize=9)
    right.set(title="share of a memory that is left", xlabel="steps later", ylim=(0, 1.05))
    return figure


def metrics() -> Figure:
    """Which point forecast of a skewed outcome each error likes best."""
    rng = np.random.default_rng(0)
    outcomes = rng.lognormal(0, 1, 20_000)
    forecasts = np.linspace(0.05, 3, 120)
    losses = {
        "absolute error": [np.abs(outcomes - f).mean() for f in forecasts],
        "squared error": [((outcomes - f) ** 2).mean() for f in forecasts],
        "percentage error": [(np.abs(outcomes - f) / outcomes).mean() for f in forecasts],
    }
    figure, ax = plt.subplots(figsize=(6.5, 2.8))
    for (name, loss), color in zip(losses.items(), [_BLUE, _ORANGE, _GREEN], strict=True):
        scaled = np.asarray(loss) / np.min(loss)
        best = forecasts[np.argmin(scaled)]
        ax.plot(forecasts, scaled, color=color)
        ax.plot(best, 1, "o", color=color)
        ax.annotate(f"{best:.2f}", (best, 1), xytext=(0, -14), textcoords="offset points", color=color, ha="center")
        end = np.flatnonzero(scaled < 2.1)[-1] if name == "percentage error" else len(forecasts) - 1
        ax.text(forecasts[end] + 0.05, scaled[end], name, color=color, va="center")
    ax.set(xlim=(0, 4), ylim=(0.8, 2.2), xlabel="forecast of a log-normal outcome", ylabel="loss / smallest loss")
    return figure


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    ax.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "color": color, "lw": 1.2})


_PICTURES: list[Callable[[], Figure]] = [
    forecast, ranking, calibration, stationarity, differencing, seasonality, autocorrelation, cells, gradients,
    truncation, origins, metrics,
]  # fmt: skip


def draw_all(folder: Path) -> None:
    """Write every picture into a folder, under the name of the function that draws it."""
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(_STYLE):
        for picture in _PICTURES:
            figure = picture()
            figure.savefig(folder / f"{picture.__name__}.svg", metadata={"Date": None}, transparent=True)
            plt.close(figure)


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]))
