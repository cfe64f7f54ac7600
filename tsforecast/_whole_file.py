"""Writes a file whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: Path, beside: Path | None = None, *, at_once: bool = True) -> Iterator[Path]:
    """Another name to write a file under, which gets its own name when the block ends without an error.

    Parameters
    ----------
    path : Path
    beside : Path, optional
        The other name, in the same folder.
    at_once : bool
        Whether to wait until the file is on the disk.

    Raises
    ------
    OSError
        It cannot be written: nothing is left behind, and what was there before is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as beside:
    ...         _ = beside.write_text("1")
    ...     [(file.name, file.read_text()) for file in Path(folder).iterdir()]
    [('a.txt', '1')]
    """
    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}") if beside is None else beside
    try:
        yield beside
        if at_once:
            with beside.open("rb+") as file:
                os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: "bytes | memoryview", beside: Path | None = None, *, at_once: bool = True) -> None:
    """Write a file with some content beside its place; then it takes its name. Arguments and errors of `whole_file`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a", b"1")
    ...     [(file.name, file.read_bytes()) for file in Path(folder).iterdir()]
    [('a', b'1')]
    """
    with whole_file(path, beside, at_once=False) as name, name.open("wb") as file:
        file.write(content)
        if at_once:
            file.flush()
            os.fsync(file.fileno())
