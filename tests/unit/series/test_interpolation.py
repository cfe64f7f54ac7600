"""Interpolation against that of pandas."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.series.interpolation import interpolated


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=30))
def test_gaps_are_filled_by_the_lines_of_pandas_and_ends_are_level(values):
    y = np.array(values, dtype=float)
    expected = pd.Series(y, dtype=float).interpolate(limit_direction="both").fillna(0.0)  # 0: nothing is known
    np.testing.assert_allclose(interpolated(y), expected, rtol=1e-9, atol=1e-6)


def test_known_values_stay_as_they_are():
    y = np.array([0.1, np.nan, 0.3, 1e300, np.nan])
    before = y.copy()
    known = ~np.isnan(y)
    np.testing.assert_array_equal(interpolated(y)[known], y[known])
    np.testing.assert_array_equal(y, before)
