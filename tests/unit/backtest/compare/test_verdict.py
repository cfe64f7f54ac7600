"""Bootstrap intervals and the verdict: shares by counting, coverage by simulation, no conclusion from few series."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tsforecast.backtest.compare.bootstrap import bootstrap_skill, draw_weights, percentile_interval
from tsforecast.backtest.compare.verdict import verdict
from tsforecast.exceptions import DataError, ParameterError

RNG = np.random.default_rng(0)
EQUAL = RNG.gamma(5.0, size=(2, 40, 6))


def test_skill_is_the_percent_saved_on_the_mean_loss():
    found = bootstrap_skill(np.stack([EQUAL[0], EQUAL[0] / 2]), baseline=0, n_boot=100)
    np.testing.assert_allclose(found.skill, [0, 50])
    np.testing.assert_allclose(found.low, [0, 50])  # half of every loss is half of every mean
    np.testing.assert_allclose(found.high, [0, 50])


@pytest.mark.parametrize(("block_size", "low", "high"), [(4, 0.83, 0.95), (1, 0.86, 1.01)])
def test_skill_interval_covers_as_often_as_it_says_and_more_where_cutoffs_are_drawn_too(block_size, low, high):
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        level = rng.gamma(4.0, size=(1, 40, 1))  # series differ more than their losses at each cutoff
        losses = level * rng.gamma(3.0, size=(2, 40, 4)) * np.array([0.8, 1.0])[:, None, None]
        found = bootstrap_skill(losses, baseline=1, level=90, n_boot=300, block_size=block_size)
        held += found.low[0] <= 20 <= found.high[0]
    assert low < held / 300 < high  # four standard errors about 90%, less what percentiles lack with 40 series


def test_cutoffs_that_are_shared_by_all_series_widen_the_interval():
    rng = np.random.default_rng(2)
    shock = rng.gamma(1.0, size=(2, 1, 8))
    losses = shock + rng.gamma(5.0, size=(2, 500, 8))
    narrow = bootstrap_skill(losses, 1, block_size=8, n_boot=300)  # one block: cutoffs stay as they are
    wide = bootstrap_skill(losses, 1, block_size=1, n_boot=300)
    assert wide.high[0] - wide.low[0] > 3 * (narrow.high[0] - narrow.low[0])


def test_cells_with_a_missing_loss_count_for_no_model():
    holed = EQUAL.copy()
    holed[0, 3, 2] = np.nan
    holed[1, 3, 2] = 1e9
    cells = np.ones((40, 6), dtype=bool)
    cells[3, 2] = False
    expected = 100 * (1 - EQUAL[0][cells].mean() / EQUAL[1][cells].mean())
    assert bootstrap_skill(holed, 1, n_boot=10).skill[0] == pytest.approx(expected)


def test_nothing_to_draw_is_no_interval():
    one = bootstrap_skill(EQUAL[:, :1, :1], 1, n_boot=10)
    assert np.isfinite(one.skill).all()
    assert np.isnan(one.low).all()
    assert np.isnan(one.high).all()
    none = bootstrap_skill(np.full((2, 3, 3), np.nan), 1, n_boot=10)
    assert np.isnan(none.skill).all()
    assert np.isnan(bootstrap_skill(np.zeros((2, 3, 3)), 1, n_boot=10).skill).all()


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 4), st.integers(1, 7))
@settings(deadline=None)
def test_each_draw_has_as_many_series_and_cutoffs_as_there_are(n_series, n_cutoffs, block_size, n_boot):
    pairs = list(draw_weights(n_series, n_cutoffs, n_boot, block_size, 0))
    assert sum(len(series) for series, _ in pairs) == n_boot
    for series, cutoffs in pairs:
        assert (series.sum(axis=1) == n_series).all()
        assert (cutoffs.sum(axis=1) == n_cutoffs).all()
        if n_cutoffs < 2 * block_size:
            assert (cutoffs == 1).all()


def test_blocks_keep_neighbours_together():
    ((_, cutoffs),) = draw_weights(1, 10, 500, 5, 0)
    neighbours = np.mean([np.corrcoef(cutoffs[:, i], cutoffs[:, i + 1])[0, 1] for i in range(9)])
    assert neighbours > 0.4  # independent draws have -1/9


def test_percentiles_pass_over_nan_and_stay_nan_where_all_are():
    low, high = percentile_interval(np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]]), 50)
    assert (low[0], high[0]) == (1.5, 2.5)
    assert np.isnan(low[1])
    with pytest.raises(ParameterError, match="level=100"):
        percentile_interval(np.ones((2, 2)), 100)


def test_one_seed_gives_one_interval():
    first, again = (
        bootstrap_skill(EQUAL, 1, n_boot=50, random_state=3),
        bootstrap_skill(EQUAL, 1, n_boot=50, random_state=3),
    )
    assert first.low[0] == again.low[0]
    assert first.low[0] != bootstrap_skill(EQUAL, 1, n_boot=50, random_state=4).low[0]


@given(st.integers(1, 4), st.integers(1, 3), st.integers(2, 6), st.integers(0, 999))
@settings(deadline=None, max_examples=40)
def test_the_share_counts_every_pair_of_seeds_on_every_series(n_a, n_b, n_series, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(1, 4, size=(n, n_series, 2)).astype(float) for n in (n_a, n_b))
    wins = [
        0.5 if a[i, s].mean() == b[j, s].mean() else float(a[i, s].mean() < b[j, s].mean())
        for i, j, s in itertools.product(range(n_a), range(n_b), range(n_series))
    ]
    found = verdict("a", "b", a, b, n_boot=20)
    assert found.share == pytest.approx(np.mean(wins))
    assert found.skill == pytest.approx(100 * (1 - a.mean() / b.mean()))
    assert found.share_low <= found.share <= found.share_high


def test_swapping_the_models_turns_the_verdict_round():
    better, worse = EQUAL[:1], EQUAL[1:] + 4
    one, other = verdict("a", "b", better, worse), verdict("b", "a", worse, better)
    assert (one.conclusion, other.conclusion) == ("better", "worse")
    assert one.share == pytest.approx(1 - other.share)
    assert "a is better" in one.sentence
    assert "b is worse" in other.sentence


def test_equal_models_are_seldom_told_apart():
    rng = np.random.default_rng(6)
    told = [
        verdict("a", "b", rng.gamma(5.0, size=(3, 25, 4)), rng.gamma(5.0, size=(1, 25, 4)), n_boot=200).conclusion
        != "not distinguishable"
        for _ in range(100)
    ]
    assert np.mean(told) < 0.1


@pytest.mark.parametrize(
    ("n_series", "conclusion"), [(2, "not distinguishable"), (5, "not distinguishable"), (6, "better")]
)
def test_winning_every_series_is_evidence_from_six_series_on(n_series, conclusion):
    losses = np.ones((1, n_series, 3)) + 0.1 * RNG.random((1, n_series, 3))
    found = verdict("a", "b", losses, losses + 1)
    assert found.share == 1
    assert found.conclusion == conclusion  # both tails of a fair coin: 2 / 2**5 > 0.05 > 2 / 2**6


@pytest.mark.parametrize("wins", [0, 3, 17, 25])
def test_share_interval_is_never_narrower_than_the_exact_binomial_one(wins):
    a = np.where(np.arange(25) < wins, 1.0, 3.0)[None, :, None]
    found = verdict("a", "b", a, np.full((1, 25, 1), 2.0), n_boot=50)
    exact = stats.binomtest(wins, 25).proportion_ci(method="exact")
    assert found.share_low <= exact.low + 1e-12
    assert found.share_high >= exact.high - 1e-12


def test_one_lucky_seed_among_bad_ones_is_no_evidence():
    sarima = np.full((1, 30, 4), 1.0)
    seeds = np.array([0.9, 1.1, 1.1])[:, None, None] * np.ones((3, 30, 4))
    assert verdict("LSTM", "SARIMA", seeds[:1], sarima).conclusion == "better"
    found = verdict("LSTM", "SARIMA", seeds, sarima)
    assert found.conclusion == "not distinguishable"
    assert found.sentence.startswith("LSTM beats SARIMA in 33% of seed-and-series draws (95% interval ")
    assert found.sentence.endswith("not distinguishable on this evidence.")


def test_winning_often_but_losing_more_is_not_better():
    a, b = np.ones((1, 60, 1)), np.full((1, 60, 1), 1.1)
    a[0, :12] = 50.0  # wins 80%, and loses by far where it loses
    found = verdict("a", "b", a, b)
    assert found.share_low > 0.5
    assert found.conclusion == "not distinguishable"


def test_a_single_series_is_judged_by_its_cutoffs():
    losses = 1 + 0.1 * RNG.random((1, 1, 12))
    found = verdict("a", "b", losses, losses + 1)
    assert found.conclusion == "better"
    assert "100% of cutoffs" in found.sentence
    assert verdict("a", "b", losses, losses + 1, block_size=3).conclusion == "not distinguishable"  # four blocks


def test_identical_models_have_equal_mean_losses():
    found = verdict("a", "b", EQUAL[:1], EQUAL[:1])
    assert found.share == 0.5
    assert "their mean losses are equal: not distinguishable" in found.sentence


def test_models_without_a_common_cell_are_not_comparable():
    a, b = np.ones((1, 2, 2)), np.ones((1, 2, 2))
    a[0, 0], b[0, 1] = np.nan, np.nan
    found = verdict("a", "b", a, b)
    assert found.conclusion == "not distinguishable"
    assert "not comparable" in found.sentence


def test_missing_cells_are_left_out_for_all_seeds():
    a, b = EQUAL[:1].copy(), EQUAL[1:].copy()
    a[0, 5, 1] = np.nan
    b[0, 5, 1] = 1e9
    dropped = verdict("a", "b", a, b, n_boot=20)
    b[0, 5, 1] = 0.0
    assert dropped == verdict("a", "b", a, b, n_boot=20)


def test_shapes_that_differ_are_refused():
    with pytest.raises(DataError, match=r"\(n_seeds, n_series, n_cutoffs\)"):
        verdict("a", "b", np.ones((1, 2, 3)), np.ones((1, 3, 3)))
    with pytest.raises(DataError, match="baseline among them"):
        bootstrap_skill(EQUAL, 2)
    with pytest.raises(ParameterError, match="n_boot=0"):
        bootstrap_skill(EQUAL, 1, n_boot=0)


def test_five_series_all_won_are_said_to_be_too_few():
    losses = np.random.default_rng(0).gamma(20.0, size=(1, 6, 3))
    five = verdict("A", "B", losses[:, :5], losses[:, :5] + 9.0)
    assert five.conclusion == "not distinguishable"
    assert five.sentence.endswith("(6 series are needed to tell, 5 are here).")
    assert verdict("A", "B", losses, losses + 9.0).conclusion == "better"
