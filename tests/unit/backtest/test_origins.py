"""RollingOrigin: cutoffs, bounds and splits, without a model."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV, cross_val_score

from tsforecast import SARIMA, Naive, Panel, SeasonalNaive, load
from tsforecast.backtest import RollingOrigin
from tsforecast.exceptions import ParameterError, SeriesTooShortError

plans = st.builds(
    RollingOrigin,
    horizon=st.integers(1, 5),
    n_windows=st.integers(1, 5),
    step_size=st.one_of(st.none(), st.integers(1, 6)),
    max_train_size=st.one_of(st.none(), st.integers(1, 8)),
    gap=st.integers(0, 3),
)


@settings(deadline=None)
@given(plans, st.integers(0, 20))
def test_split_equals_its_definition(cv, spare):
    n = cv.needed + spare
    step = cv.step_size or cv.horizon
    splits = list(cv.split(np.zeros(n)))
    assert len(splits) == cv.get_n_splits() == cv.n_windows
    for w, (train, test) in enumerate(splits):
        last_test = n - 1 - (cv.n_windows - 1 - w) * step
        assert list(test) == list(range(last_test - cv.horizon + 1, last_test + 1))
        cutoff = test[0] - cv.gap - 1
        first = 0 if cv.max_train_size is None else max(0, cutoff - cv.max_train_size + 1)
        assert list(train) == list(range(first, cutoff + 1))


@settings(deadline=None)
@given(plans, st.lists(st.integers(0, 10), min_size=1, max_size=4))
def test_bounds_of_a_panel_are_the_splits_of_each_series(cv, spare):
    lengths = np.array([cv.needed + s for s in spare])
    start, stop = cv.bounds(lengths)
    for i, n in enumerate(lengths):
        for w, (train, _) in enumerate(cv.split(np.zeros(n))):
            assert (start[w, i], stop[w, i]) == (train[0], train[-1] + 1)


def test_cutoffs_are_counted_from_the_end_of_each_series_oldest_first():
    frame = pd.DataFrame({"a": np.arange(8.0), "b": [*np.arange(6.0), np.nan, np.nan]})
    cutoffs = RollingOrigin(horizon=2, n_windows=2, step_size=1).cutoffs(Panel.from_wide(frame))
    assert [list(times) for times in cutoffs] == [[4, 2], [5, 3]]


def test_too_short_a_series_is_named_with_what_it_has_and_needs():
    frame = pd.DataFrame({"long": np.arange(9.0), "short": [*np.arange(5.0), *[np.nan] * 4]})
    with pytest.raises(SeriesTooShortError, match=r"'short' has 5 observations; 2 window.* need at least 7"):
        RollingOrigin(horizon=3, n_windows=2).cutoffs(Panel.from_wide(frame))


@pytest.mark.parametrize("bad", [{"horizon": 0}, {"n_windows": 1.5}, {"step_size": 0}, {"gap": -1}, {"horizon": True}])
def test_parameters_out_of_range_are_refused(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        RollingOrigin(**({"horizon": 1} | bad))


def test_rows_of_a_long_frame_are_counted_within_each_series():
    frame = pd.DataFrame({"unique_id": [*"aabab", "b"], "ds": [0, 1, 0, 2, 1, 2], "y": 1.0})
    ((train, test),) = RollingOrigin(horizon=1).split(frame)
    assert list(test) == [3, 5]
    assert list(train) == [0, 1, 2, 4]


def test_grid_search_takes_it_as_cv_and_finds_the_season():
    y = pd.Series(
        np.tile([1.0, 5.0, 9.0, 2.0], 10) + np.random.default_rng(0).normal(0, 0.1, 40),
        index=pd.date_range("2001-01-01", periods=40, freq="MS"),
    )
    search = GridSearchCV(SeasonalNaive(), {"season_length": [1, 3, 4]}, cv=RollingOrigin(4, n_windows=3))
    assert search.fit(y).best_params_ == {"season_length": 4}


@pytest.mark.parametrize("horizon", [1, 2])
def test_test_windows_of_one_or_two_steps_can_be_scored(horizon):
    y = pd.Series(np.arange(30.0) ** 2, index=pd.date_range("2001-01-01", periods=30, freq="MS"))
    scores = cross_val_score(Naive(), y, cv=RollingOrigin(horizon, n_windows=3), error_score="raise")
    assert scores.shape == (3,) and (scores < 0).all()


def test_grid_search_over_the_orders_of_a_model():
    y = load("airline").series
    grid = {"order": [(0, 1, 1), (1, 0, 0)], "target_transform": [None, "log"]}
    search = GridSearchCV(SARIMA(season_length=12), grid, cv=RollingOrigin(12, n_windows=2), error_score="raise").fit(y)
    assert search.best_params_ == {"order": (0, 1, 1), "target_transform": "log"}  # Box & Jenkins' model of these data
    assert search.predict(3).shape == (3,)


@pytest.mark.parametrize("name", ["horizon", "n_windows", "step_size", "max_train_size", "gap"])
@pytest.mark.parametrize("value", [True, np.True_, 2.0, "2", float("nan"), [2], np.timedelta64(2, "D"), -1, 10**30])
def test_an_argument_that_is_no_whole_number_is_refused_by_name(name, value):
    with pytest.raises(ParameterError, match=f"{name}="):
        RollingOrigin(**({"horizon": 2} | {name: value}))


@pytest.mark.parametrize("name", ["horizon", "n_windows", "step_size", "gap"])
def test_numbers_past_the_series_are_refused_before_memory_is_taken(name):
    origins = RollingOrigin(**({"horizon": 2, "n_windows": 2} | {name: np.int64(2**61)}))
    with pytest.raises(SeriesTooShortError):
        origins.cutoffs(Panel.from_array(np.arange(30.0)))
