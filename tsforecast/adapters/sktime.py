"""Sktime: a forecaster around a forecaster of sktime."""

import copy
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tsforecast._bounds import Bounds
from tsforecast._types import Floats
from tsforecast.adapters.adapter import Adapter
from tsforecast.adapters.times import plain_times
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import Forecast
from tsforecast.foreign.build import kept_arguments
from tsforecast.foreign.library import Library, Source
from tsforecast.panel import Panel

_PLACES = (
    "sktime.forecasting",
    "sktime.transformations",
    "sktime.split",
    "sktime.performance_metrics",
    "sktime.param_est",
)
_SKTIME = Library(
    main=Source("sktime", ("sktime.forecasting",), ("sktime.forecasting.base:BaseForecaster",)),
    extra="sktime",
    arguments=kept_arguments,
    inside=(
        Source("sktime", _PLACES, ("sktime.base:BaseObject",)),
        Source("sklearn", ("sklearn",), ("sklearn.base:BaseEstimator",)),
    ),
)


class Sktime(Adapter):
    """A forecaster of sktime, fitted to each series alone.

    Covariates, missing values and quantiles are as its tags say. From another history than that of the fit it
    forecasts after ``update(update_params=False)``, where the forecast then depends on the new observations; else the
    old forecast would go by the name of a new one, and that is an error.

    Parameters
    ----------
    forecaster : object
        Such as ``sktime.forecasting.theta.ThetaForecaster(sp=12)``.
    horizon : int, optional
        Steps that the forecaster is fitted for, where it must know them in ``fit`` (tag ``requires-fh-in-fit``).
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    forecasters_ : list of n_series objects
        The fitted forecaster of each series.

    Raises
    ------
    FitError
        sktime raised an error; ``failures`` holds the reason for each series.

    References
    ----------
    Löning et al. (2019), *sktime: a unified interface for machine learning with time series*, arXiv:1909.07872.

    Examples
    --------
    >>> from sktime.forecasting.naive import NaiveForecaster  # doctest: +SKIP
    >>> Sktime(forecaster=NaiveForecaster()).fit([3.0, 1.0, 2.0]).predict(2)  # doctest: +SKIP
    array([2., 2.])
    """

    foreign: ClassVar[Mapping[str, Library]] = {"forecaster": _SKTIME}

    def __init__(
        self,
        forecaster: Any,
        horizon: int | None = None,
        *,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.forecaster = forecaster
        self.horizon = horizon
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the forecaster does."""
        return self._tag("capability:exogenous")

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the forecaster gives quantiles."""
        return self._tag("capability:pred_int")

    @property
    def handles_missing(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the forecaster does."""
        return self._tag("capability:missing_values")

    def _tag(self, name: str) -> bool:
        return bool(self.held.get_tag(name, raise_error=False))

    def _fit(self, panel: Panel) -> None:
        if self._tag("requires-fh-in-fit") and self.horizon is None:
            raise ParameterError(f"{self.label} must know the horizon when it is fitted: Sktime(..., horizon=12).")
        steps = None if self.horizon is None else range(1, self.horizon + 1)

        def fit(i: int) -> Any:
            forecaster = self.held.clone().set_config(remember_data=True)
            return forecaster.fit(*_tables(panel, i), fh=steps)

        self.forecasters_ = self.each(panel, fit, "be fitted")

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        steps = self.horizon or horizon
        if horizon > steps:
            raise ParameterError(f"horizon={horizon}: {self.label} was fitted for {steps} steps.")
        places = self.panel_.positions(panel.ids)

        def forecast(i: int) -> Floats:
            asked = {"fh": range(1, steps + 1), "X": _future(panel, i, steps, X)}
            forecaster = copy.deepcopy(self.forecasters_[places[i]])
            if not self.is_as_fitted(panel, i):
                other = self._updated(copy.deepcopy(forecaster), panel, i, shift=1.0)
                forecaster = self._updated(forecaster, panel, i)
                if _agree(forecaster, other, asked if X is not None or self.horizon else {"fh": _far(panel, steps)}):
                    raise self.no_history()
            columns = [np.reshape(forecaster.predict(**asked), (steps, 1))]
            if levels.size:
                columns.append(np.asarray(forecaster.predict_quantiles(**asked, alpha=levels.tolist())))
            return np.hstack(columns)[:horizon]

        table = np.array(self.each(panel, forecast, "forecast"), dtype=np.float64)  # (n_series, horizon, 1 + n_levels)
        quantiles = np.sort(table[:, :, 1:], axis=2)
        return Forecast(table[:, :, 0], quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _updated(self, forecaster: Any, panel: Panel, i: int, shift: float = 0.0) -> Any:
        """A fitted forecaster that was shown the observations since its fit, shifted by multiples of their range."""
        fitted = self.panel_.take(self.panel_.positions(panel.ids[[i]]))
        known, (y, X) = _tables(fitted, 0)[0], _tables(panel, i)
        both = y.index.intersection(known.index)
        new = y.index[y.index > known.index[-1]]
        if not (len(both) and len(new) and len(both) + len(new) == len(y) and y[both].equals(known[both])):
            raise self.no_history()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            changed = y[new] + shift * (1 + np.ptp(y))
            return forecaster.update(changed, None if X is None else X.loc[new], update_params=False)


def _agree(one: Any, other: Any, asked: Mapping[str, Any]) -> bool:
    """Whether two forecasters, or any two parts of them, that saw other observations forecast the same."""
    pairs = zip(_forecasters_in(one), _forecasters_in(other), strict=True)
    return any(np.array_equal(mine.predict(**asked), its.predict(**asked)) for mine, its in pairs)


def _far(panel: Panel, steps: int) -> range:
    """Steps that reach past the seasons: the next few may depend on older observations alone."""
    return range(1, steps + 2 * max(12, panel.season_length) + 1)


def _forecasters_in(forecaster: Any) -> "list[Any]":
    """A fitted forecaster of sktime and the fitted ones that it holds, as an ensemble or a pipeline does."""
    held = [
        part for value in vars(forecaster).values() for part in (value if isinstance(value, list | tuple) else [value])
    ]
    held = [part[1] if isinstance(part, tuple) and len(part) > 1 else part for part in held]
    inner = [part for part in held if getattr(part, "is_fitted", False) and hasattr(part, "update_predict")]
    return [forecaster, *(deeper for part in inner for deeper in _forecasters_in(part))]


def _index(panel: Panel, i: int, ahead: int = 0) -> "pd.Index[Any]":
    """Times of a series: periods for steps of the calendar, which sktime takes better than their dates, or numbers."""
    times = plain_times(panel, i, ahead)
    if not isinstance(times, pd.DatetimeIndex) or isinstance(times.freq, pd.offsets.Tick | pd.offsets.Day):
        return times
    is_whole = times.freq.n == 1 and not isinstance(times.freq, pd.offsets.BusinessDay)
    periods = times.to_period() if is_whole else None
    return periods if periods is not None and (np.diff(periods.asi8) == 1).all() else pd.RangeIndex(len(times))


def _tables(panel: Panel, i: int) -> "tuple[pd.Series[float], pd.DataFrame | None]":
    """A series and its covariates."""
    y = pd.Series(panel.series(i).copy(), index=_index(panel, i), name="y")
    if panel.covariates is None:
        return y, None
    rows = panel.covariates[panel.indptr[i] : panel.indptr[i + 1]]
    return y, pd.DataFrame(rows.copy(), index=y.index, columns=list(panel.covariate_names))


def _future(panel: Panel, i: int, steps: int, X: Floats | None) -> pd.DataFrame | None:
    """Covariates of the steps ahead; those that nobody asked for repeat the last."""
    if X is None:
        return None
    rows = X[i][np.minimum(np.arange(steps), len(X[i]) - 1)]
    return pd.DataFrame(rows, index=_index(panel, i, steps)[-steps:], columns=list(panel.covariate_names))
