"""A chunk in one pass against torch's graph, and a run by the lean loop against Lightning's own."""

import numpy as np
import pandas as pd
import pytest
import torch

from tsforecast import LSTM
from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.heads import PointHead, head_of, losses_of
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork, dropout_masks
from tsforecast.models.neural.training import run as learner
from tsforecast.models.neural.training.compiled_step import OnePass

STEPS, STREAMS, INPUTS = 7, 5, 3
every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def chunk(n_shared, dtype=torch.float64, n_steps=STEPS, horizon=4):
    generator = torch.Generator().manual_seed(0)
    shape = (n_shared, n_steps, STREAMS)
    x, target, weight = (torch.randn(*shape, n, generator=generator, dtype=dtype) for n in (INPUTS, horizon, horizon))
    reset = torch.rand(shape, generator=generator) > 0.8
    return Chunk(x, target, weight.abs(), reset, torch.zeros(shape, dtype=torch.int64), torch.ones(shape, dtype=dtype))


def network_of(cell, num_layers=1, dtype=torch.float64, n_outputs=4):
    network = RecurrentNetwork(cell, INPUTS, 6, num_layers, n_outputs, n_members=2).to(dtype)
    generator = torch.Generator().manual_seed(1)
    for part in (network.readout, network.direct, network.intercept):
        part.data.copy_(torch.randn(part.shape, generator=generator, dtype=torch.float64))
    return network


def by_graph(head, network, batch, state, masks=None, overlap=0):
    """Mean losses, the state before the steps that are repeated, and the gradients of all weights."""
    hidden, after = network.features(batch.x, state, batch.reset, masks)
    if overlap:
        end = batch.x.shape[1] - overlap
        _, after = network.features(batch.x[:, :end], state, batch.reset[:, :end])
    losses = losses_of(head, network.output(hidden, batch.x), batch.target, batch.weight, batch.scale)
    losses = losses.sum(dim=(1, 2)) / batch.weight.sum(dim=(1, 2, 3))
    slopes = torch.autograd.grad(losses.sum(), list(network.parameters()))
    return losses.detach(), after.detach(), hidden.detach(), torch.cat([slope.flatten(1) for slope in slopes], dim=1)


def assert_is_the_graph(cell, batch, num_layers=1, head=None, masks=None, overlap=0):
    head = head or PointHead()
    network = network_of(cell, num_layers, n_outputs=batch.target.shape[3] * head.n_params)
    state = torch.randn_like(network.initial_state(STREAMS))
    losses, after, hidden, slopes = by_graph(head, network, batch, state, masks, overlap)
    one_pass = OnePass(head, network, overlap)
    for _ in range(2):  # over what the first call left
        found, last = one_pass.run(batch, state, masks)
        for one, other in ((torch.as_tensor(found), losses), (one_pass.hidden, hidden)):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
        if overlap:  # what is reset there is so at the beginning of the next chunk, too
            goes_on = ~batch.reset[0, -overlap]
            last, expected = last[..., goes_on, :], after[..., goes_on, :]
            torch.testing.assert_close(last, expected, rtol=1e-12, atol=1e-12)
        else:
            torch.testing.assert_close(last, after, rtol=1e-12, atol=1e-12)
        for row, own in zip(one_pass.weights.grad, slopes, strict=True):  # in another order
            torch.testing.assert_close(row.sort().values, own.sort().values, rtol=1e-11, atol=1e-12)


@every_cell
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("n_shared", [1, 2])
def test_losses_states_and_gradients_are_those_of_the_graph(cell, num_layers, n_shared):
    assert_is_the_graph(cell, chunk(n_shared), num_layers)


@every_cell
@pytest.mark.parametrize("num_layers", [1, 2])
def test_dropout_is_that_of_the_graph(cell, num_layers):
    network = RecurrentNetwork(cell, INPUTS, 6, num_layers, 4, n_members=2, dropout=0.4).double()
    assert_is_the_graph(cell, chunk(1), num_layers, masks=dropout_masks(network, [3, 4], 0, (STEPS, STREAMS)))


@every_cell
@pytest.mark.parametrize("overlap", [1, 4])
def test_the_state_is_that_before_the_steps_that_the_next_chunk_repeats(cell, overlap):
    assert_is_the_graph(cell, chunk(1), 2, overlap=overlap)


def test_a_chunk_that_is_repeated_whole_leaves_the_state_at_its_beginning():
    network, batch = network_of("lstm"), chunk(1)
    batch.reset[:] = False
    state = torch.randn_like(network.initial_state(STREAMS))
    _, after = OnePass(PointHead(), network, overlap=STEPS + 2).run(batch, state)
    torch.testing.assert_close(after, state, rtol=0, atol=0)


@pytest.mark.parametrize("loss", ["mse", "huber", "gaussian", "student_t", "quantile", "negative_binomial"])
@pytest.mark.parametrize("n_shared", [1, 2])
def test_gradients_of_every_head_are_those_of_the_graph(loss, n_shared):
    batch = chunk(n_shared, horizon=2)
    batch.target.abs_()  # counts are no less than zero
    assert_is_the_graph("gru", batch, head=head_of(loss))


@pytest.mark.parametrize("largest", [1e-3, 1e3])
def test_gradients_are_bounded_member_by_member_before_the_prior_is_added(largest):
    network, batch, decay = network_of("gru"), chunk(1), torch.tensor([0.0, 0.3], dtype=torch.float64)
    *_, slopes = by_graph(PointHead(), network, batch, None)
    one_pass = OnePass(PointHead(), network, decay=decay)
    before = one_pass.weights.detach().clone()
    one_pass.run(batch, None, largest=largest)
    for e, (row, own) in enumerate(zip(one_pass.weights.grad, slopes, strict=True)):
        bounded = row - decay[e] * before[e]
        factor = min(1.0, largest / float(own.norm()))
        torch.testing.assert_close(bounded.sort().values, (factor * own).sort().values, rtol=1e-9, atol=1e-15)


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
    one_pass = OnePass(PointHead(), network)
    for n_steps in (7, 2, 9, 7):
        batch = chunk(1, torch.float32, n_steps)
        losses, state = one_pass.run(batch, None)
        fresh = OnePass(PointHead(), network_of("lstm", dtype=torch.float32))
        alone, expected = fresh.run(batch, None)
        np.testing.assert_array_equal(losses, alone)
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
