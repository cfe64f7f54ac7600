"""The linear output of recurrent networks and its point losses, with their gradients, in one pass over the rows.

Named sizes: n_rows counts steps times streams. Arrays are contiguous, all float32 or all float64::

    output = h V + x S + c        loss = sum over rows and columns of weight * size(output - target)
"""

from typing import Any

import numpy as np

from tsforecast.kernels._jit import njit
from tsforecast.kernels.product import add_cross, add_product, product

_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)
_BLOCK = 64  # rows at once


@njit
def point_loss(
    h: Any, x: Any, weights: Any, target: Any, weight: Any, kind: int, totals: Any, gradients: tuple[Any, Any]
) -> None:
    """Losses of the members into ``totals``, and their gradients by h and V, the latter added.

    Parameters
    ----------
    h : (n_members, n_rows, hidden_size)
    x, target, weight : (n_members or 1, n_rows, n_inputs or n_outputs)
    weights : V, S, c: (n_members, hidden_size, n_outputs), (n_members, n_inputs, n_outputs), (n_members, n_outputs)
    kind : 0 for the absolute error, 1 for the squared, 2 for Huber's
    totals : (n_members,)
    gradients : in the shapes of h and V
    """
    n_members, n_rows, _ = h.shape
    n_outputs = target.shape[2]
    outs = np.empty((min(_BLOCK, n_rows), n_outputs), h.dtype)
    shift, sums = np.empty(outs.size, h.dtype), np.empty(outs.size, h.dtype)
    for e in range(n_members):
        V, S = weights[0][e], weights[1][e]
        back = V.T.copy()
        shift.reshape(outs.shape)[:] = weights[2][e]
        sums[:] = 0
        xs, asked, weighs = x[min(e, len(x) - 1)], target[min(e, len(target) - 1)], weight[min(e, len(weight) - 1)]
        for a in range(0, n_rows, _BLOCK):
            z = min(a + _BLOCK, n_rows)
            out = outs[: z - a]
            product(xs[a:z], S, out)
            add_product(h[e, a:z], V, out)
            _slopes(out.reshape(-1), shift, asked[a:z].reshape(-1), weighs[a:z].reshape(-1), kind, sums)
            product(out, back, gradients[0][e, a:z])
            add_cross(h[e, a:z], out, gradients[1][e])
        totals[e] = sums.sum()


@njit
def _slopes(out: Any, shift: Any, target: Any, weight: Any, kind: int, sums: Any) -> None:
    """The gradient in place of each output; its loss is added to ``sums``, place by place."""
    if kind == 0:
        for j in range(out.size):
            error = out[j] + shift[j] - target[j]
            sums[j] += weight[j] * abs(error)
            out[j] = weight[j] * np.sign(error)
    elif kind == 1:
        for j in range(out.size):
            error = out[j] + shift[j] - target[j]
            sums[j] += weight[j] * error * error
            out[j] = _TWO * weight[j] * error
    else:
        for j in range(out.size):
            error = out[j] + shift[j] - target[j]
            inner = min(max(error, -_ONE), _ONE)  # the slope; its size is the error's, or 1
            inner = error if error != error else inner  # nan stays nan
            sums[j] += weight[j] * (abs(inner) * (abs(error) - _HALF * abs(inner)))
            out[j] = weight[j] * inner
