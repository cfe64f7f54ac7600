"""Standard errors: those of the full information, at any scale, near the bounds and on them."""

import numpy as np
import pytest

from tsforecast.models.arima.covariance import covariance
from tsforecast.models.arima.engines import statsmodels as by_statsmodels
from tsforecast.models.arima.estimate import estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.result import ArimaFit

NOTHING = np.zeros(0)


def of_statsmodels(fit, y, Z):
    """Standard errors from the information of all parameters, sigma2 too, by complex steps in statsmodels' filter."""
    model = by_statsmodels._model(y, Z, fit.order, simple=not np.isnan(y).any())
    params = np.concatenate([fit.beta, fit.phi, fit.theta, fit.seasonal_phi, fit.seasonal_theta, [fit.sigma2]])
    own = np.sqrt(np.diag(np.linalg.inv(-model.nobs * model.hessian(
        params, transformed=True, approx_complex_step=True, method="approx"
    ))))[:-1]  # fmt: skip
    return np.roll(own, -fit.beta.size)


def problem(seed):
    rng = np.random.default_rng(seed)
    n, k = 120, int(rng.integers(3))
    order = [Order(1, 0, 1), Order(2, 0, 0), Order(0, 1, 1, 1, 0, 0, 4), Order(0, 0, 2), Order(3, 0, 1)][seed % 5]
    e = rng.normal(size=n + 50)
    w = np.zeros(n + 50)
    for t in range(2, w.size):
        w[t] = 0.7 * w[t - 1] - 0.2 * w[t - 2] + e[t] + 0.5 * e[t - 1]
    Z = rng.normal(size=(n, k))
    y = (np.cumsum(w) if order.d else w)[50:] + Z.sum(axis=1)
    return y, Z, tuple("ab"[:k]), order


@pytest.mark.parametrize("seed", range(10))
def test_standard_errors_are_those_of_the_full_information(seed):
    y, Z, names, order = problem(seed)
    fit = estimate(y, Z, names, order, "numba")
    own = np.sqrt(np.diag(covariance(fit, y, Z, "numba")))
    np.testing.assert_allclose(own, of_statsmodels(fit, y, Z), rtol=3e-3)  # steps of a real and of an imaginary number


@pytest.mark.parametrize("seed", range(3))
def test_both_engines_have_the_same_covariance(seed):
    y, Z, names, order = problem(seed)
    y[[20, 21, 57]] = np.nan
    fit = estimate(y, Z, names, order, "numba")
    own, other = (covariance(fit, y, Z, engine) for engine in ("numba", "statsmodels"))
    np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6 * np.abs(own).max())


@pytest.mark.parametrize(("unit", "scale"), [(1e-7, 1.0), (1e9, 1e-3), (1.0, 1e6)])
def test_covariance_follows_the_units_of_series_and_regressors(unit, scale):
    y, Z, names, order = problem(2 + 5)
    fit = estimate(y, Z, names, order, "numba")
    factors = np.concatenate([np.ones(order.n_arma), np.full(Z.shape[1], unit / scale)])
    other = estimate(unit * y, scale * Z, names, order, "numba")
    own, moved = covariance(fit, y, Z, "numba"), covariance(other, unit * y, scale * Z, "numba")
    np.testing.assert_allclose(moved / np.outer(factors, factors), own, rtol=1e-2, atol=1e-3 * np.abs(own).max())


def test_autoregression_near_the_bound_has_the_standard_error_of_its_likelihood():
    rng = np.random.default_rng(3)
    y = np.zeros(400)
    for t in range(1, 400):
        y[t] = 0.999 * y[t - 1] + rng.normal()
    fit = estimate(y, np.empty((400, 0)), (), Order(1, 0, 0), "numba")
    own = np.sqrt(covariance(fit, y, np.empty((400, 0)), "numba")[0, 0])
    assert own == pytest.approx(of_statsmodels(fit, y, np.empty((400, 0)))[0], rel=0.02)


def test_a_moving_average_on_the_unit_circle_has_no_standard_error_and_the_others_are_as_if_it_were_known():
    rng = np.random.default_rng(1)
    w = rng.normal(size=120)
    for t in range(1, 120):
        w[t] += 0.6 * w[t - 1]
    y, Z = np.diff(w), np.empty((119, 0))  # differenced once too often
    fit = estimate(y, Z, (), Order(1, 0, 1), "numba")
    assert fit.theta[0] == pytest.approx(-1.0, abs=1e-3)
    assert fit.converged
    own = covariance(fit, y, Z, "numba")
    assert np.isnan(own[1]).all()
    assert np.isnan(own[:, 1]).all()
    assert np.sqrt(own[0, 0]) == pytest.approx(np.sqrt((1 - fit.phi[0] ** 2) / 119), rel=0.1)  # of an AR(1)


def test_a_series_without_variance_has_no_standard_errors():
    fit = ArimaFit(
        Order(0, 0, 0), NOTHING, NOTHING, NOTHING, NOTHING, np.array([7.0]), ("mean",), 0.0, np.inf, 9, True, 0
    )
    assert np.isnan(covariance(fit, np.full(9, 7.0), np.ones((9, 1)), "numba")).all()


def test_parameters_that_are_no_maximum_have_no_standard_errors():
    y = np.random.default_rng(0).normal(size=80)  # white: at theta = 1 its likelihood has a trough
    fit = ArimaFit(Order(0, 0, 1), NOTHING, np.array([0.98]), *(NOTHING,) * 3, (), 1.0, 0.0, 80, True, 0)
    assert np.isnan(covariance(fit, y, np.empty((80, 0)), "numba")).all()
