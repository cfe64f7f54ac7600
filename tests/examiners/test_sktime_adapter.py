"""Sktime against sktime itself, and what is said where its forecasters cannot do something."""

import numpy as np
import pandas as pd
import pytest
from peers import long_frame
from sklearn.linear_model import Ridge
from sktime.forecasting.compose import DirectTabularRegressionForecaster, EnsembleForecaster, make_reduction
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.sarimax import SARIMAX
from sktime.forecasting.theta import ThetaForecaster
from sktime.forecasting.trend import TrendForecaster

from tsforecast import Sktime
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import FitError, ParameterError, UnknownNameError

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]

MODELS = {  # made in the tests, since sktime warns when they are made
    "theta": lambda: ThetaForecaster(sp=12),
    "drift": lambda: NaiveForecaster(strategy="drift"),
    "reduction": lambda: make_reduction(Ridge(), window_length=12),
    "sarimax": lambda: SARIMAX(order=(1, 1, 0)),
}


def as_series(frame):
    return frame.set_index("ds")["y"].to_period("M")


@pytest.mark.parametrize("name", MODELS)
def test_forecasts_and_quantiles_are_those_of_the_library(name):
    forecaster = MODELS[name]()
    frame = long_frame(ids=["b", "a"], lengths=[60, 66])
    model = Sktime(forecaster)
    levels = {"quantiles": [0.1, 0.9]} if model.gives_intervals else {}
    ours = model.fit(frame).predict(6, **levels)
    for name, part in frame.groupby("unique_id"):
        theirs = forecaster.clone().fit(as_series(part))
        mine = ours[ours["unique_id"] == name]
        np.testing.assert_allclose(mine["mean"], theirs.predict(range(1, 7)), rtol=1e-10)
        if levels:
            quantiles = theirs.predict_quantiles(range(1, 7), alpha=[0.1, 0.9])
            np.testing.assert_allclose(mine[["q0.1", "q0.9"]], quantiles, rtol=1e-10)


@pytest.mark.parametrize("name", ["reduction", "sarimax"])
def test_from_a_history_forecasts_are_those_after_the_librarys_update(name):
    forecaster = MODELS[name]()
    frame = long_frame(ids=["a"], lengths=[72])
    ours = Sktime(forecaster).fit(frame[:60]).predict(6, history=frame)
    y = as_series(frame)
    theirs = forecaster.clone().fit(y[:60]).update(y[60:], update_params=False).predict(range(1, 7))
    np.testing.assert_allclose(ours["mean"], theirs, rtol=1e-10)


@pytest.mark.parametrize("change", ["another past", "a hole", "an earlier end"])
def test_a_history_that_does_not_go_on_from_the_fit_is_refused(change):
    frame = long_frame(ids=["a"], lengths=[72])
    history = {
        "another past": frame.assign(y=frame["y"] + 1),
        "a hole": frame[62:],
        "an earlier end": frame[:50],
    }[change]
    with pytest.raises(ParameterError, match="cannot forecast from a history"):
        Sktime(NaiveForecaster()).fit(frame[:60]).predict(2, history=history)


def test_an_ensemble_of_which_one_member_does_not_look_at_new_observations_is_refused():
    frame = long_frame(ids=["a"], lengths=[72])
    both = EnsembleForecaster([("n", NaiveForecaster()), ("t", ThetaForecaster(sp=12))])
    with pytest.raises(ParameterError, match="cannot forecast from a history"):
        Sktime(both).fit(frame[:60]).predict(2, history=frame)


def test_a_forecaster_that_must_know_the_horizon_is_told_it_or_an_error_says_so():
    frame = long_frame(ids=["a"], lengths=[72])
    direct = DirectTabularRegressionForecaster(Ridge(), window_length=12)
    with pytest.raises(ParameterError, match=r"must know the horizon when it is fitted: Sktime\(\.\.\., horizon=12\)"):
        Sktime(direct).fit(frame)
    ours = Sktime(direct, horizon=6).fit(frame)
    theirs = direct.clone().fit(as_series(frame), fh=range(1, 7)).predict()
    np.testing.assert_allclose(ours.predict(6)["mean"], theirs, rtol=1e-10)
    np.testing.assert_allclose(ours.predict(3)["mean"], theirs[:3], rtol=1e-10)
    with pytest.raises(ParameterError, match="was fitted for 6 steps"):
        ours.predict(7)


def test_covariates_go_over():
    frame = long_frame(ids=["a"], lengths=[72])
    frame["x"] = np.random.default_rng(1).normal(size=72)
    frame["y"] += 5 * frame["x"]
    X = frame[["unique_id", "ds", "x"]]
    ours = Sktime(SARIMAX(order=(1, 0, 0))).fit(frame[["unique_id", "ds", "y"]][:66], X[:66]).predict(6, X[66:])
    table = pd.DataFrame({"x": frame["x"].to_numpy()}, index=as_series(frame).index)
    theirs = SARIMAX(order=(1, 0, 0)).fit(as_series(frame)[:66], X=table[:66]).predict(range(1, 7), X=table[66:])
    np.testing.assert_allclose(ours["mean"], theirs, rtol=1e-10)


def test_the_series_that_the_library_cannot_fit_fails_under_its_name():
    frame = long_frame(ids=["long", "short"], lengths=[72, 8])
    with pytest.raises(FitError, match=r"'short'.*of sktime \d.*failed to be fitted") as caught:
        Sktime(ThetaForecaster(sp=12)).fit(frame)
    assert list(caught.value.failures) == ["short"]


def test_seeds_of_an_inner_regressor_are_nested_parameters():
    (model,) = parse_models(
        ["Sktime(forecaster=RecursiveTabularRegressionForecaster(estimator=RandomForestRegressor(n_estimators=3)))"]
    ).values()
    frame = long_frame(ids=["a"], lengths=[72])
    one, same, other = (
        model.set_params(forecaster__estimator__random_state=seed).fit(frame).predict(3)["mean"] for seed in (1, 1, 2)
    )
    assert one.equals(same) and not one.equals(other)


def test_what_is_no_forecaster_is_told():
    with pytest.raises(ParameterError, match="is no model of sktime"):
        Sktime(TrendForecaster).fit([1.0, 2.0])
    with pytest.raises(UnknownNameError, match="did you mean ThetaForecaster"):
        parse_models(["Sktime(forecaster=ThetaForcaster())"])
    with pytest.raises(UnknownNameError, match="has no class 'Deseasonalizer'"):
        parse_models(["Sktime(forecaster=Deseasonalizer())"])
