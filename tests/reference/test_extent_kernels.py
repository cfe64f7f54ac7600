"""What a series has done so far, compiled, against its definition."""

import numpy as np
import pytest

from tsforecast.kernels.series.extent import distances, largest_usual, widest_ranges


def ragged(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 40, 6)
    values = np.cumsum(rng.standard_normal(lengths.sum()))
    values[rng.uniform(size=values.size) < 0.15] = np.nan
    return values, np.concatenate([[0], np.cumsum(lengths)])


@pytest.mark.parametrize("seed", range(5))
def test_widest_ranges_are_those_of_every_window(seed):
    y, indptr = ragged(seed)
    out = widest_ranges(y, indptr, 6)
    for i in range(indptr.size - 1):
        own = y[indptr[i] : indptr[i + 1]]
        for j, steps in enumerate(2 ** np.arange(6)):
            width = min(steps + 1, own.size)
            windows = [own[t : t + width] for t in range(own.size - width + 1)]
            ranges = [np.nanmax(w) - np.nanmin(w) if (~np.isnan(w)).any() else 0.0 for w in windows]
            expected = max(ranges) * (1 if steps < own.size else steps / max(own.size - 1, 1))
            np.testing.assert_allclose(out[i, j], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_from_the_median_of_the_five_about(seed):
    y, indptr = ragged(seed)
    away, middle = distances(y, indptr)
    for i in range(indptr.size - 1):
        rows = np.arange(indptr[i], indptr[i + 1])
        seen = rows[~np.isnan(y[rows])]
        assert np.isnan(away[rows[np.isnan(y[rows])]]).all()
        for k, row in enumerate(seen):
            if seen.size < 5:
                assert np.isnan(away[row])
                continue
            first = min(max(k - 2, 0), seen.size - 5)
            expected = np.median(y[seen[first : first + 5]])
            assert middle[row] == expected
            assert away[row] == abs(y[row] - expected)


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ([1.0, 2.0, 1.0, 30.0, 1.0, 2.0], 2.0),
        ([1.0, 2.0, 1.0, 15.0, 1.0, 2.0], np.inf),  # no gap
        ([1.0, 2.0, 1.0, 1.0, 2.0, 30.0], np.inf),  # the last is passed over
        ([0.0, 0.0, 0.0, 30.0, 0.0, 0.0], np.inf),  # next to nothing all is large
        ([1.0, 30.0, np.nan, 30.0, 1.0, 2.0], np.inf),  # two are not lonely
        ([1.0, 30.0], np.inf),
    ],
)
def test_the_largest_usual_distance_is_that_before_a_gap(away, expected):
    assert largest_usual(np.array(away), np.array([0, len(away)]), 10.0, 50)[0] == expected
