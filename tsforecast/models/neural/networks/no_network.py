"""NoNetwork: a network without weights, whose outputs are zero, so that only the linear autoregression is left."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.network import Network
from tsforecast.models.neural.prepare.features import FeatureLayout


class NoNetwork(Network):
    """A network without weights, whose outputs are zero; around it, `LinearStart` is a linear autoregression.

    Examples
    --------
    >>> import torch
    >>> network = NoNetwork(FeatureLayout.plain(3, horizon=2), 1)
    >>> output, _ = network(Chunk(torch.ones(5, 6, 3), *torch.zeros(2, 5, 6).bool()), None)
    >>> tuple(output.shape), bool(output.any())
    ((5, 6, 2, 1), False)
    """

    def forward(self, chunk: Chunk, state: None) -> tuple[Tensor, None]:
        """Zeros: see `Network.forward`."""
        return chunk.x.new_zeros(chunk.n_steps, chunk.n_streams, self.horizon, self.n_params), None

    @classmethod
    def members(cls, layout: FeatureLayout, n_params: int, settings: dict[str, Any], seeds: Sequence[int]) -> Any:
        """`NoMembers`, as many as there are seeds."""
        return NoMembers(len(seeds))


class NoMembers(nn.Module):
    """Members of `NoNetwork`: they have no weights, no state and no features.

    Parameters
    ----------
    n_members : int

    Examples
    --------
    >>> import torch
    >>> features, _ = NoMembers(2).features(Chunk(torch.ones(1, 5, 6, 3), *torch.zeros(2, 1, 5, 6).bool()))
    >>> tuple(features.shape)
    (2, 5, 6, 0)
    """

    context = None

    def __init__(self, n_members: int) -> None:
        super().__init__()
        self.n_members = n_members

    def initial_state(self, n_streams: int) -> None:
        """None."""

    def features(self, chunk: Chunk, state: None = None) -> tuple[Tensor, None]:
        """Of every step nothing: ``(n_members, n_steps, n_streams, 0)``."""
        return chunk.x.new_zeros(self.n_members, chunk.n_steps, chunk.n_streams, 0), None

    def output(self, linear: Callable[[Tensor], Tensor], features: Tensor, x: Tensor) -> Tensor:
        """``linear`` of the inputs, ``(n_members, n_steps, n_streams, n_outputs)``."""
        return linear(x).view(self.n_members, *features.shape[1:3], -1)

    def workspaces(self) -> None:
        """None, since there are no buffers to reuse."""

    def shrink(self, share: float, n_params: int) -> None:
        """Nothing: there is no output to multiply."""

    def take(self, members: slice) -> "NoMembers":
        """Some of the members, on their own."""
        return NoMembers(len(range(self.n_members)[members]))
