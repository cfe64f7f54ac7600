"""Plain functions as forecasters."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import FunctionForecaster, Panel, RollingOrigin, audit
from tsforecast.backtest import backtest
from tsforecast.backtest.plan.describe import build, describe
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError, UnknownNameError

Y = np.array([4.0, 1.0, 3.0, 2.0])
TWO = pd.DataFrame({"a": Y, "b": 10 * Y}, index=pd.date_range("2020-01-01", periods=4, freq="D"))


def last(y, horizon):
    return np.repeat(y[-1], horizon)


def banded(y, horizon, level):
    table = pd.DataFrame({"mean": np.repeat(y[-1], horizon)})
    for percent in level:
        table[f"lo-{percent:g}"], table[f"hi-{percent:g}"] = y[-1] - percent, y[-1] + percent
    return table


def test_each_series_is_given_to_the_function_alone():
    out = FunctionForecaster(last).fit(TWO).predict(3)
    assert out["a"].tolist() == [2.0] * 3 and out["b"].tolist() == [20.0] * 3
    assert out.index[0] == pd.Timestamp("2020-01-05")


@pytest.mark.parametrize(
    "returned", [[1.0, 2.0], (1, 2), pd.Series([1.0, 2.0], index=[7, 8]), pd.DataFrame({"mean": [1, 2]})]
)
def test_lists_series_and_frames_are_read(returned):
    assert FunctionForecaster(lambda y, horizon: returned).fit(Y).predict(2).tolist() == [1.0, 2.0]


def test_intervals_are_asked_for_by_level_and_read_from_columns():
    model = FunctionForecaster(banded).fit(pd.Series(Y))
    assert model.gives_intervals and not FunctionForecaster(last).gives_intervals
    out = model.predict(1, level=[50, 90], quantiles=[0.5, 0.05])
    assert out.iloc[0].to_dict() == {
        "mean": 2, "lo-50": -48, "hi-50": 52, "lo-90": -88, "hi-90": 92, "q0.5": 2, "q0.05": -88,
    }  # fmt: skip
    assert model.predict(1, quantiles=0.9)["q0.9"].item() == 82  # the upper end of 80%


def test_a_function_may_give_a_median_of_its_own():
    model = FunctionForecaster(lambda y, horizon, level: pd.DataFrame({"mean": [5.0], "q0.5": [4.0]}))
    out = model.fit(pd.Series(Y)).predict(1, quantiles=0.5)
    assert out.iloc[0].tolist() == [5.0, 4.0]


def test_covariates_and_times_are_given_where_they_have_a_parameter():
    seen = {}

    def look(y, horizon, times, X):
        seen["times"], seen["X"] = times, X
        return X["price"].to_numpy()[len(y) :]

    X = pd.DataFrame({"price": np.arange(6.0)}, index=pd.date_range("2020-01-01", periods=6, freq="D"))
    model = FunctionForecaster(look).fit(TWO["a"], X)
    assert model.uses_covariates and not FunctionForecaster(last).uses_covariates
    assert model.predict(2, X).tolist() == [4.0, 5.0]
    assert seen["times"].equals(TWO.index)
    assert seen["X"].index[-1] == pd.Timestamp("2020-01-06") and len(seen["X"]) == 6
    assert FunctionForecaster(look).fit(TWO["a"]).gives_intervals is False


def test_a_history_is_what_the_function_is_given():
    model = FunctionForecaster(last).fit(Y)
    assert model.predict(2, history=np.array([1.0, 7.0])).tolist() == [7.0, 7.0]
    with pytest.raises(SeriesTooShortError, match="n_needed=2"):
        model.predict(2, history=np.array([7.0]))


def test_a_function_that_writes_into_its_series_changes_nothing():
    def greedy(y, horizon):
        y[:] = y - y.mean()
        return np.zeros(horizon)

    panel = Panel.from_wide(TWO)
    before = panel.fingerprint()
    FunctionForecaster(greedy).fit(panel).predict(2)
    assert panel.fingerprint() == before


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda y, horizon: np.zeros(horizon + 1), r"returned the shape \(3,\); \(2,\) is needed"),
        (lambda y, horizon: np.zeros((horizon, 1)), r"returned the shape \(2, 1\)"),
        (lambda y, horizon: 1.0, r"returned the shape \(\)"),
        (lambda y, horizon: None, "returned|float"),
        (lambda y, horizon: [1.0, np.nan], "returned nan at step 2"),
        (lambda y, horizon: [np.inf, 1.0], "returned inf at step 1"),
        (lambda y, horizon: ["a", "b"], "ValueError: could not convert"),
        (lambda y, horizon: pd.DataFrame({"yhat": [1.0, 2.0]}), r"columns \['yhat'\]; 'mean' is needed"),
        (lambda y, horizon: 1 / 0, "ZeroDivisionError"),
        (lambda y: [1.0, 2.0], "TypeError"),
    ],
)
def test_what_is_no_forecast_is_a_failure_that_names_series_and_function(function, told):
    with pytest.raises(
        FitError, match="Series 'a': <lambda> .*" if "returned|" in told else f"Series 'a': <lambda> .*{told}"
    ) as e:
        FunctionForecaster(function).fit(TWO).predict(2)
    assert set(e.value.failures) == {"a", "b"}


def test_a_frame_without_the_bounds_that_are_asked_for_is_a_failure():
    model = FunctionForecaster(lambda y, horizon, level: pd.DataFrame({"mean": [1.0], "lo-80": [0.0]})).fit(Y)
    with pytest.raises(FitError, match="'hi-80' is needed"):
        model.predict(1, level=80)


def picky(y, horizon):
    if y[0] > 20:
        raise RuntimeError("too large for me")
    return last(y, horizon)


def test_a_series_that_fails_is_a_row_of_a_backtest_and_the_others_go_on():
    frame = pd.concat([TWO] * 4, ignore_index=True)
    result = backtest(FunctionForecaster(picky), frame, cv=RollingOrigin(2, 2), metrics=["mae"], level=())
    assert set(result.failures["unique_id"]) == {"b"} and set(result.forecasts["unique_id"]) == {"a"}
    assert result.failures["message"].str.contains("too large for me").all()


def test_a_function_without_a_seed_is_found_by_the_audit(monkeypatch):
    monkeypatch.setattr("tsforecast.backtest.leaks.examination.shoot_in_fresh_process", None)  # quicker without
    y = np.random.default_rng(0).normal(size=40)
    rolls = FunctionForecaster(lambda y, horizon: np.random.default_rng().normal(size=horizon))
    report = audit({"rolls": rolls, "last": FunctionForecaster(last)}, y)
    assert report.models["found"].tolist() == ["random", ""]


@pytest.mark.parametrize(
    ("given", "match"), [({"function": "mean"}, "no function"), ({"n_needed": 0}, "n_needed=0"), ({"function": 3}, "3")]
)
def test_arguments_are_checked_when_fitted(given, match):
    with pytest.raises(ParameterError, match=match):
        FunctionForecaster(**({"function": last} | given)).fit(Y)


def test_missing_values_reach_the_function_only_where_it_says_so():
    y = np.array([1.0, np.nan, 3.0])
    assert FunctionForecaster(last, handles_missing=True).fit(y).predict(1).tolist() == [3.0]
    with pytest.raises(ValueError, match="cannot use"):
        FunctionForecaster(last).fit(y)


def test_it_is_named_on_the_command_line_by_a_module_that_is_trusted(tmp_path, monkeypatch):
    (tmp_path / "my_functions.py").write_text("def doubled(y, horizon):\n    return [2 * y[-1]] * horizon\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = "FunctionForecaster(function=my_functions:doubled, n_needed=3)"
    with pytest.raises(ParameterError, match="--own_code my_functions"):
        parse_models([text])
    model = parse_models([text], trusted=["my_functions"])[text]
    assert model.fit(Y).predict(2).tolist() == [4.0, 4.0]
    yaml = {"FunctionForecaster": {"function": "my_functions:doubled"}}
    assert parse_models([yaml], trusted=["my_functions"])["FunctionForecaster"].function is model.function
    with pytest.raises(UnknownNameError, match="no function 'tripled'"):
        parse_models(["FunctionForecaster(function=my_functions:tripled)"], trusted=["my_functions"])
    with pytest.raises(ParameterError, match="my_module:my_function"):
        build({"class_path": "FunctionForecaster", "init_args": {"function": "doubled"}})
    assert "my_functions.doubled with SHA-256" in str(describe(model))
