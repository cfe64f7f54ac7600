"""The two engines against each other: likelihood, forecasts and optimum at random orders, gaps and regressors."""

import numpy as np
import pytest

from tsforecast.kernels.arma.polynomial import step_up
from tsforecast.models.arima.engines import numba as by_numba
from tsforecast.models.arima.engines import statsmodels as by_statsmodels
from tsforecast.models.arima.estimate import estimate, forecast, loglik
from tsforecast.models.arima.forecaster import ARIMA
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.panel_fit import ConvergenceWarning
from tsforecast.models.arima.result import ArimaFit


def random_problem(seed):
    """A fit with random coefficients, a series with gaps, its regressors and theirs in the future."""
    rng = np.random.default_rng(seed)
    season = int(rng.choice([4, 7, 12]))
    order = Order.of(rng.integers(0, (4, 3, 4)), rng.integers(0, 2, size=3), season)
    n_obs, k = int(rng.choice([40, 90])), int(rng.integers(0, 3))
    Z, beta = rng.normal(size=(n_obs + 9, k)), rng.normal(size=k)
    y = rng.normal(size=n_obs)
    for _ in range(order.d):
        y = np.cumsum(y)
    y += Z[:n_obs] @ beta
    y[rng.choice(np.arange(order.n_lost, n_obs), size=int(rng.choice([0, 1, 9])), replace=False)] = np.nan
    largest = rng.choice([0.5, 0.95])
    phi, minus_theta, sphi, minus_stheta = (
        step_up(rng.uniform(-largest, largest, size=size)) for size in (order.p, order.q, order.P, order.Q)
    )
    names = tuple("abc"[:k])
    fit = ArimaFit(order, phi, -minus_theta, sphi, -minus_stheta, beta, names, 1.3, 0.0, n_obs, True, 0)
    return fit, y, Z[:n_obs], Z[n_obs:]


@pytest.mark.parametrize("seed", [s for s in range(60) if s not in (17, 39)])
def test_likelihood_and_forecasts_agree_at_given_parameters(seed):
    fit, y, Z, future = random_problem(seed)
    if max(fit.order.p, fit.order.q) >= fit.order.season_length > 1:
        pytest.skip("statsmodels refuses lags that are in both parts")
    own, other = by_numba.loglik(fit, y, Z), by_statsmodels.loglik(fit, y, Z)
    assert own == pytest.approx(other, rel=1e-8)
    mean, variance = by_numba.forecast(fit, y, Z, 9, future)
    first = int(np.argmin(np.isnan(y)))
    for ours, theirs in zip(by_numba.one_step(fit, y, Z), by_statsmodels.one_step(fit, y, Z), strict=True):
        assert np.isnan(ours[:first]).all()
        np.testing.assert_allclose(ours[first:], theirs[first:], rtol=1e-6, atol=1e-6 * np.nanmax(np.abs(y)))
    expected, spread = by_statsmodels.forecast(fit, y, Z, 9, future)
    np.testing.assert_allclose(mean, expected, rtol=1e-8, atol=1e-8 * np.sqrt(spread.max()))
    np.testing.assert_allclose(variance, spread, rtol=1e-8)


@pytest.mark.parametrize(
    ("order", "n_obs"),
    [
        (Order(1, 0, 1), 80),
        (Order(2, 1, 1), 120),
        (Order(0, 2, 2), 60),
        (Order(0, 1, 1, 0, 1, 1, 12), 144),
        (Order(1, 0, 0, 1, 1, 0, 4), 60),
    ],
)
def test_optimum_is_no_lower_than_that_of_statsmodels(order, n_obs):
    rng = np.random.default_rng(order.p + 10 * order.q)
    y = rng.normal(size=n_obs).cumsum() + 5 * np.sin(np.arange(n_obs) * np.pi / 6)
    y[17] = np.nan
    Z, names = np.empty((n_obs, 0)), ()
    if order.d + order.D == 0:
        Z, names = np.ones((n_obs, 1)), ("mean",)
    own, other = (estimate(y, Z, names, order, engine) for engine in ("numba", "statsmodels"))
    assert own.converged
    assert own.loglik > other.loglik - 1e-3
    assert by_statsmodels.loglik(own, y, Z) == pytest.approx(own.loglik, rel=1e-8)


def test_log_airline_model_has_the_published_estimates(airline):
    fit = estimate(np.log(airline), np.empty((144, 0)), (), Order(0, 1, 1, 0, 1, 1, 12), "numba")
    assert fit.theta[0] == pytest.approx(-0.4018, abs=1e-4)  # R: arima(log(AirPassengers), c(0,1,1), c(0,1,1))
    assert fit.seasonal_theta[0] == pytest.approx(-0.5569, abs=1e-4)
    assert fit.sigma2 == pytest.approx(0.001348, abs=1e-6)
    assert fit.loglik == pytest.approx(244.70, abs=5e-3)


def test_a_value_that_differencing_cannot_tell_is_left_out():
    y = np.random.default_rng(0).normal(size=48)
    y[3::12] = np.nan  # a month never seen
    fit = estimate(y, np.empty((48, 0)), (), Order(0, 0, 1, 0, 1, 0, 12), "numba")
    assert fit.n_obs == 33  # 44 known values less the 11 months that can be told
    assert np.isfinite(fit.loglik)


def test_leading_gap_changes_nothing():
    y = np.random.default_rng(1).normal(size=60)
    late = np.concatenate([np.full(7, np.nan), y])
    own = estimate(y, np.ones((60, 1)), ("mean",), Order(1, 0, 0), "numba")
    other = estimate(late, np.ones((67, 1)), ("mean",), Order(1, 0, 0), "numba")
    assert other.loglik == own.loglik


def test_collinear_regressors_are_named():
    y = np.random.default_rng(2).normal(size=50)
    Z = np.column_stack([np.ones(50), np.arange(50.0), 2 * np.arange(50.0) + 3])
    with pytest.raises(np.linalg.LinAlgError, match="'twice'"):
        estimate(y, Z, ("mean", "once", "twice"), Order(1, 0, 0), "numba")


@pytest.mark.parametrize("seed", range(40))
def test_likelihood_and_forecasts_are_those_of_the_filter_at_moving_averages_that_cannot_be_inverted(seed):
    rng = np.random.default_rng(seed)
    season = int(rng.choice([1, 4]))
    order = Order(
        int(rng.integers(2)), int(rng.integers(2)), int(rng.integers(1, 4)), 0, 0, int(season > 1) * 2, season
    )
    y = rng.normal(size=60).cumsum()
    y[rng.choice(60, size=int(rng.choice([0, 4])), replace=False)] = np.nan
    theta = rng.uniform(-3, 3, size=order.q) if seed % 4 else np.poly(rng.choice([-1.0, 1.0], order.q))[1:]
    parts = (rng.uniform(-0.9, 0.9, size=order.p), theta, np.zeros(0), rng.uniform(-2, 2, size=order.Q))
    fit = ArimaFit(order, *parts, np.zeros(0), (), 1.7, 0.0, 60, True, 0)
    nothing = np.empty((60, 0))
    own, other = (loglik(fit, y, nothing, engine) for engine in ("numba", "statsmodels"))
    assert own == pytest.approx(other, rel=1e-6)  # roots that are one several times are found to few digits
    mean, variance = forecast(fit, y, nothing, 5, np.empty((5, 0)), "numba")
    expected, spread = forecast(fit, y, nothing, 5, np.empty((5, 0)), "statsmodels")
    np.testing.assert_allclose(variance, spread, rtol=1e-5)
    np.testing.assert_allclose(mean, expected, atol=1e-5 * np.sqrt(spread.max()))


@pytest.mark.parametrize("engine", ["numba", "statsmodels"])
@pytest.mark.parametrize("phi", [[1.0], [-1.4], [0.5, 0.6], [2.0, -0.2]])
def test_an_autoregression_that_is_not_stationary_has_no_likelihood(engine, phi):
    order = Order(len(phi), 0, 0)
    fit = ArimaFit(order, np.array(phi), *(np.zeros(0),) * 4, (), 1.0, 0.0, 30, True, 0)
    assert np.isnan(loglik(fit, np.random.default_rng(0).normal(size=30), np.empty((30, 0)), engine))


def test_a_likelihood_of_zero_from_a_filter_that_broke_down_is_none():
    phi, theta = np.array([-3.63426324e-06, 0.999996366]), np.array([1.99997808, 0.99998552])
    fit = ArimaFit(Order(2, 0, 2), phi, theta, np.zeros(0), np.zeros(0), np.zeros(0), (), 1.0, 0.0, 19, True, 0)
    y = np.random.default_rng(0).normal(size=19)
    assert by_statsmodels._model(y, np.empty((19, 0)), fit.order, simple=True).loglike([*phi, *theta, 1.0]) == 0.0
    assert np.isnan(by_statsmodels.loglik(fit, y, np.empty((19, 0))))


@pytest.mark.parametrize("engine", ["numba", "statsmodels"])
def test_an_autoregression_that_ends_on_the_bound_of_stationarity_has_not_converged(engine):
    rng = np.random.default_rng(0)
    y = (-1.0) ** np.arange(40) * (1.0 + 1e-6 * rng.normal(size=40))
    try:
        fit = estimate(y, np.empty((40, 0)), (), Order(1, 0, 0), engine)
    except FloatingPointError:
        return
    assert 1.0 + fit.phi[0] < 1e-4
    assert not fit.converged


def test_a_series_with_very_many_gaps_has_the_same_likelihood_by_the_filter_of_statsmodels():
    y = np.random.default_rng(9).normal(size=1100)
    y[1::2] = np.nan
    assert np.isnan(y).sum() > 500
    fit = estimate(y, np.empty((1100, 0)), (), Order(1, 0, 0), "numba")
    assert by_numba.loglik(fit, y, np.empty((1100, 0))) == pytest.approx(fit.loglik, rel=1e-8)


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}")
@pytest.mark.parametrize("engine", ["numba", "statsmodels"])
@pytest.mark.parametrize("n", [15, 30])
@pytest.mark.parametrize("order", [(1, 0, 1), (2, 0, 1), (0, 1, 1), (1, 1, 1), (0, 2, 1)])
def test_another_unit_or_zero_gives_the_same_forecast_and_intervals(order, n, engine):
    # Optima are found to some 1e-3 of a flat likelihood: a hundredth of the range is far below another optimum's
    # forecast, and far above what rounding leaves of a value.
    y = 40 + np.random.default_rng([n, order[0]]).normal(size=n).cumsum()
    model = ARIMA(order, engine=engine)
    own = model.fit(y).predict(6, level=90)
    fit = model.fits_["y"]
    for scale, shift in ((1e6, 0.0), (1e-6, 0.0), (1e-3, 7.0), (1.0, -1e4)):
        other = (model.fit(scale * y + shift).predict(6, level=90) - shift) / scale
        np.testing.assert_allclose(other, own, rtol=0, atol=0.01 * np.ptp(y), err_msg=f"{scale} y + {shift}")
        moved = model.fits_["y"]
        assert moved.loglik + moved.n_obs * np.log(scale) == pytest.approx(fit.loglik, abs=1e-2)
        assert loglik(moved, scale * y + shift, np.ones((n, moved.beta.size)), engine) == pytest.approx(
            moved.loglik, abs=1e-6
        )


@pytest.mark.parametrize("engine", ["numba", "statsmodels"])
@pytest.mark.parametrize("order", [Order(1, 0, 1), Order(0, 1, 1), Order(1, 0, 0)])
def test_noise_of_a_billionth_has_intervals_of_a_billionth(order, engine):
    noise = 1e-9 * np.random.default_rng(0).normal(size=30)
    model = ARIMA((order.p, order.d, order.q), engine=engine).fit(7 + noise)
    _, low, high = model.predict(6, level=95).T
    assert (high - low).max() < 12 * noise.std()
    assert (high - low).min() > 2 * noise.std()


def test_regressors_of_any_unit_have_the_same_fit_by_statsmodels():
    rng = np.random.default_rng(3)
    Z = np.column_stack([np.ones(40), rng.normal(size=(40, 2))])
    y = Z @ [50.0, 2.0, -1.0] + rng.normal(size=40).cumsum()
    units = np.array([1.0, 1e7, 1e-5])
    order, names = Order(1, 0, 1), ("mean", "a", "b")
    own, other = (estimate(y, Z * unit, names, order, "statsmodels") for unit in (np.ones(3), units))
    np.testing.assert_allclose(other.beta * units, own.beta, rtol=1e-4)
    assert other.loglik == pytest.approx(own.loglik, abs=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e5])
def test_a_month_never_seen_counts_alike_by_both_engines(unit):
    y = unit * np.random.default_rng(0).normal(size=48)
    y[3::12] = np.nan
    own, other = (
        estimate(y, np.empty((48, 0)), (), Order(0, 0, 1, 0, 1, 0, 12), engine) for engine in ("numba", "statsmodels")
    )
    assert other.n_obs == own.n_obs
    assert other.loglik == pytest.approx(own.loglik, abs=1e-3)
    assert by_statsmodels.loglik(own, y, np.empty((48, 0))) == pytest.approx(own.loglik, abs=1e-6)


def test_collinear_regressors_are_named_by_statsmodels_too():
    y = np.random.default_rng(2).normal(size=50)
    Z = np.column_stack([np.ones(50), np.arange(50.0), 2 * np.arange(50.0) + 3])
    with pytest.raises(np.linalg.LinAlgError, match="'twice'"):
        estimate(y, Z, ("mean", "once", "twice"), Order(1, 0, 0), "statsmodels")
