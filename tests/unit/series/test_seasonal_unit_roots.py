"""Seasonal unit-root tests: published values of R, slow definitions, and how often they reject."""

import itertools

import numpy as np
import pytest

from tsforecast.series.seasonal_unit_roots import canova_hansen, ch_critical, ocsb, ocsb_critical

# Australian residents in thousands, quarterly, March 1971 to March 1993: R's `austres` (P. J. Brockwell & R. A. Davis)
AUSTRES = np.array(
    [
        13067.3, 13130.5, 13198.4, 13254.2, 13303.7, 13353.9, 13409.3, 13459.2, 13504.5, 13552.6, 13614.3, 13669.5,
        13722.6, 13772.1, 13832.0, 13862.6, 13893.0, 13926.8, 13968.9, 14004.7, 14033.1, 14066.0, 14110.1, 14155.6,
        14192.2, 14231.7, 14281.5, 14330.3, 14359.3, 14396.6, 14430.8, 14478.4, 14515.7, 14554.9, 14602.5, 14646.4,
        14695.4, 14746.6, 14807.4, 14874.4, 14923.3, 14988.7, 15054.1, 15121.7, 15184.2, 15239.3, 15288.9, 15346.2,
        15393.5, 15439.0, 15483.5, 15531.5, 15579.4, 15628.5, 15677.3, 15736.7, 15788.3, 15839.7, 15900.6, 15961.5,
        16018.3, 16076.9, 16139.0, 16203.0, 16263.3, 16327.9, 16398.9, 16478.3, 16538.2, 16621.6, 16697.0, 16777.2,
        16833.1, 16891.6, 16956.8, 17026.3, 17085.4, 17106.9, 17169.4, 17239.4, 17292.0, 17354.2, 17414.2, 17447.3,
        17482.6, 17526.0, 17568.7, 17627.1, 17661.5,
    ]
)  # fmt: skip


@pytest.mark.parametrize(("season", "statistic"), [(4, 0.1935046), (24, 4.134289)])
def test_canova_hansen_statistic_is_that_of_r(season, statistic):
    assert canova_hansen(AUSTRES, season) == pytest.approx(statistic, abs=1e-6)


def canova_hansen_by_definition(y, season, n_terms):
    """Equation 13 of Canova & Hansen (1995), sum by sum, of the first ``n_terms`` of the s - 1 trigonometric terms."""
    n = y.size
    waves = [
        wave(2 * np.pi * k * np.arange(1, n + 1) / season)
        for k in range(1, season // 2 + 1)
        for wave in (np.cos, np.sin)
    ]
    f = np.array(waves[: season - 1]).T
    Z = np.column_stack([np.ones(n), f])
    e = y - Z @ np.linalg.solve(Z.T @ Z, Z.T @ y)
    scores = [f[t, :n_terms] * e[t] for t in range(n)]
    span = round(season * (n / 100) ** 0.25)
    omega = np.zeros((n_terms, n_terms))
    for t, u in itertools.product(range(n), repeat=2):
        if abs(t - u) <= span:
            omega += (1 - abs(t - u) / (span + 1)) * np.outer(scores[t], scores[u]) / n
    inverse, F, total = np.linalg.inv(omega), np.zeros(n_terms), 0.0
    for t in range(n):
        F += scores[t]
        total += F @ inverse @ F
    return total / n**2


@pytest.mark.parametrize("season", [3, 4, 7])
def test_canova_hansen_statistic_is_that_of_its_definition(season):
    expected = canova_hansen_by_definition(AUSTRES, season, season - 1)
    assert canova_hansen(AUSTRES, season) == pytest.approx(expected, rel=1e-8)


def test_r_leaves_out_the_last_sine_of_an_odd_season():
    assert canova_hansen_by_definition(AUSTRES, 3, 1) == pytest.approx(0.07956102, abs=1e-7)  # R's SD.test


@pytest.mark.parametrize(("n_lags", "statistic"), [(0, -6.834392), (2, -5.673749), (3, -5.632227)])
def test_ocsb_statistic_is_that_of_r(n_lags, statistic):
    assert ocsb(AUSTRES, 4, n_lags) == pytest.approx(statistic, abs=1e-6)


def test_lag_of_lowest_aic_is_one_of_four():
    assert ocsb(AUSTRES, 4) in [ocsb(AUSTRES, 4, p) for p in range(4)]


def test_canova_hansen_rejects_a_constant_season_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    rejected = [canova_hansen(rng.normal(size=120), 4) > ch_critical(4) for _ in range(400)]
    assert 0.01 < np.mean(rejected) < 0.09


def test_short_series_have_no_statistic():
    y = np.random.default_rng(1).normal(size=12)
    assert np.isnan(ocsb(y, 8))
    assert np.isnan(canova_hansen(y, 4))


def test_critical_values_grow_with_the_season():
    assert [ch_critical(s) for s in (2, 13)] == [0.470, 2.96]
    assert ch_critical(14) > ch_critical(13)
    assert ocsb_critical(4) == pytest.approx(-1.8927, abs=1e-4)
