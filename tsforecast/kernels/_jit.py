"""The one compiler setting of all kernels."""

import logging
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_LOG = logging.getLogger("tsforecast")

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def njit(function: _Kernel) -> _Kernel:
    """``function``, compiled when it is first called and kept on disk.

    No fast-math, because nan must survive; division by zero gives inf, as in numpy; threads run side by side.
    """
    return cast(_Kernel, numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))


def announce(kernel: Callable[..., Any], what: str) -> None:
    """Log that ``kernel`` is about to be compiled, where neither memory nor disk has it yet."""
    cache = getattr(kernel, "_cache", None)  # none under NUMBA_DISABLE_JIT
    if cache is None or kernel.signatures:  # type: ignore[attr-defined]
        return
    folder = pathlib.Path(cache.cache_path)
    if not any(folder.glob(f"*.{kernel.__name__}-*.nbi")):
        _LOG.warning("Compiling %s: once per machine, some twenty seconds.", what)
