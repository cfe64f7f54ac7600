"""NeuralInsight: what a fitted neural forecaster tells of its training and of the parts of its forecasts."""

import copy
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from tsforecast._arguments import check_finite, check_forecast_size, steps_ahead
from tsforecast._facts import SHARED, Detailed, Facts
from tsforecast._predicting import forecast_within, future_of, origin_of
from tsforecast._types import Floats
from tsforecast.base import BaseForecaster
from tsforecast.explanation import Explained
from tsforecast.models.neural.forecasting.diagnostics import network_figure
from tsforecast.models.neural.forecasting.effects import effects, joined_look_backs
from tsforecast.models.neural.forecasting.parts import linear_part, season_part, table_of_parts
from tsforecast.models.neural.forecasting.trained import Trained
from tsforecast.models.neural.training.curve import TrainingCurve, training_facts
from tsforecast.models.neural.training.quiet import one_thread
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.containers import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOTE = (
    "The level and the season go on as they are in the first part. Inputs share out what the linear autoregression and "
    "the network make of them (integrated gradients), in place of past values at the level and covariates at the mean."
)

_NO_SERIES = "What inputs do needs the series, which were left out: save(keep_history=True) keeps them."


class NeuralInsight(BaseForecaster):
    """The methods of all neural forecasters that look into a fit.

    Learnt attributes
    -----------------
    trained_ : sequence of Trained
        The trained network, or one for each series.
    curves_ : sequence of TrainingCurve
        Of each trained network; none in a forecaster read from a checkpoint.
    """

    trained_: Sequence[Trained]
    curves_: Sequence[TrainingCurve]

    @property
    def share_(self) -> "float | pd.Series[float]":
        """Factor of the network's part of a point forecast; with ``scope="per_series"`` one for each series, by name.

        The output of the networks for each step ahead is ``S x + c + share * V h``: a linear autoregression, and a
        share, 0 to 1, of what a recurrent network adds to it. The share is one number for all members, steps ahead and
        series that are learnt together: the one, in steps of 0.05, with the smallest mean absolute error when two
        members that were trained without the tails of the series forecast these. It is 1 where there is no such tail
        (``refit=False``, ``validation_size=0``) or no linear part (``start="zero"``).
        """
        self._check_fitted()
        if self.is_global:
            return self.trained_[0].share
        return pd.Series([trained.share for trained in self.trained_], self.panel_.ids, name="share")

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """How training went, of each network, and ``share``, `share_`, where it starts from a linear autoregression.

        ``epochs``, and for each whole epoch ``loss``, ``gradient_norm`` and, where tails were looked at,
        ``validation_loss``: see `TrainingCurve`. A forecaster read from a checkpoint knows the share only.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> told = LSTM(max_epochs=2).fit(load("airline").series).fit_facts()[""]
        >>> told["epochs"], len(told["loss"]), len(told["gradient_norm"])
        (2.0, 2, 2)
        """
        self._check_fitted()
        names: Sequence[Hashable] = [SHARED] if self.is_global else self.panel_.ids.tolist()
        shares = [trained.share for trained in self.trained_] if self.nests else []
        return training_facts(names, shares, self.curves_, detailed)

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """A Figure of how a network was trained, and how far back it looks.

        Above, losses and norms of gradients by epoch, where this process trained it; below, the norm of the gradient of
        its outputs by the inputs k steps back: see `gradient_by_lag`. ``unique_id`` names the series to look at; by
        default the first with ``scope="per_series"``, else several series together.

        Raises
        ------
        UnknownNameError
            There is no series of that name.
        ParameterError
            The model has no network, as `LinearAR`.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> figure = LSTM(max_epochs=2).fit(load("airline").series).plot_diagnostics()
        >>> [ax.get_title(loc="left") for ax in figure.axes]
        ['Training', 'Gradient by lag', '']
        """
        self._check_fitted()
        chosen = [] if unique_id is None else self.panel_.positions(pd.Index([unique_id], tupleize_cols=False)).tolist()
        place = 0 if self.is_global else (chosen or [0])[0]
        panel = self.panel_ if self.is_global and not chosen else self.panel_.take(chosen or [place])
        curve = self.curves_[place] if place < len(self.curves_) else None
        losses = None if curve is None else (curve.loss, curve.validation_loss, curve.gradient_norm)
        of = panel.ids[0] if panel.n_series == 1 else f"{panel.n_series:,} series"
        return network_figure(f"{of}: {type(self).__name__}", self.trained_[place], panel, losses)

    def parts(self) -> dict[str, BaseForecaster]:
        """The same fitted forecaster with its network switched off, and with the linear autoregression off, too.

        By the names ``"season"`` (level and season go on) and ``"linear part"`` (with the linear autoregression added);
        none with ``start="zero"``, which has no linear part. Intervals are as wide as those of the whole.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> model = LSTM(max_epochs=2).fit(load("airline").series)
        >>> {name: len(part.predict(12)) for name, part in model.parts().items()}
        {'season': 12, 'linear part': 12}
        """
        self._check_fitted()
        return {"season": self._with(season_part), "linear part": self._with(linear_part)} if self.nests else {}

    def decompose(self, horizon: int, X: Covariates | None = None, *, history: Series | None = None) -> pd.DataFrame:
        """Point forecasts as sums of their parts, in the unit of the series, one row a series and step.

        Parts are differences of forecasts in which more and more is switched on. ``season`` is the forecast of the
        preparation alone: the level at the end (or the mean, of a series that returns to it) and the season go on.
        ``linear`` is what the linear autoregression adds to that, and ``recurrent`` what the share of the network
        (`share_`) adds to both. Without a transform, and within the limits that every forecast has, these are the terms
        of the output; a logarithm makes of them factors, so that what a part adds depends on the order, which is this.

        Parameters
        ----------
        horizon, X, history
            As for `predict`.

        Returns
        -------
        DataFrame
            ``unique_id``, ``ds``, ``season``, ``linear``, ``recurrent`` and ``mean``, their sum, which is that of
            `predict`.

        Raises
        ------
        NotFittedError, ParameterError, CovariateError, UnknownNameError, FitError
            As `predict`.

        Examples
        --------
        >>> from tsforecast import LSTM, load
        >>> table = LSTM(max_epochs=2).fit(load("airline").series).decompose(12)
        >>> list(table.columns)
        ['unique_id', 'ds', 'season', 'linear', 'recurrent', 'mean']
        >>> bool((table["season"] + table["linear"] + table["recurrent"] - table["mean"]).abs().max() < 1e-9)
        True
        """
        self._check_fitted()
        steps = steps_ahead(horizon)
        panel, _, X = origin_of(self, history, X)
        check_forecast_size(panel, steps, 0)
        future = future_of(self, X, panel, steps)
        whole = forecast_within(self, panel, steps, future, np.empty(0))
        check_finite(whole, type(self).__name__)
        return table_of_parts(whole, *self._switched_off(panel, steps, future))

    def _switched_off(self, panel: Panel, steps: int, X: Floats | None) -> tuple[Floats, Floats]:
        """Point forecasts of level and season alone, and with the linear autoregression: ``(n_series, steps)`` each."""
        nothing = np.empty(0)
        season, linear = (
            forecast_within(self._with(part), panel, steps, X, nothing).mean for part in (season_part, linear_part)
        )
        return season, linear

    def _explain(self, panel: Panel, horizon: int, X: Floats | None) -> Explained:
        """Parts as in `decompose`, and for each series what its inputs do."""
        mean = forecast_within(self, panel, horizon, X, np.empty(0)).mean
        season, linear = self._switched_off(panel, horizon, X)
        added = {"level and season": season, "linear autoregression": linear - season, "network": mean - linear}
        parts = {name: table for name, table in added.items() if table is season or table.any()}
        if panel.left_out is not None:
            return Explained(parts, "level and season", notes=(_NO_SERIES,))
        with one_thread():
            told = [
                effects(self._trained_of(panel, i), panel.take([i]), None if X is None else X[[i]], mean[i])
                for i in range(panel.n_series)
            ]
        names = list(dict.fromkeys(name for inputs, _ in told for name in inputs))
        inputs = {name: np.stack([own[name] for own, _ in told]) for name in names}
        return Explained(parts, "level and season", inputs, joined_look_backs([look for _, look in told]), (_NOTE,))

    def _trained_of(self, panel: Panel, i: int) -> Trained:
        return self.trained_[0 if self.is_global else int(self.panel_.positions(panel.ids[[i]])[0])]

    def _with(self, part: Callable[[Trained], Trained]) -> Self:
        """The fitted forecaster with a part of each trained network only."""
        other = copy.copy(self)
        other.trained_ = [part(trained) for trained in self.trained_]
        return other
