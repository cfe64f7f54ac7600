"""How much memory this machine has, and whether a table fits into it."""

import contextlib
import os
from pathlib import Path

_BYTES = 8  # of a number
_SHARE = 2  # a half of the memory
_UNKNOWN = 8 * 2**30  # where the system does not tell
_CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may use


def fits_in_memory(n_rows: int, n_columns: int) -> bool:
    """Whether a table of numbers takes at most half of this machine's memory.

    Examples
    --------
    >>> fits_in_memory(1000, 10), fits_in_memory(10**14, 10)
    (True, False)
    """
    return n_rows * n_columns * _BYTES <= memory_bytes() // _SHARE


def memory_bytes() -> int:
    """Bytes of memory of this machine, or of the container this process runs in.

    Examples
    --------
    >>> memory_bytes() > 0
    True
    """
    try:
        known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):  # no such question on Windows
        known = [_UNKNOWN]
    with contextlib.suppress(OSError, ValueError):  # no container, or "max"
        known.append(int(_CGROUP.read_text()))
    return min(known)
