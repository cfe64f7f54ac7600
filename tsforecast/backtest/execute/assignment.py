"""What a worker does: read its series, run its jobs, write a file for each."""

import dataclasses
import time
from pathlib import Path

from tsforecast._types import Floats
from tsforecast.backtest.execute.blocks import read_block
from tsforecast.backtest.execute.heartbeat import heartbeat
from tsforecast.backtest.execute.run_job import run_jobs
from tsforecast.backtest.origins import RollingOrigin
from tsforecast.backtest.plan.jobs import Job
from tsforecast.backtest.store.job_files import write_result


@dataclasses.dataclass(frozen=True)
class Assignment:
    """What is sent to a worker: the file of its series, the jobs to run, and the folder for the results.

    Attributes
    ----------
    jobs, keys : tuple
        Jobs that are fitted together, and the hash that names the result file of each.
    block : Path
        File of the series.
    cv : RollingOrigin
    levels : ndarray, shape (n_quantiles,)
    target : Path
        Folder of the result files.
    beat : Path
        File of the heartbeat.
    settle : float
        Seconds to wait before the jobs are run.
    """

    jobs: tuple[Job, ...]
    keys: tuple[str, ...]
    block: Path
    cv: RollingOrigin
    levels: Floats
    target: Path
    beat: Path
    settle: float = 0.0


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What a worker returns for a job once its result file is written."""

    key: str
    path: Path
    n_rows: int
    n_failures: int


def run_assignment(assignment: Assignment) -> list[Receipt]:
    """Read the series of an assignment, run its jobs and write a file for each; a receipt for each job."""
    receipts = []
    with heartbeat(assignment.beat):
        time.sleep(assignment.settle)
        panel = read_block(assignment.block)
        for key, result in zip(
            assignment.keys, run_jobs(assignment.jobs, panel, assignment.cv, assignment.levels), strict=True
        ):
            path = write_result(assignment.target, key, result)
            receipts.append(Receipt(key, path, result.mean.size, len(result.failures)))
    return receipts
