"""Forecasts made in a new process, which shares no memory and no folder for temporary files with this one."""

import os
import pickle
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import cloudpickle
import numpy as np

from tsforecast.backtest.execute.preload import preload
from tsforecast.backtest.execute.run_job import run_job
from tsforecast.backtest.leaks.subject import Shot, Subject
from tsforecast.exceptions import FitError

_PROGRAM = """
import sys, pickle
sys.path[:] = pickle.load(sys.stdin.buffer)
from tsforecast.backtest.leaks.fresh_process import answer
answer()
"""


def shoot_in_fresh_process(subject: Subject, window: int, seed: int | None = None) -> Shot:
    """The forecast from one cutoff, made in a new process that starts in an empty folder.

    With a seed, the global generators of random numbers (Python's, numpy's and torch's) start from it.

    Classes of a script or notebook are sent by value, with what their attributes hold: state in them goes along.

    Raises
    ------
    FitError
        The process ended with an error.
    """
    paths = [str(Path(path or ".").resolve()) for path in sys.path]
    task = subject.job_on(subject.panel, (window,)), subject.panel, subject.cv, subject.levels, seed
    with tempfile.TemporaryDirectory(prefix="tsforecast-audit-") as folder:
        elsewhere = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_DATA_HOME"), folder)
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=pickle.dumps(paths) + cloudpickle.dumps(task),
            capture_output=True,
            cwd=folder,
            env=os.environ | elsewhere,
            check=False,
        )
    if done.returncode != 0:
        raise FitError(
            "A new process failed: " + (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
        )
    shot: Shot = pickle.loads(done.stdout[done.stdout.index(_MARK) + len(_MARK) :])
    return shot


_MARK = b"\n---forecast---\n"


def answer() -> None:
    """In the new process: read a job from standard input, run it, and write its forecast to standard output."""
    job, panel, cv, levels, seed = pickle.load(sys.stdin.buffer)
    if seed is not None:
        preload(job.forecaster)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (a model may use the global generator)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)
    result = run_job(job, panel, cv, levels)
    sys.stdout.buffer.write(_MARK + pickle.dumps(Shot(result.mean[0], result.quantiles[0], result.failures)))
