"""Hooks: what a model writes, and what each says of itself; the base of the parts of `BaseForecaster`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator

from tsforecast._arguments import check_nested
from tsforecast._bounds import EVERY_LEVEL, Bounds, Range
from tsforecast._fitting import fit_each
from tsforecast._one_step import OneStep, step_by_step
from tsforecast._past_errors import paths_of_past
from tsforecast._types import Floats
from tsforecast.exceptions import NotFittedError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel

if TYPE_CHECKING:
    from tsforecast.base import BaseForecaster
    from tsforecast.explanation import Explained

PointStatistic: TypeAlias = Literal["mean", "median"]


class Hooks(BaseEstimator, ABC):
    """Attributes and hooks of every model, which `tsforecast.base.BaseForecaster` describes."""

    handles_missing: bool = False
    uses_covariates: bool = False
    gives_intervals: bool = True
    fits_together: bool = False
    forecasts_counts: bool = False
    nests: tuple[str, ...] = ()
    search_space: ClassVar[Mapping[str, Sequence[Any]]] = {}
    quick_params: ClassVar[Mapping[str, Any] | None] = None

    nonnegative: bool = False  # this and the next are arguments of every constructor
    bounds: Bounds = None

    panel_: Panel
    skipped_: dict[Any, int]
    stand_in_: "BaseForecaster | None"
    notes_: dict[str, Any]
    moved_: Panel  # after `update` only
    _scale: Floats | None

    @property
    def point_statistic(self) -> PointStatistic:
        """What the point forecast ``mean`` is of the predictive distribution: its mean, or its median.

        Medians of distributions skewed to the right add up to less than the mean of the sum, that of `predict_total`.
        """
        return "mean"

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
        check_nested(type(self).__name__, self.get_params(deep=True), params)
        return super().set_params(**params)

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

    @classmethod
    def _fit_many(cls, models: Sequence[Self], panels: Sequence[Panel]) -> list[tuple[float, Exception | None]]:
        """Seconds and error of each fit of a model to its panel; one by one unless a model overrides it."""
        return fit_each(models, panels)

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

        Arguments are as those of `_predict`; ``rngs`` has one generator for each series. Where a model does not
        override this, its steps are joined as the errors of a copy on the end of the training series, which it was not
        fitted on: see `tsforecast._past_errors.paths_of_past`.
        """
        return paths_of_past(self, panel, n_paths, horizon, X, rngs)

    def _explain(self, panel: Panel, horizon: int, X: Floats | None) -> "Explained":
        """What the forecasts of `_predict` are made of: see `tsforecast.explanation.Explained`.

        Arguments are as those of `_predict`. A model that does not override this is looked at from outside: its
        forecasts are made anew with some of what it is given replaced (`tsforecast._ablation`).
        """
        from tsforecast._ablation import explained_by_ablation  # on use: seldom needed

        return explained_by_ablation(self, panel, horizon, X)

    def _one_step(self, panel: Panel, levels: Floats) -> OneStep:
        """Forecast of each observation from those of its series before it, with the parameters as they are.

        ``panel`` has all observations of its series; covariates of the step that is forecast are known. Unless a model
        overrides it, forecasts are made from each beginning of the series, which is slow.
        """
        return step_by_step(self._predict, panel, levels, n_needed=self.min_observations(panel))

    def _one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        """Observations and their forecasts on the scale that the model computes on, without bounds: two ``(n_obs,)``.

        A model with a transform overrides it.
        """
        return panel.values, self._one_step(panel, np.empty(0)).mean

    def _range(self) -> Range:
        """The values that forecasts may take, from ``nonnegative`` and ``bounds``."""
        return Range.of(self.nonnegative, self.bounds, whole=self.forecasts_counts)

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        """Increasing quantile levels that can be had and show a whole distribution, for its mean within bounds.

        Empty where there are no intervals. A model that gives some levels only overrides this.
        """
        return EVERY_LEVEL if self.gives_intervals else EVERY_LEVEL[:0]

    @property
    def _origin(self) -> Panel:
        """What forecasts start from: the series of `fit`, or what is held of them after `update`."""
        return getattr(self, "moved_", self.panel_)

    def _check_fitted(self) -> None:
        if not hasattr(self, "panel_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted; call fit first.")
