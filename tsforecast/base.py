"""BaseForecaster: the one interface of every model."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, final

import numpy as np
from sklearn.base import BaseEstimator

from tsforecast._ingest import time_kind
from tsforecast._numbers import whole_number
from tsforecast._types import Floats
from tsforecast.containers import (
    Container,
    Covariates,
    Series,
    check_horizon,
    future_covariates,
    long_columns,
    restore,
    split_covariates,
    to_panel,
)
from tsforecast.exceptions import (
    CovariateError,
    DataError,
    FitError,
    MissingValuesError,
    NotFittedError,
    ParameterError,
)
from tsforecast.forecast import Forecast, quantile_levels
from tsforecast.frequency import freq_name, steps_between
from tsforecast.panel import Panel


class BaseForecaster(BaseEstimator, ABC):
    """A forecaster: constructor parameters until ``fit``, then learnt attributes that end in an underscore.

    A model writes `_fit` and `_predict` on Panels; everything a caller may give is checked and converted here.

    Class attributes that a model sets
    ----------------------------------
    handles_missing : bool
        Whether nan in the series is understood; else `fit` refuses it.
    uses_covariates : bool
        Whether ``X`` changes the forecasts; a model that does not use it accepts it and passes it over, so that one
        call serves all models of a comparison.
    search_space : mapping of str to sequence
        Values worth trying, by parameter, for a tuner with a budget; empty where there is nothing to tune.
    fits_together : bool
        Whether `fit_many` costs less than as many calls of `fit`; then the model writes `_fit_many`.
    quick_params : mapping, optional
        Of a model whose first fit in a process loads or compiles something: the parameters that make a fit quick, with
        which a backtest has that done before it takes times.

    Learnt attributes
    -----------------
    panel_ : Panel
        The series given to `fit`.
    """

    handles_missing: bool = False
    uses_covariates: bool = False
    fits_together: bool = False
    search_space: ClassVar[Mapping[str, Sequence[Any]]] = {}
    quick_params: ClassVar[Mapping[str, Any] | None] = None

    panel_: Panel

    @property
    def is_global(self) -> bool:
        """Whether one set of parameters is learnt from all series together, so that series cannot be fitted apart."""
        return False

    @final
    def fit(self, y: Series, X: Covariates | None = None) -> Self:
        """The forecaster itself, fitted.

        Parameters
        ----------
        y : Series, DataFrame, ndarray or Panel
            One or many series: a pandas Series (any regular index), a wide frame (times in the index, one column a
            series), a long frame (``unique_id``, ``ds``, ``y``), an array ``(n_obs,)`` or ``(n_obs, n_series)``.
        X : DataFrame, Series or ndarray, optional
            Covariates known into the future, at the times of ``y``: a frame with the times in its index or in ``ds``
            (and ``unique_id`` where series differ), a Series with the times in its index, or an array with one row an
            observation. A frame with ``unique_id`` and no times, one row a series, holds what does not change: numbers
            or texts, which `predict` need not be given again (both kinds at once: `Panel.with_static`).

        Raises
        ------
        DataError
            The series are not regular, too short, or hold what the model cannot use; the message names the series.
        ParameterError
            A constructor argument has a value that is not allowed.
        FitError
            No optimum was found.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([3.0, 1.0, 2.0]).predict(2)
        array([2., 2.])
        """
        panel, container = self._admit(y, X)
        self._fit(panel)
        self.panel_, self._container = panel, container
        return self

    @final
    @classmethod
    def fit_many(cls, models: Sequence[Self], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
        """Seconds that each fit took, and why it failed or None: models of this class, each fitted to its own panel.

        Every model is what `fit` would have made of it, to the last bit, but many small fits of a model that
        `fits_together` take a small part of the time. A model whose fit failed stays as it was.

        Parameters
        ----------
        models : sequence of n_fits forecasters of this class
        panels : sequence of n_fits Panel

        Examples
        --------
        >>> import pandas as pd
        >>> from tsforecast import Naive, Panel
        >>> panels = [Panel.from_frame(pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": y}))
        ...           for y in ([1.0, 2.0, 3.0], [5.0, 4.0, float("nan")])]
        >>> models = [Naive(), Naive()]
        >>> [error for _, error in Naive.fit_many(models, panels)]
        [None, None]
        >>> [model.predict(1).mean.item() for model in models]
        [3.0, 4.0]
        """
        done: list[tuple[float, Exception | None]] = [(0.0, None)] * len(models)
        admitted: dict[int, tuple[Panel, Container]] = {}
        for k, (model, panel) in enumerate(zip(models, panels, strict=True)):
            try:
                admitted[k] = model._admit(panel, None)
            except DataError as error:
                done[k] = (0.0, error)
        seen = [panel for panel, _ in admitted.values()]
        for k, outcome in zip(admitted, cls._fit_many([models[k] for k in admitted], seen), strict=True):
            done[k] = outcome
            if outcome[1] is None:
                models[k].panel_, models[k]._container = admitted[k]
        return done

    @final
    def predict(
        self,
        horizon: int,
        X: Covariates | None = None,
        *,
        history: Series | None = None,
        level: float | Sequence[float] | None = None,
        quantiles: float | Sequence[float] | None = None,
    ) -> Any:
        """Forecasts of the next ``horizon`` steps, in the kind of container that was given.

        Parameters
        ----------
        horizon : int
            Steps ahead, at least 1.
        X : DataFrame, Series or ndarray, optional
            Covariates of the horizon, for a model fitted with some; with ``history``, of the history too.
        history : like ``y`` of `fit`, optional
            Series to forecast from, in place of those of `fit`: what was learnt stays, what it is conditioned on
            changes. Nothing is re-estimated and nothing is kept.
        level : float or sequence of float, optional
            Central intervals in percent: columns ``lo-80`` and ``hi-80`` for 80.
        quantiles : float or sequence of float, optional
            Quantile levels in (0, 1): column ``q0.1`` for 0.1.

        Returns
        -------
        Series, DataFrame, ndarray or Forecast
            Series in: a Series, or a frame with columns ``mean``, ``lo-80``, … where levels are asked for. Wide frame
            in: a wide frame; with levels, columns are (series, statistic). Long frame in: a long frame ``unique_id``,
            ``ds``, ``mean``, …. Array in: ``(horizon,)`` or ``(horizon, n_series)``; with levels one more axis at the
            end, in the order mean, lower, upper, …, quantiles. Panel in: a `Forecast`.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        ParameterError
            ``horizon``, ``level`` or ``quantiles`` is out of its range.
        CovariateError
            The model was fitted with covariates and ``X`` does not give them for the horizon.
        UnknownNameError
            ``history`` holds a series that a model with parameters per series was not fitted on.
        FitError
            A forecast is not finite.
        """
        self._check_fitted()
        steps = whole_number("horizon", horizon, what="a whole number of steps")
        levels, wanted = _as_list("level", level), _as_list("quantiles", quantiles)
        if history is None:
            panel, container = self.panel_, self._container
        else:
            panel, container, X = self._condition(history, X)
        asked = quantile_levels(levels, wanted)
        check_horizon(panel, steps, asked.size)
        future = self._future(X, panel, steps)
        forecast = self._predict(panel, steps, future, asked)
        _check_finite(self, forecast)
        return restore(forecast, container, levels, wanted)

    @final
    def score(self, y: Series, X: Covariates | None = None) -> float:
        """Minus the mean absolute scaled error (MASE) of the forecasts for ``y``; larger is better.

        Parameters
        ----------
        y : like ``y`` of `fit`
            Observations after the end of the training series; a gap between the two is forecast over. An array has no
            times of its own: it begins with the step after the training series.
        X : DataFrame, Series or ndarray, optional
            Covariates from the end of training to the end of ``y``.

        Notes
        -----
        The scale of a series is the mean absolute change over one season in the training series (Hyndman & Koehler
        2006); a season is what is usual for the frequency, whatever the model, so that scores of different models and
        settings compare. Series whose scale is zero are left out; nan where none is left.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([1.0, 2.0, 3.0]).score([3.0, 5.0])
        -1.0
        """
        self._check_fitted()
        truth, container = to_panel(y, freq=self.panel_.freq)
        panel = self.panel_.take(self.panel_.positions(truth.ids))
        season = panel.season_length
        scores = np.full(truth.n_series, np.nan)
        for i in range(truth.n_series):
            skipped = _steps_skipped(panel, truth, i, self._first_step(panel, i) if container.is_array else None)
            steps = skipped + int(truth.lengths[i])
            mean = self._mean_of(panel.take([i]), steps, X)[skipped:]
            trained = panel.series(i)
            scale = np.nanmean(np.abs(trained[season:] - trained[:-season])) if trained.size > season else np.nan
            error = np.nanmean(np.abs(truth.series(i) - mean))
            if scale > 0:
                scores[i] = -error / scale
        return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")

    def _admit(self, y: Series, X: Covariates | None) -> tuple[Panel, Container]:
        """The panel of what is given to `fit`, of the kind that this model takes, and what it came in."""
        panel, container = to_panel(y, X)
        self._check_missing(panel)
        if not self.uses_covariates and panel.covariates is not None:
            panel = panel.with_covariates(None)
        return panel, container

    @classmethod
    def _fit_many(cls, models: Sequence[Self], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
        """Fit each model to its panel; seconds and error of each. One after another, unless a model knows better."""
        done: list[tuple[float, Exception | None]] = []
        for model, panel in zip(models, panels, strict=True):
            begin = time.perf_counter()
            try:
                model._fit(panel)
            except Exception as error:  # the caller's to judge, fit by fit
                done.append((time.perf_counter() - begin, error))
            else:
                done.append((time.perf_counter() - begin, None))
        return done

    @abstractmethod
    def _fit(self, panel: Panel) -> None:
        """Check the constructor's arguments against the panel, learn, store attributes that end in an underscore."""

    @abstractmethod
    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        """Forecasts from the end of every series of ``panel``, which need not be the panel of `_fit`.

        ``X`` is ``(n_series, horizon, n_features)``; ``levels`` are the increasing quantile levels, maybe none. The
        object is left as it was.
        """

    def _mean_of(self, panel: Panel, steps: int, X: Covariates | None) -> Floats:
        return self._predict(panel, steps, self._future(X, panel, steps), np.empty(0)).mean[0]

    def _first_step(self, panel: Panel, i: int) -> int:
        """Step of the first row of an array that continues training: past 1 where series ``i`` ended before others."""
        if self._container.kind != "matrix":
            return 1
        return int(self.panel_.last_times.max() - panel.last_times[i]) + 1

    def _future(self, X: Covariates | None, panel: Panel, horizon: int) -> Floats | None:
        return future_covariates(X, panel, horizon, panel.covariate_names) if self.uses_covariates else None

    def _condition(self, history: Series, X: Covariates | None) -> tuple[Panel, Container, Covariates | None]:
        """The panel to forecast from, its container, and what ``X`` holds for the horizon."""
        names = self.panel_.covariate_names
        history = long_columns(history, X)
        panel, container = to_panel(history, freq=self.panel_.freq)
        if names and panel.covariates is None and X is not None:
            past, X = split_covariates(X, panel)
            panel, container = to_panel(history, past, self.panel_.freq)
        self._check_missing(panel)
        if not self.uses_covariates and panel.covariates is not None:
            panel = panel.with_covariates(None)
        panel = panel.at_freq(self.panel_.freq)
        if panel.freq != self.panel_.freq:
            raise DataError(
                f"history has the frequency {freq_name(panel.freq)!r}; the model was fitted on "
                f"{freq_name(self.panel_.freq)!r}."
            )
        known = self.panel_.static
        if known is not None and panel.static is None and panel.ids.isin(known.index).all():
            panel = panel.with_static(known)
        if set(panel.covariate_names) != set(names):
            raise CovariateError(
                f"history has the covariates {list(panel.covariate_names)}; the model was fitted with {list(names)}."
            )
        if panel.covariates is not None and panel.covariate_names != names:
            order = [panel.covariate_names.index(name) for name in names]
            panel = panel.with_covariates(panel.covariates[:, order], names)
        return panel, container, X

    def _check_fitted(self) -> None:
        if not hasattr(self, "panel_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted; call fit first.")

    def _check_missing(self, panel: Panel) -> None:
        missing = np.isnan(panel.values)
        if missing.any() and not self.handles_missing:
            row = int(np.argmax(missing))
            raise MissingValuesError(
                f"Series {panel.id_at(row)!r} has no value at {panel.times[row]} and {type(self).__name__} cannot use "
                "missing values; fill them, or choose a model that can (ARIMA, LSTM)."
            )


def _check_finite(model: BaseForecaster, forecast: Forecast) -> None:
    bad = ~(np.isfinite(forecast.mean).all(axis=1) & np.isfinite(forecast.quantiles).all(axis=(1, 2)))
    if bad.any():
        names = [str(name) for name in forecast.ids[bad]]
        raise FitError(
            f"{type(model).__name__}'s forecast of series {names[0]!r} is not finite.",
            failures=dict.fromkeys(names, "the forecast is not finite"),
        )


def _steps_skipped(panel: Panel, truth: Panel, i: int, first_step: int | None) -> int:
    """Steps between the end of training and the first of ``truth``, whose first row is ``first_step`` of an array."""
    last, first = panel.last_times[i : i + 1], truth.times[truth.indptr[i] : truth.indptr[i] + 1]
    if first_step is not None:
        return first_step - 1 + int(first[0])  # rows count from 0, and missing ones at the top are trimmed
    if time_kind(first) != time_kind(last):
        raise DataError(
            f"Series {truth.ids[i]!r}: the times of y are {time_kind(first)}, those of the training series "
            f"{time_kind(last)}."
        )
    steps = steps_between(last, first, panel.freq)
    if steps < 1:
        raise DataError(
            f"Series {truth.ids[i]!r}: y begins at {first[0]}, not after the training series, which ends at {last[0]}. "
            "Its index must hold later times; an array without an index continues the training series."
        )
    return steps - 1


def _as_list(name: str, given: float | Sequence[float] | None) -> list[float] | None:
    if given is None:
        return None
    try:
        return [float(value) for value in (given if np.iterable(given) and not isinstance(given, str) else [given])]
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name}={given!r} is neither a number nor a sequence of numbers.") from error


class Wrapper(BaseForecaster):
    """A forecaster around another, its parameter ``forecaster``: it takes whatever that one takes."""

    forecaster: BaseForecaster

    @property
    def handles_missing(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().handles_missing

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().uses_covariates

    def _inner(self) -> BaseForecaster:
        if not isinstance(self.forecaster, BaseForecaster):
            raise ParameterError(f"forecaster={self.forecaster!r} is no forecaster such as Naive().")
        return self.forecaster
