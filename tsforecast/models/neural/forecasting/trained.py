"""Trained: a trained network with everything else needed to forecast, and how it forecasts."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tsforecast._one_step import OneStep, Predict, step_by_step
from tsforecast._types import Bools, Floats, Index, Ints
from tsforecast.exceptions import DataError, MissingValuesError
from tsforecast.forecast import Forecast
from tsforecast.models.neural.batches.chunk import UNKNOWN
from tsforecast.models.neural.batches.defaults import horizon_of
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.beginning import Beginning, beginning_of_each, furthest
from tsforecast.models.neural.forecasting.bound import check_horizon
from tsforecast.models.neural.forecasting.intervals import Spread
from tsforecast.models.neural.forecasting.limits import extent_of, is_positive, outward
from tsforecast.models.neural.forecasting.past import Machine, Now, Past
from tsforecast.models.neural.heads import Head, head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.no_network import NoMembers
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.options import Decoding
from tsforecast.models.neural.prepare.features import FeatureLayout, inputs_of
from tsforecast.models.neural.prepare.fitted import FittedPreparation, concatenate
from tsforecast.models.neural.prepare.preparation import Preparation, check_counts, fit_preparation
from tsforecast.panel import Panel
from tsforecast.panel.appended import appended
from tsforecast.panel.shortened import check_has_history, n_before
from tsforecast.series.calendar import phases_after
from tsforecast.series.clipped_beginnings import clipped_beginnings
from tsforecast.series.differencing import accumulate, undo_differences, values_before
from tsforecast.series.outliers import clip_outliers

_FEW_BELOW = 0.1  # share of series with negative values up to which the panel counts as of non-negative quantities


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A trained network (or several, whose forecasts are averaged) and what it needs to forecast.

    Attributes
    ----------
    network : LinearStart
    prepared : FittedPreparation
        Preparation of the training series.
    layout : FeatureLayout
    spread : Spread
        Spread of the residuals.
    preparation : Preparation
        Options with which series that were not trained on are prepared.
    decoding : Decoding
    window : int, optional
        For a network trained on windows, their length: the state is zero so many steps before the end.
    ends : Ends, optional
        States at the ends of the training series, kept where they are small enough and there are no covariates, so
        that forecasts of these series start there.
    past : Past, optional
        In place of the training series, where these were left out or more values have come in since: all that
        forecasts from their ends need of them.
    share : float
        Factor that the holdout fit has found for the network's part of the output, which is in ``network`` already.
    """

    network: LinearStart
    prepared: FittedPreparation
    layout: FeatureLayout
    spread: Spread
    preparation: Preparation
    decoding: Decoding
    window: int | None = None
    ends: decode.Ends | None = None
    share: float = 1.0
    past: Past | None = None

    def condensed(self, panel: Panel) -> "Trained | None":
        """One that forecasts from the ends of ``panel``, training series or later, without the rest of them.

        None where that cannot be: for series whose values are prepared otherwise than in training, and for networks of
        one's own with covariates, whose outputs depend in their last digits on how many steps are run together.
        """
        if panel.left_out is not None:
            return self
        own = not isinstance(self.network.members, (RecurrentMembers, NoMembers))
        history = self._history(panel)
        if not self._prepares(history) or (own and panel.covariates is not None):
            return None
        past = Past.of(panel, self._machine(panel.ids))
        if own:
            past = dataclasses.replace(past, ends=self._ends_of(panel, history, None))
        return dataclasses.replace(self, ends=None, past=past)

    def moved(self, panel: Panel, news: Panel) -> "Trained | None":
        """One that forecasts from the end of ``news``, observations after those of ``panel`` of some of its series.

        The steps are those over the whole series, from the carried state on; where ``panel`` is whole, that is computed
        first. None where ``panel`` is whole and must stay so: see `condensed`.

        Raises
        ------
        DataError
            News are no counts, or are not positive where the logarithm was chosen and the series were left out.
        """
        if self.head.counts:
            check_counts(news)
        machine = self._machine(panel.ids)
        if panel.left_out is None:
            longer = appended(panel, news, np.ones(panel.n_series, dtype=np.bool_))
            history = self._history(longer)
            if not self._prepares(history):
                return None
            machine.prepared.transform.apply(history)  # raises where it cannot
            return dataclasses.replace(self, ends=None, past=Past.of(longer, machine))
        past = self._past_of(panel)
        values = past.with_news(news).values(machine)
        below = self._not_positive(values)
        if below.any():
            i = int(np.argmax(below))
            raise DataError(
                f"Series {panel.ids[i]!r} has the value {values.series(i).min():g}; the logarithm was chosen for it, "
                "which needs positive values, and its history was left out, from which it could be prepared anew: fit "
                "again, or predict with the whole history."
            )
        machine.prepared.transform.apply(values)
        return dataclasses.replace(self, ends=None, past=past.after(news, machine))

    def _past_of(self, panel: Panel) -> Past:
        """What is known of series whose beginnings were left out."""
        if self.past is None:
            check_has_history(panel, "parts of forecasts")
        assert self.past is not None
        return self.past.take(self.past.tail.positions(panel.ids))

    def _machine(self, ids: Index) -> Machine:
        found = self.prepared.transform.ids.get_indexer(ids).astype(np.int64)
        numbers = found if self.layout.n_series else np.full_like(found, UNKNOWN)
        return Machine(self.network, self.prepared.take(found), self.layout, self.window, numbers)

    def _prepares(self, history: Panel) -> bool:
        """Whether all series are prepared as in training."""
        known = bool(history.ids.isin(self.prepared.transform.ids).all())
        return known and not self._not_positive(history).any()

    def _not_positive(self, panel: Panel) -> Bools:
        """Series of which a logarithm was chosen, but whose values are no longer positive: ``(n_series,)``."""
        found = self.prepared.transform.ids.get_indexer(panel.ids)
        below = np.logical_or.reduceat(panel.values <= 0, panel.indptr[:-1])
        chosen = (self.preparation.transform == "auto") & (found >= 0)
        return np.asarray(chosen & below & (self.prepared.transform.lambdas[found] == 0))

    def _ends_of(self, panel: Panel, history: Panel, X: Floats | None) -> decode.Ends:
        """The ends of whole series, computed where they are not kept."""
        if self.ends is not None and self.ends.panel is panel:
            return self.ends
        prepared, _, numbers = self._of(history)
        inputs = inputs_of(history, prepared, self.layout, X, targets=False)
        end = decode.run_history(self.network, inputs.x, panel.lengths, self.window, series=numbers, ends_only=True)
        return decode.ends_of(panel, inputs, end)

    def _now(self, panel: Panel, prepared: FittedPreparation, horizon: int, X: Floats | None) -> Now:
        """What forecasts of so many steps begin from."""
        quantity = self._is_quantity
        if panel.left_out is not None:
            return self._past_of(panel).now(self._machine(panel.ids), X, quantity=quantity)
        history = self._history(panel)
        positive = is_positive(history, prepared.lowest, quantity)
        extent = extent_of(history, positive, self.layout.season_length, horizon)
        base = prepared.base(history) if prepared.lag else None
        return Now(self._ends_of(panel, history, X), base, extent)

    def _begin(self, panel: Panel, horizon: int, X: Floats | None) -> Beginning:
        prepared, spread, numbers = self._of(self._history(panel))
        now = self._now(panel, prepared, horizon, X)
        ends = now.ends
        phases = phases_after(panel.last_times, horizon + 1, panel.freq, self.layout.cycle)
        known = self._known_after(panel, horizon, X, phases)
        most = furthest(prepared, ends.memory.last, horizon)
        ahead = decode.ForecastOrigin(prepared, ends.memory, ends.level, ends.scale, known, numbers, most)
        end = decode.HistoryOutput(np.empty((0, ends.last.shape[2])), ends.last, ends.state)
        season = ends.season[np.arange(panel.n_series)[:, None], phases[:, :horizon]]
        return Beginning(end, ahead, spread, season, now.base, now.extent)

    def forecast(
        self, panel: Panel, horizon: int, X: Floats | None, levels: Floats, seed: int, *, floor: bool = True
    ) -> Forecast:
        """Forecasts from the end of every series: see `BaseForecaster._predict`.

        With ``floor`` series without negative values are not forecast below zero; without it a caller bounds forecasts.
        """
        check_horizon(horizon, panel.n_series, self._n_columns(horizon, levels.size))
        mean, quantiles = self._forecast(self._begin(panel, horizon, X), horizon, levels, seed, floor=floor)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _forecast(
        self, begun: Beginning, horizon: int, levels: Floats, seed: int, *, floor: bool
    ) -> tuple[Floats, Floats]:
        """Means, ``(n_series, horizon)``, and quantiles within the limits."""
        season = begun.season
        point, around, sizes = self._decode(begun, horizon, levels, seed)
        mean, quantiles = self._undone(begun.ahead.prepared, point + season, around + season[:, :, None], sizes)
        limits = begun.extent.limits(horizon)
        limits = limits if floor else limits.without_floor()
        medians = self.decoding.is_median
        mean = limits.of_points(mean, medians=medians)
        quantiles = limits.of_quantiles(quantiles, levels, mean, medians=medians)
        if self.head.counts:
            quantiles = outward(quantiles, levels)
        return mean, quantiles

    def one_step(self, panel: Panel, levels: Floats, seed: int, *, floor: bool = True) -> OneStep:
        """Forecast of each observation from those before it: see `BaseForecaster._one_step`.

        One pass over the series, and one more for each way in which outliers so far are clipped; step by step where
        windows or sampled paths do not allow it.
        """
        out = OneStep.nothing(panel.n_obs, levels.size)
        for part, rows, of in self._beginnings(panel, levels):
            mean, quantiles = self._forecast(self._begin_each(part), 1, levels, seed, floor=floor)
            out.mean[of], out.quantiles[of] = mean[rows, 0], quantiles[rows, 0]

        def predict(seen: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
            return self.forecast(seen, horizon, X, levels, seed, floor=floor)

        return self._corrected(out, predict, panel, levels)

    def one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        """Observations and their forecasts on the scale of the transform: see `BaseForecaster`."""
        levels = np.empty(0)
        out = OneStep.nothing(panel.n_obs, 0)
        for part, rows, of in self._beginnings(panel, levels):
            begun = self._begin_each(part)
            out.mean[of] = (self._decode(begun, 1, levels, 0)[0] + begun.season)[rows, 0]

        def predict(seen: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
            begun = self._begin(seen, horizon, X)
            point = self._decode(begun, horizon, levels, 0)[0] + begun.season
            return Forecast(point, np.empty((*point.shape, 0)), levels, seen.ids, seen.last_times, seen.freq)

        fitted = self._corrected(out, predict, panel, levels).mean
        return self._of(panel)[0].transform.apply(panel).values, fitted

    def _beginnings(self, panel: Panel, levels: Floats) -> Iterator[tuple[Panel, Ints, Ints]]:
        """As `clipped_beginnings`; none where paths are to be drawn from the state at each observation."""
        if self._draws(levels):
            return iter([])
        rows = np.arange(panel.n_obs)
        return iter([(panel, rows, rows)]) if self.head.counts else clipped_beginnings(panel)

    def _draws(self, levels: Floats) -> bool:
        """Whether quantiles are those of paths drawn step by step."""
        return self.decoding.kind == "recursive" and levels.size > 0

    def _begin_each(self, panel: Panel) -> Beginning:
        prepared, spread, numbers = self._of(panel)
        machine = Machine(self.network, prepared, self.layout, None, numbers)
        return beginning_of_each(machine, spread, panel, self.head.n_params, quantity=self._is_quantity)

    def _corrected(self, out: OneStep, predict: Predict, panel: Panel, levels: Floats) -> OneStep:
        """One-step forecasts with those that one pass does not give, and none where no value is known before."""
        age = np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)
        known = ~np.isnan(values_before(panel.values, panel.indptr, 1))
        slow = np.full(panel.n_obs, self._draws(levels))
        if self.window is not None:
            slow |= age > self.window
        if slow.any():
            one = step_by_step(predict, panel, levels, wanted=slow, n_ahead=self.layout.horizon)
            out.mean[slow], out.quantiles[slow] = one.mean[slow], one.quantiles[slow]
        out.mean[~known], out.quantiles[~known] = np.nan, np.nan
        return out

    @property
    def _is_quantity(self) -> bool:
        """Whether hardly any training series has a negative value."""
        return bool(np.mean(self.prepared.lowest < 0) <= _FEW_BELOW)

    def returns(self, panel: Panel) -> Bools:
        """Series whose uncertainty does not grow with the horizon: ``(n_series,)``."""
        return self._of(self._history(panel))[0].returns

    def walks(
        self, panel: Panel, horizon: int, X: Floats | None, n_paths: int, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Sampled paths of u, each step fed back, at least ``n_paths``: ``(n_series, n_walks, horizon)``."""
        begun = self._begin(panel, horizon, X)
        n_members = self.network.n_members
        shape = (horizon, n_members, -(-n_paths // n_members))
        p = np.stack([rng.uniform(size=shape) for rng in rngs]).transpose(2, 0, 3, 1)
        return self._walks(p, begun)

    def _n_columns(self, horizon: int, n_levels: int) -> int:
        """Numbers in memory for each series and step of a forecast."""
        raws, block = self.network.n_members * self.head.n_params, self.layout.horizon
        fed_back = self.decoding.kind == "recursive" or horizon > block
        known = self.layout.input_size - self.layout.n_past if fed_back else 0
        paths = 2 * self.decoding.n_samples if self.decoding.kind == "recursive" and n_levels else 0
        features = self.layout.centre.size
        return 2 * raws + known + paths + features + 4 * n_levels + 8

    def _history(self, panel: Panel) -> Panel:
        """The history that forecasts are made from: with isolated outliers clipped, except for counts."""
        if panel.left_out is not None:
            return panel
        empty = panel.n_present == 0
        if empty.any():
            i = int(np.argmax(empty))
            raise MissingValuesError(
                f"Series {panel.ids[i]!r} has no value among the {panel.lengths[i]} steps of its history; a forecast "
                "needs one."
            )
        return panel if self.head.counts else clip_outliers(panel)

    def _decode(self, begun: Beginning, horizon: int, levels: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
        """Point forecasts of u, their quantiles, and the sizes of residuals, for every step."""
        end, ahead, spread, base = begun.end, begun.ahead, begun.spread, begun.base
        forecast = decode.direct(self.network, self.head, end, ahead, horizon)
        if base is not None:
            forecast = forecast._replace(point=undo_differences(forecast.point, base))
        sizes = spread.sizes(horizon, ahead.prepared.returns) * ahead.scale[:, None]  # (n_series, horizon)
        if self.decoding.kind == "direct":
            around = self._around(forecast, ahead, sizes, spread, levels)
        else:
            around = self._sampled(begun, horizon, levels, seed)
        return forecast.point, around, sizes

    def _undone(
        self, prepared: FittedPreparation, point: Floats, around: Floats, sizes: Floats
    ) -> tuple[Floats, Floats]:
        """Point forecasts and quantiles transformed back to the unit of the series, infinite where too large."""
        transform, ids = prepared.transform, prepared.transform.ids
        with np.errstate(over="ignore"):
            if self.decoding.adjusts:  # for a normal distribution with these absolute errors
                mean = transform.invert_mean(point, np.pi / 2 * sizes**2, ids)
            else:
                mean = transform.invert_quantiles(point, ids)
            return mean, transform.invert_quantiles(around, ids)

    @property
    def head(self) -> Head:
        """The head of the loss, which gives raw outputs their meaning."""
        return head_of(self.decoding.loss)

    def _of(self, panel: Panel) -> tuple[FittedPreparation, Spread, Ints]:
        """Preparation, spread and training numbers of the series of ``panel``; new series get number -1."""
        whole = panel.left_out is None
        if self.head.counts and whole:
            check_counts(panel)
        ids = self.prepared.transform.ids
        found = ids.get_indexer(panel.ids).astype(np.int64)
        numbers = found.copy() if self.layout.n_series else np.full_like(found, UNKNOWN)
        if whole:
            found[self._not_positive(panel)] = -1
        new = np.flatnonzero(found < 0)
        prepared, place = self.prepared, found.copy()
        if new.size:
            season = self.layout.season_length
            ahead, counts = horizon_of(self.decoding, season), self.head.counts
            fresh = fit_preparation(panel.take(new), self.preparation, season, ahead, counts=counts)
            prepared = concatenate(prepared, fresh)
            place[new] = len(ids) + np.arange(new.size)
        return prepared.take(place), self.spread.take(found), numbers

    def _around(
        self,
        forecast: decode.PointForecast,
        ahead: decode.ForecastOrigin,
        sizes: Floats,
        spread: Spread,
        levels: Floats,
    ) -> Floats:
        """Quantiles of u for direct forecasts, ``(n_series, horizon, n_levels)``."""
        if levels.size == 0:
            return np.empty((*forecast.point.shape, 0))
        if not self.head.probabilistic:
            return forecast.point[:, :, None] + spread.quantiles(sizes, levels, ahead.prepared.returns)
        scale = forecast.scale[:, :, None]
        value = self.head.at(forecast.raw[:, :, :, None], levels, scale).mean(axis=0)  # mean of the members' quantiles
        if self.head.counts:
            return np.asarray(np.round(scale * value))
        away = value - self.head.point(forecast.raw).mean(axis=0)[:, :, None]
        blocks = (
            np.arange(forecast.point.shape[1]) // self.layout.horizon + 1
        )  # each block after the first starts from a forecast
        growth = np.where(ahead.prepared.reverting[:, None], 1.0, np.sqrt(blocks))
        away = scale * growth[:, :, None] * away
        if ahead.prepared.lag:  # sums of differences: distances added as if independent, for each level
            away = np.sign(away) * np.sqrt(accumulate(away**2, ahead.prepared.lag))
        return forecast.point[:, :, None] + away

    def _sampled(self, begun: Beginning, horizon: int, levels: Floats, seed: int) -> Floats:
        """Quantiles of sampled paths, ``(n_series, horizon, n_levels)``."""
        n_members, n_series = self.network.n_members, begun.ahead.level.size
        if levels.size == 0:
            return np.empty((n_series, horizon, 0))
        n_paths = -(-self.decoding.n_samples // n_members)
        p = draws(begun.ahead.prepared.transform.ids, seed, (horizon, n_members, n_paths)).transpose(2, 0, 3, 1)
        quantiles = np.asarray(np.quantile(self._walks(p, begun), levels, axis=1).transpose(1, 2, 0))
        return np.round(quantiles) if self.head.counts else quantiles

    def _walks(self, p: Floats, begun: Beginning) -> Floats:
        """Sampled paths of u at the probabilities ``p``: see `decode.sample_paths`."""
        head, horizon, spread, base = self.head, p.shape[3], begun.spread, begun.base

        def outcome(raw: Floats, p: Floats, scale: Floats) -> Floats:
            if head.probabilistic:
                return head.at(raw, p, scale)
            return np.asarray(raw[..., 0] + spread.size[:, :1] * spread.at(p))

        paths = decode.sample_paths(self.network, begun.end, begun.ahead, outcome, p)
        if base is not None:
            every = base.repeat(paths.shape[1], axis=0)
            paths = undo_differences(paths.reshape(-1, horizon), every).reshape(paths.shape)
        return paths

    def _known_after(self, panel: Panel, horizon: int, X: Floats | None, phases: Ints) -> Floats:
        """Known inputs of future steps, ``(n_steps, n_series, n_known)``; no steps where no forecast is fed back."""
        block = self.layout.horizon
        if self.decoding.kind == "direct" and horizon <= block:
            return np.empty((0, panel.n_series, 0))
        table = np.full((panel.n_series, horizon + block + 1, self.layout.centre.size), np.nan)
        if X is not None:
            table[:, :horizon] = X
        ages = (n_before(panel) + panel.lengths).astype(np.float64)
        static = self.layout.static_code.encode(panel)
        steps = [
            self.layout.known_inputs(ages + k, phases[:, k + 1], table[:, k : k + 1 + block], static)
            for k in range(horizon)
        ]
        return np.stack(steps)


def draws(ids: Index, seed: int, shape: tuple[int, ...]) -> Floats:
    """Uniform random numbers for each series, ``(n_series, *shape)``, which do not depend on the other series.

    Examples
    --------
    >>> both, one = (draws(pd.Index(ids), 0, (2,)) for ids in (["a", "b"], ["b"]))
    >>> bool((both[1] == one[0]).all())
    True
    """
    marks = pd.util.hash_array(ids.astype(str).to_numpy(dtype=object)).tolist()
    return np.stack([np.random.default_rng([seed, mark]).uniform(size=shape) for mark in marks])


def forecast_each(
    networks: Sequence[Trained],
    panel: Panel,
    horizon: int,
    X: Floats | None,
    levels: Floats,
    seed: int,
    *,
    floor: bool,
) -> Forecast:
    """The forecast of a panel, of each series by the network at its place: see `Trained.forecast`."""
    parts = [
        trained.forecast(panel.take([i]), horizon, None if X is None else X[[i]], levels, seed, floor=floor)
        for i, trained in enumerate(networks)
    ]
    mean = np.concatenate([part.mean for part in parts])
    quantiles = np.concatenate([part.quantiles for part in parts])
    return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)
