"""Regressors of scikit-learn as forecasters: against least squares written out, and in a backtest."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsforecast import Panel, RollingOrigin, SklearnForecaster
from tsforecast.adapters.lag_table import lag_table
from tsforecast.adapters.quantile_regression import at_levels, quantile_parameter
from tsforecast.backtest import backtest
from tsforecast.cli.models import parse_models
from tsforecast.exceptions import FitError, ParameterError, SeriesTooShortError, UnknownNameError


def autoregression(n_obs=120, phi=(0.6, -0.3), seed=0, level=20.0):
    e = np.random.default_rng(seed).normal(size=n_obs)
    y = np.zeros(n_obs)
    for t in range(2, n_obs):
        y[t] = phi[0] * y[t - 1] + phi[1] * y[t - 2] + e[t]
    return y + level


def least_squares(y, n_lags, step):
    """Intercept and coefficients, the latest lag first, of the value ``step`` ahead."""
    rows = [[1.0, *y[t - n_lags + 1 : t + 1][::-1]] for t in range(n_lags - 1, len(y) - step)]
    return np.linalg.lstsq(np.array(rows), y[n_lags - 1 + step :], rcond=None)[0]


def test_recursive_least_squares_are_those_written_out():
    y = autoregression()
    beta, path = least_squares(y, 3, 1), list(y)
    for _ in range(5):
        path.append(beta @ [1.0, *path[-3:][::-1]])
    model = SklearnForecaster(LinearRegression(), lags=3, calendar=False).fit(y)
    np.testing.assert_allclose(model.predict(5), path[-5:], rtol=1e-9)


def test_each_direct_step_has_least_squares_of_its_own_and_later_steps_go_on_from_them():
    y = autoregression()
    betas = [least_squares(y, 2, step) for step in (1, 2, 3)]
    first = [beta @ [1.0, y[-1], y[-2]] for beta in betas]
    then = [beta @ [1.0, first[-1], first[-2]] for beta in betas[:2]]
    model = SklearnForecaster(LinearRegression(), lags=2, n_direct=3, calendar=False).fit(y)
    np.testing.assert_allclose(model.predict(5), [*first, *then], rtol=1e-9)
    assert len(model.regressors_) == 3


def test_lags_may_be_named_one_by_one():
    y = np.tile([3.0, 9.0, 1.0, 4.0, 7.0], 8) + np.arange(40) * 0.0
    model = SklearnForecaster(LinearRegression(), lags=[5], calendar=False).fit(y)
    np.testing.assert_allclose(model.predict(7), [3, 9, 1, 4, 7, 3, 9], atol=1e-9)
    assert model.regressors_[0][0].n_features_in_ == 1


def test_features_are_those_of_their_definition():
    panel = Panel.from_wide(pd.DataFrame({"a": [1.0, 2.0, 4.0, 8.0], "b": [5.0, 5.0, 6.0, 9.0]}))
    panel = panel.with_covariates(np.arange(8.0)[:, None], ["x"])
    panel = panel.with_static(pd.DataFrame({"unique_id": ["a", "b"], "kind": ["u", "v"]}))
    table = lag_table(panel, np.array([1, 2]), 1, calendar=False)
    X, target = table.training(panel, 1)
    a, x = panel.series(0), panel.covariates[:, 0]
    mean, sd = a.mean(), a.std()
    wanted = [[(a[t] - mean) / sd, (a[t - 1] - a[t]) / sd, (x[t + 1] - x.mean()) / x.std(), 1.0, 0.0] for t in (1, 2)]
    np.testing.assert_allclose(X[:2], wanted)
    np.testing.assert_allclose(target[:2], [(a[2] - a[1]) / sd, (a[3] - a[2]) / sd])
    assert X.shape == (4, 5)


def test_series_of_any_scale_are_forecast_alike():
    y = autoregression()
    both = pd.DataFrame({"small": y, "large": 1e6 * y - 3e6})
    out = SklearnForecaster(Ridge(), lags=4).fit(both).predict(3)
    np.testing.assert_allclose(out["large"], 1e6 * out["small"] - 3e6, rtol=1e-9)


def test_static_columns_tell_series_apart():
    times = pd.date_range("2020-01-01", periods=60, freq="D")
    t = np.arange(60)
    frame = pd.DataFrame({"up": t * 1.0, "down": -t * 1.0}, index=times)
    noise = np.random.default_rng(0).normal(scale=3, size=frame.shape)
    panel = Panel.from_wide(frame + noise)
    static = pd.DataFrame({"unique_id": ["up", "down"], "kind": ["u", "d"]})
    model = SklearnForecaster(LinearRegression(), lags=1, calendar=False).fit(panel.with_static(static))
    forecast = model.predict(3)
    assert model.regressors_[0][0].n_features_in_ == 1 + 2
    assert forecast.mean[0, 2] > 55 and forecast.mean[1, 2] < -55


def test_covariates_of_the_target_are_used():
    x = np.random.default_rng(1).normal(size=130)
    y = 10 + 4 * x
    model = SklearnForecaster(LinearRegression(), lags=2).fit(y[:120], x[:120, None])
    np.testing.assert_allclose(model.predict(10, x[120:, None]), y[120:], rtol=1e-6)


@pytest.mark.parametrize("freq", ["MS", "h", "D"])
def test_the_calendar_is_a_feature(freq):
    times = pd.date_range("2020-01-01", periods=400, freq=freq)
    season = {"MS": times.month, "h": times.hour, "D": times.day_of_week}[freq].to_numpy()
    y = pd.Series(10 + 5 * np.sin(2 * np.pi * season / season.max()), index=times)
    noise = np.random.default_rng(0).normal(scale=0.1, size=400)
    model = SklearnForecaster(RandomForestRegressor(20, random_state=0), lags=[1])
    out = model.fit((y + noise).iloc[:370]).predict(12)
    assert np.abs(out - y.iloc[370:382]).mean() < 1
    blind = model.set_params(calendar=False).fit((y + noise).iloc[:370]).predict(12)
    assert np.abs(out - y.iloc[370:382]).mean() < np.abs(blind - y.iloc[370:382]).mean()


def test_a_history_is_forecast_by_the_regressor_that_was_fitted():
    y = autoregression()
    model = SklearnForecaster(LinearRegression(), lags=2, calendar=False).fit(y)
    before = model.regressors_[0][0].coef_.copy()
    other = autoregression(60, seed=5)
    beta = least_squares(y, 2, 1)
    scale = y.std() / other.std()  # a history is brought to its own level and scale
    want = (beta @ [1.0, *((other[-2:][::-1] - other.mean()) * scale + y.mean())] - y.mean()) / scale + other.mean()
    np.testing.assert_allclose(model.predict(1, history=other), [want], rtol=1e-9)
    np.testing.assert_array_equal(model.regressors_[0][0].coef_, before)


def test_missing_values_are_filled_from_before_and_are_no_targets():
    y = autoregression()
    y[[10, 11, 50]] = np.nan
    model = SklearnForecaster(LinearRegression(), lags=2).fit(y)
    assert np.isfinite(model.predict(3)).all()
    X, _ = model.table_.training(model.panel_, 1)
    assert len(X) == 118 - 3
    ends = y.copy()
    ends[-1] = np.nan
    filled = np.append(y[:-1], y[-2])
    fitted = SklearnForecaster(LinearRegression(), lags=2, calendar=False).fit(y)
    assert fitted.predict(1, history=ends) == pytest.approx(fitted.predict(1, history=filled), rel=0.05)


QUANTILE = {
    "linear": QuantileRegressor(alpha=0, solver="highs"),
    "boosted": GradientBoostingRegressor(loss="quantile", n_estimators=12, random_state=0),
    "histograms": HistGradientBoostingRegressor(loss="quantile", quantile=0.5, max_iter=12, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), QuantileRegressor(alpha=0, solver="highs")),
}


@pytest.mark.parametrize("name", QUANTILE)
def test_a_regressor_of_quantiles_gives_intervals_that_hold_their_share(name):
    rng = np.random.default_rng(0)
    y = pd.Series(rng.normal(50, 3, size=400))
    model = SklearnForecaster(QUANTILE[name], lags=1, n_direct=2, calendar=False).fit(y)
    assert model.gives_intervals
    out = model.predict(2, level=[80, 95], quantiles=[0.5])
    low, high = out["lo-80"].iloc[0], out["hi-80"].iloc[0]
    inside = ((y > low) & (y < high)).mean()
    assert 0.7 < inside < 0.9  # of 0.8; boosting fits a little of the noise
    assert (out["q0.5"] == out["mean"]).all()
    assert len(model.regressors_[0]) == 5


def test_intervals_past_the_direct_steps_are_those_of_drawn_paths():
    """Of a random walk of sd 1 the 80% interval after 9 steps has the half width 1.2816 * 3."""
    y = pd.Series(np.cumsum(np.random.default_rng(3).normal(size=600)))
    model = SklearnForecaster(QuantileRegressor(alpha=0, solver="highs"), lags=1, calendar=False).fit(y)
    out = model.predict(9, level=80)
    width = out["hi-80"] - out["lo-80"]
    assert width.iloc[0] == pytest.approx(2 * 1.2816, rel=0.15)
    assert width.iloc[8] == pytest.approx(2 * 1.2816 * 3, rel=0.25)
    paths = model.sample_paths(400, 9, random_state=0)
    assert paths[0, :, 8].std() == pytest.approx(3, rel=0.25)


def test_paths_do_not_depend_on_how_many_series_are_drawn_at_once(monkeypatch):
    both = pd.DataFrame({"a": autoregression(60), "b": autoregression(60, seed=4)})
    model = SklearnForecaster(QuantileRegressor(alpha=0, solver="highs"), lags=1).fit(both)
    at_once = model.sample_paths(20, 4, random_state=0)
    monkeypatch.setattr("tsforecast.adapters.sklearn._MOST_ROWS", 20)
    np.testing.assert_allclose(model.sample_paths(20, 4, random_state=0), at_once, rtol=1e-12)


def test_levels_between_and_beyond_those_fitted_lie_on_the_normal_line():
    from scipy.stats import norm

    known = np.array([0.1, 0.5, 0.9])
    wanted = np.array([0.01, 0.3, 0.5, 0.975])
    out = at_levels(5 + 2 * norm.ppf(known)[None], known, wanted)
    np.testing.assert_allclose(out, 5 + 2 * norm.ppf(wanted)[None])


@pytest.mark.parametrize(
    ("regressor", "name"),
    [
        (Ridge(), None),
        (RandomForestRegressor(), None),
        (GradientBoostingRegressor(), None),
        (HistGradientBoostingRegressor(loss="gamma"), None),
        (QuantileRegressor(), "quantile"),
        (GradientBoostingRegressor(loss="quantile"), "alpha"),
        (HistGradientBoostingRegressor(loss="quantile", quantile=0.3), "quantile"),
        (
            make_pipeline(StandardScaler(), GradientBoostingRegressor(loss="quantile")),
            "gradientboostingregressor__alpha",
        ),
    ],
)
def test_the_parameter_of_the_quantile_is_found(regressor, name):
    assert quantile_parameter(regressor.get_params()) == name


def test_a_regressor_of_means_gives_no_intervals_and_says_what_does():
    model = SklearnForecaster(Ridge()).fit(autoregression())
    assert not model.gives_intervals
    with pytest.raises(ParameterError, match=r"no intervals.*Conformal"):
        model.predict(2, level=80)
    paths = model.sample_paths(4000, 2, random_state=0)  # by errors of a copy
    np.testing.assert_allclose(paths.mean(axis=1), model.forecast(2).mean, atol=0.1)


def test_seeds_of_a_backtest_are_the_regressors_random_state():
    y = pd.DataFrame({"a": autoregression(60), "b": autoregression(60, seed=4)})
    models = {
        "forest": SklearnForecaster(RandomForestRegressor(5), lags=3),
        "ols": SklearnForecaster(LinearRegression()),
    }
    one, two = (backtest(models, y, cv=RollingOrigin(2, 2), seeds=2, metrics=["mae"], audit=True) for _ in range(2))
    pd.testing.assert_frame_equal(one.forecasts, two.forecasts)
    forest = one.forecasts[one.forecasts["model"] == "forest"]
    assert sorted(set(forest["seed"])) == [0, 1]
    assert (forest[forest["seed"] == 0]["mean"].to_numpy() != forest[forest["seed"] == 1]["mean"].to_numpy()).any()
    assert set(one.forecasts.loc[one.forecasts["model"] == "ols", "seed"]) == {0}


def test_the_regressor_that_is_given_stays_unfitted():
    regressor = KNeighborsRegressor()
    SklearnForecaster(regressor, lags=2).fit(autoregression())
    assert not hasattr(regressor, "n_features_in_")


def test_forecasts_that_feed_on_themselves_stay_within_reach():
    y = np.r_[np.zeros(30), 2.0 ** np.arange(10)]
    out = SklearnForecaster(LinearRegression(), lags=2, calendar=False).fit(y).predict(20)
    assert out.max() <= 512 + 2 * 512


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"regressor": Ridge}, r"write Ridge\(\)"),
        ({"regressor": "ridge"}, "no model of sklearn"),
        ({"regressor": LogisticRegression()}, "no regressor"),
        ({"regressor": StandardScaler()}, "no regressor"),
        ({"lags": 0}, "lags=0"),
        ({"lags": []}, "lags is empty"),
        ({"lags": [1, 2.5]}, "lags=2.5"),
        ({"n_direct": 0}, "n_direct=0"),
        ({"season_length": -1}, "season_length=-1"),
        ({"regressor": QuantileRegressor(), "quantiles": ()}, "quantiles"),
        ({"regressor": QuantileRegressor(), "quantiles": (0.1, 1.0)}, "quantiles"),
    ],
)
def test_arguments_are_checked_when_fitted(given, match):
    with pytest.raises(ParameterError, match=match):
        SklearnForecaster(**({"regressor": Ridge()} | given)).fit(autoregression())


def test_what_scikit_learn_refuses_is_an_error_that_names_it():
    with pytest.raises(FitError, match=r"Ridge of scikit-learn .* failed to be fitted: InvalidParameterError"):
        SklearnForecaster(Ridge(alpha=-1)).fit(autoregression())


def test_a_series_that_is_too_short_is_named():
    with pytest.raises(SeriesTooShortError, match=r"'short'.*4"):
        long = autoregression(30)
        short = np.r_[np.full(26, np.nan), long[:4]]
        SklearnForecaster(Ridge(), lags=4, n_direct=2).fit(pd.DataFrame({"long": long, "short": short}))


def test_it_is_named_on_the_command_line_with_the_regressor_inside():
    text = "SklearnForecaster(regressor=Ridge(alpha=0.5), lags=12)"
    model = parse_models([text])[text]
    assert repr(model.regressor) == "Ridge(alpha=0.5)" and model.lags == 12
    piped = parse_models(["SklearnForecaster(regressor=Pipeline(steps=[('a', StandardScaler()), ('b', Ridge())]))"])
    assert np.isfinite(next(iter(piped.values())).fit(autoregression()).predict(2)).all()
    with pytest.raises(UnknownNameError, match="Ridge"):
        parse_models(["SklearnForecaster(regressor=Rige())"])
    with pytest.raises(ParameterError, match="alpha"):
        parse_models(["SklearnForecaster(regressor=Ridge(alph=2))"])
