"""Eight points side by side: a kernel written once runs on one set of parameters, or on eight at the price of two.

A value per point is a *lane* of one vector (`tsforecast.kernels._simd`). The functions here read and write such values;
arithmetic between them, and with plain numbers, is that of ``float64``. An array of values has a last axis of `N_LANES`
where it holds one value per point and no such axis where there is one point only: a kernel that uses `load` and
`store`, and `zeros` for its own arrays, is compiled for either::

    x : (n,) or (n, N_LANES)            load(x, i): a number, or a number per lane

Not compiled (``NUMBA_DISABLE_JIT``) a number per lane is a numpy row.
"""

# numba's own modules are typed in part only:
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment,untyped-decorator,import-untyped"

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import Signature
from numba.extending import overload
from numba.np.arrayobj import make_array

from tsforecast._types import Floats
from tsforecast.kernels import _simd
from tsforecast.kernels._simd import VectorType, compiled, llvm_function

_LANES = VectorType(types.float64)
_NUMBER, _VECTOR = _LANES.number, _LANES.vector

N_LANES: int = _LANES.n_lanes


def _address(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...], n_indices: int) -> Any:
    """Where the value at ``args[1:1 + n_indices]`` of the array ``args[0]`` is, and whether it has lanes."""
    array = make_array(sig.args[0])(context, builder, args[0])
    kinds, values = sig.args[1 : 1 + n_indices], args[1 : 1 + n_indices]
    where = [context.cast(builder, v, kind, types.intp) for kind, v in zip(kinds, values, strict=True)]
    has_lanes = sig.args[0].ndim > n_indices
    if has_lanes:
        where.append(context.get_constant(types.intp, 0))
    address = cgutils.get_item_pointer(
        context, builder, sig.args[0], array, where, wraparound=False, boundscheck=context.enable_boundscheck
    )
    return (builder.bitcast(address, _VECTOR.as_pointer()) if has_lanes else address), has_lanes


class _Row(np.ndarray[Any, Any]):
    """A number per lane where nothing is compiled: like a number, it does not change in place."""

    __iadd__ = np.ndarray.__add__
    __isub__ = np.ndarray.__sub__
    __imul__ = np.ndarray.__mul__


def _loads(x: types.Type, *index: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        address, has_lanes = _address(context, builder, sig, args, len(index))
        if has_lanes:
            return _simd.load(builder, address, _LANES)
        return builder.load(address, align=_LANES.size, typ=_NUMBER)

    return (_LANES if x.ndim > len(index) else types.float64)(x, *index), lower


def _stores(x: types.Type, *rest: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        address, has_lanes = _address(context, builder, sig, args, len(rest) - 1)
        kind, value = sig.args[-1], args[-1]
        if has_lanes:
            _simd.store(builder, _simd.as_vector(context, builder, kind, _LANES, value), address, _LANES)
        else:
            builder.store(context.cast(builder, value, kind, types.float64), address, align=_LANES.size)
        return context.get_dummy_value()

    return types.void(x, *rest), lower


def _same_kind(value: types.Type) -> types.Type:
    """The type of a number per lane where ``value`` is one, else of a number."""
    return _LANES if isinstance(value, VectorType) else types.float64


def _zero(kind: types.Type) -> Any:
    return ir.Constant(_VECTOR, [0.0] * N_LANES) if kind is _LANES else ir.Constant(_NUMBER, 0.0)


def _elementwise(name: str) -> Callable[..., Any]:
    """What builds LLVM's function of this name, applied to a number or to every lane."""

    def build(typingctx: Any, value: types.Type) -> Any:
        kind = _same_kind(value)

        def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
            return builder.call(llvm_function(builder, name, kind, _VECTOR if kind is _LANES else _NUMBER), args)

        return kind(kind), lower

    return build


def _build_largest(typingctx: Any, value: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        kind = _same_kind(sig.args[0])
        size = builder.call(llvm_function(builder, "fabs", kind, _VECTOR if kind is _LANES else _NUMBER), args)
        if kind is _LANES:
            return builder.call(llvm_function(builder, "vector.reduce.fmax", kind, _NUMBER), [size])
        return size

    return types.float64(value), lower


def _build_first(typingctx: Any, value: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        return builder.extract_element(args[0], ir.Constant(ir.IntType(32), 0))

    return types.float64(value), lower


def _build_where_positive(typingctx: Any, test: types.Type, value: types.Type, other: types.Type) -> Any:
    kind = _same_kind(test)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], _zero(kind)), args[1], args[2])

    return kind(kind, kind, kind), lower


def _build_ratio(typingctx: Any, value: types.Type, divisor: types.Type) -> Any:
    kind = _same_kind(divisor)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        zero = _zero(kind)
        return builder.select(builder.fcmp_ordered(">", args[1], zero), builder.fdiv(args[0], args[1]), zero)

    return kind(kind, kind), lower


@compiled(lambda typingctx, x, i: _loads(x, i))
def load(x: Floats, i: int) -> Any:
    """The value ``x[i]``, per lane where x has lanes."""
    return (x[i] + 0.0).view(_Row) if x.ndim > 1 else x[i]


@compiled(lambda typingctx, x, i, j: _loads(x, i, j))
def load2(x: Floats, i: int, j: int) -> Any:
    """The value ``x[i, j]``, per lane where x has lanes."""
    return (x[i, j] + 0.0).view(_Row) if x.ndim > 2 else x[i, j]


@compiled(lambda typingctx, x, i, value: _stores(x, i, value))
def store(x: Floats, i: int, value: Any) -> None:
    """``x[i] = value``, per lane where x has lanes."""
    x[i] = value


@compiled(lambda typingctx, x, i, j, value: _stores(x, i, j, value))
def store2(x: Floats, i: int, j: int, value: Any) -> None:
    """``x[i, j] = value``, per lane where x has lanes."""
    x[i, j] = value


@compiled(_elementwise("sqrt"))
def root(value: Any) -> Any:
    """The square root, nan of what is negative."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(value)


@compiled(_elementwise("log"))
def log(value: Any) -> Any:
    """The natural logarithm."""
    return np.log(value)


@compiled(_elementwise("exp"))
def exp(value: Any) -> Any:
    """The exponential."""
    return np.exp(value)


@compiled(_build_largest)
def largest(value: Any) -> float:
    """The largest magnitude over the lanes; those that are nan are passed over."""
    return float(np.fmax.reduce(np.atleast_1d(np.abs(value))))


@compiled(_build_first)
def first(value: Any) -> float:
    """What the first lane holds."""
    return float(value[0])


@compiled(_build_where_positive)
def where_positive(test: Any, value: Any, other: Any) -> Any:
    """``value`` where ``test > 0``, else (and where it is nan) ``other``."""
    return np.where(test > 0.0, value, other)[()]


@compiled(_build_ratio)
def ratio(value: Any, divisor: Any) -> Any:
    """``value / divisor`` where the divisor is positive, else (and where it is nan) 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(divisor > 0.0, value / divisor, 0.0)[()]


def zeros(like: Floats, n: int) -> Floats:
    """Zeros, n of them, per lane where ``like``, an array of values, has lanes."""
    return np.zeros((n, *like.shape[1:]))


def zeros2(like: Floats, n: int, m: int) -> Floats:
    """Zeros, n by m, per lane where ``like``, an array of values, has lanes."""
    return np.zeros((n, m, *like.shape[1:]))


def empty2(like: Floats, n: int, m: int) -> Floats:
    """Values to be written, n by m, per lane where ``like``, an array of values, has lanes."""
    return np.empty((n, m, *like.shape[1:]))


def copied(x: Floats) -> Floats:
    """A copy of a row of values (``x.copy()`` takes the compiler many times as long)."""
    return x.copy()


def inner(x: Floats, y: Floats) -> Any:
    """Inner product of two rows of values, per lane where they have lanes."""
    return (x * y).sum(axis=0)


@overload(zeros, strict=False)
def _overload_zeros(like: types.Array, n: types.Type) -> Callable[..., Any]:
    if like.ndim == 1:
        return lambda like, n: np.zeros(n)
    return lambda like, n: np.zeros((n, N_LANES))


@overload(zeros2, strict=False)
def _overload_zeros2(like: types.Array, n: types.Type, m: types.Type) -> Callable[..., Any]:
    if like.ndim == 1:
        return lambda like, n, m: np.zeros((n, m))
    return lambda like, n, m: np.zeros((n, m, N_LANES))


@overload(empty2, strict=False)
def _overload_empty2(like: types.Array, n: types.Type, m: types.Type) -> Callable[..., Any]:
    if like.ndim == 1:
        return lambda like, n, m: np.empty((n, m))
    return lambda like, n, m: np.empty((n, m, N_LANES))


@overload(copied, strict=False)
def _overload_copied(x: types.Array) -> Callable[..., Any]:
    def copied(x: Floats) -> Floats:
        out = zeros(x, x.shape[0])
        for t in range(x.shape[0]):
            store(out, t, load(x, t))
        return out

    return copied


@overload(inner, strict=False)
def _overload_inner(x: types.Array, y: types.Array) -> Callable[..., Any]:
    if x.ndim == 1:
        return lambda x, y: np.dot(x, y)  # noqa: PLW0108 - numba wants a function of ours

    def products(x: Floats, y: Floats) -> Any:
        """Two sums at a time: each addition need not wait for the one before."""
        even, odd = load(x, 0) * load(y, 0), load(x, 0) * 0.0
        n = x.shape[0]
        for t in range(1, n - 1, 2):
            odd += load(x, t) * load(y, t)
            even += load(x, t + 1) * load(y, t + 1)
        if n % 2 == 0:
            odd += load(x, n - 1) * load(y, n - 1)
        return even + odd

    return products
