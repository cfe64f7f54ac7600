"""Networks that forecast in float64, so that the same steps run in other portions have the same outputs."""

import copy

import torch

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.no_network import NoMembers
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers


def is_of_own(network: LinearStart) -> bool:
    """Whether the members are networks of one's own: all but the stock recurrent stack and none."""
    return not isinstance(network.members, (RecurrentMembers, NoMembers))


@torch.no_grad()
def precise(network: LinearStart) -> LinearStart:
    """The network to forecast with: itself, or, where its members are of one's own, the same in float64.

    The stock stack computes each step alone, and its results do not depend on how many are run together. Products of
    other networks may, in the last digits of float32. One that cannot run in float64 stays as it is.
    """
    if not is_of_own(network):
        return network
    wide = copy.deepcopy(network).double()
    x = torch.zeros(1, 2, 1, network.slopes.shape[1], dtype=torch.float64)
    chunk = Chunk(x, torch.zeros(1, 2, 1, dtype=torch.bool), torch.zeros(1, 2, 1, dtype=torch.int64))
    try:
        wide(chunk, wide.initial_state(1))
    except RuntimeError:  # it mixes in numbers of float32
        return network
    return wide
