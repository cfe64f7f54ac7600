"""torch's own layers, run by `fused`: with resets in mid-sequence, and fast on a processor."""

from typing import Any

import torch
from torch import Tensor, nn

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.networks.cells import SIZES, CellName
from tsforecast.models.neural.networks.compiled_layer import Weights, run_layer, supports

_MODES: dict[str, CellName] = {"RNN_TANH": "rnn", "LSTM": "lstm", "GRU": "gru"}


def run_layers(
    network: nn.RNN | nn.LSTM | nn.GRU, x: Tensor, state: Any = None, reset: Tensor | None = None
) -> tuple[Tensor, Any]:
    """What ``network(x, state)`` returns, with resets in mid-sequence, and fast on a processor.

    The weights are those of a layer of torch, so that its state dict, initialisation and training stay as they are.

    Parameters
    ----------
    network : torch.nn.RNN, torch.nn.LSTM or torch.nn.GRU
        Any depth, one direction, no projection, tanh.
    x : Tensor, shape (n_steps, n_streams, input_size)
        With n_streams first where the network is ``batch_first``.
    state : Tensor, shape (num_layers, n_streams, hidden_size), or for the lstm two of them; optional
        Zero where it is None.
    reset : Tensor of bool, shape (n_steps, n_streams), optional
        True where the state before the step counts as zero. Always steps first.

    Examples
    --------
    >>> network, x = nn.GRU(3, 8), torch.randn(5, 2, 3)
    >>> torch.allclose(run_layers(network, x)[0], network(x)[0], atol=1e-6)
    True
    """
    cell = _cell(network)
    if reset is None and not supports(x):
        return network(x, state)
    hidden = x.transpose(0, 1) if network.batch_first else x
    n_steps, n_streams, _ = hidden.shape
    n_layers = network.num_layers
    before = (
        x.new_zeros(SIZES[cell].n_parts, n_layers, n_streams, network.hidden_size) if state is None else _parts(state)
    )
    keep = x.new_ones(n_steps, n_streams, 1) if reset is None else (~reset).to(x.dtype)[..., None]
    after = []
    for layer in range(n_layers):
        output, last = run_layer(cell, hidden[None], _weights(network, layer), before[:, None, layer], keep)
        after.append(last[:, 0])
        hidden = output[0]
        if layer < n_layers - 1:
            hidden = nn.functional.dropout(hidden, network.dropout, network.training)
    last = torch.stack(after, dim=1)  # (n_parts, num_layers, n_streams, hidden_size)
    return hidden.transpose(0, 1) if network.batch_first else hidden, (last[0], last[1]) if cell == "lstm" else last[0]


def _cell(network: nn.Module) -> CellName:
    if not isinstance(network, nn.RNNBase) or network.mode not in _MODES:
        raise ParameterError(f"network is {network!r}; needs torch.nn.RNN with tanh, torch.nn.LSTM or torch.nn.GRU.")
    if network.bidirectional or network.proj_size:
        raise ParameterError("network has two directions or a projection; needs one direction and none.")
    return _MODES[network.mode]


def _parts(state: Any) -> Tensor:
    return torch.stack(list(state)) if isinstance(state, tuple) else state[None]


def _weights(network: nn.RNNBase, layer: int) -> Weights:
    size = network.hidden_size
    projection, recurrent = (getattr(network, f"weight_{name}_l{layer}").t()[None] for name in ("ih", "hh"))
    bias = recurrent_bias = projection.new_zeros(projection.shape[2])
    if network.bias:
        bias, recurrent_bias = getattr(network, f"bias_ih_l{layer}"), getattr(network, f"bias_hh_l{layer}")
    if network.mode == "GRU":  # d acts apart from the other biases
        bias = bias + nn.functional.pad(recurrent_bias[: 2 * size], (0, size))
        return Weights(projection, bias[None, None], recurrent, recurrent_bias[None, None, 2 * size :])
    return Weights(projection, (bias + recurrent_bias)[None, None], recurrent, recurrent_bias[None, None, :size])
