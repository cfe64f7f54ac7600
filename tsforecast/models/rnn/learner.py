"""Trains networks with Lightning, quietly, and leaves the process as it was."""

import contextlib
import logging
import math
import warnings
from collections.abc import Iterator

import pytorch_lightning as pl
import torch

from tsforecast.exceptions import FitError
from tsforecast.models.rnn.datamodule import StreamDataModule
from tsforecast.models.rnn.module import KeepBest, NonFiniteLossError, RecurrentModule
from tsforecast.models.rnn.options import Training

_VALIDATIONS = 20  # at most so many in a run: each is a pass over the panel


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


def train(module: RecurrentModule, data: StreamDataModule, options: Training, max_epochs: int | None) -> None:
    """Fit the weights of ``module``, in place.

    Raises
    ------
    FitError
        The loss is not finite; it names the series and the step.
    """
    assert data.panel is not None
    epochs = max_epochs or max(math.ceil(steps_for(data.panel.n_obs, options) / data.train_dataloader().n_chunks), 1)
    validate = bool(data.n_kept.any()) and options.patience > 0
    every = max(epochs // _VALIDATIONS, 1)
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=epochs,
        gradient_clip_val=options.gradient_clip_val,
        callbacks=[KeepBest(options.patience)] if validate else [],
        check_val_every_n_epoch=every,
        limit_val_batches=None if validate else 0,
        num_sanity_val_steps=-1 if validate else 0,  # the untrained network is a candidate, too
        precision="64-true" if data.dtype == torch.float64 else "32-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    try:
        trainer.fit(module, datamodule=data)
    except NonFiniteLossError as error:
        name = data.panel.id_at(error.row)
        reason = f"the loss is not finite at step {error.step}"
        raise FitError(f"Series {name!r}: {reason}.", failures={str(name): reason}) from error
    module.network.eval()


def steps_for(n_obs: int, options: Training) -> int:
    """Optimiser steps: more for more data, by its square root, or what ``max_steps`` says.

    Examples
    --------
    >>> steps_for(144, Training()), steps_for(160_000, Training()), steps_for(144, Training(max_steps=10))
    (60, 2000, 10)
    """
    return options.max_steps or max(int(5 * math.sqrt(n_obs)), 60)
