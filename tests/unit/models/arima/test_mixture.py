"""Quantiles of very short series: weights against integrals, quantiles against the distribution; what is not mixed."""

import numpy as np
import pytest
from scipy import stats

from tsforecast.models.arima import intervals, mixture
from tsforecast.models.arima.auto import AutoARIMA
from tsforecast.models.arima.estimate import estimate, forecast
from tsforecast.models.arima.order import Order

PRIOR = np.array([0.4, 0.24, 0.36])  # a return to the mean, a walk, a walk with drift


def likelihood(w, covariance):
    """Of normal differences whose covariance is this one times sigma2, integrated over log sigma."""
    sigma = np.exp(np.linspace(-8, 8, 4001)) * w.std()
    each = [stats.multivariate_normal.pdf(w, np.zeros(w.size), s**2 * covariance) for s in sigma[::20]]
    return float(np.sum(each))


@pytest.mark.parametrize("seed", range(4))
def test_weights_are_posterior_shares_of_the_differences(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=9) if seed % 2 else (0.5 + rng.normal(size=9)).cumsum()
    w, distance = np.diff(y), np.abs(np.subtract.outer(np.arange(9), np.arange(9)))
    D = np.diff(np.eye(9), axis=0)
    back = np.mean([likelihood(w, D @ rho**distance @ D.T) for rho in (0.0, 0.25, 0.5, 0.75)])
    expected = PRIOR * [back, likelihood(w, np.eye(8)), likelihood(w, np.eye(8) + np.ones((8, 8)))]
    np.testing.assert_allclose(mixture.weights(y), expected / expected.sum(), rtol=1e-3)  # a sum over 201 sigmas


@pytest.mark.parametrize(("d", "names"), [(0, ("mean",)), (1, ()), (1, ("drift",))])
@pytest.mark.parametrize("mixed", [1.0, 0.4])
def test_quantiles_are_those_of_the_mixture(d, names, mixed):
    y = np.random.default_rng(3).normal(size=10).cumsum()
    Z = np.ones((10, 1)) if names == ("mean",) else np.arange(10.0)[:, None][:, : len(names)]
    fit = estimate(y, Z, names, Order(0, d, 0), "numba")
    mean, sd, levels = np.array([y[-1] + 1.0, y[-1] + 1.2]), np.array([1.0, 1.7]), np.array([0.025, 0.1, 0.9, 0.975])
    out = mean[:, None] + mixture.quantiles(fit, (mean, sd, 9), y, float(y[-1]), mixed, levels)
    w, h = np.diff(y), np.array([1.0, 2.0])
    slope = w.sum() / 10
    heavy, scale = intervals.tails(9)
    parts = [
        stats.t(heavy, mean, sd * scale),
        stats.t(9, y[-1], np.sqrt(w @ w / 9 * h)),
        stats.t(8, y[-1] + slope * h, np.sqrt((w @ w - slope * w.sum()) / 8 * (h + h**2 / 10))),
    ]
    own, weight = (0 if d == 0 else 1 + len(names)), mixture.weights(y)
    parts[own] = parts[0]
    weight[0] *= d == 0
    weight *= mixed / weight.sum()
    weight[own] += 1 - mixed
    for j, level in enumerate(levels):
        reached = sum(share * part.cdf(out[:, j]) for share, part in zip(weight, parts, strict=True))
        held = (out[:, j] - mean) * np.sign(level - 0.5) > 0  # the mean is never left outside
        np.testing.assert_allclose(reached[held], level, atol=1e-9)


def test_ten_values_that_may_be_a_walk_spread_more_with_each_step_and_noise_does_not():
    grown = []
    for y in (np.array([3.0, 0, 4, 1, 5, 2, 4, 0, 4, 2]), np.array([0.0, 1, 1, 2, 1, 2, 3, 2, 3, 3])):
        fit = estimate(y, np.ones((10, 1)), ("mean",), Order(0, 0, 0), "numba")
        mean, sd = np.full(12, y.mean()), np.full(12, y.std())
        out = mixture.quantiles(fit, (mean, sd, 9), y, float(y[-1]), 1.0, np.array([0.1, 0.9]))
        grown.append((out[-1, 1] - out[-1, 0]) / (out[0, 1] - out[0, 0]))
    assert 1.0 <= grown[0] < 1.2
    assert grown[1] > 1.8


@pytest.mark.parametrize(("n", "options"), [(17, {}), (40, {}), (10, {"d": 0}), (10, {"trend": "none"}), (5, {})])
def test_longer_series_and_given_differences_are_not_mixed(n, options):
    y = 40 + np.random.default_rng(1).normal(size=n).cumsum()
    model = AutoARIMA(**options).fit(y)
    fit, levels = model.fits_["y"], np.array([0.1, 0.9])
    own, future = (np.ones((k, 1)) if fit.beta_names == ("mean",) else np.empty((k, 0)) for k in (n, 4))
    assert fit.beta_names in ((), ("mean",))
    mean, variance = forecast(fit, y, own, 4, future, "numba")
    known = intervals.uncertainty_of(fit, y, own)
    sd = np.sqrt(
        intervals.variance_ahead(fit, known, intervals.seen_of(fit, known, y, own), future, variance)
    ) * intervals.chosen_factor(fit, known)
    expected = mean[:, None] + sd[:, None] * intervals.quantiles_of(levels, known.degrees, True)
    np.testing.assert_array_equal(model.predict(4, level=80)[:, 1:], expected)


@pytest.mark.parametrize(("scale", "shift"), [(1e6, 0.0), (1e-6, 0.0), (-1.0, 0.0), (1.0, 64.0)])
def test_mixed_quantiles_follow_another_unit_and_zero(scale, shift):
    y = np.random.default_rng(2).normal(size=9).cumsum()
    fits = [estimate(v, np.ones((9, 1)), ("mean",), Order(0, 0, 0), "numba") for v in (y, scale * y + shift)]
    levels, sd = np.array([0.1, 0.9]), np.array([1.0, 1.5])
    own = mixture.quantiles(fits[0], (np.zeros(2), sd, 8), y, float(y[-1]), 1.0, levels)
    moved = (np.full(2, shift), abs(scale) * sd, 8)
    other = mixture.quantiles(fits[1], moved, scale * y + shift, float(scale * y[-1] + shift), 1.0, levels)
    other = (other if scale > 0 else other[:, ::-1]) / scale
    np.testing.assert_allclose(other, own, rtol=1e-9, atol=1e-9)
