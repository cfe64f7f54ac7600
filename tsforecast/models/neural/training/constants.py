"""What is learnt without steps of an optimiser: a linear autoregression, and constants for the rest of a head."""

import torch
from torch import Tensor

from tsforecast.models.neural.batches.chunk import Table
from tsforecast.models.neural.heads import Head
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.training.non_finite import NonFiniteLossError

_MOST_ROWS = 20_000  # observations that constants are learnt from, evenly spaced
_MOST_STEPS = 100  # iterations of L-BFGS; it takes about 10


def learn_constants(network: LinearStart, head: Head, table: Table, members: slice) -> NonFiniteLossError | None:
    """Set the outputs of a linear autoregression that are no location; the error where the inputs are not finite.

    The ridge regression gives the location of the forecast. The other parameters of a head (a scale, the distances
    between quantiles, a dispersion) become a constant for each step ahead, the one with the smallest mean loss, found
    by L-BFGS (Nocedal & Wright 2006, section 7.2). A point forecast has none.
    """
    finite = torch.isfinite(table.x).all(dim=1) & torch.isfinite(table.target).all(dim=1)
    if not bool(finite.all()):
        return NonFiniteLossError(0, int((~finite).nonzero()[0]))
    if head.n_params > 1:
        own = network.intercept[members].view(-1, network.horizon, head.n_params)
        own[:, :, 1:] = _best_constants(network, head, table, members).to(own)
        network.intercept[members] = own.flatten(1)[:, None]
    return None


def _best_constants(network: LinearStart, head: Head, table: Table, members: slice) -> Tensor:
    """Constants of each step ahead, ``(horizon, n_params - 1)``; zeros where the loss has no minimum."""
    rows = torch.linspace(0, len(table.x) - 2, min(len(table.x) - 1, _MOST_ROWS)).long()  # the last is padding
    x, target, weight, scale = (part[rows].double() for part in (table.x, table.target, table.weight, table.scale))
    slopes, intercept = (part[members][0].double() for part in (network.slopes, network.intercept))
    location = (x @ slopes + intercept).view(len(x), network.horizon, head.n_params)[:, :, :1]
    free = torch.zeros(network.horizon, head.n_params - 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([free], max_iter=_MOST_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        raw = torch.cat([location, free.expand(len(x), -1, -1)], dim=2)
        mean = (head.loss(raw, target, scale[:, None]) * weight).sum() / weight.sum().clamp_min(1e-12)
        torch.autograd.backward(mean)
        return mean

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call] # torch has no type for it
    return free.detach() if bool(torch.isfinite(free).all()) else torch.zeros_like(free)
