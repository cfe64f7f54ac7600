"""Classes that the file of a forecaster may name: plain records of this package, and those of trusted modules."""

import dataclasses
import importlib
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from tsforecast._classes import class_path, find_class
from tsforecast.exceptions import ModelFileError

_ROOMS = (
    "tsforecast.models.",
    "tsforecast.series.",
    "tsforecast.panel.",
    "tsforecast.data.process.",
    "tsforecast._bounds.",
)


def is_record(cls: type, trusted: Collection[str] = ()) -> bool:
    """Whether a class is one of plain records: a frozen dataclass or a named tuple, of models or of trusted modules.

    Examples
    --------
    >>> from tsforecast.series.transform import Transform
    >>> is_record(Transform), is_record(dict)
    (True, False)
    """
    frozen = dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    named = issubclass(cls, tuple) and hasattr(cls, "_fields")
    return (frozen or named) and _may_be_made(cls, trusted)


def name_of(cls: type) -> str:
    """The name of a class in a file: ``module:Name``."""
    return f"{cls.__module__}:{cls.__qualname__}"


def record_named(name: str, trusted: Collection[str]) -> type:
    """The class of records that is called so; nothing else can be found."""
    module, _, attribute = name.partition(":")
    inside = f"{module}.".startswith(_ROOMS)
    if not (inside or module in trusted) or not attribute.isidentifier():
        raise ModelFileError(f"names {name[:80]!r}, which is no record of this package; trusted=... admits your own.")
    found = getattr(importlib.import_module(module), attribute, None)
    if not isinstance(found, type) or name_of(found) != name or not is_record(found, trusted):
        raise ModelFileError(f"names {name[:80]!r}, which is no record.")
    return found


def class_named(name: str, trusted: Collection[str]) -> type:
    """The class with this path; those of other packages must be of trusted modules, already imported or not."""
    module, colon, _ = name.partition(":")
    if colon and module not in trusted:
        raise ModelFileError(
            f"needs {name[:80]!r}, which is not of tsforecast, and importing it runs its code. If you trust that "
            f"module: load_forecaster(path, trusted=({module[:80]!r},))."
        )
    found = find_class(name, trusted)
    if colon and found.__module__ != module:  # a name that the module imports is another's class
        raise ModelFileError(f"names {name[:80]!r}, which is no class of that module.")
    return found


def path_named(cls: type) -> str:
    """The path by which `class_named` finds a class."""
    return class_path(cls)


def check_argument(cls: type, name: str, value: Any) -> None:
    """Raise a `ModelFileError` where a constructor's argument is, or holds, a class that its annotation does not name.

    Where an argument is not annotated, or may be anything, classes of this package and of trusted modules are allowed.
    """
    try:
        annotation = typing.get_type_hints(cls.__init__).get(name, Any)  # type: ignore[misc]  # not of a subclass
    except (NameError, TypeError, AttributeError, SyntaxError):  # names imported for type checkers only
        return
    for one in _classes_in(value):
        if not _takes(annotation, one):
            raise ModelFileError(f"has {name}={one.__name__} of a {cls.__name__}, which takes no such class.")


def _takes(annotation: Any, given: type) -> bool:
    """Whether an annotation names a class itself, ``type[Network]``, that ``given`` is or inherits from."""
    if annotation in (Any, type):
        return True
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is type:
        return any(kind is Any or (isinstance(kind, type) and issubclass(given, kind)) for kind in inner)
    return any(_takes(part, given) for part in inner if not isinstance(part, (str, int)))


def _classes_in(value: Any) -> Iterator[type]:
    if isinstance(value, type):
        yield value
    elif isinstance(value, Mapping):
        yield from _classes_in([*value, *value.values()])
    elif type(value) in (list, tuple):
        for part in value:
            yield from _classes_in(part)


def check_record(cls: type, values: Mapping[str, Any]) -> None:
    """Raise a `ModelFileError` where the values are not those of the fields of a record."""
    try:
        hints = typing.get_type_hints(cls)
    except (NameError, TypeError):  # names imported for type checkers only
        hints = {}
    if dataclasses.is_dataclass(cls):
        known = {f.name: f.default is f.default_factory for f in dataclasses.fields(cls) if f.init}  # both missing
    else:
        defaults = getattr(cls, "_field_defaults", {})
        known = {name: name not in defaults for name in cls._fields}  # type: ignore[attr-defined]
    wrong = [name for name in values if name not in known] + [
        n for n, needed in known.items() if needed and n not in values
    ]
    if wrong:
        raise ModelFileError(f"has other fields of a {cls.__name__} than this version: {wrong[0][:80]!r}.")
    for name, value in values.items():
        if not _fits(value, hints.get(name, Any)):
            raise ModelFileError(f"has {name}={str(value)[:40]!r} in a {cls.__name__}, which is of another type.")


def _may_be_made(cls: type, trusted: Collection[str]) -> bool:
    return f"{cls.__module__}.".startswith(_ROOMS) or cls.__module__ in trusted


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type, as far as its outermost class tells."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    kind = type(None) if hint is None else origin or hint
    if kind is float:
        return isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if kind is bool:
        return isinstance(value, (bool, np.bool_))
    is_open = kind is Any or not isinstance(kind, type) or getattr(kind, "_is_protocol", False)
    return is_open or isinstance(value, kind)
