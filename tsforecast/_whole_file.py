"""Writes a file whole or not at all."""

import contextlib
import os
from pathlib import Path


def write_whole(path: Path, content: "bytes | memoryview") -> None:
    """Write a file beside its place and wait until it is on the disk; then it takes its name.

    Raises
    ------
    OSError
        It cannot be written: nothing is left behind, and what was there before is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a", b"1")
    ...     [(file.name, file.read_bytes()) for file in Path(folder).iterdir()]
    [('a', b'1')]
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
