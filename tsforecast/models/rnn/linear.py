"""The direct path of a network set to a linear autoregression before training: where learning begins."""

import torch
from torch import Tensor

from tsforecast.models.rnn.network import RecurrentNetwork
from tsforecast.models.rnn.streams import Table

_N_ROBUST = 2
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)
_MOST_FREEDOM = 0.25  # degrees of freedom an observation: above, cross-validation says little
_NEVER = 1e6


@torch.no_grad()
def initialise(network: RecurrentNetwork, table: Table, trust: Tensor, n_params: int) -> None:
    """Set S and the intercept of every member to the ridge regression of the targets on the inputs.

    They are those of the first of the ``n_params`` raw outputs for each step ahead; the others begin at zero.
    """
    x, target, weight = table.x.double(), table.target.double(), table.weight.double()
    if not (torch.isfinite(x).all() and torch.isfinite(target).all()):
        return  # the loss will say where
    seen = weight
    for _ in range(_N_ROBUST):
        slopes, level = ridge(x, target, weight, trust)
        weight = seen * _robust((target - x @ slopes - level).abs(), seen)
    weight, intercept = ridge(x, target, weight, trust)
    network.direct[..., ::n_params] = weight.to(network.direct.dtype)
    network.intercept[..., ::n_params] = intercept.to(network.intercept.dtype)


def _robust(size: Tensor, seen: Tensor) -> Tensor:
    """Weights of Huber's estimator (1964) at twice the median residual of each column: 1, less for larger ones."""
    middle = torch.where(seen > 0, size, torch.nan).nanmedian(dim=0).values.nan_to_num(1.0)
    return (2 * middle / size.clamp_min(1e-12)).clamp(max=1.0)


def ridge(x: Tensor, target: Tensor, weight: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients ``(input_size, horizon)`` and intercepts ``(horizon,)`` of a ridge regression.

    Hoerl & Kennard (1970). Each column of ``target`` has its own observations, those of positive weight. Inputs are
    standardised and times ``trust``, ``(input_size,)``: the less it is, the more a coefficient is shrunk, and at 0 it
    is zero. The penalty, one for all columns, is that of the least generalised cross-validation (Golub, Heath & Wahba
    1979).
    """
    centre, spread = _moments(x, weight)
    spread = spread / trust
    z = (x - centre) / spread
    systems = [_system(z, target[:, h], weight[:, h]) for h in range(target.shape[1])]
    trials = [[_solve(*system, penalty) for system in systems] for penalty in _PENALTIES]
    best = min(trials, key=lambda solved: sum(float(score) for _, _, score in solved))
    slopes = torch.stack([slope for slope, _, _ in best], dim=1) / spread[:, None]
    return slopes, torch.stack([level for _, level, _ in best]) - centre @ slopes


def _moments(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    used = weight[:, :1]
    total = used.sum().clamp_min(1.0)
    centre = (x * used).sum(0) / total
    spread = (((x - centre).square() * used).sum(0) / total).sqrt()
    return centre, torch.where(spread > 1e-6, spread, torch.inf)  # an input that never changes has no part


def _system(z: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    n = weight.sum().clamp_min(1.0)
    level = (weight * target).sum() / n
    y = (target - level) * weight
    values, vectors = torch.linalg.eigh((z * weight[:, None]).T @ z)
    return values.clamp_min(0.0), vectors, vectors.T @ (z.T @ y), (y * y).sum(), torch.stack([n, level])


def _solve(
    values: Tensor, vectors: Tensor, projected: Tensor, energy: Tensor, extra: Tensor, penalty: float
) -> tuple[Tensor, Tensor, Tensor]:
    n, level = extra
    shrunk = projected / (values + penalty)
    left = energy - 2 * (projected * shrunk).sum() + (values * shrunk.square()).sum()
    freedom = (values / (values + penalty)).sum() + 1
    beyond = (freedom / n - _MOST_FREEDOM).clamp_min(0.0) * _NEVER * energy / n
    return vectors @ shrunk, level, left / n / (1 - freedom / n).clamp_min(0.05).square() + beyond
