"""Insight: what a fitted forecaster tells of itself and of its fit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from tsforecast._facts import Detailed, Facts, no_diagnostics
from tsforecast._hooks import Hooks
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tsforecast.base import BaseForecaster
    from tsforecast.explanation import Explanation


class Insight(Hooks):
    """The methods of `tsforecast.base.BaseForecaster` that look into a fit."""

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
    def explain(self, horizon: int, X: Covariates | None = None, *, history: Series | None = None) -> "Explanation":
        """What the forecasts of the next ``horizon`` steps are made of: parts that add up to them, and what moves them.

        The ARIMA family tells its level, trend, season, memory (what dies out) and what each covariate gives; networks
        their linear and their recurrent part, what each block of inputs does (integrated gradients) and how far back
        they look; an ensemble the share of each member; the naive models which past value they repeat. Any other
        forecaster is looked at from outside: how its forecasts change where past values or a covariate are replaced.

        Parameters
        ----------
        horizon, X, history
            As for `predict`.

        Returns
        -------
        Explanation
            With ``to_frame()``, ``plot()`` and ``sentences()``; its text is those of the first series.

        Raises
        ------
        NotFittedError, ParameterError, CovariateError, UnknownNameError, FitError
            As `predict`; a `ParameterError` also where a model of another library cannot forecast from another history,
            and a `DataError` where a saved forecaster has not kept the series that this needs.

        Examples
        --------
        >>> from tsforecast import ARIMA
        >>> parts = ARIMA((0, 1, 0), trend="drift").fit([1.0, 2.0, 4.0, 3.0, 5.0]).explain(3).to_frame()
        >>> parts.pivot(index="ds", columns="part", values="value").round(9)
        part  level  trend
        ds
        5       5.0    1.0
        6       5.0    2.0
        7       5.0    3.0
        """
        from tsforecast._explaining import explanation_asked  # on use: seldom needed

        self._check_fitted()
        return explanation_asked(self, horizon, X, history)

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """What the fit tells of itself in numbers (`tsforecast._facts`), in detail of some series; none at first."""
        return {}

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """A Figure of what a fit left over, or of how it went; a `ParameterError` unless a model overrides it."""
        raise no_diagnostics(type(self).__name__)
