"""A panel in a folder of Parquet files: every series once an epoch, and memory that does not grow with the panel."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tsforecast.exceptions import CovariateError, DataError, MissingFileError, ParameterError, SeriesTooShortError
from tsforecast.models.neural.batches import folder as folder_module
from tsforecast.models.neural.batches.datamodule import StreamDataModule
from tsforecast.models.neural.batches.folder import Folder
from tsforecast.models.neural.forecaster import LSTM
from tsforecast.models.neural.options import Training


def frame_of(n_series, n_steps=40, first=0, seed=0):
    rng = np.random.default_rng([seed, first])
    t = np.arange(n_steps)
    values = 20 + 5 * np.sin(t * np.pi / 6) + np.cumsum(0.2 * rng.standard_normal((n_series, n_steps)), axis=1)
    ids = np.repeat([f"s{first + i:06d}" for i in range(n_series)], n_steps)
    times = np.tile(pd.date_range("2000-01", periods=n_steps, freq="MS"), n_series)
    return pd.DataFrame({"unique_id": ids, "ds": times, "y": values.ravel(), "x": rng.standard_normal(ids.size)})


def write(folder, frames, row_group_size=None):
    folder.mkdir(parents=True, exist_ok=True)
    for k, frame in enumerate(frames):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, folder / f"part-{k}.parquet", row_group_size=row_group_size)
    return folder


@pytest.mark.parametrize("row_group_size", [None, 100, 33, 7])
def test_an_epoch_holds_every_series_once_and_whole_wherever_row_groups_end(tmp_path, row_group_size):
    frames = [frame_of(5, first=0), frame_of(7, first=5)]
    folder = Folder(write(tmp_path, frames, row_group_size))
    whole = pd.concat(frames)
    assert folder.n_obs == len(whole)
    orders = []
    for seed in (0, 1):
        blocks = list(folder.blocks(np.random.default_rng(seed), most=100))
        assert all(block.n_obs <= 140 for block in blocks)  # a series past the most
        assert len(blocks) > 2
        read = pd.concat([block.to_frame() for block in blocks])
        orders.append(read["unique_id"].unique().tolist())
        read = read.sort_values(["unique_id", "ds"], ignore_index=True)
        for name in ("unique_id", "ds", "y"):
            assert read[name].tolist() == whole[name].tolist()
    assert orders[0] != orders[1]


def test_one_seed_gives_one_order(tmp_path):
    folder = Folder(write(tmp_path, [frame_of(6)], 80))
    one, same = ([block.ids.tolist() for block in folder.blocks(np.random.default_rng(3), 50)] for _ in range(2))
    assert one == same


def test_parts_of_a_path_are_columns_and_covariates_are_read(tmp_path):
    for kind, first in (("shop", 0), ("store", 3)):
        write(tmp_path / f"kind={kind}", [frame_of(3, first=first)], 40)
    folder = Folder(tmp_path, covariates=["x"], static=["kind"])
    panel = folder.sample(0)
    assert panel.covariate_names == ("x",)
    assert set(zip(panel.ids, panel.static["kind"], strict=True)) == {
        (f"s{i:06d}", "shop" if i < 3 else "store") for i in range(6)
    }


def test_a_folder_for_each_series_names_it(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / f"unique_id={name}", [frame_of(1).drop(columns="unique_id")], 9)
    assert sorted(Folder(tmp_path).sample(0).ids) == ["a", "b"]


def test_what_is_no_panel_is_told(tmp_path):
    with pytest.raises(MissingFileError, match="no Parquet file in the folder"):
        Folder(tmp_path)
    write(tmp_path / "one", [frame_of(2).drop(columns="y")])
    with pytest.raises(DataError, match="has no column 'y'"):
        Folder(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "x.parquet").write_text("no")
    with pytest.raises(DataError, match="is no Parquet file"):
        Folder(tmp_path / "two")


@pytest.mark.parametrize("row_group_size", [None, 50])
def test_a_series_in_two_places_is_named(tmp_path, row_group_size):
    frame = frame_of(3)
    write(tmp_path / "files", [frame.iloc[:60], frame.iloc[60:]], row_group_size)
    with pytest.raises(DataError, match=r"'s000001' is in .*part-0.parquet and in .*part-1.parquet; rows of a series"):
        Folder(tmp_path / "files")
    for part in ("0", "1"):
        write(tmp_path / "store" / f"unique_id=a/{part}", [frame_of(1).drop(columns="unique_id")])
    with pytest.raises(DataError, match="'a' is in"):
        Folder(tmp_path / "store")


def test_row_groups_that_hold_all_series_for_some_time_are_refused(tmp_path):
    write(tmp_path, [frame_of(5).sort_values(["ds", "unique_id"])], 20)
    with pytest.raises(DataError, match=r"'s00000\d' is in two places of .*part-0.parquet"):
        Folder(tmp_path)


def test_files_without_rows_are_told(tmp_path):
    write(tmp_path, [frame_of(2).iloc[:0]])
    with pytest.raises(DataError, match="have no rows"):
        Folder(tmp_path)


QUICK = {"hidden_size": 4, "n_members": 2, "max_epochs": 2}


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(folder_module, "_BLOCK_ROWS", 300)
    monkeypatch.setattr(folder_module, "_SAMPLE_ROWS", 200)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("n_ranks", [1, 3])
def test_chunks_of_all_blocks_hold_every_observation_before_the_tails_once(tmp_path, monkeypatch, n_ranks):
    data = StreamDataModule(str(write(tmp_path, [frame_of(30, n_steps=40)], 90)), bptt_length=12)
    data.setup()
    assert data.n_obs == 1200
    assert data.panel.n_obs < 300
    seen = []
    for rank in range(n_ranks):
        monkeypatch.setattr(StreamDataModule, "_share", (rank, n_ranks))
        chunks = list(data.train_dataloader())
        assert all(chunk.x.shape[1:3] == chunks[0].x.shape[1:3] for chunk in chunks)
        seen += [float((chunk.weight[..., 0] > 0).sum()) for chunk in chunks]
    assert sum(seen) == 30 * 35  # 36 before the tail, of which the last has no target


@pytest.mark.usefixtures("small_blocks")
def test_a_folder_trains_a_forecaster_of_any_series(tmp_path):
    frame = frame_of(60, n_steps=60)
    path = write(tmp_path, [frame[frame["ds"] < "2004-01"]], 1000)
    model = LSTM(8, n_members=2, max_epochs=8, season_length=12).fit_folder(path)
    history = frame[frame["ds"] < "2004-01"].drop(columns="x")
    truth = frame[frame["ds"] >= "2004-01"]
    forecast = model.predict(12, history=history, level=80)
    both = truth.merge(forecast, on=["unique_id", "ds"])
    error = (both["y"] - both["mean"]).abs().mean()
    naive = history.groupby("unique_id")["y"].last().loc[truth["unique_id"]].to_numpy()
    assert error < 0.5 * np.abs(truth["y"].to_numpy() - naive).mean()
    assert 0.6 < both["y"].between(both["lo-80"], both["hi-80"]).mean() < 0.95
    again = LSTM(8, n_members=2, max_epochs=8, season_length=12).fit_folder(path)
    pd.testing.assert_frame_equal(again.predict(12, history=history, level=80), forecast, check_exact=True)
    assert model.predict(3).mean.shape[0] < 10  # those of the sample


@pytest.mark.usefixtures("small_blocks")
def test_what_a_folder_cannot_do_is_told(tmp_path):
    path = write(tmp_path, [frame_of(12)], 100)
    with pytest.raises(ParameterError, match="scope='per_series'"):
        LSTM(**QUICK, training=Training(scope="per_series")).fit_folder(path)
    with pytest.raises(ParameterError, match="kind='windows'"):
        LSTM(**QUICK, training=Training(kind="windows")).fit_folder(path)
    write(tmp_path / "short", [frame_of(12, n_steps=5, first=50)])
    with pytest.raises(SeriesTooShortError, match="has 5 observations"):
        LSTM(**QUICK).fit_folder(path)


def short_and_long(folder):
    """Twelve series of 40 steps; eleven of 5, two in the file of the others; one of 40 with 7 values."""
    gaps = frame_of(1, first=40)
    gaps.loc[7:, "y"] = np.nan
    few = frame_of(11, n_steps=5, first=20)
    among = few["unique_id"] < "s000022"
    return write(folder, [pd.concat([frame_of(6), few[among], gaps]), frame_of(6, first=6), few[~among]], 90)


@pytest.mark.usefixtures("small_blocks")
def test_one_error_names_all_series_that_are_too_short_and_the_option_that_goes_on(tmp_path):
    path = short_and_long(tmp_path)
    with pytest.raises(SeriesTooShortError, match=r"12 of 24 series are too short: .*, …\. too_short='skip'") as told:
        LSTM(**QUICK).fit_folder(path)
    assert told.value.series == {f"s{i:06d}": 5 for i in range(20, 31)} | {"s000040": 7}
    with pytest.raises(ParameterError, match="too_short='naive' is none of 'error', 'skip'"):
        LSTM(**QUICK).fit_folder(path, too_short="naive")


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("difference", ["none", "season"])
def test_a_fit_that_skips_short_series_is_the_fit_of_the_others(tmp_path, difference):
    model = LSTM(**QUICK, preparation={"difference": difference})
    skipped = model.fit_folder(short_and_long(tmp_path / "all"), too_short="skip").skipped_
    assert sorted(skipped) == [*(f"s{i:06d}" for i in range(20, 31)), "s000040"]
    history = frame_of(2)[["unique_id", "ds", "y"]]
    forecast = model.predict(5, history=history, level=80)
    frames = [frame_of(6), frame_of(6, first=6)]
    alone = LSTM(**QUICK, preparation={"difference": difference}).fit_folder(write(tmp_path / "long", frames, 1000))
    assert len(alone.predict(5, history=history, level=80)) == len(forecast)
    assert np.isfinite(forecast[["mean", "lo-80", "hi-80"]]).all().all()
    data = StreamDataModule(str(tmp_path / "all"), too_short="skip")
    data.setup()
    assert data.n_obs == 12 * 40
    blocks = data.folder.blocks(np.random.default_rng(0))
    assert sorted(name for block in blocks for name in block.ids) == [f"s{i:06d}" for i in range(12)]


def test_where_all_series_are_too_short_there_is_nothing_to_skip_to(tmp_path):
    path = write(tmp_path, [frame_of(3, n_steps=5)])
    with pytest.raises(SeriesTooShortError, match="3 of 3 series") as told:
        LSTM(**QUICK).fit_folder(path, too_short="skip")
    assert "too_short='skip'" not in str(told.value)


@pytest.mark.usefixtures("small_blocks")
def test_missing_covariates_of_a_folder_are_filled_in_where_that_is_asked_for(tmp_path):
    frame = frame_of(12)
    frame.loc[50, "x"] = np.nan
    path = write(tmp_path / "within", [frame], 90)
    with pytest.raises(CovariateError, match=r"part-0\.parquet: Covariate x=nan of series 's000001'"):
        LSTM(**QUICK).fit_folder(path, covariates=["x"])
    filled = LSTM(**QUICK).fit_folder(path, covariates=["x"], covariate_gaps="ffill")
    by_hand = frame.assign(x=frame["x"].ffill())
    same = LSTM(**QUICK).fit_folder(write(tmp_path / "filled", [by_hand], 90), covariates=["x"])
    for one, other in zip(filled.trained_, same.trained_, strict=True):
        for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
            np.testing.assert_array_equal(a.detach(), b.detach())
    frame.loc[40, "x"] = np.nan  # the first of its series
    with pytest.raises(CovariateError, match=r"'s000001' .* no value before it"):
        LSTM(**QUICK).fit_folder(write(tmp_path / "first", [frame], 90), covariates=["x"], covariate_gaps="ffill")
    with pytest.raises(ParameterError, match="covariate_gaps='zero' is none of"):
        LSTM(**QUICK).fit_folder(path, covariates=["x"], covariate_gaps="zero")


PEAK = """
import resource, sys
import tsforecast.models.neural.batches.folder as module
from tsforecast import LSTM
module._BLOCK_ROWS = module._SAMPLE_ROWS = 10_000
LSTM(4, n_members=1, max_epochs=1).fit_folder(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_a_block_is_let_go_as_soon_as_its_chunks_are(tmp_path):
    data = StreamDataModule()
    data.use_folder(Folder(write(tmp_path, [frame_of(6)])))
    gc.disable()  # it comes seldom, and does not know how large a tensor is
    try:
        loader = data.train_dataloader()
        block = loader.prepare(next(loader.folder.blocks(np.random.default_rng(0))), 0)
        list(block)
        held = weakref.ref(block)
        del block
        assert held() is None
    finally:
        gc.enable()


def test_memory_does_not_grow_with_the_panel(tmp_path):
    peaks = []
    for n_files in (1, 10):
        frames = (frame_of(150, n_steps=100, first=150 * k) for k in range(n_files))
        path = write(tmp_path / str(n_files), frames, 5000)
        run = subprocess.run(
            [sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True, timeout=600
        )
        peaks.append(int(run.stdout))
    assert peaks[1] < peaks[0] + 40  # MB; the inputs of 135,000 more observations would be 150


@pytest.mark.parametrize("column", ["x", "kind"])
def test_a_missing_covariate_or_static_value_is_named_with_its_file(tmp_path, column):
    frames = [frame_of(2, first=first).assign(kind=1.0) for first in (0, 2)]
    frames[1].loc[frames[1]["unique_id"] == "s000003", column] = np.nan
    write(tmp_path, frames)
    told = {
        "x": r"Covariate x=nan of series 's000003' at 2000-01-01.* covariate_gaps='ffill'",
        "kind": "Series 's000003' has no 'kind' at 2000-01-01",
    }
    with pytest.raises(CovariateError, match=rf"part-1\.parquet: {told[column]}"):
        LSTM(n_members=1, max_epochs=1).fit_folder(tmp_path, covariates=["x"], static=["kind"])
