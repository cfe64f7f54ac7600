"""Checks of a training configuration before anything is built from it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace

from tsforecast.exceptions import ParameterError

_MOST_BYTES = 1_000_000
_MOST_VALUES = 100_000


def check_text(path: Path) -> None:
    """Raise a `ParameterError` where a YAML file is too large, repeats a key, or has too many values through aliases.

    An alias (``*name``) stands for everything in its anchor, so a few lines can stand for billions of values.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise ParameterError(f"{path} has {path.stat().st_size} bytes; a configuration has {_MOST_BYTES} at most.")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ParameterError(f"{path} is no YAML that can be read: {error}") from error
    if root is not None and _size(root, {}, path) > _MOST_VALUES:
        raise ParameterError(f"{path} stands for more than {_MOST_VALUES} values; its aliases (*name) repeat too much.")


def _size(node: yaml.Node, known: dict[int, int], path: Path) -> int:
    """Number of values of a node; those of aliases count each time."""
    mark = id(node)
    if mark in known:
        return known[mark]
    known[mark] = _MOST_VALUES + 1  # for a node that contains itself
    size = 1
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ParameterError(f"{path} names {twice[0]!r} twice, at {str(node.start_mark).strip()}.")
        size += sum(_size(part, known, path) for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(part, known, path) for part in node.value)
    known[mark] = size
    return size


def check_classes(config: Namespace) -> None:
    """Raise a `ParameterError` unless every class in a configuration is of a kind that a run uses.

    Classes are imported and checked, but not constructed. A configuration cannot name functions; a run calls only
    methods of these classes.
    """
    settings = {name: value for name, value in vars(config).items() if name != "config"}  # path of the file itself
    for name in ("model", "data", "trainer"):
        if not isinstance(settings.get(name), Namespace):
            raise ParameterError(f"{name}: {settings.get(name)!r} is no mapping of its options.")
    for place, value in _values(settings, ""):
        if isinstance(value, type) or callable(value):
            raise ParameterError(f"{place}: {value!r} is a function or a class; a configuration cannot name one here.")
        path = value.get("class_path") if isinstance(value, Mapping) else None
        if path is not None:
            _check_class(place, path)


def _values(config: Any, place: str) -> Iterator[tuple[str, Any]]:
    """All values in a configuration, each with its place."""
    value = vars(config) if isinstance(config, Namespace) else config
    yield place, value
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _values(part, f"{place}.{key}".lstrip("."))
    elif isinstance(value, (list, tuple, set)):
        for k, part in enumerate(value):
            yield from _values(part, f"{place}[{k}]")


def _check_class(place: str, path: Any) -> None:
    import importlib

    module, _, name = str(path).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ParameterError(f"{place}: there is no class {path!r}: {error}") from error
    kinds = _kinds()
    if not isinstance(found, type) or not issubclass(found, kinds):
        allowed = ", ".join(kind.__name__ for kind in kinds)
        raise ParameterError(f"{place}: {path!r} is no class that a run is made of: {allowed}.")


def _kinds() -> tuple[type, ...]:
    from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
    from pytorch_lightning import Callback
    from pytorch_lightning.accelerators import Accelerator
    from pytorch_lightning.loggers import Logger
    from pytorch_lightning.plugins import CheckpointIO, LayerSync, Precision
    from pytorch_lightning.profilers import Profiler
    from pytorch_lightning.strategies import Strategy
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    from tsforecast.data.reading import Reading
    from tsforecast.models.neural.options import Decoding, Training
    from tsforecast.models.neural.prepare.preparation import Preparation

    parts = (Accelerator, Strategy, Precision, CheckpointIO, ClusterEnvironment, LayerSync)
    return (Callback, Logger, Profiler, *parts, Optimizer, LRScheduler, Decoding, Preparation, Training, Reading)
