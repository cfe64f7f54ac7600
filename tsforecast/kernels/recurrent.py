"""Recurrences of rnn, lstm and gru, forward and backward, a whole chunk in one call.

The equations and their letters are those of ``tsforecast.models.rnn.cells``; the gradients are written out by hand. A
forward kernel leaves the activated gates in ``gates``, for the backward one; where it is given no inputs, their part of
the gates must be there before. Arrays are contiguous, all float32 or all float64, in named sizes:

    inputs         (n_members or 1, n_steps, n_streams, n_inputs), a last input of 1 carries the bias; or n_inputs = 0
    gates, dgates  (n_members, n_steps, n_streams, n_gates * hidden_size); gru: a fourth in dgates
    weight         U transposed, (n_members, hidden_size, n_gates * hidden_size)
    weights        that, d of the gru, (n_members, 1, hidden_size), and W transposed with the bias as its last row
    state, dstate  (n_parts, n_members, n_streams, hidden_size); the state comes in as before the first step and
                   goes out as after the last, its gradient the other way round
    keep           (n_members or 1, n_steps, n_streams): 0 where the state before the step is reset
    trace          (1 or 2, n_members, n_steps, n_streams, hidden_size): what the backward kernel needs of each step
    hs, dhs        (n_members, n_steps, n_streams, hidden_size)
    span           (n_rows, begin, end): streams are cut to blocks of n_rows, counted on from member to member; the call
                   computes blocks begin to end, which do not touch the others
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from llvmlite.binding import get_host_cpu_features  # type: ignore[import-untyped]  # ships no types
from numba import types
from numba.extending import overload

from tsforecast.kernels._jit import njit

Span: TypeAlias = tuple[int, int, int]

_ONE, _TWO, _HALF, _QUARTER = np.float32(1), np.float32(2), np.float32(0.5), np.float32(0.25)  # no upcast of float32
_LIMIT = np.float32(9)
_P1, _P2, _P3 = np.float32(17325 / 135135), np.float32(378 / 135135), np.float32(1 / 135135)
_Q1, _Q2, _Q3 = np.float32(62370 / 135135), np.float32(3150 / 135135), np.float32(28 / 135135)

# Rows up to which four lines of loop beat the call of a matrix product: OpenBLAS has kernels for small matrices where
# there is AVX-512, and packs (and starts threads for) every one of them elsewhere.
_FEW = 1 if get_host_cpu_features().get("avx512f", False) else 32


def tanh(x: float) -> float:
    """Hyperbolic tangent; compiled in float32 it is a ratio of polynomials that the compiler turns into vector code.

    Lambert's continued fraction (1761) to seven levels gives ``tanh(y) = p / q`` for ``y = x / 2``, and
    ``tanh(2 y) = 2 p q / (p**2 + q**2)``; past 9 the answer is 1. Relative error below 4e-7, nan stays nan.
    """
    return np.tanh(x)


@overload(tanh)
def _compiled_tanh(x: Any) -> Callable[[Any], Any]:
    def exact(x: Any) -> Any:
        return math.tanh(x)

    def short(x: Any) -> Any:
        x = _LIMIT if x > _LIMIT else x
        x = -_LIMIT if x < -_LIMIT else x
        y = _HALF * x
        s = y * y
        p = y * (((_P3 * s + _P2) * s + _P1) * s + _ONE)
        q = ((_Q3 * s + _Q2) * s + _Q1) * s + _ONE
        return _TWO * p * q / (p * p + q * q)

    return short if x == types.float32 else exact


@njit
def product(a: Any, b: Any, out: Any) -> None:
    """``a @ b`` into ``out``."""
    n_inner, n_columns = b.shape
    if a.shape[0] > _FEW:
        np.dot(a, b, out)
        return
    whole = n_inner - n_inner % 4
    for i in range(a.shape[0]):
        row = out[i]
        row[:] = 0
        for k in range(0, whole, 4):
            a0, a1, a2, a3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            for j in range(n_columns):
                row[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j]
        for k in range(whole, n_inner):
            for j in range(n_columns):
                row[j] += a[i, k] * b[k, j]


@njit
def _place(unit: int, n_rows: int, n_streams: int) -> Any:
    """Member, first stream and last stream (exclusive) of a block."""
    n_blocks = (n_streams + n_rows - 1) // n_rows
    first = unit % n_blocks * n_rows
    return unit // n_blocks, first, min(first + n_rows, n_streams)


@njit
def _project(inputs: Any, weight: Any, gates: Any, e: int, t: int, a: int, z: int) -> None:
    """The inputs' part of the gates of one step of a block, unless it is there already."""
    if inputs.shape[3] > 0:
        product(inputs[min(e, inputs.shape[0] - 1), t, a:z], weight[e], gates[e, t, a:z])


@njit
def _copy(values: Any, keep: Any, out: Any) -> None:
    """Rows of ``values`` into ``out``, zeros where the state is reset, even if the value there is nan."""
    for b in range(out.shape[0]):
        row, value = out[b], values[b]
        if keep[b] == 0:
            row[:] = 0
        else:
            for j in range(row.size):
                row[j] = value[j]


@njit
def _store(values: Any, out: Any) -> None:
    for b in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[b, j] = values[b, j]


@njit
def _clear(values: Any, keep: Any) -> None:
    """Zeros in rows where the state is reset: no gradient passes there."""
    for b in range(values.shape[0]):
        if keep[b] == 0:
            values[b] = 0


@njit
def rnn_forward(inputs: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``, which is ``gates``; trace: h before each step."""
    _, n_steps, n_streams, size = hs.shape
    products = np.empty((min(span[0], n_streams), size), hs.dtype)
    for unit in range(span[1], span[2]):
        e, a, z = _place(unit, span[0], n_streams)
        mask, h, part = keep[min(e, keep.shape[0] - 1)], state[0, e, a:z], products[: z - a]
        for t in range(n_steps):
            _copy(h, mask[t, a:z], trace[0, e, t, a:z])
            _project(inputs, weights[2], gates, e, t, a, z)
            product(trace[0, e, t, a:z], weights[0][e], part)
            h = hs[e, t, a:z]
            _add_tanh(gates[e, t, a:z].reshape(-1), part.reshape(-1))
        _store(h, state[0, e, a:z])


@njit
def _add_tanh(x: Any, p: Any) -> None:
    for j in range(x.size):
        x[j] = tanh(x[j] + p[j])


@njit
def rnn_backward(hs: Any, weight: Any, keep: Any, trace: Any, dhs: Any, dstate: Any, dgates: Any, span: Span) -> None:
    """Gradients of the gates into ``dgates``."""
    _, n_steps, n_streams, size = hs.shape
    for unit in range(span[1], span[2]):
        e, a, z = _place(unit, span[0], n_streams)
        mask, dh = keep[min(e, keep.shape[0] - 1)], dstate[0, e, a:z]
        if a == 0 or unit == span[1]:
            back = weight[e].T.copy()
        for t in range(n_steps - 1, -1, -1):
            for b in range(z - a):
                h, up, late, d = hs[e, t, a + b], dhs[e, t, a + b], dh[b], dgates[e, t, a + b]
                for j in range(size):
                    d[j] = (up[j] + late[j]) * (_ONE - h[j] * h[j])
            product(dgates[e, t, a:z], back, dh)
            _clear(dh, mask[t, a:z])


@njit
def lstm_forward(inputs: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``; trace: h and c before each step."""
    _, n_steps, n_streams, size = hs.shape
    n_rows = min(span[0], n_streams)
    products, scale = np.empty((n_rows, 4 * size), hs.dtype), np.empty((n_rows, 4 * size), hs.dtype)
    scale[:] = _HALF
    scale[:, 2 * size : 3 * size] = _ONE
    for unit in range(span[1], span[2]):
        e, a, z = _place(unit, span[0], n_streams)
        mask, h, c, part = keep[min(e, keep.shape[0] - 1)], state[0, e, a:z], state[1, e, a:z], products[: z - a]
        for t in range(n_steps):
            _copy(h, mask[t, a:z], trace[0, e, t, a:z])
            _copy(c, mask[t, a:z], trace[1, e, t, a:z])
            _project(inputs, weights[2], gates, e, t, a, z)
            product(trace[0, e, t, a:z], weights[0][e], part)
            _activate(gates[e, t, a:z].reshape(-1), part.reshape(-1), scale.reshape(-1))
            h = hs[e, t, a:z]
            for b in range(z - a):
                _lstm_step(gates[e, t, a + b], trace[1, e, t, a + b], c[b], h[b])
        _store(h, state[0, e, a:z])


@njit
def _activate(x: Any, p: Any, scale: Any) -> None:
    """Sigmoid of ``x + p`` where ``scale`` is a half, tanh where it is 1: ``sigmoid(v) = tanh(v / 2) / 2 + 1 / 2``."""
    for j in range(x.size):
        x[j] = scale[j] * tanh(scale[j] * (x[j] + p[j])) + (_ONE - scale[j])


@njit
def _lstm_step(x: Any, last: Any, c: Any, h: Any) -> None:
    size = h.size
    i, f, g, o = x[:size], x[size : 2 * size], x[2 * size : 3 * size], x[3 * size :]
    for j in range(size):
        c[j] = f[j] * last[j] + i[j] * g[j]
        h[j] = o[j] * tanh(c[j])


@njit
def lstm_backward(
    gates: Any, weight: Any, keep: Any, trace: Any, dhs: Any, dstate: Any, dgates: Any, span: Span
) -> None:
    """Gradients of the gates into ``dgates``."""
    _, n_steps, n_streams, _ = dhs.shape
    for unit in range(span[1], span[2]):
        e, a, z = _place(unit, span[0], n_streams)
        mask, dh, dc = keep[min(e, keep.shape[0] - 1)], dstate[0, e, a:z], dstate[1, e, a:z]
        if a == 0 or unit == span[1]:
            back = weight[e].T.copy()
        for t in range(n_steps - 1, -1, -1):
            for b in range(z - a):
                i = a + b
                _lstm_slope(gates[e, t, i], trace[1, e, t, i], dhs[e, t, i], dh[b], dc[b], dgates[e, t, i])
            product(dgates[e, t, a:z], back, dh)
            _clear(dh, mask[t, a:z])
            _clear(dc, mask[t, a:z])


@njit
def _lstm_slope(x: Any, last: Any, up: Any, late: Any, flow: Any, d: Any) -> None:
    size = up.size
    i, f, g, o = x[:size], x[size : 2 * size], x[2 * size : 3 * size], x[3 * size :]
    di, df, dg, do = d[:size], d[size : 2 * size], d[2 * size : 3 * size], d[3 * size :]
    for j in range(size):
        m = tanh(f[j] * last[j] + i[j] * g[j])
        dy = up[j] + late[j]
        dc = flow[j] + dy * o[j] * (_ONE - m * m)
        do[j] = dy * m * o[j] * (_ONE - o[j])
        di[j] = dc * g[j] * i[j] * (_ONE - i[j])
        df[j] = dc * last[j] * f[j] * (_ONE - f[j])
        dg[j] = dc * i[j] * (_ONE - g[j] * g[j])
        flow[j] = dc * f[j]


@njit
def gru_forward(inputs: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``; trace: h before each step, and ``U h + d`` of the candidate."""
    _, n_steps, n_streams, size = hs.shape
    products = np.empty((min(span[0], n_streams), 3 * size), hs.dtype)
    for unit in range(span[1], span[2]):
        e, a, z = _place(unit, span[0], n_streams)
        mask, h, part, d = keep[min(e, keep.shape[0] - 1)], state[0, e, a:z], products[: z - a], weights[1][e, 0]
        for t in range(n_steps):
            _copy(h, mask[t, a:z], trace[0, e, t, a:z])
            _project(inputs, weights[2], gates, e, t, a, z)
            product(trace[0, e, t, a:z], weights[0][e], part)
            h = hs[e, t, a:z]
            for b in range(z - a):
                i = a + b
                _gru_step(gates[e, t, i], part[b], d, trace[0, e, t, i], trace[1, e, t, i], h[b])
        _store(h, state[0, e, a:z])


@njit
def _add_sigmoid(x: Any, p: Any) -> None:
    for j in range(x.size):
        x[j] = _HALF + _HALF * tanh(_HALF * (x[j] + p[j]))


@njit
def _gru_step(x: Any, p: Any, d: Any, last: Any, q: Any, h: Any) -> None:
    size = h.size
    r, z, n, u = x[:size], x[size : 2 * size], x[2 * size :], p[2 * size :]
    _add_sigmoid(x[: 2 * size], p[: 2 * size])
    for j in range(size):
        q[j] = u[j] + d[j]
        n[j] = tanh(n[j] + r[j] * q[j])
        h[j] = n[j] + z[j] * (last[j] - n[j])


@njit
def gru_backward(
    gates: Any, weight: Any, keep: Any, trace: Any, dhs: Any, dstate: Any, dgates: Any, span: Span
) -> None:
    """Gradients of r, z, n and, as a fourth gate, of ``U h + d`` into ``dgates``."""
    _, n_steps, n_streams, size = dhs.shape
    n_rows = min(span[0], n_streams)
    parts, products = np.empty((n_rows, 3 * size), dhs.dtype), np.empty((n_rows, size), dhs.dtype)
    for unit in range(span[1], span[2]):
        e, a, z = _place(unit, span[0], n_streams)
        mask, dh, part = keep[min(e, keep.shape[0] - 1)], dstate[0, e, a:z], products[: z - a]
        if a == 0 or unit == span[1]:
            back = weight[e].T.copy()
        for t in range(n_steps - 1, -1, -1):
            for b in range(z - a):
                i = a + b
                last, q = trace[0, e, t, i], trace[1, e, t, i]
                _gru_slope(gates[e, t, i], last, q, dhs[e, t, i], dh[b], dgates[e, t, i])
                _pick(dgates[e, t, i], parts[b])
            product(parts[: z - a], back, part)
            _add(part.reshape(-1), dh.reshape(-1))
            _clear(dh, mask[t, a:z])


@njit
def _pick(d: Any, part: Any) -> None:
    """Gradients of r, z and ``U h + d``, side by side."""
    size = part.size // 3
    dq, last = d[3 * size :], part[2 * size :]
    for j in range(2 * size):
        part[j] = d[j]
    for j in range(size):
        last[j] = dq[j]


@njit
def _add(more: Any, values: Any) -> None:
    for j in range(values.size):
        values[j] += more[j]


@njit
def _gru_slope(x: Any, last: Any, q: Any, up: Any, late: Any, d: Any) -> None:
    size = up.size
    r, z, n = x[:size], x[size : 2 * size], x[2 * size :]
    dr, dz, dn, dq = d[:size], d[size : 2 * size], d[2 * size : 3 * size], d[3 * size :]
    for j in range(size):
        dy = up[j] + late[j]
        dn[j] = dy * (_ONE - z[j]) * (_ONE - n[j] * n[j])
        dz[j] = dy * (last[j] - n[j]) * z[j] * (_ONE - z[j])
        dr[j] = dn[j] * q[j] * r[j] * (_ONE - r[j])
        dq[j] = dn[j] * r[j]
        late[j] = dy * z[j]
