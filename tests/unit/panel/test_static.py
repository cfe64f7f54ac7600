"""Static covariates are part of the panel and are kept by its methods."""

import numpy as np
import pandas as pd
import pytest

from tsforecast.backtest.execute.blocks import read_block, write_block
from tsforecast.exceptions import CovariateError, DataError
from tsforecast.models.naive import Naive
from tsforecast.panel import Panel
from tsforecast.panel.containers import to_panel

STATIC = pd.DataFrame({"unique_id": ["b", "a", "c"], "kind": ["shop", "store", None], "area": [2.0, 1.0, np.nan]})


def frame_of():
    times = pd.date_range("2020-01", periods=4, freq="MS")
    frame = pd.DataFrame({"unique_id": np.repeat(["a", "b", "c"], 4), "ds": [*times] * 3, "y": np.arange(12.0)})
    return frame.merge(STATIC, on="unique_id")


def panel_of():
    return Panel.from_frame(frame_of(), static=["kind", "area"])


def table(panel):
    return [(str(i), *("" if pd.isna(cell) else cell for cell in row)) for i, *row in panel.static.itertuples()]


def test_rows_are_found_by_name_whichever_way_they_are_given():
    plain = Panel.from_frame(frame_of()[["unique_id", "ds", "y"]])
    expected = [("a", "store", 1.0), ("b", "shop", 2.0), ("c", "", "")]
    given = (panel_of(), plain.with_static(STATIC), plain.with_static(STATIC.set_index("unique_id")))
    for panel in (*given, to_panel(frame_of()[["unique_id", "ds", "y"]], STATIC)[0]):
        assert table(panel) == expected


def test_taking_slicing_and_new_values_keep_it():
    panel = panel_of()
    assert table(panel.take([2, 0])) == [("c", "", ""), ("a", "store", 1.0)]
    assert table(panel.slice(np.array([0, 1, 0]), np.array([3, 3, 2]))) == table(panel)
    assert table(panel.with_values(panel.values + 1)) == table(panel)
    assert panel.with_static(None).static is None


def test_a_frame_and_a_file_of_a_block_keep_it(tmp_path):
    panel = panel_of()
    again = Panel.from_frame(panel.to_frame(), static=["kind", "area"])
    assert table(again) == table(panel)
    write_block(tmp_path / "block.parquet", panel)
    read = read_block(tmp_path / "block.parquet")
    assert table(read) == table(panel)
    assert read.fingerprint() == panel.fingerprint() == again.fingerprint()


def test_the_fingerprint_tells_another_value():
    other = STATIC.assign(area=[2.0, 1.5, np.nan])
    assert panel_of().with_static(other).fingerprint() != panel_of().fingerprint()
    assert panel_of().with_static(None).fingerprint() != panel_of().fingerprint()


def test_models_that_do_not_use_it_pass_it_over():
    plain = Naive().fit(frame_of()[["unique_id", "ds", "y"]])
    static = Naive().fit(frame_of()[["unique_id", "ds", "y"]], STATIC)
    pd.testing.assert_frame_equal(plain.predict(2), static.predict(2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.iloc[:2], "static has no row for series 'c'"),
        (lambda s: pd.concat([s, s.iloc[:1]]), "static has two rows for series 'b'"),
        (lambda s: s.rename(columns={"area": "y"}), "names of their own"),
        (lambda s: s.assign(area=np.inf), r"static\['area'\] holds an infinite number"),
        (lambda s: s.assign(kind=[1, "x", "y"]), r"static\['kind'\] holds neither numbers alone nor texts alone"),
        (lambda s: s[["unique_id"]], "names of their own"),
    ],
)
def test_what_cannot_be_used_is_refused(change, message):
    with pytest.raises(CovariateError, match=message):
        Panel.from_frame(frame_of()[["unique_id", "ds", "y"]]).with_static(change(STATIC))


def test_a_column_that_changes_within_a_series_is_not_static():
    frame = frame_of().drop(columns="area")
    frame.loc[6, "kind"] = "market"
    with pytest.raises(CovariateError, match="Column 'kind' changes within series 'b'"):
        Panel.from_frame(frame, static=["kind"])
    with pytest.raises(DataError, match="no column 'size'"):
        Panel.from_frame(frame, static=["size"])


def test_covariates_with_times_in_the_index_are_not_taken_for_static():
    frame = frame_of()
    X = frame[["unique_id", "ds", "area"]].fillna(0.0).set_index("ds")
    panel, _ = to_panel(frame[["unique_id", "ds", "y"]], X)
    assert panel.static is None
    assert panel.covariate_names == ("area",)


def test_a_series_with_two_rows_and_no_times_is_named():
    frame = frame_of()
    with pytest.raises(CovariateError, match="two rows for series 'b' and no column ds"):
        to_panel(frame[["unique_id", "ds", "y"]], pd.concat([STATIC, STATIC.iloc[:1]], ignore_index=True))
