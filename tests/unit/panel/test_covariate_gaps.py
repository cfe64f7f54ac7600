"""A missing covariate is an error in every reader, or filled where the option says so."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast import ARIMA, ARMA, LSTM, SARIMA, Naive, RollingOrigin, read
from tsforecast.backtest import backtest
from tsforecast.exceptions import CovariateError, DataError, ParameterError, UnusedColumnWarning
from tsforecast.panel import Panel
from tsforecast.panel.covariates import fill_covariates

N = 40
KEYS = ["unique_id", "ds", "y"]
MODELS = {
    "ARIMA": ARIMA((1, 0, 0)),
    "SARIMA": SARIMA((1, 0, 0), (0, 0, 0)),
    "ARMA": ARMA((1, 1)),
    "ARMA by statsmodels": ARMA((1, 1), engine="statsmodels"),
    "LSTM": LSTM(max_epochs=1),
}


def frame(price=()):
    """Two series of 40 days; ``price`` maps rows of the second to other prices."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=N)
    table = pd.DataFrame({"unique_id": ["a"] * N + ["b"] * N, "ds": [*days] * 2, "y": rng.normal(10, 1, 2 * N)})
    table["price"] = np.arange(2.0 * N)
    for row, value in dict(price).items():
        table.loc[N + row, "price"] = value
    return table


def whole():
    return Panel.from_frame(frame(), covariates=["price"])


def broken(value):
    table = np.array(whole().covariates)
    table[N + 7] = value
    return table


def as_file(table, path):
    table.to_csv(path, index=False)
    return read(path, covariates=["price"])


DOORS = {
    "from_frame": lambda value, tmp: Panel.from_frame(frame({7: value}), covariates=["price"]),
    "with_covariates": lambda value, tmp: whole().with_covariates(broken(value), ["price"]),
    "the constructor": lambda value, tmp: dataclasses.replace(whole(), covariates=broken(value)),
    "a file": lambda value, tmp: as_file(frame({7: value}), tmp / "long.csv"),
    "X of fit": lambda value, tmp: ARIMA((1, 0, 0)).fit(frame()[KEYS], frame({7: value}).drop(columns="y")),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_covariate_that_is_no_finite_number_is_named_at_every_door(door, value, tmp_path):
    if door == "a file" and np.isinf(value):
        pytest.skip("the reader refuses the cell")
    with pytest.raises(CovariateError, match=r"price.*'b'.*2024-01-08|'b' has price.*2024-01-08") as caught:
        DOORS[door](value, tmp_path)
    assert "price" in str(caught.value)


def test_an_infinite_covariate_of_a_file_is_named_by_its_line(tmp_path):
    with pytest.raises(DataError, match="'price' holds 'inf' in line"):
        as_file(frame({7: np.inf}), tmp_path / "long.csv")


@pytest.mark.parametrize("model", MODELS)
def test_no_model_is_fitted_or_conditioned_on_a_missing_covariate(model):
    forecaster = MODELS[model]
    with pytest.raises(CovariateError, match="price=nan"):
        forecaster.fit(frame()[KEYS], frame({7: np.nan}).drop(columns="y"))
    table = np.array(whole().covariates)
    table[5] = np.nan
    with pytest.raises(CovariateError, match="price=nan of series 'a' at 2024-01-06"):
        forecaster.fit(whole().with_covariates(table, ["price"]))


def test_a_missing_covariate_of_the_horizon_is_named():
    model = ARIMA((1, 0, 0)).fit(whole())
    days = pd.date_range("2024-02-10", periods=2)
    X = pd.DataFrame({"unique_id": ["a", "a", "b", "b"], "ds": [*days] * 2, "price": [1.0, 2.0, 3.0, np.nan]})
    with pytest.raises(CovariateError, match="price=nan for series 'b' at 2024-02-11"):
        model.predict(2, X)


@pytest.mark.parametrize(
    ("how", "filled"), [("ffill", [46.0, 46.0, 46.0, 49.0]), ("interpolate", [46.0, 47.0, 48.0, 49.0])]
)
def test_missing_covariates_are_filled_in_when_asked(how, filled, tmp_path):
    gappy = frame({7: np.nan, 8: np.nan})
    panel = Panel.from_frame(gappy, covariates=["price"], covariate_gaps=how)
    np.testing.assert_array_equal(panel.covariates[N + 6 : N + 10, 0], filled)
    dropped = Panel.from_frame(frame().drop(index=[N + 7, N + 8]), covariates=["price"], gaps="nan", covariate_gaps=how)
    np.testing.assert_array_equal(dropped.covariates, panel.covariates)
    assert np.isnan(dropped.values).sum() == 2
    gappy.to_csv(tmp_path / "long.csv", index=False)
    again = read(tmp_path / "long.csv", covariates=["price"], covariate_gaps=how)
    np.testing.assert_array_equal(again.covariates, panel.covariates)


@pytest.mark.parametrize(("how", "filled"), [("ffill", [2.0, 2.0, 2.0, 5.0]), ("interpolate", [2.0, 3.0, 4.0, 5.0])])
def test_shared_covariates_of_a_wide_file_are_filled_in_at_skipped_times(how, filled, tmp_path):
    days = pd.date_range("2024-01-01", periods=20)
    table = pd.DataFrame({"day": days, "a": 1.0, "b": 2.0, "price": np.arange(20.0)}).drop(index=[3, 4])
    table.to_csv(tmp_path / "wide.csv", index=False)
    with pytest.raises(CovariateError, match="2024-01-04"):
        read(tmp_path / "wide.csv", covariates=["price"], gaps="nan")
    panel = read(tmp_path / "wide.csv", covariates=["price"], gaps="nan", covariate_gaps=how)
    np.testing.assert_array_equal(panel.covariates[2:6, 0], filled)
    np.testing.assert_array_equal(panel.covariates[22:26, 0], filled)


def test_what_has_nothing_to_be_filled_from_is_an_error_that_says_so():
    with pytest.raises(CovariateError, match=r"series 'b' at 2024-01-01.*no value before it"):
        Panel.from_frame(frame({0: np.nan}), covariates=["price"], covariate_gaps="ffill")
    for row in (0, N - 1):
        with pytest.raises(CovariateError, match="no neighbours on both sides"):
            Panel.from_frame(frame({row: np.nan}), covariates=["price"], covariate_gaps="interpolate")
    with pytest.raises(ParameterError, match="covariate_gaps='bfill'"):
        Panel.from_frame(frame(), covariates=["price"], covariate_gaps="bfill")


@given(
    values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=2, max_size=30),
    cut=st.integers(1, 29),
)
def test_filling_in_is_that_of_pandas_series_by_series(values, cut):
    cut = min(cut, len(values) - 1)
    table, indptr = np.array(values)[:, None], np.array([0, cut, len(values)])
    apart = [pd.Series(values[:cut]), pd.Series(values[cut:])]
    expected = np.concatenate([series.ffill() for series in apart])
    np.testing.assert_array_equal(fill_covariates(table, indptr, "ffill")[:, 0], expected)
    lines = np.concatenate([series.interpolate(limit_area="inside") for series in apart])
    np.testing.assert_allclose(fill_covariates(table, indptr, "interpolate")[:, 0], lines, rtol=1e-9, atol=1e-6)


@given(
    values=st.lists(st.one_of(st.floats(-9, 9), st.just(float("nan"))), min_size=3, max_size=20), t=st.integers(1, 19)
)
def test_ffill_uses_nothing_later(values, t):
    t = min(t, len(values) - 1)
    table, indptr = np.array(values)[:, None], np.array([0, len(values)])
    changed = table.copy()
    changed[t:] = 99.0
    before, after = fill_covariates(table, indptr, "ffill"), fill_covariates(changed, indptr, "ffill")
    np.testing.assert_array_equal(before[:t], after[:t])


@pytest.mark.parametrize("name", ["y", "ds", "unique_id", "", " "])
def test_a_covariate_with_a_taken_name_is_refused(name):
    with pytest.raises(CovariateError, match=r"called|no name"):
        whole().with_covariates(whole().covariates, [name])


def test_covariates_of_one_name_are_refused_as_texts_too():
    X = pd.DataFrame({"unique_id": "a", "ds": frame()["ds"][:N], 1: 1.0, "1": 2.0})
    with pytest.raises(CovariateError, match="Two covariates are called '1'"):
        ARIMA((1, 0, 0)).fit(frame()[KEYS].iloc[:N], X)
    with pytest.raises(CovariateError, match="'y'"):
        Panel.from_frame(frame(), covariates=["y"])
    with pytest.raises(CovariateError, match=r"called 'y'.*leave it out"):
        ARIMA((1, 0, 0)).fit(frame()[KEYS], frame())


@pytest.mark.parametrize("name", ["mean", "drift", "phi1", "seasonal_theta2", "sigma2"])
def test_a_covariate_named_as_an_estimate_of_arima_is_refused(name):
    panel = whole().with_covariates(whole().covariates, [name])
    with pytest.raises(CovariateError, match=f"called {name!r}"):
        ARIMA((1, 0, 0)).fit(panel)


def test_a_column_without_a_use_is_told_once_with_what_to_do():
    for act in (
        lambda: Naive().fit(frame()),
        lambda: backtest([Naive()], frame(), cv=RollingOrigin(2, n_windows=3), level=()),
        lambda: Panel.from_frame(frame()),
        lambda: Naive().fit(frame()[KEYS]).predict(1, history=frame()),
    ):
        with pytest.warns(UnusedColumnWarning, match=r"'price'.*covariates=\['price'\].*static=\['price'\]") as caught:
            act()
        assert len(caught) == 1


def test_following_the_word_of_an_unused_column_uses_it():
    assert Panel.from_frame(frame(), covariates=["price"]).covariate_names == ("price",)
    assert ARIMA((1, 0, 0)).fit(frame(), frame().drop(columns="y")).panel_.covariate_names == ("price",)
    about = frame().assign(price=1.0)
    assert Panel.from_frame(about, static=["price"]).static["price"].tolist() == [1.0, 1.0]
