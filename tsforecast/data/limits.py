"""How much of a file memory holds: bounds that are checked before memory is taken."""

from pathlib import Path

from tsforecast._memory import memory_bytes
from tsforecast.exceptions import DataError

_SHARE = 4  # the tables made of a file take several times its size


def check_size(path: Path, n_bytes: int, what: str) -> None:
    """Raise a `DataError` where so many bytes are more than a quarter of the memory of this machine."""
    most = memory_bytes() // _SHARE
    if n_bytes > most:
        raise DataError(
            f"{path} {what} {n_bytes / 1e9:.1f} GB; no more than {most / 1e9:.1f} GB, a quarter of the memory here, "
            "can be read at once. Split it into files of some of the series."
        )
