"""The one compiler setting of all kernels."""

import logging
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core import cgutils, config, sigutils, types
from numba.extending import intrinsic

from tsforecast.kernels._cache import KernelCache

_LOG = logging.getLogger("tsforecast")

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def njit(function: _Kernel) -> _Kernel:
    """``function``, compiled when it is first called and kept on disk.

    No fast-math, because nan must survive; division by zero gives inf, as in numpy; threads run side by side.
    """
    return _kept(numba.njit(nogil=True, fastmath=False, error_model="numpy")(function))


def njit_inline(function: _Kernel) -> _Kernel:
    """`njit` of a kernel that another one calls at one place: compiled as a part of it, not once more on its own."""
    return _kept(numba.njit(nogil=True, fastmath=False, error_model="numpy", inline="always")(function))


def _kept(kernel: Any) -> Any:
    """The kernel, with a place on disk for its machine code where there is any."""
    if not config.DISABLE_JIT:  # type: ignore[attr-defined]
        try:
            kernel._cache = KernelCache(kernel.py_func)
        except RuntimeError as error:  # neither the package nor the home of the user can be written
            _LOG.info("%s; it is compiled in each process anew.", error)
    return kernel


def record(kind: type, *fields: Any) -> Any:
    """The compiler's type of a `NamedTuple` class whose fields have these types, for a signature."""
    return types.BaseTuple.from_types(fields, kind)  # type: ignore[no-untyped-call]


def address(kernel: Callable[..., Any], signature: Any) -> Any:
    """Where the machine code of ``kernel`` for this signature is, to give to another kernel that calls it by `caller`.

    A kernel that calls another by its name is compiled together with it, once more at every level; one that gets its
    address is compiled without it. Not compiled (``NUMBA_DISABLE_JIT``) it is the kernel itself.

    Signature and caller stand below the kernel, under its name: of ``minimise``, ``MINIMISE`` and ``call_minimise``.
    """
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return kernel
    compiled: Any = kernel
    arguments, _ = sigutils.normalize_signature(signature)  # type: ignore[no-untyped-call]
    compiled.compile(arguments)
    result = compiled.overloads[arguments]
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


def caller(signature: Any) -> Any:
    """What calls a kernel of this signature at an address from within a kernel: ``call(address, (arguments, ...))``."""
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return lambda kernel, arguments: kernel(*arguments)
    wanted, result = sigutils.normalize_signature(signature)  # type: ignore[no-untyped-call]

    def build(typingctx: Any, where: Any, arguments: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            values = [
                context.cast(builder, builder.extract_value(args[1], i), kind, target)
                for i, (kind, target) in enumerate(zip(sig.args[1], wanted, strict=True))
            ]
            kind = context.call_conv.get_function_type(result, wanted)
            function = builder.inttoptr(args[0], kind.as_pointer())
            status, out = context.call_conv.call_function(builder, function, result, wanted, values)
            with cgutils.if_unlikely(builder, status.is_error):  # type: ignore[no-untyped-call]
                context.call_conv.return_status_propagate(builder, status)
            return out

        return result(where, arguments), lower

    return intrinsic(build)


def is_compiled(kernel: Callable[..., Any]) -> bool:
    """Whether memory or disk has machine code of ``kernel``, or none is wanted (``NUMBA_DISABLE_JIT``)."""
    cache = getattr(kernel, "_cache", None)  # none under NUMBA_DISABLE_JIT
    if cache is None or kernel.signatures:  # type: ignore[attr-defined]
        return True
    if cache.cache_path is None:  # nowhere to keep it
        return False
    return any(pathlib.Path(cache.cache_path).glob(f"*.{kernel.__name__}-*.nbi"))


def announce(what: str) -> None:
    """Log that kernels are about to be compiled."""
    _LOG.warning("Compiling %s: once per machine, about a quarter of a minute.", what)


def run_beside(statement: str) -> "subprocess.Popen[bytes] | None":
    """A process that runs a statement of Python, where there are two processors; kernels it compiles go to the disk."""
    if (os.cpu_count() or 1) < 2 or getattr(sys, "frozen", False):
        return None
    nothing = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", statement], stdin=nothing, stdout=nothing, stderr=nothing)
