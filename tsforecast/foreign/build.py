"""Objects of another library to plain values (``class_path`` and ``init_args``), and back."""

import dataclasses
import difflib
import enum
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from tsforecast.exceptions import ParameterError, UnknownNameError
from tsforecast.foreign.find import find_foreign
from tsforecast.foreign.library import Library, Source


@dataclasses.dataclass(frozen=True)
class Made:
    """A class of another library with arguments of its constructor: a call that was made, or can be made.

    Attributes
    ----------
    cls : type
    arguments : mapping of str to object
    member : str
        For a class that lists its objects (an enum), the name of one of them; else empty.
    """

    cls: type
    arguments: Mapping[str, Any]
    member: str = ""

    @property
    def path(self) -> str:
        """The import path of the class, or of the member."""
        return ".".join([self.cls.__module__, self.cls.__qualname__, *([self.member] if self.member else [])])


def build_foreign(description: Any, library: Library, place: str, horizon: int | None = None) -> Any:
    """The object of a library that a description names; an object of it is returned as it is.

    Every class is found, and every name of an argument checked, before anything is constructed.

    Parameters
    ----------
    description : mapping, str or object
        ``class_path`` and ``init_args``, one class with its arguments, ``{"AutoETS": {"season_length": 12}}``, or the
        name of a class alone.
    library : Library
    place : str
        What it is for, in messages: ``"StatsForecast.model"``.
    horizon : int, optional
        Steps that the run forecasts, for a model that must be told when it is made and is not.

    Raises
    ------
    MissingDependencyError
        The library is not installed.
    UnknownNameError
        It has no class of that name; the message says which names come near.
    ParameterError
        The class is not of the kind that is needed there, has no such argument, or refuses a value.
    """
    if isinstance(description, str):
        description = {"class_path": description}
    elif isinstance(description, Mapping) and len(description) == 1 and "class_path" not in description:
        ((name, given),) = description.items()
        description = {"class_path": name, "init_args": {} if given is None else given}
    user, _, argument = place.partition(".")
    if not isinstance(description, Mapping):
        library.check(description, user, argument)
        return description
    library.check_installed(user)
    call: Made = _resolved(description, (library.main,), library, place)
    needed = _parameters(call.cls).get(library.horizon)
    if horizon is not None and needed is not None and needed.default is needed.empty:
        call = dataclasses.replace(call, arguments={library.horizon: horizon, **call.arguments})
    return _constructed(call, library, place)


def taken_apart(value: Any, library: Library) -> Any:
    """An object of a library as `Made` with the arguments that are not at default, and so what is inside it.

    Anything else, and an object whose arguments cannot be known, is returned as it is.
    """
    if type(value) in (list, tuple):
        return type(value)(taken_apart(item, library) for item in value)
    if type(value) is dict:
        return {key: taken_apart(item, library) for key, item in value.items()}
    if isinstance(value, enum.Enum):
        return Made(type(value), {}, value.name)
    given = library.arguments(value) if library.made(value) else None
    if given is None:
        return value
    cls = type(value)
    defaults = {name: p.default for name, p in _parameters(cls).items()}
    apart = {name: taken_apart(item, library) for name, item in given.items()}
    usual = {name: taken_apart(defaults[name], library) for name in apart if name in defaults}
    return Made(cls, {name: v for name, v in apart.items() if name not in usual or not _same(v, usual[name])})


def parameters_of(forecaster: Any) -> dict[str, Any]:
    """Parameters of an estimator by name, with the objects of other libraries that it declares taken apart."""
    libraries: Mapping[str, Library] = getattr(type(forecaster), "foreign", {})
    return {
        name: taken_apart(value, libraries[name]) if name in libraries else value
        for name, value in forecaster.get_params(deep=False).items()
    }


def kept_arguments(value: Any) -> dict[str, Any] | None:
    """Arguments of an object's constructor from `get_params`, or from attributes of the same names; None without.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> kept_arguments(Ridge(alpha=2.0))["alpha"]
    2.0
    """
    if hasattr(value, "get_params"):
        return dict(value.get_params(deep=False))
    parameters = _parameters(type(value)).values()
    named = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    kept = getattr(value, "__dict__", {})
    return {name: kept[name] for name in named} if set(named) <= set(kept) else None


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    """Parameters of a constructor, also where a metaclass hides them."""
    named = list(inspect.signature(cls.__init__).parameters.items())  # type: ignore[misc]  # of any class
    return dict(named[1:])


def _resolved(description: Any, sources: Sequence[Source], library: Library, place: str) -> Any:
    """The description with every class found and every name of an argument checked."""
    if isinstance(description, list):
        items = [_resolved(item, sources, library, place) for item in description]
        return [tuple(item) if isinstance(item, list) else item for item in items]  # such as (name, step)
    if isinstance(description, tuple):
        return tuple(_resolved(item, sources, library, place) for item in description)
    if not isinstance(description, Mapping):
        return description
    if "class_path" not in description:
        return {key: _resolved(item, sources, library, place) for key, item in description.items()}
    given = description.get("init_args") or {}
    unknown = [key for key in description if key not in ("class_path", "init_args")]
    if unknown or not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        wrong = f"the key {unknown[0]!r}" if unknown else f"init_args={given!r}"
        raise ParameterError(f"{place}: {wrong}; an object is a class_path and init_args, names with values.")
    owner, _, member = str(description["class_path"]).rpartition(".")
    if owner.rpartition(".")[2][:1].isupper():  # Mode.ADDITIVE
        cls = find_foreign(owner, sources, place)
        if not issubclass(cls, enum.Enum) or member not in cls.__members__:
            raise UnknownNameError(f"{place}: {owner} has no member {member!r}.")
        return Made(cls, {}, member)
    cls = find_foreign(description["class_path"], sources, place)
    parameters = _parameters(cls)
    _check_names(cls, given, parameters, place)
    arguments = {
        name: _resolved(item, library.sources, library, f"{cls.__name__}.{name}") for name, item in given.items()
    }
    return Made(cls, {name: _as_tuple(item, parameters.get(name)) for name, item in arguments.items()})


def _check_names(cls: type, given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter], place: str) -> None:
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for name in given:
        near = difflib.get_close_matches(name, list(parameters), n=2, cutoff=0.85 if open_ended else 0.6)
        if name not in parameters and (near or not open_ended):
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(parameters) or 'none'}."
            raise ParameterError(f"{place}: {cls.__name__} has no argument {name!r}; {hint}")


def _as_tuple(value: Any, parameter: inspect.Parameter | None) -> Any:
    """A list as a tuple where the parameter holds a tuple: YAML knows lists only."""
    if not isinstance(value, list) or parameter is None:
        return value
    written = str(parameter.annotation).lower().removeprefix("typing.")
    only_tuples = written.startswith("tuple") and "list" not in written
    return tuple(value) if isinstance(parameter.default, tuple) or only_tuples else value


def _constructed(value: Any, library: Library, place: str) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_constructed(item, library, place) for item in value)
    if isinstance(value, dict):
        return {key: _constructed(item, library, place) for key, item in value.items()}
    if not isinstance(value, Made):
        return value
    name = value.cls.__name__
    if value.member:
        return getattr(value.cls, value.member)
    arguments = {key: _constructed(item, library, f"{name}.{key}") for key, item in value.arguments.items()}
    try:
        return value.cls(**arguments)
    except Exception as error:  # another library may raise anything
        why = f"{type(error).__name__}: {error}"
        raise ParameterError(f"{place}: {library.version} could not make {name}: {why}") from error


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same, types included; False where they cannot be compared."""
    try:
        return type(one) is type(other) and bool(one == other or (one != one and other != other))  # nan is nan
    except Exception:  # arrays, and objects that refuse the comparison
        return False
