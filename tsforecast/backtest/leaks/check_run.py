"""The audit of a run: repeats every forecast with other values after its cutoff; one that changes is a leak."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.backtest.execute.run_job import run_job
from tsforecast.backtest.leaks.changes import cut_after, replace_future, replace_past
from tsforecast.backtest.leaks.difference import Difference, first_difference
from tsforecast.backtest.leaks.truth import is_telling, truth_of
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
    again = _repeat(plan, job, k, block, replace_future)
    difference = _difference(result, k, again)
    if difference is None:
        return
    same = _difference(result, k, _repeat(plan, job, k, block, lambda panel, stop: panel.values))
    if same is None:
        why = "uses values after the cutoff: its forecast changed when only they did"
    else:
        why = (
            "does not repeat itself: it remembers what another fit of it saw, or draws numbers without a seed, so that "
            "its forecast changed though its training data did not"
        )
    raise LeakError(f"Model {job.model!r} {why}. {_where(plan, job, k, difference.series)}: {difference}.")


def _check_source(plan: Plan, job: Job, result: JobResult, k: int, block: Panel) -> None:
    """Raise a `LeakError` where a forecast equals the truth exactly, even after the training values are replaced."""
    truth = block.values[truth_rows(block.indptr, plan.cv, job.windows[k])]
    exact = (result.mean[k] == truth).all(axis=1)
    exact &= exact.any() and is_telling(truth_of(block, plan.cv))[job.windows[k]]
    if not exact.any():
        return
    again = _repeat(plan, job, k, block, replace_past)
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
    cut, cv = cut_after(block, plan.cv, window)
    shown = cut.with_values(change(cut, plan.cv.bounds(block.lengths)[1][window]))
    return run_job(dataclasses.replace(job, windows=job.windows[: k + 1]), shown, cv, plan.levels, audited=True)


def _difference(result: JobResult, k: int, again: JobResult) -> Difference | None:
    shared = [name for name in result.parts if name in again.parts]
    before = (result.mean[k], result.quantiles[k], *(result.parts[name][k] for name in shared))
    return first_difference(before, (again.mean[-1], again.quantiles[-1], *(again.parts[name][-1] for name in shared)))


def _where(plan: Plan, job: Job, k: int, i: int) -> str:
    series = job.first + i
    cutoff = plan.cv.cutoffs(plan.panel, check=False)[job.windows[k]][series]
    return f"Series {plan.panel.ids[series]!r}, cutoff {cutoff}, seed {job.seed}"
