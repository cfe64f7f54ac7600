"""Recurrences of rnn, lstm and gru, forward and backward, a whole chunk in one call.

The equations and their letters are those of ``tsforecast.models.rnn.cells``; the gradients are written out by hand.
Everything of a step, products with weights and their gradients included, is done while it lies in the cache. A forward
kernel leaves the activated gates in ``gates``, for the backward one, as `tsforecast.kernels.steps` lays them out.
Arrays are contiguous, all float32 or all float64, in named sizes:

    x              (n_members or 1, n_steps, n_streams, n_inputs)
    gates          (n_members, n_pieces, n_steps, `width_of` a step); of an rnn it is ``hs``
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

from typing import Any, TypeAlias

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels.steps import (
    ONE,
    THIN,
    add,
    alike,
    clear,
    collect,
    collect_thin,
    collect_tiles,
    divided,
    enter,
    flat,
    input_slopes,
    place,
    project,
    project_all,
    project_thin,
    pull,
    pull_thin,
    store,
    tanh,
    tiled,
    to_sigmoid,
    to_tanh,
)

Span: TypeAlias = tuple[int, int, int]


@njit
def rnn_forward(x: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``, which is ``gates``."""
    _, n_steps, n_streams, _ = hs.shape
    thin = span[0] < THIN
    for unit in range(span[1], span[2]):
        e, _, a, z = place(unit, span[0], n_streams)
        mask, inputs = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)]
        bias, h = tiled(weights[2][e], 1, z - a), state[0, e, a:z]
        if thin:
            project_all(inputs, weights[0][e], hs[e])
        for t in range(n_steps):
            before = trace[0, e, t, a:z]
            enter(h, mask[t, a:z], before)
            h = hs[e, t, a:z]
            if thin:
                project_thin(before, weights[1][e], 1, h.reshape(-1))
            else:
                project(inputs[t, a:z], before, weights[0][e], weights[1][e], 1, h.reshape(-1))
            to_tanh(h.reshape(-1), bias[0])
        store(h.reshape(-1), state[0, e, a:z].reshape(-1))


@njit
def rnn_backward(
    hs: Any, weights: Any, keep: Any, trace: Any, x: Any, dhs: Any, dstate: Any, gradients: Any, span: Span
) -> None:
    """Gradients of the state, of the weights and of x."""
    _, n_steps, n_streams, size = dhs.shape
    thin = span[0] < THIN
    works = np.empty((n_steps if thin else 1, min(span[0], n_streams) * size), x.dtype)
    for unit in range(span[1], span[2]):
        e, _, a, z = place(unit, span[0], n_streams)
        mask, inputs, n = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)], (z - a) * size
        WT, UT, tiles = weights[0][e].T.copy(), weights[1][e].T.copy(), np.zeros((1, n), x.dtype)
        dh = dstate[0, e, a:z]
        for t in range(n_steps - 1, -1, -1):
            work = works[t if thin else 0, :n]
            _rnn_slopes(hs[e, t, a:z].reshape(-1), dhs[e, t, a:z].reshape(-1), dh.reshape(-1), work)
            dh[:] = 0
            if thin:
                pull_thin(work, UT, 1, dh)
            else:
                collect(work, inputs[t, a:z], trace[0, e, t, a:z], gradients, e, tiles)
                pull(work, WT, UT, 1, input_slopes(gradients[3], e, t, a, z), dh)
            clear(dh, mask[t, a:z])
        if thin:
            collect_thin(works.reshape(-1), inputs, trace[0, e], gradients, e, WT)
        else:
            collect_tiles(tiles, z - a, gradients[2][e])


@njit
def _rnn_slopes(h: Any, up: Any, late: Any, d: Any) -> None:
    for j in range(h.size):
        d[j] = (up[j] + late[j]) * (ONE - h[j] * h[j])


@njit
def lstm_forward(x: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``."""
    _, n_steps, n_streams, _ = hs.shape
    thin = span[0] < THIN
    for unit in range(span[1], span[2]):
        e, piece, a, z = place(unit, span[0], n_streams)
        mask, inputs = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)]
        bias, h, c = tiled(weights[2][e], 4, 1 if thin else z - a), state[0, e, a:z], state[1, e, a:z]
        if thin:
            project_all(inputs, weights[0][e], gates[e, piece])
        for t in range(n_steps):
            before, last, work = trace[0, e, t, a:z], trace[1, e, t, a:z], gates[e, piece, t]
            enter(h, mask[t, a:z], before)
            enter(c, mask[t, a:z], last)
            if thin:
                project_thin(before, weights[1][e], 4, work)
            else:
                project(inputs[t, a:z], before, weights[0][e], weights[1][e], 4, work)
            h, parts = hs[e, t, a:z], divided(work, span[0])
            lasts, cs, outs = alike(last, parts), alike(c, parts), alike(h, parts)
            for k in range(parts.shape[0]):
                _lstm_step(parts[k], bias, lasts[k], cs[k], outs[k])
        store(h.reshape(-1), state[0, e, a:z].reshape(-1))


@njit
def _lstm_step(work: Any, bias: Any, last: Any, c: Any, h: Any) -> None:
    n = h.size
    i, f, g, o = flat(work, 0, 4, n), flat(work, 1, 4, n), flat(work, 2, 4, n), flat(work, 3, 4, n)
    to_sigmoid(i, bias[0])
    to_sigmoid(f, bias[1])
    to_tanh(g, bias[2])
    to_sigmoid(o, bias[3])
    for j in range(n):
        c[j] = f[j] * last[j] + i[j] * g[j]
        h[j] = o[j] * tanh(c[j])


@njit
def lstm_backward(
    gates: Any, weights: Any, keep: Any, trace: Any, x: Any, dhs: Any, dstate: Any, gradients: Any, span: Span
) -> None:
    """Gradients of the state, of the weights and of x."""
    _, n_steps, n_streams, size = dhs.shape
    thin = span[0] < THIN
    works = np.empty((n_steps if thin else 1, gates.shape[3]), x.dtype)
    for unit in range(span[1], span[2]):
        e, piece, a, z = place(unit, span[0], n_streams)
        mask, inputs = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)]
        WT, UT, tiles = weights[0][e].T.copy(), weights[1][e].T.copy(), np.zeros((4, (z - a) * size), x.dtype)
        dh, dc = dstate[0, e, a:z], dstate[1, e, a:z]
        for t in range(n_steps - 1, -1, -1):
            work = works[t if thin else 0]
            parts, past = divided(work, span[0]), divided(gates[e, piece, t], span[0])
            lasts, ups = alike(trace[1, e, t, a:z], parts), alike(dhs[e, t, a:z], parts)
            lates, flows = alike(dh, parts), alike(dc, parts)
            for k in range(parts.shape[0]):
                _lstm_slopes(past[k], lasts[k], ups[k], lates[k], flows[k], parts[k])
            dh[:] = 0
            if thin:
                pull_thin(work, UT, 4, dh)
            else:
                collect(work, inputs[t, a:z], trace[0, e, t, a:z], gradients, e, tiles)
                pull(work, WT, UT, 4, input_slopes(gradients[3], e, t, a, z), dh)
            clear(dh, mask[t, a:z])
            clear(dc, mask[t, a:z])
        if thin:
            collect_thin(works.reshape(-1), inputs, trace[0, e], gradients, e, WT)
        else:
            collect_tiles(tiles, z - a, gradients[2][e])


@njit
def _lstm_slopes(past: Any, last: Any, up: Any, late: Any, flow: Any, work: Any) -> None:
    n = up.size
    i, f, g, o = flat(past, 0, 4, n), flat(past, 1, 4, n), flat(past, 2, 4, n), flat(past, 3, 4, n)
    di, df, dg, do = flat(work, 0, 4, n), flat(work, 1, 4, n), flat(work, 2, 4, n), flat(work, 3, 4, n)
    for j in range(n):
        m = tanh(f[j] * last[j] + i[j] * g[j])
        dy = up[j] + late[j]
        dc = flow[j] + dy * o[j] * (ONE - m * m)
        do[j] = dy * m * o[j] * (ONE - o[j])
        di[j] = dc * g[j] * i[j] * (ONE - i[j])
        df[j] = dc * last[j] * f[j] * (ONE - f[j])
        dg[j] = dc * i[j] * (ONE - g[j] * g[j])
        flow[j] = dc * f[j]


@njit
def gru_forward(x: Any, gates: Any, weights: Any, state: Any, keep: Any, trace: Any, hs: Any, span: Span) -> None:
    """Outputs into ``hs``."""
    _, n_steps, n_streams, _ = hs.shape
    thin = span[0] < THIN
    for unit in range(span[1], span[2]):
        e, piece, a, z = place(unit, span[0], n_streams)
        mask, inputs = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)]
        bias, h = tiled(weights[2][e], 4, 1 if thin else z - a), state[0, e, a:z]
        if thin:
            project_all(inputs, weights[0][e], gates[e, piece])
        for t in range(n_steps):
            before, work = trace[0, e, t, a:z], gates[e, piece, t]
            enter(h, mask[t, a:z], before)
            if thin:
                project_thin(before, weights[1][e], 4, work)
            else:
                project(inputs[t, a:z], before, weights[0][e], weights[1][e], 4, work)
            h, parts = hs[e, t, a:z], divided(work, span[0])
            lasts, outs = alike(before, parts), alike(h, parts)
            for k in range(parts.shape[0]):
                _gru_step(parts[k], bias, lasts[k], outs[k])
        store(h.reshape(-1), state[0, e, a:z].reshape(-1))


@njit
def _gru_step(work: Any, bias: Any, last: Any, h: Any) -> None:
    size = h.size
    r, z, n, q = (flat(work, 0, 4, size), flat(work, 1, 4, size), flat(work, 2, 4, size), flat(work, 3, 4, size))
    to_sigmoid(r, bias[0])
    to_sigmoid(z, bias[1])
    add(bias[2], n)
    add(bias[3], q)
    for j in range(size):
        n[j] = tanh(n[j] + r[j] * q[j])
        h[j] = n[j] + z[j] * (last[j] - n[j])


@njit
def gru_backward(
    gates: Any, weights: Any, keep: Any, trace: Any, x: Any, dhs: Any, dstate: Any, gradients: Any, span: Span
) -> None:
    """Gradients of the state, of the weights and of x."""
    _, n_steps, n_streams, size = dhs.shape
    thin = span[0] < THIN
    works = np.empty((n_steps if thin else 1, gates.shape[3]), x.dtype)
    for unit in range(span[1], span[2]):
        e, piece, a, z = place(unit, span[0], n_streams)
        mask, inputs = keep[min(e, keep.shape[0] - 1)], x[min(e, x.shape[0] - 1)]
        WT, UT, tiles = weights[0][e].T.copy(), weights[1][e].T.copy(), np.zeros((4, (z - a) * size), x.dtype)
        dh = dstate[0, e, a:z]
        for t in range(n_steps - 1, -1, -1):
            work = works[t if thin else 0]
            parts, past = divided(work, span[0]), divided(gates[e, piece, t], span[0])
            lasts, ups, lates = alike(trace[0, e, t, a:z], parts), alike(dhs[e, t, a:z], parts), alike(dh, parts)
            for k in range(parts.shape[0]):
                _gru_slopes(past[k], lasts[k], ups[k], lates[k], parts[k])
            if thin:
                pull_thin(work, UT, 4, dh)
            else:
                collect(work, inputs[t, a:z], trace[0, e, t, a:z], gradients, e, tiles)
                pull(work, WT, UT, 4, input_slopes(gradients[3], e, t, a, z), dh)
            clear(dh, mask[t, a:z])
        if thin:
            collect_thin(works.reshape(-1), inputs, trace[0, e], gradients, e, WT)
        else:
            collect_tiles(tiles, z - a, gradients[2][e])


@njit
def _gru_slopes(past: Any, last: Any, up: Any, late: Any, work: Any) -> None:
    size = up.size
    r, z, n, q = (flat(past, 0, 4, size), flat(past, 1, 4, size), flat(past, 2, 4, size), flat(past, 3, 4, size))
    dr, dz, dn, dq = (
        flat(work, 0, 4, size),
        flat(work, 1, 4, size),
        flat(work, 2, 4, size),
        flat(work, 3, 4, size),
    )
    for j in range(size):
        dy = up[j] + late[j]
        d = dy * (ONE - z[j]) * (ONE - n[j] * n[j])
        dr[j] = d * q[j] * r[j] * (ONE - r[j])
        dz[j] = dy * (last[j] - n[j]) * z[j] * (ONE - z[j])
        dn[j] = d
        dq[j] = d * r[j]
        late[j] = dy * z[j]
