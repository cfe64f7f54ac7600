"""Models as the command line and a YAML file name them -> forecasters."""

import ast
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tsforecast.backtest.plan.describe import build
from tsforecast.backtest.plan.settings import MOST_MODELS
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError


def parse_models(
    entries: Sequence["str | Mapping[str, Any]"], trusted: Collection[str] = ()
) -> dict[str, BaseForecaster]:
    """Forecasters by name: the name given, else the class name, or the text with its arguments.

    Parameters
    ----------
    entries : sequence of str or mapping
        ``"SARIMA"``, ``"ARIMA(order=(2, 0, 0))"`` or a mapping with ``class_path`` and, where wanted, ``init_args`` and
        ``name``; a mapping of one class to its arguments, ``{"LSTM": {"hidden_size": 32}}``, serves too. A class of
        one's own is ``"my_module:MyModel"``.
    trusted : collection of str
        Modules of one's own that may be imported.

    Raises
    ------
    UnknownNameError
        No class has that name; the message says which names come near.
    ParameterError
        An entry is no text of this form, or a name comes twice.

    Examples
    --------
    >>> parse_models(["Naive", "SeasonalNaive(season_length=4)"])
    {'Naive': Naive(), 'SeasonalNaive(season_length=4)': SeasonalNaive(season_length=4)}
    """
    if len(entries) > MOST_MODELS:
        raise ParameterError(f"models: {len(entries)} models are too many; {MOST_MODELS} are allowed.")
    models: dict[str, BaseForecaster] = {}
    for entry in entries:
        description = dict(_described(entry))
        name = str(description.pop("name", None) or _short_name(description))
        if name in models:
            raise ParameterError(f"Two models are called {name!r}; give each a name of its own (name: ...).")
        models[name] = build(description, expected=(BaseForecaster,), trusted=trusted, place=f"Model {name!r}")
    return models


def _described(entry: object) -> Mapping[str, Any]:
    if isinstance(entry, str):
        return _call(entry)
    if isinstance(entry, Mapping) and "class_path" in entry:
        return entry
    if isinstance(entry, Mapping) and len(entry) == 1:
        ((name, arguments),) = entry.items()
        return {"class_path": name, "init_args": {} if arguments is None else arguments}
    raise ParameterError(f"models: {str(entry)[:200]} has no class_path, such as SARIMA.")


def _call(text: str) -> dict[str, Any]:
    """``"ARIMA(order=(2, 0, 0))"`` as class path and arguments."""
    head, _, _ = text.partition("(")
    module, colon, _ = head.partition(":")
    try:
        node = ast.parse(text.strip().removeprefix(f"{module.strip()}:") if colon else text.strip(), mode="eval").body
        path = f"{module.strip()}:" if colon else ""
        if isinstance(node, ast.Call) and not node.args and all(k.arg is not None for k in node.keywords):
            arguments = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
            return {"class_path": path + ast.unparse(node.func), "init_args": arguments, "name": text.strip()}
        if isinstance(node, (ast.Name, ast.Attribute)):
            return {"class_path": path + ast.unparse(node)}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass  # what cannot be parsed, or nests without end, is told below
    raise ParameterError(
        f"models: {text[:200]!r} is neither a class name nor one with arguments: 'ARIMA(order=(2, 0, 0))'."
    )


def _short_name(description: Mapping[str, Any]) -> str:
    return str(description["class_path"]).rpartition(":")[2].rpartition(".")[2]
