"""Steps of recurrent kernels: where gates lie, their products with weights, and what is learnt from their slopes.

Streams are cut to pieces of n_rows, the last of what is left. A step of a piece is one run of numbers: for each gate a
block ``(n_streams of the piece, hidden_size)``, a few entries apart, so that loops over a gate are long and the
compiler turns them into vector code. Of few streams blocks would be too short: where they are fewer than `THIN`, a step
is a row of all gates for each, and products with inputs are made for all steps at once.

A gru has a block more than gates, the last: ``U h + d`` of the candidate. Letters are those of `recurrent`.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from tsforecast.kernels._jit import njit
from tsforecast.kernels.product import add_cross, add_product, product

ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)  # no upcast of float32
_LIMIT = np.float32(9)
_P1, _P2, _P3 = np.float32(17325 / 135135), np.float32(378 / 135135), np.float32(1 / 135135)
_Q1, _Q2, _Q3 = np.float32(62370 / 135135), np.float32(3150 / 135135), np.float32(28 / 135135)
THIN = 8  # streams: fewer are computed by rows, all in one piece; their blocks would be too short
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
        p = y * (((_P3 * s + _P2) * s + _P1) * s + ONE)
        q = ((_Q3 * s + _Q2) * s + _Q1) * s + ONE
        return _TWO * p * q / (p * p + q * q)

    return short if x == types.float32 else exact


def width_of(n_rows: int, hidden_size: int, n_blocks: int) -> int:
    """Entries of ``gates`` for a step of a piece."""
    return n_blocks * (n_rows * hidden_size + (0 if n_rows < THIN else _PAD))


@njit
def place(unit: int, n_rows: int, n_streams: int) -> Any:
    """Member, piece, first stream and last stream (exclusive) of a unit of work."""
    n_pieces = (n_streams + n_rows - 1) // n_rows
    piece = unit % n_pieces
    return unit // n_pieces, piece, piece * n_rows, min(piece * n_rows + n_rows, n_streams)


@njit
def flat(work: Any, k: int, n_blocks: int, n: int) -> Any:
    """The entries of block ``k`` of a step, one stream after another."""
    begin = k * (work.size // n_blocks)
    return work[begin : begin + n]


@njit
def _block(work: Any, k: int, n_blocks: int, shape: Any) -> Any:
    return flat(work, k, n_blocks, shape[0] * shape[1]).reshape(shape)


@njit
def _column(weight: Any, k: int, size: int) -> Any:
    """The columns of a gate."""
    return weight[:, k * size : (k + 1) * size]


@njit
def tiled(bias: Any, n_blocks: int, n_rows: int) -> Any:
    """The biases, once for each stream: ``(n_blocks, n_rows * hidden_size)``."""
    tiles = np.empty((n_blocks, n_rows, bias.size // n_blocks), bias.dtype)
    for k in range(n_blocks):
        tiles[k] = bias.reshape(n_blocks, -1)[k]
    return tiles.reshape(n_blocks, -1)


@njit
def enter(values: Any, keep: Any, out: Any) -> None:
    """The state before a step: zeros where it is reset, even if it is nan."""
    store(values.reshape(-1), out.reshape(-1))
    clear(out, keep)


@njit
def clear(values: Any, keep: Any) -> None:
    """Zeros in rows where the state is reset: no gradient passes there."""
    for b in range(values.shape[0]):
        if keep[b] == 0:
            values[b] = 0


@njit
def store(values: Any, out: Any) -> None:
    """Copy flat arrays."""
    for j in range(out.size):
        out[j] = values[j]


@njit
def add(values: Any, total: Any) -> None:
    """Add a flat array to another."""
    for j in range(total.size):
        total[j] += values[j]


@njit
def project(x: Any, h: Any, W: Any, U: Any, n_blocks: int, work: Any) -> None:
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
def project_thin(h: Any, U: Any, n_blocks: int, work: Any) -> None:
    """The same where ``W x`` is there: a row of all gates for each stream."""
    size = h.shape[1]
    last, rows = U.shape[1] // size - 1, work.reshape(h.shape[0], -1)
    if last == n_blocks - 1:
        add_product(h, U, rows)
    else:
        add_product(h, U[:, : last * size], rows[:, : last * size])
        product(h, _column(U, last, size), rows[:, (n_blocks - 1) * size :])


@njit
def collect(work: Any, x: Any, h: Any, gradients: Any, e: int, tiles: Any) -> None:
    """Add the slopes of a step to the gradients of W, U and, stream by stream, of the biases."""
    dW, dU, size, n_blocks = gradients[0][e], gradients[1][e], h.shape[1], tiles.shape[0]
    last = dW.shape[1] // size - 1
    for k in range(last + 1):
        add_cross(x, _block(work, k, n_blocks, h.shape), _column(dW, k, size))
    for k in range(last):
        add_cross(h, _block(work, k, n_blocks, h.shape), _column(dU, k, size))
    add_cross(h, _block(work, n_blocks - 1, n_blocks, h.shape), _column(dU, last, size))
    for k in range(n_blocks):
        add(flat(work, k, n_blocks, h.size), tiles[k])


@njit
def collect_tiles(tiles: Any, n_rows: int, dbias: Any) -> None:
    """Sum over streams, added to the gradient of the biases."""
    n_blocks = tiles.shape[0]
    total, every = dbias.reshape(n_blocks, -1), tiles.reshape(n_blocks, n_rows, -1)
    for k in range(n_blocks):
        for b in range(n_rows):
            add(every[k, b], total[k])


@njit
def collect_thin(work: Any, x: Any, h: Any, gradients: Any, e: int, WT: Any) -> None:
    """Gradients of W, U, the biases and x from the slopes of all steps: a row of all gates for each."""
    dW, dU, dbias, size = gradients[0][e], gradients[1][e], gradients[2][e], h.shape[2]
    n = h.shape[0] * h.shape[1]
    rows, xs, hs, last = work.reshape(n, -1), x.reshape(n, -1), h.reshape(n, size), dW.shape[1] - size
    add_cross(xs, rows[:, : dW.shape[1]], dW)
    add_cross(hs, rows[:, :last], dU[:, :last])
    add_cross(hs, rows[:, rows.shape[1] - size :], dU[:, last:])
    for b in range(n):
        add(rows[b], dbias)
    if gradients[3].shape[1] > 0:
        product(rows[:, : dW.shape[1]], WT, gradients[3][e].reshape(n, -1))


@njit
def pull(work: Any, WT: Any, UT: Any, n_blocks: int, dx: Any, dh: Any) -> None:
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
def pull_thin(work: Any, UT: Any, n_blocks: int, dh: Any) -> None:
    """The gradient of the state alone."""
    size = dh.shape[1]
    last, rows = UT.shape[0] - size, work.reshape(dh.shape[0], -1)
    if UT.shape[0] == rows.shape[1]:
        add_product(rows, UT, dh)
    else:
        add_product(rows[:, :last], UT[:last], dh)
        add_product(rows[:, (n_blocks - 1) * size :], UT[last:], dh)


@njit
def input_slopes(dx: Any, e: int, t: int, a: int, z: int) -> Any:
    """Where the gradient of x goes: nowhere, where it is not asked for."""
    return dx[e, t, a:z] if dx.shape[1] > 0 else dx.reshape(0, dx.shape[3])


@njit
def divided(work: Any, n_rows: int) -> Any:
    """Runs of loops over the gates of a step: one of all its streams, or one a stream where they are few."""
    return work.reshape(n_rows if n_rows < THIN else 1, -1)


@njit
def alike(values: Any, like: Any) -> Any:
    """The same numbers, divided as others are."""
    return values.reshape(like.shape[0], -1)


@njit
def project_all(x: Any, W: Any, work: Any) -> None:
    """``W x`` of all steps of few streams."""
    rows = work.reshape(x.shape[0] * x.shape[1], -1)
    product(x.reshape(rows.shape[0], -1), W, rows[:, : W.shape[1]])


@njit
def to_tanh(x: Any, bias: Any) -> None:
    """``tanh(x + bias)`` in place."""
    for j in range(x.size):
        x[j] = tanh(x[j] + bias[j])


@njit
def to_sigmoid(x: Any, bias: Any) -> None:
    """``sigmoid(x + bias)`` in place, as ``tanh(v / 2) / 2 + 1 / 2``."""
    for j in range(x.size):
        x[j] = _HALF + _HALF * tanh(_HALF * (x[j] + bias[j]))
