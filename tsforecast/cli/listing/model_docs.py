"""What the models are, read from their source texts: nothing is imported, so that a list of them costs no time."""

import ast
import dataclasses
import functools
import inspect
import re
from pathlib import Path
from typing import Literal

import tsforecast

_ROOT, _BASE = "BaseForecaster", ("tsforecast.base", "BaseForecaster")
_ELSEWHERE = re.compile(r"\b[Ss]ee `(\w+)`\.$|parameters and attributes are those of `(\w+)`")
_OF_PARAMETERS = ("Parameters", "Arguments of every constructor")  # headings
_EXTRA = re.compile(r"extra ``(\w+)``")
_CODE = re.compile(r"``?([^`]*)``?")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a model's constructor.

    Attributes
    ----------
    name, kind, meaning : str
        The second and third as the docstring says them.
    default : str, optional
        As source text; None where the parameter must be given.
    """

    name: str
    kind: str
    meaning: str
    default: str | None

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"


@dataclasses.dataclass(frozen=True)
class ModelDoc:
    """What the docstring and the constructor of a model say.

    Attributes
    ----------
    name, summary : str
    group : {"model", "wrapper", "adapter"}
        A wrapper holds other forecasters; an adapter a model of another library, or a function.
    parameters : tuple of Parameter
    sections : dict of str to str
        Text of each section by its heading, ``""`` for what follows the summary.
    extra : str
        The extra of the package that it needs; empty where it needs none.
    """

    name: str
    summary: str
    group: Literal["model", "wrapper", "adapter"]
    parameters: tuple[Parameter, ...]
    sections: dict[str, str]
    extra: str

    @property
    def gist(self) -> str:
        """The summary up to its first semicolon or colon, as plain text.

        Examples
        --------
        >>> next(doc for doc in model_docs() if doc.name == "GRU").gist
        'Gated recurrent units (Cho et al. 2014)'
        """
        return re.split(r"[;:] |\.$", plain_text(self.summary))[0]


def model_docs() -> list[ModelDoc]:
    """The documentation of every forecaster that the package has a short name for, in the order of their names.

    Examples
    --------
    >>> [doc.name for doc in model_docs() if doc.group == "wrapper"]
    ['Conformal', 'Ensemble', 'Tuned']
    """
    found = ((name, _Class.named(tsforecast._HOMES[name], name)) for name in sorted(tsforecast.__all__, key=str.lower))
    return [_documented(cls) for name, cls in found if cls is not None and cls.is_forecaster and name != _ROOT]


def plain_text(text: str) -> str:
    """A docstring's text without the marks of code.

    Examples
    --------
    >>> plain_text("Those of `LSTM`; ``season_length + 1`` values.")
    'Those of LSTM; season_length + 1 values.'
    """
    return _CODE.sub(r"\1", text)


@dataclasses.dataclass(frozen=True)
class _Class:
    """A class in a source text."""

    module: str
    node: ast.ClassDef

    @classmethod
    def named(cls, module: str, name: str) -> "_Class | None":
        nodes = (node for node in _tree(module).body if isinstance(node, ast.ClassDef) and node.name == name)
        node = next(nodes, None)
        return None if node is None else cls(module, node)

    @property
    def bases(self) -> "list[_Class]":
        """The classes of this package that it is made from, nearest first."""
        imported = {
            alias.asname or alias.name: (str(node.module), alias.name)
            for node in _tree(self.module).body
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tsforecast")
            for alias in node.names
        }
        places = [
            imported.get(base.id, (self.module, base.id)) for base in self.node.bases if isinstance(base, ast.Name)
        ]
        return [found for place in places if (found := _Class.named(*place)) is not None]

    @property
    def line(self) -> "list[_Class]":
        """The class and all it is made from."""
        return [self, *(above for base in self.bases for above in base.line)]

    @property
    def is_forecaster(self) -> bool:
        return any((above.module, above.node.name) == _BASE for above in self.line)

    @property
    def sections(self) -> dict[str, str]:
        return _sections(ast.get_docstring(self.node) or "")

    @property
    def constructor(self) -> ast.arguments | None:
        """Arguments of the constructor, its own or the nearest above it."""
        inits = (
            node.args
            for above in self.line
            for node in above.node.body
            if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        )
        return next(inits, None)


@functools.cache
def _tree(module: str) -> ast.Module:
    path = Path(str(tsforecast.__file__)).parent.joinpath(*module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")


def _documented(cls: _Class) -> ModelDoc:
    sections, name = cls.sections, cls.node.name
    summary, _, rest = sections.pop("").partition("\n\n")
    constructor = cls.constructor
    holds = constructor is not None and any(
        "BaseForecaster" in ast.unparse(argument.annotation)
        for argument in _arguments(constructor)
        if argument.annotation
    )
    is_adapter = cls.module.startswith("tsforecast.adapters.")
    return ModelDoc(
        name=name,
        summary=" ".join(summary.split()),
        group="adapter" if is_adapter else "wrapper" if holds else "model",
        parameters=_parameters(cls, constructor),
        sections={"": rest} | sections,
        extra=_extra(cls),
    )


def _arguments(constructor: ast.arguments) -> list[ast.arg]:
    return [*constructor.args[1:], *constructor.kwonlyargs]  # without self


def _parameters(cls: _Class, constructor: ast.arguments | None) -> tuple[Parameter, ...]:
    if constructor is None:
        return ()
    n_required = len(constructor.args) - len(constructor.defaults)
    defaults = [*[None] * (n_required - 1), *constructor.defaults, *constructor.kw_defaults]
    told = _parameters_told(cls)
    return tuple(
        Parameter(argument.arg, *told.get(argument.arg, ("", "")), None if value is None else _source(cls, value))
        for argument, value in zip(_arguments(constructor), defaults, strict=True)
    )


def _source(cls: _Class, value: ast.expr) -> str:
    """A default as source text, a constant of its module by its value."""
    for node in _tree(cls.module).body if isinstance(value, ast.Name) else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(value):
            return ast.unparse(node.value)
    return ast.unparse(value)


def _parameters_told(cls: _Class) -> dict[str, tuple[str, str]]:
    """Kind and meaning of each parameter; where the docstring names another class for them, what that says."""
    sections = cls.sections
    told: dict[str, tuple[str, str]] = {}
    elsewhere = _ELSEWHERE.search(sections[""])
    if elsewhere and (other := _other(elsewhere)) is not None:
        told |= _parameters_told(other)
    for names, kind, meaning in _entries("\n".join(sections.get(heading, "") for heading in _OF_PARAMETERS)):
        elsewhere = None if kind else _ELSEWHERE.search(meaning)
        other = _other(elsewhere) if elsewhere else None
        known = {} if other is None else _parameters_told(other)
        told |= {name: known.get(name, (kind, meaning)) for name in names}
    return told


def _other(found: "re.Match[str]") -> _Class | None:
    name = found[1] or found[2]
    home = tsforecast._HOMES.get(name)
    return None if home is None else _Class.named(home, name)


def _entries(section: str) -> list[tuple[list[str], str, str]]:
    """Names, kind and meaning of each entry of a section of parameters."""
    entries: list[tuple[list[str], str, list[str]]] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names, _, kind = line.partition(" : ")
            entries.append(([name.strip() for name in names.split(",")], kind, []))
        elif entries:
            entries[-1][2].append(line.strip())
    return [(names, kind, " ".join(lines).strip()) for names, kind, lines in entries]


def _sections(docstring: str) -> dict[str, str]:
    """Text of each section of a docstring in numpydoc's form by its heading, ``""`` for what comes before them."""
    lines, found, heading = inspect.cleandoc(docstring).splitlines(), {"": list[str]()}, ""
    for k, line in enumerate(lines):
        if line and set(line) == {"-"}:
            continue
        if k + 1 < len(lines) and lines[k + 1] and set(lines[k + 1]) == {"-"}:
            heading, found[line] = line, []
        else:
            found[heading].append(line)
    return {name: "\n".join(text).strip() for name, text in found.items()}


def _extra(cls: _Class) -> str:
    """The extra that an adapter's module says it needs, or that the docstring speaks of."""
    calls = (node for node in ast.walk(_tree(cls.module)) if isinstance(node, ast.Call))
    keywords = (key.value for call in calls for key in call.keywords if key.arg == "extra")
    stated = next((str(value.value) for value in keywords if isinstance(value, ast.Constant)), "")
    told = _EXTRA.search(ast.get_docstring(cls.node) or "")
    return told[1] if told else stated
