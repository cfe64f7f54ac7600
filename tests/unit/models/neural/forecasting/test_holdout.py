"""What a few members find out from the tails, before all members learn from the whole series."""

import numpy as np
import pandas as pd
import pytest
import torch

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import GRU, LSTM
from tsforecast.models.neural.forecasting.holdout import NO_HOLDOUT, HoldoutResult, holdout_result
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.training import recipe
from tsforecast.models.neural.training.module import NeuralModule
from tsforecast.models.neural.training.stock_module import recurrent_module
from tsforecast.panel.containers import to_panel

SMALL = {"hidden_size": 4, "n_members": 3, "season_length": 1}
LOSSES = ["mae", "quantile", "gaussian", "student_t"]


def walks(n_series=3, n=60, seed=0) -> pd.DataFrame:
    values = np.cumsum(np.random.default_rng(seed).standard_normal((n, n_series)), axis=0)
    return pd.DataFrame(values, columns=[f"s{k}" for k in range(n_series)])


def fitted(frame, loss="mae", **training) -> GRU:
    options = Training(**({"max_steps": 20} | training))
    return GRU(**SMALL, decoding=Decoding(loss=loss), training=options).fit(frame)


def assert_same(one, other):
    for ours, theirs in zip(one.network.state_dict().values(), other.network.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kind", ["bptt", "windows"])
def test_all_members_learn_from_the_whole_series(kind, monkeypatch):
    monkeypatch.setattr(recipe, "holdout_result", lambda network, data, start: NO_HOLDOUT)
    whole = fitted(walks(), kind=kind, validation_size=0.0).trained_[0]
    assert_same(fitted(walks(), kind=kind, validation_size=0.3).trained_[0], whole)
    kept = fitted(walks(), kind=kind, validation_size=0.3, refit=False).trained_[0]
    assert not torch.equal(kept.network.members.readout, whole.network.members.readout)


def test_what_was_found_for_a_series_is_used_for_it_alone(monkeypatch):
    found = {"s0": HoldoutResult(0.25, 1.0), "s1": HoldoutResult(1.0, 1.5)}
    monkeypatch.setattr(recipe, "holdout_result", lambda network, data, start: found[data.panel.ids[0]])
    both = fitted(walks(2), scope="per_series").trained_
    for name, trained in zip(found, both, strict=True):
        alone = fitted(walks(2)[[name]], validation_size=0.0, scope="per_series").trained_[0]
        torch.testing.assert_close(trained.network.members.readout, found[name].share * alone.network.members.readout)
    assert_same(both[1], alone)
    alike = fitted(walks(2)[["s1"]], scope="per_series").trained_[0]
    np.testing.assert_array_equal(both[1].spread.pooled, alike.spread.pooled)


def untrained(frame, loss, size=1.0) -> tuple[NeuralModule, StreamDataModule]:
    """A network with its linear start and a recurrent part drawn at random, and its data."""
    data = StreamDataModule(season_length=1, validation_size=0.3, decoding=Decoding(loss=loss, horizon=3))
    data.use(to_panel(frame)[0])
    module = recurrent_module("gru", data.input_size, data.horizon, hidden_size=4, n_members=2, loss=loss)
    module.begin_from(0, data)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        points = module.network.members.readout[:, :, :: module.head.n_params]
        points.copy_(size * torch.randn(points.shape, generator=generator))
    return module, data


@pytest.mark.parametrize("loss", LOSSES)
def test_a_recurrent_part_that_is_noise_is_not_trusted(loss):
    module, data = untrained(walks(), loss, size=5.0)
    assert holdout_result(module.network, data).share <= 0.05


@pytest.mark.parametrize("loss", LOSSES)
def test_a_recurrent_part_that_goes_twice_too_far_is_trusted_by_half(loss):
    module, data = untrained(walks(), loss)
    head = head_of(loss)
    network = module.network
    with torch.no_grad():
        x = data.tables[0].x[None, :-1, None]
        reset = torch.zeros(1, x.shape[1], 1, dtype=torch.bool)
        reset[0, data.panel.indptr[:-1].tolist(), 0] = True
        half = network.take(slice(0, 2))
        half.shrink(0.5)
        output = half(Chunk(x, reset, reset.long()))[0].mean(dim=0)[:, 0].double().numpy()
    truth = head.point(output)
    data.inputs = data.inputs._replace(target=np.where(np.isnan(data.inputs.target), np.nan, truth))
    assert holdout_result(network, data).share == 0.5


@pytest.mark.parametrize("loss", LOSSES)
def test_shrinking_leaves_all_but_points_as_they_are(loss):
    module, _ = untrained(walks(), loss)
    with torch.no_grad():
        module.network.members.readout[:] = 1.0
    module.network.shrink(0.25)
    n_params = module.head.n_params
    readout = module.network.members.readout.view(2, 4, -1, n_params)
    assert (readout[..., 0] == 0.25).all()
    assert (readout[..., 1:] == 1.0).all()


def test_a_tail_that_is_forecast_badly_widens_the_intervals_of_those_who_learn_from_all():
    frame = walks(4, 40)
    training = {
        "max_steps": 300,
        "weight_decay": 0.0,
        "schedule": "constant",
    }  # long enough to learn the noise by heart
    known, unknown = (
        GRU(32, season_length=1, training=Training(**training, validation_size=size)).fit(frame).trained_[0].spread
        for size in (0.3, 0.0)
    )
    assert (known.pooled > 1.1 * unknown.pooled).all()


def test_series_too_short_for_a_tail_are_learnt_from_as_they_are():
    frame = walks(2, 9)
    assert_same(fitted(frame).trained_[0], fitted(frame, validation_size=0.0).trained_[0])


@pytest.mark.slow
def test_on_stationary_series_an_lstm_is_close_to_the_forecast_of_the_true_model():
    n_series, n, horizon, phi = 24, 300, 12, 0.9
    rng = np.random.default_rng(1)
    y = np.zeros((n + 200, n_series))
    for t in range(1, len(y)):
        y[t] = phi * y[t - 1] + rng.standard_normal(n_series)
    y = y[200:]
    forecast = LSTM(season_length=1, training=Training(scope="per_series")).fit(y).predict(horizon)
    known = y[-1] * phi ** np.arange(1, horizon + 1)[:, None]
    variance = np.cumsum(phi ** (2 * np.arange(horizon))).mean()
    ratio = np.sqrt(1 + np.square(forecast - known).mean(axis=0) / variance)  # of root mean squared errors, expected
    assert ratio.mean() < 1.05
    assert ratio.max() < 1.2
