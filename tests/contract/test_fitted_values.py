"""Fitted values of every forecaster are its forecasts from the values before, and residuals what is left."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from forecasters import MODELS, WRAPPERS, forecaster

from tsforecast import ARIMA, LSTM, Conformal, Ensemble, LinearAR, Naive, Panel, SeasonalNaive, load_forecaster
from tsforecast.data.process import ArimaProcess
from tsforecast.exceptions import DataError, NotFittedError, ParameterError
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.prepare.preparation import Preparation
from tsforecast.models.truth import TrueModel

ROUNDING = 1e-8
OF_FLOAT32 = 1e-6  # networks compute in float32, and add up in another order for other numbers of rows
NETWORKS = ("LinearAR", "RNN", "LSTM", "GRU", "NeuralForecaster")


def panel_frame(missing=True):
    """Three series of months of other lengths, starts and sizes, in a long frame."""
    rng = np.random.default_rng(5)
    parts = []
    for k, (name, n) in enumerate((("a", 60), ("b", 44), ("c", 52))):
        t = np.arange(n)
        y = 10.0 ** (k + 1) * (5 + 0.03 * t + np.sin(2 * np.pi * t / 12) + 0.3 * rng.normal(size=n))
        if missing and name == "c":
            y[[7, 25, 26]] = np.nan
        times = pd.date_range("2015-01-01", periods=n, freq="MS") + pd.DateOffset(months=5 * k)
        parts.append(pd.DataFrame({"unique_id": name, "ds": times, "y": y}))
    return pd.concat(parts, ignore_index=True)


def check_law(model, y, steps, tolerance):
    """`fitted_values` of a long frame against forecasts from beginnings, some of which end in gaps."""
    fitted, panel = model.fitted_values(), model.panel_
    assert fitted[["unique_id", "ds"]].equals(y[["unique_id", "ds"]])
    for t in steps:
        longer = panel.take(np.flatnonzero(panel.lengths > t))
        history = longer.slice(np.zeros_like(longer.lengths), np.full_like(longer.lengths, t))
        expected = model.predict(1, history=history).mean[:, 0]
        found = fitted["fitted_values"].to_numpy()[panel.indptr[:-1][panel.lengths > t] + t]
        np.testing.assert_allclose(found, expected, rtol=tolerance, err_msg=f"step {t}")
    np.testing.assert_array_equal(model.residuals()["residuals"], y["y"] - fitted["fitted_values"])
    return fitted


@pytest.mark.parametrize("bounds", [None, (0, 64.0)], ids=["free", "bounds"])
@pytest.mark.parametrize("name", [*MODELS, *WRAPPERS])
def test_a_fitted_value_is_the_forecast_from_the_values_before(name, bounds):
    model = forecaster(name, bounds=bounds)
    y = panel_frame(missing=model.handles_missing)
    if bounds is not None:
        y["y"] = np.clip(y["y"] / np.repeat([1.0, 10.0, 100.0], [60, 44, 52]), *bounds)  # which cut the mean
    fitted = check_law(model.fit(y), y, (20, 27, 43), OF_FLOAT32 if name in NETWORKS else ROUNDING)
    step = y.groupby("unique_id").cumcount()
    assert np.isfinite(fitted["fitted_values"][step >= 20]).all()  # of missing values, too
    assert fitted["fitted_values"][step == 0].isna().all() or name == "ARMA"  # whose mean is known before any value


def law_of(model, y, steps, tolerance=OF_FLOAT32, n_ahead=1):
    """The law for a panel, with covariates of so many steps ahead."""
    panel = model.fit(y).panel_
    fitted = model.fitted_values().values
    for t in steps:
        for i in range(panel.n_series):
            own = panel.take([i])
            history = own.slice(np.array([0]), np.array([t]))
            h = min(n_ahead, own.n_obs - t)
            X = None
            if own.covariates is not None:
                X = pd.DataFrame(own.covariates[t : t + h], index=own.times[t : t + h], columns=own.covariate_names)
            expected = model.predict(h, X, history=history).mean[0, 0]
            near = pytest.approx(expected, rel=tolerance, abs=tolerance * np.nanstd(own.values))
            assert fitted[panel.indptr[i] + t] == near, f"step {t}"
    return fitted


def spiked(n=60):
    """Two series of months with single values far off."""
    y = 10 + np.sin(np.arange(n) * np.pi / 6) + 0.2 * np.random.default_rng(1).normal(size=n)
    y[[20, 45]] = 400.0, 900.0
    other = 3 * np.abs(y[::-1]) + np.arange(n)
    return Panel.from_array(np.column_stack([y, other]))


SETTINGS = {
    "one network a series": {"training": Training(scope="per_series")},
    "windows": {"training": Training(kind="windows")},
    "differences": {"preparation": Preparation(difference="season")},
    "first differences": {"preparation": Preparation(difference="first")},
    "step by step": {"decoding": Decoding(kind="recursive"), "bounds": (5, 3000)},
    "a distribution": {"decoding": Decoding(loss="gaussian"), "bounds": (5, 3000)},
    "logarithm": {"preparation": Preparation(transform="log")},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_networks_keep_to_it_with_every_setting_and_with_outliers(name):
    given = SETTINGS[name]
    kind = LSTM if "training" in given else LinearAR
    quick = {"hidden_size": 4, "max_epochs": 1, "n_members": 2} if kind is LSTM else {}
    model = kind(season_length=12, **quick, **given)
    law_of(model, spiked(), (14, 22, 30, 48, 59))


def test_counts_that_end_in_zeros_are_forecast_as_by_predict():
    y = np.random.default_rng(0).poisson(1.0, size=(70, 3)).astype(float)
    y[30:52, 0], y[55:, 1], y[:, 2] = 0, 0, np.where(np.arange(70) % 9, 0, 5)
    for loss in ("negative_binomial", "mae"):
        law_of(LinearAR(7, decoding=Decoding(loss=loss)), Panel.from_array(y), (5, 20, 45, 50, 60, 69))


@pytest.mark.parametrize("make", [lambda: ARIMA((1, 0, 0)), lambda: LinearAR(6)], ids=["ARIMA", "LinearAR"])
def test_covariates_of_the_step_are_known(make):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 2))
    values = 30 + x @ [2.0, 1.0] + 0.1 * rng.normal(size=100)
    y = Panel.from_array(values.reshape(2, 50).T).with_covariates(x, ["a", "b"])
    model = make()
    network = isinstance(model, LinearAR)
    fitted = law_of(model, y, (20, 40, 49), OF_FLOAT32 if network else ROUNDING, n_ahead=50 if network else 1)
    assert np.nanstd(values - fitted) < 0.5 * values.std()


@pytest.mark.parametrize("how", ["mean", "median"])
def test_the_values_of_an_ensemble_are_those_of_its_members_averaged(how):
    y = panel_frame()
    model = Ensemble([Naive(nonnegative=True), SeasonalNaive(), ARIMA((1, 0, 0))], how=how).fit(y)
    parts = np.stack([member.fitted_values().values for member in model.forecasters_])  # of Panels
    expected = getattr(np, how)(parts, axis=0)
    np.testing.assert_array_equal(model.fitted_values()["fitted_values"], expected)
    with pytest.raises(ParameterError, match="forecasters_"):
        model.residuals(transformed=True)


def test_the_best_possible_forecast_leaves_the_innovations():
    noise = np.random.default_rng(0).normal(size=80)
    y = np.zeros(80)
    for t in range(1, 80):
        y[t] = 0.6 * y[t - 1] + noise[t]
    np.testing.assert_allclose(TrueModel(ArimaProcess(phi=(0.6,))).fit(y).residuals()[1:], noise[1:], atol=1e-9)


def containers():
    """One or two series in every container; the second begins later, and the first ends earlier."""
    months = pd.date_range("2020-01-31", periods=9, freq="ME")
    values = np.arange(9.0) ** 1.5
    wide = pd.DataFrame({"a": values, "b": 2 * values}, index=months)
    wide.iloc[:3, 1], wide.iloc[8, 0] = np.nan, np.nan
    long = wide.rename_axis("ds").melt(ignore_index=False, var_name="unique_id", value_name="y").reset_index().dropna()
    long = long[["unique_id", "ds", "y"]].reset_index(drop=True)
    return {
        "series": pd.Series(values, index=months, name="a"),
        "periods": pd.Series(values, index=months.to_period("M"), name="a"),
        "wide": wide,
        "array": values,
        "matrix": wide.to_numpy(),
        "long": long,
        "polars long": pl.from_pandas(long),
        "polars wide": pl.from_pandas(wide.rename_axis("ds").reset_index()),
        "polars series": pl.Series("a", values),
    }


def first_of(kind, table, column):
    """Values of the first series of a container."""
    first = {"wide": lambda: table["a"], "long": lambda: table[column], "matrix": lambda: table[:, 0]}
    return np.asarray(first.get(kind.split()[-1], lambda: table)(), dtype=float)


@pytest.mark.parametrize("kind", containers())
def test_the_container_given_comes_back(kind):
    y = containers()[kind]
    model = Naive().fit(y)
    for out, name in ((model.fitted_values(), "fitted_values"), (model.residuals(), "residuals")):
        assert type(out) is type(y)
        assert out.shape == y.shape
        if isinstance(y, (pd.Series, pd.DataFrame)):
            assert out.index.equals(y.index)
        if "long" in kind:
            assert list(out.columns) == ["unique_id", "ds", name]
    found = first_of(kind, model.fitted_values(), "fitted_values")
    np.testing.assert_array_equal(found[1:8], first_of(kind, y, "y")[:7])


def test_series_that_were_skipped_have_none():
    y = np.column_stack([np.full(9, np.nan), np.arange(9.0), np.arange(9.0) ** 2])
    y[8, 0] = 1.0
    out = Naive().fit(y, too_short="skip").fitted_values()
    assert out.shape == (9, 3) and np.isnan(out[:, 0]).all()
    np.testing.assert_array_equal(out[1:, 1:], y[:-1, 1:])
    wide = pd.DataFrame(y, columns=list("abc"))
    assert list(Naive().fit(wide, too_short="naive").residuals().columns) == ["b", "c"]


def test_a_panel_comes_without_covariates():
    x = np.random.default_rng(0).normal(size=(20, 1))
    y = Panel.from_array(np.arange(20.0) ** 1.1).with_covariates(x, ["x"])
    out = ARIMA((1, 0, 0)).fit(y).fitted_values()
    assert isinstance(out, Panel) and out.covariates is None and out.times.equals(y.times)


def test_without_its_series_a_forecaster_says_how_to_keep_them(tmp_path):
    model = Conformal(SeasonalNaive(), calibration_size=12).fit(panel_frame())
    model.save(tmp_path / "short")
    model.save(tmp_path / "whole", keep_history=True)
    for ask in (load_forecaster(tmp_path / "short").fitted_values, load_forecaster(tmp_path / "short").residuals):
        with pytest.raises(DataError, match="keep_history=True"):
            ask()
    pd.testing.assert_frame_equal(load_forecaster(tmp_path / "whole").fitted_values(), model.fitted_values())


def test_after_an_update_they_are_of_the_series_that_were_fitted():
    model = SeasonalNaive(4).fit(np.arange(20.0))
    before = model.fitted_values()
    np.testing.assert_array_equal(model.update(np.arange(5.0)).fitted_values(), before)


@pytest.mark.parametrize("given", ["a", None, 1, ["a"], np.array([True, False])])
def test_the_name_of_a_series_is_no_scale(given):
    with pytest.raises(ParameterError, match="All series come at once"):
        Naive().fit(np.arange(4.0)).residuals(given)


def test_there_are_none_before_fit():
    for ask in (Naive().fitted_values, ARIMA().residuals):
        with pytest.raises(NotFittedError, match="call fit first"):
            ask()


LOGGED = {
    "ARIMA": lambda **more: ARIMA((0, 1, 1), target_transform="log", **more),
    "LinearAR": lambda **more: LinearAR(12, preparation=Preparation(transform="log"), **more),
}


@pytest.mark.parametrize("name", LOGGED)
def test_on_the_transformed_scale_the_logarithm_is_what_is_fitted(name):
    y = panel_frame()
    model = LOGGED[name]().fit(y)
    plain, logged = model.fitted_values()["fitted_values"], model.fitted_values(transformed=True)["fitted_values"]
    apart = (np.log(plain) - logged)[y.groupby("unique_id").cumcount() >= 12]  # networks limit the first ones
    assert apart.min() > -1e-6 and apart.max() < 0.02  # the mean lies above the median
    left = model.residuals(transformed=True)["residuals"]
    np.testing.assert_allclose(left, np.log(y["y"]) - logged, atol=1e-12)
    bounded = LOGGED[name](nonnegative=True).fit(y)
    np.testing.assert_array_equal(bounded.residuals(transformed=True)["residuals"], left)
