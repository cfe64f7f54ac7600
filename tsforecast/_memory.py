"""How much memory a table may take: asked before it is made."""

import os

_BYTES = 8  # of a number
_SHARE = 2  # a half of the memory
_USUAL = 8 * 2**30  # where the system does not tell


def fits_in_memory(n_rows: int, n_columns: int) -> bool:
    """Whether a table of numbers takes at most half of this machine's memory.

    Examples
    --------
    >>> fits_in_memory(1000, 10), fits_in_memory(10**14, 10)
    (True, False)
    """
    return n_rows * n_columns * _BYTES <= _physical() // _SHARE


def _physical() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no such question on Windows
        return _USUAL
