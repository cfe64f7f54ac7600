"""How far a run is: what runs, and the time left by what each model has taken."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from tsforecast import Drift, Naive, Panel
from tsforecast.backtest import RollingOrigin
from tsforecast.backtest.execute import progress
from tsforecast.backtest.execute.progress import Tracker
from tsforecast.backtest.plan.jobs import Job
from tsforecast.backtest.plan.plan import Plan
from tsforecast.backtest.run import run_plan
from tsforecast.metrics.choose import choose_metrics


@pytest.fixture
def clock(monkeypatch):
    held = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: held.now))
    return held


def panel(n_series=4):
    return Panel.from_array(np.arange(20.0 * n_series).reshape(20, n_series))


def jobs_of(model, n_windows=3, first=0, stop=4):
    return [Job(model, Naive(), 0, (window,), first, stop) for window in range(n_windows)]


def watched(jobs, pending=None, n_series=4):
    told = []
    return Tracker(panel(n_series), jobs, jobs if pending is None else pending, told.append), told


def test_the_time_left_is_that_of_each_model_at_its_own_pace(clock):
    fast, slow = jobs_of("fast"), jobs_of("slow")
    tracker, told = watched([*fast, *slow])
    for job, seconds in ((fast[0], 1), (fast[1], 1), (slow[0], 60)):
        tracker.begin([job])
        clock.now += seconds
        tracker.end([job])
        tracker.tell(job.model)
    assert [(one.done, one.total, one.left, one.is_least) for one in told] == [
        (1, 6, 2.0, True),  # two more of the fast model, and all of the slow one
        (2, 6, 1.0, True),
        (3, 6, 121.0, False),
    ]


def test_before_anything_is_done_nothing_is_known_and_at_the_end_nothing_is_left(clock):
    jobs = jobs_of("m", 1)
    tracker, told = watched(jobs)
    tracker.begin(jobs)
    tracker.tell("m")
    clock.now += 5
    tracker.end(jobs)
    tracker.tell("")
    assert (told[0].left, told[0].is_least) == (None, True)
    assert (told[1].done, told[1].left, told[1].is_least, told[1].now) == (1, 0.0, False, "")


def test_jobs_that_end_together_share_their_time_and_larger_blocks_take_longer(clock):
    jobs = [*jobs_of("m", 2, 0, 1), *jobs_of("m", 1, 1, 4)]
    tracker, told = watched(jobs)
    tracker.begin(jobs[:2])
    clock.now += 4
    tracker.end(jobs[:2])
    tracker.tell("m")
    assert told[0].left == 6.0  # two seconds a series, three series


def test_jobs_side_by_side_are_charged_what_they_take_of_the_clock(clock):
    jobs = jobs_of("m", 4)
    tracker, told = watched(jobs)
    for job in jobs:
        tracker.begin([job])
    clock.now += 6  # both workers are done after 6 seconds
    tracker.end([jobs[0]])
    tracker.end([jobs[1]])
    tracker.tell("m")
    assert told[0].left == 6.0
    assert told[0].now == "m, cutoff 3 of 4, all 4 series"


def test_jobs_done_before_count_as_done_and_not_for_the_pace(clock):
    jobs = jobs_of("m", 3)
    tracker, told = watched(jobs, jobs[1:])
    tracker.begin([jobs[1]])
    tracker.tell("m")
    clock.now += 2
    tracker.end([jobs[1], jobs[0]])
    tracker.tell("m")
    assert [(one.done, one.left) for one in told] == [(1, None), (2, 2.0)]


@pytest.mark.parametrize(
    ("jobs", "now"),
    [
        (jobs_of("m", 3)[1:2], "m, cutoff 2 of 3, all 4 series"),
        (jobs_of("m", 3, 1, 3), "m, cutoffs 1 to 3 of 3, series 2 to 3 of 4"),
        (jobs_of("m", 1, 2, 3), "m, cutoff 1 of 3, series 'y2'"),
        ([Job("m", Naive(), 7, (0, 1, 2), 0, 4)], "m, seed 7, cutoffs 1 to 3 of 3, all 4 series"),
    ],
)
def test_what_runs_is_told_as_far_as_it_is_not_all(jobs, now):
    tracker, told = watched([*jobs_of("m", 3), *jobs])
    tracker.begin(jobs)
    tracker.tell("m")
    assert told[0].now == now


def test_of_one_series_and_one_cutoff_only_the_model_is_told():
    jobs = jobs_of("m", 1, 0, 1)
    tracker, told = watched(jobs, n_series=1)
    tracker.begin(jobs)
    tracker.tell("m")
    assert told[0].now == "m"


@pytest.mark.parametrize("spread", [False, True])
def test_a_run_tells_all_jobs_once_and_ends_with_nothing_left(spread):
    told, known = [], []
    cv = RollingOrigin(2, n_windows=3)
    plan = Plan(panel(), {"n": Naive(), "d": Drift()}, cv, choose_metrics(["mae"]), "always", (), (), None, 1)
    with ThreadPoolExecutor(2) as pool:
        executor = pool if spread else None
        run_plan(plan, None, executor=executor, watch=told.append, on_progress=lambda *three: known.append(three))
    assert known == [(one.done, one.total, one.model) for one in told]
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert (told[-1].done, told[-1].total, told[-1].left, told[-1].model) == (
        len(plan.jobs()),
        len(plan.jobs()),
        0.0,
        "",
    )
    assert {one.model for one in told} == {"n", "d", ""}
