"""How far a run is: what runs now, and how much time is left by what each model has taken so far."""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from tsforecast.backtest.plan.jobs import Address, Job
from tsforecast.panel import Panel

Progress: TypeAlias = Callable[[int, int, str], None]
Watch: TypeAlias = "Callable[[RunProgress], None]"


@dataclasses.dataclass(frozen=True)
class RunProgress:
    """How far a run is.

    Attributes
    ----------
    done, total : int
        Jobs done, and in all.
    model : str
        Name of the model that runs, or, on workers, of the job that has just ended; empty at the end.
    now : str
        What runs: model, seed, cutoffs and series, as far as they are not all of the run.
    left : float, optional
        Seconds that the rest takes, at the pace of each model so far; None where nothing is known.
    is_least : bool
        Whether it takes longer than ``left``, as there is a model none of whose jobs is done yet.
    """

    done: int
    total: int
    model: str
    now: str = ""
    left: float | None = None
    is_least: bool = False


def nothing_watched(told: RunProgress) -> None:
    """Do nothing: for a run that nobody watches."""


class Tracker:
    """Knows which jobs run and what each model takes, and tells it.

    The time from the end of a job to the end of the next is charged to the model of the latter: with one process it is
    the time of its jobs, with many that time divided by how many run side by side. A job counts by its series.

    Parameters
    ----------
    panel : Panel
    jobs : sequence of Job
        All jobs of the run.
    pending : sequence of Job
        Those that are not done yet.
    watch : callable
        Called with a `RunProgress`.
    """

    def __init__(self, panel: Panel, jobs: Sequence[Job], pending: Sequence[Job], watch: Watch) -> None:
        self._panel, self._watch, self._total = panel, watch, len(jobs)
        self._n_windows = 1 + max((job.windows[-1] for job in jobs), default=0)
        self._n_seeds = len({job.seed for job in jobs})
        self._pending = {job.address: job for job in pending}
        self._running: dict[Address, tuple[Job, ...]] = {}
        self._seconds: dict[str, float] = defaultdict(float)
        self._done: dict[str, int] = defaultdict(int)  # series of jobs that the seconds are of
        self._left: dict[str, int] = defaultdict(int)  # series of jobs that are not done
        for job in pending:
            self._left[job.model] += job.stop - job.first
        self._since = time.monotonic()

    def begin(self, jobs: Sequence[Job]) -> None:
        """Jobs, of one model and one block of series, are run or submitted."""
        if not self._running:
            self._since = time.monotonic()
        self._running[jobs[0].address] = tuple(jobs)

    def end(self, jobs: Sequence[Job]) -> None:
        """Jobs of one model are done."""
        now, done = time.monotonic(), [job for job in jobs if self._pending.pop(job.address, None) is not None]
        for job in done:
            self._done[job.model] += job.stop - job.first
            self._left[job.model] -= job.stop - job.first
            self._seconds[job.model] += (now - self._since) / len(done)
        self._since = now
        self._running = {k: rest for k, own in self._running.items() if (rest := self._unfinished(own))}

    def tell(self, model: str) -> None:
        """Tell how far the run is."""
        running = next(iter(self._running.values()), ())
        left, is_least = self._seconds_left()
        done = self._total - len(self._pending)
        self._watch(RunProgress(done, self._total, model, self._described(running), left, is_least))

    def _unfinished(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        return tuple(job for job in jobs if job.address in self._pending)

    def _seconds_left(self) -> tuple[float | None, bool]:
        """Seconds for what is left of models that have been timed, and whether there are others."""
        open_models = [model for model, n_series in self._left.items() if n_series]
        timed = [model for model in open_models if self._done[model]]
        if open_models and not timed:
            return None, True
        left = sum(self._left[model] * self._seconds[model] / self._done[model] for model in timed)
        return left, len(timed) < len(open_models)

    def _described(self, jobs: Sequence[Job]) -> str:
        """Model, seed, cutoffs and series of jobs.

        Examples
        --------
        >>> import numpy as np
        >>> from tsforecast import Naive
        >>> panel = Panel.from_array(np.zeros((5, 3)))
        >>> jobs = [Job("Naive", Naive(), 0, (window,), first, 2 + first) for window in range(3) for first in (0, 1)]
        >>> Tracker(panel, jobs, jobs, nothing_watched)._described([jobs[0], jobs[2]])
        'Naive, cutoffs 1 to 2 of 3, series 1 to 2 of 3'
        """
        if not jobs:
            return ""
        parts = [jobs[0].model]
        seeds = sorted({job.seed for job in jobs})
        if self._n_seeds > 1:
            parts.append(f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}")
        first, last = min(job.windows[0] for job in jobs) + 1, max(job.windows[-1] for job in jobs) + 1
        if self._n_windows > 1:
            shown = f"cutoff {first}" if first == last else f"cutoffs {first} to {last}"
            parts.append(f"{shown} of {self._n_windows}")
        begin, stop, n_series = jobs[0].first, jobs[0].stop, self._panel.n_series
        if n_series > 1:
            one = f"series {str(self._panel.ids[begin])[:40]!r}"
            several = f"series {begin + 1} to {stop} of {n_series}"
            parts.append(
                one if stop - begin == 1 else f"all {n_series} series" if stop - begin == n_series else several
            )
        return ", ".join(parts)
