"""Finds values after a cutoff that a model holds itself, and replaces them for a while.

A function written in a notebook may use the table that it is to forecast; a model may be given it as an argument.
"""

import contextlib
import dataclasses
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from tsforecast._types import Floats
from tsforecast.backtest.leaks.changes import other_values
from tsforecast.base import BaseForecaster
from tsforecast.panel import Panel

_FEWEST = 2  # values after a cutoff, not all the same, that are not in a row by chance
_INSTALLED = ("site-packages", "dist-packages")  # folders of libraries: their variables hold nobody's data


@dataclasses.dataclass(frozen=True)
class Place:
    """Something that holds values: what is there, and how to put something else there.

    Attributes
    ----------
    where : str
        For messages: ``"the global variable 'frame'"``.
    value : object
    put : callable
    """

    where: str
    value: Any
    put: Callable[[Any], None]


@contextlib.contextmanager
def replaced(places: list[Place], panel: Panel, tails: list[Floats]) -> Iterator[list[str]]:
    """While the block runs, the values of ``tails`` are others wherever places hold them; yields where that is.

    Parameters
    ----------
    places : list of Place
    panel : Panel
        For values outside the range of the data.
    tails : list of n_series ndarray
        The values of each series after a cutoff.
    """
    others = other_values(panel)
    changed = [(place, with_others(place.value, tails, others)) for place in places]
    changed = [(place, value) for place, value in changed if value is not None]
    try:
        for place, value in changed:
            place.put(value)
        yield [place.where for place, _ in changed]
    finally:
        for place, _ in changed:
            place.put(place.value)


def with_others(value: Any, tails: list[Floats], others: Floats) -> Any:
    """A copy with other values wherever it holds the beginning of a tail in a row; None where it holds none.

    Examples
    --------
    >>> with_others(np.array([5.0, 1.0, 2.0, 3.0]), [np.array([2.0, 3.0])], np.array([90.0, 80.0]))
    array([ 5.,  1., 90., 80.])
    """
    if isinstance(value, Panel):
        inner = with_others(value.values, tails, others)
        return None if inner is None else value.with_values(inner)
    if isinstance(value, pd.Series):
        inner = with_others(value.to_numpy(), tails, others)
        return None if inner is None else pd.Series(inner, index=value.index, name=value.name)
    if isinstance(value, (pd.DataFrame, dict)):
        columns = {name: with_others(value[name], tails, others) for name in value}
        found = {name: column for name, column in columns.items() if column is not None}
        if not found:
            return None
        return value.assign(**found) if isinstance(value, pd.DataFrame) else value | found
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (int, float)) for item in value):
        inner = with_others(np.array(value), tails, others)
        return None if inner is None else type(value)(inner.tolist())
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.ndim not in (1, 2):
        return None
    table = value.astype(np.float64).reshape(len(value), -1)
    hits = [_replace(table[:, j], tail, others) for j in range(table.shape[1]) for tail in tails]
    return table.reshape(value.shape) if any(hits) else None


def _replace(column: Floats, tail: Floats, others: Floats) -> bool:
    """Write other values over every row of values that begins as the tail does; whether there was one."""
    if len(tail) < _FEWEST or len(column) < len(tail) or not np.ptp(tail) > 0:
        return False
    starts = np.flatnonzero((np.lib.stride_tricks.sliding_window_view(column, len(tail)) == tail).all(axis=1))
    for start in starts:
        column[start : start + len(tail)] = np.resize(others, len(tail))
    return bool(starts.size)


def places_of(forecaster: BaseForecaster) -> list[Place]:
    """What a forecaster holds: its arguments, and the variables that its functions and the user's classes use."""
    places: list[Place] = []
    seen: set[int] = set()
    for name, value in forecaster.get_params(deep=True).items():
        put = functools.partial(_set_parameter, forecaster, name)
        _look_at(f"the argument {name!r}", value, put, places, seen)
    for cls in _own_classes(forecaster):
        for name, value in list(vars(cls).items()):
            put = functools.partial(setattr, cls, name)
            _look_at(f"the attribute {name!r} of {cls.__name__}", value, put, places, seen)
    return places


def _own_classes(forecaster: BaseForecaster) -> list[type]:
    """Classes of the forecaster, and of what it holds, that no library defines."""
    held = [forecaster, *forecaster.get_params(deep=True).values()]
    classes = dict.fromkeys(cls for value in held for cls in type(value).__mro__)
    return [cls for cls in classes if _is_own(cls.__module__)]


def _is_own(module: str) -> bool:
    """Whether a module is the user's own, rather than of a library or of this package."""
    if module.partition(".")[0] in {"tsforecast", *sys.stdlib_module_names}:
        return module == "__main__"
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return not any(folder in file for folder in _INSTALLED)


def _set_parameter(forecaster: BaseForecaster, name: str, value: Any) -> None:
    forecaster.set_params(**{name: value})


def _look_at(where: str, value: Any, put: Callable[[Any], None], places: list[Place], seen: set[int]) -> None:
    """Add a place that holds data, or those that a function uses."""
    if isinstance(value, functools.partial):
        _look_into_partial(where, value, put, places, seen)
        value = value.func
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    value = inspect.unwrap(value.fget) if isinstance(value, property) and value.fget else value
    if isinstance(value, types.MethodType):
        value = value.__func__
    if isinstance(value, types.FunctionType):
        _look_into(value, places, seen)
    elif isinstance(value, (Panel, pd.Series, pd.DataFrame, np.ndarray, list, tuple, dict)):
        places.append(Place(where, value, put))


def _look_into_partial(
    where: str, value: "functools.partial[Any]", put: Callable[[Any], None], places: list[Place], seen: set[int]
) -> None:
    for k, argument in enumerate(value.args):

        def put_at(other: Any, k: int = k) -> None:
            put(functools.partial(value.func, *value.args[:k], other, *value.args[k + 1 :], **value.keywords))

        _look_at(f"argument {k + 1} of {where}", argument, put_at, places, seen)
    for name, argument in value.keywords.items():

        def put_by_name(other: Any, name: str = name) -> None:
            put(functools.partial(value.func, *value.args, **value.keywords | {name: other}))

        _look_at(f"argument {name!r} of {where}", argument, put_by_name, places, seen)


def _look_into(function: types.FunctionType, places: list[Place], seen: set[int]) -> None:
    """Add the places that hold data among the variables that a function uses but does not define."""
    if id(function) in seen or not _is_own(str(function.__module__)):
        return
    seen.add(id(function))
    for name in _names_in(function.__code__):
        if name in function.__globals__:
            put = functools.partial(function.__globals__.__setitem__, name)
            _look_at(f"the global variable {name!r}", function.__globals__[name], put, places, seen)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        put = functools.partial(setattr, cell, "cell_contents")
        with contextlib.suppress(ValueError):  # an empty cell
            _look_at(f"the variable {name!r} around {function.__name__}", cell.cell_contents, put, places, seen)


def _names_in(code: types.CodeType) -> set[str]:
    """Global names and attributes that a function, and the functions defined in it, mention."""
    inner = [_names_in(each) for each in code.co_consts if isinstance(each, types.CodeType)]
    return set(code.co_names).union(*inner)
