"""What every forecaster promises, whatever its family: one law a test, run for each model.

A new forecaster is one line in `MODELS` of `forecasters.py`.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from tsforecast import Forecast, Panel
from tsforecast._classes import find_class
from tsforecast.exceptions import MissingValuesError, NotFittedError, ParameterError, SeriesTooShortError

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, forecaster

sys.path.pop(0)

HORIZON = 5


def make(name):
    return forecaster(name)


def monthly(n_obs=60, seed=0, name="a"):
    rng = np.random.default_rng(seed)
    season = 10 * np.sin(np.arange(n_obs) * np.pi / 6)
    values = 100 + season + np.arange(n_obs) / 3 + rng.normal(size=n_obs)
    return pd.Series(values, index=pd.date_range("2015-01-01", periods=n_obs, freq="MS"), name=name)


def wide(n_series=3):
    return pd.DataFrame({f"s{i}": monthly(seed=i) * (i + 1) for i in range(n_series)})


@pytest.fixture(scope="module", params=MODELS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(name):
    return make(name).fit(monthly())


@pytest.fixture(scope="module")
def fitted_panel(name):
    return make(name).fit(wide())


def test_series_in_series_out_at_the_next_times(fitted):
    out = fitted.predict(HORIZON)
    assert isinstance(out, pd.Series)
    assert out.name == "a"
    assert out.index.equals(pd.date_range("2020-01-01", periods=HORIZON, freq="MS"))
    assert np.isfinite(out).all()


def test_wide_frame_in_wide_frame_out(fitted_panel):
    out = fitted_panel.predict(HORIZON)
    assert out.columns.tolist() == ["s0", "s1", "s2"]
    assert out.shape == (HORIZON, 3)


def test_array_in_array_out(name):
    out = make(name).fit(monthly().to_numpy()).predict(HORIZON)
    assert isinstance(out, np.ndarray)
    assert out.shape == (HORIZON,)


def test_intervals_nest_and_hold_the_median(fitted):
    out = fitted.predict(HORIZON, level=[50, 95], quantiles=0.5)
    ordered = out[["lo-95", "lo-50", "q0.5", "hi-50", "hi-95"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert (out["hi-95"] > out["lo-95"]).all()


def test_asking_for_intervals_leaves_the_mean_as_it_was(fitted):
    np.testing.assert_array_equal(fitted.predict(HORIZON, level=80)["mean"], fitted.predict(HORIZON))


def test_clone_is_unfitted_and_has_the_same_parameters(fitted):
    twin = clone(fitted)
    assert repr(twin.get_params()) == repr(fitted.get_params())
    with pytest.raises(NotFittedError):
        twin.predict(1)


def test_constructor_stores_its_arguments_unchanged(name):
    for key, value in make(name).get_params(deep=False).items():
        assert getattr(make(name).set_params(**{key: value}), key) is value


def test_pickled_model_forecasts_the_same(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.predict(HORIZON, level=80), fitted.predict(HORIZON, level=80))


def test_two_fits_give_identical_forecasts(fitted):
    pd.testing.assert_series_equal(clone(fitted).fit(monthly()).predict(HORIZON), fitted.predict(HORIZON))


def test_refitting_forgets_the_first_fit(name, fitted):
    refitted = make(name).fit(monthly(seed=9) * 50).fit(monthly())
    pd.testing.assert_series_equal(refitted.predict(HORIZON), fitted.predict(HORIZON))


def test_predicting_changes_nothing(fitted):
    first = fitted.predict(HORIZON, level=80)
    fitted.predict(2, history=monthly(48, seed=5), level=80)
    pd.testing.assert_frame_equal(fitted.predict(HORIZON, level=80), first)


def test_fit_leaves_its_input_alone(name):
    y = monthly()
    before = y.copy()
    make(name).fit(y).predict(HORIZON)
    pd.testing.assert_series_equal(y, before)


def test_history_equal_to_the_training_series_changes_nothing(fitted):
    np.testing.assert_allclose(fitted.predict(HORIZON, history=monthly()), fitted.predict(HORIZON), rtol=1e-6)


def test_longer_history_moves_the_origin(fitted):
    longer = monthly(66)
    out = fitted.predict(HORIZON, history=longer)
    assert out.index[0] == pd.Timestamp("2020-07-01")


def test_series_of_a_panel_are_forecast_in_their_own_unit(fitted_panel):
    out = fitted_panel.predict(HORIZON).to_numpy()
    recent = wide().iloc[-12:].mean().to_numpy()
    assert (np.abs(out.mean(axis=0) - recent) < recent / 2).all()


def test_models_that_learn_apart_forecast_a_panel_as_they_do_its_series(name, fitted_panel):
    if fitted_panel.is_global:
        pytest.skip("learns from all series together")
    alone = make(name).fit(wide()[["s1"]]).predict(HORIZON)
    np.testing.assert_allclose(fitted_panel.predict(HORIZON)[["s1"]], alone, rtol=1e-9)


def test_a_panel_of_unequal_lengths_is_forecast_from_each_end(name):
    ragged = wide(2)
    ragged.iloc[-7:, 0] = np.nan
    panel = Panel.from_wide(ragged)
    out = make(name).fit(panel).predict(2)
    assert isinstance(out, Forecast)
    assert [str(t.date()) for t in out.cutoff] == ["2019-05-01", "2019-12-01"]


@pytest.mark.parametrize("freq", ["QE", "W-WED", "h", "B"])
def test_any_frequency_is_stepped_along(name, freq):
    n_obs = 130
    index = pd.date_range("2020-01-01", periods=n_obs, freq=freq)
    y = pd.Series(np.random.default_rng(0).normal(size=n_obs).cumsum() + 50, index=index)
    model = make(name) if name != "SARIMA" else make(name).set_params(season_length=4)
    assert model.fit(y).predict(3).index.equals(pd.date_range(index[-1], periods=4, freq=freq)[1:])


def test_a_zoned_and_a_period_index_come_back_as_they_were(name):
    zoned = monthly().tz_localize("Europe/Berlin")
    periods = monthly().to_period("M")
    model = make(name)
    assert str(model.fit(zoned).predict(1).index.tz) == "Europe/Berlin"
    assert model.fit(periods).predict(1).index[0] == pd.Period("2020-01", "M")


@pytest.mark.parametrize("horizon", [0, -3, 2.5])
def test_horizon_must_be_positive_and_whole(fitted, horizon):
    with pytest.raises(ParameterError, match="horizon"):
        fitted.predict(horizon)


@pytest.mark.parametrize("level", [0, 100, 120])
def test_level_must_be_a_percentage(fitted, level):
    with pytest.raises(ParameterError, match="level"):
        fitted.predict(1, level=level)


def test_missing_values_are_used_or_refused_by_name(name):
    y = monthly()
    y.iloc[[20, 33]] = np.nan
    model = make(name)
    if model.handles_missing:
        assert np.isfinite(model.fit(y).predict(HORIZON)).all()
    else:
        with pytest.raises(MissingValuesError, match="'a' has no value at 2016-09-01"):
            model.fit(y)


def test_a_series_of_one_value_is_refused_by_name(name):
    y = pd.DataFrame({"long": monthly().to_numpy(), "tiny": [1.0] + [np.nan] * 59}, index=monthly().index)
    with pytest.raises(SeriesTooShortError, match="'tiny'"):
        make(name).fit(y)


def test_forecast_of_a_constant_series_is_constant(name):
    y = pd.Series(np.full(60, 7.0), index=monthly().index)
    np.testing.assert_allclose(make(name).fit(y).predict(HORIZON), 7.0, atol=1e-3)


def test_covariates_of_the_horizon_are_accepted(name):
    y = monthly()
    X = pd.DataFrame(
        {"x": np.random.default_rng(3).normal(size=60 + HORIZON)},
        index=pd.date_range("2015-01-01", periods=60 + HORIZON, freq="MS"),
    )
    out = make(name).fit(y, X).predict(HORIZON, X)
    assert np.isfinite(out).all()


def test_a_covariate_that_matters_moves_the_forecast(name):
    model = make(name)
    if not model.uses_covariates:
        pytest.skip("accepts covariates and passes them over")
    epochs = {"RNN": 40, "LSTM": 40, "GRU": 40, "NeuralForecaster": 10}
    model = clone(model).set_params(max_epochs=epochs[name]) if name in epochs else model
    rng = np.random.default_rng(4)
    x = rng.choice([-1.0, 1.0], size=200 + HORIZON)
    index = pd.date_range("2000-01-01", periods=200 + HORIZON, freq="MS")
    y = pd.Series(50 + 5 * x + rng.normal(size=x.size), index=index)
    X = pd.DataFrame({"x": x}, index=index)
    out = model.fit(y.iloc[:200], X.iloc[:200]).predict(HORIZON, X)
    assert np.abs(out - y.iloc[200:]).mean() < 3  # an error of 5 is what not knowing x costs
    flipped = model.predict(HORIZON, -X)
    assert ((out - flipped) * x[200:] > 2).all()


def test_declared_search_space_is_of_values_that_can_be_fitted(name):
    space = make(name).search_space
    for parameter in space:
        for value in (space[parameter][0], space[parameter][-1]):
            assert np.isfinite(make(name).set_params(**{parameter: value}).fit(monthly()).predict(1)).all()


def test_each_part_forecasts_what_the_whole_does_and_leaves_it_as_it_was(fitted_panel):
    before = fitted_panel.predict(HORIZON)
    for part in fitted_panel.parts().values():
        forecast = part.predict(HORIZON)
        assert forecast.index.equals(before.index) and list(forecast.columns) == list(before.columns)
        assert np.isfinite(forecast.to_numpy()).all()
    pd.testing.assert_frame_equal(fitted_panel.predict(HORIZON), before)


def test_what_a_forecaster_nests_is_a_simpler_forecaster_of_the_package(fitted):
    for path in fitted.nests:
        assert find_class(path).nests == ()
