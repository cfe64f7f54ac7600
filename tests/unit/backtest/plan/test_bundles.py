"""Jobs that are fitted together have the same results as when fitted alone."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tsforecast import LSTM, Naive, Panel, Training
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.backtest.plan.bundles import bundle_jobs
from tsforecast.backtest.plan.jobs import Job
from tsforecast.exceptions import FitError, LeakError

CV = RollingOrigin(2, n_windows=4, step_size=1)


class Together(Naive):
    """Naive with a random number, fitted many at a time; some cutoffs and series cannot be fitted."""

    fits_together = True
    sizes: list = []  # noqa: RUF012 (of all instances)

    def __init__(self, random_state=0, bad_length=None):
        self.random_state, self.bad_length = random_state, bad_length

    @classmethod
    def _fit_many(cls, models, panels):
        cls.sizes.append(len(models))
        return super()._fit_many(models, panels)

    def _fit(self, panel):
        super()._fit(panel)
        if self.bad_length in panel.lengths:
            raise FitError("no optimum", failures={"b": "no optimum"} if "b" in panel.ids else None)
        self.shift_ = np.random.default_rng(self.random_state).normal()

    def _mean(self, panel, h):
        return super()._mean(panel, h) + self.shift_


class Apart(Together):
    fits_together = False


def frame_of(n_obs=30):
    return pd.DataFrame(np.random.default_rng(0).normal(size=(n_obs, 3)).cumsum(axis=0), columns=[*"abc"])


@pytest.mark.parametrize("refit", ["always", 3])
@pytest.mark.parametrize("bad_length", [None, 25])
def test_fitted_together_or_apart_all_is_the_same(refit, bad_length, tmp_path):
    Together.sizes.clear()
    settings = {"cv": CV, "refit": refit, "seeds": 3, "metrics": ["mae"]}
    together = backtest({"model": Together(bad_length=bad_length)}, frame_of(), output=tmp_path, **settings)
    apart = backtest({"model": Apart(bad_length=bad_length)}, frame_of(), **settings)
    assert max(Together.sizes) == 3 * (
        4 if refit == "always" else 2
    )  # of each series: every cutoff that fits, every seed
    pd.testing.assert_frame_equal(together.forecasts, apart.forecasts, check_exact=True)
    pd.testing.assert_frame_equal(together.scores, apart.scores, check_exact=True)
    pd.testing.assert_frame_equal(together.failures, apart.failures)
    assert together.failures.empty == (bad_length is None)


def test_an_audit_finds_fits_that_look_at_each_other():
    class Nosy(Together):
        @classmethod
        def _fit_many(cls, models, panels):
            done = super()._fit_many(models, panels)
            for model in models:
                model.shift_ = max(panel.values[-1] for panel in panels)  # of the latest cutoff too
            return done

    with pytest.raises(LeakError, match="'nosy'"):
        backtest({"nosy": Nosy()}, frame_of(), cv=CV, audit=True, level=(), metrics=["mae"])


def test_time_is_charged_fit_by_fit(monkeypatch):
    clock = [0.0]

    class Slow(Together):
        def _fit(self, panel):
            clock[0] += 3.0 if panel.n_obs == 28 else 0.0
            super()._fit(panel)

    monkeypatch.setattr("tsforecast._fitting.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    seconds = backtest(Slow(), frame_of()["a"], cv=CV, level=(), metrics=["mae"]).timings["fit_seconds"]
    assert seconds.tolist() == [0.0, 0.0, 0.0, 3.0]


def panel_of(n_obs):
    return Panel(np.zeros(n_obs), pd.RangeIndex(n_obs), np.array([0, n_obs]), pd.Index(["a"]), 1)


@pytest.mark.parametrize(
    ("n_obs", "n_workers", "sizes"),
    [(100, 1, [32, 18]), (100, 2, [25, 25]), (100, 8, [7] * 7 + [1]), (2_000, 1, [10] * 5), (50_000, 1, [1] * 50)],
)
def test_bundles_are_as_large_as_helps(n_obs, n_workers, sizes):
    jobs = [Job("model", Together(), seed, (window,), 0, 1) for seed in range(5) for window in range(10)]
    assert list(map(len, bundle_jobs(jobs, panel_of(n_obs), n_workers))) == sizes
    assert [job for bundle in bundle_jobs(jobs, panel_of(n_obs), n_workers) for job in bundle] == jobs


@pytest.mark.slow
def test_networks_of_many_cutoffs_and_seeds_are_the_same_in_processes(tmp_path):
    y = np.sin(np.arange(60) / 2) + np.random.default_rng(0).normal(size=60) / 5
    model = LSTM(4, n_members=2, training=Training(max_steps=20))
    settings = {"cv": RollingOrigin(3, n_windows=3), "seeds": 2, "metrics": ["mae"], "level": [80]}
    here = backtest(model, y, executor=None, **settings)
    there = backtest(model, y, executor="processes", output=tmp_path, **settings)
    pd.testing.assert_frame_equal(here.forecasts, there.forecasts, check_exact=True)
