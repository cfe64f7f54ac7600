"""Recurrences of rnn, lstm and gru, forward and backward, a whole chunk in one call.

The equations and their letters are those of ``models.neural.networks.cells``; the gradients are written out by hand.
Everything of a step, products with weights and their gradients included, is done while it lies in the cache. A forward
kernel leaves the activated gates in ``gates``, for the backward one, in blocks:

    rnn  none, ``gates`` is ``hs``        lstm  i, f, g, o, tanh(c)        gru  n, r, z, q = U h + d

so that what inputs act on lies side by side, and what the state acts on: the first three and the last three of a gru.
A step of a stream has a row of ``trace``, which is what its gates are made of and their slopes act on::

    | 0 .. 0 1 x | h | c of the lstm |        h begins with a whole vector; n_row numbers

Arrays are flat, all float32 or all float64. Named sizes: n_units is hidden_size in whole vectors (see `steps`); n_held
is n_steps, or 1 where no gradient is wanted and each step may write over the last.

    x              (n_members or 1, n_steps, n_streams, n_inputs)
    gates          (n_members, n_pieces, n_held, n_rows * n_blocks * n_units)
    panel          weights of each member, as `weight_layout` lays them out: the biases above W above U
    backs          transposes of U, and of W where the gradient of x is wanted
    gradients      of the panel, added to; of x, (n_members, n_steps, n_streams, n_inputs in whole vectors), or empty
    state, dstate  (n_parts, n_members, n_streams, n_units); the state comes in as before the first step and goes out
                   as after the last, its gradient the other way round
    reset          (n_members or 1, n_steps, n_streams): whether the state before the step is reset
    trace          (n_members, n_held, n_streams, n_row)
    hs, dhs        (n_members, n_steps, n_streams, n_units)
    plan           `LayerSizes` and `Pieces`, as plain tuples: numba takes longer to recognise named ones
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import lanes, put, take
from tsforecast.kernels.recurrent.pointwise import sigmoid, tanh
from tsforecast.kernels.recurrent.steps import (
    Gates,
    add_rows,
    aligned,
    begin_with,
    clear,
    copy_row,
    enter,
    lay,
    place,
    pull,
    units_of,
)
from tsforecast.kernels.recurrent.tile import Factors, Places, Rows, product

N_BLOCKS = {"rnn": 1, "lstm": 5, "gru": 4}
_ONE = np.float32(1)  # no upcast of float32


class LayerSizes(NamedTuple):
    """LayerSizes of a chunk and of its layer."""

    n_members: int
    n_steps: int
    n_streams: int
    n_inputs: int
    hidden_size: int
    n_held: int
    x_step: int  # numbers from one member to the next in ``x``, 0 where they share them
    reset_step: int  # and in ``reset``


class Pieces(NamedTuple):
    """What a call computes: pieces of ``n_rows`` streams, counted on from member to member, from begin to end.

    Pieces do not touch each other, but in gradients of the panel.
    """

    n_rows: int
    begin: int
    end: int


class LSTMStep(NamedTuple):
    """Where a step of an LSTM reads and writes a tile: in gates, trace, state and hs."""

    gates: Rows
    last: Rows  # c before the step
    c: Rows
    h: Rows


class GRUStep(NamedTuple):
    """Where a step of a GRU reads and writes a tile: in gates, trace and hs."""

    gates: Rows
    last: Rows  # h before the step
    h: Rows


class StepBack(NamedTuple):
    """Where the way back through a step reads and writes a tile: in gates, trace, dhs, dstate and slopes."""

    gates: Rows
    last: Rows  # what the step began with
    up: Rows  # gradient of h from above
    late: Rows  # gradient of h from the step after
    to_c: int  # numbers from that to the gradient of c, of an LSTM
    slopes: Rows


Span: TypeAlias = tuple[int, int, int]  # `Pieces`
Plan: TypeAlias = tuple[tuple[int, int, int, int, int, int, int, int], Span]


@njit
def rnn_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``; the gates are not used."""
    sizes, span = LayerSizes(*plan[0]), Pieces(*plan[1])
    n_streams, n_inputs, n_held, width = sizes.n_streams, sizes.n_inputs, sizes.n_held, lanes(x)
    n_units, lead = units_of(sizes.hidden_size, x), units_of(1 + n_inputs, x)
    n_factors, n_row = 1 + n_inputs + sizes.hidden_size, lead + n_units
    for unit in range(span.begin, span.end):
        e, _, a, n = place(unit, span.n_rows, n_streams)
        own, first = state, (e * n_streams + a) * n_units
        for t in range(sizes.n_steps):
            row = ((e * n_held + min(t, n_held - 1)) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * sizes.reset_step + t * n_streams + a
            enter(n, n_units, own, first, reset, reset_at, trace, Rows(row + lead, n_row))
            lay(n, n_inputs, x, e * sizes.x_step + (t * n_streams + a) * n_inputs, trace, Rows(begin, n_row))
            own, first = hs, ((e * sizes.n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                bias, factors, h = (e * n_units + j) * n_factors, Factors(begin + 1, n_row, 1), Rows(first + j, n_units)
                places = Places(n_factors - 1, factors, Rows(bias + width, width), Rows(bias, 0), h)
                product(n, 1, places, trace, panel, panel, hs)
            for j in range(first, first + n * n_units, width):
                put(hs, j, tanh(take(hs, j)))
        copy_row(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def rnn_backward(
    hs: Any, backs: tuple[Any, Any], reset: Any, trace: Any, slopes_of: Any, gradients: Any, plan: Plan
) -> None:
    """Gradients of the state, of the panel and of x, from ``hs`` in place of the gates; ``slopes_of`` hs and state."""
    sizes, span = LayerSizes(*plan[0]), Pieces(*plan[1])
    n_streams, n_inputs, n_held, width = sizes.n_streams, sizes.n_inputs, sizes.n_held, lanes(hs)
    n_units, n_columns, lead = units_of(sizes.hidden_size, hs), units_of(n_inputs, hs), units_of(1 + n_inputs, hs)
    n_factors, n_row = 1 + n_inputs + sizes.hidden_size, lead + n_units
    (dhs, dstate), (dpanel, dx) = slopes_of, gradients
    for unit in range(span.begin, span.end):
        e, _, a, n = place(unit, span.n_rows, n_streams)
        slopes, own = aligned(n * n_units, hs), (e * n_streams + a) * n_units
        to_state = backs[0][e * n_units * n_units : (e + 1) * n_units * n_units]
        to_inputs = backs[1][e * n_units * n_columns : (e + 1) * n_units * n_columns]
        for t in range(sizes.n_steps - 1, -1, -1):
            now, row = ((e * sizes.n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * sizes.reset_step + t * n_streams + a
            for j in range(0, n_units, width):
                for r in range(n):
                    i = r * n_units + j
                    value, up = take(hs, now * n_units + i), take(dhs, now * n_units + i)
                    put(slopes, j * n + r * width, (up + take(dstate, own + i)) * (_ONE - value * value))
                    put(dstate, own + i, 0)
            pull(n, Gates(1, 0, 1), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, Gates(1, 0, 1), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                total = Rows((e * n_units + j) * n_factors, width)
                places = Places(n, Factors(begin, 1, n_row), Rows(j * n, width), total, total)
                product(n_factors, 1, places, trace, slopes, dpanel, dpanel)
            clear(n, n_units, dstate, own, reset, reset_at)


@njit
def lstm_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``."""
    sizes, span = LayerSizes(*plan[0]), Pieces(*plan[1])
    n_streams, n_inputs, n_held, width = sizes.n_streams, sizes.n_inputs, sizes.n_held, lanes(x)
    n_units, lead = units_of(sizes.hidden_size, x), units_of(1 + n_inputs, x)
    n_factors, n_row = 1 + n_inputs + sizes.hidden_size, lead + 2 * n_units
    n_pieces, step = (n_streams + span.n_rows - 1) // span.n_rows, 4 * width
    for unit in range(span.begin, span.end):
        e, piece, a, n = place(unit, span.n_rows, n_streams)
        own, first = state, (e * n_streams + a) * n_units
        c_at = ((sizes.n_members + e) * n_streams + a) * n_units
        for t in range(sizes.n_steps):
            held = min(t, n_held - 1)
            row = ((e * n_held + held) * n_streams + a) * n_row
            work = ((e * n_pieces + piece) * n_held + held) * 5 * span.n_rows * n_units
            begin, reset_at = row + lead - n_inputs - 1, e * sizes.reset_step + t * n_streams + a
            enter(n, n_units, own, first, reset, reset_at, trace, Rows(row + lead, n_row))
            enter(n, n_units, state, c_at, reset, reset_at, trace, Rows(row + lead + n_units, n_row))
            lay(n, n_inputs, x, e * sizes.x_step + (t * n_streams + a) * n_inputs, trace, Rows(begin, n_row))
            own, first = hs, ((e * sizes.n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                bias, blocks = 4 * (e * n_units + j) * n_factors, Rows(work + 5 * j * n, 5 * width)
                weights, biases = Rows(bias + step, step), Rows(bias, 0)
                places = Places(n_factors - 1, Factors(begin + 1, n_row, 1), weights, biases, blocks)
                product(n, 4, places, trace, panel, panel, gates)
                last, c = Rows(row + lead + n_units + j, n_row), Rows(c_at + j, n_units)
                _lstm_step(n, LSTMStep(blocks, last, c, Rows(first + j, n_units)), gates, trace, state, hs)
        copy_row(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def _lstm_step(n: int, rows: LSTMStep, work: Any, trace: Any, state: Any, hs: Any) -> None:
    """Gates, c and h of a tile from what goes into the gates and from the last c."""
    width, last, c, h = lanes(work), rows.last, rows.c, rows.h
    for r in range(n):
        k = rows.gates.at + r * rows.gates.row
        i, f = sigmoid(take(work, k)), sigmoid(take(work, k + width))
        g, o = tanh(take(work, k + 2 * width)), sigmoid(take(work, k + 3 * width))
        new = f * take(trace, last.at + r * last.row) + i * g
        m = tanh(new)
        put(work, k, i)
        put(work, k + width, f)
        put(work, k + 2 * width, g)
        put(work, k + 3 * width, o)
        put(work, k + 4 * width, m)
        put(state, c.at + r * c.row, new)
        put(hs, h.at + r * h.row, o * m)


@njit
def lstm_backward(
    gates: Any, backs: tuple[Any, Any], reset: Any, trace: Any, slopes_of: Any, gradients: Any, plan: Plan
) -> None:
    """Gradients of the state, of the panel and of x; ``slopes_of`` hs and state."""
    sizes, span = LayerSizes(*plan[0]), Pieces(*plan[1])
    n_streams, n_inputs, n_held, width = sizes.n_streams, sizes.n_inputs, sizes.n_held, lanes(gates)
    n_units, n_columns = units_of(sizes.hidden_size, gates), units_of(n_inputs, gates)
    n_factors, lead = 1 + n_inputs + sizes.hidden_size, units_of(1 + n_inputs, gates)
    n_pieces, n_row, step = (n_streams + span.n_rows - 1) // span.n_rows, lead + 2 * n_units, 4 * width
    (dhs, dstate), (dpanel, dx) = slopes_of, gradients
    for unit in range(span.begin, span.end):
        e, piece, a, n = place(unit, span.n_rows, n_streams)
        slopes, own = aligned(4 * n * n_units, gates), (e * n_streams + a) * n_units
        flow = own + sizes.n_members * n_streams * n_units
        to_state = backs[0][4 * e * n_units * n_units : 4 * (e + 1) * n_units * n_units]
        to_inputs = backs[1][4 * e * n_units * n_columns : 4 * (e + 1) * n_units * n_columns]
        for t in range(sizes.n_steps - 1, -1, -1):
            now, row = ((e * sizes.n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * sizes.reset_step + t * n_streams + a
            work = ((e * n_pieces + piece) * n_held + t) * 5 * span.n_rows * n_units
            for j in range(0, n_units, width):
                blocks, up = Rows(work + 5 * j * n, 5 * width), Rows(now * n_units + j, n_units)
                last, late = Rows(row + lead + n_units + j, n_row), Rows(own + j, n_units)
                rows = StepBack(blocks, last, up, late, flow - own, Rows(4 * j * n, step))
                _lstm_slopes(n, rows, gates, trace, dhs, dstate, slopes)
            pull(n, Gates(4, 0, 4), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, Gates(4, 0, 4), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                total = Rows(4 * (e * n_units + j) * n_factors, step)
                places = Places(n, Factors(begin, 1, n_row), Rows(4 * j * n, step), total, total)
                product(n_factors, 4, places, trace, slopes, dpanel, dpanel)
            clear(n, n_units, dstate, own, reset, reset_at)
            clear(n, n_units, dstate, flow, reset, reset_at)


@njit
def _lstm_slopes(n: int, rows: StepBack, work: Any, trace: Any, dhs: Any, dstate: Any, out: Any) -> None:
    """Slopes of a tile of a step; the gradient of c goes on to the step before, that of h is left zero."""
    width, last, up, late, to_c = lanes(work), rows.last, rows.up, rows.late, rows.to_c
    for r in range(n):
        k, s, u = rows.gates.at + r * rows.gates.row, rows.slopes.at + r * rows.slopes.row, late.at + r * late.row
        i, f, g = take(work, k), take(work, k + width), take(work, k + 2 * width)
        o, m = take(work, k + 3 * width), take(work, k + 4 * width)
        dy = take(dhs, up.at + r * up.row) + take(dstate, u)
        dc = take(dstate, u + to_c) + dy * o * (_ONE - m * m)
        put(out, s, dc * g * i * (_ONE - i))
        put(out, s + width, dc * take(trace, last.at + r * last.row) * f * (_ONE - f))
        put(out, s + 2 * width, dc * i * (_ONE - g * g))
        put(out, s + 3 * width, dy * m * o * (_ONE - o))
        put(dstate, u + to_c, dc * f)
        put(dstate, u, 0)


@njit
def gru_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``."""
    sizes, span = LayerSizes(*plan[0]), Pieces(*plan[1])
    n_streams, n_inputs, n_held, width = sizes.n_streams, sizes.n_inputs, sizes.n_held, lanes(x)
    n_units, lead, step = units_of(sizes.hidden_size, x), units_of(1 + n_inputs, x), 3 * width
    n_factors, n_pieces = 1 + n_inputs + sizes.hidden_size, (n_streams + span.n_rows - 1) // span.n_rows
    n_row, n_panel = lead + n_units, (3 * n_factors + 1) * n_units
    for unit in range(span.begin, span.end):
        e, piece, a, n = place(unit, span.n_rows, n_streams)
        own, first = state, (e * n_streams + a) * n_units
        for t in range(sizes.n_steps):
            held = min(t, n_held - 1)
            row = ((e * n_held + held) * n_streams + a) * n_row
            work = ((e * n_pieces + piece) * n_held + held) * 4 * span.n_rows * n_units
            begin, reset_at = row + lead - n_inputs - 1, e * sizes.reset_step + t * n_streams + a
            enter(n, n_units, own, first, reset, reset_at, trace, Rows(row + lead, n_row))
            lay(n, n_inputs, x, e * sizes.x_step + (t * n_streams + a) * n_inputs, trace, Rows(begin, n_row))
            own, first = hs, ((e * sizes.n_steps + t) * n_streams + a) * n_units
            inputs, before = Factors(begin + 1, n_row, 1), Factors(row + lead, n_row, 1)
            for j in range(0, n_units, width):
                at, bias = work + 4 * j * n, e * n_panel + 3 * j * n_factors
                blocks, weights = Rows(at, 4 * width), Rows(bias + step, step)
                product(n, 3, Places(n_inputs, inputs, weights, Rows(bias, 0), blocks), trace, panel, panel, gates)
                begin_with(n, panel, e * n_panel + 3 * n_factors * n_units + j, gates, Rows(at + step, 4 * width))
                weights, total = Rows(bias + (1 + n_inputs) * step, step), Rows(at + width, 4 * width)
                product(n, 3, Places(sizes.hidden_size, before, weights, total, total), trace, panel, gates, gates)
                last, h = Rows(row + lead + j, n_row), Rows(first + j, n_units)
                _gru_step(n, GRUStep(blocks, last, h), gates, trace, hs)
        copy_row(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def _gru_step(n: int, rows: GRUStep, work: Any, trace: Any, hs: Any) -> None:
    """Gates and h of a tile from what goes into the gates and from the last h."""
    width, last, h = lanes(work), rows.last, rows.h
    for i in range(n):
        k = rows.gates.at + i * rows.gates.row
        r, z, q = sigmoid(take(work, k + width)), sigmoid(take(work, k + 2 * width)), take(work, k + 3 * width)
        new = tanh(take(work, k) + r * q)
        put(work, k, new)
        put(work, k + width, r)
        put(work, k + 2 * width, z)
        put(hs, h.at + i * h.row, new + z * (take(trace, last.at + i * last.row) - new))


@njit
def gru_backward(
    gates: Any, backs: tuple[Any, Any], reset: Any, trace: Any, slopes_of: Any, gradients: Any, plan: Plan
) -> None:
    """Gradients of the state, of the panel and of x; ``slopes_of`` hs and state."""
    sizes, span = LayerSizes(*plan[0]), Pieces(*plan[1])
    n_streams, n_inputs, n_held, width = sizes.n_streams, sizes.n_inputs, sizes.n_held, lanes(gates)
    n_units, n_columns, step = units_of(sizes.hidden_size, gates), units_of(n_inputs, gates), 3 * width
    n_factors, lead = 1 + n_inputs + sizes.hidden_size, units_of(1 + n_inputs, gates)
    n_pieces, n_row = (n_streams + span.n_rows - 1) // span.n_rows, lead + n_units
    n_panel, (dhs, dstate), (dpanel, dx) = (3 * n_factors + 1) * n_units, slopes_of, gradients
    for unit in range(span.begin, span.end):
        e, piece, a, n = place(unit, span.n_rows, n_streams)
        slopes, own = aligned(4 * n * n_units, gates), (e * n_streams + a) * n_units
        to_state = backs[0][3 * e * n_units * n_units : 3 * (e + 1) * n_units * n_units]
        to_inputs = backs[1][3 * e * n_units * n_columns : 3 * (e + 1) * n_units * n_columns]
        for t in range(sizes.n_steps - 1, -1, -1):
            now, row = ((e * sizes.n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * sizes.reset_step + t * n_streams + a
            work = ((e * n_pieces + piece) * n_held + t) * 4 * span.n_rows * n_units
            for j in range(0, n_units, width):
                blocks, last = Rows(work + 4 * j * n, 4 * width), Rows(row + lead + j, n_row)
                up, late = Rows(now * n_units + j, n_units), Rows(own + j, n_units)
                rows = StepBack(blocks, last, up, late, 0, Rows(4 * j * n, 4 * width))
                _gru_slopes(n, rows, gates, trace, dhs, dstate, slopes)
            pull(n, Gates(4, 1, 3), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, Gates(4, 0, 3), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                at, b_at = e * n_panel + 3 * j * n_factors, 4 * j * n
                total = Rows(at, step)
                places = Places(n, Factors(begin, 1, n_row), Rows(b_at, 4 * width), total, total)
                product(1 + n_inputs, 3, places, trace, slopes, dpanel, dpanel)
                total = Rows(at + (1 + n_inputs) * step, step)
                places = Places(n, Factors(row + lead, 1, n_row), Rows(b_at + width, 4 * width), total, total)
                product(sizes.hidden_size, 3, places, trace, slopes, dpanel, dpanel)
                bias_at = e * n_panel + 3 * n_factors * n_units + j
                add_rows(n, slopes, Rows(b_at + step, 4 * width), dpanel, bias_at)
            clear(n, n_units, dstate, own, reset, reset_at)


@njit
def _gru_slopes(n: int, rows: StepBack, work: Any, trace: Any, dhs: Any, dstate: Any, out: Any) -> None:
    """Slopes of a tile of a step; what goes to the state before without a gate takes the place of its gradient."""
    width, last, up, late = lanes(work), rows.last, rows.up, rows.late
    for i in range(n):
        k, s, u = rows.gates.at + i * rows.gates.row, rows.slopes.at + i * rows.slopes.row, late.at + i * late.row
        new, r = take(work, k), take(work, k + width)
        z, q = take(work, k + 2 * width), take(work, k + 3 * width)
        dy = take(dhs, up.at + i * up.row) + take(dstate, u)
        d = dy * (_ONE - z) * (_ONE - new * new)
        put(out, s, d)
        put(out, s + width, d * q * r * (_ONE - r))
        put(out, s + 2 * width, dy * (take(trace, last.at + i * last.row) - new) * z * (_ONE - z))
        put(out, s + 3 * width, d * r)
        put(dstate, u, dy * z)
