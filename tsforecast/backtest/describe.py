"""Forecasters and what they hold <-> plain values for YAML and JSON: ``class_path`` and ``init_args``."""

import dataclasses
import difflib
import hashlib
import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from tsforecast._renamed import with_new_names
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError, UnknownNameError

_KNOWN_CODE = ("tsforecast", "sklearn", "abc", "builtins")  # told apart by their versions
_PACKAGE = import_module("tsforecast")  # its table of names, whatever stands in it: the backtest imports no model


def describe(value: Any) -> Any:
    """Plain values that `build` reads back: an object becomes its ``class_path`` and the ``init_args`` not at default.

    What cannot be written as plain values, a function or an array, becomes a text that names it and holds a hash of
    its content, so that two runs can be compared.

    Examples
    --------
    >>> from tsforecast import SeasonalNaive
    >>> describe(SeasonalNaive(season_length=4))
    {'class_path': 'tsforecast.SeasonalNaive', 'init_args': {'season_length': 4}}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [describe(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, BaseEstimator):
        return _described(type(value), value.get_params(deep=False))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _described(type(value), {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init})
    if isinstance(value, type) or callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', repr(value))}"
    content = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
    return f"{type(value).__name__} with SHA-256 {hashlib.sha256(content).hexdigest()[:16]}"


def build(description: Any) -> Any:
    """What `describe` described: objects from ``class_path`` and ``init_args``, lists as tuples.

    Raises
    ------
    UnknownNameError
        No class has that name or path; the message says which names come near.
    ParameterError
        The class has no such argument.

    Examples
    --------
    >>> build({"class_path": "SeasonalNaive", "init_args": {"season_length": 4}})
    SeasonalNaive(season_length=4)
    """
    if isinstance(description, Mapping) and "class_path" in description:
        cls = find_class(str(description["class_path"]))
        arguments = {key: build(item) for key, item in (description.get("init_args") or {}).items()}
        arguments = with_new_names(cls, arguments)
        known = [name for name in inspect.signature(cls).parameters if name != "self"]
        for name in arguments:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=2)
                hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known) or 'none'}."
                raise ParameterError(f"{cls.__name__} has no argument {name!r}; {hint}")
        try:
            return cls(**arguments)
        except TypeError as error:
            raise ParameterError(f"{cls.__name__} could not be made: {error}.") from error
    if isinstance(description, Mapping):
        return {key: build(item) for key, item in description.items()}
    return tuple(build(item) for item in description) if isinstance(description, list) else description


def find_class(name: str) -> type:
    """The class of a short name (``"SARIMA"``) or an import path (``"my_models.Mine"``).

    Raises
    ------
    UnknownNameError
        There is none; the message says which names come near.
    """
    module_name, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module_name) if module_name else _PACKAGE, attribute, None)
    except ModuleNotFoundError as error:
        if error.name is not None and not module_name.startswith(error.name):
            raise  # the module is there and misses another one
        found = None
    if isinstance(found, type):
        return found
    short = [known for known in _PACKAGE.__all__ if known[0].isupper()]
    near = difflib.get_close_matches(attribute.lower(), [known.lower() for known in short], n=3, cutoff=0.5)
    near = [known for known in short if known.lower() in near]
    hint = f"did you mean {' or '.join(near)}?" if near else "give its import path, such as 'my_module.MyModel'."
    raise UnknownNameError(f"No class is called {name!r}; {hint}")


def describe_models(models: Mapping[str, BaseForecaster]) -> list[dict[str, Any]]:
    """The models of a run as they stand in its config: name, class and arguments."""
    return [{"name": name, **describe(model)} for name, model in models.items()]


def own_code(models: Mapping[str, BaseForecaster]) -> dict[str, str]:
    """A hash of the source of every model whose class is not of this package: its code is part of what was run."""
    hashes = {}
    for name, model in models.items():
        foreign = [cls for cls in type(model).__mro__ if cls.__module__.split(".")[0] not in _KNOWN_CODE]
        texts = []
        for cls in foreign:
            try:
                texts.append(inspect.getsource(cls))
            except (OSError, TypeError):  # typed into an interpreter
                texts.append(repr(sorted(vars(cls))))
        if texts:
            hashes[name] = hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
    return hashes


def _described(cls: type, arguments: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {name: p.default for name, p in inspect.signature(cls).parameters.items()}
    described = {name: describe(value) for name, value in arguments.items()}
    kept = {k: v for k, v in described.items() if k not in defaults or v != describe(defaults[k])}
    public = cls.__name__ in _PACKAGE.__all__ and cls.__module__.startswith("tsforecast.")
    path = f"tsforecast.{cls.__name__}" if public else f"{cls.__module__}.{cls.__qualname__}"
    return {"class_path": path, "init_args": kept} if kept else {"class_path": path}
