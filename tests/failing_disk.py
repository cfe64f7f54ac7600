"""A disk on which the k-th operation goes wrong: for tests of what is left then, and of what can be gone on with."""

import builtins
import errno
import io
import os
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
import pytest

How = Literal["stopped", "killed", "full"]


class Killed(BaseException):
    """The process is gone: every later operation raises this too, so that nothing is tidied up."""


class FailingDisk:
    """Counts what is done to files in a folder, and has it fail from the k-th operation on.

    Parameters
    ----------
    folder : Path
        Operations on other files are not counted; those that would change one are in ``elsewhere``.
    at : int
        The operation that fails, counted from 1.
    how : {"stopped", "killed", "full"}
        Ctrl-C at this operation; a process that is gone from then on; no room from then on, for what needs room.
    """

    def __init__(self, folder: Path, at: int, how: How) -> None:
        self.folder, self.at, self.how = str(folder.absolute()), at, how
        self.n_done = 0
        self.elsewhere: list[str] = []

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put this disk in the place of the true one, as far as Python code and Parquet files go."""
        for name, needs_room in {
            "replace": True,
            "rename": True,
            "mkdir": True,
            "unlink": False,
            "rmdir": False,
        }.items():
            monkeypatch.setattr(os, name, self._counted(getattr(os, name), needs_room))
        monkeypatch.setattr(os, "remove", os.unlink)
        monkeypatch.setattr(os, "open", self._opened(os.open))
        monkeypatch.setattr(os, "fsync", self._synced)
        monkeypatch.setattr(io, "open", self._opened(io.open))
        monkeypatch.setattr(builtins, "open", io.open)
        monkeypatch.setattr(pq, "ParquetWriter", _parquet_writer(self))

    def step(self, *, needs_room: bool) -> None:
        """Count an operation, which may fail."""
        self.n_done += 1
        if self.n_done < self.at:
            return
        if self.how == "killed":
            raise Killed
        if self.how == "stopped" and self.n_done == self.at:
            raise KeyboardInterrupt
        if self.how == "full" and needs_room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def holds(self, path: Any, *, changes: bool) -> bool:
        """Whether a path is in the folder."""
        if isinstance(path, int):
            return False
        name = str(Path(os.fsdecode(path)).absolute())
        inside = name == self.folder or name.startswith(self.folder + os.sep)
        if changes and not inside and not name.startswith(os.devnull):
            self.elsewhere.append(name)
        return inside

    def _counted(self, real: Any, needs_room: bool) -> Any:
        def call(path: Any, *args: Any, **options: Any) -> Any:
            if self.holds(path, changes=True):
                self.step(needs_room=needs_room)
            return real(path, *args, **options)

        return call

    def _synced(self, handle: int) -> None:
        self.step(needs_room=True)  # and no more: no power cut is tried here

    def _opened(self, real: Any) -> Any:
        def call(path: Any, mode: Any = "r", *args: Any, **options: Any) -> Any:
            is_text = isinstance(mode, str)
            writes = bool(set(mode) & set("wax+")) if is_text else bool(mode & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if not self.holds(path, changes=writes):
                return real(path, mode, *args, **options)
            self.step(needs_room=writes)
            opened = real(path, mode, *args, **options)
            return _HalfWritten(opened, self) if writes and is_text else opened

        return call


class _HalfWritten:
    """A file of which the write that fails leaves a half."""

    def __init__(self, file: Any, disk: FailingDisk) -> None:
        self._file, self._disk = file, disk

    def write(self, content: Any) -> int:
        try:
            self._disk.step(needs_room=True)
        except BaseException:
            self._file.write(content[: len(content) // 2])
            raise
        return int(self._file.write(content))

    def __enter__(self) -> "_HalfWritten":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _parquet_writer(disk: FailingDisk) -> type[pq.ParquetWriter]:
    class Writer(pq.ParquetWriter):
        def __init__(self, path: Any, *args: Any, **options: Any) -> None:
            self.is_open = False
            if disk.holds(path, changes=True):
                disk.step(needs_room=True)
            super().__init__(path, *args, **options)

        def write_table(self, *args: Any, **options: Any) -> None:
            disk.step(needs_room=True)
            super().write_table(*args, **options)

        def close(self) -> None:
            if self.is_open:
                self.is_open = False  # whatever happens: it is not closed a second time
                disk.step(needs_room=True)
                self.is_open = True
            super().close()

    return Writer
