"""The notation of cells is decided for a whole file, logged, and set by options; no file ends in a traceback."""

# ruff: noqa: E501 - a case is a line

import csv
import gzip
import io
import logging
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tsforecast.data.file_format import FileFormat
from tsforecast.data.files import content as content_module
from tsforecast.data.files import limits
from tsforecast.data.read import read
from tsforecast.exceptions import DataError, MissingFileError, ParameterError, TSForecastError
from tsforecast.panel.regular import first_irregular

DAYS = pd.date_range("2020-01-01", periods=4)
QUIET = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.text("aZ0197.,;|\"'\t -+eEx#%/\\_éß名\u2028\u00a0😀", min_size=1, max_size=8).filter(str.strip)


def write(path, rows, separator=","):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator).writerows(rows)
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    return path


@QUIET
@given(names=st.lists(NAMES, min_size=1, max_size=5, unique=True), separator=st.sampled_from(",;\t|"))
def test_names_of_series_stay_as_they_are_written(tmp_path, names, separator):
    rows = [["id", "t", "v"], *([name, f"{day:%Y-%m-%d}", i] for name in names for i, day in enumerate(DAYS))]
    path = write(tmp_path / "data.csv", rows, separator)
    panel = read(path, id_col="id", time_col="t", target_col="v", file_format=FileFormat(separator=separator))
    assert panel.ids.tolist() == names


@QUIET
@given(names=st.lists(NAMES.map(str.strip), min_size=1, max_size=5, unique=True))
def test_names_of_columns_stay_as_they_are_written(tmp_path, names):
    rows = [["when", *names], *([f"{day:%Y-%m-%d}", *range(len(names))] for day in DAYS)]
    named = {"ds", "y", "when"} & set(names)
    if not named:
        assert read(write(tmp_path / "data.csv", rows), file_format=FileFormat(header=True)).ids.tolist() == names


def grouped(value, decimal, thousands):
    return f"{value:,.6f}".rstrip("0").rstrip(".").translate({ord(","): thousands, ord("."): decimal})


@QUIET
@given(
    values=st.lists(st.integers(-(10**12), 10**12).map(lambda n: n / 1000), min_size=4, max_size=4),
    signs=st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u202f"), (".", ""), (",", "")]),
    separator=st.sampled_from(",;\t|"),
)
def test_numbers_of_any_notation_are_read_as_they_were_written_or_refused(tmp_path, values, signs, separator):
    cells = [grouped(value, *signs) for value in values]
    rows = [["ds", "y"], *zip([f"{day:%Y-%m-%d}" for day in DAYS], cells, strict=True)]
    path = write(tmp_path / "data.csv", rows, separator)
    decimal, thousands = signs
    told = FileFormat(decimal=decimal, thousands=thousands if thousands != "\u202f" else " ", separator=separator)
    np.testing.assert_array_equal(read(path, file_format=told).values, values)
    try:
        found = read(path, file_format=FileFormat(separator=separator)).values
    except DataError as error:
        assert "--decimal" in str(error)
        return
    if separator == "," and signs == (",", ".") and not any("," in cell or cell.count(".") > 1 for cell in cells):
        values = [float(cell) for cell in cells]  # after commas a point is before decimals; it is told
    if (
        separator == ","
        and decimal == ","
        and all(re.fullmatch(r"-?(\d{1,3}|[1-9]\d{0,2},\d{3})", cell) for cell in cells)
    ):
        values = [float(cell.replace(",", "")) for cell in cells]  # and a comma between thousands; it is a warning
    np.testing.assert_array_equal(found, values)


def check_panel_or_error(path, **options):
    """A file is read as regular series of finite values or nan, or refused by an error of ours with a message."""
    try:
        panel = read(path, file_format=FileFormat(**options))
    except TSForecastError as error:
        assert str(error)
    else:
        assert panel.n_obs == len(panel.times) > 0
        assert not np.isinf(panel.values).any()
        assert first_irregular(panel.times, panel.indptr, panel.ids, panel.freq) is None


@QUIET
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_a_panel_or_an_error_of_ours(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    check_panel_or_error(path)


@QUIET
@given(
    rows=st.lists(
        st.lists(
            st.sampled_from(
                ["1", "1,5", "1.5", "", "NA", "2020", "2020-01-01", "01/02/2020", "202001", "43831", "Q1 2020", "x", '"',
                 "1e5", "-", "2001/02", "１", "2020-01-01T00:00Z", "1 000", "True", "20201", "1577836800", "9" * 18, "0"]
            ),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    ),
    header=st.sampled_from([None, True, False]),
    time_format=st.sampled_from([None, "number", "s", "ms", "us", "ns", "excel", "quarter", "financial", "%Y%m", "%d/%m/%Y", "%G", "%"]),
)  # fmt: skip
def test_any_table_under_any_options_is_a_panel_or_an_error_of_ours(tmp_path, rows, header, time_format):
    path = write(tmp_path / "data.csv", [["ds", "y"], *rows])
    check_panel_or_error(path, header=header, time_format=time_format)


@pytest.mark.parametrize(
    ("text", "level", "told"),
    [
        ("ds,y\n2020-01-01,1.5\n2020-01-02,2\n", logging.INFO, ["'2020-01-01' is 2020-01-01", "'1.5' is 1.5"]),
        ("ds;y\n01.01.2020;1,5\n02.01.2020;2\n03.01.2020;3\n", logging.INFO,
         ["day first", "'02.01.2020' is 2020-01-02", "'03.01.2020' is 2020-01-03", "decimal comma", "'1,5' is 1.5"]),
        ("ds;y\n2020-01-01;1,5\n2020-01-02;2.000\n", logging.WARNING, ["'2.000' is 2000", "'.' between thousands"]),
        ("ds,y\n202001,1\n202002,2\n", logging.WARNING, ["year and month", "'202002' is 2020-02-01"]),
        ("ds,y\n1990,1\n1991,2\n", logging.INFO, ["whole numbers", "time_format %Y"]),
        ("ds,y\n13/01/2020,1\n14/01/2020,2\n", logging.INFO, ["the day first"]),
        ("ds,y\n01/13/2020,1\n01/14/2020,2\n", logging.INFO, ["the month first"]),
    ],
)  # fmt: skip
def test_how_times_and_numbers_were_read_is_told(tmp_path, caplog, text, level, told):
    path = tmp_path / "data.csv"
    path.write_text(text)
    with caplog.at_level(logging.INFO, logger="tsforecast"):
        read(path, freq=None if "199" in text else ("MS" if "2020" in text and "-" not in text and "/" not in text and
                                                    "." not in text else "D"))  # fmt: skip
    (record,) = caplog.records
    assert record.levelno == level
    for part in told:
        assert part in record.getMessage()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("header", "yes"), ("separator", "ab"), ("separator", '"'), ("separator", "1"), ("encoding", "klingon"),
        ("encoding", "hex"), ("decimal", ";"), ("decimal", ""), ("thousands", "x"), ("day_first", 1),
        ("time_format", "yyyy"), ("time_format", "%"), ("skip_rows", -1), ("skip_rows", True), ("missing", "-"),
    ],
)  # fmt: skip
def test_an_option_that_is_none_is_refused_before_the_file_is_read(tmp_path, option, value):
    with pytest.raises(ParameterError, match=f"{option}="):
        read(tmp_path / "absent.csv", file_format=FileFormat(**{option: value}))


def test_decimals_and_thousands_have_different_signs():
    assert FileFormat(thousands=".").checked().decimal == ","
    with pytest.raises(ParameterError, match="must differ"):
        FileFormat(decimal=",", thousands=",").checked()


def test_a_column_is_either_a_covariate_or_something_else(tmp_path):
    path = write(tmp_path / "data.csv", [["ds", "y", "x"], ["2020-01-01", 1, 2]])
    for covariates in (["x", "x"], ["y"]):
        with pytest.raises(ParameterError, match="named twice"):
            read(path, target_col="y", covariates=covariates)
    with pytest.raises(MissingFileError):
        read(tmp_path / "absent.csv")


def test_a_compressed_file_is_read_and_one_that_only_seems_so_refused(tmp_path):
    text = b"ds,y\n2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n"
    packed = gzip.compress(text[:20]) + gzip.compress(text[20:])
    (tmp_path / "data.csv.gz").write_bytes(packed)
    assert read(tmp_path / "data.csv.gz").values.tolist() == [1, 2, 3]
    for name, content in (("a.csv", packed), ("b.csv.gz", text)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="compressed by gzip"):
            read(tmp_path / name)
    for name, content in (("c.csv.gz", packed[:-12]), ("d.csv.gz", packed[:30] + b"xxxx" + packed[34:])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read(tmp_path / name)


def test_a_small_file_that_becomes_a_huge_one_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"ds,y\n") + gzip.compress(b"2020-01-01,1\n" * 2**16) * 8)
    monkeypatch.setattr(content_module, "_FREE", 2**21)
    monkeypatch.setattr(content_module, "_STEP", 2**16)
    with pytest.raises(DataError, match="times as much"):
        read(path)
    monkeypatch.setattr(limits, "memory_bytes", lambda: 2**20)
    with pytest.raises(DataError, match="a quarter of the memory"):
        read(path)


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


TEXTS = pa.array([str(day.date()) for day in DAYS])
STAMPS = pa.array(DAYS)


@pytest.mark.parametrize(
    "times",
    [
        *(STAMPS.cast(pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
        STAMPS.cast(pa.date32()), STAMPS.cast(pa.date32()).cast(pa.date64()), STAMPS.cast(pa.date32()).dictionary_encode(),
        TEXTS, TEXTS.cast(pa.large_string()), TEXTS.cast(pa.string_view()), TEXTS.cast(pa.binary()),
        TEXTS.dictionary_encode(), pa.array([20200101, 20200102, 20200103, 20200104]),
        pa.array([20200101.0, 20200102.0, 20200103.0, 20200104.0]),
    ],
    ids=lambda array: str(array.type),
)  # fmt: skip
def test_days_of_every_type_of_arrow_are_those_days(tmp_path, times):
    panel = read(parquet(tmp_path / "data.parquet", ds=times, y=[1.0, 2.0, 3.0, 4.0]))
    assert panel.times.tolist() == DAYS.tolist() and panel.freq == pd.offsets.Day()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "+05:30"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_zoned_times_of_arrow_keep_their_zone(tmp_path, zone, unit):
    hours = pa.array(pd.date_range("2020-03-28 22:00", periods=4, freq="h")).cast(pa.timestamp(unit))
    stored = hours.cast(pa.timestamp(unit, tz=zone))
    panel = read(parquet(tmp_path / "data.parquet", ds=stored, y=[1.0, 2.0, 3.0, 4.0]))
    assert panel.times.tz is not None
    assert (
        panel.times.tz_convert("UTC").tz_localize(None) == pd.date_range("2020-03-28 22:00", periods=4, freq="h")
    ).all()


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint8(), pa.int64(), pa.uint64(), pa.float32(), pa.decimal128(10, 2), pa.decimal256(40, 2),
     pa.bool_(), pa.string(), pa.large_string()],
    ids=str,
)  # fmt: skip
def test_numbers_of_every_type_of_arrow_are_those_numbers(tmp_path, kind):
    is_decimal = pa.types.is_decimal(kind)
    values = (
        pa.array([Decimal(1), None, Decimal(0), Decimal(1)], kind)
        if is_decimal
        else pa.array([1, None, 0, 1]).cast(kind)
    )
    for column in (values, values.dictionary_encode()) if not pa.types.is_boolean(kind) else (values,):
        panel = read(parquet(tmp_path / "data.parquet", ds=STAMPS, y=column))
        np.testing.assert_array_equal(panel.values, [1, np.nan, 0, 1])


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("y", pa.array([[1]] * 4), "lists, structures or maps"),
        ("y", pa.array([{"a": 1}] * 4), "lists, structures or maps"),
        ("y", pa.array([1, 2, 3, 4], pa.duration("s")), "durations"),
        ("y", STAMPS, "a date, not a number"),
        ("y", pa.array(["1", "2", "x", "4"]).dictionary_encode(), "'x' in row 3, which is no number"),
        ("ds", pa.array([1, 2, 3, 4], pa.time32("s")), "times of the day"),
        ("ds", pa.array([True] * 4), "True and False"),
        ("ds", pa.array([1.0, 2.5, 3.0, 4.0]), "2.5 is no time"),
        ("ds", pa.array([1.0, np.inf, 3.0, 4.0]), "inf is no time"),
        ("ds", pa.array([DAYS[0], None, DAYS[2], DAYS[3]]), "row 2, which is no date"),
        ("ds", pa.array([-(2**31)] * 4, pa.int32()).cast(pa.date32()), "cannot be read"),
        ("ds", pa.array([0, 1, 2, 3]).cast(pa.timestamp("us", tz="Mars/Phobos")), "cannot be read"),
        ("unique_id", pa.array([b"\xff"] * 4), "cannot be read"),
        ("unique_id", pa.array(["a", None, "b", "b"]), "no name of a series"),
        ("unique_id", pa.array([[1]] * 4), "lists, structures or maps"),
    ],
)
def test_a_column_of_arrow_that_is_no_column_of_a_table_is_refused(tmp_path, column, values, message):
    columns = {"ds": STAMPS, "y": pa.array([1.0, 2.0, 3.0, 4.0]), column: values}
    with pytest.raises(DataError, match=message):
        read(parquet(tmp_path / "data.parquet", **columns))


def test_a_nested_schema_of_any_depth_is_refused(tmp_path):
    for depth in (1, 99, 300):
        kind = pa.int64()
        for _ in range(depth):
            kind = pa.struct([("a", kind)])
        pq.write_table(pa.schema([("ds", pa.int64()), ("y", kind)]).empty_table(), tmp_path / "data.parquet")
        with pytest.raises(DataError, match=r"structures|no Parquet file that can be read"):
            read(tmp_path / "data.parquet")


def test_more_cells_than_memory_holds_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = parquet(tmp_path / "data.parquet", ds=pa.array(np.arange(10_000)), y=pa.array(np.zeros(10_000)))
    texts = parquet(tmp_path / "texts.parquet", ds=pa.array(np.arange(100)), y=pa.array(["9" * 100_000] * 100))
    monkeypatch.setattr(limits, "memory_bytes", lambda: 400_000)
    with pytest.raises(DataError, match="declares cells of"):
        read(path)
    monkeypatch.setattr(limits, "memory_bytes", lambda: 4_000_000)
    with pytest.raises(DataError, match="has texts in column 'y' of"):
        read(texts)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.integers(0, 40),
)
def test_a_damaged_parquet_file_is_a_panel_or_an_error_of_ours(tmp_path, places, cut):
    path = parquet(tmp_path / "data.parquet", ds=STAMPS, y=[1.0, 2.0, 3.0, 4.0], unique_id=["a", "a", "b", "b"])
    content = bytearray(path.read_bytes())
    for place, byte in places:
        content[place % len(content)] = byte
    path.write_bytes(content[: len(content) - cut if cut > 30 else None])
    check_panel_or_error(path)


def test_whole_numbers_that_name_series_in_parquet_are_texts(tmp_path):
    path = parquet(tmp_path / "data.parquet", ds=pa.array([1, 2, 1, 2]), y=[1.0, 2.0, 3.0, 4.0], unique_id=[7, 7, 8, 8])
    assert read(path).ids.tolist() == ["7", "8"]


def test_periods_that_pandas_wrote_are_periods(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=pd.period_range("2020-01", periods=3, freq="M"))
    frame.to_parquet(tmp_path / "data.parquet")
    assert read(tmp_path / "data.parquet").times.equals(frame.index)
