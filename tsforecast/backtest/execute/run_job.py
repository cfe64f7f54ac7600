"""Run a job: fit a model at one cutoff, forecast from it and from those that share the fit."""

import contextlib
import dataclasses
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from sklearn.base import clone

from tsforecast._fit_together import fit_together
from tsforecast._types import Floats, Index, Ints
from tsforecast.backtest.execute.explained import facts_of_forecasts
from tsforecast.backtest.execute.facts_of_fits import facts_of_fits
from tsforecast.backtest.execute.preload import preload
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.jobs import Failure, Job, JobResult
from tsforecast.backtest.plan.windows import future_frame, has_begun, training_panel
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, LeakError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.too_short import too_short_error

Attempted = TypeVar("Attempted")


def run_job(job: Job, panel: Panel, cv: RollingOrigin, levels: Floats, *, audited: bool = False) -> JobResult:
    """The result of a job; what a model fails on is listed in it and raises nothing.

    Parameters
    ----------
    job : Job
    panel : Panel
        The whole series of the block: they are cut here, and the model sees nothing after a cutoff.
    cv : RollingOrigin
    levels : ndarray, shape (n_quantiles,)
        Quantile levels to forecast.
    audited : bool
        Whether a model that changes the panel it is given is a `LeakError`.

    Notes
    -----
    A series without any observation before the cutoff is a failure. A `FitError`, or a `SeriesTooShortError`, names its
    series: the others are fitted again without them. For any other exception of a model that is
    not global the block is halved until the failing series stand alone; a global model fails on all of the block.
    ``KeyboardInterrupt`` and its like pass through.
    """
    preload(job.forecaster)
    with _recorded() as caught:
        begin = time.perf_counter()
        fits, failures = _fit(job, panel, cv, audited)
        seconds = time.perf_counter() - begin
    return _forecast_all(job, panel, cv, levels, _Fitted(fits, failures, seconds, caught), audited)


def run_jobs(jobs: Sequence[Job], panel: Panel, cv: RollingOrigin, levels: Floats) -> list[JobResult]:
    """The results of several jobs of one model on one block, which are fitted together."""
    if len(jobs) == 1 or not all(has_begun(panel.lengths, cv, job.windows[0]).all() for job in jobs):
        return [run_job(job, panel, cv, levels) for job in jobs]
    preload(jobs[0].forecaster)
    everything = np.arange(panel.n_series)
    models: list[BaseForecaster] = [clone(job.forecaster) for job in jobs]
    with _recorded() as caught:
        panels = [training_panel(panel, cv, job.windows[0]) for job in jobs]
        outcomes = fit_together(models, panels)
    results = []
    for job, model, (seconds, error) in zip(jobs, models, outcomes, strict=True):
        if error is None:
            fitted = _Fitted([(everything, model)], [], seconds, caught)
            results.append(_forecast_all(job, panel, cv, levels, fitted, audited=False))
        else:  # fitted alone, its failures are recorded
            result = run_job(job, panel, cv, levels)
            results.append(
                dataclasses.replace(result, fit_seconds=(result.fit_seconds[0] + seconds, *result.fit_seconds[1:]))
            )
        caught = []  # warnings of the common fit are counted with the first job
    return results


@dataclasses.dataclass(frozen=True)
class _Fitted:
    """Fitted models with the positions of their series in the block, and the cost and warnings of the fit."""

    models: list[tuple[Ints, BaseForecaster]]
    failures: list[Failure]
    seconds: float
    caught: list[warnings.WarningMessage]


def _forecast_all(
    job: Job, panel: Panel, cv: RollingOrigin, levels: Floats, fitted: _Fitted, audited: bool
) -> JobResult:
    """The result of a job whose models are fitted."""
    n_windows = len(job.windows)
    mean = np.full((n_windows, panel.n_series, cv.horizon), np.nan)
    quantiles = np.full((*mean.shape, levels.size), np.nan)
    failures, predict_seconds = list(fitted.failures), []
    with _recorded() as caught:
        for k in range(n_windows):
            begin = time.perf_counter()
            for positions, model in fitted.models:
                forecasts, failed = _forecast(job, model, panel, positions, cv, k, levels, audited)
                failures += failed
                for places, forecast in forecasts:
                    mean[k, places] = forecast.mean[:, cv.gap :]
                    if model.gives_intervals:
                        quantiles[k, places] = forecast.quantiles[:, cv.gap :]
            predict_seconds.append(time.perf_counter() - begin)
    failures.sort(key=lambda failure: (failure.window, failure.position))
    spent = (fitted.seconds, *(0.0 for _ in job.windows[1:]))
    counted = _count_warnings([*fitted.caught, *caught])
    parts = _forecast_parts(job, panel, cv, fitted, audited)  # not in the times of the model
    facts = facts_of_fits(job, fitted.models, panel.ids, is_last=job.windows[-1] == cv.n_windows - 1)
    if facts:  # of a model that tells of itself
        facts += facts_of_forecasts(job, fitted.models, panel, cv)
    return JobResult(mean, quantiles, spent, tuple(predict_seconds), tuple(failures), counted, parts, facts)


def _forecast_parts(job: Job, panel: Panel, cv: RollingOrigin, fitted: _Fitted, audited: bool) -> dict[str, Floats]:
    """Point forecasts of the parts of the fitted models by name, ``(n_windows, n_series, horizon)`` each.

    They are nan where a part fails: what fails on the whole is listed, and a part is no model of the run.
    """
    shape = (len(job.windows), panel.n_series, cv.horizon)
    found: dict[str, Floats] = {}
    with _recorded():
        for positions, model in fitted.models:
            for name, part in _parts_of(model).items():
                mean = found.setdefault(name, np.full(shape, np.nan))
                for k in range(len(job.windows)):
                    forecasts, _ = _forecast(job, part, panel, positions, cv, k, np.empty(0), audited)
                    for places, forecast in forecasts:
                        mean[k, places] = forecast.mean[:, cv.gap :]
    return found


def _parts_of(model: BaseForecaster) -> dict[str, BaseForecaster]:
    try:
        return {str(name): part for name, part in model.parts().items() if isinstance(part, BaseForecaster)}
    except Exception:  # whatever a model raises
        return {}


@contextlib.contextmanager
def _recorded() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of the block instead of showing them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def _fit(
    job: Job, panel: Panel, cv: RollingOrigin, audited: bool
) -> tuple[list[tuple[Ints, BaseForecaster]], list[Failure]]:
    train = training_panel(panel, cv, job.windows[0])

    def attempt(positions: Ints) -> BaseForecaster:
        seen = _take(train, positions, audited)
        with _unchanged(seen, job) if audited else contextlib.nullcontext():
            return clone(job.forecaster).fit(seen)

    begun = has_begun(panel.lengths, cv, job.windows[0])
    positions = np.flatnonzero(begun)
    fits, failed = _series_by_series(attempt, positions, panel.ids, splittable=not job.forecaster.is_global)
    why = "none of them lies before the cutoff that the model is fitted at"
    absent = too_short_error(panel.ids, panel.lengths, ~begun, why) if not begun.all() else None
    failed += [(int(p), (type(absent).__name__, absent.reason(panel.ids[p]))) for p in np.flatnonzero(~begun) if absent]
    return fits, [Failure(w, position, *why) for w in job.windows for position, why in failed]


def _forecast(
    job: Job,
    model: BaseForecaster,
    panel: Panel,
    positions: Ints,
    cv: RollingOrigin,
    k: int,
    levels: Floats,
    audited: bool,
) -> tuple[list[tuple[Ints, Forecast]], list[Failure]]:
    """Forecasts of a fitted model at window ``job.windows[k]``, conditioned on it unless it was fitted there."""
    window = job.windows[k]
    steps = cv.horizon + cv.gap
    wanted = levels if model.gives_intervals else np.empty(0)

    def attempt(group: Ints) -> Forecast:
        X = future_frame(panel, group, cv, window) if model.uses_covariates else None
        fitted_here = k == 0 and group.size == positions.size
        history = None if fitted_here else _take(training_panel(panel, cv, window), group, audited)
        with _unchanged(history or model.panel_, job) if audited else contextlib.nullcontext():
            forecast = model.predict(steps, X, history=history, quantiles=wanted.tolist() or None)
        return _checked(forecast, model, panel.ids.take(group), steps, wanted)

    forecasts, failed = _series_by_series(attempt, positions, panel.ids, splittable=not model.is_global)
    return forecasts, [Failure(window, position, *why) for position, why in failed]


def _series_by_series(
    attempt: Callable[[Ints], Attempted], positions: Ints, ids: Index, *, splittable: bool
) -> tuple[list[tuple[Ints, Attempted]], list[tuple[int, tuple[str, str]]]]:
    """The results of ``attempt`` for series that succeed, and the error and message of each that fails."""
    done: list[tuple[Ints, Attempted]] = []
    failed: list[tuple[int, tuple[str, str]]] = []
    pending = [positions] if positions.size else []
    while pending:
        group = pending.pop()
        try:
            done.append((group, attempt(group)))
        except LeakError:
            raise
        except Exception as error:  # whatever a model raises is its failure, not the run's
            name = type(error).__name__
            named = _reasons(error)
            failing = [int(p) for p in group if str(ids[p]) in named]
            if failing:
                failed += [(p, (name, named[str(ids[p])])) for p in failing]
                pending += [np.setdiff1d(group, failing)] if len(failing) < group.size else []
            elif group.size > 1 and splittable:
                pending += [group[group.size // 2 :], group[: group.size // 2]]
            else:
                failed += [(int(p), (name, str(error) or name)) for p in group]
    return done, failed


def _reasons(error: Exception) -> dict[str, str]:
    """The reason for each series that an error names."""
    if isinstance(error, SeriesTooShortError):
        return {str(name): error.reason(name) for name in error.series}
    return error.failures if isinstance(error, FitError) else {}


@contextlib.contextmanager
def _unchanged(panel: Panel, job: Job) -> Iterator[None]:
    before = panel.fingerprint()
    yield
    if panel.fingerprint() != before:
        raise LeakError(
            f"Model {job.model!r} changes the panel it is given: {panel.n_series} series from {panel.ids[0]!r}, "
            f"cutoff {panel.last_times[0]}, seed {job.seed}."
        )


def _checked(forecast: object, model: BaseForecaster, ids: Index, steps: int, levels: Floats) -> Forecast:
    name = type(model).__name__
    if not isinstance(forecast, Forecast) or not forecast.ids.equals(ids) or forecast.horizon != steps:
        raise FitError(f"{name} gave {forecast!r}; {steps} steps of {len(ids)} series were asked for, in their order.")
    if not np.array_equal(forecast.quantile_levels, levels):
        raise FitError(f"{name} gave the quantiles {forecast.quantile_levels}; {levels} were asked for.")
    return forecast


def _take(panel: Panel, positions: Ints, audited: bool) -> Panel:
    """Some series of a panel; in an audit a copy, so that a model that writes into the values is noticed."""
    some = panel if positions.size == panel.n_series else panel.take(positions)
    return some.with_values(some.values.copy()) if audited else some


def _count_warnings(caught: Iterable[warnings.WarningMessage]) -> dict[str, int]:
    lines = Counter(f"{w.category.__name__}: {(str(w.message).splitlines() or [''])[0]}" for w in caught)
    return dict(sorted(lines.items()))
