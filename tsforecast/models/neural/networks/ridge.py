"""Ridge regression of many targets on the same inputs, robust against outliers, for the linear start."""

import torch
from torch import Tensor

_N_ROBUST = 2  # reweighted regressions
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)
_MOST_FREEDOM = 0.25  # degrees of freedom per observation: with more, cross-validation is unreliable
_FREEDOM_PENALTY = 1e6  # of degrees of freedom beyond
_N_ROWS = 1000  # rows at once: their products stay in the cache


def robust_ridge(x: Tensor, target: Tensor, weight: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients and intercepts of `ridge`, with small weights of large residuals (Huber 1964)."""
    seen = weight
    for _ in range(_N_ROBUST):
        slopes, level = ridge(x, target, weight, trust)
        weight = seen * _robust((target - x @ slopes - level).abs(), seen)
    return ridge(x, target, weight, trust)


def _robust(size: Tensor, seen: Tensor) -> Tensor:
    """Weights of Huber's estimator (1964) at twice the median residual of each column: 1, less for larger ones."""
    middle = torch.where(seen > 0, size, torch.nan).nanmedian(dim=0).values.nan_to_num(1.0)
    return (2 * middle / size.clamp_min(1e-12)).clamp(max=1.0)


def ridge(x: Tensor, target: Tensor, weight: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
    """Coefficients ``(input_size, horizon)`` and intercepts ``(horizon,)`` of a ridge regression.

    Hoerl & Kennard (1970). Each column of ``target`` has its own observations, those of positive weight. Inputs are
    standardised and multiplied by ``trust``, ``(input_size, horizon)``: the smaller it is, the more a coefficient is
    shrunk; at 0 the coefficient is zero. The penalty, one for all columns, minimises generalised cross-validation
    (Golub, Heath & Wahba 1979).
    """
    centre, spread = _centre_and_spread(x, weight)
    z = (x - centre) / spread
    n = weight.sum(0).clamp_min(1.0)  # (horizon,)
    level = (weight * target).sum(0) / n
    y = (target - level) * weight
    trusted = trust.T[:, :, None]  # (horizon, input_size, 1)
    values, vectors = torch.linalg.eigh(_grams(z, weight) * trusted * trusted.transpose(1, 2))
    values = values.clamp_min(0.0)  # (horizon, input_size)
    projected = (vectors.transpose(1, 2) @ ((z.T @ y).T[:, :, None] * trusted))[:, :, 0]
    slopes, scores = _solve(values, projected, y.square().sum(0), n)
    best = slopes[int(scores.argmin())]  # (horizon, input_size), along the eigenvectors
    slopes = (vectors @ best[:, :, None] * trusted)[:, :, 0].T / spread[:, None]
    return slopes, level - centre @ slopes


def _centre_and_spread(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    used = weight[:, :1]
    total = used.sum().clamp_min(1.0)
    centre = (x * used).sum(0) / total
    spread = (((x - centre).square() * used).sum(0) / total).sqrt()
    return centre, torch.where(spread > 1e-6, spread, torch.inf)  # the coefficient of a constant input is zero


def _grams(z: Tensor, weight: Tensor) -> Tensor:
    """``Z' diag(w) Z`` for each column of weights: ``(horizon, input_size, input_size)``."""
    n_inputs = z.shape[1]
    parts = [z.new_zeros(n_inputs - i, weight.shape[1]) for i in range(n_inputs)]
    for rows, w in zip(torch.split(z, _N_ROWS), torch.split(weight, _N_ROWS), strict=True):
        columns = rows.T.contiguous()
        for i, part in enumerate(parts):
            part.addmm_(columns[i:] * columns[i], w)  # products of two inputs serve all columns of weights
    grams = z.new_empty(weight.shape[1], n_inputs, n_inputs)
    for i, part in enumerate(parts):
        grams[:, i, i:] = grams[:, i:, i] = part.T
    return grams


def _solve(values: Tensor, projected: Tensor, energy: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
    """For each penalty, coefficients ``(n_penalties, horizon, input_size)`` and the sum of the columns' scores."""
    penalty = values.new_tensor(_PENALTIES)[:, None, None]
    shrunk = projected / (values + penalty)
    left = energy - 2 * (projected * shrunk).sum(-1) + (values * shrunk.square()).sum(-1)  # (n_penalties, horizon)
    freedom = ((values / (values + penalty)).sum(-1) + 1) / n
    beyond = (freedom - _MOST_FREEDOM).clamp_min(0.0) * _FREEDOM_PENALTY * energy / n
    return shrunk, (left / n / (1 - freedom).clamp_min(0.05).square() + beyond).sum(-1)
