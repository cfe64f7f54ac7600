"""Executors of the jobs of a run, by name."""

import contextlib
from collections.abc import Iterator

from tsforecast.backtest.execute.workers import AnyExecutor
from tsforecast.exceptions import MissingDependencyError, ParameterError, RunFolderError


@contextlib.contextmanager
def open_executor(name: str) -> Iterator[AnyExecutor]:
    """The executor with the name ``"auto"``, ``"here"`` (this process), ``"processes"``, or ``"dask://HOST:PORT"``.

    Raises
    ------
    ParameterError
        The name is none of these.
    MissingDependencyError
        A Dask scheduler is named and the extra ``dask`` is not installed.
    RunFolderError
        No scheduler answers.

    Examples
    --------
    >>> with open_executor("processes") as executor:
    ...     executor
    'processes'
    """
    if name == "here":
        yield None
    elif name in ("auto", "processes"):
        yield "auto" if name == "auto" else "processes"
    elif name.startswith("dask://"):
        with _dask(name.removeprefix("dask://")) as executor:
            yield executor
    else:
        raise ParameterError(f"executor={name!r} is none of 'auto', 'here', 'processes' and 'dask://HOST:PORT'.")


@contextlib.contextmanager
def _dask(address: str) -> Iterator[AnyExecutor]:
    try:
        import distributed
    except ImportError as error:
        raise MissingDependencyError("Dask is not installed; install tsforecast[dask].") from error
    try:
        client = distributed.Client(f"tcp://{address}", timeout=10)
    except OSError as error:
        raise RunFolderError(f"No Dask scheduler answers at {address}: {error}.") from error
    with client, client.get_executor(pure=False, retries=0) as executor:
        yield executor
