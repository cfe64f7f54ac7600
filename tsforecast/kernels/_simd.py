"""Numbers side by side in one register of 64 bytes: their type, arithmetic between them, reading and writing.

numba leaves it to LLVM to find vectors in loops, and does not find those that decide the time of a recurrent network or
of a likelihood at eight points; here they are said in LLVM's own words. A *vector* is `lanes` numbers that lie side by
side in an array: sixteen of float32, eight of float64. `take` reads one, `put` writes one, arithmetic between vectors,
and with plain numbers, is that of numbers. Not compiled (``NUMBA_DISABLE_JIT``) a vector is a numpy row.

What else vectors can do is where it is used: `tsforecast.kernels.arma.lanes` and `tsforecast.kernels.recurrent.tile`.
"""

# numba's own modules are typed in part only:
# mypy: disable-error-code="no-untyped-call,attr-defined,assignment,untyped-decorator,import-untyped"

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, config, types
from numba.core.typing.templates import AbstractTemplate, Signature, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, overload, register_model
from numba.np.arrayobj import make_array

N_BYTES = 64
CONTRACT = ("contract",)  # a b + c is rounded once
INDEX = ir.IntType(64)

_LANE = ir.IntType(32)
_NUMBER = (types.Float, types.Integer)


class VectorType(types.Type):
    """The compiler's type of a vector of this dtype; a plain number may stand where one is wanted."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(name=f"Vector({dtype})")
        self.dtype = dtype
        self.n_lanes = N_BYTES * 8 // dtype.bitwidth
        self.size = dtype.bitwidth // 8
        self.number = ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType()
        self.vector = ir.VectorType(self.number, self.n_lanes)

    def unify(self, typingctx: Any, other: types.Type) -> types.Type | None:
        """The vector, where the other is a plain number."""
        return self if isinstance(other, _NUMBER) else None


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: VectorType) -> None:
        super().__init__(manager, kind, kind.vector)


def spread(builder: Any, kind: VectorType, number: Any) -> Any:
    """Instructions for ``number`` in every lane."""
    nothing = ir.Constant(kind.vector, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(_LANE, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_LANE, kind.n_lanes), [0] * kind.n_lanes))


def as_vector(context: Any, builder: Any, kind: types.Type, target: VectorType, value: Any) -> Any:
    """Instructions for a value of type ``kind`` as a vector: itself, or a number in every lane."""
    if isinstance(kind, VectorType):
        return value
    return spread(builder, target, context.cast(builder, value, kind, target.dtype))


@lower_cast(types.Float, VectorType)
@lower_cast(types.Integer, VectorType)
def _number_to_vector(context: Any, builder: Any, source: types.Type, target: VectorType, value: Any) -> Any:
    return as_vector(context, builder, source, target, value)


def _define(plain: Callable[..., Any], in_place: Callable[..., Any], instruction: str) -> None:
    """An arithmetic operator between vectors, or one and a plain number, as one instruction."""

    class Template(AbstractTemplate):
        def generic(self, args: tuple[types.Type, ...], kws: dict[str, types.Type]) -> Signature | None:
            vectors = [kind for kind in args if isinstance(kind, VectorType)]
            known = all(isinstance(kind, (VectorType, *_NUMBER)) for kind in args)
            return signature(vectors[0], *args) if vectors and known else None

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        left, right = (
            as_vector(context, builder, kind, sig.return_type, value)
            for kind, value in zip(sig.args, args, strict=True)
        )
        return getattr(builder, instruction)(left, right, flags=CONTRACT)

    for symbol in (plain, in_place):
        infer_global(symbol)(type(f"Vector_{symbol.__name__}", (Template,), {"key": symbol}))
        for pair in ((VectorType, VectorType), (VectorType, types.Number), (types.Number, VectorType)):
            lower_builtin(symbol, *pair)(lower)


_define(operator.add, operator.iadd, "fadd")
_define(operator.sub, operator.isub, "fsub")
_define(operator.mul, operator.imul, "fmul")
_define(operator.truediv, operator.itruediv, "fdiv")


def compiled(build: Callable[..., Any], *, prefer_literal: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a plain function: where kernels are compiled, the instructions from ``build`` take its place.

    With ``prefer_literal`` these are told the values of constants, beside their types.
    """

    def choose(plain: Callable[..., Any]) -> Any:
        return plain if config.DISABLE_JIT else intrinsic(prefer_literal=prefer_literal)(build)

    return choose


def load(builder: Any, address: Any, kind: VectorType) -> Any:
    """Instruction that reads the vector at an address; it need not be aligned to more than its numbers are."""
    return builder.load(address, align=kind.size, typ=kind.vector)


def store(builder: Any, value: Any, address: Any, kind: VectorType) -> None:
    """Instruction that writes a vector to an address."""
    builder.store(value, address, align=kind.size)


def llvm_function(builder: Any, name: str, kind: types.Type, result: ir.Type) -> Any:
    """LLVM's own function ``name`` of a vector, or of a float64."""
    argument, suffix = ir.DoubleType(), "f64"
    if isinstance(kind, VectorType):
        argument, suffix = kind.vector, f"v{kind.n_lanes}f{8 * kind.size}"
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [argument]), f"llvm.{name}.{suffix}")


def pointer(context: Any, builder: Any, kind: types.Array, array: Any) -> Any:
    """Where the numbers of an array begin."""
    return make_array(kind)(context, builder, array).data


def vector_at(builder: Any, begin: Any, index: Any, kind: VectorType) -> Any:
    """The address of the vector that begins at a place of an array."""
    return builder.bitcast(builder.gep(begin, [index]), kind.vector.as_pointer())


def check(context: Any, builder: Any, kind: types.Array, array: Any, last: Any) -> None:
    """Instructions that raise, where bounds are checked, if the place ``last`` is none of the array."""
    if not context.enable_boundscheck:
        return
    n = make_array(kind)(context, builder, array).nitems
    with builder.if_then(builder.icmp_unsigned(">=", last, n), likely=False):
        context.call_conv.return_user_exc(builder, IndexError, ("a vector ends past its array",))


def _checked_place(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...], kind: VectorType) -> Any:
    """The address of the vector that begins at place ``args[1]`` of the flat array ``args[0]``."""
    index = context.cast(builder, args[1], sig.args[1], types.int64)
    check(context, builder, sig.args[0], args[0], builder.add(index, ir.Constant(INDEX, kind.n_lanes - 1)))
    return vector_at(builder, pointer(context, builder, sig.args[0], args[0]), index, kind)


def _build_take(typingctx: Any, x: types.Array, i: types.Type) -> Any:
    kind = VectorType(x.dtype)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        return load(builder, _checked_place(context, builder, sig, args, kind), kind)

    return kind(x, i), lower


def _build_put(typingctx: Any, x: types.Array, i: types.Type, value: types.Type) -> Any:
    kind = VectorType(x.dtype)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        vector = as_vector(context, builder, sig.args[2], kind, args[2])
        store(builder, vector, _checked_place(context, builder, sig, args, kind), kind)
        return context.get_dummy_value()

    return types.void(x, i, value), lower


@compiled(_build_take, prefer_literal=True)
def take(x: Any, i: int) -> Any:
    """The vector that begins at ``x[i]`` of a flat array."""
    return x[i : i + N_BYTES // x.itemsize].copy()


@compiled(_build_put, prefer_literal=True)
def put(x: Any, i: int, value: Any) -> None:
    """Write a vector, or a number in every lane, from ``x[i]`` of a flat array on."""
    x[i : i + N_BYTES // x.itemsize] = value


def lanes(x: Any) -> int:
    """Numbers in a vector of the dtype of the array ``x``."""
    return N_BYTES // int(x.itemsize)


@overload(lanes, inline="always")
def _compiled_lanes(x: Any) -> Callable[[Any], int]:
    n_lanes = VectorType(x.dtype).n_lanes

    def count(x: Any) -> int:
        return n_lanes

    return count
