"""What went wrong in a run: forecasts that are missing, failures and warnings, as sentences and tables."""

import re

import pandas as pd

from tsforecast.backtest.result.data import RunData

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")


def missing_sentence(board: pd.DataFrame, n_all: int) -> str:
    """How many pairs of series and cutoff count, where not all ``n_all`` do; empty where they do."""
    if not (board["n_missing"] > 0).any():
        n_cells = int(board["n_cells"].iloc[0]) if len(board) else n_all
        told = (
            f"Only {n_cells} of {n_all} pairs of series and cutoff count here: in the others nothing could be scored."
        )
        return told if n_cells < n_all else ""
    return (
        f"Only the {board['n_cells'].iloc[0]} pairs of series and cutoff that every model finished count here; "
        "a model that finished none has no rank."
    )


def failure_table(run: RunData) -> pd.DataFrame:
    """Failures counted by model and error, with an example of each; no rows where there were none."""
    counted = (
        run.failures.groupby(["model", "error"], sort=False)
        .agg(times=("message", "size"), series=("unique_id", "nunique"), example=("message", "first"))
        .reset_index()
    )
    counted["example"] = [_example(text) for text in counted["example"]]
    return counted.astype(str)


def warning_table(run: RunData) -> pd.DataFrame:
    """Warnings by model and kind, with an example of each; no rows where there were none.

    How often each came depends on where jobs ran, and is told with the timings.
    """
    if run.warnings.empty:
        return pd.DataFrame(columns=["model", "kind", "example"])
    frame = pd.DataFrame({"model": pd.Categorical(run.warnings["model"], run.models)})
    frame[["kind", "example"]] = [text.partition(": ")[::2] for text in run.warnings["warning"]]
    frame["example"] = [_example(text) for text in frame["example"]]
    return frame.groupby(["model", "kind"], observed=True)["example"].min().reset_index()


def _example(message: str) -> str:
    """The first line of a message, shortened, without addresses in memory, which no two runs share."""
    return _ADDRESS.sub("0x...", (message.splitlines() or [""])[0])[:200]
