"""A trained network as plain values, arrays and records, and back: its part of the file of a saved forecaster."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from tsforecast.exceptions import DataError
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.consistency import check_whole, network_of
from tsforecast.models.neural.forecasting.past import Past
from tsforecast.models.neural.forecasting.running_extent import RunningExtent
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.cell import Cell
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import Network, State
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.prepare.fitted import SeriesMemory
from tsforecast.panel import Panel
from tsforecast.series.running_outliers import RunningOutliers

_PLAIN = ("prepared", "layout", "spread", "preparation", "decoding", "window", "share")
_OF_PAST = ("tail", "carried", "outliers", "extent")
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
        trained = dataclasses.replace(trained, past=_past_from_saved(past, trained, panel))
    if ends is not None:
        trained = dataclasses.replace(trained, ends=_ends_from_saved(ends, network, panel))
    return trained


def _past_to_saved(past: Past) -> dict[str, Any]:
    saved: dict[str, Any] = {name: getattr(past, name) for name in _OF_PAST}
    ends = None if past.ends is None else _ends_to_saved(past.ends)
    spare = None if past.spare is None else _past_to_saved(past.spare)
    return {**saved, "state": _state_to_saved(past.state), "ends": ends, "spare": spare}


def _past_from_saved(saved: Mapping[str, Any], trained: Trained, panel: Panel) -> Past:
    tail, carried, outliers, extent = (saved[name] for name in _OF_PAST)
    network, prepared, n = trained.network, trained.prepared, panel.n_series
    begun: tuple[Any, ...] = (prepared.begin(), RunningOutliers.begin(n), RunningExtent.begin(n))
    if not isinstance(tail, Panel) or not panel.ids.equals(tail.ids) or tail.left_out is not None:
        raise DataError("What was kept of the series is not of these series.")
    if panel.covariate_names != tail.covariate_names:
        raise DataError("The values kept have other covariates than the series.")
    for found, own in zip((carried, outliers, extent), begun, strict=True):
        if type(found) is not type(own) or _shapes(found) != _shapes(own):
            raise DataError("What was kept of the series is not of the sizes that the network was made with.")
    _check_extent(extent)
    state = _state_from_saved(saved["state"], network, n)
    ends = None if saved["ends"] is None else _ends_from_saved(saved["ends"], network, panel)
    spare = None if saved["spare"] is None else _past_from_saved(saved["spare"], trained, panel)
    return Past(tail, carried, state, outliers, extent, ends, spare)


def _shapes(record: Any) -> list[Any]:
    """Shapes and kinds of the arrays of a record, but for those of values held of a series, which are many or few."""
    if isinstance(record, np.ndarray):
        return [record.shape, record.dtype.kind]
    parts = record if isinstance(record, tuple) else ()
    return [_shapes(part) for part in parts if not (isinstance(record, RunningExtent) and part is record.held)]


def _check_extent(extent: RunningExtent) -> None:
    """Raise a `DataError` where bounds are not those of the values held: a kernel would read beside them."""
    bounds = extent.held_indptr
    shape = np.shape(extent.held)
    if bounds[0] != 0 or (np.diff(bounds) < 0).any() or shape != (bounds[-1], 2) or extent.held.dtype.kind != "f":
        raise DataError("The values kept of the series do not lie between their bounds.")


def _state_to_saved(state: State) -> list[Any]:
    leaves, _ = tree_flatten(state)
    return [_array(leaf) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]


def _state_from_saved(saved: list[Any], network: LinearStart, n_series: int) -> State:
    """The state in the form that the network begins with."""
    first, form = tree_flatten(network.initial_state(n_series))
    leaves = [torch.from_numpy(np.array(part)) if isinstance(part, np.ndarray) else part for part in saved]
    if len(leaves) != len(first):
        raise DataError(f"A state of {len(leaves)} parts; that of the network has {len(first)}.")
    for one, leaf in zip(first, leaves, strict=True):
        if isinstance(one, torch.Tensor) and (not isinstance(leaf, torch.Tensor) or leaf.shape[1:] != one.shape[1:]):
            raise DataError("The state of the network has another shape.")
    return tree_unflatten(leaves, form)


def _ends_to_saved(ends: decode.Ends) -> dict[str, Any]:
    state = _state_to_saved(ends.state)
    return {"memory": ends.memory, "state": state, **{name: getattr(ends, name) for name in _OF_ENDS}}


def _ends_from_saved(saved: Mapping[str, Any], network: LinearStart, panel: Panel) -> decode.Ends:
    memory: SeriesMemory = saved["memory"]
    n = panel.n_series
    state = _state_from_saved(saved["state"], network, n)
    shapes = [np.shape(saved[name])[k] for name, k in (("level", 0), ("scale", 0), ("last", 1), ("season", 0))]
    if shapes != [n] * 4 or [len(part) for part in memory] != [n] * 3:
        raise DataError("The ends of the series are not as many as there are series.")
    return decode.Ends(panel, memory, state=state, **{name: saved[name] for name in _OF_ENDS})


def _check_classes(spec: NetworkSpec) -> None:
    """Raise a `DataError` where a setting is a class that a network would not be made of."""
    for name, value in (("network", spec.network), *spec.settings):
        if isinstance(value, type) and not issubclass(value, (Network, Cell)):
            raise DataError(f"{name}={value.__name__} is neither a network nor a cell.")


def _array(tensor: torch.Tensor) -> "np.ndarray[Any, Any]":
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
