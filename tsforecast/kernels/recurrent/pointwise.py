"""What is done to each number of a vector: hyperbolic tangent and sigmoid, signs, bounds."""

# numba's own modules are typed in part only:
# mypy: disable-error-code="no-untyped-call,attr-defined,untyped-decorator,import-untyped"

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import Signature
from numba.extending import overload

from tsforecast.kernels._simd import compiled, spread

_ONE, _HALF = np.float32(1), np.float32(0.5)  # no upcast of float32
# tanh(x) = x p(x**2) / q(x**2) up to 8.3, q(0) = 1: the relative error is the least possible, 2.0e-7
_LIMIT = np.float32(8)  # where it rounds to 1
_P = (0.9999998029156033, 0.12899058739302785, 0.0029224714999817026, 1.1120919433403268e-05)
_Q = (0.46232235882502454, 0.023698671384656613, 0.00023463851343000146, 2.361252428361997e-07)
_P0, _P1, _P2, _P3 = (np.float32(p) for p in _P)
_Q1, _Q2, _Q3, _Q4 = (np.float32(q) for q in _Q)
_S0, _S1, _S2, _S3 = (np.float32(p / 4 ** (k + 1)) for k, p in enumerate(_P))  # of half of it at half of x
_T1, _T2, _T3, _T4 = (np.float32(q / 4 ** (k + 1)) for k, q in enumerate(_Q))
_LIMIT_OF_SIGMOID = np.float32(16)


def _build_within(typingctx: Any, value: types.Type, limit: types.Type) -> Any:
    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        number = context.cast(builder, args[1], sig.args[1], sig.args[0].dtype)
        top = spread(builder, sig.args[0], number)
        bottom = spread(builder, sig.args[0], builder.fneg(number))
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


@compiled(_build_signed)
def signed(value: Any, other: Any) -> Any:
    """``value`` times the sign of ``other``."""
    return value * np.sign(other)


@compiled(_build_within)
def within(value: Any, limit: Any) -> Any:
    """``value``, no further from zero than ``limit``; nan stays nan."""
    return np.clip(value, -limit, limit)


@compiled(_build_each_tanh)
def _each_tanh(value: Any) -> Any:
    return np.tanh(value)


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
        y = within(x, _LIMIT_OF_SIGMOID)
        s = y * y
        p = y * (((_S3 * s + _S2) * s + _S1) * s + _S0)
        return _HALF + p / ((((_T4 * s + _T3) * s + _T2) * s + _T1) * s + _ONE)

    def exact(x: Any) -> Any:
        return _HALF + _HALF * _each_tanh(_HALF * x)

    return short if x.dtype == types.float32 else exact
