"""Darts against darts itself, and what is said where its models cannot do something."""

import numpy as np
import pandas as pd
import pytest
from darts import TimeSeries
from darts.models import (
    ARIMA,
    ExponentialSmoothing,
    LinearRegressionModel,
    NaiveDrift,
    NaiveEnsembleModel,
    NaiveSeasonal,
    NLinearModel,
    Theta,
)
from darts.utils.utils import SeasonalityMode
from peers import long_frame

from tsforecast import Darts
from tsforecast.backtest.plan.describe import build, describe
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import FitError, ParameterError, UnknownNameError

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]

QUIET = {"enable_progress_bar": False, "enable_model_summary": False}
MODELS = [
    ExponentialSmoothing(),
    Theta(season_mode=SeasonalityMode.ADDITIVE),
    ARIMA(p=1, d=1, q=0),
    LinearRegressionModel(lags=12),
    NLinearModel(input_chunk_length=12, output_chunk_length=6, n_epochs=2, random_state=3, pl_trainer_kwargs=QUIET),
]


def series_of(frame, column="y"):
    return [
        TimeSeries.from_times_and_values(pd.DatetimeIndex(part["ds"], freq="MS"), part[column].to_numpy())
        for _, part in frame.groupby("unique_id")
    ]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_forecasts_are_those_of_the_library(model):
    frame = long_frame(ids=["a", "b"], lengths=[60, 66])
    ours = Darts(model).fit(frame).predict(6)
    if Darts(model).is_global:
        series = series_of(frame)
        theirs = model.untrained_model().fit(series).predict(6, series=series)
    else:
        theirs = [model.untrained_model().fit(one).predict(6) for one in series_of(frame)]
    np.testing.assert_allclose(ours["mean"], np.concatenate([one.values()[:, 0] for one in theirs]), rtol=1e-10)


@pytest.mark.parametrize("model", [MODELS[2], MODELS[3]], ids=lambda m: type(m).__name__)
def test_from_a_history_forecasts_are_those_of_the_library_for_another_series(model):
    frame = long_frame(ids=["a"], lengths=[72])
    ours = Darts(model).fit(frame[:60]).predict(6, history=frame)
    (before,), (whole,) = series_of(frame[:60]), series_of(frame)
    theirs = model.untrained_model().fit(before).predict(6, series=whole)
    np.testing.assert_allclose(ours["mean"], theirs.values()[:, 0], rtol=1e-10)


def test_quantiles_are_those_of_the_librarys_samples():
    frame = long_frame(ids=["a"], lengths=[72])
    ours = Darts(ExponentialSmoothing(random_state=5), n_samples=40).fit(frame).predict(6, quantiles=[0.1, 0.9])
    theirs = ExponentialSmoothing(random_state=5).fit(series_of(frame)[0]).predict(6, num_samples=40, random_state=5)
    samples = theirs.all_values()[:, 0, :]
    np.testing.assert_allclose(ours[["q0.1", "q0.9"]], np.quantile(samples, [0.1, 0.9], axis=1).T, rtol=1e-10)


def test_an_ensemble_of_models_that_cannot_go_on_does_not_go_on():
    frame = long_frame(ids=["a"], lengths=[72])
    model = Darts(NaiveEnsembleModel([NaiveDrift(), NaiveSeasonal(K=12)])).fit(frame[:60])
    with pytest.raises(ParameterError, match="cannot forecast from a history"):
        model.predict(2, history=frame)


def test_covariates_go_over():
    frame = long_frame(ids=["a", "b"], lengths=[72, 72])
    frame["x"] = np.random.default_rng(1).normal(size=len(frame))
    frame["y"] += 5 * frame["x"]
    X = frame[["unique_id", "ds", "x"]]
    early = frame["ds"] < "2006-07-01"
    model = LinearRegressionModel(lags=6, lags_future_covariates=[0])
    ours = Darts(model).fit(frame.loc[early, ["unique_id", "ds", "y"]], X[early]).predict(6, X[~early])
    series, future = series_of(frame[early]), series_of(frame, "x")
    before = [one.slice(s.start_time(), s.end_time()) for one, s in zip(future, series, strict=True)]
    theirs = model.untrained_model().fit(series, future_covariates=before)
    theirs = theirs.predict(6, series=series, future_covariates=future)
    np.testing.assert_allclose(ours["mean"], np.concatenate([one.values()[:, 0] for one in theirs]), rtol=1e-8)


def test_the_series_that_the_library_cannot_fit_fails_under_its_name():
    frame = long_frame(ids=["long", "short"], lengths=[72, 8])
    with pytest.raises(FitError, match=r"'short'.*ExponentialSmoothing of darts \d.*failed to be fitted") as caught:
        Darts(ExponentialSmoothing()).fit(frame)
    assert list(caught.value.failures) == ["short"]


def test_seeds_reach_a_network_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Darts(NLinearModel(input_chunk_length=12, output_chunk_length=3, n_epochs=1))
    frame = long_frame(ids=["a"], lengths=[72])
    one, same, other = (model.set_params(model__random_state=seed).fit(frame).predict(3)["mean"] for seed in (1, 1, 2))
    assert one.equals(same) and not one.equals(other)
    assert list(tmp_path.iterdir()) == []


def test_members_of_enums_and_models_inside_models_are_described():
    for model in (MODELS[1], NaiveEnsembleModel([NaiveDrift(), NaiveSeasonal(K=12)])):
        about = describe(Darts(model))
        assert describe(build(about)) == about and "SHA" not in str(about)


def test_what_is_no_model_is_told():
    with pytest.raises(ParameterError, match="is no model of darts"):
        Darts(NaiveDrift).fit([1.0, 2.0])
    with pytest.raises(UnknownNameError, match="did you mean NaiveDrift"):
        parse_models(["Darts(model=NaiveDrif())"])
    with pytest.raises(UnknownNameError, match="has no member 'ODD'"):
        parse_models(["Darts(model=Theta(season_mode=SeasonalityMode.ODD))"])
