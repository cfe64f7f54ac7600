"""What a page says beside its pictures: the verdict, the data and what is wrong with them, how to repeat the run."""

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tsforecast.backtest.report.conditions import data_name
from tsforecast.backtest.report.page.ranked_run import RankedRun
from tsforecast.backtest.report.parts import part_sentences
from tsforecast.backtest.report.sentences import better_than_baseline, nested_sentence, set_sentence, verdicts
from tsforecast.backtest.report.skipped import is_skipped, skipped_sentence
from tsforecast.backtest.result.data import RunData

_RIVALS = 6  # models that the verdict compares the best one with, as in the summary


def kicker(run: RunData) -> str:
    """What was compared on what, in a line."""
    freq = run.manifest["identity"]["data"].get("freq")
    n_models = len(run.models)
    parts = [
        f"Backtest of {data_name(run.config.get('data'))}" if run.config.get("data") else "Backtest",
        f"{n_models} model{'s' if n_models > 1 else ''}",
        f"{run.n_series:,} series",
        f"{run.n_windows} cutoff{'s' if run.n_windows > 1 else ''}",
        f"horizon {run.horizon}",
        *([f"frequency {freq}"] if freq else []),
    ]
    return " · ".join(parts)


def verdict_sentences(ranked_run: RankedRun) -> list[str]:
    """The sentences of the verdict, those that the summary and the terminal have; none where nothing is compared."""
    told = verdicts(ranked_run.run, ranked_run.board, most=_RIVALS)
    if not told:
        return []
    sentences = [" ".join([one.sentence, one.share_sentence]).strip() for one in told]
    more = [set_sentence(ranked_run.run), nested_sentence(ranked_run.run, ranked_run.board)]
    return [*sentences, *(text for text in more if text)]


def part_lines(run: RunData) -> list[str]:
    """What parts of models are worth, a sentence each."""
    return part_sentences(run, better_than_baseline(run))


def data_lines(run: RunData) -> list[str]:
    """What the data are like and what is wrong with them, a line each."""
    data = run.manifest["identity"]["data"]
    lines = [f"{data['n_series']:,} series with {data['n_obs']:,} observations, frequency {data['freq']}."]
    lines += _diagnosed(run.large.diagnosis())
    lines += [skipped_sentence(run), _unscored(run)]
    n_failed = int((~is_skipped(run)).sum())
    lines.append(f"{n_failed:,} forecasts failed, see below." if n_failed else "No forecast failed.")
    return [line for line in lines if line]


def _diagnosed(diagnosis: pd.DataFrame | None) -> list[str]:
    """Counts of the kinds of series, and of those with missing values or without change."""
    if diagnosis is None or diagnosis.empty:
        return []
    counts = diagnosis["stationarity"].value_counts()
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts.index))
    n_seasonal = int(diagnosis["seasonal"].sum())
    length = diagnosis["n_obs"]
    told = [
        f"Kinds of series: {kinds}; {n_seasonal} of {len(diagnosis)} seasonal; {length.min():,} to {length.max():,} "
        "observations each."
    ]
    gaps = diagnosis[diagnosis["n_missing"] > 0]
    if len(gaps):
        told.append(f"{len(gaps)} series have missing values, {int(gaps['n_missing'].sum()):,} in all.")
    return told


def _unscored(run: RunData) -> str:
    """How many series have no score by the metric that ranks, though they were forecast: mostly for want of change."""
    if not run.metrics or run.cells.empty:
        return ""
    cube = run.cube
    known = np.isfinite(cube.plane(run.ranking_metric))
    forecast = np.unique(cube.series[cube.finished.any(axis=0)]).size
    scored = np.unique(cube.series[known.any(axis=0)]).size
    title = run.facts[run.ranking_metric].title.removesuffix(" %")
    n = forecast - scored
    return f"{title} is not defined for {n} series, which never change over its scale or are zero." if n else ""


def command(run: RunData) -> str:
    """The call that repeats the run: a command where data have a name, otherwise Python."""
    config = run.config
    if config.get("data"):
        return shlex.join(["tsforecast", "backtest", "--config", "config.yaml", "--output", "another-run"])
    usual: dict[str, Any] = {"step_size": None, "max_train_size": None, "gap": 0}
    cv = _arguments({"horizon": None, "n_windows": None} | usual, config, shown=("horizon", "n_windows"))
    names: dict[str, Any] = {
        "metrics": None,
        "refit": "always",
        "level": None,
        "quantiles": [],
        "seeds": None,
        "season_length": None,
    }
    names |= {"audit": False, "too_short": "error"}
    rest = _arguments(names, config, shown=("metrics", "level", "season_length"))
    return f"backtest(models, data, cv=RollingOrigin({cv}), {rest})"


def _arguments(usual: Mapping[str, Any], config: Mapping[str, Any], shown: tuple[str, ...]) -> str:
    """Settings as arguments, without those that are as usual."""
    kept = [name for name in usual if name in config and (name in shown or config[name] != usual[name])]
    return ", ".join(f"{name}={config[name]!r}" for name in kept)


def versions(run: RunData) -> list[tuple[str, str]]:
    """Fingerprints and versions by what they are of."""
    identity = run.manifest["identity"]
    packages = identity.get("packages", {})
    told = ", ".join(f"{name} {version}" for name, version in packages.items())
    seeds = run.config.get("seeds")
    rows = [
        ("Fingerprint of the data", identity["data"]["fingerprint"]),
        ("Seeds", "each model's own" if seeds is None else ", ".join(map(str, seeds))),
        ("Versions", told),
    ]
    return [(name, text) for name, text in rows if text]
