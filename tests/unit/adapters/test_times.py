"""Times go over to other libraries as dates with a frequency, or as numbers where pandas names none."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Panel
from tsforecast.adapters.times import plain_times


def panel_of(index):
    return Panel.from_series(pd.Series(np.arange(1.0, len(index) + 1), index=index))


@pytest.mark.parametrize("freq", ["MS", "ME", "QS-FEB", "QE", "YS", "W-WED", "D", "B", "h", "15min", "2h", "3MS"])
def test_dates_stay_what_they_are_with_their_frequency(freq):
    index = pd.date_range("2001-03-01", periods=8, freq=freq)
    out = plain_times(panel_of(index[:6]), 0, ahead=2)
    assert out.equals(index) and out.freq == index.freq


def test_integers_keep_their_start_and_step():
    out = plain_times(panel_of(pd.RangeIndex(10, 22, 3)), 0, ahead=2)
    assert list(out) == [10, 13, 16, 19, 22, 25] and isinstance(out, pd.RangeIndex)


@pytest.mark.parametrize(("freq", "dates"), [("M", "ME"), ("Q-NOV", "QE-NOV"), ("D", "D"), ("h", "h")])
def test_periods_become_dates(freq, dates):
    out = plain_times(panel_of(pd.period_range("2001-03-01", periods=4, freq=freq)), 0, ahead=1)
    assert out.freqstr == dates and len(out) == 5


def test_a_time_zone_is_left_out_and_hours_stay_regular_over_a_change_of_clocks():
    hours = pd.date_range("2001-03-24 20:00", periods=12, freq="h", tz="Europe/Berlin")
    assert plain_times(panel_of(hours), 0).equals(hours.tz_convert("UTC").tz_localize(None))
    days = pd.date_range("2001-03-20", periods=12, freq="D", tz="Europe/Berlin")
    assert plain_times(panel_of(days), 0).equals(days.tz_localize(None))


def test_steps_that_pandas_has_no_name_for_become_numbers():
    index = pd.date_range("2001-01-25", periods=6, freq=pd.DateOffset(months=1))
    assert list(plain_times(panel_of(index), 0, ahead=2)) == list(range(8))
