"""Models as the command line and a YAML file name them -> forecasters."""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from tsforecast.backtest.describe import build
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError


def parse_models(entries: Sequence["str | Mapping[str, Any]"]) -> dict[str, BaseForecaster]:
    """Forecasters by name: the name given, else the class name, or the text with its arguments.

    Parameters
    ----------
    entries : sequence of str or mapping
        ``"SARIMA"``, ``"ARIMA(order=(2, 0, 0))"`` or a mapping with ``class_path`` and, where wanted, ``init_args`` and
        ``name``; a mapping of one class to its arguments, ``{"LSTM": {"hidden_size": 32}}``, serves too.

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
    models: dict[str, BaseForecaster] = {}
    for entry in entries:
        description = dict(_described(entry))
        name = str(description.pop("name", None) or _short_name(description))
        if name in models:
            raise ParameterError(f"Two models are called {name!r}; give each a name of its own (name: ...).")
        model = build(description)
        if not isinstance(model, BaseForecaster):
            raise ParameterError(f"{description['class_path']} is no forecaster; it cannot be a model.")
        models[name] = model
    return models


def _described(entry: "str | Mapping[str, Any]") -> Mapping[str, Any]:
    if isinstance(entry, str):
        return _call(entry)
    if "class_path" in entry:
        return entry
    if len(entry) == 1:
        ((name, arguments),) = entry.items()
        return {"class_path": name, "init_args": dict(arguments or {})}
    raise ParameterError(f"models: {dict(entry)} has no class_path, such as SARIMA.")


def _call(text: str) -> dict[str, Any]:
    """``"ARIMA(order=(2, 0, 0))"`` as class path and arguments."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if isinstance(node, ast.Call) and not node.args:
            arguments = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords if k.arg is not None}
            return {"class_path": ast.unparse(node.func), "init_args": arguments, "name": text.strip()}
        if isinstance(node, (ast.Name, ast.Attribute)):
            return {"class_path": ast.unparse(node)}
    except (SyntaxError, ValueError):
        pass
    raise ParameterError(f"models: {text!r} is neither a class name nor one with arguments: 'ARIMA(order=(2, 0, 0))'.")


def _short_name(description: Mapping[str, Any]) -> str:
    return str(description["class_path"]).rpartition(".")[2]
