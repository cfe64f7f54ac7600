"""TrueModel: the best possible forecast of simulated series, from their known process."""

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy import stats

from tsforecast._bounds import Bounds
from tsforecast._types import Bools, Floats
from tsforecast.base import BaseForecaster
from tsforecast.data.process import Process, SeasonalProcess
from tsforecast.exceptions import ParameterError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel


class TrueModel(BaseForecaster):
    """The conditional mean under the process that simulated the series, with its exact normal intervals.

    No forecaster has a smaller expected squared error on such series. Nothing is learnt by `fit`.

    Parameters
    ----------
    process : ArimaProcess or SeasonalProcess
        The process given to `tsforecast.data.simulate.simulate`, or that of a data set of
        `tsforecast.data.catalog.load`.
    nonnegative, bounds
        Limits of forecasts: see `BaseForecaster`.

    Examples
    --------
    >>> from tsforecast.data.process import ArimaProcess
    >>> TrueModel(ArimaProcess(phi=(0.5,))).fit([0.0, 2.0]).predict(2)
    array([1. , 0.5])
    """

    def __init__(self, process: Process, *, nonnegative: bool = False, bounds: Bounds = None) -> None:
        self.process = process
        self.nonnegative = nonnegative
        self.bounds = bounds

    def _fit(self, panel: Panel) -> None:
        if not isinstance(self.process, Process):
            raise ParameterError(f"process={self.process!r} is no process such as ArimaProcess(phi=(0.5,)).")
        self.process.conditional(panel, 1)  # fail here rather than in predict

    def _predict(self, panel: Panel, horizon: int, X: Floats | None, levels: Floats) -> Forecast:
        mean, sd = self.process.conditional(panel, horizon)
        quantiles = mean[:, :, None] + sd[:, :, None] * stats.norm.ppf(levels)
        return Forecast(mean, quantiles, levels, panel.ids, panel.last_times, panel.freq)

    def _sample_paths(
        self, panel: Panel, n_paths: int, horizon: int, X: Floats | None, rngs: Sequence[np.random.Generator]
    ) -> Floats:
        return self.process.continued(panel, horizon, n_paths, rngs)

    def _condense(self, panel: Panel) -> tuple[Self, Bools] | None:
        """Of a `SeasonalProcess` times alone matter; an `ArimaProcess` is projected on all observations."""
        nothing = isinstance(self.process, SeasonalProcess)
        return (copy.copy(self), np.zeros(panel.n_series, dtype=np.bool_)) if nothing else None

    def _moved(self, panel: Panel, news: Panel) -> tuple[Self, Bools] | None:
        return self._condense(panel)
