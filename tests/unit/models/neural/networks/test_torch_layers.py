"""torch's own layers as the oracle of the compiled recurrences."""

import copy

import pytest
import torch
from torch import nn
from tsforecast.models.neural.networks.torch_layers import run_layers

from tsforecast.exceptions import ParameterError

every_layer = pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])


def made(kind, dtype=torch.float32, **options):
    torch.manual_seed(0)
    network = kind(5, 16, dtype=dtype, **options)
    n_layers = network.num_layers
    x = torch.randn(12, 6, 5, dtype=dtype, requires_grad=True)
    state = torch.randn(n_layers, 6, 16, dtype=dtype, requires_grad=True)
    memory = torch.randn(n_layers, 6, 16, dtype=dtype, requires_grad=True)
    return network, x, (state, memory) if kind is nn.LSTM else state


def tensors(state):
    return state if isinstance(state, tuple) else (state,)


def gradients(network, x, state, output, after):
    pull = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    loss = (output * pull).sum() + sum((part**2).sum() for part in tensors(after))
    return torch.autograd.grad(loss, [x, *tensors(state), *network.parameters()])


@every_layer
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bias": False}, {"batch_first": True}])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_outputs_and_all_gradients_are_torchs(kind, options, dtype, tolerance):
    network, x, state = made(kind, dtype, **options)
    given = x.transpose(0, 1) if network.batch_first else x
    output, after = run_layers(network, given, state)
    expected, last = network(given, state)
    torch.testing.assert_close(output, expected, rtol=tolerance, atol=tolerance)
    for one, other in zip(tensors(after), tensors(last), strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)
    actual = gradients(network, x, state, output, after)
    for one, other in zip(actual, gradients(network, x, state, expected, last), strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


@every_layer
def test_a_reset_is_a_fresh_call_of_torchs_layer(kind):
    network, x, state = made(kind, num_layers=2)
    reset = torch.zeros(12, 6, dtype=torch.bool)
    reset[5] = True
    output, after = run_layers(network, x, state, reset)
    first, _ = network(x[:5], state)
    second, last = network(x[5:])
    torch.testing.assert_close(output, torch.cat([first, second]), rtol=1e-5, atol=1e-6)
    for one, other in zip(tensors(after), tensors(last), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@every_layer
def test_a_state_dict_of_torch_gives_torchs_answer(kind):
    network, x, _ = made(kind)
    other = kind(5, 16)
    other.load_state_dict(copy.deepcopy(network.state_dict()))
    torch.testing.assert_close(run_layers(other, x)[0], network(x)[0], rtol=1e-5, atol=1e-6)


@every_layer
def test_another_dtype_is_computed_by_torch(kind):
    network, x, _ = made(kind)
    network, x = network.bfloat16(), x.bfloat16()
    assert torch.equal(run_layers(network, x)[0], network(x)[0])
    reset = torch.zeros(12, 6, dtype=torch.bool)
    with_resets = run_layers(network, x, reset=reset)[0]
    torch.testing.assert_close(with_resets, network(x)[0], rtol=0.1, atol=0.1)  # bfloat16 has three digits


def test_dropout_acts_between_layers_in_training_only():
    network, x, _ = made(nn.GRU, num_layers=2, dropout=0.5)
    assert not torch.equal(run_layers(network, x)[0], run_layers(network, x)[0])
    network.eval()
    torch.testing.assert_close(run_layers(network, x)[0], network(x)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "network",
    [nn.Linear(5, 3), nn.RNN(5, 3, nonlinearity="relu"), nn.LSTM(5, 3, proj_size=2), nn.GRU(5, 3, bidirectional=True)],
)
def test_other_networks_are_refused(network):
    with pytest.raises(ParameterError, match="network"):
        run_layers(network, torch.zeros(4, 2, 5))
