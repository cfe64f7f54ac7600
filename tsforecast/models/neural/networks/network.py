"""Network: the interface of every network, written for a single one.

Several members, the linear start and the engine of a training step are added around it: see ``docs/add_a_network.md``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

from torch import Tensor, nn

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.prepare.features import FeatureLayout

State: TypeAlias = Any  # tensors (..., n_streams, size) in nested tuples, lists and dicts; or None


class Network(nn.Module, ABC):
    """A network that maps a chunk of streams and a state to outputs and the state after it.

    A subclass calls ``super().__init__(layout, n_params)`` and takes its own settings as keyword arguments, each with a
    default. Weights are drawn from torch's global generator, which is seeded beforehand.

    Parameters
    ----------
    layout : FeatureLayout
        The columns of the inputs, and ``layout.horizon``, the steps ahead that an output covers.
    n_params : int
        Parameters of the loss for each step ahead; the first is the location of the forecast.

    Attributes
    ----------
    context : int or None
        None: a state is carried from chunk to chunk, trained by truncated backpropagation through time. A number: the
        network sees windows of so many steps and has no state; only its output at the last step of a window is used.
    side_by_side : bool
        Whether `torch.func.vmap` can run several members in one call; otherwise they run one after the other.

    Examples
    --------
    >>> class LastValues(Network):
    ...     context = 1
    ...     def __init__(self, layout, n_params):
    ...         super().__init__(layout, n_params)
    ...         self.linear = nn.Linear(layout.input_size, self.n_outputs)
    ...     def forward(self, chunk, state):
    ...         return self.as_output(self.linear(chunk.x)), None
    """

    context: int | None = None
    side_by_side: ClassVar[bool] = True

    def __init__(self, layout: FeatureLayout, n_params: int) -> None:
        super().__init__()
        self.layout, self.horizon, self.n_params = layout, layout.horizon, n_params

    @property
    def n_outputs(self) -> int:
        """Size of an output: ``horizon * n_params``."""
        return self.horizon * self.n_params

    def as_output(self, flat: Tensor) -> Tensor:
        """Reshape ``(..., horizon * n_params)`` to ``(..., horizon, n_params)``, the shape that `forward` returns."""
        return flat.view(*flat.shape[:-1], self.horizon, self.n_params)

    def initial_state(self, n_streams: int) -> State:
        """The state before the first step of every stream: None for a network that has none."""
        return None

    @abstractmethod
    def forward(self, chunk: Chunk, state: State) -> tuple[Tensor, State]:
        """Outputs of every step, and the state after the last.

        Parameters
        ----------
        chunk : Chunk
            Without the axis of members: ``x`` is ``(n_steps, n_streams, input_size)``. Where ``reset`` is true, a new
            series begins: outputs from that step on must not depend on earlier steps.
        state : State
            The state before the chunk, detached; first that of `initial_state`.

        Returns
        -------
        output : Tensor, shape (n_steps, n_streams, horizon, n_params)
        state : State
            Of the same structure as ``state``.
        """

    def penalty(self) -> Tensor:
        """A penalty that is added to the mean loss of every training step, a scalar; 0 by default."""
        return next(self.parameters()).new_zeros(())

    @classmethod
    def members(cls, layout: FeatureLayout, n_params: int, settings: dict[str, Any], seeds: Sequence[int]) -> Any:
        """Several networks side by side, each initialised from its own seed: see `members.Members`."""
        from tsforecast.models.neural.networks.members import Members

        return Members(cls, layout, n_params, settings, seeds)
