"""Finds a class of another library by its short name or import path, and checks its kind."""

import difflib
import functools
import importlib
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tsforecast.exceptions import MissingDependencyError, ParameterError, UnknownNameError
from tsforecast.foreign.library import Source

_CLASS = re.compile(r"^class ([A-Za-z]\w*)\b", re.MULTILINE)
_PATH = re.compile(r"[A-Za-z]\w*([.:]\w+)*")
_LONGEST = 500  # characters


def find_foreign(path: object, sources: Sequence[Source], place: str) -> type:
    """The class with a short name or an import path in the first source that has one of its kind.

    Only modules of the sources are imported; those that a short name may stand in are found by reading their files.

    Parameters
    ----------
    path : str
        ``"AutoETS"`` or ``"statsforecast.models.AutoETS"``.
    sources : sequence of Source
    place : str
        What it is for, in messages.

    Raises
    ------
    UnknownNameError
        There is none; the message says which names come near.
    ParameterError
        It is of another kind, or the name is no name.
    MissingDependencyError
        Its module needs a package that is not installed.
    """
    if not isinstance(path, str) or len(path) > _LONGEST or not _PATH.fullmatch(path):
        raise ParameterError(f"{place}: class_path={str(path)[:80]!r} is no name of a class.")
    module, _, name = path.replace(":", ".").rpartition(".")
    wrong_kind = False
    for source in sources:
        for home in _homes_of(module, name, source):
            found = getattr(_imported(home, place), name, None)
            if not isinstance(found, type) or found.__module__.partition(".")[0] != source.package:
                continue
            if issubclass(found, source.bases()):
                return found
            wrong_kind = True
    packages = " and ".join(dict.fromkeys(source.package for source in sources))
    if wrong_kind:
        raise ParameterError(f"{place}: {path} of {packages} is not of the kind that belongs there.")
    known = {text.lower(): text for source in sources for text in _classes(source)}
    near = [known[text] for text in difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.6)]
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise UnknownNameError(f"{place}: {packages} has no class {path!r}{hint}")


def _homes_of(module: str, name: str, source: Source) -> Sequence[str]:
    """Modules of a source that may hold a class: the one named, or those whose text defines it."""
    if name.startswith("_"):
        return ()
    if not module:
        return _classes(source).get(name, ())
    return (module,) if source.holds(module) else ()


@functools.cache
def _classes(source: Source) -> dict[str, tuple[str, ...]]:
    """The modules that define each class of a source, read from its files without importing them."""
    spec = importlib.util.find_spec(source.package)
    homes: dict[str, tuple[str, ...]] = {}
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder).rglob("*.py")):
            parts = (source.package, *file.relative_to(folder).with_suffix("").parts)
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if source.holds(module) and "tests" not in parts:
                for name in _CLASS.findall(file.read_text(encoding="utf-8", errors="replace")):
                    homes[name] = (*homes.get(name, ()), module)
    return homes


def _imported(module: str, place: str) -> ModuleType | None:
    """A module of a library; None where it does not exist."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            return None
        raise MissingDependencyError(f"{place}: {module} needs {error.name}, which is not installed.") from error
    except Exception as error:  # another library may raise anything when it is imported
        why = f"{type(error).__name__}: {error}"
        raise MissingDependencyError(f"{place}: {module} cannot be imported: {why}") from error
