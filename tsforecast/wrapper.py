"""Wrapper: base class of forecasters that hold another forecaster."""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from tsforecast._bounds import Range
from tsforecast._facts import Detailed, Facts
from tsforecast._fitting import remember
from tsforecast._types import Bools, Floats
from tsforecast._updating import moved_on
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Wrapper(BaseForecaster):
    """A forecaster that holds another, ``forecaster``, and accepts the same series."""

    forecaster: BaseForecaster
    forecaster_: BaseForecaster

    @property
    def nests(self) -> tuple[str, ...]:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().nests

    def parts(self) -> Mapping[str, BaseForecaster]:
        """Those of the fitted forecaster, whose point forecasts are those of the wrapper."""
        self._check_fitted()
        parts = {name: copy.copy(part) for name, part in self.forecaster_.parts().items()}
        for part in parts.values():
            remember(part, self.panel_, self.panel_, self._container)
            if self._origin is not self.panel_:
                part.moved_ = self._origin
        return parts

    def fit_facts(self, detailed: Detailed = None) -> Facts:
        """Those of the fitted forecaster."""
        self._check_fitted()
        return self.forecaster_.fit_facts(detailed)

    def plot_diagnostics(self, unique_id: Any = None) -> "Figure":
        """That of the fitted forecaster."""
        self._check_fitted()
        return self.forecaster_.plot_diagnostics(unique_id)

    def min_observations(self, panel: Panel) -> int:
        """As the forecaster."""
        return self._inner().min_observations(panel)

    def _range(self) -> Range:
        """Its own where it has bounds, else that of the forecaster."""
        own = super()._range()
        return self._inner()._range() if own.is_open else own

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        return self.forecaster_._known_levels(panel, horizon)

    @property
    def handles_missing(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().handles_missing

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().uses_covariates

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().gives_intervals

    @property
    def forecasts_counts(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """As the forecaster."""
        return self._inner().forecasts_counts

    def _one_step_transformed(self, panel: Panel) -> tuple[Floats, Floats]:
        return self.forecaster_._one_step_transformed(panel)

    def _moved(self, panel: Panel, news: Panel) -> "tuple[Self, Bools] | None":
        return self._with_inner(moved_on(self.forecaster_, panel, news))

    def _with_inner(self, inner: "tuple[BaseForecaster, Bools] | None") -> "tuple[Self, Bools] | None":
        """For `_condense` and `_moved`: a copy that holds what the fitted forecaster was made into, if it could be."""
        if inner is None:
            return None
        short = copy.copy(self)
        short.forecaster_, whole = inner
        return short, whole

    def _inner(self) -> BaseForecaster:
        if not isinstance(self.forecaster, BaseForecaster):
            raise ParameterError(f"forecaster={self.forecaster!r} is no forecaster such as Naive().")
        return self.forecaster
