"""Where weights lie for the compiled recurrences: panels, that are read from the beginning to the end.

A panel holds the weights of one member, tile by tile of as many units as a vector has lanes, the last filled up with
zeros: for the bias, then for each input, then for each unit of the state, a vector of every gate. Of a gru, whose
blocks are n, r, z, q, inputs and the bias b act on the first three and the state on the last three; the bias d of the
fourth comes after all tiles.
"""

import functools
from typing import NamedTuple

import numpy as np

from tsforecast._types import Ints
from tsforecast.kernels._simd import N_BYTES
from tsforecast.models.neural.networks.cells import SIZES, CellName


class Panels(NamedTuple):
    """Places of numbers in the flat weights of a member: W, U and the biases, each as `cells` has it."""

    n_weights: int
    runs: Ints  # (n_vectors, 2): where each vector of the panel begins, and how many of its numbers are there
    to_state: Ints  # of the transpose of U: for each tile, gate and unit a row over the state in whole vectors; -1 is 0
    to_inputs: Ints  # of that of W, over the inputs
    n_numbers: int  # of a panel


def wide(n: int, itemsize: int) -> int:
    """Numbers in whole vectors that hold ``n``.

    Examples
    --------
    >>> wide(17, 4), wide(16, 8)
    (32, 16)
    """
    return -(-n * itemsize // N_BYTES) * N_BYTES // itemsize


@functools.cache
def panels_of(cell: CellName, n_inputs: int, hidden_size: int, itemsize: int) -> Panels:
    """The places for a layer.

    Examples
    --------
    >>> panels = panels_of("rnn", 1, 16, 4)
    >>> panels.n_weights, panels.runs[:3].tolist()
    (288, [[272, 16], [0, 16], [16, 16]])
    """
    n_gates = SIZES[cell].n_gates
    order = [2, 0, 1] if cell == "gru" else list(range(n_gates))  # gates that the inputs act on, by block
    n_w, n_u = n_inputs * n_gates * hidden_size, hidden_size * n_gates * hidden_size
    n_biases = 4 if cell == "gru" else n_gates
    W = np.arange(n_w).reshape(n_inputs, n_gates, hidden_size)[:, order]
    U = n_w + np.arange(n_u).reshape(hidden_size, n_gates, hidden_size)
    bias = n_w + n_u + np.arange(n_biases * hidden_size).reshape(1, n_biases, hidden_size)
    width = N_BYTES // itemsize
    tiles = [np.concatenate([bias[:, order], W, U]), bias[:, n_gates:]]
    panel = np.concatenate([_tiles(part, width) for part in tiles])
    vectors = panel.reshape(-1, width)
    runs = np.column_stack([vectors[:, 0], (vectors >= 0).sum(axis=1)])
    return Panels(n_w + n_u + bias.size, runs, _transposed(U, width), _transposed(W, width), panel.size)


def _tiles(places: Ints, width: int) -> Ints:
    """``(n_rows, n_blocks, hidden_size)`` tile by tile, flat."""
    n_rows, n_blocks, _ = places.shape
    filled = _filled(places, width)
    return filled.reshape(n_rows, n_blocks, filled.shape[2] // width, width).transpose(2, 0, 1, 3).ravel()


def _transposed(places: Ints, width: int) -> Ints:
    """``(n_rows, n_gates, hidden_size)``: for each tile, gate and unit of it the rows in whole vectors, flat."""
    rows = _filled(places, width).transpose(1, 2, 0)  # (n_gates, n_units, n_rows)
    rows = _filled(rows, width).reshape(len(rows), -1, width, wide(len(places), N_BYTES // width))
    return rows.transpose(1, 0, 2, 3).ravel().astype(np.int32)


def _filled(places: Ints, width: int) -> Ints:
    """The last axis in whole vectors."""
    missing = -places.shape[-1] % width
    return np.pad(places, [(0, 0)] * (places.ndim - 1) + [(0, missing)], constant_values=-1)
