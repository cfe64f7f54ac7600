"""RecurrentModule: the LightningModule. Loss, carried state, optimiser, and the best weights of each member."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from tsforecast.exceptions import FitError, ParameterError
from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.checks import check_network
from tsforecast.models.neural.forecasting.checkpoint import KEPT, KEY, export
from tsforecast.models.neural.heads import LossName, PointHead, head_of, losses_of
from tsforecast.models.neural.networks import compiled_layer as fused
from tsforecast.models.neural.networks.cells import CellName
from tsforecast.models.neural.networks.linear_start import initialise
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork, dropout_masks
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.compiled_step import OnePass
from tsforecast.models.neural.training.descent import Descent, LeanModule, clip_by_member, decay_by_member
from tsforecast.models.neural.training.readout import point_losses

_WARM_UP = 0.25  # share of a one-cycle run in which the learning rate rises
_FIRST = 0.1  # of the largest learning rate, at the first step
_LAST = 0.01  # at the last
_PRIOR = 4.0  # observations


class RecurrentModule(LeanModule):
    """Truncated backpropagation through time under automatic optimisation.

    The state after chunk k, detached, is the state before chunk k + 1: the one thing this module carries. Members are
    independent: the loss is the sum of theirs, and clipping looks at each alone. So are fits side by side, each of
    ``n_members`` members: see `tsforecast.models.neural.batches.batched_fits`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    input_size, horizon : int
        Of the data: ``data.input_size`` and ``data.horizon``.
    hidden_size, num_layers, dropout, n_members
        See `RecurrentNetwork`.
    loss : {"mae", "mase", "balanced", "mse", "huber", "quantile", "gaussian", "student_t", "negative_binomial"}
    lr : float
        Largest learning rate.
    training : Training, optional
        Its ``optimizer``, ``weight_decay`` and ``schedule``; the rest is the Trainer's and the data's.
    random_state : int or sequence of int
        Seed of the first weights and of dropout; of each fit where there are several.

    Attributes
    ----------
    failures : dict of int to NonFiniteLossError
        Fits whose loss was not finite, by number; training stops when no other is left.
    total_steps : int, optional
        Optimiser steps of the learning-rate schedule; those of the trainer where it is None.
    decay : Tensor, shape (n_members of all fits,), optional
        What the weights of each member are multiplied with to be added to its gradient.
    is_lean : bool
        Whether the run is that of a `loop.LeanLoop`.
    one_pass, descent : OnePass and Descent, optional
        What such a run has on a processor: weights and gradients, and the optimiser.
    """

    def __init__(
        self,
        cell: CellName,
        input_size: int,
        horizon: int,
        *,
        hidden_size: int = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
        n_members: int = 8,
        loss: LossName = "balanced",
        lr: float = 0.01,
        training: Training | None = None,
        random_state: int | Sequence[int] = 0,
    ) -> None:
        super().__init__()
        check_network(hidden_size, num_layers, dropout, n_members, lr)
        self.head, self.options, self.lr = head_of(loss), training or Training(), lr
        output_size = horizon * self.head.n_params
        fits = random_state if isinstance(random_state, Sequence) else [random_state]
        self._seeds = [seed for fit in fits for seed in member_seeds(fit, n_members)]
        self.network = RecurrentNetwork(
            cell,
            input_size,
            hidden_size,
            num_layers,
            output_size,
            n_members=len(self._seeds),
            dropout=dropout,
            seeds=self._seeds,
        )
        self.n_fits = len(fits)
        self.total_steps: int | None = None
        self.decay: Tensor | None = None
        self.failures: dict[int, NonFiniteLossError] = {}
        self.one_pass: OnePass | None = None
        self.descent: Descent | None = None
        self.is_lean = False
        self._state: Tensor | None = None
        self._validation_state: Tensor | None = None
        self._validation: list[Tensor] = []
        self.validation_loss = torch.full((len(self._seeds),), math.nan)

    def setup(self, stage: str) -> None:
        """Begin from the linear autoregression that the data give."""
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and data is not None:
            initialise(self.network, data.tables[0], torch.as_tensor(data.layout.trust()), self.head.n_params)
            if self.options.weight_decay is None:
                self.decay = torch.full((self.network.n_members,), prior_weight(data.n_obs), dtype=torch.float64)

    def on_train_epoch_start(self) -> None:
        """Begin the streams of a new epoch with no state."""
        self._state = None

    def training_step(self, batch: Chunk, batch_idx: int) -> Tensor:
        """Sum over members of the mean loss of a chunk."""
        hidden, state = self._run(batch, self._masks(batch))
        losses = self._totals(hidden, batch) / batch.weight.sum(dim=(1, 2, 3)).clamp_min(1e-12)
        self._state = None if state is None else state.detach()  # values flow into the next chunk, gradients do not
        loss = losses.sum()
        if not math.isfinite(loss.item()):
            self._blame(hidden, batch)
        return loss

    def lean_step(self, batch: Chunk, largest: float | None) -> float:
        """The loss that `training_step` gives, and a step of the optimiser; gradients are clipped at ``largest``."""
        assert self.one_pass is not None
        assert self.descent is not None
        losses, self._state = self.one_pass.run(batch, self._state, self._masks(batch), largest or math.inf)
        loss = sum(losses.tolist())
        if not math.isfinite(loss):
            self._blame(self.one_pass.hidden, batch)
        factor = one_cycle(self.descent.n_steps / self._n_steps) if self.options.schedule == "onecycle" else 1.0
        self.descent.step(self.lr * factor)
        return loss

    def _masks(self, batch: Chunk) -> Sequence[Tensor] | None:
        """The dropout of this step."""
        if self.network.dropout == 0:
            return None
        step = self.trainer.fit_loop.epoch_loop.batch_progress.total.ready  # goes on where a run is resumed
        return dropout_masks(self.network, self._seeds, step, (batch.x.shape[1], batch.x.shape[2]))

    @staticmethod
    def _is_compiled(x: Tensor) -> bool:
        """Whether the compiled passes take this; under mixed precision products are torch's."""
        return fused.supports(x) and not torch.is_autocast_enabled(x.device.type)

    def _totals(self, hidden: Tensor, batch: Chunk) -> Tensor:
        """Sum of the weighted losses of a chunk, for each member."""
        if isinstance(self.head, PointHead) and self._is_compiled(hidden):
            return point_losses(self.head, self.network, hidden, batch)
        output = self.network.output(hidden, batch.x)
        return losses_of(self.head, output, batch.target, batch.weight, batch.scale).sum(dim=(1, 2))

    @property
    def _overlap(self) -> int:
        data = getattr(self._trainer, "datamodule", None)
        cut = self.options if data is None else data  # by whom chunks are cut
        return int(cut.overlap) if cut.kind == "bptt" else 0

    def _run(self, batch: Chunk, masks: Sequence[Tensor] | None) -> tuple[Tensor, Tensor | None]:
        """Outputs of the last layer, and the state where the next begins: before the steps that it repeats."""
        overlap = self._overlap
        if not overlap:
            return self.network.features(batch.x, self._state, batch.reset, masks)
        carry = max(batch.x.shape[1] - overlap, 0)
        state, parts = self._state, []
        if carry:
            before = None if masks is None else [mask[:, :carry] for mask in masks]
            part, state = self.network.features(batch.x[:, :carry], state, batch.reset[:, :carry], before)
            parts.append(part)
        after = None if masks is None else [mask[:, carry:] for mask in masks]
        parts.append(self.network.features(batch.x[:, carry:], state, batch.reset[:, carry:], after)[0])
        return torch.cat(parts, dim=1), state

    @torch.no_grad()
    def mean_loss(self, members: slice, chunks: Iterable[Chunk]) -> Tensor:
        """Mean loss over all chunks, from the first to the last, of each of some members."""
        weights = {name: value[members] for name, value in self.network.state_dict().items()}
        state, totals, counts = None, [], []
        rooms = self.network.rooms()
        for given in chunks:
            chunk: Chunk = self.transfer_batch_to_device(given, self.device, 0)
            rows = torch.nonzero(chunk.weight[0].any(dim=-1).flatten())[:, 0]  # a tail is but a part of its series
            output, state = functional_call(self.network, weights, (chunk.x, state, chunk.reset, None, rows, rooms))
            parts = (chunk.target, chunk.weight, chunk.scale)
            target, weight, scale = (part.flatten(1, 2)[:, rows, None] for part in parts)
            totals.append(losses_of(self.head, output, target, weight, scale).sum(dim=(1, 2)))
            counts.append(weight.sum())
        return torch.stack(totals).sum(0) / torch.stack(counts).sum()

    def _blame(self, hidden: Tensor, batch: Chunk) -> None:
        """Note each fit whose loss is not finite; raise where there is no other."""
        output = self.network.output(hidden, batch.x)
        losses = losses_of(self.head, output, batch.target, batch.weight, batch.scale)
        bad = ~torch.isfinite(losses)  # (n_members, n_steps, n_streams)
        n_members, rows = len(bad) // self.n_fits, batch.rows.expand_as(bad)
        for member in torch.nonzero(bad.flatten(1).any(dim=1))[:, 0].tolist():
            first = int(rows[member][bad[member]][0])
            self.failures.setdefault(member // n_members, NonFiniteLossError(self.global_step, first))
        if len(self.failures) == self.n_fits:
            raise self.failures[0]

    def on_validation_epoch_start(self) -> None:
        """Begin the streams anew."""
        self._validation_state, self._validation = None, []

    def validation_step(self, batch: Chunk, batch_idx: int) -> None:
        """Add up the losses of the validation tail."""
        output, self._validation_state = self.network(batch.x, self._validation_state, batch.reset)
        total = losses_of(self.head, output, batch.target, batch.weight, batch.scale).sum(dim=(1, 2))
        self._validation.append(torch.stack([total, batch.weight.sum().expand_as(total)]))

    def on_validation_epoch_end(self) -> None:
        """Mean loss of the tail, for each member."""
        sums, several = torch.stack(self._validation).sum(0), self.trainer.world_size > 1
        total, count = torch.as_tensor(self.all_gather(sums)).sum(0) if several else sums  # each has its own streams
        self.validation_loss = total / count
        self.log("val_loss", self.validation_loss.mean(), batch_size=1, sync_dist=several)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what an estimator needs to forecast from the weights."""
        data = getattr(self.trainer, "datamodule", None)
        if data is not None:
            network = self.network.take(slice(None)).cpu()
            network.load_state_dict(checkpoint.get(KEPT, {}), strict=False)
            checkpoint[KEY] = export(network.eval(), data)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to go on from the middle of an epoch: chunks that were seen would come again, others never."""
        progress = checkpoint.get("loops", {}).get("fit_loop", {}).get("epoch_loop.batch_progress", {})
        if self._trainer is not None and self.trainer.state.fn == "fit" and not progress.get("is_last_batch", True):
            raise ParameterError(
                f"This checkpoint was taken in the middle of epoch {checkpoint['epoch']}, at step "
                f"{checkpoint['global_step']}; a run goes on from the end of one (save_on_train_epoch_end: true)."
            )

    def configure_optimizers(self) -> Any:
        """The optimiser, and the schedule that is stepped with it."""
        options, parameters = self.options, list(self.parameters())
        weight_decay, total = options.weight_decay or 0.0, self._total_steps()
        self.one_pass = self.descent = None
        if self.is_lean and fused.supports(self.network.readout):
            self.one_pass = OnePass(self.head, self.network, self._overlap, self.decay)
            self.descent, self._n_steps = Descent(self.one_pass.weights, options.optimizer, weight_decay), total
            return None  # for Lightning
        optimizer: torch.optim.Optimizer
        if options.optimizer == "sgd":
            optimizer = torch.optim.SGD(parameters, self.lr, momentum=0.9, weight_decay=weight_decay)
        else:
            kind = torch.optim.AdamW if options.optimizer == "adamw" else torch.optim.Adam
            optimizer = kind(parameters, self.lr, weight_decay=weight_decay, fused=True)
        if options.schedule == "constant":
            return optimizer
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: one_cycle(step / total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _total_steps(self) -> int:
        """Optimiser steps of the run, near enough: the phase makes some epochs a chunk longer."""
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
        """Clip the gradient of each member by its own norm, so that members side by side do not touch each other.

        What the prior on the weights adds to it comes after.
        """
        if gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
        elif gradient_clip_val:
            clip_by_member(optimizer.param_groups[0]["params"], float(gradient_clip_val))
        if self.decay is not None:
            decay_by_member(optimizer.param_groups[0]["params"], self.decay)


def one_cycle(progress: float) -> float:
    """Factor of the learning rate after a share of the run (Smith 2018): up by a cosine, then down by one.

    Examples
    --------
    >>> [round(one_cycle(p), 3) for p in (0.0, 0.25, 1.0, 1.5)]
    [0.1, 1.0, 0.01, 0.01]
    """
    if progress < _WARM_UP:
        return 1.0 + (_FIRST - 1.0) * 0.5 * (1 + math.cos(math.pi * progress / _WARM_UP))
    rest = min((progress - _WARM_UP) / (1 - _WARM_UP), 1.0)
    return _LAST + (1.0 - _LAST) * 0.5 * (1 + math.cos(math.pi * rest))


def member_seeds(random_state: int, n_members: int) -> list[int]:
    """Seeds of the members: those of the first few stay the same however many there are.

    Examples
    --------
    >>> member_seeds(0, 1) == member_seeds(0, 3)[:1]
    True
    """
    return [int(np.random.SeedSequence([random_state, k]).generate_state(1)[0]) for k in range(n_members)]


def prior_weight(n_obs: int) -> float:
    """What weights times it are the gradient of a Gaussian prior on them: less, the more observations there are.

    Minus the logarithm of the posterior is the mean loss and ``_PRIOR / n_obs`` times half the sum of squares.

    Examples
    --------
    >>> prior_weight(400)
    0.01
    """
    return _PRIOR / n_obs


class NonFiniteLossError(FitError):
    """The loss is nan or infinite.

    Attributes
    ----------
    step : int
        Optimiser step, from 0.
    row : int
        Place, in the table of the panel, of the first observation whose loss is not finite.
    """

    def __init__(self, step: int, row: int) -> None:
        super().__init__(f"The loss is not finite at step {step}.")
        self.step, self.row = step, row
