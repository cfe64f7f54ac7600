"""Files in every shape and dialect give the same panel; errors say where and why a file cannot be read."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.data.file_format import FileFormat
from tsforecast.data.read import read
from tsforecast.exceptions import CovariateError, DataError, GapError, MissingFileError
from tsforecast.panel import Panel

MONTHS = pd.date_range("2020-01", periods=6, freq="MS")
WIDE = pd.DataFrame({"month": MONTHS, "north": np.arange(6.0), "south": np.arange(6.0) * 1.5})
LONG = WIDE.melt(id_vars="month", var_name="unique_id", value_name="y").rename(columns={"month": "ds"})


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def assert_is_the_panel(panel):
    expected = Panel.from_frame(LONG)
    assert panel.ids.tolist() == ["north", "south"]
    np.testing.assert_array_equal(panel.values, expected.values)
    np.testing.assert_array_equal(panel.times, expected.times)
    assert panel.freq == expected.freq


@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", ".")])
@pytest.mark.parametrize("shape", ["long", "wide"])
def test_every_dialect_and_shape_of_csv_is_one_panel(tmp_path, separator, decimal, shape):
    path = tmp_path / "data.csv"
    (LONG if shape == "long" else WIDE).to_csv(path, index=False, sep=separator, decimal=decimal)
    assert_is_the_panel(read(path))


@pytest.mark.parametrize("shape", ["long", "wide", "wide with the times in its index"])
def test_every_shape_of_parquet_is_one_panel(tmp_path, shape):
    path = tmp_path / "data.parquet"
    {"long": LONG, "wide": WIDE}.get(shape, WIDE.set_index("month")).to_parquet(path)
    assert_is_the_panel(read(path))


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m", "%d/%m/%Y 00:00", "%b %d, %Y", "%Y%m%dT%H%M%S"])
def test_dates_are_read_as_they_are_commonly_written(tmp_path, form):
    days = pd.date_range("2020-01-13", periods=6, freq="D") if "%d/%m" in form else MONTHS
    path = tmp_path / "data.csv"
    WIDE.assign(month=[t.strftime(form) for t in days]).to_csv(path, index=False)
    np.testing.assert_array_equal(read(path).times[:6], days)


@pytest.mark.parametrize(
    ("form", "days"),
    [
        ("%d.%m.%Y", pd.date_range("2020-01-01", periods=5)),
        ("%d/%m/%Y", pd.date_range("2020-01-10", periods=5)),
        ("%m/%d/%Y", pd.date_range("2020-01-10", periods=5)),
        ("%d/%m/%Y", pd.date_range("2020-01-01", periods=14, freq="MS")),
        ("%m/%d/%Y", pd.date_range("2020-01-01", periods=14, freq="MS")),
        ("%-d/%-m/%Y", pd.date_range("2020-01-09", periods=5)),
    ],
)
def test_day_and_month_are_told_apart_for_the_whole_column(tmp_path, form, days):
    path = tmp_path / "data.csv"
    pd.DataFrame({"day": days.strftime(form), "a": np.arange(len(days))}).to_csv(path, index=False)
    np.testing.assert_array_equal(read(path).times, days)


@pytest.mark.parametrize("form", ["%Y%m%d", "%d/%m/%y", "%-d/%-m/%y", "%d-%b-%y"])
def test_a_daily_file_is_daily_in_every_form_of_its_dates(tmp_path, form):
    days = pd.date_range("2023-01-01", periods=60)
    path = tmp_path / "data.csv"
    pd.DataFrame({"day": days.strftime(form), "a": np.arange(60), "x": 1.0}).to_csv(path, index=False)
    panel = read(path, covariates=["x"])
    np.testing.assert_array_equal(panel.times, days)
    assert panel.freq == pd.offsets.Day()


def test_a_monthly_file_with_names_of_months_is_monthly(tmp_path):
    path = tmp_path / "data.csv"
    months = pd.date_range("2012-01-01", periods=30, freq="MS")
    pd.DataFrame({"t": months.strftime("%b-%y"), "a": np.arange(30)}).to_csv(path, index=False)
    np.testing.assert_array_equal(read(path).times, months)


def test_two_columns_are_one_series_named_after_the_second(tmp_path):
    path = tmp_path / "passengers.csv"
    WIDE[["month", "north"]].rename(columns={"north": "Passengers"}).to_csv(path, index=False)
    panel = read(path)
    assert panel.ids.tolist() == ["Passengers"]
    np.testing.assert_array_equal(panel.values, np.arange(6.0))


def test_names_of_the_columns_can_be_given(tmp_path):
    path = tmp_path / "shops.csv"
    LONG.rename(columns={"unique_id": "shop", "ds": "when", "y": "sales"}).to_csv(path, index=False)
    assert_is_the_panel(read(path, id_col="shop", time_col="when", target_col="sales"))
    wide = tmp_path / "wide.csv"
    WIDE[["north", "month", "south"]].to_csv(wide, index=False)
    assert_is_the_panel(read(wide, time_col="month"))


def test_a_frame_saved_with_its_row_numbers_reads_as_one_without(tmp_path):
    path = tmp_path / "data.csv"
    LONG.to_csv(path)
    assert_is_the_panel(read(path))
    WIDE.rename(columns={"month": "ds"}).to_csv(path)
    assert_is_the_panel(read(path))


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%b-%y", "%Y%m%d"])
def test_row_numbers_before_a_column_of_dates_are_no_times(tmp_path, form):
    path = tmp_path / "data.csv"
    written = WIDE.assign(month=WIDE["month"].dt.strftime(form))
    written.to_csv(path)
    assert_is_the_panel(read(path))
    written.set_axis([3, 8, 9, 20, 31, 40]).to_csv(path)  # rows that were chosen among others
    assert_is_the_panel(read(path))


def test_whole_numbers_without_a_name_are_times_where_no_dates_follow(tmp_path):
    path = tmp_path / "data.csv"
    WIDE[["north", "south"]].set_axis(range(1900, 1906)).to_csv(path)
    assert read(path).times[:6].tolist() == list(range(1900, 1906))


@pytest.mark.parametrize("shape", ["filtered", "concatenated", "named", "levels"])
def test_the_index_of_a_long_parquet_file_is_no_second_column_of_times(tmp_path, shape):
    path = tmp_path / "data.parquet"
    parts = {
        "filtered": pd.concat([LONG.iloc[:1].assign(unique_id="x"), LONG], ignore_index=True).iloc[1:],
        "concatenated": pd.concat([LONG.iloc[:6], LONG.iloc[6:].reset_index(drop=True)]),
        "named": LONG.set_index("ds", drop=False),
        "levels": LONG.set_index(["unique_id", "ds"]),
    }
    parts[shape].to_parquet(path)
    assert_is_the_panel(read(path))


def test_a_wide_frame_saved_with_its_index_reads_back(tmp_path):
    path = tmp_path / "data.csv"
    WIDE.set_index("month").rename_axis(None).to_csv(path)
    assert_is_the_panel(read(path))


def test_a_byte_order_mark_spaces_and_blank_lines_are_passed_over(tmp_path):
    path = tmp_path / "data.csv"
    rows = "\n".join(f"{t:%Y-%m-%d}, {i}, {i * 1.5}" for i, t in enumerate(MONTHS))
    path.write_text(f"month, north, south\n{rows}\n\n", encoding="utf-8-sig")
    assert_is_the_panel(read(path))


def test_whole_numbers_are_times_too(tmp_path):
    panel = read(write(tmp_path / "data.csv", "t,a\n1,5\n2,6\n3,8\n"))
    assert panel.times.tolist() == [1, 2, 3]
    assert panel.freq == 1


def test_ragged_and_missing_cells_of_a_wide_file(tmp_path):
    panel = read(write(tmp_path / "data.csv", "t,a,b\n1,5,\n2,,7\n3,8,9\n4,1,\n"))
    np.testing.assert_array_equal(panel.series(0), [5, np.nan, 8, 1])
    np.testing.assert_array_equal(panel.series(1), [7, 9])


def test_covariates_of_long_and_wide_files(tmp_path):
    path = tmp_path / "data.csv"
    LONG.assign(price=LONG["y"] + 1).to_csv(path, index=False)
    panel = read(path, covariates=["price"])
    np.testing.assert_array_equal(panel.covariates[:, 0], panel.values + 1)
    WIDE.assign(holiday=np.arange(6) % 2).to_csv(path, index=False)
    shared = read(path, covariates=["holiday"])
    assert shared.ids.tolist() == ["north", "south"]
    np.testing.assert_array_equal(shared.covariates[:, 0], np.tile(np.arange(6) % 2, 2))
    WIDE.assign(holiday=[0, 1, None, 1, 0, 1]).to_csv(path, index=False)
    with pytest.raises(CovariateError, match="holiday=nan"):
        read(path, covariates=["holiday"])


def test_frequency_and_gaps_are_passed_on(tmp_path):
    path = tmp_path / "data.csv"
    LONG.drop(index=2).to_csv(path, index=False)
    with pytest.raises(GapError, match="'north' has nothing at 2020-03-01"):
        read(path)
    assert np.isnan(read(path, gaps="nan").values[2])
    LONG.iloc[:2].to_csv(path, index=False)
    assert read(path, freq="MS").n_obs == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("ds,y\n", "has no rows"),
        ("month\n2020-01-01\n", "no column besides"),
        ("ds,y\n2020-01-01,1\n2020-02-01,many\n", r"column 'y' holds 'many' in line 3, which is no number"),
        ("date,store,sales\n2020-01-01,A,1\n", r"column 'store' holds 'A' in line 2.*id_col"),
        (
            "date,open,when\n2020-01-01,1,2020-01-01\n",
            r"column 'when' holds '2020-01-01' in line 2, which is a date.*--time_col",
        ),
        ("sales,date\n1.5,2020-01-01\n", r"column 'sales' holds '1.5' in line 2, which is no date.*--time_col"),
        (
            "ds,y\n2020-01-01,<5\n2020-01-02,7\n",
            r"'<5' in line 2, which is no number. Separators of thousands",
        ),
        (
            "ds;y\n2020-01-01;1,234\n",
            r"'1,234' in line 2, which is no number that can be told: say --thousands , where it",
        ),
        (
            "ds;y\n01.01.2020;12,5 kg\n02.01.2020;7\n",
            r"'12,5 kg' in line 2, which is no number. If the numbers without 'kg' mean the same",
        ),
        ("ds;y\n2020-01-01;1.23,5\n", r"'1.23,5' in line 2, which is no number"),
        (
            "ds,y\n2020-01-01,1\n2020-02-01,-\n",
            r"'-' in line 3, which is no number, and may stand for a missing one. Leave the cell empty",
        ),
        ("store,sales\nA,1\nB,2\n", r"column 'store' holds 'A' in line 2, which is no date.*time_col"),
        ("ds,y\n2020-01-01,1\n,2\n", r"column 'ds' holds '' in line 3, which is no date"),
        ("ds,y\n2020-13-01,1\n", r"column 'ds' holds '2020-13-01' in line 2"),
        ('a,b\n1,2\n"x', "is no CSV file"),
        ("t,a,a \n1,2,3\n", "two columns 'a'"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(write(tmp_path / "data.csv", text))


def test_files_that_are_none_or_of_another_kind_are_refused(tmp_path):
    with pytest.raises(MissingFileError, match="is not there"):
        read(tmp_path / "absent.csv")
    with pytest.raises(FileNotFoundError, match="is a folder without a file"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"ends in '.ods'"):
        read(write(tmp_path / "data.ods", "x"))
    with pytest.raises(DataError, match="no Excel workbook"):
        read(write(tmp_path / "data.xlsx", "x"))
    with pytest.raises(DataError, match="no Parquet file"):
        read(write(tmp_path / "data.parquet", "x"))
    (tmp_path / "latin.csv").write_bytes("ds,münze\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin.csv is not in ASCII .*save it as CSV UTF-8"):
        read(tmp_path / "latin.csv", file_format=FileFormat(encoding="ascii"))


def test_dots_between_thousands_are_read_beside_decimal_commas(tmp_path):
    values = np.array([12347.89, -1234567.5, 999.0, np.nan, 1000.0, 0.25])
    cells = ["12.347,89", "-1.234.567,5", "999", "", "1.000", "0,25"]
    rows = "".join(
        f"{t:%d.%m.%Y};{cell};{2 * i}.000\n" for i, (t, cell) in enumerate(zip(MONTHS, cells, strict=True), 1)
    )
    panel = read(write(tmp_path / "data.csv", "Datum;Umsatz;Menge\n" + rows))
    np.testing.assert_array_equal(panel.series(0), values)
    np.testing.assert_array_equal(panel.series(1), np.arange(2000, 14000, 2000))
    np.testing.assert_array_equal(panel.times[:6], MONTHS)


@pytest.mark.parametrize("beginning", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_that_is_called_csv_is_refused_as_a_workbook(tmp_path, beginning):
    (tmp_path / "data.csv").write_bytes(beginning)
    with pytest.raises(DataError, match=r"Excel workbook .*save it as CSV UTF-8"):
        read(tmp_path / "data.csv")


def test_a_column_that_is_named_but_absent_is_an_error(tmp_path):
    path = tmp_path / "data.csv"
    LONG.to_csv(path, index=False)
    for wrong in ({"id_col": "shop"}, {"time_col": "when"}, {"target_col": "sales"}, {"covariates": ["price"]}):
        with pytest.raises(DataError, match=r"has no column .*; it has 'ds', 'unique_id', 'y'"):
            read(path, **wrong)


def test_columns_of_a_long_file_that_nothing_uses_are_told(tmp_path, caplog):
    path = tmp_path / "sales.csv"
    path.write_text("ds,y,price\n2024-01-01,1,5\n2024-01-02,2,6\n2024-01-03,3,5\n")
    read(path)
    assert "not used: price" in caplog.text
    caplog.clear()
    assert read(path, covariates=["price"]).covariate_names == ("price",)
    assert not caplog.text
