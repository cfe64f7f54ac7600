"""Ranks: the worked example of Demšar (2006), scipy's own tests, and ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tsforecast.backtest.compare.ranks import holm, rank_test, wilcoxon_holm, win_rates
from tsforecast.exceptions import DataError, ParameterError

NAMES = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
# Demšar (2006), Table 6: ranks of four classifiers on 14 data sets.
RANKS = np.array([
    [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5], [3, 2, 4, 1],
    [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5], [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
])  # fmt: skip
# Demšar (2006), Table 2: AUC of the first two.
AUC = np.array([
    [0.763, 0.768], [0.599, 0.591], [0.954, 0.971], [0.628, 0.661], [0.882, 0.888], [0.936, 0.931], [0.661, 0.668],
    [0.583, 0.583], [0.775, 0.838], [1.000, 1.000], [0.940, 0.962], [0.619, 0.666], [0.972, 0.981], [0.957, 0.978],
])  # fmt: skip


def test_friedman_and_nemenyi_of_the_published_example():
    found = rank_test(RANKS, NAMES)
    assert found.mean_ranks.round(3).to_dict() == {"C4.5": 3.143, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    without_ties = 12 * 14 / (4 * 5) * ((found.mean_ranks**2).sum() - 4 * 25 / 4)
    assert without_ties == pytest.approx(9.28, abs=0.005)  # the article has no correction for ties
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)
    assert rank_test(RANKS, NAMES, alpha=0.1).critical_difference == pytest.approx(1.12, abs=0.005)
    assert found.groups == (("C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"),)  # "not powerful enough", section 3.2.2
    assert rank_test(RANKS, NAMES, alpha=0.1).groups[0][:3] == ("C4.5+m+cf", "C4.5+m", "C4.5+cf")


def test_wilcoxon_of_the_published_example():
    found = wilcoxon_holm(1 - AUC, NAMES[:2]).iloc[0]
    assert found["statistic"] == 12  # R+ = 93, R- = 12, section 3.1.3
    assert found["pvalue"] < 0.05
    assert found["median_difference"] > 0


tables = st.integers(2, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 6), min_size=4, max_size=4), min_size=n, max_size=n).map(
        lambda rows: np.array(rows, dtype=float)
    )
)


@given(tables)
@settings(deadline=None)
def test_friedman_is_that_of_scipy_with_its_correction_for_ties(table):
    found = rank_test(table, list("abcd"))
    if np.ptp(table, axis=1).max() == 0:
        assert found.pvalue == 1
        return
    expected = stats.friedmanchisquare(*table.T)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.pvalue == pytest.approx(expected.pvalue)
    assert 0 <= found.f_pvalue <= 1


@given(tables)
@settings(deadline=None)
def test_every_two_models_share_a_group_exactly_where_they_differ_by_no_more_than_the_critical_difference(table):
    found = rank_test(table, list("abcd"))
    for a in "abcd":
        for b in "abcd":
            together = any(a in group and b in group for group in found.groups)
            close = abs(found.mean_ranks[a] - found.mean_ranks[b]) <= found.critical_difference
            assert together == close


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10).map(np.array))
@settings(deadline=None, max_examples=10)  # theirs takes a tenth of a second
def test_holm_is_that_of_statsmodels(pvalues):
    np.testing.assert_allclose(holm(pvalues), multipletests(pvalues, method="holm")[1])


def test_wilcoxon_is_that_of_scipy_for_every_pair():
    table = np.random.default_rng(0).gamma(2.0, size=(20, 3)) + np.array([0.0, 0.2, 2.0])
    found = wilcoxon_holm(table, list("abc")).set_index(["model_a", "model_b"])
    for (a, b), row in found.iterrows():
        expected = stats.wilcoxon(table[:, "abc".index(a)], table[:, "abc".index(b)])
        assert row["pvalue"] == pytest.approx(expected.pvalue)
    assert (found["pvalue_holm"] >= found["pvalue"]).all()


def test_models_that_never_differ_are_not_told_apart():
    same = np.repeat(np.random.default_rng(0).gamma(2.0, size=(10, 1)), 2, axis=1)
    assert wilcoxon_holm(same, ["a", "b"])["pvalue"][0] == 1
    assert rank_test(same, ["a", "b"]).groups == (("a", "b"),)
    assert win_rates(same, ["a", "b"]).loc["a", "b"] == 0.5


def test_a_model_that_always_wins_has_an_infinite_f():
    table = np.tile([1.0, 2.0, 3.0], (10, 1)) + np.arange(10.0)[:, None]
    found = rank_test(table, list("abc"))
    assert found.f_statistic == np.inf
    assert found.f_pvalue == 0
    assert found.groups == (("a", "b"), ("b", "c"))


@given(tables)
@settings(deadline=None)
def test_win_rates_of_a_pair_add_up_to_one_and_ties_are_halves(table):
    rates = win_rates(table, list("abcd"))
    assert np.isnan(np.diag(rates)).all()
    np.testing.assert_allclose((rates + rates.T).to_numpy()[~np.eye(4, dtype=bool)], 1)
    expected = np.mean([0.5 if a == b else float(a < b) for a, b in table[:, :2]])
    assert rates.loc["a", "b"] == pytest.approx(expected)


def test_series_that_are_not_complete_are_left_out():
    table = np.random.default_rng(0).gamma(2.0, size=(8, 3))
    holed = np.vstack([table, [np.nan, 1.0, 2.0]])
    assert rank_test(holed, list("abc")).mean_ranks.equals(rank_test(table, list("abc")).mean_ranks)
    assert wilcoxon_holm(holed, list("abc")).equals(wilcoxon_holm(table, list("abc")))
    whole = win_rates(table, list("abc")).loc["b", "c"]
    assert win_rates(holed, list("abc")).loc["b", "c"] == pytest.approx(whole * 8 / 9 + 1 / 9)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(DataError, match="1 series have losses of all models"):
        rank_test(np.array([[1.0, 2.0], [np.nan, 1.0]]), ["a", "b"])
    with pytest.raises(DataError, match="of two or more"):
        wilcoxon_holm(np.ones((5, 1)), ["a"])
    with pytest.raises(ParameterError, match="alpha=1"):
        rank_test(np.ones((5, 2)), ["a", "b"], alpha=1)
