"""BestWeights: a run ends with the weights of each member's best validation, or with a mean of the last epochs."""

import math
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.forecasting.checkpoint import KEPT
from tsforecast.models.neural.training.module import NeuralModule


class BestWeights(pl.Callback):
    """Callback that keeps the best weights of every member during a run, and restores them at its end.

    Under the user's own Trainer it acts after each validation, or after each epoch where it averages. The runs of the
    estimators, which hold several fits side by side, call `note` after each validation of a fit.

    Parameters
    ----------
    patience : int
        Validations without a better loss, of any member of a fit, after which the fit ends.
    averaging : float
        0 for the weights of the best validation. Otherwise the last share of the run, over which the weights at the
        ends of epochs are averaged (Izmailov et al. 2018).

    Raises
    ------
    ParameterError
        ``patience`` is negative, or ``averaging`` is not between 0 and 1.
    """

    def __init__(self, patience: int = 10, averaging: float = 0.0) -> None:
        check_value("patience", patience, int, 0)
        if not 0 <= averaging <= 1:
            raise ParameterError(f"averaging={averaging!r} is not a share, 0 <= averaging <= 1.")
        self.patience, self.averaging = patience, averaging
        self.kept: dict[str, Tensor] = {}
        self.best_loss: Tensor | None = None
        self.waited: dict[int, int] = {}
        self.n_averaged: dict[int, int] = {}

    def note(self, module: NeuralModule, fit: int = 0, loss: Tensor | None = None) -> bool:
        """Keep the weights of members whose loss is lower than before; return whether the fit's patience is used up.

        Parameters
        ----------
        module : NeuralModule
        fit : int
            Number of the fit among those side by side.
        loss : Tensor, shape (n_members,), optional
            Validation loss of the members of the fit; where it is None, all weights are kept.
        """
        members = module.members_of(fit)
        better = torch.arange(members.start, members.stop)
        if loss is not None:
            better = better[self._is_better(module, fit, loss.detach().double().cpu())]
        with torch.no_grad():
            for name, value in module.network.named_parameters(remove_duplicate=False):
                if name not in self.kept:
                    self.kept[name] = value.detach().clone()
                elif len(better):
                    self.kept[name][better] = value[better]
        return self.waited.get(fit, 0) >= self.patience if loss is not None else False

    def _is_better(self, module: NeuralModule, fit: int, loss: Tensor) -> Tensor:
        members = module.members_of(fit)
        if self.best_loss is None:
            self.best_loss = torch.full((module.network.n_members,), math.inf, dtype=torch.float64)
        better = loss < self.best_loss[members]
        self.best_loss[members] = torch.where(better, loss, self.best_loss[members])
        self.waited[fit] = 0 if bool(better.any()) else self.waited.get(fit, 0) + 1
        return better

    def average(self, module: NeuralModule, fit: int = 0) -> None:
        """Update the mean of the weights of a fit's members."""
        members = module.members_of(fit)
        n = self.n_averaged[fit] = self.n_averaged.get(fit, 0) + 1
        with torch.no_grad():
            for name, value in module.network.named_parameters(remove_duplicate=False):
                kept = self.kept.setdefault(name, value.detach().clone())[members]
                kept += (value[members] - kept) / n

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the weights of every member whose validation loss is its lowest so far."""
        module = cast(NeuralModule, pl_module)
        if module.automatic_optimization and self.averaging == 0:
            trainer.should_stop = self.note(module, loss=module.validation_loss) or trainer.should_stop

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the weights of an epoch to the mean."""
        module, epochs = cast(NeuralModule, pl_module), trainer.max_epochs or 1
        late = trainer.current_epoch >= epochs - math.ceil(self.averaging * epochs)
        if module.automatic_optimization and self.averaging > 0 and late:
            self.average(module)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the kept weights, which an estimator forecasts with."""
        checkpoint[KEPT] = self.kept

    def state_dict(self) -> dict[str, Any]:
        """The state for a checkpoint, so that a resumed run knows the best weights so far."""
        names = ("kept", "best_loss", "waited", "n_averaged")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of a checkpoint."""
        for name, value in state_dict.items():
            setattr(self, name, value)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the weights that were kept."""
        self._restore(pl_module)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore them after a run that was resumed from its last epoch, too: there is no training that could end."""
        self._restore(pl_module)

    @torch.no_grad()
    def _restore(self, pl_module: pl.LightningModule) -> None:
        for name, value in cast(NeuralModule, pl_module).network.named_parameters(remove_duplicate=False):
            if name in self.kept:
                value.copy_(self.kept[name])
