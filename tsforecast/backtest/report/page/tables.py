"""Tables under the pictures of a page: the numbers that the pictures show, as the summary has them."""

import pandas as pd

from tsforecast._texts import number_text
from tsforecast.backtest.report.parts import part_table
from tsforecast.backtest.result.analysis import ranks_of
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import cost
from tsforecast.backtest.result.parts import part_skills
from tsforecast.backtest.result.strata import scores_by_stratum, strata_of


def rank_table(run: RunData) -> pd.DataFrame:
    """Mean ranks of models, and letters of the groups that are not told apart."""
    found = ranks_of(run)
    ranks = [number_text(value, 2) for value in found["mean_rank"]]
    return pd.DataFrame({"Model": found["model"], "Mean rank": ranks, "Group": found["groups"]})


def cost_table(run: RunData) -> pd.DataFrame:
    """Score and seconds of each model, and whether another is both as good and as fast."""
    found = cost(run)
    title = run.facts[run.ranking_metric].title
    return pd.DataFrame(
        {
            "Model": found["model"],
            title: [number_text(value, 3) for value in found["score"]],
            "Milliseconds": [number_text(1000 * value, 2) for value in found["seconds"]],
            "Beaten in both": ["no" if on else "yes" for on in found["on_front"]],
        }
    )


def kind_table(run: RunData) -> pd.DataFrame | None:
    """Scores of models by kind of series; None where kinds are unknown or there is only one."""
    diagnosis = run.large.diagnosis()
    if diagnosis is None or not strata_of(diagnosis) or run.cells.empty:
        return None
    table = scores_by_stratum(run, diagnosis)
    for model in run.models:
        table[model] = [number_text(value, 3) for value in table[model]]
    return table.rename(columns={"division": "Division", "stratum": "Kind", "n_series": "Series"}).astype(str)


def part_skill_table(run: RunData) -> pd.DataFrame | None:
    """Skill of models with more and more of their parts; None where no model has parts or there is no baseline."""
    if not run.metrics or run.cells.empty:
        return None
    skills = [one for one in part_skills(run) if one.baseline is not None]
    return part_table(skills) if skills else None
