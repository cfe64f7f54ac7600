"""Arguments of constructors and of methods besides `fit` and `predict` that mean nothing are errors at the door."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, ARMA, LSTM, SARIMA, AutoARIMA, Conformal, Ensemble, Naive, SeasonalNaive, TrueModel, Tuned
from tsforecast.data.process import ArimaProcess
from tsforecast.exceptions import NotFittedError, ParameterError, TSForecastError, UnknownNameError

NAN, HUGE = float("nan"), 10**30
Y = pd.Series(
    100 + 10 * np.sin(np.arange(60) * np.pi / 6) + np.random.default_rng(0).normal(size=60),
    index=pd.date_range("2015-01-01", periods=60, freq="MS"),
    name="a",
)
SPACE = {"season_length": [2, 12]}
REFUSED = {
    SeasonalNaive: {"season_length": [0, -1, 1.5, 12.0, "12", True, NAN, [12], HUGE, 10**9]},
    ARMA: {"order": [(1,), (1, 0, 0), "10", (1, -1), (1.5, 0), (True, 0), None, 5, (HUGE, 0), (0, 10**6)]},
    ARIMA: {
        "order": [(1,), (1, 0), "100", (1, -1, 0), (1.5, 0, 0), (True, 0, 0), None, (60, 0, 0), (0, 0, NAN), (0, 99, 0)]
    },
    SARIMA: {
        "seasonal_order": [(0, 1), None, "011", (0, -1, 0), (0, 99, 0)],
        "season_length": [0, 1, 1.5, True, "12", [12], 59, 10**9, HUGE],
        "trend": ["drifts", None, True, []],
        "engine": ["R", None, []],
        "n_jobs": [0, -1, 1.5, True, None, "2", HUGE],
        "target_transform": ["sqrt", NAN, float("inf"), True, [0.5], {}],
    },
    AutoARIMA: {
        "season_length": [[], [12, -1], "12", 0, 13.0, {12}, True, [True]],
        "d": [3, -1, True, 1.0, "1", [1]],
        "D": [3, -1, True, 1.0, "1", [1]],
        "max_order": [5, (5,), (5, 5, 5), (-1, 0), (1.5, 0), (True, 1), None],
        "max_seasonal_order": [2, (1,), (-1, 0), "12"],
        "criterion": ["hq", None, []],
        "stepwise": ["no", None, 1, []],
        "trend": ["mean", False, []],
        "seasonal_test": ["x", None],
        "near_unit_root": [None, True],
    },
    Conformal: {
        "forecaster": [Naive, None, "Naive", []],
        "calibration_size": [0, -1, 1.5, True, "5", 59, 10**20],
        "refit": ["yes", None, 1],
    },
    Ensemble: {"forecasters": [[], None, "Naive", Naive(), [Naive], [None], {}], "how": ["mode", None, []]},
    Tuned: {
        "forecaster": [Naive, None, Naive()],
        "space": [{}, [1], "x", {"x": [1]}, {1: [1]}, *({"season_length": v} for v in ([], 5, "abc", None, {1, 2}))],
        "budget": [0, -1, "x", 1.5, True, None, "0s", []],
        "horizon": [0, -1, 1.5, "5", True, 60, HUGE],
        "random_state": [-1, 1.5, "0", True, []],
    },
    TrueModel: {"process": [None, "x", ArimaProcess, {"phi": (0.5,)}]},
    LSTM: {
        "hidden_size": [0, -1, 1.5, True, "32", None],
        "num_layers": [0, True, 1.0],
        "dropout": [-0.1, 1, 1.5, NAN, "0", None],
        "season_length": [0, 1.5, True, "12", [12]],
        "bptt_length": [0, 1.5, True, "12"],
        "lr": [0, -1, NAN, float("inf"), "0.1", None, True],
        "max_epochs": [0, -1, 1.5, True, "3"],
        "n_members": [0, 1.5, True, None],
        "decoding": [3, "mse", [], {"loss": "mape"}, {"los": "mse"}, {"loss": None}, {"horizon": 0}, {"n_samples": 0}],
        "preparation": [3, {"transform": "sqrt"}, {"difference": True}, {"nothing": 1}],
        "training": [3, {"max_steps": 0}, {"max_steps": 1.5}, {"patience": -1}, {"validation_size": 1}, {"scope": "x"}],
        "random_state": [-1, 1.5, "0", True, [0]],
    },
}
NEEDED = {
    Conformal: {"forecaster": Naive()},
    Ensemble: {"forecasters": [Naive()]},
    Tuned: {"forecaster": SeasonalNaive(1), "space": SPACE},
}
CASES = [(kind, name, value) for kind, names in REFUSED.items() for name, values in names.items() for value in values]


def test_there_are_at_least_150_arguments_that_mean_nothing():
    assert len(CASES) >= 150


@pytest.mark.parametrize(
    ("kind", "name", "value"), CASES, ids=[f"{kind.__name__} {name}={str(value)[:30]!r}" for kind, name, value in CASES]
)
def test_a_constructor_argument_that_means_nothing_is_an_error_of_fit(kind, name, value):
    given = {**NEEDED.get(kind, {}), name: value}
    if kind is Tuned and name == "forecaster":
        del given["space"]
    with pytest.raises(TSForecastError):
        kind(**given).fit(Y)


@pytest.fixture(scope="module")
def fitted():
    return ARIMA((1, 0, 0)).fit(Y)


ASKED = {
    "summary": lambda model: model.summary(),
    "params_": lambda model: model.params_,
    "covariance": lambda model: model.covariance("a"),
    "residuals": lambda model: model.residuals(),
    "ljung_box": lambda model: model.ljung_box("a", 5),
    "simulate": lambda model: model.simulate(2),
    "score": lambda model: model.score(Y),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_learnt_is_not_there_before_fit(name):
    with pytest.raises(NotFittedError, match="call fit first"):
        ASKED[name](ARIMA())


@pytest.mark.parametrize("unique_id", ["b", None, 0, ["a"], ("a",), {"a": 1}])
@pytest.mark.parametrize("name", ["covariance", "ljung_box"])
def test_a_series_that_was_not_fitted_is_named(name, unique_id, fitted):
    more = (5,) if name == "ljung_box" else ()
    with pytest.raises(UnknownNameError, match="not among"):
        getattr(fitted, name)(unique_id, *more)


@pytest.mark.parametrize("n_lags", [0, -1, 2.5, "5", True, None, NAN, 1, 60, 100, 10**9, HUGE])
def test_lags_that_no_residuals_hold_are_an_error(n_lags, fitted):
    with pytest.raises(ParameterError, match="n_lags"):
        fitted.ljung_box("a", n_lags)


@pytest.mark.parametrize(
    "asked",
    [
        *({"horizon": value} for value in (0, -1, 2.5, "3", True, None, 10**9, HUGE)),
        *({"n_paths": value} for value in (0, -1, 2.5, "3", True, None, 10**12, HUGE)),
        {"horizon": 1000, "n_paths": 10**9},
        {"anchor": "middle"},
        {"anchor": None},
        *({"random_state": value} for value in (-1, 1.5, "0", {})),
    ],
    ids=str,
)
def test_paths_that_cannot_be_drawn_are_an_error_before_memory_is_taken(asked, fitted):
    with pytest.raises(ParameterError, match=next(reversed(asked))):
        fitted.simulate(**{"horizon": 3, **asked})
