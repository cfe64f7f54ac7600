"""NeuralModule: the LightningModule that trains all networks, and carries their state from chunk to chunk."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.func import functional_call

from tsforecast._types import Floats
from tsforecast.exceptions import FitError, ParameterError
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.forecasting.checkpoint import KEPT, KEY, export
from tsforecast.models.neural.forecasting.holdout import NO_HOLDOUT, HoldoutResult
from tsforecast.models.neural.heads import LossName, head_of, losses_of
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers, dropout_masks
from tsforecast.models.neural.options import Start, Training
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.models.neural.seeds import member_seeds
from tsforecast.models.neural.training.curve import TrainingCurve
from tsforecast.models.neural.training.engines import Masks, TrainingEngine, detached, engine_of, mean_losses
from tsforecast.models.neural.training.non_finite import NonFiniteLossError
from tsforecast.models.neural.training.optimiser import (
    bound_gradients,
    one_cycle,
    prior_weight,
    torch_optimizer,
)


class NeuralModule(pl.LightningModule):
    """Truncated backpropagation through time, for the runs of the estimators and under the user's own Trainer.

    The state after chunk k, detached, is the state before chunk k + 1: the one thing this module carries. Members are
    independent: the loss is the sum of their losses, and gradients are clipped member by member. So are fits side by
    side, each of ``n_members`` members: see `batches.batched_fits`.

    Under the user's own Trainer a batch is a chunk, and Lightning optimises. In the runs of the estimators a batch is
    the whole run, many chunks, and the module makes the steps itself with an engine (see `engines`), which saves what a
    Trainer does at every batch. Both make the same steps.

    Parameters
    ----------
    spec : NetworkSpec
    layout : FeatureLayout
    n_members : int
        Networks of each fit.
    loss : {"mae", "mase", "balanced", "mse", "huber", "quantile", "gaussian", "student_t", "negative_binomial"}
    lr : float
        Largest learning rate.
    training : Training, optional
    start : {"linear", "zero"}
        Whether a linear autoregression is fitted first, and kept beside the network, or left out.
    seed : int or sequence of int
        Of the first weights and of dropout; of each fit where there are several. See `seeds.seed_of`.
    automatic : bool
        Whether Lightning optimises.

    Attributes
    ----------
    network : LinearStart
    holdout : HoldoutResult
        Result of the holdout fit, in a run that makes one.
    failures : dict of int to NonFiniteLossError
        Error of each fit whose loss was not finite, by its number; training stops when all fits have failed.
    n_steps : int
        Chunks seen so far.
    total_steps : int, optional
        Optimiser steps of the learning-rate schedule; where it is None, the steps of the trainer.
    decay : Tensor, shape (n_members of all fits,), optional
        Weight decay of each member: this times its weights is added to its gradient.
    after_step : callable, optional
        Called after each step that the module makes itself, with the number of steps done, and an array of the loss,
        the norm of the gradient, and the time steps in the chunk without padding, ``(3, n_members)``.
    curves : list of TrainingCurve
        How training went, of each fit, in a run where the module makes the steps itself.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        layout: FeatureLayout,
        *,
        n_members: int = 8,
        loss: LossName = "balanced",
        lr: float = 0.01,
        training: Training | None = None,
        start: Start = "linear",
        seed: int | Sequence[int] = 0,
        automatic: bool = True,
    ) -> None:
        super().__init__()
        check_value("start", start, Start, 0)
        self.automatic_optimization, self.start = automatic, start
        self.spec, self.head, self.options, self.lr = spec, head_of(loss), training or Training(), lr
        fits = seed if isinstance(seed, Sequence) else [seed]
        self._seeds = [one for fit in fits for one in member_seeds(fit, n_members)]
        self.network = spec.build(layout, self.head.n_params, self._seeds)
        self.n_fits, self.n_steps = len(fits), 0
        self.total_steps: int | None = None
        self.decay: Tensor | None = None
        self.holdout: HoldoutResult = NO_HOLDOUT
        self.failures: dict[int, NonFiniteLossError] = {}
        self.after_step: Callable[[int, Floats], None] | None = None
        self.curves: list[TrainingCurve] = []
        self._is_fitting = self._is_within_epoch = False
        self._state: State = None
        self._validation_state: State = None
        self._validation: list[Tensor] = []
        self.validation_loss = torch.full((len(self._seeds),), math.nan)

    def members_of(self, fit: int) -> slice:
        """The members of a fit."""
        n_members = len(self._seeds) // self.n_fits
        return slice(fit * n_members, (fit + 1) * n_members)

    def setup(self, stage: str) -> None:
        """Make the holdout fit and set the linear start, where the trainer has a data module."""
        data = getattr(self.trainer, "datamodule", None)
        self._is_fitting = stage == "fit"
        if stage != "fit" or data is None:
            return
        data.n_epochs_done = 0  # a checkpoint that the fit goes on from says otherwise later
        from tsforecast.models.neural.training.recipe import holdout_fit

        if self.options.refit and bool(data.n_kept.any()):
            self.holdout = holdout_fit(self, data)
            data.use_whole()
        self.begin_from(0, data)
        if self.options.weight_decay is None:
            self.decay = torch.full((self.network.n_members,), prior_weight(data.n_obs), dtype=torch.float64)

    def begin_from(self, fit: int, data: Any) -> None:
        """Set the linear start of the members of a fit to the autoregression fitted to its data, where there is one."""
        if self.start == "linear":
            self.network.learn(data.tables[0], torch.as_tensor(data.layout.trust()), self.members_of(fit))

    def on_train_epoch_start(self) -> None:
        """Reset the state before the first chunk of an epoch."""
        self._state, self._is_within_epoch = None, True

    def on_train_epoch_end(self) -> None:
        """Count the epoch; callbacks that save checkpoints come after this."""
        self._is_within_epoch = False
        data = getattr(self.trainer, "datamodule", None)
        if data is not None:
            data.n_epochs_done += 1

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """The loss of a chunk, summed over members; or None after all steps of a run, where the module makes them."""
        if not self.automatic_optimization:
            self._run(batch)
            return None
        losses, outputs, state = mean_losses(self.head, self.network, batch, self._state, self._masks(batch))
        self._state, self.n_steps = detached(state), self.n_steps + 1
        loss = losses.sum()
        self._check(loss.item(), batch, lambda: outputs)
        return loss

    def _run(self, chunks: Iterable[Chunk]) -> None:
        """Make all steps of a run."""
        engine: TrainingEngine = engine_of(self.head, self.network, self.options, self.decay)
        total = self.total_steps or 1
        for given in chunks:
            batch = given.to(self.device)
            losses, self._state = engine.gradients(batch, self._state, self._masks(batch))
            self._check(sum(losses.tolist()), batch, lambda batch=batch: engine.outputs(batch))  # type: ignore[misc]
            factor = one_cycle(self.n_steps / total) if self.options.schedule == "onecycle" else 1.0
            norms = engine.move(self.lr * factor)
            self.n_steps += 1
            if self.after_step is not None:
                sizes = np.broadcast_to(given.n_known, losses.shape)
                self.after_step(self.n_steps, np.array([losses, norms, sizes], dtype=np.float64))

    def _masks(self, batch: Chunk) -> Masks:
        """Dropout masks of this step, a function of the seeds and the number of the step only."""
        members = self.network.members
        if type(members) is not RecurrentMembers:
            torch.manual_seed(int(np.random.SeedSequence([self._seeds[0], self.n_steps]).generate_state(1)[0]))
            return None
        if members.dropout == 0:
            return None
        return dropout_masks(members, self._seeds, self.n_steps + 1, (batch.n_steps, batch.n_streams))

    @torch.no_grad()
    def mean_loss(self, members: slice, chunks: Iterable[Chunk]) -> Tensor:
        """Mean loss over all chunks, for each of some members: ``(n_members,)``."""
        tensors = dict(self.network.named_parameters()) | dict(self.network.named_buffers())
        weights = {name: value[members] for name, value in tensors.items()}
        training = self.network.training
        self.network.eval()  # no dropout
        state: State = None
        totals, counts = [], []
        workspaces = self.network.members.workspaces()
        options = {} if workspaces is None else {"workspaces": workspaces}
        for given in chunks:
            chunk = given.to(self.device)
            state = self._first_state(chunk) if state is None else state
            rows = torch.nonzero(chunk.wanted[1][0].any(dim=-1).flatten())[:, 0]  # only the tails have a weight
            output, state = functional_call(self.network, weights, (chunk, state, rows), options)
            target, weight, scale = (part.flatten(1, 2)[:, rows, None] for part in chunk.wanted)
            totals.append(losses_of(self.head, output, target, weight, scale).sum(dim=(1, 2)))
            counts.append(weight.sum())
        self.network.train(training)
        return torch.stack(totals).sum(0) / torch.stack(counts).sum()

    def _first_state(self, chunk: Chunk) -> State:
        """The state before the first chunk of validation: initial for a network of windows, None for others."""
        return None if self.network.context is None else self.network.initial_state(chunk.n_streams)

    def _check(self, loss: float, batch: Chunk, outputs: Callable[[], Tensor]) -> None:
        """Where a loss is not finite, note which fits it belongs to; raise if all fits have failed."""
        if math.isfinite(loss):
            return
        with torch.no_grad():
            losses = losses_of(self.head, outputs(), *batch.wanted)
        bad = ~torch.isfinite(losses)  # (n_members, n_steps, n_streams)
        if not bad.any():
            raise FitError(f"The penalty of {self.spec.network.__name__} is not finite at step {self.n_steps}.")
        assert batch.rows is not None
        n_members, rows = len(bad) // self.n_fits, batch.rows.expand_as(bad)
        for member in torch.nonzero(bad.flatten(1).any(dim=1))[:, 0].tolist():
            first = int(rows[member][bad[member]][0])
            self.failures.setdefault(member // n_members, NonFiniteLossError(self.n_steps, first))
        if len(self.failures) == self.n_fits:
            raise self.failures[0]

    def on_validation_epoch_start(self) -> None:
        """Reset the state and the sums of validation."""
        self._validation_state, self._validation = None, []

    def validation_step(self, batch: Chunk, batch_idx: int) -> None:
        """Add up the losses of the validation tail."""
        state = self._first_state(batch) if self._validation_state is None else self._validation_state
        output, self._validation_state = self.network(batch, state)
        total = losses_of(self.head, output, *batch.wanted).sum(dim=(1, 2))
        self._validation.append(torch.stack([total, batch.wanted[1].sum().expand_as(total)]))

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss of the tail, and keep that of each member."""
        sums, several = torch.stack(self._validation).sum(0), self.trainer.world_size > 1
        total, count = (
            torch.as_tensor(self.all_gather(sums)).sum(0) if several else sums
        )  # each device has its own streams
        self.validation_loss = total / count
        self.log("val_loss", self.validation_loss.mean(), batch_size=1, sync_dist=several)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add to the checkpoint what an estimator needs to forecast with the weights."""
        checkpoint["n_steps"] = self.n_steps
        checkpoint["is_within_epoch"] = self._is_within_epoch and not self.trainer.is_last_batch
        data = getattr(self.trainer, "datamodule", None)
        if data is not None:
            network = self.network.take(slice(None)).cpu()
            network.load_state_dict(checkpoint.get(KEPT, {}), strict=False)
            checkpoint[KEY] = export(self.spec, network.eval(), data, self.holdout, self.start)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Raise where the checkpoint is from the middle of an epoch: some chunks would be seen twice, others never."""
        self.n_steps = checkpoint.get("n_steps", 0)
        if self._is_fitting and checkpoint.get("is_within_epoch", False):
            raise ParameterError(
                f"This checkpoint was taken in the middle of epoch {checkpoint['epoch']}, at step "
                f"{checkpoint['global_step']}; a run goes on from the end of one (save_on_train_epoch_end: true)."
            )

    def configure_optimizers(self) -> Any:
        """The optimiser and its learning-rate schedule; None where the module makes the steps itself."""
        if not self.automatic_optimization:
            return None
        optimizer = torch_optimizer(self.parameters(), self.options, self.lr)
        if self.options.schedule == "constant":
            return optimizer
        total = self._total_steps()
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: one_cycle(step / total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _total_steps(self) -> int:
        """Optimiser steps of the run, approximately: the random phase makes some epochs a chunk longer."""
        if self.total_steps is not None:
            return self.total_steps
        trainer = self.trainer
        if trainer.max_steps is not None and trainer.max_steps > 0:
            return int(trainer.max_steps)
        data = getattr(trainer, "datamodule", None)
        n_chunks = trainer.estimated_stepping_batches if data is None else data.train_dataloader().n_chunks
        epochs = 1 if data is None else int(trainer.max_epochs or 1)
        return max(epochs * int(n_chunks) // trainer.accumulate_grad_batches, 1)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient of each member by its own norm, so that members do not influence each other.

        Weight decay is added afterwards.
        """
        if gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
        by_norm = None if gradient_clip_algorithm == "value" else gradient_clip_val
        bound_gradients(optimizer.param_groups[0]["params"], by_norm, self.decay)
