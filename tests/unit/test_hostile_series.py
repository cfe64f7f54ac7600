"""Unusual series given by callers: each case has one acceptable outcome, with a message of ours."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tsforecast import Naive
from tsforecast.exceptions import (
    ContainerTypeError,
    DataError,
    DisorderError,
    DuplicateTimeError,
    FrequencyError,
    GapError,
    TSForecastError,
)
from tsforecast.panel.containers import to_panel
from tsforecast.panel.times.frequency import freq_name

N = 12
DAYS = pd.date_range("2024-01-01", periods=N)
DATES = [day.date() for day in DAYS]
LOCAL = pd.date_range("2024-10-20", periods=N, freq="24h", tz="Europe/Berlin")


def at(index, values=None):
    """A Series with these times."""
    return pd.Series(np.arange(float(len(index))) if values is None else values, index=index)


def long(ds=DAYS, y=None, unique_id="a"):
    return pd.DataFrame({"unique_id": unique_id, "ds": ds, "y": np.arange(float(N)) if y is None else y})


def arrow(values, kind):
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(values, type=kind)))


def wide(columns):
    return pd.DataFrame(np.ones((N, len(columns))), index=DAYS, columns=columns)


READ = {  # data -> frequency, first id, first two values (nan as None), last time
    "Arrow timestamps in seconds": (long(arrow(list(DAYS), pa.timestamp("s"))), "D", "a", (0, 1), "2024-01-12"),
    "Arrow timestamps in ms": (long(arrow(list(DAYS), pa.timestamp("ms"))), "D", "a", (0, 1), "2024-01-12"),
    "Arrow timestamps in us": (long(arrow(list(DAYS), pa.timestamp("us"))), "D", "a", (0, 1), "2024-01-12"),
    "Arrow timestamps in ns": (long(arrow(list(DAYS), pa.timestamp("ns"))), "D", "a", (0, 1), "2024-01-12"),
    "Arrow timestamps in a zone": (
        long(arrow(list(DAYS.tz_localize("UTC")), pa.timestamp("us", tz="Europe/Berlin"))),
        "D", "a", (0, 1), "2024-01-12 01:00+01:00",
    ),
    "an Arrow index": (at(pd.Index(arrow(list(DAYS), pa.timestamp("ns")))), "D", "y", (0, 1), "2024-01-12"),
    "Arrow date32": (long(arrow(DATES, pa.date32())), "D", "a", (0, 1), "2024-01-12"),
    "Arrow date64": (long(arrow(DATES, pa.date64())), "D", "a", (0, 1), "2024-01-12"),
    "an index of date32": (at(pd.Index(arrow(DATES, pa.date32()))), "D", "y", (0, 1), "2024-01-12"),
    "Arrow dates as text": (long(arrow([str(d) for d in DATES], pa.string())), "D", "a", (0, 1), "2024-01-12"),
    "Arrow ids": (long(unique_id=arrow(["x"] * N, pa.large_string())), "D", "x", (0, 1), "2024-01-12"),
    "Arrow ids in a dictionary": (
        long(unique_id=arrow(["x"] * N, pa.string()).astype(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))),
        "D", "x", (0, 1), "2024-01-12",
    ),
    "Arrow whole numbers as times": (long(arrow(list(range(N)), pa.uint64())), "1", "a", (0, 1), 11),
    "Arrow float values": (long(y=arrow(np.arange(N) / 2, pa.float32())), "D", "a", (0, 0.5), "2024-01-12"),
    "Arrow decimals": (long(y=arrow([Decimal(1)] * N, pa.decimal128(9, 2))), "D", "a", (1, 1), "2024-01-12"),
    "Arrow integers with a null": (long(y=arrow([1, None, 1] * 4, pa.int64())), "D", "a", (1, None), "2024-01-12"),
    "categories as ids": (long(unique_id=pd.Categorical(["x"] * N, ["w", "x"])), "D", "x", (0, 1), "2024-01-12"),
    "categories as dates": (long(pd.Categorical(DAYS)), "D", "a", (0, 1), "2024-01-12"),
    "nullable integers as ids": (long(unique_id=pd.array([7] * N, "Int64")), "D", 7, (0, 1), "2024-01-12"),
    "leading zeros of an id": (long(unique_id="007"), "D", "007", (0, 1), "2024-01-12"),
    "nullable Int64": (long(y=pd.array([1, None, 1] * 4, "Int64")), "D", "a", (1, None), "2024-01-12"),
    "nullable Float64": (long(y=pd.array([1.5, None, 1.5] * 4, "Float64")), "D", "a", (1.5, None), "2024-01-12"),
    "nullable booleans": (long(y=pd.array([True, None, True] * 4, "boolean")), "D", "a", (1, None), "2024-01-12"),
    "booleans": (long(y=[False, True] * 6), "D", "a", (0, 1), "2024-01-12"),
    "decimals": (long(y=[Decimal("0.5"), Decimal("nan"), Decimal("0.5")] * 4), "D", "a", (0.5, None), "2024-01-12"),
    "fractions": (long(y=[Fraction(1, 4), 2] * 6), "D", "a", (0.25, 2), "2024-01-12"),
    "numbers as text": (long(y=["1", " 2.5 "] * 6), "D", "a", (1, 2.5), "2024-01-12"),
    "None among numbers": (long(y=[3, None, 3] * 4), "D", "a", (3, None), "2024-01-12"),
    "pd.NA among numbers": (long(y=[3, pd.NA, 3] * 4), "D", "a", (3, None), "2024-01-12"),
    "float16": (long(y=np.arange(N, dtype="f2")), "D", "a", (0, 1), "2024-01-12"),
    "long doubles": (long(y=np.arange(N, dtype=np.longdouble)), "D", "a", (0, 1), "2024-01-12"),
    "integers past 64 bits": (long(y=[10**20] * N), "D", "a", (1e20, 1e20), "2024-01-12"),
    "uint64 at its end": (long(y=np.full(N, 2**64 - 1, "u8")), "D", "a", (2.0**64, 2.0**64), "2024-01-12"),
    "a sparse column": (long(y=pd.arrays.SparseArray([0.0, 1.0] * 6)), "D", "a", (0, 1), "2024-01-12"),
    "numbers of every kind": (long(y=[1, "2", Decimal(3), Fraction(1, 2)] * 3), "D", "a", (1, 2), "2024-01-12"),
    "date objects": (long(DATES), "D", "a", (0, 1), "2024-01-12"),
    "datetime64 in seconds": (at(pd.DatetimeIndex(DAYS.to_numpy().astype("M8[s]"))), "D", "y", (0, 1), "2024-01-12"),
    "years before 1678": (
        long([datetime.date(1600 + i, 1, 1) for i in range(N)]), "YS-JAN", "a", (0, 1), "1611-01-01",
    ),
    "400 years of days": (
        at(pd.date_range("1500-01-01", periods=150_000, unit="s")), "D", "y", (0, 1), "1910-09-08",
    ),
    "the year 9999": (
        at(pd.date_range("9988-12-31", periods=N, freq="YE", unit="s")), "YE-DEC", "y", (0, 1), "9999-12-31",
    ),
    "times before the epoch": (at(pd.Index(range(-20, -8))), "1", "y", (0, 1), -9),
    "small integers that would wrap": (at(pd.Index(np.array([-100, 0, 100], "i1"))), "100", "y", (0, 1), 100),
    "whole numbers as floats": (at(pd.Index(np.arange(5.0))), "1", "y", (0, 1), 4),
    "one observation": (pd.Series([5.0]), "1", "y", (5,), 0),
    "a mask": (np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]), "1", "y", (1, None), 2),
    "periods of five days": (at(pd.period_range("2024", periods=N, freq="5D")), "5D", "y", (0, 1), None),
    "periods of quarters": (at(pd.period_range("2024", periods=N, freq="Q-NOV")), "QE-NOV", "y", (0, 1), None),
    "ids in the index": (long().set_index("unique_id"), "D", "a", (0, 1), "2024-01-12"),
    "times in the index": (long().set_index("ds"), "D", "a", (0, 1), "2024-01-12"),
    "months of a DateOffset": (
        at(pd.date_range("2024-01-25", periods=N, freq=pd.DateOffset(months=1))), "MS-25", "y", (0, 1), "2024-12-25",
    ),
    "a fixed offset from UTC": (at(DAYS.tz_localize("+05:30")), "D", "y", (0, 1), "2024-01-12 00:00+05:30"),
    "a wide frame of objects": (wide(["a", "b"]).astype(object), "D", "a", (1, 1), "2024-01-12"),
}  # fmt: skip

REFUSED = {  # data -> error, words of its message
    "Arrow timestamps as values": (long(y=arrow(list(DAYS), pa.timestamp("us"))), DataError, "holds times"),
    "Arrow lists as values": (long(y=arrow([[1]] * N, pa.list_(pa.int64()))), DataError, "finite number is needed"),
    "Arrow durations as times": (
        long(arrow([datetime.timedelta(days=i) for i in range(N)], pa.duration("us"))), DataError, "no date",
    ),
    "Arrow times of day": (long(arrow([datetime.time(i) for i in range(N)], pa.time32("s"))), DataError, "no date"),
    "durations as times": (at(pd.timedelta_range("0D", periods=N)), DataError, "durations"),
    "intervals as times": (at(pd.interval_range(0, N)), DataError, "interval"),
    "complex times": (at(pd.Index(np.arange(N) * 1j)), DataError, "complex"),
    "booleans as times": (at(pd.Index([False, True])), DataError, "booleans"),
    "bytes as times": (at(pd.Index([b"2024"] * N)), DataError, "two observations"),
    "pairs as times": (at(pd.Index([(1, 2)] * N, tupleize_cols=False)), DataError, "no date"),
    "periods of two kinds": (long([pd.Period("2024", "M")] * 6 + [pd.Period("2024", "D")] * 6), DataError, "."),
    "a gap in periods": (at(pd.period_range("2024", periods=N, freq="M").delete(3)), GapError, "nothing at 2024-04"),
    "times past 2**62": (at(pd.Index(2**63 - 1 - np.arange(N)[::-1])), DataError, r"up to 2\*\*62"),
    "the ends of int64": (at(pd.Index([-(2**63), 2**63 - 1])), DataError, r"up to 2\*\*62"),
    "uint64 past int64": (at(pd.Index(np.arange(N, dtype="u8") + 2**63)), DataError, r"up to 2\*\*62"),
    "times of Python's long integers": (at(pd.Index([10**20 + i for i in range(N)], dtype=object)), DataError, "2"),
    "floats that have lost digits": (at(pd.Index(np.arange(N) * 2.0 + 1e17)), DataError, "whole numbers are needed"),
    "an infinite time": (at(pd.Index([0.0, 1.0, np.inf])), DataError, "time inf"),
    "half steps": (at(pd.Index(np.arange(N) / 2)), DataError, "time 0.5"),
    "a falling index": (at(DAYS[::-1]), DisorderError, "goes back in time"),
    "a time twice": (at(DAYS.insert(3, DAYS[2])), DuplicateTimeError, "two observations"),
    "days of 24 hours in a zone": (at(LOCAL), FrequencyError, r"tz_convert\('UTC'\)"),
    "two observations": (at(DAYS[:2].repeat(1)[[0, 1]]), FrequencyError, "freq='D'"),
    "times without any order": (
        at(pd.DatetimeIndex(["2020-01-01", "2020-01-02 03:04:05.678", "2020-05-01", "2021-01-01"])),
        FrequencyError, r"resample\('D'\)",
    ),
    "an empty series": (pd.Series([], dtype=float), DataError, "is empty"),
    "an empty frame": (pd.DataFrame(), DataError, "at least one row"),
    "a long frame without rows": (long().iloc[:0], DataError, "no rows"),
    "thousands with commas": (long(y=["1,000"] * N), DataError, "y='1,000'"),
    "hexadecimal text": (long(y=["0x1"] * N), DataError, "y='0x1'"),
    "text of nan": (long(y=["nan"] * N), DataError, "y='nan'"),
    "empty text": (long(y=[""] * N), DataError, "y=''"),
    "infinity": (long(y=[np.inf] * N), DataError, "y=inf"),
    "an integer past floats": (long(y=[10**400] * N), DataError, "y=1000"),
    "a long double past floats": (
        long(y=np.full(N, np.finfo(np.longdouble).max)), DataError, "finite number is needed",
    ) if np.finfo(np.longdouble).max > np.finfo(np.float64).max else (long(y=[np.inf] * N), DataError, "finite"),
    "complex numbers": (long(y=[1 + 1j] * N), DataError, "complex"),
    "complex objects": (long(y=pd.Series([1 + 0j] * N, dtype=object)), DataError, "finite number"),
    "lists": (long(y=[[1]] * N), DataError, r"y=\[1\]"),
    "dictionaries": (long(y=[{}] * N), DataError, "y={}"),
    "durations": (long(y=[pd.Timedelta(1)] * N), DataError, "holds times"),
    "periods as values": (long(y=pd.period_range("2024", periods=N, freq="M")), DataError, "y=Period"),
    "categories of text": (long(y=pd.Categorical(["u", "v"] * 6)), DataError, "y='u'"),
    "an id that is nan": (long(unique_id=np.nan), DataError, "empty in row 0"),
    "an id that is None": (long(unique_id=[None] * N), DataError, "empty in row 0"),
    "an id that is NA": (long(unique_id=pd.array(["x"] * 6 + [None] * 6, "string")), DataError, "empty in row 6"),
    "an id without letters": (long(unique_id=" "), DataError, "is empty, number 1"),
    "ids that are lists": (long(unique_id=[[1]] * N), DataError, "cannot name a series"),
    "ids that are dictionaries": (long(unique_id=[{}] * N), DataError, "cannot name a series"),
    "ids 1 and '1'": (long(unique_id=[1] * 6 + ["1"] * 6), DataError, "are the same text"),
    "ids 1 and True": (long(unique_id=[1] * 6 + [True] * 6), DataError, "booleans among other ids"),
    "columns of two levels": (wide(pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])), DataError, "2 levels"),
    "a column without a name": (wide(["a", np.nan]), DataError, "is empty, number 2"),
    "columns 1 and '1'": (wide([1, "1"]), DataError, "are the same text"),
    "two columns of one name": (wide(["a", "a"]), DataError, "repeated"),
    "times in a column of a wide frame": (wide(["a"]).rename_axis("ds").reset_index(), DataError, "set_index"),
    "a long frame without y": (long().rename(columns={"y": "sales"}), DataError, "target_col"),
    "long columns of two levels": (pd.concat({"g": long()}, axis=1), DataError, "2 levels"),
    "a frame of nothing": (wide(["a"]) * np.nan, DataError, "nothing but missing"),
    "an index of two levels": (long().set_index(["unique_id", "ds"]), DataError, "reset_index"),
    "a name that is nan": (pd.Series([1.0, 2.0], name=np.nan), DataError, "is empty"),
    "an array of records": (np.zeros(3, dtype=[("a", "f8")]), DataError, "numbers are needed"),
    "an array of dates": (np.array(["2024"], "M8[D]"), DataError, "holds times"),
    "an array of no dimension": (np.array(1.0), DataError, "shape"),
    "lists of two lengths": ([[1, 2], [3]], DataError, "different lengths"),
    "a set": ({1, 2}, ContainerTypeError, "set"),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_what_can_be_read_is_read_to_the_last_value(case):
    data, freq, name, values, last = READ[case]
    panel, _ = to_panel(data)
    assert freq_name(panel.freq) == freq
    assert panel.ids[0] == name
    expected = [np.nan if value is None else value for value in values]
    np.testing.assert_array_equal(panel.values[: len(expected)], expected)
    if isinstance(last, str):
        assert panel.last_times[0] == pd.Timestamp(last)
    elif last is not None:
        assert panel.last_times[0] == last


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_in_our_words(case):
    data, error, words = REFUSED[case]
    with pytest.raises(error, match=words) as caught:
        Naive().fit(data)
    assert isinstance(caught.value, TSForecastError)


@pytest.mark.parametrize("case", READ)
def test_what_was_read_is_the_same_after_a_way_through_a_long_frame(case):
    panel, _ = to_panel(READ[case][0])
    again, _ = to_panel(panel.to_frame(), freq=panel.freq)
    assert again.fingerprint() == panel.fingerprint()
