"""Context managers for a training run: threads, random generator, loggers, warnings and interrupts."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator

import torch

from tsforecast._process_lock import process_lock

_lock = process_lock()  # what the contexts below set belongs to the process, not to a thread


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Torch uses one thread within the context, and as many as before after it.

    Threads of the caller's own wait for each other here.
    """
    with _lock():
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # a small network is slower on more, and sums in another order
        try:
            yield
        finally:
            torch.set_num_threads(threads)


@contextlib.contextmanager
def quiet_torch(seed: int) -> Iterator[None]:
    """One thread, a seeded generator, float32 and no log messages within the context; all restored after it.

    Threads of the caller's own wait for each other here.
    """
    with _lock(), _quiet(seed):
        yield


@contextlib.contextmanager
def _quiet(seed: int) -> Iterator[None]:
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
    """Turns the `SystemExit` that Lightning raises when it is interrupted back into a `KeyboardInterrupt`."""
    try:
        yield
    except SystemExit as end:
        raise end.__context__ if isinstance(end.__context__, KeyboardInterrupt) else end from None
