"""Which weights each fit keeps: those of its best validation, or the mean of its last epochs."""

import math
from collections.abc import Iterable, Sequence
from typing import cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from tsforecast.models.neural.batches.batched_fits import JointLoader
from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.module import RecurrentModule


class Keeper(pl.Callback):
    """Validates each fit of a `JointLoader` where it is due, and gives every member its best weights in the end.

    A fit of which no member got better for ``options.patience`` validations is stopped. Without a tail to validate on
    it keeps the weights of its last step, whatever the others do after it; with ``options.averaging`` their mean over
    the ends of its last epochs.

    Parameters
    ----------
    loader : JointLoader
    tails : sequence of iterable of Chunk or None
        The validation chunks of each fit.
    options : Training
    """

    def __init__(self, loader: JointLoader, tails: Sequence[Iterable[Chunk] | None], options: Training) -> None:
        self.loader, self.tails, self.options = loader, tails, options
        self.kept: dict[str, Tensor] = {}
        self.best_loss = torch.full((len(tails), loader.n_members), math.inf, dtype=torch.float64)
        self.waited = [0] * len(tails)
        self.n_averaged = [0] * len(tails)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin with the weights before training: they are a candidate, too."""
        module = cast(RecurrentModule, pl_module)
        self.kept = {name: value.detach().clone() for name, value in module.network.named_parameters()}
        for fit in range(len(self.tails)):
            self._note(fit, 0, module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Note the weights of the fits that are due."""
        for fit in self.loader.due.pop(batch_idx + 1, ()):
            self._note(fit, batch_idx + 1, cast(RecurrentModule, pl_module))

    @torch.no_grad()
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore what is kept."""
        for name, value in cast(RecurrentModule, pl_module).network.named_parameters():
            value.copy_(self.kept[name])

    @torch.no_grad()
    def _note(self, fit: int, step: int, module: RecurrentModule) -> None:
        n_members, course = self.loader.n_members, self.loader.courses[fit]
        members = slice(fit * n_members, (fit + 1) * n_members)
        if course.stopped:
            return
        if self.options.averaging > 0:
            self._average(fit, step, members, module)
            return
        chosen = torch.nonzero(self._better(fit, members, module))[:, 0] + members.start
        if len(chosen):
            for name, value in module.network.named_parameters():
                self.kept[name][chosen] = value[chosen]

    def _better(self, fit: int, members: slice, module: RecurrentModule) -> Tensor:
        """Members that never were as good, ``(n_members,)``: all where there is no tail to tell."""
        tail, course = self.tails[fit], self.loader.courses[fit]
        if tail is None:
            return torch.ones(self.loader.n_members, dtype=torch.bool)
        loss, best = module.mean_loss(members, tail).double().cpu(), self.best_loss[fit]
        better = loss < best
        self.best_loss[fit] = torch.where(better, loss, best)
        self.waited[fit] = 0 if bool(better.any()) else self.waited[fit] + 1
        course.stopped = self.waited[fit] >= self.options.patience
        return better

    def _average(self, fit: int, step: int, members: slice, module: RecurrentModule) -> None:
        if step < (1 - self.options.averaging) * self.loader.courses[fit].n_steps or step == 0:
            return
        self.n_averaged[fit] += 1
        for name, value in module.network.named_parameters():
            kept = self.kept[name][members]
            kept += (value[members] - kept) / self.n_averaged[fit]
