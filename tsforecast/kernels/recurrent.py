"""Recurrences of rnn, lstm and gru, forward and backward, a whole chunk in one call.

The equations and their letters are those of ``tsforecast.models.rnn.cells``; the gradients are written out by hand.
Everything of a step, products with weights and their gradients included, is done while it lies in the cache. Streams
are cut to pieces of n_rows, the last of what is left. A forward kernel leaves the activated gates in ``gates``, for the
backward one: of each step of a piece one block ``(n_streams of the piece, hidden_size)`` a gate, `stride_of` entries
apart; of a gru there is a fourth, ``U h + d`` of the candidate. So loops over a gate are long, and the compiler turns
them into vector code. Arrays are contiguous, all float32 or all float64, in named sizes:

    x              (n_members or 1, n_steps, n_streams, n_inputs)
    gates          (n_members, n_pieces, n_steps, n_blocks * stride); of an rnn it is ``hs``
    weights        W transposed, (n_members, n_inputs, n_gates * hidden_size); U transposed, (n_members, hidden_size,
                   n_gates * hidden_size); the biases of all blocks, (n_members, n_blocks * hidden_size)
    gradients      of weights, in their shapes, are added to; those of x, (n_members, n_steps, n_streams, n_inputs), or
                   none (no steps)
    state, dstate  (n_parts, n_members, n_streams, hidden_size); the state comes in as before the first step and
                   goes out as after the last, its gradient the other way round
    keep           (n_members or 1, n_steps, n_streams): 0 where the state before the step is reset
    trace          (n_parts, n_members, n_steps, n_streams, hidden_size): the state before each step
    hs, dhs        (n_members, n_steps, n_streams, hidden_size)
    span           (n_rows, begin, end): pieces are counted on from member to member; the call computes pieces begin to
                   end, which do not touch the others, but in gradients of weights
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numba import types
from numba.extending import overload

from tsforecast.kernels._jit import njit
from tsforecast.kernels.product import add_cross, add_product, product

Span: TypeAlias = tuple[int, int, int]

_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)  # no upcast of float32
_LIMIT = np.float32(9)
_P1, _P2, _P3 = np.float32(17325 / 135135), np.float32(378 / 135135), np.float32(1 / 135135)
_Q1, _Q2, _Q3 = np.float32(62370 / 135135), np.float32(3150 / 135135), np.float32(28 / 135135)
_PAD = 16  # entries between blocks: of lines 4096 bytes apart, a first cache keeps but eight


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


def stride_of(n_rows: int, hidden_size: int) -> int:
    """Entries of ``gates`` from one block of a step to the next."""
    return n_rows * hidden_size + _PAD


@njit
def _place(unit: int, n_rows: int, n_streams: int) -> Any:
    """Member, piece, first stream and last stream (exclusive) of a unit of work."""
    n_pieces = (n_streams + n_rows - 1) // n_rows
    piece = unit % n_pieces
    return unit // n_pieces, piece, piece * n_rows, min(piece * n_rows + n_rows, n_streams)


@njit
def _flat(work: Any, k: int, n_blocks: int, n: int) -> Any:
    """The entries of block ``k`` of a step, one stream after another."""
    begin = k * (work.size // n_blocks)
    return work[begin : begin + n]


@njit
def _block(work: Any, k: int, n_blocks: int, shape: Any) -> Any:
    return _flat(work, k, n_blocks, shape[0] * shape[1]).reshape(shape)


@njit
def _column(weight: Any, k: int, size: int) -> Any:
    """The columns of a gate."""
    return weight[:, k * size : (k + 1) * size]


@njit
def _tiled(bias: Any, n_blocks: int, n_rows: int) -> Any:
    """The biases, once for each stream: ``(n_blocks, n_rows * hidden_size)``."""
    tiles = np.empty((n_blocks, n_rows, bias.size // n_blocks), bias.dtype)
    for k in range(n_blocks):
        tiles[k] = bias.reshape(n_blocks, -1)[k]
    return tiles.reshape(n_blocks, -1)


@njit
def _enter(values: Any, keep: Any, out: Any) -> None:
    """The state before a step: zeros where it is reset, even if it is nan."""
    _store(values.reshape(-1), out.reshape(-1))
    _clear(out, keep)


@njit
def _clear(values: Any, keep: Any) -> None:
    for b in range(values.shape[0]):
        if keep[b] == 0:
            values[b] = 0


@njit
def _store(values: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = values[j]


@njit
def _add(values: Any, total: Any) -> None:
    for j in range(total.size):
        total[j] += values[j]


@njit
def _project(x: Any, h: Any, W: Any, U: Any, n_blocks: int, work: Any) -> None:
    """``W x + U h`` of every gate of a step into its block; of a gru's candidate ``U h`` goes into the fourth."""
    size = h.shape[1]
    last = W.shape[1] // size - 1
    for k in range(last + 1):
        product(x, _column(W, k, size), _block(work, k, n_blocks, h.shape))
    for k in range(last):
        add_product(h, _column(U, k, size), _block(work, k, n_blocks, h.shape))
    if last == n_blocks - 1:
        add_product(h, _column(U, last, size), _block(work, last, n_blocks, h.shape))
    else:
        product(h, _column(U, last, size), _block(work, n_blocks - 1, n_blocks, h.shape))


@njit
def _collect(work: Any, x: Any, h: Any, gradients: Any, e: int, tiles: Any) -> None:
    """Add the slopes of a step to the gradients of W, U and, stream by stream, of the biases."""
    dW, dU, size, n_blocks = gradients[0][e], gradients[1][e], h.shape[1], tiles.shape[0]
    last = dW.shape[1] // size - 1
    for k in range(last + 1):
        add_cross(x, _block(work, k, n_blocks, h.shape), _column(dW, k, size))
    for k in range(last):
        add_cross(h, _block(work, k, n_blocks, h.shape), _column(dU, k, size))
    add_cross(h, _block(work, n_blocks - 1, n_blocks, h.shape), _column(dU, last, size))
    for k in range(n_blocks):
        _add(_flat(work, k, n_blocks, h.size), tiles[k])


@njit
def _collect_tiles(tiles: Any, n_rows: int, dbias: Any) -> None:
    n_blocks = tiles.shape[0]
    total, every = dbias.reshape(n_blocks, -1), tiles.reshape(n_blocks, n_rows, -1)
    for k in range(n_blocks):
        for b in range(n_rows):
            _add(every[k, b], total[k])


@njit
def _pull(work: Any, WT: Any, UT: Any, n_blocks: int, dx: Any, dh: Any) -> None:
    """Slopes of a step to the gradients of x, unless it has no rows, and of the state before it, which are added."""
    size = dh.shape[1]
    last = UT.shape[0] // size - 1
    for k in range(last):
        add_product(_block(work, k, n_blocks, dh.shape), UT[k * size : (k + 1) * size], dh)
    add_product(_block(work, n_blocks - 1, n_blocks, dh.shape), UT[last * size :], dh)
    if dx.shape[0] > 0:
        product(_block(work, 0, n_blocks, dh.shape), WT[:size], dx)
        for k in range(1, last + 1):
            add_product(_block(work, k, n_blocks, dh.shape), WT[k * size : (k + 1) * size], dx)


@njit
def _input_slopes(dx: Any, e: int, t: int, a: int, z: int) -> Any:
    """Where the gradient of x goes: nowhere, where it is not asked for."""
    return dx[e, t, a:z] if dx.shape[1] > 0 else dx.reshape(0, dx.shape[3])


@njit
def rnn_forward(x: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``, which is ``gates``."""
    _, n_steps, n_streams, _ = hs.shape
    for unit in range(span[1], span[2]):
        e, _, a, z = _place(unit, span[0], n_streams)
        mask, inputs = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)]
        bias, h = _tiled(weights[2][e], 1, z - a), state[0, e, a:z]
        for t in range(n_steps):
            before = trace[0, e, t, a:z]
            _enter(h, mask[t, a:z], before)
            h = hs[e, t, a:z]
            _project(inputs[t, a:z], before, weights[0][e], weights[1][e], 1, h.reshape(-1))
            _to_tanh(h.reshape(-1), bias[0])
        _store(h.reshape(-1), state[0, e, a:z].reshape(-1))


@njit
def _to_tanh(x: Any, bias: Any) -> None:
    for j in range(x.size):
        x[j] = tanh(x[j] + bias[j])


@njit
def _to_sigmoid(x: Any, bias: Any) -> None:
    for j in range(x.size):
        x[j] = _HALF + _HALF * tanh(_HALF * (x[j] + bias[j]))


@njit
def rnn_backward(
    hs: Any, weights: Any, keep: Any, trace: Any, x: Any, dhs: Any, dstate: Any, gradients: Any, span: Span
) -> None:
    """Gradients of the state, of the weights and of x."""
    _, n_steps, n_streams, size = dhs.shape
    for unit in range(span[1], span[2]):
        e, _, a, z = _place(unit, span[0], n_streams)
        mask, inputs, n = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)], (z - a) * size
        WT, UT, work, tiles = (
            weights[0][e].T.copy(),
            weights[1][e].T.copy(),
            np.empty(n, x.dtype),
            np.zeros((1, n), x.dtype),
        )
        dh = dstate[0, e, a:z]
        for t in range(n_steps - 1, -1, -1):
            _rnn_slopes(hs[e, t, a:z].reshape(-1), dhs[e, t, a:z].reshape(-1), dh.reshape(-1), work)
            _collect(work, inputs[t, a:z], trace[0, e, t, a:z], gradients, e, tiles)
            dh[:] = 0
            _pull(work, WT, UT, 1, _input_slopes(gradients[3], e, t, a, z), dh)
            _clear(dh, mask[t, a:z])
        _collect_tiles(tiles, z - a, gradients[2][e])


@njit
def _rnn_slopes(h: Any, up: Any, late: Any, d: Any) -> None:
    for j in range(h.size):
        d[j] = (up[j] + late[j]) * (_ONE - h[j] * h[j])


@njit
def lstm_forward(x: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``."""
    _, n_steps, n_streams, size = hs.shape
    for unit in range(span[1], span[2]):
        e, piece, a, z = _place(unit, span[0], n_streams)
        mask, inputs, n = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)], (z - a) * size
        bias, h, c = _tiled(weights[2][e], 4, z - a), state[0, e, a:z], state[1, e, a:z]
        for t in range(n_steps):
            before, last, work = trace[0, e, t, a:z], trace[1, e, t, a:z], gates[e, piece, t]
            _enter(h, mask[t, a:z], before)
            _enter(c, mask[t, a:z], last)
            _project(inputs[t, a:z], before, weights[0][e], weights[1][e], 4, work)
            i, f, g, o = _flat(work, 0, 4, n), _flat(work, 1, 4, n), _flat(work, 2, 4, n), _flat(work, 3, 4, n)
            _to_sigmoid(i, bias[0])
            _to_sigmoid(f, bias[1])
            _to_tanh(g, bias[2])
            _to_sigmoid(o, bias[3])
            h = hs[e, t, a:z]
            _lstm_step(i, f, g, o, last.reshape(-1), c.reshape(-1), h.reshape(-1))
        _store(h.reshape(-1), state[0, e, a:z].reshape(-1))


@njit
def _lstm_step(i: Any, f: Any, g: Any, o: Any, last: Any, c: Any, h: Any) -> None:
    for j in range(h.size):
        c[j] = f[j] * last[j] + i[j] * g[j]
        h[j] = o[j] * tanh(c[j])


@njit
def lstm_backward(
    gates: Any, weights: Any, keep: Any, trace: Any, x: Any, dhs: Any, dstate: Any, gradients: Any, span: Span
) -> None:
    """Gradients of the state, of the weights and of x."""
    _, n_steps, n_streams, size = dhs.shape
    work = np.empty(gates.shape[3], x.dtype)
    for unit in range(span[1], span[2]):
        e, piece, a, z = _place(unit, span[0], n_streams)
        mask, inputs, n = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)], (z - a) * size
        WT, UT, tiles = weights[0][e].T.copy(), weights[1][e].T.copy(), np.zeros((4, n), x.dtype)
        di, df, dg, do = _flat(work, 0, 4, n), _flat(work, 1, 4, n), _flat(work, 2, 4, n), _flat(work, 3, 4, n)
        dh, dc = dstate[0, e, a:z], dstate[1, e, a:z]
        for t in range(n_steps - 1, -1, -1):
            past = gates[e, piece, t]
            i, f, g, o = _flat(past, 0, 4, n), _flat(past, 1, 4, n), _flat(past, 2, 4, n), _flat(past, 3, 4, n)
            last, up = trace[1, e, t, a:z].reshape(-1), dhs[e, t, a:z].reshape(-1)
            _lstm_slopes(i, f, g, o, last, up, dh.reshape(-1), dc.reshape(-1), di, df, dg, do)
            _collect(work, inputs[t, a:z], trace[0, e, t, a:z], gradients, e, tiles)
            dh[:] = 0
            _pull(work, WT, UT, 4, _input_slopes(gradients[3], e, t, a, z), dh)
            _clear(dh, mask[t, a:z])
            _clear(dc, mask[t, a:z])
        _collect_tiles(tiles, z - a, gradients[2][e])


@njit
def _lstm_slopes(  # every array of a step: the compiler can look through names, not through a tuple of them
    i: Any, f: Any, g: Any, o: Any, last: Any, up: Any, late: Any, flow: Any, di: Any, df: Any, dg: Any, do: Any
) -> None:
    for j in range(up.size):
        m = tanh(f[j] * last[j] + i[j] * g[j])
        dy = up[j] + late[j]
        dc = flow[j] + dy * o[j] * (_ONE - m * m)
        do[j] = dy * m * o[j] * (_ONE - o[j])
        di[j] = dc * g[j] * i[j] * (_ONE - i[j])
        df[j] = dc * last[j] * f[j] * (_ONE - f[j])
        dg[j] = dc * i[j] * (_ONE - g[j] * g[j])
        flow[j] = dc * f[j]


@njit
def gru_forward(x: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``."""
    _, n_steps, n_streams, size = hs.shape
    for unit in range(span[1], span[2]):
        e, piece, a, z = _place(unit, span[0], n_streams)
        mask, inputs, n = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)], (z - a) * size
        bias, h = _tiled(weights[2][e], 4, z - a), state[0, e, a:z]
        for t in range(n_steps):
            before, work = trace[0, e, t, a:z], gates[e, piece, t]
            _enter(h, mask[t, a:z], before)
            _project(inputs[t, a:z], before, weights[0][e], weights[1][e], 4, work)
            r, u, new, q = _flat(work, 0, 4, n), _flat(work, 1, 4, n), _flat(work, 2, 4, n), _flat(work, 3, 4, n)
            _to_sigmoid(r, bias[0])
            _to_sigmoid(u, bias[1])
            _add(bias[3], q)
            h = hs[e, t, a:z]
            _gru_step(r, u, new, q, bias[2], before.reshape(-1), h.reshape(-1))
        _store(h.reshape(-1), state[0, e, a:z].reshape(-1))


@njit
def _gru_step(r: Any, z: Any, n: Any, q: Any, bias: Any, last: Any, h: Any) -> None:
    for j in range(h.size):
        n[j] = tanh(n[j] + bias[j] + r[j] * q[j])
        h[j] = n[j] + z[j] * (last[j] - n[j])


@njit
def gru_backward(
    gates: Any, weights: Any, keep: Any, trace: Any, x: Any, dhs: Any, dstate: Any, gradients: Any, span: Span
) -> None:
    """Gradients of the state, of the weights and of x."""
    _, n_steps, n_streams, size = dhs.shape
    work = np.empty(gates.shape[3], x.dtype)
    for unit in range(span[1], span[2]):
        e, piece, a, z = _place(unit, span[0], n_streams)
        mask, inputs, n = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)], (z - a) * size
        WT, UT, tiles = weights[0][e].T.copy(), weights[1][e].T.copy(), np.zeros((4, n), x.dtype)
        dr, du, dnew, dq = _flat(work, 0, 4, n), _flat(work, 1, 4, n), _flat(work, 2, 4, n), _flat(work, 3, 4, n)
        dh = dstate[0, e, a:z]
        for t in range(n_steps - 1, -1, -1):
            past = gates[e, piece, t]
            r, u, new, q = _flat(past, 0, 4, n), _flat(past, 1, 4, n), _flat(past, 2, 4, n), _flat(past, 3, 4, n)
            last, up = trace[0, e, t, a:z].reshape(-1), dhs[e, t, a:z].reshape(-1)
            _gru_slopes(r, u, new, q, last, up, dh.reshape(-1), dr, du, dnew, dq)
            _collect(work, inputs[t, a:z], trace[0, e, t, a:z], gradients, e, tiles)
            _pull(work, WT, UT, 4, _input_slopes(gradients[3], e, t, a, z), dh)
            _clear(dh, mask[t, a:z])
        _collect_tiles(tiles, z - a, gradients[2][e])


@njit
def _gru_slopes(
    r: Any, z: Any, n: Any, q: Any, last: Any, up: Any, late: Any, dr: Any, dz: Any, dn: Any, dq: Any
) -> None:
    for j in range(up.size):
        dy = up[j] + late[j]
        d = dy * (_ONE - z[j]) * (_ONE - n[j] * n[j])
        dr[j] = d * q[j] * r[j] * (_ONE - r[j])
        dz[j] = dy * (last[j] - n[j]) * z[j] * (_ONE - z[j])
        dn[j] = d
        dq[j] = d * r[j]
        late[j] = dy * z[j]
