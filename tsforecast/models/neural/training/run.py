"""Trains networks with Lightning, quietly, and leaves the process as it was."""

import contextlib
import logging
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence

import pytorch_lightning as pl
import torch

from tsforecast.exceptions import FitError, ParameterError
from tsforecast.models.neural.batches.batched_fits import Course, JointLoader
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.batches.streams import Chunk, ChunkLoader
from tsforecast.models.neural.networks.linear_start import initialise
from tsforecast.models.neural.options import Training
from tsforecast.models.neural.training.best_weights import Keeper
from tsforecast.models.neural.training.loop import make_lean
from tsforecast.models.neural.training.module import NonFiniteLossError, RecurrentModule, prior_weight

_ROWS = 8192  # steps times streams times members of a validation chunk, where the chunks of training are shorter
_WORTH_A_GPU = 65_536  # networks times streams times hidden_size
_SMALL = 1_000_000  # inputs of a panel whose chunks are held
_ROUND = 10  # steps: fits of nearly equal length make equally many, and can be trained side by side


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Within: one thread of torch. After: as many as before."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a small network is slower on more, and sums in another order
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def quiet_torch(seed: int) -> Iterator[None]:
    """Within: one thread, a seeded generator, float32, silence. After: everything as it was before."""
    dtype = torch.get_default_dtype()
    deterministic = torch.are_deterministic_algorithms_enabled()
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with one_thread(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(pytorch_)?lightning")
        warnings.filterwarnings("ignore", message=".*(lightning|dataloader|workers).*")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        torch.manual_seed(seed)
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            torch.use_deterministic_algorithms(deterministic)
            if workspace is None:  # Lightning sets it for a deterministic run
                os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within: Lightning ends the process when it is interrupted. After: that is the `KeyboardInterrupt` that it was."""
    try:
        yield
    except SystemExit as end:
        raise end.__context__ if isinstance(end.__context__, KeyboardInterrupt) else end from None


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
    plain = module.network.dropout == 0 and options.overlap == 0 and options.precision == "32-true"
    loader = JointLoader(courses, n_members, whole=not plain or module.head.probabilistic)
    watched = options.patience > 0 and options.averaging == 0 and not options.refit
    keeper = Keeper(loader, [_tail(data, n_members) if watched else None for data in fits], options)
    for k, data in enumerate(fits):
        trust, members = torch.as_tensor(data.layout.trust()), slice(k * n_members, (k + 1) * n_members)
        initialise(module.network, data.tables[0], trust, module.head.n_params, members)
    module.total_steps = courses[0].n_steps
    if options.weight_decay is None:
        priors = [prior_weight(data.n_obs) for data in fits]
        module.decay = torch.tensor(priors, dtype=torch.float64).repeat_interleave(n_members)
    trainer = pl.Trainer(
        accelerator=_accelerator(options, module, courses[0].loader.n_streams),
        devices=1,
        max_epochs=1,
        gradient_clip_val=options.gradient_clip_val,
        callbacks=[keeper],
        precision="64-true" if fits[0].dtype == torch.float64 else options.precision,
        deterministic=options.deterministic,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    if options.precision == "32-true":
        make_lean(trainer, module, loader)
    with contextlib.suppress(NonFiniteLossError), interruptible():  # the former is told below, with its series
        trainer.fit(module, train_dataloaders=loader)
    module.cpu()
    module.network.eval()
    return [_failure(module.failures.get(k), data) for k, data in enumerate(fits)]


def _accelerator(options: Training, module: RecurrentModule, n_streams: int) -> str:
    if options.accelerator == "gpu" and not torch.cuda.is_available():
        raise ParameterError("accelerator='gpu' needs a GPU that torch can use; there is none here.")
    size = module.network.n_members * n_streams * module.network.hidden_size
    if options.accelerator == "auto":
        return "gpu" if torch.cuda.is_available() and size >= _WORTH_A_GPU else "cpu"
    return options.accelerator


def course_of(data: StreamDataModule, options: Training, max_epochs: int | None) -> Course:
    """The steps of a fit to these data."""
    loader, every_epoch = data.train_dataloader(), options.averaging > 0
    if max_epochs is not None:
        return Course(loader, max_epochs * loader.n_chunks, max_epochs, every_epoch=every_epoch)
    return Course(loader, steps_for(data.n_obs, options), every_epoch=every_epoch)


def _tail(data: StreamDataModule, n_members: int) -> Iterable[Chunk] | None:
    """The validation chunks, longer than those of training where these are small: there is no gradient to cut.

    Those of a small panel are made once for all validations.
    """
    loader = data.val_dataloader()
    if not isinstance(loader, ChunkLoader) or not loader.table.weight.any():
        return None
    loader.bptt_length = max(loader.bptt_length, _ROWS // (loader.n_streams * n_members))
    return list(loader) if loader.table.x.numel() < _SMALL else loader


def _failure(error: NonFiniteLossError | None, data: StreamDataModule) -> FitError | None:
    if error is None:
        return None
    name = data.id_at(error.row)
    reason = f"the loss is not finite at step {error.step}"
    return FitError(f"Series {name!r}: {reason}.", failures={str(name): reason})


def steps_for(n_obs: int, options: Training) -> int:
    """Optimiser steps: more for more data, by its square root, in tens, or what ``max_steps`` says.

    Examples
    --------
    >>> steps_for(144, Training()), steps_for(160_000, Training()), steps_for(144, Training(max_steps=10))
    (60, 2000, 10)
    """
    return options.max_steps or max(math.ceil(5 * math.sqrt(n_obs) / _ROUND) * _ROUND, 60)
