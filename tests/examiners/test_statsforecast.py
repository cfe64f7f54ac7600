"""StatsForecast against statsforecast itself, and what is said where a series or an argument does not go."""

import numpy as np
import pandas as pd
import pytest
from peers import long_frame
from statsforecast import StatsForecast as Library
from statsforecast.models import (
    ARIMA,
    MSTL,
    AutoARIMA,
    AutoETS,
    AutoRegressive,
    CrostonClassic,
    SklearnModel,
    Theta,
)
from statsforecast.utils import ConformalIntervals

from tsforecast import Naive, RollingOrigin, StatsForecast
from tsforecast.backtest import backtest
from tsforecast.backtest.plan.describe import build, describe
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import FitError, ParameterError, UnknownNameError

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]

MODELS = [
    AutoETS(season_length=12),
    AutoARIMA(season_length=12),
    Theta(season_length=12),
    MSTL(season_length=12, trend_forecaster=AutoETS(model="ZZN")),
    CrostonClassic(prediction_intervals=ConformalIntervals(h=6, n_windows=3)),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_forecasts_and_intervals_are_those_of_the_library(model):
    frame = long_frame(ids=["a", "b", "c"])
    ours = StatsForecast(model).fit(frame).predict(6, level=[80, 95])
    theirs = Library(models=[model], freq="MS").forecast(df=frame, h=6, level=[80, 95])
    name = repr(model)
    assert (ours["ds"].to_numpy() == theirs["ds"].to_numpy()).all()
    for column, other in (("mean", name), *((c, f"{name}-{c}") for c in ("lo-80", "hi-80", "lo-95", "hi-95"))):
        np.testing.assert_allclose(ours[column], theirs[other], rtol=1e-10)


def test_from_a_history_forecasts_are_those_of_the_librarys_cross_validation_without_refit():
    frame = long_frame(ids=["a", "b"], lengths=[72, 72])
    theirs = Library(models=[AutoETS(season_length=12)], freq="MS").cross_validation(
        df=frame, h=4, n_windows=3, step_size=4, refit=False
    )
    result = backtest(
        {"peer": StatsForecast(AutoETS(season_length=12))}, frame, cv=RollingOrigin(4, n_windows=3, step_size=4),
        refit="never", level=[], metrics=["mase"],
    )  # fmt: skip
    ours = result.forecasts.sort_values(["unique_id", "cutoff", "h"])
    theirs = theirs.sort_values(["unique_id", "cutoff", "ds"])
    np.testing.assert_allclose(ours["mean"], theirs["AutoETS"], rtol=1e-10)


def test_covariates_go_over():
    frame = long_frame(ids=["a", "b"], lengths=[72, 72])
    frame["x"] = np.random.default_rng(1).normal(size=len(frame))
    frame["y"] += 5 * frame["x"]
    past, ahead = frame.groupby("unique_id").head(66), frame.groupby("unique_id").tail(6)
    model = StatsForecast(ARIMA(order=(1, 0, 0), season_length=12))
    ours = model.fit(past[["unique_id", "ds", "y"]], past[["unique_id", "ds", "x"]])
    ours = ours.predict(6, ahead[["unique_id", "ds", "x"]])
    theirs = Library(models=[ARIMA(order=(1, 0, 0), season_length=12)], freq="MS").forecast(
        df=past, h=6, X_df=ahead[["unique_id", "ds", "x"]]
    )
    np.testing.assert_allclose(ours["mean"], theirs["ARIMA"], rtol=1e-10)
    assert not StatsForecast(AutoETS()).uses_covariates


def test_the_series_that_the_library_cannot_fit_fails_alone_under_its_name():
    frame = long_frame(ids=["long", "short"], lengths=[72, 20])
    model = StatsForecast(CrostonClassic(prediction_intervals=ConformalIntervals(h=12, n_windows=2)))
    with pytest.raises(FitError, match=r"'short'.*CrostonClassic of statsforecast \d.*failed to be fitted") as caught:
        model.fit(frame)
    assert list(caught.value.failures) == ["short"]
    result = backtest({"peer": model, "naive": Naive()}, frame, cv=RollingOrigin(4, n_windows=2), level=[])
    assert set(result.failures["unique_id"]) == {"short"} and set(result.failures["error"]) == {"FitError"}
    assert result.forecasts["model"].eq("peer").sum() == 2 * 4


@pytest.mark.parametrize(
    "model",
    [AutoRegressive(lags=3), AutoRegressive(lags=[1, 3]), SklearnModel(model=None)],
    ids=["3", "1 and 3", "none"],
)
def test_models_that_keep_their_arguments_elsewhere_are_described_too(model):
    about = describe(StatsForecast(model))
    assert describe(build(about)) == about
    if isinstance(model, AutoRegressive):
        one, other = (StatsForecast(m).fit(long_frame()).predict(3) for m in (model, build(about).model))
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_what_is_no_model_is_told_before_anything_is_fitted():
    for wrong in (AutoETS, 3, Naive(), "AutoETS"):
        with pytest.raises(ParameterError, match="is no model of statsforecast"):
            StatsForecast(wrong).fit([1.0, 2.0, 3.0])
    with pytest.raises(UnknownNameError, match="did you mean AutoETS"):
        parse_models(["StatsForecast(model=AutoEts())"])
    with pytest.raises(ParameterError, match="has no argument 'season_lenth'; did you mean season_length"):
        parse_models(["StatsForecast(model=AutoETS(season_lenth=12))"])
    with pytest.raises(UnknownNameError, match=r"has no class 'os.system'"):
        parse_models(["StatsForecast(model=os.system)"])
    with pytest.raises(UnknownNameError, match="has no class 'ConformalIntervals'"):  # of the library, but no model
        parse_models(["StatsForecast(model=ConformalIntervals())"])


def test_a_class_may_be_named_by_its_path_or_alone_and_as_in_yaml():
    wanted = describe(StatsForecast(AutoETS(season_length=12)))
    for entry in (
        "StatsForecast(model=statsforecast.models.AutoETS(season_length=12))",
        {"class_path": "StatsForecast", "init_args": {"model": {"AutoETS": {"season_length": 12}}}},
        {"StatsForecast": {"model": {"class_path": "AutoETS", "init_args": {"season_length": 12}}}},
    ):
        (model,) = parse_models([entry]).values()
        assert describe(model) == wanted
    for entry in ("StatsForecast(model=AutoETS)", {"StatsForecast": {"model": "AutoETS"}}):
        (model,) = parse_models([entry]).values()
        assert describe(model) == describe(StatsForecast(AutoETS()))
