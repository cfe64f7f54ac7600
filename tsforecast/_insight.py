"""Insight: what a fitted forecaster tells of itself and of its fit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from tsforecast._facts import Detailed, Facts, no_diagnostics
from tsforecast._hooks import Hooks
from tsforecast._looking_back import fitted_values_like_series, residuals_like_series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tsforecast.base import BaseForecaster


class Insight(Hooks):
    """The methods of `tsforecast.base.BaseForecaster` that look into a fit."""

    @final
    def fitted_values(self, transformed: bool = False) -> Any:
        """One-step forecasts of the observations that were fitted, all series at once, in the container of ``y``.

        The fitted value of time t is the point forecast of its observation, as `predict` gives it with bounds and all,
        from the observations before t; its parameters were learnt from all observations, those after t among them. So
        these are no measure of accuracy: errors of forecasts of new observations are larger, often much larger, and
        the more a model learns the more so. A backtest measures accuracy.

        Parameters
        ----------
        transformed : bool
            Whether on the scale that the model computes on, after its logarithm or other transform, before bounds and
            without the adjustment for bias; for a model without a transform that is the scale of the series.

        Returns
        -------
        Series, DataFrame, ndarray or Panel
            In the kind of container that was given to `fit`, at the same times; a long frame has the columns
            ``unique_id``, ``ds`` and ``fitted_values``, a Panel comes without covariates. nan where there is no
            forecast, as at the beginning of a series, of which the model needs some observations (an ARMA, which
            returns to a known mean, needs none); a missing observation has a fitted value. A series that was skipped as
            too short is absent, or a column of nan in an array. After `update` they are still of the series that were
            fitted.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        ParameterError
            ``transformed`` is neither True nor False, or there is no one such scale (`Ensemble`); or a model of another
            library cannot forecast from a part of its series.
        DataError
            The forecaster was saved without its series: ``save(path, keep_history=True)`` keeps them.
        FitError
            A forecast failed, in a model of another library.

        Notes
        -----
        Equal to ``predict(1, history=y[:t])`` for each t. Where a network forecasts from covariates of several steps
        ahead, those of the steps after t are known, too: equal to the first step of ``predict(h, X, history=y[:t])``
        with all of these. Most models take one pass over the series; those of other libraries, of a function and
        `TrueModel` forecast step by step, which takes as long as that many forecasts.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([3.0, 1.0, 2.0]).fitted_values()
        array([nan,  3.,  1.])
        """
        self._check_fitted()
        return fitted_values_like_series(self, transformed)

    @final
    def residuals(self, transformed: bool = False) -> Any:
        """Observations less their `fitted_values`, all series at once, in the container of ``y``.

        They are errors in sample, of parameters that have seen every observation: no measure of accuracy. What they
        show is what a model has left unexplained, such as autocorrelation.

        Parameters
        ----------
        transformed : bool
            As for `fitted_values`; the observations are transformed, too.

        Returns
        -------
        Series, DataFrame, ndarray or Panel
            As `fitted_values`, with the column ``residuals`` in a long frame; nan also at missing observations.

        Raises
        ------
        NotFittedError, ParameterError, DataError, FitError
            As `fitted_values`.

        Examples
        --------
        >>> from tsforecast import Naive
        >>> Naive().fit([3.0, 1.0, 2.0]).residuals()
        array([nan, -2.,  1.])
        """
        self._check_fitted()
        return residuals_like_series(self, transformed)

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

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """What the fit tells of itself in numbers (`tsforecast._facts`), in detail of some series; none at first."""
        return {}

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """A Figure of what a fit left over, or of how it went; a `ParameterError` unless a model overrides it."""
        raise no_diagnostics(type(self).__name__)
