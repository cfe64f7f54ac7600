"""Whether a series has a season: the definition of the M4 test, and series whose season is known."""

import numpy as np
import pytest

from tsforecast.series.decomposition import strengths
from tsforecast.series.seasonality import has_season, is_seasonal, n_seasonal_differences


def seasonal_by_definition(y, season):
    """The test of the M4 competition on the changes, sum by sum."""
    d = [y[t] - y[t - 1] for t in range(1, len(y))]
    mean = sum(d) / len(d)
    energy = sum((v - mean) ** 2 for v in d)
    r = [sum((d[t] - mean) * (d[t - k] - mean) for t in range(k, len(d))) / energy for k in range(1, season + 1)]
    return r[-1] > 1.645 * np.sqrt((1 + 2 * sum(v**2 for v in r[:-1])) / len(d))


@pytest.mark.parametrize("season", [4, 12])
def test_seasons_are_found_as_the_definition_of_the_m4_test_says(season):
    rng = np.random.default_rng(season)
    strength = np.linspace(0, 1.5, 60)
    series = [size * np.resize(rng.normal(size=season), 5 * season) + rng.normal(size=5 * season) for size in strength]
    found = [is_seasonal(y, season) for y in series]
    assert found == [seasonal_by_definition(y, season) for y in series]
    assert 0.1 < np.mean(found) < 0.9  # both answers occur


def test_a_season_is_looked_for_in_three_seasons_at_least_and_where_it_is_asked_for():
    y = np.tile([0.0, 5.0, 1.0, 2.0], 6)
    noise = np.random.default_rng(0).normal(size=24)
    assert has_season(y, 4, "auto")
    assert not has_season(noise, 4, "auto")
    assert has_season(noise, 4, "always")
    for when in ("auto", "always"):
        assert not has_season(y[:11], 4, when)
        assert not has_season(y, 1, when)
    assert not has_season(y, 4, "never")
    y[[3, 9, 10]] = np.nan
    assert has_season(y, 4, "auto")


@pytest.mark.parametrize("y", [np.full(48, 3.0), np.arange(48.0)])
def test_constants_and_lines_have_no_season(y):
    assert not is_seasonal(y, 12)


def test_seasonal_strength_is_high_only_with_a_season():
    t = np.arange(120)
    noise = np.random.default_rng(1).normal(size=120)
    assert strengths(5 * np.sin(t * np.pi / 6) + noise, 12)[1] > 0.8
    assert strengths(noise, 12)[1] < 0.6


@pytest.mark.parametrize("test", ["strength", "ocsb", "ch"])
def test_short_and_constant_series_take_no_seasonal_difference(test):
    noise = np.random.default_rng(1).normal(size=120)
    assert n_seasonal_differences(noise[:24], 12, test) == 0
    assert n_seasonal_differences(noise[:8], 4, test) == 0
    assert n_seasonal_differences(np.full(120, 2.0), 12, test) == 0
    assert n_seasonal_differences(noise, 1, test) == 0


@pytest.mark.parametrize("season", [4, 12])
def test_tests_tell_a_walk_of_each_season_from_a_constant_season(season):
    rng = np.random.default_rng(season)
    walks = [np.cumsum(rng.normal(size=(40, season)), axis=0).ravel() for _ in range(20)]
    constant = [np.tile(3 * rng.normal(size=season), 40) + rng.normal(size=40 * season) for _ in range(20)]
    for test in ("strength", "ocsb", "ch"):
        assert np.mean([n_seasonal_differences(y, season, test) for y in walks]) >= 0.8
    noise = [rng.normal(size=40 * season) for _ in range(20)]
    for test, series in (("ch", constant), ("ch", noise), ("ocsb", noise), ("strength", noise)):
        assert np.mean([n_seasonal_differences(y, season, test) for y in series]) <= 0.15
    strong = np.mean([n_seasonal_differences(y, season, "strength") for y in constant])
    assert strong >= 0.8  # a season may be strong though it stays
