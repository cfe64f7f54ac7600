"""Folder: a panel larger than memory in Parquet files, read a block of whole series at a time."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tsforecast._types import Ints
from tsforecast.exceptions import CovariateError, DataError, MissingFileError
from tsforecast.models.neural.batches.batched_fits import marked
from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk, padded
from tsforecast.models.neural.batches.streams import ChunkLoader, Loader
from tsforecast.panel import Panel
from tsforecast.panel.covariates import CovariateGaps, check_gaps_option
from tsforecast.panel.times.frequency import Freq
from tsforecast.panel.too_short import SkipOrError, check_skip_or_error, too_short_error

SKIP_HINT = "too_short='skip' goes on without them (--data.too_short skip on the command line)."
_BLOCK_ROWS = 100_000  # observations in memory at once
_SAMPLE_ROWS = 50_000  # observations of the sample: see `StreamDataModule.use_folder`


class Unit(NamedTuple):
    """Row groups of a file that together hold whole series."""

    path: Path
    groups: tuple[int, ...]
    n_rows: int


class UnitCheck(NamedTuple):
    """Result of checking a unit."""

    n_series: int
    n_rows: int  # of series that are long enough
    short: dict[str, int]  # observations of those that are not, by name
    has_gaps: bool  # whether a covariate or static value is missing or infinite


class Folder:
    """Series in the Parquet files of a folder, and of the folders in it.

    Columns are ``unique_id``, ``ds`` and ``y``, and those named in ``covariates`` and ``static``; a part of a path such
    as ``store=12`` is a column, too (Hive partitioning). Rows of a series lie in one file, one after another
    in time; series may go on from one row group to the next.

    Parameters
    ----------
    path : Path
    covariates, static : sequence of str
    too_short : {"error", "skip"}
        Series with too few observations are an error, or left out: see `check`.
    covariate_gaps : {"error", "ffill", "interpolate"}
        Missing covariates are an error, or filled in: see `Panel.with_covariates`.

    Attributes
    ----------
    skipped : dict of str to int
        Observations of each series that is left out as too short, by name.

    Raises
    ------
    MissingFileError
        There is no Parquet file.
    DataError
        A file lacks a column or is not Parquet; there are no rows; rows of a series are in several places.
    """

    def __init__(
        self,
        path: Path,
        covariates: Sequence[str] = (),
        static: Sequence[str] = (),
        *,
        too_short: SkipOrError = "error",
        covariate_gaps: CovariateGaps = "error",
    ) -> None:
        check_skip_or_error(too_short)
        check_gaps_option(covariate_gaps)
        self.path, self.covariates, self.static = path, tuple(covariates), tuple(static)
        self.too_short, self.covariate_gaps = too_short, covariate_gaps
        self.skipped: dict[str, int] = {}
        files = sorted(file for file in path.rglob("*.parquet") if file.is_file())
        if not files:
            raise MissingFileError(f"There is no Parquet file in the folder {str(path)!r}.")
        self.units: list[Unit] = [unit for file in files for unit in self._units(file)]
        if not self.units:
            raise DataError(f"The Parquet files in the folder {str(path)!r} have no rows.")
        self.n_obs: int = sum(unit.n_rows for unit in self.units)
        self.freq: Freq | None = None
        self._check_ids()

    @property
    def _columns(self) -> list[str]:
        return ["unique_id", "ds", "y", *self.covariates, *self.static]

    def _units(self, path: Path) -> list[Unit]:
        try:
            file = pq.ParquetFile(path)
        except (OSError, ValueError) as error:  # base classes of all errors of pyarrow
            raise DataError(f"{path} is no Parquet file: {error}") from error
        with file:
            partition = _partition(path.relative_to(self.path))
            absent = [name for name in self._columns if name not in {*file.schema_arrow.names, *partition}]
            if absent:
                raise DataError(f"{path} has no column {absent[0]!r}; it has {file.schema_arrow.names}.")
            sizes = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
            filled = [k for k, size in enumerate(sizes) if size]
            chains = [filled[:1]] if filled else []
            for before, k in itertools.pairwise(filled):
                if "unique_id" in partition or _goes_on(file, before, k):
                    chains[-1].append(k)
                else:
                    chains.append([k])
        return [Unit(path, tuple(chain), sum(sizes[k] for k in chain)) for chain in chains]

    def _check_ids(self) -> None:
        """Raise where a series is in two units; ids are compared by hashes of eight bytes."""
        marks = [pd.util.hash_array(self._ids(unit)) for unit in self.units]
        of = np.repeat(np.arange(len(marks)), [part.size for part in marks])
        every = np.concatenate(marks)
        _, first, count = np.unique(every, return_index=True, return_counts=True)
        if (count == 1).all():
            return
        twice = every == every[first[np.argmax(count > 1)]]
        one, other = (self.units[k] for k in of[twice][:2])
        name = self._ids(one)[int(np.argmax(marks[of[twice][0]] == every[twice][0]))]
        where = f"{one.path} and in {other.path}" if one.path != other.path else f"two places of {one.path}"
        raise DataError(f"Series {name!r} is in {where}; rows of a series lie in one file, one after another.")

    def _ids(self, unit: Unit) -> NDArray[np.object_]:
        """Ids of the series of a unit."""
        partition = _partition(unit.path.relative_to(self.path))
        if "unique_id" in partition:
            return np.array([partition["unique_id"]], dtype=object)
        with pq.ParquetFile(unit.path) as file:
            column = file.read_row_groups(list(unit.groups), columns=["unique_id"], use_threads=False).column(0)
        return np.array([str(value) for value in column.unique().to_pylist()], dtype=object)

    def check(self, needed: int, why: str) -> None:
        """Check all series before training: whether they are long enough, and covariates and static values present.

        With ``too_short="skip"``, series with fewer than ``needed`` observations are left out.

        Raises
        ------
        SeriesTooShortError
            Some are too short and ``too_short`` is ``"error"``, or all are; the error names all of them.
        CovariateError
            A covariate is missing and cannot be filled, or is infinite, or a static value is missing.
        """
        checks = [self._check_unit(unit, needed) for unit in self.units]
        short = {name: n for one in checks for name, n in one.short.items()}
        n_left = sum(one.n_rows for one in checks)
        if short and (self.too_short == "error" or not n_left):
            have, every = np.array(list(short.values())), np.ones(len(short), np.bool_)
            n_series = sum(one.n_series for one in checks)
            raise too_short_error(pd.Index(list(short)), have, every, why, SKIP_HINT if n_left else "", n_series)
        self.skipped |= short
        self.units = [unit._replace(n_rows=one.n_rows) for unit, one in zip(self.units, checks, strict=True)]
        for unit, one in zip(self.units, checks, strict=True):
            if one.has_gaps and unit.n_rows:
                self._check_covariates(unit)
        self.units = [unit for unit in self.units if unit.n_rows]
        self.n_obs = n_left

    def _check_unit(self, unit: Unit, needed: int) -> UnitCheck:
        """Check one unit."""
        others = [*self.covariates, *self.static]
        frame = self._frame(unit, ["unique_id", "y", *others])
        seen = frame["y"].notna().groupby(frame["unique_id"].astype(str), sort=False).agg(["sum", "size"])
        short = seen[seen["sum"] < needed]
        table = frame[others]
        holes = (table.isna() | table.isin([np.inf, -np.inf])).to_numpy().any()
        names = dict(zip(short.index.tolist(), short["sum"].tolist(), strict=True))
        return UnitCheck(len(seen), len(frame) - int(short["size"].sum()), names, bool(holes))

    def _check_covariates(self, unit: Unit) -> None:
        try:
            self.read([unit])
        except CovariateError as error:
            raise CovariateError(f"{unit.path}: {error}") from error

    def _frame(self, unit: Unit, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of a unit, without the series that are skipped."""
        partition = _partition(unit.path.relative_to(self.path))
        with pq.ParquetFile(unit.path) as file:
            held = [name for name in columns if name not in partition]
            frame = file.read_row_groups(list(unit.groups), columns=held, use_threads=False).to_pandas()
        frame = frame.assign(**{name: partition[name] for name in columns if name in partition})
        if not self.skipped:
            return frame
        return frame[~frame["unique_id"].astype(str).isin(self.skipped)].reset_index(drop=True)

    def read(self, units: Sequence[Unit]) -> Panel:
        """The panel of some units, without the series that are skipped."""
        frames = [self._frame(unit, self._columns) for unit in units]
        for part in frames:
            _check_static(part, self.static)
        frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        panel = Panel.from_frame(
            frame,
            covariates=self.covariates,
            static=self.static,
            freq=self.freq,
            covariate_gaps=self.covariate_gaps,
        )
        self.freq = panel.freq
        return panel

    def longest(self) -> Panel:
        """The panel of the series with the most rows, from which the frequency is inferred."""
        sizes = [self._frame(unit, ["unique_id"])["unique_id"].value_counts(sort=False) for unit in self.units]
        unit, size = max(zip(self.units, sizes, strict=True), key=lambda pair: int(pair[1].max()))
        frame = self._frame(unit, ["unique_id", "ds", "y"])
        return Panel.from_frame(frame[frame["unique_id"] == size.idxmax()], freq=self.freq)

    def blocks(self, rng: np.random.Generator, most: int | None = None) -> Iterator[Panel]:
        """Panels of about ``most`` rows: every series once, in random order of units and of series within them."""
        most = most or _BLOCK_ROWS
        waiting: list[Unit] = []
        for k in rng.permutation(len(self.units)).tolist():
            waiting.append(self.units[k])
            if sum(unit.n_rows for unit in waiting) >= most:
                yield from _split(self.read(waiting), rng, most)
                waiting = []
        if waiting:
            yield from _split(self.read(waiting), rng, most)
        pa.default_memory_pool().release_unused()

    def sample(self, seed: int) -> Panel:
        """A random sample of series, of about 50,000 rows."""
        return next(self.blocks(np.random.default_rng([seed, 1]), _SAMPLE_ROWS))


def _check_static(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise a `CovariateError` naming the first missing value in one of the columns."""
    for name in names:
        missing = frame[name].isna().to_numpy()
        if missing.any():
            row = frame.iloc[int(np.argmax(missing))]
            raise CovariateError(
                f"Series {row['unique_id']!r} has no {name!r} at {row['ds']}; a network needs every static value. Fill "
                "it in the file, or leave the column out."
            )


def _split(panel: Panel, rng: np.random.Generator, most: int) -> Iterator[Panel]:
    """The series of a panel in random order, cut into panels of about ``most`` rows."""
    order: Ints = rng.permutation(panel.n_series)
    begun = np.cumsum(panel.lengths[order]) - panel.lengths[order]
    for part in np.unique(begun // most):
        yield panel.take(order[begun // most == part])


def _partition(path: Path) -> dict[str, str]:
    """Columns given by a path: ``{"store": "12"}`` for a folder named ``store=12``."""
    return dict(part.split("=", 1) for part in path.parts[:-1] if "=" in part)


def _goes_on(file: pq.ParquetFile, before: int, after: int) -> bool:
    """Whether the last series of one row group continues in the next."""
    column = file.schema_arrow.get_field_index("unique_id")
    ends = [file.metadata.row_group(k).column(column).statistics for k in (before, after)]
    if all(end is not None and end.has_min_max for end in ends) and ends[0].max < ends[1].min:
        return False
    last, first = (file.read_row_group(k, columns=["unique_id"]).column(0) for k in (before, after))
    return bool(last[-1].as_py() == first[0].as_py())


class BlockLoader(Loader):
    """Loader of the chunks of a folder, one block of series after another.

    States are reset at the start of a block, which begins with new series. The order of series depends on (seed, epoch)
    only. Short chunks are padded to one length.

    Parameters
    ----------
    folder : Folder
    prepare : callable
        Returns the chunks of a block, given the block and the epoch.
    like : ChunkLoader
        A loader whose chunks have the shape of all chunks.
    """

    def __init__(self, folder: Folder, prepare: Callable[[Panel, int], ChunkLoader], like: ChunkLoader) -> None:
        super().__init__(like.seed)
        self.folder, self.prepare = folder, prepare
        self.n_streams, self.length = like.n_streams, like.length
        steps = -(-folder.n_obs // (like.n_streams * like.share[1]))
        self.n_chunks = -(-steps // like.bptt_length)  # approximately: blocks end in short chunks

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks of one block after another."""
        epoch = self.epoch
        for block in self.folder.blocks(np.random.default_rng([self.seed, epoch, 2])):
            for chunk, is_last in marked(self.prepare(block, epoch)):
                chunk.series.fill_(UNKNOWN)  # a series of a folder has no number
                yield padded(chunk, self.length, before=not is_last)
