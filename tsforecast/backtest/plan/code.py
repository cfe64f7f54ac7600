"""The content of Python functions and classes, whatever file and line they stand in."""

import ast
import dataclasses
import dis
import functools
import hashlib
import importlib.util
import inspect
import sys
import sysconfig
import textwrap
import types
from pathlib import Path

_MUTATORS = frozenset(
    ("append", "extend", "insert", "add", "update", "setdefault", "pop", "popitem", "remove", "discard", "clear",
     "appendleft", "write")
)  # fmt: skip
_INSTALLED = ("site-packages", "dist-packages")
_LOADS = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS")


@dataclasses.dataclass(frozen=True)
class CodeParts:
    """The instructions of a function, and the names that it reads, changes and imports.

    Attributes
    ----------
    fingerprint : bytes
        Hash of its instructions and constants, and of those of the functions inside it.
    globals : frozenset of str
        Names that it reads outside itself.
    names : frozenset of str
        All names that it mentions.
    written : frozenset of str
        Outer names that it changes itself, such as a counter: they are state, not settings.
    stored : frozenset of str
        Attributes that it sets or changes.
    imports : frozenset of str
        Modules that it imports when it runs.
    """

    fingerprint: bytes
    globals: frozenset[str]
    names: frozenset[str]
    written: frozenset[str]
    stored: frozenset[str]
    imports: frozenset[str]

    @classmethod
    def of(cls, function: types.FunctionType) -> "CodeParts":
        """The parts of a function."""
        return _code_parts(function.__code__, str(function.__globals__.get("__package__") or ""))


def imported_source(module: str) -> bytes:
    """The hash of the file of a user's module that is imported inside a function; empty for other modules."""
    path = _file_of(module)
    if path is None or not _is_own_file(path):
        return b""
    try:
        return hashlib.sha256(Path(path).read_bytes()).digest()
    except OSError:
        return b""


def _code_parts(code: types.CodeType, package: str) -> CodeParts:
    codes = list(_nested(code))
    listed = [list(dis.get_instructions(one)) for one in codes]
    found: dict[str, set[str]] = {"globals": set(), "written": set(), "stored": set(), "imports": set()}
    for instructions in listed:
        _look_at(instructions, package, found)
    return CodeParts(
        fingerprint=_code_hash(code),
        names=frozenset(name for one in codes for name in one.co_names),
        globals=frozenset(found["globals"]),
        written=frozenset(found["written"]),
        stored=frozenset(found["stored"]),
        imports=frozenset(found["imports"]),
    )


def _look_at(instructions: list[dis.Instruction], package: str, found: dict[str, set[str]]) -> None:
    for i, one in enumerate(instructions):
        after = [other.opname for other in instructions[i + 1 : i + 5]]
        name = str(one.argval)
        if one.opname in _LOADS:
            if one.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
                found["globals"].add(name)
            if _calls_mutator(instructions[i + 1 : i + 2]) or _is_subscript_store(after):
                found["written"].add(name)
        elif one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF"):
            found["written"].add(name)
        elif one.opname in ("STORE_ATTR", "DELETE_ATTR"):
            found["stored"].add(name)
        elif one.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if _calls_mutator(instructions[i + 1 : i + 2]) or _is_subscript_store(after):
                found["stored"].add(name)
        elif one.opname == "IMPORT_NAME":
            level = instructions[i - 2].argval if i >= 2 else 0
            found["imports"].add(_absolute(name, level, package))


def _calls_mutator(following: list[dis.Instruction]) -> bool:
    return bool(following) and following[0].opname in ("LOAD_METHOD", "LOAD_ATTR") and following[0].argval in _MUTATORS


def _is_subscript_store(after: list[str]) -> bool:
    """Whether what was loaded is stored into, ``x[key] = ...`` or ``x[key] += ...``, with a key of one instruction."""
    return after[1:2] == ["STORE_SUBSCR"] or after[1:4] == ["COPY", "COPY", "BINARY_SUBSCR"]


def _absolute(name: str, level: object, package: str) -> str:
    if not isinstance(level, int) or level < 1:
        return name
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def _nested(code: types.CodeType) -> "list[types.CodeType]":
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return [code, *(deeper for one in inner for deeper in _nested(one))]


def _code_hash(code: types.CodeType) -> bytes:
    constants = [_constant_text(value) for value in code.co_consts]
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    told = repr((counts, names, constants, code.co_exceptiontable)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(code.co_code + b"|" + told).digest()


def _constant_text(value: object) -> object:
    if isinstance(value, types.CodeType):
        return _code_hash(value).hex()
    if isinstance(value, frozenset):
        return ["frozenset", *sorted(map(repr, value))]
    if isinstance(value, tuple):
        return [_constant_text(item) for item in value]
    return f"{type(value).__name__} {value!r}"


def class_source(cls: type) -> str:
    """The source of a class without comments and positions; empty where there is none, as in an interpreter."""
    try:
        return ast.dump(ast.parse(textwrap.dedent(inspect.getsource(cls))))
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return ""


def is_own(module: str) -> bool:
    """Whether a module is the user's: neither of this package, the standard library nor an installed package."""
    top = module.partition(".")[0]
    if module == "__main__":
        return True
    if top == "tsforecast" or top in sys.stdlib_module_names:
        return False
    loaded = sys.modules.get(module)
    if loaded is None:
        return True  # made by hand, or sent from another process by value
    path = getattr(loaded, "__file__", None)
    if path is None:
        return not hasattr(loaded, "__path__") and getattr(loaded, "__spec__", None) is None
    return _is_own_file(path)


def _is_own_file(path: object) -> bool:
    if not isinstance(path, str):
        return False
    standard = sysconfig.get_paths()["stdlib"]
    return not path.startswith(standard) and not any(part in _INSTALLED for part in Path(path).parts)


def _file_of(module: str) -> str | None:
    if not is_own(module) and module in sys.modules:
        return None
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return None if spec is None else spec.origin


@functools.cache
def version_of(module: str) -> str:
    """The version of the package that a module belongs to; empty where it has none."""
    return str(getattr(sys.modules.get(module.partition(".")[0]), "__version__", ""))
