"""Pictures of a finished run: functions of `RunData` that gather arrays and draw them by `tsforecast.plots`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.result.analysis import calibration_of, ranks_of, step_losses
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import common_cells, decision_of
from tsforecast.backtest.result.labels import By, in_order, is_label, stratum_labels
from tsforecast.backtest.result.leaderboard import cost, leaderboard, mean_over_cutoffs, usual_baseline
from tsforecast.backtest.result.seeds import scores_by_seed
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.plots import curves, rows
from tsforecast.plots.canvas import axes_for, drawing, label, short_name
from tsforecast.plots.style import ModelStyle, model_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEWEST = 3  # units that an interval of a mean needs
_MOST_ROW_LEVELS = 2  # levels of intervals up to which each model is a row; with more, a line over levels


def plot_ranking(
    run: RunData, ax: "Axes | None" = None, *, metric: str | None = None, baseline: str | None = None
) -> "Axes":
    """Skill of each model against the baseline; see `BacktestResult.plot_ranking`."""
    chosen = ranking_metric(run.facts, metric)
    board = leaderboard(run, metric=chosen, baseline=baseline)
    base = baseline or usual_baseline(run.models)
    if base is None or board.set_index("model")["skill"].isna().all():
        _check_ranked(board)
        base = str(board["model"].iloc[0])
        board = leaderboard(run, metric=chosen, baseline=base)
    names = board["model"].tolist()
    board.loc[(board["model"] == base) & board["rank"].notna(), "skill"] = 0.0  # the baseline alone has no comparison
    with drawing():
        axes = axes_for(ax, 6.4, rows.rows_height(len(names)))
        skill, low, high = (board[column].to_numpy(dtype=np.float64) for column in ("skill", "skill_low", "skill_high"))
        rows.draw_ranking(axes, names, skill, low, high, _styles(run, names))
        better = "greater" if run.facts[chosen].best == "greatest" else "smaller"
        title = f"Skill against {short_name(base)}"
        label(axes, title, f"mean {title_of(run, chosen)} {better} by, with 95% interval", note=_extent(run))
    return axes


def plot_ranks(run: RunData, ax: "Axes | None" = None, *, metric: str | None = None) -> "Axes":
    """Mean ranks, and bars over models that are not told apart; see `BacktestResult.plot_ranks`."""
    chosen = ranking_metric(run.facts, metric)
    table, groups = ranks_of(run, chosen), decision_of(run, chosen).groups()
    names = table["model"].tolist()
    with drawing():
        axes = axes_for(ax, 6.4, rows.rows_height(len(names)))
        rows.draw_ranks(axes, names, table["mean_rank"].to_numpy(), groups, _styles(run, names))
        x = f"mean rank over series by {title_of(run, chosen)} (1 is best)"
        label(axes, "Which models are told apart", x, note="models under one bar are not told apart at 5%, all pairs")
    return axes


def plot_steps(run: RunData, ax: "Axes | None" = None) -> "Axes":
    """Error by step ahead with a band; see `BacktestResult.plot_steps`."""
    losses = [step_losses(run, name) for name in run.models]
    has_scores = [bool(np.isfinite(one).any()) for one in losses]
    if not any(has_scores):
        raise DataError("No model finished anything, so that there are no errors to draw.")
    known = np.asarray(np.all([np.isfinite(one) for one, has in zip(losses, has_scores, strict=True) if has], axis=0))
    bands = [_mean_and_band(np.where(known, one, np.nan)) for one in losses]
    mean, low, high = (np.stack(part) for part in zip(*bands, strict=True))
    banded = _shown_first(run, most=3)
    unbanded = [i for i, name in enumerate(run.models) if name not in banded]
    low[unbanded], high[unbanded] = np.nan, np.nan
    scaled = bool(run.large.forecasts_of(run.models[int(np.argmax(has_scores))], ["scale"])["scale"].notna().any())
    over = "series" if _n_series_of(known) >= _FEWEST else "cutoffs"
    with drawing():
        axes = axes_for(ax, 7.0, 3.4)
        curves.draw_steps(axes, run.models, mean, low, high, _styles(run, run.models))
        note = f"95% interval of the mean over {over}"
        note += "" if not unbanded else f", of {' and '.join(map(short_name, banded))}"
        y = "mean absolute error / seasonal scale" if scaled else "mean absolute error"
        lacking = [name for name, has in zip(run.models, has_scores, strict=True) if not has]
        label(axes, "Error by step ahead", "steps ahead", y, _joined(note if np.isfinite(low).any() else "", lacking))
    return axes


def plot_calibration(run: RunData, ax: "Axes | None" = None, *, models: Sequence[str] | None = None) -> "Axes":
    """Coverage of intervals with its uncertainty; see `BacktestResult.plot_calibration`."""
    check_models(run, models or ())
    table = calibration_of(run, models)
    table = table[table["h"] == 0]
    names = [name for name in run.models if name in set(table["model"])]
    level = sorted(table["level"].unique().tolist())
    coverage, low, high = (
        table.pivot(index="model", columns="level", values=column)
        .reindex(index=names, columns=level)
        .to_numpy(copy=True)
        for column in ("coverage", "low", "high")
    )
    by_rows = len(level) <= _MOST_ROW_LEVELS
    banded = _shown_first(run, most=3)
    if not by_rows:
        unbanded = [i for i, name in enumerate(names) if name not in banded]
        low[unbanded], high[unbanded] = np.nan, np.nan
    with drawing():
        axes = axes_for(ax, 6.4, rows.rows_height(len(names)) if by_rows else 4.2)
        draw = rows.draw_coverage_rows if by_rows else rows.draw_reliability
        draw(axes, names, level, coverage, low, high, _styles(run, names))
        held = "truths inside the interval, %"
        x, y = (held, "") if by_rows else ("level of the interval, %", held)
        looks = " and ".join(f"{percent:g}% {how}" for percent, how in zip(level, ("filled", "hollow"), strict=False))
        rest = f"; band of {' and '.join(map(short_name, banded))}" if len(names) > 3 else ""
        note = f"{looks}; right is the dashed line, with 95% interval" if by_rows else f"right is the diagonal{rest}"
        label(axes, "Reliability of intervals", x, y, note)
    return axes


def plot_cost(run: RunData, ax: "Axes | None" = None, *, metric: str | None = None) -> "Axes":
    """Accuracy against seconds; see `BacktestResult.plot_cost`."""
    chosen = ranking_metric(run.facts, metric)
    table = cost(run, chosen).set_index("model").reindex(run.models)
    if table["score"].isna().all():
        raise DataError("No model finished anything, so that there is no accuracy to draw.")
    with drawing():
        axes = axes_for(ax, 6.4, 3.6)
        on_front = table["on_front"].fillna(False).to_numpy(dtype=bool)
        seconds, score = table["seconds"].to_numpy(), table["score"].to_numpy()
        curves.draw_cost(axes, run.models, seconds, score, on_front, _styles(run, run.models))
        x, y = "seconds per series and cutoff, fit and forecast", f"mean {title_of(run, chosen)}"
        lacking = table.index[table["score"].isna()].tolist()
        label(axes, "Accuracy against cost", x, y, _joined("filled: no other model is as good and as fast", lacking))
    return axes


def plot_seeds(run: RunData, ax: "Axes | None" = None, *, metric: str | None = None) -> "Axes":
    """Scores of the seeds of each model; see `BacktestResult.plot_seeds`."""
    chosen = ranking_metric(run.facts, metric)
    board = leaderboard(run, metric=chosen)
    _check_ranked(board)
    cube = run.cube
    _, common = common_cells(cube.plane(chosen), np.ones(len(cube.series), dtype=bool))
    scores = scores_by_seed(cube, run.facts, cube.values, chosen, common)
    names = board["model"].tolist()
    own = [scores[run.models.index(name)] for name in names]
    with drawing():
        axes = axes_for(ax, 6.4, rows.rows_height(len(names)))
        x = f"mean {title_of(run, chosen)} of one seed"
        rows.draw_seeds(axes, names, own, _styles(run, names), x)
        several = any(one.size > 1 for one in own)
        note = (
            "a dot for each seed, a tick at their mean"
            if several
            else "one seed each: how much another changes is not known"
        )
        label(axes, "Spread over seeds", x, note=note)
    return axes


def plot_series_errors(
    run: RunData,
    ax: "Axes | None" = None,
    *,
    by: By = None,
    metric: str | None = None,
    baseline: str | None = None,
) -> "Axes":
    """Error of each series over the baseline's; see `BacktestResult.plot_series_errors`."""
    chosen = error_of_series(run, metric)
    base = baseline or usual_baseline(run.models) or str(leaderboard(run, metric=chosen)["model"].iloc[0])
    check_models(run, [base])
    cube, labels = run.cube, stratum_labels(run, by)
    if not np.isfinite(cube.plane(chosen)[run.models.index(base)]).any():
        raise DataError(f"The baseline {base!r} has no score, so that no model can be compared with it.")
    names, ratios, styles = [], [], []
    for name, style in model_styles(run.models).items():
        if name == base:
            continue
        ratio = series_ratios(run, name, base, chosen)
        for stratum in [None] if labels is None else in_order(labels):
            names.append(name if labels is None else curves.caption(name, stratum))
            ratios.append(ratio if labels is None else ratio[is_label(labels, stratum)])
            styles.append(style)
    if not names:
        raise DataError(f"There is no model but the baseline {base!r} to compare.")
    with drawing():
        axes = axes_for(ax, 6.4, rows.rows_height(len(names)))
        curves.draw_series_errors(axes, names, ratios, styles)
        left = f"{title_of(run, chosen)} of a series / that of {short_name(base)}; left of 1× is better"
        note = "a dot for each series, a tick at the median"
        label(axes, f"Error of {'each of ' if len(cube.ids) > 1 else ''}{len(cube.ids):,} series", left, note=note)
    return axes


def error_of_series(run: RunData, metric: str | None = None) -> str:
    """A metric that each series has a score of, smaller being better: the one that ranks where it is one.

    Raises
    ------
    ParameterError
        ``metric`` is pooled over series, or more of it is better; the run has no other where it is None.
    """
    chosen = ranking_metric(run.facts, metric)
    fitting = [name for name in run.metrics if run.facts[name].below is None and run.facts[name].best == "smallest"]
    if chosen in fitting or (metric is None and fitting):
        return chosen if chosen in fitting else fitting[0]
    raise ParameterError(
        f"metric={chosen!r} is not an error of each series; this run has {', '.join(fitting) or 'none'}."
    )


def series_ratios(run: RunData, model: str, baseline: str, metric: str) -> Floats:
    """Mean score of each series over that of the baseline, on the cutoffs that both finished: ``(n_series,)``.

    nan where they share none or both are 0; in the order of ``run.cube.ids``.
    """
    cube = run.cube
    plane = cube.plane(metric)[[run.models.index(model), run.models.index(baseline)]]
    both = np.where(np.isfinite(plane).all(axis=0), plane, np.nan)
    mine, base = mean_over_cutoffs(both, cube.series)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(mine / base)


def _mean_and_band(losses: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean over series and cutoffs, and ends of its 95% interval: ``(n_series, n_windows, horizon)`` -> (horizon,)."""
    from scipy import stats

    known = np.isfinite(losses)
    counts = known.sum(axis=(0, 1))
    with np.errstate(invalid="ignore"):
        mean = np.where(counts > 0, np.where(known, losses, 0.0).sum(axis=(0, 1)) / np.maximum(counts, 1), np.nan)
    axis = 1 if _n_series_of(known) >= _FEWEST else 0
    inner = known.sum(axis=axis)
    units = np.where(inner > 0, np.where(known, losses, 0.0).sum(axis=axis) / np.maximum(inner, 1), np.nan)
    n = np.isfinite(units).sum(axis=0)  # (horizon,)
    centre = np.where(n > 0, np.nansum(units, axis=0) / np.maximum(n, 1), np.nan)
    squares = np.nansum((units - centre) ** 2, axis=0)
    half = np.full(mean.shape, np.nan)
    enough = n >= _FEWEST
    half[enough] = stats.t.ppf(0.975, n[enough] - 1) * np.sqrt(squares[enough] / (n[enough] - 1) / n[enough])
    return mean, np.maximum(mean - half, 0.0), mean + half


def _joined(note: str, lacking: Sequence[str]) -> str:
    """The note, and the names of models that are not drawn."""
    told = [] if not lacking else [f"no score: {', '.join(short_name(name) for name in lacking[:3])}"]
    told += [f"{len(lacking) - 3} more"] if len(lacking) > 3 else []
    return "; ".join([*([note] if note else []), *told])


def _n_series_of(known: Bools) -> int:
    """Series with any known loss: ``(n_series, n_windows, horizon)``."""
    return int(known.reshape(len(known), -1).any(axis=1).sum())


def _shown_first(run: RunData, most: int) -> list[str]:
    """The models that a crowded picture dwells on: all of a few, else the best and the baseline."""
    if len(run.models) <= most:
        return run.models
    best = str(leaderboard(run)["model"].iloc[0])
    return list(dict.fromkeys([best, usual_baseline(run.models) or best]))


def _styles(run: RunData, names: Sequence[str]) -> list[ModelStyle]:
    known = model_styles(run.models)
    return [known[name] for name in names]


def title_of(run: RunData, metric: str) -> str:
    """The title of a metric as it stands in a sentence."""
    return run.facts[metric].title.removesuffix(" %")


def _extent(run: RunData) -> str:
    parts = [(len(run.models), "model"), (run.n_series, "series"), (run.n_windows, "cutoff")]
    return " · ".join(f"{n:,} {word}{'s' if n != 1 and word != 'series' else ''}" for n, word in parts)


def check_models(run: RunData, names: Sequence[str]) -> None:
    """Raise an `UnknownNameError` at the first name that is not a model's."""
    for name in names:
        if name not in run.models:
            raise UnknownNameError(f"No model is called {name!r}; there are {', '.join(run.models)}.")


def _check_ranked(board: pd.DataFrame) -> None:
    if board["rank"].isna().all():
        raise DataError("No model has a score, so that there is nothing to draw.")
