"""Find classes by the names in a configuration: the one place where a name becomes a class.

A name is looked up by its import path, so that neither the backtest nor the command line needs to import models. A
class is checked before any of its code runs.
"""

import dataclasses
import difflib
import importlib
import sys
import typing
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError, UnknownNameError

_PACKAGE = importlib.import_module("tsforecast")  # its attributes are the classes with short names
_LONGEST_CLASS_NAME = 500  # characters


def find_class(name: str, trusted: Collection[str] = ()) -> type:
    """The class with a short name (``"SARIMA"``), an import path in this package, or ``"my_module:MyModel"``.

    Only public modules of this package and modules that the caller trusts are imported: importing a module runs its
    code, and a configuration may come from anybody.

    Parameters
    ----------
    name : str
    trusted : collection of str
        Modules that may be imported; a module that this process has already imported needs no trust.

    Raises
    ------
    UnknownNameError
        No class has this name; the message suggests close names.
    ParameterError
        Its module is not trusted, or could not be imported.

    Examples
    --------
    >>> find_class("tsforecast.models.naive.Drift").__name__
    'Drift'
    """
    if not isinstance(name, str) or len(name) > _LONGEST_CLASS_NAME:
        raise ParameterError(f"class_path={str(name)[:80]!r} is no name of a class, such as SARIMA.")
    if ":" in name:
        module_name, _, attribute = name.partition(":")
        found: object = _own_module(module_name, trusted)
        for part in attribute.split("."):
            found = getattr(found, part, None)
    else:
        module_name, _, attribute = name.rpartition(".")
        found = _of_package(module_name, attribute)
    if isinstance(found, type):
        return found
    listed = "`tsforecast models` lists the models."
    raise UnknownNameError(f"No class is called {name!r}; {_hint(name, module_name, attribute)} {listed}")


def find_function(name: str, trusted: Collection[str] = ()) -> Callable[..., Any]:
    """The function that is called ``"my_module:my_function"``, from a module that is trusted or already imported.

    Raises
    ------
    UnknownNameError
        The module has no such function.
    ParameterError
        The name has another form, or its module is not trusted, or could not be imported.

    Examples
    --------
    >>> find_function("tsforecast._classes:find_class").__name__
    'find_class'
    """
    module_name, colon, attribute = name.partition(":")
    if not colon or len(name) > _LONGEST_CLASS_NAME:
        raise ParameterError(f"{name[:80]!r} is no name of a function; it is written as 'my_module:my_function'.")
    found: object = _own_module(module_name, trusted)
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise UnknownNameError(f"Module {module_name!r} has no function {attribute!r}.")
    return found


def class_path(cls: type) -> str:
    """The name by which `find_class` finds a class: its short name, or its import path."""
    if getattr(_PACKAGE, cls.__name__, None) is cls:
        return f"tsforecast.{cls.__name__}"
    inside = cls.__module__.startswith("tsforecast.")
    return f"{cls.__module__}{'.' if inside else ':'}{cls.__qualname__}"


def check_class(cls: type, expected: tuple[type, ...], place: str, *, own: bool = False) -> None:
    """Raise a `ParameterError` unless a configuration may create an object of a class at a given place.

    Parameters
    ----------
    cls : type
    expected : tuple of type
        Base classes that the place accepts; if empty, estimators (such as forecasters) and options of this package.
    place : str
        Name of the place, for the message.
    own : bool
        Whether the class comes from a trusted module: then any class that the place accepts is allowed.
    """
    public = dataclasses.is_dataclass(cls) and getattr(_PACKAGE, cls.__name__, None) is cls
    harmless = issubclass(cls, BaseEstimator) or public or own
    fits = issubclass(cls, expected) if expected else issubclass(cls, BaseEstimator) or public
    if not (harmless and fits):
        wanted = " or ".join(
            "forecaster" if kind is BaseForecaster else kind.__name__ for kind in expected or (BaseForecaster,)
        )
        raise ParameterError(f"{place}: {cls.__name__} could not be made: it is no {wanted}.")


def expected_classes(cls: type, parameter: str) -> tuple[type, ...]:
    """Classes in the annotation of a constructor's parameter; empty where there is no annotation or it is ``Any``.

    Examples
    --------
    >>> from tsforecast import Ensemble
    >>> expected_classes(Ensemble, "forecasters")
    (<class 'tsforecast.base.BaseForecaster'>,)
    """
    try:
        annotation = typing.get_type_hints(cls.__init__).get(parameter, Any)  # type: ignore[misc]  # not of a subclass
    except (NameError, TypeError, AttributeError, SyntaxError):  # names imported for type checkers only
        return ()
    leaves = _leaves(annotation)
    if Any in leaves and not any(leaf is not Any and _is_kind(leaf) for leaf in leaves):
        return ()
    return tuple(leaf for leaf in leaves if _is_kind(leaf)) or (_Nothing,)


class _Nothing:
    """Stands for a parameter that accepts no object; no class inherits from it."""


_Nothing.__name__ = "value of that parameter"


def _is_kind(leaf: object) -> bool:
    return isinstance(leaf, type) and leaf.__module__ not in ("builtins", "typing", "collections.abc", "types")


def _leaves(annotation: Any) -> list[Any]:
    inner = typing.get_args(annotation)
    if not inner or typing.get_origin(annotation) is typing.Literal:
        return [annotation]
    return [leaf for part in inner for leaf in _leaves(part)]


def _of_package(module_name: str, attribute: str) -> object:
    if module_name in ("", "tsforecast"):
        return getattr(_PACKAGE, attribute, None) if attribute in _PACKAGE.__all__ else None
    parts = module_name.split(".")
    if parts[0] != "tsforecast" or any(part.startswith("_") or not part.isidentifier() for part in parts):
        return None
    try:
        found = getattr(importlib.import_module(module_name), attribute, None)
    except ModuleNotFoundError:
        return None
    return found if getattr(found, "__module__", None) == module_name else None


def _own_module(name: str, trusted: Collection[str]) -> object:
    if name in sys.modules:
        return sys.modules[name]
    if name not in trusted:
        raise ParameterError(
            f"{name!r} is a module that is not part of tsforecast, and using it runs its code. If you trust it, add "
            f"--own_code {name} to the command (or import {name} first, in Python)."
        )
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as error:  # the module may raise anything
        raise ParameterError(f"Module {name!r} could not be imported: {type(error).__name__}: {error}.") from error


def _hint(name: str, module_name: str, attribute: str) -> str:
    short = [known for known in _PACKAGE.__all__ if known[0].isupper()]
    near = difflib.get_close_matches(attribute.lower(), [known.lower() for known in short], n=3, cutoff=0.5)
    near = [known for known in short if known.lower() in near]
    of_others = module_name and ":" not in name and module_name.partition(".")[0] != "tsforecast"
    own = f"a class of your own is written with a colon: {module_name}:{attribute}."
    if near:
        return f"did you mean {' or '.join(near)}?" + (f" Or {own}" if of_others else "")
    if of_others:
        return own
    return "a class of your own is written as 'my_module:MyModel'."
