"""Scores of sample paths against slow definitions and closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from tsforecast.exceptions import ParameterError
from tsforecast.metrics.paths import crps_of_paths, energy_score, variogram_score

SCORES = (crps_of_paths, energy_score, variogram_score)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(4)
    y = rng.normal(size=(3, 5))
    y[0, 2] = np.nan
    return y, rng.normal(size=(3, 7, 5))


def pairs(n):
    return [(i, j) for i in range(n) for j in range(n) if i != j]


def test_crps_and_energy_score_equal_their_definitions(drawn):
    y, x = drawn
    for s in range(3):
        known = np.flatnonzero(~np.isnan(y[s]))
        steps = [
            np.mean([abs(a - y[s, h]) for a in x[s, :, h]])
            - np.mean([abs(x[s, i, h] - x[s, j, h]) for i, j in pairs(7)]) / 2
            for h in known
        ]
        assert crps_of_paths(y, x)[s] == pytest.approx(np.mean(steps))
        own, truth = x[s][:, known], y[s, known]
        within = np.mean([np.sqrt(((own[i] - own[j]) ** 2).sum()) for i, j in pairs(7)])
        assert energy_score(y, x)[s] == pytest.approx(np.mean([np.linalg.norm(a - truth) for a in own]) - within / 2)


def test_variogram_score_equals_its_definition(drawn):
    y, x = drawn
    for s in range(3):
        known = np.flatnonzero(~np.isnan(y[s]))
        terms = [
            (abs(y[s, a] - y[s, b]) ** 0.5 - np.mean(np.abs(x[s, :, a] - x[s, :, b]) ** 0.5)) ** 2
            for a in known
            for b in known
            if a < b
        ]
        assert variogram_score(y, x)[s] == pytest.approx(np.mean(terms))


@pytest.mark.parametrize("n_paths", [2, 30])
def test_crps_of_normal_paths_has_its_closed_form_whatever_their_number(n_paths):
    """Gneiting & Raftery 2007, eq. 20; four standard errors of 60,000 draws (of pairs) are 0.015."""
    y, n = 0.7, 60_000 // n_paths
    x = np.random.default_rng(1).normal(size=(n, n_paths, 1))
    closed = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
    found = crps_of_paths(np.full((n, 1), y), x).mean()
    assert found == pytest.approx(closed, abs=0.03 if n_paths == 2 else 0.015)


def test_energy_score_of_one_step_is_the_crps(drawn):
    y, x = drawn
    np.testing.assert_allclose(energy_score(y[:, :1], x[:, :, :1]), crps_of_paths(y[:, :1], x[:, :, :1]))


def test_paths_with_the_right_dependence_score_better():
    """Truths are random walks; the steps of other paths have the same distributions and are independent."""
    rng = np.random.default_rng(2)
    y = np.cumsum(rng.normal(size=(200, 6)), axis=1)
    right = np.cumsum(rng.normal(size=(200, 100, 6)), axis=2)
    wrong = rng.permuted(right, axis=1)
    for score in (energy_score, variogram_score):
        assert score(y, right).mean() < score(y, wrong).mean()
    np.testing.assert_allclose(crps_of_paths(y, right), crps_of_paths(y, wrong))


@pytest.mark.parametrize("score", SCORES)
def test_series_without_truth_score_nan_and_shapes_are_checked(score):
    assert np.isnan(score(np.full((1, 3), np.nan), np.zeros((1, 4, 3)))).all()
    with pytest.raises(ParameterError, match=r"\(1, 3\) and paths \(1, 4, 2\)"):
        score(np.zeros((1, 3)), np.zeros((1, 4, 2)))
    with pytest.raises(ParameterError, match="two or more"):
        score(np.zeros((1, 3)), np.zeros((1, 1, 3)))
