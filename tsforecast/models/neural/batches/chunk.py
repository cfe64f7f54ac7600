"""Chunk: consecutive steps of parallel streams; Table: the rows that chunks are made from."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Bools, Ints
from tsforecast.kernels.recurrent.steps import deal

UNKNOWN = -1  # series number of padding, and of a series that was not trained on


class Chunk(NamedTuple):
    """Consecutive steps of parallel streams.

    The first axis is that of members: of length 1 where all members see the same. A `Network` sees a chunk without it.

    Attributes
    ----------
    x : Tensor, shape (1 or n_members, n_steps, n_streams, input_size)
        Inputs; `FeatureLayout` says what each column holds.
    reset : Tensor of bool, shape (1 or n_members, n_steps, n_streams)
        True where a new series begins: outputs from that step on must not depend on earlier steps.
    series : Tensor of int, shape (1 or n_members, n_steps, n_streams)
        Number of the series in the training panel, from 0; -1 for padding and for series that were not trained on.
    target, weight : Tensor, shape (1 or n_members, n_steps, n_streams, horizon), or None
        Values to be forecast, and their weights in the loss; None outside of training.
    rows : Tensor of int, shape (1 or n_members, n_steps, n_streams), or None
        Row of the table for each step.
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
        """Number of parallel streams."""
        return self.reset.shape[-1]

    @property
    def n_known(self) -> Ints:
        """Time steps without padding, of a chunk of training: ``(1 or n_members,)``.

        Series of a folder have no numbers; theirs are the steps that have a weight.
        """
        is_known = self.series >= 0
        if not is_known.any():
            is_known = self.wanted[1][..., 0] > 0
        return np.asarray(is_known.sum(dim=(1, 2)).cpu())

    @property
    def wanted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Target, weight and scale of a chunk of training."""
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
    """The chunk padded to ``length`` steps with zeros of no weight, before or after its own steps."""
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
    """Rows that chunks are made from: one for each observation, and a last one of zeros for padding."""

    x: Tensor  # (n_obs + 1, input_size)
    target: Tensor  # (n_obs + 1, horizon)
    weight: Tensor  # (n_obs + 1, horizon)
    scale: Tensor  # (n_obs + 1,)
    series: Ints  # (n_obs + 1,): number of the series, -1 for padding

    def chunk(self, rows: Ints, reset: Bools, arrays: tuple[Any, ...] | None = None) -> Chunk:
        """The chunk of these rows, ``(n_steps, n_streams)``; ``arrays`` is the result of `flat`, if known."""
        tables = self.flat() if arrays is None else arrays
        n_rows = len(self.scale)
        outs = [np.empty((1, *rows.shape, table.size // n_rows), table.dtype) for table in tables]
        deal(rows, tables, tuple(out.reshape(-1) for out in outs))
        x, target, weight, scale = outs
        parts = (x, reset[None], self.series[rows][None], target, weight, rows[None], scale[..., 0])
        return Chunk(*map(torch.from_numpy, parts))

    def flat(self) -> tuple[Any, ...]:
        """Inputs, targets, weights and scales as flat arrays."""
        return tuple(part.view(-1).numpy() for part in (self.x, self.target, self.weight, self.scale))
