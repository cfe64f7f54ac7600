"""silent: no warnings of some kinds within a context, in a program of many threads, too."""

import contextlib
import warnings
from collections.abc import Iterator

from tsforecast._process_lock import process_lock

_lock = process_lock()  # the filters of warnings belong to the process, not to a thread


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
