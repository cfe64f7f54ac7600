"""Compiled kernels on disk: many processes may read and fill one folder at once."""

import functools
import hashlib
import logging
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

_LOG = logging.getLogger("tsforecast")
_WAIT = 30.0  # seconds for others to write; a write takes a few milliseconds


class KernelCache(FunctionCache):
    """numba's own cache, safe where processes write at once, and where its files are damaged or cannot be written.

    numba reads the index of a kernel, adds to it and writes it back, and numbers the files of machine code: two
    processes that compile one kernel for two signatures at once give both the same number, and one of them is later
    handed the code of the other. Here an index is changed under a lock, and a file of machine code is named by what it
    is for and written before the index tells of it. numba compiles a kernel anew when its own file has changed; as a
    kernel holds the code of others that it calls, here it is compiled anew when any file of the kernels has.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call] # numba
        stamp = (self._cache_file._source_stamp, _stamp_of_kernels())
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, stamp)  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for a signature, or None; a damaged file counts as none and is written anew."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call] # numba
        except Exception as error:  # what a damaged pickle raises can be anything
            _LOG.warning("A compiled kernel in %s cannot be read (%r); compiling it anew.", self.cache_path, error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel for other processes, if that can be done: this one has it in any case."""
        import filelock  # only here: it takes longer to import than a compiled kernel to load

        try:
            # The system frees the lock of a process that is killed.
            with filelock.FileLock(Path(self.cache_path) / "kernels.lock", timeout=_WAIT):
                super().save_overload(sig, data)  # type: ignore[no-untyped-call] # numba
        except OSError as error:  # a full disk, a folder that cannot be written, a holder that was stopped
            _LOG.warning("A compiled kernel cannot be kept in %s (%s).", self.cache_path, error)


class _Files(IndexDataCacheFile):
    """The files of one kernel: an index, and machine code for each signature and kind of processor."""

    def save(self, key: Any, data: Any) -> None:
        """Write machine code under a name of its own, then the index that names it."""
        digest = hashlib.sha256(repr((self._source_stamp, self._version, key)).encode()).hexdigest()[:16]
        name = self._data_name_pattern.format(number=int(digest, 16))
        self._save_data(name, data)  # type: ignore[no-untyped-call] # numba
        try:
            overloads = self._load_index()  # type: ignore[no-untyped-call] # numba
        except Exception:  # what a damaged pickle raises can be anything
            overloads = {}
        self._save_index({**overloads, key: name})  # type: ignore[no-untyped-call] # numba


@functools.cache
def _stamp_of_kernels() -> bytes:
    """A hash of the source of all kernels."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).digest()
