"""Calendars: equal steps have one frequency, working weeks of any days, months from any day, and the last date."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast import ARIMA, AutoARIMA, Naive, RollingOrigin, SeasonalNaive
from tsforecast.backtest import backtest
from tsforecast.backtest.execute.blocks import read_block, write_block
from tsforecast.exceptions import DataError, FrequencyError, GapError, ParameterError
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import (
    freq_label,
    freq_name,
    future_times,
    parse_freq,
    season_length_of,
    steps_between,
    times_between,
    weekmask_of,
)

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = {"D": 86400, "h": 3600, "min": 60, "s": 1}
SHOP = "Mon Tue Wed Thu Fri Sat"


def at(index, values=None):
    return pd.Series(10 + np.random.default_rng(0).normal(size=len(index)) if values is None else values, index=index)


def monthly(day, count=1, start="2020-01", periods=24):
    """Times that are ``day`` of every ``count``-th month, or its last where it is shorter: written out."""
    months = pd.period_range(start, periods=periods * count, freq="M")[::count]
    return pd.DatetimeIndex([pd.Timestamp(m.year, m.month, min(day, m.days_in_month)) for m in months])


def season_of_seconds(step):
    """The season of a step of fixed length, from the definition."""
    week, day = 7 * 86400, 86400
    whole = (
        52 * week if step % week == 0 else week if step % day == 0 else day if step > 60 else 3600 if step == 60 else 60
    )
    return whole // step if whole % step == 0 else 1


@given(count=st.integers(1, 60), unit=st.sampled_from(sorted(UNITS)))
@settings(deadline=None)
def test_every_spelling_of_a_fixed_step_is_one_frequency_with_one_season(count, unit):
    seconds = count * UNITS[unit]
    spelled = [f"{seconds // size}{name}" for name, size in UNITS.items() if seconds % size == 0]
    spelled += [pd.Timedelta(seconds, unit="s"), pd.offsets.Second(seconds), np.timedelta64(seconds, "s")]
    found = [parse_freq(text) for text in spelled]
    assert all(freq == found[0] for freq in found)
    assert {season_length_of(freq) for freq in found} == {season_of_seconds(seconds)}


@given(count=st.integers(1, 24), position=st.sampled_from(["S", "E"]), business=st.sampled_from(["", "B"]))
def test_every_spelling_of_a_step_of_months_has_one_season(count, position, business):
    letters = {"M": 1, "Q": 3, "Y": 12}
    spelled = [f"{count // n}{business}{x}{position}" for x, n in letters.items() if count % n == 0]
    assert {season_length_of(parse_freq(text)) for text in spelled} == {12 // count if 12 % count == 0 else 1}
    assert season_length_of(parse_freq(f"{count}MS-15")) == (12 // count if 12 % count == 0 else 1)


@given(days=st.sets(st.sampled_from(WEEKDAYS), min_size=2, max_size=6), n=st.integers(1, 40))
@settings(deadline=None)
def test_days_of_any_week_have_as_many_steps_as_the_week_has_days(days, n):
    freq = parse_freq("C-" + "".join(day for day in WEEKDAYS if day in days))
    assert season_length_of(freq) == len(days)
    times = future_times(pd.DatetimeIndex(["2023-12-31"]), n, freq)
    assert {WEEKDAYS[day] for day in times.day_of_week} <= days
    np.testing.assert_array_equal(times, pd.bdate_range("2024-01-01", periods=n, freq="C", weekmask=" ".join(days)))


FORMS = [
    "MS-2", "MS-25", "MS-30", "3MS-15", "12MS-6", "2MS-28", "C-MonTueWedThuFriSat", "C-MonTueWedThuSun", "2C-TueThuSat",
    "C-MonTueWedThuFri-20241225-20250101", "D", "36h", "15min", "W-WED", "2W-SUN", "QS-FEB", "BQE-NOV", "HYE-DEC", "B",
    "WOM-2TUE", "LWOM-4FRI", "SME-20", "SMS-10", "RE-N-DEC-MON", "bh", "CBMS",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_the_name_of_a_frequency_is_read_back_as_the_same(text):
    try:
        freq = parse_freq(text)
    except FrequencyError:
        pytest.skip("not an alias of this pandas")
    assert parse_freq(freq_name(freq)) == freq
    assert len(freq_label(freq)) < 70


@pytest.mark.parametrize(
    "offset",
    [
        pd.offsets.CustomBusinessDay(weekmask="1111110"),
        pd.offsets.CustomBusinessDay(weekmask=[0, 1, 1, 1, 1, 1, 0]),
        pd.offsets.CustomBusinessDay(holidays=["2024-12-25", "2024-12-26"]),
        pd.offsets.CustomBusinessDay(),
        pd.DateOffset(months=1, day=25),
        pd.DateOffset(years=1, day=6),
        pd.DateOffset(days=3),
        pd.offsets.MonthEnd(),
    ],
)
def test_what_an_offset_says_is_not_lost_in_its_name(offset):
    freq = parse_freq(offset)
    assert parse_freq(freq_name(freq)) == freq
    start = pd.DatetimeIndex(["2024-12-25"])
    for n in (1, 2, 5, 30):
        assert future_times(start, n, freq)[-1] == start[0] + n * offset


@pytest.mark.parametrize(
    "wrong",
    ["MS-32", "MS-0", "0MS-3", "C-", "C-FooBar", "0C-Mon", "C-MonTue-20241399", "MS-15-3", "nan", b"D", [1], 2**70,
     pd.DateOffset(months=1), pd.offsets.Easter(), pd.offsets.BusinessHour(start="10:00"), pd.offsets.MonthBegin(-1),
     pd.offsets.BDay(normalize=True), True, float("nan"), "999999999999D"],
    ids=str,
)  # fmt: skip
def test_what_has_no_name_is_refused_with_what_has_one(wrong):
    with pytest.raises(FrequencyError, match=r"freq="):
        parse_freq(wrong)


@given(day=st.integers(1, 31), count=st.sampled_from([1, 2, 3, 6, 12]), n=st.integers(1, 40))
@settings(deadline=None)
def test_months_from_a_day_step_as_written_out(day, count, n):
    times = monthly(day, count, periods=n + 1)
    freq = parse_freq(f"{count}MS-{day}")
    if day == 1 or day == 31:  # which pandas anchors
        assert future_times(times[:1], n, freq).equals(times[1:])
        return
    assert future_times(times[:1], n, freq).equals(times[1:])
    assert steps_between(times[:1], times[-1:], freq) == n
    assert steps_between(times[-1:], times[:1], freq) == -n
    assert times_between(times[:1], times[-1:], freq).equals(times)


@pytest.mark.parametrize("day", [2, 3, 15, 25, 28, 29, 30])
@pytest.mark.parametrize("count", [1, 3, 12])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_months_from_a_day_are_inferred_and_their_gaps_filled(day, count, zone):
    times = monthly(day, count).tz_localize(zone)
    panel = Panel.from_series(at(times))
    assert freq_name(panel.freq) == f"{count if count > 1 else ''}MS-{day}"
    assert panel.season_length == 12 // count
    dropped = at(times).drop(times[20])
    with pytest.raises(GapError, match=re.escape(str(times[20]))):
        Panel.from_series(dropped)
    assert Panel.from_series(dropped, gaps="nan").times.equals(panel.times)


def test_three_observations_of_the_25th_are_months_and_not_31_days():
    panel = Panel.from_series(at(pd.DatetimeIndex(["2021-07-25", "2021-08-25", "2021-09-25"])))
    assert freq_name(panel.freq) == "MS-25"


@given(
    days=st.sets(st.sampled_from(WEEKDAYS), min_size=2, max_size=6), start=st.integers(0, 6), hour=st.integers(0, 23)
)
@settings(deadline=None, max_examples=60)
def test_a_week_of_any_days_is_inferred(days, start, hour):
    mask = " ".join(day for day in WEEKDAYS if day in days)
    begin = pd.Timestamp("2024-01-01") + pd.Timedelta(days=start, hours=hour)
    times = pd.bdate_range(begin, periods=40, freq="C", weekmask=mask, normalize=False)
    freq = Panel.from_series(at(times)).freq
    assert {WEEKDAYS[i] for i, works in enumerate(weekmask_of(freq)) if works == "1"} == days
    assert season_length_of(freq) == len(days)


def test_a_shop_closed_on_sundays_and_holidays_keeps_its_weekdays():
    times = pd.bdate_range("2024-01-01", periods=120, freq="C", weekmask=SHOP)
    closed = times[[40, 41, 77]]
    shop = at(times, times.day_of_week.to_numpy(dtype=float)).drop(closed)
    with pytest.raises(GapError, match=str(closed[0].date())):
        Panel.from_series(shop)
    panel = Panel.from_series(shop, gaps="nan")
    assert freq_name(panel.freq) == "C-MonTueWedThuFriSat"
    assert np.isnan(panel.values).sum() == 3
    forecast = SeasonalNaive().fit(panel).predict(12)
    np.testing.assert_array_equal(forecast.mean[0], forecast.times.day_of_week)  # not shifted day by day
    assert 6 not in set(forecast.times.day_of_week)


def test_a_calendar_with_holidays_travels_to_workers_whole(tmp_path):
    freq = pd.offsets.CustomBusinessDay(weekmask=SHOP, holidays=["2024-02-05", "2024-05-01"])
    times = pd.date_range("2024-01-01", periods=60, freq=freq)
    panel = Panel.from_series(at(times), freq=freq)
    write_block(tmp_path / "block.parquet", panel)
    assert read_block(tmp_path / "block.parquet").freq == panel.freq
    future = future_times(panel.last_times, 60, panel.freq)
    assert pd.Timestamp("2024-05-01") not in set(future)


@pytest.mark.parametrize(
    ("one", "other"), [("24h", "D"), ("60min", "h"), ("7D", "W-SUN"), ("3MS", "QS"), ("12MS", "YS")]
)
def test_a_history_may_spell_its_frequency_another_way(one, other):
    times = pd.date_range("2023-01-01", periods=30, freq=other)
    model = Naive().fit(Panel.from_series(at(times[:20]), freq=one))
    forecast = model.predict(2, history=Panel.from_series(at(times[:26]), freq=other))
    assert forecast.times.equals(times[26:28])
    back = Naive().fit(Panel.from_series(at(times[:20]), freq=other))
    assert back.predict(2, history=Panel.from_series(at(times[:26]), freq=one)).times.equals(times[26:28])


@pytest.mark.parametrize(
    "times",
    [
        monthly(25),
        monthly(25).delete([3, 7, 9]),
        monthly(30, 2).delete(5),
        pd.DatetimeIndex(["2024-01-25", "2024-03-25"]),
        pd.DatetimeIndex(["2024-01-01", "2024-01-03"]),
        pd.DatetimeIndex(["2024-01-01"]),
        pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06", "2024-01-11"]),
        pd.DatetimeIndex(["2024-01-01 00:00", "2024-01-01 06:00", "2024-01-03 12:00"]),
        pd.bdate_range("2024-01-01", periods=40, freq="C", weekmask=SHOP).delete([8, 20]),
        pd.date_range("2000", periods=12, freq=pd.offsets.Easter()),
        pd.date_range("2024-03-29", periods=30, freq="h", tz="Europe/Berlin").delete([4, 5, 9]),
        pd.date_range("2024-03-29", periods=6, tz="Europe/Berlin").delete([1, 3]),
        pd.Index([3, 7, 19, 21]),
        pd.Index([1, 2, 4, 8]),
        pd.period_range("2024-01", periods=9, freq="M").delete([2, 5]),
    ],
    ids=lambda times: str(times[:3].tolist()),
)  # fmt: skip
@pytest.mark.parametrize("freq", [None, "MS", "D", "B", "W", "MS-25", "h"])
def test_the_advice_of_an_error_leads_out_of_it(times, freq):
    if isinstance(freq, str) and not isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)):
        freq = 2
    options = {"freq": freq, "gaps": "error"}
    for _ in range(4):
        try:
            assert Panel.from_series(at(times), **options).n_obs >= len(times)
            return
        except DataError as error:
            told = str(error)
        named = re.search(r"freq=('[^']+'|\d+)(?= with gaps| \(--freq)", told)
        asked = {"freq": eval(named[1])} if named else {}  # a text or a number of our own message
        asked |= {"gaps": "nan"} if "gaps='nan'" in told else {}
        asked |= {"freq": None} if "Leave freq out" in told else {}
        if "does not go with times" in told:
            pytest.skip("integers and dates")
        assert asked and not asked.items() <= options.items(), told
        options |= asked
    raise AssertionError(told)


@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2024", periods=20, freq="min").append(pd.DatetimeIndex(["2204-01-01"])),
        pd.date_range("2024", periods=20, freq="s").append(pd.DatetimeIndex(["9204-01-01"])),
        pd.bdate_range("2024", periods=20).append(pd.DatetimeIndex(["9999-01-01"])),
        pd.Index([0, 1, 2, 2**62]),
        pd.PeriodIndex(["2020-01-01 00:00", "2020-01-01 00:01", "9999-01-01 00:00"], freq="min"),
    ],
    ids=lambda times: str(times[-1]),
)
@pytest.mark.parametrize("named", [False, True])
def test_a_mistyped_time_is_named_before_memory_is_taken_for_what_lies_between(times, named):
    freq = {"freq": "s"} if named and isinstance(times, pd.DatetimeIndex) else {}
    with pytest.raises(GapError, match=rf"from {re.escape(str(times[-2]))} to {re.escape(str(times[-1]))}.*mistyped"):
        Panel.from_series(at(times[:-1].append(times[-1:])), gaps="nan", **freq)


def test_a_long_gap_that_may_be_meant_is_filled():
    times = pd.date_range("2024-01-01", periods=50, freq="h").append(pd.date_range("2060-01-01", periods=50, freq="h"))
    assert Panel.from_series(at(times), gaps="nan").n_obs > 300_000


EDGES = {
    "days": pd.date_range("2262-03-20", periods=20, unit="ns"),
    "months": pd.date_range("2260-01-01", periods=24, freq="MS", unit="ns"),
    "months from the 25th": monthly(25, start="2260-03").as_unit("ns"),
    "hours in a zone": pd.date_range("2262-04-10", periods=24, freq="h", unit="ns", tz="Europe/Berlin"),
    "days in a zone": pd.date_range("2262-03-20", periods=20, unit="ns", tz="Europe/Berlin"),
    "business days": pd.bdate_range("2262-03-10", periods=20).as_unit("ns"),
    "weeks": pd.date_range("2261-10-20", periods=20, freq="W", unit="ns"),
}


@pytest.mark.parametrize("kind", EDGES)
@pytest.mark.parametrize("model", [Naive(), AutoARIMA()], ids=str)
def test_nanoseconds_go_on_past_2262(kind, model):
    times = EDGES[kind]
    same = times.as_unit("us")
    forecast = model.fit(at(times)).predict(36)
    assert forecast.index[-1].year in range(2262, 2266)
    np.testing.assert_array_equal(forecast.index.as_unit("us"), model.fit(at(same)).predict(36).index)
    result = backtest([Naive()], at(times), cv=RollingOrigin(4, n_windows=2), level=())
    assert len(result.leaderboard()) == 1


@pytest.mark.parametrize(
    ("times", "horizon"),
    [
        (pd.date_range("2020", periods=20, freq="MS"), 10**6),
        (pd.date_range("2020", periods=20, freq="MS"), 95_760),
        (pd.date_range("9999-01-01", periods=12, freq="MS", unit="s"), 1),
        (pd.date_range("9999-12-20", periods=12, unit="s"), 1),
        (pd.date_range("2020", periods=20, freq="h"), 10**9),
        (pd.bdate_range("2020", periods=20), 10**30),
        (monthly(25), 10**7),
        (pd.period_range("2020", periods=20, freq="M"), 10**6),
        (pd.Index(2**62 - np.arange(20)[::-1]), 2**62),
        (pd.RangeIndex(20), 10**7 + 1),
        (pd.RangeIndex(20), 10**12),
    ],
    ids=str,
)
@pytest.mark.parametrize("model", [Naive(), ARIMA((1, 0, 0))], ids=["Naive", "ARIMA"])
def test_a_horizon_past_the_last_time_or_past_memory_is_refused_before_work(times, horizon, model):
    fitted = model.fit(at(times))
    with pytest.raises(ParameterError, match="horizon="):
        fitted.predict(horizon, level=[80])


def test_the_last_month_that_can_be_written_is_forecast():
    times = pd.date_range("9998-01-01", periods=20, freq="MS", unit="s")
    forecast = Naive().fit(at(times)).predict(4)
    assert forecast.index[-1] == pd.Timestamp("9999-12-01")


KINDS = {"no zone": None, "Berlin": "Europe/Berlin", "UTC": "UTC"}


@pytest.mark.parametrize(("trained", "given"), list(itertools.product(KINDS, KINDS)))
@pytest.mark.parametrize("freq", ["D", "h", "MS", "W-SUN", "B", "MS-25"])
def test_a_history_in_another_zone_or_in_none_is_counted_on_one_clock(trained, given, freq):
    times = monthly(25, periods=60) if freq == "MS-25" else pd.date_range("2024-06-01", periods=60, freq=freq)
    line = np.arange(60.0) + np.random.default_rng(0).normal(size=60) / 10
    model = ARIMA((0, 0, 0), trend="drift").fit(at(times[:50].tz_localize(KINDS[trained]), line[:50]))
    forecast = model.predict(1, history=at(times.tz_localize(KINDS[given]), line))
    assert abs(forecast.iloc[0] - 60) < 3  # two hours of a zone at a slope of one an hour


@pytest.mark.parametrize("freq", ["D", "h", "MS"])
def test_periods_and_dates_do_not_meet(freq):
    periods = pd.period_range("2024-01-01", periods=40, freq={"MS": "M"}.get(freq, freq))
    model = ARIMA((0, 0, 0), trend="drift").fit(at(pd.date_range("2024-01-01", periods=40, freq=freq)))
    with pytest.raises(DataError):
        model.predict(1, history=at(periods))
    with pytest.raises(FrequencyError, match="periods"):
        Panel.from_series(at(periods), freq="15min")
