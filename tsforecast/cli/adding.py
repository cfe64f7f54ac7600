"""Options of ``tsforecast backtest --add``: those of a finished run, which models are added to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsforecast.cli.configuration import configs_first
from tsforecast.cli.parser import Parser

if TYPE_CHECKING:
    from jsonargparse import Namespace

_KEPT = ("nonnegative", "bounds")  # arguments of each model that an option of the command sets
_BOUNDS = tuple(f"--{name}" for name in _KEPT)


def with_settings_of_run(parser: Parser, arguments: list[str], given: Namespace) -> Namespace:
    """The options of the finished run in ``given.add`` and, where they are not settings of a run, those of a command.

    Parameters
    ----------
    parser : Parser
    arguments : list of str
        The command; a setting in it must be that of the run, else the parser reports an error and ends the program.
    given : Namespace
        The same, parsed.
    """
    from tsforecast.backtest.plan.differences import is_same
    from tsforecast.backtest.plan.settings import parse_seeds
    from tsforecast.backtest.store.run_files import load_run

    if not given.models:
        parser.error("--add: name the models to add with --models")
    folder = Path(given.add)
    if given.output is not None and Path(given.output).resolve() != folder.resolve():
        parser.error(f"--output {given.output}: models are added in the folder of the run; leave it out")
    run = load_run(folder)
    if not (given.file or given.data):
        _check_data_are_known(parser, folder, run.config.get("data"))
    configuration = ["--config", str(folder / "config.yaml")]
    own, merged = parser.parse_args(configuration), parser.parse_args([*configuration, *configs_first(arguments)])
    own.seeds, merged.seeds = parse_seeds(own.seeds), parse_seeds(merged.seeds)
    for name in run.config:
        is_setting = name in run.manifest["identity"] and name not in ("models", "data")
        if is_setting and not is_same(merged[name], own[name]):
            parser.error(
                f"--{name} {_shown(merged[name])}: in {folder} it is {_shown(own[name])}, and models are added with "
                f"the settings of their run; leave --{name} out, or start a new run"
            )
    merged.output = str(folder)
    asked = any(word.split("=")[0] in _BOUNDS for word in arguments) or given.nonnegative or given.bounds
    _keep_bounds(merged, folder, run.config["models"], is_asked=bool(asked))
    return merged


def _keep_bounds(merged: Namespace, folder: Path, models: Sequence[dict[str, Any]], *, is_asked: bool) -> None:
    """Give the new models the bounds that all models of the run have, where none are asked for; say what differs."""
    held = [{name: _arguments(model)[name] for name in _KEPT if _arguments(model).get(name)} for model in models]
    bounds = held[0]
    if not is_asked and bounds and all(one == bounds for one in held):
        merged.nonnegative, merged.bounds = bool(bounds.get("nonnegative")), bounds.get("bounds")
        print(f"As all models of {folder}, the new ones have {_flags(bounds)}.", file=sys.stderr)
        return
    asked = {name: merged[name] for name in _KEPT if merged[name]}
    others = [str(model["name"]) for model, one in zip(models, held, strict=True) if _flags(one) != _flags(asked)]
    if others:
        print(
            f"Not within the same bounds: the new models have {_flags(asked)}; others in {folder}, {others[0]} say, "
            f"have {_flags(next(one for one in held if _flags(one) != _flags(asked)))}.",
            file=sys.stderr,
        )


def _arguments(model: dict[str, Any]) -> dict[str, Any]:
    return model.get("init_args") or {}


def _flags(bounds: dict[str, Any]) -> str:
    ends = " ".join("null" if end is None else f"{end:g}" for end in bounds.get("bounds") or ())
    words = [*(["--nonnegative"] if bounds.get("nonnegative") else []), *([f"--bounds {ends}"] if ends else [])]
    return " ".join(words) or "no --nonnegative or --bounds"


def _check_data_are_known(parser: Parser, folder: Path, data: str | list[str] | None) -> None:
    how = f"name a file with the same series: tsforecast backtest FILE --add {folder}"
    if data is None:
        parser.error(f"--add {folder}: its data were given in memory; {how}")
    for path in [data] if isinstance(data, str) else data:
        if Path(path).is_absolute() and not Path(path).exists() and not any(sign in path for sign in "*?["):
            parser.error(f"--add {folder}: its data were read from {path}, which is not there; {how}")


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_shown, value)) or "empty"
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
