"""Parts of ARIMA forecasts: closed forms, the long run of the forecasts themselves, and series of known make."""

import numpy as np
import pandas as pd
import pytest

from tsforecast import ARIMA, SARIMA, AutoARIMA, load
from tsforecast.exceptions import ParameterError
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.parts import n_steps_for_parts, process_parts
from tsforecast.models.arima.process import ArimaStateSpace
from tsforecast.models.arima.result import ArimaFit

HORIZON = 30


def fit_of(order, phi=(), theta=(), seasonal_phi=(), seasonal_theta=()):
    """A fit at given parameters, without regressors."""
    lags = [np.array(part, dtype=float) for part in (phi, theta, seasonal_phi, seasonal_theta)]
    return ArimaFit(order, *lags, np.empty(0), (), 1.0, 0.0, 100, True, 1)


def parts_of(fit, n=150, seed=0):
    """A series that moves as a process may, its forecasts far ahead, and parts of the first ones."""
    rng = np.random.default_rng(seed)
    y = 50 + np.cumsum(rng.normal(size=n)) + 5 * np.sin(np.arange(n) * np.pi / 6)
    process = ArimaStateSpace.of(fit)
    far = process.forecast(process.filter(y).state, 3_000).mean
    return y, far, process_parts(fit, far[: n_steps_for_parts(fit, HORIZON)], HORIZON)


def test_memory_of_an_autoregression_is_its_power_times_the_distance_from_the_mean():
    y = 5 + np.random.default_rng(0).normal(size=80)
    model = ARIMA((1, 0, 0)).fit(y)
    phi, mu = model.params_["phi1"].iloc[0], model.params_["mean"].iloc[0]
    parts = model.explain(6).parts
    np.testing.assert_allclose(parts["level"], mu)
    np.testing.assert_allclose(parts["memory"][0], phi ** np.arange(1, 7) * (y[-1] - mu), rtol=1e-9)


def test_a_random_walk_with_drift_is_its_last_value_and_a_line():
    y = np.cumsum(np.random.default_rng(0).normal(0.5, 1, size=60))
    parts = ARIMA((0, 1, 0), trend="drift").fit(y).explain(4).parts
    assert list(parts) == ["level", "trend"]
    np.testing.assert_allclose(parts["level"][0], y[-1], rtol=1e-12)
    np.testing.assert_allclose(parts["trend"][0], np.arange(1, 5) * (y[-1] - y[0]) / 59, rtol=1e-6)


def test_long_run_of_an_integrated_autoregression_is_that_of_beveridge_and_nelson():
    y, _, parts = parts_of(fit_of(Order(1, 1, 0), phi=[0.6]))
    np.testing.assert_allclose(parts["level"], y[-1] + 0.6 / 0.4 * (y[-1] - y[-2]), rtol=1e-9)  # their section 3


def test_airline_model_is_a_line_and_a_season_that_sums_to_zero():
    _, far, parts = parts_of(fit_of(Order(0, 1, 1, 0, 1, 1, 12), theta=[-0.4], seasonal_theta=[-0.6]))
    season = parts["season"]
    np.testing.assert_allclose(season[:12].sum(), 0, atol=1e-9)
    np.testing.assert_allclose(season[12:24], season[:12], atol=1e-9)
    np.testing.assert_allclose(np.diff(parts["trend"]), (far[12] - far[0]) / 12, atol=1e-9)
    assert not parts["memory"].any()


@pytest.mark.parametrize(
    "fit",
    [
        fit_of(Order(1, 1, 1), phi=[0.7], theta=[0.3]),
        fit_of(Order(2, 1, 3), phi=[0.5, -0.3], theta=[0.3, 0.2, -0.4]),
        fit_of(Order(1, 2, 2), phi=[0.4], theta=[-0.5, 0.2]),
        fit_of(Order(0, 0, 3), theta=[0.5, 0.4, 0.3]),
        fit_of(Order(1, 0, 1, 1, 1, 1, 12), phi=[0.8], theta=[0.2], seasonal_phi=[0.3], seasonal_theta=[-0.5]),
        fit_of(Order(1, 1, 0, 1, 0, 2, 4), phi=[0.5], seasonal_phi=[0.7], seasonal_theta=[0.2, 0.1]),
    ],
    ids=lambda fit: str(fit.order),
)
def test_level_and_trend_are_what_forecasts_far_ahead_are_about(fit):
    _, far, parts = parts_of(fit)
    season = fit.order.season_length
    years = far[-season * 100 :].reshape(-1, season).mean(axis=1)  # seasons cancel in a mean over one
    place = np.arange(3_000 - season * 100, 3_000).reshape(-1, season).mean(axis=1) + 1
    degree = max(fit.order.d + fit.order.D - 1, 0)
    expected = np.polyval(np.polyfit(place / 3_000, years, degree), np.arange(1, HORIZON + 1) / 3_000)
    np.testing.assert_allclose(parts["level"] + parts["trend"], expected, atol=1e-4)  # rounding so far ahead
    np.testing.assert_allclose(sum(parts.values()), far[:HORIZON], rtol=1e-9)


def test_each_part_solves_the_equation_of_its_factor():
    fit = fit_of(Order(1, 1, 1, 0, 2, 0, 4), phi=[0.6], theta=[-0.5])
    parts = parts_of(fit)[2]
    line, year = parts["level"] + parts["trend"], np.convolve(np.ones(4), np.ones(4))
    np.testing.assert_allclose(np.diff(line, 3), 0, atol=1e-8)  # rounding of forecasts in the hundreds
    np.testing.assert_allclose(np.convolve(parts["season"], year, mode="valid"), 0, atol=1e-7)
    np.testing.assert_allclose(parts["memory"][1:], 0.6 * parts["memory"][:-1], atol=1e-7)


def test_a_season_that_dies_out_keeps_its_shape():
    fit = fit_of(Order(1, 0, 0, 1, 0, 0, 12), phi=[0.3], seasonal_phi=[0.8])
    season = parts_of(fit)[2]["season"]
    np.testing.assert_allclose(season[12:24], 0.8 * season[:12], atol=1e-9)
    assert abs(season[:12].mean()) < 0.1 * np.abs(season[:12]).max()


def test_a_covariate_gives_its_coefficient_times_its_value():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=206), "noise": rng.normal(size=206)})
    y = 10 + 5 * X["x"].to_numpy()[:200] + 0.1 * rng.normal(size=200)
    parts = ARIMA((0, 0, 0), trend="mean").fit(y, X.iloc[:200]).explain(6, X.iloc[200:]).parts
    np.testing.assert_allclose(parts["x"][0], 5 * X["x"].iloc[200:], atol=0.1)  # four standard errors
    np.testing.assert_allclose(parts["level"], 10, atol=0.05)
    assert np.abs(parts["noise"]).max() < 0.1


def test_parts_after_a_logarithm_add_up_in_the_unit_of_the_series():
    model = SARIMA((0, 1, 1), (0, 1, 1), 12, target_transform="log").fit(load("airline").series)
    told = model.explain(12)
    np.testing.assert_allclose(sum(told.parts.values()), model.forecast(12).mean, rtol=1e-9)
    assert "transform" in told.notes[0] and list(told.parts) == ["level", "trend", "season"]


def test_of_white_noise_the_level_says_nearly_all():
    parts = AutoARIMA().fit(np.random.default_rng(3).normal(20, 1, size=120)).explain(5).parts
    np.testing.assert_allclose(parts["level"], 20, atol=0.4)  # four standard errors
    assert set(parts) <= {"level", "memory"} and np.abs(parts.get("memory", 0)).max() < 0.5  # half an innovation


def test_missing_values_are_no_hindrance():
    y = np.cumsum(np.random.default_rng(0).normal(size=80))
    y[[20, 40, 77]] = np.nan
    model = ARIMA((1, 1, 0)).fit(y)
    np.testing.assert_allclose(sum(model.explain(5).parts.values()), model.forecast(5).mean, rtol=1e-9)


def test_more_lags_than_can_be_solved_for_are_refused():
    with pytest.raises(ParameterError, match=r"1,501 lags; parts .* up to 1,000"):
        n_steps_for_parts(fit_of(Order(0, 1, 0, 0, 1, 0, 1500)), 3)
