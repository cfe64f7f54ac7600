"""Chunks that overlap: the state carried is the one before the repeated steps, gradients reach back through them."""

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import LSTM
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.module import RecurrentModule
from tsforecast.models.neural.training.run import quiet_torch
from tsforecast.panel import Panel

QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 3}


def setting(overlap, cell="lstm"):
    rng = np.random.default_rng(0)
    lengths = [30, 17, 24]
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(["a", "b", "c"], lengths),
            "ds": np.concatenate([np.arange(n) for n in lengths]),
            "y": np.cumsum(rng.standard_normal(sum(lengths))),
        }
    )
    data = StreamDataModule(bptt_length=5, overlap=overlap, validation_size=0.0)
    data.dtype = torch.float64
    data.use(Panel.from_frame(frame))
    training = Training(overlap=overlap)
    module = RecurrentModule(
        cell, data.input_size, data.horizon, hidden_size=4, n_members=2, num_layers=2, training=training
    )
    torch.nn.init.normal_(module.network.readout, generator=torch.Generator().manual_seed(0))
    return module.double(), data.train_dataloader()


def outputs_of(module, loader):
    """Output of the new steps of every chunk, the state carried as in training."""
    pieces, done = [], 0
    module._state = None
    for chunk in loader:
        hidden, state = module._run(chunk, None)
        output = module.network.output(hidden, chunk.x)
        module._state = None if state is None else state.detach()
        pieces.append(output[:, min(loader.overlap, done) :])
        done += pieces[-1].shape[1]
    return torch.cat(pieces, dim=1)


@pytest.mark.parametrize("overlap", [1, 4, 5, 7, 12])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_overlapping_chunks_say_what_chunks_that_do_not_overlap_say(cell, overlap):
    plain, ours = outputs_of(*setting(0, cell)), outputs_of(*setting(overlap, cell))
    torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-12)


def test_an_overlap_longer_than_the_streams_gives_the_gradient_of_full_backpropagation():
    module, loader = setting(1000)
    weights = list(module.network.parameters())
    chunks = list(loader)
    assert len(chunks) > 4
    for chunk in chunks[1:]:
        module._state = None
        hidden, _ = module._run(chunk, None)
        output = module.network.output(hidden, chunk.x)
        whole, _ = module.network(chunk.x, None, chunk.reset)  # from the first step on
        losses = [((o - chunk.target).abs() * chunk.weight).sum() for o in (output, whole)]
        ours, full = (torch.autograd.grad(loss, weights) for loss in losses)
        for a, b in zip(ours, full, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def test_a_gradient_reaches_back_over_the_cut_by_the_overlap_and_no_further():
    module, loader = setting(3)
    chunks = list(loader)
    at = next(k for k in range(2, len(chunks)) if not chunks[k].reset.any() and chunks[k].x.shape[1] == 8)
    module._state = None
    for chunk in chunks[:at]:
        module._state = module._run(chunk, None)[1]  # not detached, so that a leak would be seen
    before = module._state.detach().requires_grad_()
    module._state = before
    x = chunks[at].x.clone().requires_grad_()
    output, _ = module._run(chunks[at]._replace(x=x), None)
    output[:, 3].sum().backward()  # the first new step
    assert (x.grad[0, :4].abs().sum(dim=(1, 2)) > 0).all()
    assert float(x.grad[0, 4:].abs().sum()) == 0


def test_under_a_trainer_the_overlap_is_that_of_the_data():
    learnt = []
    for overlap in (0, 7):
        rng = np.random.default_rng(0)
        data = StreamDataModule(bptt_length=5, overlap=7, validation_size=0.0)
        data.use(Panel.from_array(np.cumsum(rng.standard_normal((60, 2)), axis=0)))
        module = RecurrentModule("gru", data.input_size, data.horizon, training=Training(overlap=overlap), n_members=1)
        with quiet_torch(0):
            trainer = pl.Trainer(
                max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False,
                enable_progress_bar=False, enable_model_summary=False, use_distributed_sampler=False,
            )  # fmt: skip
            trainer.fit(module, datamodule=data)
        learnt.append(module.network.readout.detach())
    torch.testing.assert_close(*learnt, rtol=0, atol=0)


def test_overlap_and_burn_in_are_options_of_training():
    y = np.cumsum(np.random.default_rng(0).standard_normal(80))
    plain = LSTM(**QUICK, dropout=0.1, training=Training(validation_size=0.0)).fit(y).predict(5)
    for options in ({"overlap": 6}, {"burn_in": 10}):
        other = LSTM(**QUICK, dropout=0.1, training=Training(validation_size=0.0, **options)).fit(y).predict(5)
        assert np.isfinite(other).all()
        assert not np.array_equal(plain, other)
    for options in ({"overlap": -1}, {"burn_in": 1.5}, {"overlap": 2, "kind": "windows"}):
        with pytest.raises(ParameterError, match=next(iter(options))):
            LSTM(**QUICK, training=options).fit(y)
