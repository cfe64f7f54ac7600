"""Order selection: differencing tests against statsmodels and known processes, the search against brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest

from tsforecast.exceptions import ParameterError, SeriesTooShortError
from tsforecast.models.arima.auto import AutoARIMA
from tsforecast.models.arima.design import regressors
from tsforecast.models.arima.estimate import estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.search.search import search
from tsforecast.models.arima.search.space import SearchSpace


def arma(n_obs, phi, theta, seed=0):
    rng = np.random.default_rng(seed)
    e, y = rng.normal(size=n_obs + 100), np.zeros(n_obs + 100)
    for t in range(1, y.size):
        y[t] = phi * y[t - 1] + e[t] + theta * e[t - 1]
    return y[100:]


def test_airline_passengers_get_the_model_of_r(airline):
    fit = search(np.log(airline), None, (), SearchSpace(12))
    assert str(fit.order) == "(0,1,1)(0,1,1)[12]"  # R: auto.arima(log(AirPassengers))
    assert fit.aicc == pytest.approx(-483.21, abs=0.01)


@pytest.mark.parametrize("criterion", ["aicc", "aic", "bic"])
def test_full_search_is_no_worse_than_every_model_fitted_apart(criterion):
    y = arma(150, 0.7, 0.4)
    fit = search(y, None, (), SearchSpace(1, d=0, most=(2, 2, 0, 0), criterion=criterion, stepwise=False))
    for p, q in itertools.product(range(3), range(3)):
        for names, Z in (((), np.empty((150, 0))), (("mean",), np.ones((150, 1)))):
            other = estimate(y, Z, names, Order(p, 0, q), "numba")
            roots = np.concatenate([np.roots(np.r_[1, -other.phi]), np.roots(np.r_[1, other.theta])])
            if (np.abs(roots) < 1 / 1.01).all():
                assert getattr(fit, criterion) <= getattr(other, criterion) + 2e-3


def test_stepwise_search_ends_where_no_neighbour_is_better():
    y = arma(200, 0.8, -0.3, seed=3)
    fit = search(y, None, (), SearchSpace(1))
    names, Z = fit.beta_names, np.ones((200, len(fit.beta_names)))
    for a, b in itertools.product((-1, 0, 1), repeat=2):
        p, q = fit.order.p + a, fit.order.q + b
        if p >= 0 and q >= 0:
            other = estimate(y, Z, names, Order(p, fit.order.d, q), "numba")
            roots = np.concatenate([np.roots(np.r_[1, -other.phi]), np.roots(np.r_[1, other.theta])])
            assert other.aicc >= fit.aicc - 0.1 or (np.abs(roots) > 1 / 1.01).any()


@pytest.mark.parametrize("seed", range(6))
def test_stepwise_search_is_no_worse_than_all_lags_on_one_side(seed):
    rng = np.random.default_rng(seed)
    y = arma(90, 0.6, rng.uniform(-0.9, 0.9), seed=seed) + 0.3 * np.cumsum(rng.normal(size=90))
    fit = search(y, None, (), SearchSpace(1))
    Z = np.arange(90.0)[:, None] if fit.beta_names == ("drift",) else np.ones((90, len(fit.beta_names)))
    for p, q in ((fit.order.p + fit.order.q, 0), (0, fit.order.p + fit.order.q)):
        if p <= 5 and q <= 5:
            other = estimate(y, Z, fit.beta_names, Order(p, fit.order.d, q), "numba")
            roots = np.concatenate(other.roots())
            assert other.aicc >= fit.aicc - 1e-3 or (np.abs(roots) < 1.02).any()


def test_given_differences_and_limits_are_kept():
    y = np.cumsum(arma(120, 0.5, 0.2))
    fit = AutoARIMA(d=2, max_order=(1, 0), trend="none").fit(y).fits_["y"]
    assert (fit.order.d, fit.order.q, fit.beta_names) == (2, 0, ())
    assert fit.order.p <= 1


def test_constant_and_straight_series_are_forecast_exactly():
    y = pd.DataFrame({"flat": np.full(30, 4.0), "line": 2.0 + 3.0 * np.arange(30)})
    out = AutoARIMA().fit(y).predict(3)
    np.testing.assert_allclose(out["flat"], 4.0)
    np.testing.assert_allclose(out["line"], 2.0 + 3.0 * np.arange(30, 33), rtol=1e-9)


def test_threads_change_nothing(airline):
    wide = pd.DataFrame(
        {f"s{i}": airline[i : i + 100] for i in range(4)}, index=pd.date_range("2000-01-01", periods=100, freq="MS")
    )
    one, two = AutoARIMA().fit(wide), AutoARIMA(n_jobs=2).fit(wide)
    pd.testing.assert_frame_equal(one.params_, two.params_)
    pd.testing.assert_frame_equal(one.predict(4), two.predict(4))


def test_covariates_and_gaps_go_through_the_search():
    rng = np.random.default_rng(8)
    x = rng.normal(size=110)
    y = arma(100, 0.6, 0.0, seed=4) + 4 * x[:100]
    y[[20, 21, 60]] = np.nan
    model = AutoARIMA().fit(y, x[:100])
    assert model.fits_["y"].coefficients["x0"] == pytest.approx(4, abs=0.4)
    assert np.isfinite(model.predict(10, x[100:], level=90)).all()


def test_arguments_are_checked():
    y = arma(60, 0.5, 0.0)
    for model, word in [
        (AutoARIMA(season_length=0), "season_length"),
        (AutoARIMA(d=3), "d="),
        (AutoARIMA(D=-1), "D="),
        (AutoARIMA(max_order=(1, 2, 3)), "max_order"),
        (AutoARIMA(max_seasonal_order=(1, -1)), "max_seasonal_order"),
        (AutoARIMA(criterion="hqic"), "criterion"),
        (AutoARIMA(trend="drift"), "trend"),
        (AutoARIMA(season_length=[24, 0]), "season_length"),
        (AutoARIMA(season_length=[]), "season_length"),
        (AutoARIMA(seasonal_test="hegy"), "seasonal_test"),
        (AutoARIMA(near_unit_root="ignore"), "near_unit_root"),
        (AutoARIMA(n_jobs=0), "n_jobs"),
    ]:
        with pytest.raises(ParameterError, match=word):
            model.fit(y)
    with pytest.raises(SeriesTooShortError, match="'y' has 2 observations"):
        AutoARIMA().fit([1.0, 2.0])


def test_long_season_becomes_harmonics_that_go_on_from_any_history():
    t = np.arange(600)
    y = 5 * np.sin(2 * np.pi * t / 96) + 2 * np.cos(4 * np.pi * t / 96) + arma(600, 0.5, 0.0, seed=6)
    model = AutoARIMA(season_length=96).fit(y[:500])
    fit = model.fits_["y"]
    assert fit.order.P + fit.order.D + fit.order.Q == 0
    assert {"sin1/96", "cos2/96"} <= set(fit.beta_names)
    truth = 5 * np.sin(2 * np.pi * t / 96) + 2 * np.cos(4 * np.pi * t / 96)
    assert np.abs(model.predict(96) - truth[500:596]).mean() < 0.6
    later = pd.Series(y[40:560], index=range(40, 560), name="y")
    np.testing.assert_allclose(model.predict(40, history=later), truth[560:600], atol=2.5)


def test_two_seasons_are_lags_of_the_short_one_and_harmonics_of_the_long_one():
    t = np.arange(900)
    week = 3 * np.sin(2 * np.pi * t / 56) + 2 * np.cos(4 * np.pi * t / 56)
    day = np.tile(4 * np.random.default_rng(1).normal(size=8), 113)[:900]
    y = week + day + arma(900, 0.5, 0.0, seed=7)
    model = AutoARIMA(season_length=[56, 8]).fit(y[:840])
    fit = model.fits_["y"]
    assert fit.order.season_length == 8
    assert {"sin1/56", "cos2/56"} <= set(fit.beta_names)
    assert not {"sin7/56", "cos7/56"} & set(fit.beta_names)  # one season of 8
    assert np.abs(model.predict(56) - (week + day)[840:896]).mean() < 1.2  # the noise has the deviation 1.15
    plain = AutoARIMA(season_length=[56, 8], D=0, max_seasonal_order=(0, 0)).fit(y[:840]).fits_["y"]
    assert plain.order.P + plain.order.D + plain.order.Q == 0
    assert {"sin1/56", "cos1/8"} <= set(plain.beta_names)


def test_number_of_harmonics_is_no_worse_than_one_more_or_one_less():
    t = np.arange(500)
    y = np.sin(2 * np.pi * t / 100) + 0.7 * np.sin(6 * np.pi * t / 100) + arma(500, 0.7, 0.3, seed=9)
    fit = AutoARIMA(season_length=100).fit(y).fits_["y"]
    trend = tuple(name for name in fit.beta_names if "/" not in name)
    count = sum(name.startswith("sin") for name in fit.beta_names)
    assert count >= 3
    for other in (count - 1, count + 1):
        names = (*trend, *(f"{wave}{k}/100" for k in range(1, other + 1) for wave in ("sin", "cos")))
        assert estimate(y, regressors(names, 0, 500, None), names, fit.order, "numba").aicc >= fit.aicc - 0.1


def test_a_model_near_a_unit_root_is_bounded_or_passed_over():
    rng = np.random.default_rng(3)
    y = np.cumsum(rng.normal(size=80))
    for near in ("bound", "reject"):
        fit = search(y, None, (), SearchSpace(1, d=0, near_unit_root=near))
        assert np.abs(np.concatenate(fit.roots())).min() >= 1.01 - 1e-9
    free = search(np.diff(y), None, (), SearchSpace(1, d=0, near_unit_root="reject"))
    bound = search(np.diff(y), None, (), SearchSpace(1, d=0))
    assert free.aicc == pytest.approx(bound.aicc, abs=1e-3)  # nothing is near


def test_many_gaps_leave_the_order_that_a_known_series_has():
    rng = np.random.default_rng(4)
    y = np.cumsum(arma(400, 0.6, 0.0, seed=5))
    full = search(y, None, (), SearchSpace(1))
    holes = y.copy()
    holes[rng.choice(np.arange(5, 395), size=60, replace=False)] = np.nan
    passed = search(holes, None, (), SearchSpace(1, near_unit_root="reject"))
    fit = search(holes, None, (), SearchSpace(1))
    assert passed.order.d == fit.order.d == full.order.d
    names, Z = fit.beta_names, np.empty((400, 0))
    if not names:  # as likely as the model of the complete series, on what is known
        other = estimate(holes, Z, (), full.order, "numba")
        assert fit.aicc <= other.aicc + 4
    assert fit.n_obs == 339


def test_searched_order_explains_a_series_with_a_seasonal_test_of_choice():
    y = np.cumsum(np.random.default_rng(6).normal(size=(30, 4)), axis=0).ravel()
    for test in ("ocsb", "ch"):
        assert AutoARIMA(season_length=4, seasonal_test=test).fit(y).fits_["y"].order.D == 1
