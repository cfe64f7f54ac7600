"""Panel: which inputs its constructors accept, which they refuse, and the messages."""

import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.exceptions import (
    ContainerTypeError,
    DataError,
    DisorderError,
    DuplicateTimeError,
    FrequencyError,
    GapError,
    ParameterError,
    UnknownNameError,
)
from tsforecast.panel import Panel

MONTHS = pd.date_range("2020-01", periods=6, freq="MS")


def long_frame(**columns):
    frame = pd.DataFrame({"unique_id": ["a"] * 6 + ["b"] * 6, "ds": MONTHS.append(MONTHS), "y": np.arange(12.0)})
    return frame.assign(**columns)


@st.composite
def panels(draw):
    """Panels of one to four series of any lengths and starts, monthly, with some values missing."""
    lengths = draw(st.lists(st.integers(3, 12), min_size=1, max_size=4))
    starts = [draw(st.integers(0, 20)) for _ in lengths]
    grid = pd.date_range("2010-01", periods=40, freq="MS")
    times = grid[:0].append([grid[s : s + n] for s, n in zip(starts, lengths, strict=True)])
    values = np.array(draw(st.lists(st.floats(-1e6, 1e6), min_size=sum(lengths), max_size=sum(lengths))))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return Panel(values, times, indptr, pd.Index([f"s{i}" for i in range(len(lengths))]), grid.freq)


def assert_same(left, right):
    np.testing.assert_array_equal(left.values, right.values)
    assert left.times.equals(right.times)
    assert left.ids.tolist() == right.ids.tolist()
    assert left.indptr.tolist() == right.indptr.tolist()
    assert left.freq == right.freq


@given(panels())
@settings(deadline=None, max_examples=40)
def test_a_panel_survives_the_way_through_a_long_frame(panel):
    assert_same(Panel.from_frame(panel.to_frame()), panel)


@given(panels(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_interleaved_rows_make_the_same_series(panel, random):
    frame = panel.to_frame()
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = frame.iloc[order].sort_values("ds", kind="stable")  # series mixed, each in order of time
    mixed = Panel.from_frame(shuffled)
    assert_same(mixed.take(mixed.positions(panel.ids)), panel)


@given(panels())
@settings(deadline=None, max_examples=40)
def test_long_and_ragged_wide_frames_make_the_same_panel(panel):
    wide = panel.to_frame().pivot(index="ds", columns="unique_id", values="y")
    whole = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq="MS"))[panel.ids]
    assert_same(Panel.from_wide(whole), panel)


@given(panels(), st.data())
@settings(deadline=None, max_examples=60)
def test_dropped_rows_come_back_as_missing_values_when_asked(panel, data):
    inner = np.setdiff1d(np.arange(panel.n_obs), np.concatenate([panel.indptr[:-1], panel.indptr[1:] - 1]))
    if inner.size == 0:
        return
    dropped = data.draw(st.lists(st.sampled_from(inner.tolist()), min_size=1, max_size=5, unique=True))
    holes = np.array(panel.values)
    holes[dropped] = np.nan
    frame = panel.to_frame().drop(index=dropped)
    assert_same(Panel.from_frame(frame, freq="MS", gaps="nan"), panel.with_values(holes))
    with pytest.raises(GapError) as caught:
        Panel.from_frame(frame, freq="MS")
    first = min(dropped)
    name = panel.ids[int(np.searchsorted(panel.indptr, first, side="right")) - 1]
    assert f"Series {name!r} has nothing at {panel.times[first]}" in str(caught.value)


def test_gaps_are_filled_where_series_share_no_grid():
    odd, even = pd.date_range("2020-01", periods=5, freq="2MS"), pd.date_range("2020-02", periods=5, freq="2MS")
    frame = pd.DataFrame({"unique_id": ["a"] * 5 + ["b"] * 5, "ds": odd.append(even), "y": np.arange(10.0)})
    panel = Panel.from_frame(frame.drop(index=[2, 8]), freq="2MS", gaps="nan")
    np.testing.assert_array_equal(panel.values, [0, 1, np.nan, 3, 4, 5, 6, 7, np.nan, 9])
    assert panel.times.equals(odd.append(even))


@pytest.mark.parametrize(
    ("zone", "alias"),
    [("Europe/Berlin", "D"), ("Europe/Berlin", "h"), ("Europe/Berlin", "W-SUN"), ("America/Sao_Paulo", "D")],
)
def test_gaps_across_a_change_of_clock_are_filled(zone, alias):
    times = pd.date_range("2018-10-01", periods=200, freq=alias).tz_localize(
        zone, nonexistent="shift_forward", ambiguous=np.ones(200, dtype=bool)
    )
    times = times if alias != "h" else pd.date_range("2018-10-01", periods=1500, freq="h", tz=zone)
    series = pd.Series(np.arange(float(len(times))), index=times)
    panel = Panel.from_series(series.drop(times[[50, 60]]), gaps="nan")
    assert np.flatnonzero(np.isnan(panel.values)).tolist() == [50, 60]
    assert panel.times.equals(times)


def test_integer_times_with_a_step_and_a_gap():
    series = pd.Series([1.0, 2.0, 4.0], index=[10, 15, 25])
    panel = Panel.from_series(series, freq=5, gaps="nan")
    assert panel.times.tolist() == [10, 15, 20, 25]
    with pytest.raises(GapError, match=r"nothing at 20: it goes from 15 to 25"):
        Panel.from_series(series, freq=5)


@pytest.mark.parametrize("gaps", ["Nan", "fill", "NaN", None, True])
def test_a_misspelt_wish_for_gaps_is_refused_and_fills_nothing(gaps):
    gappy = pd.Series([1.0, 2.0, 4.0], index=[1, 2, 4])
    for read in (
        lambda: Panel.from_series(gappy, gaps=gaps),
        lambda: Panel.from_wide(gappy.to_frame("a"), gaps=gaps),
        lambda: Panel.from_frame(gappy.rename_axis("ds").reset_index(name="y"), gaps=gaps),
    ):
        with pytest.raises(ParameterError, match=f"gaps={gaps!r} is none of 'error', 'nan', 'zero'"):
            read()


def test_duplicate_names_series_and_time():
    frame = long_frame().iloc[[0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11]]
    with pytest.raises(DuplicateTimeError, match=r"Series 'b' has two observations at 2020-02-01"):
        Panel.from_frame(frame)


def test_disorder_names_series_and_times():
    frame = long_frame().iloc[[0, 1, 2, 3, 4, 5, 6, 8, 7, 9, 10, 11]]
    with pytest.raises(DisorderError, match=r"Series 'b' goes back in time, from 2020-03-01.* to 2020-02-01"):
        Panel.from_frame(frame)


@pytest.mark.parametrize("freq", ["h", "30min", "15min"])
@pytest.mark.parametrize("day", ["2024-03-31", "2024-10-27"])
def test_local_hours_around_a_change_of_clocks_are_refused_with_the_reason_and_read_in_utc(freq, day):
    times = pd.date_range(day, periods=100, freq=freq, tz="Europe/Berlin")
    local = pd.Series(np.arange(100.0), index=times.tz_localize(None))
    with pytest.raises(DataError, match=r"clocks change for daylight saving.* in UTC"):
        Panel.from_series(local)
    assert Panel.from_series(local.set_axis(times.tz_convert(None))).n_obs == 100


def test_other_gaps_and_duplicates_are_not_laid_on_the_clocks():
    hours = pd.Series(np.arange(48.0), index=pd.date_range("2024-01-01", periods=48, freq="h"))
    days = pd.Series(np.arange(48.0), index=pd.date_range("2024-01-01", periods=48))
    for broken in (
        hours.drop(hours.index[[5, 6]]),
        hours.tz_localize("UTC").drop(hours.tz_localize("UTC").index[5]),
        days.drop(days.index[5]),
        days.iloc[[0, 1, 2, 2, 3, 4]],
        hours.iloc[[0, 1, 2, 10, 3, 4]],
    ):
        with pytest.raises(DataError) as caught:
            Panel.from_series(broken)
        assert "daylight" not in str(caught.value)


def test_a_time_off_the_frequency_is_named():
    times = MONTHS.to_list()
    times[3] = pd.Timestamp("2020-04-02")
    with pytest.raises(FrequencyError, match=r"Series 'y'.*2020-04-02"):
        Panel.from_series(pd.Series(np.arange(6.0), index=times), freq="MS")


@pytest.mark.parametrize(("bad", "shown"), [(np.inf, "inf"), (-np.inf, "-inf"), ("high", "'high'")])
def test_a_value_that_is_no_number_names_series_and_time(bad, shown):
    values = np.arange(12.0).astype(object)
    values[8] = bad
    with pytest.raises(DataError, match=rf"Series 'b' has y={shown} at 2020-03-01"):
        Panel.from_frame(long_frame(y=values))
    wide = pd.DataFrame({"a": np.arange(6.0), "b": values[6:]}, index=MONTHS)
    with pytest.raises(DataError, match=rf"Series 'b' has y={shown} at 2020-03-01"):
        Panel.from_wide(wide)


def test_an_infinite_number_among_plain_numbers_names_series_and_time():
    wide = pd.DataFrame({"a": np.arange(6.0), "b": [0.0, 1.0, np.inf, 3.0, 4.0, 5.0]}, index=MONTHS)
    with pytest.raises(DataError, match=r"Series 'b' has y=inf at 2020-03-01"):
        Panel.from_wide(wide)


def test_values_that_are_times_or_complex_are_refused():
    with pytest.raises(DataError, match="'date' holds times"):
        Panel.from_wide(pd.DataFrame({"date": MONTHS, "sales": np.arange(6.0)}))
    with pytest.raises(DataError, match="complex"):
        Panel.from_array(np.ones(3) * 1j)


def test_custom_names_and_one_series_without_ids():
    frame = long_frame().rename(columns={"unique_id": "shop", "ds": "month", "y": "sales"})
    panel = Panel.from_frame(frame, id_col="shop", time_col="month", target_col="sales")
    assert panel.ids.tolist() == ["a", "b"]
    one = Panel.from_frame(frame.iloc[:6].drop(columns="shop"), time_col="month", target_col="sales")
    assert one.ids.tolist() == ["sales"]


def test_covariate_columns_travel_with_their_rows():
    frame = long_frame(price=np.arange(12.0) * 10).sort_values("ds", kind="stable")
    panel = Panel.from_frame(frame, covariates=["price"])
    np.testing.assert_array_equal(panel.covariates[:, 0], panel.values * 10)
    assert panel.take([1]).to_frame()["price"].tolist() == (np.arange(6.0, 12.0) * 10).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="y"), "no column 'y'"),
        (lambda f: f.iloc[:0], "no rows"),
        (lambda f: f.assign(unique_id=[None, *f["unique_id"][1:]]), "'unique_id' is empty in row 0"),
        (lambda f: f.assign(ds=[pd.NaT, *f["ds"][1:]]), "no time in row 0"),
        (lambda f: f.assign(ds=["someday", *f["ds"].astype(str)[1:]]), "'someday' is no date"),
        (lambda f: f.assign(ds=np.arange(12) + 0.5), "the time 0.5"),
        (lambda f: pd.concat([f, f["y"]], axis=1), "two columns 'y'"),
        (lambda f: f.assign(ds=True), "booleans"),
    ],
)
def test_a_frame_that_cannot_be_read_says_why(change, message):
    with pytest.raises(DataError, match=message):
        Panel.from_frame(change(long_frame()))


def test_an_index_that_carries_its_frequency_needs_no_inference():
    index = pd.date_range("2020-10", periods=2, freq="BQE")  # the last of the month, as it happens
    assert Panel.from_series(pd.Series([1.0, 2.0], index=index)).freq == index.freq
    assert Panel.from_wide(pd.DataFrame({"a": [1.0, 2.0]}, index=index)).freq == index.freq


def test_text_and_date_objects_are_read_as_dates():
    expected = Panel.from_frame(long_frame())
    for times in (
        [t.strftime("%Y-%m-%d") for t in expected.times],
        [t.strftime("%Y-%m") for t in expected.times],
        [t.strftime("%d %B %Y") for t in expected.times],
        [t.date() for t in expected.times],
        [datetime.datetime(t.year, t.month, 1) for t in expected.times],
    ):
        np.testing.assert_array_equal(Panel.from_frame(long_frame(ds=times)).times, expected.times)


def test_period_objects_in_a_column_are_read_as_periods():
    periods = pd.period_range("2020-01", periods=4, freq="M")
    frame = pd.DataFrame({"ds": pd.Series(list(periods), dtype=object), "y": np.arange(4.0)})
    assert Panel.from_frame(frame).times.equals(periods)


def test_hours_with_the_offsets_of_two_clocks_are_read_in_utc():
    local = pd.date_range("2020-03-28 22:00", periods=6, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"ds": [t.isoformat() for t in local], "y": np.arange(6.0)})
    panel = Panel.from_frame(frame)
    assert (panel.times == local.tz_convert("UTC")).all()


def test_an_index_of_several_levels_is_refused():
    index = pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])
    for read, data in (
        (Panel.from_series, pd.Series([1.0, 2.0], index=index)),
        (Panel.from_wide, pd.DataFrame([[1], [2]], index=index)),
    ):
        with pytest.raises(DataError, match="2 levels"):
            read(data)


def test_nullable_and_categorical_columns_are_read():
    frame = long_frame(
        y=pd.array([1, None, *range(10)], dtype="Int64"), unique_id=pd.Categorical(["z"] * 6 + ["b"] * 6)
    )
    panel = Panel.from_frame(frame)
    assert np.isnan(panel.values[1])
    assert panel.ids.get_indexer(["z", "b", "c"]).tolist() == [0, 1, -1]


@pytest.mark.parametrize("array", [np.ones((2, 2, 2)), np.empty(0), np.empty((0, 2))])
def test_arrays_of_other_shapes_are_refused(array):
    with pytest.raises(DataError, match="shape"):
        Panel.from_array(array)


def test_a_column_of_missing_values_only_is_named():
    with pytest.raises(DataError, match="Series 'b' holds nothing but missing"):
        Panel.from_wide(pd.DataFrame({"a": [1.0, 2.0], "b": [np.nan, np.nan]}))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match=r"repeated: \['a'\]"):
        Panel.from_wide(pd.DataFrame(np.ones((3, 2)), columns=["a", "a"]))


def test_a_panel_cannot_be_changed_through_its_arrays_or_its_source():
    source = np.arange(4.0)
    panel = Panel.from_array(source)
    source[0] = 99
    assert panel.values[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        panel.values[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        panel.freq = 2


@given(panels(), st.data())
@settings(deadline=None, max_examples=40)
def test_slices_hold_the_values_and_times_of_their_steps(panel, data):
    stop = np.array([data.draw(st.integers(1, int(n))) for n in panel.lengths])
    start = np.array([data.draw(st.integers(0, int(n) - 1)) for n in stop])
    part = panel.slice(start, stop)
    for i in range(panel.n_series):
        np.testing.assert_array_equal(part.series(i), panel.series(i)[start[i] : stop[i]])
    assert part.last_times.equals(panel.times.take(panel.indptr[:-1] + stop - 1))


def test_a_slice_past_the_end_and_an_unknown_name_are_refused():
    panel = Panel.from_frame(long_frame())
    with pytest.raises(DataError, match="Series 'b' has 6 observations; steps 0 to 7"):
        panel.slice(np.array([0, 0]), np.array([6, 7]))
    with pytest.raises(UnknownNameError, match="'c'"):
        panel.positions(pd.Index(["a", "c"]))


def test_fingerprint_tells_panels_apart_and_equal_ones_together():
    panel = Panel.from_frame(long_frame())
    others = [
        panel.with_values(panel.values + 1e-12),
        panel.take([1, 0]),
        dataclasses.replace(panel, ids=pd.Index(["a", "c"])),
        panel.with_covariates(np.ones((12, 1)), ["x"]),
        Panel.from_frame(long_frame(ds=MONTHS.shift(1).append(MONTHS.shift(1)))),
    ]
    prints = {p.fingerprint() for p in [panel, *others]}
    assert len(prints) == 6
    assert Panel.from_frame(long_frame()).fingerprint() == panel.fingerprint()


def test_what_is_no_series_is_refused_by_type():
    from tsforecast.panel.containers import to_panel

    for wrong in ("abc", {"a": [1]}, 3.0, None):
        with pytest.raises(ContainerTypeError, match=type(wrong).__name__):
            to_panel(wrong)


@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2001-03-24", periods=10, freq="D"),
        pd.date_range("2001-03-24", periods=10, freq="D", tz="Europe/Berlin"),
        pd.date_range("2001-03-24", periods=10, freq="h", tz="America/New_York"),
        pd.RangeIndex(10),
    ],
)
def test_pieces_of_a_panel_are_the_rows_of_its_frame(times):
    panel = Panel.from_wide(pd.DataFrame(np.arange(40.0).reshape(10, 4), index=times, columns=[*"abcd"]))
    frame = panel.to_frame()

    def rows_of(name, start, stop):
        return frame[frame["unique_id"] == name].iloc[start:stop]

    trimmed = panel.slice(np.array([0, 2, 1, 0]), np.array([10, 9, 3, 1]))
    apart = pd.concat([rows_of("a", 0, 10), rows_of("b", 2, 9), rows_of("c", 1, 3), rows_of("d", 0, 1)])
    pd.testing.assert_frame_equal(trimmed.to_frame(), apart.reset_index(drop=True))
    some = panel.take([3, 0])
    apart = pd.concat([rows_of("d", 0, 10), rows_of("a", 0, 10)])
    pd.testing.assert_frame_equal(some.to_frame(), apart.reset_index(drop=True))
    neighbours = panel.take([1, 2])
    pd.testing.assert_frame_equal(
        neighbours.to_frame(), pd.concat([rows_of("b", 0, 10), rows_of("c", 0, 10)]).reset_index(drop=True)
    )
    assert np.shares_memory(neighbours.values, panel.values) and not neighbours.values.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        neighbours.values.flags.writeable = True
