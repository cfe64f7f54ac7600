"""Checkpoints: whole ones are read, broken ones are errors that name the file, and no code in them is run."""

import os
import pickle
import resource
import zipfile
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from tsforecast.data import catalog
from tsforecast.exceptions import DataError, MissingFileError, RunFolderError, TSForecastError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import GRU, LSTM
from tsforecast.models.neural.forecasting.checkpoint import KEY
from tsforecast.models.neural.forecasting.writing import WholeCheckpointIO
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.stock_module import recurrent_module


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A checkpoint of a small network after one epoch."""
    path = tmp_path_factory.mktemp("run") / "good.ckpt"
    data = StreamDataModule("airline")
    with quiet_torch(0):
        module = recurrent_module("gru", data.input_size, data.horizon, hidden_size=2, n_members=2)
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=path.parent, **quiet)
        trainer.fit(module, datamodule=data)
        trainer.save_checkpoint(path)
    return path


def test_a_whole_checkpoint_forecasts(good):
    forecast = GRU.from_checkpoint(good).predict(6, history=catalog.load("airline").series, level=80)
    assert np.isfinite(forecast).all().all()


class Harm:
    """What makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


CUTS = (0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)


@pytest.mark.parametrize("share", CUTS)
def test_a_file_cut_short_is_named(good, tmp_path, share):
    broken, whole = tmp_path / "broken.ckpt", good.read_bytes()
    broken.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"broken\.ckpt.* cannot be read as a checkpoint"):
        GRU.from_checkpoint(broken)


def other_files(folder: Path) -> list[Path]:
    paths = [folder / f"other{k}.ckpt" for k in range(8)]
    paths[0].write_text("epoch: 3\n")
    paths[1].write_bytes(bytes(range(256)) * 40)
    with zipfile.ZipFile(paths[2], "w") as parts:
        parts.writestr("readme.txt", "no checkpoint")
    with zipfile.ZipFile(paths[3], "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("archive/data.pkl", pickle.dumps({KEY: {}}))
    paths[4].write_bytes(pickle.dumps(Harm()))
    torch.save(Harm(), paths[5])
    torch.save({"epoch": 1, KEY: Harm()}, paths[6])
    torch.save({"epoch": 1, KEY: Harm()}, paths[7], _use_new_zipfile_serialization=False)
    return paths


def test_other_files_are_refused_and_no_code_in_them_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in other_files(tmp_path):
        with pytest.raises(DataError, match=path.name):
            GRU.from_checkpoint(path)
    assert not Path("harmed").exists()


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="is a folder, not a checkpoint"):
        GRU.from_checkpoint(tmp_path)
    with pytest.raises(MissingFileError, match=r"'.*nothing\.ckpt' is not there"):
        GRU.from_checkpoint(tmp_path / "nothing.ckpt")


@pytest.mark.parametrize("content", [{}, [], 3, {"state_dict": {}}, {KEY: None}, {KEY: {}}, torch.zeros(3)])
def test_a_torch_file_of_other_content_is_refused(content, tmp_path):
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(DataError, match=r"other\.ckpt"):
        GRU.from_checkpoint(tmp_path / "other.ckpt")


def places(held, path=()):
    """Every key of nested mappings."""
    for key, value in held.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def changed(good, path, how):
    """The checkpoint with one value changed, or left out."""
    checkpoint = torch.load(good)
    at = checkpoint
    for key in path[:-1]:
        at = at[key]
    if how is None:
        del at[path[-1]]
    else:
        at[path[-1]] = how(at[path[-1]])
    return checkpoint


@pytest.mark.slow
def test_a_key_that_is_missing_is_an_error_of_ours(good, tmp_path):
    """Static columns, of which there are none here, may be absent, for they have defaults."""
    held = torch.load(good)[KEY]
    broken, spared = tmp_path / "broken.ckpt", []
    for path in [("state_dict",), *((KEY, *rest) for rest in places(held))]:
        torch.save(changed(good, path, None), broken)
        try:
            GRU.from_checkpoint(broken)
        except TSForecastError as error:
            assert "broken.ckpt" in str(error)
        else:
            spared.append(path)
    fields = ("preparation", "decoding")
    assert [path for path in spared if not (path[1] in fields or STATIC & set(path) or path[-1] in DEFAULTS)] == []


STATIC = {"static", "static_code"}
ROLES = ("past", "levels", "calendar", "past_centre", "past_spread")  # earlier checkpoints have none
DEFAULTS = (*ROLES, "optimism", "counts", "lag", "smoothing", "dropout", "num_layers", "start")


def test_settings_that_are_not_those_of_the_network_are_refused(good, tmp_path):
    for name, what in (("widths", "has no setting 'widths'"), ("layout", "has no setting 'layout'")):
        torch.save(changed(good, (KEY, "settings"), lambda held, name=name: held | {name: 1}), tmp_path / "odd.ckpt")
        with pytest.raises(DataError, match=rf"odd\.ckpt.*{what}"):
            GRU.from_checkpoint(tmp_path / "odd.ckpt")
    torch.save(changed(good, (KEY, "settings", "cell"), None), tmp_path / "none.ckpt")
    with pytest.raises(DataError, match=r"none\.ckpt"):
        GRU.from_checkpoint(tmp_path / "none.ckpt")


@pytest.mark.slow
@pytest.mark.parametrize("how", [lambda _: "text", lambda _: 10**12, lambda _: [1]])
def test_a_value_of_another_type_or_size_never_escapes_as_a_foreign_error(good, tmp_path, how):
    broken = tmp_path / "broken.ckpt"
    for rest in places(torch.load(good)[KEY]):
        torch.save(changed(good, (KEY, *rest), how), broken)
        try:
            model = GRU.from_checkpoint(broken)
        except TSForecastError as error:
            assert "broken.ckpt" in str(error), rest
        else:
            model.predict(2, level=80)


@pytest.mark.parametrize("name", ["network.members.readout", "network.members.inputs.0", "network.slopes"])
@pytest.mark.parametrize("how", [lambda x: x * np.nan, lambda x: x[:1], lambda x: x.tolist(), lambda x: x[..., :1]])
def test_weights_that_are_not_finite_or_of_another_shape_are_refused(good, tmp_path, name, how):
    torch.save(changed(good, ("state_dict", name), how), tmp_path / "broken.ckpt")
    with pytest.raises(DataError, match=r"broken\.ckpt"):
        GRU.from_checkpoint(tmp_path / "broken.ckpt")


@pytest.mark.parametrize("name", ["mean", "spread", "season", "lowest"])
def test_numbers_of_the_series_that_are_not_finite_are_refused(good, tmp_path, name):
    torch.save(changed(good, (KEY, "prepared", name), lambda x: x * np.nan), tmp_path / "broken.ckpt")
    with pytest.raises(DataError, match=rf"broken\.ckpt.*{name}"):
        GRU.from_checkpoint(tmp_path / "broken.ckpt")


def test_a_checkpoint_of_another_version_or_another_cell_says_so(good, tmp_path):
    torch.save(changed(good, (KEY, "version"), lambda version: version + 1), tmp_path / "later.ckpt")
    with pytest.raises(DataError, match=r"later\.ckpt' was written by another version"):
        GRU.from_checkpoint(tmp_path / "later.ckpt")
    with pytest.raises(DataError, match="holds a network of cell 'gru', not 'lstm'"):
        LSTM.from_checkpoint(good)


def test_a_full_disk_leaves_the_checkpoint_before_and_no_other_file(good, tmp_path):
    path = tmp_path / "last.ckpt"
    writer = WholeCheckpointIO()
    writer.save_checkpoint({"epoch": 1}, path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(RunFolderError, match=r"last\.ckpt' cannot be written: File too large"):
            writer.save_checkpoint(torch.load(good) | {"much": torch.zeros(100_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert torch.load(path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]
