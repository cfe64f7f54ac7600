"""BaseForecaster: the interface that every model has."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Self, final

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from tsforecast._arguments import (
    check_finite,
    check_forecast_size,
    check_paths,
    check_paths_finite,
    check_present,
    generators_of,
    number_list,
    random_generator,
    steps_ahead,
    with_gaps,
)
from tsforecast._history import like_training, read_history
from tsforecast._restore import restore
from tsforecast._scorers import check_order, is_repeated, minus_mase, predict_rows, scales_of
from tsforecast._types import Bools, Floats
from tsforecast.exceptions import CovariateError, DataError, NotFittedError, ParameterError, SeriesTooShortError
from tsforecast.forecast import Forecast, quantile_levels
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates, future_covariates
from tsforecast.panel.containers import Container, Series, to_panel
from tsforecast.panel.shortened import shortened
from tsforecast.panel.too_short import TooShort, check_choice, check_lengths


class BaseForecaster(BaseEstimator, ABC):
    """Base class of all forecasters: parameters in the constructor, learnt attributes (``name_``) after ``fit``.

    A model writes `_fit`, `_predict` and, if it can, `_sample_paths` on Panels; all arguments of callers are checked
    and converted here.

    Class attributes that a model sets
    ----------------------------------
    handles_missing : bool
        Whether nan in the series is allowed; else `fit` refuses it.
    uses_covariates : bool
        Whether ``X`` changes the forecasts; a model that does not use it accepts and ignores it, so that one call
        serves all models of a comparison.
    gives_intervals : bool
        Whether the model gives intervals and quantiles; where it does not, a backtest scores point forecasts only.
    search_space : mapping of str to sequence
        Values worth trying, by parameter, for a tuner with a budget; empty where there is nothing to tune.
    fits_together : bool
        Whether `fit_many` costs less than as many calls of `fit`; then the model writes `_fit_many`.
    nests : tuple of str
        Class paths of simpler models that are a special case of this one; a verdict names those it does not beat.
    quick_params : mapping, optional
        For a model whose first fit in a process loads or compiles something: parameters of a quick fit, which a
        backtest runs before it measures times.

    Learnt attributes
    -----------------
    panel_ : Panel
        The series given to `fit`, without those that were skipped.
    skipped_ : dict
        Number of observations of each series that was too short to be fitted, by name; these have no forecasts.
    stand_in_ : Naive or None
        With ``too_short="naive"``: a `Naive` fitted to the skipped series, which forecasts these.
    notes_ : dict
        What was noted when the forecaster was saved; empty after `fit`.
    """

    handles_missing: bool = False
    uses_covariates: bool = False
    gives_intervals: bool = True
    fits_together: bool = False
    nests: tuple[str, ...] = ()
    search_space: ClassVar[Mapping[str, Sequence[Any]]] = {}
    quick_params: ClassVar[Mapping[str, Any] | None] = None

    panel_: Panel
    skipped_: dict[Any, int]
    stand_in_: "BaseForecaster | None"
    notes_: dict[str, Any]
    _scale: Floats | None

    @property
    def is_global(self) -> bool:
        """Whether one set of parameters is learnt from all series together, rather than one for each series."""
        return False

    def set_params(self, **params: Any) -> Self:
        """The forecaster itself with other arguments; ``forecaster__order`` sets ``order`` of its ``forecaster``.

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
            or texts, which `predict` need not be given again (both kinds at once: `Panel.with_static`). A copy of
            ``y``, as ``cross_val_score(model, y, y, scoring="neg_mean_absolute_error")`` passes it, is no covariate:
            `predict` then also accepts the rows to forecast.
        too_short : {"error", "skip", "naive"}
            How series with fewer observations than the model needs are handled: an error that names all of them; leave
            them out and list them in ``skipped_``; or also fit a `Naive` to them, ``stand_in_``, which gives their
            forecasts apart from those of the model.

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
        panel, container = self._checked_panel(y, None if repeated else X)
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
        """Smallest number of observations, not counting missing ones, that each series needs to be fitted.

        1 unless a model overrides it; a backtest calls it before the first fit. ``panel`` gives the frequency and
        covariates.

        Examples
        --------
        >>> from tsforecast import Panel, SeasonalNaive
        >>> SeasonalNaive(12).min_observations(Panel.from_array(np.arange(3.0)))
        13
        """
        return 1

    def _why_so_many(self, panel: Panel) -> str:
        """Why `min_observations` are needed, in brackets for a message; empty unless a model overrides it."""
        return ""

    def parts(self) -> Mapping[str, "BaseForecaster"]:
        """Fitted forecasters that are this one with only a part of it, by the part's name; none unless overridden.

        Each holds the parts before it. A backtest scores their point forecasts beside those of the whole.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([1.0, 2.0]).parts()
        {}
        """
        return {}

    @final
    @classmethod
    def fit_many(cls, models: Sequence[Self], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
        """Fit models of this class, each to its own panel: the seconds of each fit, and its error or None.

        Every model equals the result of `fit` exactly, but many small fits of a model that `fits_together` take much
        less time. A model whose fit failed is unchanged.

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
                admitted[k] = model._checked_panel(panel, None)
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
        """Forecasts of the next ``horizon`` steps, in the same kind of container as ``y``.

        Parameters
        ----------
        horizon : int
            Steps ahead, at least 1. After ``fit(y, y)`` also the rows to forecast, a Series, a wide frame or an array:
            scikit-learn's scorers call it so; the result has the same shape and times.
        X : DataFrame, Series or ndarray, optional
            Covariates of the horizon, for a model fitted with some; with ``history``, of the history too.
        history : like ``y`` of `fit`, optional
            Series to forecast from, in place of those of `fit`. The learnt parameters are used as they are: nothing is
            re-estimated and nothing is stored.
        level : float or sequence of float, optional
            Central intervals in percent: columns ``lo-80`` and ``hi-80`` for 80.
        quantiles : float or sequence of float, optional
            Quantile levels in (0, 1): column ``q0.1`` for 0.1.

        Returns
        -------
        Series, DataFrame, ndarray or Forecast
            Series in: a Series, or a frame with columns ``mean``, ``lo-80``, … with levels. Wide frame
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
            The same whole number gives the same paths. Draws depend on the name of the series: each gets the paths that
            it would get alone, and series of different names are independent.

        Returns
        -------
        ndarray, shape (n_series, n_paths, horizon)
            In the order of the series of ``history``, or of ``panel_``, where those skipped as too short are absent.

        Raises
        ------
        ParameterError
            An argument is out of its range, or the model has no sample paths.
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
            Observations after the end of the training series; steps between the two are forecast and not scored. An
            array has no times of its own: it begins with the step after the training series.
        X : DataFrame, Series or ndarray, optional
            Covariates from the end of training to the end of ``y``.

        Notes
        -----
        The scale of a series is the mean absolute change over one season in the training series (Hyndman & Koehler
        2006); a season is what is usual for the frequency, whatever the model, so that scores of different models and
        settings are comparable. Series whose scale is zero are left out; nan where none is left.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([1.0, 2.0, 3.0]).score([3.0, 5.0])
        -1.0
        """
        self._check_fitted()
        return minus_mase(self, y, X)

    @final
    def save(
        self,
        path: str | Path,
        *,
        notes: Mapping[str, Any] | None = None,
        keep_history: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Write the fitted forecaster to one file, which `tsforecast.load_forecaster` reads in any later version.

        The file holds plain values and arrays with their checksums, no code. Of the series it holds what forecasts from
        their ends need: a state, where the model has one.

        Parameters
        ----------
        path : str or Path
            Any name, with or without an ending. A saved forecaster there is replaced, at once or not at all.
        notes : mapping, optional
            Plain values to keep with the forecaster, of at most 100,000 characters: they come back in ``notes_``.
            Those it has where it is None.
        keep_history : bool
            Whether the series are written, too: for residuals, simulations from the start and parts of forecasts.
        overwrite : bool
            Whether a file that is no saved forecaster may be replaced.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        ParameterError
            The forecaster holds something that only pickle could write, such as a model of another library.
        ModelFileError
            ``path`` is a folder or another file, or cannot be written.
        MissingFileError
            The folder of ``path`` is not there.
        """
        from tsforecast.persist.save import save_forecaster  # on use: seldom needed

        self._check_fitted()
        save_forecaster(self, path, notes, keep_history, overwrite)

    def _checked_panel(self, y: Series, X: Covariates | None) -> tuple[Panel, Container]:
        """The checked panel of the arguments of `fit`, without covariates that the model ignores, and its container."""
        check_order(y, X)
        panel, container = to_panel(y, X)
        check_present(panel, self.handles_missing, type(self).__name__)
        if not self.uses_covariates and panel.covariates is not None:
            panel = panel.with_covariates(None)
        return panel, container

    def _remember(self, panel: Panel, kept: Panel, container: Container, *, takes_rows: bool = False) -> None:
        """Store the attributes that every model has after a fit to the series ``kept`` of a panel."""
        self.panel_, self._container, self._takes_rows, self.stand_in_ = kept, container, takes_rows, None
        self.notes_, self._scale = {}, None
        short = ~panel.ids.isin(kept.ids)
        self.skipped_ = dict(zip(panel.ids[short].tolist(), panel.n_present[short].tolist(), strict=True))
        self._places = (panel.positions(kept.ids), panel.n_series) if self.skipped_ else None

    def _fit_long_enough(self, panel: Panel, too_short: TooShort) -> Panel:
        """Fit the series that are long enough and return their panel; short ones are an error or left out."""
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
            return  # finding the reason is slow
        way_on = "too_short='skip' goes on without them." if panel.n_series > 1 else ""
        why = f"{type(self).__name__} needs at least {needed}{self._why_so_many(panel)}"
        check_lengths(panel.ids, panel.n_present, needed, why, way_on)

    def _stand_in(self, panel: Panel) -> "BaseForecaster | None":
        """A `Naive` fitted to the skipped series that are long enough for it; None where none is."""
        naive: BaseForecaster = import_module("tsforecast").Naive()  # by name: this module must not import models
        try:
            naive.fit(panel.take(panel.positions(pd.Index(list(self.skipped_)))), too_short="skip")
        except SeriesTooShortError:
            return None
        naive._container = self._container
        return naive

    @classmethod
    def _fit_many(cls, models: Sequence[Self], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
        """Seconds and error of each fit of a model to its panel; one after another unless a model overrides it."""
        done: list[tuple[float, Exception | None]] = []
        for model, panel in zip(models, panels, strict=True):
            begin = time.perf_counter()
            try:
                model._fit(panel)
            except Exception as error:  # returned, for the caller to handle fit by fit
                done.append((time.perf_counter() - begin, error))
            else:
                done.append((time.perf_counter() - begin, None))
        return done

    @abstractmethod
    def _fit(self, panel: Panel) -> None:
        """Check the constructor's arguments against the panel, fit, and store the learnt attributes (``name_``)."""

    @abstractmethod
    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        """Forecasts from the end of every series of ``panel``, which need not be the panel of `_fit`.

        ``X`` is ``(n_series, horizon, n_features)``; ``levels`` are the increasing quantile levels, which may be empty.
        The object must not change.
        """

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Joint draws from the end of every series of ``panel``: ``(n_series, n_paths, horizon)``.

        Arguments are as those of `_predict`; ``rngs`` has one generator for each series. A model that does not override
        this has no sample paths: quantiles of single steps do not say how the steps depend on each other.
        """
        raise ParameterError(
            f"{type(self).__name__} has no sample paths. Wrap it: Conformal(model) draws them from the errors that any "
            "model made along the horizon."
        )

    def _mean_of(self, panel: Panel, steps: int, X: Covariates | None) -> Floats:
        """Point forecasts of the next steps of a panel of one series: ``(steps,)``."""
        return self._predict(panel, steps, self._future(X, panel, steps), np.empty(0)).mean[0]

    @final
    def _short(self, panel: Panel) -> "tuple[Self, Bools] | None":
        """`_condense`, the other learnt attributes without history, too."""
        found = self._condense(panel)
        if found is None or self.panel_.left_out is not None:
            return found
        short, whole = found
        stand_in = None if self.stand_in_ is None else self.stand_in_._short(self.stand_in_.panel_)
        short.stand_in_ = self.stand_in_ if stand_in is None else stand_in[0]
        short._scale = scales_of(self.panel_)
        short.panel_ = shortened(self.panel_, np.where(whole, self.panel_.lengths, 1))
        return short, whole

    def _condense(self, panel: Panel) -> "tuple[Self, Bools] | None":
        """For `save`: a copy that forecasts from the end of ``panel`` without the history, and which series it needs.

        The copy keeps in a learnt attribute what `_predict` and `_sample_paths` need of the series; they find in
        ``panel.left_out`` that these were left out. The second result, ``(n_series,)``, is True for series that are
        needed whole all the same. None, unless a model overrides this: all of the series are kept.
        """
        return None

    def _future(self, X: Covariates | None, panel: Panel, horizon: int) -> Floats | None:
        return future_covariates(X, panel, horizon, panel.covariate_names) if self.uses_covariates else None

    def _condition(self, history: Series, X: Covariates | None) -> tuple[Panel, Container, Covariates | None]:
        """The panel to forecast from, its container, and the covariates of the horizon."""
        panel, container, X = read_history(history, X, self.panel_)
        check_present(panel, self.handles_missing, type(self).__name__)
        return like_training(panel, self.panel_, self.uses_covariates), container, X

    def _check_fitted(self) -> None:
        if not hasattr(self, "panel_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted; call fit first.")
