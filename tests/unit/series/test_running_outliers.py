"""Outliers found as values come in, against those of the whole series."""

import numpy as np
import pytest

from tsforecast.panel import Panel
from tsforecast.series.outliers import clip_outliers
from tsforecast.series.running_outliers import N_UNSETTLED, RunningOutliers


def spiky(seed, n=130):
    rng = np.random.default_rng(seed)
    y = rng.standard_t(2.0, size=n) if seed % 2 else np.round(rng.normal(size=n))
    y[rng.integers(0, n, size=4)] += 10.0 ** rng.uniform(1, 4, size=4)
    y[rng.uniform(size=n) < 0.1] = np.nan
    y[0] = 1.0
    return y


@pytest.mark.parametrize("seed", range(8))
def test_tails_are_clipped_as_in_the_whole_series_and_settled_values_stay_unless_told(seed):
    y = spiky(seed)
    outliers, settled = RunningOutliers.begin(1), np.empty(0)
    for n in range(6, y.size + 1):
        tail = Panel.from_array(y[settled.size : n])
        clipped, expected = outliers.clip(tail), clip_outliers(Panel.from_array(y[:n])).values
        np.testing.assert_array_equal(clipped.values, expected[settled.size :])
        stays = np.array_equal(settled, expected[: settled.size], equal_nan=True)
        assert stays or outliers.outdated(clipped.limit)[0]
        known = np.flatnonzero(~np.isnan(tail.values))
        if n % 3 == 0 and stays and known.size > N_UNSETTLED:
            leaves = np.arange(tail.n_obs) < known[-N_UNSETTLED]
            outliers = outliers.settled(tail, clipped, leaves)
            settled = np.append(settled, clipped.values[leaves])
    assert settled.size >= 10


def test_no_value_up_to_the_edge_is_ever_clipped():
    y = spiky(3)
    clipped = RunningOutliers.begin(1).clip(Panel.from_array(y[:100]))
    usual = np.append(clipped.away <= clipped.edge[0], np.zeros(30, dtype=np.bool_))
    for n in range(100, 131):
        later = clip_outliers(Panel.from_array(y[:n])).values
        np.testing.assert_array_equal(later[usual[:n]], y[:n][usual[:n]])
