"""A trained network as plain values, arrays and records, and back: its part of the file of a saved forecaster."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from tsforecast._types import Floats, Index
from tsforecast.exceptions import DataError
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.consistency import check_whole, network_of
from tsforecast.models.neural.forecasting.limits import Extent
from tsforecast.models.neural.forecasting.trained import Past, Trained
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.cell import Cell
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.prepare.fitted import SeriesMemory
from tsforecast.panel import Panel

_PLAIN = ("prepared", "layout", "spread", "preparation", "decoding", "window", "share")
_OF_ENDS = ("level", "scale", "last", "season")


def trained_to_saved(trained: Trained, panel: Panel) -> dict[str, Any]:
    """A trained network, of a forecaster fitted to ``panel``, as values that can be written without torch."""
    saved: dict[str, Any] = {name: getattr(trained, name) for name in _PLAIN}
    saved["n_members"] = trained.network.n_members
    saved["weights"] = {name: _array(value) for name, value in trained.network.state_dict().items()}
    saved["past"] = None if trained.past is None else _past_to_saved(trained.past)
    ends = trained.ends
    saved["ends"] = _ends_to_saved(ends) if ends is not None and ends.panel is panel else None
    return saved


def trained_from_saved(saved: Mapping[str, Any], spec: NetworkSpec, panel: Panel) -> Trained:
    """The trained network of `trained_to_saved`, which was made by ``spec`` and trained on ``panel``.

    Raises
    ------
    DataError
        Its parts do not belong together, or settings would build something that is no network.
    """
    _check_classes(spec)
    layout, decoding = saved["layout"], saved["decoding"]
    check_value("n_members", saved["n_members"], int, 1)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in saved["weights"].items()}
    network = network_of(spec, layout, head_of(decoding.loss).n_params, saved["n_members"], weights)
    trained = Trained(network, **{name: saved[name] for name in _PLAIN})
    check_value("share", trained.share, float, 0)
    check_whole(trained, panel)
    past, ends = saved["past"], saved["ends"]
    if past is not None:
        trained = dataclasses.replace(trained, past=_past_from_saved(past, network, panel))
    if ends is not None:
        trained = dataclasses.replace(trained, ends=_ends_from_saved(ends, network, panel))
    return trained


def _past_to_saved(past: Past) -> dict[str, Any]:
    return {"ids": past.ids, "ends": _ends_to_saved(past.ends), "base": past.base, "extent": past.extent}


def _past_from_saved(saved: Mapping[str, Any], network: LinearStart, panel: Panel) -> Past:
    ids: Index = saved["ids"]
    extent: Extent = saved["extent"]
    base: Floats | None = saved["base"]
    sizes = [len(part) for part in (extent.low, extent.lengths, extent.ranges, extent.positive, extent.silence.n_zeros)]
    if not panel.ids.equals(ids) or any(size != len(ids) for size in [*sizes, len(ids if base is None else base)]):
        raise DataError("What was kept of the series is not of these series.")
    return Past(ids, _ends_from_saved(saved["ends"], network, panel), base, extent)


def _ends_to_saved(ends: decode.Ends) -> dict[str, Any]:
    leaves, _ = tree_flatten(ends.state)
    state = [_array(leaf) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
    return {"memory": ends.memory, "state": state, **{name: getattr(ends, name) for name in _OF_ENDS}}


def _ends_from_saved(saved: Mapping[str, Any], network: LinearStart, panel: Panel) -> decode.Ends:
    """Ends with the state in the form that the network begins with."""
    first, form = tree_flatten(network.initial_state(panel.n_series))
    leaves = [torch.from_numpy(np.array(part)) if isinstance(part, np.ndarray) else part for part in saved["state"]]
    memory: SeriesMemory = saved["memory"]
    if len(leaves) != len(first):
        raise DataError(f"A state of {len(leaves)} parts; that of the network has {len(first)}.")
    for one, leaf in zip(first, leaves, strict=True):
        if isinstance(one, torch.Tensor) and (not isinstance(leaf, torch.Tensor) or leaf.shape[1:] != one.shape[1:]):
            raise DataError("The state of the network has another shape.")
    n = panel.n_series
    shapes = [np.shape(saved[name])[k] for name, k in (("level", 0), ("scale", 0), ("last", 1), ("season", 0))]
    if shapes != [n] * 4 or [len(part) for part in memory] != [n] * 3:
        raise DataError("The ends of the series are not as many as there are series.")
    return decode.Ends(panel, memory, state=tree_unflatten(leaves, form), **{name: saved[name] for name in _OF_ENDS})


def _check_classes(spec: NetworkSpec) -> None:
    """Raise a `DataError` where a setting is a class that a network would not be made of."""
    for name, value in (("network", spec.network), *spec.settings):
        if isinstance(value, type) and not issubclass(value, (Network, Cell)):
            raise DataError(f"{name}={value.__name__} is neither a network nor a cell.")


def _array(tensor: torch.Tensor) -> "np.ndarray[Any, Any]":
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
