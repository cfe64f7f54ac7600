"""Seasons within a longer cycle: a day within a week."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.forecaster import GRU
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.panel import Panel
from tsforecast.panel.frequency import future_times, parse_freq
from tsforecast.series.season import cycle_of, cyclic_indices, phases_after, phases_of, seasonal_indices

DAY = np.sin(np.arange(24) * np.pi / 12)
WEEK = np.repeat([0.0, 0, 0, 0, 0, -2, -1.5], 24)


def hourly(weeks: int, week=WEEK, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    n = weeks * 168
    rng = np.random.default_rng(seed)
    return np.resize(DAY, n) + np.resize(week, n) + noise * rng.standard_normal(n)


@pytest.mark.parametrize(
    ("freq", "season_length", "expected"),
    [("h", 24, 168), ("30min", 48, 336), ("h", 12, 12), ("D", 7, 7), ("MS", 12, 12), ("W", 52, 52), (1, 24, 24)],
)
def test_the_cycle_is_a_week_where_a_season_is_a_day(freq, season_length, expected):
    assert cycle_of(freq if isinstance(freq, int) else parse_freq(freq), season_length) == expected


@pytest.mark.parametrize(
    "freq",
    [
        "h",
        "30min",
        "15s",
        "500ms",
        "D",
        "2D",
        "W",
        "W-WED",
        "B",
        "MS",
        "ME",
        "2MS",
        "QS",
        "QE-JAN",
        "QS-FEB",
        "YS",
        "YE-JUN",
        "BMS",
        "BQE",
        "SMS",
    ],
)
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_positions_after_a_series_are_those_of_the_times_after_it(freq, zone):
    step = parse_freq(freq)
    last = pd.DatetimeIndex(
        [pd.date_range(start, periods=3, freq=step, tz=zone)[-1] for start in ("2019-10-20", "2024")]
    )
    expected = phases_of(future_times(last, 40, step), step, 7).reshape(2, 40)
    np.testing.assert_array_equal(phases_after(last, 40, step, 7), expected)


@pytest.mark.parametrize(
    ("last", "step"),
    [(pd.Index([4, 40]), 2), (pd.PeriodIndex(["2020-02", "2021-12"], freq="M"), parse_freq("ME"))],
)
def test_positions_of_numbers_and_periods_follow_each_other(last, step):
    expected = phases_of(future_times(last, 30, step), step, 12).reshape(2, 30)
    np.testing.assert_array_equal(phases_after(last, 30, step, 12), expected)


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
