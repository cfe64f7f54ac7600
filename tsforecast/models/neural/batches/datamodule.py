"""StreamDataModule: from series to the chunks of a training run."""

import dataclasses
import itertools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import torch

from tsforecast._types import Bools, Ints
from tsforecast.data import catalog, known
from tsforecast.data.read import read_as
from tsforecast.data.reading import Reading
from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.batches.chunk import UNKNOWN, Table
from tsforecast.models.neural.batches.defaults import FEWEST, fewest_for, horizon_of, why_so_many
from tsforecast.models.neural.batches.folder import SKIP_HINT, BlockLoader, Folder
from tsforecast.models.neural.batches.streams import (
    ChunkLoader,
    Loader,
    TrainingRows,
    WindowLoader,
    n_streams_for,
    tables_of,
)
from tsforecast.models.neural.checks import check_value
from tsforecast.models.neural.heads import LossName, head_of
from tsforecast.models.neural.options import Decoding
from tsforecast.models.neural.prepare.features import FeatureLayout, Inputs, inputs_of, layout_of
from tsforecast.models.neural.prepare.fitted import FittedPreparation
from tsforecast.models.neural.prepare.loss_weights import loss_weights_of
from tsforecast.models.neural.prepare.preparation import Preparation, fit_preparation, relearn
from tsforecast.models.neural.seeds import seed_of
from tsforecast.panel import Panel
from tsforecast.panel.too_short import SkipOrError, check_lengths, check_skip_or_error
from tsforecast.series.outliers import clip_outliers

_LOGGER = logging.getLogger("tsforecast.data.read")  # which the command line prints
_SHORTEST_CUT = 24  # steps between cuts of the gradient, at least


class StreamDataModule(pl.LightningDataModule):
    """Chunks of parallel streams, for training and for the validation tail.

    Parameters
    ----------
    source : str
        Name of a data set of the catalog, path of a CSV or Parquet file, or of a folder of Parquet files, which may be
        larger than memory: see `use_folder`.
    reading : Reading, optional
        Columns and format of a file, where they are not to be detected.
    season_length : int, optional
        Steps per season; what is usual for the frequency where it is None.
    bptt_length : int, optional
        Steps between two cuts of the gradient; where it is None one season and at least 24, so that what happened
        at the same time last season can be learnt from; two seasons where one is a day.
    batch_size : int
        Largest number of parallel streams, or windows of a batch.
    kind : {"bptt", "windows"}
        Streams whose state is carried, or windows drawn at random.
    window_length : int, optional
        Steps of a window; two seasons, at least 24, where it is None.
    validation_size : float
        Share at the end of each series (its tail) that is not trained on.
    decoding : Decoding, optional
    preparation : Preparation, optional
    too_short : {"error", "skip"}
        Series of the source with fewer observations than a network needs are an error that names all of them, or are
        left out and logged.
    random_state : int
        Seed of the order of series and of the phase, the same as an estimator with this ``random_state`` takes.

    Attributes
    ----------
    seed : int
        Derived from ``random_state``: see `seeds.seed_of`.

    Examples
    --------
    >>> data = StreamDataModule("airline")
    >>> data.setup()
    >>> data.horizon
    18
    """

    def __init__(
        self,
        source: str = "",
        *,
        reading: Reading | None = None,
        season_length: int | None = None,
        bptt_length: int | None = None,
        batch_size: int = 32,
        kind: Literal["bptt", "windows"] = "bptt",
        window_length: int | None = None,
        validation_size: float = 0.1,
        decoding: Decoding | None = None,
        preparation: Preparation | None = None,
        too_short: SkipOrError = "error",
        random_state: int = 0,
    ) -> None:
        super().__init__()
        self.too_short = too_short
        self.source, self.reading = source, reading
        self.season_length, self.bptt_length = season_length, bptt_length
        self.batch_size, self.validation_size, self.seed = batch_size, validation_size, seed_of(random_state)
        self.kind, self.window_length = kind, window_length
        self.decoding, self.preparation = decoding or Decoding(), preparation or Preparation()
        self.panel: Panel | None = None  # as given
        self.learnt_from: Panel | None = None  # the same with isolated outliers clipped
        self.folder: Folder | None = None
        self._latest: Panel | None = None
        self.dtype = torch.float32
        self.n_epochs_done = 0  # of the trainer's fit, counted by the module

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of the data: how many epochs were done."""
        return {"n_epochs_done": self.n_epochs_done}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.n_epochs_done = int(state_dict["n_epochs_done"])

    def setup(self, stage: str | None = None) -> None:
        """Read the source, unless series were given or it was read before."""
        if self.panel is not None:
            return
        is_known = self.source in known.names()
        if self.reading is not None and (is_known or Path(self.source).is_dir()):
            raise ParameterError(
                f"{self.source!r} is {'a data set' if is_known else 'a folder'}; reading is for a file."
            )
        if is_known:
            dataset = catalog.load(self.source)
            self.season_length = self.season_length or dataset.season_length
            self.use(self._long_enough(dataset.panel))
        elif Path(self.source).is_dir():
            self.use_folder(Folder(Path(self.source), too_short=self.too_short))
        else:
            self.use(self._long_enough(read_as(self.source, self.reading or Reading())))

    def _long_enough(self, panel: Panel) -> Panel:
        """The series that are long enough for a network."""
        check_skip_or_error(self.too_short)
        needed = fewest_for(self.preparation, self.season_length or panel.season_length)
        short = panel.n_present < needed
        if self.too_short == "error" or short.all():
            check_lengths(panel.ids, panel.n_present, needed, why_so_many(needed), "" if short.all() else SKIP_HINT)
        _log_skipped(dict(zip(panel.ids[short].tolist(), panel.n_present[short].tolist(), strict=True)))
        return panel.take(np.flatnonzero(~short)) if short.any() else panel

    def use_folder(self, folder: Folder) -> None:
        """Use series that are read block by block in training, so that memory does not grow with their number.

        A random sample of them is kept in memory as ``panel``: scales of covariates, the linear start and the spread of
        residuals are learnt from it, and its tails are validated on. The transform, season, level and scale of a series
        are learnt from its own values each time it is read.
        """
        if self.kind == "windows":
            raise ParameterError("kind='windows' needs series in memory; a folder is read in streams, kind='bptt'.")
        season = self.season_length
        if season is None and self.preparation.difference == "season":
            season = folder.longest().season_length
        needed = fewest_for(self.preparation, season or 1)
        folder.check(needed, why_so_many(needed))
        _log_skipped(folder.skipped)
        self.folder = folder
        self.use(folder.sample(self.seed))

    @property
    def n_obs(self) -> int:
        """Number of observations to learn from; reads the source."""
        self.setup()
        assert self.panel is not None
        return self.panel.n_obs if self.folder is None else self.folder.n_obs

    def use(self, panel: Panel, known: tuple[FittedPreparation, FeatureLayout] | None = None) -> None:
        """Use these series, and learn their transforms, levels and scales unless the preparation is ``known``."""
        check_lengths(panel.ids, panel.n_present, FEWEST, why_so_many(FEWEST))
        self._check()
        self.panel = panel
        self.learnt_from = panel = self._clipped(panel)
        season, counts = self.season_length or panel.season_length, self.loss == "negative_binomial"
        ahead = horizon_of(self.decoding, season)
        self.prepared: FittedPreparation
        self.layout: FeatureLayout
        if known is None:
            n_steps = ahead if self.decoding.kind == "direct" else 1
            self.prepared = fit_preparation(panel, self.preparation, season, ahead, counts=counts)
            self.layout = layout_of(panel, self.prepared, self.preparation.n_fourier, n_steps)
        else:
            self.prepared, self.layout = known
        if self.folder is not None:
            self.layout = dataclasses.replace(self.layout, n_series=0)
        self.n_kept: Ints
        self.inputs: Inputs
        self.tables: tuple[Table, Table]
        self.n_kept, self.inputs, self.tables = self._learn_from(panel, self.prepared)
        if (panel.lengths - self.n_kept < 2).all():
            raise ParameterError(
                f"validation_size={self.validation_size} leaves nothing to learn from: the longest series has "
                f"{panel.lengths.max()} observations."
            )

    def use_whole(self) -> None:
        """Add the tails to the training data."""
        assert self.learnt_from is not None
        self.validation_size = 0.0
        self.n_kept, self.inputs, self.tables = self._learn_from(self.learnt_from, self.prepared)

    @property
    def series_numbers(self) -> Ints:
        """Number of each series, ``(n_series,)``: see `Chunk.series`."""
        n_series = self._lengths.size
        return np.arange(n_series) if self.folder is None else np.full(n_series, UNKNOWN)

    @property
    def is_kept(self) -> Bools:
        """Whether each target lies in a tail that is not trained on, ``(n_obs, horizon)``."""
        lengths = self._lengths
        position = np.concatenate([np.arange(n) for n in lengths])[:, None] + np.arange(1, self.horizon + 1)
        return np.asarray(position >= np.repeat(lengths - self.n_kept, lengths)[:, None])

    def id_at(self, row: int) -> Any:
        """Id of the series of a row of the table that chunks come from."""
        panel = self._latest or self.panel
        assert panel is not None
        return panel.id_at(row)

    def _clipped(self, panel: Panel) -> Panel:
        return panel if self.loss == "negative_binomial" else clip_outliers(panel)  # counts stay whole numbers

    def _learn_from(self, panel: Panel, prepared: FittedPreparation) -> tuple[Ints, Inputs, tuple[Table, Table]]:
        """Steps kept from training, inputs and targets, and the tables of training and validation."""
        n_kept = np.floor(self.validation_size * panel.lengths).astype(np.int64)
        before = panel.slice(np.zeros_like(n_kept), panel.lengths - n_kept)
        learnt = relearn(prepared, before) if n_kept.any() else prepared
        inputs = inputs_of(panel, learnt, self.layout)
        weights = loss_weights_of(self.loss, panel, before, learnt, inputs.scale)
        furthest = head_of(self.loss).furthest
        rows = TrainingRows(inputs.x, np.clip(inputs.target, -furthest, furthest), inputs.scale, weights)
        tables = tables_of(rows, n_kept, panel.lengths, self.dtype)
        if self.folder is not None:  # series of a folder have no number
            for table in tables:
                table.series.fill(UNKNOWN)
        return n_kept, inputs, tables

    def _block(self, panel: Panel, epoch: int, n_streams: int) -> ChunkLoader:
        """The chunks of a block of series of the folder."""
        self._latest = panel
        panel = self._clipped(panel)
        season, counts = self.layout.season_length, self.loss == "negative_binomial"
        prepared = fit_preparation(panel, self.preparation, season, horizon_of(self.decoding, season), counts=counts)
        prepared = dataclasses.replace(
            prepared, mixed=self.prepared.mixed
        )  # the columns of inputs are those of the sample
        n_kept, _, tables = self._learn_from(panel, prepared)
        loader = self._loader(tables[0], panel.lengths - n_kept, panel.lengths, n_streams=n_streams)
        loader.set_epoch(epoch)
        return loader

    def _check(self) -> None:
        for name in ("season_length", "bptt_length", "window_length"):
            check_value(name, getattr(self, name), int | None, 1)
        check_value("batch_size", self.batch_size, int, 1)
        check_value("validation_size", self.validation_size, float, 0)
        if not self.validation_size < 1:
            raise ParameterError(f"validation_size={self.validation_size} is not a share, 0 <= validation_size < 1.")

    @property
    def input_size(self) -> int:
        """Number of inputs of a step; reads the source."""
        self.setup()
        return self.layout.input_size

    @property
    def horizon(self) -> int:
        """Steps that one output covers; reads the source."""
        self.setup()
        return self.layout.horizon

    @property
    def loss(self) -> LossName:
        """The loss of the decoding."""
        return self.decoding.loss

    @property
    def window(self) -> int | None:
        """Steps of a window; None for streams."""
        if self.kind == "bptt":
            return None
        return self.window_length or max(2 * self.layout.season_length, _SHORTEST_CUT)

    def train_dataloader(self) -> Loader:
        """Chunks, or windows, of the series without their tails."""
        lengths = self._lengths - self.n_kept
        streams = self._loader(self.tables[0], lengths, self._lengths)
        loader: Loader = streams
        if self.window is not None:
            loader = self._windows(streams, lengths, self.window)
        elif self.folder is not None:
            n_streams = streams.n_streams
            loader = BlockLoader(self.folder, lambda panel, epoch: self._block(panel, epoch, n_streams), streams)
        if self.trainer is not None:
            loader.clock = lambda: self.n_epochs_done  # the epoch that the trainer tells comes too late after a resume
        return loader

    def _windows(self, streams: ChunkLoader, lengths: Ints, window: int) -> WindowLoader:
        rank, n_ranks = self._share
        return WindowLoader(
            self.tables[0],
            streams.first,
            lengths,
            n_windows=self.batch_size,
            window_length=window,
            n_chunks=streams.n_chunks,
            seed=self.seed * n_ranks + rank,
        )

    def val_dataloader(self) -> ChunkLoader | list[ChunkLoader]:
        """Chunks of the whole series, in which only the tails have a weight."""
        self.setup()
        if not self.n_kept.any():
            return []
        return self._loader(self.tables[1], self._lengths, self._lengths, shuffle=False)

    @property
    def _lengths(self) -> Ints:
        self.setup()
        assert self.panel is not None
        return self.panel.lengths

    @property
    def _usual_cut(self) -> int:
        season, cycle = self.layout.season_length, self.layout.cycle
        return 2 * season if cycle > season else max(season, _SHORTEST_CUT)

    def _loader(
        self, table: Table, lengths: Ints, whole: Ints, *, shuffle: bool = True, n_streams: int | None = None
    ) -> ChunkLoader:
        """The first ``lengths`` steps of series that have ``whole`` in the table."""
        first = np.concatenate([[0], np.cumsum(whole)[:-1]])
        rank, n_ranks = self._share
        return ChunkLoader(
            table,
            first,
            lengths,
            n_streams=n_streams or max(n_streams_for(lengths, self.batch_size * n_ranks) // n_ranks, 1),
            bptt_length=self.bptt_length or self._usual_cut,
            seed=self.seed,
            shuffle=shuffle,
            share=(rank, n_ranks),
        )

    @property
    def _share(self) -> tuple[int, int]:
        """Number of this device and of all that train together."""
        return (0, 1) if self.trainer is None else (int(self.trainer.global_rank), int(self.trainer.world_size))


def _log_skipped(skipped: Mapping[Any, int]) -> None:
    if skipped:
        names = ", ".join(f"{name!r} ({n})" for name, n in itertools.islice(skipped.items(), 10))
        more = ", …" if len(skipped) > 10 else ""
        _LOGGER.info("%d series are too short and left out: %s%s", len(skipped), names, more)
