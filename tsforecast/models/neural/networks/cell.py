"""Cell: the interface of a recurrent cell, one step of one layer, trained by autograd."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Cell(nn.Module, ABC):
    """One step of a recurrent layer: ``state after = cell(x, state before)``.

    A subclass makes its weights in its constructor, which takes two sizes. `cell_stack.CellStack` stacks layers of it,
    resets the state where a new series begins, and adds the output. `minimal_gated` and `residual_gated` are examples.

    Parameters
    ----------
    input_size, hidden_size : int

    Attributes
    ----------
    n_parts : int
        Tensors of the state. The first of them is the output of the layer.
    """

    n_parts: ClassVar[int] = 1

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size

    @abstractmethod
    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """The state after a step: ``(n_streams, input_size)`` and ``(n_parts, n_streams, hidden_size)`` -> state."""
