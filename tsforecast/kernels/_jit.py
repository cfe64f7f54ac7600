"""The one compiler setting of all kernels."""

import logging
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core import sigutils

_LOG = logging.getLogger("tsforecast")

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def njit(function: _Kernel) -> _Kernel:
    """``function``, compiled when it is first called and kept on disk.

    No fast-math, because nan must survive; division by zero gives inf, as in numpy; threads run side by side.
    """
    return cast(_Kernel, numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))


def njit_inline(function: _Kernel) -> _Kernel:
    """`njit` of a kernel that another one calls at one place: compiled as a part of it, not once more on its own."""
    kernel = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy", inline="always")(function)
    return cast(_Kernel, kernel)


def pointer(kernel: Callable[..., Any], arguments: str) -> Any:
    """``kernel``, compiled for these arguments, to give to another kernel that calls it through its address.

    A kernel that calls another by its name is compiled together with it, once more at every level; one that gets it as
    an argument is compiled without it.
    """
    compiled: Any = kernel
    if not hasattr(compiled, "overloads"):  # under NUMBA_DISABLE_JIT
        return kernel
    compiled.compile(arguments)
    key, _ = sigutils.normalize_signature(arguments)  # type: ignore[no-untyped-call]
    return types.CompileResultWAP(compiled.overloads[key])


def announce(kernel: Callable[..., Any], what: str) -> None:
    """Log that ``kernel`` is about to be compiled, where neither memory nor disk has it yet."""
    cache = getattr(kernel, "_cache", None)  # none under NUMBA_DISABLE_JIT
    if cache is None or kernel.signatures:  # type: ignore[attr-defined]
        return
    folder = pathlib.Path(cache.cache_path)
    if not any(folder.glob(f"*.{kernel.__name__}-*.nbi")):
        _LOG.warning("Compiling %s: once per machine, some twenty seconds.", what)
