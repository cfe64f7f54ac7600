"""The step of an optimiser on flat weights, in one pass, and what is done to a gradient before.

Every number is computed by itself and norms are summed member by member: networks side by side get, to the bit, what
they get alone. Arrays are all float32 or all float64; numbers come in arrays of that dtype too, for no product is to be
made in another.
"""

from typing import Any

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import lanes, put, take

_LEAST_WEIGHT = np.float32(1e-12)  # sum of weights that a loss is divided by


@njit
def bound(gradient: Any, weights: Any, totals: Any, decays: Any, largest: Any, losses: Any, norms: Any) -> None:
    """Mean losses and their gradients, scaled down to the norm ``largest`` where they are longer.

    Parameters
    ----------
    gradient, weights : (n_members, n), the first in place; then weights times ``decays`` are added
    totals : (2, n_members), sums of losses and of their weights
    decays, losses, norms : (n_members,), the second and third written; norms are those before
    largest : (1,)
    """
    n_members, n = gradient.shape
    buffer, factor = np.empty(lanes(gradient), gradient.dtype), np.empty(1, gradient.dtype)
    for e in range(n_members):
        own, held = gradient[e], weights[e]
        buffer[:] = 0
        whole = n - n % buffer.size
        total = take(buffer, 0)
        for i in range(0, whole, buffer.size):
            total = total + take(own, i) * take(own, i)
        put(buffer, 0, total)
        for i in range(whole, n):
            buffer[i - whole] += own[i] * own[i]
        factor[0] = 1 / max(totals[1, e], _LEAST_WEIGHT)
        losses[e] = totals[0, e] * factor[0]
        norm = np.sqrt(buffer.sum()) * factor[0]
        norms[e] = norm
        if not norm <= largest[0]:  # nan is scaled, too, and stays nan
            factor[0] *= largest[0] / norm
        for i in range(n):
            own[i] = own[i] * factor[0] + decays[e] * held[i]


@njit
def adam(weights: Any, gradient: Any, means: Any, squares: Any, rates: Any) -> None:
    """A step of Adam (Kingma & Ba 2015, algorithm 1), in place.

    ``rates`` are ``1 - beta1``, ``beta2`` and ``1 - beta2``; ``lr / (1 - beta1**step)``, ``sqrt(1 - beta2**step)`` and
    epsilon; what weights are multiplied with before, and what they are multiplied with to be added to the gradient.
    """
    new, old_square, new_square, size = rates[0], rates[1], rates[2], rates[3]
    spread, epsilon, kept, decay = rates[4], rates[5], rates[6], rates[7]
    for i in range(weights.size):
        held = weights[i]
        g = gradient[i] + decay * held
        mean, square = means[i] + (g - means[i]) * new, old_square * squares[i] + new_square * g * g
        means[i], squares[i] = mean, square
        weights[i] = held * kept - size * mean / (np.sqrt(square) / spread + epsilon)


@njit
def momentum(weights: Any, gradient: Any, means: Any, rates: Any) -> None:
    """A step of gradient descent with momentum (Polyak 1964), in place.

    ``rates`` are the learning rate, what the sum of gradients so far is multiplied with, and weights to be added.
    """
    for i in range(weights.size):
        held = weights[i]
        mean = rates[1] * means[i] + (gradient[i] + rates[2] * held)
        means[i] = mean
        weights[i] = held - rates[0] * mean
