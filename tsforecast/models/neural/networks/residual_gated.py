"""ResidualGated: a cell that adds a gated update to its state."""

import torch
from torch import Tensor, nn

from tsforecast.models.neural.networks.cell import Cell

_FIRST_GATE = -1.0  # initial bias of the gate: updates are small at first


class ResidualGated(Cell):
    """A cell whose state changes by a residual update times a gate.

    ::

        lambda[t] = sigmoid(W_l x[t] + U_l h[t-1] + b_l)
        F[t]      = tanh(W_F x[t] + U_F h[t-1] + b_F)
        h[t]      = h[t-1] + lambda[t] * F[t]

    With lambda held at one it is the residual recurrence ``h + F(h, x)``, a step of Euler's method (He et al. 2016;
    Chen et al. 2018, equation 1); the gate is that of highway networks (Srivastava, Greff & Schmidhuber 2015).

    Parameters
    ----------
    input_size, hidden_size : int

    Examples
    --------
    >>> cell = ResidualGated(3, 8)
    >>> tuple(cell(torch.zeros(5, 3), torch.zeros(1, 5, 8)).shape)
    (1, 5, 8)
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.inputs = nn.Linear(input_size, 2 * hidden_size)
        self.recurrent = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        nn.init.xavier_uniform_(self.inputs.weight)
        nn.init.zeros_(self.inputs.bias)
        nn.init.constant_(self.inputs.bias[:hidden_size], _FIRST_GATE)
        for part in self.recurrent.weight.data.chunk(2):
            nn.init.orthogonal_(part)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """The state after a step: see `Cell.forward`."""
        h = state[0]
        gate, update = (self.inputs(x) + self.recurrent(h)).chunk(2, dim=-1)
        return (h + torch.sigmoid(gate) * torch.tanh(update))[None]
