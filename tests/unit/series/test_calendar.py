"""Positions in the season: the cycle of a calendar, and the positions of times after a series."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.panel.times.frequency import future_times, parse_freq
from tsforecast.series.calendar import cycle_of, phases_after, phases_of


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
