"""Tests, intervals, calibration and a verdict, from the scores and forecasts of a finished run.

The statistics are those of `tsforecast.backtest.compare`; this module builds their arrays. Losses by step are absolute
errors divided by the seasonal scale of their series (not divided if no series has one), so that series of different
units can be pooled; seeds are averaged unless a function says otherwise. A metric for which greater is better is
negated, so that smaller losses are better everywhere below.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.backtest.compare.bootstrap import skill_of_root
from tsforecast.backtest.compare.calibration import coverage_table, pit_histogram
from tsforecast.backtest.compare.confidence_set import model_confidence_set
from tsforecast.backtest.compare.diebold_mariano import diebold_mariano_table
from tsforecast.backtest.compare.ranks import RankTest, rank_test, wilcoxon_holm, win_rates
from tsforecast.backtest.compare.verdict import Verdict, verdict
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.result.cube import FORECAST_KEYS, Cube
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import leaderboard, mean_over_cutoffs, usual_baseline
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError

_ENOUGH_CUTOFFS = 10  # with so many cutoffs and fewer series, the rows of a confidence set are cutoffs


def diebold_mariano_tests(run: RunData, a: str, b: str) -> pd.DataFrame:
    """Diebold-Mariano tests of two models at each step and over all steps; see `BacktestResult.dm`."""
    _check_models(run, a, b)
    loss_a, loss_b = (_step_losses(run, name) for name in (a, b))
    return diebold_mariano_table(loss_a, loss_b, step_size=run.step)


def confidence_set(run: RunData, alpha: float = 0.1, metric: str | None = None) -> pd.DataFrame:
    """The models among which the best one is; see `BacktestResult.mcs`."""
    cube, plane = _losses(run, metric)
    models, finished = _finished_models(cube, plane)
    table = cube.table(finished)
    over_cutoffs = table.shape[1] < table.shape[2] and table.shape[2] >= _ENOUGH_CUTOFFS
    with np.errstate(invalid="ignore"):
        rows = table.mean(axis=1).T if over_cutoffs else table.mean(axis=2).T  # (n_obs, n_models)
    return model_confidence_set(rows, models, alpha=alpha, block_size=run.overlap if over_cutoffs else 1)


def verdict_of(run: RunData, a: str | None = None, b: str | None = None, metric: str | None = None) -> Verdict:
    """The verdict on two models over seeds, series and cutoffs; see `BacktestResult.verdict`."""
    chosen = ranking_metric(run.facts, metric)
    if a is None or b is None:
        ranked = leaderboard(run, metric=chosen).dropna(subset=["rank"])["model"].tolist()
        a = a or next((name for name in ranked if name != b), None)
        base = usual_baseline(run.models)
        b = b or (base if base in ranked and base != a else next((name for name in ranked if name != a), None))
    if a is None or b is None:
        raise DataError("A verdict needs two models that finished something.")
    _check_models(run, a, b)
    about = run.facts[chosen]
    losses, others = (about.sign * scores for scores in seed_scores(run, [a, b], chosen))
    found = verdict(a, b, losses, others, block_size=run.overlap)
    if about.root:
        ends = (found.skill, found.skill_low, found.skill_high)
        skill, low, high = (float(v) for v in skill_of_root(np.array(ends)))
        found = dataclasses.replace(found, skill=skill, skill_low=low, skill_high=high)
    return dataclasses.replace(found, more_of=about.title) if about.best == "greatest" else found


def rank_test_of(run: RunData, alpha: float = 0.05, metric: str | None = None) -> RankTest:
    """Friedman's test and Nemenyi's critical difference; see `BacktestResult.ranks`."""
    return rank_test(*_losses_by_series(run, metric), alpha=alpha)


def pairs_of(run: RunData, metric: str | None = None) -> pd.DataFrame:
    """Wilcoxon's test of every pair over series, with win rates; see `BacktestResult.pairs`."""
    losses, models = _losses_by_series(run, metric)
    rates = win_rates(losses, models)
    found = wilcoxon_holm(losses, models)
    rate = [rates.loc[a, b] for a, b in itertools.combinations(models, 2)]
    found.insert(2, "win_rate", rate)
    return found


def calibration_of(run: RunData) -> pd.DataFrame:
    """Coverage of every model by level and step; see `BacktestResult.calibration`."""
    level = [float(percent) for percent in run.config["level"]]
    tables = []
    ends = [[f"{end}-{p:g}" for p in level] for end in ("lo", "hi")]
    for model in run.models if level else ():
        if not len(own := run.large.forecasts_of(model, ["y", "h", *ends[0], *ends[1]])):
            continue
        low, high = (own[columns].to_numpy(dtype=np.float64) for columns in ends)
        if np.isnan(low).all():  # the model gives no intervals
            continue
        table = coverage_table(own["y"].to_numpy(), low, high, level, own["h"].to_numpy())
        table.insert(0, "model", model)
        tables.append(table)
    if not tables:
        raise DataError("No intervals were forecast; run the backtest with a level.")
    return pd.concat(tables, ignore_index=True)


def pit_of(run: RunData, model: str) -> pd.DataFrame:
    """Probability integral transform of a model; see `BacktestResult.pit`."""
    _check_models(run, model)
    columns = _quantile_columns(run)
    if not columns:
        raise DataError("No quantiles were forecast; run the backtest with a level or quantiles.")
    levels = np.array(sorted(columns))
    own = run.large.forecasts_of(model, ["y", *columns.values()])
    table = own[[columns[q] for q in levels]].to_numpy(dtype=np.float64)
    if np.isnan(table).all():
        raise DataError(f"Model {model!r} gives no intervals, or finished nothing.")
    return pit_histogram(own["y"].to_numpy(), table, levels)


def errors_by_step(run: RunData) -> pd.DataFrame:
    """Mean scaled absolute error by model and step: index model, one column a step; see `BacktestResult.steps`."""
    tables = [_step_losses(run, model) for model in run.models]
    known = np.stack([np.isfinite(table) for table in tables if np.isfinite(table).any()] or [np.isfinite(tables[0])])
    common = known.all(axis=0)
    means = [_mean_over_cells(np.where(common, table, np.nan)) for table in tables]
    steps = pd.Index(range(1, run.horizon + 1), name="h")
    return pd.DataFrame(means, index=pd.Index(run.models, name="model"), columns=steps)


def seed_scores(run: RunData, models: Sequence[str], metric: str) -> list[Floats]:
    """Scores of each model by seed, series and cutoff: each ``(n_seeds, n_series, n_windows)``, nan where none."""
    tables = []
    for model in models:
        rows = run.cells[run.cells["model"] == model]
        seeds = [str(seed) for seed in sorted(rows["seed"].unique())]
        if not seeds:
            raise DataError(f"Model {model!r} finished nothing that could be compared.")
        tables.append(_own_table(run, rows.assign(model=rows["seed"].astype(str)), [metric], seeds)[0])
    return tables


def _own_table(run: RunData, cells: pd.DataFrame, metrics: Sequence[str], models: Sequence[str]) -> Floats:
    """Scores by metric on all cells of the run: ``(n_metrics, n_models, n_series, n_windows)``."""
    whole = run.cube
    own = Cube(cells[[*FORECAST_KEYS, *metrics]], whole.keys, models)
    order = own.ids.get_indexer(whole.ids)
    return np.stack([own.table(own.plane(metric))[:, order] for metric in metrics])


def _losses(run: RunData, metric: str | None) -> tuple[Cube, Floats]:
    """Scores by model and cell, less being better: ``(n_models, n_cells)``."""
    cube, chosen = run.cube, ranking_metric(run.facts, metric)
    return cube, run.facts[chosen].sign * cube.plane(chosen)


def _finished_models(cube: Cube, plane: Floats) -> tuple[list[str], Floats]:
    """The models that finished something, and their rows of the plane."""
    places = np.flatnonzero(~np.isnan(plane).all(axis=1))
    if places.size < 2:
        raise DataError("A comparison needs two models that finished something.")
    return [cube.models[i] for i in places], plane[places]


def _losses_by_series(run: RunData, metric: str | None) -> tuple[Floats, list[str]]:
    """Mean losses of each series over the cutoffs that all models finished, ``(n_series, n_models)``; the models."""
    cube, plane = _losses(run, metric)
    models, finished = _finished_models(cube, plane)
    common = ~np.isnan(finished).any(axis=0)
    return mean_over_cutoffs(finished[:, common], cube.series[common]).T, models


def _step_losses(run: RunData, model: str) -> Floats:
    """Scaled absolute errors of a model, seeds averaged: ``(n_series, n_windows, horizon)``, nan where none."""
    horizon = run.horizon
    own = run.large.forecasts_of(model, [*FORECAST_KEYS, "h", "y", "scale", "mean"])
    error = np.abs(own["y"].to_numpy(dtype=np.float64) - own["mean"].to_numpy(dtype=np.float64))
    if own["scale"].notna().any():
        error = error / own["scale"].to_numpy(dtype=np.float64)
    steps = [str(h) for h in range(1, horizon + 1)]  # the steps of a forecast stand one after another
    cells = own.iloc[::horizon][list(FORECAST_KEYS)].reset_index(drop=True)
    cells = cells.assign(**dict(zip(steps, error.reshape(-1, horizon).T, strict=True)))
    return np.moveaxis(_own_table(run, cells, steps, [model])[:, 0], 0, 2)


def _mean_over_cells(table: Floats) -> Floats:
    """Mean over series and cutoffs of each step: ``(n_series, n_windows, horizon)`` -> ``(horizon,)``."""
    known = np.isfinite(table)
    counts = known.sum(axis=(0, 1))
    totals = np.where(known, table, 0.0).sum(axis=(0, 1))
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _quantile_columns(run: RunData) -> dict[float, str]:
    """Columns of ``forecasts`` by quantile level."""
    columns = {}
    for percent in run.config["level"]:
        columns[round(0.5 - percent / 200, 10)] = f"lo-{percent:g}"
        columns[round(0.5 + percent / 200, 10)] = f"hi-{percent:g}"
    return columns | {round(float(q), 10): f"q{q:g}" for q in run.config["quantiles"]}


def _check_models(run: RunData, *models: str) -> None:
    for name in models:
        if name not in run.models:
            raise UnknownNameError(f"No model is called {name!r}; there are {', '.join(run.models)}.")
    if len(set(models)) < len(models):
        raise ParameterError(f"{models[0]!r} cannot be compared with itself.")
