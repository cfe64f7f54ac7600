"""The difference equation of an ARMA process, run over a series, and the responses that follow from it.

Coefficients may have lanes (`tsforecast.kernels.arma.lanes`); then so has everything that depends on them. The shapes
below leave the axis of lanes out.
"""

from typing import Any

from tsforecast._types import Floats, Ints
from tsforecast.kernels._jit import njit, njit_inline
from tsforecast.kernels.arma.lanes import copied, largest, load, load2, store, store2, zeros, zeros2

_NEGLIGIBLE = 1e-15  # of the impulse response, whose first value is 1
_FIRST_LENGTH, _GROWTH = 64, 16  # of the impulse response tried


@njit
def difference_equation(out: Floats, w: Floats, ar: Ints, phi: Floats, ma: Ints, theta: Floats, backward: bool) -> None:
    """``a[t] = w[t] - sum(phi[k] w[t - k]) - sum(theta[k] a[t - k])`` over the lags given: (n,) into ``out`` (n,).

    All is zero before the beginning. ``w`` has no lanes where one series is taken at several parameters; without an
    autoregression it may be ``out`` itself. ``backward`` runs from the end to the beginning: t counts from there. The
    lags rise; those up to 2 are taken from what is at hand.
    """
    n = out.shape[0]
    first, sign = (n - 1, -1) if backward else (0, 1)
    f1, f2, n_ar = first_two(ar, phi)
    c1, c2, n_ma = first_two(ma, theta)
    a1 = a2 = load(zeros(theta, 1), 0)
    x1 = x2 = load(w, 0) * 0.0
    for t in range(n):
        at = first + sign * t
        x = load(w, at)
        a = x - f2 * x2 - f1 * x1
        for k in range(n_ar, ar.size):
            if ar[k] <= t:
                a -= load(phi, ar[k] - 1) * load(w, at - sign * ar[k])
        for k in range(n_ma, ma.size):
            if ma[k] <= t:
                a -= load(theta, ma[k] - 1) * load(out, at - sign * ma[k])
        a = a - c2 * a2 - c1 * a1
        store(out, at, a)
        a2, a1 = a1, a
        x2, x1 = x1, x


@njit
def first_two(lags: Ints, coefficients: Floats) -> tuple[Any, Any, int]:
    """Coefficients of the lags 1 and 2, zero where they are not among ``lags``, and how many of these they are."""
    nothing = load(zeros(coefficients, 1), 0)
    first = second = nothing
    count = 0
    if lags.size > 0 and lags[0] == 1:
        first, count = load(coefficients, 0), 1
    if lags.size > count and lags[count] == 2:
        second, count = load(coefficients, 1), count + 1
    return first, second, count


@njit
def invert_ma(x: Floats, lags: Ints, theta: Floats, backward: bool) -> None:
    """``y`` with ``y[t] + sum(theta[k] y[t - k]) = x[t]`` over the lags given, zero before, in place of x: (n,).

    ``backward`` as in `difference_equation`.
    """
    difference_equation(x, x, lags[:0], theta, lags, theta, backward)


@njit_inline
def impulse_response(lags: Ints, theta: Floats, n: int) -> Floats:
    """``pi = 1 / theta(B)``, up to where it has died out: at most (n,).

    As many negligible values as there are lags mean that only such follow; the length is tried in growing steps.
    """
    length = min(n, _FIRST_LENGTH * max(theta.shape[0], 1))
    while True:
        pi = zeros(theta, length)
        store(pi, 0, 1.0)
        invert_ma(pi, lags, theta, False)
        end = length
        while end > 0 and largest(load(pi, end - 1)) < _NEGLIGIBLE:
            end -= 1
        if length - end > theta.shape[0]:
            return pi[: end + theta.shape[0] + 1]
        if length == n:
            return pi
        length = min(_GROWTH * length, n)


@njit_inline
def response_gram(pi: Floats, lags: Ints, theta: Floats, r: int, n: int) -> Floats:
    """``H = K' K``, ``H[i, j] = sum over t < n of pi[t - i] pi[t - j]``: (r, r).

    Its first row is ``pi`` filtered backwards by ``1 / theta``; a diagonal step removes what leaves at the end::

        H[i + 1, j + 1] = H[i, j] - pi[n - 1 - i] pi[n - 1 - j]
    """
    H = zeros2(theta, r, r)
    length = pi.shape[0]
    first = copied(pi)
    invert_ma(first, lags, theta, True)
    leaving = zeros(theta, r)
    for j in range(min(r, length)):
        store2(H, 0, j, load(first, j))
    for j in range(min(r, n)):
        if n - 1 - j < length:
            store(leaving, j, load(pi, n - 1 - j))
    for i in range(r - 1):
        late = load(leaving, i)
        for j in range(i, r - 1):
            store2(H, i + 1, j + 1, load2(H, i, j) - late * load(leaving, j))
    for i in range(r):
        for j in range(i):
            store2(H, i, j, load2(H, j, i))
    return H
