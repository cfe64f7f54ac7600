"""The one compiler setting of all kernels."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def njit(function: _Kernel) -> _Kernel:
    """``function``, compiled when it is first called and kept on disk.

    No fast-math, because nan must survive; division by zero gives inf, as in numpy; threads run side by side.
    """
    return cast(_Kernel, numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))
