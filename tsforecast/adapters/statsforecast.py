"""StatsForecast: a forecaster around a model of statsforecast."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tsforecast._bounds import Bounds
from tsforecast._types import Floats
from tsforecast.adapters.adapter import Adapter
from tsforecast.forecast import Forecast
from tsforecast.foreign.build import kept_arguments
from tsforecast.foreign.library import Library, Source
from tsforecast.panel import Panel

_PLACES = ("statsforecast.models", "statsforecast.ucm")
_BY_CONFORMAL = ("AutoMFLES", "MFLES", "SklearnModel")  # besides those that say only_conformal_intervals


def _arguments(value: Any) -> Mapping[str, Any] | None:
    """Arguments of a model, without its alias, which some models change."""
    given = kept_arguments(value)
    if given is None and hasattr(value, "order") and hasattr(value, "fixed"):  # AutoRegressive keeps its lags there
        kept = {**vars(value), "lags": list(range(1, value.order[0] + 1)) if value.fixed else value.order[0]}
        given = {name: kept[name] for name in inspect.signature(type(value)).parameters if name in kept}
    return None if given is None else {name: item for name, item in given.items() if name != "alias"}


_STATSFORECAST = Library(
    main=Source("statsforecast", _PLACES, ("statsforecast.models:_TS", "statsforecast.ucm:UCM")),
    extra="statsforecast",
    arguments=_arguments,
    inside=(
        Source("statsforecast", (*_PLACES, "statsforecast.utils"),
               ("statsforecast.models:_TS", "statsforecast.utils:ConformalIntervals")),
        Source("sklearn", ("sklearn",), ("sklearn.base:BaseEstimator",)),
    ),
)  # fmt: skip


class StatsForecast(Adapter):
    """A model of statsforecast, fitted to each series alone.

    Covariates go to models that use them; intervals come from models that give them, or that are told to by their own
    ``prediction_intervals``. From another history than that of the fit, a model forecasts by its own ``forward``; one
    without it raises an error.

    Parameters
    ----------
    model : object
        Such as ``statsforecast.models.AutoETS(season_length=12)``.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    models_ : list of n_series objects
        The fitted model of each series.

    Raises
    ------
    FitError
        statsforecast raised an error; ``failures`` holds the reason for each series.

    References
    ----------
    Garza, Mergenthaler Canseco, Challú & Olivares (2022), *StatsForecast: lightning fast forecasting with statistical
    and econometric models*, PyCon US.

    Examples
    --------
    >>> from statsforecast.models import Naive  # doctest: +SKIP
    >>> StatsForecast(model=Naive()).fit([3.0, 1.0, 2.0]).predict(2)  # doctest: +SKIP
    array([2., 2.])
    """

    foreign: ClassVar[Mapping[str, Library]] = {"model": _STATSFORECAST}

    def __init__(
        self,
        model: Any,
        *,
        nonnegative: bool = False,
        bounds: Bounds = None,
    ) -> None:
        self.model = model
        self.nonnegative = nonnegative
        self.bounds = bounds

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the model does."""
        return bool(getattr(self.held, "uses_exog", False))

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the model does, by itself or by its ``prediction_intervals``."""
        model = self.held
        if getattr(model, "prediction_intervals", None) is not None:
            return True
        own = type(model).__name__ not in _BY_CONFORMAL and not getattr(model, "only_conformal_intervals", False)
        return own and "level" in inspect.signature(model.predict).parameters

    def _fit(self, panel: Panel) -> None:
        model, X = self.held, panel.covariates
        rows = [slice(*panel.indptr[i : i + 2]) for i in range(panel.n_series)]
        self.models_ = self.each(
            panel,
            lambda i: model.new().fit(y=panel.series(i).copy(), X=None if X is None else X[rows[i]].copy()),
            "be fitted",
        )

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        percents = [round(100 * abs(1 - 2 * q), 8) for q in levels.tolist()]
        asked = {"level": sorted(set(percents))} if percents else {}
        places = self.panel_.positions(panel.ids)

        def forecast(i: int) -> Mapping[str, Floats]:
            model, future = self.models_[places[i]], None if X is None else X[i]
            if self.is_as_fitted(panel, i):
                return model.predict(h=horizon, X=future, **asked)
            if not callable(getattr(model, "forward", None)):
                raise self.no_history()
            past = None if panel.covariates is None else panel.covariates[slice(*panel.indptr[i : i + 2])]
            return model.forward(y=panel.series(i).copy(), h=horizon, X=past, X_future=future, **asked)

        results = self.each(panel, forecast, "forecast")
        mean = np.array([result["mean"] for result in results], dtype=np.float64)
        quantiles = np.empty((*mean.shape, levels.size))
        for j, (q, percent) in enumerate(zip(levels.tolist(), percents, strict=True)):
            sides = ("lo", "hi") if q == 0.5 else ("lo",) if q < 0.5 else ("hi",)
            for i, result in enumerate(results):
                quantiles[i, :, j] = np.mean([result[f"{side}-{percent}"] for side in sides], axis=0)
        return Forecast(mean, np.sort(quantiles, axis=2), levels, panel.ids, panel.last_times, panel.freq)
