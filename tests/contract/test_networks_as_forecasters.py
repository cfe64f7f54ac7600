"""What every network promises as a forecaster: one law a test, run for each network.

A new network is one line in `NETWORKS` of `networks.py`. `test_every_network.py` holds what it promises before.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from sklearn.base import clone
from torch import nn

from tsforecast import GRU, LSTM, RNN
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.plan.describe import build, describe
from tsforecast.exceptions import DataError, FitError, ParameterError, UnknownNameError
from tsforecast.models.neural.forecaster import NeuralForecaster
from tsforecast.models.neural.forecasting.checkpoint import KEY
from tsforecast.models.neural.forecasting.finish import finish
from tsforecast.models.neural.networks.cell import Cell
from tsforecast.models.neural.networks.cell_stack import CellStack
from tsforecast.models.neural.networks.minimal_gated import MinimalGated
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.training.quiet import quiet_torch

sys.path.insert(0, str(Path(__file__).parent))
from networks import NETWORKS, STOCK, OwnFeatures, SeriesBias, WindowAttention, data_of, module_of, panel

sys.path.pop(0)

QUIET = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def forecaster(name, **options):
    network, settings = NETWORKS[name]
    options = {"n_members": 2, "training": {"max_steps": 4}} | options
    return NeuralForecaster(network, settings, **options)


def frame(n_series=2, n_obs=48, seed=0):
    return panel((n_obs,) * n_series, seed).to_frame().rename(columns={"id": "unique_id"})


def test_a_network_of_the_package_is_named_in_a_configuration_and_read_back():
    model = NeuralForecaster(MinimalGated, {"hidden_size": 8}, n_members=2, max_epochs=1)
    described = describe(model)
    assert described["init_args"]["network"] == "tsforecast.models.neural.networks.minimal_gated.MinimalGated"
    y = frame(1).set_index("ds")["y"]
    assert build(described).fit(y).predict(3).equals(model.fit(y).predict(3))


@pytest.mark.parametrize("name", ["subprocess:Popen", "tsforecast.models.naive.Naive", "os.system", "MinimalGated"])
def test_a_name_of_anything_else_is_refused(name):
    with pytest.raises((ParameterError, UnknownNameError)):
        NeuralForecaster(name).fit(frame(1))


class WrongNetwork(Network):
    def __init__(self, layout, n_params):
        super().__init__(layout, n_params)
        self.linear = nn.Linear(layout.input_size, layout.horizon)


class IgnoresParameters(WrongNetwork):
    def forward(self, chunk, state):
        return self.linear(chunk.x)[..., None], None


class ReturnsNoState(WrongNetwork):
    def forward(self, chunk, state):
        return self.linear(chunk.x)[..., None]


class VectorPenalty(WrongNetwork):
    def forward(self, chunk, state):
        return self.linear(chunk.x)[..., None].expand(-1, -1, -1, self.n_params), None

    def penalty(self):
        return self.linear.bias.square()


class DecidesByMembers(WrongNetwork):
    def forward(self, chunk, state):
        output = self.linear(chunk.x)[..., None].expand(-1, -1, -1, self.n_params)
        return (output if bool((output > 0).any()) else -output), None


class LosesAPart(Cell):
    n_parts = 2

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.linear = nn.Linear(input_size, hidden_size)

    def forward(self, x, state):
        return torch.tanh(self.linear(x))[None]


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        (IgnoresParameters, {}, "IgnoresParameters: the output is"),
        (ReturnsNoState, {}, "forward must return the output"),
        (VectorPenalty, {}, "the penalty is of shape"),
        (DecidesByMembers, {}, "side_by_side = False"),
        (LosesAPart, {}, "LosesAPart: the state is"),
        (CellStack, {"cell": nn.Linear}, "is no class of Cell"),
        (CellStack, {"cell": MinimalGated(3, 4)}, "is no class of Cell"),
        (WindowAttention, {"context": 6.0}, "context=6.0 is not a whole number"),
        (WindowAttention, {"context": 6, "size": "x"}, r"WindowAttention\(.*could not be made"),
    ],
)
def test_a_network_that_is_wrong_is_told_by_its_name(network, settings, message):
    model = NeuralForecaster(network, settings, n_members=2, max_epochs=1, decoding={"loss": "gaussian"})
    with pytest.raises(ParameterError, match=message):
        model.fit(frame())


@pytest.fixture(scope="module")
def fitted():
    """Each network fitted once: name -> forecaster."""
    held = {}

    def fit(name):
        if name not in held:
            held[name] = forecaster(name).fit(frame())
        return held[name]

    return fit


def test_no_forecast_of_a_network_changes_when_only_the_future_does(name):
    result = backtest(forecaster(name), frame(), cv=RollingOrigin(horizon=2, n_windows=2), audit=True, level=[80])
    assert result.failures.empty and len(result.forecasts) == 2 * 2 * 2


def test_a_pickled_forecaster_forecasts_the_same(name, fitted):
    again = pickle.loads(pickle.dumps(fitted(name)))
    pd.testing.assert_frame_equal(again.predict(30, level=80), fitted(name).predict(30, level=80))


def test_a_clone_learns_the_same_and_has_the_same_parameters(name, fitted):
    twin = clone(fitted(name))
    assert repr(twin.get_params()) == repr(fitted(name).get_params())
    pd.testing.assert_frame_equal(twin.fit(frame()).predict(5), fitted(name).predict(5))


def test_the_training_series_as_a_history_are_forecast_as_they_were(name, fitted):
    given = fitted(name).predict(30, history=frame(), level=80)
    pd.testing.assert_frame_equal(given, fitted(name).predict(30, level=80), rtol=1e-5)


def test_series_that_were_never_seen_are_forecast(name, fitted):
    new = frame(3, 20, seed=5).assign(unique_id=lambda table: "new " + table["unique_id"])
    out = fitted(name).predict(30, history=new)
    assert sorted(out["unique_id"].unique()) == ["new s0", "new s1", "new s2"]
    assert np.isfinite(out["mean"]).all()
    one = new[new["unique_id"] == "new s1"]
    alone = fitted(name).predict(30, history=one)["mean"].to_numpy()
    np.testing.assert_allclose(out.loc[out["unique_id"] == "new s1", "mean"], alone, rtol=1e-5)


def test_recursive_decoding_feeds_steps_back(name):
    model = forecaster(name, decoding={"kind": "recursive", "n_samples": 20}).fit(frame())
    out = model.predict(5, level=80)
    assert np.isfinite(out[["mean", "lo-80", "hi-80"]]).all().all()
    assert (out["hi-80"] > out["lo-80"]).all()


def test_a_distribution_is_learnt_by_any_network(name):
    out = forecaster(name, decoding={"loss": "gaussian"}).fit(frame()).predict(5, level=80)
    assert (out["hi-80"] > out["lo-80"]).all()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Each network trained once under a Trainer: name -> checkpoint, and the forecasts of what was trained."""
    held = {}

    def save(name):
        if name not in held:
            path = tmp_path_factory.mktemp("run") / "run.ckpt"
            data = data_of(name, validation_size=0.2)
            with quiet_torch(0):
                module = module_of(name, data)
                trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=path.parent, **QUIET)
                trainer.fit(module, datamodule=data)
                trainer.save_checkpoint(path)
                network = module.network.take(slice(None)).eval()
                trained = finish(network, data, module.holdout)
                held[name] = path, trained.forecast(data.panel, 30, None, np.array([0.1, 0.9]), 0)
        return held[name]

    return save


def test_a_checkpoint_forecasts_as_what_was_trained(name, saved):
    path, expected = saved(name)
    network, settings = NETWORKS[name]
    model = NeuralForecaster.from_checkpoint(path, own=[network])
    out = model.predict(30, level=80)
    np.testing.assert_array_equal(out.mean, expected.mean)
    np.testing.assert_array_equal(out.quantiles, expected.quantiles)
    assert model.network is network and dict(model.settings) == settings
    if name in STOCK:
        again = {"rnn": RNN, "lstm": LSTM, "gru": GRU}[name].from_checkpoint(path)
        np.testing.assert_array_equal(again.predict(30).mean, out.mean)


def test_a_checkpoint_of_a_foreign_network_needs_to_be_told_of_it(saved):
    path, _ = saved("smoothing")
    for own in ((), [OwnFeatures]):
        with pytest.raises(DataError, match=r"Smoothing is no network or cell of this package; .*own=\[\.\.\.\]"):
            NeuralForecaster.from_checkpoint(path, own=own)
    with pytest.raises(DataError, match="Smoothing is no network or cell"):
        LSTM.from_checkpoint(path)


@pytest.mark.parametrize("key", ["network", "settings"])
def test_what_a_checkpoint_names_is_never_imported(key, saved, tmp_path, monkeypatch):
    (tmp_path / "harm.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    path, _ = saved("minimal gated")
    held = torch.load(path)
    held[KEY][key] = "class: harm.Net" if key == "network" else held[KEY][key] | {"cell": "class: harm.Net"}
    torch.save(held, tmp_path / "harm.ckpt")
    with pytest.raises(DataError, match=r"harm\.Net is no network"):
        NeuralForecaster.from_checkpoint(tmp_path / "harm.ckpt")
    assert "harm" not in sys.modules


def test_a_subclass_with_features_of_its_own_is_trained_through_them():
    OwnFeatures.n_training = OwnFeatures.n_forecasting = 0
    options = {"n_members": 2, "training": {"max_steps": 4, "refit": False, "patience": 0}}
    own = NeuralForecaster(OwnFeatures, **options).fit(frame())
    assert OwnFeatures.n_training == 4 * 2  # each step, each member
    before = OwnFeatures.n_forecasting
    forecast = own.predict(5, history=frame())["mean"]
    assert OwnFeatures.n_forecasting > before
    stock = NeuralForecaster(RecurrentNetwork, {"cell": "gru", "hidden_size": 4}, **options).fit(frame())
    assert np.abs(forecast - stock.predict(5)["mean"]).max() > 1e-4


def test_weights_of_a_known_series_are_its_own():
    model = NeuralForecaster(SeriesBias, n_members=2, training={"max_steps": 30, "refit": False})
    data = frame()
    before = model.fit(data).predict(3, history=data)["mean"].to_numpy()
    with torch.no_grad():
        model.trained_[0].network.members.stacked.bias.weight[:, 1] += 1.0  # of the second series
    moved = model.predict(3, history=data)["mean"].to_numpy() != before
    assert not moved[:3].any() and moved[3:].all()


class Exploding(SeriesBias):
    """Its penalty is soon infinite."""

    def penalty(self):
        return 1 / (self.bias.weight.sum() * 0)


def test_a_penalty_that_is_not_finite_is_told():
    model = NeuralForecaster(Exploding, training={"max_steps": 4})
    with pytest.raises(FitError, match="The penalty of Exploding is not finite at step 0"):
        model.fit(frame())


def test_settings_are_lists_in_a_configuration_and_as_good_as_tuples():
    options = {"n_members": 1, "training": {"max_steps": 4}}
    forecasts = [
        NeuralForecaster(RecurrentNetwork, {"cell": "gru", "hidden_size": size}, **options).fit(frame()).predict(3)
        for size in ([4, 3], (4, 3))
    ]
    pd.testing.assert_frame_equal(*forecasts)


class Hidden(WindowAttention):
    """Its context can be told from no setting of that name."""

    def __init__(self, layout, n_params, *, n_seen=6):
        super().__init__(layout, n_params, context=n_seen)


@pytest.mark.parametrize(
    ("network", "settings", "told"),
    [
        (Hidden, {}, "Hidden has context=6, but None"),
        (WindowAttention, {"contxt": 2}, r"WindowAttention has no argument 'contxt'; it has \['context', 'size'\]"),
        (SeriesBias, {"layout": 2}, "SeriesBias has no argument 'layout'"),
        (SeriesBias, [2], "is no mapping"),
        (nn.Linear, {}, "neither a class of Network nor one of Cell"),
        ("LSTM", {}, "neither a class of Network nor one of Cell"),
    ],
)
def test_what_is_no_network_and_what_is_no_setting_is_told(network, settings, told):
    with pytest.raises(ParameterError, match=told):
        NeuralForecaster(network, settings).fit(frame())


def test_a_folder_needs_a_network_that_carries_its_state(tmp_path):
    frame().to_parquet(tmp_path / "all.parquet")
    with pytest.raises(ParameterError, match="a folder is read in streams"):
        forecaster("window attention").fit_folder(tmp_path)


def test_series_of_a_folder_have_no_numbers_and_so_no_weights_of_their_own(tmp_path):
    data = frame(3)
    data.to_parquet(tmp_path / "all.parquet")
    model = forecaster("series bias").fit_folder(tmp_path)
    assert model.trained_[0].layout.n_series == 0
    before = model.predict(3, history=data)["mean"].to_numpy()
    with torch.no_grad():
        model.trained_[0].network.members.stacked.bias.weight[:, :2] += 1.0  # all but that of the unknown
    np.testing.assert_array_equal(model.predict(3, history=data)["mean"], before)
