"""Trains networks with Lightning, quietly, and leaves the process as it was."""

import contextlib
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from tsforecast.exceptions import FitError
from tsforecast.models.rnn.datamodule import StreamDataModule
from tsforecast.models.rnn.joint import Course, JointLoader
from tsforecast.models.rnn.linear import initialise
from tsforecast.models.rnn.module import NonFiniteLossError, RecurrentModule
from tsforecast.models.rnn.options import Training
from tsforecast.models.rnn.streams import ChunkLoader

_ROWS = 8192  # steps times streams times members of a validation chunk, where the chunks of training are shorter
_ROUND = 10  # steps: fits of nearly equal length make equally many, and can be trained side by side


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
    (failure,) = train_together(module, [data], options, max_epochs)
    if failure is not None:
        raise failure


def train_together(
    module: RecurrentModule, fits: Sequence[StreamDataModule], options: Training, max_epochs: int | None
) -> list[FitError | None]:
    """Fit the weights of ``module``, whose members are those of each fit in turn, in place; say what failed.

    The fits must be of one shape. Each keeps the weights that it would have alone.
    """
    n_members = module.network.n_members // len(fits)
    courses = [course_of(data, options, max_epochs) for data in fits]
    loader = JointLoader(courses, n_members)
    keeper = Keeper(
        loader, [_tail(data, n_members) if options.patience > 0 else None for data in fits], options.patience
    )
    for k, data in enumerate(fits):
        trust, members = torch.as_tensor(data.layout.trust()), slice(k * n_members, (k + 1) * n_members)
        initialise(module.network, data.tables[0], trust, module.head.n_params, members)
    module.total_steps = courses[0].n_steps
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        gradient_clip_val=options.gradient_clip_val,
        callbacks=[keeper],
        precision="64-true" if fits[0].dtype == torch.float64 else "32-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with contextlib.suppress(NonFiniteLossError):  # told below, with its series
        trainer.fit(module, train_dataloaders=loader)
    module.network.eval()
    return [_failure(module.failures.get(k), data) for k, data in enumerate(fits)]


def course_of(data: StreamDataModule, options: Training, max_epochs: int | None) -> Course:
    """The steps of a fit to these data."""
    assert data.panel is not None
    loader = data.train_dataloader()
    if max_epochs is not None:
        return Course(loader, max_epochs * loader.n_chunks, max_epochs)
    return Course(loader, steps_for(data.panel.n_obs, options))


def _tail(data: StreamDataModule, n_members: int) -> ChunkLoader | None:
    """The validation chunks, longer than those of training where these are small: there is no gradient to cut."""
    loader = data.val_dataloader()
    if not isinstance(loader, ChunkLoader) or not loader.table.weight.any():
        return None
    loader.bptt_length = max(loader.bptt_length, _ROWS // (loader.n_streams * n_members))
    return loader


def _failure(error: NonFiniteLossError | None, data: StreamDataModule) -> FitError | None:
    if error is None:
        return None
    assert data.panel is not None
    name = data.panel.id_at(error.row)
    reason = f"the loss is not finite at step {error.step}"
    return FitError(f"Series {name!r}: {reason}.", failures={str(name): reason})


class Keeper(pl.Callback):
    """Validates each fit of a `JointLoader` where it is due, and gives every member its best weights in the end.

    A fit of which no member got better for ``patience`` validations is stopped. Without a tail to validate on it keeps
    the weights of its last step, whatever the others do after it.

    Parameters
    ----------
    loader : JointLoader
    tails : sequence of ChunkLoader or None
        The validation chunks of each fit.
    patience : int
    """

    def __init__(self, loader: JointLoader, tails: Sequence[ChunkLoader | None], patience: int) -> None:
        self.loader, self.tails, self.patience = loader, tails, patience
        self.best: dict[str, Tensor] = {}
        self.best_loss = torch.full((len(tails) * loader.n_members,), math.inf, dtype=torch.float64)
        self.waited = [0] * len(tails)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin with the weights before training: they are a candidate, too."""
        module = cast(RecurrentModule, pl_module)
        self.best = {name: value.detach().clone() for name, value in module.network.named_parameters()}
        for fit in range(len(self.tails)):
            self._note(fit, module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Note the weights of the fits that are due."""
        for fit in self.loader.due.pop(batch_idx + 1, ()):
            self._note(fit, cast(RecurrentModule, pl_module))

    @torch.no_grad()
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the best weights."""
        for name, value in cast(RecurrentModule, pl_module).network.named_parameters():
            value.copy_(self.best[name])

    @torch.no_grad()
    def _note(self, fit: int, module: RecurrentModule) -> None:
        members = slice(fit * self.loader.n_members, (fit + 1) * self.loader.n_members)
        tail, course = self.tails[fit], self.loader.courses[fit]
        if tail is None or course.stopped:
            better = torch.full((self.loader.n_members,), not course.stopped)
        else:
            loss = module.mean_loss(members, tail)
            better = loss < self.best_loss[members]
            self.best_loss[members] = torch.where(better, loss, self.best_loss[members])
            self.waited[fit] = 0 if bool(better.any()) else self.waited[fit] + 1
            course.stopped = self.waited[fit] >= self.patience
        for name, value in module.network.named_parameters():
            self.best[name][members][better] = value[members][better]


def steps_for(n_obs: int, options: Training) -> int:
    """Optimiser steps: more for more data, by its square root, in tens, or what ``max_steps`` says.

    Examples
    --------
    >>> steps_for(144, Training()), steps_for(160_000, Training()), steps_for(144, Training(max_steps=10))
    (60, 2000, 10)
    """
    return options.max_steps or max(math.ceil(5 * math.sqrt(n_obs) / _ROUND) * _ROUND, 60)
