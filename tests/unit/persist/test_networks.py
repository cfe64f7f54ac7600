"""Networks of one's own, checkpoints of `tsforecast train`, and fits with covariates, saved and loaded."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl

from tsforecast import GRU, LSTM, NeuralForecaster, load, load_forecaster
from tsforecast.exceptions import ModelFileError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.training.curve import TrainingCurve
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.stock_module import recurrent_module

QUICK = {"n_members": 2, "max_epochs": 1}
CURVE = TrainingCurve(np.ones(3), np.ones(3), np.ones(3))
OWN = """
from tsforecast.models.neural.networks.minimal_gated import MinimalGated

class OwnCell(MinimalGated):
    pass
"""


def assert_same(path, model, trusted=(), **options):
    loaded = load_forecaster(path, trusted=trusted)
    ours, theirs = (one.predict(20, level=[50, 90], **options) for one in (loaded, model))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    return loaded


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "own_networks.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "own_networks"
    sys.modules.pop("own_networks", None)


@pytest.mark.parametrize("by_name", [False, True])
def test_a_network_of_a_trusted_module_is_found_in_a_new_process(own_module, tmp_path, by_name):
    __import__(own_module)
    cell = sys.modules[own_module].OwnCell
    network = f"{own_module}:OwnCell" if by_name else cell
    model = NeuralForecaster(network, {"hidden_size": 3}, **QUICK).fit(load("airline").series)
    model.save(tmp_path / "model")
    expected = model.predict(20)
    del sys.modules[own_module]
    with pytest.raises(ModelFileError, match=r"model'.*own_networks"):
        load_forecaster(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model", trusted=[own_module])
    pd.testing.assert_series_equal(loaded.predict(20), expected, check_exact=True)


def test_a_checkpoint_is_saved_without_its_series(tmp_path):
    data = StreamDataModule("airline")
    with quiet_torch(0):
        module = recurrent_module("gru", data.input_size, data.horizon, hidden_size=2, n_members=2)
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=tmp_path, **quiet)
        trainer.fit(module, datamodule=data)
        trainer.save_checkpoint(tmp_path / "last.ckpt")
    model = GRU.from_checkpoint(tmp_path / "last.ckpt")
    model.save(tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    assert type(loaded) is GRU and loaded.panel_.n_obs == 1
    ours, theirs = (one.forecast(20, level=80) for one in (loaded, model))
    np.testing.assert_array_equal(ours.mean, theirs.mean)
    np.testing.assert_array_equal(ours.quantiles, theirs.quantiles)


@pytest.mark.parametrize(
    "options",
    [
        {"training": {"scope": "per_series"}},
        {"decoding": {"loss": "quantile"}},
        {"decoding": {"kind": "recursive", "loss": "gaussian"}},
        {"training": {"kind": "windows"}},
        {"start": "zero"},
        {"preparation": {"transform": "log"}},
    ],
    ids=str,
)
def test_every_kind_of_fit_is_saved(tmp_path, options):
    wide = pd.concat([load("airline").series.rename(name) * k for k, name in ((1.0, "a"), (2.0, "b"))], axis=1)
    model = LSTM(hidden_size=4, **QUICK, **options).fit(wide)
    model.save(tmp_path / "model")
    loaded = assert_same(tmp_path / "model", model)
    np.testing.assert_array_equal(loaded.sample_paths(3, 9, random_state=1), model.sample_paths(3, 9, random_state=1))
    assert loaded.panel_.n_obs == 2


def test_with_covariates_the_ends_of_the_series_are_enough(tmp_path):
    y = load("airline").series
    X = pd.DataFrame({"x": np.sin(np.arange(200.0))}, index=pd.date_range(y.index[0], periods=200, freq="MS"))
    model = LSTM(hidden_size=4, **QUICK).fit(y, X.iloc[: len(y)])
    model.save(tmp_path / "model")
    loaded = assert_same(tmp_path / "model", model, X=X.iloc[len(y) : len(y) + 20])
    assert loaded.panel_.n_obs == 1


def test_static_columns_are_kept(tmp_path):
    wide = pd.concat([load("airline").series.rename(name) for name in "ab"], axis=1)
    about = pd.DataFrame({"unique_id": ["a", "b"], "kind": ["x", None], "area": [1.0, np.nan]})
    model = LSTM(hidden_size=4, **QUICK).fit(wide, about)
    model.save(tmp_path / "model")
    assert assert_same(tmp_path / "model", model).panel_.n_obs == 2


def test_parts_do_not_need_the_series(tmp_path):
    model = LSTM(hidden_size=4, **QUICK).fit(load("airline").series)
    for kept in (False, True):
        model.save(tmp_path / "model", keep_history=kept)
        loaded = load_forecaster(tmp_path / "model")
        assert loaded.share_ == model.share_
        pd.testing.assert_frame_equal(loaded.decompose(5), model.decompose(5), check_exact=True)


@pytest.mark.parametrize(
    "held",
    ["no curves", [CURVE, CURVE], [None], [dataclasses.replace(CURVE, gradient_norm=np.ones(2))],
     [dataclasses.replace(CURVE, validation_loss=np.ones(3, dtype=int))]],
    ids=["text", "two", "none", "shorter", "whole numbers"],
)  # fmt: skip
def test_curves_that_are_not_of_the_networks_are_an_error_of_loading(tmp_path, held):
    model = LSTM(**QUICK).fit(load("airline").series)
    model.curves_ = held
    model.save(tmp_path / "model")
    with pytest.raises(ModelFileError, match=r"curves|Losses|type"):
        load_forecaster(tmp_path / "model")
