"""The pictures of a page: what each shows, how to read it, and the figure; those with nothing to show are left out."""

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from tsforecast.backtest.report.page.chosen import SeriesOrder
from tsforecast.backtest.report.page.paths import read_paths
from tsforecast.backtest.report.page.series_pictures import cutoffs_picture, fan_picture
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.backtest.result.labels import By, Labels, in_order, is_label, stratum_labels
from tsforecast.backtest.result.leaderboard import usual_baseline
from tsforecast.backtest.result.plots import (
    error_of_series,
    plot_calibration,
    plot_cost,
    plot_ranks,
    plot_seeds,
    plot_series_errors,
    plot_steps,
    series_ratios,
    title_of,
)
from tsforecast.backtest.result.strata import strata_of
from tsforecast.exceptions import DataError, ParameterError
from tsforecast.plots.canvas import drawing, label, new_figure
from tsforecast.plots.curves import draw_series_errors
from tsforecast.plots.rows import rows_height
from tsforecast.plots.style import model_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROWS_READ = 3_000_000  # forecasts of all models together that are read for the pictures of steps and intervals, at most
_FEWEST_SERIES = 3  # whose errors are worth a picture of their own
_MOST_DIVISIONS, _MOST_STRATA = 4, 6  # ways to divide the series that are drawn, and kinds in each
_WIDTH = 4.9  # inches: at this width texts can be read on a telephone

_ERRORS = (
    "A dot is a series: its mean error over that of the baseline, on a logarithmic scale. Left of the dashed line the "
    "model is better; the tick is the median."
)
_SEGMENTS = "The same for one model, by kind of series."
_STEPS = "Mean error at each step after the cutoff, on what all models finished, with the interval of the mean."
_INTERVALS = (
    "The share of truths inside the intervals, with its 95% interval; it should lie on the dashed line of its level. "
    "Left of it intervals are too narrow, right of it too wide."
)
_RANKS = "Models in the order of their mean score. Those under one bar are not told apart by the decision."
_COST = "Seconds depend on the machine and its load: this section alone differs between equal runs."
_SEEDS = "A dot is a seed: how much of a difference is luck."


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure with its words.

    Attributes
    ----------
    title : str
    about : str
        How to read it.
    figure : Figure
    """

    title: str
    about: str
    figure: "Figure"


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Within it matplotlib does not warn of letters that its font lacks: the reader's browser has them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def is_small(run: RunData) -> bool:
    """Whether all forecasts are few enough to be read for pictures."""
    return run.n_series * run.n_windows * run.horizon * len(run.models) <= ROWS_READ


def opening_picture(run: RunData, best: str, order: SeriesOrder) -> Picture | None:
    """The newest forecast of the best model for the series in the middle of its order."""
    told = order.told()
    name = next((name for name in ("median", "only", "best") if name in told), None)
    if name is None:
        return None
    levels = sorted(map(float, run.config["level"]))
    paths = read_paths(run, [best], np.array([told[name]]), banded=best, levels=levels, n_times=run.horizon)
    if not np.isfinite(paths.mean).any():
        return None
    which = {"median": "the series with its median", "best": "the series with its best"}.get(name)
    about = f"The newest forecast of {best}" + (f" for {which} {title_of(run, order.metric)}." if which else ".")
    return Picture(str(paths.ids[0]), about, fan_picture(paths, model_styles(run.models)[best]))


def series_pictures(run: RunData, ranked: list[str], order: SeriesOrder) -> list[Picture]:
    """The best, the median and the worst series of the best model, with the forecasts of all models."""
    told = order.told()
    if not told:
        return []
    levels = sorted(map(float, run.config["level"]))[:1]
    series = np.array(list(told.values()))
    paths = read_paths(run, ranked, series, banded=ranked[0], levels=levels, n_times=run.horizon)
    styles = model_styles(run.models)
    found = []
    for i, (name, place) in enumerate(told.items()):
        score = f"{title_of(run, order.metric)} of {order.model} {order.scores[place]:.3g}"
        about = score if name == "only" else f"The {name}: {score}"
        figure = cutoffs_picture(paths, i, [styles[model] for model in ranked], styles[ranked[0]])
        found.append(Picture(str(paths.ids[i]), about, figure))
    return found


def error_pictures(run: RunData, ranked: list[str]) -> list[Picture]:
    """Errors of each series against the baseline: of all models, and of the best by segment."""
    if run.n_series < _FEWEST_SERIES:
        return []
    found = [drawn(run, plot_series_errors, "All models", _ERRORS)]
    return [one for one in [*found, _by_segment(run, ranked)] if one is not None]


def analysis_pictures(run: RunData) -> dict[str, Picture]:
    """Pictures of the errors by step, of intervals, ranks, cost and seeds, by the name of their place on the page."""
    found: dict[str, Picture | None] = {}
    if is_small(run):
        found["steps"] = drawn(run, plot_steps, "Error by step ahead", _STEPS)
        found["intervals"] = drawn(run, plot_calibration, "Reliability of intervals", _INTERVALS)
    if run.metrics and run.cube.n_scored(run.ranking_metric) > 2 and len(decision_of(run).by_series) > 1:
        found["ranks"] = drawn(run, plot_ranks, "Which models are told apart", _RANKS)
    if (run.timings.groupby("model")["seed"].nunique() > 1).any():
        found["seeds"] = drawn(run, plot_seeds, "Spread of seeds", _SEEDS)
    found["cost"] = drawn(run, plot_cost, "Accuracy against cost", _COST)
    return {name: picture for name, picture in found.items() if picture is not None}


def drawn(run: RunData, plot: "Callable[..., Axes]", title: str, about: str) -> Picture | None:
    """A picture of the run at the width of the page; None where the run has nothing to show."""
    height = 3.0 if plot in (plot_steps, plot_cost) else rows_height(len(run.models))
    with drawing():
        axes = new_figure(_WIDTH, height).add_subplot()
    try:
        plot(run, axes)
    except (DataError, ParameterError):  # nothing finished, no intervals, or no metric of single series
        return None
    axes.set_title("", loc="left")
    figure = axes.get_figure(root=True)
    return None if figure is None else Picture(title, about, figure)


def _by_segment(run: RunData, ranked: list[str]) -> Picture | None:
    """Errors of the best model but the baseline, by kind of series and by static columns of few values."""
    base = usual_baseline(run.models)
    best = next((name for name in ranked if name != base), None)
    if base is None or best is None or run.n_series < 2:
        return None
    names, parts = [], []
    try:
        metric = error_of_series(run)
        ratio = series_ratios(run, best, base, metric)
    except (DataError, ParameterError):
        return None
    for division, labels in _divisions(run).items():
        for stratum in in_order(labels):
            names.append(f"{division}: {stratum}")
            parts.append(ratio[is_label(labels, stratum)])
    if not names:
        return None
    with drawing():
        axes = new_figure(_WIDTH, rows_height(len(names))).add_subplot()
        draw_series_errors(axes, names, parts, [model_styles(run.models)[best]] * len(names))
        label(axes, "", f"{title_of(run, metric)} of {best} / that of {base}")
    figure = axes.get_figure(root=True)
    return None if figure is None else Picture(f"{best} against {base}, by kind of series", _SEGMENTS, figure)


def _divisions(run: RunData) -> dict[str, Labels]:
    """The stratum of each series by kind, where kinds are known, and by static columns of few values."""
    found: dict[str, Labels] = {}
    diagnosis = run.large.diagnosis()
    ways: dict[str, By] = {} if diagnosis is None else dict(strata_of(diagnosis))
    if run.static is not None:
        few = [name for name in run.static.columns[1:] if 1 < run.static[name].nunique() <= _MOST_STRATA]
        ways |= {str(name): str(name) for name in few}
    for name, way in list(ways.items())[:_MOST_DIVISIONS]:
        with contextlib.suppress(DataError):  # no series of the run has a stratum
            labels = stratum_labels(run, way)
            if labels is not None:
                found[name] = labels
    return found
