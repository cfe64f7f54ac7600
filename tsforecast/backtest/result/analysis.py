"""Tests, intervals, calibration and a verdict, from the scores and forecasts of a finished run.

The statistics are those of `tsforecast.backtest.compare`; this module builds their arrays. Losses by step are absolute
errors divided by the seasonal scale of their series (not divided if no series has one), so that series of different
units can be pooled; seeds are averaged unless a function says otherwise. A metric for which greater is better is
negated, so that smaller losses are better everywhere below.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.backtest.compare.calibration import coverage_table, pit_histogram
from tsforecast.backtest.compare.diebold_mariano import diebold_mariano_table
from tsforecast.backtest.compare.verdict import Verdict, not_comparable
from tsforecast.backtest.plan.ranking import ranking_metric
from tsforecast.backtest.result.cube import FORECAST_KEYS, Cube
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of, skill_of_root
from tsforecast.backtest.result.leaderboard import usual_baseline
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError


def diebold_mariano_tests(run: RunData, a: str, b: str) -> pd.DataFrame:
    """Diebold-Mariano tests of two models at each step and over all steps; see `BacktestResult.dm`."""
    _check_models(run, a, b)
    loss_a, loss_b = (step_losses(run, name) for name in (a, b))
    return diebold_mariano_table(loss_a, loss_b, step_size=run.step)


def confidence_set(run: RunData, metric: str | None = None) -> pd.DataFrame:
    """The models that no other is better than; see `BacktestResult.mcs`."""
    decision = decision_of(run, metric)
    kept = decision.confidence_set()
    found = pd.DataFrame({"model": decision.models, "mean_loss": decision.means})
    found["included"] = found["model"].isin(kept)
    return found.sort_values("mean_loss", kind="stable", ignore_index=True)


def verdict_of(run: RunData, a: str | None = None, b: str | None = None, metric: str | None = None) -> Verdict:
    """The verdict on two models, as the decision over all has it; see `BacktestResult.verdict`."""
    chosen = ranking_metric(run.facts, metric)
    decision = decision_of(run, chosen)
    ranked = [decision.models[i] for i in np.argsort(decision.means, kind="stable")]
    a = a or next((name for name in ranked if name != b), None)
    base = usual_baseline(run.models)
    b = b or (base if base in ranked and base != a else next((name for name in ranked if name != a), None))
    if a is None or b is None:
        raise DataError("A verdict needs two models that finished something.")
    _check_models(run, a, b)
    if a not in ranked or b not in ranked:
        return not_comparable(a, b)
    about = run.facts[chosen]
    name = about.title.removesuffix(" %")
    found = decision.verdict(a, b, loss_name=name, more_is_better=about.best == "greatest")
    found = dataclasses.replace(found, is_mean=about.below is None)
    if not about.root:
        return found
    ends = np.array([found.skill, found.skill_low, found.skill_high])
    skill, low, high = (float(v) for v in skill_of_root(ends))
    return dataclasses.replace(found, skill=skill, skill_low=low, skill_high=high)


def ranks_of(run: RunData, metric: str | None = None) -> pd.DataFrame:
    """Mean ranks over series, and groups of models that are not told apart; see `BacktestResult.ranks`."""
    decision = decision_of(run, metric)
    losses = decision.by_series[np.isfinite(decision.by_series).all(axis=1)]
    mean_rank = pd.DataFrame(losses).rank(axis=1).mean().to_numpy()
    letters = dict.fromkeys(decision.models, "")
    for k, group in enumerate(decision.groups()):
        for name in group:
            letters[name] += _letter(k)
    found = pd.DataFrame({"model": decision.models, "mean_rank": mean_rank, "mean_loss": decision.means})
    found["groups"] = [letters[name] for name in found["model"]]
    return found.sort_values("mean_loss", kind="stable", ignore_index=True)


def pairs_of(run: RunData, metric: str | None = None) -> pd.DataFrame:
    """The verdict on every pair of models; see `BacktestResult.pairs`."""
    decision = decision_of(run, metric)
    found = decision.pairs()
    shares = [decision.share(a, b) for a, b in found[["model_a", "model_b"]].itertuples(index=False)]
    if run.facts[ranking_metric(run.facts, metric)].root:
        columns = ["skill", "skill_low", "skill_high"]
        found[columns] = skill_of_root(found[columns].to_numpy())
    return found.assign(share=shares)


def calibration_of(run: RunData, models: Sequence[str] | None = None) -> pd.DataFrame:
    """Coverage of models, all of them by default, by level and step; see `BacktestResult.calibration`."""
    level = [float(percent) for percent in run.config["level"]]
    tables = []
    ends = [[f"{end}-{p:g}" for p in level] for end in ("lo", "hi")]
    for model in (run.models if models is None else models) if level else ():
        if not len(own := run.large.forecasts_of(model, ["y", "h", "seed", *ends[0], *ends[1]])):
            continue
        n_seeds = int(own["seed"].nunique())
        low, high = (own[columns].to_numpy(dtype=np.float64) for columns in ends)
        if np.isnan(low).all():  # the model gives no intervals
            continue
        table = coverage_table(own["y"].to_numpy(), low, high, level, own["h"].to_numpy(), n_seeds=n_seeds)
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
    tables = [step_losses(run, model) for model in run.models]
    known = np.stack([np.isfinite(table) for table in tables if np.isfinite(table).any()] or [np.isfinite(tables[0])])
    common = known.all(axis=0)
    means = [_mean_over_cells(np.where(common, table, np.nan)) for table in tables]
    steps = pd.Index(range(1, run.horizon + 1), name="h")
    return pd.DataFrame(means, index=pd.Index(run.models, name="model"), columns=steps)


def _own_table(run: RunData, cells: pd.DataFrame, metrics: Sequence[str], models: Sequence[str]) -> Floats:
    """Scores by metric on all cells of the run: ``(n_metrics, n_models, n_series, n_windows)``."""
    whole = run.cube
    own = Cube(cells[[*FORECAST_KEYS, *metrics]], whole.keys, models)
    order = own.ids.get_indexer(whole.ids)
    return np.stack([own.table(own.plane(metric))[:, order] for metric in metrics])


def step_losses(run: RunData, model: str) -> Floats:
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


def _letter(k: int) -> str:
    """The k-th letter: a to z, then a2 and so on."""
    return chr(ord("a") + k % 26) + (str(k // 26 + 1) if k >= 26 else "")
