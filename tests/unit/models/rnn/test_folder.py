"""A panel in a folder of Parquet files: every series once an epoch, and memory that does not grow with the panel."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tsforecast.exceptions import DataError, MissingFileError
from tsforecast.models.rnn.folder import Folder


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
