"""Names of networks and cells in checkpoints, and the classes they stand for; no other module is imported."""

import importlib
from collections.abc import Sequence
from typing import Any

from tsforecast.exceptions import DataError
from tsforecast.models.neural.networks.cell import Cell
from tsforecast.models.neural.networks.network import Network

_HOME = "tsforecast.models.neural.networks."
_CLASS_MARK = "class: "


def named(value: Any) -> Any:
    """The name of a class, also within a tuple or list; any other value unchanged."""
    if isinstance(value, (tuple, list)):
        return tuple(map(named, value))
    return f"{_CLASS_MARK}{value.__module__}.{value.__qualname__}" if isinstance(value, type) else value


def class_of(value: Any, own: Sequence[type] = ()) -> Any:
    """The class that a name stands for, also within a tuple; any other value unchanged.

    Parameters
    ----------
    value : object
        A result of `named`.
    own : sequence of type
        Networks and cells that may be named besides those of this package.

    Raises
    ------
    DataError
        The name is of no network or cell that may be named.

    Examples
    --------
    >>> class_of(named(Cell)) is Cell, class_of(3)
    (True, 3)
    """
    if isinstance(value, (tuple, list)):
        return tuple(class_of(part, own) for part in value)
    if not isinstance(value, str) or not value.startswith(_CLASS_MARK):
        return value
    for kind in own:
        if named(kind) == value:
            return kind
    path = value.removeprefix(_CLASS_MARK)
    module, _, name = path.rpartition(".")
    found = None
    if module.startswith(_HOME):
        try:
            found = getattr(importlib.import_module(module), name, None)
        except ImportError:
            found = None
    if not isinstance(found, type) or not issubclass(found, (Network, Cell)):
        raise DataError(
            f"{path} is no network or cell of this package; name your own: from_checkpoint(path, own=[...])."
        )
    return found
