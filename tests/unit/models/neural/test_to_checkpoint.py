"""A fitted network to a checkpoint of `tsforecast train`, and back."""

import numpy as np
import pandas as pd
import pytest
import torch

from tsforecast import GRU, LSTM, LinearAR, NeuralForecaster, load, load_forecaster
from tsforecast.cli.main import main
from tsforecast.exceptions import DataError, NotFittedError, ParameterError
from tsforecast.models.neural.networks.minimal_gated import MinimalGated

SMALL = {"n_members": 2, "max_epochs": 1}
Y = load("airline").series


def assert_same(one, other):
    ours, theirs = (model.forecast(30, level=80) for model in (one, other))
    np.testing.assert_array_equal(ours.mean, theirs.mean)
    np.testing.assert_array_equal(ours.quantiles, theirs.quantiles)


@pytest.mark.parametrize(
    "model",
    [
        LSTM(8, bounds=(0, 700), random_state=3, **SMALL),
        GRU((6, 4), decoding={"kind": "recursive"}, **SMALL),
        NeuralForecaster(MinimalGated, {"hidden_size": 6}, nonnegative=True, **SMALL),
    ],
    ids=["bounded", "recursive", "own cell"],
)
def test_forecasts_from_the_checkpoint_are_the_same_to_the_bit(model, tmp_path):
    model.fit(Y).to_checkpoint(tmp_path / "m.ckpt")
    read = type(model).from_checkpoint(tmp_path / "m.ckpt")
    assert_same(read, model)
    read.save(tmp_path / "m.tsf", keep_history=True)  # and on, and back again
    load_forecaster(tmp_path / "m.tsf").to_checkpoint(tmp_path / "n.ckpt")
    assert_same(type(model).from_checkpoint(tmp_path / "n.ckpt"), model)


@pytest.mark.parametrize(
    "roles", [{"past_covariates": ["temp", "sky"], "calendar": "DE"}, {"past_covariates": ["temp"]}, {"calendar": "DE"}]
)
def test_covariates_of_all_roles_are_in_the_checkpoint(roles, tmp_path):
    days = pd.date_range("2024-12-01", periods=64, freq="D")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"temp": rng.normal(size=64), "sky": rng.choice(["sun", "rain"], 64), "kind": rng.choice(["a", "b"], 64)}, days
    )
    y = (10 + 3 * X["temp"] + 2 * (X["kind"] == "b"))[:58]
    model = LSTM(4, **SMALL).fit(y[:50], X[:50], **roles)
    model.to_checkpoint(tmp_path / "m.ckpt")
    read = LSTM.from_checkpoint(tmp_path / "m.ckpt")
    ahead = X.drop(columns=roles.get("past_covariates", []))
    np.testing.assert_array_equal(read.forecast(3, ahead[50:53]).mean, model.forecast(3, ahead[50:53]).mean)
    read.update(y[50:].rename("y"), X[50:58])
    expected = model.predict(3, X, history=y)
    np.testing.assert_allclose(read.forecast(3, ahead[58:61]).mean[0], expected, rtol=1e-10)


def test_a_run_of_tsforecast_train_goes_on_from_its_weights(tmp_path, capsys):
    model = LSTM(8, **SMALL).fit(Y)
    model.to_checkpoint(tmp_path / "m.ckpt")
    options = ["--data.source", "airline", "--model.hidden_size", "8", "--model.n_members", "2", "--model.lr", "1e-9"]
    places = ["--trainer.default_root_dir", str(tmp_path), "--trainer.logger", "false", "--trainer.max_epochs", "1"]
    code = main(["train", "fit", "--config", "lstm", *options, *places, "--ckpt_path", str(tmp_path / "m.ckpt")])
    assert code == 0, capsys.readouterr().err
    after = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    for name, value in model.trained_[0].network.state_dict().items():
        np.testing.assert_allclose(after[f"network.{name}"], value, atol=1e-6, err_msg=name)  # steps of 1e-9


def test_what_is_no_one_network_with_its_series_is_an_error_and_writes_nothing(tmp_path):
    frame = pd.DataFrame({"a": Y, "b": Y.shift(3).bfill()})
    each = GRU(4, training={"scope": "per_series"}, **SMALL).fit(frame)
    GRU(4, **SMALL).fit(Y).save(tmp_path / "m.tsf")
    cases = [
        (each, ParameterError, "has 2"),
        (LinearAR().fit(Y), ParameterError, "has none"),
        (GRU(4), NotFittedError, "fit"),
        (load_forecaster(tmp_path / "m.tsf"), DataError, "keep_history=True"),
    ]
    for model, error, said in cases:
        with pytest.raises(error, match=said):
            model.to_checkpoint(tmp_path / "m.ckpt")
    assert not (tmp_path / "m.ckpt").exists()
