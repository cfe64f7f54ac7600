"""Training under Lightning: the weights are those of a loop written out, clipping acts, the best weights come back."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from tsforecast import LSTM
from tsforecast.exceptions import FitError, ParameterError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.networks.cell_stack import CellStack
from tsforecast.models.neural.networks.minimal_gated import MinimalGated
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.seeds import seed_of
from tsforecast.models.neural.training.best_weights import BestWeights
from tsforecast.models.neural.training.engines import detached
from tsforecast.models.neural.training.module import NeuralModule
from tsforecast.models.neural.training.optimiser import clip_by_member, one_cycle
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.run import train
from tsforecast.models.neural.training.stock_module import recurrent_module
from tsforecast.panel import Panel

QUIET = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def ragged_panel(seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    lengths = [30, 17, 24]
    values = np.concatenate([np.cumsum(rng.standard_normal(n)) for n in lengths])
    times = np.concatenate([np.arange(n) for n in lengths])
    ids = np.repeat(["a", "b", "c"], lengths)
    return Panel.from_frame(pd.DataFrame({"unique_id": ids, "ds": times, "y": values}))


def data_of(panel: Panel, **options) -> StreamDataModule:
    data = StreamDataModule(bptt_length=options.pop("bptt_length", 5), **options)
    data.dtype = torch.float64
    data.use(panel)
    return data


def module_of(data: StreamDataModule, cell: str = "lstm", depth: int = 1, **options) -> NeuralModule:
    """For a Trainer of one's own, without a holdout fit."""
    options = {"hidden_size": 4, "n_members": 2, "num_layers": depth, "training": Training(refit=False)} | options
    return recurrent_module(cell, data.input_size, data.horizon, **options).double()


def estimators_module_of(data: StreamDataModule, cell: str = "lstm", depth: int = 1, **options) -> NeuralModule:
    """For a run of the estimators, in which the module makes the steps itself."""
    shape = {name: options.pop(name) for name in ("hidden_size", "dropout") if name in options}
    spec = NetworkSpec.of(RecurrentNetwork, {"cell": cell, "hidden_size": 4, "num_layers": depth} | shape)
    options = {"n_members": 2, "training": Training(refit=False), "seed": seed_of(0)} | options
    return NeuralModule(spec, data.layout, automatic=False, **options).to(data.dtype)


def train_with(data: StreamDataModule, options: Training, max_epochs: int | None, *args, **kwargs) -> NeuralModule:
    """The module of an estimator's run after it."""
    module = estimators_module_of(data, *args, training=options, **kwargs)
    with quiet_torch(0):
        train(module, data, options, max_epochs)
    return module


def written_out(module, data, max_epochs, clip, n_chunks):
    """Truncated BPTT as a plain loop over epochs and chunks."""
    network, head = module.network, module.head
    weights = list(network.parameters())
    moments = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights]
    loader, step = data.train_dataloader(), 0
    loader.clock = None
    for epoch in range(max_epochs):
        loader.set_epoch(epoch)
        state = None
        for chunk in loader:
            output, state = network(chunk, state)
            state = detached(state)
            losses = (output[..., 0] - chunk.target).abs() * chunk.weight
            assert head.name == "balanced"
            loss = (losses.sum(dim=(1, 2, 3)) / chunk.weight.sum().clamp_min(1e-12)).sum()
            gradients = torch.autograd.grad(loss, weights)
            norms = sum(g.square().flatten(1).sum(1) for g in gradients).sqrt()
            step += 1
            lr = module.lr * one_cycle((step - 1) / (max_epochs * n_chunks))
            with torch.no_grad():
                for k, raw in enumerate(gradients):
                    m, v = moments[k]
                    g = raw * (clip / norms).clamp(max=1).view(-1, *[1] * (raw.dim() - 1))
                    g = g + 4 / data.n_obs * weights[k]  # the prior
                    m.mul_(0.9).add_(0.1 * g)  # Adam: Kingma & Ba (2015), algorithm 1
                    v.mul_(0.999).add_(0.001 * g * g)
                    weights[k] -= lr * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)


@pytest.mark.parametrize(("cell", "depth"), [("rnn", 1), ("lstm", 2), ("gru", 3)])
def test_trained_weights_equal_those_of_a_loop_written_out(cell, depth):
    data = data_of(ragged_panel(), validation_size=0.0)
    ours = train_with(data, Training(validation_size=0.0, gradient_clip_val=0.3), 3, cell, depth)
    theirs = estimators_module_of(data, cell, depth)
    with quiet_torch(0):
        theirs.network.slopes.copy_(ours.network.slopes)
        theirs.network.intercept.copy_(ours.network.intercept)
        written_out(theirs, data, 3, 0.3, data.train_dataloader().n_chunks)
    for (name, a), b in zip(ours.network.named_parameters(), theirs.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10, msg=name)
        assert name == "" or float(a.detach().abs().max()) > 0


def largest_step(clip: float | None) -> float:
    """Largest change of a member's weights in a step of plain gradient descent at rate 1: its gradient's norm."""
    data = data_of(ragged_panel(), validation_size=0.0)
    module, changes = module_of(data, training=Training(weight_decay=0.0, refit=False)), []
    module.configure_optimizers = lambda: torch.optim.SGD(module.parameters(), 1.0)

    class Watch(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            self.before = [p.detach().clone() for p in pl_module.network.parameters()]

        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            pairs = zip(pl_module.network.parameters(), self.before, strict=True)
            changes.append(sum((p.detach() - q).square().flatten(1).sum(1) for p, q in pairs).sqrt().max())

    with quiet_torch(0):
        trainer = pl.Trainer(max_epochs=2, gradient_clip_val=clip, callbacks=[Watch()], **QUIET)
        trainer.fit(module, datamodule=data)
    return float(torch.stack(changes).max())


def test_gradient_clipping_acts_under_lightning():
    assert largest_step(None) > 0.02
    assert largest_step(0.01) == pytest.approx(0.01)


def test_members_are_clipped_one_by_one():
    data = data_of(ragged_panel(), validation_size=0.0)
    network = module_of(data).network
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    slope = network.members.readout.grad
    slope[0], slope[1] = 3.0, 1e-3
    before = slope[1].clone()
    norms = clip_by_member(network.parameters(), 1.0)
    assert norms[0] > 1 > norms[1]
    assert torch.equal(slope[1], before)
    assert slope[0].norm() == pytest.approx(1.0)


def test_the_best_weights_of_every_member_are_restored():
    data = data_of(ragged_panel(), validation_size=0.3)
    module = module_of(data, lr=0.5)  # so large that training soon does harm
    losses, snapshots = [], []

    class Watch(pl.Callback):
        def on_validation_end(self, trainer, pl_module):
            losses.append(pl_module.validation_loss.clone())
            snapshots.append(pl_module.network.members.readout.detach().clone())

    with quiet_torch(0):
        trainer = pl.Trainer(max_epochs=8, callbacks=[Watch(), BestWeights(100)], num_sanity_val_steps=-1, **QUIET)
        trainer.fit(module, datamodule=data)
    best = torch.stack(losses).argmin(dim=0)
    assert len(losses) == 9
    assert (best < 8).any()  # else the test would not tell best from last
    for k, at in enumerate(best.tolist()):
        assert torch.equal(module.network.members.readout[k], snapshots[at][k])


def test_training_stops_when_nothing_gets_better():
    data = data_of(ragged_panel(), validation_size=0.3)
    module = train_with(data, Training(validation_size=0.3, patience=2, refit=False), 200, lr=5.0)
    assert 0 < module.n_steps < 100 * data.train_dataloader().n_chunks


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_optimizer_lowers_the_loss(optimizer):
    data, losses = data_of(ragged_panel(), validation_size=0.0), []
    for max_epochs in (1, 40):
        module = train_with(data, Training(optimizer=optimizer, validation_size=0.0), max_epochs, lr=0.01)
        losses.append(float(module.mean_loss(slice(None), data.train_dataloader()).sum()))
    assert losses[1] < losses[0]


def test_a_loss_that_is_not_finite_stops_at_once_and_names_the_series():
    data = data_of(ragged_panel(), validation_size=0.0)
    data.tables[0].target[35] = torch.inf  # an observation of series b
    with pytest.raises(FitError, match=r"Series 'b': the loss is not finite at step \d+") as caught:
        train_with(data, Training(validation_size=0.0), 5)
    assert list(caught.value.failures) == ["b"]


def test_under_a_trainer_of_ones_own_a_holdout_fit_comes_first_and_then_all_is_learnt_from():
    data, whole = data_of(ragged_panel(), validation_size=0.3), data_of(ragged_panel(), validation_size=0.0)
    modules = [module_of(part, training=Training()) for part in (data, whole)]
    with quiet_torch(0):
        for part, module in zip((data, whole), modules, strict=True):
            pl.Trainer(max_epochs=2, gradient_clip_val=1.0, **QUIET).fit(module, datamodule=part)
    assert not data.n_kept.any()
    assert modules[0].holdout.optimism is not None
    assert modules[1].holdout.optimism is None
    for one, other in zip(*(module.network.parameters() for module in modules), strict=True):
        assert torch.equal(one, other)
    spoilt = data_of(ragged_panel(), validation_size=0.3)
    spoilt.tables[0].target[35] = torch.inf
    with quiet_torch(0), pytest.raises(FitError, match="Series 'b': the loss is not finite"):
        pl.Trainer(max_epochs=2, **QUIET).fit(module_of(spoilt, training=Training()), datamodule=spoilt)


@pytest.mark.parametrize(
    ("ending", "refit"),
    [(lambda: [BestWeights(100)], False), (lambda: [BestWeights(averaging=0.75)], False), (list, True)],
)
def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(tmp_path, ending, refit):
    class Stop(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == 1

    def run(*callbacks, path=None):
        data = data_of(ragged_panel(), validation_size=0.2)
        module = module_of(data, depth=2, dropout=0.2, lr=0.05, training=Training(refit=refit))
        options = QUIET | {"enable_checkpointing": bool(callbacks)}
        trainer = pl.Trainer(max_epochs=4, callbacks=[*ending(), *callbacks], num_sanity_val_steps=0, **options)
        trainer.fit(module, datamodule=data, ckpt_path=path)
        return module.state_dict()

    with quiet_torch(0):
        unbroken = run()
        saving = pl.callbacks.ModelCheckpoint(tmp_path, save_last=True, save_on_train_epoch_end=True)
        stopped = run(saving, Stop())
        resumed = run(path=tmp_path / "last.ckpt")
    assert not torch.equal(stopped["network.members.readout"], unbroken["network.members.readout"])
    for name, value in unbroken.items():
        assert torch.equal(resumed[name], value), name


@pytest.mark.parametrize(
    ("cell", "loss", "ending", "refit"),
    [
        ("lstm", "balanced", list, True),
        ("gru", "student_t", list, False),
        ("rnn", "quantile", lambda: [BestWeights(2)], False),
        ("lstm", "mse", lambda: [BestWeights(averaging=0.5)], False),
        (MinimalGated, "balanced", list, True),
    ],
)
def test_a_checkpoint_at_the_end_of_any_epoch_resumes_to_the_bit(tmp_path, cell, loss, ending, refit):
    def run(*callbacks, path=None):
        data = data_of(ragged_panel(), validation_size=0.2, decoding=Decoding(loss=loss))
        options = {"n_members": 2, "loss": loss, "lr": 0.05, "training": Training(refit=refit)}
        if isinstance(cell, str):
            module = module_of(data, cell, depth=2, dropout=0.2, **options)
        else:
            spec = NetworkSpec.of(CellStack, {"cell": cell, "hidden_size": 4, "dropout": 0.2})
            module = NeuralModule(spec, data.layout, **options).double()
        saved = QUIET | {"enable_checkpointing": bool(callbacks)}
        trainer = pl.Trainer(max_epochs=4, callbacks=[*ending(), *callbacks], num_sanity_val_steps=0, **saved)
        trainer.fit(module, datamodule=data, ckpt_path=path)
        return module.state_dict()

    with quiet_torch(0):
        every = pl.callbacks.ModelCheckpoint(
            tmp_path, "{epoch}-{step}", save_top_k=-1, every_n_epochs=1, save_on_train_epoch_end=True
        )
        whole = run(every)
        written = sorted(tmp_path.glob("*.ckpt"))
        assert len(written) >= 3
        for path in written:
            resumed = run(path=path)
            for name, value in whole.items():
                assert torch.equal(resumed[name], value), (path.name, name)


def test_the_mean_of_the_weights_of_the_last_epochs_can_be_had():
    data = data_of(ragged_panel(), validation_size=0.0)
    module, snapshots = module_of(data), []

    class Watch(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            snapshots.append(pl_module.network.members.readout.detach().clone())

    with quiet_torch(0):
        trainer = pl.Trainer(max_epochs=6, callbacks=[Watch(), BestWeights(averaging=0.5)], **QUIET)
        trainer.fit(module, datamodule=data)
    torch.testing.assert_close(module.network.members.readout.detach(), torch.stack(snapshots[3:]).mean(dim=0))
    with pytest.raises(ParameterError, match=r"averaging=1\.5"):
        BestWeights(averaging=1.5)
    with pytest.raises(ParameterError, match="patience=-1"):
        BestWeights(-1)


def test_mean_loss_of_the_tail_is_that_of_all_outputs_weighted():
    data = data_of(ragged_panel(), validation_size=0.1, bptt_length=5)
    module = module_of(data)
    torch.nn.init.normal_(module.network.members.readout)
    chunks, state, total = list(data.val_dataloader()), None, 0.0
    assert not all(chunk.weight.any() for chunk in chunks)  # a chunk before every tail counts for nothing
    for chunk in chunks:
        output, state = module.network(chunk, state)
        total = total + ((output[..., 0] - chunk.target).abs() * chunk.weight).sum(dim=(1, 2, 3)).detach()
    expected = total / sum(chunk.weight.sum() for chunk in chunks)
    torch.testing.assert_close(module.mean_loss(slice(None), chunks), expected)
    torch.testing.assert_close(module.mean_loss(slice(1, 2), chunks), expected[1:])


def test_averaging_gives_the_mean_of_the_weights_at_the_ends_of_the_last_epochs():
    data = data_of(ragged_panel(), validation_size=0.3)
    ends = []
    for max_epochs in (4, 3):  # with a constant rate a shorter run is the beginning of a longer one
        options = Training(schedule="constant", averaging=1e-9)  # the last epoch alone
        module = train_with(data, options, max_epochs)
        ends.append([value.clone() for value in module.network.parameters()])
    module = train_with(data, Training(schedule="constant", averaging=0.3), 4)
    for value, last, before in zip(module.network.parameters(), *ends, strict=True):
        torch.testing.assert_close(value, (last + before) / 2)
    assert not torch.equal(ends[0][0], ends[1][0])


def test_a_deterministic_run_leaves_the_process_as_it_was(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    data = data_of(ragged_panel(), validation_size=0.3)
    weights = []
    for deterministic in (False, True):
        weights.append(train_with(data, Training(deterministic=deterministic), 2).network.members.readout)
    assert torch.equal(*weights)
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


def test_products_in_bfloat16_train_nearly_the_same_network():
    data = data_of(ragged_panel(), validation_size=0.3)
    data.dtype = torch.float32
    data.use(ragged_panel())
    readouts = []
    for precision in ("32-true", "bf16-mixed"):
        readouts.append(train_with(data, Training(precision=precision), 2).network.members.readout)
    exact, mixed = readouts
    assert mixed.dtype == torch.float32
    assert not torch.equal(exact, mixed)
    assert float((exact - mixed).detach().norm() / exact.detach().norm()) < 0.1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    data = data_of(ragged_panel())
    with pytest.raises(ParameterError, match="accelerator='gpu' needs a GPU"):
        train_with(data, Training(accelerator="gpu"), 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_trains_the_network_that_a_processor_trains():
    readouts = []
    for accelerator in ("cpu", "gpu"):
        data = data_of(ragged_panel(), validation_size=0.3)  # float64: nothing but the order of sums differs
        readouts.append(train_with(data, Training(accelerator=accelerator), 3).network.members.readout)
    torch.testing.assert_close(*readouts, rtol=1e-6, atol=1e-8)


def test_fits_in_threads_of_the_caller_wait_for_each_other_and_leave_the_process_as_it_was():
    y = [np.cumsum(np.random.default_rng(k).standard_normal(40)) for k in range(6)]
    alone = [LSTM(4, n_members=2, max_epochs=1).fit(own).predict(3) for own in y]
    filters, threads = list(warnings.filters), torch.get_num_threads()
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda own: LSTM(4, n_members=2, max_epochs=1).fit(own).predict(3), y))
    np.testing.assert_array_equal(together, alone)
    assert warnings.filters == filters and torch.get_num_threads() == threads
