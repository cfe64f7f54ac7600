"""NeuralForecast against neuralforecast itself, and what is said where its models cannot do something."""

import numpy as np
import pytest
from neuralforecast import NeuralForecast as Library
from neuralforecast.losses.pytorch import DistributionLoss, MQLoss
from neuralforecast.models import MLP, NHITS, DLinear
from peers import long_frame

from tsforecast import NeuralForecast, RollingOrigin
from tsforecast.backtest import backtest
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import CovariateError, FitError, ParameterError, UnknownNameError

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]

QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
SMALL = {"h": 6, "input_size": 12, "max_steps": 3, **QUIET}
MODELS = {
    "points": lambda: MLP(**SMALL, random_seed=4),
    "hierarchical": lambda: NHITS(**SMALL, mlp_units=[[8, 8]] * 3),
    "quantiles": lambda: DLinear(**SMALL, loss=MQLoss(level=[80])),
    "distribution": lambda: MLP(**SMALL, loss=DistributionLoss("Normal", level=[80])),
}


@pytest.mark.parametrize("name", MODELS)
def test_forecasts_and_quantiles_are_those_of_the_library(name):
    frame = long_frame(ids=["a", "b"], lengths=[60, 66])
    model = NeuralForecast(MODELS[name]())
    levels = {"quantiles": [0.1, 0.9]} if model.gives_intervals else {}
    ours = model.fit(frame).predict(6, **levels)
    core = Library(models=[MODELS[name]()], freq="MS")
    core.fit(frame)
    alias = repr(core.models[0])
    theirs = core.predict()
    point = theirs[f"{alias}-median"] if name == "quantiles" else theirs[alias]
    np.testing.assert_allclose(ours["mean"], point, rtol=1e-5)  # the network computes in single precision
    assert (ours["ds"].to_numpy() == theirs["ds"].to_numpy()).all()
    if levels:
        drawn = core.predict(quantiles=[0.1, 0.9]) if name == "distribution" else theirs
        columns = [drawn.filter(regex=end).columns[0] for end in ("(-lo-.*|_ql0.1)$", "(-hi-.*|_ql0.9)$")]
        uncrossed = np.sort(drawn[columns], axis=1)  # lines of a network that has hardly learnt may cross
        np.testing.assert_allclose(ours[["q0.1", "q0.9"]], uncrossed, rtol=1e-5)


def test_from_a_history_forecasts_are_those_of_the_library_for_other_data():
    frame = long_frame(ids=["a"], lengths=[72])
    ours = NeuralForecast(MODELS["points"]()).fit(frame[:60]).predict(6, history=frame)
    core = Library(models=[MODELS["points"]()], freq="MS")
    core.fit(frame[:60])
    np.testing.assert_allclose(ours["mean"], core.predict(df=frame)["MLP"], rtol=1e-5)


def test_covariates_and_static_numbers_go_over():
    frame = long_frame(ids=["a", "b"], lengths=[72, 72])
    frame["x"] = np.random.default_rng(1).normal(size=len(frame))
    X = frame[["unique_id", "ds", "x"]]
    early = frame["ds"] < "2006-07-01"
    model = lambda: MLP(**SMALL, futr_exog_list=["x"])  # noqa: E731 (a model draws its weights when it is made)
    ours = NeuralForecast(model()).fit(frame.loc[early, ["unique_id", "ds", "y"]], X[early]).predict(6, X[~early])
    core = Library(models=[model()], freq="MS")
    core.fit(frame[early])
    np.testing.assert_allclose(ours["mean"], core.predict(futr_df=X[~early])["MLP"], rtol=1e-5)
    with pytest.raises(CovariateError, match="lists 'x', which is none of"):
        NeuralForecast(model()).fit(frame.loc[early, ["unique_id", "ds", "y"]])


def test_quantiles_that_the_loss_was_not_trained_for_are_an_error_that_says_which_it_has():
    model = NeuralForecast(MODELS["quantiles"]()).fit(long_frame())
    with pytest.raises(ParameterError, match=r"trained for the quantiles \[0.5, 0.1, 0.9\] alone, and 0.025"):
        model.predict(6, level=95)


def test_a_longer_horizon_than_that_of_the_model_goes_on_from_its_own_forecasts():
    frame = long_frame(ids=["a"], lengths=[72])
    model = NeuralForecast(MODELS["points"]()).fit(frame)
    np.testing.assert_allclose(model.predict(9)["mean"][:6], model.predict(6)["mean"], rtol=1e-5)
    assert len(model.predict(2)) == 2


def test_seeds_reach_the_network_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = NeuralForecast(MLP(h=3, input_size=12, max_steps=2))
    frame = long_frame(ids=["a"], lengths=[72])
    one, same, other = (model.set_params(model__random_state=seed).fit(frame).predict(3)["mean"] for seed in (1, 1, 2))
    assert one.equals(same) and not one.equals(other)
    assert list(tmp_path.iterdir()) == []


def test_what_the_library_refuses_is_a_failure_with_its_words():
    model = NeuralForecast(MLP(**{**SMALL, "input_size": 500}))
    with pytest.raises(FitError, match=r"MLP of neuralforecast \d.*failed to be fitted"):
        model.fit(long_frame())
    result = backtest({"peer": model}, long_frame(), cv=RollingOrigin(2), level=[], metrics=["mase"])
    assert len(result.failures) == 3


def test_the_horizon_of_the_run_is_that_of_a_model_that_was_not_told_one():
    (model,) = parse_models(["NeuralForecast(model=NHITS(input_size=24))"], horizon=7).values()
    assert model.model.h == 7
    (model,) = parse_models(
        ["Conformal(forecaster=NeuralForecast(model=NHITS(input_size=24, h=3)))"], horizon=7
    ).values()
    assert model.forecaster.model.h == 3
    with pytest.raises(ParameterError, match="has no argument 'max_step'; did you mean max_steps"):
        parse_models(["NeuralForecast(model=NHITS(input_size=24, max_step=3))"], horizon=7)
    with pytest.raises(UnknownNameError, match="did you mean NHITS"):
        parse_models(["NeuralForecast(model=NHITs(input_size=24))"], horizon=7)
