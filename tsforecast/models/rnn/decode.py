"""Runs trained networks: over a panel, and past its end."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsforecast._types import Floats, Ints
from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.preparation import Local, Prepared

_STEPS_AT_ONCE = 256  # a chunk of a forward pass: bounds memory on long series


class Warm(NamedTuple):
    """Outputs of every observation and the state at the end of every series."""

    output: Floats  # (n_members, n_obs, output_size)
    last: Floats  # (n_members, n_series, output_size)
    state: Tensor


@torch.no_grad()
def warm_up(network: RecurrentNetwork, x: Floats, lengths: Ints) -> Warm:
    """Every series run through the network, chunk by chunk with the state carried; series end together."""
    dtype = network.readout.dtype
    table = torch.cat([torch.as_tensor(x, dtype=dtype), torch.zeros(1, x.shape[1], dtype=dtype)])
    longest, n_series = int(lengths.max()), lengths.size
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    steps = np.arange(longest)[:, None] - (longest - lengths)  # (longest, n_series), negative before a series begins
    rows = torch.as_tensor(np.where(steps >= 0, first + steps, len(x)))
    reset = torch.as_tensor(steps == 0)
    n_members, size = network.n_members, network.readout.shape[-1]
    output = torch.zeros(n_members, len(x) + 1, size, dtype=dtype)
    state = network.initial_state(n_series)
    for begin in range(0, longest, _STEPS_AT_ONCE):
        piece = slice(begin, begin + _STEPS_AT_ONCE)
        out, state = network(table[rows[piece]][None], state, reset[None, piece])
        output[:, rows[piece]] = out
    return Warm(output[:, :-1].double().numpy(), out[:, -1].double().numpy(), state)


class Ahead(NamedTuple):
    """Where forecasts begin, series by series, and what is known of the steps to come."""

    prepared: Prepared
    local: Local
    level: Floats  # (n_series,)
    scale: Floats  # (n_series,)
    known: Floats  # (n_steps, n_series, n_known): inputs that do not come from values

    def take(self, positions: Ints) -> "Ahead":
        """The same for some series, in the order given; a series may be taken many times."""
        local = Local(*(part[positions] for part in self.local))
        return Ahead(
            self.prepared.take(positions), local, self.level[positions], self.scale[positions], self.known[:, positions]
        )

    def step(self, u: Floats, k: int) -> tuple["Ahead", Floats]:
        """One step on, having seen ``u``, the value of step ``k`` (from 0): and the network's inputs there."""
        local, inputs, level, scale = self.prepared.step(self.local, u)
        return self._replace(local=local, level=level, scale=scale), np.column_stack([inputs, self.known[k]])


@torch.no_grad()
def _advance(network: RecurrentNetwork, x: Floats, state: Tensor) -> tuple[Floats, Tensor]:
    """One step of every member: ``(n_members or 1, n, input_size)`` -> outputs ``(n_members, n, output_size)``."""
    output, state = network(torch.as_tensor(x, dtype=network.readout.dtype)[:, None], state)
    return output[:, 0].double().numpy(), state


def direct(network: RecurrentNetwork, warm: Warm, ahead: Ahead, horizon: int) -> Floats:
    """Point forecasts of u, ``(n_series, horizon)``: outputs cover several steps, are fed back, and so on."""
    last, state, pieces, done = warm.last.mean(axis=0), warm.state, [], 0
    while True:
        block = ahead.level[:, None] + ahead.scale[:, None] * last  # (n_series, steps of an output)
        pieces.append(block)
        done += block.shape[1]
        if done >= horizon:
            return np.concatenate(pieces, axis=1)[:, :horizon]
        for k in range(block.shape[1]):
            ahead, x = ahead.step(block[:, k], done - block.shape[1] + k)
            output, state = _advance(network, x[None], state)
        last = output.mean(axis=0)


def sample_paths(network: RecurrentNetwork, warm: Warm, ahead: Ahead, shocks: Floats) -> Floats:
    """Paths of u, ``(n_series, n_samples, horizon)``: each step's output plus a shock, fed back, all paths in one call.

    ``shocks`` is ``(n_members, n_series, n_paths, horizon)``, in scales: each member walks its own paths.
    """
    n_members, n_series, n_paths, horizon = shocks.shape
    every = np.tile(np.repeat(np.arange(n_series), n_paths), n_members)  # a row for each member, series and path
    ahead = ahead.take(every)
    state = warm.state.repeat_interleave(n_paths, dim=3)
    output = np.repeat(warm.last, n_paths, axis=1)  # (n_members, n_series * n_paths, 1)
    paths = np.empty((every.size, horizon))
    for k in range(horizon):
        paths[:, k] = ahead.level + ahead.scale * (output[..., 0].reshape(-1) + shocks[..., k].reshape(-1))
        ahead, x = ahead.step(paths[:, k], k)
        output, state = _advance(network, x.reshape(n_members, -1, x.shape[1]), state)
    walks = paths.reshape(n_members, n_series, n_paths, horizon)
    return walks.transpose(1, 0, 2, 3).reshape(n_series, -1, horizon)
