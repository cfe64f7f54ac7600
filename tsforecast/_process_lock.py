"""A lock of this process, for what belongs to the process and not to a thread."""

import functools
import os
import threading
from collections.abc import Callable


def process_lock() -> "Callable[[], threading.RLock]":
    """A function that returns a lock, always the same one but in a forked child, which has a new one.

    Make it before there are threads. A lock that is held while a process forks would stay held in the child.

    Examples
    --------
    >>> lock = process_lock()
    >>> with lock():
    ...     lock() is lock()
    True
    """
    lock = functools.cache(threading.RLock)
    lock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock.cache_clear)
    return lock
