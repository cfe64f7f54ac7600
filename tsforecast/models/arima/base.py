"""What ARMA, ARIMA, SARIMA and AutoARIMA share: one fit a series, forecasts from any history, tables."""

import copy
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from tsforecast._arguments import check_paths, random_generator
from tsforecast._one_step import OneStep
from tsforecast._predicting import forecast_within, future_of
from tsforecast._renamed import with_new_names
from tsforecast._saving import learnt_of, set_learnt
from tsforecast._types import Bools, Floats
from tsforecast.exceptions import (
    CovariateError,
    ParameterError,
    SeriesTooShortError,
)
from tsforecast.explanation import Explained
from tsforecast.forecast import Forecast
from tsforecast.models.arima.design import check_covariate_names, regressors
from tsforecast.models.arima.estimate import one_step
from tsforecast.models.arima.explained import explained_by
from tsforecast.models.arima.insight import ArimaInsight
from tsforecast.models.arima.kept import groups_of, kept_columns
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.panel_fit import covariates_of, raise_failures, warn_of_failures
from tsforecast.models.arima.past import (
    PastModel,
    lagged_ahead,
    lagged_names,
    past_effects,
    past_errors,
    past_lags_of,
    past_models,
    past_variance,
)
from tsforecast.models.arima.result import ArimaFit
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, future_covariates
from tsforecast.panel.magnitudes import check_sizes
from tsforecast.panel.shortened import n_before
from tsforecast.panel.times.frequency import future_times, steps_between
from tsforecast.panel.whole_numbers import whole_number
from tsforecast.series.box_cox import bias_adjusted_mean, inverse_box_cox
from tsforecast.series.transform import TransformKind, learn_transform

if TYPE_CHECKING:
    from tsforecast.models.arima.intervals import ParameterUncertainty, Seen
    from tsforecast.models.arima.origin import SeriesEnd, WholeSeries


class ArimaForecaster(ArimaInsight):
    """Base of the ARIMA family: every series of a panel is fitted apart.

    Learnt attributes
    -----------------
    fits_ : dict of str to ArimaFit
        By the name of the series.
    transform_ : Transform
    ends_ : dict of str to SeriesEnd
        After loading, in place of long series: what forecasts need of them.
    past_models_ : dict of str to tuple of PastModel
        By the name of the series, how each past-only covariate is expected to go on.
    """

    handles_missing = True
    uses_covariates = True
    quick_params: ClassVar = {}  # kernels are compiled or loaded

    target_transform: TransformKind
    n_jobs: int

    ends_: "dict[str, SeriesEnd]"
    past_models_: dict[str, tuple[PastModel, ...]]

    def set_params(self, **params: Any) -> Self:
        """The forecaster itself with other constructor arguments, under their names or, with a warning, old names."""
        return super().set_params(**with_new_names(type(self), params))

    def min_observations(self, panel: Panel) -> int:
        """Fewest known values of a series: differences, coefficients, regressors, and some more."""
        return self._panel_fit(self._designed(panel)).min_observations + self._n_unknown(panel)

    def _why_so_many(self, panel: Panel) -> str:
        n = self._n_unknown(panel)
        lags = f", and {n} before the first that covariates lagged by past_lags are known for" if n else ""
        return f" ({self._panel_fit(self._designed(panel)).reason}{lags})"

    def _n_unknown(self, panel: Panel) -> int:
        """First values of a series that are passed over, as lagged covariates are not known for them."""
        return max(past_lags_of(self.past_lags)) if panel.past_covariates is not None else 0

    def _fit(self, panel: Panel) -> None:
        whole_number("n_jobs", self.n_jobs, what="a whole number of threads")
        check_covariate_names(panel.covariate_names)
        panel_fit = self._panel_fit(self._designed(panel))
        check_sizes(panel)
        self.transform_ = learn_transform(
            panel, self.target_transform, season_length=panel_fit.season_length, name="target_transform"
        )
        self.past_models_ = past_models(panel, panel.season_length)
        data = self._data_of(panel)

        results = self._fit_groups(data, panel_fit.differences)
        raise_failures(type(self).__name__, results)
        self.fits_ = {name: fit for name, fit in results.items() if isinstance(fit, ArimaFit)}
        warn_of_failures(self.fits_)

    def _fit_groups(self, data: Panel, differences: Order) -> dict[str, ArimaFit | Exception]:
        """The fit of each series, or its error, by name; series that keep the same covariates are fitted together."""
        found: dict[str, ArimaFit | Exception] = {}
        for columns, places in groups_of(
            kept_columns(data, differences, lagged_names(data, past_lags_of(self.past_lags)))
        ):
            group = data if places.size == data.n_series else data.take(places)
            if group.covariates is not None and len(columns) < group.covariates.shape[1]:
                group = dataclasses.replace(
                    group,
                    covariates=group.covariates[:, columns] if columns else None,
                    covariate_names=tuple(data.covariate_names[j] for j in columns),
                )
            found |= zip(group.ids, self._panel_fit(group).fit_all(group, self.n_jobs), strict=True)
        return {name: found[name] for name in data.ids}

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        data = self._data_of(panel)
        mean, variance = np.empty((2, data.n_series, horizon))
        spread = np.empty((data.n_series, horizon, levels.size))
        for i in range(data.n_series):
            fit, origin = self._start_of(data, i)
            future = self._regressors_ahead(data, i, horizon, X)
            mean[i], variance[i] = origin.forecast(fit, future, self.engine)
            if data.past_names:
                variance[i] += past_variance(self._past_effects(data, i, horizon))
            if levels.size:
                spread[i] = self._spread(fit, origin, future, mean[i], variance[i], levels)
        quantiles = self.transform_.invert_quantiles(mean[:, :, None] + spread, panel.ids)
        adjusted = self.transform_.invert_mean(mean, variance, panel.ids)
        return Forecast(adjusted, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        mean, variance, spread = self._steps_of(self._data_of(panel), levels)
        lambdas = np.repeat(self.transform_.lambdas_of(panel.ids), panel.lengths)
        quantiles = inverse_box_cox(mean[:, None] + spread, lambdas[:, None])
        return OneStep(bias_adjusted_mean(mean, variance, lambdas), quantiles)

    def _one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        data = self._data_of(panel)
        return data.values, self._steps_of(data, np.empty(0))[0]

    def _steps_of(self, data: Panel, levels: Floats) -> tuple[Floats, Floats, Floats]:
        """Mean, variance, and quantiles less the mean, of each value given those before it: (n_obs,), with levels."""
        mean, variance = np.empty((2, data.n_obs))
        spread = np.empty((data.n_obs, levels.size))
        for i in range(data.n_series):
            rows = slice(data.indptr[i], data.indptr[i + 1])
            fit, origin = self._whole_series(data, i)
            mean[rows], variance[rows] = one_step(fit, origin.y, origin.Z, self.engine)
            if levels.size:
                spread[rows] = self._spread_of_steps(fit, origin, mean[rows], variance[rows], levels)
        return mean, variance, spread

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        if panel.past_covariates is not None:
            return None  # lagged covariates of later steps are forecast from them
        short = copy.copy(self)
        data = self._data_of(panel)
        ends = {}
        for i, name in enumerate(data.ids):
            fit, origin = self._start_of(data, i)
            ends[name] = origin.end(fit, self.engine)
        short.ends_ = {name: end for name, end in ends.items() if end is not None}
        return short, np.array([end is None for end in ends.values()])

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools] | None:
        if panel.left_out is None:
            found = self._condense(panel)
            if found is None:
                return None
            short, whole = found
        else:
            short, whole = copy.copy(self), np.array([name not in self.ends_ for name in panel.ids])
        short.ends_, data = dict(short.ends_), self.transform_.apply(news)
        for j, i in enumerate(panel.positions(news.ids).tolist()):
            name = news.ids[j]
            if not whole[i]:
                fit, done = self._fit_of(name), self._steps_to_end(panel, i)
                own = self._kept(fit, covariates_of(news, j))
                Z = regressors(self._trend_of(fit), done, int(news.lengths[j]), own)
                short.ends_[name] = short.ends_[name].moved(fit, data.series(j), Z)
        return short, whole

    def _learnt(self) -> dict[str, Any]:
        return learnt_of(self)

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        from tsforecast.models.arima.origin import check_end  # numba takes half a second to import

        set_learnt(self, learnt)
        left_out = n_before(self.panel_) + n_before(self._origin)
        for i, name in enumerate(self.panel_.ids):
            end = self.ends_[name] if left_out[i] else None
            check_end(name, self.fits_[name], end, int(self.panel_.lengths[i]))

    def _mean_of(self, panel: Panel, steps: int, X: Covariates | None) -> Floats:
        """Means of the next steps of one series; those of steps before the first of ``X`` are not used: (steps,).

        A step's mean depends on no covariate of the steps before it.
        """
        names = panel.covariate_names
        skipped = steps - _n_given(X, panel, steps) if names and X is not None else 0
        future = future_covariates(X, panel, steps, names, skipped)
        return forecast_within(self, panel, steps, future, np.empty(0)).mean[0]

    def _spread(
        self,
        fit: ArimaFit,
        origin: "SeriesEnd | WholeSeries",
        future: Floats,
        mean: Floats,
        variance: Floats,
        levels: Floats,
    ) -> Floats:
        """Quantiles less the mean, with what is uncertain of the parameters: (horizon, n_levels)."""
        from tsforecast.models.arima import intervals, mixture  # numba takes half a second to import

        if fit.sigma2 == 0.0:
            return np.zeros((variance.size, levels.size))
        known = origin.uncertainty(fit)
        seen = origin.seen(fit, known)
        sd, factor, mixed = self._sd_ahead(fit, known, seen, origin, future, variance)
        sd, degrees = sd * factor, known.degrees
        if mixed == 0.0:
            return sd[:, None] * intervals.quantiles_of(levels, degrees, chosen=self.chooses_order)
        return mixture.quantiles(fit, (mean, sd, degrees), *origin.values_mixed(), mixed, levels)

    def _spread_of_steps(
        self, fit: ArimaFit, origin: "WholeSeries", mean: Floats, variance: Floats, levels: Floats
    ) -> Floats:
        """As `_spread`, of each value given those before it: (n_obs, n_levels)."""
        from tsforecast.models.arima import intervals, mixture  # numba takes half a second to import

        if fit.sigma2 == 0.0:
            return np.zeros((variance.size, levels.size))
        known = origin.uncertainty(fit)
        factor, mixed = self._factor_and_mixture(fit, known, origin)
        sd = factor * np.sqrt(intervals.variance_one_step(fit, known, origin.y, origin.Z, variance))
        if mixed == 0.0:
            return sd[:, None] * intervals.quantiles_of(levels, known.degrees, chosen=self.chooses_order)
        trained, _ = origin.values_mixed()
        out = np.full((sd.size, levels.size), np.nan)
        for t in np.flatnonzero(~np.isnan(mean[1:])) + 1:  # so short a series has few
            own = mean[[t]], sd[[t]], known.degrees
            out[t] = mixture.quantiles(fit, own, trained, float(origin.y[t - 1]), mixed, levels)[0]
        return out

    def _sd_ahead(
        self,
        fit: ArimaFit,
        known: "ParameterUncertainty",
        seen: "Seen",
        origin: "SeriesEnd | WholeSeries",
        future: Floats,
        variance: Floats,
    ) -> tuple[Floats, float, float]:
        """Standard deviation of each step, (horizon,), its factor for a chosen order, and the share of a mixture.

        All with unknown parameters. ``variance``, (horizon,), is that of forecasts at known parameters.
        """
        from tsforecast.models.arima import intervals  # numba takes half a second to import

        sd = np.sqrt(intervals.variance_ahead(fit, known, seen, future, variance))
        return sd, *self._factor_and_mixture(fit, known, origin)

    def _factor_and_mixture(
        self, fit: ArimaFit, known: "ParameterUncertainty", origin: "SeriesEnd | WholeSeries"
    ) -> tuple[float, float]:
        """Factor of standard deviations for a chosen order, and the share of a mixture in the quantiles."""
        from tsforecast.models.arima import intervals  # numba takes half a second to import

        if not self.chooses_order:
            return 1.0, 0.0
        mixed = origin.mixed(fit) if self._chooses_differences() else 0.0
        return intervals.chosen_factor(fit, known) ** (1.0 - mixed), mixed

    def _chooses_differences(self) -> bool:
        """Whether each series has its differences and its trend chosen from its own values."""
        return False

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Paths of the process and of errors of its estimates, each step spread as the intervals are."""
        from tsforecast.models.arima import intervals, mixture, simulation  # numba takes half a second to import

        data = self._data_of(panel)
        paths = np.empty((data.n_series, n_paths, horizon))
        for i, rng in enumerate(rngs):
            fit, origin = self._start_of(data, i)
            future = self._regressors_ahead(data, i, horizon, X)
            mean, variance = origin.forecast(fit, future, self.engine)
            if fit.sigma2 == 0.0:
                paths[i] = mean
                continue
            effects = self._past_effects(data, i, horizon) if data.past_names else []
            if effects:
                variance = variance + past_variance(effects)
            known = origin.uncertainty(fit)
            seen = origin.seen(fit, known)
            sd, factor, mixed = self._sd_ahead(fit, known, seen, origin, future, variance)
            errors = origin.ahead(fit, future).sample_paths(n_paths, rng) - mean
            if effects:
                errors = errors + past_errors(effects, n_paths, rng)
            errors = errors / np.sqrt(variance)
            errors = simulation.with_shared(errors, intervals.shared_errors(fit, known, seen, future), sd, rng)
            sd, degrees = sd * factor, known.degrees
            if mixed == 0.0:
                paths[i] = mean + sd * simulation.with_tails(errors, degrees, self.chooses_order)
            else:
                own = (mean, sd, degrees)
                paths[i] = mean + mixture.at_scores(fit, own, *origin.values_mixed(), mixed, errors)
        return self.transform_.invert_quantiles(paths, panel.ids)

    def _explain(self, panel: Panel, horizon: int, X: Floats | None) -> Explained:
        """Level, trend, season, memory and each covariate; with a transform, what each adds to those before it."""
        return explained_by(self, panel, horizon, X)

    def _start_of(self, data: Panel, i: int) -> "tuple[ArimaFit, SeriesEnd | WholeSeries]":
        """The fit of series ``i``, and what its forecasts start from."""
        if n_before(data)[i]:
            return self._fit_of(data.ids[i]), self.ends_[data.ids[i]]
        return self._whole_series(data, i)

    def _whole_series(self, data: Panel, i: int) -> "tuple[ArimaFit, WholeSeries]":
        """The fit of series ``i``, and the series with its regressors."""
        from tsforecast.models.arima.origin import WholeSeries  # numba takes half a second to import

        name = data.ids[i]
        fit = self._fit_of(name)
        _check_history(data, i, fit)
        trend = self._trend_of(fit)
        first = _steps_from(self.panel_, data, i) if set(trend) - {"mean"} else 0
        Z = regressors(trend, first, int(data.lengths[i]), self._kept(fit, covariates_of(data, i)))
        return fit, WholeSeries(data.series(i), Z, functools.partial(self._trained, name))

    def _trained(self, unique_id: str) -> "tuple[Floats, Floats] | ParameterUncertainty":
        """The series that was fitted and its regressors, or what is known from them where they were left out."""
        own = int(self.panel_.positions(pd.Index([unique_id]))[0])
        known = self.ends_[unique_id].known if n_before(self.panel_)[own] else None
        return self._series(unique_id) if known is None else known

    def _regressors_ahead(self, data: Panel, i: int, horizon: int, X: Floats | None) -> Floats:
        """Regressors of the horizon of series ``i``: (horizon, n_regressors)."""
        fit = self._fit_of(data.ids[i])
        ahead = None if X is None else X[i]
        if data.past_covariates is not None:
            x = data.past_covariates[data.indptr[i] : data.indptr[i + 1]]
            own = lagged_ahead(x, self.past_models_[data.ids[i]], past_lags_of(self.past_lags), horizon)
            ahead = own if ahead is None else np.column_stack([ahead, own])
        return regressors(self._trend_of(fit), self._steps_to_end(data, i), horizon, self._kept(fit, ahead))

    def _steps_to_end(self, data: Panel, i: int) -> int:
        """Steps from the first time of training to the end of series ``i``, where its trend counts them."""
        trend = self._trend_of(self._fit_of(data.ids[i]))
        first = _steps_from(self.panel_, data, i) if set(trend) - {"mean"} else 0
        return first + int(data.lengths[i])

    def _past_effects(self, data: Panel, i: int, horizon: int) -> list[Floats]:
        """What errors of forecasts of the past-only covariates of series ``i`` do: see `past.past_effects`."""
        name = data.ids[i]
        beta, models = self._fit_of(name).coefficients, self.past_models_[name]
        return past_effects(beta, data.past_names, models, past_lags_of(self.past_lags), horizon)

    def simulate(
        self,
        horizon: int,
        *,
        n_paths: int = 1,
        X: Covariates | None = None,
        anchor: Literal["end", "start"] = "end",
        random_state: int | np.random.Generator | None = None,
    ) -> Floats:
        """Paths drawn from the fitted processes, their parameters taken as known: ``(n_series, n_paths, horizon)``.

        They spread less than the intervals of `predict` and than `sample_paths`, which count what is uncertain of the
        parameters and the order.

        Parameters
        ----------
        horizon : int
            Steps of each path.
        n_paths : int
        X : DataFrame, Series or ndarray, optional
            Covariates of the horizon, as in `predict`; with ``anchor="start"`` those of training are used.
        anchor : {"end", "start"}
            Whether a path goes on from the end of its training series, given all of it, or is a series anew: its first
            values are those that differencing loses, the rest is drawn from the stationary distribution of the
            differences.
        random_state : int, Generator or None

        Examples
        --------
        >>> from tsforecast import ARIMA
        >>> model = ARIMA(order=(1, 1, 0)).fit(np.cumsum(np.sin(np.arange(50.0) ** 2)))
        >>> paths = model.simulate(3, n_paths=2000, random_state=0)
        >>> paths.shape
        (1, 2000, 3)
        >>> bool(np.abs(paths[0].mean(axis=0) - model.predict(3)).max() < 0.1)
        True
        """
        from tsforecast.models.arima import simulation  # numba takes half a second to import

        self._check_fitted()
        check_paths(self.panel_, horizon, n_paths)
        if anchor not in ("end", "start"):
            raise ParameterError(f"anchor={anchor!r} is none of 'end', 'start'.")
        rng = random_generator(random_state)
        future = future_of(self, X, self._origin, horizon) if anchor == "end" else None
        paths = np.empty((self.panel_.n_series, n_paths, horizon))
        data = self._data_of(self._origin)
        for i, name in enumerate(self.fits_):
            if anchor == "end":
                fit, origin = self._start_of(data, i)
                paths[i] = origin.ahead(fit, self._regressors_ahead(data, i, horizon, future)).sample_paths(
                    n_paths, rng
                )
            else:
                fit, y = self.fits_[name], self._series(name)[0]
                steps = self._first_regressors(name, max(horizon, fit.order.n_lost))
                paths[i] = simulation.paths_from_start(fit, y, steps, n_paths, rng)[:, :horizon]
        values = self.transform_.invert_quantiles(paths.transpose(0, 2, 1), self.panel_.ids).transpose(0, 2, 1)
        return self._range().clip(values)

    def _first_regressors(self, unique_id: str, horizon: int) -> Floats:
        """Regressors of the first ``horizon`` steps: (horizon, n_regressors)."""
        _, Z = self._series(unique_id)
        if horizon > Z.shape[0] and self.panel_.covariate_names:
            raise CovariateError(
                f"horizon={horizon} is past the {Z.shape[0]} steps of the training series {unique_id!r}, whose "
                "covariates a path anew is drawn with."
            )
        if not self.panel_.covariate_names:
            return regressors(self._trend_of(self.fits_[unique_id]), 0, horizon, None)
        return Z[:horizon]


def _n_given(X: Covariates, panel: Panel, steps: int) -> int:
    """How many of the next steps of one series ``X`` has rows for; all where it has none, an error later on."""
    if isinstance(X, (pd.DataFrame, pd.Series)):
        own = X[X["unique_id"] == panel.ids[0]] if "unique_id" in X else X
        times = pd.Index(own["ds"]) if "ds" in own else own.index
        count = int(future_times(panel.last_times, steps, panel.freq).isin(times).sum())
    else:
        count = min(len(X), steps)
    return count if count else steps


def _steps_from(train: Panel, data: Panel, i: int) -> int:
    """Steps from the first time of the training series to the first that ``data`` holds of its series ``i``."""
    own = int(train.positions(data.ids[i : i + 1])[0])
    begin, first = train.indptr[own], data.indptr[i]
    held = steps_between(train.times[begin : begin + 1], data.times[first : first + 1], train.freq)
    return int(n_before(train)[own]) + held


def _check_history(panel: Panel, i: int, fitted: ArimaFit) -> None:
    known = int((~np.isnan(panel.series(i))).sum())
    if known <= fitted.order.n_lost:
        raise SeriesTooShortError(
            f"Series {panel.ids[i]!r} has {known} known observations to forecast from; order {fitted.order} needs at "
            f"least {fitted.order.n_lost + 1}."
        )
