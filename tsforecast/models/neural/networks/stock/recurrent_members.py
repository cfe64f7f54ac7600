"""RecurrentMembers: stacked layers of rnn, lstm or gru with a linear output, several networks side by side."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.stock import compiled_layer
from tsforecast.models.neural.networks.stock.cells import SIZES, CellName
from tsforecast.models.neural.networks.stock.compiled_run import Weights, Workspace

_FORGET_BIAS = 1.0  # Jozefowicz, Zaremba & Sutskever (2015), section 4: a state lasts at first

LayerStates: TypeAlias = tuple[Tensor, ...]  # of each layer, (n_parts, n_members, n_streams, size)


class RecurrentMembers(nn.Module):
    """Stacked recurrent layers and a linear output ``V h``, for several independent networks of one shape.

    V is initialised to zero, so that an untrained network returns zero.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    input_size : int
    hidden_sizes : sequence of int
        Units of each layer.
    n_outputs : int
    seeds : sequence of int
        Seed of each member's initial weights.
    dropout : float
        Share of outputs dropped after each layer, where `forward` is given ``masks``.

    Examples
    --------
    >>> members = RecurrentMembers("gru", 3, (8, 4), n_outputs=1, seeds=[0, 1])
    >>> chunk = Chunk(torch.zeros(1, 5, 6, 3), *torch.zeros(2, 1, 5, 6).bool())
    >>> output, state = members(chunk)
    >>> tuple(output.shape), [tuple(layer.shape) for layer in state]
    ((2, 5, 6, 1), [(1, 2, 6, 8), (1, 2, 6, 4)])
    """

    context = None

    def __init__(
        self,
        cell: CellName,
        input_size: int,
        hidden_sizes: Sequence[int],
        n_outputs: int,
        seeds: Sequence[int],
        *,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.cell, self.hidden_sizes, self.n_members = cell, tuple(hidden_sizes), len(seeds)
        self.dropout = dropout
        sizes = list(zip([input_size, *hidden_sizes[:-1]], hidden_sizes, strict=True))
        n, n_gates = len(seeds), SIZES[cell].n_gates
        self.inputs = nn.ParameterList([torch.empty(n, given, n_gates * size) for given, size in sizes])
        self.recurrents = nn.ParameterList([torch.empty(n, size, n_gates * size) for _, size in sizes])
        self.biases = nn.ParameterList([torch.zeros(n, 1, n_gates * size) for _, size in sizes])
        candidates = [torch.zeros(n, 1, size) for _, size in sizes if cell == "gru"]
        self.candidates = nn.ParameterList(candidates)
        self.readout = nn.Parameter(torch.zeros(n, hidden_sizes[-1], n_outputs))
        if self.readout.device.type != "meta":
            self.reset_parameters(seeds)

    @torch.no_grad()
    def reset_parameters(self, seeds: Sequence[int]) -> None:
        """Draw initial weights, each member's from its own seed, whatever other members there are.

        Input weights are uniform (Glorot & Bengio 2010), recurrent ones orthogonal (Saxe et al. 2014); biases are zero,
        except 1 for the forget gate of the lstm.
        """
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        for weight, recurrent, bias in zip(self.inputs, self.recurrents, self.biases, strict=True):
            size = recurrent.shape[1]
            bound = (6 / (weight.shape[1] + size)) ** 0.5
            gaussian = torch.empty(len(generators), recurrent.shape[2] // size, size, size, dtype=torch.float64)
            for member, generator in enumerate(generators):
                uniform = torch.rand(weight.shape[1:], generator=generator, dtype=torch.float64)
                weight[member] = (uniform * 2 - 1) * bound
                gaussian[member] = torch.randn(gaussian.shape[1:], generator=generator, dtype=torch.float64)
            q, r = torch.linalg.qr(gaussian)
            gates = q * torch.sign(torch.diagonal(r, dim1=2, dim2=3))[:, :, None]
            recurrent.copy_(gates.transpose(1, 2).flatten(2))  # (n_members, size, n_gates * size)
            if self.cell == "lstm":
                bias[:, :, size : 2 * size] = _FORGET_BIAS

    @torch.no_grad()
    def take(self, members: slice) -> Self:
        """Some of the members, on their own."""
        taken = copy.deepcopy(self)
        for module in taken.modules():
            for name, weights in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(weights[members].clone()))
        taken.n_members = len(taken.readout)
        return taken

    @torch.no_grad()
    def shrink(self, share: float, n_params: int) -> None:
        """Multiply the point forecasts, the first of ``n_params`` outputs for each step ahead, by ``share``."""
        self.readout[:, :, ::n_params] *= share

    def initial_state(self, n_streams: int) -> LayerStates:
        """The state before the first step: zeros."""
        parts, n = SIZES[self.cell].n_parts, len(self.readout)
        return tuple(self.readout.new_zeros(parts, n, n_streams, size) for size in self.hidden_sizes)

    def workspaces(self) -> list[Workspace]:
        """Buffers for the outputs of each layer, for successive calls of `features` without gradients."""
        return [Workspace() for _ in self.hidden_sizes]

    def forward(self, chunk: Chunk, state: LayerStates | None = None, **options: Any) -> tuple[Tensor, LayerStates]:
        """Outputs ``V h`` of every step, ``(n_members, n_steps, n_streams, n_outputs)``, and the state after the last.

        Parameters and options are those of `features`.
        """
        hidden, after = self.features(chunk, state, **options)
        return hidden @ self.readout[:, None], after

    def output(
        self, linear: Callable[[Tensor], Tensor], hidden: Tensor, x: Tensor, readout: Tensor | None = None
    ) -> Tensor:
        """Outputs from those of the last layer and the inputs; ``readout`` replaces the network's own V."""
        readout = self.readout if readout is None else readout
        flat = hidden.flatten(1, 2).expand(len(readout), -1, -1)
        output = torch.baddbmm(linear(x), flat, readout)
        return output.view(len(output), *hidden.shape[1:3], output.shape[2])

    def features(
        self,
        chunk: Chunk,
        state: LayerStates | None = None,
        masks: Sequence[Tensor] | None = None,
        workspaces: Sequence[Workspace] | None = None,
    ) -> tuple[Tensor, LayerStates]:
        """Outputs h of the last layer, ``(n_members, n_steps, n_streams, size)``, and the state after the last step.

        Parameters
        ----------
        chunk : Chunk
        state : tuple of Tensor, optional
            State before the first step, of each layer; zero where it is None.
        masks : sequence of Tensor, optional
            Factors of each layer's outputs, ``(n_members, n_steps, n_streams, size)``: see `dropout_masks`.
        workspaces : sequence of Workspace, optional
            Buffers for the outputs of the layers where no gradient is needed: see `compiled_layer.run_layer`.
        """
        state = self.initial_state(chunk.n_streams) if state is None else state
        keep = (~chunk.reset).to(chunk.x.dtype)[..., None]
        hidden, after = chunk.x, []
        for layer in range(len(self.hidden_sizes)):
            projection, recurrent, bias, *candidate = self.layer_weights(layer)
            weights = Weights(projection, bias, recurrent, candidate[0] if candidate else bias)
            workspace = None if workspaces is None else workspaces[layer]
            hidden, last = compiled_layer.run_layer(self.cell, hidden, weights, state[layer], keep, workspace)
            hidden = hidden if masks is None else hidden * masks[layer]
            after.append(last)
        return hidden, tuple(after)

    def penalty(self) -> Tensor:
        """Zeros, ``(n_members,)``: the stock stack has no penalty."""
        return self.readout.new_zeros(len(self.readout))

    def layer_weights(self, layer: int) -> list[Tensor]:
        """W, U, b and, for a gru, d of a layer: see `cells`."""
        parts = [self.inputs[layer], self.recurrents[layer], self.biases[layer]]
        return [*parts, self.candidates[layer]] if self.candidates else parts


def dropout_masks(members: RecurrentMembers, seeds: Sequence[int], step: int, shape: tuple[int, int]) -> list[Tensor]:
    """Dropout factors of the outputs of every layer: 0 for a share of ``dropout``, ``1 / (1 - dropout)`` for the rest.

    They depend on the seed of each member and the step only, so that a resumed run, or one with other members beside
    it, drops the same. ``shape`` is ``(n_steps, n_streams)``.

    Examples
    --------
    >>> members = RecurrentMembers("gru", 3, (8, 8), 1, [7], dropout=0.5)
    >>> masks = dropout_masks(members, [7], step=0, shape=(5, 4))
    >>> len(masks), tuple(masks[0].shape), sorted(masks[0].unique().tolist())
    (2, (1, 5, 4, 8), [0.0, 2.0])
    """
    sizes = members.hidden_sizes
    n = shape[0] * shape[1]
    uniform = torch.empty(len(seeds), n * sum(sizes))
    generator = torch.Generator()
    for member, seed in enumerate(seeds):
        generator.manual_seed(int(np.random.SeedSequence([seed, step]).generate_state(1)[0]))
        torch.rand(n * sum(sizes), generator=generator, out=uniform[member])
    kept = (uniform >= members.dropout).to(members.readout) / (1 - members.dropout)
    parts = torch.split(kept, [n * size for size in sizes], dim=1)
    return [part.view(len(seeds), *shape, size) for part, size in zip(parts, sizes, strict=True)]
