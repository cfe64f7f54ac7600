"""Settings that cannot be used are errors before the first fit; nothing is left behind."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import Naive
from tsforecast.backtest import RollingOrigin, backtest
from tsforecast.exceptions import TSForecastError
from tsforecast.metrics.choose import Metric

NAN, HUGE = float("nan"), 10**400


class Spy(Naive):
    """Naive that counts its fits."""

    fits = 0

    def _fit(self, panel):
        Spy.fits += 1
        super()._fit(panel)


def raises(truth, forecast):
    raise ZeroDivisionError("by design")


def mae(truth, forecast):
    return abs(truth - forecast).mean(axis=1)


REFUSED = {
    "level": [
        [80, 80], [80, 80.0000001], [0], [100], [-5], [101], [NAN], [float("inf")], ["80"], "80", [0.8], [True], [None],
        [[80]], None, {80: 1}, [HUGE], [99.9999999999], range(10**9), [1e-300],
    ],
    "quantiles": [
        [0], [1], [-0.1], [1.1], [NAN], [0.1, 0.1], [0.1, 0.10000000001], ["0.5"], "0.5", [True], None, {0.5: 1},
        [1e-12], [1 - 1e-12], [0.5] * 100_000, [HUGE],
    ],
    "seeds": [
        10**9, HUGE, 0, -1, [-1], [1, 1], [1.5], ["1"], "3", True, [True], [], {}, [2**32], range(10**9), 1.5,
        [None], NAN,
    ],
    "season_length": [0, -1, 1.5, 12.0, "12", True, 10**30, NAN, [12]],
    "refit": [0, -1, 1.5, "sometimes", True, None, [1], NAN],
    "metrics": [
        [], ["nope"], ["mase", "mase"], [3], [None], ["coverage"], ["mae", Metric("x", raises)],
        [Metric("x", lambda t, f: 3.0)], [Metric("x", lambda t: 3.0)], [Metric("x", lambda t, f: abs(t - f))],
        [Metric("x", lambda t, f: ["a"])], ["mae", "coverage", Metric("coverage-80", mae)],
    ],
    "executor": ["cloud", "here", "", 3, [], True, object()],
    "audit": ["no", None, 2],
    "on_progress": [3, "bar"],
    "cv": [3, None, "3", {"horizon": 2}],
    "budget": [0, -1, "x", "0s", True, 1.5, [], "10"],
    "output": ["a\0b", "x" * 300],
    "models": [
        [], {}, 3, "Naive", None, [Spy], [None], {"": Spy()}, {" ": Spy()}, {"a\nb": Spy()}, {"\ud800": Spy()},
        {"x" * 20_000: Spy()}, {1: Spy(), "1": Spy()}, [Spy()] * 2000,
    ],
}  # fmt: skip
CASES = [(name, value) for name, values in REFUSED.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}-{str(value)[:20]!r}" for name, value in CASES])
def test_a_setting_that_cannot_be_used_is_an_error_before_the_first_fit(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Spy.fits = 0
    settings = {"models": [Spy()], "cv": RollingOrigin(2, n_windows=2), "output": "run", name: value}
    with pytest.raises(TSForecastError):
        backtest(data=np.arange(30.0), **settings)
    assert Spy.fits == 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [10**9, 10**18, 10**30, np.int64(2**62)])
@pytest.mark.parametrize("name", ["horizon", "n_windows", "step_size", "gap"])
@pytest.mark.parametrize("too_short", ["error", "skip"])
def test_windows_that_no_series_holds_are_an_error_before_memory_is_taken(name, size, too_short, tmp_path):
    Spy.fits = 0
    if name == "step_size" and too_short == "skip":
        pytest.skip("the last cutoff can be used")
    with pytest.raises(TSForecastError, match=rf"need at least|are allowed|{name}=.* at most"):
        cv = RollingOrigin(**{"horizon": 2, "n_windows": 2, name: size})
        backtest([Spy()], np.arange(30.0), cv=cv, output=tmp_path / "run", too_short=too_short)
    assert Spy.fits == 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ids", [[1, "a"], [1, "1"], [pd.Timestamp("2020"), 1], [(1, 2), (3, 4)], ["\ud800", "b"]])
def test_names_of_series_that_no_file_can_hold_are_an_error_before_the_first_fit(ids, tmp_path):
    Spy.fits = 0
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=pd.Index(ids, dtype=object))
    with pytest.raises(TSForecastError, match=r"unique_id|ids|one name for each series|names of one type"):
        backtest([Spy()], frame, cv=RollingOrigin(2), output=tmp_path / "run")
    assert Spy.fits == 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("metrics", "told"), [(["mae", "coverage"], "give level"), (["mae", "crps"], "give level or quantiles")]
)
def test_metrics_that_need_intervals_say_so_where_there_are_none(metrics, told):
    with pytest.raises(TSForecastError, match=told):
        backtest([Spy()], np.arange(30.0), cv=RollingOrigin(2), metrics=metrics, level=())


@pytest.mark.parametrize(
    "settings",
    [
        {"level": 80},
        {"level": np.array([80, 95])},
        {"level": (percent for percent in (80, 90))},
        {"level": [80], "quantiles": [0.1, 0.5, 0.9]},
        {"level": ()},
        {"quantiles": np.linspace(0.01, 0.99, 99)},
        {"seeds": np.int64(2)},
        {"seeds": range(3)},
        {"season_length": np.int64(3)},
        {"refit": np.int64(2)},
        {"cv": RollingOrigin(np.int64(2), n_windows=np.int64(2), gap=np.int64(0))},
        {"cv": RollingOrigin(2, max_train_size=10**15)},
        {"audit": np.bool_(True)},
        {"models": {"x" * 400: Spy(), "a/b": Spy(), "a_b": Spy(), "../x": Spy(), "ü|*": Spy()}},
        {"metrics": ["mae", Metric("mine", mae)]},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_that_mean_something_are_kept_and_repeated(settings, tmp_path):
    given = {"models": [Spy()], "cv": RollingOrigin(2, n_windows=2), "output": tmp_path / "run", **settings}
    first = backtest(data=np.arange(30.0), **given)
    if "level" not in settings or not hasattr(settings["level"], "send"):  # a generator is used up
        Spy.fits = 0
        assert backtest(data=np.arange(30.0), **given).config == first.config
        assert Spy.fits == 0
