"""Laws that tie filter and forecast of a state-space model to each other, for ARIMA and for a model made here."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from tsforecast.models.arima.estimate import estimate
from tsforecast.models.arima.order import Order
from tsforecast.models.arima.process import ArimaProcess
from tsforecast.state_space import Fit, GaussianPrediction, StateSpaceModel


@dataclasses.dataclass(frozen=True)
class Level:
    """Mean and variance, in units of sigma2, of the level given the values so far."""

    mean: float
    variance: float


@dataclasses.dataclass(frozen=True)
class FilteredLevel:
    state: Level
    loglik: float
    residuals: np.ndarray


@dataclasses.dataclass(frozen=True)
class LocalLevel:
    """A random walk seen through noise of variance sigma2; its steps have ``ratio`` times that, its start ``first``."""

    sigma2: float
    ratio: float
    first: float = 4.0

    def filter(self, y):
        mean, variance, loglik, residuals = 0.0, self.first, 0.0, np.full(y.size, np.nan)
        for t, value in enumerate(y):
            if t > 0:
                variance += self.ratio
            if np.isnan(value):
                continue
            spread = variance + 1.0
            error = value - mean
            loglik += stats.norm.logpdf(error, scale=np.sqrt(self.sigma2 * spread))
            residuals[t] = error / np.sqrt(spread)
            mean, variance = mean + variance / spread * error, variance / spread
        return FilteredLevel(Level(mean, variance), loglik, residuals)

    def forecast(self, state, horizon):
        later = np.sqrt(self.ratio) * np.tri(horizon).T  # row j: the step before value j, in all values from there on
        loadings = np.vstack([np.full(horizon, np.sqrt(state.variance)), later])
        return GaussianPrediction(np.full(horizon, state.mean), np.eye(horizon)[0], loadings, self.sigma2)


def arima(order, phi=(), theta=()):
    return ArimaProcess(order, np.array(phi, dtype=float), np.array(theta, dtype=float), 1.7)


MODELS = {
    "local level": LocalLevel(1.7, 0.3),
    "white noise": arima(Order(0, 0, 0)),
    "ARMA": arima(Order(2, 0, 1), [0.5, 0.2], [0.4]),
    "ARIMA": arima(Order(1, 1, 1), [0.6], [-0.3]),
    "airline": arima(Order(0, 1, 1, 0, 1, 1, 4), [], [-0.4, 0.0, 0.0, -0.6, 0.24]),
    "unit root in the moving average": arima(Order(0, 1, 1), [], [-1.0]),
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
gaps = pytest.mark.parametrize("missing", [[], [11], [9, 10, 17]], ids=["whole", "one gap", "gaps"])


def values(missing, n=30):
    y = np.random.default_rng(3).normal(size=n).cumsum()
    y[missing] = np.nan
    return y


@gaps
@models
def test_a_value_adds_to_the_likelihood_its_density_given_those_before(model: StateSpaceModel, missing):
    y = values(missing)
    before, whole = model.filter(y[:-1]), model.filter(y)
    ahead = model.forecast(before.state, 1)
    density = stats.norm.logpdf(y[-1], ahead.mean[0], np.sqrt(ahead.variance[0]))
    assert whole.loglik - before.loglik == pytest.approx(density, rel=1e-8, abs=1e-8)


@gaps
@models
def test_a_residual_is_the_error_of_the_forecast_over_its_relative_standard_deviation(model, missing):
    y = values(missing)
    ahead = model.forecast(model.filter(y[:-1]).state, 1)
    own = (y[-1] - ahead.mean[0]) / np.sqrt(ahead.variance[0] / model.sigma2)
    residuals = model.filter(y).residuals
    assert residuals[-1] == pytest.approx(own, rel=1e-7, abs=1e-8)
    assert np.isnan(residuals[missing]).all()


@gaps
@models
def test_a_value_not_seen_moves_the_forecast_on_by_one_step(model, missing):
    y = values(missing)
    one, two = model.filter(y), model.filter(np.append(y, np.nan))
    longer, shorter = model.forecast(one.state, 6), model.forecast(two.state, 5)
    np.testing.assert_allclose(shorter.mean, longer.mean[1:], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(shorter.variance, longer.variance[1:], rtol=1e-8)
    assert two.loglik == pytest.approx(one.loglik, rel=1e-9)


@models
def test_paths_have_the_mean_and_the_variance_of_the_forecast(model):
    ahead = model.forecast(model.filter(values([11])).state, 5)
    paths = ahead.sample_paths(20_000, np.random.default_rng(0))
    sd = np.sqrt(ahead.variance)
    np.testing.assert_allclose((paths.mean(axis=0) - ahead.mean) / sd, 0.0, atol=0.035)  # 5 / sqrt(20000)
    np.testing.assert_allclose(paths.std(axis=0) / sd, 1.0, atol=0.03)
    np.testing.assert_array_equal(paths, ahead.sample_paths(20_000, np.random.default_rng(0)))


@models
def test_paths_are_drawn_jointly(model):
    """A path on which the first value is given has the mean of the forecast after that value."""
    y = values([])
    paths = model.forecast(model.filter(y).state, 3).sample_paths(40_000, np.random.default_rng(1))
    slope = np.cov(paths[:, 0], paths[:, 2])[0, 1] / paths[:, 0].var()
    ahead = [model.forecast(model.filter(np.append(y, y[-1] + move)).state, 2).mean[1] for move in (0.0, 1.0)]
    assert slope == pytest.approx(ahead[1] - ahead[0], abs=0.06)  # 5 / sqrt(40000) times the ratio of the deviations


def test_the_likelihood_of_a_local_level_is_that_of_the_dense_normal():
    model, y = LocalLevel(1.7, 0.3), values([4, 5])
    times = np.arange(y.size)
    S = 1.7 * (4.0 + 0.3 * np.minimum.outer(times, times) + np.eye(y.size))
    seen = ~np.isnan(y)
    dense = stats.multivariate_normal(np.zeros(seen.sum()), S[np.ix_(seen, seen)])
    assert model.filter(y).loglik == pytest.approx(dense.logpdf(y[seen]), rel=1e-10)


def fit_local_level(y):
    candidates = [LocalLevel(sigma2, ratio) for sigma2 in (0.5, 1.0, 2.0) for ratio in (0.1, 0.3, 1.0)]
    return max(candidates, key=lambda model: model.filter(y).loglik)


def fit_arma(y):
    return ArimaProcess.of(estimate(y, np.empty((y.size, 0)), (), Order(1, 0, 1), "numba"))


@pytest.mark.parametrize(
    ("fit", "truth"),
    [(fit_local_level, LocalLevel(1.0, 0.3)), (fit_arma, arima(Order(1, 0, 1), [0.6], [0.3]))],
    ids=["local level", "ARMA"],
)
def test_a_fit_is_no_less_likely_than_the_model_that_drew_the_series(fit: Fit, truth):
    first = truth.filter(np.zeros(1)).state
    y = truth.forecast(first, 120).sample_paths(1, np.random.default_rng(0))[0]
    assert fit(y).filter(y).loglik >= truth.filter(y).loglik - 1e-6
