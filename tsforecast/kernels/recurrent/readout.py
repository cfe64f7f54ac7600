"""The linear output of recurrent networks and its point losses, with their gradients, in one pass over the rows.

Named sizes: n_rows counts steps times streams; n_units is hidden_size in whole vectors (see `_vectors`). Arrays are
flat, all float32 or all float64::

    output = h V + x S + c        loss = sum over rows and columns of weight * size(output - target)
"""

from typing import Any

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._vectors import lanes, put, signed, take, within
from tsforecast.kernels.recurrent.steps import FIRST, NEXT, add_wide, aligned, begin_with, units_of

_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)
_BLOCK = 32  # rows at once


@njit
def point_loss(
    h: Any,
    x: Any,
    weights: tuple[Any, Any, Any],
    asked: tuple[Any, Any],
    kind: int,
    totals: Any,
    gradients: tuple[Any, Any],
    sizes: tuple[int, int, int, int, int, bool],
    where: tuple[int, int],
) -> None:
    """Losses of the members and sums of their weights into ``totals``, and gradients of the losses by h and V.

    Parameters
    ----------
    h : (n_members, n_rows, n_units)
    x : (n_members or 1, n_rows, n_inputs)
    weights : V, S, c: (n_members, hidden_size, n_outputs), (n_members, n_inputs, n_outputs), (n_members, n_outputs)
    asked : target and weight, (n_members or 1, n_rows, n_outputs)
    kind : 0 for the absolute error, 1 for the squared, 2 for Huber's
    totals : (2, n_members)
    gradients : of h and V, in their shapes
    sizes : n_members, n_rows, n_inputs, hidden_size, n_outputs; whether ``x`` and ``asked`` have an axis of members
    where : place of the first V, and of its gradient, and how far it is from each to the next
    """
    n_members, n_rows, n_inputs, size, n_outputs, apart = sizes
    n_units, n_wide = units_of(size, h), units_of(n_outputs, h)
    panel = aligned((n_inputs + size + 1) * n_wide, h)
    back, total, out = aligned(n_outputs * n_units, h), aligned(n_outputs * n_units, h), aligned(_BLOCK * n_wide, h)
    sums, weighs = aligned(n_wide, h), aligned(n_wide, h)
    room = (sums, weighs, aligned(n_wide, h), aligned(n_wide, h))
    dh, dV = gradients
    for e in range(n_members):
        _lay(e, weights, panel, back, sizes, where)
        sums[:], weighs[:], total[:] = 0, 0, 0
        for begin in range(0, n_rows, _BLOCK):
            n, row, own = min(_BLOCK, n_rows - begin), e * n_rows + begin, e * apart * n_rows + begin
            for v in range(0, n_wide, lanes(h)):
                begin_with(n, panel, (n_inputs + size) * n_wide + v, out, v, n_wide)
            add_wide(n, n_wide, (n_inputs, own * n_inputs, n_inputs, NEXT, FIRST, n_wide, FIRST, n_wide), x, panel, out)
            add_wide(
                n, n_wide, (size, row * n_units, n_units, NEXT, n_inputs * n_wide, n_wide, FIRST, n_wide), h, panel, out
            )
            _block(n, out, n_wide, asked, own * n_outputs, n_outputs, kind, room)
            for j in range(row * n_units, (row + n) * n_units, lanes(h)):
                put(dh, j, 0)
            add_wide(
                n, n_units, (n_outputs, FIRST, n_wide, NEXT, FIRST, n_units, row * n_units, n_units), out, back, dh
            )
            add_wide(
                n_outputs, n_units, (n, FIRST, NEXT, n_wide, row * n_units, n_units, FIRST, n_units), out, h, total
            )
        totals[e], totals[n_members + e] = sums[0], weighs[0]
        for j in range(1, n_outputs):
            totals[e] += sums[j]
            totals[n_members + e] += weighs[j]
        for k in range(size):
            for j in range(n_outputs):
                dV[where[0] + e * where[1] + k * n_outputs + j] = total[j * n_units + k]


@njit
def _lay(e: int, weights: Any, panel: Any, back: Any, sizes: Any, where: Any) -> None:
    """S above V above c of a member, and V transposed, in rows of whole vectors."""
    _, _, n_inputs, size, n_outputs, _ = sizes
    n_units, n_wide = units_of(size, panel), units_of(n_outputs, panel)
    for j in range(n_outputs):
        for k in range(n_inputs):
            panel[k * n_wide + j] = weights[1][(e * n_inputs + k) * n_outputs + j]
        for k in range(size):
            value = weights[0][where[0] + e * where[1] + k * n_outputs + j]
            panel[(n_inputs + k) * n_wide + j] = value
            back[j * n_units + k] = value
        panel[(n_inputs + size) * n_wide + j] = weights[2][e * n_outputs + j]


@njit
def _block(n: int, out: Any, n_wide: int, asked: Any, begin: int, n_outputs: int, kind: int, room: Any) -> None:
    """`_slopes` of n rows; the last of the arrays, after which no vector is left to read, are copied before."""
    totals, rest = room[:2], room[2:]
    for r in range(n):
        place = begin + r * n_outputs
        if place + n_wide <= asked[0].size:
            _slopes(n_outputs, out, r * n_wide, asked, place, kind, totals)
        else:
            for j in range(n_outputs):
                rest[0][j], rest[1][j] = asked[0][place + j], asked[1][place + j]
            _slopes(n_outputs, out, r * n_wide, rest, FIRST, kind, totals)


@njit
def _slopes(n: int, out: Any, at: int, asked: Any, place: int, kind: int, totals: Any) -> None:
    """The gradient in place of each of n outputs of a row; losses and weights are added up, column by column.

    Past them, to the end of a vector, it leaves what nobody reads.
    """
    sums, weighs = totals
    for j in range(0, n, lanes(out)):
        error, share = take(out, at + j) - take(asked[0], place + j), take(asked[1], place + j)
        if kind == 0:
            slope = signed(share, error)
            loss = slope * error
        elif kind == 1:
            loss = share * error * error
            slope = _TWO * share * error
        else:
            inner = within(error, _ONE)  # the slope; its size is the error's, or 1
            slope = share * inner
            loss = slope * (error - _HALF * inner)
        put(sums, j, take(sums, j) + loss)
        put(weighs, j, take(weighs, j) + share)
        put(out, at + j, slope)
