"""Numbers side by side in one register, 64 bytes of float32 or float64, and products of tiles of them.

numba leaves it to its compiler to find vectors in loops; what decides the time of a recurrent network is said here
instead, in LLVM's words. A *vector* is `lanes` numbers that lie side by side in a flat array: `take` reads it, `put`
writes it, arithmetic between them and with plain numbers is that of numbers. `tile` is a product of matrices so small
that its result stays in registers. Not compiled (``NUMBA_DISABLE_JIT``) a vector is a numpy row.
"""

# numba's own modules are typed in part only:
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment,untyped-decorator,import-untyped"

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba.core import cgutils, config, types
from numba.core.typing.templates import AbstractTemplate, Signature, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, overload, register_model
from numba.np.arrayobj import make_array

N_BYTES = 64
ROWS = 4 if get_host_cpu_features().get("avx512f", False) else 1  # of a tile of four vectors: as registers allow
_CONTRACT = ("contract",)  # a b + c is rounded once
_ONE, _HALF = np.float32(1), np.float32(0.5)  # no upcast of float32
# tanh(x) = x p(x**2) / q(x**2) up to 8.3, q(0) = 1: the relative error is the least possible, 2.0e-7
_LIMIT = np.float32(8)  # where it rounds to 1
_P = (0.9999998029156033, 0.12899058739302785, 0.0029224714999817026, 1.1120919433403268e-05)
_Q = (0.46232235882502454, 0.023698671384656613, 0.00023463851343000146, 2.361252428361997e-07)
_P0, _P1, _P2, _P3 = (np.float32(p) for p in _P)
_Q1, _Q2, _Q3, _Q4 = (np.float32(q) for q in _Q)
_S0, _S1, _S2, _S3 = (np.float32(p / 4 ** (k + 1)) for k, p in enumerate(_P))  # of half of it at half of x
_T1, _T2, _T3, _T4 = (np.float32(q / 4 ** (k + 1)) for k, q in enumerate(_Q))
_TWICE = np.float32(16)
_INDEX = ir.IntType(64)


class _VectorType(types.Type):
    """The compiler's type of a vector of this dtype."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(name=f"Vector({dtype})")
        self.dtype = dtype
        self.n_lanes = N_BYTES * 8 // dtype.bitwidth
        self.size = dtype.bitwidth // 8
        self.vector = ir.VectorType(ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType(), self.n_lanes)


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: _VectorType) -> None:
        super().__init__(manager, kind, kind.vector)


def _spread(builder: Any, kind: _VectorType, number: Any) -> Any:
    """``number`` in every lane."""
    nothing = ir.Constant(kind.vector, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), kind.n_lanes), [0] * kind.n_lanes)
    return builder.shuffle_vector(first, nothing, lanes)


def _as_vector(context: Any, builder: Any, kind: types.Type, target: _VectorType, value: Any) -> Any:
    if isinstance(kind, _VectorType):
        return value
    return _spread(builder, target, context.cast(builder, value, kind, target.dtype))


def _define(symbol: Callable[..., Any], instruction: str) -> None:
    """An arithmetic operator between vectors, or one and a plain number, as one instruction."""

    class Template(AbstractTemplate):
        def generic(self, args: tuple[types.Type, ...], kws: dict[str, types.Type]) -> Signature | None:
            vectors = [kind for kind in args if isinstance(kind, _VectorType)]
            known = all(isinstance(kind, (_VectorType, types.Float, types.Integer)) for kind in args)
            return signature(vectors[0], *args) if vectors and known else None

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        left, right = (
            _as_vector(context, builder, kind, sig.return_type, value)
            for kind, value in zip(sig.args, args, strict=True)
        )
        return getattr(builder, instruction)(left, right, flags=_CONTRACT)

    infer_global(symbol)(type(f"Vector_{symbol.__name__}", (Template,), {"key": symbol}))
    for pair in ((_VectorType, _VectorType), (_VectorType, types.Number), (types.Number, _VectorType)):
        lower_builtin(symbol, *pair)(lower)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


def _compiled(build: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a plain function: where kernels are compiled, the instructions from ``build`` take its place."""

    def choose(plain: Callable[..., Any]) -> Any:
        return plain if config.DISABLE_JIT else intrinsic(prefer_literal=True)(build)

    return choose


def _pointer(context: Any, builder: Any, kind: types.Array, array: Any) -> Any:
    return make_array(kind)(context, builder, array).data


def _check(context: Any, builder: Any, kind: types.Array, array: Any, last: Any) -> None:
    """Raise, where bounds are checked, if the place ``last`` is none of the array."""
    if not context.enable_boundscheck:
        return
    n = make_array(kind)(context, builder, array).nitems
    with builder.if_then(builder.icmp_unsigned(">=", last, n), likely=False):
        context.call_conv.return_user_exc(builder, IndexError, ("a vector ends past its array",))


def _moved(builder: Any, start: Any, step: Any, count: int) -> Any:
    return builder.add(start, builder.mul(step, ir.Constant(_INDEX, count)))


def _at(builder: Any, pointer: Any, index: Any, kind: _VectorType) -> Any:
    """The address of the vector that begins at a place of an array."""
    return builder.bitcast(builder.gep(pointer, [index]), kind.vector.as_pointer())


def _load(builder: Any, address: Any, kind: _VectorType) -> Any:
    return builder.load(address, align=kind.size, typ=kind.vector)


def _build_take(typingctx: Any, x: types.Array, i: types.Type) -> Any:
    kind = _VectorType(x.dtype)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        index = context.cast(builder, args[1], sig.args[1], types.int64)
        last = builder.add(index, ir.Constant(_INDEX, kind.n_lanes - 1))
        _check(context, builder, sig.args[0], args[0], last)
        return _load(builder, _at(builder, _pointer(context, builder, sig.args[0], args[0]), index, kind), kind)

    return kind(x, i), lower


def _build_put(typingctx: Any, x: types.Array, i: types.Type, value: types.Type) -> Any:
    kind = _VectorType(x.dtype)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        index = context.cast(builder, args[1], sig.args[1], types.int64)
        vector = _as_vector(context, builder, sig.args[2], kind, args[2])
        last = builder.add(index, ir.Constant(_INDEX, kind.n_lanes - 1))
        _check(context, builder, sig.args[0], args[0], last)
        address = _at(builder, _pointer(context, builder, sig.args[0], args[0]), index, kind)
        builder.store(vector, address, align=kind.size)
        return context.get_dummy_value()

    return types.void(x, i, value), lower


def _build_within(typingctx: Any, value: types.Type, limit: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        number = context.cast(builder, args[1], sig.args[1], sig.args[0].dtype)
        top = _spread(builder, sig.args[0], number)
        bottom = _spread(builder, sig.args[0], builder.fneg(number))
        low = builder.select(builder.fcmp_ordered(">", args[0], top), top, args[0])  # nan stays nan
        return builder.select(builder.fcmp_ordered("<", low, bottom), bottom, low)

    return value(value, limit), lower


def _build_signed(typingctx: Any, value: types.Type, sign: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        size, other = args
        nothing = ir.Constant(sig.args[0].vector, [0.0] * sig.args[0].n_lanes)
        below = builder.select(builder.fcmp_ordered("<", other, nothing), builder.fneg(size), builder.fmul(size, other))
        return builder.select(builder.fcmp_ordered(">", other, nothing), size, below)  # of zero, zero; of nan, nan

    return value(value, sign), lower


def _build_each_tanh(typingctx: Any, value: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        one = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()])
        function, out = cgutils.get_or_insert_function(builder.module, one, "tanh"), args[0]
        for lane in range(sig.args[0].n_lanes):
            place = ir.Constant(ir.IntType(32), lane)
            out = builder.insert_element(out, builder.call(function, [builder.extract_element(args[0], place)]), place)
        return out

    return value(value), lower


@_compiled(_build_take)
def take(x: Any, i: int) -> Any:
    """The vector that begins at ``x[i]``."""
    return x[i : i + N_BYTES // x.itemsize].copy()


@_compiled(_build_put)
def put(x: Any, i: int, value: Any) -> None:
    """Write a vector, or a number in every lane, from ``x[i]`` on."""
    x[i : i + N_BYTES // x.itemsize] = value


@_compiled(_build_signed)
def signed(value: Any, other: Any) -> Any:
    """``value`` times the sign of ``other``."""
    return value * np.sign(other)


@_compiled(_build_within)
def within(value: Any, limit: Any) -> Any:
    """``value``, no further from zero than ``limit``; nan stays nan."""
    return np.clip(value, -limit, limit)


@_compiled(_build_each_tanh)
def _each_tanh(value: Any) -> Any:
    return np.tanh(value)


def lanes(x: Any) -> int:
    """Numbers in a vector of the dtype of the array ``x``."""
    return N_BYTES // int(x.itemsize)


@overload(lanes, inline="always")
def _compiled_lanes(x: Any) -> Callable[[Any], int]:
    n_lanes = _VectorType(x.dtype).n_lanes

    def count(x: Any) -> int:
        return n_lanes

    return count


def tanh(x: Any) -> Any:
    """Hyperbolic tangent of a vector; compiled in float32 it is a ratio of polynomials.

    They were found by weighted least squares whose weights make all errors alike (Lawson 1961). Past 8 the answer is 1.
    Relative error below 5e-7, nan stays nan.
    """
    return np.tanh(x)


@overload(tanh)
def _compiled_tanh(x: Any) -> Callable[[Any], Any]:
    def short(x: Any) -> Any:
        y = within(x, _LIMIT)
        s = y * y
        p = y * (((_P3 * s + _P2) * s + _P1) * s + _P0)
        return p / ((((_Q4 * s + _Q3) * s + _Q2) * s + _Q1) * s + _ONE)

    def exact(x: Any) -> Any:
        return _each_tanh(x)

    return short if x.dtype == types.float32 else exact


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))`` of a vector, as ``tanh(x / 2) / 2 + 1 / 2``."""
    return _HALF + _HALF * np.tanh(_HALF * x)


@overload(sigmoid)
def _compiled_sigmoid(x: Any) -> Callable[[Any], Any]:
    def short(x: Any) -> Any:
        y = within(x, _TWICE)
        s = y * y
        p = y * (((_S3 * s + _S2) * s + _S1) * s + _S0)
        return _HALF + p / ((((_T4 * s + _T3) * s + _T2) * s + _T1) * s + _ONE)

    def exact(x: Any) -> Any:
        return _HALF + _HALF * _each_tanh(_HALF * x)

    return short if x.dtype == types.float32 else exact


def _build_tile(typingctx: Any, n_rows: Any, n_vectors: Any, sizes: Any, a: Any, b: Any, start: Any, out: Any) -> Any:
    kind = _VectorType(out.dtype)
    shape = (n_rows.literal_value, n_vectors.literal_value)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        numbers = [
            context.cast(builder, builder.extract_value(args[2], k), which, types.int64)
            for k, which in enumerate(sig.args[2])
        ]
        for k, last in enumerate(_last_places(builder, kind, shape, numbers), start=3):
            _check(context, builder, sig.args[k], args[k], last)
        pointers = [_pointer(context, builder, sig.args[k], args[k]) for k in (3, 4, 5, 6)]
        _multiply(builder, kind, shape, numbers, pointers)
        return context.get_dummy_value()

    return types.void(n_rows, n_vectors, sizes, a, b, start, out), lower


def _last_places(builder: Any, kind: _VectorType, shape: tuple[int, int], numbers: Any) -> list[Any]:
    """The last places of its arrays that `tile` touches; the first of a and b where it touches none."""
    n_inner, a_at, a_row, a_step, b_at, b_step, *rows = numbers
    nothing, width = ir.Constant(_INDEX, 0), ir.Constant(_INDEX, shape[1] * kind.n_lanes - 1)
    some = builder.icmp_signed(">", n_inner, nothing)
    steps = builder.sub(n_inner, ir.Constant(_INDEX, 1))
    last_a = builder.add(_moved(builder, a_at, a_row, shape[0] - 1), builder.mul(a_step, steps))
    last_b = builder.add(builder.add(b_at, builder.mul(b_step, steps)), width)
    last = [builder.add(_moved(builder, rows[k], rows[k + 1], shape[0] - 1), width) for k in (0, 2)]
    return [builder.select(some, last_a, nothing), builder.select(some, last_b, nothing), *last]


def _multiply(builder: Any, kind: _VectorType, shape: tuple[int, int], numbers: Any, pointers: Any) -> None:
    """The instructions of `tile`."""
    n_inner, a_at, a_row, a_step, b_at, b_step, start_at, start_row, out_at, out_row = numbers
    a, b, start, out = pointers
    places = [(r, v) for r in range(shape[0]) for v in range(shape[1])]

    def column(begin: Any, v: int) -> Any:
        return builder.add(begin, ir.Constant(_INDEX, v * kind.n_lanes))

    def address(array: Any, at: Any, row: Any, place: tuple[int, int]) -> Any:
        return _at(builder, array, column(_moved(builder, at, row, place[0]), place[1]), kind)

    first = {place: _load(builder, address(start, start_at, start_row, place), kind) for place in places}
    factor_rows = [builder.gep(a, [_moved(builder, a_at, a_row, r)]) for r in range(shape[0])]
    before = builder.basic_block
    head, body, done = (builder.append_basic_block(name) for name in ("tile.head", "tile.body", "tile.done"))
    builder.branch(head)
    builder.position_at_end(head)
    k = builder.phi(_INDEX)
    sums = {place: builder.phi(kind.vector) for place in places}
    k.add_incoming(ir.Constant(_INDEX, 0), before)
    for place in places:
        sums[place].add_incoming(first[place], before)
    builder.cbranch(builder.icmp_signed("<", k, n_inner), body, done)
    builder.position_at_end(body)
    at, step = builder.add(b_at, builder.mul(k, b_step)), builder.mul(k, a_step)
    columns = [_load(builder, _at(builder, b, column(at, v), kind), kind) for v in range(shape[1])]
    factors = [_spread(builder, kind, builder.load(builder.gep(row, [step]))) for row in factor_rows]
    for r, v in places:
        product = builder.fmul(factors[r], columns[v], flags=_CONTRACT)
        sums[r, v].add_incoming(builder.fadd(sums[r, v], product, flags=_CONTRACT), body)
    k.add_incoming(builder.add(k, ir.Constant(_INDEX, 1)), body)
    builder.branch(head)
    builder.position_at_end(done)
    for place in places:
        builder.store(sums[place], address(out, out_at, out_row, place), align=kind.size)


@_compiled(_build_tile)
def tile(n_rows: int, n_vectors: int, sizes: Any, a: Any, b: Any, start: Any, out: Any) -> None:
    """``out[r, :] = start[r, :] + sum over k of a[r, k] * b[k, :]``: a tile of a product.

    Its rows and vectors a row are constants, so that the sums stay in registers; each is made in the order of k, and
    does not depend on the others.

    Parameters
    ----------
    n_rows, n_vectors : int
        Constants.
    sizes : tuple of int
        Number of k; place of ``a[0, 0]``, steps between its rows and between its k; place of ``b[0, 0]``, steps between
        its k; place of ``start[0, 0]``, steps between its rows; the same of ``out``.
    a, b, start, out : ndarray, flat
        ``start`` may be ``out``.
    """
    n_inner, a_at, a_row, a_step, b_at, b_step, start_at, start_row, out_at, out_row = sizes
    width = n_vectors * lanes(out)
    for r in range(n_rows):
        total = start[start_at + r * start_row :][:width].copy()
        for k in range(n_inner):
            total += a[a_at + r * a_row + k * a_step] * b[b_at + k * b_step :][:width]
        out[out_at + r * out_row :][:width] = total
