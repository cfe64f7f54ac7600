"""Runs trained networks over a panel, and beyond its end."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from tsforecast._types import Bools, Floats, Ints
from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk
from tsforecast.models.neural.heads import Head
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.prepare.features import Inputs
from tsforecast.models.neural.prepare.fitted import FittedPreparation, SeriesMemory
from tsforecast.panel import Panel

_MOST_CHUNK_STEPS = 256  # steps of a forward pass, at most, and ...
_MOST_CHUNK_ROWS = 4096  # ... steps times series, at most: results stay in the cache, and memory is bounded


class HistoryOutput(NamedTuple):
    """Outputs of networks at every observation, and their state at the end of every series."""

    output: Floats  # (n_obs, output_size), the mean over members; no rows with ``ends_only``
    last: Floats  # (n_members, n_series, output_size)
    state: State


class Steps(NamedTuple):
    """Some steps of all series, and what networks make of them."""

    part: slice
    features: Tensor  # (n_members, n_steps, n_series, size)
    x: Tensor  # (1, n_steps, n_series, input_size)
    state: State  # after them


class Runner:
    """Runs networks over series that end together, chunk by chunk with the state carried.

    Parameters
    ----------
    network : LinearStart
    lengths : ndarray of int, shape (n_series,)
    window : int, optional
        Reset the state so many steps before the end, as in training on windows.
    series : ndarray of int, shape (n_series,)
        Numbers of the series in the training panel, -1 for others.
    """

    def __init__(self, network: LinearStart, lengths: Ints, window: int | None, series: Ints) -> None:
        self.network, self._longest = network, int(lengths.max())
        first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        # (longest, n_series), negative before a series begins
        self._steps = np.arange(self._longest)[:, None] - (self._longest - lengths)
        self.rows = torch.as_tensor(np.where(self._steps >= 0, first + self._steps, lengths.sum()))
        self._of = torch.as_tensor(np.where(self._steps >= 0, series, UNKNOWN))
        self._window = window

    def steps(self, x: Floats, state: State, fresh: Bools) -> Iterator[Steps]:
        """The steps of all series, chunk by chunk; the next one overwrites the features.

        ``x`` is ``(n_obs, input_size)``, ``state`` that before the first step of all series that are not ``fresh``;
        these must be of one length.
        """
        dtype, n_series = self.network.slopes.dtype, self._steps.shape[1]
        table = torch.cat([torch.as_tensor(x, dtype=dtype), torch.zeros(1, x.shape[1], dtype=dtype)])
        reset = torch.as_tensor((self._steps == 0) & fresh)
        if self._window is not None and self._window < self._longest:
            reset[self._longest - self._window] = True
        at_once = max(1, min(_MOST_CHUNK_STEPS, _MOST_CHUNK_ROWS // n_series))
        workspaces = self.network.members.workspaces()
        options = {} if workspaces is None else {"workspaces": workspaces}
        for begin in range(0, self._longest, at_once):
            part = slice(begin, begin + at_once)
            inputs = table.index_select(0, self.rows[part].reshape(-1)).view(1, -1, n_series, table.shape[1])
            chunk = Chunk(inputs, reset[None, part], self._of[None, part])
            features, state = self.network.members.features(chunk, state, **options)
            yield Steps(part, features, inputs, state)


@torch.no_grad()
def run_history(
    network: LinearStart,
    x: Floats,
    lengths: Ints,
    window: int | None = None,
    *,
    series: Ints,
    ends_only: bool = False,
) -> HistoryOutput:
    """Outputs and last state of every series, run chunk by chunk with the state carried; series end together.

    Parameters
    ----------
    network : LinearStart
    x : ndarray, shape (n_obs, input_size)
    lengths, window, series
        See `Runner`.
    ends_only : bool
        Whether only the outputs at the ends are computed.
    """
    runner, n = Runner(network, lengths, window, series), lengths.size
    output = torch.zeros(0 if ends_only else len(x) + 1, network.slopes.shape[-1], dtype=network.slopes.dtype)
    for step in runner.steps(x, network.initial_state(n), np.ones(n, dtype=np.bool_)):
        if not ends_only:
            output[runner.rows[step.part]] = network.output(step.features, step.x).flatten(-2).mean(dim=0)
    last = network.output(step.features[:, -1:], step.x[:, -1:]).flatten(-2)[:, 0]
    return HistoryOutput(output[:-1].double().numpy(), last.double().numpy(), step.state)


@torch.no_grad()
def first_outputs(network: LinearStart, x: Floats, lengths: Ints, n_outputs: int, *, series: Ints) -> Floats:
    """The first outputs of every member at every observation: ``(n_members, n_obs, n_outputs)``.

    Parameters are those of `run_history`.
    """
    runner, n = Runner(network, lengths, None, series), lengths.size
    output = torch.zeros(network.n_members, len(x) + 1, n_outputs, dtype=network.slopes.dtype)
    for part, features, inputs, _ in runner.chunks(x, network.initial_state(n), np.ones(n, dtype=np.bool_)):
        output[:, runner.rows[part]] = network.output(features, inputs).flatten(-2)[..., :n_outputs]
    return output[:, :-1].double().numpy()


@torch.no_grad()
def run_on(
    network: LinearStart, x: Floats, lengths: Ints, state: State, fresh: Bools, window: int | None, series: Ints
) -> HistoryOutput:
    """Outputs at the ends and last state of every series, from states before the first of these steps.

    ``fresh`` tells which series begin here; the other parameters are those of `run_history`. Series of different
    lengths are run apart, but for the outputs: these depend, in their last digits, on how many are computed together.
    """
    first = np.concatenate([[0], np.cumsum(lengths)])
    groups = [np.flatnonzero(fresh)] + [np.flatnonzero(~fresh & (lengths == n)) for n in np.unique(lengths[~fresh])]
    groups = [group for group in groups if group.size]
    found = []
    for group in groups:
        rows = np.concatenate([np.arange(first[i], first[i + 1]) for i in group.tolist()])
        runner = Runner(network, lengths[group], window, series[group])
        end = deque(runner.steps(x[rows], state_of(state, group), fresh[group]), maxlen=1)[0]
        found.append((end.features[:, -1:], end.x[:, -1:], end.state))
    order = torch.as_tensor(np.argsort(np.concatenate(groups)))
    features, inputs = (torch.cat(parts, dim=2).index_select(2, order) for parts in list(zip(*found, strict=True))[:2])
    after = tree_map(lambda *leaves: _joined(leaves, order), *(part[2] for part in found))
    last = network.output(features, inputs).flatten(-2)[:, 0]
    return HistoryOutput(np.empty((0, last.shape[-1])), last.double().numpy(), after)


def _joined(leaves: tuple[Any, ...], order: Tensor) -> Any:
    return torch.cat(leaves, dim=-2).index_select(-2, order) if isinstance(leaves[0], Tensor) else leaves[0]


def state_of(state: State, positions: Ints) -> State:
    """The state of some of the streams, in the order given."""
    rows = torch.as_tensor(positions)
    return tree_map(lambda leaf: leaf.index_select(-2, rows) if isinstance(leaf, Tensor) else leaf, state)


def put_state(state: State, positions: Ints, new: State) -> State:
    """The state with that of some streams replaced."""
    rows = torch.as_tensor(positions)

    def put(leaf: Any, own: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return own
        whole = leaf.expand(*own.shape[:-2], *leaf.shape[-2:]).clone()
        return whole.index_copy_(-2, rows, own.to(whole.dtype))

    return tree_map(put, state, new)


class Ends(NamedTuple):
    """Ends of the series of a panel: state of the preparation, and output and state of the network."""

    panel: Panel
    memory: SeriesMemory
    level: Floats  # (n_series,)
    scale: Floats  # (n_series,)
    last: Floats  # (n_members, n_series, output_size)
    state: State
    season: Floats  # (n_series, cycle)

    def take(self, positions: Ints) -> "Ends":
        """The ends of some series, in the order given; their panel stays that of all."""
        if np.array_equal(positions, np.arange(self.level.size)):
            return self
        state = state_of(self.state, positions)
        memory = SeriesMemory(*(part[positions] for part in self.memory))
        level, scale, season = (part[positions] for part in (self.level, self.scale, self.season))
        return Ends(self.panel, memory, level, scale, self.last[:, positions], state, season)


def ends_of(panel: Panel, inputs: Inputs, end: HistoryOutput) -> Ends:
    """The ends of the series of a panel, from their inputs and the network's output and state there."""
    rows = panel.indptr[1:] - 1
    return Ends(
        panel, inputs.carried.memory, inputs.level[rows], inputs.scale[rows], end.last, end.state, inputs.season
    )


class ForecastOrigin(NamedTuple):
    """Origin of the forecasts of each series, and known inputs of future steps."""

    prepared: FittedPreparation
    memory: SeriesMemory
    level: Floats  # (n_series,)
    scale: Floats  # (n_series,)
    known: Floats  # (n_steps, n_series, n_known): inputs other than past values
    series: Ints  # (n_series,): numbers in the training panel, -1 for others
    most: Floats  # (n_series,): largest distance from the mean of a value fed back, so that numbers stay finite

    def within(self, u: Floats) -> Floats:
        """Values of u, ``(n_series, ...)``, limited before they are fed back."""
        centre, most = (a.reshape(-1, *(1,) * (u.ndim - 1)) for a in (self.prepared.mean, self.most))
        return np.clip(u, centre - most, centre + most)

    def take(self, positions: Ints) -> "ForecastOrigin":
        """The origin of some series, in the order given; a series may be repeated."""
        memory = SeriesMemory(*(part[positions] for part in self.memory))
        level, scale, most = (part[positions] for part in (self.level, self.scale, self.most))
        known, series = self.known[:, positions], self.series[positions]
        return ForecastOrigin(self.prepared.take(positions), memory, level, scale, known, series, most)

    def step(self, u: Floats, k: int) -> tuple["ForecastOrigin", Floats]:
        """The origin one step later, after ``u``, the value of step ``k`` (from 0), and the network's inputs there."""
        memory, inputs, level, scale = self.prepared.step(self.memory, u)
        return self._replace(memory=memory, level=level, scale=scale), np.column_stack([inputs, self.known[k]])


@torch.no_grad()
def _advance(network: LinearStart, x: Floats, series: Ints, state: State) -> tuple[Floats, State]:
    """One step of every member: ``(n_members or 1, n, input_size)`` -> outputs ``(n_members, n, output_size)``."""
    inputs = torch.as_tensor(x, dtype=network.slopes.dtype)[:, None]
    reset = torch.zeros(1, 1, inputs.shape[2], dtype=torch.bool)
    output, state = network(Chunk(inputs, reset, torch.as_tensor(series)[None, None]), state)
    return output.flatten(-2)[:, 0].double().numpy(), state


class PointForecast(NamedTuple):
    """Point forecasts of u, and the raw outputs they are made from."""

    point: Floats  # (n_series, horizon)
    raw: Floats  # (n_members, n_series, horizon, n_params)
    scale: Floats  # (n_series, horizon): what a raw output of 1 stands for


def direct(
    network: LinearStart, head: Head, history: HistoryOutput, ahead: ForecastOrigin, horizon: int
) -> PointForecast:
    """Forecasts from outputs that cover several steps; for a longer horizon they are fed back, block by block."""
    output, state, points, raws, scales, done = history.last, history.state, [], [], [], 0
    while True:
        raw = output.reshape(*output.shape[:2], -1, head.n_params)
        block = ahead.within(ahead.level[:, None] + ahead.scale[:, None] * head.point(raw).mean(axis=0))
        points.append(block)
        raws.append(raw)
        scales.append(np.repeat(ahead.scale[:, None], block.shape[1], axis=1))
        done += block.shape[1]
        if done >= horizon:
            point, scale = (np.concatenate(parts, axis=1)[:, :horizon] for parts in (points, scales))
            return PointForecast(point, np.concatenate(raws, axis=2)[:, :, :horizon], scale)
        for k in range(block.shape[1]):
            ahead, x = ahead.step(block[:, k], done - block.shape[1] + k)
            output, state = _advance(network, x[None], ahead.series, state)


def sample_paths(
    network: LinearStart,
    history: HistoryOutput,
    ahead: ForecastOrigin,
    outcome: Callable[[Floats, Floats, Floats], Floats],
    p: Floats,
) -> Floats:
    """Sampled paths of u, ``(n_series, n_samples, horizon)``: the outcome of each step is fed back.

    ``p`` is ``(n_members, n_series, n_paths, horizon)``, with paths of its own for each member; ``outcome`` turns raw
    outputs ``(n_members, n_series, n_paths, n_params)``, probabilities and scales ``(n_members, n_series, n_paths)``
    into values.
    """
    n_members, n_series, n_paths, horizon = p.shape
    every = np.tile(np.repeat(np.arange(n_series), n_paths), n_members)  # a row for each member, series and path
    ahead = ahead.take(every)
    state = tree_map(
        lambda leaf: leaf.repeat_interleave(n_paths, dim=-2) if isinstance(leaf, Tensor) else leaf, history.state
    )
    numbers = ahead.series[: n_series * n_paths]
    output = np.repeat(history.last, n_paths, axis=1)  # (n_members, n_series * n_paths, n_params)
    paths = np.empty((every.size, horizon))
    for k in range(horizon):
        shape = (n_members, n_series, n_paths)
        value = outcome(output.reshape(*shape, -1), p[..., k], ahead.scale.reshape(shape))
        paths[:, k] = ahead.within(ahead.level + ahead.scale * value.reshape(-1))
        ahead, x = ahead.step(paths[:, k], k)
        output, state = _advance(network, x.reshape(n_members, -1, x.shape[1]), numbers, state)
    walks = paths.reshape(n_members, n_series, n_paths, horizon)
    return walks.transpose(1, 0, 2, 3).reshape(n_series, -1, horizon)
