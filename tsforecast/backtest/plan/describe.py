"""Forecasters to plain values for YAML and JSON (``class_path`` and ``init_args``), and back."""

import dataclasses
import difflib
import inspect
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from tsforecast._classes import check_class, class_path, expected_classes, find_class, find_function
from tsforecast._renamed import with_new_names
from tsforecast.backtest.plan.content import OpaqueError, content_hash
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError, TSForecastError
from tsforecast.foreign.build import Made, build_foreign, parameters_of

_PLAIN = (bool, int, float, str)
OPAQUE = "{} that cannot be compared"
_HASHED = " with SHA-256 "


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
    if isinstance(value, np.generic) and type(value.item()) in _PLAIN:
        return value.item()
    if value is None or type(value) in _PLAIN:
        return value
    if type(value) in (list, tuple):
        return [describe(item) for item in value]
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: describe(item) for key, item in value.items()}
    if isinstance(value, BaseEstimator):
        return _description_of(type(value), parameters_of(value))
    if isinstance(value, Made):
        described = {name: describe(item) for name, item in value.arguments.items()}
        return {"class_path": value.path, **({"init_args": described} if described else {})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _description_of(
            type(value), {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        )
    if isinstance(value, type) and value.__module__.startswith("tsforecast."):
        return class_path(value)  # its code is that of this version of the package
    named = isinstance(value, type) or hasattr(value, "__qualname__")
    label = f"{value.__module__}.{value.__qualname__}" if named else type(value).__name__
    try:
        return f"{label}{_HASHED}{content_hash(value)[:16]}"
    except OpaqueError:
        return OPAQUE.format(label)


def first_text_of_other(description: Any) -> str | None:
    """What a description only names, such as a function, since it cannot be written as plain values; None if nothing.

    Examples
    --------
    >>> first_text_of_other(describe({"function": first_text_of_other, "k": 2})).partition(" with")[0]
    'tsforecast.backtest.plan.describe.first_text_of_other'
    """
    if isinstance(description, str):
        is_other = re.search(rf"{_HASHED}[0-9a-f]{{16}}$", description) or description.endswith(OPAQUE.format(""))
        return description if is_other else None
    parts = description.values() if isinstance(description, Mapping) else description
    found = (first_text_of_other(part) for part in parts) if isinstance(parts, Collection) else ()
    return next((text for text in found if text is not None), None)


def build(
    description: Any,
    *,
    expected: tuple[type, ...] = (),
    trusted: Collection[str] = (),
    place: str = "class_path",
    horizon: int | None = None,
) -> Any:
    """The value that `describe` described: objects are made from ``class_path`` and ``init_args``, lists become tuples.

    A class is found and checked before anything of it is run: it must be a forecaster, an estimator or a group of
    options of this package, and fit the annotation of the argument that it is for.

    Parameters
    ----------
    description : mapping, list or plain value
    expected : tuple of type
        Classes that the object may have.
    trusted : collection of str
        The user's modules that may be imported (see `tsforecast._classes.find_class`).
    place : str
        What it is for, in messages.
    horizon : int, optional
        Steps that the run forecasts, for a model of another library that must be told when it is made and is not.

    Raises
    ------
    UnknownNameError
        No class has that name or path; the message says which names come near.
    ParameterError
        The class does not belong there, or has no such argument.

    Examples
    --------
    >>> build({"class_path": "SeasonalNaive", "init_args": {"season_length": 4}})
    SeasonalNaive(season_length=4)
    """
    if isinstance(description, Mapping) and "class_path" in description:
        return _built(description, expected, trusted, place, horizon)
    if isinstance(description, Mapping):
        return {
            key: build(item, expected=expected, trusted=trusted, place=f"{place}.{key}", horizon=horizon)
            for key, item in description.items()
        }
    if isinstance(description, list | tuple):
        return tuple(
            build(item, expected=expected, trusted=trusted, place=place, horizon=horizon) for item in description
        )
    return description


def _built(
    description: Mapping[Any, Any],
    expected: tuple[type, ...],
    trusted: Collection[str],
    place: str,
    horizon: int | None,
) -> Any:
    unknown = [key for key in description if key not in ("class_path", "init_args")]
    given = description.get("init_args") or {}
    if unknown or not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        wrong = f"the key {unknown[0]!r}" if unknown else f"init_args={given!r}"
        raise ParameterError(f"{place}: {wrong}; an object is a class_path and init_args, names with values.")
    path = description["class_path"]
    cls = find_class(path, trusted)
    check_class(cls, expected, place, own=path.partition(":")[0] in trusted)
    known = list(inspect.signature(cls).parameters)
    given = with_new_names(cls, dict(given))
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known) or 'none'}."
            raise ParameterError(f"{cls.__name__} has no argument {name!r}; {hint}")
    libraries = getattr(cls, "foreign", {})
    arguments = {}
    for name, item in given.items():
        inside = f"{cls.__name__}.{name}"
        if name in libraries:
            arguments[name] = build_foreign(item, libraries[name], inside, horizon)
        elif isinstance(item, str) and name in getattr(cls, "functions", ()):
            arguments[name] = find_function(item, trusted)
        else:
            kinds = expected_classes(cls, name)
            arguments[name] = build(item, expected=kinds, trusted=trusted, place=inside, horizon=horizon)
    try:
        return cls(**arguments)
    except TSForecastError:
        raise
    except Exception as error:  # the constructor of a user's class may raise anything
        raise ParameterError(f"{cls.__name__} could not be made: {error}.") from error


def describe_models(models: Mapping[str, BaseForecaster]) -> list[dict[str, Any]]:
    """The models of a run as they stand in its config: name, class and arguments."""
    return [{"name": name, **describe(model)} for name, model in models.items()]


def _description_of(cls: type, arguments: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {name: p.default for name, p in inspect.signature(cls).parameters.items()}
    described = {name: describe(value) for name, value in arguments.items()}
    kept = {k: v for k, v in described.items() if k not in defaults or not _same_text(v, describe(defaults[k]))}
    path = class_path(cls)
    return {"class_path": path, "init_args": kept} if kept else {"class_path": path}


def _same_text(one: Any, other: Any) -> bool:
    """Whether two plain values are the same, types included: 1 is neither 1.0 nor True."""
    return json.dumps(one, default=str) == json.dumps(other, default=str)
