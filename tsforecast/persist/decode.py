"""Plain values and arrays back to forecasters, without running anything that a file holds."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from tsforecast._classes import check_class, find_function
from tsforecast._saving import Stating, set_learnt
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ModelFileError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import parse_freq
from tsforecast.persist.classes import check_argument, check_record, class_named, record_named
from tsforecast.persist.encode import DEEPEST, KIND
from tsforecast.persist.indexes import unpack_dtype, unpack_index, unpack_panel


class Decoder:
    """Turns what `tsforecast.persist.encode.Encoder` made back into values.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    trusted : collection of str
        Modules, besides this package, whose classes and functions may be named.

    Examples
    --------
    >>> Decoder({"a0": np.array([2.5])}).decode({"$": "tuple", "v": [1, {"$": "array", "v": "a0"}]})
    (1, array([2.5]))
    """

    def __init__(self, arrays: "Mapping[str, np.ndarray[Any, Any]]", trusted: Collection[str] = ()) -> None:
        self._arrays, self._trusted = arrays, trusted
        self._shared: list[BaseForecaster | Panel] = []
        self._kinds = {
            "float": lambda node, _: float(node["v"]),
            "tuple": lambda node, depth: tuple(self._each(node["v"], depth)),
            "dict": lambda node, depth: dict(self._each(pair, depth) for pair in node["v"]),
            "array": lambda node, _: self._array(node),
            "objects": self._objects,
            "times": lambda node, depth: self.decode(node["v"], depth + 1).view(_moment(node["dtype"])),
            "scalar": lambda node, _: _number(node["dtype"]).type(self.decode(node["v"])),
            "index": lambda node, depth: unpack_index(node["v"], lambda part: self.decode(part, depth + 1)),
            "time": lambda node, depth: self.decode(node["v"], depth + 1)[0],
            "dtype": lambda node, _: unpack_dtype(node["v"]),
            "freq": lambda node, _: parse_freq(node["v"]),
            "record": self._record,
            "class": lambda node, _: class_named(node["v"], self._trusted),
            "function": lambda node, _: self._function(node["v"]),
            "again": lambda node, _: self._shared[_place(node["v"])],
            "panel": self._panel,
            "forecaster": self._forecaster,
        }

    def decode(self, node: Any, depth: int = 0) -> Any:
        """The value of a node of JSON.

        Raises
        ------
        ModelFileError
            It is of no known kind, names what may not be named, or its parts do not belong together.
        """
        if depth > DEEPEST:
            raise ModelFileError(f"holds values within values, more than {DEEPEST} deep.")
        if isinstance(node, list):
            return self._each(node, depth)
        if not isinstance(node, dict):
            return node
        kind = node.get(KIND)
        if not isinstance(kind, str) or kind not in self._kinds:
            raise ModelFileError(f"holds a value of the kind {str(kind)[:40]!r}, which this version does not know.")
        return self._kinds[kind](node, depth)

    def _each(self, nodes: list[Any], depth: int) -> list[Any]:
        return [self.decode(item, depth + 1) for item in nodes]

    def _mapping(self, nodes: Mapping[str, Any], depth: int) -> dict[str, Any]:
        return {name: self.decode(item, depth + 1) for name, item in nodes.items()}

    def _array(self, node: Mapping[str, Any]) -> "np.ndarray[Any, Any]":
        array = self._arrays[node["v"]].copy()
        return array.T if node.get("columns") else array

    def _objects(self, node: Mapping[str, Any], depth: int) -> "np.ndarray[Any, Any]":
        items = self._each(node["v"], depth)
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array.reshape(node["shape"])

    def _record(self, node: Mapping[str, Any], depth: int) -> Any:
        cls: Any = record_named(node["class"], self._trusted)
        values = self._mapping(node["v"], depth)
        check_record(cls, values)
        return cls(**values)

    def _function(self, name: str) -> Any:
        module = name.partition(":")[0]
        if module not in self._trusted:
            raise ModelFileError(
                f"needs the function {name[:80]!r}, and importing its module runs its code. If you trust it: "
                f"load_forecaster(path, trusted=({module[:80]!r},))."
            )
        found = find_function(name, self._trusted)
        if getattr(found, "__module__", None) != module:  # a name that the module imports is another's function
            raise ModelFileError(f"names {name[:80]!r}, which is no function of that module.")
        return found

    def _panel(self, node: Mapping[str, Any], depth: int) -> Panel:
        panel = unpack_panel(node["v"], lambda part: self.decode(part, depth + 1))
        self._shared.append(panel)
        return panel

    def _forecaster(self, node: Mapping[str, Any], depth: int) -> BaseForecaster:
        path = node["class"]
        cls: Any = class_named(path, self._trusted)
        check_class(cls, (BaseForecaster,), "its class", own=path.partition(":")[0] in self._trusted)
        _check_functions(cls, node["arguments"])
        arguments = self._mapping(node["arguments"], depth)
        for name, value in arguments.items():
            check_argument(cls, name, value)
        model: BaseForecaster = cls(**arguments)
        learnt = self._mapping(node["learnt"], depth)
        for name in learnt:
            if not name.isidentifier() or name.startswith("__") or hasattr(cls, name) or name in vars(model):
                raise ModelFileError(f"says that fit has set {name[:80]!r}, which is no such attribute.")
        if learnt and isinstance(model, Stating):
            model._restore(learnt)
        else:
            set_learnt(model, learnt)
        self._shared.append(model)
        return model


def _check_functions(cls: type, arguments: Mapping[str, Any]) -> None:
    """Raise a `ModelFileError` where an argument that is to be called is no function of a trusted module."""
    for name in getattr(cls, "functions", ()):
        if name in arguments and not (isinstance(arguments[name], dict) and arguments[name].get(KIND) == "function"):
            raise ModelFileError(f"has {name} of {cls.__name__} that is no function.")


def _place(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ModelFileError(f"refers to a part {str(number)[:40]!r}.")
    return number


def _number(name: str) -> "np.dtype[Any]":
    dtype = np.dtype(str(name))
    if dtype.kind not in "biuf":
        raise ModelFileError(f"holds a number of the type {str(name)[:40]!r}.")
    return dtype


def _moment(name: str) -> "np.dtype[Any]":
    dtype = np.dtype(str(name))
    if dtype.kind not in "mM":
        raise ModelFileError(f"holds times of the type {str(name)[:40]!r}.")
    return dtype
