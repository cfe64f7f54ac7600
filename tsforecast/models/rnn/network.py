"""RecurrentNetwork: (x, state) -> (output, state), pure: no Lightning, no pandas, nothing carried inside."""

from typing import Any

import torch
from torch import Tensor, nn

from tsforecast.models.rnn import fused
from tsforecast.models.rnn.cells import SIZES, CellName
from tsforecast.models.rnn.fused import Weights

_FORGET_BIAS = 1.0  # Jozefowicz, Zaremba & Sutskever (2015), section 4: remember at first


class RecurrentNetwork(nn.Module):
    """Stacked recurrent layers and a linear output, for ``n_members`` networks of one shape side by side.

    The output is ``V h + S x``: S, a direct linear path from the inputs of the step, lets the network begin as a linear
    autoregression. V and S begin at zero, so that an untrained network answers zero, which is the naive forecast.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    input_size, hidden_size, num_layers, output_size : int
    n_members : int
        Networks side by side, each with its own weights.
    dropout : float
        Share of outputs dropped between layers and before the output, in training.

    Examples
    --------
    >>> network = RecurrentNetwork("gru", input_size=3, hidden_size=8, num_layers=2, output_size=1)
    >>> output, state = network(torch.zeros(1, 5, 4, 3))
    >>> tuple(output.shape), tuple(state.shape)
    ((1, 5, 4, 1), (2, 1, 1, 4, 8))
    """

    direct: Tensor
    intercept: Tensor

    def __init__(
        self,
        cell: CellName,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        output_size: int,
        *,
        n_members: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.num_layers, self.n_members = cell, hidden_size, num_layers, n_members
        width = SIZES[cell].n_gates * hidden_size
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self.inputs = nn.ParameterList([torch.empty(n_members, size, width) for size in sizes])
        self.recurrents = nn.ParameterList([torch.empty(n_members, hidden_size, width) for _ in sizes])
        self.biases = nn.ParameterList([torch.zeros(n_members, 1, width) for _ in sizes])
        n_candidates = num_layers if cell == "gru" else 0
        self.candidates = nn.ParameterList([torch.zeros(n_members, 1, hidden_size) for _ in range(n_candidates)])
        self.readout = nn.Parameter(torch.zeros(n_members, hidden_size, output_size))
        self.register_buffer("direct", torch.zeros(n_members, input_size, output_size))
        self.register_buffer("intercept", torch.zeros(n_members, 1, output_size))
        self.dropout = nn.Dropout(dropout)
        self.reset_parameters()

    @property
    def shape(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "cell": self.cell,
            "input_size": self.direct.shape[1],
            "hidden_size": self.hidden_size,
            "num_layers": self.num_layers,
            "output_size": self.direct.shape[2],
            "n_members": self.n_members,
            "dropout": self.dropout.p,
        }

    def reset_parameters(self, seeds: "list[int] | None" = None) -> None:
        """Draw the weights anew, each member from its own seed: a member alone gets the weights it gets among others.

        Input weights are uniform (Glorot & Bengio 2010), recurrent ones orthogonal (Saxe et al. 2014), biases zero but
        for the forget gate of the lstm, which begins at 1.
        """
        for member, seed in enumerate(seeds if seeds is not None else range(self.n_members)):
            generator = torch.Generator().manual_seed(seed)
            for layer in range(self.num_layers):
                self._draw(layer, member, generator)

    @torch.no_grad()
    def _draw(self, layer: int, member: int, generator: torch.Generator) -> None:
        weight, recurrent = self.inputs[layer][member], self.recurrents[layer][member]
        bound = (6 / (weight.shape[0] + self.hidden_size)) ** 0.5
        weight.copy_((torch.rand(weight.shape, generator=generator, dtype=torch.float64) * 2 - 1) * bound)
        for gate in recurrent.split(self.hidden_size, dim=1):
            gaussian = torch.randn(gate.shape, generator=generator, dtype=torch.float64)
            q, r = torch.linalg.qr(gaussian)
            gate.copy_(q * torch.sign(torch.diagonal(r)))
        if self.cell == "lstm":
            self.biases[layer][member, :, self.hidden_size : 2 * self.hidden_size] = _FORGET_BIAS

    def initial_state(self, n_streams: int) -> Tensor:
        """Zeros: ``(num_layers, n_parts, n_members, n_streams, hidden_size)``."""
        parts = SIZES[self.cell].n_parts
        return self.readout.new_zeros(self.num_layers, parts, self.n_members, n_streams, self.hidden_size)

    def forward(self, x: Tensor, state: Tensor | None = None, reset: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Output of every step and the state after the last.

        Parameters
        ----------
        x : Tensor, shape (n_members or 1, n_steps, n_streams, input_size)
            Inputs; a first axis of 1 gives every member the same.
        state : Tensor, shape (num_layers, n_parts, n_members, n_streams, hidden_size), optional
            State before the first step; zero where it is None.
        reset : Tensor of bool, shape (n_members or 1, n_steps, n_streams), optional
            True where a new series begins: the state before that step counts as zero.

        Returns
        -------
        output : Tensor, shape (n_members, n_steps, n_streams, output_size)
        state : Tensor, of the shape of ``state``
        """
        n_steps, n_streams = x.shape[1:3]
        state = self.initial_state(n_streams) if state is None else state
        keep = x.new_ones(1, n_steps, n_streams, 1) if reset is None else (~reset).to(x.dtype)[..., None]
        hidden, after = x, []
        for layer in range(self.num_layers):
            candidate = self.candidates[layer] if self.candidates else self.biases[layer]
            weights = Weights(self.inputs[layer], self.biases[layer], self.recurrents[layer], candidate)
            hidden, last = fused.run_layer(self.cell, hidden, weights, state[layer], keep)
            hidden = self.dropout(hidden)
            after.append(last)
        output = _product(hidden, self.readout) + _product(x, self.direct) + self.intercept[:, None]
        return output, torch.stack(after)


def _product(x: Tensor, weight: Tensor) -> Tensor:
    """``(n_members or 1, n_steps, n_streams, n_in)`` by ``(n_members, n_in, n_out)``, as one batched product."""
    flat = x.flatten(1, 2).expand(weight.shape[0], -1, -1)
    return torch.bmm(flat, weight).view(weight.shape[0], *x.shape[1:3], -1)
