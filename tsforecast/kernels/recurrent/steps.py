"""Parts of recurrent kernels: products of a step with weights, and the state before a step.

The units of a layer are cut to *tiles* of as many as a vector has lanes (`tsforecast.kernels._simd`); the last is
filled up with units whose weights are zero, and so are all states: a row of a state is ``n_units`` long. A step of n
streams is, tile by tile and stream by stream, a run of ``n_blocks`` vectors: its gates forward, their slopes backward.
Weights lie in *panels*, in the same order, as `tsforecast.models.neural.networks.weight_layout` lays them out. All
arrays are flat.
"""

from typing import Any, NamedTuple

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import lanes, put, take
from tsforecast.kernels.recurrent.tile import Factors, Places, Rows, add_product


class Gates(NamedTuple):
    """Which blocks of a run of slopes count: ``n_gates`` from the block ``first`` on."""

    n_blocks: int
    first: int
    n_gates: int


@njit
def gather(n: int, values: Any, begin: int, step: int, index: Any, out: Any) -> None:
    """Numbers of n members, ``step`` apart, at places of ``values`` from ``begin`` on; zero where one is negative."""
    for e in range(n):
        first, at = e * step + begin, e * index.size
        for i in range(index.size):
            out[at + i] = values[first + index[i]] if index[i] >= 0 else 0


@njit
def to_panel(n: int, values: Any, begin: int, step: int, runs: Any, panel: Any) -> None:
    """The vectors of the panels of n members: ``runs`` says where each begins in ``values``, and how long it is."""
    width = lanes(panel)
    for e in range(n):
        for i in range(runs.shape[0]):
            start, count, at = e * step + begin + runs[i, 0], runs[i, 1], (e * runs.shape[0] + i) * width
            if count == width:
                put(panel, at, take(values, start))
            else:
                for j in range(width):
                    panel[at + j] = values[start + j] if j < count else 0


@njit
def from_panel(n: int, panel: Any, runs: Any, values: Any, begin: int, step: int) -> None:
    """The other way: numbers of the panels to where `to_panel` takes them from."""
    width = lanes(panel)
    for e in range(n):
        for i in range(runs.shape[0]):
            start, count, at = e * step + begin + runs[i, 0], runs[i, 1], (e * runs.shape[0] + i) * width
            if count == width:
                put(values, start, take(panel, at))
            else:
                for j in range(count):
                    values[start + j] = panel[at + j]


@njit
def aligned(n: int, like: Any) -> Any:
    """Zeros, ``n`` of them, from the beginning of a line of the cache on."""
    buffer = np.zeros(n + 64 // like.itemsize, like.dtype)
    begin = (-buffer.ctypes.data % 64) // like.itemsize
    return buffer[begin : begin + n]


@njit
def units_of(size: int, like: Any) -> int:
    """``size`` in whole vectors."""
    return (size + lanes(like) - 1) // lanes(like) * lanes(like)


@njit
def place(unit: int, n_rows: int, n_streams: int) -> Any:
    """Member, piece, first stream and number of streams of a unit of work."""
    n_pieces = (n_streams + n_rows - 1) // n_rows
    piece = unit % n_pieces
    return unit // n_pieces, piece, piece * n_rows, min(n_rows, n_streams - piece * n_rows)


@njit
def enter(n: int, n_units: int, values: Any, at: int, reset: Any, reset_at: int, out: Any, rows: Rows) -> None:
    """The state of n streams before a step, into rows: zeros where it is reset, even if it is nan."""
    for r in range(n):
        begins = reset[reset_at + r]
        for j in range(0, n_units, lanes(out)):
            if begins:
                put(out, rows.at + r * rows.row + j, 0)
            else:
                put(out, rows.at + r * rows.row + j, take(values, at + r * n_units + j))


@njit
def lay(n: int, n_inputs: int, x: Any, x_at: int, out: Any, rows: Rows) -> None:
    """One, and then its inputs, into the row of each of n streams."""
    for r in range(n):
        at = rows.at + r * rows.row
        out[at] = 1
        copy_row(n_inputs, x, x_at + r * n_inputs, out, at + 1)


@njit
def copy_row(n: int, values: Any, at: int, out: Any, out_at: int) -> None:
    """Copy n numbers, in vectors where they fill one."""
    width = lanes(out)
    for j in range(0, n - width, width):
        put(out, out_at + j, take(values, at + j))
    if n >= width:
        put(out, out_at + n - width, take(values, at + n - width))
    else:
        for j in range(n):
            out[out_at + j] = values[at + j]


@njit
def clear(n: int, n_units: int, values: Any, at: int, reset: Any, reset_at: int) -> None:
    """Zeros in the rows of n streams where the state is reset: no gradient passes there."""
    for r in range(n):
        if reset[reset_at + r]:
            for j in range(r * n_units, (r + 1) * n_units, lanes(values)):
                put(values, at + j, 0)


@njit
def begin_with(n: int, bias: Any, first: int, out: Any, rows: Rows) -> None:
    """The vector at a place of ``bias`` into each of n rows."""
    value = take(bias, first)
    for r in range(n):
        put(out, rows.at + r * rows.row, value)


@njit
def add_rows(n: int, slopes: Any, rows: Rows, total: Any, first: int) -> None:
    """Add the first vector of each of n rows to one."""
    value = take(total, first)
    for r in range(n):
        value = value + take(slopes, rows.at + r * rows.row)
    put(total, first, value)


@njit
def pull(n: int, gates: Gates, slopes: Any, back: Any, n_columns: int, out: Any, out_at: int) -> None:
    """Add slopes of a step times weights to n rows of the state before, or of the inputs.

    ``back`` holds, tile by tile, a row of ``n_columns`` for each slope that counts.
    """
    width, rows = lanes(slopes), Rows(out_at, n_columns)
    for j in range(slopes.size // (n * gates.n_blocks * width)):
        own = Factors((j * n * gates.n_blocks + gates.first) * width, gates.n_blocks * width, 1)
        weights = Rows(j * gates.n_gates * width * n_columns, n_columns)
        add_product(n, n_columns, Places(gates.n_gates * width, own, weights, rows, rows), slopes, back, out)


@njit
def deal(rows: Any, tables: tuple[Any, ...], outs: tuple[Any, ...]) -> None:
    """Rows of flat tables, ``rows`` (n_steps, n_streams), one after the other: those of a stream lie side by side."""
    n_steps, n_streams = rows.shape
    for table, out in zip(tables, outs):  # noqa: B905  # numba knows no strict
        n = out.size // rows.size
        for s in range(n_streams):
            for t in range(n_steps):
                copy_row(n, table, rows[t, s] * n, out, (t * n_streams + s) * n)
