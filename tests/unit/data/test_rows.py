"""Rows in any order, rows for one time, revisions and skipped times: an error, or what the option says."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.data.read import read
from tsforecast.exceptions import DataError, DisorderError, DuplicateTimeError, GapError, ParameterError
from tsforecast.panel import Panel

DAYS = pd.date_range("2024-01-01", periods=8)


def write(path, frame):
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_rows_in_any_order_are_sorted_where_that_is_asked_for(tmp_path, shape):
    frame = pd.DataFrame({"ds": DAYS, "y": np.arange(8.0), "x": 1.0}).sample(frac=1, random_state=3)
    path = write(tmp_path / "data.csv", frame if shape == "wide" else frame.drop(columns="x"))
    if shape == "wide":
        frame.rename(columns={"ds": "day"}).to_csv(path, index=False)
    with pytest.raises(DisorderError, match=r"line \d+.*--sort"):
        read(path)
    np.testing.assert_array_equal(read(path, sort=True).series(0), np.arange(8.0))


@pytest.mark.parametrize(("how", "expected"), [("first", 5.0), ("last", 7.0), ("mean", 6.0), ("sum", 12.0)])
@pytest.mark.parametrize("shape", ["long", "wide"])
def test_rows_for_one_time_are_an_error_or_become_one(tmp_path, how, expected, shape):
    rows = [(day, float(i), 2.0 * i) for i, day in enumerate(DAYS)]
    rows[3:4] = [(DAYS[3], 5.0, 1.0), (DAYS[3], np.nan, 2.0), (DAYS[3], 7.0, 3.0)]
    frame = pd.DataFrame(rows, columns=["ds", "y", "price"] if shape == "long" else ["day", "y", "price"])
    path = write(tmp_path / "data.csv", frame)
    with pytest.raises(DuplicateTimeError, match="--duplicates first"):
        read(path)
    panel = read(path, duplicates=how, covariates=["price"])
    assert panel.n_obs == 8 and panel.values[3] == expected
    assert panel.covariates[3, 0] == {"first": 1.0, "last": 3.0, "mean": 2.0, "sum": 2.0}[how]


def test_the_sum_of_empty_cells_is_missing(tmp_path):
    frame = pd.DataFrame({"ds": [*DAYS, DAYS[2]], "y": [0.0, 1, np.nan, 3, 4, 5, 6, 7, np.nan]})
    panel = read(write(tmp_path / "data.csv", frame), duplicates="sum", sort=True)
    assert np.isnan(panel.values[2]) and panel.values[3] == 3


def vintages():
    """Three values of each month, known 1, 2 and 3 months after it: 10, 11 and 12 times its number."""
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    rows = [
        (month, (10 + r) * (i + 1), month + pd.DateOffset(months=r + 1, days=14))
        for i, month in enumerate(months)
        for r in range(3)
    ]
    return pd.DataFrame(rows, columns=["ds", "y", "published"])


def known_at(frame, as_of):
    """By definition: of each month the value of the last row published by then."""
    known = frame[frame["published"] <= pd.Timestamp(as_of)]
    return known.sort_values("published").groupby("ds")["y"].last()


@pytest.mark.parametrize("as_of", ["2024-04-15", "2024-05-14", "2024-09-30"])
@pytest.mark.parametrize("seed", [None, 0])
def test_values_are_those_known_at_a_date(tmp_path, as_of, seed):
    frame = vintages() if seed is None else vintages().sample(frac=1, random_state=seed)
    panel = read(write(tmp_path / "data.csv", frame), revision_col="published", as_of=as_of, sort=True)
    expected = known_at(frame, as_of)
    np.testing.assert_array_equal(panel.values, expected.to_numpy())
    np.testing.assert_array_equal(panel.times, expected.index)


def test_without_a_date_the_last_revision_counts_and_before_the_first_nothing_is_known(tmp_path):
    path = write(tmp_path / "data.csv", vintages())
    np.testing.assert_array_equal(read(path, revision_col="published").values, 12.0 * np.arange(1, 7))
    with pytest.raises(ParameterError, match="nothing was known"):
        read(path, revision_col="published", as_of="2023-01-01")
    with pytest.raises(ParameterError, match="no date"):
        read(path, revision_col="published", as_of="soon")
    with pytest.raises(DataError, match="--revision_col published"):
        read(path)


def test_revisions_may_be_numbers_and_a_value_that_was_withdrawn_stays_known(tmp_path):
    rows = [(day, i, 1) for i, day in enumerate(DAYS)] + [(day, 10 * i, 2) for i, day in enumerate(DAYS[:3])]
    frame = pd.DataFrame([*rows, (DAYS[1], None, 3)], columns=["ds", "y", "version"])
    path = write(tmp_path / "data.csv", frame)
    assert read(path, revision_col="version", as_of=1).values.tolist() == list(range(8))
    assert read(path, revision_col="version").values.tolist() == [0, 10, 20, 3, 4, 5, 6, 7]


GAPPY = pd.DataFrame({"ds": DAYS.delete([2, 3]), "y": [1.0, 2.0, 5.0, np.nan, 7.0, 8.0]})
FILLED = {
    "nan": [1, 2, np.nan, np.nan, 5, np.nan, 7, 8],
    "zero": [1, 2, 0, 0, 5, 0, 7, 8],
    "ffill": [1, 2, 2, 2, 5, 5, 7, 8],
    "interpolate": [1, 2, 3, 4, 5, 6, 7, 8],
    "snap": [1, 2, np.nan, np.nan, 5, np.nan, 7, 8],
}


@pytest.mark.parametrize("gaps", FILLED)
@pytest.mark.parametrize("door", ["file", "long frame", "wide frame"])
def test_skipped_times_and_empty_cells_are_filled_as_the_option_says(tmp_path, gaps, door):
    doors = {
        "file": lambda gaps: read(write(tmp_path / "data.csv", GAPPY), gaps=gaps, freq="D"),
        "long frame": lambda gaps: Panel.from_frame(GAPPY, gaps=gaps, freq="D"),
        "wide frame": lambda gaps: Panel.from_wide(GAPPY.set_index("ds"), gaps=gaps, freq="D"),
    }
    np.testing.assert_array_equal(doors[door](gaps).values, FILLED[gaps])
    with pytest.raises(GapError):
        doors[door]("error")


def test_filling_keeps_to_each_series(tmp_path):
    frame = pd.concat([GAPPY.assign(unique_id="a"), GAPPY.assign(unique_id="b", y=[np.nan, 2, 3, 4, 5, 6])])
    panel = read(write(tmp_path / "data.csv", frame), gaps="ffill", freq="D")
    np.testing.assert_array_equal(panel.series(1), [np.nan, 2, 2, 2, 3, 4, 5, 6])
