"""scikit-learn's tools on forecasters: scorers by name, searches over nested options, old names, swapped arguments."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from tsforecast import (
    ARIMA,
    ARMA,
    GRU,
    LSTM,
    RNN,
    SARIMA,
    AutoARIMA,
    Conformal,
    Decoding,
    Drift,
    Naive,
    Preparation,
    RollingOrigin,
    SeasonalNaive,
    Training,
    Tuned,
)
from tsforecast.backtest.plan.describe import build
from tsforecast.exceptions import CovariateError, DataError, ParameterError

CV = RollingOrigin(4, n_windows=3)
OLD = [ARMA, ARIMA, SARIMA, AutoARIMA]


def months(n=60, seed=0):
    values = np.random.default_rng(seed).normal(size=n).cumsum() + 50
    return pd.Series(values, index=pd.date_range("2001-01-01", periods=n, freq="MS"), name="sales")


def series_of(kind):
    y = months()
    table = pd.DataFrame({"a": y, "b": y[::-1].to_numpy()})
    return {"series": y, "array": y.to_numpy(), "wide": table, "matrix": table.to_numpy()}[kind]


@pytest.mark.parametrize("kind", ["series", "array", "wide", "matrix"])
@pytest.mark.parametrize("model", [Naive(), ARIMA((1, 0, 0)), SeasonalNaive(4)])
def test_a_scorer_named_by_scikit_learn_scores_the_forecasts_of_each_cutoff(model, kind):
    y = series_of(kind)
    scores = cross_val_score(model, y, y, scoring="neg_mean_absolute_error", cv=CV, error_score="raise")
    rows = y if isinstance(y, np.ndarray) else y.to_numpy()
    expected = [
        -mean_absolute_error(rows[test], np.asarray(clone(model).fit(_rows(y, train)).predict(4)))
        for train, test in CV.split(y)
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


def _rows(y, places):
    return y[places] if isinstance(y, np.ndarray) else y.iloc[places]


def test_a_scorer_that_is_given_no_truth_is_told_by_scikit_learn_to_lack_it():
    with pytest.warns(UserWarning, match="y_true") as caught:  # it stops before it asks a forecaster anything
        scores = cross_val_score(Naive(), months(), scoring="neg_mean_absolute_error", cv=CV)
    assert np.isnan(scores).all() and len(caught) == len(scores)
    assert "y_true" in RollingOrigin.__doc__ and "pass the series twice" in RollingOrigin.__doc__


def test_a_grid_search_may_name_its_scorers():
    y = months()
    search = GridSearchCV(
        SeasonalNaive(), {"season_length": [1, 5, 12]}, cv=CV, refit="neg_root_mean_squared_error",
        scoring=["neg_mean_absolute_error", "neg_root_mean_squared_error"], error_score="raise",
    ).fit(y, y)  # fmt: skip
    assert search.best_params_ == {"season_length": 1}
    assert np.isfinite(search.cv_results_["mean_test_neg_mean_absolute_error"]).all()
    assert search.predict(3).shape == (3,) and search.predict(months(64).iloc[60:]).shape == (4,)


def test_the_score_of_the_model_itself_is_the_same_with_the_series_given_twice():
    y = months()
    once, twice = cross_val_score(ARIMA((1, 0, 0)), y, cv=CV), cross_val_score(ARIMA((1, 0, 0)), y, y, cv=CV)
    np.testing.assert_array_equal(once, twice)


def test_rows_are_forecast_at_their_own_times():
    y = months()
    model = Drift().fit(y.iloc[:40], y.iloc[:40])
    out = model.predict(y.iloc[46:50])
    pd.testing.assert_series_equal(out, model.predict(10).iloc[6:], check_freq=False)
    with pytest.raises(DataError, match="not after the training series"):
        model.predict(y.iloc[:40])


@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_an_array_that_is_the_training_series_is_not_taken_for_what_follows(kind):
    y = series_of(kind)
    model = Naive().fit(y, y)
    for ask in (model.predict, model.score):
        with pytest.raises(DataError, match="are the training series"):
            ask(y)
    with pytest.raises(DataError, match="one column each"):
        model.predict(np.zeros((4, 3)))


def test_rows_are_no_horizon_unless_the_series_was_given_twice():
    y, X = months(), pd.DataFrame({"x": np.arange(60.0)}, index=months().index)
    for model in (Naive().fit(y), Naive().fit(y, X), ARIMA((1, 0, 0)).fit(y, X)):
        with pytest.raises(ParameterError, match="give the series twice"):
            model.predict(months(64).iloc[60:])
    refitted = Naive().fit(y, y).fit(y)
    with pytest.raises(ParameterError, match="give the series twice"):
        refitted.predict(months(64).iloc[60:])


def test_covariates_are_never_scored_in_place_of_the_series():
    y = months()
    X = pd.DataFrame({"x": np.arange(60.0)}, index=y.index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_score(Naive(), y, X, scoring="neg_mean_absolute_error", cv=CV)
    assert np.isnan(scores).all()
    with pytest.raises(ParameterError, match="give the series twice"):
        cross_val_score(Naive(), y, X, scoring="neg_mean_absolute_error", cv=CV, error_score="raise")


def test_long_frames_are_refused_by_scorers_that_compare_rows_and_scored_by_the_model_itself():
    long = months().rename_axis("ds").rename("y").reset_index().assign(unique_id="a")
    assert np.isfinite(cross_val_score(Naive(), long, cv=CV)).all()
    with pytest.raises(ValueError, match="give a wide frame"):
        cross_val_score(Naive(), long, long, scoring="neg_mean_absolute_error", cv=CV)


@pytest.mark.parametrize("first", [np.ones((9, 1)), np.ones((9, 3)), pd.DataFrame({"x": np.arange(9.0)}), [[1.0]] * 9])
@pytest.mark.parametrize("second", [np.arange(9.0), pd.Series(np.arange(9.0)), [1.0] * 9])
@pytest.mark.parametrize("model", [Naive(), ARIMA()])
def test_the_order_of_scikit_learn_is_refused_with_the_right_one(model, first, second):
    with pytest.raises(CovariateError, match=r"fit\(y, X\) takes the series first"):
        model.fit(first, second)


def test_the_order_of_scikit_learn_fails_a_cross_validation_loudly():
    with pytest.raises(ValueError, match="takes the series first"):
        cross_validate(Naive(), np.ones((60, 2)), np.arange(60.0), cv=CV, scoring="neg_mean_absolute_error")


def test_a_series_with_a_table_of_covariates_is_no_wrong_order():
    y = np.random.default_rng(1).normal(size=30)
    x = np.arange(30.0)
    for X in (x[:, None], pd.DataFrame({"x": x})):
        assert ARIMA((1, 0, 0)).fit(y, X).panel_.covariate_names
    assert ARIMA((1, 0, 0)).fit(np.column_stack([y, y]), x[:, None]).panel_.n_series == 2


@pytest.mark.parametrize("cls", OLD)
def test_no_forecaster_looks_like_a_transformer(cls):
    assert not hasattr(cls(), "transform")
    assert "transform" not in inspect.signature(cls).parameters and "transform" not in cls().get_params()


@pytest.mark.parametrize("cls", OLD)
def test_the_old_name_of_the_transform_is_understood_with_a_warning(cls):
    with pytest.warns(FutureWarning, match="'transform' of .* is called 'target_transform' now"):
        model = cls(transform="log")
    assert model.get_params()["target_transform"] == "log" and not hasattr(model, "transform")
    assert clone(model).target_transform == "log"  # and no warning
    with pytest.warns(FutureWarning):
        assert model.set_params(transform=None).target_transform is None
    with pytest.warns(FutureWarning):
        assert Conformal(cls()).set_params(forecaster__transform="log").forecaster.target_transform == "log"
    with pytest.raises(ParameterError, match="old name of 'target_transform'"):
        cls(transform="log", target_transform=None)
    with pytest.warns(FutureWarning):
        assert build({"class_path": cls.__name__, "init_args": {"transform": "log"}}).target_transform == "log"
    with pytest.raises(TypeError, match="unexpected keyword argument 'transfrom'"):
        cls(transfrom="log")


def test_a_grid_over_the_old_name_is_searched():
    y = months()
    with pytest.warns(FutureWarning):
        search = GridSearchCV(ARIMA((1, 0, 0)), {"transform": [None, "log"]}, cv=CV, error_score="raise").fit(y)
    assert set(search.best_params_) == {"transform"}


@pytest.mark.parametrize("cls", [LSTM, GRU, RNN])
@pytest.mark.parametrize("training", [None, {"patience": 3}, Training(patience=3)])
def test_fields_of_options_are_nested_parameters(cls, training):
    model = cls(training=training)
    params = model.get_params()
    assert params["training"] is training and params["training__scope"] == "global"
    assert {"decoding__loss", "preparation__transform"} <= set(params)
    same = clone(model).set_params(**params)
    assert same.get_params(deep=False) == model.get_params(deep=False)
    changed = clone(model).set_params(training__scope="per_series", decoding__loss="mse")
    assert not changed.is_global and model.is_global
    assert changed.get_params()["decoding__loss"] == "mse"
    assert changed.get_params()["training__patience"] == params["training__patience"]
    assert training in (None, {"patience": 3}, Training(patience=3)), "what was given is left alone"
    assert clone(changed).get_params() == changed.get_params()


def test_a_group_and_a_field_of_it_may_be_set_at_once():
    model = LSTM().set_params(training={"patience": 2}, training__scope="per_series", hidden_size=4)
    assert model.training == Training(patience=2, scope="per_series") and model.hidden_size == 4
    assert LSTM().set_params(preparation=Preparation("log")).preparation == Preparation("log")


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"training__scop": "global"}, "training has no field 'scop'"),
        ({"training__scope": "everywhere"}, "scope='everywhere' is none of"),
        ({"hidden": 3}, "Invalid parameter 'hidden'"),
        ({"hidden_size__x": 3}, "hidden_size=32 of LSTM has no parameters"),
    ],
)
def test_parameters_that_do_not_exist_are_refused(params, told):
    with pytest.raises(ValueError, match=told):
        LSTM().set_params(**params)


def test_an_unsound_group_is_still_listed_and_refused_by_fit():
    model = LSTM(training=3)
    assert model.get_params()["training"] == 3 and "training__scope" not in model.get_params()
    assert model.set_params(training=None).get_params()["training__scope"] == "global"


def test_a_grid_search_and_a_wrapper_reach_nested_options():
    y = months(40)
    small = LSTM(hidden_size=2, n_members=1, max_epochs=1)
    grid = {"decoding__loss": ["mae", "mse"], "training__scope": ["global"]}
    search = GridSearchCV(small, grid, cv=RollingOrigin(4), error_score="raise").fit(y)
    assert search.best_estimator_.get_params()["decoding__loss"] == search.best_params_["decoding__loss"]
    wrapped = Tuned(small).set_params(forecaster__training__patience=1)
    assert wrapped.forecaster.training.patience == 1 and isinstance(Decoding(), Decoding)
