"""Paths of networks: their steps hang together as the errors of training, or the walks that are fed back, do."""

import numpy as np
import pytest

from tsforecast import GRU, LSTM
from tsforecast.models.neural.forecasting.dependence import correlation_of, scores

QUICK = {"max_epochs": 3, "n_members": 2, "season_length": 1}
HORIZON = 6


def walk(n_obs=300):
    return np.cumsum(np.random.default_rng(1).normal(size=n_obs))


def noise(n_obs=300):
    return 50 + np.random.default_rng(1).normal(size=n_obs)


def correlation(model, y):
    return np.corrcoef(model.fit(y).sample_paths(4000, HORIZON, random_state=0)[0].T)


@pytest.mark.parametrize("decoding", [{}, {"kind": "recursive"}, {"loss": "quantile"}], ids=str)
def test_neighbouring_steps_of_a_walk_hang_together_and_those_of_noise_do_not(decoding):
    """Of a random walk steps 5 and 6 correlate by sqrt(5 / 6) = 0.91."""
    assert correlation(LSTM(decoding=decoding, **QUICK), walk())[4, 5] > 0.75
    assert abs(correlation(LSTM(decoding=decoding, **QUICK), noise())[4, 5]) < 0.35


def test_counts_walk_in_whole_numbers():
    y = np.random.default_rng(0).poisson(3.0, size=120).astype(float)
    paths = GRU(decoding={"loss": "negative_binomial"}, **QUICK).fit(y).sample_paths(50, HORIZON, random_state=0)
    np.testing.assert_array_equal(paths, np.round(paths))
    assert (paths >= 0).all() and paths.std() > 0


def test_a_network_for_each_series_draws_for_each():
    y = np.column_stack([walk(80), 1000 + noise(80)])
    paths = GRU(training={"scope": "per_series"}, **QUICK).fit(y).sample_paths(9, HORIZON, random_state=0)
    assert paths.shape == (2, 9, HORIZON)
    assert (np.abs(paths[1] - 1050) < 50).all()


def test_steps_past_the_block_are_walked_to():
    model = GRU(decoding={"horizon": 2}, **QUICK)
    assert correlation(model, walk())[4, 5] == pytest.approx(np.sqrt(5 / 6), abs=0.08)


def test_correlation_is_that_of_the_rows_where_they_are_many():
    rng = np.random.default_rng(0)
    wanted = np.array([[1.0, -0.6, 0.0], [-0.6, 1.0, 0.3], [0.0, 0.3, 1.0]])
    rows = rng.multivariate_normal(np.zeros(3), wanted, size=20_000)
    np.testing.assert_allclose(correlation_of(rows, returns=True), wanted, atol=0.03)
    rows[::2, 1] = np.nan  # half of the rows say nothing
    np.testing.assert_allclose(correlation_of(rows, returns=True), wanted, atol=0.04)


@pytest.mark.parametrize("n_rows", [0, 1, 2, 5])
def test_few_rows_give_a_correlation_that_can_be_drawn_with(n_rows):
    rows = np.random.default_rng(n_rows).normal(size=(n_rows, 4))
    for returns in (True, False):
        found = correlation_of(rows, returns=returns)
        np.testing.assert_allclose(np.diag(found), 1.0)
        assert np.linalg.eigvalsh(found).min() > 0


def test_without_rows_errors_are_those_of_noise_or_of_a_walk():
    nothing = np.full((4, 3), np.nan)
    np.testing.assert_array_equal(correlation_of(nothing, returns=True), np.eye(3))
    assert correlation_of(nothing, returns=False)[0, 2] == pytest.approx(np.sqrt(1 / 3))


@pytest.mark.parametrize("returns", [True, False])
def test_scores_have_unit_variance_at_every_step(returns):
    z = scores(np.random.default_rng(0).normal(size=(40_000, 6)), np.array([[1.0, 0.7], [0.7, 1.0]]), returns=returns)
    np.testing.assert_allclose(z.var(axis=0), 1.0, atol=0.03)
    assert np.corrcoef(z.T)[4, 5] == pytest.approx(0.7 if returns else np.sqrt(5 / 6), abs=0.02)
