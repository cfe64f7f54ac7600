"""BaseForecaster: the interface that every model has."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Self, final

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from tsforecast._arguments import (
    check_finite,
    check_forecast_size,
    check_paths,
    check_paths_finite,
    generators_of,
    number_list,
    random_generator,
    steps_ahead,
    with_gaps,
)
from tsforecast._history import like_training, read_history
from tsforecast._restore import restore
from tsforecast._scorers import check_order, is_repeated, minus_mase, predict_rows
from tsforecast._types import Floats
from tsforecast.exceptions import (
    CovariateError,
    DataError,
    MissingValuesError,
    NotFittedError,
    ParameterError,
    SeriesTooShortError,
)
from tsforecast.forecast import Forecast, quantile_levels
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, future_covariates
from tsforecast.panel.containers import Container, Series, to_panel
from tsforecast.panel.too_short import TooShort, check_choice, check_lengths


class BaseForecaster(BaseEstimator, ABC):
    """A forecaster: constructor parameters until ``fit``, then learnt attributes that end in an underscore.

    A model writes `_fit`, `_predict` and, if it can, `_sample_paths` on Panels; everything a caller may give is checked
    and converted here.

    Class attributes that a model sets
    ----------------------------------
    handles_missing : bool
        Whether nan in the series is understood; else `fit` refuses it.
    uses_covariates : bool
        Whether ``X`` changes the forecasts; a model that does not use it accepts it and passes it over, so that one
        call serves all models of a comparison.
    gives_intervals : bool
        Whether there are intervals and quantiles; a model without any is never asked for them, and a backtest scores
        its points alone.
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
        The series given to `fit`, without those that were skipped.
    skipped_ : dict
        Observations of each series that was too short to be fitted, by name: those have no forecasts.
    stand_in_ : Naive or None
        Of a fit with ``too_short="naive"``: fitted to the series skipped, to be asked for forecasts of its own.
    """

    handles_missing: bool = False
    uses_covariates: bool = False
    gives_intervals: bool = True
    fits_together: bool = False
    search_space: ClassVar[Mapping[str, Sequence[Any]]] = {}
    quick_params: ClassVar[Mapping[str, Any] | None] = None

    panel_: Panel
    skipped_: dict[Any, int]
    stand_in_: "BaseForecaster | None"

    @property
    def is_global(self) -> bool:
        """Whether one set of parameters is learnt from all series together, so that series cannot be fitted apart."""
        return False

    def set_params(self, **params: Any) -> Self:
        """The forecaster itself with other constructor arguments; ``forecaster__order`` is that of one that it holds.

        Raises
        ------
        ValueError
            There is no such argument.
        """
        known = self.get_params(deep=True)
        for key in params:
            name, _, rest = key.partition("__")
            if rest and name in known and not hasattr(known[name], "set_params"):
                raise ParameterError(f"{key!r}: {name}={known[name]!r} of {type(self).__name__} has no parameters.")
        return super().set_params(**params)

    @final
    def fit(self, y: Series, X: Covariates | None = None, *, too_short: TooShort = "error") -> Self:
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
            or texts, which `predict` need not be given again (both kinds at once: `Panel.with_static`). The series once
            more, as ``cross_val_score(model, y, y, scoring="neg_mean_absolute_error")`` gives it, is no covariate:
            `predict` then takes the rows to forecast, too.
        too_short : {"error", "skip", "naive"}
            What becomes of series with fewer observations than the model needs: an error that names all of them; they
            are left out and listed in ``skipped_``; or, besides, a `Naive` is fitted to them, ``stand_in_``, whose
            forecasts are asked of it, and never stand among those of the model.

        Raises
        ------
        SeriesTooShortError
            Some series are too short, or, with ``"skip"`` and ``"naive"``, all of them; ``series`` holds them all.
        DataError
            The series are not regular, or hold what the model cannot use; the message names the series.
        CovariateError
            ``X`` does not fit the series, or a table comes first and one column second, as in scikit-learn's order.
        ParameterError
            A constructor argument has a value that is not allowed.
        FitError
            No optimum was found.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([3.0, 1.0, 2.0]).predict(2)
        array([2., 2.])
        >>> import pandas as pd
        >>> two = pd.DataFrame({"a": [3.0, 1.0, 2.0], "b": [float("nan"), float("nan"), 5.0]})
        >>> Naive().fit(two, too_short="skip").skipped_
        {'b': 1}
        """
        check_choice(too_short)
        repeated = is_repeated(y, X)
        panel, container = self._admit(y, None if repeated else X)
        if repeated and container.kind == "long":
            raise CovariateError(
                "The same long frame is given as y and X, as for a scorer of scikit-learn: that compares rows of "
                "numbers, so give a wide frame, or leave the second out and score by the model's own score, -MASE."
            )
        kept = self._fit_long_enough(panel, too_short)
        self._remember(panel, kept, container, takes_rows=repeated)
        self.stand_in_ = self._stand_in(panel) if too_short == "naive" and self.skipped_ else None
        return self

    def min_observations(self, panel: Panel) -> int:
        """Fewest observations, missing ones not counted, that each series must have to be fitted.

        One unless a model says more; what is asked before the first fit of a backtest. ``panel`` tells frequency and
        covariates.

        Examples
        --------
        >>> from tsforecast import Panel, SeasonalNaive
        >>> SeasonalNaive(12).min_observations(Panel.from_array(np.arange(3.0)))
        13
        """
        return 1

    def _why_so_many(self, panel: Panel) -> str:
        """What `min_observations` are needed for, in brackets for a message; nothing unless a model says it."""
        return ""

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
        ...           for y in ([1.0, 2.0, 3.0], [5.0, float("nan"), 4.0])]
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
                model._check_lengths(panel)
            except (DataError, ParameterError) as error:
                done[k] = (0.0, error)
        admitted = {k: pair for k, pair in admitted.items() if done[k][1] is None}
        seen = [panel for panel, _ in admitted.values()]
        for k, outcome in zip(admitted, cls._fit_many([models[k] for k in admitted], seen), strict=True):
            done[k] = outcome
            if outcome[1] is None:
                models[k]._remember(admitted[k][0], *admitted[k])
        return done

    @final
    def predict(
        self,
        horizon: "int | Series",
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
            Steps ahead, at least 1. After ``fit(y, y)`` also the rows to forecast, a Series, a wide frame or an array:
            so scikit-learn's scorers ask, and get rows of the same shape and times.
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
            end, in the order mean, lower, upper, …, quantiles. Panel in: a `Forecast`. A series that was skipped as too
            short is absent, or a column of nan in an array.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        ParameterError
            ``horizon``, ``level`` or ``quantiles`` is out of its range, or the model gives no intervals.
        CovariateError
            The model was fitted with covariates and ``X`` does not give them for the horizon.
        UnknownNameError
            ``history`` holds a series that a model with parameters per series was not fitted on.
        FitError
            A forecast is not finite.
        """
        self._check_fitted()
        if not isinstance(horizon, (int, np.integer)) and getattr(self, "_takes_rows", False):
            return predict_rows(self, horizon)
        steps = steps_ahead(horizon)
        levels, wanted = number_list("level", level), number_list("quantiles", quantiles)
        if (levels or wanted) and not self.gives_intervals:
            raise ParameterError(
                f"{type(self).__name__} gives no intervals: level={level!r}, quantiles={quantiles!r} cannot be had; "
                "leave them out, or wrap it: Conformal(model) makes intervals from the errors of any model."
            )
        if history is None:
            panel, container = self.panel_, self._container
        else:
            panel, container, X = self._condition(history, X)
        asked = quantile_levels(levels, wanted)
        check_forecast_size(panel, steps, asked.size)
        future = self._future(X, panel, steps)
        forecast = self._predict(panel, steps, future, asked)
        check_finite(forecast, type(self).__name__)
        out = restore(forecast, container, levels, wanted)
        places = getattr(self, "_places", None) if history is None and container.kind == "matrix" else None
        return out if places is None else with_gaps(out, *places)

    @final
    def sample_paths(
        self,
        n_paths: int,
        horizon: int,
        X: Covariates | None = None,
        *,
        history: Series | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> Floats:
        """Possible futures of each series, drawn jointly over the horizon: ``(n_series, n_paths, horizon)``.

        One step of many paths is distributed as the quantiles of `predict` say; the steps of one path belong together,
        so that sums, maxima and times of crossing a limit can be read off them.

        Parameters
        ----------
        n_paths, horizon : int
            Paths of each series, and steps of each path.
        X, history
            As for `predict`.
        random_state : int, Generator or None
            The same whole number gives the same paths. A series draws by its name: it gets the paths that it would get
            alone, and series of different names are independent.

        Returns
        -------
        ndarray, shape (n_series, n_paths, horizon)
            In the order of the series of ``history``, or of ``panel_``, where those skipped as too short are absent.

        Raises
        ------
        ParameterError
            An argument is out of its range, or the model knows no paths.
        NotFittedError, CovariateError, UnknownNameError
            As `predict`.
        FitError
            A path is not finite.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> paths = Naive().fit([3.0, 1.0, 2.0]).sample_paths(4000, 2, random_state=0)
        >>> paths.shape
        (1, 4000, 2)
        >>> bool(abs(paths.sum(axis=2).var() / (5 * 2.5) - 1) < 0.1)  # of a random walk: sigma2 * (1 + 4)
        True
        """
        self._check_fitted()
        steps = steps_ahead(horizon)
        rng = random_generator(random_state)
        panel = self.panel_
        if history is not None:
            panel, _, X = self._condition(history, X)
        check_paths(panel, steps, n_paths)
        future = self._future(X, panel, steps)
        paths = self._sample_paths(panel, int(n_paths), steps, future, generators_of(panel.ids, rng))
        check_paths_finite(paths, panel.ids, type(self).__name__)
        return paths

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
        return minus_mase(self, y, X)

    def _admit(self, y: Series, X: Covariates | None) -> tuple[Panel, Container]:
        """The panel of what is given to `fit`, of the kind that this model takes, and what it came in."""
        check_order(y, X)
        panel, container = to_panel(y, X)
        self._check_missing(panel)
        if not self.uses_covariates and panel.covariates is not None:
            panel = panel.with_covariates(None)
        return panel, container

    def _remember(self, panel: Panel, kept: Panel, container: Container, *, takes_rows: bool = False) -> None:
        """What a fit to the series ``kept`` of a panel leaves behind, whatever the model."""
        self.panel_, self._container, self._takes_rows, self.stand_in_ = kept, container, takes_rows, None
        short = ~panel.ids.isin(kept.ids)
        self.skipped_ = dict(zip(panel.ids[short].tolist(), panel.n_present[short].tolist(), strict=True))
        self._places = (panel.positions(kept.ids), panel.n_series) if self.skipped_ else None

    def _fit_long_enough(self, panel: Panel, too_short: TooShort) -> Panel:
        """Fit the series that are long enough, all unless others may be left out; the panel of them."""
        kept = panel
        while True:
            try:
                self._check_lengths(kept)
                self._fit(kept)
            except SeriesTooShortError as error:
                left = np.flatnonzero(~kept.ids.isin(list(error.series)))
                if too_short == "error" or left.size in (0, kept.n_series):
                    raise
                kept = kept.take(left)
            else:
                return kept

    def _check_lengths(self, panel: Panel) -> None:
        needed = self.min_observations(panel)
        if (panel.n_present >= needed).all():
            return  # the reason takes its time
        way_on = "too_short='skip' goes on without them." if panel.n_series > 1 else ""
        why = f"{type(self).__name__} needs at least {needed}{self._why_so_many(panel)}"
        check_lengths(panel.ids, panel.n_present, needed, why, way_on)

    def _stand_in(self, panel: Panel) -> "BaseForecaster | None":
        """A `Naive` fitted to the series that were skipped, as far as they allow."""
        naive: BaseForecaster = import_module("tsforecast").Naive()  # by name: a base imports no model
        try:
            naive.fit(panel.take(panel.positions(pd.Index(list(self.skipped_)))), too_short="skip")
        except SeriesTooShortError:
            return None
        naive._container = self._container
        return naive

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

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Joint draws from the end of every series of ``panel``: ``(n_series, n_paths, horizon)``.

        Arguments are as those of `_predict`; ``rngs`` has a generator for each series, from which its draws come. A
        model that does not write this has none: quantiles of single steps do not say how steps belong together.
        """
        raise ParameterError(
            f"{type(self).__name__} has no sample paths. Wrap it: Conformal(model) draws them from the errors that any "
            "model made along the horizon."
        )

    def _mean_of(self, panel: Panel, steps: int, X: Covariates | None) -> Floats:
        """Point forecasts of the next steps of a panel of one series: ``(steps,)``."""
        return self._predict(panel, steps, self._future(X, panel, steps), np.empty(0)).mean[0]

    def _future(self, X: Covariates | None, panel: Panel, horizon: int) -> Floats | None:
        return future_covariates(X, panel, horizon, panel.covariate_names) if self.uses_covariates else None

    def _condition(self, history: Series, X: Covariates | None) -> tuple[Panel, Container, Covariates | None]:
        """The panel to forecast from, its container, and what ``X`` holds for the horizon."""
        panel, container, X = read_history(history, X, self.panel_)
        self._check_missing(panel)
        return like_training(panel, self.panel_, self.uses_covariates), container, X

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
