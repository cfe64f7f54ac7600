"""Our forecasters in the dress of sktime's, so that sktime's own checks can examine them."""

from typing import Any, ClassVar

import pandas as pd
from sktime.forecasting.base import BaseForecaster, ForecastingHorizon

import tsforecast


class SktimeView(BaseForecaster):
    """One of our forecasters behind sktime's interface: steps out of sample, quantiles, covariates.

    Parameters
    ----------
    forecaster : tsforecast.BaseForecaster
        Left as it is: a clone is fitted.
    """

    _tags: ClassVar[dict[str, Any]] = {
        "y_inner_mtype": "pd.Series",
        "X_inner_mtype": "pd.DataFrame",
        "scitype:y": "univariate",
        "requires-fh-in-fit": False,
        "capability:exogenous": True,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": True,
        "X-y-must-have-same-index": True,
        "enforce_index_type": None,
    }

    def __init__(self, forecaster: Any = None) -> None:
        self.forecaster = forecaster
        super().__init__()

    def _fit(self, y, X, fh):
        given = tsforecast.Naive() if self.forecaster is None else self.forecaster
        self.forecaster_ = given.__class__(**given.get_params(deep=False))
        self.forecaster_.fit(y, X if self.forecaster_.uses_covariates else None)
        return self

    def _predict(self, fh, X):
        mean = self._forecast(fh, X)["mean"]
        mean.name = self._y.name
        return mean

    def _predict_quantiles(self, fh, X, alpha):
        out = self._forecast(fh, X, alpha).drop(columns="mean")
        name = self._get_varnames()[0]
        out.columns = pd.MultiIndex.from_product([[name], alpha])
        return out

    def _forecast(self, fh, X, quantiles=(0.5,)):
        steps = fh.to_relative(self.cutoff)
        last = int(steps.max())
        ahead = None
        if X is not None and self.forecaster_.uses_covariates:
            # a step depends on its own row alone: rows that nobody asked for may hold anything
            every = ForecastingHorizon(range(1, last + 1)).to_absolute_index(self.cutoff)
            ahead = X.reindex(every).ffill().bfill()
        out = self.forecaster_.predict(last, ahead, quantiles=list(quantiles))
        out = out.iloc[[step - 1 for step in steps]]
        return out.set_axis(fh.to_absolute_index(self.cutoff), axis=0)

    @classmethod
    def get_test_params(cls, parameter_set="default"):
        """Forecasters that sktime tries: those whose fit takes no second."""
        return [{"forecaster": tsforecast.Naive()}, {"forecaster": tsforecast.ARIMA(order=(1, 0, 0))}]
