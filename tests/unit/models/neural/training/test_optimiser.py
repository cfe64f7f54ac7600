"""Cheaper steps change no result."""

import functools

import pytest
import torch

from tsforecast.models.neural.training.optimiser import Descent, clip_by_member


def weights(seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, 5, 8), (2, 1, 8), (2, 3))
    return [torch.nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in shapes]


OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": functools.partial(torch.optim.SGD, momentum=0.9),
}


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-14)])
def test_steps_are_those_of_torchs_optimisers(name, weight_decay, dtype, tolerance):
    ours, theirs = (torch.nn.Parameter(weights()[0].detach().to(dtype)) for _ in range(2))
    ours.grad, generator = torch.zeros_like(ours), torch.Generator().manual_seed(1)
    descent = Descent(ours, name, weight_decay)
    optimizer = OPTIMIZERS[name]([theirs], lr=0.01, weight_decay=weight_decay)
    for step in range(6):
        theirs.grad = torch.randn(ours.shape, generator=generator).to(dtype)
        ours.grad.copy_(theirs.grad)
        optimizer.param_groups[0]["lr"] = 0.01 / (step + 1)
        optimizer.step()
        descent.step(0.01 / (step + 1))
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_weights_move_the_same_to_the_bit_whatever_lies_before_them(name):
    both, alone = weights()[2], torch.nn.Parameter(weights()[2].detach()[1:].clone())  # three of six: no whole vector
    for weight in (both, alone):
        weight.grad = weight.detach() ** 2
        Descent(weight, name, 0.1).step(0.01)
    assert torch.equal(both[1:], alone)


@pytest.mark.parametrize("size", [1e-3, 10.0])
def test_the_norm_and_the_clipped_gradient_of_a_member_do_not_depend_on_the_others(size):
    both, alone = weights(), [torch.nn.Parameter(weight.detach()[:1].clone()) for weight in weights()]
    for weight, other in zip(both, alone, strict=True):
        weight.grad = weight.detach() * size
        other.grad = weight.grad[:1].clone()
    assert torch.equal(clip_by_member(both, 1.0)[:1], clip_by_member(alone, 1.0))
    for weight, other in zip(both, alone, strict=True):
        assert torch.equal(weight.grad[:1], other.grad)
