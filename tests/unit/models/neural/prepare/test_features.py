"""Inputs and targets of the network: what is learnt from where, and the place in the season."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import LSTM
from tsforecast.models.neural.prepare.features import inputs_of
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.panel import Panel
from tsforecast.series.calendar import phases_of

QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 2}


@pytest.mark.parametrize("begin", ["2024-10-21", "2024-03-25"])  # Berlin's clocks go back on 27 October, on 31 March
def test_the_season_of_an_hourly_series_follows_the_clock_where_it_changes(begin):
    times = pd.date_range(begin, periods=24 * 10, freq="h", tz="Europe/Berlin")
    y = pd.Series(np.where(times.hour == 8, 15.0, 1.0), index=times)
    y += 0.05 * np.random.default_rng(0).standard_normal(len(y))
    forecast = LSTM(**QUICK).fit(y.iloc[: 24 * 6]).predict(48)
    assert (forecast[forecast > 8].index.hour == 8).all()
    assert (forecast > 8).sum() == 2


def test_the_next_step_is_placed_by_its_own_time():
    times = pd.date_range("2024-10-26 20:00", periods=12, freq="h", tz="Europe/Berlin")
    panel = Panel.from_series(pd.Series(np.arange(12.0), index=times))
    data = StreamDataModule(season_length=24, validation_size=0.0)
    data.use(panel)
    x = inputs_of(panel, data.prepared, data.layout).x
    phases = phases_of(times, panel.freq, 24)
    sines = x[:, data.layout.calendar][:, 0]
    np.testing.assert_allclose(sines[:-1], np.sin(2 * np.pi * phases[1:] / 24), atol=1e-12)


def test_what_early_stopping_is_judged_by_is_not_learnt_from():
    rng = np.random.default_rng(0)
    values = 10 + 3 * np.sin(np.arange(120) * np.pi / 6) + rng.standard_normal(120)
    other = values.copy()
    other[108:] += 0.3
    inputs = []
    for series in (values, other):
        data = StreamDataModule(season_length=12, preparation=Preparation(level="last"), validation_size=0.1)
        data.use(Panel.from_array(series))
        assert data.n_kept.tolist() == [12]
        assert data.prepared.season.any()
        inputs.append(data.inputs)
    for name in ("x", "level", "scale"):
        one, two = (getattr(part, name)[:108] for part in inputs)
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(inputs[0].target[:90], inputs[1].target[:90])  # 18 steps ahead


def test_forecasts_use_what_the_whole_series_tells():
    values = 10 + 3 * np.sin(np.arange(120) * np.pi / 6) + 0.1 * np.random.default_rng(0).standard_normal(120)
    data = StreamDataModule(season_length=12, validation_size=0.1)
    data.use(Panel.from_array(values))
    whole = StreamDataModule(season_length=12, validation_size=0.0)
    whole.use(Panel.from_array(values))
    np.testing.assert_array_equal(data.prepared.season, whole.prepared.season)
