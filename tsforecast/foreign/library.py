"""Library: what an argument of a forecaster may hold of another package."""

import dataclasses
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

from tsforecast.exceptions import MissingDependencyError, ParameterError


@dataclasses.dataclass(frozen=True)
class Source:
    """Modules of one package, and the base classes of what may be made from them.

    Attributes
    ----------
    package : str
        Name to import.
    places : tuple of str
        Modules, or folders of modules, that classes are looked for in.
    kinds : tuple of str
        Base classes, ``"module:Class"``: a class must inherit from one of them.
    """

    package: str
    places: tuple[str, ...]
    kinds: tuple[str, ...]

    def holds(self, module: str) -> bool:
        """Whether a module is one of the places, or lies in one."""
        return any(module == place or module.startswith(f"{place}.") for place in self.places)

    def bases(self) -> tuple[type, ...]:
        """The base classes themselves; their modules are imported."""
        named = (kind.partition(":") for kind in self.kinds)
        return tuple(getattr(importlib.import_module(module), name) for module, _, name in named)


@dataclasses.dataclass(frozen=True)
class Library:
    """What an argument of a forecaster may hold of another package.

    Attributes
    ----------
    main : Source
        Of the object itself.
    extra : str
        Name of the extra of this package that installs the other.
    arguments : callable
        From an object, the arguments of its constructor by name; None where they cannot be known.
    inside : tuple of Source
        Of what the object is given in turn, such as losses.
    distribution : str
        Name that the package is installed by, where it is another.
    horizon : str
        Argument of the main object that says how many steps it forecasts, filled in from the run where it is required
        and not given; empty where there is none.
    """

    main: Source
    extra: str
    arguments: Callable[[Any], Mapping[str, Any] | None]
    inside: tuple[Source, ...] = ()
    distribution: str = ""
    horizon: str = ""

    @property
    def sources(self) -> tuple[Source, ...]:
        """All sources: of the object, and of what is inside it."""
        return (self.main, *self.inside)

    @property
    def version(self) -> str:
        """The package with its version, for messages."""
        name = self.distribution or self.main.package
        try:
            return f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:  # a folder of code that was not installed
            return name

    def made(self, value: object) -> bool:
        """Whether an object is of a class that one of the packages defines."""
        return type(value).__module__.partition(".")[0] in {source.package for source in self.sources}

    def check_installed(self, user: str) -> None:
        """Raise a `MissingDependencyError` unless the package can be found; nothing is imported."""
        if importlib.util.find_spec(self.main.package) is None:
            raise MissingDependencyError(
                f"{user} needs {self.main.package}, which is not installed: pip install 'tsforecast[{self.extra}]'. "
                "The versions that it needs of other packages may call for an environment of its own."
            )

    def check(self, value: object, user: str, argument: str) -> None:
        """Raise a `ParameterError` unless ``value`` is an object of the kind that the argument takes."""
        self.check_installed(user)
        if not isinstance(value, self.main.bases()):
            written = f"; write {value.__name__}()" if isinstance(value, type) else ""
            raise ParameterError(
                f"{user}: {argument}={str(value)[:80]} is no model of {self.main.package} that it can use{written}."
            )
