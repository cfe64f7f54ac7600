"""Slow twins of the steps of optimisers: their definitions on whole arrays."""

import numpy as np
import pytest

from tsforecast.kernels.recurrent.descent import adam, bound, momentum

SIZES = (2, 21)  # members and weights: no whole vectors


def case(n):
    rng = np.random.default_rng(0)
    return [rng.normal(size=SIZES) for _ in range(n)]


@pytest.mark.parametrize("largest", [0.5, 1e3])
def test_gradients_are_means_scaled_down_where_they_are_long_and_then_decayed(largest):
    gradient, weights = case(2)
    totals, decays = np.array([[3.0, 4.0], [2.0, 5.0]]), np.array([0.1, 0.2])
    losses, norms = np.empty((2, 2))
    mean = gradient / totals[1][:, None]
    factor = np.minimum(1, largest / np.linalg.norm(mean, axis=1))[:, None]
    expected = mean * factor + decays[:, None] * weights
    bound(gradient, weights, totals, decays, np.array([largest]), losses, norms)
    np.testing.assert_allclose(gradient, expected, rtol=1e-13)
    np.testing.assert_allclose(losses, totals[0] / totals[1], rtol=1e-13)
    np.testing.assert_allclose(norms, np.linalg.norm(mean, axis=1), rtol=1e-13)


def test_nan_stays_in_its_member():
    gradient, weights = case(2)
    gradient[0, 3] = np.nan
    bound(gradient, weights, np.ones((2, 2)), np.zeros(2), np.array([1.0]), *np.empty((2, 2)))
    assert np.isnan(gradient[0]).all()
    assert np.isfinite(gradient[1]).all()


def test_a_step_of_adam_is_its_definition():
    weights, gradient, means, squares = (part.ravel() for part in case(4))
    squares = squares**2
    rates = (0.1, 0.999, 0.001, 0.02, 0.3, 1e-8, 0.99, 0.05)
    g = gradient + 0.05 * weights
    mean, square = 0.9 * means + 0.1 * g, 0.999 * squares + 0.001 * g**2
    expected = 0.99 * weights - 0.02 * mean / (np.sqrt(square) / 0.3 + 1e-8)
    adam(weights, gradient, means, squares, np.array(rates))
    for found, wanted in ((weights, expected), (means, mean), (squares, square)):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_step_with_momentum_is_its_definition():
    weights, gradient, means = (part.ravel() for part in case(3))
    mean = 0.9 * means + gradient + 0.05 * weights
    expected = weights - 0.02 * mean
    momentum(weights, gradient, means, np.array([0.02, 0.9, 0.05]))
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    np.testing.assert_allclose(means, mean, rtol=1e-12)
