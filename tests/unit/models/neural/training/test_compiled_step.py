"""A training step without a graph against torch's graph, and a run of the estimators against Lightning's own."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from tsforecast import LSTM
from tsforecast.models.neural.batches.batched_fits import BatchedFits
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.heads import LossName, PointHead, head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers, dropout_masks
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.training.compiled_step import CompiledStep
from tsforecast.models.neural.training.engines import CompiledEngine, GraphEngine, detached, engine_of, mean_losses
from tsforecast.models.neural.training.module import NeuralModule
from tsforecast.models.neural.training.optimiser import prior_weight
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.run import schedule_of, train
from tsforecast.panel.containers import to_panel

STEPS, STREAMS, INPUTS = 7, 5, 3
every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
SHAPES = [(6,), (6, 6, 6), (6, 4)]  # units of each layer


def chunk(n_shared, dtype=torch.float64, n_steps=STEPS, horizon=4):
    generator = torch.Generator().manual_seed(0)
    shape = (n_shared, n_steps, STREAMS)
    x, target, weight = (torch.randn(*shape, n, generator=generator, dtype=dtype) for n in (INPUTS, horizon, horizon))
    reset = torch.rand(shape, generator=generator) > 0.8
    nothing = torch.zeros(shape, dtype=torch.int64)
    return Chunk(x, reset, nothing, target, weight.abs(), nothing, torch.ones(shape, dtype=dtype))


def network_of(cell, sizes=(6,), dtype=torch.float64, horizon=4, n_params=1, dropout=0.0):
    members = RecurrentMembers(cell, INPUTS, sizes, horizon * n_params, [0, 1], dropout=dropout)
    network = LinearStart(members, INPUTS, horizon, n_params).to(dtype)
    generator = torch.Generator().manual_seed(1)
    for part in (members.readout, network.slopes, network.intercept):
        part.data.copy_(torch.randn(part.shape, generator=generator, dtype=torch.float64))
    return network


def by_graph(head, network, batch, state, masks=None):
    """Mean losses, the state after the chunk, the outputs, and the gradients of all weights."""
    losses, outputs, after = mean_losses(head, network, batch, state, masks)
    slopes = torch.autograd.grad(losses.sum(), list(network.parameters()))
    slopes = torch.cat([slope.flatten(1) for slope in slopes], dim=1)
    return losses.detach(), detached(after), outputs.detach(), slopes


def assert_is_the_graph(cell, batch, sizes=(6,), head=None, masks=None):
    head = head or PointHead()
    network = network_of(cell, sizes, horizon=batch.target.shape[3], n_params=head.n_params)
    state = tuple(torch.randn_like(part) for part in network.initial_state(STREAMS))
    losses, after, outputs, slopes = by_graph(head, network, batch, state, masks)
    step = CompiledStep(head, network)
    for _ in range(2):  # over what the first call left
        found, last = step.run(batch, state, masks)
        for one, other in ((torch.as_tensor(found), losses), (step.outputs(batch), outputs)):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(last, after, rtol=1e-12, atol=1e-12)
        for row, own in zip(step.weights.grad, slopes, strict=True):  # in another order
            torch.testing.assert_close(row.sort().values, own.sort().values, rtol=1e-11, atol=1e-12)


@every_cell
@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("n_shared", [1, 2])
def test_losses_states_and_gradients_are_those_of_the_graph(cell, sizes, n_shared):
    assert_is_the_graph(cell, chunk(n_shared), sizes)


@every_cell
@pytest.mark.parametrize("sizes", [(6,), (6, 4)])
def test_dropout_is_that_of_the_graph(cell, sizes):
    members = network_of(cell, sizes, dropout=0.4).members
    assert_is_the_graph(cell, chunk(1), sizes, masks=dropout_masks(members, [3, 4], 0, (STEPS, STREAMS)))


@pytest.mark.parametrize("loss", get_args(LossName))
@pytest.mark.parametrize("n_shared", [1, 2])
def test_gradients_of_every_head_are_those_of_the_graph(loss, n_shared):
    batch = chunk(n_shared, horizon=2)
    batch.target.abs_()  # counts are no less than zero
    assert_is_the_graph("gru", batch, head=head_of(loss))


@pytest.mark.parametrize("largest", [1e-3, 1e3])
def test_gradients_are_bounded_member_by_member_before_the_prior_is_added(largest):
    network, batch, decay = network_of("gru"), chunk(1), torch.tensor([0.0, 0.3], dtype=torch.float64)
    *_, slopes = by_graph(PointHead(), network, batch, None)
    step = CompiledStep(PointHead(), network, decay)
    before = step.weights.detach().clone()
    step.run(batch, None, largest=largest)
    for e, (row, own) in enumerate(zip(step.weights.grad, slopes, strict=True)):
        bounded = row - decay[e] * before[e]
        factor = min(1.0, largest / float(own.norm()))
        torch.testing.assert_close(bounded.sort().values, (factor * own).sort().values, rtol=1e-9, atol=1e-15)


def test_a_step_along_the_gradient_moves_every_weight_of_the_network_by_its_own():
    network, batch = network_of("gru", (6, 4)), chunk(1)
    output, _ = network(batch)
    size = (output[..., 0] - batch.target).abs()
    loss = ((size * batch.weight).sum(dim=(1, 2, 3)) / batch.weight.sum()).sum()
    names, weights = zip(*network.named_parameters(), strict=True)
    slopes = dict(zip(names, torch.autograd.grad(loss, weights), strict=True))
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    step = CompiledStep(PointHead(), network)
    step.run(batch, None)
    with torch.no_grad():
        step.weights -= 0.5 * step.weights.grad
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.detach(), before[name] - 0.5 * slopes[name], rtol=1e-11, atol=1e-12)


def test_chunks_of_any_length_follow_each_other():
    step = CompiledStep(PointHead(), network_of("lstm", dtype=torch.float32))
    for n_steps in (7, 2, 9, 7):
        batch = chunk(1, torch.float32, n_steps)
        losses, state = step.run(batch, None)
        fresh = CompiledStep(PointHead(), network_of("lstm", dtype=torch.float32))
        alone, expected = fresh.run(batch, None)
        np.testing.assert_array_equal(losses, alone)
        assert all(torch.equal(one, other) for one, other in zip(state, expected, strict=True))
        assert torch.equal(step.weights.grad, fresh.weights.grad)


@pytest.mark.parametrize("name", ["mae", "mse", "huber"])
def test_nan_reaches_the_loss_of_every_member(name):
    batch = chunk(1)
    batch.target[0, 3, 2, 1] = torch.nan
    losses, _ = CompiledStep(PointHead(name), network_of("gru")).run(batch, None)
    assert np.isnan(losses).all()


def test_the_type_of_the_network_alone_says_how_its_steps_are_computed():
    class Own(RecurrentMembers):
        pass

    network, head = network_of("gru"), PointHead()
    assert type(engine_of(head, network, Training(), None)) is CompiledEngine
    assert type(engine_of(head, network, Training(precision="bf16-mixed"), None)) is GraphEngine
    own = LinearStart(Own("gru", INPUTS, (6,), 4, [0, 1]), INPUTS, 4, 1)
    assert type(engine_of(head, own, Training(), None)) is GraphEngine


@every_cell
@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("options", [{}, {"optimizer": "adamw", "weight_decay": 0.1}, {"gradient_clip_val": 0.01}])
def test_steps_of_the_compiled_engine_are_those_of_the_graph(cell, sizes, dropout, options):
    ends, decay = [], torch.tensor([0.01, 0.02], dtype=torch.float64)
    for kind in (CompiledEngine, GraphEngine):
        network, state = network_of(cell, sizes, dropout=dropout), None
        engine = kind(PointHead(), network, Training(**options), decay)
        for k, n_steps in enumerate((7, 3, 7, 5)):
            batch, masks = chunk(1, n_steps=n_steps), None
            if dropout:
                masks = dropout_masks(network.members, [3, 4], k, (n_steps, STREAMS))
            losses, state = engine.gradients(batch, state, masks)
            engine.move(0.01)
        ends.append([torch.as_tensor(losses), *state, *(value.detach().clone() for value in network.parameters())])
    assert ends[0][0].dtype == torch.float64
    torch.testing.assert_close(ends[0][1:], ends[1][1:], rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(ends[0][0].float(), ends[1][0], rtol=1e-6, atol=1e-6)


def panel(n_series=6, n_obs=60):
    rng = np.random.default_rng(0)
    times = pd.date_range("2015", periods=n_obs, freq="MS")
    frames = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": times, "y": 50 + np.cumsum(rng.normal(size=n_obs))})
        for k in range(n_series)
    ]
    return pd.concat(frames)


def data_of(loss, bptt_length=12):
    data = StreamDataModule(bptt_length=bptt_length, validation_size=0.0, decoding=Decoding(loss=loss, horizon=3))
    frame = panel()
    data.use(to_panel(frame.assign(y=frame["y"].round()))[0])  # whole numbers, for counts
    return data


class Chunks:
    """The chunks of a run of the estimators, for a Trainer of one's own."""

    def __init__(self, data, options, n_members, whole):
        self.batches = BatchedFits([schedule_of(data, options, None)], n_members, whole=whole)

    def __iter__(self):
        return iter(self.batches)


RUNS = {
    "rnn": {"cell": "rnn"},
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "three layers": {"cell": "lstm", "num_layers": 3},
    "widths by layer": {"cell": "lstm", "hidden_size": (6, 4)},
    "dropout": {"cell": "gru", "hidden_size": (6, 4), "dropout": 0.3},
    "sgd": {"cell": "gru", "optimizer": "sgd"},
    "short gradients": {"cell": "gru", "gradient_clip_val": 0.01},
    "a constant rate": {"cell": "gru", "schedule": "constant"},
    "weight decay": {"cell": "gru", "optimizer": "adamw", "weight_decay": 0.1},
    **{loss: {"cell": "lstm", "loss": loss} for loss in get_args(LossName)},
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_the_estimators_is_the_run_of_the_same_module_under_lightning(name):
    given = {"hidden_size": 8, "loss": "balanced"} | RUNS[name]
    shape = {key: given.pop(key) for key in ("cell", "hidden_size", "num_layers", "dropout") if key in given}
    data = data_of(given.pop("loss"))
    options = Training(max_steps=30, refit=False, validation_size=0.0, **given)

    def module(automatic):
        spec = NetworkSpec.of(RecurrentNetwork, shape)
        return NeuralModule(
            spec, data.layout, n_members=2, loss=data.loss, training=options, seed=7, automatic=automatic
        )

    ours, theirs = module(automatic=False), module(automatic=True)
    start = [value.detach().clone() for value in ours.network.parameters()]
    with quiet_torch(0):
        train(ours, data, options, None)
        theirs.total_steps, whole = 30, "dropout" in shape or theirs.head.probabilistic
        theirs.begin_from(0, data)
        if options.weight_decay is None:
            theirs.decay = torch.full((2,), prior_weight(data.n_obs), dtype=torch.float64)
        trainer = pl.Trainer(
            max_epochs=1, gradient_clip_val=options.gradient_clip_val, accelerator="cpu", logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(theirs, train_dataloaders=Chunks(data, options, 2, whole))
    assert ours.n_steps == theirs.n_steps == 30
    for before, one, other in zip(start, ours.network.parameters(), theirs.network.parameters(), strict=True):
        moved = float((other - before).detach().norm())
        assert moved > 0
        # rounding of float32 in thirty steps: signs of errors near zero, which are the gradients of absolute ones
        assert float((one - other).detach().norm()) <= 1e-3 * moved


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
