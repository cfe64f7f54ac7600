"""Cheaper steps change no result."""

import pytest
import torch

from tsforecast.models.rnn.lean import LeanAdam, clip_by_member
from tsforecast.models.rnn.module import RecurrentModule


def weights(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((2, 5, 8), (2, 1, 8), (2, 3))
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


@pytest.mark.parametrize("decoupled", [False, True])
def test_steps_of_adam_are_those_of_torch_to_the_bit(decoupled):
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    ours, theirs = weights(), weights()
    optimizers = [
        LeanAdam(ours, lr=0.01, weight_decay=0.1, decoupled_weight_decay=decoupled, fused=True),
        kind(theirs, lr=0.01, weight_decay=0.1, fused=True),
    ]
    generator = torch.Generator().manual_seed(1)
    for step in range(5):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=generator)
            other.grad = one.grad.clone()
        if step == 2:  # a weight without a gradient stays
            ours[1].grad = theirs[1].grad = None
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def test_the_state_of_adam_goes_on_in_torchs():
    ours, theirs = weights(), weights()
    first = LeanAdam(ours, lr=0.01, fused=True)
    for weight in ours:
        weight.grad = torch.ones_like(weight)
    first.step()
    with torch.no_grad():
        for weight, other in zip(ours, theirs, strict=True):
            other.copy_(weight)
            other.grad = torch.ones_like(other)
    second = torch.optim.Adam(theirs, lr=0.01, fused=True)
    second.load_state_dict(first.state_dict())
    first.step()
    second.step()
    for weight, other in zip(ours, theirs, strict=True):
        assert torch.equal(weight, other)


def test_adam_gives_back_what_the_closure_returns():
    (weight, *_) = weights()

    def closure():
        loss = weight.sum()
        loss.backward()
        return loss

    assert LeanAdam([weight], lr=0.01, fused=True).step(closure) == weights()[0].sum()


@pytest.mark.parametrize("size", [1e-3, 10.0])
def test_the_norm_and_the_clipped_gradient_of_a_member_do_not_depend_on_the_others(size):
    both, alone = weights(), [torch.nn.Parameter(weight.detach()[:1].clone()) for weight in weights()]
    for weight, other in zip(both, alone, strict=True):
        weight.grad = weight.detach() * size
        other.grad = weight.grad[:1].clone()
    assert torch.equal(clip_by_member(both, 1.0)[:1], clip_by_member(alone, 1.0))
    for weight, other in zip(both, alone, strict=True):
        assert torch.equal(weight.grad[:1], other.grad)


def test_no_gradient_is_left_and_other_attributes_are_stored_as_ever():
    module = RecurrentModule("rnn", 2, 1, hidden_size=3, n_members=1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for weight in module.parameters():
        weight.grad = torch.ones_like(weight)
    module.optimizer_zero_grad(0, 0, optimizer)
    assert all(weight.grad is None for weight in module.parameters())
    module._current_fx_name = "a hook"
    module.extra = torch.nn.Linear(1, 1)
    assert module._current_fx_name == "a hook"
    assert "extra.weight" in module.state_dict()
