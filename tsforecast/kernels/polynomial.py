"""Lag polynomials: partial autocorrelations to coefficients and back, seasonal products, nonzero lags.

A polynomial of order p is kept as its coefficients past lag 0, ``(p,)``: ``phi`` means ``1 - phi[0] B - phi[1] B^2 -
...``.
"""

import numpy as np

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit


@njit
def step_up(pacf: Floats) -> Floats:
    """Coefficients ``phi`` with these partial autocorrelations: (p,) -> (p,).

    Durbin-Levinson recursion, Barndorff-Nielsen & Schou (1973), equation 1; Monahan (1984)::

        phi[k, k] = pacf[k],    phi[k, j] = phi[k-1, j] - pacf[k] phi[k-1, k-j]

    Every root of ``1 - phi(B)`` is outside the unit circle if and only if every partial autocorrelation is within (-1,
    1).
    """
    phi = pacf.copy()
    last = np.empty_like(pacf)
    for k in range(1, pacf.size):
        last[:k] = phi[:k]
        for j in range(k):
            phi[j] = last[j] - pacf[k] * last[k - 1 - j]
    return phi


@njit
def step_down(phi: Floats) -> Floats:
    """Partial autocorrelations of ``phi``, the inverse of `step_up`: (p,) -> (p,).

    The recursion stops at the first one of magnitude 1 or more, which is returned as such: the polynomial has a root
    on or within the unit circle. Those before it are then 0.
    """
    pacf = np.zeros_like(phi)
    now = phi.copy()
    last = np.empty_like(phi)
    for k in range(phi.size - 1, -1, -1):
        pacf[k] = now[k]
        rest = 1.0 - now[k] * now[k]
        if not rest > 0.0:
            return pacf
        last[: k + 1] = now[: k + 1]
        for j in range(k):
            now[j] = (last[j] + last[k] * last[k - 1 - j]) / rest
    return pacf


@njit
def product(own: Floats, seasonal: Floats, season_length: int) -> Floats:
    """``phi`` of ``(1 - own(B)) (1 - seasonal(B^s))``: (p,), (P,) -> (p + s P,)."""
    p, s = own.size, season_length
    out = np.zeros(p + s * seasonal.size)
    out[:p] = own
    for k in range(seasonal.size):
        out[s * (k + 1) - 1] += seasonal[k]
        for i in range(p):
            out[s * (k + 1) + i] -= seasonal[k] * own[i]
    return out


@njit
def nonzero_lags(coefficients: Floats) -> Ints:
    """Lags, counted from 1, whose coefficient is not zero: (p,) -> (n_nonzero,)."""
    count = 0
    for k in range(coefficients.size):
        if coefficients[k] != 0.0:
            count += 1
    lags = np.empty(count, dtype=np.int64)
    count = 0
    for k in range(coefficients.size):
        if coefficients[k] != 0.0:
            lags[count] = k + 1
            count += 1
    return lags
