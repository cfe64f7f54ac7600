"""Differences over a step or a season as what a network learns: undone exactly, with intervals that add up."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.exceptions import ParameterError, SeriesTooShortError
from tsforecast.models.neural.forecaster import GRU, LSTM
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.prepare.preparation import Preparation

S = 4
QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 2, "season_length": S}
SEASON = Preparation(transform="none", difference="season")
KINDS = [Decoding(horizon=6), Decoding(kind="recursive", n_samples=50), Decoding(loss="gaussian", horizon=6)]


def quarters(values, name="y") -> pd.Series:
    return pd.Series(values, index=pd.date_range("1990-01", periods=len(values), freq="QS"), name=name)


def walk(n=60, seed=0) -> np.ndarray:
    """A seasonal random walk."""
    steps = np.random.default_rng(seed).standard_normal((-(-n // S), S))
    return np.cumsum(steps, axis=0).reshape(-1)[:n]


@pytest.mark.parametrize("decoding", KINDS)
def test_what_returns_every_season_is_added_to_forecasts_and_nothing_else(decoding):
    pattern, y = np.array([40.0, -7.0, 3.0, 120.0]), walk()
    other = y + np.resize(pattern, y.size)
    model = LSTM(**QUICK, preparation=SEASON, decoding=decoding)
    one, two = (model.fit(quarters(values)).predict(11, level=80) for values in (y, other))
    np.testing.assert_allclose(two, one + np.resize(pattern, 11)[:, None], atol=1e-4)
    history = [quarters(values[:41]) for values in (y, other)]  # ends in another season
    one, two = (model.predict(11, history=past, level=80) for past in history)
    np.testing.assert_allclose(two, one + np.resize(np.roll(pattern, -1), 11)[:, None], atol=1e-4)


@pytest.mark.parametrize("decoding", KINDS)
def test_a_season_that_grows_by_as_much_every_year_goes_on_growing(decoding):
    t = np.arange(60)
    y = np.array([1.0, 5.0, -3.0, 2.0])[t % S] + 2.0 * (t // S)
    forecast = GRU(**QUICK, preparation=SEASON, decoding=decoding).fit(quarters(y)).predict(14)
    ahead = np.arange(60, 74)
    np.testing.assert_allclose(forecast, np.array([1.0, 5.0, -3.0, 2.0])[ahead % S] + 2.0 * (ahead // S), atol=1e-3)


def test_first_differences_go_on_from_the_last_value():
    y = 5.0 + 3.0 * np.arange(40)
    model = LSTM(**QUICK, preparation=Preparation(transform="none", deseasonalize="never", difference="first"))
    np.testing.assert_allclose(model.fit(quarters(y)).predict(12), 5.0 + 3.0 * np.arange(40, 52), atol=1e-3)


def test_missing_values_and_series_of_unlike_lengths_are_forecast():
    frame = pd.DataFrame({"a": quarters(walk(60, 1)), "b": quarters(walk(60, 2))})
    frame.iloc[[20, 33, 57], 0] = np.nan
    frame.iloc[:30, 1] = np.nan
    forecast = LSTM(**QUICK, preparation=SEASON).fit(frame).predict(10, level=80)
    assert np.isfinite(forecast.to_numpy()).all()


def test_a_series_too_short_for_its_differences_is_named():
    with pytest.raises(SeriesTooShortError, match="Series 'y' has 11 observations; LSTM needs at least 12"):
        LSTM(**QUICK, preparation=SEASON).fit(quarters(walk(11)))
    model = LSTM(**QUICK, preparation=SEASON).fit(quarters(walk(40)))
    with pytest.raises(SeriesTooShortError, match="Series 'y' has 3 observations, not one at every place"):
        model.predict(3, history=quarters(walk(3)))


def test_indices_and_differences_of_the_season_exclude_each_other():
    both = Preparation(deseasonalize="always", difference="season")
    with pytest.raises(ParameterError, match="the season is taken off once"):
        LSTM(**QUICK, preparation=both).fit(quarters(walk(40)))
    with pytest.raises(ParameterError, match="counts stay as they are"):
        LSTM(**QUICK, preparation=SEASON, decoding=Decoding(loss="negative_binomial")).fit(quarters(np.arange(40.0)))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mae", "gaussian"])
def test_intervals_of_a_seasonal_walk_hold_in_the_second_season_as_in_the_first(loss):
    n_series, n, horizon = 80, 80, 3 * S
    values = np.column_stack([walk(n + horizon, seed) for seed in range(n_series)])
    frame = pd.DataFrame(values[:n], index=quarters(values[:n, 0]).index)
    model = LSTM(
        8,
        n_members=2,
        season_length=S,
        preparation=SEASON,
        decoding=Decoding(loss=loss),
        training=Training(max_steps=100),
    )
    forecast = model.fit(frame).predict(horizon, level=80)
    low, high = (forecast.xs(name, axis=1, level=1).to_numpy() for name in ("lo-80", "hi-80"))
    inside = ((low <= values[n:]) & (values[n:] <= high)).reshape(3, S, -1).mean(axis=(1, 2))
    assert (inside > 0.7).all()
    assert (inside < 0.9).all()
    width = (high - low).reshape(3, S, -1).mean(axis=(1, 2))
    assert width[1] / width[0] == pytest.approx(np.sqrt(2), rel=0.1)
    assert width[2] / width[0] == pytest.approx(np.sqrt(3), rel=0.15)
