"""A finished job as one file, which carries its own checksum in its name."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tsforecast._types import Floats
from tsforecast.backtest.plan.describe import contents, describe
from tsforecast.backtest.plan.jobs import Failure, Job, Part
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.store.files import write_bytes
from tsforecast.backtest.store.folder import part_paths

# Packages that a forecast can depend on; a part made under other versions is not used.
_PACKAGES = ("tsforecast", "numpy", "scipy", "pandas", "numba", "statsmodels", "torch", "pytorch-lightning")


@functools.cache
def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that forecasts can depend on."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


def job_keys(plan: Plan, jobs: Sequence[Job]) -> list[str]:
    """A hash, for each job, of all that its forecasts depend on: data, model, cutoffs, quantiles, package versions."""
    common = [plan.panel.fingerprint(), describe(dataclasses.asdict(plan.cv)), plan.levels.tolist(), package_versions()]
    shared = json.dumps(common, sort_keys=True)
    described: dict[int, str] = {}
    content = contents(plan.models)
    keys = []
    for job in jobs:
        if id(job.forecaster) not in described:
            described[id(job.forecaster)] = json.dumps(describe(job.forecaster), sort_keys=True)
        model = [job.model, described[id(job.forecaster)], content[job.model]]
        own = json.dumps([model, job.seed, job.windows, job.first, job.stop])
        keys.append(hashlib.sha256((shared + own).encode()).hexdigest()[:24])
    return keys


def write_part(folder: Path, key: str, part: Part) -> Path:
    """Write a part as ``KEY-CHECKSUM.parquet``, whole or not at all; the path of the file."""
    sink = pa.BufferOutputStream()
    pq.write_table(_to_table(part), sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    path = folder / f"{key}-{_checksum(content)}.parquet"
    write_bytes(path, content, at_once=False)  # a part that a power cut has torn is known by its checksum
    return path


def read_part(path: Path) -> Part:
    """The part in a file."""
    table = pq.read_table(pa.BufferReader(path.read_bytes()))
    about: dict[str, Any] = json.loads(table.schema.metadata[b"tsforecast"])
    shape = tuple(about["shape"])
    columns = [table.column(i).to_numpy() for i in range(table.num_columns)]
    quantiles: Floats = np.stack(columns[1:], axis=-1) if len(columns) > 1 else np.empty((columns[0].size, 0))
    return Part(
        mean=columns[0].reshape(shape),
        quantiles=quantiles.reshape(*shape, len(columns) - 1),
        fit_seconds=tuple(about["fit_seconds"]),
        predict_seconds=tuple(about["predict_seconds"]),
        failures=tuple(Failure(*row) for row in about["failures"]),
        warned=about["warned"],
    )


def sound_parts(folder: Path, keys: Collection[str]) -> dict[str, Path]:
    """Files of finished jobs by key; a file of one of these keys that does not match its checksum is removed."""
    found = {}
    for path in part_paths(folder, keys):
        key, _, checksum = path.stem.partition("-")
        if checksum == _checksum(path.read_bytes()):
            found[key] = path
        else:
            path.unlink()
    return found


def find_part(folder: Path, key: str) -> Path | None:
    """The sound file of a finished job, if there is one."""
    for path in sorted(folder.glob(f"{key}-*.parquet")):
        if path.stem.rpartition("-")[2] == _checksum(path.read_bytes()):
            return path
    return None


def _to_table(part: Part) -> pa.Table:
    tables = [part.mean, *np.moveaxis(part.quantiles, -1, 0)]
    columns = [np.ascontiguousarray(table).reshape(-1) for table in tables]
    about = {
        "shape": part.mean.shape,
        "fit_seconds": part.fit_seconds,
        "predict_seconds": part.predict_seconds,
        "failures": [dataclasses.astuple(failure) for failure in part.failures],
        "warned": part.warned,
    }
    table = pa.table({f"c{j}": column for j, column in enumerate(columns)})
    return table.replace_schema_metadata({b"tsforecast": json.dumps(about).encode()})


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
