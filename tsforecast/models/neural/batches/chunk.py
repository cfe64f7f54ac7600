"""Chunk: some steps of every stream of a batch, and the table that chunks are cut from."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Bools, Ints
from tsforecast.kernels.recurrent.steps import deal

UNKNOWN = -1  # number of the series of a step of padding, and of a series that was not trained on


class Chunk(NamedTuple):
    """Consecutive steps of parallel streams.

    A `Network` sees one chunk at a time, without the first axis. That is an axis of members: 1 where all see the same,
    else one entry a member.

    Attributes
    ----------
    x : Tensor, shape (1 or n_members, n_steps, n_streams, input_size)
        Inputs; `FeatureLayout` says what each column holds.
    reset : Tensor of bool, shape (1 or n_members, n_steps, n_streams)
        True where a new series begins: nothing before that step may matter to it or to later steps.
    series : Tensor of int, shape (1 or n_members, n_steps, n_streams)
        Number of the series in the training panel, from 0; -1 for padding and for series that were not trained on.
    target, weight : Tensor, shape (1 or n_members, n_steps, n_streams, horizon), or None
        What is to be forecast, and how much it counts; None outside of training.
    rows : Tensor of int, shape (1 or n_members, n_steps, n_streams), or None
        Row of the table that a step comes from.
    scale : Tensor, shape (1 or n_members, n_steps, n_streams), or None
        What a target of 1 stands for, in the unit of the series.
    """

    x: Tensor
    reset: Tensor
    series: Tensor
    target: Tensor | None = None
    weight: Tensor | None = None
    rows: Tensor | None = None
    scale: Tensor | None = None

    @property
    def n_steps(self) -> int:
        """Steps of every stream."""
        return self.reset.shape[-2]

    @property
    def n_streams(self) -> int:
        """Streams side by side."""
        return self.reset.shape[-1]

    @property
    def wanted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Target, weight and scale, of a chunk that has them."""
        assert self.target is not None
        assert self.weight is not None
        assert self.scale is not None
        return self.target, self.weight, self.scale

    def to(self, device: torch.device) -> "Chunk":
        """The chunk on a device."""
        if self.x.device == device:
            return self
        return Chunk(**{name: part.to(device) for name, part in self._asdict().items() if part is not None})


def padded(chunk: Chunk, length: int, *, before: bool) -> Chunk:
    """A chunk of ``length`` steps: padding that weighs nothing, before its own steps or after them."""
    missing = length - chunk.n_steps
    if missing == 0:
        return chunk
    parts = {name: _extended(part, missing, before) for name, part in chunk._asdict().items() if part is not None}
    longer = Chunk(**parts)
    (longer.series[:, :missing] if before else longer.series[:, -missing:]).fill_(UNKNOWN)
    return longer


def _extended(part: Tensor, missing: int, before: bool) -> Tensor:
    zeros = part.new_zeros(len(part), missing, *part.shape[2:])
    return torch.cat([zeros, part] if before else [part, zeros], dim=1)


class Table(NamedTuple):
    """Rows that chunks are cut from: one for each observation, and a last one of zeros for padding."""

    x: Tensor  # (n_obs + 1, input_size)
    target: Tensor  # (n_obs + 1, horizon)
    weight: Tensor  # (n_obs + 1, horizon)
    scale: Tensor  # (n_obs + 1,)
    series: Ints  # (n_obs + 1,): number of the series, -1 for padding

    def chunk(self, rows: Ints, reset: Bools, arrays: tuple[Any, ...] | None = None) -> Chunk:
        """The chunk of these rows, ``(n_steps, n_streams)``; ``arrays`` are those of the table, see `flat`."""
        tables = self.flat() if arrays is None else arrays
        n_rows = len(self.scale)
        outs = [np.empty((1, *rows.shape, table.size // n_rows), table.dtype) for table in tables]
        deal(rows, tables, tuple(out.reshape(-1) for out in outs))
        x, target, weight, scale = outs
        parts = (x, reset[None], self.series[rows][None], target, weight, rows[None], scale[..., 0])
        return Chunk(*map(torch.from_numpy, parts))

    def flat(self) -> tuple[Any, ...]:
        """The numbers of each part that is dealt out, flat."""
        return tuple(part.view(-1).numpy() for part in (self.x, self.target, self.weight, self.scale))
