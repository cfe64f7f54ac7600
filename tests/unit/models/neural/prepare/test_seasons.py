"""Seasons that networks meet: a week beside the day, and seasonal indices that follow their series."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import GRU, LSTM
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.panel import Panel

DAY = np.sin(np.arange(24) * np.pi / 12)
WEEK = np.repeat([0.0, 0, 0, 0, 0, -2, -1.5], 24)


def hourly(weeks: int, week=WEEK, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    n = weeks * 168
    rng = np.random.default_rng(seed)
    return np.resize(DAY, n) + np.resize(week, n) + noise * rng.standard_normal(n)


def test_inputs_of_an_hourly_series_tell_the_week_and_a_day_of_values():
    data = StreamDataModule()
    data.use(Panel.from_series(pd.Series(hourly(4), index=pd.date_range("2024-01-01", periods=672, freq="h"))))
    assert data.layout.cycle == 168
    assert data.layout.periods == [24, 12, 168, 84]
    assert data.prepared.n_lags == 24
    assert data.horizon == 48
    assert data.train_dataloader().bptt_length == 48


def test_a_weekend_is_forecast_from_other_weekends():
    y = pd.Series(10 + hourly(6, noise=0.1), index=pd.date_range("2024-01-01", periods=6 * 168, freq="h"))
    for cutoff in (5 * 168 - 24, 5 * 168 + 96):  # Sunday is ahead, then Friday and Saturday
        forecast = GRU(n_members=2, preparation=Preparation(level="mean")).fit(y.iloc[:cutoff]).predict(48)
        truth = y.iloc[cutoff : cutoff + 48].to_numpy()
        before = y.iloc[cutoff - 24 : cutoff].to_numpy()
        assert np.abs(forecast - truth).mean() < 0.4 * np.abs(np.tile(before, 2) - truth).mean()


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
