"""backtest: fits every model at every cutoff, forecasts, and scores the forecasts."""

import contextlib
import dataclasses
import functools
import logging
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Literal

import numpy as np

from tsforecast.backtest.backtest_result import BacktestResult
from tsforecast.backtest.execute.driver import drive
from tsforecast.backtest.execute.progress import Progress, RunProgress, Tracker, Watch, nothing_watched
from tsforecast.backtest.execute.run_job import run_jobs
from tsforecast.backtest.execute.timeouts import Timeouts
from tsforecast.backtest.execute.workers import AnyExecutor, can_be_sent, can_spread
from tsforecast.backtest.leaks.check_run import check_for_leaks
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.bundles import bundle_jobs
from tsforecast.backtest.plan.empty_windows import warn_of_empty_windows
from tsforecast.backtest.plan.identity import check_comparable
from tsforecast.backtest.plan.jobs import Job
from tsforecast.backtest.plan.plan import Plan, Refit, name_models
from tsforecast.backtest.plan.settings import parse_level, parse_quantiles, parse_seeds
from tsforecast.backtest.plan.too_short import add_naive
from tsforecast.backtest.result.data import RunData
from tsforecast.backtest.store.addition import Addition, models_to_add
from tsforecast.backtest.store.run_folder import RunFolder
from tsforecast.backtest.store.store import Memory, Store
from tsforecast.backtest.tuned import tune
from tsforecast.base import BaseForecaster
from tsforecast.exceptions import ExecutorError, ParameterError, RunFolderError
from tsforecast.metrics.choose import DEFAULT_METRICS, choose_metrics
from tsforecast.metrics.metric import Metric
from tsforecast.panel.containers import Series, to_panel
from tsforecast.panel.too_short import TooShort, check_choice

_LOG = logging.getLogger("tsforecast.backtest")
# Most runs end sooner, and starting workers that import torch takes nearly as long.
_SECONDS_HERE = 10.0


def backtest(
    models: Mapping[str, BaseForecaster] | Sequence[BaseForecaster] | BaseForecaster,
    data: Series,
    *,
    cv: RollingOrigin,
    metrics: Sequence[str | Metric] = DEFAULT_METRICS,
    refit: Refit = "always",
    level: Sequence[float] = (80, 95),
    quantiles: Sequence[float] = (),
    seeds: int | Sequence[int] | None = None,
    budget: int | str | None = None,
    season_length: int | None = None,
    output: str | Path | None = None,
    add: bool = False,
    executor: AnyExecutor = "auto",
    executor_timeout: float | None = 600.0,
    job_timeout: float | None = None,
    audit: bool = False,
    too_short: TooShort = "error",
    on_progress: Progress | None = None,
) -> BacktestResult:
    """Forecasts and scores of every model at every cutoff, with what each cost and where each failed.

    Parameters
    ----------
    models : mapping of str to BaseForecaster, or sequence of BaseForecaster
        They are not changed: every fit is of a fresh clone. Without names they are called after their classes.
    data : Panel, Series, DataFrame or ndarray
        As `BaseForecaster.fit` takes it; covariates travel in a `Panel`.
    cv : RollingOrigin
        The cutoffs.
    metrics : sequence of str or Metric
        Interval metrics are computed at every ``level``.
    refit : "always", "never" or int
        Fit at every cutoff; fit only at the oldest, and forecast from later cutoffs with the same parameters and the
        newer data; or fit at every k-th cutoff. The same for every model.
    level, quantiles : sequence of float
        Intervals in percent, and further quantiles, to forecast.
    seeds : int or sequence of int, optional
        Runs of each model that has a ``random_state``: k means 0 to k - 1. None is one run with its own state (0 where
        that is None); a deterministic model runs once.
    budget : int or str, optional
        Equal budgets: at every fit each model that declares a ``search_space`` is `Tuned` within it, a number of
        candidates or a time such as ``"60s"``, on the end of what it is trained on and at its own cost.
    season_length : int, optional
        Season of the scale in MASE, RMSSE and MSIS; by default the usual one for the frequency.
    output : path, optional
        Run folder. A stopped run is resumed; another run is not overwritten. Runs are the same if data, settings,
        models and metrics have the same content; what their code looks up by a name that is made when it runs
        (``globals()["K"]``, ``getattr(module, name)``, an environment variable, a file) is not seen.
    add : bool
        Add the models to the finished run in ``output``, of the same data and settings: those that it does not have yet
        run, and the result is that of all. The run stays as it was until they are done.
    executor : "auto", "processes", Executor or None
        Where jobs run: None is this process; ``"processes"`` one for each core; ``"auto"`` is this process for the
        first seconds and then, if jobs are left and there is a second core, processes; a
        ``concurrent.futures.Executor`` runs them wherever it does, with ``output`` on a disk that its workers see.
        Results are the same to the last bit. A worker that dies costs nothing but time, and a series that kills every
        worker is a failure.
    executor_timeout : float, optional
        Seconds to wait for any sign of life of any worker. A job that runs is one, however long it takes. Then the run
        ends with an `ExecutorError`; what is finished is kept. None waits for ever.
    job_timeout : float, optional
        Seconds for one job (one fit of a model to a block of series and the forecasts from it), none by default; needs
        workers. Processes of our own are stopped and the block is divided, until each series that is never done stands
        alone as a failure, ``JobTimedOut``. Another executor cannot be made to stop: the run ends with an
        `ExecutorError` when all else is done.
    audit : bool
        Whether to make every forecast a second time, with other values after its cutoff, and to stop with a `LeakError`
        where it is not the same to the last bit; takes twice the time and more.
    too_short : {"error", "skip", "naive"}
        What to do with series that are too short for the cutoffs, or for what a model says it needs
        (`BaseForecaster.min_observations`), at any cutoff: an error before the first fit, that names all of them; or
        their forecasts at those cutoffs are failures; or, in addition, a model `Naive` is added to the run if it has
        none, with rows of its own.
    on_progress : callable, optional
        Called with jobs done, jobs in all and the name of the model after each job.

    Raises
    ------
    SeriesTooShortError
        Series are too short for the cutoffs or for a model, and ``too_short="error"``; ``series`` holds them all.
    RunFolderError
        ``output`` holds another run, is in use, or cannot be written; with ``add``, it holds no finished run, or one of
        other data, settings or package versions.
    ParameterError
        A setting is not allowed; with ``add``, the run has another model of the same name.
    ExecutorError
        The workers are gone or do not answer; the message tells how to go on.
    LeakError
        ``audit`` found a forecast that uses what it must not see.

    Examples
    --------
    >>> import numpy as np
    >>> from tsforecast import Naive, SeasonalNaive
    >>> y = np.tile([1.0, 2.0, 3.0, 5.0], 6)
    >>> result = backtest([Naive(), SeasonalNaive(4)], y, cv=RollingOrigin(4, n_windows=2), metrics=["mae"], level=())
    >>> result.leaderboard()[["rank", "model", "mae"]]
       rank          model   mae
    0     1  SeasonalNaive  0.00
    1     2          Naive  2.25
    """
    timeouts = Timeouts(executor_timeout, job_timeout)
    panel, _ = to_panel(data)
    check_choice(too_short)
    named = add_naive(name_models(models), too_short)
    plan = Plan(
        panel=panel,
        models=named if budget is None else tune(named, budget),
        cv=cv,
        metrics=choose_metrics(metrics),
        refit=refit,
        level=parse_level(level),
        quantiles=parse_quantiles(quantiles),
        seeds=parse_seeds(seeds),
        season_length=panel.season_length if season_length is None else season_length,
        audit=audit,
        too_short=too_short,
        budget=budget,
    )
    return run_plan(plan, output, add=add, executor=executor, timeouts=timeouts, on_progress=on_progress)


def run_plan(
    plan: Plan,
    output: str | Path | None,
    *,
    add: bool = False,
    executor: AnyExecutor = "auto",
    timeouts: Timeouts = Timeouts(),  # noqa: B008 (frozen)
    on_progress: Progress | None = None,
    watch: Watch = nothing_watched,
    summarise: bool = True,
) -> BacktestResult:
    """The result of a plan; jobs whose results are already in its folder are not run again.

    With ``add`` the folder holds a finished run, and the models of the plan that it lacks are added to it.
    ``watch`` is told what ``on_progress`` is, and more: see `RunProgress`. Where ``summarise`` is False the caller
    writes summary and page (`BacktestResult.write_summary`), after it has added what they shall tell.
    """
    if not (isinstance(executor, Executor) or executor is None or executor in ("auto", "processes")):
        raise ParameterError(f"executor={executor!r} is none of 'auto', 'processes', None and an Executor.")
    if on_progress is not None and not callable(on_progress):
        raise ParameterError(f"on_progress={on_progress!r} cannot be called.")
    if output is not None:
        check_comparable(plan.models, {metric.name: metric.function for metric in plan.metrics})

    def told(progress: RunProgress) -> None:
        watch(progress)
        if on_progress is not None:
            on_progress(progress.done, progress.total, progress.model)

    if add:
        return _run_new_models(plan, output, executor, timeouts, told, summarise)
    store = Memory(plan) if output is None else RunFolder(plan, Path(output))
    return BacktestResult(_run(plan, store, executor, timeouts, told, summarise), plan.models)


def _run_new_models(
    plan: Plan, output: str | Path | None, executor: AnyExecutor, timeouts: Timeouts, watch: Watch, summarise: bool
) -> BacktestResult:
    """The finished run in a folder with the models of a plan that it lacked, after these have run."""
    if output is None:
        raise ParameterError("add=True needs output, the folder of a finished run.")
    known, new = models_to_add(plan, Path(output))
    if there := [name for name in plan.models if name not in new]:
        rest = "" if new else "; nothing is left to do"
        _LOG.info("In the run already, with the same parameters: %s%s.", ", ".join(there), rest)
    if not new:
        return _with_summary(BacktestResult(known, plan.models), Path(output), was_finished=True)
    smaller = dataclasses.replace(plan, models=new)
    store = Addition(smaller, Path(output))
    return BacktestResult(_run(smaller, store, executor, timeouts, watch, summarise), plan.models)


def _run(plan: Plan, store: Store, executor: AnyExecutor, timeouts: Timeouts, watch: Watch, summarise: bool) -> RunData:
    """Run the jobs of a plan that are not in its store yet; the finished run."""
    if timeouts.job_timeout is not None:
        executor = _able_to_stop(executor, plan, timeouts.job_timeout)
    warn_of_empty_windows(plan.panel, plan.cv)
    jobs = plan.jobs()
    with store:
        was_finished = store.is_finished
        pending = [job for job in jobs if not store.has(job)]
        tracker = Tracker(plan.panel, jobs, pending, watch)
        if executor is None or executor == "auto":
            pending = _run_here(plan, pending, store, tracker, executor)
        if pending:
            elsewhere: Literal["processes"] | Executor = executor if isinstance(executor, Executor) else "processes"
            _run_there(plan, pending, store, elsewhere, timeouts, tracker)
        tracker.tell("")
        if plan.audit and not store.is_finished:
            check_for_leaks(plan, jobs, store.result)
        run = store.finish(jobs)
        if isinstance(store, RunFolder) and summarise:
            _with_summary(BacktestResult(run), store.folder, was_finished=was_finished)
        return run


def _with_summary(result: BacktestResult, folder: Path, *, was_finished: bool) -> BacktestResult:
    """The result, after writing the summary of a new run, or of one that was killed before its summary was written."""
    if not was_finished:
        result.write_summary(folder)
    elif not result.has_summary:
        with contextlib.suppress(RunFolderError):
            result.write_summary(folder)
    return result


def _run_here(plan: Plan, pending: Sequence[Job], store: Store, tracker: Tracker, executor: AnyExecutor) -> list[Job]:
    """Run jobs in this process; if that takes long, the jobs that are left for worker processes are returned."""
    until = time.monotonic() + (_SECONDS_HERE if executor == "auto" else float("inf"))
    bundles = bundle_jobs(pending, plan.panel)
    block_of = functools.cache(lambda first, stop: plan.panel.take(np.arange(first, stop)))  # views
    for k, bundle in enumerate(bundles):
        if len(bundles) - k > 1 and time.monotonic() > until:
            if can_spread(plan.models):
                return [job for rest in bundles[k:] for job in rest]
            until = float("inf")
        tracker.begin(bundle)
        tracker.tell(bundle[0].model)
        block = block_of(bundle[0].first, bundle[0].stop)
        for job, result in zip(bundle, run_jobs(bundle, block, plan.cv, plan.levels), strict=True):
            store.put(job, result)
        tracker.end(bundle)
    return []


def _able_to_stop(executor: AnyExecutor, plan: Plan, job_timeout: float) -> Literal["processes"] | Executor:
    """An executor that can stop a job at its time limit, as this process alone cannot."""
    if isinstance(executor, Executor) or executor == "processes":
        return executor
    if executor is None or not can_be_sent(plan.models):
        raise ParameterError(
            f"job_timeout={job_timeout:g} needs workers that can be stopped; this process is none: give "
            "executor='processes', and models that can be pickled."
        )
    return "processes"


def _run_there(
    plan: Plan,
    pending: Sequence[Job],
    store: Store,
    executor: Literal["processes"] | Executor,
    timeouts: Timeouts,
    tracker: Tracker,
) -> None:
    """Run jobs on workers, which write result files: into a temporary folder if the run has none."""
    if isinstance(store, RunFolder):
        drive(plan, pending, store, executor, timeouts, tracker)
        return
    name = Path(tempfile.mkdtemp(prefix="tsforecast-"))
    try:
        with RunFolder(plan, name) as folder:
            drive(plan, pending, folder, executor, timeouts, tracker)
            for job in pending:
                store.put(job, folder.result(job))
    except ExecutorError:  # the run can be resumed from this folder
        raise
    except BaseException:
        shutil.rmtree(name, ignore_errors=True)
        raise
    shutil.rmtree(name, ignore_errors=True)
