"""The fused output and loss against torch's operations."""

import pytest
import torch
from tsforecast.models.neural.training.readout import point_losses

from tsforecast.models.neural.batches.streams import Chunk
from tsforecast.models.neural.heads import PointHead
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork

STEPS, STREAMS = 9, 11  # more rows than a block, and no multiple of it


def case(n_members=3, n_shared=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    network = RecurrentNetwork("rnn", 4, 5, 1, 6, n_members=n_members).to(dtype)
    for weight in (network.readout, network.direct, network.intercept):
        weight.data.copy_(draw(*weight.shape))
    shape = (n_shared, STEPS, STREAMS)
    weight = (draw(*shape, 6) > -0.5).to(dtype) * draw(*shape, 6).abs()
    nothing = torch.zeros(shape, dtype=torch.bool)
    batch = Chunk(draw(*shape, 4), draw(*shape, 6), weight, nothing, nothing.long(), torch.ones(shape, dtype=dtype))
    return network, draw(n_members, STEPS, STREAMS, 5).requires_grad_(), batch


def by_torch(head, network, hidden, batch):
    output = network.output(hidden, batch.x)
    return (head.loss(output[..., None], batch.target.expand(output.shape)) * batch.weight).sum(dim=(1, 2, 3))


@pytest.mark.parametrize("name", ["mae", "mase", "balanced", "mse", "huber"])
@pytest.mark.parametrize("n_shared", [1, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_losses_and_gradients_are_those_of_torchs_operations(name, n_shared, dtype, tolerance):
    network, hidden, batch = case(3, n_shared, dtype)
    share = torch.tensor([0.5, -2.0, 1.0], dtype=dtype)
    results = []
    for losses in (point_losses, by_torch):
        totals = losses(PointHead(name), network, hidden, batch)
        results.append([totals.detach(), *torch.autograd.grad((totals * share).sum(), [hidden, network.readout])])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance * float(other.abs().max()))


@pytest.mark.parametrize("name", ["mae", "mse", "huber"])
def test_nan_reaches_the_loss_of_every_member(name):
    network, hidden, batch = case()
    batch.target[0, 3, 2, 1] = torch.nan
    batch.weight[0, 3, 2, 1] = 1
    assert torch.isnan(point_losses(PointHead(name), network, hidden, batch)).all()


def test_a_member_gets_what_it_gets_alone():
    network, hidden, batch = case(dtype=torch.float32)
    together = point_losses(PointHead(), network, hidden, batch)
    for member in range(3):
        part = slice(member, member + 1)
        assert torch.equal(point_losses(PointHead(), network.take(part), hidden[part], batch), together[part])
