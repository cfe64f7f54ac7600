"""Unit-root tests against statsmodels, and what they say of series whose kind is known."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.adfvalues import mackinnonp
from statsmodels.tsa.stattools import adfuller
from statsmodels.tsa.stattools import kpss as kpss_of_statsmodels

from tsforecast.data.catalog import load
from tsforecast.data.process import ArimaProcess
from tsforecast.data.simulate import simulate
from tsforecast.series.unit_roots import adf, adf_pvalue, adf_statistic, kpss, n_differences

SIMULATED = [
    simulate(ArimaProcess(phi=phi, d=d), n_obs, 3, random_state=n_obs).panel
    for phi, d in (((0.4,), 0), ((0.8,), 0), ((), 1), ((0.5,), 1))
    for n_obs in (12, 30, 100, 300)
]
SERIES = [panel.series(i) for panel in SIMULATED for i in range(3)]
BUNDLED = [panel.series(i) for panel in (load("stationary").panel, load("macro").panel) for i in range(6)]


def of_statsmodels(test, y, **how):
    """Statistic and p-value of a test around a constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the ends of the KPSS table; a result that becomes an object
        found = test(y, regression="c", **how)
    return (found.statistic, found.pvalue) if hasattr(found, "pvalue") else found[:2]


@pytest.mark.parametrize("y", SERIES + BUNDLED)
def test_dickey_fuller_test_with_lags_by_aic_is_that_of_statsmodels(y):
    np.testing.assert_allclose(adf(y), of_statsmodels(adfuller, y, autolag="AIC"), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n_lags", [0, 1, 4])
def test_dickey_fuller_statistic_with_given_lags_is_that_of_statsmodels(n_lags):
    for y in [y for y in SERIES if y.size > 12] + BUNDLED:
        expected = of_statsmodels(adfuller, y, maxlag=n_lags, autolag=None)[0]
        assert adf_statistic(y, n_lags) == pytest.approx(expected, rel=1e-6)
        assert adf_statistic(1e9 + 1e-3 * y, n_lags) == pytest.approx(
            expected, rel=1e-3, abs=1e-3
        )  # digits are lost in 1e9


@pytest.mark.parametrize("y", SERIES + BUNDLED)
def test_kpss_test_is_that_of_statsmodels_with_the_lags_of_r(y):
    expected = of_statsmodels(kpss_of_statsmodels, y, nlags=int(3 * np.sqrt(y.size) / 13))
    np.testing.assert_allclose(kpss(y), expected, rtol=1e-9)


@pytest.mark.parametrize("statistic", [-20.0, -18.83, -5.0, -3.43, -1.62, -1.61, -1.6, 0.0, 2.74, 3.0])
def test_pvalues_are_the_curves_of_mackinnon(statistic):
    assert adf_pvalue(statistic) == pytest.approx(mackinnonp(statistic, regression="c"), abs=1e-12)


def test_differences_of_known_processes():
    noise = np.random.default_rng(0).normal(size=300)
    assert [n_differences(y) for y in (noise, np.cumsum(noise), np.cumsum(np.cumsum(noise)))] == [0, 1, 2]
    assert n_differences(np.full(20, 3.0)) == 0
    assert n_differences(np.cumsum(np.cumsum(noise)), 1) == 1


@pytest.mark.parametrize("y", BUNDLED)
def test_series_are_differenced_until_statsmodels_does_not_reject(y):
    d = n_differences(y)
    pvalues = [
        of_statsmodels(kpss_of_statsmodels, w, nlags=int(3 * np.sqrt(w.size) / 13))[1]
        for w in (np.diff(y, k) for k in range(d + 1))
    ]
    assert all(pvalue < 0.05 for pvalue in pvalues[:d])
    assert d == 2 or pvalues[d] >= 0.05


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, -1e9, 1e-9]), max_size=40))
@settings(deadline=None, max_examples=80)
def test_both_tests_have_a_pvalue_or_none_for_any_series(values):
    y = np.array(values)
    for pvalue in (adf(y).pvalue, kpss(y).pvalue):
        assert np.isnan(pvalue) or 0 <= pvalue <= 1


@pytest.mark.parametrize("y", [np.full(50, 3.0), np.arange(50.0), np.r_[np.zeros(49), 1.0], np.array([1.0, 2.0])])
def test_series_that_the_regression_explains_wholly_have_no_pvalue(y):
    assert np.isnan(adf(y).pvalue)
