"""The summary of a finished run as a Markdown page."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from tsforecast._classes import class_path
from tsforecast.backtest.compare.verdict import Verdict
from tsforecast.backtest.report.cautions import cautions_text
from tsforecast.backtest.report.markdown_table import markdown_table
from tsforecast.backtest.report.numbers import number_text
from tsforecast.backtest.report.parts import part_section
from tsforecast.backtest.report.sentences import (
    better_than_baseline,
    headline,
    nested_sentence,
    refit_sentence,
    set_sentence,
    verdicts,
    who_wins,
)
from tsforecast.backtest.report.skipped import skipped_sentence
from tsforecast.backtest.result.analysis import calibration_of, errors_by_step, ranks_of
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.decision import decision_of
from tsforecast.backtest.result.leaderboard import leaderboard
from tsforecast.backtest.result.strata import scores_by_stratum, strata_of
from tsforecast.backtest.tuned import DEFAULT_BUDGET, Tuned
from tsforecast.exceptions import DataError
from tsforecast.metrics.metric import ScoreFacts

_HOW_DECIDED = (
    "All of this rests on one decision: the mean score of all pairs of models on the same series and cutoffs, compared "
    "with random signs of their differences, at an error rate of 5% for all pairs together (docs/verdict.md)."
)
_ROWS_READ = 3_000_000  # forecasts of one model that are read for the summary, at most
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
_RIVALS = 6  # models that the summary compares the best one with


def markdown(run: RunData) -> str:
    """The run as a Markdown page: what was run, the ranking, failures, warnings and what the metrics mean.

    Equal runs give equal pages, to the byte, wherever their jobs ran: what each cost stands in `timings_page`.
    """
    board = leaderboard(run)
    parts = ["# Backtest", who_wins(run, board), "## Ranking", markdown_table(headline(run, board))]
    parts.append(_missing(board, run.n_series * int(run.config["n_windows"])))
    parts += _analyses(run, board)
    parts += part_section(run, better_than_baseline(run))
    parts += ["## What was run", _settings(run)]
    parts += ["## Failures", skipped_sentence(run), _failures(run), "## Warnings", _warnings(run)]
    parts += ["## Metrics", _metrics(run)]
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
    lines = [" ".join([one.sentence, one.share_sentence]).strip() for one in told]
    return "\n".join(f"- {line}" for line in lines)


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


def _settings(run: RunData) -> str:
    config, data = run.config, run.manifest["identity"]["data"]
    step = config["step_size"] or config["horizon"]
    size = config["max_train_size"]
    window = "all observations before the cutoff" if size is None else f"the last {size} observations before the cutoff"
    seeds = config["seeds"]
    lines = [
        f"Data: {_data_name(config.get('data'))}; {data['n_series']} series, {data['n_obs']} observations, "
        f"frequency {data['freq']}, fingerprint `{data['fingerprint'][:12]}`.",
        f"Cutoffs: {config['n_windows']} for each series, {step} steps apart, the newest at the end; horizon "
        f"{config['horizon']}, gap {config['gap']}. Training window: {window}.",
        refit_sentence(config["refit"]),
        *_budgets(config["models"]),
        *(
            ["Audited: every forecast was repeated with other values after its cutoff and came out the same."]
            if config["audit"]
            else []
        ),
        "Seeds: " + ("each model's own." if seeds is None else f"{', '.join(map(str, seeds))} for models with any."),
        f"Scale of MASE, RMSSE and MSIS: changes over {config['season_length']} step(s), before the cutoff.",
        "Models: " + "; ".join(f"{m['name']} = `{_constructor_call(m)}`" for m in config["models"]) + ".",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _data_name(data: str | list[str] | None) -> str:
    """The name of the data set or of the files, without their folder, which may be another one for an equal run."""
    if data is None:
        return "given in memory"
    paths = [data] if isinstance(data, str) else data
    return ", ".join(PurePath(path).name if PurePath(path).is_absolute() else path for path in paths)


def _budgets(models: Sequence[dict[str, Any]]) -> list[str]:
    """A line on the search budget of each tuned model; none if no model is tuned."""
    tuned = [
        (m["name"], m["init_args"].get("budget", DEFAULT_BUDGET))
        for m in models
        if m["class_path"] == class_path(Tuned)
    ]
    told = ", ".join(
        f"{name} ({budget if isinstance(budget, str) else f'{budget} candidates'})" for name, budget in tuned
    )
    return [f"Parameters searched anew at every fit, at the model's cost: {told}; no other."] if tuned else []


def _constructor_call(model: dict[str, Any]) -> str:
    arguments = ", ".join(f"{k}={v!r}" for k, v in (model.get("init_args") or {}).items())
    return f"{model['class_path']}({arguments})"


def _missing(board: pd.DataFrame, n_all: int) -> str:
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


def _failures(run: RunData) -> str:
    if run.failures.empty:
        return "None."
    counted = (
        run.failures.groupby(["model", "error"], sort=False)
        .agg(times=("message", "size"), series=("unique_id", "nunique"), example=("message", "first"))
        .reset_index()
    )
    counted["example"] = [_example(text) for text in counted["example"]]
    return markdown_table(counted.astype(str))


def _warnings(run: RunData) -> str:
    if run.warnings.empty:
        return "None."
    frame = pd.DataFrame({"model": pd.Categorical(run.warnings["model"], run.models)})
    frame[["kind", "example"]] = [text.partition(": ")[::2] for text in run.warnings["warning"]]
    frame["example"] = [_example(text) for text in frame["example"]]
    return markdown_table(frame.groupby(["model", "kind"], observed=True)["example"].min().reset_index())


def _example(message: str) -> str:
    """The first line of a message, shortened, without addresses in memory, which no two runs share."""
    return _ADDRESS.sub("0x...", (message.splitlines() or [""])[0])[:200]


def _metrics(run: RunData) -> str:
    lines = [f"- {run.facts[name].title}: {_meaning(run.facts[name])}." for name in run.metrics]
    lines.append(
        "- Means are taken over the cutoffs of a series, then over series; seeds are averaged first, and ± is the"
        " standard deviation of the scores of single seeds. A pooled metric is one sum over all series and cutoffs over"
        " another."
    )
    return "\n".join(lines)


def _meaning(about: ScoreFacts) -> str:
    """What a score means, and its best value where that is not the smallest."""
    best = "more is better" if about.best == "greatest" else f"best near {about.best}"
    return about.meaning if about.best in ("smallest", None) else f"{about.meaning} ({best})"
