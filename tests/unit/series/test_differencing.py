"""Differences with gaps against their definition, and undone exactly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.series.differencing import accumulate, differences, last_values, undo_differences


@given(seed=st.integers(0, 999), n=st.integers(8, 40), lag=st.integers(1, 6), missing=st.integers(0, 4))
def test_values_are_their_differences_undo_differences(seed, n, lag, missing):
    rng = np.random.default_rng(seed)
    v = rng.integers(-9, 9, n + 7).astype(float)
    v[rng.permutation(n - lag)[: min(missing, n - 2 * lag)]] = np.nan  # none in the last season before the end
    ahead = differences(v, np.array([0, n + 7]), lag)[n:]
    np.testing.assert_array_equal(undo_differences(ahead[None], last_values(v[:n], np.array([0, n]), lag))[0], v[n:])


@given(seed=st.integers(0, 999), n=st.integers(1, 20), lag=st.integers(1, 6))
def test_differences_are_those_to_the_latest_value_known_whole_lags_before(seed, n, lag):
    rng = np.random.default_rng(seed)
    v = np.where(rng.uniform(size=n) < 0.3, np.nan, rng.standard_normal(n))

    def before(t):
        known = [v[s] for s in range(t - lag, -1, -lag) if not np.isnan(v[s])] if t >= lag else []
        return known[0] if known else np.nan

    expected = [v[t] - before(t) for t in range(n)]
    np.testing.assert_array_equal(differences(v, np.array([0, n]), lag), expected)
    np.testing.assert_array_equal(last_values(v, np.array([0, n]), lag)[0], [before(n + h) for h in range(lag)])


def test_series_do_not_reach_into_each_other():
    v, indptr = np.arange(10.0) ** 2, np.array([0, 4, 10])
    both = differences(v, indptr, 2)
    np.testing.assert_array_equal(both[4:], differences(v[4:], np.array([0, 6]), 2))
    np.testing.assert_array_equal(last_values(v, indptr, 2)[0], v[2:4])


def test_errors_add_up_from_season_to_season():
    error = np.arange(1.0, 7.0)[None]
    np.testing.assert_array_equal(accumulate(error, 2), [[1, 2, 4, 6, 9, 12]])
    np.testing.assert_array_equal(accumulate(error, 0), error)
