"""RecurrentNetwork: (x, state) -> (output, state), pure: no Lightning, no pandas, nothing carried inside."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from tsforecast.models.neural.networks import compiled_layer as fused
from tsforecast.models.neural.networks.cells import SIZES, CellName
from tsforecast.models.neural.networks.compiled_layer import Room, Weights

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
        Share of outputs dropped between layers and before the output, where `forward` is given ``masks``.
    seeds : sequence of int, optional
        Seed of each member's first weights; 0, 1, ... where it is None, and none are drawn where it is empty.

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
        seeds: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.num_layers, self.n_members = cell, hidden_size, num_layers, n_members
        self.dropout = dropout
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
        if seeds is None or seeds:
            self.reset_parameters(range(n_members) if seeds is None else seeds)

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
            "dropout": self.dropout,
        }

    @torch.no_grad()
    def reset_parameters(self, seeds: Sequence[int]) -> None:
        """Draw the weights anew, each member from its own seed: a member alone gets the weights it gets among others.

        Input weights are uniform (Glorot & Bengio 2010), recurrent ones orthogonal (Saxe et al. 2014), biases zero but
        for the forget gate of the lstm, which begins at 1.
        """
        size = self.hidden_size
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        for weight, recurrent, bias in zip(self.inputs, self.recurrents, self.biases, strict=True):
            bound = (6 / (weight.shape[1] + size)) ** 0.5
            gaussian = torch.empty(len(generators), recurrent.shape[2] // size, size, size, dtype=torch.float64)
            for member, generator in enumerate(generators):
                uniform = torch.rand(weight.shape[1:], generator=generator, dtype=torch.float64)
                weight[member] = (uniform * 2 - 1) * bound
                gaussian[member] = torch.randn(gaussian.shape[1:], generator=generator, dtype=torch.float64)
            q, r = torch.linalg.qr(gaussian)
            gates = q * torch.sign(torch.diagonal(r, dim1=2, dim2=3))[:, :, None]
            recurrent.copy_(gates.transpose(1, 2).flatten(2))  # (n_members, hidden_size, n_gates * hidden_size)
            if self.cell == "lstm":
                bias[:, :, size : 2 * size] = _FORGET_BIAS

    @torch.no_grad()
    def take(self, members: slice) -> Self:
        """A network of its own that holds some of the members."""
        weights = {name: value[members].clone() for name, value in self.state_dict().items()}
        shape = self.shape | {"n_members": len(weights["readout"]), "seeds": ()}
        network = type(self)(**shape)
        network.load_state_dict(weights, assign=True)
        return network

    def initial_state(self, n_streams: int) -> Tensor:
        """Zeros: ``(num_layers, n_parts, n_members, n_streams, hidden_size)``."""
        parts = SIZES[self.cell].n_parts
        return self.readout.new_zeros(self.num_layers, parts, len(self.readout), n_streams, self.hidden_size)

    def rooms(self) -> list[Room]:
        """Room for the outputs of each layer, to be used by one call after another where no gradient is wanted."""
        return [Room() for _ in range(self.num_layers)]

    def forward(
        self,
        x: Tensor,
        state: Tensor | None = None,
        reset: Tensor | None = None,
        masks: Sequence[Tensor] | None = None,
        rows: Tensor | None = None,
        rooms: Sequence[Room] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Output of every step and the state after the last.

        Parameters
        ----------
        x : Tensor, shape (n_members or 1, n_steps, n_streams, input_size)
            Inputs; a first axis of 1 gives every member the same.
        state : Tensor, shape (num_layers, n_parts, n_members, n_streams, hidden_size), optional
            State before the first step; zero where it is None.
        reset : Tensor of bool, shape (n_members or 1, n_steps, n_streams), optional
            True where a new series begins: the state before that step counts as zero.
        masks : sequence of Tensor, length num_layers, optional
            Factors of each layer's outputs, ``(n_members, n_steps, n_streams, hidden_size)``: see `dropout_masks`.
        rows : Tensor of int, shape (n_rows,), optional
            Places whose output is wanted, ``step * n_streams + stream``; of all where it is None.
        rooms : sequence of Room, length num_layers, optional
            Where no gradient is wanted, room for the outputs of the layers: see `fused.run_layer`.

        Returns
        -------
        output : Tensor, shape (n_members, n_steps, n_streams, output_size)
            With ``rows``, ``(n_members, n_rows, 1, output_size)``.
        state : Tensor, of the shape of ``state``
        """
        hidden, after = self.features(x, state, reset, masks, rooms)
        if rows is not None:
            hidden, x = (part.flatten(1, 2)[:, rows, None] for part in (hidden, x))
        return self.output(hidden, x), after

    def features(
        self,
        x: Tensor,
        state: Tensor | None = None,
        reset: Tensor | None = None,
        masks: Sequence[Tensor] | None = None,
        rooms: Sequence[Room] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Outputs of the last layer, ``(n_members, n_steps, n_streams, hidden_size)``, and the state: see `forward`."""
        n_steps, n_streams = x.shape[1:3]
        state = self.initial_state(n_streams) if state is None else state
        keep = x.new_ones(1, n_steps, n_streams, 1) if reset is None else (~reset).to(x.dtype)[..., None]
        hidden, after = x, []
        for layer in range(self.num_layers):
            projection, recurrent, bias, *candidate = self.layer_weights(layer)
            weights = Weights(projection, bias, recurrent, candidate[0] if candidate else bias)
            room = None if rooms is None else rooms[layer]
            hidden, last = fused.run_layer(self.cell, hidden, weights, state[layer], keep, room)
            hidden = hidden if masks is None else hidden * masks[layer]
            after.append(last)
        return hidden, torch.stack(after)

    def layer_weights(self, layer: int) -> list[Tensor]:
        """W, U, b and, of a gru, d of a layer, in the letters of `cells`."""
        parts = [self.inputs[layer], self.recurrents[layer], self.biases[layer]]
        return [*parts, self.candidates[layer]] if self.candidates else parts

    def output(self, hidden: Tensor, x: Tensor, readout: Tensor | None = None) -> Tensor:
        """Outputs from those of the last layer and the inputs, any of whose first axes may be 1.

        ``readout`` stands in for the network's own.
        """
        readout = self.readout if readout is None else readout
        linear = torch.baddbmm(self.intercept, _flat(x, len(self.direct)), self.direct)
        output = torch.baddbmm(linear, _flat(hidden, len(readout)), readout)
        return output.view(len(output), *hidden.shape[1:3], output.shape[2])


def _flat(x: Tensor, n_members: int) -> Tensor:
    """``(n_members or 1, n_steps, n_streams, size)`` -> ``(n_members, n_steps * n_streams, size)``."""
    return x.flatten(1, 2).expand(n_members, -1, -1)


def dropout_masks(network: RecurrentNetwork, seeds: Sequence[int], step: int, shape: tuple[int, int]) -> list[Tensor]:
    """Factors of the outputs of every layer: 0 for a share of ``network.dropout``, ``1 / (1 - dropout)`` for the rest.

    They come from the seed of each member and the step alone: a run that is resumed, or has other members beside it,
    drops the same. ``shape`` is ``(n_steps, n_streams)``.

    Examples
    --------
    >>> network = RecurrentNetwork("gru", input_size=3, hidden_size=8, num_layers=2, output_size=1, dropout=0.5)
    >>> masks = dropout_masks(network, [7], step=0, shape=(5, 4))
    >>> len(masks), tuple(masks[0].shape), sorted(masks[0].unique().tolist())
    (2, (1, 5, 4, 8), [0.0, 2.0])
    """
    size = (network.num_layers, *shape, network.hidden_size)
    uniform = torch.empty(len(seeds), *size)
    generator = torch.Generator()
    for member, seed in enumerate(seeds):
        generator.manual_seed(int(np.random.SeedSequence([seed, step]).generate_state(1)[0]))
        torch.rand(size, generator=generator, out=uniform[member])
    kept = (uniform >= network.dropout).to(network.readout) / (1 - network.dropout)
    return list(kept.unbind(1))
