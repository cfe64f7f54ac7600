"""Workers: a pool of our own processes, one for each core, or an executor that the caller gave."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Literal, TypeAlias, TypeVar

import cloudpickle
import loky

from tsforecast.backtest.execute.heartbeat import processor_time

AnyExecutor: TypeAlias = Literal["auto", "processes"] | Executor | None
Argument = TypeVar("Argument")
Returned = TypeVar("Returned")
# One numerical thread in each worker, so that results do not depend on their number.
_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
# A worker that has compiled kernels and loaded torch holds half a gigabyte more than at its start: that is no leak.
_ENVIRONMENT |= {"LOKY_MAX_MEMORY_LEAK_SIZE": "1e15"}
_WATCH = 0.5  # seconds between two checks that the driver is alive


class Pool:
    """An executor: our own processes, which are replaced when they break down, or one that the caller gave.

    Parameters
    ----------
    executor : "processes" or Executor
        ``"processes"`` are started by ``loky``: a script needs no ``if __name__ == "__main__":`` for them, and models
        that it defines itself reach them by value.
    """

    def __init__(self, executor: Literal["processes"] | Executor) -> None:
        self._own = None if isinstance(executor, Executor) else _processes()
        self._executor: Executor = self._own or executor  # type: ignore[assignment] # not ours: then it is one
        self.is_broken = False
        self.is_own = self._own is not None
        self.n_workers = int(getattr(self._executor, "_max_workers", None) or n_cores())

    def submit(self, function: Callable[[Argument], Returned], task: Argument) -> "Future[Returned]":
        """Hand an assignment to a worker.

        Raises
        ------
        BrokenExecutor
            The pool has broken down before.
        """
        return self._executor.submit(function, task)

    def rebuild(self) -> None:
        """Replace a pool of our own that has broken down."""
        self.close()
        self._executor = self._own = _processes()
        self.is_broken = False

    def processor_time(self) -> int:
        """Clock ticks that our own workers have used; 0 for an executor that the caller gave."""
        if self._own is None:
            return 0
        return sum(processor_time(child.pid) for child in multiprocessing.active_children() if child.pid is not None)

    def close(self) -> None:
        """Stop our own workers at once; an executor that the caller gave goes on."""
        if self._own is not None:
            self._own.shutdown(wait=True, kill_workers=True)


@contextlib.contextmanager
def open_pool(executor: Literal["processes"] | Executor) -> Iterator[Pool]:
    """A pool that is closed at the end of the block."""
    pool = Pool(executor)
    try:
        yield pool
    finally:
        pool.close()


def n_cores() -> int:
    """Cores that this process may use."""
    return int(loky.cpu_count())


def can_spread(models: object) -> bool:
    """Whether worker processes would help: there is a second core, and the models can be pickled."""
    return n_cores() > 1 and can_be_sent(models)


def can_be_sent(models: object) -> bool:
    """Whether this process may start others, and the models can be pickled."""
    if multiprocessing.current_process().daemon:  # a daemonic process may start no others
        return False
    try:
        cloudpickle.dumps(models)
    except Exception:  # pickling may raise anything; the model can still run here
        return False
    return True


def _processes() -> loky.ProcessPoolExecutor:
    return loky.ProcessPoolExecutor(n_cores(), initializer=_start_worker, initargs=(os.getpid(),), env=_ENVIRONMENT)


def _start_worker(driver: int) -> None:
    """Ignore Ctrl-C, which the driver handles, and end when the driver does, even if it is killed early."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == driver:  # an orphan is given another parent
            time.sleep(_WATCH)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
