"""silent: no warnings of some kinds within a context, in a program of many threads, too."""

import contextlib
import functools
import os
import threading
import warnings
from collections.abc import Iterator


@functools.cache
def _lock() -> "threading.RLock":
    """The lock of this process: the filters of warnings belong to the process, not to a thread."""
    return threading.RLock()


_lock()  # made before there are threads
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_lock.cache_clear)  # a lock that is held stays so in a forked child


@contextlib.contextmanager
def silent(*categories: type[Warning]) -> Iterator[None]:
    """No warnings of these categories within the context; the filters are as before after it.

    Threads wait for each other here: of two that overlapped, one would put back the filters of the other.

    Examples
    --------
    >>> with silent(UserWarning):
    ...     warnings.warn("nobody is told", UserWarning, stacklevel=1)
    """
    with _lock(), warnings.catch_warnings():
        for category in categories:
            warnings.simplefilter("ignore", category)
        yield
