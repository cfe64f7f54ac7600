"""Checks that the contents of a checkpoint are consistent, before memory of the sizes it states is allocated."""

import inspect
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from tsforecast.exceptions import DataError
from tsforecast.models.neural.checks import check_network, check_value
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.recurrent import layer_sizes
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.panel import Panel

_DEFAULT_SHAPE: dict[str, Any] = {"hidden_size": 32, "num_layers": 1, "dropout": 0.0}


def network_of(
    spec: NetworkSpec, layout: FeatureLayout, n_params: int, n_members: int, weights: dict[str, Tensor]
) -> LinearStart:
    """The network with these weights, which must have the shapes that its settings imply.

    Raises
    ------
    DataError
        A weight is not finite, or the shape is not that of the weights.
    """
    if not issubclass(spec.network, Network):
        raise DataError(f"{spec.network!r} is no network.")
    settings, known = dict(spec.settings), list(inspect.signature(spec.network).parameters)[2:]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise DataError(f"{spec.network.__name__} has no setting {unknown[0]!r}; it has {known}.")
    shape = {name: settings.get(name, default) for name, default in _DEFAULT_SHAPE.items()}
    check_network(**shape, n_members=n_members, lr=1.0)
    if weights["slopes"].shape[0] != n_members:
        raise DataError(f"There are weights of {weights['slopes'].shape[0]} members; there should be {n_members}.")
    if len(layer_sizes(shape["hidden_size"], shape["num_layers"])) > len(weights):
        raise DataError(f"There are {len(weights)} weights; {shape['num_layers']} layers have more.")
    if "cell" in settings and not isinstance(settings["cell"], type) and settings["cell"] not in get_args(CellName):
        raise DataError(f"cell={settings['cell']!r} is none of {list(get_args(CellName))}.")
    with torch.device("meta"):  # settings alone must not allocate memory
        network = spec.build(layout, n_params, range(n_members))
    held = {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    network.load_state_dict(held, assign=True)
    if not isinstance(network.members, RecurrentMembers):  # other networks may have tensors that are not saved
        network = spec.build(layout, n_params, range(n_members))
        network.load_state_dict(held)
    for name, value in network.state_dict().items():
        if not bool(torch.isfinite(value).all()):
            raise DataError(f"The weights {name!r} are not finite.")
    return network.eval()


def check_whole(trained: Trained, panel: Panel) -> None:
    """Raise a `DataError` where sizes are inconsistent or numbers are not finite."""
    prepared, layout, spread, network = trained.prepared, trained.layout, trained.spread, trained.network
    n, horizon = panel.n_series, layout.horizon
    for name, least in {
        "season_length": 1,
        "cycle": 1,
        "n_fourier": 0,
        "n_lags": 1,
        "horizon": 1,
        "n_series": 0,
    }.items():
        check_value(name, getattr(layout, name), int, least)
    if layout.n_series not in (0, n):
        raise DataError(f"n_series={layout.n_series!r} is neither 0 nor {n}, the number of series.")
    for name in ("memory_length", "smoothing"):
        check_value(name, getattr(prepared, name), float, 0)
    if prepared.lag not in (0, 1, prepared.season_length):
        raise DataError(f"lag={prepared.lag!r} is neither 0, 1 nor the season, {prepared.season_length}.")
    check_value("n_steps", spread.n_steps, int, 0)
    check_value("window", trained.window, int | None, 1)
    for name in ("mixed", "counts"):
        check_value(name, getattr(prepared, name), bool, 0)
    sizes = {
        "lambdas": (prepared.transform.lambdas, (n,)),
        "season": (prepared.season, (n, layout.cycle)),
        "reverting": (prepared.reverting, (n,)),
        "mean": (prepared.mean, (n,)),
        "spread": (prepared.spread, (n,)),
        "change": (prepared.change, (n,)),
        "lowest": (prepared.lowest, (n,)),
        "centre": (layout.centre, (len(panel.covariate_names),)),
        "past_centre": (layout.past_centre, (len(panel.past_names),)),
        "spread of covariates": (layout.spread, (len(panel.covariate_names),)),
        "size": (spread.size, (n, horizon)),
        "pooled": (spread.pooled, (horizon,)),
        "shape": (spread.shape, (max(spread.shape.size, 1),)),
        "correlation": (spread.correlation, (horizon, horizon)),
    }
    for name, (array, size) in sizes.items():
        known = np.isfinite(array) | (name == "lambdas")
        if array.shape != size or not known.all():
            raise DataError(f"{name} of shape {array.shape} should be finite and of shape {size}.")
    layout.static_code.encode(panel)  # raises where static columns differ
    found = prepared.n_past, prepared.n_lags, prepared.season_length, layout.input_size
    wanted = layout.n_past, layout.n_lags, layout.season_length, network.slopes.shape[1]
    outputs = horizon * trained.head.n_params, network.slopes.shape[2]
    if found != wanted or outputs[0] != outputs[1] or trained.head.counts != prepared.counts:
        raise DataError(f"Inputs {found} should be {wanted}, outputs {outputs[0]} should be {outputs[1]}.")
