"""What the models of a run cost: columns for the printed table, and a Markdown page beside the summary."""

import pandas as pd

from tsforecast._texts import number_text
from tsforecast.backtest.report.markdown_table import markdown_table
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.leaderboard import cost, seconds

_ABOUT = (
    "Seconds depend on the machine, its load and where jobs ran, and so do the counts of warnings: some come once in a "
    "process, or once for fits that are made together. Two equal runs differ here; their summaries are the same."
)


def with_seconds(rows: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """The rows of a printed leaderboard with the seconds of each model, which ``board`` holds in the same order."""
    if "fit_seconds" not in board:
        return rows
    columns = {"Fit s": "fit_seconds", "Predict s": "predict_seconds"}
    return rows.assign(**{title: [number_text(v, 2) for v in board[name]] for title, name in columns.items()})


def timings_page(run: RunData) -> str:
    """Seconds of each model, accuracy against cost, and counts of warnings, as a Markdown page."""
    parts = ["# Timings", _ABOUT, "## Seconds", markdown_table(_seconds(run))]
    if run.metrics and not run.cells.empty:
        parts += ["## Accuracy against cost", markdown_table(_cost(run))]
    if len(run.warnings):
        parts += ["## Warnings", markdown_table(_warnings(run))]
    return "\n\n".join(parts) + "\n"


def _seconds(run: RunData) -> pd.DataFrame:
    forecasts = run.timings.groupby("model")["n_series"].sum()
    table = seconds(run)
    return pd.DataFrame(
        {
            "Model": table["model"],
            "Forecasts": [str(forecasts[model]) for model in table["model"]],
            "Fit s": [number_text(v, 2) for v in table["fit_seconds"]],
            "Predict s": [number_text(v, 2) for v in table["predict_seconds"]],
        }
    )


def _cost(run: RunData) -> pd.DataFrame:
    found = cost(run)
    return pd.DataFrame(
        {
            "Model": found["model"],
            run.facts[run.ranking_metric].title: [number_text(value, 3) for value in found["score"]],
            "Milliseconds a series and cutoff": [number_text(1000 * value, 2) for value in found["seconds"]],
            "Beaten in both by another": ["no" if on else "yes" for on in found["on_front"]],
        }
    )


def _warnings(run: RunData) -> pd.DataFrame:
    frame = run.warnings.assign(kind=run.warnings["warning"].str.partition(":")[0])
    counted = frame.groupby(["model", "kind"])["count"].sum().reset_index(name="times")
    return counted.astype(str)
