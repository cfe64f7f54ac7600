"""The last values before the oldest cutoff stay with a run, for its pictures."""

import json

import numpy as np
import pandas as pd
import pytest

from tsforecast import HistoricAverage, Naive, Panel
from tsforecast.backtest import BacktestResult, RollingOrigin, backtest
from tsforecast.backtest.store import tables
from tsforecast.backtest.store.manifest import write_manifest

LENGTHS = (40, 9)
CV = RollingOrigin(3, n_windows=2, gap=1)


@pytest.fixture
def data():
    times = pd.date_range("2020-01-01", periods=max(LENGTHS), freq="D")
    values = np.random.default_rng(0).normal(size=sum(LENGTHS))
    ids = np.repeat(["long", "short"], LENGTHS)
    return Panel.from_frame(
        pd.DataFrame({"unique_id": ids, "ds": np.concatenate([times[:n] for n in LENGTHS]), "y": values})
    )


def run(data, **options):
    return backtest(Naive(), data, cv=CV, metrics=["mae"], level=(80,), **options)


def test_a_run_keeps_the_values_up_to_the_oldest_cutoff_and_none_after_it(data, tmp_path):
    in_memory, on_disk = run(data), run(data, output=tmp_path / "run")
    saved = BacktestResult.load(in_memory.save(tmp_path / "saved"))
    for result in (in_memory, on_disk, BacktestResult.load(tmp_path / "run"), saved):
        kept = result.run.history
        for i, name in enumerate(data.ids):
            own, cutoff = kept[kept["unique_id"] == name], result.forecasts.query("unique_id == @name")["cutoff"].min()
            assert own["ds"].iloc[-1] == cutoff
            stop = LENGTHS[i] - 7  # two windows of three steps and a gap
            assert len(own) == min(stop, 12)
            np.testing.assert_array_equal(own["y"], data.series(i)[:stop][-12:])


def test_of_very_many_series_few_or_no_values_are_kept(data, monkeypatch):
    monkeypatch.setattr(tables, "_HISTORY_ROWS", 5)
    assert run(data).run.history.groupby("unique_id").size().to_dict() == {"long": 2, "short": 2}
    monkeypatch.setattr(tables, "_HISTORY_ROWS", 1)
    without = run(data)
    assert without.run.history.empty
    assert len(without.plot_forecasts().axes) == 2


def test_models_added_to_a_run_leave_the_values_as_they_are(data, tmp_path):
    before = run(data, output=tmp_path).run.history
    added = backtest(HistoricAverage(), data, cv=CV, metrics=["mae"], level=(80,), output=tmp_path, add=True)
    pd.testing.assert_frame_equal(added.run.history, before, check_dtype=False)


def test_a_folder_of_an_older_version_loads_and_is_shown_without_them(data, tmp_path):
    run(data, output=tmp_path)
    (tmp_path / "history.parquet").unlink()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    del manifest["files"]["history.parquet"]
    write_manifest(tmp_path, manifest)
    result = BacktestResult.load(tmp_path)
    assert result.run.history is None
    assert len(result.plot_forecasts().axes) == 2


def test_pictures_begin_with_them_and_draw_no_line_over_the_gap(data):
    axes = run(data).plot_forecasts(series="long").axes[0]
    truth = axes.lines[0].get_ydata()
    first = 40 - 7
    np.testing.assert_array_equal(truth[:12], data.series(0)[first - 12 : first])
    assert np.isnan(truth[12])
    assert truth[13] == data.series(0)[first + 1]
