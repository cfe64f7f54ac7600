"""Frequencies: aliases of all pandas versions, steps between times, and inference."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.exceptions import FrequencyError
from tsforecast.panel.times.frequency import (
    freq_name,
    future_times,
    has_fixed_step,
    parse_freq,
    season_length_of,
    step_times,
    steps_between,
)
from tsforecast.panel.times.infer_frequency import infer_freq

CALENDAR = [
    "MS", "ME", "BMS", "BME", "QS", "QS-FEB", "QE", "QE-NOV", "BQS", "BQE-NOV", "YS", "YS-JUL", "YE", "YE-JUN", "BYE",
    "W-SUN", "W-WED", "W-SAT", "B", "2MS", "SMS", "SME", "WOM-2TUE", "C",
]  # fmt: skip
FIXED = ["D", "7D", "10D", "h", "2h", "6h", "15min", "30min", "min", "s", "ms"]


@pytest.mark.parametrize(
    ("old", "new", "season"),
    [
        ("M", "ME", 12),
        ("3M", "3ME", 4),
        ("BM", "BME", 12),
        ("Q", "QE-DEC", 4),
        ("Q-NOV", "QE-NOV", 4),
        ("A", "YE-DEC", 1),
        ("Y", "YE-DEC", 1),
        ("A-JUN", "YE-JUN", 1),
        ("AS-JUL", "YS-JUL", 1),
        ("BA-MAR", "BYE-MAR", 1),
        ("H", "h", 24),
        ("15T", "15min", 96),
        ("S", "s", 60),
        ("L", "ms", 1),
        ("d", "D", 7),
        ("w-sun", "W-SUN", 52),
        ("W", "W-SUN", 52),
        ("7D", "7D", 52),
        ("B", "B", 5),
        ("90min", "90min", 16),
        ("2h", "2h", 12),
        ("5h", "5h", 1),
        ("5D", "5D", 1),
    ],
)
def test_old_and_new_aliases_name_one_offset_and_its_season(old, new, season):
    assert freq_name(parse_freq(old)) == new
    assert parse_freq(old) == parse_freq(new)
    assert season_length_of(parse_freq(old)) == season


@pytest.mark.parametrize("quarter", ["QS", "QE", "BQS", "BQE"])
def test_anchors_of_the_same_quarters_are_one_frequency(quarter):
    names = {freq_name(parse_freq(f"{quarter}-{month}")) for month in ("JAN", "APR", "JUL", "OCT")}
    assert len(names) == 1
    assert names != {freq_name(parse_freq(f"{quarter}-FEB"))}


@pytest.mark.parametrize("wrong", ["foo", "D1", "", "-1D", "0D", 0, -3, True, 1.5, None])
def test_what_is_no_step_forward_is_refused(wrong):
    with pytest.raises(FrequencyError, match="freq="):
        parse_freq(wrong)


@given(
    alias=st.sampled_from(CALENDAR + FIXED),
    start=st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2100-01-01").date()),
    n=st.integers(1, 60),
)
@settings(deadline=None, max_examples=120)
def test_stepping_gives_what_date_range_gives(alias, start, n):
    freq = parse_freq(alias)
    times = pd.date_range(start, periods=n + 1, freq=freq)
    np.testing.assert_array_equal(future_times(times[:1], n, freq), times[1:])
    assert steps_between(times[:1], times[-1:], freq) == n
    assert steps_between(times[-1:], times[:1], freq) == -n
    back = step_times(times[-1:].repeat(n), -np.arange(1, n + 1), freq)
    np.testing.assert_array_equal(back, times[:-1][::-1])
    assert has_fixed_step(freq) == (alias in FIXED)


@pytest.mark.parametrize("alias", [a for a in CALENDAR + FIXED if a not in {"7D", "SMS", "SME", "C"}])
def test_frequency_of_a_range_is_inferred(alias):
    times = pd.date_range("2019-12-17", periods=20, freq=alias)
    assert infer_freq(times, np.array([0, 20]), pd.Index(["a"])) == parse_freq(alias)


def test_frequency_is_the_one_that_most_series_have():
    monthly, daily = pd.date_range("2020-01", periods=5, freq="MS"), pd.date_range("2020-01", periods=5, freq="D")
    times = monthly.append([daily, monthly])
    assert infer_freq(times, np.array([0, 5, 10, 15]), pd.Index(["a", "b", "c"])) == parse_freq("MS")


def test_a_series_with_a_gap_still_tells_its_frequency():
    times = pd.date_range("2020-01", periods=40, freq="W-TUE").delete(17)
    assert infer_freq(times, np.array([0, 39]), pd.Index(["a"])) == parse_freq("W-TUE")


def test_two_working_weeks_are_business_days_and_four_days_in_a_row_are_days():
    ids = pd.Index(["a"])
    assert infer_freq(pd.bdate_range("2024-01-01", periods=10), np.array([0, 10]), ids) == parse_freq("B")
    assert infer_freq(pd.date_range("2024-01-01", periods=4), np.array([0, 4]), ids) == parse_freq("D")


def test_two_observations_tell_no_frequency():
    with pytest.raises(FrequencyError, match=r"Series 'a' has 2 observation.*freq="):
        infer_freq(pd.date_range("2020-01", periods=2, freq="MS"), np.array([0, 2]), pd.Index(["a"]))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "US/Eastern", "Australia/Sydney", "America/Sao_Paulo"])
@pytest.mark.parametrize("alias", ["D", "W-SUN", "B", "MS"])
def test_days_and_longer_steps_keep_the_local_clock_across_a_change_of_it(zone, alias):
    times = pd.date_range("2018-01-01 08:00", periods=400, freq=alias, tz=zone)
    future = future_times(times[:1], 399, parse_freq(alias))
    assert set(future.hour) == {8}
    assert future.equals(times[1:])


@pytest.mark.parametrize("alias", ["h", "15min", "6h"])
def test_hours_and_shorter_steps_are_lasting_the_same_across_a_change_of_clock(alias):
    times = pd.date_range("2018-10-27", periods=300, freq=alias, tz="Europe/Berlin")
    future = future_times(times[:1], 299, parse_freq(alias))
    assert (np.diff(future.asi8) == np.diff(future.asi8)[0]).all()
    assert future.equals(times[1:])


def test_the_day_after_one_that_lacks_its_midnight_begins_at_midnight():
    days = pd.date_range("2018-11-02", periods=5).tz_localize("America/Sao_Paulo", nonexistent="shift_forward")
    assert days[2].hour == 1
    assert future_times(days[:1], 4, parse_freq("D")).equals(days[1:])


@pytest.mark.parametrize("alias", ["M", "Q", "Q-NOV", "Y", "W-WED", "D", "h", "15min", "2M"])
def test_periods_step_by_their_own_frequency(alias):
    periods = pd.period_range("2020-01-01", periods=9, freq=alias)
    freq = infer_freq(periods, np.array([0, 9]), pd.Index(["a"]))
    assert future_times(periods[:1], 8, freq).equals(periods[1:])
    assert steps_between(periods[:1], periods[8:], freq) == 8


def test_a_time_between_two_steps_is_no_number_of_steps_away():
    with pytest.raises(FrequencyError, match="not a whole number of steps"):
        steps_between(pd.DatetimeIndex(["2020-01-01"]), pd.DatetimeIndex(["2020-02-02"]), parse_freq("MS"))


def test_seconds_over_fifty_years_are_counted_at_once():
    ends = pd.DatetimeIndex(["1970-01-01", "2020-01-01"])
    assert steps_between(ends[:1], ends[1:], parse_freq("s")) == 18262 * 86400


def test_years_before_nanoseconds_begin_are_stepped_along():
    old = pd.DatetimeIndex(np.array(["1200-01-01"], dtype="datetime64[s]"))
    assert [t.year for t in future_times(old, 3, parse_freq("YS"))] == [1201, 1202, 1203]


@given(
    months=st.lists(st.integers(0, 30), max_size=40),
    steps=st.lists(st.integers(-5, 5), min_size=40, max_size=40),
    alias=st.sampled_from(["MS", "ME", "QE-FEB", "YS"]),
)
def test_many_times_are_moved_as_each_is_alone(months, steps, alias):
    freq = parse_freq(alias)
    times = pd.DatetimeIndex([pd.Timestamp("2000-01-01") + n * freq for n in months], dtype="datetime64[ns]")
    moved = step_times(times, np.array(steps[: len(months)], dtype=np.int64), freq)
    assert moved.tolist() == [time + n * freq for time, n in zip(times, steps, strict=False)]
