"""The linear start: a ridge regression, column by column."""

import numpy as np
import torch

from tsforecast.models.neural.networks.linear_start import ridge
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork


def problem(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3)) * [1.0, 10.0, 0.1]
    truth = np.array([[1.0, -2.0], [0.3, 0.0], [5.0, 20.0]])
    y = x @ truth + [4.0, -1.0] + 0.01 * rng.standard_normal((n, 2))
    return torch.tensor(x), torch.tensor(y), truth


def test_slopes_and_intercepts_are_found():
    x, y, truth = problem()
    slopes, level = ridge(x, y, torch.ones_like(y), torch.ones(3, 2, dtype=torch.float64))
    np.testing.assert_allclose(slopes, truth, atol=0.02)
    np.testing.assert_allclose(level, [4.0, -1.0], atol=0.02)


def test_what_weighs_nothing_changes_nothing():
    x, y, _ = problem()
    weight = torch.ones_like(y)
    weight[:100] = 0
    trust = torch.ones(3, 2, dtype=torch.float64)
    slopes, level = ridge(x, y, weight, trust)
    y[:100] = 1e6
    x[:100] = -1e6
    again, other = ridge(x, y, weight, trust)
    assert torch.equal(slopes, again)
    assert torch.equal(level, other)


def test_an_input_without_trust_has_no_part():
    x, y, _ = problem()
    trust = torch.tensor([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    slopes, _ = ridge(x, y, torch.ones_like(y), trust)
    assert float(slopes[1, 1]) == 0
    assert abs(float(slopes[1, 0]) - 0.3) < 0.01  # of the other column it is asked


def test_few_noisy_observations_are_not_interpolated():
    rng = np.random.default_rng(0)
    x, y = torch.tensor(rng.standard_normal((9, 8))), torch.tensor(rng.standard_normal((9, 1)))
    slopes, level = ridge(x, y, torch.ones_like(y), torch.ones(8, 1, dtype=torch.float64))
    assert float((y - x @ slopes - level).square().mean()) > 0.3 * float(y.var())


def test_a_network_with_this_start_is_that_regression():
    x, y, _ = problem()
    slopes, level = ridge(x, y, torch.ones_like(y), torch.ones(3, 2, dtype=torch.float64))
    network = RecurrentNetwork("gru", 3, 4, 1, 2).double()
    network.direct.copy_(slopes)
    network.intercept.copy_(level)
    output, _ = network(x[None, :, None])
    torch.testing.assert_close(output[0, :, 0], x @ slopes + level)
