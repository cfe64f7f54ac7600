"""Members: several independent networks of one class, computed together."""

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.network import Network, State
from tsforecast.models.neural.networks.windows import WindowState, as_windows
from tsforecast.models.neural.prepare.features import FeatureLayout


class Members(nn.Module):
    """Independent networks of one class, with their weights stacked along a first axis.

    They run in one call of `torch.func.vmap`, or one after the other where a network does not support that.

    Parameters
    ----------
    network : type of Network
    layout : FeatureLayout
    n_params : int
    settings : dict
        Keyword arguments of the network.
    seeds : sequence of int
        One for each member: its weights are the same whatever other members there are.

    Examples
    --------
    >>> from tsforecast.models.neural.networks.cell_stack import CellStack
    >>> from tsforecast.models.neural.prepare.features import FeatureLayout
    >>> members = Members(CellStack, FeatureLayout.plain(3, horizon=2), 1, {"hidden_size": 4}, seeds=[7, 8])
    >>> chunk = Chunk(torch.zeros(1, 5, 6, 3), *torch.zeros(2, 1, 5, 6).bool())
    >>> output, state = members(chunk, members.initial_state(6))
    >>> tuple(output.shape)
    (2, 5, 6, 2, 1)
    """

    share: Tensor

    def __init__(
        self,
        network: type[Network],
        layout: FeatureLayout,
        n_params: int,
        settings: dict[str, Any],
        seeds: Sequence[int],
    ) -> None:
        super().__init__()
        self.network, self.settings, self.n_members = network, dict(settings), len(seeds)
        alone = [_drawn(seed, lambda: network(layout, n_params, **settings)) for seed in seeds]
        self.stacked = copy.deepcopy(alone[0])
        _replace(self.stacked, alone, torch.stack)
        self.register_buffer("share", torch.ones(len(seeds), layout.horizon, n_params))
        self._template = [_AnyMethod(copy.deepcopy(alone[0]).to("meta"))]  # in a list, so that it is no submodule

    @property
    def context(self) -> int | None:
        """Steps of a window, or None where a state is carried."""
        return self.stacked.context

    def initial_state(self, n_streams: int) -> State:
        """The state of all members before the first step; for a network of windows, an empty window."""
        if self.context is not None:
            return WindowState.empty(self.context, n_streams, self.stacked.layout.input_size, self.share)
        return self._call("initial_state", (n_streams,), (None,))

    def forward(self, chunk: Chunk, state: State = None) -> tuple[Tensor, State]:
        """Outputs ``(n_members, n_steps, n_streams, horizon, n_params)`` and the state after the last step.

        Without a state, a network of windows takes the chunk as one window of every stream.
        """
        if self.context is not None and state is not None:
            windows, after = as_windows(chunk, state, self.context)
            output, _ = self.forward(windows)
            output = output[:, -1].view(len(output), chunk.n_steps, chunk.n_streams, *output.shape[3:])
            return output, after
        if self.context is None and state is None:
            state = self.initial_state(chunk.n_streams)
        parts = {name: part for name, part in chunk._asdict().items() if part is not None}
        apart = {name: 0 if len(part) > 1 else None for name, part in parts.items()}
        parts = {name: part if apart[name] == 0 else part[0] for name, part in parts.items()}
        output, after = self._call("step", (parts, state), (apart, tree_map(_over_members, state)))
        self._check_shape(output, chunk)
        return output * self.share[:, None, None], after

    def _check_shape(self, output: Tensor, chunk: Chunk) -> None:
        wanted = (chunk.n_steps, chunk.n_streams, *self.share.shape[1:])
        if output.shape[1:] != wanted:
            raise ParameterError(
                f"{self.network.__name__}: the output is {tuple(output.shape[1:])}, but must be {wanted}: steps, "
                "streams, horizon, numbers for each step ahead (as_output makes it of (..., n_outputs))."
            )

    def features(self, chunk: Chunk, state: State = None) -> tuple[Tensor, State]:
        """Outputs ``(n_members, n_steps, n_streams, horizon * n_params)`` of the networks, and the state after."""
        found, after = self.forward(chunk, state)
        return found.flatten(-2), after

    def output(self, linear: Callable[[Tensor], Tensor], features: Tensor, x: Tensor) -> Tensor:
        """The features added to ``linear`` of the inputs."""
        return linear(x).view_as(features) + features

    def workspaces(self) -> None:
        """None, since there are no buffers to reuse."""

    def penalty(self) -> Tensor:
        """Penalty of each member, ``(n_members,)``."""
        if self.network.penalty is Network.penalty:  # none, for which nothing is run at every step
            return self.share.new_zeros(len(self.share))
        penalty: Tensor = self._call("penalty", (), ())
        if penalty.shape != (len(self.share),):
            shape = tuple(penalty.shape[1:])
            raise ParameterError(f"{self.network.__name__}: the penalty is of shape {shape}, but must be a number.")
        return penalty

    @torch.no_grad()
    def shrink(self, share: float, n_params: int) -> None:
        """Multiply the point forecasts, the first of ``n_params`` outputs for each step ahead, by ``share``."""
        self.share.view(len(self.share), -1)[:, ::n_params] *= share

    @torch.no_grad()
    def take(self, members: slice) -> Self:
        """Some of the members, on their own."""
        taken = copy.deepcopy(self)
        _replace(taken, [self], lambda parts: parts[0][members].clone())
        taken.n_members = len(taken.share)
        return taken

    def _call(self, method: str, arguments: tuple[Any, ...], dims: tuple[Any, ...]) -> Any:
        """Results of a method for each member, stacked; ``dims`` is 0 for arguments with an axis of members."""
        weights = {f"network.{path}": getattr(module, name) for path, module, name in _tensors(self.stacked)}
        template = self._template[0].train(self.training)
        form: list[Any] = []

        def alone(own: dict[str, Tensor], *given: Any) -> tuple[Tensor, ...]:
            leaves, spec = tree_flatten(functional_call(template, own, (method, *given)))
            form[:] = [spec, [None if isinstance(leaf, Tensor) else (leaf,) for leaf in leaves]]
            return tuple(leaf for leaf in leaves if isinstance(leaf, Tensor))

        run = vmap(alone, (0, *dims), randomness="different") if self.stacked.side_by_side else _one_by_one(alone, dims)
        try:
            found = iter(run(weights, *arguments))
        except RuntimeError as error:
            if not self.stacked.side_by_side or "vmap" not in str(error):
                raise
            raise ParameterError(
                f"{self.network.__name__}: torch.func.vmap cannot run several members in one call ({error}); set "
                "side_by_side = False in its class, and they run one after the other."
            ) from error
        spec, held = form
        return tree_unflatten([next(found) if leaf is None else leaf[0] for leaf in held], spec)


class _AnyMethod(nn.Module):
    """Calls any method of a network through ``forward``, as `torch.func.functional_call` needs."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, method: str, *arguments: Any) -> Any:
        if method == "step":
            parts, state = arguments
            found = self.network(Chunk(**parts), state)
            if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], Tensor):
                name = type(self.network).__name__
                raise ParameterError(f"{name}: forward must return the output, a Tensor, and the state after.")
            return found
        return getattr(self.network, method)(*arguments)


def _one_by_one(alone: Callable[..., tuple[Tensor, ...]], dims: tuple[Any, ...]) -> Callable[..., list[Tensor]]:
    """The equivalent of `torch.func.vmap` by a loop over the members."""

    def run(weights: dict[str, Tensor], *arguments: Any) -> list[Tensor]:
        found = []
        for k in range(len(next(iter(weights.values())))):
            own = {name: value[k] for name, value in weights.items()}
            found.append(alone(own, *tree_map(functools.partial(_pick, k), arguments, dims)))
        return [torch.stack(parts) for parts in zip(*found, strict=True)]

    return run


def _pick(k: int, leaf: Any, dim: int | None) -> Any:
    """Argument of member ``k``; ``dim`` is 0 where the argument has an axis of members."""
    return leaf if dim is None else leaf[k]


def _over_members(leaf: Any) -> int | None:
    return 0 if isinstance(leaf, Tensor) else None


def _drawn(seed: int, make: Callable[[], Network]) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _tensors(network: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """Path, module and name of each parameter and buffer; a tied tensor is listed once for each of its paths.

    A module that is used twice is listed once.
    """
    for path, module in network.named_modules():
        for name in [*module._parameters, *module._buffers]:
            if getattr(module, name) is not None:
                yield f"{path}.{name}" if path else name, module, name


def _replace(target: nn.Module, sources: Sequence[nn.Module], make: Callable[[list[Tensor]], Tensor]) -> None:
    """Replace each tensor of ``target`` by ``make`` of those of the sources; tied tensors stay tied."""
    made: dict[int, Tensor] = {}
    owners = [{path: module for path, module, _ in _tensors(source)} for source in sources]
    for path, module, name in list(_tensors(target)):
        parts = [getattr(owner[path], name) for owner in owners]
        key = id(parts[0])
        if key not in made:
            value = make([part.detach() for part in parts])
            made[key] = nn.Parameter(value) if isinstance(parts[0], nn.Parameter) else value
        setattr(module, name, made[key])
