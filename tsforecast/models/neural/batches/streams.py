"""Series -> parallel streams -> chunks, the batches of truncated BPTT.

A stream is a row of whole series, one after another; all streams have nearly equal length. One batch is chunk k of
every stream, ``bptt_length`` steps::

                     chunk 0          chunk 1          chunk 2
    stream 0    | a a a a a a a  |  a a a R b b b  |  b b b b b b b  |
    stream 1    | c c c c c c c  |  c c c c c c c  |  c R d d d d .  |
                                 ^                 ^
                  values of the state pass the cut, gradients do not

``R`` marks the first step of a series: the state before it counts as zero, by a mask, in mid-chunk as well. ``.`` is
padding at the end of a stream, without a loss. Each epoch distributes the series to streams anew, shuffles their order
within a stream and begins with a chunk of random length (the phase), so that cuts fall elsewhere each time.
"""

import heapq
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from tsforecast._types import Bools, Floats, Ints
from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk, Table


class Streams(NamedTuple):
    """Table row of each step of each stream, and whether a series begins there: both ``(n_steps, n_streams)``."""

    rows: Ints
    reset: Bools


def n_streams_for(lengths: Ints, most: int) -> int:
    """Number of streams that hold the series with little padding, at most ``most``.

    Examples
    --------
    >>> n_streams_for(np.array([100, 50, 50]), 32), n_streams_for(np.array([10] * 100), 32)
    (2, 32)
    """
    return int(max(1, min(most, lengths.sum() // lengths.max())))


def pack(first: Ints, lengths: Ints, n_streams: int, padding: int, rng: "np.random.Generator | None" = None) -> Streams:
    """Series distributed to streams of nearly equal length.

    The longest series goes first, each to the stream that is shortest so far (Graham 1969: never longer than 4/3 of
    the best); ``rng`` breaks ties and shuffles the order within each stream.

    Parameters
    ----------
    first, lengths : ndarray of int, shape (n_series,)
        First row of each series in the table, and its length.
    n_streams, padding : int
        ``padding`` is the table's row of zeros.

    Examples
    --------
    >>> pack(np.array([0, 3, 5]), np.array([3, 2, 1]), 2, 6).rows.T.tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    order = np.arange(lengths.size) if rng is None else rng.permutation(lengths.size)
    order = order[np.argsort(-lengths[order], kind="stable")]
    streams: list[list[int]] = [[] for _ in range(n_streams)]
    heap = [(0, k) for k in range(n_streams)]
    for i in order.tolist():
        total, k = heapq.heappop(heap)
        streams[k].append(i)
        heapq.heappush(heap, (total + int(lengths[i]), k))
    n_steps = max(total for total, _ in heap)
    rows = np.full((n_steps, n_streams), padding, dtype=np.int64)
    reset = np.zeros((n_steps, n_streams), dtype=np.bool_)
    for k, members in enumerate(streams):
        at = 0
        for i in members if rng is None else rng.permutation(members).tolist():
            rows[at : at + lengths[i], k] = first[i] + np.arange(lengths[i])
            reset[at, k] = True
            at += int(lengths[i])
    return Streams(rows, reset)


def cut(n_steps: int, bptt_length: int, phase: int = 0) -> list[slice]:
    """Chunks of a stream as slices: first ``phase`` steps (none for 0), then ``bptt_length`` each, then the rest.

    Examples
    --------
    >>> cut(10, 4, phase=3)
    [slice(0, 3, None), slice(3, 7, None), slice(7, 10, None)]
    """
    marks = sorted({0, *range(phase, n_steps, bptt_length), n_steps})
    return [slice(a, b) for a, b in itertools.pairwise(marks)]


class TrainingRows(NamedTuple):
    """Inputs and targets of every observation, and the weights of the targets."""

    x: Floats  # (n_obs, input_size)
    target: Floats  # (n_obs, horizon), nan where there is none
    scale: Floats  # (n_obs,)
    weight: Floats  # (n_obs, horizon), or a shape that broadcasts to it


def tables_of(given: TrainingRows, n_kept: Ints, lengths: Ints, dtype: torch.dtype) -> tuple[Table, Table]:
    """The tables of training and of validation, which differ in the weights of targets.

    A target counts for validation where it lies in the last ``n_kept[i]`` steps of its series, for training where it
    lies before; nan counts for neither.
    """
    horizon = given.target.shape[1]
    seen = ~np.isnan(given.target)
    age = np.concatenate([np.arange(n) for n in lengths])[:, None]
    tail = age + np.arange(1, horizon + 1) >= np.repeat(lengths - n_kept, lengths)[:, None]

    def with_padding(array: Floats) -> torch.Tensor:
        return torch.cat([torch.as_tensor(array, dtype=dtype), torch.zeros(1, *array.shape[1:], dtype=dtype)])

    inputs, targets, scale = with_padding(given.x), with_padding(np.nan_to_num(given.target)), with_padding(given.scale)
    training, validation = (with_padding(np.where(part, given.weight, 0.0)) for part in (seen & ~tail, seen & tail))
    series = np.append(np.repeat(np.arange(lengths.size), lengths), UNKNOWN)
    return Table(inputs, targets, training, scale, series), Table(inputs, targets, validation, scale, series)


class Loader(ABC):
    """Iterable over the chunks of an epoch, all of one shape but for the first and the last.

    Lightning uses it in place of a DataLoader. The chunks of an epoch depend on (seed, epoch) only, so that a resumed
    run sees the same as an uninterrupted one.

    Attributes
    ----------
    n_streams, length, n_chunks : int
        Streams and steps of a chunk that is not cut short; chunks of an epoch.
    clock : callable, optional
        Returns the epoch; needed because Lightning sets it too late after a resume.
    """

    n_streams: int
    length: int
    n_chunks: int

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._epoch = 0
        self.clock: Callable[[], int] | None = None
        self.batch_sampler = None  # where Lightning looks for ``set_epoch`` before it takes ``sampler``

    @property
    def sampler(self) -> "Loader":
        """The loader itself, for Lightning, which calls ``set_epoch``; a property, to avoid a reference cycle."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose chunks come next."""
        self._epoch = epoch

    @property
    def epoch(self) -> int:
        """The epoch whose chunks come next."""
        return self._epoch if self.clock is None else self.clock()

    @abstractmethod
    def __iter__(self) -> Iterator[Chunk]:
        """The chunks of an epoch, in order."""


class ChunkLoader(Loader):
    """Loader of streams that are packed and cut anew in each epoch.

    Parameters
    ----------
    table : Table
    first, lengths : ndarray of int, shape (n_series,)
    n_streams, bptt_length, seed : int
        ``n_streams`` of each share.
    shuffle : bool
        Whether each epoch distributes the series anew.
    share : tuple of int
        Number of this device, from 0, and of all devices: each takes an equal share of the streams.
    """

    def __init__(
        self,
        table: Table,
        first: Ints,
        lengths: Ints,
        *,
        n_streams: int,
        bptt_length: int,
        seed: int = 0,
        shuffle: bool = True,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        super().__init__(seed)
        self.table, self.first, self.lengths = table, first, lengths
        self.n_streams, self.bptt_length, self.shuffle = n_streams, bptt_length, shuffle
        self.share = share
        self.length = bptt_length
        self.n_chunks = -(-pack(first, lengths, n_streams * share[1], 0).rows.shape[0] // bptt_length)

    def __iter__(self) -> Iterator[Chunk]:
        """Chunk 0, 1, ... of every stream."""
        rng = np.random.default_rng([self.seed, self.epoch]) if self.shuffle else None
        padding = self.table.x.shape[0] - 1
        mine, shares = self.share
        streams = pack(self.first, self.lengths, self.n_streams * shares, padding, rng)
        rows = np.ascontiguousarray(streams.rows[:, mine::shares])
        reset = np.ascontiguousarray(streams.reset[:, mine::shares])
        phase, arrays = 0 if rng is None else int(rng.integers(1, self.bptt_length + 1)), self.table.flat()
        for steps in cut(len(rows), self.bptt_length, phase):
            yield self.table.chunk(rows[steps], reset[steps], arrays)


class WindowLoader(Loader):
    """Loader of windows drawn at random, with the state at zero before each, as in other libraries.

    Only the last step of a window has a loss; an epoch has as many batches as one of `ChunkLoader`. Windows come from
    (seed, epoch) alone.

    Parameters
    ----------
    table : Table
    first, lengths : ndarray of int, shape (n_series,)
    n_windows, window_length, n_chunks, seed : int
        Windows of a batch, steps of a window, batches of an epoch.
    """

    def __init__(
        self, table: Table, first: Ints, lengths: Ints, *, n_windows: int, window_length: int, n_chunks: int, seed: int
    ) -> None:
        super().__init__(seed)
        self.table, self.first, self.lengths = table, first, lengths
        self.n_streams, self.window_length, self.n_chunks = n_windows, window_length, n_chunks
        self.length = window_length

    def __iter__(self) -> Iterator[Chunk]:
        """Batches of windows that end at observations drawn with equal probability."""
        rng = np.random.default_rng([self.seed, self.epoch])
        starts = np.repeat(self.first, self.lengths)
        ends = starts + np.concatenate([np.arange(n) for n in self.lengths])
        back = np.arange(self.window_length - 1, -1, -1)[:, None]
        for _ in range(self.n_chunks):
            drawn = rng.integers(0, ends.size, self.n_streams)
            rows = ends[drawn] - back  # (window_length, n_windows)
            reset = rows == np.maximum(starts[drawn], rows[0])
            rows = np.where(rows >= starts[drawn], rows, self.table.x.shape[0] - 1)
            chunk = self.table.chunk(rows, reset)
            chunk.wanted[1][:, :-1] = 0
            yield chunk
