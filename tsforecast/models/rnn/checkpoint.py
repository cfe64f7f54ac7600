"""What a checkpoint holds beside weights, so that an estimator can forecast from it: tensors and plain values."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from tsforecast.data.transform import Transform
from tsforecast.exceptions import DataError, MissingFileError
from tsforecast.frequency import freq_name, parse_freq
from tsforecast.models.rnn.datamodule import StreamDataModule
from tsforecast.models.rnn.inputs import Layout
from tsforecast.models.rnn.intervals import Spread
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.options import Decoding
from tsforecast.models.rnn.preparation import Preparation
from tsforecast.models.rnn.prepared import Prepared
from tsforecast.models.rnn.static import StaticCode
from tsforecast.models.rnn.trained import Trained, finish
from tsforecast.panel import Panel

KEY = "tsforecast"
KEPT = "tsforecast kept weights"  # by name, those of a callback that ends the run with others than its last


def export(network: RecurrentNetwork, data: StreamDataModule) -> dict[str, Any]:
    """Everything of a run but the weights: tensors, numbers, texts."""
    trained = finish(network, data)
    assert data.panel is not None
    prepared = {
        f.name: getattr(trained.prepared, f.name) for f in dataclasses.fields(Prepared) if f.name != "transform"
    }
    return {
        "network": network.shape,
        "prepared": _packed(prepared | {"lambdas": trained.prepared.transform.lambdas}),
        "layout": _packed(_fields(trained.layout) | {"static": _fields(trained.layout.static)}),
        "spread": _packed(_fields(trained.spread)),
        "preparation": _fields(trained.preparation),
        "decoding": _fields(trained.decoding),
        "window": trained.window,
        "bptt_length": data.bptt_length,
        "panel": _pack_panel(data.panel),
    }


def load(path: str | Path) -> tuple[Trained, Panel, dict[str, Any]]:
    """What was trained, the series it was trained on, and the shape of the network.

    Raises
    ------
    MissingFileError
        There is no such file.
    DataError
        It is no checkpoint of a `RecurrentModule` trained on a `StreamDataModule`.
    """
    if not Path(path).is_file():
        raise MissingFileError(f"There is no checkpoint {str(path)!r}.")
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    if KEY not in checkpoint:
        raise DataError(f"{str(path)!r} is no checkpoint of tsforecast train.")
    held = checkpoint[KEY]
    panel = _unpack_panel(held["panel"])
    network = RecurrentNetwork(**held["network"])
    prefix = "network."
    weights = checkpoint["state_dict"].items()
    network.load_state_dict(
        {name.removeprefix(prefix): value for name, value in weights if name.startswith(prefix)}
        | checkpoint.get(KEPT, {})
    )
    network.eval()
    prepared = _unpacked(held["prepared"])
    transform = Transform(panel.ids, prepared.pop("lambdas"))
    trained = Trained(
        network,
        Prepared(transform, **prepared),
        Layout(**_unpacked(held["layout"] | {"static": StaticCode(**held["layout"]["static"])})),
        Spread(**_unpacked(held["spread"])),
        Preparation(**held["preparation"]),
        Decoding(**held["decoding"]),
        held["window"],
    )
    return trained, panel, held["network"] | {"bptt_length": held["bptt_length"]}


def _fields(group: Any) -> dict[str, Any]:
    return {field.name: getattr(group, field.name) for field in dataclasses.fields(group)}


def _packed(values: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.from_numpy(np.array(v)) if isinstance(v, np.ndarray) else v for k, v in values.items()}


def _unpacked(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in values.items()}


def _pack_panel(panel: Panel) -> dict[str, Any]:
    names = [] if panel.static is None else list(panel.static.columns)
    buffer = io.BytesIO()
    panel.to_frame().to_parquet(buffer)
    table = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
    return {"table": table, "freq": freq_name(panel.freq), "covariates": list(panel.covariate_names), "static": names}


def _unpack_panel(packed: dict[str, Any]) -> Panel:
    frame = pd.read_parquet(io.BytesIO(packed["table"].numpy().tobytes()))
    freq = packed["freq"]
    step = int(freq) if freq.isdigit() else parse_freq(freq)
    return Panel.from_frame(frame, freq=step, covariates=packed["covariates"], static=packed["static"])
