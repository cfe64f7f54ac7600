"""Unusual files are read as intended, or refused with the option that resolves it; never read wrongly in silence."""

# ruff: noqa: E501 - a case is a line

import numpy as np
import pandas as pd
import pytest

from tsforecast.data.file_format import FileFormat
from tsforecast.data.read import read
from tsforecast.exceptions import DataError

JAN, FEB, MAR = (pd.Timestamp(2020, month, 1) for month in (1, 2, 3))
DAYS = pd.date_range("2020-01-01", periods=3)
MONTHS = pd.date_range("2020-01-01", periods=3, freq="MS")


def is_(values, times=DAYS, ids=None):
    """What a file is to be read as: values of all series one after another, times of the first, names."""
    return {"values": values, "times": list(times), "ids": ids}


def with_dates(*texts):
    return "ds,y\n" + "".join(f"{text},{i}\n" for i, text in enumerate(texts, 1))


def with_values(*cells, separator=","):
    return f"ds{separator}y\n" + "".join(
        f"{day:%Y-%m-%d}{separator}{cell}\n" for day, cell in zip(DAYS, cells, strict=True)
    )


ONE_TO_THREE = "2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n"
COLUMNS = {"id_col": "id", "time_col": "t", "target_col": "v"}

# name, text or bytes, options of the file's form, what comes of it: a pattern of the error's message, or is_(...)
HEADERS = [
    ("no header", ONE_TO_THREE, {}, "the first row, '2020-01-01', '1', looks like the rows below.*--header no"),
    ("no header, told", ONE_TO_THREE, {"header": False}, is_([1, 2, 3], ids=["column2"])),
    ("no header, one row", "2020-01-01,5\n", {}, "looks like the rows below"),
    ("no header, long", "A,2020-01-01,5\nA,2020-01-02,6\n", {}, "looks like the rows below"),
    ("no header, numbers", "1,5\n2,6\n3,7\n", {}, "looks like the rows below"),
    ("numbers as header, told", "1,5\n2,6\n3,7\n", {"header": True}, is_([6, 7], [2, 3], ["5"])),
    ("no header, quoted", '"2020-01-01","1"\n"2020-01-02","2"\n', {}, "looks like the rows below"),
    ("no header, day first", "13/01/2020;1,5\n14/01/2020;2,5\n15/01/2020;3,5\n", {}, "looks like the rows below"),
    ("names that are numbers", "t,0,1\n2020-01-01,1,4\n2020-01-02,2,5\n2020-01-03,3,6\n", {},
     is_([1, 2, 3, 4, 5, 6], ids=["0", "1"])),
    ("number above dates", "0,1\n2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n", {}, is_([1, 2, 3], ids=["1"])),
    ("one column", "y\n1\n2\n", {}, "no column besides"),
    ("one column, no header", "1\n2\n", {}, "looks like the rows below"),
    ("two columns of one name", "t,a,a\n2020-01-01,1,2\n", {}, "two columns 'a'"),
    ("two columns of one name, spaced", "t,a, a\n2020-01-01,1,2\n", {}, "two columns 'a'"),
    ("a name as pandas renames", "t,a,a.1\n2020-01-01,1,4\n2020-01-02,2,5\n2020-01-03,3,6\n", {},
     is_([1, 2, 3, 4, 5, 6], ids=["a", "a.1"])),
    ("a header of two rows", "ds,y\ndate,USD\n" + ONE_TO_THREE, {}, is_([1, 2, 3])),
    ("a title", "Sales of 2020\nds,y\n" + ONE_TO_THREE, {}, is_([1, 2, 3])),
    ("a title, told", "Sales of 2020\nds,y\n" + ONE_TO_THREE, {"skip_rows": 1}, is_([1, 2, 3])),
    ("lines above", "# a\n\n# b\nds,y\n" + ONE_TO_THREE, {}, is_([1, 2, 3])),
    ("lines above, too few told", "a\n\nb\nds,y\n" + ONE_TO_THREE, {"skip_rows": 1}, is_([1, 2, 3])),
    ("lines above, told", "# a\n\n# b\nds,y\n" + ONE_TO_THREE, {"skip_rows": 3}, is_([1, 2, 3])),
    ("a line with the separator", "sep=;\r\nds;y\r\n" + ONE_TO_THREE.replace(",", ";"), {}, is_([1, 2, 3])),
    ("a line with the separator, quoted", '"sep=;"\nds;y\n' + ONE_TO_THREE.replace(",", ";"), {}, is_([1, 2, 3])),
    ("a line with another separator", "SEP=^\nds^y\n" + ONE_TO_THREE.replace(",", "^"), {}, is_([1, 2, 3])),
    ("a line with a tab", "\ufeffsep=\t\nds\ty\n" + ONE_TO_THREE.replace(",", "\t"), {}, is_([1, 2, 3])),
    ("a line with the separator, skipped", "sep=,\nds,y\n" + ONE_TO_THREE, {"skip_rows": 1}, is_([1, 2, 3])),
    ("a title of old line ends, told", ("Sales\nds,y\n" + ONE_TO_THREE).replace("\n", "\r"), {"skip_rows": 1},
     is_([1, 2, 3])),
    ("comments above, told", "# a, b\n#\nds,y\n" + ONE_TO_THREE, {"skip_rows": 2}, is_([1, 2, 3])),
    ("a column without a name", "t,a,\n2020-01-01,1,2\n", {}, "column 3 has no name"),
    ("empty columns at the end", "t,a,,\n2020-01-01,1,,\n2020-01-02,2,,\n2020-01-03,3,,\n", {}, is_([1, 2, 3])),
    ("years by months", "year,Jan,Feb,Mar\n2018,1,2,3\n2019,4,5,6\n2020,7,8,9\n", {},
     "a row for each year and a column for each of its months.*--time_format %Y"),
    ("years by months, numbered", "y," + ",".join(map(str, range(1, 13))) + "\n" + "".join(
        f"{y}," + ",".join("5" * 12) + "\n" for y in (2018, 2019, 2020)), {},
     is_([5] * 36, pd.date_range("2018", periods=36, freq="MS"))),
    ("years by quarters", "year,Q1,Q2,Q3,Q4,Total\n2018,,2,3,4,9\n2019,4,5,6,7,22\n2020,7,8,,,15\n", {},
     is_([2, 3, 4, 4, 5, 6, 7, 7, 8], pd.date_range("2018-04-01", periods=9, freq="QS"))),
    ("times across", "shop;Jan 2020;Feb 2020;Mar 2020\nA;1,5;2;3\nB;4;5;6\nTotal;5,5;7;9\n", {},
     is_([1.5, 2, 3, 4, 5, 6], MONTHS, ["A", "B"])),
    ("years across", "country,code,2018,2019,2020\nX,x,1,2,3\nY,y,4,5,6\n", {},
     is_([1, 2, 3, 4, 5, 6], [2018, 2019, 2020], ["X", "Y"])),
    ("names in two rows", ",A,,B,\nt,u,v,u,v\n2020-01-01,1,4,7,1\n2020-01-02,2,5,8,2\n2020-01-03,3,6,9,3\n", {},
     is_([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3], ids=["A/u", "A/v", "B/u", "B/v"])),
    ("years by months, told", "year,Jan,Feb\n2018,1,4\n2019,2,5\n2020,3,6\n", {"time_format": "%Y"},
     is_([1, 2, 3, 4, 5, 6], pd.date_range("2018", periods=3, freq="YS"), ["Jan", "Feb"])),
    ("long, and not told", "date,shop,y\n2020-01-01,1,5\n2020-01-02,1,6\n2020-01-01,2,7\n2020-01-02,2,8\n", {},
     "line 4 has the time 2020-01-01.*--id_col"),
    ("long, names that are numbers", "shop,date,v\n01,01/01/2020,1.100\n01,01/02/2020,2.200\n".replace(",", ";"), {},
     "column 'date' holds '01/01/2020' in line 2, which is a date.*--time_col.*--id_col"),
    ("long, and a column missing", "shop,date,v\na,2020-01-01,5\n", {}, "'a' in line 2, which is no date.*--id_col"),
    ("year and month in two columns", "year,month,v\n2020,1,5\n2020,2,6\n", {}, "in two columns.*--time_col year month"),
    ("date and time in two columns", "date,time,v\n2020-01-01,10:00,5\n2020-01-01,11:00,6\n", {}, "in two columns.*--time_col date time"),
    ("no known separator", "ds y\n2020-01-01 1\n2020-01-02 2\n", {}, "another separator .--separator"),
    ("transposed", "id,2020-01-01,2020-02-01\nA,1,2\nB,3,4\n", {}, "holds 'A' in line 2, which is no date"),
]  # fmt: skip
ROWS = [
    ("a short row", "t,a,b\n2020-01-01,1,2\n2020-01-02,1\n", {}, "line 3 has 2 cells and the header 3.*for an empty one"),
    ("a long row", "t,a\n2020-01-01,1\n2020-01-02,1,5\n", {}, "line 3 has 3 cells and the header 2.*quotes"),
    ("a cell more in every row", "t,a\n2020-01-01,1,\n2020-01-02,2,\n", {}, "line 2 has 3 cells"),
    ("decimal commas between commas", "t,a\n2020-01-01,1,5\n2020-01-02,2,5\n", {}, "line 2 has 3 cells"),
    ("empty rows at the end", "ds,y\n" + ONE_TO_THREE + ",\n,\n", {}, is_([1, 2, 3])),
    ("an empty row in the middle", "ds,y\n2020-01-01,1\n,\n2020-01-02,2\n", {}, "holds '' in line 3, which is no date.*--skip_lines 3"),
    ("a total without a date", "ds,y\n" + ONE_TO_THREE + ",6\n", {}, "holds '' in line 5, which is no date.*total"),
    ("a note", "ds,y\n" + ONE_TO_THREE + "Source: us\n", {}, is_([1, 2, 3])),
    ("a total", "ds,y\n" + ONE_TO_THREE + "Total,6\n", {}, is_([1, 2, 3])),
    ("a row twice", "ds,v\n2020-01-01,1\n2020-01-01,1\n2020-01-02,2\n", {}, "line 3 has the time 2020-01-01"),
    ("a row twice, long", "ds,y\n2020-01-01,1\n2020-01-01,1\n2020-01-02,2\n", {}, "two observations at 2020-01-01"),
    ("line ends of all kinds", "ds,y\r\n2020-01-01,1\n2020-01-02,2\r\n2020-01-03,3", {}, is_([1, 2, 3])),
    ("line ends of old", "ds,y\r2020-01-01,1\r2020-01-02,2\r2020-01-03,3\r", {}, is_([1, 2, 3])),
    ("an open quote", 'ds,y\n2020-01-01,1\n2020-01-02,"2\n2020-01-03,3\n', {}, "a quote is left open"),
    ("an open quote at the end", 'ds,y\n2020-01-01,1\n2020-01-02,"2', {}, "a quote is left open"),
    ("two open quotes", 'id,t,v\n"a,2020-01-01,1\na,2020-01-02,2\n"b,2020-01-01,1\n', {}, "no CSV file|cells"),
    ("quoted numbers", 'ds,y\n"2020-01-01","1"\n"2020-01-02","2"\n"2020-01-03","3"\n', {}, is_([1, 2, 3])),
    ("tabs", "ds\ty\n" + ONE_TO_THREE.replace(",", "\t"), {}, is_([1, 2, 3])),
    ("bars", "ds|y\n" + ONE_TO_THREE.replace(",", "|"), {}, is_([1, 2, 3])),
    ("carets, told", "ds^y\n" + ONE_TO_THREE.replace(",", "^"), {"separator": "^"}, is_([1, 2, 3])),
    ("spaces after commas", "ds, y\n" + ONE_TO_THREE.replace(",", ", "), {}, is_([1, 2, 3])),
    ("a NUL byte", b"ds,y\n2020-01-01,1\x00\n", {}, "NUL byte in line 2"),
    ("UTF-16", ("ds,y\n" + ONE_TO_THREE).encode("utf-16"), {}, is_([1, 2, 3])),
    ("UTF-16 without a mark", ("ds,y\n" + ONE_TO_THREE).encode("utf-16-le"), {}, is_([1, 2, 3])),
    ("a byte order mark", b"\xef\xbb\xbf" + ("ds,y\n" + ONE_TO_THREE).encode(), {}, is_([1, 2, 3])),
    ("cp1252", "ds,größe\n".encode("cp1252") + ONE_TO_THREE.encode(), {}, is_([1, 2, 3], ids=["größe"])),
    ("damaged UTF-8", "ds,größe,höhe,länge\n".encode() + b"2020-01-01,1,2,\xff\n", {}, "not in UTF-8 in line 2.*--encoding"),
    ("cp1252, told", "ds,größe\n".encode("cp1252") + ONE_TO_THREE.encode(), {"encoding": "cp1252"},
     is_([1, 2, 3], ids=["größe"])),
    ("white space alone", " \n\t\n", {}, "is empty"),
    ("a long line", "ds,y\n2020-01-01," + "1" * 17_000_000, {}, "a line of more than 16 MB|no number"),
    ("no separator", "ds y\n2020-01-01 1\n", {}, "no column besides"),
]  # fmt: skip
VALUES = [
    ("plain", with_values("1.5", "-2", "+3e2"), {}, is_([1.5, -2, 300])),
    ("thousands between commas", with_values('"1,000"', '"2,000"', '"3,000"'), {}, is_([1000, 2000, 3000])),
    ("thousands beside hundreds", with_values("900", '"1,000"', '"12,000"'), {}, is_([900, 1000, 12000])),
    ("decimals between commas", with_values('"0,250"', '"2,000"', '"3,000"'), {}, is_([0.25, 2, 3])),
    ("decimals between commas, of one digit", with_values('"1,5"', '"2,000"', '"3,000"'), {}, is_([1.5, 2, 3])),
    ("thousands after tabs", with_values("1,000", "2,000", "3,000", separator="\t"), {},
     "--thousands , where it is 1000, --decimal , where it is 1.000"),
    ("thousands, told", with_values('"1,000"', '"2,000"', '"3,000"'), {"thousands": ","}, is_([1000, 2000, 3000])),
    ("decimals, told", with_values('"1,000"', '"2,000"', '"3,000"'), {"decimal": ","}, is_([1, 2, 3])),
    ("thousands, shown", with_values('"1,000"', '"2,000.5"', "3"), {}, is_([1000, 2000.5, 3])),
    ("after semicolons", with_values("1,000", "2,000", "3,000", separator=";"), {}, "'1,000' in line 2.*it is 1000, .*is 1.000"),
    ("after semicolons, told", with_values("1,000", "2,000", "3,000", separator=";"), {"decimal": "."},
     is_([1000, 2000, 3000])),
    ("points after semicolons", with_values("1.234", "2.345", "3.456", separator=";"), {},
     "--thousands . where it is 1234, --decimal . where it is 1.234"),
    ("points after semicolons, told", with_values("1.234", "2.345", "3.456", separator=";"), {"decimal": "."},
     is_([1.234, 2.345, 3.456])),
    ("points after commas", with_values("1.234", "2.345", "3.456"), {}, is_([1.234, 2.345, 3.456])),
    ("points beside decimal commas", with_values("1.234", "12,5", "3", separator=";"), {}, is_([1234, 12.5, 3])),
    ("commas beside decimal points", with_values("1,234", "12.5", "3", separator=";"), {}, is_([1234, 12.5, 3])),
    ("both signs", with_values("1.5", "1,5", "3", separator=";"), {}, "'1,5' in line 3.*another decimal sign.*Most decimals have '.'"),
    ("spaces between thousands", with_values("1 234", "12 345,5", "1\u00a0000", separator=";"), {},
     is_([1234, 12345.5, 1000])),
    ("apostrophes between thousands", with_values("1'234", "1’000", "3"), {}, is_([1234, 1000, 3])),
    ("spaces in wrong places", with_values("12 34", "1", "2"), {}, "'12 34' in line 2, which is no number"),
    ("groups of two, as in India", with_values('"1,23,456"', "1", "2"), {}, is_([123456, 1, 2])),
    ("groups of two, wrong", with_values('"1,23,45"', "1", "2"), {}, "no number"),
    ("no thousands, told", with_values("1.234", "2", "3", separator=";"), {"decimal": ",", "thousands": "none"}, "no number"),
    ("percent", with_values("12%", "13%", "14%"), {}, is_([12, 13, 14])),
    ("percent of some", with_values("12%", "13", "14%"), {}, "'12%' in line 2, which is no number.*percent"),
    ("percent of some, told", with_values("12%", "13", "14%"), {"units": ("%",)}, is_([12, 13, 14])),
    ("percent, and a plain zero", with_values("12%", "0", "-1.5%"), {}, is_([12, 0, -1.5])),
    ("currency", with_values("$12", "-$13", "US$ 14"), {}, "'\\$12' in line 2, which is no number.*Convert"),
    ("one currency", with_values('"$1,177.79"', "-$13", "$-14"), {}, is_([1177.79, -13, -14])),
    ("currency, decimal commas", with_values("€ 1.234,5", "7 €", "-8", separator=";"), {}, is_([1234.5, 7, -8])),
    ("two currencies", with_values("$12", "€13", "14"), {}, "'\\$12' in line 2, which is no number.*Convert"),
    ("units of some", with_values("12 kg", "13", "14 kg"), {}, "'12 kg' in line 2, which is no number.*--units kg"),
    ("units of some, told", with_values("12 kg", "13", "14kg"), {"units": ("kg",)}, is_([12, 13, 14])),
    ("thousands and millions", with_values("5.2k", "950", "1.1M"), {}, is_([5200, 950, 1.1e6])),
    ("thousands in two ways", with_values('"1,234k"', "950", "2"), {}, "no number"),
    ("brackets for minus", with_values("(12)", "1", '"($1,526)"'), {}, is_([-12, 1, -1526])),
    ("a bracket", with_values("(12", "1", "2"), {}, "no number"),
    ("a minus behind", with_values("12.5-", "1", "2"), {}, is_([-12.5, 1, 2])),
    ("two minuses", with_values("-12-", "1", "2"), {}, "no number"),
    ("a dash for missing", with_values("1", "-", "3"), {}, "'-' in line 3.*Leave the cell empty.*--missing"),
    ("a dash for missing, told", with_values("1", "-", "3"), {"missing": ("-", "...")}, is_([1, np.nan, 3])),
    ("n/a for missing", with_values("1", "n/a", "3"), {}, is_([1, np.nan, 3])),
    ("#N/A for missing", with_values("1", "#N/A", "3"), {}, is_([1, np.nan, 3])),
    ("-999 for missing, told", with_values("1", "-999", "3"), {"missing": ("-999",)}, is_([1, np.nan, 3])),
    ("infinite", with_values("1", "inf", "3"), {}, "'inf' in line 3, which is no finite number"),
    ("too large", with_values("1", "1e400", "3"), {}, "'1e400' in line 3, which is no finite number"),
    ("hexadecimal", with_values("1", "0x1F", "3"), {}, "no number"),
    ("underscores", with_values("1", "1_000", "3"), {}, "no number"),
    ("Fortran", with_values("1", "1D5", "3"), {}, "no number"),
    ("full width", with_values("1", "２", "3"), {}, "no number"),
    ("Arabic digits", with_values("1", "٢", "3"), {}, "no number"),
    ("complex", with_values("1", "2j", "3"), {}, "no number"),
    ("the minus of typesetters", with_values("1", "−2", "3"), {}, is_([1, -2, 3])),
    ("a point alone", with_values("1", ".", "3"), {}, "no number"),
    ("truths", with_values("True", "false", "TRUE"), {}, is_([1, 0, 1])),
    ("truths among numbers", with_values("True", "2", "3"), {}, "'True' in line 2, which is no number"),
    ("a formula", with_values("=A1", "2", "3"), {}, "no number"),
    ("a date", with_values("1", "2020-01-05", "3"), {}, "a date, not a number"),
]  # fmt: skip
TIMES = [
    ("day or month", with_dates("01/01/2020", "02/01/2020", "03/01/2020"), {}, "February or in January.*--day_first"),
    ("day, told", with_dates("01/01/2020", "02/01/2020", "03/01/2020"), {"day_first": True}, is_([1, 2, 3])),
    ("month, told", with_dates("01/01/2020", "02/01/2020", "03/01/2020"), {"day_first": False},
     is_([1, 2, 3], MONTHS)),
    ("day first, a month impossible", with_dates("13/01/2020", "14/01/2020", "15/13/2020"), {"day_first": True},
     "'15/13/2020' in line 4, which is no date"),
    ("day or month, both shown", with_dates("13/01/2020", "01/14/2020"), {}, "'01/14/2020' in line 3, which is no date"),
    ("days that fit months", with_dates(*(f"{d:02}/02/2020" for d in range(1, 13))), {}, "cannot be told"),
    ("dots", with_dates("01.01.2020", "02.01.2020", "03.01.2020"), {}, is_([1, 2, 3])),
    ("month shown", with_dates("01/12/2020", "01/13/2020", "01/14/2020"), {},
     is_([1, 2, 3], pd.date_range("2020-01-12", periods=3))),
    ("the year first or last", with_dates("20/01/01", "20/01/02", "20/01/03"), {}, "the year comes first or last.*time_format"),
    ("the year first, told", with_dates("20/01/01", "20/01/02", "20/01/03"), {"time_format": "%y/%m/%d"}, is_([1, 2, 3])),
    ("financial years", with_dates("2001/02", "2002/03", "2003/04"), {}, "financial years.*time_format='financial'"),
    ("financial years, dashes", with_dates("2011-12", "2012-13", "2013-14"), {}, "financial years"),
    ("financial years, whole", with_dates("2011/2012", "2012/2013", "2013/2014"), {}, "financial years"),
    ("financial years, told", with_dates("2001/02", "2002/03", "2003/04"), {"time_format": "financial"},
     is_([1, 2, 3], pd.date_range("2001", periods=3, freq="YS"))),
    ("months with a slash", with_dates("2020/01", "2020/02", "2020/03"), {}, is_([1, 2, 3], MONTHS)),
    ("year and month", with_dates("202001", "202002", "202003"), {}, is_([1, 2, 3], MONTHS)),
    ("year and month, numbers", with_dates("202001", "202002", "202003"), {"time_format": "number"},
     is_([1, 2, 3], [202001, 202002, 202003])),
    ("over a year and month", with_dates("202011", "202012", "202101"), {},
     is_([1, 2, 3], pd.date_range("2020-11", periods=3, freq="MS"))),
    ("years", with_dates("1990", "1991", "1992"), {}, is_([1, 2, 3], [1990, 1991, 1992])),
    ("years, told", with_dates("1990", "1991", "1992"), {"time_format": "%Y"},
     is_([1, 2, 3], pd.date_range("1990", periods=3, freq="YS"))),
    ("seconds", with_dates("1577836800", "1577923200", "1578009600"), {}, is_([1, 2, 3])),
    ("seconds that are no minutes", with_dates("1577836801", "1577836807", "1577836812"), {}, "'s' where they count from 1970.*2020-01-01"),
    ("seconds, told", with_dates("1577836800", "1577923200", "1578009600"), {"time_format": "s"}, is_([1, 2, 3])),
    ("seconds, numbers", with_dates("1577836800", "1577923200", "1578009600"), {"time_format": "number"},
     is_([1, 2, 3], [1577836800, 1577923200, 1578009600])),
    ("milliseconds", with_dates("1577836800000", "1577923200000"), {}, "'ms' where they count from 1970"),
    ("milliseconds, told", with_dates("1577836800000", "1577923200000", "1578009600000"), {"time_format": "ms"},
     is_([1, 2, 3])),
    ("nanoseconds", with_dates("1577836800000000000"), {}, "which is no date|'ns' where"),
    ("days of a workbook", with_dates("43831", "43832", "43833"), {}, "'excel' for days.*2020-01-01"),
    ("days of a workbook, told", with_dates("43831", "43832", "43833"), {"time_format": "excel"}, is_([1, 2, 3])),
    ("year and quarter", with_dates("20203", "20204", "20211"), {},
     is_([1, 2, 3], pd.date_range("2020-07", periods=3, freq="QS"))),
    ("year and quarter of one year", with_dates("20201", "20202"), {}, "'quarter' for a year and its quarter"),
    ("quarters", with_dates("2020Q1", "2020Q2", "2020Q3"), {}, is_([1, 2, 3], pd.date_range("2020", periods=3, freq="QS"))),
    ("quarters, the year last", with_dates("Q1 2020", "Q2 2020", "Q3 2020"), {},
     is_([1, 2, 3], pd.date_range("2020", periods=3, freq="QS"))),
    ("months of offices", with_dates("2020M01", "2020M02", "2020M03"), {}, is_([1, 2, 3], MONTHS)),
    ("weeks", with_dates("2020-W05", "2020-W06", "2020-W07"), {},
     is_([1, 2, 3], pd.date_range("2020-01-27", periods=3, freq="7D"))),
    ("weeks as numbers", with_dates("202051", "202052", "202053", "202101"), {}, "'week' for a year and its week.*2020-12-14"),
    ("weeks as numbers, told", with_dates("202052", "202053", "202101"), {"time_format": "week"},
     is_([1, 2, 3], pd.date_range("2020-12-21", periods=3, freq="7D"))),
    ("weeks of one digit", with_dates("2020-W8", "2020-W9", "2020-W10"), {},
     is_([1, 2, 3], pd.date_range("2020-02-17", periods=3, freq="7D"))),
    ("weeks of one digit, told", with_dates("2020-W8", "2020-W9", "2020-W10"), {"time_format": "week"},
     is_([1, 2, 3], pd.date_range("2020-02-17", periods=3, freq="7D"))),
    ("weeks, the year last, told", with_dates("KW 8/2020", "KW 09/2020", "kw 10/2020"), {"time_format": "week"},
     is_([1, 2, 3], pd.date_range("2020-02-17", periods=3, freq="7D"))),
    ("a week that is none, told", with_dates("202052", "202054"), {"time_format": "week"}, "'202054' in line 3, which is no"),
    ("weeks by a pattern", with_dates("2020/52", "2020/53", "2021/01"), {"time_format": "%G/%V"},
     is_([1, 2, 3], pd.date_range("2020-12-21", periods=3, freq="7D"))),
    ("weeks from Sunday by a pattern", with_dates("2020/01", "2020/02", "2020/03"), {"time_format": "%Y/%U"},
     is_([1, 2, 3], pd.date_range("2020-01-05", periods=3, freq="7D"))),
    ("days as numbers", with_dates("20200101", "20200102", "20200103"), {"time_format": "number"},
     "days are dates|dates in every table"),
    ("a week that is none", with_dates("2020-W52", "2020-W54"), {}, "'2020-W54' in line 3, which is no"),
    ("names of months", with_dates("Jan-20", "Feb-20", "Mar-20"), {}, is_([1, 2, 3], MONTHS)),
    ("a day that never was", with_dates("30/01/2020", "31/01/2020", "31/02/2020"), {}, "'31/02/2020' in line 4"),
    ("a time that never was", with_dates("2020-01-01 25:00"), {}, "no date"),
    ("with and without zones", with_dates("2020-01-01T00:00Z", "2020-01-01T01:00"), {}, "has an offset from UTC"),
    ("zones", with_dates("2020-01-01T00:00+01:00", "2020-01-01T01:00+01:00", "2020-01-01T02:00+01:00"), {},
     is_([1, 2, 3], pd.date_range("2020-01-01", periods=3, freq="h", tz="UTC+01:00"))),
    ("years with a fraction", with_dates("1949.0", "1949.083", "1949.167"), {}, "'1949.0' in line 2, which is no|no date"),
    ("a year and a point", with_dates("2020.01", "2020.02"), {}, "no date"),
    ("a year and a point, told", with_dates("2020.01", "2020.02", "2020.03"), {"time_format": "%Y.%m"},
     is_([1, 2, 3], MONTHS)),
    ("full width digits", with_dates("２０２０-01-01"), {}, "no date"),
    ("words", with_dates("today", "now"), {}, "'today' in line 2, which is no date"),
    ("day and hour as one number", with_dates("2020010100", "2020010101"), {}, "%Y%m%d%H"),
    ("day and minute as one number", with_dates("202001010000", "202001010001", "202001010002"), {},
     is_([1, 2, 3], pd.date_range("2020-01-01", periods=3, freq="min"))),
    ("whole numbers with a point", with_dates("1.0", "2.0", "3.0"), {}, is_([1, 2, 3], [1, 2, 3])),
    ("row numbers", with_dates("1", "2", "3"), {}, is_([1, 2, 3], [1, 2, 3])),
    ("another form than told", with_dates("2020-01-01", "2020/01/02"), {"time_format": "%Y-%m-%d"},
     "'2020/01/02' in line 3, which is no time of the form '%Y-%m-%d'"),
    ("year and month, or days", with_dates("200101", "200102", "200103"), {}, "'%Y%m' for a year and a month, '%y%m%d'"),
    ("year and month, or days, told", with_dates("200101", "200102", "200103"), {"time_format": "%y%m%d"}, is_([1, 2, 3])),
    ("day of the year", with_dates("2020001", "2020002", "2020003"), {}, "'%Y%j' for a year and the day in it"),
    ("day of the year, told", with_dates("2020001", "2020002", "2020003"), {"time_format": "%Y%j"}, is_([1, 2, 3])),
    ("seconds before 2001", with_dates("946684800", "946771200", "946857600"), {},
     is_([1, 2, 3], pd.date_range("2000-01-01", periods=3))),
    ("month, point and year", with_dates("01.2020", "02.2020", "03.2020"), {}, is_([1, 2, 3], MONTHS)),
    ("a clock without a day", with_dates("05:00", "06:00"), {}, "no date"),
]  # fmt: skip
NAMES = [
    (f"{a} and {b}", f"id,t,v\n{a},2020-01-01,1\n{b},2020-01-01,4\n{a},2020-01-02,2\n{b},2020-01-02,5\n"
     f"{a},2020-01-03,3\n{b},2020-01-03,6\n", {}, is_([1, 2, 3, 4, 5, 6], ids=[a, b]))
    for a, b in [
        ("007", "7"), ("01", "1"), ("1E5", "100000"), ("1.1", "1.10"), ("NA", "nan"), ("None", "null"), ("true", "True"),
        ("0x10", "16"), ("1_000", "1000"), ("2020-01-01", "2020-01-02"), ("-0", "0"), ("inf", "∞"), ("é", "e\u0301"),
        ("1e400", "1e401"), ("9007199254740993", "9007199254740992"), ("#N/A", "N/A"),
    ]
]  # fmt: skip
CASES = [*HEADERS, *ROWS, *VALUES, *TIMES, *NAMES]


@pytest.mark.parametrize(("text", "options", "outcome"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_file_is_read_as_it_is_meant_or_refused(tmp_path, text, options, outcome):
    path = tmp_path / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    columns = COLUMNS if "id,t,v" in str(text) else {}
    if isinstance(outcome, str):
        with pytest.raises(DataError, match=f"(?s){outcome}") as told:
            read(path, file_format=FileFormat(**options), **columns)
        assert str(path) in str(told.value) or "Series" in str(told.value)
        return
    panel = read(path, file_format=FileFormat(**options), **columns)
    np.testing.assert_array_equal(panel.values, outcome["values"])
    assert panel.times[: panel.lengths[0]].tolist() == outcome["times"]
    assert outcome["ids"] is None or panel.ids.tolist() == outcome["ids"]


def test_the_table_is_long():
    assert len(CASES) >= 120
