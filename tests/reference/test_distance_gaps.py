"""Gaps kept up distance by distance, against the ordered distances."""

import numpy as np
import pytest

from tsforecast.kernels.series.distance_gaps import add_distances, largest_before_gap
from tsforecast.kernels.series.extent import largest_usual

TIMES, RARE = 10.0, 50


def spread_out(seed, n):
    """Distances over many orders of magnitude, some of them zero, some equal."""
    rng = np.random.default_rng(seed)
    away = 10.0 ** rng.normal(scale=rng.choice([0.1, 1.0, 3.0]), size=n)
    away[rng.uniform(size=n) < 0.2] = 0.0
    again = rng.integers(0, n, size=(2, n // 10))
    away[again[0]] = away[again[1]]
    return away


@pytest.mark.parametrize("seed", range(10))
def test_the_largest_usual_distance_is_that_of_all_of_them_in_order(seed):
    away = spread_out(seed, 260)
    gaps, counts, span = np.full((1, 8, 3), np.nan), np.zeros((1, 2), dtype=np.int64), np.zeros((1, 2))
    for n in range(away.size):
        if n >= 2:
            expected = largest_usual(away[: n + 1], np.array([0, n + 1]), TIMES, RARE)  # passes over the last
            np.testing.assert_array_equal(largest_before_gap(gaps, np.array([max(1, n // RARE)])), expected)
        one = np.array([0, 1])
        add_distances(away[n : n + 1], one, np.ones(1, dtype=np.bool_), gaps, counts, span, TIMES)
    assert counts.tolist() == [[260, np.count_nonzero(away)]]
