"""PlotMethods: the pictures of a finished run, as methods of its result."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tsforecast.backtest.result import forecast_plots, plots
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.result.labels import By
from tsforecast.panel.containers import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class PlotMethods:
    """Pictures of a run. Each model has one colour in all of them; matplotlib is imported when one is drawn.

    Each returns Axes of matplotlib, those given as ``ax`` or new ones, or a Figure where it draws several panels;
    ``savefig("picture.pdf")`` of the Figure embeds its fonts. In a script no window is opened.
    """

    run: RunData

    def plot_forecasts(
        self, series: Any = None, models: Sequence[str] | None = None, *, history: Series | None = None
    ) -> "Figure":
        """Truth and forecasts of some series at all cutoffs, one panel a series; intervals are those of the first model.

        Parameters
        ----------
        series : str or sequence of str, optional
            By default the series on which the first model of the leaderboard is best, at its median, and worst.
        models : sequence of str, optional
            By default the first three of the leaderboard and the baseline.
        history : Series, DataFrame, ndarray or Panel, optional
            The data of the run, to show what came before the first cutoff: a run keeps its test windows only.

        Raises
        ------
        UnknownNameError
            No series, or no model, has that name.
        DataError
            No model finished anything.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> len(result.plot_forecasts().axes)
        1
        """
        return forecast_plots.plot_forecasts(self.run, series, models, history=history)

    def plot_ranking(
        self, ax: "Axes | None" = None, *, metric: str | None = None, baseline: str | None = None
    ) -> "Axes":
        """Skill of each model against a baseline, best first, with the intervals of the `decision`.

        Parameters
        ----------
        ax : Axes, optional
        metric, baseline
            As for `leaderboard`; without a SeasonalNaive or Naive the baseline is the best model.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Drift, Naive
        >>> from tsforecast.backtest import RollingOrigin, backtest
        >>> result = backtest([Naive(), Drift()], np.arange(9.0), cv=RollingOrigin(2), metrics=["mae"], level=())
        >>> [text.get_text() for text in result.plot_ranking().get_yticklabels()]
        ['Drift', 'Naive']
        """
        return plots.plot_ranking(self.run, ax, metric=metric, baseline=baseline)

    def plot_steps(self, ax: "Axes | None" = None) -> "Axes":
        """Mean scaled absolute error at each step ahead, with a 95% interval of the mean; see `steps`.

        The interval is over series, or over cutoffs where there are fewer than three series, taken as independent. Of
        more than three models only the best and the baseline have a band.
        """
        return plots.plot_steps(self.run, ax)

    def plot_calibration(self, ax: "Axes | None" = None, *, models: Sequence[str] | None = None) -> "Axes":
        """How many truths the intervals held, with 95% intervals, against their levels; see `calibration`."""
        return plots.plot_calibration(self.run, ax, models=models)

    def plot_ranks(self, ax: "Axes | None" = None, *, metric: str | None = None) -> "Axes":
        """Mean rank of each model, in order of their mean scores, and bars over models that are not told apart.

        The bars are the groups of the one family-wise `decision`, so that they never contradict a verdict: there is no
        critical difference of ranks, which is a test of its own.
        """
        return plots.plot_ranks(self.run, ax, metric=metric)

    def plot_cost(self, ax: "Axes | None" = None, *, metric: str | None = None) -> "Axes":
        """Mean score of each model against its seconds on a log scale; see `cost`."""
        return plots.plot_cost(self.run, ax, metric=metric)

    def plot_seeds(self, ax: "Axes | None" = None, *, metric: str | None = None) -> "Axes":
        """The score of each seed of each model, best first, on what all models finished."""
        return plots.plot_seeds(self.run, ax, metric=metric)

    def plot_series_errors(
        self,
        ax: "Axes | None" = None,
        *,
        by: By = None,
        metric: str | None = None,
        baseline: str | None = None,
    ) -> "Axes":
        """The error of each series over that of the baseline: one dot a series, on a log scale.

        Parameters
        ----------
        ax : Axes, optional
        by : str, mapping or Series, optional
            A row for each stratum of the series, as for `leaderboard`.
        metric : str, optional
            An error that each series has; by default the one that ranks, or the first other one.
        baseline : str, optional
            SeasonalNaive or Naive, where they ran, else the best model.
        """
        return plots.plot_series_errors(self.run, ax, by=by, metric=metric, baseline=baseline)
