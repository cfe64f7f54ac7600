"""Darts: a forecaster around a model of darts."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from tsforecast._bounds import Bounds
from tsforecast._types import Floats
from tsforecast.adapters.adapter import Adapter
from tsforecast.adapters.times import plain_times
from tsforecast.forecast import Forecast
from tsforecast.foreign.build import kept_arguments
from tsforecast.foreign.library import Library, Source
from tsforecast.panel import Panel
from tsforecast.panel.whole_numbers import whole_number


def _arguments(value: Any) -> Mapping[str, Any] | None:
    """Arguments of a model, as darts keeps them; a network takes a seed whether or not one was given."""
    if not hasattr(value, "model_params"):
        return kept_arguments(value)
    return {**({"random_state": None} if _is_network(value) else {}), **value.model_params}


def _is_network(model: Any) -> bool:
    return hasattr(model, "load_from_checkpoint")


_DARTS = Library(
    main=Source("darts", ("darts.models",), ("darts.models.forecasting.forecasting_model:ForecastingModel",)),
    extra="darts",
    arguments=_arguments,
    inside=(
        Source("darts", ("darts.models",), ("darts.models.forecasting.forecasting_model:ForecastingModel",)),
        Source("darts", ("darts.utils.utils",), ("enum:Enum",)),
        Source("darts", ("darts.utils.likelihood_models.torch",), ("darts.utils.likelihood_models.base:Likelihood",)),
        Source("sklearn", ("sklearn",), ("sklearn.base:BaseEstimator",)),
    ),
    horizon="output_chunk_length",
)


class Darts(Adapter):
    """A model of darts: a local one is fitted to each series alone, a global one to all together.

    Covariates go over as future covariates, to models that take them; numbers that do not change in time go over as
    static covariates, to global models. Quantiles are those of ``n_samples`` samples, from models that draw them; the
    mean is the model's own point forecast or, where it has only a likelihood, the mean of the samples. From another
    history than that of the fit, models forecast that darts can apply to other series; others raise an error.

    Parameters
    ----------
    model : object
        Such as ``darts.models.ExponentialSmoothing()``.
    n_samples : int
        Samples that quantiles are taken from.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    models_ : list of objects
        The fitted model of each series, or the one global model.

    Raises
    ------
    FitError
        darts raised an error; ``failures`` holds the reason for each series where each has a model of its own.

    References
    ----------
    Herzen et al. (2022), *Darts: user-friendly modern machine learning for time series*, JMLR 23(124).

    Examples
    --------
    >>> from darts.models import NaiveDrift  # doctest: +SKIP
    >>> Darts(model=NaiveDrift()).fit([3.0, 4.0, 5.0]).predict(2)  # doctest: +SKIP
    array([6., 7.])
    """

    foreign: ClassVar[Mapping[str, Library]] = {"model": _DARTS}

    def __init__(
        self,
        model: Any,
        n_samples: int = 500,
        *,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.model = model
        self.n_samples = n_samples
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def is_global(self) -> bool:
        """Whether one model is learnt from all series."""
        among = [cls.__name__ for cls in type(self.held).__mro__]
        return "GlobalForecastingModel" in among and bool(getattr(self.held, "is_global_ensemble", True))

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the model takes future covariates."""
        return bool(self.held.supports_future_covariates)

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the model draws samples."""
        model = self.held
        known = model.likelihood is not None if _is_network(model) else model.supports_probabilistic_prediction
        return bool(known)

    def _fit(self, panel: Panel) -> None:
        whole_number("n_samples", self.n_samples)
        if self.is_global:
            with self.said_by("be fitted"):
                self.models_ = [_fit(self._fresh(), *self._tables(panel, range(panel.n_series)))]
        else:
            self.models_ = self.each(
                panel,
                lambda i: _fit(self._fresh(), *(part and part[0] for part in self._tables(panel, [i]))),
                "be fitted",
            )

    def _fresh(self) -> Any:
        """A model that was never fitted and trains without drawing a progress bar."""
        given = copy.deepcopy(dict(_arguments(self.held) or {}))
        if _is_network(self.held):
            quiet = {"enable_progress_bar": False, "enable_model_summary": False}
            given["pl_trainer_kwargs"] = {**quiet, **(given.get("pl_trainer_kwargs") or {})}
        return type(self.held)(**given)

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        if self.is_global:
            with self.said_by("forecast"):
                series, future = self._tables(panel, range(panel.n_series), X)
                results = self._drawn(self.models_[0], horizon, levels, {"series": series, **_named(future)})
        else:
            results = [row for rows in self.each(panel, lambda i: self._alone(panel, i, horizon, X, levels), "forecast")
                       for row in rows]  # fmt: skip
        table = np.stack(results)  # (n_series, horizon, 1 + n_levels)
        quantiles = np.sort(table[:, :, 1:], axis=2)
        return Forecast(table[:, :, 0], quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _alone(self, panel: Panel, i: int, horizon: int, X: Floats | None, levels: Floats) -> list[Floats]:
        """Forecasts of one series by its own model."""
        model = self.models_[self.panel_.positions(panel.ids[[i]])[0]]
        series, future = self._tables(panel, [i], X)
        other = {} if self.is_as_fitted(panel, i) else {"series": series[0]}
        if other and not _can_go_on(model):
            raise self.no_history()
        return self._drawn(model, horizon, levels, {**other, **_named(future and future[0])})

    def _drawn(self, model: Any, horizon: int, levels: Floats, asked: Mapping[str, Any]) -> list[Floats]:
        """Mean and quantiles of each series: a list of ``(horizon, 1 + n_levels)``."""
        draws = means = []
        if levels.size or getattr(model, "likelihood", None) is not None:
            seed = dict(_arguments(self.held) or {}).get("random_state") or 0
            draws = _values(model.predict(horizon, **asked, num_samples=int(self.n_samples), random_state=int(seed)))
            means = [drawn.mean(axis=1, keepdims=True) for drawn in draws]
        if getattr(model, "likelihood", None) is None:
            means = _values(model.predict(horizon, **asked))
        if not levels.size:
            return means
        ends = [np.quantile(drawn, levels, axis=1).T for drawn in draws]  # each (horizon, n_levels)
        return [np.hstack(pair) for pair in zip(means, ends, strict=True)]

    def _tables(
        self, panel: Panel, which: Sequence[int], X: Floats | None = None
    ) -> tuple[list[Any], list[Any] | None]:
        """Series of a panel and their future covariates as darts takes them; ``X`` holds the steps ahead."""
        from darts import TimeSeries

        make = TimeSeries.from_times_and_values
        steps = 0 if X is None else X.shape[1]
        numbers = None if panel.static is None or not self.is_global else panel.static.select_dtypes("number")
        series, future = [], []
        for i in which:
            times = plain_times(panel, i, steps)
            fixed = None if numbers is None or numbers.empty else numbers.iloc[[i]].reset_index(drop=True)
            n_obs = panel.lengths[i]
            series.append(make(times[:n_obs], panel.series(i).copy(), static_covariates=fixed))
            if panel.covariates is not None:
                past = panel.covariates[panel.indptr[i] : panel.indptr[i + 1]]
                rows = past if X is None else np.vstack([past, X[i]])
                future.append(make(times, rows.copy(), columns=list(panel.covariate_names)))
        return series, future or None


def _can_go_on(model: Any) -> bool:
    """Whether a model, and each of an ensemble, can be applied to another series than that of its fit."""
    return bool(model.supports_transferable_series_prediction) and all(
        _can_go_on(part) for part in getattr(model, "forecasting_models", ())
    )


def _fit(model: Any, series: Any, future: Any) -> Any:
    return model.fit(series, **_named(future))


def _named(future: Any) -> dict[str, Any]:
    return {} if future is None else {"future_covariates": future}


def _values(forecast: Any) -> list[Floats]:
    """Values of one or many forecasts: each ``(horizon, n_samples)``."""
    return [
        one.all_values()[:, 0, :].astype(np.float64) for one in (forecast if isinstance(forecast, list) else [forecast])
    ]
