"""MinimalGated: a cell with one gate."""

import torch
from torch import Tensor, nn

from tsforecast.models.neural.networks.cell import Cell


class MinimalGated(Cell):
    """The minimal gated unit: a gru with a single gate, both for forgetting and for updating.

    Zhou, Wu, Zhang & Zhou (2016), *Minimal gated unit for recurrent neural networks*, equations 6a to 6c::

        f[t] = sigmoid(W_f x[t] + U_f h[t-1] + b_f)
        n[t] = tanh(W_n x[t] + U_n (f[t] * h[t-1]) + b_n)
        h[t] = (1 - f[t]) * h[t-1] + f[t] * n[t]

    Parameters
    ----------
    input_size, hidden_size : int

    Examples
    --------
    >>> cell = MinimalGated(3, 8)
    >>> tuple(cell(torch.zeros(5, 3), torch.zeros(1, 5, 8)).shape)
    (1, 5, 8)
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.inputs = nn.Linear(input_size, 2 * hidden_size)
        self.gate = nn.Linear(hidden_size, hidden_size, bias=False)
        self.candidate = nn.Linear(hidden_size, hidden_size, bias=False)
        nn.init.xavier_uniform_(self.inputs.weight)
        nn.init.zeros_(self.inputs.bias)
        for recurrent in (self.gate, self.candidate):
            nn.init.orthogonal_(recurrent.weight)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """The state after a step: see `Cell.forward`."""
        h = state[0]
        to_gate, to_candidate = self.inputs(x).chunk(2, dim=-1)
        f = torch.sigmoid(to_gate + self.gate(h))
        n = torch.tanh(to_candidate + self.candidate(f * h))
        return (h + f * (n - h))[None]
