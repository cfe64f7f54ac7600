"""Values after the cutoff that a model holds itself are found wherever they are, and put back."""

import functools
import sys

import numpy as np
import pandas as pd
import pytest

from tsforecast import FunctionForecaster, Naive, Panel, RollingOrigin, audit
from tsforecast.backtest.leaks.held import with_others
from tsforecast.forecast import Forecast

CV = RollingOrigin(horizon=3, n_windows=3)
Y = np.random.default_rng(0).normal(10, 2, size=40)
FRAME = pd.DataFrame({"a": Y})
UNUSED = Y.copy()


def scaled_by_a_global(y, horizon):
    centre = FRAME["a"].mean()
    return np.repeat(centre + 0.5 * (y[-1] - centre), horizon)


def by_way_of_another(y, horizon):
    return [deviation(y[-1])] * horizon


def deviation(value):
    return value / FRAME.std().iloc[0]


def of_the_past(y, horizon):
    return np.repeat(y.mean(), horizon)


def only_the_length(y, horizon):
    return np.repeat(y[-1] + len(FRAME), horizon)


def closure():
    table = {"a": Y.tolist()}

    def inside(y, horizon):
        return [max(table["a"])] * horizon

    return inside


def with_a_default(y, horizon, known):
    return np.repeat(known.mean(), horizon)


class Given(Naive):
    """Takes the highest value from an argument."""

    def __init__(self, table=None):
        self.table = table

    def _predict(self, panel, horizon, X, levels):
        honest = super()._predict(panel, horizon, X, levels)
        mean = honest.mean + np.max(self.table)
        return Forecast(mean, honest.quantiles, levels, panel.ids, panel.last_times, panel.freq)


class Attribute(Given):
    known = pd.Series(Y)

    def __init__(self):
        pass

    @property
    def table(self):
        return self.known.sum()


@pytest.mark.parametrize(
    "model",
    [
        FunctionForecaster(scaled_by_a_global),
        FunctionForecaster(by_way_of_another),
        FunctionForecaster(closure()),
        FunctionForecaster(functools.partial(with_a_default, known=Y)),
        FunctionForecaster(lambda y, horizon: [np.median(UNUSED)] * horizon),
        Given(Y),
        Given(Panel.from_array(Y).values),
        Given(tuple(Y.tolist())),
        Attribute(),
    ],
    ids=["global", "another function", "closure", "partial", "lambda", "array", "panel", "tuple", "attribute"],
)
def test_a_model_that_uses_later_values_it_holds_is_found(model):
    before = FRAME.copy()
    report = audit(model, Y, cv=CV)
    assert report.models["found"].item() == "future", report.sentence
    assert report.frame.loc[report.frame["check"] == "held", "changed"].str.startswith("later values in ").item()
    pd.testing.assert_frame_equal(sys.modules[__name__].FRAME, before)


@pytest.mark.parametrize(
    "model",
    [FunctionForecaster(of_the_past), FunctionForecaster(only_the_length), Given(np.arange(50.0)), Given(Y[:20])],
    ids=["nothing", "only its length", "other values", "only the past"],
)
def test_a_model_that_uses_no_later_values_is_not_accused(model):
    assert audit(model, Y, cv=CV).passed


def test_values_are_replaced_where_they_stand_in_a_row_and_the_container_stays():
    tails, others = [np.array([2.0, 3.0])], np.array([90.0, 80.0])
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "x": [3.0, 2.0, 1.0], "name": ["u", "v", "w"]})
    out = with_others(frame, tails, others)
    assert out["y"].tolist() == [1, 90, 80] and out["x"].tolist() == [3, 2, 1] and frame["y"].tolist() == [1, 2, 3]
    assert with_others([1, 2, 3], tails, others) == [1, 90, 80]
    assert with_others({"k": np.array([2.0, 3.0])}, tails, others)["k"].tolist() == [90, 80]
    assert with_others(np.array([3.0, 2.0]), tails, others) is None
    assert with_others("text", tails, others) is None
