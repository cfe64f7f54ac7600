"""One decision: what was found to contradict itself, calibration, and that no two statements can disagree."""

import re

import numpy as np
import pytest

from tsforecast.backtest.compare.decision import decide
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError


def two(losses, others, **options):
    return decide({"a": losses, "b": others}, **options).verdict("a", "b")


def gamma(rng, shape, scatter=0.2):
    return rng.gamma(1 / scatter**2, size=shape) * scatter**2


def test_a_clear_gain_on_six_of_six_series_is_decided():
    rng = np.random.default_rng(0)
    found = two(0.57 * gamma(rng, (1, 6, 5)), gamma(rng, (1, 6, 5)))
    assert found.conclusion == "better"
    assert found.skill_low > 0
    assert found.share == 1.0


@pytest.mark.parametrize(("n_series", "n_cutoffs"), [(4, 5), (3, 6), (2, 8), (1, 12)])
def test_a_clear_gain_is_decided_with_few_series_too(n_series, n_cutoffs):
    rng = np.random.default_rng(1)
    shape = (1, n_series, n_cutoffs)
    assert two(0.5 * gamma(rng, shape), gamma(rng, shape)).conclusion == "better"


def test_a_model_that_wins_nearly_all_series_with_a_larger_mean_is_not_better():
    rng = np.random.default_rng(2)
    b = gamma(rng, (1, 300, 1), 0.1)
    a = b * 0.95
    a[0, :3] = b[0, :3] * 11  # 1% of the series take the mean over
    found = two(a, b)
    assert found.share == 0.99
    assert found.skill < 0
    assert found.conclusion != "better"


def test_a_model_that_wins_most_series_with_a_mean_that_is_larger_beyond_chance_is_worse():
    rng = np.random.default_rng(3)
    b = gamma(rng, (1, 400, 1), 0.1)
    a = np.where(rng.random((1, 400, 1)) < 0.85, b * 0.9, b * 3.5)
    found = two(a, b)
    assert found.share > 0.8
    assert found.conclusion == "worse"
    assert found.skill_high < 0
    assert "is worse than b: its mean loss is" in found.sentence


def test_the_estimand_is_the_mean_over_cutoffs_then_over_series_with_seeds_averaged():
    rng = np.random.default_rng(4)
    a, b = gamma(rng, (3, 5, 4)), gamma(rng, (1, 5, 4))
    b[0, 2, :2] = np.nan
    known = np.isfinite(b[0])
    mean_a = np.mean([a.mean(axis=0)[s][known[s]].mean() for s in range(5)])
    mean_b = np.mean([b[0][s][known[s]].mean() for s in range(5)])
    found = two(a, b)
    assert found.skill == pytest.approx(100 * (1 - mean_a / mean_b))
    assert found.n_seeds == (3, 1)


def test_too_little_data_is_said_whatever_the_losses_are():
    one = np.ones((1, 1, 1))
    found = two(one, 9 * one)
    assert found.conclusion == "undecided"
    assert "1 series and 1 cutoff with scores are too few" in found.sentence
    assert "too few" in two(np.ones((1, 1, 2)), np.array([[[8.0, 9.0]]])).sentence
    overlapping = np.random.default_rng(0).gamma(9.0, size=(1, 1, 5))
    assert "of which 3 in a row overlap are too few" in two(overlapping, 9 * overlapping, overlap=3).sentence
    overlapping = np.random.default_rng(0).gamma(9.0, size=(1, 2, 5))
    assert "of which 3 in a row overlap are too few" in two(overlapping, 9 * overlapping, overlap=3).sentence


def test_identical_and_absent_losses_are_no_difference():
    same = np.random.default_rng(5).gamma(2.0, size=(1, 8, 3))
    found = two(same, same)
    assert (found.conclusion, found.skill, found.pvalue) == ("undecided", 0.0, 1.0)
    assert "mean loss is equal" in found.sentence
    nothing = two(np.full((1, 2, 2), np.nan), np.ones((1, 2, 2)))
    assert "not comparable" in nothing.sentence
    perfect = two(np.zeros((1, 9, 3)), same[:, :8].repeat(2, axis=1)[:, :9])
    assert (perfect.conclusion, perfect.skill) == ("better", 100.0)
    back = two(same[:, :8].repeat(2, axis=1)[:, :9], np.zeros((1, 9, 3)))
    assert "is worse than b: a percentage says nothing where loss is 0" in back.sentence


@pytest.mark.parametrize("scale", [1e-290, 1e-170, 1e170, 1e290])
def test_extreme_losses_are_decided_as_usual_ones_are(scale):
    rng = np.random.default_rng(14)
    a, b = 0.7 * gamma(rng, (1, 9, 3)), gamma(rng, (1, 9, 3))
    with np.errstate(all="raise", under="ignore"):
        assert two(scale * a, scale * b).sentence == two(a, b).sentence


def test_a_difference_that_is_not_zero_never_reads_as_zero():
    b = gamma(np.random.default_rng(15), (1, 30, 2))
    found = two(0.9999 * b, b)
    assert found.conclusion == "better"
    assert "0.0%" not in found.sentence
    assert "under 0.1% smaller (95% interval under 0.1% to under 0.1%)" in found.sentence


def test_an_interval_on_both_sides_of_zero_names_both_directions():
    rng = np.random.default_rng(16)
    a, b = gamma(rng, (1, 4, 3), 1.5), gamma(rng, (1, 4, 3), 1.5)
    losses = {"a": a, "b": b * a.mean() / b.mean() * 1.05}
    found = decide(losses).verdict("a", "b")
    assert re.search(r"% smaller \(95% interval [\d.]+% larger to [\d.]+% smaller\)", found.sentence)
    one = decide({"a": np.exp(3 * rng.normal(size=(1, 3, 1))), "b": np.ones((1, 3, 1))}).verdict("a", "b")
    assert "inf" not in one.sentence and "nan" not in one.sentence
    assert "over 1000%" in one.sentence


def test_equal_differences_on_five_series_need_one_more():
    found = two(np.full((1, 5, 1), 0.5), np.ones((1, 5, 1)))
    assert found.conclusion == "undecided"
    assert found.needed.series == 1
    assert two(np.full((1, 6, 1), 0.5), np.ones((1, 6, 1))).conclusion == "better"


def test_where_series_and_cutoffs_both_differ_more_of_both_are_asked_for():
    rng = np.random.default_rng(18)
    own = np.exp(0.6 * rng.normal(size=(1, 12, 1)) + 0.6 * np.array([-1.0, 0.2, 0.8]))
    found = two(0.95 * own * gamma(rng, (1, 12, 3), 0.05), gamma(rng, (1, 12, 3), 0.05))
    assert found.conclusion == "undecided"
    assert (found.needed.cutoffs, found.needed.series) == (None, None)
    cutoffs, series = found.needed.together
    assert f"about {cutoffs} more cutoffs together with {series} more series would decide" in found.sentence
    assert cutoffs * 12 == series * 3


def test_where_seeds_differ_too_much_more_of_them_are_asked_for():
    rng = np.random.default_rng(17)
    luck = np.array([0.4, 1.4])[:, None, None]
    found = two(luck * gamma(rng, (2, 30, 4)), gamma(rng, (1, 30, 4)))
    assert found.conclusion == "undecided"
    assert found.needed.seeds
    assert "seeds differ too much: without more of them" in found.sentence


def test_units_and_order_of_series_do_not_matter():
    rng = np.random.default_rng(6)
    losses = {name: gamma(rng, (2, 8, 3)) for name in "abc"}
    first = decide(losses).pairs()
    scaled = decide({name: table * 1e-7 for name, table in losses.items()}).pairs()
    np.testing.assert_allclose(scaled["skill_low"], first["skill_low"], rtol=1e-6)
    assert scaled["conclusion"].equals(first["conclusion"])


def test_a_negated_metric_turns_the_words_and_not_the_decision():
    rng = np.random.default_rng(7)
    good, bad = 2 * gamma(rng, (1, 30, 2)), gamma(rng, (1, 30, 2))
    found = decide({"a": -good, "b": -bad}).verdict("a", "b", loss_name="accuracy", more_is_better=True)
    assert found.conclusion == "better"
    assert found.skill == pytest.approx(100 * (good.mean() / bad.mean() - 1))
    assert found.skill_low < found.skill < found.skill_high
    assert "its mean accuracy is" in found.sentence
    assert "% larger" in found.sentence


@pytest.mark.parametrize("gain", [0.0, 0.2])
def test_decisions_are_wrong_as_often_as_stated_and_intervals_hold_the_truth(gain):
    rng = np.random.default_rng(8)
    held = wrong = 0
    for _ in range(400):
        hard = np.exp(0.4 * rng.normal(size=(1, 6, 4)))
        found = two((1 - gain) * hard * gamma(rng, (1, 6, 4), 0.35), hard * gamma(rng, (1, 6, 4), 0.35), n_draws=500)
        held += found.skill_low <= 100 * gain <= found.skill_high
        wrong += found.conclusion == "worse" or (gain == 0 and found.conclusion == "better")
    assert 0.90 <= held / 400 <= 0.985  # four standard errors about 95%
    assert wrong <= 36  # 5% of 400 and four standard errors


def test_with_many_equal_models_none_is_told_apart_more_often_than_stated():
    rng = np.random.default_rng(9)
    wrong = 0
    for _ in range(150):
        hard = np.exp(0.4 * rng.normal(size=(1, 8, 3)))
        losses = {name: hard * gamma(rng, (1, 8, 3), 0.35) for name in "abcd"}
        wrong += decide(losses, n_draws=500).better.any()
    assert wrong <= 18  # 5% of 150 and four standard errors


@pytest.mark.parametrize("n_series", [6, 7, 8, 9, 12])
def test_more_series_never_take_the_power_away_where_many_models_are_compared(n_series):
    rng = np.random.default_rng([n_series, 14])
    decided = 0
    for _ in range(20):
        base = gamma(rng, (1, n_series, 1), 0.3)
        losses = {name: base * gamma(rng, (1, n_series, 1), 0.15) for name in "bcde"}
        losses["a"] = 0.3 * base * gamma(rng, (1, n_series, 1), 0.15)
        decided += decide(losses).conclusion("a", "b") == "better"
    assert decided >= 12


def test_gains_that_differ_by_series_are_not_taken_for_a_gain():
    rng = np.random.default_rng(15)
    wrong = 0
    for _ in range(200):
        mixed = np.exp(0.6 * rng.normal(size=(1, 7, 1)))
        mixed /= np.exp(0.18)
        wrong += (
            two(mixed * gamma(rng, (1, 7, 5), 0.3), gamma(rng, (1, 7, 5), 0.3), n_draws=300).conclusion != "undecided"
        )
    assert wrong <= 23  # 5% of 200 and four standard errors


def random_cube(rng):
    """Losses of 2 to 5 models: any size, scatter, gain, seeds, ties, missing cells and shocks in common."""
    n_models, n_series, n_cutoffs = rng.integers(2, 6), rng.integers(1, 9), rng.integers(1, 7)
    hard = np.exp(rng.uniform(0, 1) * rng.normal(size=(1, n_series, n_cutoffs)))
    losses = {}
    for k in range(n_models):
        n_seeds = rng.integers(1, 4)
        scatter = rng.choice([0.01, 0.2, 1.0])
        shared = np.exp(rng.choice([0, 0.3]) * rng.normal(size=(1, 1, n_cutoffs)))
        noise = np.exp(scatter * rng.normal(size=(n_seeds, n_series, n_cutoffs)))
        losses[f"m{k}"] = rng.choice([0.5, 0.8, 1.0, 1.0]) * hard * shared * noise
        if rng.random() < 0.2:
            losses[f"m{k}"][0][rng.random((n_series, n_cutoffs)) < 0.2] = np.nan
        if k and rng.random() < 0.1:
            losses[f"m{k}"] = losses["m0"].copy()
        if rng.random() < 0.1:
            losses[f"m{k}"] = np.round(losses[f"m{k}"])
    return losses, int(rng.integers(1, 3))


@pytest.mark.parametrize("seed", range(8))
def test_no_two_statements_of_a_decision_contradict_each_other(seed):
    rng = np.random.default_rng([seed, 13])
    for _ in range(130):
        losses, overlap = random_cube(rng)
        found = decide(losses, overlap=overlap, n_draws=199)
        if found.by_series.size:
            check_that_nothing_contradicts(found)


def check_that_nothing_contradicts(found):
    models, better, means = found.models, found.better, found.means
    assert not (better & better.T).any()
    assert not (better[:, :, None] & better[None] & ~better[:, None, :]).any()  # better than the better is better
    assert (means[:, None] < means)[better].all()
    kept = found.confidence_set()
    assert models[int(np.argmin(means))] in kept
    assert set(kept) == {m for j, m in enumerate(models) if not better[:, j].any()}
    for _, row in found.pairs().iterrows():
        i, j = models.index(row["model_a"]), models.index(row["model_b"])
        verdict = found.verdict(row["model_a"], row["model_b"])
        back = found.verdict(row["model_b"], row["model_a"])
        opposite = {"better": "worse", "worse": "better", "undecided": "undecided"}
        assert (verdict.conclusion, back.conclusion) == (row["conclusion"], opposite[row["conclusion"]])
        assert (row["conclusion"] == "better", row["conclusion"] == "worse") == (better[i, j], better[j, i])
        assert (row["pvalue"] <= found.alpha + 1e-12) == (row["conclusion"] != "undecided") or means[i] == means[j]
        if np.isfinite(row["skill"]):
            assert (row["conclusion"] != "better" or row["skill"] > 0) and (
                row["conclusion"] != "worse" or row["skill"] < 0
            )
        if not np.isnan(row["skill_low"]) and row["skill"] != 0:
            assert row["skill_low"] <= row["skill"] <= row["skill_high"]
            assert (row["skill_low"] > 0 or row["skill_high"] < 0) == (row["conclusion"] != "undecided")
        for verdict_, word in ((verdict, row["conclusion"]), (back, opposite[row["conclusion"]])):
            assert (" is undecided: " in verdict_.sentence) == (word == "undecided")
            assert (f" is {word} than " in verdict_.sentence) == (word != "undecided")
    for group in found.groups():
        places = [models.index(m) for m in group]
        assert not better[np.ix_(places, places)].any()


def test_what_is_needed_decides_as_often_as_promised():
    rng = np.random.default_rng(11)

    def losses(n_series, n_cutoffs):
        hard = np.exp(0.4 * rng.normal(size=(1, n_series, n_cutoffs)))
        return 0.8 * hard * gamma(rng, (1, n_series, n_cutoffs), 0.35), hard * gamma(
            rng, (1, n_series, n_cutoffs), 0.35
        )

    asked = []
    for _ in range(200):
        found = two(*losses(6, 3), n_draws=500)
        if found.needed is not None and 17 <= found.skill <= 23 and found.needed.cutoffs:
            asked.append(found.needed.cutoffs)
    n_cutoffs = 3 + int(np.median(asked))
    decided = np.mean([two(*losses(6, n_cutoffs), n_draws=500).conclusion == "better" for _ in range(150)])
    assert 0.65 <= decided <= 0.95


def test_wrong_arguments_are_refused():
    rng = np.random.default_rng(12)
    a = rng.gamma(2.0, size=(1, 4, 3))
    with pytest.raises(DataError, match="two models"):
        decide({"a": a})
    with pytest.raises(DataError, match="shapes"):
        decide({"a": a, "b": a[:, :3]})
    with pytest.raises(ParameterError, match="level"):
        decide({"a": a, "b": a}, level=100)
    found = decide({"a": a, "b": 2 * a})
    with pytest.raises(UnknownNameError, match="there are a, b"):
        found.verdict("a", "z")
    with pytest.raises(ParameterError, match="itself"):
        found.verdict("a", "a")


def test_every_pair_is_found_at_its_place():
    rng = np.random.default_rng(0)
    decision = decide({name: rng.gamma(2.0, size=(1, 4, 2)) for name in "abcdefg"})
    places = [decision._number(j, i) for i, j in decision._pairs]
    assert places == list(range(len(decision._pairs)))
