"""Runs trained networks: over a panel, and past its end."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Floats, Ints
from tsforecast.models.neural.heads import Head
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.prepare.prepared import Local, Prepared

_STEPS_AT_ONCE = 256  # of a forward pass, and ...
_ROWS_AT_ONCE = 4096  # ... steps times series: what is computed stays in the cache, and memory is bounded


class Warm(NamedTuple):
    """What networks say at every observation, and their state at the end of every series."""

    output: Floats  # (n_obs, output_size), the mean over members; no rows where only ends were asked for
    last: Floats  # (n_members, n_series, output_size)
    state: Tensor


@torch.no_grad()
def warm_up(
    network: RecurrentNetwork, x: Floats, lengths: Ints, window: int | None = None, *, ends_only: bool = False
) -> Warm:
    """Every series run through the network, chunk by chunk with the state carried; series end together.

    With a ``window`` the state is zero so many steps before the end, as it was in training.
    """
    dtype = network.readout.dtype
    table = torch.cat([torch.as_tensor(x, dtype=dtype), torch.zeros(1, x.shape[1], dtype=dtype)])
    longest, n_series = int(lengths.max()), lengths.size
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    steps = np.arange(longest)[:, None] - (longest - lengths)  # (longest, n_series), negative before a series begins
    rows = torch.as_tensor(np.where(steps >= 0, first + steps, len(x)))
    reset = torch.as_tensor(steps == 0)
    if window is not None and window < longest:
        reset[longest - window] = True
    output = torch.zeros(0 if ends_only else len(x) + 1, network.readout.shape[-1], dtype=dtype)
    at_once = max(1, min(_STEPS_AT_ONCE, _ROWS_AT_ONCE // n_series))
    state, rooms = network.initial_state(n_series), network.rooms()
    for begin in range(0, longest, at_once):
        piece = slice(begin, begin + at_once)
        inputs = table.index_select(0, rows[piece].reshape(-1)).view(1, -1, n_series, table.shape[1])
        hidden, state = network.features(inputs, state, reset[None, piece], rooms=rooms)
        if not ends_only:
            output[rows[piece]] = network.output(hidden, inputs).mean(dim=0)
    last = network.output(hidden[:, -1:], inputs[:, -1:])[:, 0]
    return Warm(output[:-1].double().numpy(), last.double().numpy(), state)


class Ahead(NamedTuple):
    """Where forecasts begin, series by series, and what is known of the steps to come."""

    prepared: Prepared
    local: Local
    level: Floats  # (n_series,)
    scale: Floats  # (n_series,)
    known: Floats  # (n_steps, n_series, n_known): inputs that do not come from values
    most: Floats  # (n_series,): distance from the mean that no value fed back exceeds, so that numbers stay finite

    def within(self, u: Floats) -> Floats:
        """Values of u, ``(n_series, ...)``, that are fed back."""
        centre, most = (a.reshape(-1, *(1,) * (u.ndim - 1)) for a in (self.prepared.mean, self.most))
        return np.clip(u, centre - most, centre + most)

    def take(self, positions: Ints) -> "Ahead":
        """The same for some series, in the order given; a series may be taken many times."""
        local = Local(*(part[positions] for part in self.local))
        level, scale, most = (part[positions] for part in (self.level, self.scale, self.most))
        return Ahead(self.prepared.take(positions), local, level, scale, self.known[:, positions], most)

    def step(self, u: Floats, k: int) -> tuple["Ahead", Floats]:
        """One step on, having seen ``u``, the value of step ``k`` (from 0): and the network's inputs there."""
        local, inputs, level, scale = self.prepared.step(self.local, u)
        return self._replace(local=local, level=level, scale=scale), np.column_stack([inputs, self.known[k]])


@torch.no_grad()
def _advance(network: RecurrentNetwork, x: Floats, state: Tensor) -> tuple[Floats, Tensor]:
    """One step of every member: ``(n_members or 1, n, input_size)`` -> outputs ``(n_members, n, output_size)``."""
    output, state = network(torch.as_tensor(x, dtype=network.readout.dtype)[:, None], state)
    return output[:, 0].double().numpy(), state


class Course(NamedTuple):
    """Point forecasts of u, and the raw outputs that they come from."""

    point: Floats  # (n_series, horizon)
    raw: Floats  # (n_members, n_series, horizon, n_params)
    scale: Floats  # (n_series, horizon): what a raw output of 1 stands for


def direct(network: RecurrentNetwork, head: Head, warm: Warm, ahead: Ahead, horizon: int) -> Course:
    """Forecasts from outputs that cover several steps; past the last they are fed back, and so on."""
    output, state, points, raws, scales, done = warm.last, warm.state, [], [], [], 0
    while True:
        raw = output.reshape(*output.shape[:2], -1, head.n_params)
        block = ahead.within(ahead.level[:, None] + ahead.scale[:, None] * head.point(raw).mean(axis=0))
        points.append(block)
        raws.append(raw)
        scales.append(np.repeat(ahead.scale[:, None], block.shape[1], axis=1))
        done += block.shape[1]
        if done >= horizon:
            point, scale = (np.concatenate(parts, axis=1)[:, :horizon] for parts in (points, scales))
            return Course(point, np.concatenate(raws, axis=2)[:, :, :horizon], scale)
        for k in range(block.shape[1]):
            ahead, x = ahead.step(block[:, k], done - block.shape[1] + k)
            output, state = _advance(network, x[None], state)


def sample_paths(
    network: RecurrentNetwork, warm: Warm, ahead: Ahead, outcome: Callable[[Floats, Floats, Floats], Floats], p: Floats
) -> Floats:
    """Paths of u, ``(n_series, n_samples, horizon)``: each step's outcome is fed back, all paths in one call.

    ``p`` is ``(n_members, n_series, n_paths, horizon)``, each member walking its own paths; ``outcome`` turns raw
    outputs ``(n_members, n_series, n_paths, n_params)``, probabilities and scales ``(n_members, n_series, n_paths)``
    into values.
    """
    n_members, n_series, n_paths, horizon = p.shape
    every = np.tile(np.repeat(np.arange(n_series), n_paths), n_members)  # a row for each member, series and path
    ahead = ahead.take(every)
    state = warm.state.repeat_interleave(n_paths, dim=3)
    output = np.repeat(warm.last, n_paths, axis=1)  # (n_members, n_series * n_paths, n_params)
    paths = np.empty((every.size, horizon))
    for k in range(horizon):
        shape = (n_members, n_series, n_paths)
        value = outcome(output.reshape(*shape, -1), p[..., k], ahead.scale.reshape(shape))
        paths[:, k] = ahead.within(ahead.level + ahead.scale * value.reshape(-1))
        ahead, x = ahead.step(paths[:, k], k)
        output, state = _advance(network, x.reshape(n_members, -1, x.shape[1]), state)
    walks = paths.reshape(n_members, n_series, n_paths, horizon)
    return walks.transpose(1, 0, 2, 3).reshape(n_series, -1, horizon)
