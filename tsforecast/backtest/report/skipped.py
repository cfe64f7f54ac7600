"""A sentence on the series of a run that were skipped because they are too short."""

import pandas as pd

from tsforecast.backtest.result.data import RunData
from tsforecast.exceptions import SeriesTooShortError

_NAMED = 20  # series, at most


def is_skipped(run: RunData) -> "pd.Series[bool]":
    """Whether each failure of a run is that of a series which is too short, and was to be skipped."""
    asked = run.config.get("too_short", "error") != "error"
    return (run.failures["error"] == SeriesTooShortError.__name__) & asked


def skipped_sentence(run: RunData) -> str:
    """How many series were skipped, and which, with the models and the number of cutoffs; empty where none was."""
    rows = run.failures[is_skipped(run)]
    if rows.empty:
        return ""
    counts = rows.drop_duplicates(["model", "unique_id", "cutoff"]).groupby(["unique_id", "model"], sort=False).size()
    ids = list(dict.fromkeys(rows["unique_id"]))
    told = [f"{i} ({_models(counts.loc[[i]].droplevel(0), run)})" for i in ids[:_NAMED]]
    rest = [f"and {len(ids) - _NAMED} more, in failures"] if len(ids) > _NAMED else []
    return f"Too short and skipped: {len(ids)} of {run.n_series} series: {', '.join([*told, *rest])}."


def _models(counts: "pd.Series[int]", run: RunData) -> str:
    """The models that skipped a series, by number of cutoffs, such as ``LSTM and GRU at 2 of 3 cutoffs``."""
    groups: dict[int, list[str]] = {}
    for model, n_cutoffs in counts.items():
        groups.setdefault(int(n_cutoffs), []).append(str(model))
    return "; ".join(
        f"{'every model' if len(models) == len(run.models) > 1 else ', '.join(models)} at "
        f"{n_cutoffs} of {run.n_windows} cutoff{'s' if run.n_windows > 1 else ''}"
        for n_cutoffs, models in groups.items()
    )
