"""The linear output of recurrent networks and its point losses, with their gradients, in one pass over the rows.

Named sizes: n_rows counts steps times streams; n_units is hidden_size in whole vectors (`tsforecast.kernels._simd`).
Arrays are flat, all float32 or all float64::

    output = h V + x S + c        loss = sum over rows and columns of weight * size(output - target)
"""

from typing import Any, NamedTuple

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import lanes, put, take
from tsforecast.kernels.recurrent.pointwise import signed, within
from tsforecast.kernels.recurrent.steps import aligned, begin_with, units_of
from tsforecast.kernels.recurrent.tile import Factors, Places, Rows, add_product

_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)
_ROWS_AT_ONCE = 32
_FIRST: int = np.int64(0)  # type: ignore[assignment]  # for a constant of the language a kernel is compiled once more


class ReadoutWeights(NamedTuple):
    """ReadoutWeights of the members, flat."""

    V: Any  # of h, (n_members, hidden_size, n_outputs)
    S: Any  # of x, (n_members, n_inputs, n_outputs)
    c: Any  # (n_members, n_outputs)


class Truth(NamedTuple):
    """What outputs should be, and how much that counts: (n_members or 1, n_rows, n_outputs) each, flat."""

    target: Any
    weight: Any


class ReadoutSizes(NamedTuple):
    """ReadoutSizes of a readout, and where V lies in its array and the gradient of V in its own."""

    n_members: int
    n_rows: int
    n_inputs: int
    hidden_size: int
    n_outputs: int
    apart: bool  # whether x, target and weight have an axis of members
    V_at: int  # place of the first member's
    V_step: int  # numbers from one member's to the next


class Totals(NamedTuple):
    """Losses and weights summed up so far, column by column, in whole vectors; and room for a row of the truth."""

    losses: Any
    weights: Any
    spare: Truth


@njit
def point_loss(
    h: Any,
    x: Any,
    weights: tuple[Any, Any, Any],
    truth: tuple[Any, Any],
    kind: int,
    totals: Any,
    gradients: tuple[Any, Any],
    sizes: tuple[int, int, int, int, int, bool, int, int],
) -> None:
    """Losses of the members and sums of their weights into ``totals``, and gradients of the losses by h and V.

    Parameters
    ----------
    h : (n_members, n_rows, n_units)
    x : (n_members or 1, n_rows, n_inputs)
    weights, truth, sizes
        `ReadoutWeights`, `Truth` and `ReadoutSizes`, as plain tuples.
    kind : 0 for the absolute error, 1 for the squared, 2 for Huber's
    totals : (2, n_members)
    gradients : of h and V, in their shapes
    """
    size = ReadoutSizes(*sizes)
    n_rows, n_inputs, n_outputs, held = size.n_rows, size.n_inputs, size.n_outputs, Truth(truth[0], truth[1])
    n_units, n_wide = units_of(size.hidden_size, h), units_of(n_outputs, h)
    panel = aligned((n_inputs + size.hidden_size + 1) * n_wide, h)
    back, total = aligned(n_outputs * n_units, h), aligned(n_outputs * n_units, h)
    out, (dh, dV) = aligned(_ROWS_AT_ONCE * n_wide, h), gradients
    sums = Totals(aligned(n_wide, h), aligned(n_wide, h), Truth(aligned(n_wide, h), aligned(n_wide, h)))
    outputs, of_x, of_h = Rows(0, n_wide), Rows(0, n_wide), Rows(n_inputs * n_wide, n_wide)
    for e in range(size.n_members):
        _lay(e, ReadoutWeights(weights[0], weights[1], weights[2]), panel, back, size)
        sums.losses[:], sums.weights[:], total[:] = 0, 0, 0
        for begin in range(0, n_rows, _ROWS_AT_ONCE):
            n, row, own = min(_ROWS_AT_ONCE, n_rows - begin), e * n_rows + begin, e * size.apart * n_rows + begin
            for v in range(0, n_wide, lanes(h)):
                begin_with(n, panel, (n_inputs + size.hidden_size) * n_wide + v, out, Rows(v, n_wide))
            inputs, hidden = Factors(own * n_inputs, n_inputs, 1), Factors(row * n_units, n_units, 1)
            add_product(n, n_wide, Places(n_inputs, inputs, of_x, outputs, outputs), x, panel, out)
            add_product(n, n_wide, Places(size.hidden_size, hidden, of_h, outputs, outputs), h, panel, out)
            _block(n, out, n_wide, held, own * n_outputs, n_outputs, kind, sums)
            for j in range(row * n_units, (row + n) * n_units, lanes(h)):
                put(dh, j, 0)
            of_row, whole = Rows(row * n_units, n_units), Rows(0, n_units)
            add_product(n, n_units, Places(n_outputs, Factors(0, n_wide, 1), whole, of_row, of_row), out, back, dh)
            add_product(n_outputs, n_units, Places(n, Factors(0, 1, n_wide), of_row, whole, whole), out, h, total)
        totals[e], totals[size.n_members + e] = sums.losses[0], sums.weights[0]
        for j in range(1, n_outputs):
            totals[e] += sums.losses[j]
            totals[size.n_members + e] += sums.weights[j]
        for k in range(size.hidden_size):
            for j in range(n_outputs):
                dV[size.V_at + e * size.V_step + k * n_outputs + j] = total[j * n_units + k]


@njit
def _lay(e: int, weights: ReadoutWeights, panel: Any, back: Any, sizes: ReadoutSizes) -> None:
    """S above V above c of a member, and V transposed, in rows of whole vectors."""
    n_inputs, size, n_outputs = sizes.n_inputs, sizes.hidden_size, sizes.n_outputs
    n_units, n_wide = units_of(size, panel), units_of(n_outputs, panel)
    for j in range(n_outputs):
        for k in range(n_inputs):
            panel[k * n_wide + j] = weights.S[(e * n_inputs + k) * n_outputs + j]
        for k in range(size):
            value = weights.V[sizes.V_at + e * sizes.V_step + k * n_outputs + j]
            panel[(n_inputs + k) * n_wide + j] = value
            back[j * n_units + k] = value
        panel[(n_inputs + size) * n_wide + j] = weights.c[e * n_outputs + j]


@njit
def _block(n: int, out: Any, n_wide: int, truth: Truth, begin: int, n_outputs: int, kind: int, totals: Totals) -> None:
    """`_slopes` of n rows; the last rows of the truth, after which no vector is left to read, are copied before."""
    for r in range(n):
        place = begin + r * n_outputs
        if place + n_wide <= truth.target.size:
            _slopes(n_outputs, out, r * n_wide, truth, place, kind, totals)
        else:
            for j in range(n_outputs):
                totals.spare.target[j], totals.spare.weight[j] = truth.target[place + j], truth.weight[place + j]
            _slopes(n_outputs, out, r * n_wide, totals.spare, _FIRST, kind, totals)


@njit
def _slopes(n: int, out: Any, at: int, truth: Truth, place: int, kind: int, totals: Totals) -> None:
    """The gradient in place of each of n outputs of a row; losses and weights are added up, column by column.

    Past them, to the end of a vector, it leaves what nobody reads.
    """
    for j in range(0, n, lanes(out)):
        error, share = take(out, at + j) - take(truth.target, place + j), take(truth.weight, place + j)
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
        put(totals.losses, j, take(totals.losses, j) + loss)
        put(totals.weights, j, take(totals.weights, j) + share)
        put(out, at + j, slope)
