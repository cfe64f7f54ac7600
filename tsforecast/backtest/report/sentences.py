"""Sentences on a finished run, and its leaderboard with the columns that a reader needs first."""

from typing import Any

import numpy as np
import pandas as pd

from tsforecast._texts import listed, number_text, spread_text
from tsforecast.backtest.compare.verdict import Verdict
from tsforecast.backtest.result.analysis import verdict_of
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.backtest.result.leaderboard import leaderboard, usual_baseline
from tsforecast.metrics.choose import DEFAULT_METRICS

_SHOWN_OF_DEFAULT = ("mase", "smape", "coverage")  # of the default metrics: what a reader needs first

_FARTHEST = 999  # percent, under which an end of an interval is not told exactly


def headline(run: RunData, board: pd.DataFrame | None = None) -> pd.DataFrame:
    """The leaderboard as texts, ready to print: rank, model, metrics, skill, missing.

    The score that ranks stands with its standard deviation over seeds where a model ran with several.
    """
    table = leaderboard(run) if board is None else board
    if not run.metrics:
        return table[["model", "n_missing"]].astype(str)
    base = usual_baseline(run.models)
    out = pd.DataFrame({"#": ["-" if pd.isna(r) else str(r) for r in table["rank"]], "Model": table["model"]})
    for metric in shown_metrics(run):
        about = run.facts[metric]
        deviations = table.get(f"{metric}_sd", pd.Series(np.nan, index=table.index))
        out[about.title] = [spread_text(v, sd, about.decimals) for v, sd in zip(table[metric], deviations, strict=True)]
    if base is not None and "skill" in table:
        out[f"Skill vs {base}"] = [
            _skill_text(*row) for row in table[["skill", "skill_low", "skill_high"]].itertuples(index=False)
        ]
    if (table["n_missing"] > 0).any():
        out["Missing"] = table["n_missing"].astype(str)
    return out


def shown_metrics(run: RunData) -> list[str]:
    """The metrics of a table for readers: of the default ones, MSIS and RMSSE are left to the full leaderboard."""
    usual = run.config["metrics"] == list(DEFAULT_METRICS)
    return [name for name in run.metrics if not usual or name.split("-")[0] in _SHOWN_OF_DEFAULT]


def who_wins(run: RunData, board: pd.DataFrame | None = None) -> str:
    """One sentence: the model with the best average score."""
    table = leaderboard(run) if board is None else board
    if not run.metrics or run.cells.empty:
        return "No model finished a series and cutoff, so nothing can be compared."
    metric = run.ranking_metric
    about = run.facts[metric]
    if table["rank"].isna().all():
        return f"{about.title} is not defined for anything that the models finished, so they are not ranked."
    best = table.iloc[0]
    first = "highest" if about.best == "greatest" else "lowest"
    score = number_text(best[metric], max(about.decimals, 3))
    average = "over" if about.below is not None else "on average over"
    told = f"{best['model']} has the {first} {about.title.removesuffix(' %')}, {score} {average} {_cells(run, best)}"
    tied = [str(name) for name in table.loc[table["rank"] == 1, "model"][1:]]
    verb = "have" if len(tied) > 1 else "has"
    return f"{told}{f', as {verb} {listed(tied)}' if tied else ''}."


def verdicts(run: RunData, board: pd.DataFrame | None = None, *, most: int = 2) -> list[Verdict]:
    """The best model against the baseline and the next best, ``most`` verdicts in all."""
    table = leaderboard(run) if board is None else board
    ranked = table.loc[table["rank"].notna(), "model"].tolist() if "rank" in table else []
    base = usual_baseline(run.models)
    rivals = list(dict.fromkeys(name for name in (base, *ranked[1:]) if name in ranked[1:]))
    return [verdict_of(run, ranked[0], rival) for rival in rivals[:most]]


def set_sentence(run: RunData) -> str:
    """The models among which the best one is; empty where fewer than three are compared."""
    decision = decision_of(run)
    kept = decision.confidence_set()
    n_out = len(decision.models) - len(kept)
    if len(decision.models) < 3:
        return ""
    if not n_out:
        return f"No two of the {len(kept)} models are told apart: any of them may be the best."
    who = f"the best model is {listed(kept, 'or')}"
    out = f"the other {n_out} are each" if n_out > 1 else "the other one is"
    return f"With {decision.level:g}% confidence {who}; {out} worse than at least one model."


def better_than_baseline(run: RunData) -> list[str]:
    """The models that are better than the usual baseline, beyond chance."""
    base = usual_baseline(run.models)
    if base is None or not run.metrics or run.cube.n_scored(run.ranking_metric) < 2:
        return []
    decision = decision_of(run)
    if base not in decision.models:
        return []
    return [name for name in decision.models if name != base and decision.conclusion(name, base) == "better"]


def nested_sentence(run: RunData, board: pd.DataFrame | None = None) -> str:
    """What the best model wins over a simpler one that it contains, such as LinearAR within an LSTM; empty without one.

    A network that wins need not win by recurrence: so it is always held against the linear model that it starts from.
    """
    table = leaderboard(run) if board is None else board
    best = str(table["model"].iloc[0])
    decision = decision_of(run)
    told = []
    for simple in run.nests.get(best, ()):
        if best not in decision.models or simple not in decision.models:
            continue
        verdict = verdict_of(run, best, simple)
        if verdict.conclusion == "better":
            told.append(f"{best} contains {simple} and is better than it: {verdict.size}.")
        else:
            told.append(
                f"{best} contains {simple}, a simpler model, and is not told apart from it: {verdict.size}. What {best}"
                f" wins over others need not come from what it has besides."
            )
    return " ".join(told)


def refit_sentence(refit: Any) -> str:
    """The refit policy in words.

    Examples
    --------
    >>> refit_sentence("always")
    'Every model is fitted anew at every cutoff, from scratch.'
    """
    if refit == "always":
        return "Every model is fitted anew at every cutoff, from scratch."
    if refit == "never":
        return "Every model is fitted once, at the oldest cutoff; later forecasts use its parameters on newer data."
    return f"Every model is fitted anew, from scratch, at one cutoff in {refit} and keeps its parameters in between."


def _cells(run: RunData, best: pd.Series) -> str:
    n_windows = run.n_windows
    n_cells, n_all = int(best["n_cells"]), run.n_series * n_windows
    series = "1 series" if run.n_series == 1 else f"{run.n_series} series"
    cutoffs = "1 cutoff" if n_windows == 1 else f"{n_windows} cutoffs"
    if n_cells == n_all:
        return f"{series} and {cutoffs}"
    why = "that all models finished" if len(run.failures) else "where it is defined"
    return f"the {n_cells} of {n_all} pairs of series and cutoff {why}"


def _skill_text(skill: float, low: float, high: float) -> str:
    """Percent less error than the baseline, with its interval."""
    if not np.isfinite(skill):
        return "-"
    return f"{skill:+.0f}%" + (f" ({_end_text(low)} to {_end_text(high)})" if low < high else "")


def _end_text(end: float) -> str:
    """An end of an interval in percent; one without limit, or far away, as less than a number."""
    return f"{end:+.0f}" if end > -_FARTHEST else f"<-{_FARTHEST}"
