"""Configuration files of ``tsforecast backtest``: strict parsing; they may set options but not run code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import jsonargparse
import yaml
from jsonargparse import ActionConfigFile, ArgumentParser, Namespace  # type: ignore[attr-defined]  # it is documented

MODE = "tsforecast"  # parser mode of jsonargparse in which `parse_yaml` checks options and files
_COMMAND_LINE_ONLY = {
    "config": "a configuration does not load another",
    "own_code": "which modules may run is said on the command line",
}
_LONGEST = {"seeds": 10_000}  # most items of a list, 1000 for other options


def read_strictly() -> None:
    """Let jsonargparse refuse everything that `parse_yaml` refuses, in parsers with this `MODE`."""
    usual = jsonargparse.get_loader("yaml")

    def load(text: str) -> Any:
        if any(sign in text for sign in "{[&*:"):  # a plain word needs no check, so no import
            from tsforecast._yaml import parse_yaml

            parse_yaml(text)  # raises DataError, which is a ValueError
        return usual(text)

    jsonargparse.set_loader(MODE, load, exceptions=(yaml.YAMLError, ValueError))
    jsonargparse.set_dumper(MODE, lambda values: yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


class ConfigFile(ActionConfigFile):
    """The option that names a configuration file."""

    @staticmethod
    def apply_config(parser: ArgumentParser, cfg: Namespace, dest: str, value: str) -> None:
        """Check a configuration file, then let jsonargparse read its options."""
        from tsforecast._yaml import read_yaml
        from tsforecast.exceptions import TSForecastError

        try:
            settings = read_yaml(value)
        except FileNotFoundError:
            raise TypeError(f'Parser key "{dest}": File does not exist: {value}') from None
        except TSForecastError as error:
            raise TypeError(f'Parser key "{dest}": {error}') from error
        if not isinstance(settings, dict):
            raise TypeError(f'Parser key "{dest}": {value} holds no options with values, such as horizon: 12.')
        known = {action.dest for action in parser._actions} - {"help", "print_config", "file"} | set(_ALIASES)
        lists = {action.dest for action in parser._actions if action.nargs in ("+", "*")}
        for name in settings:
            if name in _COMMAND_LINE_ONLY:
                raise TypeError(f'Parser key "{dest}": {value} sets {name}; {_COMMAND_LINE_ONLY[name]}.')
            if name not in known:
                raise TypeError(f'Parser key "{dest}": {value} sets {name!r}, which is no option.')
            value_of = settings[name]
            if isinstance(value_of, dict) and name in lists:
                raise TypeError(f'Parser key "{dest}": {value} gives {name} as names with values; it is a list.')
            if isinstance(value_of, list) and len(value_of) > _LONGEST.get(name, 1000):
                raise TypeError(f'Parser key "{dest}": {value} lists {len(value_of)} values for {name}: too many.')
        if str(settings.get("executor", "")).startswith("dask:"):
            raise TypeError(
                f'Parser key "{dest}": {value} sets executor={settings["executor"]!r}; code is sent to a scheduler and '
                "taken from it, so it is named on the command line: --executor."
            )
        usual = _as_options(settings, lists)
        text = value if usual == settings else yaml.safe_dump(usual, sort_keys=False, allow_unicode=True)
        ActionConfigFile.apply_config(parser, cfg, dest, text)


_ALIASES = {"date_format": "time_format"}


def _as_options(settings: dict[str, Any], lists: Collection[str]) -> dict[str, Any]:
    """The settings under their usual names, with a list in place of one text where an option takes several."""
    named = {_ALIASES.get(name, name): value for name, value in settings.items()}
    return {name: [value] if name in lists and isinstance(value, str) else value for name, value in named.items()}


def configs_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with every ``--config FILE`` moved to the front, so that flags override it in any order.

    Examples
    --------
    >>> configs_first(["--horizon", "3", "--config", "c.yaml"])
    ['--config', 'c.yaml', '--horizon', '3']
    """
    first: list[str] = []
    rest = list(arguments)
    while "--config" in rest and rest.index("--config") + 1 < len(rest):
        i = rest.index("--config")
        first += rest[i : i + 2]
        del rest[i : i + 2]
    return first + rest


def with_underscores(arguments: Sequence[str], parser: ArgumentParser) -> list[str]:
    """The arguments with the options of a parser written as it has them: ``--n-windows`` becomes ``--n_windows``.

    Examples
    --------
    >>> parser = ArgumentParser()
    >>> _ = parser.add_argument("--n_windows")
    >>> with_underscores(["--n-windows=3", "--n-a", "x-y"], parser)
    ['--n_windows=3', '--n-a', 'x-y']
    """
    known = {text for action in parser._actions for text in action.option_strings}
    found = []
    for argument in arguments:
        name, sign, value = argument.partition("=")
        option = f"--{name[2:].replace('-', '_')}"
        found.append(f"{option}{sign}{value}" if name.startswith("--") and option in known else argument)
    return found


def named_modules(arguments: Sequence[str], models: Sequence[str | dict[str, Any]] | None) -> list[str]:
    """Modules of the models named on the command line itself, which are trusted for this reason.

    Examples
    --------
    >>> named_modules(["--models", "my_models:Mine(k=3)"], ["Naive", "my_models:Mine(k=3)"])
    ['my_models']
    """
    if not any(argument == "--models" or argument.startswith("--models=") for argument in arguments):
        return []
    texts = [model if isinstance(model, str) else str(model.get("class_path", "")) for model in models or ()]
    return [name for text in texts if (name := text.partition("(")[0].partition(":")[0]) != text.partition("(")[0]]
