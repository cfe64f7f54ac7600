"""Result files: one for each finished job, with its checksum in its name."""

import dataclasses
import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tsforecast._types import Floats
from tsforecast.backtest.plan.jobs import Failure, FitFact, JobResult
from tsforecast.backtest.store.files import write_bytes
from tsforecast.backtest.store.folder import result_paths


def write_result(folder: Path, key: str, result: JobResult) -> Path:
    """Write a result as ``KEY-CHECKSUM.parquet``, whole or not at all; the path of the file."""
    sink = pa.BufferOutputStream()
    pq.write_table(_to_table(result), sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    path = folder / f"{key}-{_checksum(content)}.parquet"
    write_bytes(path, content, at_once=False)  # a file that a power cut has damaged is recognised by its checksum
    return path


def read_result(path: Path) -> JobResult:
    """The result in a file."""
    table = pq.read_table(pa.BufferReader(path.read_bytes()))
    about: dict[str, Any] = json.loads(table.schema.metadata[b"tsforecast"])
    shape = tuple(about["shape"])
    columns = [table.column(i).to_numpy() for i in range(table.num_columns)]
    names: list[str] = about.get("parts", [])
    n_levels = len(columns) - 1 - len(names)
    quantiles: Floats = np.stack(columns[1 : n_levels + 1], axis=-1) if n_levels else np.empty((columns[0].size, 0))
    return JobResult(
        mean=columns[0].reshape(shape),
        quantiles=quantiles.reshape(*shape, n_levels),
        fit_seconds=tuple(about["fit_seconds"]),
        predict_seconds=tuple(about["predict_seconds"]),
        failures=tuple(Failure(*row) for row in about["failures"]),
        warned=about["warned"],
        facts=tuple(FitFact(place, name, first, tuple(own)) for place, name, first, own in about.get("facts", [])),
        parts={name: part.reshape(shape) for name, part in zip(names, columns[n_levels + 1 :], strict=True)},
    )


def intact_results(folder: Path, keys: Collection[str]) -> dict[str, Path]:
    """Files of finished jobs by key; a file of one of these keys that does not match its checksum is removed."""
    found = {}
    for path in result_paths(folder, keys):
        key, _, checksum = path.stem.partition("-")
        if checksum == _checksum(path.read_bytes()):
            found[key] = path
        else:
            path.unlink()
    return found


def find_result(folder: Path, key: str) -> Path | None:
    """The result file of a job whose checksum matches; None if there is none."""
    for path in sorted(folder.glob(f"{key}-*.parquet")):
        if path.stem.rpartition("-")[2] == _checksum(path.read_bytes()):
            return path
    return None


def _to_table(result: JobResult) -> pa.Table:
    tables = [result.mean, *np.moveaxis(result.quantiles, -1, 0), *result.parts.values()]
    columns = [np.ascontiguousarray(table).reshape(-1) for table in tables]
    about = {
        "shape": result.mean.shape,
        "fit_seconds": result.fit_seconds,
        "predict_seconds": result.predict_seconds,
        "failures": [dataclasses.astuple(failure) for failure in result.failures],
        "warned": result.warned,
        "parts": list(result.parts),
        "facts": result.facts,
    }
    table = pa.table({f"c{j}": column for j, column in enumerate(columns)})
    return table.replace_schema_metadata({b"tsforecast": json.dumps(about).encode()})


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
