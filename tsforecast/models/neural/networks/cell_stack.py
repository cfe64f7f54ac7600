"""CellStack: layers of any recurrent cell and a linear output, trained by autograd."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.cell import Cell
from tsforecast.models.neural.networks.minimal_gated import MinimalGated
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.networks.recurrent import layer_sizes
from tsforecast.models.neural.prepare.features import FeatureLayout


class CellStack(Network):
    """Layers of a recurrent cell, each on the outputs of the layer below, and a linear output ``V h``.

    V is initialised to zero, so that an untrained network returns zero.

    Parameters
    ----------
    layout : FeatureLayout
    n_params : int
    cell : type of Cell
    hidden_size : int or tuple of int
        Units of every layer, or of each.
    num_layers : int
        Layers, where ``hidden_size`` is one number.
    dropout : float
        Share of outputs dropped after each layer, in training.

    Examples
    --------
    >>> network = CellStack(FeatureLayout.plain(3, horizon=2), 1, hidden_size=(8, 4))
    >>> chunk = Chunk(torch.zeros(5, 6, 3), *torch.zeros(2, 5, 6).bool())
    >>> output, state = network(chunk, network.initial_state(6))
    >>> tuple(output.shape), [tuple(layer.shape) for layer in state]
    ((5, 6, 2, 1), [(1, 6, 8), (1, 6, 4)])
    """

    def __init__(
        self,
        layout: FeatureLayout,
        n_params: int,
        *,
        cell: type[Cell] = MinimalGated,
        hidden_size: int | tuple[int, ...] = 32,
        num_layers: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(layout, n_params)
        if not isinstance(cell, type) or not issubclass(cell, Cell):
            raise ParameterError(f"cell={cell!r} is no class of Cell.")
        sizes, self.dropout = layer_sizes(hidden_size, num_layers), dropout
        self.state_sizes = [(cell.n_parts, size) for size in sizes]
        inputs = (layout.input_size, *sizes[:-1])
        self.layers = nn.ModuleList([cell(given, size) for given, size in zip(inputs, sizes, strict=True)])
        self.readout = nn.Parameter(torch.zeros(sizes[-1], self.n_outputs))

    def initial_state(self, n_streams: int) -> tuple[Tensor, ...]:
        """Zeros: of each layer ``(n_parts, n_streams, hidden_size)``."""
        return tuple(self.readout.new_zeros(n_parts, n_streams, size) for n_parts, size in self.state_sizes)

    def forward(self, chunk: Chunk, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """``V h`` of every step: see `Network.forward`."""
        keep = (~chunk.reset).to(chunk.x.dtype)[..., None]  # (n_steps, n_streams, 1)
        hidden, after = chunk.x, []
        for cell, latest in zip(self.layers, list(state), strict=True):
            outputs, own = [], latest
            for x, kept in zip(hidden.unbind(0), keep.unbind(0), strict=True):
                own = self._checked(cell(x, own * kept), own, cell)
                outputs.append(own[0])
            hidden = dropout(torch.stack(outputs), self.dropout, self.training)
            after.append(own)
        return self.as_output(hidden @ self.readout), tuple(after)

    @staticmethod
    def _checked(after: Tensor, before: Tensor, cell: nn.Module) -> Tensor:
        """The state after a step, which must have the shape of the one before."""
        if after.shape != before.shape:
            raise ParameterError(
                f"{type(cell).__name__}: the state is {tuple(before.shape)} before a step, {tuple(after.shape)} after: "
                "both must be (n_parts, n_streams, hidden_size)."
            )
        return after
