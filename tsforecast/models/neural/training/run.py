"""Training runs of the estimators: several fits side by side under one Lightning Trainer."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytorch_lightning as pl
import torch

from tsforecast._types import Floats
from tsforecast.exceptions import FitError, ParameterError
from tsforecast.models.neural.batches.batched_fits import BatchedFits, FitSchedule
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.batches.streams import ChunkLoader
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.best_weights import BestWeights
from tsforecast.models.neural.training.constants import learn_constants
from tsforecast.models.neural.training.curve import CurveRecord
from tsforecast.models.neural.training.module import NeuralModule
from tsforecast.models.neural.training.non_finite import NonFiniteLossError
from tsforecast.models.neural.training.optimiser import prior_weight
from tsforecast.models.neural.training.quiet import interruptible

_VALIDATION_ROWS = 8192  # least steps times streams times members of a validation chunk
_WORTH_A_GPU = 65_536  # networks times streams times units
_SMALL_PANEL = 1_000_000  # inputs: validation chunks of a smaller panel are kept in memory
_STEPS_ROUNDED_TO = 10  # so that fits of nearly equal length have equally many and can be trained side by side


def train(module: NeuralModule, data: StreamDataModule, options: Training, max_epochs: int | None) -> None:
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
    module: NeuralModule, fits: Sequence[StreamDataModule], options: Training, max_epochs: int | None
) -> list[FitError | None]:
    """Fit the weights of ``module`` in place, for several fits at once; return the error of each, or None.

    The members of ``module`` are those of the first fit, then of the second and so on. All fits must have one shape;
    the weights of each are those it would get alone. Without weights, no step is made: see `learn_constants`.
    """
    module.options, n_members = options, module.network.n_members // len(fits)
    module.curves = CurveRecord(len(fits)).curves()
    batches = BatchedFits(
        [schedule_of(data, options, max_epochs) for data in fits], n_members, whole=_is_padded(module, options)
    )
    for k, data in enumerate(fits):
        module.begin_from(k, data)
    if not module.network.has_weights:
        return [_failure(_constants(module, k, data), data) for k, data in enumerate(fits)]
    module.total_steps = batches.schedules[0].n_steps
    if options.weight_decay is None:
        priors = [prior_weight(data.n_obs) for data in fits]
        module.decay = torch.tensor(priors, dtype=torch.float64).repeat_interleave(n_members)
    watch = _Watch(
        module, batches, [_tail(data, n_members) if _is_watched(options) else None for data in fits], options
    )
    trainer = pl.Trainer(
        accelerator=_accelerator(options, module, batches.schedules[0].loader.n_streams),
        devices=1,
        max_epochs=1,
        callbacks=[watch.best],
        precision="64-true" if fits[0].dtype == torch.float64 else options.precision,
        deterministic=options.deterministic,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with contextlib.suppress(NonFiniteLossError), interruptible():  # the error is returned below, with its series
        trainer.fit(module, train_dataloaders=_WholeRun(batches, watch))
    module.cpu()
    module.network.eval()
    module.curves = watch.record.curves()
    return [_failure(module.failures.get(k), data) for k, data in enumerate(fits)]


def _constants(module: NeuralModule, fit: int, data: StreamDataModule) -> NonFiniteLossError | None:
    module.network.eval()
    return learn_constants(module.network, module.head, data.tables[0], module.members_of(fit))


class _WholeRun:
    """All chunks of a run as one batch, which the Trainer iterates over."""

    def __init__(self, batches: BatchedFits, watch: "_Watch") -> None:
        self.batches, self.watch = batches, watch

    def __iter__(self) -> Iterator[Iterable[Chunk]]:
        """The one batch; the weights before the first step are noted, too."""
        yield self.watch.begun(self.batches)


class _Watch:
    """Notes the weights of each fit at its validations, and stops a fit whose patience is used up.

    Without a tail to validate on, a fit keeps the weights of its last step.
    """

    def __init__(
        self,
        module: NeuralModule,
        batches: BatchedFits,
        tails: Sequence[Iterable[Chunk] | None],
        options: Training,
    ) -> None:
        self.module, self.batches, self.tails, self.averaging = module, batches, tails, options.averaging
        self.best, self.record = BestWeights(options.patience, options.averaging), CurveRecord(len(tails))
        module.after_step = self.after_step

    def begun(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The chunks. The weights before the first of them are noted: they are a candidate for the best, too."""
        for fit in range(len(self.tails)):
            self._note(fit, 0)
        yield from chunks

    def after_step(self, step: int, told: Floats) -> None:
        """Record a step, and note the weights of the fits that are due after it."""
        self.record.add(self.batches.epochs, told)
        for fit in self.batches.due.pop(step, ()):
            self._note(fit, step)

    def _note(self, fit: int, step: int) -> None:
        schedule, tail = self.batches.schedules[fit], self.tails[fit]
        if schedule.stopped:
            return
        if step > 0 and self.averaging > 0:
            if step >= (1 - self.averaging) * schedule.n_steps:
                self.best.average(self.module, fit)
            return
        loss = None if tail is None else self.module.mean_loss(self.module.members_of(fit), tail)
        if loss is not None:
            self.record.add_validation(fit, schedule.n_epochs, float(loss.double().mean()))
        schedule.stopped = self.best.note(self.module, fit, loss)


def _is_watched(options: Training) -> bool:
    return options.patience > 0 and options.averaging == 0 and not options.refit


def _is_padded(module: NeuralModule, options: Training) -> bool:
    """Whether chunks are padded to one length, so that a fit gets the same numbers alone and among others."""
    members: Any = module.network.members
    if type(members) is not RecurrentMembers:
        return False
    return members.dropout > 0 or options.precision != "32-true" or module.head.probabilistic


def _accelerator(options: Training, module: NeuralModule, n_streams: int) -> str:
    if options.accelerator == "gpu" and not torch.cuda.is_available():
        raise ParameterError("accelerator='gpu' needs a GPU that torch can use; there is none here.")
    if options.accelerator == "auto":
        size = module.network.n_members * n_streams * _n_units(module)
        return "gpu" if torch.cuda.is_available() and size >= _WORTH_A_GPU else "cpu"
    return options.accelerator


def _n_units(module: NeuralModule) -> int:
    """Units of the widest layer; for other networks the square root of the number of weights."""
    members: Any = module.network.members
    if type(members) is RecurrentMembers:
        return max(members.hidden_sizes)
    return math.isqrt(sum(weight[0].numel() for weight in members.parameters()))


def schedule_of(data: StreamDataModule, options: Training, max_epochs: int | None) -> FitSchedule:
    """The schedule of a fit to these data: its chunks and number of steps."""
    loader, every_epoch = data.train_dataloader(), options.averaging > 0
    if max_epochs is not None:
        return FitSchedule(loader, max_epochs * loader.n_chunks, max_epochs, every_epoch=every_epoch)
    return FitSchedule(loader, steps_for(data.n_obs, options), every_epoch=every_epoch)


def _tail(data: StreamDataModule, n_members: int) -> Iterable[Chunk] | None:
    """The validation chunks, which may be longer than those of training: no gradient has to be cut.

    Those of a small panel are made once and kept for all validations.
    """
    loader = data.val_dataloader()
    if not isinstance(loader, ChunkLoader) or not loader.table.weight.any():
        return None
    loader.bptt_length = max(loader.bptt_length, _VALIDATION_ROWS // (loader.n_streams * n_members))
    return list(loader) if loader.table.x.numel() < _SMALL_PANEL else loader


def _failure(error: NonFiniteLossError | None, data: StreamDataModule) -> FitError | None:
    if error is None:
        return None
    name = data.id_at(error.row)
    reason = f"the loss is not finite at step {error.step}"
    return FitError(f"Series {name!r}: {reason}.", failures={str(name): reason})


def steps_for(n_obs: int, options: Training) -> int:
    """Optimiser steps of a run: ``max_steps``, or 5 times the square root of the number of observations, in tens.

    Examples
    --------
    >>> steps_for(144, Training()), steps_for(160_000, Training()), steps_for(144, Training(max_steps=10))
    (60, 2000, 10)
    """
    return options.max_steps or max(math.ceil(5 * math.sqrt(n_obs) / _STEPS_ROUNDED_TO) * _STEPS_ROUNDED_TO, 60)
