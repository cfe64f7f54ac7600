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
    plan           sizes and span
    sizes          n_members, n_steps, n_streams, n_inputs, hidden_size, n_held; numbers from one member to the next in
                   ``x`` and in ``reset``, 0 where they share them
    span           (n_rows, begin, end): pieces of n_rows streams are counted on from member to member; the call
                   computes pieces begin to end, which do not touch the others, but in gradients of the panel
"""

from typing import Any, TypeAlias

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._vectors import lanes, put, sigmoid, take, tanh
from tsforecast.kernels.recurrent.steps import (
    FIRST,
    NEXT,
    add_rows,
    aligned,
    begin_with,
    clear,
    copy_row,
    enter,
    lay,
    place,
    pull,
    sum_1,
    sum_3,
    sum_4,
    units_of,
)

Span: TypeAlias = tuple[int, int, int]
Sizes: TypeAlias = tuple[int, int, int, int, int, int, int, int]
Plan: TypeAlias = tuple[Sizes, Span]
N_BLOCKS = {"rnn": 1, "lstm": 5, "gru": 4}
_ONE = np.float32(1)  # no upcast of float32


@njit
def rnn_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``; the gates are not used."""
    _, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units = plan[1], lanes(x), units_of(size, x)
    n_factors, lead = 1 + n_inputs + size, units_of(1 + n_inputs, x)
    n_row = lead + n_units
    for unit in range(span[1], span[2]):
        e, _, a, n = place(unit, span[0], n_streams)
        own, first = state, (e * n_streams + a) * n_units
        for t in range(n_steps):
            row = ((e * n_held + min(t, n_held - 1)) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * reset_step + t * n_streams + a
            enter(n, n_units, own, first, reset, reset_at, trace, (row + lead, n_row))
            lay(n, n_inputs, x, e * x_step + (t * n_streams + a) * n_inputs, trace, (begin, n_row))
            own, first = hs, ((e * n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                bias, at = (e * n_units + j) * n_factors, first + j
                sizes = (n_factors - 1, begin + 1, n_row, NEXT, bias + width, width, bias, FIRST, at, n_units)
                sum_1(n, sizes, trace, panel, panel, hs)
            for j in range(first, first + n * n_units, width):
                put(hs, j, tanh(take(hs, j)))
        copy_row(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def rnn_backward(
    hs: Any, backs: tuple[Any, Any], reset: Any, trace: Any, slopes_of: Any, gradients: Any, plan: Plan
) -> None:
    """Gradients of the state, of the panel and of x, from ``hs`` in place of the gates; ``slopes_of`` hs and state."""
    _, n_steps, n_streams, n_inputs, size, n_held, _, reset_step = plan[0]
    span, width, n_units, n_columns = plan[1], lanes(hs), units_of(size, hs), units_of(n_inputs, hs)
    n_factors, lead = 1 + n_inputs + size, units_of(1 + n_inputs, hs)
    n_row, (dhs, dstate), (dpanel, dx) = lead + n_units, slopes_of, gradients
    for unit in range(span[1], span[2]):
        e, _, a, n = place(unit, span[0], n_streams)
        slopes, own = aligned(n * n_units, hs), (e * n_streams + a) * n_units
        to_state = backs[0][e * n_units * n_units : (e + 1) * n_units * n_units]
        to_inputs = backs[1][e * n_units * n_columns : (e + 1) * n_units * n_columns]
        for t in range(n_steps - 1, -1, -1):
            now, row = ((e * n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * reset_step + t * n_streams + a
            for j in range(0, n_units, width):
                for r in range(n):
                    i = r * n_units + j
                    value, up = take(hs, now * n_units + i), take(dhs, now * n_units + i)
                    put(slopes, j * n + r * width, (up + take(dstate, own + i)) * (_ONE - value * value))
                    put(dstate, own + i, 0)
            pull(n, (1, 0, 1), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, (1, 0, 1), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                at = (e * n_units + j) * n_factors
                sizes = (n, begin, NEXT, n_row, j * n, width, at, width, at, width)
                sum_1(n_factors, sizes, trace, slopes, dpanel, dpanel)
            clear(n, n_units, dstate, own, reset, reset_at)


@njit
def lstm_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``."""
    n_members, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units = plan[1], lanes(x), units_of(size, x)
    n_factors, lead, n_pieces = 1 + n_inputs + size, units_of(1 + n_inputs, x), (n_streams + span[0] - 1) // span[0]
    n_row = lead + 2 * n_units
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        own, first, c_at = state, (e * n_streams + a) * n_units, ((n_members + e) * n_streams + a) * n_units
        for t in range(n_steps):
            held = min(t, n_held - 1)
            row = ((e * n_held + held) * n_streams + a) * n_row
            work = ((e * n_pieces + piece) * n_held + held) * 5 * span[0] * n_units
            begin, reset_at = row + lead - n_inputs - 1, e * reset_step + t * n_streams + a
            enter(n, n_units, own, first, reset, reset_at, trace, (row + lead, n_row))
            enter(n, n_units, state, c_at, reset, reset_at, trace, (row + lead + n_units, n_row))
            lay(n, n_inputs, x, e * x_step + (t * n_streams + a) * n_inputs, trace, (begin, n_row))
            own, first = hs, ((e * n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                at, bias, step = work + 5 * j * n, 4 * (e * n_units + j) * n_factors, 4 * width
                sizes = (n_factors - 1, begin + 1, n_row, NEXT, bias + step, step, bias, FIRST, at, 5 * width)
                sum_4(n, sizes, trace, panel, panel, gates)
                places = (at, row + lead + n_units + j, n_row, c_at + j, first + j)
                _lstm_step(n, n_units, places, gates, trace, state, hs)
        copy_row(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def _lstm_step(n: int, n_units: int, places: Any, work: Any, trace: Any, state: Any, hs: Any) -> None:
    """Gates, c and h of a tile from what goes into the gates."""
    at, last, n_row, c_at, h_at = places
    width = lanes(work)
    for r in range(n):
        k, u = at + 5 * r * width, r * n_units
        i, f = sigmoid(take(work, k)), sigmoid(take(work, k + width))
        g, o = tanh(take(work, k + 2 * width)), sigmoid(take(work, k + 3 * width))
        c = f * take(trace, last + r * n_row) + i * g
        m = tanh(c)
        put(work, k, i)
        put(work, k + width, f)
        put(work, k + 2 * width, g)
        put(work, k + 3 * width, o)
        put(work, k + 4 * width, m)
        put(state, c_at + u, c)
        put(hs, h_at + u, o * m)


@njit
def lstm_backward(
    gates: Any, backs: tuple[Any, Any], reset: Any, trace: Any, slopes_of: Any, gradients: Any, plan: Plan
) -> None:
    """Gradients of the state, of the panel and of x; ``slopes_of`` hs and state."""
    n_members, n_steps, n_streams, n_inputs, size, n_held, _, reset_step = plan[0]
    span, width, n_units, n_columns = plan[1], lanes(gates), units_of(size, gates), units_of(n_inputs, gates)
    n_factors, lead, n_pieces = 1 + n_inputs + size, units_of(1 + n_inputs, gates), (n_streams + span[0] - 1) // span[0]
    n_row, (dhs, dstate), (dpanel, dx) = lead + 2 * n_units, slopes_of, gradients
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        slopes, own = aligned(4 * n * n_units, gates), (e * n_streams + a) * n_units
        flow = own + n_members * n_streams * n_units
        to_state = backs[0][4 * e * n_units * n_units : 4 * (e + 1) * n_units * n_units]
        to_inputs = backs[1][4 * e * n_units * n_columns : 4 * (e + 1) * n_units * n_columns]
        for t in range(n_steps - 1, -1, -1):
            now, row = ((e * n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * reset_step + t * n_streams + a
            work = ((e * n_pieces + piece) * n_held + t) * 5 * span[0] * n_units
            places = (work, row + lead + n_units, n_row, now * n_units, own, flow)
            _lstm_slopes(n, n_units, places, gates, trace, dhs, dstate, slopes)
            pull(n, (4, 0, 4), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, (4, 0, 4), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                at, step = 4 * (e * n_units + j) * n_factors, 4 * width
                sizes = (n, begin, NEXT, n_row, 4 * j * n, step, at, step, at, step)
                sum_4(n_factors, sizes, trace, slopes, dpanel, dpanel)
            clear(n, n_units, dstate, own, reset, reset_at)
            clear(n, n_units, dstate, flow, reset, reset_at)


@njit
def _lstm_slopes(n: int, n_units: int, places: Any, gates: Any, trace: Any, dhs: Any, dstate: Any, slopes: Any) -> None:
    """Slopes of a step; the gradient of c goes on to the step before, that of h is left zero."""
    work, last, n_row, up, late, flow = places
    width = lanes(gates)
    for j in range(0, n_units, width):
        for r in range(n):
            k, s, u = work + 5 * (j * n + r * width), 4 * (j * n + r * width), r * n_units + j
            i, f, g = take(gates, k), take(gates, k + width), take(gates, k + 2 * width)
            o, m = take(gates, k + 3 * width), take(gates, k + 4 * width)
            dy = take(dhs, up + u) + take(dstate, late + u)
            dc = take(dstate, flow + u) + dy * o * (_ONE - m * m)
            put(slopes, s, dc * g * i * (_ONE - i))
            put(slopes, s + width, dc * take(trace, last + r * n_row + j) * f * (_ONE - f))
            put(slopes, s + 2 * width, dc * i * (_ONE - g * g))
            put(slopes, s + 3 * width, dy * m * o * (_ONE - o))
            put(dstate, flow + u, dc * f)
            put(dstate, late + u, 0)


@njit
def gru_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``."""
    _, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units = plan[1], lanes(x), units_of(size, x)
    n_factors, lead, n_pieces = 1 + n_inputs + size, units_of(1 + n_inputs, x), (n_streams + span[0] - 1) // span[0]
    n_row, n_panel = lead + n_units, (3 * n_factors + 1) * n_units
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        own, first = state, (e * n_streams + a) * n_units
        for t in range(n_steps):
            held = min(t, n_held - 1)
            row = ((e * n_held + held) * n_streams + a) * n_row
            work = ((e * n_pieces + piece) * n_held + held) * 4 * span[0] * n_units
            begin, reset_at = row + lead - n_inputs - 1, e * reset_step + t * n_streams + a
            enter(n, n_units, own, first, reset, reset_at, trace, (row + lead, n_row))
            lay(n, n_inputs, x, e * x_step + (t * n_streams + a) * n_inputs, trace, (begin, n_row))
            own, first = hs, ((e * n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                at, bias, step, run = work + 4 * j * n, e * n_panel + 3 * j * n_factors, 3 * width, 4 * width
                sizes = (n_inputs, begin + 1, n_row, NEXT, bias + step, step, bias, FIRST, at, run)
                sum_3(n, sizes, trace, panel, panel, gates)
                begin_with(n, panel, e * n_panel + 3 * n_factors * n_units + j, gates, at + step, run)
                U_at = bias + (1 + n_inputs) * step
                sizes = (size, row + lead, n_row, NEXT, U_at, step, at + width, run, at + width, run)
                sum_3(n, sizes, trace, panel, gates, gates)
                _gru_step(n, n_units, (at, row + lead + j, n_row, first + j), gates, trace, hs)
        copy_row(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def _gru_step(n: int, n_units: int, places: Any, work: Any, trace: Any, hs: Any) -> None:
    """Gates and h of a tile from what goes into the gates."""
    at, last, n_row, h_at = places
    width = lanes(work)
    for i in range(n):
        k = at + 4 * i * width
        r, z, q = sigmoid(take(work, k + width)), sigmoid(take(work, k + 2 * width)), take(work, k + 3 * width)
        new = tanh(take(work, k) + r * q)
        put(work, k, new)
        put(work, k + width, r)
        put(work, k + 2 * width, z)
        put(hs, h_at + i * n_units, new + z * (take(trace, last + i * n_row) - new))


@njit
def gru_backward(
    gates: Any, backs: tuple[Any, Any], reset: Any, trace: Any, slopes_of: Any, gradients: Any, plan: Plan
) -> None:
    """Gradients of the state, of the panel and of x; ``slopes_of`` hs and state."""
    _, n_steps, n_streams, n_inputs, size, n_held, _, reset_step = plan[0]
    span, width, n_units, n_columns = plan[1], lanes(gates), units_of(size, gates), units_of(n_inputs, gates)
    n_factors, lead, n_pieces = 1 + n_inputs + size, units_of(1 + n_inputs, gates), (n_streams + span[0] - 1) // span[0]
    n_row, n_panel, (dhs, dstate), (dpanel, dx) = lead + n_units, (3 * n_factors + 1) * n_units, slopes_of, gradients
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        slopes, own = aligned(4 * n * n_units, gates), (e * n_streams + a) * n_units
        to_state = backs[0][3 * e * n_units * n_units : 3 * (e + 1) * n_units * n_units]
        to_inputs = backs[1][3 * e * n_units * n_columns : 3 * (e + 1) * n_units * n_columns]
        for t in range(n_steps - 1, -1, -1):
            now, row = ((e * n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_row
            begin, reset_at = row + lead - n_inputs - 1, e * reset_step + t * n_streams + a
            work = ((e * n_pieces + piece) * n_held + t) * 4 * span[0] * n_units
            _gru_slopes(n, n_units, (work, row + lead, n_row, now * n_units, own), gates, trace, dhs, dstate, slopes)
            pull(n, (4, 1, 3), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, (4, 0, 3), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                at, b_at, step, run = e * n_panel + 3 * j * n_factors, 4 * j * n, 3 * width, 4 * width
                sizes = (n, begin, NEXT, n_row, b_at, run, at, step, at, step)
                sum_3(1 + n_inputs, sizes, trace, slopes, dpanel, dpanel)
                at += (1 + n_inputs) * step
                sizes = (n, row + lead, NEXT, n_row, b_at + width, run, at, step, at, step)
                sum_3(size, sizes, trace, slopes, dpanel, dpanel)
                add_rows(n, run, slopes, b_at + step, dpanel, e * n_panel + 3 * n_factors * n_units + j)
            clear(n, n_units, dstate, own, reset, reset_at)


@njit
def _gru_slopes(n: int, n_units: int, places: Any, gates: Any, trace: Any, dhs: Any, dstate: Any, slopes: Any) -> None:
    """Slopes of a step; what goes to the state before without a gate takes the place of its gradient."""
    work, last, n_row, up, late = places
    width = lanes(gates)
    for j in range(0, n_units, width):
        for i in range(n):
            s, u = 4 * (j * n + i * width), i * n_units + j
            new, r = take(gates, work + s), take(gates, work + s + width)
            z, q = take(gates, work + s + 2 * width), take(gates, work + s + 3 * width)
            dy = take(dhs, up + u) + take(dstate, late + u)
            d = dy * (_ONE - z) * (_ONE - new * new)
            put(slopes, s, d)
            put(slopes, s + width, d * q * r * (_ONE - r))
            put(slopes, s + 2 * width, dy * (take(trace, last + i * n_row + j) - new) * z * (_ONE - z))
            put(slopes, s + 3 * width, d * r)
            put(dstate, late + u, dy * z)
