"""Recurrences of rnn, lstm and gru, forward and backward, a whole chunk in one call.

The equations and their letters are those of ``tsforecast.models.rnn.cells``; the gradients are written out by hand.
Everything of a step, products with weights and their gradients included, is done while it lies in the cache. A forward
kernel leaves the activated gates in ``gates``, for the backward one, in blocks:

    rnn  none, ``gates`` is ``hs``        lstm  i, f, g, o, tanh(c)        gru  n, r, z, q = U h + d

so that what inputs act on lies side by side, and what the state acts on: the first three and the last three of a gru.
Arrays are flat, all float32 or all float64. Named sizes: n_units is hidden_size in whole vectors (see `steps`); n_held
is n_steps, or 1 where no gradient is wanted and each step may write over the last.

    x              (n_members or 1, n_steps, n_streams, n_inputs)
    gates          (n_members, n_pieces, n_held, n_rows * n_blocks * n_units)
    panel          weights of each member, as `tsforecast.models.rnn.panels` lays them out: W above U, then the biases
    backs          transposes of U, and of W where the gradient of x is wanted
    gradients      of the panel, added to; of x, (n_members, n_steps, n_streams, n_inputs in whole vectors), or empty
    state, dstate  (n_parts, n_members, n_streams, n_units); the state comes in as before the first step and goes out
                   as after the last, its gradient the other way round
    reset          (n_members or 1, n_steps, n_streams): whether the state before the step is reset
    trace          (n_parts, n_members, n_held, n_streams, n_units): the state before each step
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
from tsforecast.kernels.steps import (
    NEXT,
    add_1,
    add_3,
    add_4,
    add_runs,
    aligned,
    begin_with,
    clear,
    copy,
    enter,
    place,
    pull,
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
    n_panel = (n_inputs + size + 1) * n_units
    for unit in range(span[1], span[2]):
        e, _, a, n = place(unit, span[0], n_streams)
        own, first = state, (e * n_streams + a) * n_units
        for t in range(n_steps):
            last = ((e * n_held + min(t, n_held - 1)) * n_streams + a) * n_units
            reset_at, x_at = e * reset_step + t * n_streams + a, e * x_step + (t * n_streams + a) * n_inputs
            enter(n, n_units, own, first, reset, reset_at, trace, last)
            own, first = hs, ((e * n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                at, b_at = first + j, e * n_panel + j * (n_inputs + size)
                begin_with(n, 1, panel, e * n_panel + (n_inputs + size) * n_units + j, hs, at, n_units)
                add_1(n, (n_inputs, x_at, n_inputs, NEXT, b_at, width, at, n_units), x, panel, hs)
                add_1(n, (size, last, n_units, NEXT, b_at + n_inputs * width, width, at, n_units), trace, panel, hs)
            for j in range(first, first + n * n_units, width):
                put(hs, j, tanh(take(hs, j)))
        copy(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def rnn_backward(
    hs: Any,
    backs: tuple[Any, Any],
    reset: Any,
    trace: Any,
    x: Any,
    slopes_of: tuple[Any, Any],
    gradients: tuple[Any, Any],
    plan: Plan,
) -> None:
    """Gradients of the state, of the panel and of x, from ``hs`` in place of the gates; ``slopes_of`` hs and state."""
    _, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units, n_columns = plan[1], lanes(x), units_of(size, x), units_of(n_inputs, x)
    n_panel = (n_inputs + size + 1) * n_units
    (dhs, dstate), (dpanel, dx) = slopes_of, gradients
    for unit in range(span[1], span[2]):
        e, _, a, n = place(unit, span[0], n_streams)
        slopes, own, total = aligned(n * n_units, x), (e * n_streams + a) * n_units, e * n_panel
        to_state = backs[0][e * n_units * n_units : (e + 1) * n_units * n_units]
        to_inputs = backs[1][e * n_units * n_columns : (e + 1) * n_units * n_columns]
        for t in range(n_steps - 1, -1, -1):
            now, last = ((e * n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_units
            reset_at, x_at = e * reset_step + t * n_streams + a, e * x_step + (t * n_streams + a) * n_inputs
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
                at = total + j * (n_inputs + size)
                add_1(n_inputs, (n, x_at, NEXT, n_inputs, j * n, width, at, width), x, slopes, dpanel)
                add_1(size, (n, last, NEXT, n_units, j * n, width, at + n_inputs * width, width), trace, slopes, dpanel)
                add_runs(n, 1, slopes, j * n, dpanel, total + (n_inputs + size) * n_units + j)
            clear(n, n_units, dstate, own, reset, reset_at)


@njit
def lstm_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``."""
    n_members, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units = plan[1], lanes(x), units_of(size, x)
    n_panel, n_pieces = 4 * (n_inputs + size + 1) * n_units, (n_streams + span[0] - 1) // span[0]
    cells, held_cells = n_members * n_streams * n_units, n_members * n_held * n_streams * n_units
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        own, first, c_at = state, (e * n_streams + a) * n_units, cells + (e * n_streams + a) * n_units
        for t in range(n_steps):
            held = min(t, n_held - 1)
            last = ((e * n_held + held) * n_streams + a) * n_units
            work = ((e * n_pieces + piece) * n_held + held) * 5 * span[0] * n_units
            reset_at, x_at = e * reset_step + t * n_streams + a, e * x_step + (t * n_streams + a) * n_inputs
            enter(n, n_units, own, first, reset, reset_at, trace, last)
            enter(n, n_units, state, c_at, reset, reset_at, trace, held_cells + last)
            own, first = hs, ((e * n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                at, b_at, step = work + 5 * j * n, e * n_panel + 4 * j * (n_inputs + size), 4 * width
                begin_with(n, 4, panel, e * n_panel + 4 * (n_inputs + size) * n_units + 4 * j, gates, at, 5 * width)
                add_4(n, (n_inputs, x_at, n_inputs, NEXT, b_at, step, at, 5 * width), x, panel, gates)
                add_4(n, (size, last, n_units, NEXT, b_at + n_inputs * step, step, at, 5 * width), trace, panel, gates)
                _lstm_step(n, n_units, (at, held_cells + last + j, c_at + j, first + j), gates, trace, state, hs)
        copy(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def _lstm_step(n: int, n_units: int, places: Any, work: Any, trace: Any, state: Any, hs: Any) -> None:
    """Gates, c and h of a tile from what goes into the gates."""
    at, last, c_at, h_at = places
    width = lanes(work)
    for r in range(n):
        k, u = at + 5 * r * width, r * n_units
        i, f = sigmoid(take(work, k)), sigmoid(take(work, k + width))
        g, o = tanh(take(work, k + 2 * width)), sigmoid(take(work, k + 3 * width))
        c = f * take(trace, last + u) + i * g
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
    gates: Any,
    backs: tuple[Any, Any],
    reset: Any,
    trace: Any,
    x: Any,
    slopes_of: tuple[Any, Any],
    gradients: tuple[Any, Any],
    plan: Plan,
) -> None:
    """Gradients of the state, of the panel and of x; ``slopes_of`` hs and state."""
    n_members, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units, n_columns = plan[1], lanes(x), units_of(size, x), units_of(n_inputs, x)
    n_panel, n_pieces = 4 * (n_inputs + size + 1) * n_units, (n_streams + span[0] - 1) // span[0]
    cells, held_cells = n_members * n_streams * n_units, n_members * n_held * n_streams * n_units
    (dhs, dstate), (dpanel, dx) = slopes_of, gradients
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        slopes, own, total = aligned(4 * n * n_units, x), (e * n_streams + a) * n_units, e * n_panel
        to_state = backs[0][4 * e * n_units * n_units : 4 * (e + 1) * n_units * n_units]
        to_inputs = backs[1][4 * e * n_units * n_columns : 4 * (e + 1) * n_units * n_columns]
        for t in range(n_steps - 1, -1, -1):
            now, last = ((e * n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_units
            reset_at, x_at = e * reset_step + t * n_streams + a, e * x_step + (t * n_streams + a) * n_inputs
            work = ((e * n_pieces + piece) * n_held + t) * 5 * span[0] * n_units
            places = (work, held_cells + last, now * n_units, own, cells + own)
            _lstm_slopes(n, n_units, places, gates, trace, dhs, dstate, slopes)
            pull(n, (4, 0, 4), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, (4, 0, 4), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                at, b_at, step = total + 4 * j * (n_inputs + size), 4 * j * n, 4 * width
                add_4(n_inputs, (n, x_at, NEXT, n_inputs, b_at, step, at, step), x, slopes, dpanel)
                add_4(size, (n, last, NEXT, n_units, b_at, step, at + n_inputs * step, step), trace, slopes, dpanel)
                add_runs(n, 4, slopes, b_at, dpanel, total + 4 * (n_inputs + size) * n_units + 4 * j)
            clear(n, n_units, dstate, own, reset, reset_at)
            clear(n, n_units, dstate, cells + own, reset, reset_at)


@njit
def _lstm_slopes(n: int, n_units: int, places: Any, gates: Any, trace: Any, dhs: Any, dstate: Any, slopes: Any) -> None:
    """Slopes of a step; the gradient of c goes on to the step before, that of h is left zero."""
    work, last, up, late, flow = places
    width = lanes(gates)
    for j in range(0, n_units, width):
        for r in range(n):
            k, s, u = work + 5 * (j * n + r * width), 4 * (j * n + r * width), r * n_units + j
            i, f, g = take(gates, k), take(gates, k + width), take(gates, k + 2 * width)
            o, m = take(gates, k + 3 * width), take(gates, k + 4 * width)
            dy = take(dhs, up + u) + take(dstate, late + u)
            dc = take(dstate, flow + u) + dy * o * (_ONE - m * m)
            put(slopes, s, dc * g * i * (_ONE - i))
            put(slopes, s + width, dc * take(trace, last + u) * f * (_ONE - f))
            put(slopes, s + 2 * width, dc * i * (_ONE - g * g))
            put(slopes, s + 3 * width, dy * m * o * (_ONE - o))
            put(dstate, flow + u, dc * f)
            put(dstate, late + u, 0)


@njit
def gru_forward(x: Any, gates: Any, panel: Any, state: Any, reset: Any, trace: Any, hs: Any, plan: Plan) -> None:
    """Outputs into ``hs``."""
    _, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units = plan[1], lanes(x), units_of(size, x)
    n_weights, n_pieces = 3 * (n_inputs + size) * n_units, (n_streams + span[0] - 1) // span[0]
    n_panel = n_weights + 4 * n_units
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        own, first = state, (e * n_streams + a) * n_units
        for t in range(n_steps):
            held = min(t, n_held - 1)
            last = ((e * n_held + held) * n_streams + a) * n_units
            work = ((e * n_pieces + piece) * n_held + held) * 4 * span[0] * n_units
            reset_at, x_at = e * reset_step + t * n_streams + a, e * x_step + (t * n_streams + a) * n_inputs
            enter(n, n_units, own, first, reset, reset_at, trace, last)
            own, first = hs, ((e * n_steps + t) * n_streams + a) * n_units
            for j in range(0, n_units, width):
                at, b_at, step, row = work + 4 * j * n, e * n_panel + 3 * j * (n_inputs + size), 3 * width, 4 * width
                begin_with(n, 4, panel, e * n_panel + n_weights + 4 * j, gates, at, row)
                add_3(n, (n_inputs, x_at, n_inputs, NEXT, b_at, step, at, row), x, panel, gates)
                add_3(
                    n, (size, last, n_units, NEXT, b_at + n_inputs * step, step, at + width, row), trace, panel, gates
                )
                _gru_step(n, n_units, gates, at, trace, last + j, hs, first + j)
        copy(n * n_units, own, first, state, (e * n_streams + a) * n_units)


@njit
def _gru_step(n: int, n_units: int, work: Any, at: int, trace: Any, last: int, hs: Any, h_at: int) -> None:
    """Gates and h of a tile from what goes into the gates."""
    width = lanes(work)
    for i in range(n):
        k, u = at + 4 * i * width, i * n_units
        r, z, q = sigmoid(take(work, k + width)), sigmoid(take(work, k + 2 * width)), take(work, k + 3 * width)
        new = tanh(take(work, k) + r * q)
        put(work, k, new)
        put(work, k + width, r)
        put(work, k + 2 * width, z)
        put(hs, h_at + u, new + z * (take(trace, last + u) - new))


@njit
def gru_backward(
    gates: Any,
    backs: tuple[Any, Any],
    reset: Any,
    trace: Any,
    x: Any,
    slopes_of: tuple[Any, Any],
    gradients: tuple[Any, Any],
    plan: Plan,
) -> None:
    """Gradients of the state, of the panel and of x; ``slopes_of`` hs and state."""
    _, n_steps, n_streams, n_inputs, size, n_held, x_step, reset_step = plan[0]
    span, width, n_units, n_columns = plan[1], lanes(x), units_of(size, x), units_of(n_inputs, x)
    n_weights, n_pieces = 3 * (n_inputs + size) * n_units, (n_streams + span[0] - 1) // span[0]
    (dhs, dstate), (dpanel, dx) = slopes_of, gradients
    for unit in range(span[1], span[2]):
        e, piece, a, n = place(unit, span[0], n_streams)
        slopes, own, total = aligned(4 * n * n_units, x), (e * n_streams + a) * n_units, e * (n_weights + 4 * n_units)
        to_state = backs[0][3 * e * n_units * n_units : 3 * (e + 1) * n_units * n_units]
        to_inputs = backs[1][3 * e * n_units * n_columns : 3 * (e + 1) * n_units * n_columns]
        for t in range(n_steps - 1, -1, -1):
            now, last = ((e * n_steps + t) * n_streams + a), ((e * n_held + t) * n_streams + a) * n_units
            reset_at, x_at = e * reset_step + t * n_streams + a, e * x_step + (t * n_streams + a) * n_inputs
            work = ((e * n_pieces + piece) * n_held + t) * 4 * span[0] * n_units
            _gru_slopes(n, n_units, (work, last, now * n_units, own), gates, trace, dhs, dstate, slopes)
            pull(n, (4, 1, 3), slopes, to_state, n_units, dstate, own)
            if dx.size > 0:
                pull(n, (4, 0, 3), slopes, to_inputs, n_columns, dx, now * n_columns)
            for j in range(0, n_units, width):
                at, b_at, step, row = total + 3 * j * (n_inputs + size), 4 * j * n, 3 * width, 4 * width
                add_3(n_inputs, (n, x_at, NEXT, n_inputs, b_at, row, at, step), x, slopes, dpanel)
                again = (n, last, NEXT, n_units, b_at + width, row, at + n_inputs * step, step)
                add_3(size, again, trace, slopes, dpanel)
                add_runs(n, 4, slopes, b_at, dpanel, total + n_weights + 4 * j)
            clear(n, n_units, dstate, own, reset, reset_at)


@njit
def _gru_slopes(n: int, n_units: int, places: Any, gates: Any, trace: Any, dhs: Any, dstate: Any, slopes: Any) -> None:
    """Slopes of a step; what goes to the state before without a gate takes the place of its gradient."""
    work, last, up, late = places
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
            put(slopes, s + 2 * width, dy * (take(trace, last + u) - new) * z * (_ONE - z))
            put(slopes, s + 3 * width, d * r)
            put(dstate, late + u, dy * z)
