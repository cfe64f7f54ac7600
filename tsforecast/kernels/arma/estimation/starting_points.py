"""Points that a maximum of the likelihood is sought from: the likely ones first, others spread out."""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import caller, njit
from tsforecast.kernels.arma.estimation.likelihood import pacf_distance
from tsforecast.kernels.arma.estimation.minimise import SAME
from tsforecast.kernels.arma.estimation.start import grid_of_angles, hannan_rissanen, project_grid

_MOST_OF_GRID, _MORE_OF_GRID = 8, 16  # starts; the second with several roots in one moving average
_WIDTH = 1.4  # radians, of the starts spread out


@njit
def starting_points(y: Floats, orders: Ints, n_points: int) -> Floats:
    """Angles to start from: Hannan-Rissanen, the best of the grid, others spread out: (at most n_points, n_params).

    ``orders`` is that of the differenced series y. Those of the grid differ by `SAME` at least from the first and,
    unless there are `several_roots`, from one another.
    """
    first = hannan_rissanen(y, orders)
    longest = max(orders[0], orders[4] * orders[2])
    if n_points == 1 or orders[1] + orders[3] == 0 or y.size - longest < 2 * first.size + 2:
        return first.reshape((1, first.size))
    points, left = project_grid(y, grid_of_angles(orders), orders)
    out = np.empty((n_points, first.size))
    several = several_roots(orders)
    n_best = min(n_points, 1 + _MORE_OF_GRID if several else _MOST_OF_GRID)
    for k in range(first.size):
        out[0, k] = first[k]
    count = 1
    for _ in range(left.size):
        best, near = index_of_lowest(left), False
        left[best] = np.inf  # taken
        for i in range(1 if several else count):
            near = near or pacf_distance(points[best], out[i]) < SAME
        if not near:
            for k in range(first.size):
                out[count, k] = points[best, k]
            count += 1
            if count == n_best:
                break
    for i in range(count, n_points):
        for k in range(first.size):
            out[i, k] = spread_evenly(i, k)
    return out


STARTING_POINTS = "float64[:, ::1](float64[::1], int64[::1], int64)"
call_starting_points = caller(STARTING_POINTS)


@njit
def several_roots(orders: Ints) -> bool:
    """Whether one of the two moving averages has more than one lag."""
    return orders[1] > 1 or orders[3] > 1


@njit
def index_of_lowest(values: Floats) -> int:
    """Where the lowest value is, (n,) -> int, by a loop: `np.argsort` takes long to compile."""
    best = 0
    for i in range(values.size):
        if values[i] < values[best]:
            best = i
    return best


@njit
def spread_evenly(i: int, k: int) -> float:
    """Angle k of point i of a sequence that fills the middle of the space evenly: two additive recurrences, summed."""
    left, right = (i + 1) * np.sqrt(4.0 * k + 2.0), (i + 1) * np.sqrt(4.0 * k + 3.0)
    return _WIDTH * (left - np.floor(left) + right - np.floor(right) - 1.0)
