"""The summary of a finished run as a Markdown page."""

from collections.abc import Sequence

import pandas as pd

from tsforecast._texts import number_text
from tsforecast.backtest.compare.verdict import Verdict
from tsforecast.backtest.report.cautions import cautions_text
from tsforecast.backtest.report.conditions import conditions, model_calls
from tsforecast.backtest.report.explained import explanation_section
from tsforecast.backtest.report.fits import fit_section
from tsforecast.backtest.report.markdown_table import markdown_table
from tsforecast.backtest.report.meanings import metric_lines
from tsforecast.backtest.report.parts import part_section
from tsforecast.backtest.report.sentences import (
    better_than_baseline,
    headline,
    nested_sentence,
    set_sentence,
    verdicts,
    who_wins,
)
from tsforecast.backtest.report.skipped import skipped_sentence
from tsforecast.backtest.report.troubles import failure_table, missing_sentence, warning_table
from tsforecast.backtest.result.analysis import calibration_of, errors_by_step, ranks_of
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.backtest.result.strata import scores_by_stratum, strata_of
from tsforecast.exceptions import DataError

_HOW_DECIDED = (
    "All of this rests on one decision: the mean score of all pairs of models on the same series and cutoffs, compared "
    "with random signs of their differences, at an error rate of 5% for all pairs together (docs/verdict.md)."
)
_ROWS_READ = 3_000_000  # forecasts of one model that are read for the summary, at most
_RIVALS = 6  # models that the summary compares the best one with


def markdown(run: RunData) -> str:
    """The run as a Markdown page: what was run, the ranking, failures, warnings and what the metrics mean.

    Equal runs give equal pages, to the byte, wherever their jobs ran: what each cost stands in `timings_page`.
    """
    board = leaderboard(run)
    parts = ["# Backtest", who_wins(run, board), "## Ranking", markdown_table(headline(run, board))]
    parts.append(missing_sentence(board, run.n_series * int(run.config["n_windows"])))
    parts += _analyses(run, board)
    parts += part_section(run, better_than_baseline(run))
    parts += fit_section(run)
    parts += explanation_section(run)
    parts += ["## What was run", _listed([*conditions(run), _models(run)])]
    parts += ["## Failures", skipped_sentence(run), _table_or_none(failure_table(run))]
    parts += ["## Warnings", _table_or_none(warning_table(run)), "## Metrics", _listed(metric_lines(run))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _analyses(run: RunData, board: pd.DataFrame) -> list[str]:
    """Sections on what the numbers prove: verdicts, the confidence set, errors by step, intervals."""
    told = verdicts(run, board, most=_RIVALS)
    parts = (
        [
            "## Verdict",
            _verdicts(told),
            set_sentence(run),
            nested_sentence(run, board),
            cautions_text(run, board),
            _HOW_DECIDED,
            _ranks(run),
        ]
        if told
        else []
    )
    if run.cells.empty:
        return parts
    parts += _by_kind(run)
    if run.n_series * run.n_windows * run.horizon > _ROWS_READ:
        how = "Not drawn up for a run of this size; `result.steps()` and `result.calibration()` do it when asked."
        return [*parts, "## Errors by step, and intervals", how]
    return [*parts, *_by_step(run), *_intervals(run)]


def _by_step(run: RunData) -> list[str]:
    steps = errors_by_step(run).dropna(how="all")
    shown = sorted({1, (steps.shape[1] + 1) // 2, steps.shape[1]})
    table = pd.DataFrame({"Model": steps.index, **{f"h = {h}": [number_text(v, 3) for v in steps[h]] for h in shown}})
    return ["## Scaled absolute error by step", markdown_table(table)]


def _intervals(run: RunData) -> list[str]:
    if not run.config["level"]:
        return []
    try:
        table = calibration_of(run)
    except DataError:  # no model here gives any
        return []
    table = table[table["h"] == 0]
    truth = [f"{c:.1f}% ({low:.1f} to {high:.1f})" for c, low, high in table[["coverage", "low", "high"]].to_numpy()]
    columns = {"Model": table["model"], "Stated": [f"{p:g}%" for p in table["level"]], "True": truth}
    return ["## Intervals", markdown_table(pd.DataFrame(columns | {"Verdict": table["calibration"]}))]


def _ranks(run: RunData) -> str:
    found = ranks_of(run)
    n_series = len(decision_of(run).by_series)  # those that count
    if n_series < 2 or len(found) < 3:
        return ""
    ranks = ", ".join(f"{model} {rank:.2f}" for model, rank in zip(found["model"], found["mean_rank"], strict=True))
    return f"Mean rank over {n_series} series, a description that decides nothing: {ranks}."


def _verdicts(told: Sequence[Verdict]) -> str:
    return _listed([" ".join([one.sentence, one.share_sentence]).strip() for one in told])


def _models(run: RunData) -> str:
    return "Models: " + "; ".join(f"{name} = `{call}`" for name, call in model_calls(run).items()) + "."


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table_or_none(table: pd.DataFrame) -> str:
    return markdown_table(table) if len(table) else "None."


def _by_kind(run: RunData) -> list[str]:
    """The section on scores by kind of series; empty where kinds are unknown or there is only one."""
    diagnosis = run.large.diagnosis()
    if diagnosis is None or not strata_of(diagnosis):
        return []
    table = scores_by_stratum(run, diagnosis)
    for model in run.models:
        table[model] = [number_text(value, 3) for value in table[model]]
    told = (
        f"{run.facts[run.ranking_metric].title} of the series of each kind. Stationary: the ADF test rejects a "
        "unit root and the KPSS test does not reject stationarity; unit root: the other way round; unclear: the tests "
        "disagree. Seasonal: a seasonal strength (STL) over 0.64."
    )
    return ["## By kind of series", told, markdown_table(table.astype(str))]
