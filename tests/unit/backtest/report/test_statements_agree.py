"""The lines of a summary, read as a reader would, hold together: for scores of any size and scatter."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, HistoricAverage, Naive, SeasonalNaive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.report.sentences import headline, nested_sentence, set_sentence, verdicts, who_wins
from tsforecast.backtest.result.data import TablesInMemory

MODELS = {"one": HistoricAverage(), "two": SeasonalNaive(2), "three": Drift(), "Naive": Naive()}


@pytest.fixture(scope="module")
def run():
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 7)))
    return backtest(MODELS, y, cv=RollingOrigin(3, n_windows=4), metrics=["mae"], level=()).run


def with_scores(run, values):
    """The run with other scores, ``(n_models, n_series, n_cutoffs)``; nan where a model has none."""
    scores = run.large.scores().copy()
    models = pd.Index(run.models).get_indexer(pd.Index(scores["model"]))
    series = scores["unique_id"].astype("category").cat.codes
    window = scores.groupby("unique_id")["cutoff"].rank(method="dense").astype(int) - 1
    scores["value"] = values[models, series, window]
    manifest = run.manifest | {"nests": {"one": ["three"]}}
    return dataclasses.replace(run, large=TablesInMemory(scores, run.large.forecasts_of("one")), manifest=manifest)


def random_scores(rng):
    hard = np.exp(rng.normal(size=(1, 7, 4)))
    size = rng.choice([0.6, 0.85, 1.0, 1.0, 1.4], size=(4, 1, 1))
    scatter = rng.choice([0.02, 0.3, 1.0])
    values = size * hard * np.exp(scatter * rng.normal(size=(4, 7, 4)))
    if rng.random() < 0.3:
        values[rng.integers(4), rng.integers(7)] = np.nan
    return values


@pytest.mark.parametrize("seed", range(4))
def test_sentences_table_and_sets_never_contradict_each_other(run, seed):
    rng = np.random.default_rng([seed, 29])
    for _ in range(10):
        check(with_scores(run, random_scores(rng)))


def check(run):
    table = headline(run)
    best = re.match(r"(\w+) has the lowest MAE, ([\d.]+)", who_wins(run))
    assert best[1] == table["Model"].iloc[0]
    told = verdicts(run, most=6)
    said_better = {(v.model, v.other) for v in told if f"{v.model} is better than {v.other}" in v.sentence}
    said_open = {(v.model, v.other) for v in told if f"{v.model} against {v.other} is undecided" in v.sentence}
    assert len(said_better) + len(said_open) == len(told) == 3  # the best is never worse
    named = set_sentence(run)
    all_open = named.startswith("No two of the")
    inside = (
        set(run.models) if all_open else set(re.split(r", | or ", re.search(r"the best model is (.+?);", named)[1]))
    )
    assert not (all_open and said_better)
    assert best[1] in inside
    assert not {other for _, other in said_better} & inside
    for row in table.itertuples(index=False):
        skill = row[list(table.columns).index("Skill vs Naive")]
        ends = re.search(r"\(([+-]\d+) to ([+-]\d+)\)", skill)
        if row.Model == best[1] and ends and (best[1], "Naive") in said_better:
            assert int(ends[1]) >= 0
        if row.Model == best[1] and ends and (best[1], "Naive") in said_open:
            assert int(ends[1]) <= 0 <= int(ends[2])
    nested = nested_sentence(run)
    if best[1] == "one":
        assert ("is better than it" in nested) == (("one", "three") in said_better)
        assert ("is not told apart" in nested) == (("one", "three") in said_open)
    else:
        assert nested == ""
