"""LinearStart: the sum of a linear autoregression and a network."""

import copy
from typing import Any, Self

import torch
from torch import Tensor, nn

from tsforecast._types import Floats
from tsforecast.models.neural.batches.chunk import Chunk, Table
from tsforecast.models.neural.networks.network import State
from tsforecast.models.neural.networks.no_network import NoMembers
from tsforecast.models.neural.networks.ridge import robust_ridge

_ALL = slice(None)


class LinearStart(nn.Module):
    """Linear autoregression plus network, ``S x + c + share * network(x)``, for several members side by side.

    S and c are set by a ridge regression before training and stay fixed; the network is zero or nearly so at first, so
    that training starts from the linear autoregression. Where they are not set, they are zero: a network alone.

    Parameters
    ----------
    members : Members or RecurrentMembers
    input_size, horizon, n_params : int

    Attributes
    ----------
    slopes : Tensor, shape (n_members, input_size, horizon * n_params)
        S.
    intercept : Tensor, shape (n_members, 1, horizon * n_params)
        c.
    """

    slopes: Tensor
    intercept: Tensor

    def __init__(self, members: Any, input_size: int, horizon: int, n_params: int) -> None:
        super().__init__()
        self.members, self.horizon, self.n_params = members, horizon, n_params
        self.register_buffer("slopes", torch.zeros(members.n_members, input_size, horizon * n_params))
        self.register_buffer("intercept", torch.zeros(members.n_members, 1, horizon * n_params))

    @property
    def n_members(self) -> int:
        """Number of networks side by side."""
        return int(self.members.n_members)

    @property
    def has_weights(self) -> bool:
        """Whether there is anything to train."""
        return any(True for _ in self.members.parameters())

    @property
    def context(self) -> int | None:
        """Steps of a window, or None where a state is carried."""
        context: int | None = self.members.context
        return context

    def initial_state(self, n_streams: int) -> State:
        """The state of all members before the first step."""
        return self.members.initial_state(n_streams)

    def forward(
        self, chunk: Chunk, state: State = None, rows: Tensor | None = None, **options: Any
    ) -> tuple[Tensor, State]:
        """Outputs ``(n_members, n_steps, n_streams, horizon, n_params)``, and the state after the last step.

        Parameters
        ----------
        chunk : Chunk
        state : State, optional
            State before the first step; the initial state where it is None.
        rows : Tensor of int, shape (n_rows,), optional
            Compute outputs only for these steps, ``step * n_streams + stream``; they are then
            ``(n_members, n_rows, 1, horizon, n_params)``.
        **options
            For the members: see `RecurrentMembers.features`.
        """
        features, after = self.members.features(chunk, state, **options)
        x = chunk.x
        if rows is not None:
            features, x = (part.flatten(1, 2)[:, rows, None] for part in (features, x))
        return self.output(features, x), after

    def output(self, features: Tensor, x: Tensor) -> Tensor:
        """Outputs ``(n_members, ..., horizon, n_params)`` from the members' features and the inputs of the steps."""
        output: Tensor = self.members.output(self.linear, features, x)
        return output.view(*output.shape[:-1], self.horizon, self.n_params)

    def linear(self, x: Tensor) -> Tensor:
        """``S x + c``, ``(n_members, n_steps * n_streams, horizon * n_params)``; the first axis of ``x`` may be 1."""
        return torch.baddbmm(self.intercept, x.flatten(1, 2).expand(len(self.slopes), -1, -1), self.slopes)

    def linear_of(self, x: Floats) -> Floats:
        """``S x + c`` in float64, ``(n, horizon * n_params)``; of the first member, but all are equal."""
        slopes, intercept = (part[0].double().numpy() for part in (self.slopes, self.intercept))
        linear: Floats = x @ slopes + intercept
        return linear

    @torch.no_grad()
    def learn(self, table: Table, trust: Tensor, members: slice = _ALL) -> None:
        """Set S and c of some members to the ridge regression of the targets on the inputs.

        They are set for the first parameter of each step ahead; those of the other parameters are zero.
        """
        x, target, weight = table.x.double(), table.target.double(), table.weight.double()
        if not (torch.isfinite(x).all() and torch.isfinite(target).all()):
            return  # the loss will be nan, and the error tells where
        slopes, level = robust_ridge(x, target, weight, trust)
        self.slopes[members, :, :: self.n_params] = slopes.to(self.slopes)
        self.intercept[members, :, :: self.n_params] = level.to(self.intercept)

    @torch.no_grad()
    def linear_part(self) -> "LinearStart":
        """``S x + c`` on its own, without a network; one member, for all have the same."""
        alone = LinearStart(NoMembers(1), self.slopes.shape[1], self.horizon, self.n_params)
        alone.slopes, alone.intercept = self.slopes[:1].clone(), self.intercept[:1].clone()
        return alone

    @torch.no_grad()
    def go_on_from(self, before: "LinearStart", share: float, members: slice = _ALL) -> None:
        """Give some members the weights of trained ones of the same shapes, as they were before `shrink` by ``share``.

        S and c stay as they are. Where ``share`` is 0 the output is zero, as that of an untrained network.
        """
        trained = copy.deepcopy(before)
        if share > 0:
            trained.shrink(1 / share)
        own = dict(self.members.state_dict(keep_vars=True))
        for name, value in trained.members.state_dict().items():
            if name != "share":  # of the trained ones only
                own[name][members] = value.to(own[name])

    def shrink(self, share: float) -> None:
        """Multiply the network's part of the point forecasts by ``share``."""
        self.members.shrink(share, self.n_params)

    @torch.no_grad()
    def take(self, members: slice) -> Self:
        """Some of the members, on their own."""
        taken = type(self)(self.members.take(members), self.slopes.shape[1], self.horizon, self.n_params)
        taken.slopes, taken.intercept = self.slopes[members].clone(), self.intercept[members].clone()
        return taken
