"""Leaderboards by a static column of the data."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Drift, Naive
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.exceptions import DataError, ParameterError, UnknownNameError
from tsforecast.panel import Panel

CV = RollingOrigin(2, n_windows=2)


def run(static, ids="abcdef", **settings):
    values = np.random.default_rng(0).normal(size=(20, len(ids))).cumsum(axis=0)
    panel = Panel.from_wide(pd.DataFrame(values, columns=list(ids)))
    if static is not None:
        panel = panel.with_static(pd.DataFrame({"unique_id": list(ids), **static}))
    return backtest([Naive(), Drift()], panel, cv=CV, metrics=["mae"], level=(), **settings)


REGION = {"region": ["north", "south", "south", None, "north", "south"]}


def test_a_static_column_divides_the_series_as_the_same_mapping_does(tmp_path):
    result = run(REGION, output=tmp_path / "run")
    mapping = dict(zip("abcdef", REGION["region"], strict=True))
    for one in (result, BacktestResult.load(tmp_path / "run"), run(REGION)):
        board = one.leaderboard(by="region").drop(columns=["fit_seconds", "predict_seconds"])
        assert board["stratum"].tolist() == ["north"] * 2 + ["south"] * 2, "a series without a value is left out"
        assert board["n_cells"].tolist() == [4, 4, 6, 6]
        for by in (mapping, pd.Series(mapping)):
            pd.testing.assert_frame_equal(
                board, one.leaderboard(by=by).drop(columns=["fit_seconds", "predict_seconds"])
            )


def test_ids_that_are_numbers_find_their_stratum(tmp_path):
    result = run({"kind": ["x", "y", "x"]}, ids=[3, 1, 2], output=tmp_path / "run")
    for one in (result, BacktestResult.load(tmp_path / "run")):
        assert one.leaderboard(by="kind")["n_cells"].tolist() == [4, 4, 2, 2]


def test_numbers_are_strata_in_order_of_size():
    board = run({"size": [10, 9, 100, 9, np.nan, 100]}).leaderboard(by="size")
    assert board["stratum"].tolist() == [9, 9, 10, 10, 100, 100]
    assert run({"share": [0.5, 0.25] * 3}).leaderboard(by="share")["stratum"].tolist() == [0.25] * 2 + [0.5] * 2


def test_a_column_that_is_not_there_is_an_error_that_names_those_that_are():
    with pytest.raises(UnknownNameError, match="no static column 'area'; there are region, size"):
        run({**REGION, "size": range(6)}).leaderboard(by="area")
    with pytest.raises(UnknownNameError, match="no static column 'region'; it has none"):
        run(None).leaderboard(by="region")
    with pytest.raises(UnknownNameError, match="'unique_id'"):
        run(REGION).leaderboard(by="unique_id")


def test_a_column_of_measurements_asks_for_a_mapping():
    ids = [f"s{i:02d}" for i in range(60)]
    result = run({"area": np.arange(60) / 7}, ids=ids)
    with pytest.raises(ParameterError, match=r"'area' has 60 different values.*mapping"):
        result.leaderboard(by="area")
    halves = pd.qcut(result.run.static.set_index("unique_id")["area"], 2).astype(str)
    assert result.leaderboard(by=halves)["n_cells"].tolist() == [60] * 4


@pytest.mark.parametrize("by", [3, ["a", "b"], {"a", "b"}])
def test_what_is_no_division_is_refused(by):
    with pytest.raises(ParameterError, match="neither the name of a static column nor a mapping"):
        run(REGION).leaderboard(by=by)


@pytest.mark.parametrize("by", [{}, {"z": "x"}, {"a": None, "b": np.nan}])
def test_a_division_without_any_series_of_the_run_is_refused(by):
    with pytest.raises(DataError, match=r"no series a stratum.*'a', 'b', 'c'"):
        run(REGION).leaderboard(by=by)


def test_labels_may_be_pairs_and_of_several_types():
    board = run(None).leaderboard(by={"a": ("x", 1), "b": ("x", 1), "c": True, "d": "true"})
    assert set(board["stratum"]) == {("x", 1), True, "true"}
    assert board["n_cells"].sum() == 2 * 4 * 2
