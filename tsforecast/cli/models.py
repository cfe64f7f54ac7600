"""Builds forecasters from the models named on the command line or in a YAML file."""

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tsforecast.backtest.plan.describe import build
from tsforecast.backtest.plan.settings import MOST_MODELS
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError

_FUNCTION = re.compile(r"=\s*([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)")


def parse_models(
    entries: Sequence["str | Mapping[str, Any]"], trusted: Collection[str] = (), horizon: int | None = None
) -> dict[str, BaseForecaster]:
    """Forecasters by name: the given name, else the text with arguments, else the class name.

    Parameters
    ----------
    entries : sequence of str or mapping
        ``"SARIMA"``, ``"ARIMA(order=(2, 0, 0))"`` or a mapping with ``class_path`` and, where wanted, ``init_args`` and
        ``name``; a mapping of one class to its arguments, ``{"LSTM": {"hidden_size": 32}}``, is allowed too. A user's
        own class is ``"my_module:MyModel"``. An argument may be such a call too: ``"Conformal(forecaster=Drift())"``,
        and a function is ``"FunctionForecaster(function=my_module:my_function)"``.
    trusted : collection of str
        The user's own modules that may be imported.
    horizon : int, optional
        Steps that the run forecasts, for models of other libraries that must be told when they are made.

    Raises
    ------
    UnknownNameError
        No class has this name; the message suggests close names.
    ParameterError
        An entry has another form, or two models have the same name.

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
        place = f"Model {name!r}"
        models[name] = build(description, expected=(BaseForecaster,), trusted=trusted, place=place, horizon=horizon)
    return models


def keep_within(model: BaseForecaster, nonnegative: bool, bounds: Sequence[float | None] | None) -> BaseForecaster:
    """The model, which keeps its forecasts within the bounds of ``--nonnegative`` and ``--bounds``.

    Raises
    ------
    ParameterError
        It has no such arguments.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> keep_within(Naive(), True, None), keep_within(Naive(), False, [0.0, None])
    (Naive(nonnegative=True), Naive(bounds=(0.0, None)))
    """
    wanted: dict[str, Any] = {"nonnegative": True} if nonnegative else {}
    if bounds:
        wanted["bounds"] = tuple(bounds)
    lacking = [name for name in wanted if name not in model.get_params(deep=False)]
    if lacking:
        raise ParameterError(f"{type(model).__name__} has no argument {lacking[0]!r}: leave --{lacking[0]} out.")
    return model.set_params(**wanted)


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
    """Class path and arguments of a text such as ``"ARIMA(order=(2, 0, 0))"``."""
    head, _, _ = text.partition("(")
    module, colon, _ = head.partition(":")
    try:
        node = _parsed(text.strip().removeprefix(f"{module.strip()}:") if colon else text.strip())
        path = f"{module.strip()}:" if colon else ""
        if isinstance(node, ast.Call) and not node.args and all(k.arg is not None for k in node.keywords):
            arguments = {str(k.arg): _value(k.value) for k in node.keywords}
            return {"class_path": path + ast.unparse(node.func), "init_args": arguments, "name": text.strip()}
        if isinstance(node, (ast.Name, ast.Attribute)):
            return {"class_path": path + ast.unparse(node)}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass  # texts that cannot be parsed, or nest too deeply, are an error below
    raise ParameterError(
        f"models: {text[:200]!r} is neither a class name nor one with arguments by name: 'ARIMA(order=(2, 0, 0))'."
    )


def _parsed(text: str) -> ast.expr:
    """The syntax of a call, in which a function may be written as ``function=my_module:my_function``."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return ast.parse(_FUNCTION.sub(r"='\1'", text), mode="eval").body


def _value(node: ast.expr) -> Any:
    """The plain value of an argument; a class, with arguments or without, becomes its class path and arguments."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return {"class_path": _dotted(node)}
    if isinstance(node, ast.Call):
        if node.args or any(k.arg is None for k in node.keywords):
            raise ValueError("an argument without a name")
        return {"class_path": _dotted(node.func), "init_args": {str(k.arg): _value(k.value) for k in node.keywords}}
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {ast.literal_eval(key): _value(item) for key, item in zip(node.keys, node.values, strict=True) if key}
    return ast.literal_eval(node)


def _dotted(node: ast.expr) -> str:
    if not isinstance(node, ast.Name) and not (isinstance(node, ast.Attribute) and _dotted(node.value)):
        raise ValueError("no name of a class")
    return ast.unparse(node)


def _short_name(description: Mapping[str, Any]) -> str:
    return str(description["class_path"]).rpartition(":")[2].rpartition(".")[2]
