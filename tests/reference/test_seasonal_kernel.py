"""Slow twin of the seasonal kernel: its definition, observation by observation, in dictionaries."""

import numpy as np
import pytest

from tsforecast.kernels.series.seasonal import begin_seasons, follow

SHARE = 0.2


def run(w, indptr, phases, indices, season_length, share):
    """Both parts of the index before each observation, and their sum after the last one."""
    states = begin_seasons(indices, season_length)
    day, rest, after = follow(w, indptr, phases, indices.any(axis=1), states, season_length, share)
    cycle = indices.shape[1]
    own = np.arange(cycle)
    return day, rest, after[:, own % season_length] + after[:, season_length + own]


def slow(w, phases, indices, season_length, share):
    cycle = len(indices)
    weeks = cycle // season_length
    day = {k: sum(indices[k::season_length]) / weeks if weeks > 1 else 0.0 for k in range(season_length)}
    rest = {p: indices[p] - day[p % season_length] for p in range(cycle)}
    told, left = [], []
    for value, p in zip(w, phases, strict=True):
        told.append((day[p % season_length], rest[p]))
        if not np.isnan(value):
            left.append(value - day[p % season_length] - rest[p])
            weights = [(1 - 1 / cycle) ** k for k in range(len(left))][::-1]
            error = left[-1] - np.average(left, weights=weights)
            rest[p] += share * error
            day[p % season_length] += share * error if weeks > 1 else 0.0
    return np.array(told), np.array([day[p % season_length] + rest[p] for p in range(cycle)])


def case(season_length, cycle, *, seed=0):
    rng = np.random.default_rng(seed)
    lengths = np.array([70, 5, 41])
    w = rng.normal(size=lengths.sum())
    w[rng.uniform(size=w.size) < 0.1] = np.nan
    phases = np.concatenate([(first + np.arange(n)) % cycle for first, n in zip((3, 0, 9), lengths, strict=True)])
    return w, np.append(0, lengths.cumsum()), phases, rng.normal(size=(3, cycle))


@pytest.mark.parametrize(("season_length", "cycle"), [(6, 6), (4, 12), (1, 5)])
def test_indices_are_those_of_the_definition(season_length, cycle):
    w, indptr, phases, indices = case(season_length, cycle)
    day, rest, ends = run(w, indptr, phases, indices, season_length, SHARE)
    for i in range(3):
        own = slice(indptr[i], indptr[i + 1])
        told, end = slow(w[own], phases[own], indices[i], season_length, SHARE)
        np.testing.assert_allclose(np.column_stack([day[own], rest[own]]), told, atol=1e-12)
        np.testing.assert_allclose(ends[i], end, atol=1e-12)


def test_indices_stay_where_nothing_moves_them():
    w, indptr, phases, indices = case(4, 12)
    day, rest, ends = run(w, indptr, phases, indices, 4, 0.0)
    np.testing.assert_allclose(ends, indices, atol=1e-12)
    np.testing.assert_allclose(day + rest, indices[np.repeat(np.arange(3), np.diff(indptr)), phases], atol=1e-12)


def test_a_series_without_a_season_gets_none():
    w, indptr, phases, indices = case(4, 12)
    indices[1] = 0.0
    day, rest, ends = run(w, indptr, phases, indices, 4, SHARE)
    own = slice(indptr[1], indptr[2])
    assert not day[own].any()
    assert not rest[own].any()
    assert not ends[1].any()
    assert ends[0].any()
