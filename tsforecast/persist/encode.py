"""Forecasters to plain values and arrays: a closed set of kinds of values, so that a new forecaster needs no code here.

What a forecaster has, its constructor's arguments and the attributes that `fit` sets, may be made of None, numbers,
texts, lists, tuples and mappings; arrays and indexes; panels; other forecasters; classes and functions that stand at
the top of a module; frozen dataclasses and named tuples of this package or of the module of one's own forecaster.
Anything else cannot be saved, unless the forecaster says in these what is to be written (`tsforecast._saving`).
"""

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._saving import Stating, learnt_of
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import freq_name
from tsforecast.persist.classes import is_record, name_of, path_named
from tsforecast.persist.indexes import pack_dtype, pack_index, pack_panel

DEEPEST = 60  # values within values
KIND = "$"  # the key that tells what kind of value a JSON object is


class Encoder:
    """Turns values into what JSON can hold; arrays are collected under names.

    Attributes
    ----------
    arrays : dict of str to ndarray

    Examples
    --------
    >>> encoder = Encoder()
    >>> encoder.encode((1, np.array([2.5])))
    {'$': 'tuple', 'v': [1, {'$': 'array', 'v': 'a0'}]}
    >>> encoder.arrays
    {'a0': array([2.5])}
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self._numbers: dict[int, int] = {}  # of panels and forecasters written, by identity
        self._owners: list[str] = []  # classes of the forecasters that are being written

    def encode(self, value: Any, depth: int = 0) -> Any:
        """The value in JSON.

        Raises
        ------
        ParameterError
            It is, or holds, something that cannot be saved.
        """
        if depth > DEEPEST:
            raise ParameterError(
                f"{self._owner} holds values within values, more than {DEEPEST} deep; none can be saved."
            )
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {KIND: "float", "v": repr(value)}
        if type(value) is list:
            return [self.encode(item, depth + 1) for item in value]
        if isinstance(value, (BaseForecaster, Panel)):
            return self._shared(value, depth)
        return self._tagged(value, depth)

    def _tagged(self, value: Any, depth: int) -> dict[str, Any]:
        if type(value) is tuple:
            return {KIND: "tuple", "v": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, np.ndarray):
            return self._array(value, depth)
        if isinstance(value, np.generic) and value.dtype.kind in "biuf":
            return {KIND: "scalar", "v": self.encode(value.item()), "dtype": value.dtype.str}
        if isinstance(value, pd.Index):
            return {KIND: "index", "v": pack_index(value, lambda part: self.encode(part, depth + 1))}
        if isinstance(value, pd.Timestamp):
            return {KIND: "time", "v": self._tagged(pd.DatetimeIndex([value]), depth + 1)}
        if (value if isinstance(value, type) else type(value)).__module__.startswith("narwhals."):
            return {KIND: "dtype", "v": pack_dtype(value)}
        if isinstance(value, pd.offsets.BaseOffset):
            return {KIND: "freq", "v": freq_name(value)}
        if is_record(type(value)) or _is_own_record(value):
            return {KIND: "record", "class": name_of(type(value)), "v": self._mapping(_fields(value), depth)}
        if isinstance(value, Mapping) and type(value).__module__ in ("builtins", "types", "collections"):
            pairs = [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in value.items()]
            return {KIND: "dict", "v": pairs}
        return self._named(value)

    def _named(self, value: Any) -> dict[str, Any]:
        """A class or a function by its name."""
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        found: Any = sys.modules.get(module or "")
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is value and module not in ("builtins", "__main__"):
            if isinstance(value, type):
                return {KIND: "class", "v": path_named(value)}
            return {KIND: "function", "v": f"{module}:{name}"}
        raise ParameterError(self._why_not(value))

    def _why_not(self, value: Any) -> str:
        kind = type(value)
        what = f"a {kind.__name__} of {kind.__module__.partition('.')[0]}"
        if callable(value) and hasattr(value, "__qualname__"):
            return (
                f"{self._owner} holds the function {value.__qualname__!r}, which stands in no module that another "
                "process could import it from; define it at the top of a module of its own, and it can be saved."
            )
        return (
            f"{self._owner} holds {what}, which could be written by pickle only, and loading a pickle runs what is in "
            "it. Save the series and fit again where the forecasts are needed; or, between machines that trust each "
            "other, use joblib.dump(model, path)."
        )

    def _array(self, array: "np.ndarray[Any, Any]", depth: int) -> dict[str, Any]:
        if array.dtype.kind == "O":
            items = [self.encode(item, depth + 1) for item in array.reshape(-1).tolist()]
            return {KIND: "objects", "v": items, "shape": list(array.shape)}
        if array.dtype.kind in "mM":
            return {KIND: "times", "v": self._array(array.view(np.int64), depth), "dtype": array.dtype.str}
        if array.dtype.kind not in "biuf" or type(array) is not np.ndarray:
            raise ParameterError(f"{self._owner} holds an array of the type {array.dtype}, which cannot be saved.")
        name = f"a{len(self.arrays)}"
        columns = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
        self.arrays[name] = np.ascontiguousarray(array.T if columns else array)
        return {
            KIND: "array",
            "v": name,
            **({"columns": True} if columns else {}),
        }  # sums depend on the order in memory

    def _shared(self, value: BaseForecaster | Panel, depth: int) -> dict[str, Any]:
        """A forecaster or a panel; the second time only the number of the first."""
        if id(value) in self._numbers:
            return {KIND: "again", "v": self._numbers[id(value)]}
        if isinstance(value, Panel):
            out: dict[str, Any] = {KIND: "panel", "v": pack_panel(value, lambda part: self.encode(part, depth + 1))}
        else:
            out = self._forecaster(value, depth)
        self._numbers[id(value)] = len(self._numbers)
        return out

    def _forecaster(self, model: BaseForecaster, depth: int) -> dict[str, Any]:
        self._owners.append(type(model).__name__)
        arguments = model.get_params(deep=False)
        learnt: Mapping[str, Any] = {}
        if hasattr(model, "panel_"):
            learnt = model._learnt() if isinstance(model, Stating) else learnt_of(model)
        out = {
            KIND: "forecaster",
            "class": path_named(type(model)),
            "arguments": self._mapping(arguments, depth),
            "learnt": self._mapping(learnt, depth),
        }
        self._owners.pop()
        return out

    def _mapping(self, values: Mapping[str, Any], depth: int) -> dict[str, Any]:
        return {name: self.encode(value, depth + 1) for name, value in sorted(values.items())}

    @property
    def _owner(self) -> str:
        return self._owners[-1] if self._owners else "The forecaster"


def _is_own_record(value: Any) -> bool:
    """Whether a value is a record of the module of somebody's own forecaster, which they will have to trust."""
    return is_record(type(value), (type(value).__module__,)) and not type(value).__module__.startswith("tsforecast.")


def _fields(record: Any) -> dict[str, Any]:
    names = getattr(record, "__dataclass_fields__", None) or record._fields
    return {name: getattr(record, name) for name in names}
