"""Orders (p, d, q)(P, D, Q)[s]: their checks, their lag polynomials and differences.

Signs are those of Box & Jenkins as Brockwell & Davis and statsmodels write them::

    phi(B) Phi(B^s) (1 - B)^d (1 - B^s)^D (y[t] - x[t]' beta) = theta(B) Theta(B^s) e[t]
    phi(B) = 1 - phi[0] B - phi[1] B^2 - ...        theta(B) = 1 + theta[0] B + theta[1] B^2 + ...
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tsforecast._types import Floats
from tsforecast.exceptions import ParameterError

_ON_CIRCLE = 1e-6  # by so little a root may lie within the circle: what grows by it stays small over a series


@dataclasses.dataclass(frozen=True)
class Order:
    """Order of a seasonal ARIMA model.

    Attributes
    ----------
    p, d, q : int
        Autoregressive lags, differences, moving-average lags.
    P, D, Q : int
        The same at multiples of the season.
    season_length : int
        Steps per season; 1 where there is no seasonal part.

    Examples
    --------
    >>> order = Order.of((0, 1, 1), (0, 1, 1), 12)
    >>> str(order), order.n_lost, order.n_arma
    ('(0,1,1)(0,1,1)[12]', 13, 2)
    """

    p: int
    d: int
    q: int
    P: int = 0
    D: int = 0
    Q: int = 0
    season_length: int = 1

    @classmethod
    def of(
        cls, order: Sequence[int], seasonal_order: Sequence[int] = (0, 0, 0), season_length: int | None = 1
    ) -> "Order":
        """The order that a caller gave, checked.

        Raises
        ------
        ParameterError
            Not three whole numbers, one below zero, or a seasonal part without a season.
        """
        p, d, q = _three("order", order)
        P, D, Q = _three("seasonal_order", seasonal_order)
        if P + D + Q == 0:
            return cls(p, d, q)
        season = 0 if season_length is None else season_length
        if isinstance(season, bool) or not isinstance(season, (int, np.integer)) or season < 2:
            raise ParameterError(
                f"seasonal_order={(P, D, Q)} needs a season_length of at least 2; it is {season_length!r}. Give "
                "season_length, or take ARIMA for series without a season."
            )
        return cls(p, d, q, P, D, Q, int(season))

    def __str__(self) -> str:
        text = f"({self.p},{self.d},{self.q})"
        if self.P + self.D + self.Q == 0:
            return text
        return f"{text}({self.P},{self.D},{self.Q})[{self.season_length}]"

    @property
    def n_lost(self) -> int:
        """Observations that differencing takes from the beginning."""
        return self.d + self.D * self.season_length

    @property
    def n_arma(self) -> int:
        """Coefficients of the four lag polynomials together."""
        return self.p + self.q + self.P + self.Q

    def differences(self) -> Floats:
        """Coefficients ``c`` of the differencing operator, ``w[t] = sum(c[k] y[t - k])``: ``(n_lost + 1,)``.

        Examples
        --------
        >>> Order(0, 1, 0, 0, 1, 0, 2).differences()
        array([ 1., -1., -1.,  1.])
        """
        seasonal = np.zeros(self.season_length + 1)
        seasonal[0], seasonal[-1] = 1.0, -1.0
        out = np.ones(1)
        for factor in [np.array([1.0, -1.0])] * self.d + [seasonal] * self.D:
            out = np.convolve(out, factor)
        return out

    def difference(self, columns: Floats) -> Floats:
        """Differenced columns: ``(n_obs, ...)`` -> ``(n_obs - n_lost, ...)``; nan spreads.

        Examples
        --------
        >>> Order(0, 1, 0).difference(np.array([1.0, 3.0, 6.0]))
        array([2., 3.])
        """
        for lag in [1] * self.d + [self.season_length] * self.D:
            columns = columns[lag:] - columns[:-lag]
        return columns


def multiply(own: Floats, seasonal: Floats, season_length: int, sign: float) -> Floats:
    """Coefficients past lag 0 of ``(1 + sign own(B)) (1 + sign seasonal(B^s))``, times ``sign``.

    ``sign`` is -1 for autoregressive and +1 for moving-average coefficients: ``(p,)`` and ``(P,)`` -> ``(p + s P,)``.

    Examples
    --------
    >>> multiply(np.array([0.5]), np.array([0.2]), 4, -1.0)
    array([ 0.5,  0. ,  0. ,  0.2, -0.1])
    """
    spread = np.zeros(season_length * seasonal.size + 1)
    spread[0] = 1.0
    spread[season_length::season_length] = sign * seasonal
    product = np.convolve(np.concatenate([[1.0], sign * own]), spread)
    return sign * product[1:] + 0.0  # no -0.0


def partial_autocorrelations(phi: Floats) -> Floats:
    """Partial autocorrelations of ``1 - phi(B)``: (p,) -> (p,). All are within (-1, 1) where it is stationary.

    Those before the first that is not are nan.

    Examples
    --------
    >>> partial_autocorrelations(np.array([1.5, -0.6]))
    array([ 0.9375, -0.6   ])
    """
    out = np.full(phi.size, np.nan)
    while phi.size:
        kappa = out[phi.size - 1] = phi[-1]
        if not abs(kappa) < 1.0:
            break
        phi = (phi[:-1] + kappa * phi[-2::-1]) / (1.0 - kappa**2)
    return out


def reflected(theta: Floats) -> tuple[Floats, float]:
    """``theta`` with the roots within the unit circle reflected at it, and the factor that the variance takes: (q,).

    A root r becomes ``1 / conj(r)`` and the innovation variance is divided by ``|r|^2``: every autocovariance, and so
    the likelihood, stays as it is (Brockwell & Davis 1991, section 3.1).

    Examples
    --------
    >>> reflected(np.array([2.0]))
    (array([0.5]), 4.0)
    """
    if np.abs(theta).sum() <= 1.0:
        return theta, 1.0  # |theta(z) - 1| < 1 within the circle: no root is there
    inverse = np.roots(np.concatenate([[1.0], theta]))
    within = np.abs(inverse) > 1.0 + _ON_CIRCLE
    if not within.any():
        return theta, 1.0
    factor = float(np.prod(np.abs(inverse[within]) ** 2))
    inverse[within] = 1.0 / np.conj(inverse[within])
    return np.atleast_1d(np.poly(inverse)).real[1:], factor


def _three(name: str, given: Sequence[int]) -> tuple[int, int, int]:
    values = tuple(given) if isinstance(given, (tuple, list, np.ndarray)) else ()
    whole = all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= 0 for v in values)
    if len(values) != 3 or not whole:
        raise ParameterError(f"{name}={given!r} is not three whole numbers, each 0 or more.")
    return int(values[0]), int(values[1]), int(values[2])
