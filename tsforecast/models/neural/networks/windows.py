"""Runs networks of windows like those with a state: the state is the latest inputs."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk


class WindowState(NamedTuple):
    """The inputs of the latest ``context - 1`` steps of every stream.

    ``x`` holds the inputs, those of all steps of a stream in one row. ``known`` is 1 where a step belongs to the series
    that the stream is in now, ``series`` is the number of the series of each step.
    """

    x: Tensor  # (1 or n_members, n_streams, (context - 1) * input_size)
    known: Tensor  # (1 or n_members, n_streams, context - 1)
    series: Tensor  # (1 or n_members, n_streams, context - 1)

    @classmethod
    def empty(cls, context: int, n_streams: int, input_size: int, like: Tensor) -> Self:
        """The state before the first step."""
        shape = (1, n_streams, context - 1)
        series = torch.full(shape, UNKNOWN, dtype=torch.int64, device=like.device)
        return cls(like.new_zeros(1, n_streams, (context - 1) * input_size), like.new_zeros(shape), series)


def as_windows(chunk: Chunk, state: WindowState, context: int) -> tuple[Chunk, WindowState]:
    """A window that ends at each step of the chunk, and the state after it.

    The windows lie side by side as streams, ``n_steps * n_streams`` of them, the streams of a step together. What is
    before the first step of a series is zero.
    """
    x = _steps_joined(
        state.x.view(*state.x.shape[:2], context - 1, chunk.x.shape[-1]), chunk.x
    )  # (m, n_streams, n_known, size)
    ones = torch.ones_like(chunk.reset, dtype=state.known.dtype)
    known = _steps_joined(state.known, ones)  # (m, n_streams, n_known)
    series = _steps_joined(state.series, chunk.series)
    first = torch.zeros_like(known, dtype=torch.bool)
    first[..., context - 1 :] = chunk.reset.transpose(-1, -2)
    begun = first.cumsum(-1)  # number of the series within the stream
    inside = (begun.unfold(-1, context, 1) == begun[..., context - 1 :, None]) & (known.unfold(-1, context, 1) > 0)
    windows = x.unfold(-2, context, 1).movedim(-1, -2)  # (m, n_streams, n_steps, context, size)
    numbers = torch.where(inside, series.unfold(-1, context, 1), UNKNOWN)
    starts = inside & ~torch.nn.functional.pad(inside, (1, 0))[..., :-1]
    parts = (windows * inside[..., None], starts, numbers)
    last = known * (begun == begun[..., -1:])
    n_left = context - 1
    after = WindowState(
        x[..., x.shape[-2] - n_left :, :].flatten(-2),
        last[..., last.shape[-1] - n_left :],
        series[..., series.shape[-1] - n_left :],
    )
    return Chunk(*(part.transpose(1, 2).flatten(1, 2).transpose(1, 2) for part in parts)), after


def _steps_joined(before: Tensor, now: Tensor) -> Tensor:
    """Steps of ``before`` ``(m, n_streams, n_before, ...)`` and of ``now`` ``(m, n_now, n_streams, ...)``, joined."""
    now = now.transpose(1, 2)
    m = max(len(before), len(now))
    return torch.cat([before.expand(m, *before.shape[1:]), now.expand(m, *now.shape[1:])], dim=2)
