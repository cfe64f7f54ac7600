"""The audit: repeats every forecast with other values after its cutoff; one that changes is a leak."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.backtest.execute.run_job import run_job
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.jobs import Job, JobResult
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.plan.windows import truth_rows
from tsforecast.exceptions import LeakError
from tsforecast.panel import Panel


def check_for_leaks(plan: Plan, jobs: Sequence[Job], result_of: Callable[[Job], JobResult]) -> None:
    """Raise a `LeakError` where a forecast changes, by a single bit, when values after its cutoff are replaced.

    The newest cutoff comes first, so that a model that keeps what an earlier clone saw knows the future of the cutoffs
    that follow, and is found. Values after the cutoff are replaced; rows past the horizon, covariates included, are
    removed.

    Parameters
    ----------
    plan : Plan
    jobs : sequence of Job
    result_of : callable
        Returns the result that a job had in the run.

    Raises
    ------
    LeakError
        A forecast changed, a model changed its input, or a model knows the truth whatever it is trained on; the
        message names the model, the series, the cutoff and the difference.
    """
    for job in reversed(jobs):
        block = plan.panel.take(np.arange(job.first, job.stop))
        result = result_of(job)
        for k in reversed(range(len(job.windows))):
            _check_future(plan, job, result, k, block)
            _check_source(plan, job, result, k, block)


def _check_future(plan: Plan, job: Job, result: JobResult, k: int, block: Panel) -> None:
    """Raise a `LeakError` where the forecast of window k depends on values after its cutoff."""
    again = _repeat(plan, job, k, block, _replace_future)
    difference = _difference(result, k, again)
    if difference is None:
        return
    i, change = difference
    same = _difference(result, k, _repeat(plan, job, k, block, lambda panel, stop: panel.values))
    if same is None:
        why = "uses values after the cutoff: its forecast changed when only they did"
    else:
        why = (
            "does not repeat itself: it remembers what another fit of it saw, or draws numbers without a seed, so that "
            "its forecast changed though its training data did not"
        )
    raise LeakError(f"Model {job.model!r} {why}. {_where(plan, job, k, i)}: {change}.")


def _check_source(plan: Plan, job: Job, result: JobResult, k: int, block: Panel) -> None:
    """Raise a `LeakError` where a forecast equals the truth exactly, even after the training values are replaced."""
    truth = block.values[truth_rows(block.indptr, plan.cv, job.windows[k])]
    exact = (result.mean[k] == truth).all(axis=1)
    if not exact.any():
        return
    again = _repeat(plan, job, k, block, _replace_past)
    known = exact & (again.mean[-1] == truth).all(axis=1)
    if known.any():
        i = int(np.argmax(known))
        raise LeakError(
            f"Model {job.model!r} knows the future from elsewhere: its forecast is the truth to the last digit, "
            f"whatever it is trained on. {_where(plan, job, k, i)}."
        )


def _repeat(plan: Plan, job: Job, k: int, block: Panel, change: Callable[[Panel, Ints], Floats]) -> JobResult:
    """Result of the job up to window k, on a block that ends with its horizon and has values from ``change``."""
    window = job.windows[k]
    _, stop = plan.cv.bounds(block.lengths)
    end = np.maximum(stop[window] + plan.cv.gap + plan.cv.horizon, 1)  # a series that is too short stays too short
    cut = block.slice(np.zeros_like(end), end)
    cv: RollingOrigin = dataclasses.replace(plan.cv, n_windows=window + 1, step_size=plan.cv.step)
    shown = cut.with_values(change(cut, stop[window]))
    return run_job(dataclasses.replace(job, windows=job.windows[: k + 1]), shown, cv, plan.levels, audited=True)


def _replace_future(panel: Panel, stop: Ints) -> Floats:
    return np.where(_place_in_series(panel) < np.repeat(stop, panel.lengths), panel.values, _others(panel))


def _replace_past(panel: Panel, stop: Ints) -> Floats:
    return np.where(_place_in_series(panel) < np.repeat(stop, panel.lengths), _others(panel), panel.values)


def _place_in_series(panel: Panel) -> Ints:
    """Place of each observation within its series: ``(n_obs,)``."""
    return np.arange(panel.n_obs) - np.repeat(panel.indptr[:-1], panel.lengths)


def _others(panel: Panel) -> Floats:
    """Values outside the range of the panel, the same at every call: ``(n_obs,)``."""
    spread = 1.0 + np.nanmax(np.abs(panel.values), initial=0.0)
    return spread * (2.0 + np.random.default_rng(0).random(panel.n_obs))


def _difference(result: JobResult, k: int, again: JobResult) -> tuple[int, str] | None:
    """First series whose forecast differs, and by how much; None where all bits are equal."""
    parts = [(mean[k], again.parts[name][-1]) for name, mean in result.parts.items() if name in again.parts]
    for before, after in ((result.mean[k], again.mean[-1]), (result.quantiles[k], again.quantiles[-1]), *parts):
        other = np.ascontiguousarray(before).view(np.int64) != np.ascontiguousarray(after).view(np.int64)
        if other.any():
            i = int(np.argmax(other.reshape(len(other), -1).any(axis=1)))
            place = tuple(np.argwhere(other[i])[0])
            old, new = float(before[i][place]), float(after[i][place])
            return i, f"{old!r} became {new!r} at step {int(place[0]) + 1} (difference {new - old:.3g})"
    return None


def _where(plan: Plan, job: Job, k: int, i: int) -> str:
    series = job.first + i
    cutoff = plan.cv.cutoffs(plan.panel, check=False)[job.windows[k]][series]
    return f"Series {plan.panel.ids[series]!r}, cutoff {cutoff}, seed {job.seed}"
