"""The static covariates of the data stay with the run, in memory and in its folder."""

import json

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive, Panel
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.store.manifest import write_manifest
from tsforecast.exceptions import RunFolderError

CV = RollingOrigin(2, n_windows=2)
ABOUT = pd.DataFrame({"unique_id": ["y2", "y0", "y1"], "region": ["north", None, "south"], "area": [3.0, np.nan, 2.5]})
IN_ORDER = pd.DataFrame({"unique_id": ["y0", "y1", "y2"], "region": [None, "south", "north"], "area": [np.nan, 2.5, 3]})


def panel_of(n_obs=12):
    return Panel.from_array(np.random.default_rng(0).normal(size=(n_obs, 3)))


def run(data, output=None, executor=None):
    return backtest(Naive(), data, cv=CV, metrics=["mae"], level=(), output=output, executor=executor)


def test_the_run_holds_the_static_columns_in_the_order_of_the_panel(tmp_path):
    data = panel_of().with_static(ABOUT)
    in_memory, on_disk = run(data), run(data, tmp_path / "run")
    saved = BacktestResult.load(in_memory.save(tmp_path / "saved"))
    for result in (in_memory, on_disk, BacktestResult.load(tmp_path / "run"), saved):
        pd.testing.assert_frame_equal(result.run.static, IN_ORDER)


def test_a_run_of_data_without_static_columns_has_none_and_no_file(tmp_path):
    assert run(panel_of()).run.static is None
    assert run(panel_of(), tmp_path).run.static is None
    assert not (tmp_path / "static.parquet").exists()


def test_a_static_table_that_was_changed_is_an_error_when_the_run_is_loaded(tmp_path):
    run(panel_of().with_static(ABOUT), tmp_path)
    ABOUT.to_parquet(tmp_path / "static.parquet")
    with pytest.raises(RunFolderError, match=r"static\.parquet was changed"):
        BacktestResult.load(tmp_path)


def test_a_folder_of_an_older_version_loads_without_its_static_columns(tmp_path):
    run(panel_of().with_static(ABOUT), tmp_path)
    (tmp_path / "static.parquet").unlink()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    del manifest["files"]["static.parquet"]
    write_manifest(tmp_path, manifest)
    assert BacktestResult.load(tmp_path).run.static is None


def test_a_resumed_run_has_its_static_columns(tmp_path):
    class Stopped(Naive):
        n_fits = 0

        def _fit(self, panel):
            type(self).n_fits += 1
            if type(self).n_fits == 2:
                raise KeyboardInterrupt
            super()._fit(panel)

    data = panel_of().with_static(ABOUT)
    with pytest.raises(KeyboardInterrupt):
        backtest(Stopped(), data, cv=CV, output=tmp_path, executor=None)
    result = backtest(Stopped(), data, cv=CV, output=tmp_path, executor=None)
    pd.testing.assert_frame_equal(result.run.static, IN_ORDER)
