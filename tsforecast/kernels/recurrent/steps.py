"""Parts of recurrent kernels: products of a step with weights, and the state before a step.

The units of a layer are cut to *tiles* of as many as a vector has lanes (see `_vectors`); the last is filled up with
units whose weights are zero, and so are all states: a row of a state is ``n_units`` long. A step of n streams is, tile
by tile and stream by stream, a run of ``n_blocks`` vectors: its gates forward, their slopes backward. Weights lie in
*panels*, in the same order, as `tsforecast.models.neural.networks.weight_layout` lays them out. All arrays are flat.
"""

from typing import Any

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._vectors import ROWS, lanes, put, take, tile

FIRST: int = np.int64(0)  # type: ignore[assignment]  # a place and a step: for each constant of the language ...
_TWICE = 2 * ROWS
NEXT: int = np.int64(1)  # type: ignore[assignment]  # ... a kernel would be compiled once more


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
    room = np.zeros(n + 64 // like.itemsize, like.dtype)
    begin = (-room.ctypes.data % 64) // like.itemsize
    return room[begin : begin + n]


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
def enter(n: int, n_units: int, values: Any, at: int, reset: Any, reset_at: int, out: Any, places: Any) -> None:
    """The state of n streams before a step: zeros where it is reset, even if it is nan.

    ``places`` are that of the first row in ``out``, and the numbers from one to the next.
    """
    out_at, out_row = places
    for r in range(n):
        begins = reset[reset_at + r]
        for j in range(0, n_units, lanes(out)):
            if begins:
                put(out, out_at + r * out_row + j, 0)
            else:
                put(out, out_at + r * out_row + j, take(values, at + r * n_units + j))


@njit
def lay(n: int, n_inputs: int, x: Any, x_at: int, out: Any, places: Any) -> None:
    """One, and then its inputs, for each of n streams; ``places`` as those of `enter`."""
    for r in range(n):
        at = places[0] + r * places[1]
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
def begin_with(n: int, bias: Any, first: int, out: Any, at: int, step: int) -> None:
    """A vector into each of n runs ``step`` apart."""
    value = take(bias, first)
    for r in range(n):
        put(out, at + r * step, value)


@njit
def add_rows(n: int, row: int, slopes: Any, at: int, total: Any, first: int) -> None:
    """Add a vector of each of n runs, ``row`` numbers apart, to one."""
    value = take(total, first)
    for r in range(n):
        value = value + take(slopes, at + r * row)
    put(total, first, value)


# The four are written out. Made by one function that closes over the two numbers they share an index in numba's cache,
# and after two processes had compiled at once gradients were wrong; from a cache that one process filled they were not.
@njit
def sum_1(n: int, sizes: Any, a: Any, b: Any, start: Any, out: Any) -> None:
    """``start`` and the product of n rows with a panel whose rows are one vector: see `_vectors.tile`."""
    n_inner, a_at, a_row, a_step, b_at, b_step, start_at, start_row, out_at, out_row = sizes
    whole = n - n % 4
    for r in range(0, whole, 4):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(4, 1, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)
    for r in range(whole, n):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(1, 1, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)


@njit
def sum_2(n: int, sizes: Any, a: Any, b: Any, start: Any, out: Any) -> None:
    """The same for rows of two vectors."""
    n_inner, a_at, a_row, a_step, b_at, b_step, start_at, start_row, out_at, out_row = sizes
    whole = n - n % _TWICE
    for r in range(0, whole, _TWICE):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(_TWICE, 2, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)
    for r in range(whole, n):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(1, 2, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)


@njit
def sum_3(n: int, sizes: Any, a: Any, b: Any, start: Any, out: Any) -> None:
    """The same for rows of three vectors."""
    n_inner, a_at, a_row, a_step, b_at, b_step, start_at, start_row, out_at, out_row = sizes
    whole = n - n % ROWS
    for r in range(0, whole, ROWS):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(ROWS, 3, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)
    for r in range(whole, n):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(1, 3, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)


@njit
def sum_4(n: int, sizes: Any, a: Any, b: Any, start: Any, out: Any) -> None:
    """The same for rows of four vectors."""
    n_inner, a_at, a_row, a_step, b_at, b_step, start_at, start_row, out_at, out_row = sizes
    whole = n - n % ROWS
    for r in range(0, whole, ROWS):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(ROWS, 4, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)
    for r in range(whole, n):
        places = (start_at + r * start_row, start_row, out_at + r * out_row, out_row)
        tile(1, 4, (n_inner, a_at + r * a_row, a_row, a_step, b_at, b_step, *places), a, b, start, out)


@njit
def add_wide(n: int, n_columns: int, sizes: Any, a: Any, b: Any, out: Any) -> None:
    """Add the same, for rows of any number of vectors, ``n_columns`` numbers, to what is there."""
    n_inner, a_at, a_row, a_step, b_at, b_step, out_at, out_row = sizes
    width = lanes(out)
    whole, pairs = n_columns - n_columns % (4 * width), n_columns - n_columns % (2 * width)
    for v in range(0, whole, 4 * width):
        places = (out_at + v, out_row, out_at + v, out_row)
        sum_4(n, (n_inner, a_at, a_row, a_step, b_at + v, b_step, *places), a, b, out, out)
    for v in range(whole, pairs, 2 * width):
        places = (out_at + v, out_row, out_at + v, out_row)
        sum_2(n, (n_inner, a_at, a_row, a_step, b_at + v, b_step, *places), a, b, out, out)
    for v in range(pairs, n_columns, width):
        places = (out_at + v, out_row, out_at + v, out_row)
        sum_1(n, (n_inner, a_at, a_row, a_step, b_at + v, b_step, *places), a, b, out, out)


@njit
def pull(n: int, places: Any, slopes: Any, back: Any, n_columns: int, out: Any, out_at: int) -> None:
    """Slopes of a step times weights to n rows of the state before, or of the inputs: added.

    ``places`` are n_blocks of a run of slopes, the first of them that counts, and how many do; ``back`` holds, tile by
    tile, a row of ``n_columns`` for each slope that counts.
    """
    n_blocks, first, n_gates = places
    width = lanes(slopes)
    for j in range(slopes.size // (n * n_blocks * width)):
        a_at, b_at = (j * n * n_blocks + first) * width, j * n_gates * width * n_columns
        sizes = (n_gates * width, a_at, n_blocks * width, NEXT, b_at, n_columns, out_at, n_columns)
        add_wide(n, n_columns, sizes, slopes, back, out)


@njit
def deal(rows: Any, tables: tuple[Any, ...], outs: tuple[Any, ...]) -> None:
    """Rows of flat tables, ``rows`` (n_steps, n_streams), one after the other: those of a stream lie side by side."""
    n_steps, n_streams = rows.shape
    for table, out in zip(tables, outs):  # noqa: B905  # numba knows no strict
        n = out.size // rows.size
        for s in range(n_streams):
            for t in range(n_steps):
                copy_row(n, table, rows[t, s] * n, out, (t * n_streams + s) * n)
