"""Calibration: counts by hand, scipy's binomial intervals, and forecasts known to be too narrow, too wide or biased."""

import numpy as np
import pytest
from scipy import stats

from tsforecast.backtest.compare.calibration import coverage_table, pit_histogram, pit_values
from tsforecast.exceptions import DataError

LEVELS = np.array([0.1, 0.25, 0.5, 0.75, 0.9])


def normal_forecasts(n, scale=1.0, bias=0.0, seed=0):
    """Standard normal truths, and the same forecast quantiles for each."""
    y = np.random.default_rng(seed).normal(size=n)
    return y, np.tile(bias + scale * stats.norm.ppf(LEVELS), (n, 1))


def test_coverage_counts_what_lies_inside_ends_included():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    low, high = np.array([[0.0], [1.5], [0.0], [0.0]]), np.array([[1.0], [2.0], [1.0], [3.0]])
    table = coverage_table(y, low, high, [80], np.array([1, 1, 2, 2])).set_index("h")
    assert table["coverage"].to_dict() == {1: 50.0, 2: 50.0, 0: 50.0}
    assert table["n"].to_dict() == {1: 2, 2: 2, 0: 4}


@pytest.mark.parametrize("hits", [0, 1, 40, 77, 100])
def test_binomial_interval_is_wilsons_of_scipy(hits):
    y = np.where(np.arange(100) < hits, 0.0, 5.0)
    ends = np.ones((100, 1))
    row = coverage_table(y, -ends, ends, [80], np.ones(100, dtype=int)).iloc[0]
    expected = stats.binomtest(hits, 100).proportion_ci(method="wilson")
    np.testing.assert_allclose([row["low"], row["high"]], [100 * expected.low, 100 * expected.high], atol=1e-9)


@pytest.mark.parametrize(("scale", "word"), [(0.5, "too narrow"), (2.0, "too wide"), (1.0, "as stated")])
def test_intervals_are_called_what_they_are(scale, word):
    y, quantiles = normal_forecasts(1500, scale)
    steps = np.repeat([1, 2, 3], 500)
    table = coverage_table(y, quantiles[:, [1, 0]], quantiles[:, [3, 4]], [50, 80], steps)
    assert table["level"].tolist() == [50] * 4 + [80] * 4
    assert (table["calibration"] == word).mean() >= 7 / 8  # one in twenty intervals misses by chance


def test_rows_with_nan_are_left_out_and_none_left_is_said():
    y = np.array([0.0, np.nan, 0.0])
    ends = np.array([[1.0], [1.0], [np.nan]])
    table = coverage_table(y, -ends, ends, [80], np.array([1, 1, 2])).set_index("h")
    assert table["n"].to_dict() == {1: 1, 2: 0, 0: 1}
    assert table.loc[2, "calibration"] == "no forecasts"
    assert np.isnan(table.loc[2, "coverage"])


def test_a_calibrated_forecast_fills_its_bins_as_expected():
    table = pit_histogram(*normal_forecasts(3000), LEVELS)
    np.testing.assert_allclose(table["expected"], [0.1, 0.15, 0.25, 0.25, 0.15, 0.1])
    assert ((table["low"] <= table["expected"]) & (table["expected"] <= table["high"])).sum() >= 5
    assert table["observed"].sum() == pytest.approx(1)


def test_narrow_wide_and_biased_forecasts_show_their_shape():
    narrow, wide, high = (
        pit_histogram(*normal_forecasts(3000, scale, bias), LEVELS) for scale, bias in ((0.5, 0), (2, 0), (1, 1))
    )
    outer = [0, 5]
    assert (narrow["low"][outer] > narrow["expected"][outer]).all()
    assert (wide["high"][outer] < wide["expected"][outer]).all()
    assert high["observed"][0] > 0.3  # the truth lies below a forecast that is too high
    assert high["observed"][5] < 0.03


def test_a_truth_on_a_quantile_counts_in_parts():
    found = pit_histogram(np.array([2.0]), np.full((1, 3), 2.0), np.array([0.25, 0.5, 0.75]))
    np.testing.assert_allclose(found["observed"], 0.25)
    assert pit_values(np.array([2.0]), np.full((1, 3), 2.0), np.array([0.2, 0.5, 0.8]))[0] == 0.5


def test_transform_is_uniform_between_the_outer_quantiles_of_a_calibrated_forecast():
    levels = np.linspace(0.01, 0.99, 99)
    y = np.random.default_rng(1).normal(size=2000)
    values = pit_values(y, np.tile(stats.norm.ppf(levels), (2000, 1)), levels)
    inner = values[(values > 0.01) & (values < 0.99)]
    assert stats.kstest(inner, stats.uniform(0.01, 0.98).cdf).pvalue > 0.01
    np.testing.assert_allclose(inner, stats.norm.cdf(y)[(values > 0.01) & (values < 0.99)], atol=2e-3)


def test_transform_of_what_is_missing_is_nan_and_of_a_tail_its_middle():
    quantiles = np.array([[0.0, 1.0], [0.0, 1.0], [np.nan, 1.0], [0.0, 1.0]])
    found = pit_values(np.array([np.nan, -1.0, 0.5, 9.0]), quantiles, np.array([0.2, 0.6]))
    np.testing.assert_allclose(found, [np.nan, 0.1, np.nan, 0.8])


def test_no_forecasts_give_an_empty_histogram_of_nan():
    assert pit_histogram(np.array([np.nan]), np.ones((1, 2)), np.array([0.1, 0.9]))["observed"].isna().all()


def test_shapes_and_levels_that_disagree_are_refused():
    with pytest.raises(DataError, match="disagree"):
        coverage_table(np.ones(3), np.ones((3, 1)), np.ones((3, 2)), [80], np.ones(3, dtype=int))
    with pytest.raises(DataError, match="do not increase"):
        pit_histogram(np.ones(2), np.ones((2, 2)), np.array([0.9, 0.1]))


def test_seeds_of_one_truth_are_one_piece_of_evidence():
    rng = np.random.default_rng(8)
    y, ends, h = rng.normal(size=200), np.full((200, 1), 1.2816), np.ones(200, dtype=int)
    one = coverage_table(y, -ends, ends, [80], h)
    three = coverage_table(
        np.tile(y, 3), *(np.tile(sign * ends, (3, 1)) for sign in (-1, 1)), [80], np.tile(h, 3), n_seeds=3
    )
    assert three["n"].tolist() == [600, 600]
    np.testing.assert_allclose(three[["coverage", "low", "high"]], one[["coverage", "low", "high"]])
