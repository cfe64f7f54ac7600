"""Callbacks of a Lightning run: the best weights of each member, or the mean of those of its last epochs."""

import math
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.forecasting.checkpoint import KEPT
from tsforecast.models.neural.training.module import RecurrentModule


class KeepBest(pl.Callback):
    """Stops when no member gets better, and gives every member back the weights of its best validation.

    Parameters
    ----------
    patience : int
        Validations without a better loss, of any member, before training ends.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_loss: Tensor | None = None
        self.best: dict[str, Tensor] = {}
        self.waited = 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the weights of every member that got better."""
        module = cast(RecurrentModule, pl_module)
        loss, weights = module.validation_loss, dict(module.network.named_parameters())
        if self.best_loss is None:
            self.best_loss = loss.clone()
            self.best = {name: value.detach().clone() for name, value in weights.items()}
            return
        better = loss < self.best_loss
        self.best_loss = torch.where(better, loss, self.best_loss)
        for name, value in weights.items():
            self.best[name][better] = value.detach()[better]
        self.waited = 0 if bool(better.any()) else self.waited + 1
        if self.waited >= self.patience:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that a resumed run knows the best weights before it."""
        return {"best_loss": self.best_loss, "best": self.best, "waited": self.waited}

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Tell the weights that the run would end with, which an estimator forecasts with."""
        checkpoint[KEPT] = self.best

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.best_loss, self.best, self.waited = (state_dict[name] for name in ("best_loss", "best", "waited"))

    @torch.no_grad()
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the best weights."""
        for name, value in cast(RecurrentModule, pl_module).network.named_parameters():
            if name in self.best:
                value.copy_(self.best[name])


class AverageWeights(pl.Callback):
    """Gives every member the mean of its weights at the ends of the last epochs (Izmailov et al. 2018).

    In place of `KeepBest`, which looks for the best of them.

    Parameters
    ----------
    share : float
        Of the run, its end: 0.25 averages the last quarter of the epochs, one of them at least.
    """

    def __init__(self, share: float = 0.25) -> None:
        if not 0 < share <= 1:
            raise ParameterError(f"share={share!r} is not a share of the run, 0 < share <= 1.")
        self.share = share
        self.mean: dict[str, Tensor] = {}
        self.n_averaged = 0

    @torch.no_grad()
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the weights of an epoch to the mean."""
        epochs = trainer.max_epochs or 1
        if trainer.current_epoch < epochs - math.ceil(self.share * epochs):
            return
        self.n_averaged += 1
        for name, value in cast(RecurrentModule, pl_module).network.named_parameters():
            if self.n_averaged == 1:
                self.mean[name] = value.detach().clone()
            else:
                self.mean[name] += (value.detach() - self.mean[name]) / self.n_averaged

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"mean": self.mean, "n_averaged": self.n_averaged}

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Tell the weights that the run would end with, which an estimator forecasts with."""
        checkpoint[KEPT] = self.mean

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.mean, self.n_averaged = state_dict["mean"], state_dict["n_averaged"]

    @torch.no_grad()
    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the mean."""
        for name, value in cast(RecurrentModule, pl_module).network.named_parameters():
            if name in self.mean:
                value.copy_(self.mean[name])
