"""Diebold-Mariano: R's numbers, statsmodels' variance, Student's test as the first case, and what cannot be tested."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tsforecast.backtest.compare.diebold_mariano import diebold_mariano, diebold_mariano_table
from tsforecast.exceptions import DataError, ParameterError

# Out-of-sample errors of the example of R's forecast::dm.test (WWWusage, last 20 values) for ets and auto.arima, and
# its p-values, as the tests of HypothesisTests.jl (test/diebold_mariano.jl) hold them.
ETS = np.array([
    0.002241270, -0.000661906, -1.200002613, -4.000218178, 3.799373533, 3.401005111, -1.199692125, -0.800490048,
    -1.200048999, 3.399847229, 7.000708948, 2.200989241, -4.800165569, -1.201043375, 3.400167556, 3.000709085,
    0.400267950, -6.800169207, -2.401259050, 1.200112198,
])  # fmt: skip
ARIMA = np.array([
    0.1209998, 8.0622269, -0.9189429, -1.7952436, 5.3431277, 2.0459823, -0.6073261, 0.5516816, -0.7633238, 4.1229472,
    5.8785333, 1.2828331, -3.4854233, 1.1971370, 3.1709314, 2.3408457, 0.4962286, -5.9841362, 0.1537114, 0.4207951,
])  # fmt: skip


@pytest.mark.parametrize(("power", "h", "pvalue"), [(2, 1, 0.8871), (2, 10, 0.9362), (1, 1, 0.7818)])
def test_pvalues_of_the_example_in_r(power, h, pvalue):
    found = diebold_mariano(np.abs(ETS) ** power, np.abs(ARIMA) ** power, h=h)
    assert found.pvalue == pytest.approx(pvalue, abs=5.1e-5)
    assert found.n_obs == 20


def losses(n):
    return st.lists(st.floats(0, 100), min_size=n, max_size=n).map(np.array)


@given(losses(12), losses(12))
@settings(deadline=None)
def test_one_step_ahead_is_students_paired_test(a, b):
    if np.ptp(a - b) < 1e-6:
        return
    found, expected = diebold_mariano(a, b), stats.ttest_rel(a, b)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-6)
    assert found.pvalue == pytest.approx(expected.pvalue, rel=1e-6)


@given(st.integers(0, 1000), st.integers(2, 6))
@settings(deadline=None, max_examples=50)
def test_variance_further_ahead_is_that_of_statsmodels(seed, h):
    n = 40
    d = np.convolve(np.random.default_rng(seed).normal(size=n + h), np.ones(h), mode="valid")[:n]
    found = diebold_mariano(d, np.zeros(n), h=h)
    kernel = "bartlett" if found.note else "uniform"
    fit = sm.OLS(d, np.ones(n)).fit(
        cov_type="HAC", cov_kwds={"maxlags": h - 1, "kernel": kernel, "use_correction": False}
    )
    correction = np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)  # Harvey, Leybourne & Newbold (1997), equation 9
    assert found.statistic == pytest.approx(fit.tvalues[0] * correction, rel=1e-8)


def test_a_variance_that_would_be_negative_is_had_with_bartlett_weights():
    d = np.array([1.0, -1.0] * 10) + 0.01
    found = diebold_mariano(d, np.zeros(20), h=2)
    assert found.note == "variance with Bartlett weights"
    assert 0 < found.pvalue < 1


@given(losses(15), losses(15), st.integers(1, 4))
@settings(deadline=None)
def test_swapping_the_models_turns_the_sign_and_nothing_else(a, b, h):
    one, other = diebold_mariano(a, b, h=h), diebold_mariano(b, a, h=h)
    assert one.mean_difference == pytest.approx(-other.mean_difference, abs=1e-12)
    assert one.pvalue == pytest.approx(other.pvalue, nan_ok=True)


def test_cutoffs_further_apart_overlap_less():
    a, b = np.random.default_rng(0).gamma(2.0, size=(2, 30))
    assert diebold_mariano(a, b, h=12, step_size=12) == diebold_mariano(a, b, h=1)
    assert diebold_mariano(a, b, h=12, step_size=5) == diebold_mariano(a, b, h=3)


def test_equal_models_are_rejected_about_as_often_as_the_level_says():
    rng = np.random.default_rng(0)
    rejected = [
        diebold_mariano(*np.apply_along_axis(np.convolve, 1, rng.normal(size=(2, 101)), [1, 1], "valid"), h=2).pvalue
        < 0.05
        for _ in range(600)
    ]
    assert 0.03 < np.mean(rejected) < 0.08  # 5% and three standard errors, with the distortion of 100 observations


@pytest.mark.parametrize(
    ("a", "b", "h", "pvalue", "note"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1, 1.0, "identical losses"),
        ([1.0], [1.0], 1, 1.0, "identical losses"),
        ([1.1, 2.1, 3.1], [1.0, 2.0, 3.0], 1, np.nan, "the same at every cutoff"),
        ([1.0], [2.0], 1, np.nan, "too few cutoffs"),
        ([1.0, 3.0, 2.0], [2.0, 1.0, 2.0], 3, np.nan, "too few cutoffs: more than 3"),
        ([np.nan, 1.0], [1.0, np.nan], 1, np.nan, "no cutoff where both"),
        ([], [], 1, np.nan, "no cutoff where both"),
    ],
)
def test_what_cannot_be_tested_says_why(a, b, h, pvalue, note):
    found = diebold_mariano(np.array(a), np.array(b), h=h)
    assert found.pvalue == pytest.approx(pvalue, nan_ok=True)
    assert note in found.note


def test_cutoffs_without_a_loss_are_left_out():
    a, b = np.random.default_rng(1).gamma(2.0, size=(2, 10))
    holed = a.copy()
    holed[3] = np.nan
    assert diebold_mariano(holed, b) == diebold_mariano(np.delete(a, 3), np.delete(b, 3))


def test_the_table_tests_each_step_on_means_over_series():
    rng = np.random.default_rng(2)
    a, b = rng.gamma(2.0, size=(2, 7, 25, 3))
    table = diebold_mariano_table(a, b).set_index("h")
    for h in (1, 2, 3):
        expected = diebold_mariano(a[:, :, h - 1].mean(axis=0), b[:, :, h - 1].mean(axis=0), h=h)
        assert table.loc[h, "statistic"] == pytest.approx(expected.statistic)
    whole = diebold_mariano(a.mean(axis=(0, 2)), b.mean(axis=(0, 2)), h=3)
    assert table.loc[0, "statistic"] == pytest.approx(whole.statistic)


def test_series_that_are_copies_of_each_other_are_no_more_evidence_than_one():
    a, b = np.random.default_rng(3).gamma(2.0, size=(2, 1, 25, 2))
    one, many = diebold_mariano_table(a, b), diebold_mariano_table(np.repeat(a, 50, axis=0), np.repeat(b, 50, axis=0))
    np.testing.assert_allclose(one["pvalue"], many["pvalue"])


def test_cells_that_one_model_lacks_count_for_neither():
    a, b = np.random.default_rng(4).gamma(2.0, size=(2, 2, 25, 1))
    a[1, 4] = np.nan
    b[1, 4] = 1e6
    found = diebold_mariano_table(a, b)
    b[1, 4] = 0.0
    assert found.equals(diebold_mariano_table(a, b))


def test_shapes_and_steps_that_are_none_are_refused():
    with pytest.raises(DataError, match=r"shapes \(3,\) and \(2,\)"):
        diebold_mariano(np.ones(3), np.ones(2))
    with pytest.raises(DataError, match="n_series, n_cutoffs, horizon"):
        diebold_mariano_table(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ParameterError, match="h=0"):
        diebold_mariano(np.ones(3), np.ones(3), h=0)
