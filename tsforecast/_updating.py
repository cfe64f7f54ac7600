"""What `BaseForecaster.update` does: what a model may write so that its origin moves on, and what is done around it.

A fitted forecaster keeps the series of `fit` in ``panel_``: residuals, covariances, parts of forecasts and facts of the
fit are of these. After an update the origin of forecasts lies in ``moved_``: the last rows of each series, where the
model has summed up the rest, or all rows, where it needs them. Nothing is changed before all is known: a moved copy is
made, whose attributes then replace those of the forecaster.
"""

import copy
from typing import Protocol, Self, TypeVar, runtime_checkable

import numpy as np

from tsforecast._news import NewsGaps, read_news
from tsforecast._repeated import Revised
from tsforecast._types import Bools
from tsforecast.base import BaseForecaster
from tsforecast.panel import Panel
from tsforecast.panel.align import Covariates
from tsforecast.panel.appended import appended
from tsforecast.panel.containers import Series
from tsforecast.panel.shortened import check_has_history

MovedT = TypeVar("MovedT", bound=BaseForecaster)


@runtime_checkable
class Moving(Protocol):
    """A model that takes in new observations without all the old ones."""

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools] | None:
        """A copy that forecasts from the end of ``news``, and which series it still needs whole.

        Parameters
        ----------
        panel : Panel
            What forecasts start from so far: all observations, or the last rows of each series where the rest was left
            out (``panel.left_out``), as the model was condensed to its ends before.
        news : Panel
            New observations of some of the series, at least one of each, which begin one step after the series end in
            ``panel``: checked, on the scale of the series, with the covariates that the model was fitted with.

        Returns
        -------
        tuple of forecaster and ndarray of bool, shape (n_series,), or None
            A copy with what `_predict` and `_sample_paths` need of the past in learnt attributes, as `_condense` makes
            it, moved on in a time that does not depend on the length of the past, unless ``panel`` is whole: then the
            past may be summed up first. They are then given a panel of the last rows of each series (1 to 32 of them),
            whose ``left_out`` counts all before, or of all rows for series for which the second result is True. None
            where all series are needed whole.

        The object must not change, nor an array or a mapping that it holds: an error leaves it as it was.
        """


def moved_on(model: MovedT, panel: Panel, news: Panel) -> tuple[MovedT, Bools]:
    """A copy of a fitted forecaster that forecasts from the end of ``news``, and which series it needs whole.

    What a forecaster that holds others calls of them, in its own `_moved`. A model without this hook has the news put
    behind the series, and forecasts from all of it as from a history.

    Examples
    --------
    >>> from tsforecast import Naive
    >>> model = Naive().fit([3.0, 1.0, 2.0])
    >>> news = read_news(model, [5.0], None, "error", "error")[0]
    >>> moved, whole = moved_on(model, model.panel_, news)
    >>> moved.predict(2), model.predict(2), whole
    (array([5., 5.]), array([2., 2.]), array([False]))
    """
    found = model._moved(panel, news) if isinstance(model, Moving) else None
    if found is None:
        check_has_history(panel, f"forecasts of {type(model).__name__} after an update")
        found = copy.copy(model), np.ones(panel.n_series, dtype=np.bool_)
    moved, whole = found
    moved.moved_ = appended(panel, news, whole)
    return moved, whole


def update_fitted(model: BaseForecaster, y: Series, X: Covariates | None, gaps: NewsGaps, revised: Revised) -> None:
    """Move the origin of a fitted forecaster on: see `BaseForecaster.update`."""
    news, of_skipped = read_news(model, y, X, gaps, revised)
    moved = copy.copy(model) if news is None else moved_on(model, model._origin, news)[0]
    if of_skipped is not None and model.stand_in_ is not None:
        moved.stand_in_ = moved_on(model.stand_in_, model.stand_in_._origin, of_skipped)[0]
    model.__dict__ = moved.__dict__
