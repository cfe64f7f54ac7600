"""Past: what forecasts from the ends of series need of all values before, and how it goes on as values come in.

Of each series a tail is held, its last values, and before it a state: of the preparation, of the network, and what
limits and outliers depend on. The tail is as long as later news may change what is made of it: inputs hold covariates
of later steps, and whether a value is an outlier is known three values later. Everything before is settled.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.limits import Extent
from tsforecast.models.neural.forecasting.running_extent import RunningExtent
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.prepare.features import FeatureLayout, inputs_of
from tsforecast.models.neural.prepare.fitted import Carried, FittedPreparation
from tsforecast.panel import Panel
from tsforecast.panel.appended import appended
from tsforecast.series.running_outliers import N_UNSETTLED, ClippedTail, RunningOutliers

_MOST_SPARE = 16_384  # values of a series that are held because the first of them may be an outlier


class Machine(NamedTuple):
    """How values of some series become inputs and states."""

    network: LinearStart
    prepared: FittedPreparation  # of these series, in their order
    layout: FeatureLayout
    window: int | None
    numbers: Ints  # (n_series,): in the training panel, -1 for others

    def take(self, positions: Ints) -> "Machine":
        """For some of the series, in the order given."""
        return self._replace(prepared=self.prepared.take(positions), numbers=self.numbers[positions])


class Now(NamedTuple):
    """What forecasts begin from."""

    ends: decode.Ends
    base: Floats | None  # (n_series, lag), where differences are taken
    extent: Extent


@dataclasses.dataclass(frozen=True, eq=False)
class Past:
    """States before the tails of series, and the tails.

    Attributes
    ----------
    tail : Panel
        The last values of each series, as they came.
    carried : Carried
    state : State
    outliers : RunningOutliers
    extent : RunningExtent
        Before the tail.
    ends : Ends, optional
        Ends computed from the whole series at once, where these may differ from those of the tail by rounding.
    spare : Past, optional
        The same with longer tails, from the first value on that is an outlier or may become one: such values are
        clipped by a limit that later values may change, and then the states are computed anew from there.
    """

    tail: Panel
    carried: Carried
    state: State
    outliers: RunningOutliers
    extent: RunningExtent
    ends: decode.Ends | None = None
    spare: "Past | None" = None

    @classmethod
    def of(cls, panel: Panel, machine: Machine) -> "Past":
        """Of whole series."""
        n = panel.n_series
        state = machine.network.initial_state(n)
        whole = cls(panel, machine.prepared.begin(), state, RunningOutliers.begin(n), RunningExtent.begin(n))
        return whole._both(whole, machine)

    def take(self, positions: Ints) -> "Past":
        """Of some series, in the order given."""
        if np.array_equal(positions, np.arange(self.tail.n_series)):
            return self
        ends = None if self.ends is None else self.ends.take(positions)
        spare = None if self.spare is None else self.spare.take(positions)
        parts = (self.outliers.take(positions), self.extent.take(positions), ends, spare)
        state = decode.state_of(self.state, positions)
        return Past(self.tail.take(positions), self.carried.take(positions), state, *parts)

    def after(self, news: Panel, machine: Machine) -> "Past":
        """After ``news`` of some of the series."""
        longer = self.with_news(news)
        return longer._both(longer if self.spare is None else self.spare.with_news(news), machine)

    def with_news(self, news: Panel) -> "Past":
        """With ``news`` in the tails, where they are not settled yet."""
        tail = appended(self.tail, news, np.ones(self.tail.n_series, dtype=np.bool_))
        return dataclasses.replace(self, tail=tail, ends=None, spare=None)

    def _both(self, spare: "Past", machine: Machine) -> "Past":
        """Settled, with a spare one that is settled up to the first value that may be an outlier."""
        spare = spare._settled(machine, careful=True)
        is_outdated = self.outliers.outdated(self._clipped(machine).limit).any()
        own = (spare if is_outdated or self.carried is spare.carried else self)._settled(machine)
        return own if spare.tail.n_obs == own.tail.n_obs else dataclasses.replace(own, spare=spare)

    def now(self, machine: Machine, X: Floats | None, *, quantity: bool) -> Now:
        """What forecasts begin from; ``X`` holds covariates after the ends, ``quantity`` is as for `is_positive`."""
        clipped, prepared = self._clipped(machine), machine.prepared
        tail = self.tail.with_values(clipped.values)
        inputs = inputs_of(tail, prepared, machine.layout, X, targets=False, before=self.carried)
        end = decode.run_on(
            machine.network, inputs.x, tail.lengths, self.state, self.carried.ages == 0, machine.window, machine.numbers
        )
        ends = self.ends or decode.ends_of(self.tail, inputs, end)
        extent = self.extent.after(tail.values, tail.indptr)
        base = inputs.carried.base if prepared.lag else None
        return Now(ends, base, extent.extent(prepared.lowest, quantity, machine.layout.season_length))

    def values(self, machine: Machine) -> Panel:
        """The tail with outliers clipped."""
        return self.tail.with_values(self._clipped(machine).values)

    def _clipped(self, machine: Machine) -> ClippedTail:
        tail = self.tail
        if machine.prepared.counts or tail.covariates is not None:
            nothing = np.full(tail.n_series, np.inf)
            return ClippedTail(tail.values, np.full(tail.n_obs, np.nan), nothing, nothing)
        return self.outliers.clip(tail)

    def _settled(self, machine: Machine, *, careful: bool = False) -> "Past":
        """With values of the tail moved to the states before it: all that are known to become what they do now.

        These are all but the last few; with ``careful`` none from the first on that may be an outlier.
        """
        tail, layout, clipped = self.tail, machine.layout, self._clipped(machine)
        shortest = max(layout.horizon if tail.covariates is not None else 1, machine.window or 1)
        n_gone = np.maximum(tail.lengths - _n_unsettled(tail, shortest), 0)
        if careful:
            usual = np.append(~(clipped.away > clipped.edge.repeat(tail.lengths)), True)
            n_usual = np.minimum.reduceat(np.where(usual, tail.n_obs, np.arange(usual.size)), tail.indptr[:-1])
            n_gone = np.clip(n_usual - tail.indptr[:-1], np.maximum(tail.lengths - _MOST_SPARE, 0), n_gone)
        if not n_gone.any():
            return self
        moved = np.flatnonzero(n_gone)
        own, table = machine.take(moved), tail.with_values(clipped.values).take(moved)
        gone = table.slice(np.zeros_like(moved), n_gone[moved])
        ahead = _first_covariates(table, n_gone[moved], layout.horizon)
        before = self.carried.take(moved)
        inputs = inputs_of(gone, own.prepared, layout, ahead, targets=False, before=before)
        state = self.state
        if machine.window is None:
            first = decode.state_of(state, moved)
            after = decode.run_on(own.network, inputs.x, gone.lengths, first, before.ages == 0, None, own.numbers).state
            state = decode.put_state(state, moved, after)
        leaves = np.arange(tail.n_obs) - np.repeat(tail.indptr[:-1], tail.lengths) < np.repeat(n_gone, tail.lengths)
        outliers = self.outliers.settled(tail, clipped, leaves) if np.isfinite(clipped.away).any() else self.outliers
        indptr = np.concatenate([[0], np.cumsum(n_gone)])
        extent = self.extent.after(clipped.values[leaves], indptr)
        rest = tail.slice(n_gone, tail.lengths)
        return Past(rest, self.carried.put(moved, inputs.carried), state, outliers, extent)


def _n_unsettled(tail: Panel, shortest: int) -> Ints:
    """Steps at the end of each series that are held: so many, and as many as hold four values."""
    seen = ~np.isnan(tail.values)
    total = np.repeat(np.add.reduceat(seen.astype(np.int64), tail.indptr[:-1]), tail.lengths)
    before = np.cumsum(seen) - seen
    later = total - (before - before[np.repeat(tail.indptr[:-1], tail.lengths)])  # values from here on
    rows = np.where(later >= N_UNSETTLED, np.arange(tail.n_obs), tail.indptr[0])
    first = np.maximum(np.maximum.reduceat(rows, tail.indptr[:-1]), tail.indptr[:-1])
    return np.maximum(tail.indptr[1:] - first, shortest)


def _first_covariates(table: Panel, n_gone: Ints, n_steps: int) -> Floats | None:
    """Covariates of the first steps of each series after so many: ``(n_series, n_steps, n_features)``."""
    if table.covariates is None:
        return None
    rows = (table.indptr[:-1] + n_gone)[:, None] + np.arange(n_steps)
    return table.covariates[rows]
