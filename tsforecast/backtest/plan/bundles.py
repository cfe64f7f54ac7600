"""Bundles: small fits of one model, at several cutoffs and with several seeds, that are fitted together."""

from collections.abc import Sequence

from tsforecast.backtest.plan.jobs import Job
from tsforecast.panel import Panel

_MOST_BUNDLED = 32
_MOST_OBSERVATIONS = (
    20_000  # of a bundle: larger fits keep a processor busy alone, and a dead worker loses its whole bundle
)


def bundle_jobs(jobs: Sequence[Job], panel: Panel, n_workers: int = 1) -> list[tuple[Job, ...]]:
    """Bundles of jobs: those of one model that `fits_together` and one block of series are joined, within limits.

    Parameters
    ----------
    jobs : sequence of Job
    panel : Panel
        All series of the run.
    n_workers : int
        Workers to keep busy: jobs that could share one bundle are divided among them.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from tsforecast import LSTM, Naive
    >>> panel = Panel(np.zeros(40), pd.RangeIndex(40), np.array([0, 40]), pd.Index(["a"]), 1)
    >>> models = {"Naive": Naive(), "LSTM": LSTM()}
    >>> jobs = [Job(name, model, 0, (window,), 0, 1) for name, model in models.items() for window in range(3)]
    >>> [(group[0].model, [job.windows[0] for job in group]) for group in bundle_jobs(jobs, panel)]
    [('Naive', [0]), ('Naive', [1]), ('Naive', [2]), ('LSTM', [0, 1, 2])]
    """
    groups: dict[object, list[Job]] = {}
    for job in jobs:
        key = (job.model, job.first, job.stop) if job.forecaster.fits_together else job.address
        groups.setdefault(key, []).append(job)
    bundles = []
    for group in groups.values():
        n_obs = int(panel.indptr[group[0].stop] - panel.indptr[group[0].first])
        size = max(1, min(_MOST_BUNDLED, _MOST_OBSERVATIONS // n_obs, -(-len(group) // n_workers)))
        bundles += [tuple(group[k : k + size]) for k in range(0, len(group), size)]
    return bundles
