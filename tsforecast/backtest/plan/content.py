"""The content of any Python value as a hash that is the same in every process.

Pickled bytes are not: they depend on the order of sets, on which strings are one object, on line numbers. Here every
value is taken apart: numbers, texts, arrays and pandas objects by what they hold; a function by its code, its
defaults, what it closes over and the globals that it uses, a class of one's own by its source and its functions, an
object by what it would be pickled from. Code of the standard library and of installed packages counts by name and
version. What code changes itself, as a counter of its calls, is state and does not count.

Parameters of a constructor count also where ``__getstate__`` hides them from pickling. What is not seen: attributes
under other names that it hides, and what code looks up by a name that is made when it runs, as ``globals()["K"]``,
``getattr(module, name)``, an environment variable or a file. Give such a value as a parameter, or as a default of the
function, where it shall count.
"""

import contextlib
import copyreg
import enum
import functools
import hashlib
import inspect
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from tsforecast.backtest.plan.code import CodeParts, class_source, imported_source, is_own, version_of
from tsforecast.foreign.build import parameters_of

_WITHOUT_CONTENT = ("_thread", "threading")  # locks hold nothing that a forecast could depend on
_BOOKKEEPING = frozenset(
    ("__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__abstractmethods__", "_abc_impl",
     "__firstlineno__", "__qualname__", "__static_attributes__", "__dataclass_fields__", "__dataclass_params__",
     "__match_args__", "__orig_bases__", "__parameters__", "__slots__", "__slotnames__", "__hash__",
     "__classcell__",
     "__annotate_func__", "__annotations_cache__")
)  # fmt: skip


_ARRAYS = (np.ndarray, np.memmap, np.recarray)
_CONTAINERS = (dict, list, set, bytearray, deque)
_MOST_STATES = 10_000
# Hash of state when it was first seen, by the object that holds it (kept alive, so that its id is not reused) and the
# name there.
_first_states: OrderedDict[tuple[int, str], tuple[object, bytes]] = OrderedDict()


class OpaqueError(Exception):
    """A value has no content that can be compared, such as a generator or an open file.

    Attributes
    ----------
    value : object
    path : list of str
        Where it was found, from the outside in.
    """

    def __init__(self, value: object, path: Iterable[str] = ()) -> None:
        super().__init__(f"{type(value).__name__} cannot be compared")
        self.value, self.path = value, list(path)


def content_hash(value: object) -> str:
    """A hash of all that a value holds, the same in every process: 64 hexadecimal digits.

    A list and a tuple of the same items are the same; so are a number and numpy's number of that value.

    Raises
    ------
    OpaqueError
        Some of it has no content that can be compared.

    Examples
    --------
    >>> content_hash([1, 2.0]) == content_hash((1, np.float64(2.0)))
    True
    >>> content_hash(lambda y: y + 1) == content_hash(lambda y: y + 2)
    False
    """
    return _Hasher().of(value).hex()


def holds_own_code(value: object) -> bool:
    """Whether a value depends on the user's own code, outside the standard library and installed packages."""
    hasher = _Hasher()
    with contextlib.suppress(OpaqueError):  # what was seen before the error counts
        hasher.of(value)
    return hasher.met_own_code


class _Hasher:
    def __init__(self) -> None:
        self.met_own_code = False
        self._known: dict[int, tuple[object, bytes]] = {}  # the object is kept alive, so that its id is not reused
        self._open: dict[int, int] = {}

    def of(self, value: object) -> bytes:
        plain = _plain_digest(value)
        if plain is not None:
            return plain
        if id(value) in self._known:
            return self._known[id(value)][1]
        if id(value) in self._open:
            return _digest(b"itself", str(len(self._open) - self._open[id(value)]).encode())
        self._open[id(value)] = len(self._open)
        try:
            digest = self._compound(value)
        except RecursionError:
            raise OpaqueError(value) from None
        finally:
            del self._open[id(value)]
        self._known[id(value)] = (value, digest)
        return digest

    def _compound(self, value: Any) -> bytes:
        kind = type(value)
        if kind in (list, tuple):
            return _digest(b"sequence", *map(self.of, value))
        if kind in (dict, OrderedDict, types.MappingProxyType):
            return _digest(b"mapping", *(self.of(part) for pair in value.items() for part in pair))
        if kind in (set, frozenset):
            return _digest(b"set", *sorted(map(self.of, value)))
        if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
            return self._array(value)
        if isinstance(value, (pd.Series, pd.DataFrame, pd.Index, pd.api.extensions.ExtensionArray)):
            return self._pandas(value)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            return self._tensor(value, torch)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.ModuleType):
            return self._module(value, ())
        code = self._callable(value)
        return self._object(value) if code is None else code

    def _array(self, value: Any) -> bytes:
        dtype = value.dtype
        about = f"{type(value).__name__} {dtype.str} {dtype.descr if dtype.names else ''} {value.shape}".encode()
        own = [] if type(value) in _ARRAYS else [self.of(type(value)), *self._parts(getattr(value, "__dict__", {}))]
        if dtype.hasobject or dtype.char in "gG":  # long doubles are padded with arbitrary bytes
            return _digest(b"array", about, self.of(value.ravel().tolist()), *own)
        return _digest(b"array", about, np.ascontiguousarray(value).reshape(-1).view(np.uint8).data, *own)

    def _pandas(self, value: Any) -> bytes:
        name = type(value).__name__.encode()
        if is_own(type(value).__module__):  # a subclass may have attributes of its own
            own = {name: getattr(value, name, None) for name in getattr(value, "_metadata", ())}
            name = _digest(name, self.of(type(value)), *self._parts(own))
        if isinstance(value, pd.DataFrame):
            columns = [value.iloc[:, j].array for j in range(value.shape[1])]
            return _digest(b"pandas", name, *map(self.of, (value.columns, value.index, columns, dict(value.attrs))))
        if isinstance(value, pd.Series):
            return _digest(b"pandas", name, *map(self.of, (value.name, value.index, value.array, dict(value.attrs))))
        if isinstance(value, pd.MultiIndex):
            levels = [value.get_level_values(j) for j in range(value.nlevels)]
            return _digest(b"pandas", name, self.of(list(value.names)), self.of(levels))
        if isinstance(value, pd.Index):
            freq = str(getattr(value, "freq", None))
            return _digest(b"pandas", name, *map(self.of, (value.name, freq, value.array)))
        about = str(value.dtype).encode()
        if isinstance(value, pd.Categorical):
            parts = (value.codes, value.categories, value.ordered)
            return _digest(b"pandas", name, about, *map(self.of, parts))
        if isinstance(value, pd.arrays.NumpyExtensionArray):
            return _digest(b"pandas", name, about, self.of(value.to_numpy()))
        if hasattr(value, "asi8"):
            return _digest(b"pandas", name, about, self.of(value.asi8))
        return _digest(b"pandas", name, about, self.of(list(value)))

    def _tensor(self, value: Any, torch: Any) -> bytes:
        about = f"{type(value).__name__} {value.dtype} {tuple(value.shape)} {value.requires_grad}".encode()
        try:
            flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        except (RuntimeError, TypeError, NotImplementedError):
            raise OpaqueError(value) from None
        return _digest(b"tensor", about, flat.data)

    def _named(self, module: str, name: str) -> bytes:
        """Hash of something that an installed module defines: names and version."""
        return _digest(b"name", module.encode(), name.encode(), version_of(module).encode())

    def _module(self, module: types.ModuleType, names: Iterable[str]) -> bytes:
        """Hash of a module: of its name, or, for a user's module, of what is used of it."""
        if not is_own(module.__name__):
            return self._named(module.__name__, "")
        self.met_own_code = True
        used = [(name, vars(module)[name]) for name in sorted(names) if name in vars(module)]
        return _digest(
            b"module",
            *(
                _digest(
                    name.encode(), self._module(part, names) if isinstance(part, types.ModuleType) else self.of(part)
                )
                for name, part in used
                if part is not module
            ),
        )

    def _class(self, cls: type) -> bytes:
        if not is_own(cls.__module__):
            return self._named(cls.__module__, cls.__qualname__)
        self.met_own_code = True
        source, members = class_source(cls), dict(vars(cls))
        state = {
            name for member in members.values() for part in _functions(member) for name in CodeParts.of(part).stored
        }
        kinds = (type(cls), *cls.__bases__)
        digests = [_digest(b"class", source.encode("utf-8", "surrogatepass")), *map(self.of, kinds)]
        for name in sorted(members):
            if name in _BOOKKEEPING or isinstance(
                members[name], (types.GetSetDescriptorType, types.MemberDescriptorType)
            ):
                continue
            value = members[name]
            digests.append(_digest(name.encode(), self._state(cls, name, value) if name in state else self.of(value)))
        return _digest(*digests)

    def _callable(self, value: Any) -> bytes | None:
        """Hash of a function, method, property or other callable; None for anything else."""
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.MethodType):
            return _digest(b"method", self.of(value.__func__), self.of(value.__self__))
        if isinstance(value, (property, staticmethod, classmethod, functools.cached_property)):
            return _digest(type(value).__name__.encode(), *(self.of(part) for part in _functions(value)))
        if isinstance(value, functools._lru_cache_wrapper):
            return _digest(b"cached", self.of(value.__wrapped__), self.of(value.cache_parameters()))
        if isinstance(value, types.BuiltinFunctionType | types.MethodWrapperType):
            owner = value.__self__
            if owner is None or isinstance(owner, types.ModuleType):
                return self._named(value.__module__ or "builtins", value.__qualname__)
            return _digest(b"method", value.__name__.encode(), self.of(owner))
        if isinstance(
            value, (types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType)
        ):
            return _digest(b"method", value.__name__.encode(), self.of(value.__objclass__))
        if isinstance(value, np.ufunc):
            return self._ufunc(value)
        if isinstance(compiled := getattr(value, "py_func", None), types.FunctionType):  # a function under numba
            return _digest(b"compiled", self.of(compiled), self.of(dict(getattr(value, "targetoptions", {}))))
        return None

    def _ufunc(self, function: np.ufunc) -> bytes:
        for module in ("numpy", "scipy.special"):
            if getattr(sys.modules.get(module), function.__name__, None) is function:
                return self._named(module, function.__name__)
        raise OpaqueError(function)  # made by numpy.frompyfunc, which hides its function

    def _function(self, function: types.FunctionType) -> bytes:
        own = is_own(function.__module__ or "")
        made = function.__name__ == "<lambda>" or "<locals>" in function.__qualname__
        if not own and not made:
            return self._named(function.__module__, function.__qualname__)
        self.met_own_code |= own
        parts = CodeParts.of(function)
        digests = [
            _digest(b"function", parts.fingerprint),
            self.of(function.__defaults__),
            self.of(function.__kwdefaults__),
            *self._parts(vars(function)),
        ]
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            digests.append(_digest(name.encode(), self._cell(cell, name, is_state=name in parts.written)))
        if own:
            used = [name for name in sorted(parts.globals) if name in function.__globals__]
            digests += [_digest(name.encode(), self._global(function.__globals__, name, parts)) for name in used]
            digests += [_digest(name.encode(), imported_source(name)) for name in sorted(parts.imports)]
        return _digest(*digests)

    def _global(self, holder: dict[str, Any], name: str, parts: CodeParts) -> bytes:
        value = holder[name]
        if isinstance(value, types.ModuleType):
            return self._module(value, parts.names)
        return self._state(holder, name, value) if name in parts.written else self.of(value)

    def _cell(self, cell: types.CellType, name: str, *, is_state: bool) -> bytes:
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            return b"empty"
        return self._state(cell, name, value) if is_state else self.of(value)

    def _state(self, holder: object, name: str, value: Any) -> bytes:
        """Hash of state that code changes: of a number or a container as first seen, of anything else as it is now."""
        is_container = isinstance(value, (*_CONTAINERS, np.ndarray))
        if not (is_container or _plain_digest(value) is not None or hasattr(value, "write")):
            return self.of(value)
        key = (id(value), "") if is_container else (id(holder), name)
        if key not in _first_states:
            try:
                digest = self.of(value)
            except OpaqueError:  # results that were collected, an open file
                digest = b"state"
            _first_states[key] = (value if is_container else holder, digest)
            if len(_first_states) > _MOST_STATES:
                _first_states.popitem(last=False)
        return _first_states[key][1]

    def _object(self, value: Any) -> bytes:
        """Hash of an object by its class and what it would be pickled from; of an estimator by its parameters."""
        kind = type(value)
        if kind.__module__ in _WITHOUT_CONTENT or value is np.random.mtrand._rand:
            return self._named(kind.__module__, kind.__qualname__)
        if isinstance(value, enum.Enum):
            return _digest(b"enum", self.of(kind), value.name.encode())
        if isinstance(value, BaseEstimator) and kind.__sklearn_clone__ is BaseEstimator.__sklearn_clone__:
            return _digest(b"estimator", self.of(kind), *self._parts(parameters_of(value)))
        try:
            reduce = copyreg.dispatch_table.get(kind)
            reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception:  # pickling may raise anything
            raise OpaqueError(value) from None
        if isinstance(reduced, str):
            return self._named(str(getattr(value, "__module__", kind.__module__)), reduced)
        maker, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        digests = [_digest(b"object", self.of(kind)), self.of(maker), self.of(arguments)]
        digests += self._parts(state) if isinstance(state, dict) else [self.of(state)]
        if own_state := _hidden_parameters(value, state):
            digests += [b"hidden", *self._parts(own_state)]
        digests += [self.of(list(part)) if part is not None else b"none" for part in (items, pairs)]
        return _digest(*digests)

    def _parts(self, named: Mapping[Any, object]) -> list[bytes]:
        """Hashes of attributes or parameters, sorted by name."""
        digests = []
        for name in sorted(named, key=str):
            try:
                digests.append(_digest(self.of(name), self.of(named[name])))
            except OpaqueError as error:
                raise OpaqueError(error.value, [str(name), *error.path]) from None
        return digests


def _plain_digest(value: Any) -> bytes | None:
    """The hash of a number, a text or nothing; None for anything else."""
    if isinstance(value, np.generic) and not isinstance(value, (np.void, np.datetime64, np.timedelta64)):
        value = value.item()
    kind = type(value)
    if value is None or value is Ellipsis or value is NotImplemented or value is pd.NA or value is pd.NaT:
        return _digest(b"constant", repr(value).encode())
    if kind is int:
        return _digest(b"int", hex(value).encode())
    if kind is float:
        return _digest(b"float", value.hex().encode())
    if kind in (bool, complex):
        return _digest(kind.__name__.encode(), repr(value).encode())
    if kind is str:
        return _digest(b"str", value.encode("utf-8", "surrogatepass"))
    if kind in (bytes, bytearray):
        return _digest(b"bytes", bytes(value))
    if isinstance(value, np.void) and not value.dtype.hasobject:
        return _digest(b"record", repr(value.dtype).encode(), value.tobytes())
    if isinstance(value, (np.datetime64, np.timedelta64, np.dtype, np.void, np.longdouble, np.clongdouble)):
        return _digest(b"numpy", f"{kind.__name__} {value!r}".encode())
    return None


def _hidden_parameters(value: Any, state: object) -> dict[str, object]:
    """Constructor parameters that an object keeps as attributes but leaves out when it is pickled."""
    if not any("__getstate__" in vars(base) or "__reduce__" in vars(base) for base in type(value).__mro__[:-1]):
        return {}
    try:
        names = list(inspect.signature(type(value).__init__).parameters)[1:]
    except (TypeError, ValueError):  # of C code
        return {}
    kept = _attributes(value)
    told = state if isinstance(state, dict) else {}
    found = {name: kept.get(name, kept.get(f"_{name}", kept)) for name in names}
    return {name: part for name, part in found.items() if part is not kept and not (told.keys() & {name, f"_{name}"})}


def _attributes(value: Any) -> dict[str, object]:
    """Attributes of an object, in its ``__dict__`` and in slots."""
    held = dict(getattr(value, "__dict__", {}))
    for base in type(value).__mro__:
        for name, member in vars(base).items():
            if isinstance(member, types.MemberDescriptorType) and hasattr(value, name):
                held.setdefault(name, getattr(value, name))
    return held


def _functions(member: Any) -> list[Any]:
    """The functions behind a member of a class."""
    if isinstance(member, property):
        return [part for part in (member.fget, member.fset, member.fdel) if part is not None]
    if isinstance(member, (staticmethod, classmethod)):
        return [member.__func__]
    if isinstance(member, functools.cached_property):
        return [member.func]
    return [member] if isinstance(member, types.FunctionType) else []


def _digest(*parts: "bytes | memoryview") -> bytes:
    """One hash of several texts and their lengths, so that different lists have different hashes."""
    total = hashlib.sha256()
    for part in parts:
        size = part.nbytes if isinstance(part, memoryview) else len(part)
        total.update(str(size).encode() + b":")
        total.update(part)
    return total.digest()
