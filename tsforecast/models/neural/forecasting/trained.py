"""Trained: a trained network with everything else needed to forecast, and how it forecasts."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tsforecast._types import Bools, Floats, Index, Ints
from tsforecast.exceptions import MissingValuesError
from tsforecast.forecast import Forecast
from tsforecast.models.neural.batches.chunk import UNKNOWN
from tsforecast.models.neural.batches.defaults import horizon_of
from tsforecast.models.neural.forecasting import decode
from tsforecast.models.neural.forecasting.bound import check_horizon
from tsforecast.models.neural.forecasting.intervals import Spread
from tsforecast.models.neural.forecasting.limits import Extent, extent_of, is_positive, outward
from tsforecast.models.neural.heads import Head, head_of
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.options import Decoding
from tsforecast.models.neural.prepare.features import FeatureLayout, inputs_of
from tsforecast.models.neural.prepare.fitted import FittedPreparation, concatenate
from tsforecast.models.neural.prepare.preparation import Preparation, check_counts, fit_preparation
from tsforecast.panel import Panel
from tsforecast.panel.shortened import check_has_history, n_before
from tsforecast.series.calendar import phases_after
from tsforecast.series.differencing import accumulate, undo_differences
from tsforecast.series.outliers import clip_outliers

_MOST_SPREADS, _LONG = (
    10.0,
    100,
)  # largest distance of a value fed back from the mean, and steps after which it is doubled
_FEW_BELOW = 0.1  # share of series with negative values up to which the panel counts as of non-negative quantities


class Past(NamedTuple):
    """What forecasts from the ends of series need of them."""

    ids: Index
    ends: decode.Ends
    base: Floats | None  # (n_series, lag), where differences are taken
    extent: Extent

    def positions(self, ids: Index) -> Ints:
        """Places of some of the series."""
        return self.ids.get_indexer(ids).astype(np.int64)


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
        After loading, in place of the training series: all that forecasts from their ends need of them.
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
        """One that forecasts from the ends of ``panel``, training series, without the rest of them.

        None where that cannot be: with covariates, whose future the state at the end depends on, and for series whose
        values are prepared otherwise than in training.
        """
        history = self._history(panel)
        prepared, _, _ = self._of(history)
        trained = self.prepared.transform
        lambdas = trained.lambdas[trained.ids.get_indexer(panel.ids)]
        known = (
            np.array_equal(prepared.transform.lambdas, lambdas, equal_nan=True) and panel.ids.isin(trained.ids).all()
        )
        if panel.covariates is not None or not known:
            return None
        ends = self._ends_of(panel, history, None)
        base = prepared.base(history) if prepared.lag else None
        past = Past(panel.ids, ends, base, self._extent(history, prepared, None))
        return dataclasses.replace(self, ends=None, past=past)

    def _ends_of(self, panel: Panel, history: Panel, X: Floats | None) -> decode.Ends:
        """The ends of any series, computed where they are not kept."""
        if panel.left_out is not None and self.past is not None:
            return self.past.ends.take(self.past.positions(panel.ids))
        check_has_history(panel, "parts of forecasts")
        if self.ends is not None and self.ends.panel is panel:
            return self.ends
        prepared, _, numbers = self._of(history)
        inputs = inputs_of(history, prepared, self.layout, X, targets=False)
        end = decode.run_history(self.network, inputs.x, panel.lengths, self.window, series=numbers, ends_only=True)
        return decode.ends_of(panel, inputs, end)

    def _extent(self, history: Panel, prepared: FittedPreparation, horizon: int | None) -> Extent:
        if history.left_out is not None and self.past is not None:
            return self.past.extent.take(self.past.positions(history.ids))
        quantity = bool(np.mean(self.prepared.lowest < 0) <= _FEW_BELOW)
        positive = is_positive(history, prepared.lowest, quantity)
        return extent_of(history, positive, self.layout.season_length, horizon)

    def _base(self, history: Panel, prepared: FittedPreparation) -> Floats | None:
        """Last values that differences are added to; None without differences."""
        if not prepared.lag:
            return None
        if history.left_out is not None and self.past is not None and self.past.base is not None:
            return self.past.base[self.past.positions(history.ids)]
        return prepared.base(history)

    def _begin(
        self, panel: Panel, horizon: int, X: Floats | None
    ) -> tuple[Panel, decode.HistoryOutput, decode.ForecastOrigin, Spread, Floats]:
        """History, network output and state at its end, origin, spread, and seasonal indices of the future steps."""
        history = self._history(panel)
        prepared, spread, numbers = self._of(history)
        ends = self._ends_of(panel, history, X)
        phases = phases_after(panel.last_times, horizon + 1, panel.freq, self.layout.cycle)
        known = self._known_after(panel, horizon, X, phases)
        far = prepared.spread + np.abs(np.nan_to_num(ends.memory.last - prepared.mean))
        most = _MOST_SPREADS * (1 + horizon / _LONG) * far
        ahead = decode.ForecastOrigin(prepared, ends.memory, ends.level, ends.scale, known, numbers, most)
        end = decode.HistoryOutput(np.empty((0, ends.last.shape[2])), ends.last, ends.state)
        season = ends.season[np.arange(panel.n_series)[:, None], phases[:, :horizon]]
        return history, end, ahead, spread, season

    def forecast(
        self, panel: Panel, horizon: int, X: Floats | None, levels: Floats, seed: int, *, floor: bool = True
    ) -> Forecast:
        """Forecasts from the end of every series: see `BaseForecaster._predict`.

        With ``floor`` series without negative values are not forecast below zero; without it a caller bounds forecasts.
        """
        check_horizon(horizon, panel.n_series, self._n_columns(horizon, levels.size))
        history, end, ahead, spread, season = self._begin(panel, horizon, X)
        prepared = ahead.prepared
        point, around, sizes = self._decode(history, horizon, end, ahead, spread, levels, seed)
        mean, quantiles = self._undone(prepared, point + season, around + season[:, :, None], sizes)
        limits = self._extent(history, prepared, horizon).limits(horizon)
        limits = limits if floor else limits.without_floor()
        medians = self.decoding.is_median
        mean = limits.of_points(mean, medians=medians)
        quantiles = limits.of_quantiles(quantiles, levels, mean, medians=medians)
        if self.head.counts:
            quantiles = outward(quantiles, levels)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def seen(self, panel: Panel) -> tuple[FittedPreparation, int, Panel]:
        """Preparation and number of the first series of a panel, and the history that the network sees.

        Raises
        ------
        DataError
            The series was left out when the forecaster was saved.
        """
        check_has_history(panel, "explanations of forecasts")
        history = self._history(panel)
        prepared, _, numbers = self._of(history)
        return prepared, int(numbers[0]), history

    def returns(self, panel: Panel) -> Bools:
        """Series whose uncertainty does not grow with the horizon: ``(n_series,)``."""
        return self._of(self._history(panel))[0].returns

    def walks(
        self, panel: Panel, horizon: int, X: Floats | None, n_paths: int, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Sampled paths of u, each step fed back, at least ``n_paths``: ``(n_series, n_walks, horizon)``."""
        history, end, ahead, spread, _ = self._begin(panel, horizon, X)
        n_members = self.network.n_members
        shape = (horizon, n_members, -(-n_paths // n_members))
        p = np.stack([rng.uniform(size=shape) for rng in rngs]).transpose(2, 0, 3, 1)
        base = self._base(history, ahead.prepared)
        return self._walks(p, end, ahead, spread, base)

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

    def _decode(
        self,
        history: Panel,
        horizon: int,
        end: decode.HistoryOutput,
        ahead: decode.ForecastOrigin,
        spread: Spread,
        levels: Floats,
        seed: int,
    ) -> tuple[Floats, Floats, Floats]:
        """Point forecasts of u, their quantiles, and the sizes of residuals, for every step."""
        prepared = ahead.prepared
        forecast = decode.direct(self.network, self.head, end, ahead, horizon)
        base = self._base(history, prepared)
        if base is not None:
            forecast = forecast._replace(point=undo_differences(forecast.point, base))
        sizes = spread.sizes(horizon, prepared.returns) * ahead.scale[:, None]  # (n_series, horizon)
        if self.decoding.kind == "direct":
            around = self._around(forecast, ahead, sizes, spread, levels)
        else:
            around = self._sampled(horizon, end, ahead, spread, levels, seed, base)
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
        if self.preparation.transform == "auto" and whole:  # a logarithm was chosen, but values are no longer positive
            below = np.logical_or.reduceat(panel.values <= 0, panel.indptr[:-1])
            found[below & (self.prepared.transform.lambdas[found] == 0)] = -1
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

    def _sampled(
        self,
        horizon: int,
        end: decode.HistoryOutput,
        ahead: decode.ForecastOrigin,
        spread: Spread,
        levels: Floats,
        seed: int,
        base: Floats | None,
    ) -> Floats:
        """Quantiles of sampled paths, ``(n_series, horizon, n_levels)``; differences are added to ``base``."""
        n_members, n_series = self.network.n_members, ahead.level.size
        if levels.size == 0:
            return np.empty((n_series, horizon, 0))
        n_paths = -(-self.decoding.n_samples // n_members)
        p = draws(ahead.prepared.transform.ids, seed, (horizon, n_members, n_paths)).transpose(2, 0, 3, 1)
        paths = self._walks(p, end, ahead, spread, base)
        quantiles = np.asarray(np.quantile(paths, levels, axis=1).transpose(1, 2, 0))
        return np.round(quantiles) if self.head.counts else quantiles

    def _walks(
        self, p: Floats, end: decode.HistoryOutput, ahead: decode.ForecastOrigin, spread: Spread, base: Floats | None
    ) -> Floats:
        """Sampled paths of u at the probabilities ``p``: see `decode.sample_paths`."""
        head, horizon = self.head, p.shape[3]

        def outcome(raw: Floats, p: Floats, scale: Floats) -> Floats:
            if head.probabilistic:
                return head.at(raw, p, scale)
            return np.asarray(raw[..., 0] + spread.size[:, :1] * spread.at(p))

        paths = decode.sample_paths(self.network, end, ahead, outcome, p)
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
