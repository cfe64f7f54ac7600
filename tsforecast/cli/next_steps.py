"""What may be done next: a line or two at the end of a command, that fit what it has found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsforecast.backtest.backtest_result import BacktestResult
    from tsforecast.backtest.result.data import RunData

AFTER_QUICKSTART = (
    "\nYour own series: tsforecast backtest my.csv, with the columns ds, y and, of several series, unique_id."
)
AFTER_LIST = "Next: tsforecast datasets show NAME tells of one, and tsforecast backtest NAME compares models on it."
_RIVALS = ("AutoARIMA", "LSTM", "LinearAR", "SARIMA", "GRU", "SeasonalNaive", "Naive")
_TRUTH, _N_SEEDS, _PAGE = "tsforecast.TrueModel", 5, "report.html"


def after_backtest(result: BacktestResult, folder: Path) -> list[str]:
    """The next steps after a run of a command: its page, a forecast by the winner, what would make the choice surer.

    Parameters
    ----------
    result : BacktestResult
    folder : Path
        Of the run.
    """
    run = result.run
    if run.cells.empty:
        return [f"Next: {_quoted(folder / 'summary.md')} lists under Failures why no model gave a forecast."]
    steps = []
    if (folder / _PAGE).is_file():
        steps.append(f"see it all: open {_quoted(folder / _PAGE)} in a browser")
    ranked = result.leaderboard().dropna(subset=["rank"])["model"].tolist()  # best first; none without any score
    if ranked and run.config.get("data") is not None and not _is(run, ranked[0], _TRUTH):
        steps.append(f"forecast with {ranked[0]}: tsforecast forecast --run {_quoted(folder)}")
    if (surer := _surer(run, folder)) is not None:
        steps.append(surer)
    return [f"{'Next:' if k == 0 else '  or:'} {step}" for k, step in enumerate(steps)]


def _surer(run: RunData, folder: Path) -> str | None:
    """More seeds where models ran with one; else more models."""
    n_seeds = run.timings.groupby("model")["seed"].nunique()
    if run.config.get("data") is None:
        return None
    if any(n_seeds.get(model) == 1 for model in run.random_models):
        config = _quoted(folder / "config.yaml")
        return f"how much does chance matter: tsforecast backtest --config {config} --seeds {_N_SEEDS}"
    other = next(
        (name for name in _RIVALS if not any(_is(run, model, f"tsforecast.{name}") for model in run.models)), ""
    )
    return f"add another model: tsforecast backtest --add {_quoted(folder)} --models {other}" if other else None


def _is(run: RunData, model: str, class_path: str) -> bool:
    """Whether a model of a run is of a class, or holds one."""
    entry = next(entry for entry in run.config["models"] if entry["name"] == model)
    return class_path in _class_paths(entry)


def _class_paths(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        own = {str(value["class_path"])} if "class_path" in value else set()
        return own.union(*(_class_paths(part) for part in value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return set().union(*(_class_paths(part) for part in value))
    return set()


def after_show(name: str) -> str:
    """The next step after a data set was shown.

    Examples
    --------
    >>> after_show("airline")
    'Next: tsforecast backtest airline'
    >>> after_show("simulated/ar1")
    'Next: tsforecast backtest simulated/ar1, or tsforecast simulate simulated/ar1 --output series.csv'
    """
    also = f", or tsforecast simulate {name} --output series.csv" if name.startswith("simulated/") else ""
    return f"Next: tsforecast backtest {name}{also}"


def after_simulate(name: str, output: Path) -> str:
    """The next step after series were written to a file.

    Examples
    --------
    >>> after_simulate("simulated/ar1", Path("s.csv"))
    'Next: tsforecast backtest s.csv; tsforecast backtest simulated/ar1 compares with the true model, too'
    """
    return f"Next: tsforecast backtest {_quoted(output)}; tsforecast backtest {name} compares with the true model, too"


def after_train(checkpoint: str, network: str, settings: Mapping[str, Any]) -> str:
    """The next step after a network was trained: how its checkpoint forecasts.

    Examples
    --------
    >>> after_train("runs/a.ckpt", "RecurrentNetwork", {"cell": "gru"})
    "Next, in Python: tsforecast.GRU.from_checkpoint('runs/a.ckpt').predict(12, level=80)"
    """
    stock = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
    known = stock.get(str(settings.get("cell", "lstm"))) if network == "RecurrentNetwork" else None
    loaded = f"tsforecast.{known or 'NeuralForecaster'}.from_checkpoint({checkpoint!r})"
    return f"Next, in Python: {loaded}.predict(12, level=80)"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
