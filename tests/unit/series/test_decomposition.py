"""Strengths, seasonal indices and series without their season: against statsmodels, known seasons and definitions."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import STL, seasonal_decompose

from tsforecast.panel.containers import to_panel
from tsforecast.series.decomposition import (
    centred_moving_average,
    cyclic_indices,
    deseasonalize,
    seasonal_indices,
    strengths,
)

DAY = np.sin(np.arange(24) * np.pi / 12)
WEEK = np.repeat([0.0, 0, 0, 0, 0, -2, -1.5], 24)
SEASON, CYCLE, HORIZON = 4, 12, 29


def hourly(weeks: int, week=WEEK, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    n = weeks * 168
    rng = np.random.default_rng(seed)
    return np.resize(DAY, n) + np.resize(week, n) + noise * rng.standard_normal(n)


def test_a_week_is_found_beside_the_day():
    w = hourly(8)
    indices = cyclic_indices(w, np.arange(w.size) % 168, 24, 168)
    truth = np.resize(DAY, 168) + WEEK - WEEK.mean()
    assert np.abs(indices - truth).mean() < 0.12  # the mean of 8 values scatters by 0.3 / sqrt(8)


def test_a_series_without_a_week_keeps_its_day():
    w = hourly(6, week=np.zeros(168))
    phases = np.arange(w.size) % 168
    daily = np.tile(seasonal_indices(w, phases % 24, 24), 7)
    indices = cyclic_indices(w, phases, 24, 168)
    plain = np.array([w[phases == p].mean() for p in range(168)])  # without shrinking
    assert np.abs(indices - daily).mean() < 0.25 * np.abs(plain - w.mean() - daily).mean()


def test_less_than_three_cycles_have_the_season_alone():
    w = hourly(2)
    phases = np.arange(w.size) % 168
    np.testing.assert_array_equal(cyclic_indices(w, phases, 24, 168), np.tile(seasonal_indices(w, phases % 24, 24), 7))


def test_missing_values_are_passed_over():
    w = hourly(8, noise=0.0)
    w[[5, 300, 301, 900]] = np.nan
    indices = cyclic_indices(w, np.arange(w.size) % 168, 24, 168)
    np.testing.assert_allclose(indices, np.resize(DAY, 168) + WEEK - WEEK.mean(), atol=0.02)


def test_indices_add_up_to_nothing_over_a_cycle():
    w = hourly(5)
    assert cyclic_indices(w, np.arange(w.size) % 168, 24, 168).sum() == pytest.approx(0.0, abs=1e-9)


def panel_of(*series):
    parts = {f"s{i}": pd.DataFrame({"ds": np.arange(len(y)), "y": y}) for i, y in enumerate(series)}
    return to_panel(pd.concat(parts, names=["unique_id"]).reset_index(0))[0]


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    panel = panel_of(rng.normal(size=60), rng.normal(size=35))
    phases = np.concatenate([np.arange(60) % CYCLE, np.arange(7, 42) % CYCLE])
    return panel, phases, rng.normal(size=(2, CYCLE))


@pytest.mark.parametrize("season_length", [SEASON, CYCLE])
def test_values_ahead_are_taken_relative_to_the_season_known_at_the_step(case, season_length):
    panel, phases, indices = case
    left = deseasonalize(panel, phases, indices, season_length, 0.3)
    ahead = left.following(panel, left.v, HORIZON)
    for i, t in ((0, 0), (0, 17), (0, 58), (1, 9)):
        first, length = panel.indptr[i], panel.lengths[i]
        before = panel.take([i]).slice(np.array([0]), np.array([t + 1]))
        known = deseasonalize(before, phases[first : first + t + 1], indices[[i]], season_length, 0.3).ends[0]
        steps = np.arange(t + 1, min(t + 1 + HORIZON, length))
        expected = panel.values[first + steps] - known[phases[first + steps]]
        np.testing.assert_allclose(ahead[first + t, : steps.size], expected, atol=1e-12)
        assert np.isnan(ahead[first + t, steps.size :]).all()


def test_nothing_looks_past_its_step(case):
    panel, phases, indices = case
    changed = panel.values.copy()
    changed[40:60] += 100
    other = deseasonalize(panel.with_values(changed), phases, indices, SEASON, 0.3)
    left = deseasonalize(panel, phases, indices, SEASON, 0.3)
    np.testing.assert_array_equal(other.day[:41], left.day[:41])
    np.testing.assert_array_equal(other.rest[:41], left.rest[:41])
    assert other.ends[0] != pytest.approx(left.ends[0])


def test_indices_of_a_series_without_a_season_shrink_to_nothing_and_those_of_a_clear_one_stay():
    noise = np.random.default_rng(1).standard_normal((200, 60))
    phases = np.arange(60) % 12
    plain = np.array([[y[phases == k].mean() for k in range(12)] for y in noise])
    found = np.array([seasonal_indices(y, phases, 12) for y in noise])
    assert np.square(found).mean() < 0.25 * np.square(plain - plain.mean(axis=1, keepdims=True)).mean()
    truth = np.tile([10.0, -10.0], 6)
    found = np.array([seasonal_indices(y + truth[phases], phases, 12) for y in noise])
    np.testing.assert_allclose(found.mean(axis=0), truth, atol=0.15)


def test_shrunken_indices_are_nearer_to_the_truth_than_means():
    rng = np.random.default_rng(2)
    phases, errors = np.arange(60) % 12, np.zeros(2)
    for _ in range(100):
        truth = 0.5 * rng.standard_normal(12)
        truth -= truth.mean()
        y = rng.standard_normal(60) + truth[phases]
        means = np.array([y[phases == k].mean() for k in range(12)])
        errors += [
            np.square(seasonal_indices(y, phases, 12) - truth).mean(),
            np.square(means - y.mean() - truth).mean(),
        ]
    assert errors[0] < 0.85 * errors[1]


@pytest.mark.parametrize(("n_obs", "season"), [(60, 12), (9, 4), (15, 7), (105, 52), (41, 3)])
def test_strengths_are_those_of_the_decomposition_of_statsmodels(n_obs, season):
    rng = np.random.default_rng(n_obs)
    y = 0.3 * np.cumsum(rng.normal(size=n_obs)) + np.sin(2 * np.pi * np.arange(n_obs) / season) + rng.normal(size=n_obs)
    parts = STL(y, period=season, seasonal=11, seasonal_deg=0).fit(2, 0)  # as R's mstl and feasts call it
    rest = parts.resid
    expected = [max(0.0, 1 - rest.var() / (part + rest).var()) for part in (parts.trend, parts.seasonal)]
    np.testing.assert_allclose(strengths(y, season), expected, atol=1e-9)


@pytest.mark.parametrize("season", [2, 3, 4, 7, 12])
def test_moving_average_is_the_trend_of_statsmodels(season):
    y = np.random.default_rng(season).normal(size=40)
    expected = seasonal_decompose(y, period=season).trend
    np.testing.assert_allclose(centred_moving_average(y, season), expected, atol=1e-12)


@pytest.mark.parametrize("season", [4, 7, 12])
def test_indices_are_those_of_statsmodels_times_a_share(season):
    rng = np.random.default_rng(season)
    n = 6 * season
    y = np.resize(3 * rng.normal(size=season), n) + 0.2 * np.arange(n) + rng.normal(size=n)
    expected = seasonal_decompose(y, period=season).seasonal[:season]
    share = seasonal_indices(y, np.arange(n) % season, season) / expected
    np.testing.assert_allclose(share, share[0], rtol=1e-9)
    assert 0.8 < share[0] < 1


def test_indices_need_two_seasons_and_every_place_in_them():
    y = np.tile([5.0, 1.0, 3.0], 4)
    phases = np.arange(12) % 3
    assert not seasonal_indices(y[:5], phases[:5], 3).any()
    y[phases == 1] = np.nan
    assert not seasonal_indices(y, phases, 3).any()
