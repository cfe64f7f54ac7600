"""Trains networks with Lightning, quietly, and leaves the process as it was."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch

from tsforecast._types import Floats, Ints
from tsforecast.models.rnn.heads import PointHead
from tsforecast.models.rnn.module import KeepBest, RecurrentModule
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.options import Training
from tsforecast.models.rnn.streams import ChunkLoader, Table, n_streams_for

_VALIDATIONS = 20  # at most so many in a run: each is a pass over the panel


class Plan(NamedTuple):
    """What a training run needs besides options: one group of series for each member, or one for all."""

    first: Ints
    lengths: Ints
    groups: list[Ints]
    bptt_length: int
    max_epochs: int | None
    lr: float
    seed: int


@contextlib.contextmanager
def quiet_torch(seed: int) -> Iterator[None]:
    """Within: one thread, a seeded generator, silence. After: everything as it was before."""
    threads = torch.get_num_threads()
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(pytorch_)?lightning")
        warnings.filterwarnings("ignore", message=".*(lightning|dataloader|workers).*")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        torch.set_num_threads(1)  # a small network is slower on more, and sums in another order
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def tables_of(x: Floats, target: Floats, n_kept: Ints, lengths: Ints, dtype: torch.dtype) -> tuple[Table, Table]:
    """The tables of training and of validation: they differ in what is weighted.

    A target counts for validation where it lies in the last ``n_kept[i]`` steps of its series, for training where it
    lies before; nan counts for neither.
    """
    horizon = target.shape[1]
    seen = ~np.isnan(target)
    position = np.concatenate([np.arange(n) for n in lengths])[:, None] + np.arange(1, horizon + 1)
    tail = position >= np.repeat(lengths - n_kept, lengths)[:, None]

    def padded(array: Floats) -> torch.Tensor:
        return torch.cat([torch.as_tensor(array, dtype=dtype), torch.zeros(1, array.shape[1], dtype=dtype)])

    inputs, targets = padded(x), padded(np.nan_to_num(target))
    return tuple(Table(inputs, targets, padded((seen & part).astype(np.float64))) for part in (~tail, tail))


def train(
    network: RecurrentNetwork, head: PointHead, tables: tuple[Table, Table], n_kept: Ints, plan: Plan, options: Training
) -> None:
    """Fit the weights of ``network``, in place; a `FitError` where the loss is not finite."""
    n_streams = n_streams_for(np.concatenate([plan.lengths[g] for g in plan.groups[:1]]), options.batch_size)
    kept = {"n_streams": n_streams, "bptt_length": plan.bptt_length, "seed": plan.seed}
    training = ChunkLoader(tables[0], plan.first, plan.lengths - n_kept, plan.groups, **kept)
    max_epochs = plan.max_epochs or max(-(-options.max_steps // training.n_chunks), 1)
    module = RecurrentModule(network, head, options, plan.lr, max_epochs * training.n_chunks)
    validate = bool(n_kept.any()) and options.patience > 0
    every = max(max_epochs // _VALIDATIONS, 1)
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=max_epochs,
        gradient_clip_val=options.gradient_clip_val,
        callbacks=[KeepBest(options.patience)] if validate else [],
        check_val_every_n_epoch=every if validate else None,
        limit_val_batches=None if validate else 0,
        num_sanity_val_steps=0,
        precision="64-true" if tables[0].x.dtype == torch.float64 else "32-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    held = ChunkLoader(tables[1], plan.first, plan.lengths, plan.groups, shuffle=False, **kept) if validate else None
    trainer.fit(module, training, held)
    network.eval()
