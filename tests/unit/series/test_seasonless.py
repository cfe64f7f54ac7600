"""Series without a season that changes: what is known at each observation, and what forecasts gain by it."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import LSTM
from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.panel.containers import to_panel
from tsforecast.series.seasonless import without_season

SEASON, CYCLE, HORIZON = 4, 12, 29


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
    seasonless = without_season(panel, phases, indices, season_length, 0.3)
    ahead = seasonless.following(panel, seasonless.v, HORIZON)
    for i, t in ((0, 0), (0, 17), (0, 58), (1, 9)):
        first, length = panel.indptr[i], panel.lengths[i]
        before = panel.take([i]).slice(np.array([0]), np.array([t + 1]))
        known = without_season(before, phases[first : first + t + 1], indices[[i]], season_length, 0.3).ends[0]
        steps = np.arange(t + 1, min(t + 1 + HORIZON, length))
        expected = panel.values[first + steps] - known[phases[first + steps]]
        np.testing.assert_allclose(ahead[first + t, : steps.size], expected, atol=1e-12)
        assert np.isnan(ahead[first + t, steps.size :]).all()


def test_nothing_looks_past_its_step(case):
    panel, phases, indices = case
    changed = panel.values.copy()
    changed[40:60] += 100
    other = without_season(panel.with_values(changed), phases, indices, SEASON, 0.3)
    seasonless = without_season(panel, phases, indices, SEASON, 0.3)
    np.testing.assert_array_equal(other.day[:41], seasonless.day[:41])
    np.testing.assert_array_equal(other.rest[:41], seasonless.rest[:41])
    assert other.ends[0] != pytest.approx(seasonless.ends[0])


def test_a_day_that_changes_is_forecast_better_by_indices_that_follow_it():
    rng = np.random.default_rng(0)
    days = rng.normal(size=(90, 24)).cumsum(axis=0)  # each hour wanders on its own
    y = (100 + days + rng.normal(size=days.shape)).ravel()
    y = pd.Series(y, pd.date_range("2024", periods=y.size, freq="h"))

    def error(share):
        preparation = Preparation(seasonal_smoothing=share, deseasonalize="always")
        model = LSTM(8, n_members=1, max_epochs=1, preparation=preparation).fit(y.iloc[: -24 * 10])
        ends = range(y.size - 24 * 10, y.size, 24)
        return np.mean([np.abs(model.predict(24, history=y.iloc[:n]) - y.iloc[n : n + 24]).mean() for n in ends])

    assert error(0.1) < 0.95 * error(0.0)


@pytest.mark.parametrize("share", [-0.1, 1.5, "much"])
def test_a_share_is_between_nought_and_one(share):
    with pytest.raises(ParameterError, match=f"seasonal_smoothing={share!r}"):
        Preparation(seasonal_smoothing=share)
