"""NeuralForecast: a forecaster around a model of neuralforecast."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tsforecast._bounds import Bounds
from tsforecast._hooks import PointStatistic
from tsforecast._types import Floats
from tsforecast.adapters.adapter import Adapter
from tsforecast.exceptions import CovariateError, ParameterError
from tsforecast.forecast import Forecast
from tsforecast.foreign.build import kept_arguments
from tsforecast.foreign.library import Library, Source
from tsforecast.panel import Panel

_QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}


def _arguments(value: Any) -> Mapping[str, Any] | None:
    """Arguments of a model or a loss, as neuralforecast keeps them."""
    if hasattr(value, "_nf_init_kwargs"):
        return dict(value._nf_init_kwargs)
    if not hasattr(value, "hparams"):
        return kept_arguments(value)
    makers = [vars(cls)["__init__"] for cls in type(value).__mro__ if "__init__" in vars(cls)]
    taken = [inspect.signature(maker).parameters for maker in makers]
    inherited = {name for parameters in taken for name in parameters} - set(taken[0])
    return {name: item for name, item in dict(value.hparams).items() if name not in inherited}


_NEURALFORECAST = Library(
    main=Source("neuralforecast", ("neuralforecast.models",), ("neuralforecast.common._base_model:BaseModel",)),
    extra="neuralforecast",
    arguments=_arguments,
    inside=(Source("neuralforecast", ("neuralforecast.losses.pytorch",), ("torch.nn:Module",)),),
    horizon="h",
)


class NeuralForecast(Adapter):
    """A model of neuralforecast, trained on all series together.

    Covariates and static numbers go over under the names that the model lists in ``futr_exog_list`` and
    ``stat_exog_list``. Quantiles come from models whose loss has them: any, from a distribution; those it was trained
    for, from ``MQLoss``. Any history may be forecast from. No logs, checkpoints or progress bars are written unless
    the model's own arguments ask for them.

    Parameters
    ----------
    model : object
        Such as ``neuralforecast.models.NHITS(h=12, input_size=24)``; at least ``h`` steps are forecast at once.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Attributes
    ----------
    core_ : neuralforecast.NeuralForecast
        Holds the trained model.

    Raises
    ------
    FitError
        neuralforecast raised an error.

    References
    ----------
    Olivares, Challú, Garza, Mergenthaler Canseco & Dubrawski (2022), *NeuralForecast: user friendly state-of-the-art
    neural forecasting models*, PyCon US.

    Examples
    --------
    >>> from neuralforecast.models import MLP  # doctest: +SKIP
    >>> model = NeuralForecast(model=MLP(h=2, input_size=4, max_steps=10))  # doctest: +SKIP
    >>> model.fit([3.0, 1.0, 2.0] * 9).predict(2).shape  # doctest: +SKIP
    (2,)
    """

    foreign: ClassVar[Mapping[str, Library]] = {"model": _NEURALFORECAST}

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
    def is_global(self) -> bool:
        """Always."""
        return True

    @property
    def uses_covariates(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the model lists any."""
        return bool(self.held.futr_exog_list or self.held.stat_exog_list)

    @property
    def gives_intervals(self) -> bool:  # type: ignore[override] # here it depends on a constructor argument
        """Whether the loss of the model has quantiles."""
        loss = self.held.loss
        return hasattr(loss, "update_quantile") or len(_trained_quantiles(loss)) > 1

    @property
    def point_statistic(self) -> PointStatistic:
        """The median where the loss is of quantiles; else what the model calls its forecast, taken as the mean."""
        return "median" if len(_trained_quantiles(self.held.loss)) else "mean"

    def _fit(self, panel: Panel) -> None:
        import neuralforecast

        given = dict(_arguments(self.held) or {})
        with self.said_by("be fitted"):
            model = type(self.held)(**{**_QUIET, **given})
            self.core_ = neuralforecast.NeuralForecast(models=[model], freq=1)
            self.core_.fit(self._table(panel), static_df=self._static(panel))

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        steps = max(horizon, int(self.held.h))
        loss = self.held.loss
        asked: dict[str, Any] = {"df": self._table(panel), "static_df": self._static(panel), "h": steps}
        if self.held.futr_exog_list:
            asked["futr_df"] = self._ahead(panel, X, steps)
        with self.said_by("forecast"):
            table = self._columns(self.core_.predict(**asked), panel.n_series, steps)
            drawn = table
            if levels.size and hasattr(loss, "update_quantile"):
                drawn = self._columns(self.core_.predict(**asked, quantiles=levels.tolist()), panel.n_series, steps)
                drawn = drawn[:, :, -levels.size :]  # the mean comes first
        trained = _trained_quantiles(loss)
        mean = table[:, :, int(np.argmin(np.abs(trained - 0.5))) if trained.size else 0]
        if levels.size and not hasattr(loss, "update_quantile"):
            drawn = drawn[:, :, [self._place(trained, q) for q in levels.tolist()]]
        quantiles = np.sort(drawn[:, :horizon, :], axis=2) if levels.size else np.empty((panel.n_series, horizon, 0))
        return Forecast(mean[:, :horizon], quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _known_levels(self, panel: Panel, horizon: int) -> Floats:
        """Those that the loss was trained for, where it has no distribution."""
        trained = _trained_quantiles(self.held.loss)
        return np.unique(np.round(trained, 10)) if trained.size > 1 else super()._known_levels(panel, horizon)

    def _place(self, trained: Floats, q: float) -> int:
        near = np.flatnonzero(np.isclose(trained, q, rtol=0, atol=1e-6))
        if near.size == 0:
            raise ParameterError(
                f"{self.label} was trained for the quantiles {np.round(trained, 6).tolist()} alone, and {q:g} is asked "
                "for; give its loss all that are needed: MQLoss(level=[80, 95])."
            )
        return int(near[0])

    def _table(self, panel: Panel) -> pd.DataFrame:
        """A long frame with numbers for the names and times of a panel: neuralforecast uses them to join rows only."""
        rows = np.concatenate([np.arange(n) for n in panel.lengths])
        frame = pd.DataFrame({"unique_id": np.repeat(np.arange(panel.n_series), panel.lengths), "ds": rows})
        frame["y"] = panel.values
        for name in self.held.futr_exog_list or ():
            if name not in panel.covariate_names or panel.covariates is None:
                raise CovariateError(f"{self.label} lists {name!r}, which is none of {list(panel.covariate_names)}.")
            frame[name] = panel.covariates[:, panel.covariate_names.index(name)]
        return frame

    def _ahead(self, panel: Panel, X: Floats | None, steps: int) -> pd.DataFrame:
        if X is None or X.shape[1] < steps:
            raise CovariateError(f"{self.label} needs covariates of {steps} steps ahead; its h is {self.held.h}.")
        place = panel.lengths[:, None] + np.arange(steps)
        frame = pd.DataFrame({"unique_id": np.repeat(np.arange(panel.n_series), steps), "ds": place.reshape(-1)})
        for j, name in enumerate(panel.covariate_names):
            frame[name] = X[:, :, j].reshape(-1)
        return frame

    def _static(self, panel: Panel) -> pd.DataFrame | None:
        names = list(self.held.stat_exog_list or ())
        if not names:
            return None
        known = [] if panel.static is None else list(panel.static.select_dtypes("number"))
        if set(names) - set(known):
            raise CovariateError(f"{self.label} lists {names} in stat_exog_list; static numbers are {known}.")
        assert panel.static is not None
        return panel.static[names].reset_index(drop=True).rename_axis("unique_id").reset_index()

    def _columns(self, frame: pd.DataFrame, n_series: int, steps: int) -> Floats:
        table = frame.drop(columns=["unique_id", "ds"]).to_numpy(np.float64)
        return table.reshape(n_series, steps, -1)


def _trained_quantiles(loss: Any) -> Floats:
    """Quantiles that a loss is the sum of; empty for any other loss."""
    found = getattr(loss, "quantiles", None)
    if found is None or hasattr(loss, "update_quantile"):
        return np.empty(0)
    return np.asarray(found.detach().cpu() if hasattr(found, "detach") else found, dtype=np.float64).reshape(-1)
