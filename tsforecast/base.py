"""BaseForecaster: the interface that every model has."""

from collections.abc import Sequence
from typing import Any, Self, final

import numpy as np

from tsforecast._fitting import check_goes_on, checked_panel, fit_checked
from tsforecast._insight import Insight
from tsforecast._kept import Kept
from tsforecast._predicting import drawn_paths, forecast_asked, forecast_like_series, forecast_within, future_of
from tsforecast._scorers import minus_mase, predict_rows
from tsforecast._totals import total_table
from tsforecast._types import Floats
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series
from tsforecast.panel.too_short import TooShort, check_choice


class BaseForecaster(Insight, Kept):
    """Base class of all forecasters: parameters in the constructor, learnt attributes (``name_``) after ``fit``.

    A model writes `_fit`, `_predict` and, if it has paths of its own, `_sample_paths` on Panels; all arguments of
    callers are checked and converted here. Parameters below are arguments of every constructor; attributes that end
    in ``_`` are learnt by `fit`, the others are set by the class of a model.

    Other Parameters
    ----------------
    nonnegative : bool
        Whether forecasts are 0 or more.
    bounds : tuple of two floats, optional
        Least and greatest value of forecasts, ``(0, 100)`` for percentages; None in place of either for no such bound.
        What a model expects past a bound lies on it: quantiles and sample paths end there, and the mean is that of the
        distribution so censored (see `tsforecast._bounds`). A value outside in the series is an error of `fit`.

    Attributes
    ----------
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
        Whether one call of `_fit_many`, which the model then writes, costs less than as many of `fit`.
    forecasts_counts : bool
        Whether quantiles and sample paths are whole numbers.
    nests : tuple of str
        Class paths of simpler models that are a special case of this one; a verdict names those it does not beat.
    quick_params : mapping, optional
        For a model whose first fit in a process loads or compiles something: parameters of a quick fit, which a
        backtest runs before it measures times.
    panel_ : Panel
        The series given to `fit`, without those that were skipped.
    skipped_ : dict
        Number of observations of each series that was too short to be fitted, by name; these have no forecasts.
    stand_in_ : Naive or None
        With ``too_short="naive"``: a `Naive` fitted to the skipped series, which forecasts these.
    notes_ : dict
        What was noted when the forecaster was saved; empty after `fit`.
    """

    @final
    def fit(
        self,
        y: Series,
        X: Covariates | None = None,
        *,
        past_covariates: Sequence[str] = (),
        calendar: str | None = None,
        too_short: TooShort = "error",
        warm_start: bool = False,
    ) -> Self:
        """The forecaster itself, fitted.

        Parameters
        ----------
        y : Series, DataFrame, ndarray or Panel
            One or many series: a pandas Series (any regular index), a wide frame (times in the index, one column a
            series), a long frame (``unique_id``, ``ds``, ``y``), an array ``(n_obs,)`` or ``(n_obs, n_series)``. Or a
            frame of polars or Arrow, long or wide (times in ``ds``), lazy ones too, or a series, which counts as array.
        X : DataFrame, Series or ndarray, optional
            Covariates known into the future, at the times of ``y``: a frame with the times in its index or in ``ds``
            (and ``unique_id`` where series differ), a Series with the times in its index, or an array with one row an
            observation. A frame with ``unique_id`` and no times, one row a series, holds what does not change: numbers
            or texts, which `predict` need not be given again (both kinds at once: `Panel.with_static`). A copy of
            ``y``, as ``cross_val_score(model, y, y, scoring="neg_mean_absolute_error")`` passes it, is no covariate:
            `predict` then also accepts the rows to forecast.
            Columns of texts or pandas categories have an effect for each of their levels.
        past_covariates : sequence of str
            Columns of ``X`` (or covariates of a `Panel`) that are known up to the present only, such as measured
            weather: `predict` needs no later values of them, and uses none.
        calendar : str, optional
            A country, ``"DE"``, or a part of one, ``"DE-BY"``, whose holidays are covariates; `predict` knows them from
            the times. See `holiday_covariates` for their columns.
        too_short : {"error", "skip", "naive"}
            How series with fewer observations than the model needs are handled: an error that names all of them; leave
            them out and list them in ``skipped_``; or also fit a `Naive` to them, ``stand_in_``, which gives their
            forecasts apart from those of the model.
        warm_start : bool
            For networks that are fitted: training goes on from their weights, instead of from new ones. See
            docs/warm_start.md for what else is kept, and when that is worth it.

        Raises
        ------
        SeriesTooShortError
            Some series are too short, or, with ``"skip"`` and ``"naive"``, all of them; ``series`` holds them all.
        DataError
            The series are not regular, or hold what the model cannot use; the message names the series.
        CovariateError
            ``X`` does not fit the series, or a table comes first and one column second, as in scikit-learn's order.
        ParameterError
            A constructor argument has a value that is not allowed; or ``warm_start`` is asked of a model that is no
            network, or that has other arguments now than its weights were made for.
        NotFittedError
            ``warm_start`` is asked, and there is no fit to go on from.
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
        check_goes_on(self, warm_start)
        panel, container, repeated = checked_panel(self, y, X, past_covariates, calendar)
        return fit_checked(self, panel, container, too_short, takes_rows=repeated, warm_start=warm_start)

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
            Covariates of the horizon, for a model fitted with some; with ``history``, of the history too. Not needed
            for holidays of ``calendar`` and for ``past_covariates``, of which no later values are used. A text that
            training has not seen has no effect, with an `UnseenLevelWarning`.
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
            short is absent, or a column of nan in an array. What came from polars or Arrow goes back to it, times in
            ``ds``; with levels columns of a wide frame are called ``series/statistic``.

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
        return forecast_like_series(self, horizon, X, history, level, quantiles)

    @final
    def forecast(
        self,
        horizon: int,
        X: Covariates | None = None,
        *,
        history: Series | None = None,
        level: float | Sequence[float] | None = None,
        quantiles: float | Sequence[float] | None = None,
    ) -> Forecast:
        """The same forecasts as `predict`, as a `Forecast`, whatever the container of ``y``.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([3.0, 1.0, 2.0]).forecast(2, level=80).interval(80)[0].round(2)
        array([[-0.03, -0.87]])
        """
        self._check_fitted()
        return forecast_asked(self, horizon, X, history, level, quantiles)

    @final
    def predict_total(
        self,
        horizon: int,
        X: Covariates | None = None,
        *,
        history: Series | None = None,
        level: float | Sequence[float] | None = None,
        by: int | None = None,
        n_paths: int = 4000,
        random_state: int | np.random.Generator | None = 0,
    ) -> Any:
        """Sums of each series over the horizon with intervals, from joint sample paths.

        Ends of intervals of single steps do not add up to those of a sum: errors of different steps cancel in part.

        Parameters
        ----------
        horizon, X, history, level
            As for `predict`.
        by : int, optional
            Steps in a block, each of which has a sum: ``horizon=24, by=12`` is two years of months. All where None.
        n_paths, random_state
            As for `sample_paths`.

        Returns
        -------
        DataFrame
            A row for each series and block: ``unique_id``, ``start`` and ``end``, the times of its first and last step,
            ``mean``, ``lo-80``, ``hi-80`` and so on. The mean is that of the paths. Where ``point_statistic`` is
            ``"median"``, as by default of networks, the column ``mean`` of `predict` adds up to less on skewed series.

        Raises
        ------
        NotFittedError, ParameterError, CovariateError, UnknownNameError, FitError
            As `sample_paths`; also where ``by`` does not divide the horizon.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> table = Naive().fit([3.0, 1.0, 2.0]).predict_total(4, level=80, by=2)
        >>> list(table.columns), len(table)
        (['unique_id', 'start', 'end', 'mean', 'lo-80', 'hi-80'], 2)
        """
        self._check_fitted()
        return total_table(self, horizon, X, history, level, by, n_paths, random_state)

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
            An argument is out of its range, or past errors to join the steps by are wanting.
        SeriesTooShortError
            A model without paths of its own needs so many values for errors of a copy along the horizon.
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
        return drawn_paths(self, n_paths, horizon, X, history, random_state)

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

    def _mean_of(self, panel: Panel, steps: int, X: Covariates | None) -> Floats:
        """Point forecasts of the next steps of a panel of one series: ``(steps,)``."""
        return forecast_within(self, panel, steps, future_of(self, X, panel, steps), np.empty(0)).mean[0]
