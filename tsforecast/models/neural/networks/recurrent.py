"""RecurrentNetwork: the stock recurrent stack as a `Network`, layers of rnn, lstm or gru and a linear output."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.stock.cells import CellName
from tsforecast.models.neural.networks.stock.recurrent_members import LayerStates, RecurrentMembers
from tsforecast.models.neural.prepare.features import FeatureLayout


class RecurrentNetwork(Network):
    """The stock recurrent stack as a single `Network`, which subclasses may change.

    A subclass is trained by autograd, not by the compiled passes.

    Parameters
    ----------
    layout : FeatureLayout
    n_params : int
    cell : {"rnn", "lstm", "gru"}
    hidden_size : int or tuple of int
        Units of every layer, or of each.
    num_layers : int
    dropout : float
        Share of outputs dropped after each layer, in training.

    Examples
    --------
    >>> network = RecurrentNetwork(FeatureLayout.plain(3, horizon=2), 1, cell="gru", hidden_size=(8, 4))
    >>> chunk = Chunk(torch.zeros(5, 6, 3), *torch.zeros(2, 5, 6).bool())
    >>> output, state = network(chunk, network.initial_state(6))
    >>> tuple(output.shape)
    (5, 6, 2, 1)
    """

    side_by_side = False  # vmap cannot look into compiled kernels

    def __init__(
        self,
        layout: FeatureLayout,
        n_params: int,
        *,
        cell: CellName = "lstm",
        hidden_size: int | tuple[int, ...] = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(layout, n_params)
        self.dropout = dropout
        seed = int(torch.randint(2**31, (), device="cpu").item())
        sizes = layer_sizes(hidden_size, num_layers)
        self.layers = RecurrentMembers(cell, layout.input_size, sizes, self.n_outputs, [seed], dropout=dropout)

    def initial_state(self, n_streams: int) -> LayerStates:
        """Zeros: of each layer ``(n_parts, n_streams, size)``."""
        return tuple(part[:, 0] for part in self.layers.initial_state(n_streams))

    def features(self, chunk: Chunk, state: LayerStates) -> tuple[Tensor, LayerStates]:
        """Outputs of the last layer, ``(n_steps, n_streams, size)``, and the state after the last step."""
        whole = Chunk(chunk.x[None], chunk.reset[None], chunk.series[None])
        masks = None
        if self.training and self.dropout:
            shape = (1, chunk.n_steps, chunk.n_streams)
            masks = [dropout(chunk.x.new_ones(*shape, size), self.dropout) for size in self.layers.hidden_sizes]
        hidden, after = self.layers.features(whole, tuple(part[:, None] for part in state), masks)
        return hidden[0], tuple(part[:, 0] for part in after)

    def forward(self, chunk: Chunk, state: LayerStates) -> tuple[Tensor, LayerStates]:
        """``V h`` of every step: see `Network.forward`."""
        hidden, after = self.features(chunk, state)
        return self.as_output(hidden @ self.layers.readout[0]), after

    @classmethod
    def members(cls, layout: FeatureLayout, n_params: int, settings: dict[str, Any], seeds: Sequence[int]) -> Any:
        """Several networks side by side: `RecurrentMembers` for the stock stack, `Members` for a subclass."""
        if cls is not RecurrentNetwork:
            return super().members(layout, n_params, settings, seeds)
        given: dict[str, Any] = {"cell": "lstm", "hidden_size": 32, "num_layers": 1, "dropout": 0.0} | settings
        sizes = layer_sizes(given["hidden_size"], given["num_layers"])
        n_outputs = layout.horizon * n_params
        return RecurrentMembers(given["cell"], layout.input_size, sizes, n_outputs, seeds, dropout=given["dropout"])


def layer_sizes(hidden_size: int | tuple[int, ...], num_layers: int) -> tuple[int, ...]:
    """Units of each layer.

    Examples
    --------
    >>> layer_sizes(32, 2), layer_sizes((64, 32), 1)
    ((32, 32), (64, 32))
    """
    return (hidden_size,) * num_layers if isinstance(hidden_size, int) else tuple(hidden_size)
