"""What was run: data, cutoffs, seeds and models of a run, a line each."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from tsforecast._classes import class_path
from tsforecast.backtest.report.sentences import refit_sentence
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.tuned import DEFAULT_BUDGET, Tuned


def conditions(run: RunData) -> list[str]:
    """The settings of a run in words, without its models, a line each; what is code stands between backticks."""
    config, data = run.config, run.manifest["identity"]["data"]
    step = config["step_size"] or config["horizon"]
    size = config["max_train_size"]
    window = "all observations before the cutoff" if size is None else f"the last {size} observations before the cutoff"
    seeds = config["seeds"]
    return [
        f"Data: {data_name(config.get('data'))}; {data['n_series']} series, {data['n_obs']} observations, "
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
    ]


def model_calls(run: RunData) -> dict[str, str]:
    """The call that makes each model, by its name."""
    return {model["name"]: constructor_call(model) for model in run.config["models"]}


def data_name(data: str | list[str] | None) -> str:
    """The name of the data set or of the files, without their folder, which may be another one for an equal run."""
    if data is None:
        return "given in memory"
    paths = [data] if isinstance(data, str) else data
    return ", ".join(PurePath(path).name if PurePath(path).is_absolute() else path for path in paths)


def constructor_call(model: dict[str, Any]) -> str:
    """The call that makes a model of a configuration."""
    arguments = ", ".join(f"{k}={v!r}" for k, v in (model.get("init_args") or {}).items())
    return f"{model['class_path']}({arguments})"


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
