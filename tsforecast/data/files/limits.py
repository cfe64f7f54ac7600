"""Limits on the size of files, checked before memory is allocated."""

from pathlib import Path

from tsforecast._memory import memory_bytes
from tsforecast.exceptions import DataError

_SHARE = 4  # tables made from a file take several times its size


def check_size(path: Path, n_bytes: int, what: str) -> None:
    """Raise a `DataError` where ``n_bytes`` exceed a quarter of the memory of this machine."""
    most = memory_bytes() // _SHARE
    if n_bytes > most:
        raise DataError(
            f"{path} {what} {n_bytes / 1e9:.1f} GB; no more than {most / 1e9:.1f} GB, a quarter of the memory here, "
            "can be read at once. Split it into files of some of the series."
        )
