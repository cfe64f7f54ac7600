"""The finished run in Markdown, and the few columns of a leaderboard that a reader needs first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tsforecast.backtest.result.leaderboard import usual_baseline
from tsforecast.backtest.result.strata import scores_by_stratum, strata_of
from tsforecast.exceptions import DataError, MissingDependencyError
from tsforecast.metrics.choose import DEFAULT_METRICS
from tsforecast.metrics.metric import ScoreFacts

if TYPE_CHECKING:
    from tsforecast.backtest.result.result import BacktestResult

_SHOWN_OF_DEFAULT = ("mase", "smape", "coverage")  # of the default metrics: what a reader needs first
_ROWS_OF_A_SET = 10  # with fewer series or cutoffs a confidence set promises more than it can hold
_ROWS_READ = 3_000_000  # forecasts of one model that are read for the summary, at most
_RIVALS = 6  # models that the best one is held against in the summary


def headline(result: "BacktestResult", board: pd.DataFrame | None = None) -> pd.DataFrame:
    """The leaderboard as texts, ready to print: rank, model, metrics, skill, missing, seconds.

    Of a run with the default metrics MSIS and RMSSE stay in the full leaderboard; of any other every metric is shown.
    """
    table = result.leaderboard() if board is None else board
    if not result.metrics:
        return table[["model", "n_missing"]].astype(str)
    usual = result.config["metrics"] == list(DEFAULT_METRICS)
    shown = [m for m in result.metrics if not usual or m.split("-")[0] in _SHOWN_OF_DEFAULT]
    base = usual_baseline(result.models)
    out = pd.DataFrame({"#": ["-" if pd.isna(r) else str(r) for r in table["rank"]], "Model": table["model"]})
    for metric in shown:
        about = result.facts[metric]
        out[about.title] = [_number(v, about.decimals) for v in table[metric]]
    if base is not None and "skill" in table:
        out[f"Skill vs {base}"] = [
            _skill(*row) for row in table[["skill", "skill_low", "skill_high"]].itertuples(index=False)
        ]
    if (table["n_missing"] > 0).any():
        out["Missing"] = table["n_missing"].astype(str)
    out["Fit s"] = [_number(v, 2) for v in table["fit_seconds"]]
    out["Predict s"] = [_number(v, 2) for v in table["predict_seconds"]]
    return out


def who_wins(result: "BacktestResult", board: pd.DataFrame | None = None) -> str:
    """One sentence: the model with the best average score, and by how much."""
    table = result.leaderboard() if board is None else board
    if not result.metrics or result.cells.empty:
        return "No model finished a series and cutoff, so nothing can be compared."
    metric = result.ranking_metric
    about = result.facts[metric]
    if table["rank"].isna().all():
        return f"{about.title} is not defined for anything that the models finished, so they are not ranked."
    best = table.iloc[0]
    first = "highest" if about.best == "greatest" else "lowest"
    score = _number(best[metric], max(about.decimals, 3))
    average = "over" if about.below is not None else "on average over"
    told = f"{best['model']} has the {first} {about.title}, {score} {average} {_cells(result, best)}"
    base = usual_baseline(result.models)
    if best["model"] == base and table["rank"].notna().sum() > 1:
        return told + ": no model here beats it."
    if base is None or best["model"] == base or "skill" not in table or not np.isfinite(best["skill"]):
        return told + "."
    gain = "less error" if about.best == "smallest" else f"more {about.title}"
    return f"{told}: {best['skill']:.0f}% {gain} than {base}."


def markdown(result: "BacktestResult") -> str:
    """The run as a Markdown page: what was run, the ranking, failures, warnings and what the metrics mean."""
    board = result.leaderboard()
    parts = ["# Backtest", who_wins(result, board), "## Ranking", _table(headline(result, board))]
    parts.append(_missing(board, result.n_series * int(result.config["n_windows"])))
    parts += _evidence(result)
    parts += ["## What was run", _settings(result)]
    parts += ["## Failures", _failures(result), "## Warnings", _warnings(result)]
    parts += ["## Metrics", _metrics(result)]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdicts(result: "BacktestResult", board: pd.DataFrame | None = None, *, most: int = 2) -> list[str]:
    """The best model against the baseline and the next best, ``most`` sentences in all."""
    table = result.leaderboard() if board is None else board
    ranked = table.loc[table["rank"].notna(), "model"].tolist() if "rank" in table else []
    base = usual_baseline(result.models)
    rivals = list(dict.fromkeys(name for name in (base, *ranked[1:]) if name in ranked[1:]))
    return [result.verdict(ranked[0], rival).sentence for rival in rivals[:most]]


def _evidence(result: "BacktestResult") -> list[str]:
    """Sections on what the numbers prove: verdicts, the confidence set, errors by step, intervals."""
    told = verdicts(result, most=_RIVALS)
    parts = (
        ["## Verdict", "\n".join(f"- {sentence}" for sentence in told), _confidence_set(result), _ranks(result)]
        if told
        else []
    )
    if result.cells.empty:
        return parts
    parts += ["## Accuracy against cost", _cost(result), *_by_kind(result)]
    if result.n_series * int(result.config["n_windows"]) * int(result.config["horizon"]) > _ROWS_READ:
        asked = "Not drawn up for a run of this size; `result.steps()` and `result.calibration()` do it when asked."
        return [*parts, "## Errors by step, and intervals", asked]
    return [*parts, *_by_step(result), *_intervals(result)]


def _by_step(result: "BacktestResult") -> list[str]:
    steps = result.steps().dropna(how="all")
    shown = sorted({1, (steps.shape[1] + 1) // 2, steps.shape[1]})
    table = pd.DataFrame({"Model": steps.index, **{f"h = {h}": [_number(v, 3) for v in steps[h]] for h in shown}})
    return ["## Scaled absolute error by step", _table(table)]


def _intervals(result: "BacktestResult") -> list[str]:
    if not result.config["level"]:
        return []
    try:
        table = result.calibration()
    except DataError:  # no model here gives any
        return []
    table = table[table["h"] == 0]
    truth = [f"{c:.1f}% ({low:.1f} to {high:.1f})" for c, low, high in table[["coverage", "low", "high"]].to_numpy()]
    columns = {"Model": table["model"], "Stated": [f"{p:g}%" for p in table["level"]], "True": truth}
    return ["## Intervals", _table(pd.DataFrame(columns | {"Verdict": table["calibration"]}))]


def _ranks(result: "BacktestResult") -> str:
    try:
        found = result.ranks()
    except DataError as error:
        return f"No comparison of ranks: {error}"
    ranks = ", ".join(f"{model} {rank:.2f}" for model, rank in found.mean_ranks.items())
    return (
        f"Mean rank over {found.n_series} series: {ranks}. Ranks closer than {found.critical_difference:.2f} are not "
        f"told apart (Nemenyi, 5%); Friedman's test that all are equal has p = {found.pvalue:.3g}."
    )


def _cost(result: "BacktestResult") -> str:
    found = result.cost()
    score = [_number(value, 3) for value in found["score"]]
    columns = {"Model": found["model"], result.facts[result.ranking_metric].title: score}
    columns["Milliseconds a series and cutoff"] = [_number(1000 * value, 2) for value in found["seconds"]]
    columns["Beaten in both by another"] = ["no" if on else "yes" for on in found["on_front"]]
    return _table(pd.DataFrame(columns))


def _by_kind(result: "BacktestResult") -> list[str]:
    """The scores for each kind of series, where the kinds are known and there is more than one."""
    diagnosis = result.diagnosis
    if diagnosis is None or not strata_of(diagnosis):
        return []
    table = scores_by_stratum(result, diagnosis)
    for model in result.models:
        table[model] = [_number(value, 3) for value in table[model]]
    told = (
        f"{result.facts[result.ranking_metric].title} of the series of each kind. Stationary: the ADF test rejects a "
        "unit root and the KPSS test does not reject stationarity; unit root: the other way round; unclear: the tests "
        "disagree. Seasonal: a seasonal strength (STL) over 0.64."
    )
    return ["## By kind of series", told, _table(table.astype(str))]


def _confidence_set(result: "BacktestResult") -> str:
    n_rows = max(result.n_series, int(result.config["n_windows"]))
    if n_rows < _ROWS_OF_A_SET:
        return f"No model confidence set: {n_rows} series or cutoffs are too few; {_ROWS_OF_A_SET} are needed."
    try:
        found = result.mcs()
    except (DataError, MissingDependencyError) as error:
        return f"No model confidence set: {error}"
    kept = ", ".join(found.loc[found["included"], "model"])
    return f"Model confidence set (90%): {kept}. The models not named are worse than the best beyond chance."


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


def _settings(result: "BacktestResult") -> str:
    config, data = result.config, result.manifest["identity"]["data"]
    step = config["step_size"] or config["horizon"]
    size = config["max_train_size"]
    window = "all observations before the cutoff" if size is None else f"the last {size} observations before the cutoff"
    seeds = config["seeds"]
    lines = [
        f"Data: {config.get('data') or 'given in memory'}; {data['n_series']} series, {data['n_obs']} observations, "
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
        "Models: " + "; ".join(f"{m['name']} = `{_call(m)}`" for m in config["models"]) + ".",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _budgets(models: Sequence[dict[str, Any]]) -> list[str]:
    """What each model may spend on a search for its parameters, where any may."""
    tuned = [(m["name"], m["init_args"].get("budget", 20)) for m in models if m["class_path"] == "tsforecast.Tuned"]
    told = ", ".join(
        f"{name} ({budget if isinstance(budget, str) else f'{budget} candidates'})" for name, budget in tuned
    )
    return [f"Parameters searched anew at every fit, at the model's cost: {told}; no other."] if tuned else []


def _call(model: dict[str, Any]) -> str:
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


def _failures(result: "BacktestResult") -> str:
    if result.failures.empty:
        return "None."
    counted = (
        result.failures.groupby(["model", "error"], sort=False)
        .agg(times=("message", "size"), series=("unique_id", "nunique"), example=("message", "first"))
        .reset_index()
    )
    counted["example"] = [text.splitlines()[0].replace("|", "\\|")[:200] for text in counted["example"]]
    return _table(counted.astype(str))


def _warnings(result: "BacktestResult") -> str:
    if result.warnings.empty:
        return "None."
    frame = result.warnings.assign(kind=result.warnings["warning"].str.partition(":")[0])
    counted = frame.groupby(["model", "kind"], sort=False).agg(times=("count", "sum"), example=("warning", "first"))
    counted = counted.reset_index()
    counted["example"] = [text.partition(": ")[2].replace("|", "\\|")[:200] for text in counted["example"]]
    return _table(counted.astype(str))


def _metrics(result: "BacktestResult") -> str:
    lines = [f"- {result.facts[name].title}: {_meaning(result.facts[name])}." for name in result.metrics]
    lines.append(
        "- Means are taken over the cutoffs of a series, then over series; seeds are averaged first. A pooled metric is"
        " one sum over all series and cutoffs over another."
    )
    return "\n".join(lines)


def _meaning(about: ScoreFacts) -> str:
    """What a score means, and which is the best where that is not the smallest."""
    best = "more is better" if about.best == "greatest" else f"best near {about.best}"
    return about.meaning if about.best in ("smallest", None) else f"{about.meaning} ({best})"


def _cells(result: "BacktestResult", best: pd.Series) -> str:
    n_windows = int(result.config["n_windows"])
    n_cells, n_all = int(best["n_cells"]), result.n_series * n_windows
    series = "1 series" if result.n_series == 1 else f"{result.n_series} series"
    cutoffs = "1 cutoff" if n_windows == 1 else f"{n_windows} cutoffs"
    if n_cells == n_all:
        return f"{series} and {cutoffs}"
    why = "that all models finished" if len(result.failures) else "where it is defined"
    return f"the {n_cells} of {n_all} pairs of series and cutoff {why}"


def _skill(skill: float, low: float, high: float) -> str:
    """Percent less error than the baseline, with its interval."""
    if not np.isfinite(skill):
        return "-"
    return f"{skill:+.0f}%" + (f" ({low:+.0f} to {high:+.0f})" if low < high else "")


def _number(value: float, decimals: int) -> str:
    return "-" if not np.isfinite(value) else f"{value:.{decimals}f}"


def _table(frame: pd.DataFrame) -> str:
    head = "| " + " | ".join(map(str, frame.columns)) + " |"
    rule = "|" + "|".join(" --- " for _ in frame.columns) + "|"
    return "\n".join([head, rule, *("| " + " | ".join(map(str, row)) + " |" for row in frame.to_numpy())])
