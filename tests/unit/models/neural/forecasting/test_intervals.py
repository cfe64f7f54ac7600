"""Intervals of point forecasts: widths that hold with few observations, and quantiles that do not cross."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tsforecast.models.neural.forecaster import LSTM
from tsforecast.models.neural.forecasting.intervals import Spread, learn_spread
from tsforecast.models.neural.options import Training

LEVELS = np.linspace(0.01, 0.99, 25)


def spread_of(residuals, n_series=1, kept=None):
    """The spread of residuals ``(n_obs, horizon)`` of series of equal length."""
    lengths = np.full(n_series, len(residuals) // n_series)
    kept = np.zeros(residuals.shape, dtype=bool) if kept is None else kept
    return learn_spread(residuals, kept, lengths, np.ones(n_series, dtype=bool))


@given(seed=st.integers(0, 99), n=st.integers(1, 60), overlap=st.integers(1, 20))
def test_quantiles_increase_with_their_level(seed, n, overlap):
    spread = spread_of(np.random.default_rng(seed).standard_normal((n, 3)))
    assert (np.diff(spread.at(LEVELS, overlap)) >= 0).all()


def test_many_normal_residuals_give_normal_quantiles():
    spread = spread_of(3 * np.random.default_rng(0).standard_normal((20_000, 2)), n_series=4)
    quantiles = spread.quantiles(spread.sizes(2, np.ones(4, dtype=bool)), LEVELS, np.ones(4, dtype=bool))
    np.testing.assert_allclose(quantiles, np.broadcast_to(3 * stats.norm.ppf(LEVELS), (4, 2, 25)), atol=0.2)


def test_the_fewer_residuals_the_wider_the_interval():
    shape = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    many, few = (Spread(np.ones((1, 1)), np.ones(1), shape, n, np.eye(1)) for n in (500, 5))
    assert few.at(np.array(0.9)) > 1.1 * many.at(np.array(0.9))
    assert many.at(np.array(0.9), overlap=100) > 1.1 * many.at(np.array(0.9))  # those far ahead overlap


def test_a_tail_with_larger_residuals_widens_the_interval():
    residuals = np.random.default_rng(0).standard_normal((300, 1))
    kept = np.arange(300)[:, None] >= 200
    residuals[kept] *= 1.8
    same, wider = spread_of(residuals[:200]), spread_of(residuals, kept=kept)
    alone = np.abs(residuals).mean()
    assert wider.pooled[0] > 1.3 * alone
    assert same.pooled[0] < 1.1 * np.abs(residuals[:200]).mean()


def test_sizes_past_the_last_grow_unless_the_series_returns_to_its_mean():
    spread = Spread(np.ones((2, 3)), np.ones(3), np.array([-1.0, 1.0]), 10, np.eye(3))
    sizes = spread.sizes(12, np.array([True, False]))
    np.testing.assert_allclose(sizes[:, -1], [1.0, 2.0])


@pytest.mark.slow
@pytest.mark.parametrize(("n", "least"), [(8, 0.6), (12, 0.7), (24, 0.7), (60, 0.7)])
@pytest.mark.parametrize("kind", ["noise", "walk"])
def test_intervals_of_80_percent_hold_about_80_percent_of_short_series(kind, n, least):
    rng, horizon = np.random.default_rng(n), 6
    values = rng.standard_normal((n + horizon, 40))
    values = np.cumsum(values, axis=0) if kind == "walk" else values
    model = LSTM(4, n_members=2, max_epochs=10, season_length=1, training=Training(scope="per_series"))
    forecast = model.fit(values[:n]).predict(horizon, level=80)
    inside = (forecast[..., 1] <= values[n:]) & (values[n:] <= forecast[..., 2])
    assert least < inside.mean() < 0.95
