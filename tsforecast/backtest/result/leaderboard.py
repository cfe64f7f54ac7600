"""The leaderboard: one row a model, ranked by its scores on what all models finished."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Ints
from tsforecast.backtest.compare.decision import Decision
from tsforecast.backtest.plan.ranking import denominator_columns, ranking_metric
from tsforecast.backtest.result.cube import Cube
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import common_cells, decision_of, decision_on, skill_of_root
from tsforecast.backtest.result.labels import By, in_order, is_label, stratum_labels
from tsforecast.backtest.result.seeds import spread_over_seeds
from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.metrics.metric import ScoreFacts
from tsforecast.metrics.point import pooled

OnFailure: TypeAlias = Literal["exclude", "worst", "baseline"]
_BASELINES = ("SeasonalNaive", "Naive")


def leaderboard(
    run: RunData,
    by: By = None,
    *,
    metric: str | None = None,
    baseline: str | None = None,
    on_failure: OnFailure = "exclude",
    spread_of: Sequence[str] = (),
    with_skill: bool = True,
) -> pd.DataFrame:
    """One row a model, best first; see `BacktestResult.leaderboard`.

    ``spread_of`` names further metrics whose standard deviation over seeds is a column. Without skill, which takes a
    decision for each stratum, it is much faster.
    """
    if baseline is not None and baseline not in run.models:
        raise UnknownNameError(f"No model is called {baseline!r}; there are {', '.join(run.models)}.")
    base = baseline or usual_baseline(run.models)
    labels = stratum_labels(run, by)
    cube = run.cube
    if not cube.metrics:
        table = pd.DataFrame({"rank": pd.NA, "model": run.models, "n_cells": 0, "n_missing": len(cube.series)})
    else:
        chosen = ranking_metric(run.facts, metric)
        filled = _impute(cube, run.facts[chosen].sign * cube.plane(chosen), base, on_failure)
        usual = labels is None and on_failure == "exclude" and cube.n_scored(chosen) > 1
        decided = decision_of(run, chosen) if usual else None
        tables = []
        for label in [None] if labels is None else in_order(labels):
            within = np.ones(len(cube.series), dtype=bool) if labels is None else is_label(labels, label)[cube.series]
            table = _board(
                cube, run.facts, filled, chosen, within, base if with_skill else None, (chosen, *spread_of), decided
            )
            if labels is not None:
                table.insert(0, "stratum", [label] * len(table))
            tables.append(table)
        table = pd.concat(tables, ignore_index=True)
    return table.merge(seconds(run), on="model", how="left")


def seconds(run: RunData) -> pd.DataFrame:
    """``model``, ``fit_seconds``, ``predict_seconds``: total seconds of each model."""
    columns = ["fit_seconds", "predict_seconds"]
    return run.timings.groupby("model", sort=False)[columns].sum().reset_index()


def cost(run: RunData, metric: str | None = None) -> pd.DataFrame:
    """Accuracy against cost; see `BacktestResult.cost`."""
    chosen = ranking_metric(run.facts, metric)
    board = leaderboard(run, metric=chosen).set_index("model")
    n_seeds = run.timings.groupby("model")["seed"].nunique().reindex(board.index)
    total = board["fit_seconds"] + board["predict_seconds"]
    each = total / (n_seeds * run.n_series * run.n_windows)
    found = pd.DataFrame({"model": board.index, "score": board[chosen].to_numpy(), "seconds": each.to_numpy()})
    on_front = pareto_front(run.facts[chosen].sign * found["score"].to_numpy(), found["seconds"].to_numpy())
    return found.assign(on_front=on_front)


def usual_baseline(models: list[str]) -> str | None:
    """The model that skill is measured against unless one is named: SeasonalNaive, else Naive, else none."""
    known = {name.partition("(")[0]: name for name in reversed(models)}  # SeasonalNaive(season_length=12) is one
    return next((known[name] for name in _BASELINES if name in known), None)


def pareto_front(score: Floats, seconds: Floats) -> Bools:
    """Whether no other is at least as good in both and better in one: two ``(n_models,)`` -> ``(n_models,)``.

    A model without a score is not on the front.

    Examples
    --------
    >>> pareto_front(np.array([1.0, 2.0, 3.0]), np.array([9.0, 1.0, 5.0]))
    array([ True,  True, False])
    """
    no_worse = (score[:, None] <= score) & (seconds[:, None] <= seconds)  # (other, model)
    better = (score[:, None] < score) | (seconds[:, None] < seconds)
    return np.asarray(~(no_worse & better).any(axis=0) & np.isfinite(score))


def mean_over_cutoffs(values: Floats, series: Ints) -> Floats:
    """Means over the cutoffs of each series, nan left out: ``(n_models, n_cells)`` -> ``(n_models, n_series)``."""
    _, code = np.unique(series, return_inverse=True)
    n_series = int(code.max()) + 1 if code.size else 0
    out = np.full((values.shape[0], n_series), np.nan)
    for i, row in enumerate(values):
        known = ~np.isnan(row)
        counts = np.bincount(code[known], minlength=n_series)
        totals = np.bincount(code[known], weights=row[known], minlength=n_series)
        np.divide(totals, counts, out=out[i], where=counts > 0)
    return out


def _board(
    cube: Cube,
    facts: Mapping[str, ScoreFacts],
    filled: Floats,
    metric: str,
    within: Bools,
    baseline: str | None,
    spread_of: Sequence[str],
    decided: Decision | None,
) -> pd.DataFrame:
    """The leaderboard on the cells ``within``.

    Each metric is averaged over the cutoffs of a series, then over series, on the cells where all models that have any
    score of it have one; a pooled metric is one ratio of sums over these cells. ``decided`` is the decision on these
    cells, where there is one already.
    """
    means = {}
    for name in (name for name in cube.metrics if name not in denominator_columns(facts)):
        plane, about = filled[cube.metrics.index(name)], facts[name]
        scored, own = common_cells(plane, within)
        shown = np.where(scored[:, None], plane, np.nan)
        if about.below is None:
            means[name] = _mean_known(mean_over_cutoffs(shown[:, own], cube.series[own]))
        else:
            below = filled[cube.metrics.index(about.below)]
            means[name] = np.array([pooled(a[own], b[own], root=about.root) for a, b in zip(shown, below, strict=True)])
        if name in spread_of:
            means[f"{name}_sd"] = spread_over_seeds(cube, facts, filled, name, own)
    main, about = filled[cube.metrics.index(metric)], facts[metric]
    scored, common = common_cells(main, within)
    per_series = mean_over_cutoffs(np.where(scored[:, None], main, np.nan)[:, common], cube.series[common])
    ranks = pd.DataFrame(about.sign * per_series[scored]).rank(axis=0, method="average").to_numpy()
    mean_rank = np.full(len(cube.models), np.nan)
    mean_rank[scored] = _mean_known(ranks)
    table = pd.DataFrame({"model": cube.models, **means, "mean_rank": mean_rank})
    table["median"] = _median(per_series) if about.below is None else np.nan
    if baseline is not None:
        decision = decided or (decision_on(cube, facts, filled, metric, scored, common) if scored.sum() > 1 else None)
        table = table.assign(**_skill_columns(cube.models, decision, baseline, about))
    table["n_cells"] = int(common.sum())
    table["n_missing"] = (~cube.finished & within).sum(axis=1)
    least_first = about.best != "greatest"
    table = table.sort_values(metric, kind="stable", na_position="last", ignore_index=True, ascending=least_first)
    table.insert(0, "rank", table[metric].rank(method="min", ascending=least_first).astype("Int64"))
    return table


def _skill_columns(models: list[str], decision: Decision | None, baseline: str, about: ScoreFacts) -> dict[str, Floats]:
    """Percent better than the baseline, with the ends of its interval; nan for a model that is not compared."""
    rows = np.full((3, len(models)), np.nan)
    if decision is not None and baseline in decision.models:
        for i, name in enumerate(models):
            if name in decision.models and name != baseline:
                rows[:, i] = decision.skill(name, baseline)
        if np.isfinite(rows[0]).any():
            rows[:, models.index(baseline)] = 0.0
    if about.root:
        rows = skill_of_root(rows)
    return dict(zip(("skill", "skill_low", "skill_high"), rows, strict=True))


def _impute(cube: Cube, losses: Floats, baseline: str | None, on_failure: OnFailure) -> Floats:
    """Scores, those of failed forecasts replaced as ``on_failure`` says: ``(n_metrics, n_models, n_cells)``.

    ``losses``, ``(n_models, n_cells)``, tell which model is the worst of a cell.
    """
    if on_failure == "exclude":
        return cube.values
    if on_failure == "baseline" and baseline is None:
        raise ParameterError("on_failure='baseline' needs a baseline; name one of the models.")
    if on_failure not in ("worst", "baseline"):
        raise ParameterError(f"on_failure={on_failure!r} is not 'exclude', 'worst' or 'baseline'.")
    known = ~np.isnan(losses)
    if on_failure == "baseline":
        donor = np.full(losses.shape[1], cube.models.index(str(baseline)))
    else:
        donor = np.argmax(np.where(known, losses, -np.inf), axis=0)  # the worst model of each cell
    lent = np.take_along_axis(cube.values, donor[None, None, :].repeat(len(cube.metrics), axis=0), axis=1)
    return np.where(cube.finished[None], cube.values, lent)


def _mean_known(values: Floats) -> Floats:
    counts = (~np.isnan(values)).sum(axis=1)
    totals = np.nansum(values, axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _median(values: Floats) -> Floats:
    return np.array([np.nan if np.isnan(row).all() else float(np.nanmedian(row)) for row in values])
