"""What ``nonnegative`` and ``bounds`` promise, for every forecaster: nothing outside, the mean of what is inside."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone

from tsforecast import (
    ARIMA,
    LSTM,
    Conformal,
    Drift,
    Ensemble,
    HistoricAverage,
    LinearAR,
    Naive,
    Panel,
    RollingOrigin,
    SeasonalNaive,
    TrueModel,
    Tuned,
)
from tsforecast.backtest import backtest
from tsforecast.exceptions import DataError, ParameterError

sys.path.insert(0, str(Path(__file__).parent))
from forecasters import MODELS, WRAPPERS, forecaster

sys.path.pop(0)

LOW, HIGH, HORIZON = 10.0, 22.0, 8
CHANGES = {"SklearnForecaster": {"n_direct": HORIZON}, "Conformal": {"calibration_size": 30}}
LEVELS = [0.025, 0.1, 0.3, 0.5, 0.7, 0.9, 0.975]


def touching(n_obs=72, seed=0):
    """A series with values on both bounds."""
    rng = np.random.default_rng(seed)
    values = 15 + 4 * np.sin(np.arange(n_obs) * np.pi / 6) + 3 * rng.normal(size=n_obs)
    index = pd.date_range("2015-01-01", periods=n_obs, freq="MS")
    return pd.Series(np.clip(values, LOW, HIGH), index=index, name="a")


def wide():
    return pd.DataFrame({"a": touching(), "b": touching(seed=1)})


def panel():
    return Panel.from_wide(wide())


def make(name, **bounds):
    return forecaster(name, **CHANGES.get(name, {}), **bounds)


@pytest.fixture(scope="module", params=[*MODELS, *WRAPPERS])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def free(name):
    return make(name).fit(panel())


@pytest.fixture(scope="module")
def bounded(name):
    return make(name, bounds=(LOW, HIGH)).fit(panel())


def test_the_series_touch_both_bounds():
    assert (touching() == LOW).sum() > 2 and (touching() == HIGH).sum() > 0


def test_means_and_quantiles_lie_within_the_bounds_in_order(bounded):
    forecast = bounded.predict(HORIZON, quantiles=LEVELS)
    assert ((forecast.mean >= LOW) & (forecast.mean <= HIGH)).all()
    assert ((forecast.quantiles >= LOW) & (forecast.quantiles <= HIGH)).all()
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()


def test_intervals_are_those_without_bounds_cut_at_the_bounds(free, bounded):
    """So a value within the bounds is in the one where it is in the other: coverage stays as it was."""
    wanted = np.clip(free.predict(HORIZON, quantiles=LEVELS).quantiles, LOW, HIGH)
    np.testing.assert_allclose(bounded.predict(HORIZON, quantiles=LEVELS).quantiles, wanted, rtol=1e-9)


def test_paths_lie_within_the_bounds_and_move_the_mean_as_it_was_moved(free, bounded):
    """0.1 is three standard errors of a mean of 20,000 paths that are clipped by 5 or so."""
    one, other = (model.sample_paths(20_000, HORIZON, random_state=0) for model in (free, bounded))
    assert ((other >= LOW) & (other <= HIGH)).all()
    moved = bounded.predict(HORIZON).mean - free.predict(HORIZON).mean
    np.testing.assert_allclose(moved, (other - one).mean(axis=1), atol=0.1)


def test_bounds_that_are_far_away_change_nothing(name, free):
    """1e-12: a table of more levels may be computed in another order."""
    far = make(name, bounds=(-1e6, 1e6)).fit(panel())
    for given in ({}, {"quantiles": LEVELS}):
        one, other = (model.predict(HORIZON, **given) for model in (free, far))
        np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)
        np.testing.assert_allclose(one.quantiles, other.quantiles, rtol=1e-12)


def test_the_mean_is_the_same_whatever_is_asked_for_with_it(bounded):
    alone = bounded.predict(HORIZON).mean
    np.testing.assert_allclose(bounded.predict(HORIZON, quantiles=LEVELS).mean, alone, rtol=1e-9)


def test_nonnegative_is_a_lower_bound_of_zero(name):
    y = panel().with_values(panel().values - LOW)
    one, other = (make(name, **given).fit(y) for given in ({"nonnegative": True}, {"bounds": (0, None)}))
    forecast = one.predict(HORIZON, quantiles=LEVELS)
    np.testing.assert_array_equal(forecast.mean, other.predict(HORIZON).mean)
    assert (forecast.mean >= 0).all() and (forecast.quantiles >= 0).all()


def test_both_arguments_may_be_set_and_are_kept_by_a_clone(name):
    model = make(name).set_params(nonnegative=True, bounds=(None, 30))
    assert model.get_params()["nonnegative"] is True and clone(model).bounds == (None, 30)
    assert make(name).nonnegative is False and make(name).bounds is None


@pytest.mark.parametrize("given", [{"nonnegative": True}, {"bounds": (None, 50)}])
def test_a_value_outside_is_refused_with_series_time_and_value(name, given):
    y = wide()
    y.loc["2016-03-01", "b"] = -3.5 if "nonnegative" in given else 50.25
    with pytest.raises(DataError, match=rf"'b' has the value {y.loc['2016-03-01', 'b']:g} at 2016-03-01"):
        make(name, **given).fit(y)


def test_a_history_outside_is_refused_too(bounded):
    later = wide()
    later.iloc[-1, 0] = LOW - 1
    with pytest.raises(DataError, match=r"'a' has the value 9 at 2020-12-01.*, outside the bounds 10 to 22"):
        bounded.predict(2, history=later)


@pytest.mark.parametrize(
    "given",
    [
        {"nonnegative": None},
        {"nonnegative": 1},
        {"bounds": 5},
        {"bounds": (1,)},
        {"bounds": (3, 2)},
        {"bounds": (2, 2)},
        {"bounds": ("0", 5)},
        {"bounds": (float("nan"), 5)},
        {"bounds": (True, 5)},
        {"bounds": (None, -1), "nonnegative": True},
    ],
)
def test_wrong_bounds_are_refused_by_fit_and_not_by_the_constructor(given):
    model = Naive(**given)
    with pytest.raises(ParameterError, match=next(iter(given))):
        model.fit([1.0, 2.0])


@pytest.mark.parametrize(
    "bounds", [None, (None, None), [0, 9], (0, np.inf), (-np.inf, np.float64(9.0)), np.array([0, 9])]
)
def test_bounds_may_be_open_and_any_kind_of_pair(bounds):
    assert 0 <= Naive(bounds=bounds).fit([1.0, 2.0, 1.0]).predict(1)[0] <= 9


@pytest.mark.parametrize("model", [Naive, HistoricAverage])
def test_the_mean_of_a_normal_forecast_is_that_of_a_censored_normal_distribution(model):
    """Tobin (1958): E[max(X, 0)] = mu Phi(mu / s) + s phi(mu / s); 0.002 s is the error of the quadrature."""
    y = np.abs(np.random.default_rng(0).normal(size=40))
    free, bounded = (model(nonnegative=bound).fit(y).forecast(6, quantiles=0.9) for bound in (False, True))
    mu, s = free.mean, (free.quantile(0.9) - free.mean) / stats.norm.ppf(0.9)
    wanted = mu * stats.norm.cdf(mu / s) + s * stats.norm.pdf(mu / s)
    assert (np.abs(bounded.mean - wanted) < 0.002 * s).all()


def test_intervals_of_a_censored_process_hold_as_many_values_as_they_say():
    """0.03 is three standard errors of a share of 1000 series at 80%, whose steps share an estimated mean."""
    y = np.clip(1 + np.random.default_rng(3).normal(size=(65, 1000)), 0, None)
    forecast = HistoricAverage(nonnegative=True).fit(y[:60]).forecast(5, level=80)
    low, high = forecast.interval(80)
    later = y[60:].T
    assert np.mean((later >= low) & (later <= high)) > 0.77


def test_a_score_is_that_of_bounded_forecasts():
    y = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 0.0])
    assert Drift(nonnegative=True).fit(y).score([0.0, 0.0]) > Drift().fit(y).score([0.0, 0.0])


@pytest.mark.parametrize("inner", [Naive(nonnegative=True), Naive(bounds=(0, None))])
def test_a_wrapper_keeps_the_bounds_of_its_forecaster_unless_it_has_its_own(inner):
    y = np.append(np.abs(np.random.default_rng(0).normal(size=40)), 0.1)
    for wrapper in (Conformal(inner, 12), Tuned(SeasonalNaive(nonnegative=True), {"season_length": [2, 3]}, 3)):
        assert wrapper.fit(y).predict(4, level=60).min() >= 0
    assert Conformal(inner, 12, bounds=(-5, None)).fit(y).predict(4, level=60).min() < 0
    assert Ensemble([inner, HistoricAverage(nonnegative=True)]).fit(y).predict(4, level=60).min() >= 0


@pytest.mark.parametrize("bounds", [None, (0, 7), (0.5, 6.5)])
@pytest.mark.parametrize("kind", ["direct", "recursive"])
def test_counts_stay_whole_within_bounds(kind, bounds):
    y = np.random.default_rng(0).poisson(3, size=80).clip(1, 6)
    decoding = {"loss": "negative_binomial", "kind": kind}
    model = LSTM(decoding=decoding, max_epochs=1, n_members=2, bounds=bounds).fit(y)
    table = model.predict(6, quantiles=LEVELS)[:, 1:]
    for values in (table, model.sample_paths(50, 6, random_state=0)):
        np.testing.assert_array_equal(values, np.round(values))
        assert bounds is None or (values.min() >= bounds[0] and values.max() <= bounds[1])


def test_parts_of_a_forecast_add_up_to_the_bounded_one():
    model = LinearAR(bounds=(LOW, HIGH)).fit(wide())
    table = model.decompose(HORIZON)
    np.testing.assert_allclose(table["season"] + table["linear"] + table["recurrent"], table["mean"], atol=1e-9)
    np.testing.assert_allclose(table["mean"], model.predict(HORIZON).to_numpy().T.reshape(-1))


def test_simulated_paths_and_stand_ins_are_bounded():
    model = ARIMA((0, 1, 0), bounds=(LOW, HIGH)).fit(touching())
    for anchor in ("end", "start"):
        paths = model.simulate(30, n_paths=20, anchor=anchor, random_state=0)
        assert paths.min() >= LOW and paths.max() <= HIGH
    y = wide().assign(b=[np.nan] * 66 + [12.0, 15.0, 11.0, 10.0, 12.0, 10.0])
    short = SeasonalNaive(bounds=(LOW, HIGH)).fit(y, too_short="naive").stand_in_
    assert short.predict(4, level=80).to_numpy().min() == LOW


def test_the_true_model_takes_bounds():
    from tsforecast.data.process import ArimaProcess

    assert TrueModel(ArimaProcess(phi=(0.5,)), nonnegative=True).fit([0.0, 0.1]).predict(3, level=80).min() == 0


def test_a_backtest_scores_bounded_forecasts_and_records_a_value_outside_as_a_failure():
    models = {"free": Drift(), "bounded": Drift(nonnegative=True), "wrong": Drift(bounds=(12, None))}
    result = backtest(models, wide(), cv=RollingOrigin(horizon=6, n_windows=2), level=[80])
    frame = result.forecasts
    low = frame[frame["model"] == "bounded"]["lo-80"]
    assert (low >= 0).all()
    assert set(result.failures["model"]) == {"wrong"}
