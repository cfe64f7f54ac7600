"""BatchedFits: step k of several fits as one batch, so that many small networks cost little more than one.

Each fit has its own series, streams, epochs and chunks; fits are joined along the axis of members::

                 step 0       step 1       step 2       step 3
    fit a   | 0 0 a a a  | a a a a a  | a a 0 0 0  | 0 0 0 a a   an epoch ends with step 2, the next begins with step 3
    fit b   | b b b b b  | b b b b b  | b b b b b  | b b b b 0

Chunks of several fits are padded to one shape with zeros of no weight: the last of an epoch after its steps, since its
state is not used again; a short first one before its steps, since a reset follows. So every member sees what it would
see alone, and its weights are the same to the bit, for sums are made row by row.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import torch

from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk, padded
from tsforecast.models.neural.batches.streams import Loader

_VALIDATIONS = 20  # at most in a run: each is a pass over the panel


class FitSchedule:
    """The chunks of one fit, epoch after epoch, with the steps after which it is validated and ends.

    Parameters
    ----------
    loader : Loader
    n_steps : int
        Steps of the run.
    max_epochs : int, optional
        Epochs of the run, in place of ``n_steps``.
    every_epoch : bool
        Whether the fit is validated after each epoch; otherwise at most 20 times.

    Attributes
    ----------
    n_epochs : int
        Epochs begun.
    stopped : bool
        Set to end the run early.
    """

    def __init__(
        self, loader: Loader, n_steps: int, max_epochs: int | None = None, *, every_epoch: bool = False
    ) -> None:
        self.loader, self.n_steps, self.max_epochs = loader, n_steps, max_epochs
        n_epochs = max_epochs or -(-n_steps // loader.n_chunks)
        self.every = 1 if every_epoch else max(n_epochs // _VALIDATIONS, 1)
        self.n_epochs, self.stopped = 0, False

    def chunks(self, *, whole: bool = True) -> Iterator[tuple[Chunk, bool]]:
        """Each chunk, and whether the fit is due after it, which means that its weights are validated or noted.

        With ``whole``, short chunks are padded to full length.
        """
        n_done = 0
        epochs = itertools.count() if self.max_epochs is None else range(self.max_epochs)
        for epoch in epochs:
            self.loader.set_epoch(epoch)
            self.n_epochs = epoch + 1
            for chunk, is_last in marked(self.loader):
                if self.stopped:
                    return
                n_done += 1
                ends = n_done == self.n_steps if self.max_epochs is None else is_last and epoch == self.max_epochs - 1
                yield (
                    padded(chunk, self.loader.length, before=not is_last) if whole else chunk,
                    ends or (is_last and self.n_epochs % self.every == 0),
                )
                if ends:
                    return


def marked(chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Each chunk of an epoch, and whether it is the last."""
    upcoming = iter(chunks)
    chunk = next(upcoming, None)
    while chunk is not None:
        following = next(upcoming, None)
        yield chunk, following is None
        chunk = following


class BatchedFits:
    """Iterator over batches, of which batch k joins chunk k of every schedule; the whole run is one epoch.

    Parameters
    ----------
    schedules : sequence of FitSchedule
        Of one shape: length, streams, inputs, horizon.
    n_members : int
        Networks of each fit.
    whole : bool
        Whether chunks are padded to one length even for a single fit, so that dropout falls on the same steps and torch
        makes its sums in the same order as for several fits.

    Attributes
    ----------
    due : dict of int to list of int
        Fits that are validated or noted, by the number of steps done.
    epochs : list of int
        Epoch of each fit that the latest batch belongs to, counted from 1; 0 for a fit that has ended.
    """

    def __init__(self, schedules: Sequence[FitSchedule], n_members: int, *, whole: bool = False) -> None:
        self.schedules, self.n_members = schedules, n_members
        self.whole = whole or len(schedules) > 1
        self.due: dict[int, list[int]] = {}
        self.epochs: list[int] = []

    def __iter__(self) -> Iterator[Chunk]:
        """Batches, until every schedule has ended."""
        self.due.clear()
        running = [schedule.chunks(whole=self.whole) for schedule in self.schedules]
        latest: list[Chunk | None] = [None] * len(running)
        for step in itertools.count(1):
            alive = False
            for k, chunks in enumerate(running):
                chunk, due = next(chunks, (None, False))
                alive = alive or chunk is not None
                latest[k] = chunk
                if due:
                    self.due.setdefault(step, []).append(k)
            if not alive:
                return
            self.epochs = [0 if c is None else s.n_epochs for c, s in zip(latest, self.schedules, strict=True)]
            yield self._join(latest)

    def _join(self, chunks: list[Chunk | None]) -> Chunk:
        """One chunk for all members; zeros for a fit that has ended."""
        if len(chunks) == 1:
            assert chunks[0] is not None
            return chunks[0]
        model = next(chunk for chunk in chunks if chunk is not None)
        empty = Chunk(**{name: torch.zeros_like(part) for name, part in model._asdict().items()})
        empty.series.fill_(UNKNOWN)
        held = [empty if chunk is None else chunk for chunk in chunks]
        return Chunk(*(torch.cat(parts).repeat_interleave(self.n_members, dim=0) for parts in zip(*held, strict=True)))
