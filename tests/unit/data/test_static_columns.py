"""Static columns of a file: numbers or texts, one value a series."""

import logging

import numpy as np
import pandas as pd
import pytest

from tsforecast.data.file_format import FileFormat
from tsforecast.data.read import read
from tsforecast.exceptions import CovariateError, DataError, ParameterError

SHOPS = pd.DataFrame(
    {
        "unique_id": ["b"] * 3 + ["a"] * 3,
        "ds": [*pd.date_range("2024-01-01", periods=3)] * 2,
        "y": np.arange(6),
        "region": ["north"] * 3 + ["NA"] * 3,
        "code": ["007"] * 3 + ["12"] * 3,
        "area": ["1,5"] * 3 + ["20"] * 3,
    }
)


def values(static):
    return static.astype(object).where(static.notna(), None).to_dict("list")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_static_columns_are_numbers_where_all_cells_are_and_texts_elsewhere(kind, tmp_path):
    path = tmp_path / f"shops.{kind}"
    SHOPS.to_csv(path, index=False, sep=";") if kind == "csv" else SHOPS.to_parquet(path)
    found = read(path, static=["region", "code", "area"], file_format=FileFormat(decimal=",")).static
    assert values(found) == {"region": ["north", None], "code": ["007", "12"], "area": [1.5, 20.0]}
    assert found.index.tolist() == ["b", "a"]


def test_numbers_and_categories_of_a_parquet_file_keep_their_meaning(tmp_path):
    table = SHOPS.assign(
        region=SHOPS["region"].astype("category"), area=[1] * 3 + [2] * 3, open=[True] * 3 + [False] * 3
    )
    table.to_parquet(tmp_path / "shops.parquet")
    found = read(tmp_path / "shops.parquet", static=["region", "area", "open"]).static
    assert values(found) == {"region": ["north", None], "area": [1.0, 2.0], "open": ["true", "false"]}


def test_a_static_column_stays_with_its_series_when_rows_are_turned_round(tmp_path):
    SHOPS.iloc[::-1].to_csv(tmp_path / "shops.csv", index=False)
    found = read(tmp_path / "shops.csv", static=["code"]).static
    assert found["code"].to_dict() == {"a": "12", "b": "007"}


def test_a_column_that_changes_within_a_series_is_no_static_one(tmp_path):
    SHOPS.assign(region=list("xxyzzz")).to_csv(tmp_path / "shops.csv", index=False)
    with pytest.raises(CovariateError, match="'region' changes within series 'b'"):
        read(tmp_path / "shops.csv", static=["region"])


def test_a_static_column_that_is_not_there_has_two_uses_or_is_in_a_wide_file_is_an_error(tmp_path):
    SHOPS.to_csv(tmp_path / "shops.csv", index=False)
    with pytest.raises(DataError, match="no column 'size'"):
        read(tmp_path / "shops.csv", static=["size"])
    with pytest.raises(ParameterError, match="'area' is named twice, in static and elsewhere"):
        read(tmp_path / "shops.csv", covariates=["area"], static=["area"])
    pd.DataFrame({"month": SHOPS["ds"][:3], "a": [1, 2, 3], "b": [1, 2, 4]}).to_csv(tmp_path / "wide.csv", index=False)
    with pytest.raises(DataError, match=r"wide: its columns are series, so that 'b' is not static.*id_col"):
        read(tmp_path / "wide.csv", static=["b"])


def test_the_log_says_how_a_column_that_is_not_used_could_be(tmp_path, caplog):
    SHOPS.to_csv(tmp_path / "shops.csv", index=False)
    with caplog.at_level(logging.WARNING, "tsforecast.data.read"):
        read(tmp_path / "shops.csv", static=["code", "area"], file_format=FileFormat(decimal=","))
    assert "not used: region. " in caplog.text and "(--static)" in caplog.text
