"""Roles of covariates in a panel: known ahead, known up to the present, computed from the times, categories."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive, Panel
from tsforecast.backtest.execute.blocks import read_block, write_block
from tsforecast.exceptions import CovariateError, ParameterError
from tsforecast.panel.roles import asked_names, like_trained, without_unseen
from tsforecast.persist.indexes import pack_panel, unpack_panel

N = 12
DAYS = pd.date_range("2024-12-20", periods=N, freq="D")


def frame():
    rng = np.random.default_rng(0)
    one = {"ds": DAYS, "y": np.arange(N), "price": rng.normal(size=N), "temp": rng.normal(size=N)}
    kinds = ["none", "sale", "card"] * 4
    return pd.concat([pd.DataFrame({**one, "kind": kinds, "unique_id": name}) for name in "ab"])


def whole(**changes):
    options = {"covariates": ["price", "kind"], "past_covariates": ["temp"], "calendar": "DE", **changes}
    return Panel.from_frame(frame(), **options)


def same(one, other):
    return one.fingerprint() == other.fingerprint()


def test_each_column_has_its_role_and_a_category_one_for_each_level():
    panel = whole()
    assert panel.covariate_names == ("price", "kind=card", "kind=none", "kind=sale", "holiday")
    assert panel.past_names == ("temp",)
    assert panel.levels == {"kind": ("card", "none", "sale")}
    assert asked_names(panel) == panel.covariate_names[:-1]
    np.testing.assert_array_equal(panel.covariates[:, 1:4].sum(axis=1), 1.0)


def test_roles_survive_cutting_saving_and_the_files_of_workers(tmp_path):
    panel = whole()
    write_block(tmp_path / "block.parquet", panel)
    assert same(read_block(tmp_path / "block.parquet"), panel)
    assert same(unpack_panel(pack_panel(panel, lambda v: v), lambda v: v), panel)
    cut = panel.take([1]).slice(np.array([2]), np.array([7]))
    np.testing.assert_array_equal(cut.past_covariates, panel.past_covariates[N + 2 : N + 7])
    assert (cut.past_names, cut.levels, cut.calendar) == (panel.past_names, panel.levels, "DE")


def test_the_fingerprint_knows_values_roles_and_levels():
    prints = {
        one.fingerprint()
        for one in (
            whole(),
            whole(calendar=None),
            whole(calendar="DE-BY"),
            whole(covariates=["price", "kind", "temp"], past_covariates=[]),
            whole(covariates=["kind"], past_covariates=["price", "temp"]),
        )
    }
    assert len(prints) == 5


def test_one_panel_gives_the_same_as_arguments_of_fit():
    y = frame()[["unique_id", "ds", "y"]]
    X = frame().drop(columns="y")

    class Sees(Naive):
        uses_covariates = True

    model = Sees().fit(y, X[["unique_id", "ds", "price", "kind", "temp"]], past_covariates=["temp"], calendar="DE")
    assert same(model.panel_, whole())
    moved = Sees().fit(whole(covariates=["price", "kind", "temp"], past_covariates=[]), past_covariates="temp")
    assert same(moved.panel_, whole())


def test_levels_that_a_part_of_the_series_does_not_have_are_left_out_and_come_back():
    panel = whole()
    begun = without_unseen(panel.slice(np.zeros(2, dtype=int), np.full(2, 2)))
    assert begun.levels == {"kind": ("none", "sale")}
    later = like_trained(panel, begun)
    assert later.covariate_names == begun.covariate_names
    np.testing.assert_array_equal(later.covariates[:3, 1:3], [[1, 0], [0, 1], [0, 0]])  # "card" has no column


def test_an_unknown_past_covariate_is_an_error_that_lists_those_there_are():
    with pytest.raises(
        CovariateError, match=r"'wind' is no covariate; the data have \['price', 'kind', 'holiday', 'temp'\]"
    ):
        whole().with_past_covariates(["wind"])
    with pytest.raises(CovariateError, match="'temp' is no covariate; the data have none"):
        Naive().fit([1.0, 2.0], past_covariates=["temp"])


def test_a_calendar_replaces_the_one_before_and_none_takes_it_away():
    assert same(whole().with_calendar("FR").with_calendar("DE"), whole())
    assert same(whole().with_calendar(None), whole(calendar=None))
    assert whole().with_covariates(None).calendar is None
    with pytest.raises(CovariateError, match="called 'holiday'"):
        whole(calendar=None).with_covariates(np.ones((2 * N, 1)), ["holiday"]).with_calendar("DE")
    with pytest.raises(CovariateError, match="needs times that are dates"):
        Panel.from_array(np.arange(3.0)).with_calendar("DE")
    with pytest.raises(ParameterError, match="no country is called 'XX'"):
        whole(calendar="XX")


def test_empty_cells_of_a_category_are_an_error_or_the_last_one_before():
    table = frame()
    table.loc[table.index[3], "kind"] = None
    with pytest.raises(CovariateError, match="Covariate kind=nan of series 'a'"):
        Panel.from_frame(table, covariates=["price", "kind", "temp"])
    for gaps in ("ffill", "interpolate"):
        filled = Panel.from_frame(table, covariates=["kind", "price", "temp"], covariate_gaps=gaps)
        np.testing.assert_array_equal(filled.covariates[3, :3], filled.covariates[2, :3])
