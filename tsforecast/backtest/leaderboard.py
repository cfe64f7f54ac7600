"""Scores -> one row a model: ranked, on what all models finished."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Ints
from tsforecast.backtest.compare.bootstrap import bootstrap_skill
from tsforecast.backtest.cube import Cube
from tsforecast.exceptions import ParameterError, UnknownNameError

_DRAWS = 20_000_000  # series drawn in all bootstrap samples together, at most
OnFailure: TypeAlias = Literal["exclude", "worst", "baseline"]
_NOT_BETTER_WHEN_LOWER = ("coverage", "width", "bias")
_BASELINES = ("SeasonalNaive", "Naive")


def rank_models(
    cube: Cube,
    *,
    metric: str,
    baseline: str | None,
    on_failure: OnFailure = "exclude",
    strata: Mapping[Any, Any] | None = None,
) -> pd.DataFrame:
    """One row a model (and stratum): rank, mean of every metric, mean rank, skill, what is missing.

    Means are over the cutoffs of a series, then over series, of each metric where all models have it. See
    `BacktestResult.leaderboard`.
    """
    plane = cube.plane(metric)
    filled = _impute(cube, plane, baseline, on_failure)
    labels = pd.Series([None if strata is None else strata.get(i) for i in cube.ids], dtype=object)
    tables = []
    for label in [None] if strata is None else sorted(labels.dropna().unique(), key=str):
        within = np.ones(plane.shape[1], dtype=bool) if strata is None else (labels == label).to_numpy()[cube.series]
        table = _table(cube, filled, cube.metrics.index(metric), within, baseline)
        if strata is not None:
            table.insert(0, "stratum", label)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def usual_baseline(models: list[str]) -> str | None:
    """The model that skill is measured against where none is named: SeasonalNaive, else Naive, else none."""
    return next((name for name in _BASELINES if name in models), None)


def ranking_metric(metrics: Sequence[str], wanted: str | None) -> str:
    """The metric to rank by: the one wanted, or the first of which less is better.

    Raises
    ------
    UnknownNameError
        It was not scored.
    ParameterError
        Less of it is not better, as with coverage.

    Examples
    --------
    >>> ranking_metric(["coverage-80", "mase"], None)
    'mase'
    """
    fit = [name for name in metrics if name.split("-")[0] not in _NOT_BETTER_WHEN_LOWER]
    if wanted is not None and wanted not in metrics:
        raise UnknownNameError(f"No metric {wanted!r} was scored; there are {', '.join(metrics)}.")
    if (wanted is None and not fit) or (wanted is not None and wanted not in fit):
        raise ParameterError(
            f"metrics: less of {wanted or ', '.join(metrics) or 'nothing'} is not better; an error such as mase is "
            "needed to rank by."
        )
    return wanted or fit[0]


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


def by_series(values: Floats, series: Ints) -> Floats:
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


def _table(cube: Cube, filled: Floats, main: int, within: Bools, baseline: str | None) -> pd.DataFrame:
    """The leaderboard of the cells ``within``."""
    some: Bools = np.asarray((cube.finished & within).any(axis=1))  # models that finished anything
    common: Bools = np.asarray(within & ~np.isnan(filled[main][some]).any(axis=0) & bool(some.any()))
    means = {}
    for name, plane in zip(cube.metrics, filled, strict=True):
        own = common if name == cube.metrics[main] else within & ~np.isnan(plane[some]).any(axis=0) & bool(some.any())
        per_series = by_series(np.where(some[:, None], plane, np.nan)[:, own], cube.series[own])
        means[name] = _mean(per_series)
    per_series = by_series(np.where(some[:, None], filled[main], np.nan)[:, common], cube.series[common])
    ranks = pd.DataFrame(per_series[some]).rank(axis=0, method="average").to_numpy()
    mean_rank = np.full(len(cube.models), np.nan)
    mean_rank[some] = _mean(ranks)
    score = means[cube.metrics[main]]
    table = pd.DataFrame({"model": cube.models, **means, "mean_rank": mean_rank})
    table["median"] = _median(per_series)
    if baseline is not None:
        table = table.assign(**_skill(cube, filled[main], common, score, baseline))
    table["n_cells"] = int(common.sum())
    table["n_missing"] = (~cube.finished & within).sum(axis=1)
    table = table.sort_values(cube.metrics[main], kind="stable", na_position="last", ignore_index=True)
    table.insert(0, "rank", table[cube.metrics[main]].rank(method="min").astype("Int64"))
    return table


def _skill(cube: Cube, plane: Floats, common: Bools, score: Floats, baseline: str) -> dict[str, Floats]:
    """Percent less than the baseline, with its bootstrap interval over series and blocks of cutoffs."""
    base = cube.models.index(baseline)
    ranked = np.isfinite(score)
    skill = np.full(len(cube.models), np.nan)
    found = {"skill": skill, "skill_low": skill.copy(), "skill_high": skill.copy()}
    if not ranked[base] or score[base] <= 0:
        return found
    table = cube.table(plane[ranked], common)
    n_boot = int(np.clip(_DRAWS // table.shape[1], 100, 1000))
    drawn = bootstrap_skill(table, int(ranked[:base].sum()), block_size=cube.block_size, n_boot=n_boot)
    found["skill"] = 100 * (1 - score / score[base])
    found["skill_low"][ranked], found["skill_high"][ranked] = drawn.low, drawn.high
    return found


def _impute(cube: Cube, plane: Floats, baseline: str | None, on_failure: OnFailure) -> Floats:
    """Scores with those of failed forecasts filled in as asked: ``(n_metrics, n_models, n_cells)``."""
    if on_failure == "exclude":
        return cube.values
    if on_failure == "baseline" and baseline is None:
        raise ParameterError("on_failure='baseline' needs a baseline; name one of the models.")
    if on_failure not in ("worst", "baseline"):
        raise ParameterError(f"on_failure={on_failure!r} is not 'exclude', 'worst' or 'baseline'.")
    known = ~np.isnan(plane)
    if on_failure == "baseline":
        donor = np.full(plane.shape[1], cube.models.index(str(baseline)))
    else:
        donor = np.argmax(np.where(known, plane, -np.inf), axis=0)  # the worst model of each cell
    lent = np.take_along_axis(cube.values, donor[None, None, :].repeat(len(cube.metrics), axis=0), axis=1)
    return np.where(cube.finished[None], cube.values, lent)


def _mean(values: Floats) -> Floats:
    counts = (~np.isnan(values)).sum(axis=1)
    totals = np.nansum(values, axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _median(values: Floats) -> Floats:
    return np.array([np.nan if np.isnan(row).all() else float(np.nanmedian(row)) for row in values])
