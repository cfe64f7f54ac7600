"""The estimator faces: equal to statsmodels, conditioned on history, failing at the door."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.tsa.statespace.sarimax import SARIMAX

from tsforecast.exceptions import CovariateError, DataError, ParameterError, SeriesTooShortError, UnknownNameError
from tsforecast.models.arima.estimate import forecast
from tsforecast.models.arima.forecaster import ARIMA, ARMA, SARIMA
from tsforecast.models.arima.panel_fit import ConvergenceWarning
from tsforecast.panel import Panel


def months(values, name="a", start="1949-01-01"):
    return pd.Series(values, index=pd.date_range(start, periods=len(values), freq="MS"), name=name)


@pytest.fixture(scope="module")
def logged(airline):
    return months(np.log(airline))


@pytest.fixture(scope="module")
def fitted(logged):
    return SARIMA(engine="statsmodels").fit(logged)


def arma_series(n_obs=150, seed=0):
    e = np.random.default_rng(seed).normal(size=n_obs + 50)
    y = np.zeros(e.size)
    for t in range(1, e.size):
        y[t] = 0.7 * y[t - 1] + e[t] + 0.3 * e[t - 1]
    return y[50:] + 5


def test_airline_fit_equals_a_direct_statsmodels_fit(fitted, logged):
    direct = SARIMAX(logged.to_numpy(), order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), simple_differencing=True).fit(
        disp=0
    )
    fit = fitted.fits_["a"]
    own = [fit.theta[0], fit.seasonal_theta[0], fit.sigma2]
    # The same optimiser with the same tolerances, from another scale: it stops a hundredth of a standard error apart.
    np.testing.assert_allclose(own, direct.params, rtol=1e-3)
    assert fit.loglik > direct.llf - 1e-6
    assert (fit.loglik, fit.aic) == pytest.approx((direct.llf, direct.aic), abs=1e-4)
    assert fit.bic == pytest.approx(direct.bic, abs=1e-4)
    assert fit.aicc == pytest.approx(direct.aicc, abs=1e-4)


def test_airline_forecast_equals_that_of_statsmodels(fitted, logged):
    fit = fitted.fits_["a"]
    direct = SARIMAX(logged.to_numpy(), order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), use_exact_diffuse=True)
    ahead = direct.smooth([fit.theta[0], fit.seasonal_theta[0], fit.sigma2]).get_forecast(24)
    out = fitted.predict(24, level=80)
    np.testing.assert_allclose(out["mean"], ahead.predicted_mean, rtol=1e-8)
    _, variance = forecast(fit, logged.to_numpy(), np.empty((144, 0)), 24, np.empty((24, 0)), "statsmodels")
    np.testing.assert_allclose(variance, ahead.var_pred_mean, rtol=1e-8)
    ratio = (out["hi-80"] - out["lo-80"]) / np.diff(ahead.conf_int(alpha=0.2), axis=1)[:, 0]
    assert ratio.between(1.0, 1.03).all()  # Student's t, and 129 degrees of freedom of 131 values


def test_arma_fit_has_the_likelihood_of_statsmodels_with_an_intercept():
    y = arma_series()
    direct = SARIMAX(y, order=(1, 0, 1), trend="c").fit(disp=0)
    fit = ARMA((1, 1), engine="statsmodels").fit(y).fits_["y"]
    assert fit.loglik == pytest.approx(direct.llf, abs=1e-3)  # two parametrisations, one optimum
    assert fit.beta[0] == pytest.approx(direct.params[0] / (1 - direct.params[1]), rel=1e-2)


def test_history_is_filtered_at_the_fitted_parameters(logged):
    train = logged.iloc[:108]
    model = SARIMA(engine="statsmodels").fit(train)
    direct = SARIMAX(train, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), use_exact_diffuse=True)
    fit = model.fits_["a"]
    result = direct.smooth([fit.theta[0], fit.seasonal_theta[0], fit.sigma2])
    appended = result.append(logged.iloc[108:132], refit=False).forecast(12)
    np.testing.assert_allclose(model.predict(12, history=logged.iloc[:132]), appended, rtol=1e-9)
    other = logged.iloc[:132] * 1.1 + 0.3
    applied = result.apply(other, refit=False).forecast(12)
    np.testing.assert_allclose(model.predict(12, history=other), applied, rtol=1e-9)


def test_airline_is_forecast_better_than_the_seasonal_naive_method(airline):
    y = months(airline)
    scores = []
    for cutoff in (96, 108, 120, 132):
        train, test = y.iloc[:cutoff], y.iloc[cutoff : cutoff + 12]
        scores.append(-SARIMA(target_transform="log", engine="statsmodels").fit(train).score(test))
    assert 0.3 < np.mean(scores) < 0.8  # seasonal naive: about 1.0 to 1.5


def test_series_of_a_panel_are_fitted_apart():
    wide = pd.DataFrame({"a": months(arma_series(144, seed=1) * 100), "b": months(arma_series(144))})
    together = ARMA((1, 1), engine="statsmodels").fit(wide)
    alone = ARMA((1, 1), engine="statsmodels").fit(wide[["b"]])
    assert together.params_.index.tolist() == ["a", "b"]
    pd.testing.assert_series_equal(together.params_.loc["b"], alone.params_.loc["b"])


def test_covariates_are_a_regression_with_arima_errors():
    rng = np.random.default_rng(2)
    x = rng.normal(size=160)
    y = arma_series(150) + 3 * x[:150]
    model = ARMA((1, 1), engine="statsmodels").fit(y, x[:150])
    assert model.fits_["y"].beta_names == ("mean", "x0")
    assert model.fits_["y"].beta[1] == pytest.approx(3, abs=0.3)
    without = model.predict(10, np.zeros(10))
    np.testing.assert_allclose(model.predict(10, x[150:]) - without, model.fits_["y"].beta[1] * x[150:], rtol=1e-9)


def test_drift_goes_on_along_its_line_from_any_history():
    y = months(arma_series(120) + 0.5 * np.arange(120))
    model = ARIMA((0, 0, 0), trend="drift", engine="statsmodels").fit(y)
    level, slope = model.fits_["a"].beta
    assert slope == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(model.predict(2), level + slope * np.array([121, 122]), rtol=1e-9)
    np.testing.assert_allclose(
        model.predict(2, history=y.iloc[50:110]), level + slope * np.array([111, 112]), rtol=1e-9
    )


def test_missing_values_are_filtered_over():
    y = arma_series()
    y[[5, 80, 81]] = np.nan
    model = ARMA((1, 1), engine="statsmodels").fit(y)
    assert model.fits_["y"].n_obs == 147
    direct = SARIMAX(y, np.ones(150), order=(1, 0, 1)).fit(disp=0)
    assert model.fits_["y"].loglik == pytest.approx(direct.llf, abs=1e-6)


def test_logarithm_gives_the_mean_of_a_lognormal_and_maps_quantiles(airline, logged):
    plain = SARIMA(engine="statsmodels").fit(logged).predict(6, level=80, quantiles=0.5)
    out = SARIMA(target_transform="log", engine="statsmodels").fit(months(airline)).predict(6, level=80, quantiles=0.5)
    np.testing.assert_allclose(out[["lo-80", "hi-80", "q0.5"]], np.exp(plain[["lo-80", "hi-80", "q0.5"]]), rtol=1e-9)
    fit = SARIMA(engine="statsmodels").fit(logged).fits_["a"]  # the mean is that at known parameters
    _, variance = forecast(fit, logged.to_numpy(), np.empty((144, 0)), 6, np.empty((6, 0)), "statsmodels")
    sd = np.sqrt(variance)
    np.testing.assert_allclose(out["mean"], np.exp(plain["mean"] + sd**2 / 2), rtol=1e-9)


def test_no_convergence_is_a_warning_and_a_field():
    y = np.cumsum(np.cumsum(np.random.default_rng(0).normal(size=60)))
    with pytest.warns(ConvergenceWarning, match=r"1 of 1 series \('y'\)"):
        model = ARIMA((3, 1, 3), engine="statsmodels").fit(y)
    assert not model.fits_["y"].converged
    assert not model.params_.loc["y", "converged"]


def test_fit_of_statsmodels_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = ARMA((2, 2), engine="statsmodels").fit(arma_series(60, seed=3))
    assert model.fits_["y"].converged


def test_short_series_is_named_at_the_door():
    y = pd.DataFrame({"long": np.arange(40.0) % 7, "tiny": [1.0, 3.0, 2.0] + [np.nan] * 37})
    with pytest.raises(SeriesTooShortError, match="'tiny' has 3 observations; ARIMA needs at least 5"):
        ARIMA(engine="statsmodels").fit(y)


def test_history_shorter_than_the_differences_is_named(fitted, logged):
    with pytest.raises(SeriesTooShortError, match="'a' has 13"):
        fitted.predict(1, history=logged.iloc[:13])


def test_series_that_was_not_fitted_is_named(fitted, logged):
    with pytest.raises(UnknownNameError, match="'b'"):
        fitted.predict(1, history=logged.rename("b"))


def test_arguments_are_checked_by_fit(logged):
    for model, word in [
        (ARIMA((1, 1)), "order"),
        (ARMA((1, 0, 1)), "order"),
        (SARIMA(season_length=1), "season_length"),
        (ARIMA(trend="mean"), "trend"),
        (ARIMA((0, 2, 1), trend="drift"), "trend"),
        (ARIMA(trend="linear"), "trend"),
        (ARIMA(engine="gretl"), "engine"),
        (ARIMA(target_transform="sqrt"), "target_transform"),
    ]:
        with pytest.raises(ParameterError, match=word):
            model.fit(logged)
    with pytest.raises(DataError, match="'a'"):
        ARIMA(target_transform="log").fit(logged - 6)


def test_frequency_without_a_season_leaves_the_seasonal_part_out():
    y = np.cumsum(arma_series())
    seasonal = SARIMA(engine="statsmodels").fit(y)
    np.testing.assert_array_equal(seasonal.predict(3), ARIMA((0, 1, 1), engine="statsmodels").fit(y).predict(3))


def test_clone_and_pickle_keep_what_they_should(fitted):
    assert clone(SARIMA(season_length=4)).get_params()["season_length"] == 4
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.params_, fitted.params_)


def test_summary_holds_every_estimate_and_its_standard_error(fitted):
    text = fitted.summary()
    assert "(0,1,1)(0,1,1)[12]" in text
    fit = fitted.fits_["a"]
    for name in ("theta1", "seasonal_theta1"):
        line = next(line for line in text.splitlines() if line.startswith(name))
        value, error, z, p, low, high = map(float, line.split()[1:])
        assert value == pytest.approx(fit.coefficients[name], rel=1e-3)
        assert z == pytest.approx(value / error, abs=2e-3)
        assert p == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-4)
        assert (low, high) == pytest.approx((value - 1.96 * error, value + 1.96 * error), abs=1e-3)
    assert np.sqrt(fitted.covariance("a")[0, 0]) == pytest.approx(0.0896, abs=5e-4)  # R's arima
    assert np.sqrt(fitted.covariance("a")[1, 1]) == pytest.approx(0.0731, abs=5e-4)


def test_panel_in_forecast_out_keeps_the_order_of_its_series():
    panel = Panel.from_array(np.column_stack([arma_series(seed=1), 100 + arma_series(seed=2)]))
    model = ARMA((1, 0), engine="statsmodels").fit(panel)
    swapped = model.predict(3, history=panel.take([1, 0]))
    np.testing.assert_allclose(swapped.mean, model.predict(3).mean[::-1], rtol=1e-12)


def test_residuals_and_their_test_are_those_of_statsmodels(logged):
    model = SARIMA().fit(logged)
    fit = model.fits_["a"]
    direct = SARIMAX(logged.to_numpy(), order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), simple_differencing=True)
    result = direct.smooth([fit.theta[0], fit.seasonal_theta[0], fit.sigma2])
    own = model.residuals()
    assert own.index.equals(logged.index) and own[:13].isna().all()
    np.testing.assert_allclose(own[13:], result.resid, rtol=1e-6, atol=1e-9)
    standardised = result.filter_results.standardized_forecasts_error[0]
    table = acorr_ljungbox(standardised, lags=[24], model_df=2)
    assert model.ljung_box("a", 24) == pytest.approx((table["lb_stat"].iloc[0], table["lb_pvalue"].iloc[0]), rel=1e-9)
    with pytest.raises(ParameterError, match="n_lags=2"):
        model.ljung_box("a", 2)


def test_roots_are_those_of_the_products(logged):
    fit = SARIMA().fit(logged).fits_["a"]
    ar, ma = fit.roots()
    assert (ar.size, ma.size) == (0, 13)
    assert np.abs(ma).min() == pytest.approx(min(-1 / fit.theta[0], (-1 / fit.seasonal_theta[0]) ** (1 / 12)))


def test_score_past_a_gap_needs_no_covariates_of_the_gap():
    index = pd.date_range("2000-01-01", periods=120, freq="MS")
    x = pd.Series(np.random.default_rng(1).normal(size=120), index=index, name="price")
    y = pd.Series(arma_series(120) + 2 * x.to_numpy(), index=index, name="y")
    model = ARIMA((1, 0, 0)).fit(y.iloc[:100], x.iloc[:100])
    whole = model.score(y.iloc[106:112], x.iloc[100:112])
    assert model.score(y.iloc[106:112], x.iloc[106:112]) == whole
    assert model.score(y.iloc[106:112], x.iloc[106:112].to_frame()) == whole
    with pytest.raises(CovariateError):
        model.score(y.iloc[106:112], x.iloc[106:110])
