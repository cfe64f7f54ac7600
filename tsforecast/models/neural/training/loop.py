"""The epoch of a Lightning run with nothing in it that small networks do not need.

Lightning's own asks at every step what may have been switched on: loggers, profilers, progress bars, accumulation,
validation in mid-epoch, schedules by the epoch. `LeanLoop` is for runs that have none of it, as those of the estimators
(see `learner`); steps, hooks and counters are Lightning's, in its order.
"""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop
from torch import Tensor

from tsforecast.models.neural.batches.batched_fits import JointLoader, marked
from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.training.module import RecurrentModule


class LeanLoop(_TrainingEpochLoop):
    """Automatic optimisation: a step of the optimiser for each batch, on one device and in full precision.

    Parameters
    ----------
    trainer : Trainer
    module : RecurrentModule
    loader : JointLoader
        What the trainer was given, which is iterated over without what Lightning puts around it.
    """

    def __init__(self, trainer: pl.Trainer, module: RecurrentModule, loader: JointLoader) -> None:
        held = trainer.fit_loop.epoch_loop
        super().__init__(trainer, held.min_steps, held.max_steps)
        self.module, self.loader = module, loader

    def run(self, data_fetcher: Any) -> None:
        """All steps of the epoch."""
        self.reset()
        for batch_idx, (batch, is_last) in enumerate(marked(self.loader)):
            self.batch_progress.is_last_batch = is_last
            self._step(batch, batch_idx)

    def _step(self, batch: Chunk, batch_idx: int) -> None:
        trainer, module, progress = self.trainer, self.module, self.batch_progress
        counts = self.automatic_optimization.optim_progress.optimizer.step
        progress.increment_ready()
        progress.increment_started()
        counts.increment_ready()
        loss: Any
        if module.one_pass is not None:
            loss = module.lean_step(batch, trainer.gradient_clip_val)
        else:
            batch = module.transfer_batch_to_device(batch, module.device, 0)
            loss = self._step_by_graph(batch, batch_idx)
        counts.increment_completed()
        progress.increment_processed()
        for callback in trainer.callbacks:
            callback.on_train_batch_end(trainer, module, loss, batch, batch_idx)
        module.on_train_batch_end(loss, batch, batch_idx)
        progress.increment_completed()
        self._batches_that_stepped += 1

    def _step_by_graph(self, batch: Chunk, batch_idx: int) -> Tensor:
        trainer, module, optimizer = self.trainer, self.module, self.trainer.optimizers[0]
        loss = module.training_step(batch, batch_idx)
        module.optimizer_zero_grad(0, batch_idx, optimizer)
        torch.autograd.backward(loss)
        module.configure_gradient_clipping(optimizer, trainer.gradient_clip_val)
        optimizer.step()
        for config in trainer.lr_scheduler_configs:
            config.scheduler.step()
        return loss


def make_lean(trainer: pl.Trainer, module: RecurrentModule, loader: JointLoader) -> None:
    """Let ``trainer``, in which nothing is switched on, run its epoch by a `LeanLoop`."""
    module.is_lean = True
    trainer.fit_loop.epoch_loop = LeanLoop(trainer, module, loader)
