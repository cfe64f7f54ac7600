"""Outliers are clipped where nothing else could have been."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.panel import Panel
from tsforecast.series.outliers import clip_outliers


def level(n=60):
    return 10 + np.random.default_rng(0).normal(size=n)


def clipped(y):
    return clip_outliers(Panel.from_array(y)).values


@pytest.mark.parametrize("value", [1e4, -1e4])
def test_a_mistyped_value_is_clipped_to_twice_the_next_largest_distance(value):
    y = level()
    y[20] = value
    others = [abs(y[t] - np.median(y[t - 2 : t + 3])) for t in range(2, 58) if t != 20]
    out = clipped(y)
    middle = np.median(y[18:23])
    ends = [abs(y[t] - np.median(y[a : a + 5])) for t, a in ((0, 0), (1, 0), (58, 55))]
    assert abs(out[20] - middle) == pytest.approx(2 * max(others + ends))
    np.testing.assert_array_equal(np.delete(out, 20), np.delete(y, 20))


@pytest.mark.parametrize(
    "change", [lambda y: y[-1:].fill(1e4), lambda y: y[30:].__iadd__(1e3), lambda y: y[::5].__imul__(50)]
)
def test_last_values_new_levels_and_what_returns_are_no_outliers(change):
    y = level()
    change(y)
    np.testing.assert_array_equal(clipped(y), y)


def test_short_series_and_those_with_covariates_stay_as_they_are():
    y = level(7)
    y[3] = 1e4
    np.testing.assert_array_equal(clipped(y), y)
    y = level()
    y[20] = 1e4
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(60), "y": y, "sale": np.arange(60) == 20})
    panel = Panel.from_frame(frame.astype({"sale": float}), covariates=["sale"])
    assert clip_outliers(panel) is panel
