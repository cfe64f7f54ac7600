"""One job of a backtest: fit a model at one cutoff, forecast from it and from those that share the fit."""

import contextlib
import dataclasses
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import pandas as pd
from sklearn.base import clone

from tsforecast._types import Bools, Floats, Index, Ints
from tsforecast.backtest.execute.warm_up import warm_up
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import FitError, LeakError, SeriesTooShortError
from tsforecast.forecast import Forecast
from tsforecast.panel import Panel
from tsforecast.panel.too_short import too_short_error

Outcome = TypeVar("Outcome")
Address: TypeAlias = tuple[str, int, tuple[int, ...], int]


@dataclasses.dataclass(frozen=True)
class Job:
    """A model with its seed, the cutoffs that share one fit, and a block of series.

    Attributes
    ----------
    model : str
        Name of the model in the run.
    forecaster : BaseForecaster
        Not fitted; its ``random_state`` is set.
    seed : int
        The ``random_state``; 0 for a deterministic model.
    windows : tuple of int
        Cutoffs, counted from 0, the oldest; the model is fitted at the first and conditioned at the others.
    first, stop : int
        The block is series ``first`` to ``stop - 1`` of the panel.
    """

    model: str
    forecaster: BaseForecaster
    seed: int
    windows: tuple[int, ...]
    first: int
    stop: int

    @property
    def address(self) -> Address:
        """What tells the job from every other of its run."""
        return self.model, self.seed, self.windows, self.first


@dataclasses.dataclass(frozen=True)
class Failure:
    """A series that a model failed on at a cutoff: ``position`` counts within the block."""

    window: int
    position: int
    error: str
    message: str


@dataclasses.dataclass(frozen=True)
class Part:
    """What a job gives.

    Attributes
    ----------
    mean : ndarray, shape (n_windows, n_series, horizon)
        nan where the model failed.
    quantiles : ndarray, shape (n_windows, n_series, horizon, n_quantiles)
        nan where the model failed, and all nan where it gives no intervals.
    fit_seconds, predict_seconds : tuple of float, length n_windows
        The fit is charged to the first window.
    failures : tuple of Failure
    warned : dict of str to int
        How often each warning came, by ``"Category: first line"``.
    """

    mean: Floats
    quantiles: Floats
    fit_seconds: tuple[float, ...]
    predict_seconds: tuple[float, ...]
    failures: tuple[Failure, ...] = ()
    warned: dict[str, int] = dataclasses.field(default_factory=dict)


def run_job(job: Job, panel: Panel, cv: RollingOrigin, levels: Floats, *, audited: bool = False) -> Part:
    """Forecasts of the job's block, with whatever failed as failures and never as an exception.

    Parameters
    ----------
    job : Job
    panel : Panel
        The series of the block, whole: they are cut here and nothing after a cutoff is handed to the model.
    cv : RollingOrigin
    levels : ndarray, shape (n_quantiles,)
        Quantile levels to forecast.
    audited : bool
        Whether a model that changes the panel it is given is a `LeakError`.

    Notes
    -----
    A series without any observation before the cutoff is a failure. A `FitError`, or a `SeriesTooShortError`, names its
    series: the others are fitted again without them. For any other exception of a model that is
    not global the block is halved until the guilty series stand alone; a global model fails on all of the block.
    ``KeyboardInterrupt`` and its like pass through.
    """
    warm_up(job.forecaster)
    with _recorded() as caught:
        begin = time.perf_counter()
        fits, failures = _fit(job, panel, cv, audited)
        seconds = time.perf_counter() - begin
    return _forecast_all(job, panel, cv, levels, _Fitted(fits, failures, seconds, caught), audited)


def run_jobs(jobs: Sequence[Job], panel: Panel, cv: RollingOrigin, levels: Floats) -> list[Part]:
    """What `run_job` gives for each of several jobs of one model on one block, which are fitted together."""
    if len(jobs) == 1 or not all(has_begun(panel.lengths, cv, job.windows[0]).all() for job in jobs):
        return [run_job(job, panel, cv, levels) for job in jobs]
    warm_up(jobs[0].forecaster)
    everything = np.arange(panel.n_series)
    models: list[BaseForecaster] = [clone(job.forecaster) for job in jobs]
    with _recorded() as caught:
        panels = [training_panel(panel, cv, job.windows[0]) for job in jobs]
        outcomes = type(models[0]).fit_many(models, panels)
    parts = []
    for job, model, (seconds, error) in zip(jobs, models, outcomes, strict=True):
        if error is None:
            fitted = _Fitted([(everything, model)], [], seconds, caught)
            parts.append(_forecast_all(job, panel, cv, levels, fitted, audited=False))
        else:  # alone it is found out whose fault it is
            part = run_job(job, panel, cv, levels)
            parts.append(dataclasses.replace(part, fit_seconds=(part.fit_seconds[0] + seconds, *part.fit_seconds[1:])))
        caught = []  # what was warned of while all were fitted is told with the first
    return parts


@dataclasses.dataclass(frozen=True)
class _Fitted:
    """Models with the places in the block of the series that each was fitted to, and what the fit cost and told."""

    models: list[tuple[Ints, BaseForecaster]]
    failures: list[Failure]
    seconds: float
    caught: list[warnings.WarningMessage]


def _forecast_all(job: Job, panel: Panel, cv: RollingOrigin, levels: Floats, fitted: _Fitted, audited: bool) -> Part:
    """The part of a job whose models are fitted."""
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
    told = _count([*fitted.caught, *caught])
    return Part(mean, quantiles, spent, tuple(predict_seconds), tuple(failures), told)


@contextlib.contextmanager
def _recorded() -> Iterator[list[warnings.WarningMessage]]:
    """All that is warned of in the block, in place of the warnings."""
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
    fits, blamed = _salvage(attempt, positions, panel.ids, splittable=not job.forecaster.is_global)
    why = "none of them lies before the cutoff that the model is fitted at"
    absent = too_short_error(panel.ids, panel.lengths, ~begun, why) if not begun.all() else None
    blamed += [(int(p), (type(absent).__name__, absent.reason(panel.ids[p]))) for p in np.flatnonzero(~begun) if absent]
    return fits, [Failure(w, position, *why) for w in job.windows for position, why in blamed]


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
    asked = levels if model.gives_intervals else np.empty(0)

    def attempt(group: Ints) -> Forecast:
        X = future_frame(panel, group, cv, window) if model.uses_covariates else None
        fitted_here = k == 0 and group.size == positions.size
        history = None if fitted_here else _take(training_panel(panel, cv, window), group, audited)
        with _unchanged(history or model.panel_, job) if audited else contextlib.nullcontext():
            forecast = model.predict(steps, X, history=history, quantiles=asked.tolist() or None)
        return _checked(forecast, model, panel.ids.take(group), steps, asked)

    forecasts, blamed = _salvage(attempt, positions, panel.ids, splittable=not model.is_global)
    return forecasts, [Failure(window, position, *why) for position, why in blamed]


def join_parts(parts: Sequence[Part]) -> Part:
    """One part of neighbouring blocks: the same model, seed and cutoffs, series after series."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(part.mean.shape[1] for part in parts)])
    failures = [
        dataclasses.replace(failure, position=failure.position + int(offset))
        for part, offset in zip(parts, offsets, strict=False)
        for failure in part.failures
    ]
    return Part(
        mean=np.concatenate([part.mean for part in parts], axis=1),
        quantiles=np.concatenate([part.quantiles for part in parts], axis=1),
        fit_seconds=tuple(sum(each) for each in zip(*(part.fit_seconds for part in parts), strict=True)),
        predict_seconds=tuple(sum(each) for each in zip(*(part.predict_seconds for part in parts), strict=True)),
        failures=tuple(sorted(failures, key=lambda failure: (failure.window, failure.position))),
        warned=dict(sorted(sum((Counter(part.warned) for part in parts), Counter()).items())),
    )


def training_panel(panel: Panel, cv: RollingOrigin, window: int) -> Panel:
    """What the models see of every series at a cutoff; the first observation of one that has not begun by then."""
    start, stop = cv.bounds(panel.lengths)
    end = np.maximum(stop[window], 1)
    return panel.slice(np.minimum(start[window], end - 1), end)


def has_begun(lengths: Ints, cv: RollingOrigin, window: int) -> Bools:
    """Whether each series has an observation before its cutoff, so that models may be fitted: ``(n_series,)``."""
    return np.asarray(cv.bounds(lengths)[1][window] >= 1)


def truth_rows(indptr: Ints, cv: RollingOrigin, window: int, *, skip_gap: bool = True) -> Ints:
    """Places of the steps to forecast: ``(n_series, horizon)``, with the gap before them if asked.

    ``indptr``, ``(n_series + 1,)``, is that of a panel, or the part of it that belongs to a block of its series.
    """
    _, stop = cv.bounds(np.diff(indptr))
    steps = np.arange(cv.gap if skip_gap else 0, cv.gap + cv.horizon)
    return np.maximum((indptr[:-1] + stop[window])[:, None] + steps, 0)  # of a series too short any: it is not used


def future_frame(panel: Panel, positions: Ints, cv: RollingOrigin, window: int) -> pd.DataFrame | None:
    """Covariates of the gap and the horizon, and of nothing later, as `BaseForecaster.predict` takes them."""
    if panel.covariates is None:
        return None
    rows = truth_rows(panel.indptr, cv, window, skip_gap=False)[positions]  # (n_series, gap + horizon)
    frame = pd.DataFrame(panel.covariates[rows.reshape(-1)], columns=list(panel.covariate_names))
    frame.insert(0, "unique_id", panel.ids.take(positions).repeat(rows.shape[1]))
    frame.insert(1, "ds", panel.times.take(rows.reshape(-1)))
    return frame


def _salvage(
    attempt: Callable[[Ints], Outcome], positions: Ints, ids: Index, *, splittable: bool
) -> tuple[list[tuple[Ints, Outcome]], list[tuple[int, tuple[str, str]]]]:
    """What ``attempt`` gives for as many series as can be had, and the error and message of each of the others."""
    done: list[tuple[Ints, Outcome]] = []
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
            guilty = [int(p) for p in group if str(ids[p]) in named]
            if guilty:
                failed += [(p, (name, named[str(ids[p])])) for p in guilty]
                pending += [np.setdiff1d(group, guilty)] if len(guilty) < group.size else []
            elif group.size > 1 and splittable:
                pending += [group[group.size // 2 :], group[: group.size // 2]]
            else:
                failed += [(int(p), (name, str(error) or name)) for p in group]
    return done, failed


def _reasons(error: Exception) -> dict[str, str]:
    """Why each series failed that an error names."""
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
    """Some series; in an audit with values of their own, so that a model that writes into them is seen to do so."""
    some = panel if positions.size == panel.n_series else panel.take(positions)
    return some.with_values(some.values.copy()) if audited else some


def _count(caught: Iterable[warnings.WarningMessage]) -> dict[str, int]:
    lines = Counter(f"{w.category.__name__}: {(str(w.message).splitlines() or [''])[0]}" for w in caught)
    return dict(sorted(lines.items()))
