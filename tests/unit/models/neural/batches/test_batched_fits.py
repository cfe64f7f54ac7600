"""Fits side by side: each gets the weights it would get alone."""

import numpy as np
import pandas as pd
import pytest
import torch

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.module import NeuralModule
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.run import train, train_together
from tsforecast.panel import Panel

CELLS = ("rnn", "lstm", "gru")


def walks(*lengths: int, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    ids = np.repeat([f"s{k}" for k in range(len(lengths))], lengths)
    times = np.concatenate([np.arange(n) for n in lengths])
    values = np.concatenate([np.cumsum(rng.standard_normal(n)) for n in lengths])
    return Panel.from_frame(pd.DataFrame({"unique_id": ids, "ds": times, "y": values}))


def data_of(panel: Panel, *, seed: int = 0, dtype=torch.float32, **options) -> StreamDataModule:
    data = StreamDataModule(bptt_length=7, random_state=seed, **options)
    data.dtype = dtype
    data.use(panel)
    return data


def module_of(fits, cell="lstm", n_members=2, loss="balanced", lr=0.01, training=None, **shape) -> NeuralModule:
    spec = NetworkSpec.of(RecurrentNetwork, {"cell": cell, "hidden_size": 8, "num_layers": 2} | shape)
    options = {"n_members": n_members, "loss": loss, "lr": lr, "training": training, "automatic": False}
    seeds = [data.seed for data in fits]
    return NeuralModule(spec, fits[0].layout, seed=seeds, **options).to(fits[0].dtype)


def weights_together_and_alone(panels_and_seeds, training, *, cell="lstm", max_epochs=None, kind="bptt", **options):
    """State dicts of each fit, ``n_members`` of the joint network each, and of the same fit alone."""

    def fits():
        size, dtype = training.validation_size, options.get("dtype", torch.float32)
        cut = {"validation_size": size, "kind": kind}
        return [data_of(p, seed=s, dtype=dtype, **cut) for p, s in panels_and_seeds]

    shape = {name: value for name, value in options.items() if name != "dtype"}
    with quiet_torch(0):
        many = fits()
        joint = module_of(many, cell, training=training, **shape)
        failures = train_together(joint, many, training, max_epochs)
        alone = []
        for data in fits():
            module = module_of([data], cell, training=training, **shape)
            train(module, data, training, max_epochs)
            alone.append(module.network.state_dict())
    assert failures == [None] * len(many)
    size = joint.network.n_members // len(many)
    together = [joint.network.take(slice(k * size, (k + 1) * size)).state_dict() for k in range(len(many))]
    return together, alone


def assert_equal(together, alone):
    for ours, theirs in zip(together, alone, strict=True):
        for name, value in theirs.items():
            assert torch.equal(ours[name], value), name
    assert not torch.equal(alone[0]["members.readout"], alone[1]["members.readout"])


RAGGED = [(walks(n, seed=n), seed) for n, seed in ((30, 0), (44, 0), (61, 3))]


@pytest.mark.parametrize("cell", CELLS)
def test_series_of_different_lengths_and_seeds_get_the_weights_they_get_alone(cell):
    together, alone = weights_together_and_alone(RAGGED, Training(max_steps=25), cell=cell)
    assert_equal(together, alone)


@pytest.mark.parametrize(
    ("cell", "hidden_size", "n_members"), [("lstm", 5, 3), ("gru", 7, 1), ("rnn", 33, 2), ("gru", (6, 4), 2)]
)
def test_networks_whose_weights_are_no_whole_vectors_get_the_weights_they_get_alone(cell, hidden_size, n_members):
    shape = {"hidden_size": hidden_size, "n_members": n_members, "num_layers": 1}
    assert_equal(*weights_together_and_alone(RAGGED, Training(max_steps=20), cell=cell, **shape))


def test_panels_get_the_weights_they_get_alone():
    panels = [(walks(30, 20, 25, 31, seed=1), 0), (walks(33, 28, 29, 40, seed=2), 1)]
    assert_equal(*weights_together_and_alone(panels, Training(max_steps=25)))


def test_a_run_counted_in_epochs_gives_the_weights_it_gives_alone():
    fits = [(walks(36, seed=1), 0), (walks(38, seed=2), 1), (walks(37, seed=2), 2)]  # five chunks each, or six by phase
    for validation_size in (0.1, 0.0):
        training = Training(validation_size=validation_size)
        assert_equal(*weights_together_and_alone(fits, training, max_epochs=6))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_dropout_falls_on_the_steps_that_it_falls_on_alone(cell):
    assert_equal(*weights_together_and_alone(RAGGED, Training(max_steps=25), cell=cell, dropout=0.3))


@pytest.mark.parametrize("loss", ["quantile", "gaussian", "student_t"])
def test_distributions_are_the_ones_learnt_alone(loss):
    fits = [(walks(n, n + 3, seed=n), n) for n in (40, 41)]
    shape = {"hidden_size": 7, "num_layers": 1, "loss": loss}
    assert_equal(*weights_together_and_alone(fits, Training(), max_epochs=4, **shape))


def test_dropout_and_windows_give_the_weights_they_give_alone():
    training = Training(kind="windows", max_steps=12)
    assert_equal(*weights_together_and_alone(RAGGED, training, kind="windows", dropout=0.3))


def test_a_fit_without_a_tail_keeps_the_weights_of_its_last_step():
    assert_equal(*weights_together_and_alone(RAGGED, Training(max_steps=20, validation_size=0.0)))


def test_averaged_weights_are_those_that_each_fit_averages_alone():
    assert_equal(*weights_together_and_alone(RAGGED, Training(max_steps=25, averaging=0.5)))


def test_a_fit_that_stops_early_keeps_its_best_weights_while_others_go_on():
    training, last = Training(max_steps=80, patience=1, refit=False), []
    for panel, seed in RAGGED:
        data = data_of(panel, seed=seed)
        alone = module_of([data], "gru", lr=0.3)
        with quiet_torch(0):
            train(alone, data, training, None)
        last.append(alone.n_steps)
    assert min(last) < max(last)  # else nothing would go on
    assert_equal(*weights_together_and_alone(RAGGED, training, cell="gru", lr=0.3))
