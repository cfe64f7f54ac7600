"""The paired test against textbook tests that it must equal, and against definitions by loops."""

import itertools

import numpy as np
import pytest
from scipy import stats

from tsforecast.backtest.compare.family import equal_pairs, holm_step_down, joint_step_down, multipliers
from tsforecast.backtest.compare.paired import paired_test
from tsforecast.backtest.compare.variance import long_run_variance, marginal_means, seed_variance
from tsforecast.exceptions import DataError

RNG = np.random.default_rng(0)


def losses(n_series, n_cutoffs, n_seeds=1):
    return RNG.gamma(5.0, size=(n_seeds, n_series, n_cutoffs)), RNG.gamma(5.0, size=(1, n_series, n_cutoffs))


def test_with_few_series_at_one_cutoff_it_is_the_paired_t_test():
    a, b = losses(5, 1)
    expected = stats.ttest_rel(a[0, :, 0], b[0, :, 0])
    found = paired_test(a, b)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.pvalue == pytest.approx(expected.pvalue)


def test_with_eight_series_at_one_cutoff_it_is_fishers_test_of_all_signs():
    a, b = losses(8, 1)
    d = (a - b)[0, :, 0]
    totals = [abs(np.dot(signs, d)) for signs in itertools.product((1, -1), repeat=8)]
    assert paired_test(a, b).pvalue == pytest.approx(np.mean(np.array(totals) >= abs(d.sum()) - 1e-9))


def test_the_p_value_is_uniform_where_the_signs_are_chance():
    pvalues = [paired_test(*losses(25, 2), n_draws=400).pvalue for _ in range(300)]
    assert stats.kstest(pvalues, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    ("size", "unit"), [((30, 4), "series"), ((4, 30), "cutoffs"), ((6, 5), "cells"), ((1, 9), "cutoffs")]
)
def test_units_are_what_there_is_most_of(size, unit):
    assert paired_test(*losses(*size)).unit == unit


def test_series_are_the_units_where_few_forecasts_overlap():
    assert paired_test(*losses(6, 5), overlap=2).unit == "series"


@pytest.mark.parametrize("size", [(30, 4), (4, 30), (6, 5), (1, 12), (5, 1)])
def test_the_interval_holds_equality_if_and_only_if_the_test_does_not_reject_it(size):
    for scale in (0.6, 0.8, 0.95, 1.0, 1.3):
        a, b = losses(*size)
        test = paired_test(scale * a, b, n_draws=500)
        low, high = test.ratio_interval(0.05)
        mean, other = test.means
        assert low <= mean / other <= high
        assert (low <= 1 <= high) == (test.pvalue > 0.05)


def test_a_shock_at_a_cutoff_that_all_series_share_widens_the_interval():
    a, b = losses(40, 5)
    shock = np.array([0.2, 3.0, 0.5, 2.0, 0.3])
    alone, shared = (paired_test(x, b) for x in (a, a * shock))
    assert shared.standard_error > 3 * alone.standard_error


def test_luck_that_a_seed_has_on_all_series_widens_the_interval():
    a, b = losses(40, 5, n_seeds=5)
    luck = np.array([0.8, 1.2, 1.0, 0.9, 1.1])[:, None, None]
    assert paired_test(a * luck, b).standard_error > 1.2 * paired_test(a, b).standard_error
    assert seed_variance(a[:1]) == 0.0


def test_cells_with_a_missing_loss_count_for_neither():
    a, b = losses(6, 5)
    holed, other = a.copy(), b.copy()
    holed[0, 2, 3] = np.nan
    other[0, 2, 3] = 1e9
    other[0, 4] = np.nan
    test = paired_test(holed, other)
    rows = [0, 1, 2, 3, 5]
    means = [np.delete(x[0, s], 3 if s == 2 else []).mean() for x in (a, b) for s in rows]
    assert test.means == pytest.approx((np.mean(means[:5]), np.mean(means[5:])))
    assert test.known.shape == (5, 5)


def test_marginal_means_are_plain_means_where_all_is_known():
    d = RNG.normal(size=(4, 6))
    series, cutoffs, rest = marginal_means(d, np.ones((4, 6), dtype=bool))
    np.testing.assert_allclose(series, d.mean(axis=1))
    np.testing.assert_allclose(cutoffs, d.mean(axis=0))
    np.testing.assert_allclose(rest, d - d.mean(axis=1)[:, None])


def test_long_run_variance_of_overlapping_values_is_that_of_harvey_leybourne_and_newbold():
    values = np.convolve(RNG.normal(size=60), np.ones(3), "valid")
    n, h = len(values), 3
    c = values - values.mean()
    gamma = [c[k:] @ c[: n - k] / n for k in range(h)]
    expected = (gamma[0] + 2 * sum(gamma[1:])) / ((n + 1 - 2 * h + h * (h - 1) / n) / n)
    assert long_run_variance(values, h) == pytest.approx(expected)


def test_wrong_shapes_are_refused():
    a, b = losses(4, 3)
    with pytest.raises(DataError, match="shapes"):
        paired_test(a, b[:, :2])
    with pytest.raises(DataError, match="shapes"):
        paired_test(a[0], b[0])


def test_numbers_of_equal_pairs_are_those_of_all_divisions_into_groups():
    def divisions(n, largest):
        if n == 0:
            yield ()
        for k in range(min(n, largest), 0, -1):
            for rest in divisions(n - k, k):
                yield (k, *rest)

    for n in range(2, 9):
        assert set(equal_pairs(n)) == {sum(k * (k - 1) // 2 for k in sizes) for sizes in divisions(n, n)}
        factors = multipliers(n)
        assert (factors <= np.arange(len(factors), 0, -1)).all()
        assert (np.diff(factors) <= 0).all()


def test_step_down_rejects_what_its_adjusted_p_values_say():
    for _ in range(200):
        n = int(RNG.integers(2, 6))
        pvalues = RNG.random(n * (n - 1) // 2) ** 3
        found = holm_step_down(pvalues, multipliers(n), 0.05)
        np.testing.assert_array_equal(found.rejected, found.adjusted <= 0.05)
        np.testing.assert_array_equal(found.rejected, pvalues <= found.compared)


def test_the_joint_procedure_is_that_of_westfall_and_young_by_its_definition():
    n, n_draws = 4, 300
    shared = RNG.normal(size=n_draws)
    sizes = np.abs(0.9 * shared + 0.5 * RNG.normal(size=(n, n_draws)))
    observed = np.array([2.4, 2.1, 1.9, 0.3])
    pvalues = np.array([(1 + (s >= o).sum()) / (n_draws + 1) for s, o in zip(sizes, observed, strict=True)])
    found = joint_step_down(pvalues, sizes, 0.05, all_signs=False)
    drawn = np.array([[(row >= one).mean() for one in row] for row in sizes])
    order, worst = np.argsort(pvalues), 0.0
    for k, i in enumerate(order):
        smallest = drawn[order[k:]].min(axis=0)
        worst = max(worst, (1 + (smallest <= pvalues[i]).sum()) / (n_draws + 1))
        assert found.adjusted[i] == pytest.approx(min(worst, 1.0))
    np.testing.assert_array_equal(found.rejected, found.adjusted <= 0.05)
    assert (found.adjusted <= holm_step_down(pvalues, np.arange(n, 0, -1.0), 0.05).adjusted + 0.02).all()
