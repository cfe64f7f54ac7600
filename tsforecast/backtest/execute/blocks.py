"""Blocks of series as Parquet files, so that each worker reads only the series that it needs."""

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tsforecast.backtest.store.files import write_bytes
from tsforecast.panel import Panel
from tsforecast.panel.times.frequency import freq_name, parse_freq

_KEY = b"tsforecast"


def write_block(path: Path, panel: Panel) -> None:
    """Write a panel as one Parquet file, whole or not at all."""
    about = {
        "freq": panel.freq if isinstance(panel.freq, int) else freq_name(panel.freq),
        "lengths": panel.lengths.tolist(),
        "covariates": list(panel.covariate_names),
        "past_covariates": list(panel.past_names),
        "levels": {name: list(kinds) for name, kinds in panel.levels.items()},
        "calendar": panel.calendar,
        "static": None if panel.static is None else panel.static.to_dict("list"),
    }
    frame = pd.DataFrame({"unique_id": panel.ids.repeat(panel.lengths), "ds": panel.times, "y": panel.values})
    for mark, covariates in (("x", panel.covariates), ("past", panel.past_covariates)):
        for j in range(0 if covariates is None else covariates.shape[1]):
            frame[f"{mark}{j}"] = np.asarray(covariates)[:, j]
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(about).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    write_bytes(path, sink.getvalue().to_pybytes())


@functools.lru_cache(maxsize=2)  # jobs of one block often come one after another
def read_block(path: Path) -> Panel:
    """The panel in a file that `write_block` wrote."""
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[_KEY])
    frame = table.to_pandas()
    indptr = np.concatenate([[0], np.cumsum(about["lengths"])]).astype(np.int64)
    ahead, past = (
        np.column_stack([frame[f"{mark}{j}"].to_numpy(dtype=np.float64) for j in range(len(names))]) if names else None
        for mark, names in (("x", about["covariates"]), ("past", about["past_covariates"]))
    )
    ids = pd.Index(frame["unique_id"].array.take(indptr[:-1]))
    return Panel(
        values=frame["y"].to_numpy(dtype=np.float64),
        times=pd.Index(frame["ds"].array),
        indptr=indptr,
        ids=ids,
        freq=parse_freq(about["freq"]),
        covariates=ahead,
        covariate_names=tuple(about["covariates"]),
        past_covariates=past,
        past_names=tuple(about["past_covariates"]),
        levels={name: tuple(kinds) for name, kinds in about["levels"].items()},
        calendar=about["calendar"],
    ).with_static(None if about["static"] is None else pd.DataFrame(about["static"], index=ids))
