"""What forecasts begin with: at the ends of series, or at every observation as if a series ended before it."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pandas as pd

from tsforecast._types import Floats, Ints
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.intervals import Spread
from tsforecast.models.neural.forecasting.limits import Extent
from tsforecast.models.neural.forecasting.past import Machine
from tsforecast.models.neural.forecasting.quiet_end import SHORTEST, Silence
from tsforecast.models.neural.prepare.features import inputs_of
from tsforecast.models.neural.prepare.fitted import FittedPreparation
from tsforecast.panel import Panel
from tsforecast.series.calendar import phases_of
from tsforecast.series.differencing import values_before
from tsforecast.series.transform import Transform

_MOST_SPREADS, _LONG = (
    10.0,
    100,
)  # largest distance of a value fed back from the mean, and steps after which it is doubled


class Beginning(NamedTuple):
    """What the forecasts of some series begin with."""

    end: decode.HistoryOutput
    ahead: decode.ForecastOrigin
    spread: Spread
    season: Floats  # (n_series, horizon): seasonal indices of the steps
    base: Floats | None  # (n_series, lag), where differences are taken
    extent: Extent


def furthest(prepared: FittedPreparation, last: Floats, horizon: int) -> Floats:
    """Largest distance from the mean of a value that is fed back, from the last value of u: two ``(n_series,)``."""
    far = prepared.spread + np.abs(np.nan_to_num(last - prepared.mean))
    return _MOST_SPREADS * (1 + horizon / _LONG) * far


def beginning_of_each(machine: Machine, spread: Spread, panel: Panel, n_params: int, *, quantity: bool) -> Beginning:
    """What a forecast of each observation begins with, as if a series ended before it: one pass over the series.

    ``n_params`` is the number of outputs for one step. What stands for the first observation of a series means nothing.
    """
    prepared, layout = machine.prepared, machine.layout
    phases = phases_of(panel.times, panel.freq, layout.cycle)
    u, seasons, _ = prepared.flatten(panel, phases, prepared.begin())
    inputs = inputs_of(panel, prepared, layout, targets=False)
    before = np.maximum(np.arange(panel.n_obs) - 1, 0)  # the row before each
    raw = decode.first_outputs(machine.network, inputs.x, panel.lengths, n_params, series=machine.numbers)
    of = np.repeat(np.arange(panel.n_series), panel.lengths)
    each = _repeated(prepared, of)
    nothing = np.empty((0, panel.n_obs, 0))
    most = furthest(each, values_before(u, panel.indptr, 1), 1)
    level, scale = inputs.level[before], inputs.scale[before]
    ahead = decode.ForecastOrigin(each, inputs.carried.memory, level, scale, nothing, machine.numbers[of], most)
    base = values_before(seasons.v, panel.indptr, prepared.lag)[:, None] if prepared.lag else None
    season = (seasons.day + seasons.rest)[:, None]
    end = decode.HistoryOutput(np.empty((0, n_params)), raw[:, before], None)
    extent = extent_before(panel, prepared.lowest, quantity, layout.season_length)
    return Beginning(end, ahead, spread.take(of), season, base, extent)


def _repeated(prepared: FittedPreparation, of: Ints) -> FittedPreparation:
    """The preparation of each row's series, without seasons; rows count from 0."""
    bare = dataclasses.replace(prepared, season=prepared.season[:, :0]).take(of)
    return dataclasses.replace(bare, transform=Transform(pd.RangeIndex(of.size), bare.transform.lambdas))


def extent_before(panel: Panel, lowest: Floats, quantity: bool, season_length: int) -> Extent:
    """`limits.extent_of` with `limits.is_positive` before each observation, for one step: ``n_obs`` rows.

    Rows with no value before them mean nothing.

    Examples
    --------
    >>> before = extent_before(Panel.from_array(np.array([3.0, 1.0, 2.0])), np.array([1.0]), True, 1)
    >>> before.high[1:], before.low[1:], before.ranges[1:, 0], before.positive[1:]
    (array([3., 3.]), array([3., 1.]), array([0., 2.]), array([ True,  True]))
    """
    parts = [_extent_so_far(panel.series(i), float(lowest[i]), quantity, season_length) for i in range(panel.n_series)]
    low, high, last, spans, positive, smallest, n_zeros = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    lengths = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
    return Extent(low, high, last, lengths, spans, positive > 0, Silence(smallest, n_zeros))


def _extent_so_far(y: Floats, lowest: float, quantity: bool, season_length: int) -> tuple[Floats, ...]:
    """Fields of an extent of one series before each observation; see `quiet_end.silence_of` for the last two."""
    known = ~np.isnan(y)
    seen = y[known]
    so_far = np.arange(seen.size + 1)
    rows = np.cumsum(known) - known  # values before each observation: the row in tables (n_values + 1, ...)

    def up_to(values: Floats, first: float, most: bool) -> Floats:
        accumulate = np.maximum if most else np.minimum
        out: Floats = accumulate.accumulate(np.append(first, values))[rows]
        return out

    steps = np.abs(np.diff(y, prepend=np.nan))
    adjacent = np.maximum.accumulate(np.nan_to_num(np.append(0.0, steps[:-1]), nan=0.0))
    has_zero, has_part = up_to(seen == 0.0, 0.0, True), up_to(seen != np.round(seen), 0.0, True)
    positive = (up_to(seen, np.inf, False) >= 0) & (lowest >= 0) & (quantity | (has_zero > 0) | (has_part == 0))
    above = np.where(seen > 0, so_far[1:], 0)  # number of each positive value, from 1
    latest = np.maximum.accumulate(np.append(0, above))
    run = np.where(seen > 0, so_far[1:] - latest[:-1] - 1, 0)  # zeros before each positive value
    longest = np.maximum.accumulate(np.append(0, run))
    n_zeros = so_far - np.cumsum(np.append(0, seen > 0))
    smallest = up_to(np.where(seen > 0, seen, np.inf), np.inf, False)
    quiet = positive & (has_zero > 0) & np.isfinite(smallest)
    ending = (so_far - latest)[rows]
    enough = ending > np.maximum(max(SHORTEST, season_length), 2 * longest[rows])
    spans = np.column_stack([adjacent, adjacent])
    return (
        up_to(seen, np.inf, False),
        up_to(seen, -np.inf, True),
        np.append(np.nan, seen)[rows],
        spans,
        positive.astype(np.float64),
        np.where(quiet & (n_zeros[rows] > 1), smallest, 0.0),
        np.where(quiet & enough, ending, 0).astype(np.float64),
    )
