"""A chunk in one pass against torch's graph, and a run by the lean loop against Lightning's own."""

import numpy as np
import pandas as pd
import pytest
import torch

from tsforecast import LSTM
from tsforecast.models.rnn import learner
from tsforecast.models.rnn.heads import PointHead
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.onepass import OnePass
from tsforecast.models.rnn.streams import Chunk

STEPS, STREAMS, INPUTS = 7, 5, 3


def chunk(n_shared, dtype=torch.float64, n_steps=STEPS):
    generator = torch.Generator().manual_seed(0)
    shape = (n_shared, n_steps, STREAMS)
    x, target, weight = (torch.randn(*shape, n, generator=generator, dtype=dtype) for n in (INPUTS, 4, 4))
    reset = torch.rand(shape, generator=generator) > 0.8
    return Chunk(x, target, weight.abs(), reset, torch.zeros(shape, dtype=torch.int64), torch.ones(shape, dtype=dtype))


def network_of(cell, num_layers=1, dtype=torch.float64):
    network = RecurrentNetwork(cell, INPUTS, 6, num_layers, 4, n_members=2).to(dtype)
    generator = torch.Generator().manual_seed(1)
    for part in (network.readout, network.direct, network.intercept):
        part.data.copy_(torch.randn(part.shape, generator=generator, dtype=torch.float64))
    return network


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("n_shared", [1, 2])
def test_losses_states_and_gradients_are_those_of_the_graph(cell, num_layers, n_shared):
    network, batch = network_of(cell, num_layers), chunk(n_shared)
    state = torch.randn_like(network.initial_state(STREAMS))
    hidden, after = network.features(batch.x, state, batch.reset)
    size = (network.output(hidden, batch.x) - batch.target).abs()
    expected = (size * batch.weight).sum(dim=(1, 2, 3)) / batch.weight.sum(dim=(1, 2, 3))
    slopes = torch.autograd.grad(expected.sum(), list(network.parameters()))
    one_pass = OnePass(PointHead(), network)
    for _ in range(2):  # over what the first call left
        losses, last, outputs = one_pass.run(batch, state)
        torch.testing.assert_close(losses, expected.detach(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(last, after.detach(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(outputs, hidden.detach(), rtol=1e-12, atol=1e-12)
        found = torch.cat([slope.flatten(1) for slope in slopes], dim=1)
        for row, own in zip(one_pass.weights.grad, found, strict=True):  # in another order
            torch.testing.assert_close(row.sort().values, own.sort().values, rtol=1e-11, atol=1e-12)


def test_a_step_along_the_gradient_moves_every_weight_of_the_network_by_its_own():
    network, batch = network_of("gru", 2), chunk(1)
    hidden, _ = network.features(batch.x, None, batch.reset)
    size = (network.output(hidden, batch.x) - batch.target).abs()
    loss = ((size * batch.weight).sum(dim=(1, 2, 3)) / batch.weight.sum()).sum()
    names, weights = zip(*network.named_parameters(), strict=True)
    slopes = dict(zip(names, torch.autograd.grad(loss, weights), strict=True))
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    one_pass = OnePass(PointHead(), network)
    one_pass.run(batch, None)
    with torch.no_grad():
        one_pass.weights -= 0.5 * one_pass.weights.grad
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.detach(), before[name] - 0.5 * slopes[name], rtol=1e-11, atol=1e-12)


def test_chunks_of_any_length_follow_each_other():
    network = network_of("lstm", dtype=torch.float32)
    one_pass, fresh = OnePass(PointHead(), network), OnePass(PointHead(), network_of("lstm", dtype=torch.float32))
    for n_steps in (7, 2, 9, 7):
        batch = chunk(1, torch.float32, n_steps)
        losses, state, _ = one_pass.run(batch, None)
        alone, expected, _ = fresh.run(batch, None)
        fresh.rooms = [type(room)() for room in fresh.rooms]
        assert torch.equal(losses, alone)
        assert torch.equal(state, expected)
        assert torch.equal(one_pass.weights.grad, fresh.weights.grad)


def panel(n_series=6, n_obs=60):
    rng = np.random.default_rng(0)
    times = pd.date_range("2015", periods=n_obs, freq="MS")
    frames = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": times, "y": 50 + np.cumsum(rng.normal(size=n_obs))})
        for k in range(n_series)
    ]
    return pd.concat(frames)


@pytest.mark.parametrize("options", [{}, {"optimizer": "sgd"}, {"gradient_clip_val": 0.01}, {"overlap": 6}])
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_the_lean_loop_learns_what_lightnings_own_does(options, dropout, monkeypatch):
    training = {"max_steps": 30, **options}
    model = LSTM(8, 2, dropout=dropout, n_members=2, training=training)
    lean = model.fit(panel()).predict(12)["mean"].to_numpy()
    monkeypatch.setattr(learner, "make_lean", lambda *_: None)
    plain = LSTM(8, 2, dropout=dropout, n_members=2, training=training).fit(panel()).predict(12)["mean"].to_numpy()
    np.testing.assert_allclose(lean, plain, rtol=1e-4)  # rounding of float32 in thirty steps


def test_a_forecast_of_the_training_series_is_that_of_the_same_series_as_a_history():
    data = panel()
    for settings in ({}, {"training": {"kind": "windows", "max_steps": 20}}, {"decoding": {"kind": "recursive"}}):
        model = LSTM(8, n_members=2, max_epochs=2, **settings).fit(data)
        assert model.trained_[0].ends is not None
        pd.testing.assert_frame_equal(model.predict(12, level=80), model.predict(12, level=80, history=data))


def test_ends_are_not_kept_where_covariates_reach_past_them():
    data = panel().assign(price=1.0)
    data["price"] += np.arange(len(data)) % 7
    model = LSTM(8, n_members=1, max_epochs=1).fit(data.drop(columns="price"), data.drop(columns="y"))
    assert model.trained_[0].ends is None
