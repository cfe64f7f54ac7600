"""Paths and residuals of fitted models: moments of the forecasts, laws of the process, the filter of statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast.exceptions import CovariateError, ParameterError
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.estimate import forecast
from tsforecast.models.arima.forecaster import ARIMA, ARMA, SARIMA
from tsforecast.models.arima.process import ArimaStateSpace


def walk(n_obs=150, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=n_obs))


def seasonal(n_obs=180):
    return np.tile(np.arange(12.0), n_obs // 12) + walk(n_obs, 1)


def with_gaps(y, rows):
    y = y.copy()
    y[rows] = np.nan
    return y


def filtered_by_statsmodels(fit, y, Z):
    """Its Kalman filter with an exact diffuse start, and which of its forecasts come after that start."""
    parts = (fit.phi, fit.theta, fit.seasonal_phi, fit.seasonal_theta)
    order = fit.order
    seasonal = (order.P, order.D, order.Q, order.season_length if order.P + order.D + order.Q else 0)
    model = SARIMAX(
        y, Z if Z.shape[1] else None, order=(order.p, order.d, order.q), seasonal_order=seasonal, use_exact_diffuse=True
    )
    result = model.filter(np.concatenate([fit.beta, *parts, [1.0]]), cov_type="none")
    seen = result.filter_results
    told = np.ones(y.size, dtype=bool)
    if order.n_lost:
        told = seen.forecasts_error_diffuse_cov[0, 0] < 1e-9
        told[: seen.nobs_diffuse] &= ~np.isnan(y[: seen.nobs_diffuse])
    return result, told


CASES = [
    (ARMA((2, 1)), walk()),
    (ARIMA((1, 1, 1)), with_gaps(walk(), [20, 21, 148])),
    (SARIMA((2, 1, 1), (0, 1, 1), season_length=12), with_gaps(seasonal(), [30, 31, 100, 179])),
    (SARIMA((1, 0, 0), (1, 1, 1), season_length=12), with_gaps(seasonal(), [5])),
]


@pytest.mark.parametrize(("model", "y"), CASES)
def test_paths_from_the_end_have_the_moments_of_the_forecast(model, y):
    model.fit(y)
    paths = model.simulate(26, n_paths=20000, random_state=1)[0]
    fit, (values, Z) = model.fits_["y"], model._series("y")
    future = regressors(fit.beta_names, values.size, 26, None)
    mean, variance = forecast(fit, values, Z, 26, future, "numba")  # intervals of predict are wider: see simulate
    spread = paths.std(axis=0)
    np.testing.assert_allclose((paths.mean(axis=0) - mean) / spread, 0, atol=0.035)  # 5 / sqrt(20000)
    np.testing.assert_allclose(np.sqrt(variance) / spread, 1, atol=0.03)


@pytest.mark.parametrize(("model", "y"), CASES)
def test_fitted_values_and_residuals_are_those_of_the_filter_of_statsmodels(model, y):
    model.fit(y)
    fit = model.fits_["y"]
    values, Z = model._series("y")
    theirs, told = filtered_by_statsmodels(fit, values, Z)
    sd = np.sqrt(fit.sigma2)
    fitted = model.fitted_values()
    assert (~np.isnan(fitted) == told).all()  # missing values have one, those that differencing loses have none
    np.testing.assert_allclose(fitted[told], theirs.fittedvalues[told], atol=1e-7 * sd)
    known = told & ~np.isnan(y)
    np.testing.assert_allclose(model.residuals()[known], theirs.resid[known], atol=1e-7 * sd)
    standardised = ArimaStateSpace.of(fit).filter(values - Z @ fit.beta).residuals
    expected = theirs.filter_results.standardized_forecasts_error[0]
    np.testing.assert_allclose(standardised[known], expected[known], atol=1e-7 * sd)
    assert known.sum() == fit.n_obs
    assert np.sum(standardised[known] ** 2) == pytest.approx(fit.n_obs * fit.sigma2, rel=1e-6)


def test_joint_paths_differ_by_what_the_process_says():
    model = ARIMA((0, 1, 0)).fit(walk())
    steps = np.diff(model.simulate(5, n_paths=40000, random_state=2)[0], axis=1)
    np.testing.assert_allclose(np.cov(steps.T) / model.fits_["y"].sigma2, np.eye(4), atol=0.03)


def test_paths_anew_have_the_process_parameters():
    rng = np.random.default_rng(3)
    y = np.zeros(400)
    for t in range(1, 400):
        y[t] = 0.8 * y[t - 1] + rng.normal()
    model = ARMA((1, 0), trend="none").fit(y)
    fit = model.fits_["y"]
    paths = model.simulate(6, n_paths=30000, anchor="start", random_state=4)[0]
    gamma = fit.sigma2 / (1 - fit.phi[0] ** 2) * fit.phi[0] ** np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    np.testing.assert_allclose(np.cov(paths.T), gamma, atol=0.04 * gamma[0, 0])
    again = ARMA((1, 0), trend="none").fit(model.simulate(5000, anchor="start", random_state=5)[0, 0])
    assert again.fits_["y"].phi[0] == pytest.approx(fit.phi[0], abs=0.03)


def test_paths_anew_of_a_differenced_process_begin_with_its_first_values_and_have_its_differences():
    y = seasonal()
    model = SARIMA((0, 1, 1), (0, 1, 1), season_length=12).fit(y)
    fit = model.fits_["y"]
    paths = model.simulate(60, n_paths=4000, anchor="start", random_state=6)[0]
    np.testing.assert_array_equal(paths[:, :13], np.tile(y[:13], (4000, 1)))
    w = np.diff(paths[:, 12:] - paths[:, :-12], axis=1)
    theta, Theta = fit.theta[0], fit.seasonal_theta[0]
    assert w.var() == pytest.approx(fit.sigma2 * (1 + theta**2) * (1 + Theta**2), rel=0.02)
    assert model.simulate(5, anchor="start").shape == (1, 1, 5)


def test_paths_follow_covariates_transform_and_seed():
    rng = np.random.default_rng(7)
    x = rng.normal(size=130)
    y = pd.DataFrame({"a": np.exp(2 + 0.1 * walk(120) + x[:120]), "b": np.exp(1 + 0.1 * walk(120, 9) + x[:120])})
    model = ARIMA((0, 1, 1), target_transform="log").fit(y, x[:120, None])
    paths = model.simulate(10, n_paths=4000, X=x[120:], random_state=8)
    assert paths.shape == (2, 4000, 10)
    assert (paths > 0).all()
    middle = model.predict(10, x[120:], quantiles=0.5)
    expected = np.stack([middle[(name, "q0.5")] for name in ("a", "b")])
    np.testing.assert_allclose(np.median(paths, axis=1), expected, rtol=0.05)
    np.testing.assert_array_equal(paths, model.simulate(10, n_paths=4000, X=x[120:], random_state=8))
    assert model.simulate(120, anchor="start").shape == (2, 1, 120)
    with pytest.raises(CovariateError, match="horizon=121"):
        model.simulate(121, anchor="start")


def test_a_value_that_only_tells_a_missing_one_has_no_residual():
    y = with_gaps(seasonal(), [5])
    model = SARIMA((0, 1, 1), (0, 1, 1), season_length=12).fit(y)
    y, Z = model._series("y")
    fit = model.fits_["y"]
    own = ArimaStateSpace.of(fit).filter(y - Z @ fit.beta).residuals
    assert np.flatnonzero(np.isnan(own)).tolist() == [*range(13), 17]


def test_arguments_of_simulate_are_checked():
    model = ARMA((1, 0)).fit(walk())
    for arguments, word in [({"horizon": 0}, "horizon"), ({"horizon": 2, "n_paths": 1.5}, "n_paths"),
                            ({"horizon": 2, "anchor": "middle"}, "anchor")]:  # fmt: skip
        with pytest.raises(ParameterError, match=word):
            model.simulate(**arguments)


def test_an_error_of_the_mean_moves_all_steps_of_a_path_together():
    """The sum of 12 steps varies by 12 innovations and by 12 times one error of the mean, of variance 1/30 of them.

    Of 20,000 paths with Student's tails a variance has a standard error of 1%.
    """
    y = np.random.default_rng(0).normal(size=30)
    paths = ARIMA((0, 0, 0)).fit(y).sample_paths(20_000, 12, random_state=0)[0]
    wanted = (12 + 12**2 / 30) / (1 + 1 / 30)
    assert paths.sum(axis=1).var() / paths.var(axis=0).mean() == pytest.approx(wanted, rel=0.05)


def test_an_error_of_a_slope_moves_later_steps_more():
    y = np.cumsum(np.random.default_rng(1).normal(1, 1, size=40))
    paths = ARIMA((0, 1, 0), trend="drift").fit(y).sample_paths(20_000, 20, random_state=0)[0]
    h = np.array([10, 20])
    wanted = np.minimum.outer(h, h) + np.outer(h, h) / 39
    found = np.cov(paths[:, h - 1].T)
    np.testing.assert_allclose(found / found[0, 0], wanted / wanted[0, 0], rtol=0.05)
