"""Wrapper: base class of forecasters that hold another forecaster."""

from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ParameterError
from tsforecast.panel import Panel


class Wrapper(BaseForecaster):
    """A forecaster that holds another, ``forecaster``, and takes whatever series that one takes."""

    forecaster: BaseForecaster

    def min_observations(self, panel: Panel) -> int:
        """As the forecaster."""
        return self._inner().min_observations(panel)

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

    def _inner(self) -> BaseForecaster:
        if not isinstance(self.forecaster, BaseForecaster):
            raise ParameterError(f"forecaster={self.forecaster!r} is no forecaster such as Naive().")
        return self.forecaster
