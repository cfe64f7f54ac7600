"""Subject: one model with one seed on one block of series, made to forecast from changed panels."""

import dataclasses
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.base import clone

from tsforecast._types import Floats
from tsforecast.backtest.execute.run_job import run_job, run_jobs
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.jobs import Failure, Job
from tsforecast.backtest.plan.plan import with_seed
from tsforecast.backtest.plan.windows import future_frame, training_panel
from tsforecast.base import BaseForecaster
from tsforecast.panel import Panel


@dataclasses.dataclass(frozen=True)
class Shot:
    """What a model forecasts from one cutoff: means ``(n_series, horizon)``, quantiles, nan where it failed."""

    mean: Floats
    quantiles: Floats
    failures: tuple[Failure, ...]

    @property
    def arrays(self) -> tuple[Floats, Floats]:
        """Means and quantiles."""
        return self.mean, self.quantiles


@dataclasses.dataclass(frozen=True)
class Subject:
    """One model with one seed on one block of series.

    Attributes
    ----------
    job : Job
        Names model, seed and block; its windows are not used.
    panel : Panel
        The series of the block.
    cv : RollingOrigin
    levels : ndarray, shape (n_quantiles,)
    make : callable, optional
        Makes the forecaster from a panel; it is called again for every changed panel.
    """

    job: Job
    panel: Panel
    cv: RollingOrigin
    levels: Floats
    make: Callable[[Panel], BaseForecaster] | None = None

    def made_from(self, panel: Panel) -> BaseForecaster:
        """The forecaster, not fitted; made from the panel if the model is prepared from the data."""
        return self.job.forecaster if self.make is None else with_seed(self.make(panel), self.job.seed)

    def job_on(self, panel: Panel, windows: tuple[int, ...]) -> Job:
        """The job that fits at the first of the windows and forecasts from each."""
        return dataclasses.replace(self.job, windows=windows, forecaster=self.made_from(panel))

    def shoot(self, window: int, panel: Panel | None = None, cv: RollingOrigin | None = None) -> Shot:
        """The forecast of a fresh clone that is fitted at a window of a panel, by default that of the subject."""
        return self.shoot_along((window,), panel, cv)[0]

    def shoot_along(
        self, windows: tuple[int, ...], panel: Panel | None = None, cv: RollingOrigin | None = None
    ) -> list[Shot]:
        """Forecasts of a clone that is fitted at the first window and conditioned on each of the others."""
        world = self.panel if panel is None else panel
        result = run_job(self.job_on(world, windows), world, cv or self.cv, self.levels, audited=True)
        return [
            Shot(result.mean[k], result.quantiles[k], tuple(f for f in result.failures if f.window == window))
            for k, window in enumerate(windows)
        ]

    def shoot_together(self) -> list[Shot]:
        """Forecasts from all windows, oldest first, fitted together where that costs less, as a backtest does."""
        jobs = [self.job_on(self.panel, (window,)) for window in range(self.cv.n_windows)]
        results = run_jobs(jobs, self.panel, self.cv, self.levels)
        return [Shot(result.mean[0], result.quantiles[0], result.failures) for result in results]

    def shoot_refitted(self, window: int, before: Panel | None) -> Shot:
        """The forecast of one object that is fitted to another panel first, if any, and then to the training data."""
        job = self.job_on(self.panel, (window,))
        steps = self.cv.gap + self.cv.horizon
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model: BaseForecaster = clone(job.forecaster)
            if before is not None:
                model.fit(before)
            model.fit(training_panel(self.panel, self.cv, window))
            X = future_frame(self.panel, np.arange(self.panel.n_series), self.cv, window)
            wanted = self.levels if model.gives_intervals else np.empty(0)
            forecast = model.predict(steps, X if model.uses_covariates else None, quantiles=wanted.tolist() or None)
        quantiles = np.full((*forecast.mean.shape, self.levels.size), np.nan)
        quantiles[:, :, : wanted.size] = forecast.quantiles
        return Shot(forecast.mean[:, self.cv.gap :], quantiles[:, self.cv.gap :], ())
