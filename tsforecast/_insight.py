"""Insight: what a fitted forecaster tells of itself and of its fit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tsforecast._facts import Detailed, Facts, no_diagnostics
from tsforecast._hooks import Hooks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tsforecast.base import BaseForecaster


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

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """What the fit tells of itself in numbers (`tsforecast._facts`), in detail of some series; none at first."""
        return {}

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """A Figure of what a fit left over, or of how it went; a `ParameterError` unless a model overrides it."""
        raise no_diagnostics(type(self).__name__)
