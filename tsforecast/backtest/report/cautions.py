"""What a careful colleague would add to a verdict: each caution once, in plain words."""

import numpy as np
import pandas as pd

from tsforecast._texts import listed, number_text
from tsforecast.backtest.report.skipped import is_skipped
from tsforecast.backtest.result.analysis import calibration_of, verdict_of
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.exceptions import DataError

_FEW_CUTOFFS = 3
_POINTS = 3.0  # by which a coverage must miss its level to be worth a sentence
_TOLD = 0.01  # share of the winner's score, by which another must be better by a further metric
_ROWS_READ = 3_000_000  # forecasts of one model that are read, at most


def cautions(run: RunData, board: pd.DataFrame | None = None) -> list[str]:
    """Sentences on what the verdict does not show: none where there is nothing to add.

    The winner's intervals, metrics by which another model is first, cutoffs that are few, overlap or lie within one
    season, forecasts that failed, seeds that spread more than the models differ, models with the same scores.
    """
    table = leaderboard(run) if board is None else board
    if "rank" not in table or table["rank"].notna().sum() == 0:
        return []
    winner = str(table["model"].iloc[0])
    return [
        *_intervals(run, winner),
        *_other_metrics(run, winner, table),
        *_cutoffs(run, winner, table),
        *_failed(run, table),
        *_seeds(run, table),
        *_equal(run, table),
    ]


def cautions_text(run: RunData, board: pd.DataFrame | None = None) -> str:
    """The cautions as a Markdown list under a line of its own; empty where there are none."""
    told = cautions(run, board)
    return "\n".join(["To bear in mind:", "", *(f"- {one}" for one in told)]) if told else ""


def _intervals(run: RunData, winner: str) -> list[str]:
    if not run.config["level"] or run.n_series * run.n_windows * run.horizon > _ROWS_READ:
        return []
    try:
        table = calibration_of(run, [winner])
    except DataError:  # it gives no intervals
        return []
    off = table[(table["h"] == 0) & table["calibration"].isin(["too narrow", "too wide"])]
    off = off[(off["coverage"] - off["level"]).abs() >= _POINTS]
    told = [f"{level:g}% hold {c:.0f}% of the truth" for level, c in off[["level", "coverage"]].to_numpy()]
    kinds = " and ".join(dict.fromkeys(off["calibration"]))
    return [f"{winner}'s intervals are {kinds}: those of {', those of '.join(told)}."] if told else []


def _other_metrics(run: RunData, winner: str, board: pd.DataFrame) -> list[str]:
    told = []
    for metric in run.metrics:
        about = run.facts[metric]
        if metric == run.ranking_metric or not about.ranks:
            continue
        scores = board.set_index("model")[metric].dropna()
        places = scores.rank(method="min", ascending=about.best != "greatest").astype(int)
        first = places.idxmin() if len(places) else winner
        if winner in places and abs(scores[winner] - scores[first]) > _TOLD * abs(scores[winner]):
            name = about.title.removesuffix(" %")
            told.append(f"by {name} {first} is first and {winner} {_ordinal(places[winner])} of {len(places)}")
    return [f"The metrics disagree: {'; '.join(told)}."] if told else []


def _cutoffs(run: RunData, winner: str, board: pd.DataFrame) -> list[str]:
    n, told = run.n_windows, []
    if n == 1 and run.n_series > 1:
        told.append(_one_cutoff(run, winner, board))
    elif n <= _FEW_CUTOFFS:
        plural = "s are" if n > 1 else " is"
        told.append(f"{n} cutoff{plural} few: what happened there is most of what this can say about other times.")
    if run.overlap > 1:
        told.append(
            f"Forecasts of {run.overlap} cutoffs in a row overlap, so that they are not independent; the decision"
            " allows for it."
        )
    season = int(run.config["season_length"])
    stretch = (n - 1) * run.step + run.horizon
    if n > 1 and season > 1 and stretch <= season:
        told.append(f"All {n} cutoffs lie in one stretch of {stretch} steps, within one season of {season}.")
    return told


def _one_cutoff(run: RunData, winner: str, board: pd.DataFrame) -> str:
    """That all series share one cutoff, and how much they may have in common before a decision falls."""
    n_times = run.cube.keys["cutoff"].nunique()
    if n_times > run.n_series // 2:  # what happened at a time happened to few of them
        return f"There is one cutoff a series, at {n_times} different times: how the models fare at others is not seen."
    told = "There is one cutoff: what happened then to all series at once cannot be told from a difference of models."
    ranked = board.loc[board["rank"].notna(), "model"].tolist()
    if len(ranked) < 2:
        return told
    verdict = verdict_of(run, winner)
    if verdict.conclusion == "undecided":
        return told
    decision = decision_of(run)
    test = decision.test(winner, verdict.other)
    spare = (test.statistic / max(test.critical(decision.alpha), 1e-9)) ** 2 - 1
    most = spare / max(test.n_series - 1, 1)
    return (
        f"{told} That {winner} is {verdict.conclusion} than {verdict.other} would not stand if the differences of two"
        f" series had a correlation over {max(most, 0.0):.2g}."
    )


def _failed(run: RunData, board: pd.DataFrame) -> list[str]:
    failed = run.failures[~is_skipped(run)]
    if failed.empty:
        return []
    n_all = run.n_series * run.n_windows
    counts = failed.drop_duplicates(["model", "unique_id", "cutoff"]).groupby("model", sort=False).size()
    told = ", ".join(f"{model} on {counts[model]}" for model in run.models if model in counts.index)
    return [f"Forecasts failed, {told} of {n_all} pairs of series and cutoff: these count for no model."]


def _seeds(run: RunData, board: pd.DataFrame) -> list[str]:
    metric = run.ranking_metric
    told = []
    ranked = board.dropna(subset=["rank"])
    if f"{metric}_sd" in ranked and len(ranked) > 1:
        spread = ranked[f"{metric}_sd"].iloc[:2].max()
        lead = abs(float(ranked[metric].iloc[1]) - float(ranked[metric].iloc[0]))
        if np.isfinite(spread) and spread >= lead:
            first, second = ranked["model"].iloc[:2]
            digits = max(run.facts[metric].decimals, 3)
            told.append(
                f"Seeds spread more than the models differ: a standard deviation of {number_text(spread, digits)}"
                f" against {number_text(lead, digits)} between {first} and {second}."
            )
    n_seeds = run.timings.groupby("model")["seed"].nunique()
    single = [str(name) for name in ranked["model"] if name in run.random_models and n_seeds.get(name) == 1]
    if single:
        told.append(f"{listed(single)} ran with one seed: how much another would change is not known (--seeds 5).")
    return told


def _equal(run: RunData, board: pd.DataFrame) -> list[str]:
    """Models whose scores are the same everywhere: one model under two names, or two that chose the same."""
    by_scores: dict[bytes, list[str]] = {}
    for model in board.loc[board["rank"].notna(), "model"]:
        scores = run.cube.values[:, run.cube.models.index(model)]  # (n_metrics, n_cells)
        by_scores.setdefault(scores.tobytes(), []).append(str(model))
    return [f"{listed(names)} have the same scores everywhere." for names in by_scores.values() if len(names) > 1]


def _ordinal(k: int) -> str:
    ending = "th" if k % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"{k}{ending}"
