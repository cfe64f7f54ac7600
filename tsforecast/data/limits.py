"""How much of a file memory holds: bounds that are checked before memory is taken."""

import contextlib
import os
from pathlib import Path

from tsforecast.exceptions import DataError

_UNKNOWN = 16 * 2**30  # where the system does not tell
_CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may use
_SHARE = 4  # the tables made of a file take several times its size


def check_size(path: Path, n_bytes: int, what: str) -> None:
    """Raise a `DataError` where so many bytes are more than a quarter of the memory of this machine."""
    most = memory_bytes() // _SHARE
    if n_bytes > most:
        raise DataError(
            f"{path} {what} {n_bytes / 1e9:.1f} GB; no more than {most / 1e9:.1f} GB, a quarter of the memory here, "
            "can be read at once. Split it into files of some of the series."
        )


def memory_bytes() -> int:
    """Bytes of memory of this machine, or of the container this process runs in.

    Examples
    --------
    >>> memory_bytes() > 0
    True
    """
    try:
        known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        known = [_UNKNOWN]
    with contextlib.suppress(OSError, ValueError):  # no container, or "max"
        known.append(int(_CGROUP.read_text()))
    return min(known)
