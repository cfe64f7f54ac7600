"""What a fit of one series holds: estimates, likelihood, criteria."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from tsforecast._types import Floats
from tsforecast.models.arima.order import Order, multiply, reflected


@dataclasses.dataclass(frozen=True, eq=False)
class ArimaFit:
    """Maximum likelihood estimates of one series.

    Attributes
    ----------
    order : Order
    phi, theta, seasonal_phi, seasonal_theta : ndarray, shapes (p,), (q,), (P,), (Q,)
    beta : ndarray, shape (n_regressors,)
        Coefficients of the trend and the covariates, in the unit of the (transformed) series.
    beta_names : tuple of str
    sigma2 : float
        Innovation variance, the maximum likelihood estimate (divided by ``n_obs``); 0 where the regressors explain the
        series wholly.
    loglik : float
        Exact Gaussian log-likelihood of the differenced series; infinite where ``sigma2`` is 0.
    n_obs : int
        Values that the likelihood is of: those known, less those lost to differencing.
    converged : bool
        Whether the likelihood is at a maximum. A moving average may have roots on the unit circle there; where an
        autoregression ends on the bound of stationarity there is none, and this is False.
    n_iterations : int
    """

    order: Order
    phi: Floats
    theta: Floats
    seasonal_phi: Floats
    seasonal_theta: Floats
    beta: Floats
    beta_names: tuple[str, ...]
    sigma2: float
    loglik: float
    n_obs: int
    converged: bool
    n_iterations: int

    @property
    def n_params(self) -> int:
        """Parameters estimated, the innovation variance among them."""
        return self.order.n_arma + self.beta.size + 1

    @property
    def aic(self) -> float:
        """Akaike's criterion, ``-2 loglik + 2 k``."""
        return -2 * self.loglik + 2 * self.n_params

    @property
    def aicc(self) -> float:
        """Akaike's criterion for short series, ``aic + 2 k (k + 1) / (n - k - 1)``; infinite for n <= k + 1."""
        k, spare = self.n_params, self.n_obs - self.n_params - 1
        return self.aic + 2 * k * (k + 1) / spare if spare > 0 else float("inf")

    @property
    def bic(self) -> float:
        """Schwarz's criterion, ``-2 loglik + k log n``."""
        return float(-2 * self.loglik + self.n_params * np.log(self.n_obs))

    @property
    def coefficients(self) -> dict[str, float]:
        """Estimates by name: ``phi1``, ``theta1``, ``seasonal_phi1``, ``seasonal_theta1``, …, then the regressors'."""
        groups = {
            "phi": self.phi,
            "theta": self.theta,
            "seasonal_phi": self.seasonal_phi,
            "seasonal_theta": self.seasonal_theta,
        }
        named = {f"{name}{i + 1}": float(v) for name, values in groups.items() for i, v in enumerate(values)}
        return named | dict(zip(self.beta_names, map(float, self.beta), strict=True))

    def roots(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Roots of the whole autoregressive and the whole moving-average polynomial; none is within the unit circle."""
        ar = multiply(self.phi, self.seasonal_phi, self.order.season_length, -1.0)
        ma = multiply(self.theta, self.seasonal_theta, self.order.season_length, 1.0)
        return _roots(-ar), _roots(ma)

    def with_values(self, values: Floats) -> "ArimaFit":
        """The same fit with other coefficients, in the order of ``coefficients``: ``(n_coefficients,)``."""
        order = self.order
        parts = np.split(values, np.cumsum([order.p, order.q, order.P, order.Q]))
        phi, theta, seasonal_phi, seasonal_theta, beta = parts
        return dataclasses.replace(
            self, phi=phi, theta=theta, seasonal_phi=seasonal_phi, seasonal_theta=seasonal_theta, beta=beta
        )

    def invertible(self) -> "ArimaFit":
        """The same process with no moving-average root within the unit circle; see `order.reflected`."""
        theta, own = reflected(self.theta)
        seasonal_theta, seasonal = reflected(self.seasonal_theta)
        if own == seasonal == 1.0:
            return self
        sigma2 = self.sigma2 * own * seasonal
        return dataclasses.replace(self, theta=theta, seasonal_theta=seasonal_theta, sigma2=sigma2)


def _roots(coefficients: Floats) -> NDArray[np.complex128]:
    """Roots of ``1 + coefficients[0] z + coefficients[1] z^2 + ...``."""
    return np.asarray(np.polynomial.Polynomial([1.0, *coefficients]).trim().roots(), dtype=np.complex128)
