"""The linear start: a ridge regression, column by column, and the members beside it."""

import numpy as np
import pytest
import torch

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.cell_stack import CellStack
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.ridge import ridge
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.prepare.features import FeatureLayout


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
    network = LinearStart(RecurrentMembers("gru", 3, (4,), 2, [0]), 3, 2, 1).double()
    network.slopes.copy_(slopes)
    network.intercept.copy_(level)
    output, _ = network(chunk_of(x[None, :, None]))
    torch.testing.assert_close(output[0, :, 0, :, 0], x @ slopes + level)
    np.testing.assert_allclose(network.linear_of(x.numpy()), x @ slopes + level, rtol=1e-12)


def chunk_of(x):
    nothing = torch.zeros(x.shape[:3], dtype=torch.bool)
    return Chunk(x, nothing, nothing.long())


@pytest.mark.parametrize("network", [RecurrentNetwork, CellStack])
def test_members_that_are_taken_say_what_they_say_among_others(network):
    spec = NetworkSpec.of(network, {"hidden_size": (4, 3)})
    both = spec.build(FeatureLayout.plain(3, 2), 2, [5, 6, 7]).eval()
    generator = torch.Generator().manual_seed(0)
    for part in (*both.parameters(), both.slopes, both.intercept):
        part.data.copy_(torch.randn(part.shape, generator=generator))
    chunk = chunk_of(torch.randn(1, 6, 5, 3, generator=generator))
    output, _ = both(chunk)
    taken = both.take(slice(1, 3))
    assert taken.n_members == 2
    torch.testing.assert_close(taken(chunk)[0], output[1:], rtol=1e-5, atol=1e-6)
    linear = both.linear(chunk.x).view_as(output)
    taken.shrink(0.25)
    shrunk = taken(chunk)[0]
    expected = linear[1:] + 0.25 * (output - linear)[1:]
    torch.testing.assert_close(shrunk[..., 0], expected[..., 0], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(shrunk[..., 1], output[1:, ..., 1], rtol=1e-5, atol=1e-6)  # no point forecasts
    torch.testing.assert_close(both(chunk)[0], output, rtol=0, atol=0)  # those that were taken are copies
