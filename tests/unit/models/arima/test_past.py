"""Past-only covariates and categories in the ARIMA family."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from tsforecast import ARIMA, SARIMA, AutoARIMA, load_forecaster
from tsforecast.exceptions import CovariateError, ParameterError
from tsforecast.models.arima.past import PastModel, fit_past, past_effects, past_errors, past_variance

N = 150
DAYS = pd.date_range("2024-01-01", periods=N + 1, freq="D")
TEMP = lfilter([1.0], [1.0, -0.8], np.random.default_rng(0).normal(size=N + 1))
Y = pd.Series(10 + 3 * np.r_[0.0, TEMP[:-1]] + np.random.default_rng(1).normal(0, 0.01, N + 1), index=DAYS)
X = pd.DataFrame({"temp": TEMP}, index=DAYS)


def fitted(model, **changes):
    return model.fit(Y[:N], X[:N].assign(**changes), past_covariates=["temp"])


@pytest.mark.parametrize("model", [ARIMA((0, 0, 0)), ARIMA((1, 0, 0)), SARIMA((0, 0, 0)), AutoARIMA()])
def test_the_next_step_of_a_series_that_follows_a_covariate_by_one_is_nearly_exact(model):
    assert fitted(model).predict(1).iloc[0] == pytest.approx(Y.iloc[N], abs=0.05)


def test_later_steps_expect_the_covariate_to_return_to_its_mean_and_count_its_errors():
    model = fitted(ARIMA((0, 0, 0)))
    own = model.past_models_["y"][0]
    ahead = own.ahead(TEMP[:N], 29)
    forecast = model.forecast(30, level=80)
    beta = model.params_["temp_lag1"].iloc[0]
    np.testing.assert_allclose(forecast.mean[0, 1:] - forecast.mean[0, 0], beta * (ahead - TEMP[N - 1]), atol=1e-9)
    lower, upper = forecast.interval(80)
    spread = (upper - lower)[0] / (2 * 1.2816)
    assert spread[0] == pytest.approx(0.01, abs=0.003)
    expected = beta * np.sqrt(own.sigma2 * np.cumsum(np.r_[0, own.effects(np.array([1.0]), 29)] ** 2))
    np.testing.assert_allclose(spread[1:], expected[1:], rtol=0.03)  # Student's quantiles, uncertain parameters
    paths = model.sample_paths(4000, 30, random_state=0)[0]
    np.testing.assert_allclose(paths.std(axis=0)[1:], expected[1:], rtol=0.08)  # of 4,000 draws


def test_effects_of_errors_are_those_of_the_moving_average_written_out():
    one = PastModel(0.0, np.array([0.5, 0.2]), 4.0)
    effects = past_effects({"a_lag1": 2.0, "a_lag3": -1.0}, ["a"], [one], (1, 3), 6)
    psi = [1.0, 0.5]
    for _ in range(4):
        psi.append(0.5 * psi[-1] + 0.2 * psi[-2])
    by_hand = [2 * ((psi[h - 1] if h >= 1 else 0) * 2 - (psi[h - 3] if h >= 3 else 0)) for h in range(6)]
    np.testing.assert_allclose(effects[0], by_hand)
    drawn = past_errors(effects, 20_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.var(axis=0), past_variance(effects), rtol=0.05, atol=1e-12)  # of 20,000 draws


def test_an_autoregression_of_a_constant_or_a_short_covariate_is_its_mean():
    assert fit_past(np.full(50, 3.0), 1).ahead(np.full(50, 3.0), 2).tolist() == [3.0, 3.0]
    assert fit_past(np.array([1.0, 2.0]), 7).ahead(np.array([1.0, 2.0]), 1).tolist() == [1.5]


def test_a_lag_as_long_as_the_horizon_needs_no_forecast_of_the_covariate():
    late = pd.Series(10 + 3 * np.r_[np.zeros(7), TEMP[:-7]], index=DAYS)
    model = ARIMA((0, 0, 0), past_lags=7).fit(late[: N - 7], X[: N - 7], past_covariates=["temp"])
    np.testing.assert_allclose(model.predict(7), late[N - 7 : N], atol=1e-6)


def test_a_history_brings_values_of_the_covariate_and_no_later_ones_are_used():
    model = fitted(ARIMA((1, 0, 0)))
    poisoned = X.copy()
    poisoned.iloc[N:] = 1e6
    expected = model.predict(1)
    np.testing.assert_allclose(model.predict(1, poisoned, history=Y[:N]), expected, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(1, poisoned), expected)
    moved = model.predict(1, X, history=Y)
    assert moved.iloc[0] == pytest.approx(10 + 3 * TEMP[N], abs=0.05)
    with pytest.raises(CovariateError, match=r"history has the covariates \[\]; the model was fitted with \['temp'\]"):
        model.predict(1, history=Y)


def test_a_saved_model_gives_the_same_forecasts(tmp_path):
    model = fitted(ARIMA((1, 0, 0)), kind=np.array(["a", "b", "c"])[np.arange(N) % 3])
    after = pd.DataFrame({"kind": ["b", "c"]}, index=pd.date_range(DAYS[N], periods=2, freq="D"))
    model.save(tmp_path / "model.tsf")
    again = load_forecaster(tmp_path / "model.tsf")
    pd.testing.assert_series_equal(again.predict(2, after), model.predict(2, after), check_exact=True)


def test_the_most_frequent_level_of_each_series_has_no_coefficient():
    rng = np.random.default_rng(2)
    kinds = {"a": rng.choice(["x", "y"], N, p=[0.3, 0.7]), "b": rng.choice(["x", "z"], N, p=[0.8, 0.2])}
    effect = {"x": 0.0, "y": 5.0, "z": -7.0}
    parts = [
        pd.DataFrame(
            {"unique_id": n, "ds": DAYS[:N], "kind": k, "y": [effect[one] for one in k] + rng.normal(0, 0.1, N)}
        )
        for n, k in kinds.items()
    ]
    table = pd.concat(parts)
    model = ARIMA((0, 0, 0)).fit(table[["unique_id", "ds", "y"]], table[["unique_id", "ds", "kind"]])
    assert set(model.fits_["a"].coefficients) == {"mean", "kind=x"}
    assert model.fits_["a"].coefficients["kind=x"] == pytest.approx(-5, abs=0.1)
    assert set(model.fits_["b"].coefficients) == {"mean", "kind=z"}
    assert model.fits_["b"].coefficients["kind=z"] == pytest.approx(-7, abs=0.1)
    after = pd.DataFrame({"ds": [DAYS[N]], "kind": ["x"]})
    np.testing.assert_allclose(model.predict(1, after)["mean"], [0, 0], atol=0.1)


@pytest.mark.parametrize("lags", [0, -1, 1.5, "1", (), [1, None], True])
def test_lags_that_are_none_are_refused(lags):
    with pytest.raises(ParameterError, match="past_lags="):
        fitted(ARIMA((0, 0, 0), past_lags=lags))
