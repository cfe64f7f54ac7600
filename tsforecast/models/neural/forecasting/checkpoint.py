"""Checkpoints: what an estimator needs to forecast, beside the weights, as tensors and plain values."""

import dataclasses
import io
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from tsforecast.exceptions import DataError, MissingFileError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.forecasting.class_names import class_of, named
from tsforecast.models.neural.forecasting.consistency import check_whole, network_of
from tsforecast.models.neural.forecasting.finish import finish
from tsforecast.models.neural.forecasting.holdout import HoldoutResult
from tsforecast.models.neural.forecasting.intervals import Spread
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.options import Decoding, Start
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.models.neural.prepare.fitted import FittedPreparation
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.neural.prepare.static import StaticCode
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import freq_name, parse_freq
from tsforecast.series.transform import Transform

_VERSION = 3  # of the format
KEY = "tsforecast"
ARGUMENTS = ("random_state", "nonnegative", "bounds")  # of a forecaster, which its forecasts depend on
KEPT = "tsforecast kept weights"  # those that `BestWeights` ends the run with, by name


def export(
    spec: NetworkSpec, network: LinearStart, data: StreamDataModule, holdout: HoldoutResult, start: Start
) -> dict[str, Any]:
    """All of a run but the weights, as tensors, numbers and texts."""
    trained = finish(network, data, holdout)
    assert data.panel is not None
    return packed(trained, data.panel, spec, start) | {"bptt_length": data.bptt_length, "share": holdout.share}


def packed(trained: Trained, panel: Panel, spec: NetworkSpec, start: Start) -> dict[str, Any]:
    """All of a trained network and its series but the weights, as tensors, numbers and texts."""
    prepared = {
        f.name: getattr(trained.prepared, f.name)
        for f in dataclasses.fields(FittedPreparation)
        if f.name != "transform"
    }
    return {
        "version": _VERSION,
        "network": named(spec.network),
        "settings": {name: named(value) for name, value in spec.settings},
        "n_members": trained.network.n_members,
        "share": trained.share,
        "start": start,
        "prepared": _to_tensors(prepared | {"lambdas": trained.prepared.transform.lambdas}),
        "layout": _to_tensors(_fields(trained.layout) | {"static_code": _fields(trained.layout.static_code)}),
        "spread": _to_tensors(_fields(trained.spread)),
        "preparation": _fields(trained.preparation),
        "decoding": _fields(trained.decoding),
        "window": trained.window,
        "bptt_length": None,
        "panel": _pack_panel(panel),
    }


class Loaded(NamedTuple):
    """What a checkpoint holds: the trained network, its series, and how it was made."""

    trained: Trained
    panel: Panel
    spec: NetworkSpec
    bptt_length: int | None
    start: Start
    arguments: dict[str, Any]  # of the forecaster, where it was one that was converted


def convert(trained: Trained, panel: Panel, spec: NetworkSpec, start: Start, more: Mapping[str, Any]) -> dict[str, Any]:
    """The checkpoint of a trained network, at the beginning of a run of ``tsforecast train`` that goes on from it.

    ``more`` holds what only the forecaster knows: ``bptt_length`` and `ARGUMENTS`.
    """
    weights = {f"network.{name}": value for name, value in trained.network.state_dict().items()}
    held = packed(trained, panel, spec, start) | {"is_shrunk": True, **more}
    begin = {"epoch": 0, "global_step": 0, "optimizer_states": [], "lr_schedulers": []}
    return {"pytorch-lightning_version": version("pytorch-lightning"), **begin, "state_dict": weights, KEY: held}


def load_checkpoint(path: str | Path, own: Sequence[type] = ()) -> Loaded:
    """The trained network of a checkpoint, the series it was trained on, and how it was made.

    Only tensors and plain values are read; no code in the file is run.

    Raises
    ------
    MissingFileError
        There is no such file.
    DataError
        It is not a complete checkpoint of a `NeuralModule` trained on a `StreamDataModule`, of this version.
    """
    if not Path(path).is_file():
        what = "is a folder, not a checkpoint" if Path(path).is_dir() else "is not there: there is no such checkpoint"
        raise MissingFileError(f"{str(path)!r} {what}.")
    checkpoint = _read_file(Path(path))
    try:
        return _rebuilt(checkpoint, own)
    except Exception as error:  # of many kinds, as there are many ways for values to be wrong
        raise DataError(
            f"{str(path)!r} is no checkpoint that a network can be made of: {type(error).__name__}: {error}"
        ) from error


def _read_file(path: Path) -> dict[str, Any]:
    """The tensors and values in a file."""
    try:
        with zipfile.ZipFile(path) as parts:  # torch stores what it writes as it is: nothing grows when it is read
            whole = all(part.compress_type == zipfile.ZIP_STORED for part in parts.infolist())
        checkpoint = torch.load(path, map_location="cpu", weights_only=True) if whole else None
    except Exception as error:  # torch says nowhere what it raises for a file that is not its own
        raise DataError(
            f"{str(path)!r} cannot be read as a checkpoint: it is cut short, or no file that torch wrote "
            f"({type(error).__name__})."
        ) from error
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get(KEY), dict):
        raise DataError(f"{str(path)!r} is no checkpoint of tsforecast train.")
    found = checkpoint[KEY].get("version")
    if found != _VERSION:
        raise DataError(
            f"{str(path)!r} was written by another version of tsforecast: its checkpoints are of version {found!r}, "
            f"those of this one of version {_VERSION}. Train again, or use the version that wrote it."
        )
    return checkpoint


def _rebuilt(checkpoint: dict[str, Any], own_classes: Sequence[type]) -> Loaded:
    held, weights = checkpoint[KEY], checkpoint["state_dict"]
    prefix = "network."
    own = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    settings = {str(name): class_of(value, own_classes) for name, value in held["settings"].items()}
    spec = NetworkSpec.of(class_of(held["network"], own_classes), settings)
    layout = FeatureLayout(
        **_from_tensors(held["layout"] | {"static_code": StaticCode(**held["layout"]["static_code"])})
    )
    decoding = Decoding(**held["decoding"])
    weights = own | checkpoint.get(KEPT, {})
    network = network_of(spec, layout, head_of(decoding.loss).n_params, held["n_members"], weights)
    check_value("share", held["share"], float, 0)
    if not held.get("is_shrunk", False):
        network.shrink(held["share"])
    panel = _unpack_panel(held["panel"])
    prepared = _from_tensors(held["prepared"])
    transform = Transform(panel.ids, prepared.pop("lambdas"))
    trained = Trained(
        network,
        FittedPreparation(transform, **prepared),
        layout,
        Spread(**_from_tensors(held["spread"])),
        Preparation(**held["preparation"]),
        decoding,
        held["window"],
        share=held["share"],
    )
    check_whole(trained, panel)
    check_value("bptt_length", held["bptt_length"], int | None, 1)
    start = held.get("start", "linear")  # earlier checkpoints do not say so
    check_value("start", start, Start, 0)
    arguments = {name: value for name, value in held.get("arguments", {}).items() if name in ARGUMENTS}
    return Loaded(trained, panel, spec, held["bptt_length"], start, arguments)


def _fields(group: Any) -> dict[str, Any]:
    return {field.name: getattr(group, field.name) for field in dataclasses.fields(group)}


def _to_tensors(values: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.from_numpy(np.array(v)) if isinstance(v, np.ndarray) else v for k, v in values.items()}


def _from_tensors(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in values.items()}


def _pack_panel(panel: Panel) -> dict[str, Any]:
    names = [] if panel.static is None else list(panel.static.columns)
    buffer = io.BytesIO()
    panel.to_frame().to_parquet(buffer)
    table = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
    return {
        "table": table,
        "freq": freq_name(panel.freq),
        "covariates": list(panel.covariate_names),
        "past": list(panel.past_names),
        "levels": {name: list(own) for name, own in panel.levels.items()},
        "calendar": panel.calendar,
        "static": names,
    }


def _unpack_panel(packed: dict[str, Any]) -> Panel:
    frame = pd.read_parquet(io.BytesIO(packed["table"].numpy().tobytes()))
    freq = packed["freq"]
    step = int(freq) if freq.isdigit() else parse_freq(freq)
    values = frame["y"].to_numpy(dtype=np.float64)  # put back as they were: an array may end in missing values
    past, levels = packed.get("past", []), packed.get("levels", {})  # earlier checkpoints have neither
    names = [*packed["covariates"], *past]
    panel = Panel.from_frame(frame.assign(y=0.0), freq=step, covariates=names, static=packed["static"])
    panel = panel.with_values(values).with_past_covariates(past) if past else panel.with_values(values)
    return dataclasses.replace(
        panel, levels={name: tuple(own) for name, own in levels.items()}, calendar=packed.get("calendar")
    )
