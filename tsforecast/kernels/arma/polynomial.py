"""Lag polynomials: partial autocorrelations to coefficients and back, seasonal products, nonzero lags.

A polynomial of order p is kept as its coefficients past lag 0, ``(p,)``: ``phi`` means ``1 - phi[0] B - phi[1] B^2 -
...``. Every array of coefficients may have lanes (`tsforecast.kernels.arma.lanes`).
"""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit
from tsforecast.kernels.arma.lanes import copied, largest, load, store, zeros


@njit
def step_up(pacf: Floats) -> Floats:
    """Coefficients ``phi`` with these partial autocorrelations: (p,) -> (p,).

    Durbin-Levinson recursion, Barndorff-Nielsen & Schou (1973), equation 1; Monahan (1984)::

        phi[k, k] = pacf[k],    phi[k, j] = phi[k-1, j] - pacf[k] phi[k-1, k-j]

    Every root of ``1 - phi(B)`` is outside the unit circle if and only if every partial autocorrelation is within (-1,
    1).
    """
    phi = copied(pacf)
    for k in range(1, pacf.shape[0]):
        kappa = load(pacf, k)
        for j in range((k + 1) // 2):  # j and its mirror image at once; in the middle they are one
            left, right = load(phi, j), load(phi, k - 1 - j)
            store(phi, j, left - kappa * right)
            store(phi, k - 1 - j, right - kappa * left)
    return phi


@njit
def step_down(phi: Floats) -> Floats:
    """Partial autocorrelations of ``phi``, the inverse of `step_up`: (p,) -> (p,).

    The recursion stops at the first one of magnitude 1 or more, which is returned as such: the polynomial has a root
    on or within the unit circle. Those before it are then 0.
    """
    pacf = np.zeros_like(phi)
    now = copied(phi)
    for k in range(phi.size - 1, -1, -1):
        kappa = now[k]
        pacf[k] = kappa
        rest = 1.0 - kappa * kappa
        if not rest > 0.0:
            return pacf
        for j in range((k + 1) // 2):
            left, right = now[j], now[k - 1 - j]
            now[j] = (left + kappa * right) / rest
            now[k - 1 - j] = (right + kappa * left) / rest
    return pacf


@njit
def product(own: Floats, seasonal: Floats, season_length: int) -> Floats:
    """``phi`` of ``(1 - own(B)) (1 - seasonal(B^s))``: (p,), (P,) -> (p + s P,)."""
    p, s = own.shape[0], season_length
    out = zeros(own, p + s * seasonal.shape[0])
    for i in range(p):
        store(out, i, load(own, i))
    for k in range(seasonal.shape[0]):
        late, own_lag = load(seasonal, k), s * (k + 1) - 1
        store(out, own_lag, load(out, own_lag) + late)
        for i in range(p):
            store(out, own_lag + 1 + i, load(out, own_lag + 1 + i) - late * load(own, i))
    return out


@njit
def nonzero_lags(coefficients: Floats) -> Ints:
    """Lags, counted from 1, whose coefficient is not zero (in one lane at least): (p,) -> (n_nonzero,)."""
    lags = np.empty(coefficients.shape[0], dtype=np.int64)
    count = 0
    for k in range(lags.size):
        if largest(load(coefficients, k)) != 0.0:
            lags[count] = k + 1
            count += 1
    return lags[:count]


@njit
def negative(x: Floats) -> Floats:
    """``-x``: (p,) -> (p,)."""
    out = zeros(x, x.shape[0])
    for k in range(x.shape[0]):
        store(out, k, -1.0 * load(x, k))
    return out
