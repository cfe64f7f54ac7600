"""What `explain` promises, for every forecaster: parts that add up to its forecasts, and readable output."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsforecast import (
    ARIMA,
    LSTM,
    Conformal,
    Drift,
    Ensemble,
    FunctionForecaster,
    Naive,
    SeasonalNaive,
    load_forecaster,
)
from tsforecast.exceptions import NotFittedError, ParameterError, UnknownNameError

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, WRAPPERS, drift_of, forecaster

sys.path.pop(0)

HORIZON = 5
CHANGES = {
    "ARMA": {"order": (1, 0)},
    "ARIMA": {"order": (1, 1, 0)},
    "SARIMA": {"order": (0, 1, 1), "seasonal_order": (0, 1, 1), "season_length": 4, "target_transform": "log"},
    "RNN": {"max_epochs": 1, "n_members": 1, "decoding": {"kind": "recursive"}},
    "LSTM": {"max_epochs": 1, "n_members": 1},
    "GRU": {"max_epochs": 1, "n_members": 1, "start": "zero", "decoding": {"loss": "gaussian", "horizon": 2}},
    "NeuralForecaster": {"max_epochs": 1, "n_members": 1},
}


def two_series():
    """Two positive quarterly series with a trend and a season, as a wide frame."""
    t = np.arange(44.0)
    rng = np.random.default_rng(0)
    season = np.tile([0.0, 4.0, -2.0, 1.0], 11)
    table = {"a": 30 + 0.3 * t + season + rng.normal(size=44), "b": 50 - 2 * season + rng.normal(size=44)}
    return pd.DataFrame(table, index=pd.period_range("2010Q1", periods=44, freq="Q"))


Y = two_series()


@pytest.fixture(scope="module", params=[*MODELS, *WRAPPERS])
def fitted(request):
    return forecaster(request.param, **CHANGES.get(request.param, {})).fit(Y)


def test_parts_add_up_to_the_forecasts(fitted):
    told, expected = fitted.explain(HORIZON), fitted.forecast(HORIZON)
    np.testing.assert_allclose(sum(told.parts.values()), expected.mean, rtol=1e-9)
    frame = told.to_frame()
    assert list(frame.columns) == ["unique_id", "ds", "part", "value"]
    summed = frame.groupby(["unique_id", "ds"])["value"].sum()
    np.testing.assert_allclose(summed, expected.to_frame().set_index(["unique_id", "ds"])["mean"], rtol=1e-9)


def test_a_history_is_explained_as_the_same_series_alone(fitted):
    history = Y[["b"]].iloc[:-3]
    told = fitted.explain(HORIZON, history=history)
    assert told.ids.tolist() == ["b"]
    np.testing.assert_allclose(sum(told.parts.values()), fitted.forecast(HORIZON, history=history).mean, rtol=1e-9)


def test_every_table_sentence_and_picture_can_be_had(fitted):
    told = fitted.explain(HORIZON)
    assert all(np.isfinite(table).all() for table in (*told.parts.values(), *told.inputs.values()))
    assert told.to_frame("inputs").columns.tolist() == ["unique_id", "ds", "input", "value"]
    assert len(told.to_frame("look_back")) == (0 if told.look_back is None else 2 * told.look_back.kept.size)
    assert " b " in told.sentences("b")[0] and str(told) == repr(told)
    assert "<table" in told._repr_html_()
    for what, there in (("parts", True), ("inputs", told.inputs), ("look_back", told.look_back is not None)):
        if there:
            assert told.plot(what, series="b").get_title(loc="left").startswith("b:")
        else:
            with pytest.raises(ParameterError, match="parts say all"):
                told.plot(what)


def test_look_back_ends_at_the_forecasts_themselves(fitted):
    look_back = fitted.explain(HORIZON).look_back
    if look_back is not None:
        assert (look_back.change[:, -1] == 0).all() and (np.diff(look_back.kept) > 0).all()


@pytest.mark.parametrize("name", ["ARIMA", "LSTM", "LinearAR", "SklearnForecaster"])
def test_parts_with_a_covariate_add_up_too(name):
    X = pd.DataFrame({"x": np.random.default_rng(1).normal(size=44 + HORIZON)})
    X.index = pd.period_range("2010Q1", periods=44 + HORIZON, freq="Q")
    model = forecaster(name, **CHANGES.get(name, {})).fit(Y, X.iloc[:44])
    told = model.explain(HORIZON, X.iloc[44:])
    np.testing.assert_allclose(sum(told.parts.values()), model.forecast(HORIZON, X.iloc[44:]).mean, rtol=1e-9)
    assert "x" in {**told.parts, **told.inputs}


@pytest.mark.parametrize("name", ["ARIMA", "LinearAR", "SklearnForecaster"])
def test_covariates_may_be_called_as_parts_are(name):
    X = pd.DataFrame(np.random.default_rng(1).normal(size=(49, 3)), columns=["level", "last value", "season"])
    X.index = pd.period_range("2010Q1", periods=49, freq="Q")
    told = forecaster(name, **CHANGES.get(name, {})).fit(Y["a"], X.iloc[:44]).explain(5, X.iloc[44:])
    assert {"level (covariate)" if name == "ARIMA" else "last value (covariate)"} < {*told.parts, *told.inputs}


def test_what_bounds_take_is_a_part_of_its_own():
    told = Drift(bounds=(0, 40)).fit([10.0, 20.0, 30.0]).explain(3)
    assert list(told.parts) == ["last value", "drift", "limits"]
    np.testing.assert_allclose(told.mean, Drift(bounds=(0, 40)).fit([10.0, 20.0, 30.0]).forecast(3).mean)


def test_naive_models_name_the_value_they_repeat():
    assert list(Naive().fit(Y).explain(2).parts) == ["last value"]
    told = SeasonalNaive().fit(Y["a"]).explain(4)
    np.testing.assert_array_equal(told.parts["last value of the same season"][0], Y["a"].iloc[-4:])


def test_an_ensemble_tells_its_weights():
    told = Ensemble([Naive(), Drift(), SeasonalNaive()]).fit(Y).explain(4)
    np.testing.assert_allclose(told.parts["1 Drift"], Drift().fit(Y).forecast(4).mean / 3)
    assert "0 Naive 33%" in told.notes[0]
    median = Ensemble([Naive(), Drift(), SeasonalNaive()], how="median").fit(Y).explain(4)
    given = np.stack(list(median.parts.values()))
    assert ((given != 0).sum(axis=0) == 1).all()  # of three members one is the median


def test_conformal_tells_the_parts_of_its_forecaster():
    inner, outer = ARIMA((1, 1, 0)).fit(Y).explain(3), Conformal(ARIMA((1, 1, 0)), 8).fit(Y).explain(3)
    assert list(inner.parts) == list(outer.parts)
    np.testing.assert_array_equal(inner.mean, outer.mean)


def test_any_other_model_is_looked_at_from_outside():
    last_year = FunctionForecaster(lambda y, horizon: np.asarray(y)[-4:][np.arange(horizon) % 4]).fit(Y["a"])
    told = last_year.explain(6)
    moved = {name: float(np.abs(table).max()) for name, table in told.inputs.items()}
    assert moved.pop("same season") > 0.1 and set(moved.values()) == {0.0}


def test_a_series_in_place_of_the_horizon_is_told_where_it_belongs():
    y = two_series()["a"]
    with pytest.raises(ParameterError, match=r"explain\(12, history=y\)"):
        Naive().fit(y).explain(y)


def test_wrong_arguments_are_refused():
    with pytest.raises(NotFittedError):
        Naive().explain(3)
    told = Naive().fit(Y).explain(3)
    with pytest.raises(ParameterError):
        Naive().fit(Y).explain(0)
    with pytest.raises(ParameterError, match="none of"):
        told.to_frame("effects")
    with pytest.raises(ParameterError, match="none of"):
        told.plot("effects")
    with pytest.raises(UnknownNameError):
        told.sentences("c")


def test_saved_models_explain_what_they_kept(tmp_path):
    long = pd.Series(np.random.default_rng(2).normal(size=200).cumsum())
    model = ARIMA((1, 1, 0)).fit(long)
    model.save(tmp_path / "m.tsf")
    loaded = load_forecaster(tmp_path / "m.tsf")
    np.testing.assert_allclose(loaded.explain(4).parts["level"], model.explain(4).parts["level"], rtol=1e-9)
    network = LSTM(max_epochs=1, n_members=1).fit(long)
    network.save(tmp_path / "n.tsf", overwrite=True)
    told = load_forecaster(tmp_path / "n.tsf").explain(4)
    np.testing.assert_allclose(told.mean, network.explain(4).mean, rtol=1e-9)
    assert not told.inputs and "keep_history" in told.notes[0]
    other = FunctionForecaster(drift_of, handles_missing=True).fit(long)
    assert other.explain(4).inputs
