"""One panel written in any form is read back as the same panel: separators, signs, dates, encodings, orders, kinds."""

import datetime
import gzip
import logging

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tsforecast.data.file_format import FileFormat
from tsforecast.data.keys import join_keys, split_keys
from tsforecast.data.read import read
from tsforecast.exceptions import DataError, MissingFileError, ParameterError

MONTHS = pd.date_range("2021-11-01", periods=26, freq="MS")
NORTH = np.round(1000.0 + 37.25 * np.arange(26), 2)
SOUTH = np.round(250.5 + 11.75 * np.arange(26), 2)
QUIET = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FORMS = ["%Y-%m-%d", "%d.%m.%Y", "%m.%Y", "%m/%Y", "%Y%m", "%Y-%m", "%b %Y", "%B %Y", "%YM%m", "%Y/%m/%d", "%d-%b-%y"]
TITLES = [[], ["Report of sales"], ["Report, net", "As of 2024", ""], ["# made by hand"]]


def number(value, decimal, thousands):
    return f"{value:,.2f}".translate({ord(","): thousands, ord("."): decimal})


@QUIET
@given(
    separator=st.sampled_from(",;\t|"),
    signs=st.sampled_from([(".", ""), (",", ""), (",", "."), (".", ","), (",", " "), (".", "'")]),
    form=st.sampled_from(FORMS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    titles=st.sampled_from(TITLES),
    notes=st.sampled_from([[], ["Source: us"], ["", "Total follows"]]),
    is_long=st.booleans(),
    order=st.sampled_from(["as it is", "newest first", "shuffled"]),
    packed=st.booleans(),
)
def test_a_panel_written_in_any_form_is_read_back(
    tmp_path, separator, signs, form, encoding, titles, notes, is_long, order, packed
):
    cells = [
        [time.strftime(form), *(number(v, *signs) for v in pair)]
        for time, *pair in zip(MONTHS, NORTH, SOUTH, strict=True)
    ]
    header = ["Monat", "Köln", "Süd"]
    if is_long:
        header = ["ds", "unique_id", "y"]
        cells = [[row[0], name, row[k]] for k, name in ((1, "Köln"), (2, "Süd")) for row in cells]
    if order == "newest first":
        cells = cells[::-1]
    elif order == "shuffled":
        cells = [cells[i] for i in np.random.default_rng(0).permutation(len(cells))]
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in row] for row in cells]
    lines = [*titles, separator.join(header), *(separator.join(row) for row in quoted), *notes]
    data = "\n".join(lines).encode(encoding)
    path = tmp_path / ("data.csv.gz" if packed else "data.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    panel = read(path, sort=order == "shuffled")
    assert sorted(panel.ids) == ["Köln", "Süd"]
    for name, values in (("Köln", NORTH), ("Süd", SOUTH)):
        place = panel.ids.get_loc(name)
        np.testing.assert_array_equal(panel.series(place), values)
    np.testing.assert_array_equal(panel.times[:26], MONTHS)


@pytest.mark.parametrize("above", [0, 3])
@pytest.mark.parametrize("times", ["dates", "texts"])
def test_a_sheet_of_a_workbook_is_read_as_its_table(tmp_path, above, times, caplog):
    book = openpyxl.Workbook()
    book.active["A1"] = "Cover"
    sheet = book.create_sheet("Data")
    for i in range(above):
        sheet.append(["Title"] if i == 0 else [])
    sheet.append(["month", "north", "south"])
    for time, a, b in zip(MONTHS, NORTH, SOUTH, strict=True):
        sheet.append([time.to_pydatetime() if times == "dates" else f"{time:%m.%Y}", a, number(b, ",", ".")])
    sheet.append(["Total", 1, 2])
    book.create_sheet("Other").append(["x"])
    book.save(tmp_path / "book.xlsx")
    for form in (FileFormat(), FileFormat(sheet="Data"), FileFormat(sheet=2)):
        panel = read(tmp_path / "book.xlsx", file_format=form)
        np.testing.assert_array_equal(panel.series(0), NORTH)
        np.testing.assert_array_equal(panel.series(1), SOUTH)
    with pytest.raises(DataError, match=r"no sheet 'none'; it has 'Sheet', 'Data', 'Other'"):
        read(tmp_path / "book.xlsx", file_format=FileFormat(sheet="none"))


def test_a_fault_of_a_workbook_names_the_row_of_the_sheet(tmp_path):
    book = openpyxl.Workbook()
    for row in [["Title"], [], ["ds", "y"], *([day, 1] for day in pd.date_range("2024-01-01", periods=5)), ["soon", 2]]:
        book.active.append([cell.to_pydatetime() if isinstance(cell, datetime.datetime) else cell for cell in row])
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(DataError, match="holds 'soon' in row 9") as told:
        read(tmp_path / "book.xlsx")
    assert read(tmp_path / "book.xlsx", file_format=FileFormat(skip_lines=(9,))).n_obs == 5
    assert told.value.advice == ("--skip_lines", "9")


@pytest.mark.parametrize(
    ("texts", "first", "freq"),
    [
        (["2024-W05", "2024-W06", "2024-W07"], "2024-01-29", "W-MON"),
        (["2024W05", "2024W06", "2024W07"], "2024-01-29", "W-MON"),
        (["2024-W05-1", "2024-W06-1", "2024-W07-1"], "2024-01-29", "W-MON"),
        (["KW 05/2024", "KW 06/2024", "KW 07/2024"], "2024-01-29", "W-MON"),
        (["2024Q1", "2024Q2", "2024Q3"], "2024-01-01", "QS-JAN"),
        (["2024-Q1", "2024-Q2", "2024-Q3"], "2024-01-01", "QS-JAN"),
        (["Q1 2024", "Q2 2024", "Q3 2024"], "2024-01-01", "QS-JAN"),
        (["2024/Q1", "2024/Q2", "2024/Q3"], "2024-01-01", "QS-JAN"),
        (["01.2024", "02.2024", "03.2024"], "2024-01-01", "MS"),
        (["202401", "202402", "202403"], "2024-01-01", "MS"),
        (["1704067200", "1704153600", "1704240000"], "2024-01-01", "D"),
        (["1704067200000", "1704070800000", "1704074400000"], "2024-01-01", "h"),
        (["Januar 2024", "Februar 2024", "März 2024"], "2024-01-01", "MS"),
        (["déc. 2023", "janv. 2024", "févr. 2024"], "2023-12-01", "MS"),
        (["1. Mai 2024", "2. Mai 2024", "3. Mai 2024"], "2024-05-01", "D"),
    ],
)
def test_times_are_read_in_the_forms_that_people_write(tmp_path, texts, first, freq):
    (tmp_path / "data.csv").write_text("ds,y\n" + "".join(f"{text},{i}\n" for i, text in enumerate(texts)))
    panel = read(tmp_path / "data.csv")
    assert panel.times[0] == pd.Timestamp(first) and len(panel.times) == 3
    assert panel.freq == pd.tseries.frequencies.to_offset(freq)


@pytest.mark.parametrize(("names", "rows"), [
    (["Jahr", "Monat", "v"], [["2024", str(m), str(m)] for m in range(1, 7)]),
    (["year", "quarter", "v"], [[str(2023 + q // 4), f"{q % 4 + 1}", str(q)] for q in range(6)]),
    (["date", "time", "v"], [["2024-01-01", f"{h:02}:00", str(h)] for h in range(6)]),
])  # fmt: skip
def test_times_in_two_columns_are_asked_for_and_read_where_they_are_named(tmp_path, names, rows):
    (tmp_path / "data.csv").write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    with pytest.raises(DataError, match=f"--time_col {names[0]} {names[1]}"):
        read(tmp_path / "data.csv")
    assert read(tmp_path / "data.csv", time_col=names[:2]).n_obs == 6


def test_the_encoding_is_guessed_and_told_with_an_example(tmp_path, caplog):
    (tmp_path / "data.csv").write_bytes("ds;Größe\n2024-01-01;1,5\n2024-01-02;2\n2024-01-03;3\n".encode("cp1252"))
    with caplog.at_level(logging.INFO, "tsforecast"):
        assert read(tmp_path / "data.csv").ids.tolist() == ["Größe"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    for part in ("cp1252", "'Größe'", "--encoding", "decimal comma", "'1,5' is 1.5", "the frequency is 'D'"):
        assert part in record.getMessage()


def test_signs_beside_all_numbers_are_left_out_and_told_but_not_beside_some(tmp_path, caplog):
    (tmp_path / "all.csv").write_text("ds;y\n01.01.2024;1.200,50 €\n02.01.2024;7,25 €\n03.01.2024;\n04.01.2024;8,5 €\n")
    np.testing.assert_array_equal(read(tmp_path / "all.csv").values, [1200.5, 7.25, np.nan, 8.5])
    assert "'€' beside all numbers of 'y' is left out" in caplog.text
    (tmp_path / "some.csv").write_text("ds;y\n01.01.2024;5 €\n02.01.2024;7 $\n03.01.2024;8 €\n")
    with pytest.raises(DataError, match="'5 €' in line 2"):
        read(tmp_path / "some.csv")


def test_what_was_read_of_signs_and_made_missing_is_told_once_for_all_columns(tmp_path, caplog):
    lines = [f'{t:%Y-%m},"${1000 + i:,}","({i + 1})",5%,-' for i, t in enumerate(MONTHS)]
    (tmp_path / "data.csv").write_text("month,a,b,c,d\n" + "\n".join([*lines, '2024-01,$5,"(1)",5%,3']) + "\n")
    panel = read(tmp_path / "data.csv", file_format=FileFormat(missing=("-",)))
    np.testing.assert_array_equal(panel.values[:2], [1000, 1001])
    np.testing.assert_array_equal(panel.series(1)[:3], [-1, -2, -3])
    for part in (
        "'$1,000' is 1000",
        "'$' beside all numbers of 'a' is left out",
        "numbers of 'b' in brackets are negative",
        "26 cells are missing by --missing: 26 '-'",
    ):
        assert caplog.text.count(part) == 1


def test_merged_cells_name_columns_and_series(tmp_path, caplog):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in ([None, "North", None, "South", None], ["Month", "units", "sales", "units", "sales"]):
        sheet.append(row)
    sheet.merge_cells("B1:C1"), sheet.merge_cells("D1:E1")
    for t, north, south in zip(MONTHS, NORTH, SOUTH, strict=True):
        sheet.append([t.to_pydatetime(), north, -north, south, -south])
    book.save(tmp_path / "wide.xlsx")
    panel = read(tmp_path / "wide.xlsx")
    assert panel.ids.tolist() == ["North/units", "North/sales", "South/units", "South/sales"]
    np.testing.assert_array_equal(panel.series(2), SOUTH)
    names = ["North", *[""] * 25, "South", *[""] * 25]
    rows = [f"{name},{t:%Y-%m},1\n" for name, t in zip(names, [*MONTHS, *MONTHS], strict=True)]
    (tmp_path / "long.csv").write_text("shop,month,y\n" + "".join(rows))
    assert read(tmp_path / "long.csv", id_col="shop").lengths.tolist() == [26, 26]
    assert "empty cells of 'shop' hold the name above them" in caplog.text


def test_what_is_no_part_of_a_table_is_left_out_and_told(tmp_path, caplog):
    text = "Sales report;;\nAs of;01.02.2024;\n;;\nMonth;North;South\nMM.YYYY;EUR;EUR\n"
    text += "".join(f"{t:%m.%Y};{i},5;{i}\n" for i, t in enumerate(MONTHS)) + "Total;99;99\n;;\nSource: us;;\n"
    (tmp_path / "data.csv").write_text(text)
    with caplog.at_level(logging.INFO, "tsforecast"):
        panel = read(tmp_path / "data.csv")
    assert panel.ids.tolist() == ["North", "South"] and panel.lengths.tolist() == [26, 26]
    for part in (
        "3 lines above the table left out, as 'Sales report'",
        "units in line 5",
        "a total in line 32",
        "a note in line 34",
    ):
        assert part in caplog.text


@given(parts=st.lists(st.lists(st.text("ab/\\ ", min_size=1, max_size=4), min_size=2, max_size=2), min_size=1))
def test_the_parts_of_a_key_come_back_from_its_name(parts):
    assert split_keys([join_keys(part) for part in parts]) == [tuple(part) for part in parts]


def test_several_key_columns_make_one_name(tmp_path):
    rows = [(s, p, day, i) for s in ("north", "a/b") for p in ("007", "tea") for i, day in enumerate(MONTHS[:4])]
    pd.DataFrame(rows, columns=["store", "product", "ds", "y"]).to_csv(tmp_path / "data.csv", index=False)
    panel = read(tmp_path / "data.csv", id_col=["store", "product"])
    assert split_keys(panel.ids) == [("north", "007"), ("north", "tea"), ("a/b", "007"), ("a/b", "tea")]
    static = read(tmp_path / "data.csv", id_col=["store", "product"], static=["store"]).static
    assert static["store"].tolist() == ["north", "north", "a/b", "a/b"]


def test_several_files_a_pattern_and_a_folder_are_read_as_one(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    frame = pd.DataFrame({"ds": MONTHS, "y": NORTH})
    frame[:13].to_csv(folder / "a.csv", index=False)
    frame[13:].to_csv(folder / "b.csv", index=False, sep=";")
    (folder / "README.txt").write_text("notes")
    whole = read([folder / "a.csv", folder / "b.csv"])
    np.testing.assert_array_equal(whole.values, NORTH)
    for path in (folder, folder / "*.csv", str(folder / "?.csv")):
        np.testing.assert_array_equal(read(path).values, NORTH)
    with pytest.raises(MissingFileError, match="No file fits"):
        read(folder / "*.parquet")


def test_files_of_one_series_each_are_told_apart_by_their_names(tmp_path):
    for name, values in (("berlin", NORTH), ("ulm", SOUTH)):
        pd.DataFrame({"month": MONTHS, "value": values}).to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(DataError, match="--id_col file --time_col month --target_col value"):
        read(tmp_path)
    panel = read(tmp_path, id_col="file")
    assert panel.ids.tolist() == ["berlin", "ulm"]
    np.testing.assert_array_equal(panel.series(1), SOUTH)


def test_wide_files_with_other_series_each_are_joined_by_their_times(tmp_path):
    pd.DataFrame({"month": MONTHS, "north": NORTH}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"month": MONTHS, "south": SOUTH}).to_csv(tmp_path / "b.csv", index=False)
    panel = read(tmp_path, sort=True)
    np.testing.assert_array_equal(panel.series(0), NORTH)
    np.testing.assert_array_equal(panel.series(1), SOUTH)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duplicates": "any"}, "duplicates='any' is none of"),
        ({"gaps": "none"}, "gaps='none' is none of"),
        ({"as_of": "2024-01-01"}, "needs revision_col"),
        ({"sort": "yes"}, "sort='yes' is not True or False"),
        ({"id_col": ["a", "a"]}, "'a' is named twice"),
        ({"drop": ["y"], "target_col": "y"}, "'y' is named twice"),
        ({"file_format": FileFormat(decimal=";", skip_rows=-1)}, "decimal=';'.*skip_rows=-1"),
    ],
)
def test_an_option_that_is_not_allowed_is_refused_before_the_file_is_read(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        read(tmp_path / "absent.csv", **options)
